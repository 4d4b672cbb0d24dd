//! 订单: a single order, whatever the payer pays in.

use serde::Serialize;

use crate::error::{Error, Violations};
use crate::id::{AppId, NotifyUrl, OutTradeNo};
use crate::money::Fen;
use crate::party::{Party, PartyFields};
use crate::pay::detail::Detail;
use crate::pay::limit_pay::{self, LimitPay};
use crate::pay::payer::Payer;
use crate::pay::scene::{Scene, SceneInfo};
use crate::pay::subsidy_info::SubsidyInfo;
use crate::request_fields::request_fields;
use crate::signer::Signer;
use crate::strict_json::{self, Object};
use crate::time::Time;
use crate::validate;

/// 订单: an order to be placed (下单), as documents 003 and 004 describe it.
///
/// [`new`](Self::new) takes the required fields; the others are public and empty at first. Keep the
/// order: if the outcome of placing it is unknown, place the same order again, because WeChat Pay accepts
/// an order number a second time only with identical parameters. So set [`time_expire`](Self::time_expire) once,
/// not anew for each attempt. The same order becomes the same bytes.
///
/// ```
/// use wechatpay::{AppId, Fen, NotifyUrl, OutTradeNo, pay::Order};
///
/// let mut order = Order::new(
///     AppId::new("wxd678efh567hg6787")?,
///     OutTradeNo::new("1217752501201407033233368018")?,
///     "Image形象店-深圳腾大-QQ公仔",
///     Fen(100),
///     NotifyUrl::new("https://www.weixin.qq.com/wxpay/pay.php")?,
/// );
/// order.attach = Some("深圳分店".into());
/// order.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// 应用ID: the appid that the payment is made in, of the kind of the order (a mobile app for an App order).
    pub appid: AppId,
    /// 商户订单号: merchant order number.
    pub out_trade_no: OutTradeNo,
    /// 商品描述: what is bought, shown in the payer's bill. 1 to 127 characters.
    pub description: String,
    /// 总金额: the total in fen, at least 1. The currency is always CNY.
    pub total: Fen,
    /// 通知地址: the URL that receives the payment notification.
    pub notify_url: NotifyUrl,
    /// 支付结束时间: the last moment to pay, a whole second. It does not close the order. WeChat Pay
    /// silently moves it to at least one minute from now. Default: none, which means seven days.
    pub time_expire: Option<Time>,
    /// 商户数据包: your own data, returned by queries and notifications once the order is paid, and in the
    /// bill. 1 to 128 characters. Default: none.
    pub attach: Option<String>,
    /// 订单优惠标记: discount tag, which selects the coupons that apply. 1 to 32 characters. Default: none.
    pub goods_tag: Option<String>,
    /// 电子发票入口开放标识: whether the payer is offered an electronic invoice. Default: none, which
    /// means no.
    pub support_fapiao: Option<bool>,
    /// 优惠功能: the goods, for discounts on single items. Default: none.
    pub detail: Option<Detail>,
    /// 场景信息: the payer's IP address, and the merchant's device and store. Default: none.
    pub scene_info: Option<SceneInfo>,
    /// 结算信息: settlement, such as profit sharing. Default: none.
    pub settle_info: Option<SettleInfo>,
    /// 指定支付方式: means of payment that are excluded, or that alone are allowed. No current page documents
    /// this field; see [`LimitPay`]. Default: none.
    pub limit_pay: Vec<LimitPay>,
    /// `subsidy_info`: installment interest that you pay. No current page documents this field; see [`SubsidyInfo`]. Default: none.
    pub subsidy_info: Option<SubsidyInfo>,
}

request_fields! {
    Order(appid: AppId, total: Fen) {
        description: String, out_trade_no: OutTradeNo, notify_url: NotifyUrl;
        time_expire, attach, goods_tag, support_fapiao, detail, scene_info, settle_info, limit_pay,
        subsidy_info
    }
}

impl Order {
    /// An order with the required fields.
    #[doc(alias = "下单")]
    pub fn new(
        appid: AppId,
        out_trade_no: OutTradeNo,
        description: impl Into<String>,
        total: Fen,
        notify_url: NotifyUrl,
    ) -> Self {
        Self::with_required(appid, total, description.into(), out_trade_no, notify_url)
    }

    /// Parses the body of an App or Native order as the documents print it.
    ///
    /// [`jsapi::from_json`](crate::pay::jsapi::from_json) and [`h5::from_json`](crate::pay::h5::from_json) parse the
    /// other kinds. A field that is unknown, repeated or of the wrong type is an error. The merchant
    /// numbers (`mchid`, `sp_mchid`, `sub_mchid`), `sub_appid` and `currency` may be left out; otherwise they must be
    /// the signer's, and CNY. Lengths and amounts are checked as [`validate`](Self::validate) does.
    ///
    /// ```
    /// use wechatpay::{Signer, pay::Order};
    ///
    /// fn example(signer: &dyn Signer) {
    ///     let json = br#"{
    ///         "appid": "wxd678efh567hg6787",
    ///         "out_trade_no": "1217752501201407033233368018",
    ///         "description": "Image\u5f62\u8c61\u5e97",
    ///         "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
    ///         "amount": {"total": 1.0}
    ///     }"#;
    ///     let error = Order::from_json(signer, json).unwrap_err();
    ///     assert_eq!(
    ///         error.to_string(),
    ///         "/amount/total must be whole fen: a number without quotes, sign or decimals"
    ///     );
    /// }
    /// # example(wechatpay_sandbox::Sandbox::start().unwrap().signer());
    /// ```
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        let rules = |order: &Self, violations: &mut Violations| {
            order.find_violations_as(violations, Kind::AppOrNative, signer);
        };
        strict_json::read(json, |object| Self::read(signer, object), rules)
    }

    /// The body that [`app::prepay`](crate::pay::app::prepay) and [`native::prepay`](crate::pay::native::prepay) send.
    ///
    /// Store it to place the same order again after a restart: [`from_json`](Self::from_json) returns an
    /// equal order. [`jsapi::to_json`](crate::pay::jsapi::to_json) and [`h5::to_json`](crate::pay::h5::to_json) write the
    /// other kinds.
    ///
    /// ```
    /// use wechatpay::pay::Order;
    /// use wechatpay::{Error, Signer};
    ///
    /// fn restored(signer: &dyn Signer, order: &Order) -> Result<Order, Error> {
    ///     let stored: Vec<u8> = order.to_json(signer)?;
    ///     Order::from_json(signer, &stored)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.to_body(signer, Kind::AppOrNative)
    }

    /// Validates the order against the documented rules. Every call does this before sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations))?)
    }

    /// Reads the fields that every kind has. Those of one kind must be taken before.
    pub(super) fn read(signer: &dyn Signer, object: &mut Object<'_>) -> Option<Self> {
        let appid = Party::from(signer).read_order_fields(object);
        let total = object.amount("total");
        Self::read_fields(object, appid, total)
    }

    fn find_violations(&self, violations: &mut Violations) {
        validate::text(violations, "/description", &self.description, 127);
        validate::optional_text(violations, "/attach", self.attach.as_deref(), 128);
        validate::optional_text(violations, "/goods_tag", self.goods_tag.as_deref(), 32);
        validate::total(violations, "/amount/total", self.total);
        validate::whole_second(violations, "/time_expire", self.time_expire);
        limit_pay::find_violations(violations, &self.limit_pay);
        if let Some(subsidy_info) = &self.subsidy_info {
            subsidy_info.find_violations(violations);
        }
        if self.settle_info.is_some_and(|settle_info| settle_info.subsidy_amount.is_some()) {
            let rule = "must be left out; it is for sub-orders of combined orders";
            violations.add("/settle_info/subsidy_amount", rule);
        }
        if let Some(detail) = &self.detail {
            detail.find_violations(violations);
        }
        if let Some(scene_info) = &self.scene_info {
            scene_info.find_violations(violations);
        }
    }

    /// Checks the rules of an order of this kind.
    pub(super) fn find_violations_as(
        &self,
        violations: &mut Violations,
        kind: Kind<'_>,
        signer: &dyn Signer,
    ) {
        kind.find_violations(violations, self, signer.into());
        self.find_violations(violations);
    }

    /// The request body. The same order becomes the same bytes.
    pub(super) fn to_body(&self, signer: &dyn Signer, kind: Kind<'_>) -> Result<Vec<u8>, Error> {
        let party = Party::from(signer);
        Violations::collect(|violations| self.find_violations_as(violations, kind, signer))?;
        let (payer, scene_info) = match kind {
            Kind::AppOrNative => (None, None),
            Kind::Jsapi(payer) => (Some(payer.fields(party.openid_name())), None),
            Kind::H5(scene) => (None, Some(scene)),
        };
        Ok(validate::to_json(&Body {
            party: party.order_fields(&self.appid),
            fields: self.fields(),
            amount: Amount { total: self.total, currency: "CNY" },
            payer,
            scene_info,
        })?)
    }
}

/// An order is invoked under its own appid.
impl AsRef<AppId> for Order {
    fn as_ref(&self) -> &AppId {
        &self.appid
    }
}

/// A kind of order, with the fields that it alone has.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    AppOrNative,
    Jsapi(&'a Payer),
    H5(&'a Scene),
}

impl Kind<'_> {
    fn find_violations(self, violations: &mut Violations, order: &Order, party: Party<'_>) {
        match self {
            Kind::AppOrNative => {}
            Kind::Jsapi(payer) => {
                let has_sub_appid = party.sub_merchant().is_some_and(|sub| sub.appid.is_some());
                let rule = "needs a partner whose sub-merchant names its appid";
                payer.find_violations(violations, "/payer", has_sub_appid, rule);
            }
            Kind::H5(scene) => {
                scene.find_violations(violations);
                if order.scene_info.is_some() {
                    let rule = "is an argument of an H5 order, so leave it out here";
                    violations.add("/scene_info", rule);
                }
            }
        }
    }
}

/// 结算信息: how the payment is settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettleInfo {
    /// 分账标识: whether the money is frozen for profit sharing, for at most 30 days.
    pub profit_sharing: Option<bool>,
    /// `subsidy_amount`: what the platform adds to a sub-order of a combined order, in fen; at least 1. It takes effect with
    /// [`profit_sharing`](Self::profit_sharing). No current page documents this field. Default: none.
    pub subsidy_amount: Option<Fen>,
}

request_fields! { SettleInfo { ; profit_sharing, subsidy_amount } }

/// The JSON of an order.
#[derive(Serialize)]
struct Body<'a, F> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    #[serde(flatten)]
    fields: F,
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<PartyFields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<&'a Scene>,
}

#[derive(Serialize)]
struct Amount {
    total: Fen,
    currency: &'static str,
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;
    use crate::error::SignError;
    use crate::pay::{GoodsDetail, StoreInfo};
    use crate::signer::Signature;

    /// A body needs to know who signs, not a signature.
    struct Merchant(&'static str);

    impl Signer for Merchant {
        fn mchid(&self) -> &str {
            self.0
        }

        fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
            Err(SignError::new("nothing is signed here"))
        }
    }

    fn order() -> Order {
        Order::new(
            AppId::new("wxd678efh567hg6787").unwrap(),
            OutTradeNo::new("1217752501201407033233368018").unwrap(),
            "Image形象店-深圳腾大-QQ公仔",
            Fen(100),
            NotifyUrl::new("https://www.weixin.qq.com/wxpay/pay.php").unwrap(),
        )
    }

    /// Every field, with the values of document 003.
    fn full_order() -> Order {
        let mut goods = GoodsDetail::new("1246464644", 1, Fen(528_800));
        goods.wechatpay_goods_id = Some("1001".into());
        goods.goods_name = Some("iPhone6s 16G".into());
        let mut store = StoreInfo::new("0001");
        store.name = Some("腾讯大厦分店".into());
        store.area_code = Some("440305".into());
        store.address = Some("广东省深圳市南山区科技中一道10000号".into());
        let mut scene = SceneInfo::new("14.23.150.211".parse().unwrap());
        scene.device_id = Some("013467007045764".into());
        scene.store_info = Some(store);
        let mut order = order();
        order.time_expire = Some("2018-06-08T10:34:56+08:00".parse().unwrap());
        order.attach = Some("自定义数据说明".into());
        order.goods_tag = Some("WXG".into());
        order.support_fapiao = Some(false);
        order.detail = Some(Detail {
            cost_price: Some(Fen(1)),
            invoice_id: Some("wx123".into()),
            goods_detail: vec![goods],
        });
        order.scene_info = Some(scene);
        order.settle_info = Some(SettleInfo { profit_sharing: Some(false), subsidy_amount: None });
        order
    }

    fn violations(change: impl FnOnce(&mut Order)) -> String {
        let mut order = full_order();
        change(&mut order);
        order.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn least_order_leaves_out_empty_fields() {
        let json = order().to_body(&Merchant("1900007291"), Kind::AppOrNative).unwrap();
        let expected = concat!(
            r#"{"appid":"wxd678efh567hg6787","mchid":"1900007291","#,
            r#""description":"Image形象店-深圳腾大-QQ公仔","#,
            r#""out_trade_no":"1217752501201407033233368018","#,
            r#""notify_url":"https://www.weixin.qq.com/wxpay/pay.php","#,
            r#""amount":{"total":100,"currency":"CNY"}}"#,
        );
        assert_eq!(String::from_utf8(json).unwrap(), expected);
    }

    #[test]
    fn fields_are_written_as_in_document_003() {
        let json = full_order().to_body(&Merchant("1230000109"), Kind::AppOrNative).unwrap();
        let expected = concat!(
            r#"{"appid":"wxd678efh567hg6787","mchid":"1230000109","#,
            r#""description":"Image形象店-深圳腾大-QQ公仔","#,
            r#""out_trade_no":"1217752501201407033233368018","#,
            r#""notify_url":"https://www.weixin.qq.com/wxpay/pay.php","#,
            r#""time_expire":"2018-06-08T10:34:56+08:00","attach":"自定义数据说明","#,
            r#""goods_tag":"WXG","support_fapiao":false,"#,
            r#""detail":{"cost_price":1,"invoice_id":"wx123","goods_detail":[{"#,
            r#""merchant_goods_id":"1246464644","quantity":1,"unit_price":528800,"#,
            r#""wechatpay_goods_id":"1001","goods_name":"iPhone6s 16G"}]},"#,
            r#""scene_info":{"payer_client_ip":"14.23.150.211","device_id":"013467007045764","#,
            r#""store_info":{"id":"0001","name":"腾讯大厦分店","area_code":"440305","#,
            r#""address":"广东省深圳市南山区科技中一道10000号"}},"#,
            r#""settle_info":{"profit_sharing":false},"#,
            r#""amount":{"total":100,"currency":"CNY"}}"#,
        );
        assert_eq!(String::from_utf8(json).unwrap(), expected);
    }

    #[test]
    fn subsidy_amount_is_for_sub_orders_alone() {
        let rule = "must be left out; it is for sub-orders of combined orders";
        let refused = violations(|order| {
            let subsidy_amount = Some(Fen(1));
            order.settle_info = Some(SettleInfo { profit_sharing: None, subsidy_amount });
        });
        assert_eq!(refused, format!("/settle_info/subsidy_amount {rule}"));
    }

    #[test]
    fn limit_pay_is_written_as_a_list_of_words() {
        let mut order = order();
        order.limit_pay = vec![LimitPay::NoCredit, LimitPay::from("no_gift_card")];
        let json = order.to_body(&Merchant("1900007291"), Kind::AppOrNative).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert!(json.contains(r#""limit_pay":["no_credit","no_gift_card"],"#), "{json}");
        order.limit_pay.push(LimitPay::from(""));
        let error = order.validate().unwrap_err().to_string();
        assert_eq!(error, "/limit_pay/2 must be 1 to 32 characters");
    }

    #[test]
    fn each_violation_has_its_json_path() {
        let goods = |order: &mut Order| {
            let detail = order.detail.get_or_insert_default();
            detail.goods_detail.push(GoodsDetail::new("2", 1, Fen(1)));
            detail.goods_detail.len() - 1
        };
        let store = |order: &mut Order, change: fn(&mut StoreInfo)| {
            change(order.scene_info.as_mut().unwrap().store_info.as_mut().unwrap());
        };
        let long = |length| "长".repeat(length);
        let table: Vec<(String, &str)> = vec![
            (violations(|o| o.description.clear()), "/description must be 1 to 127 characters"),
            (violations(|o| o.description = long(128)), "/description must be 1 to 127 characters"),
            (
                violations(|o| o.description = "公仔🧸".into()),
                "/description must not contain emoji or other characters of four bytes in UTF-8",
            ),
            (violations(|o| o.attach = Some(String::new())), "/attach must be 1 to 128 characters"),
            (violations(|o| o.attach = Some(long(129))), "/attach must be 1 to 128 characters"),
            (violations(|o| o.goods_tag = Some(long(33))), "/goods_tag must be 1 to 32 characters"),
            (
                violations(|o| o.total = Fen(0)),
                "/amount/total must be at least 1 fen and fit a signed 64-bit integer",
            ),
            (
                violations(|o| o.total = Fen(u64::MAX)),
                "/amount/total must be at least 1 fen and fit a signed 64-bit integer",
            ),
            (
                violations(|o| o.time_expire = Some("2030-01-01T00:00:00.5Z".parse().unwrap())),
                "/time_expire must be a whole second",
            ),
            (
                violations(|o| o.detail.as_mut().unwrap().cost_price = Some(Fen(u64::MAX))),
                "/detail/cost_price must fit a signed 64-bit integer",
            ),
            (
                violations(|o| o.detail.as_mut().unwrap().invoice_id = Some(long(33))),
                "/detail/invoice_id must be 1 to 32 characters",
            ),
            (
                violations(|o| {
                    let index = goods(o);
                    o.detail.as_mut().unwrap().goods_detail[index].merchant_goods_id = "a b".into();
                }),
                "/detail/goods_detail/1/merchant_goods_id must be 1 to 32 letters, digits, _ or -",
            ),
            (
                violations(|o| {
                    o.detail.as_mut().unwrap().goods_detail[0].goods_name = Some(long(257));
                }),
                "/detail/goods_detail/0/goods_name must be 1 to 256 characters",
            ),
            (
                violations(|o| {
                    let goods = &mut o.detail.as_mut().unwrap().goods_detail[0];
                    goods.wechatpay_goods_id = Some(String::new());
                }),
                "/detail/goods_detail/0/wechatpay_goods_id must be 1 to 32 characters",
            ),
            (
                violations(|o| o.detail.as_mut().unwrap().goods_detail[0].quantity = 0),
                "/detail/goods_detail/0/quantity must be at least 1 and fit a signed 64-bit integer",
            ),
            (
                violations(|o| {
                    o.detail.as_mut().unwrap().goods_detail[0].unit_price = Fen(u64::MAX);
                }),
                "/detail/goods_detail/0/unit_price must fit a signed 64-bit integer",
            ),
            (
                violations(|o| o.scene_info.as_mut().unwrap().device_id = Some(long(33))),
                "/scene_info/device_id must be 1 to 32 characters",
            ),
            (
                violations(|o| store(o, |store| store.id.clear())),
                "/scene_info/store_info/id must be 1 to 32 characters",
            ),
            (
                violations(|o| store(o, |store| store.name = Some("长".repeat(257)))),
                "/scene_info/store_info/name must be 1 to 256 characters",
            ),
            (
                violations(|o| store(o, |store| store.area_code = Some("长".repeat(33)))),
                "/scene_info/store_info/area_code must be 1 to 32 characters",
            ),
            (
                violations(|o| store(o, |store| store.address = Some("长".repeat(513)))),
                "/scene_info/store_info/address must be 1 to 512 characters",
            ),
        ];
        for (found, expected) in table {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn longest_values_are_valid() {
        let long = |length| "长".repeat(length);
        assert_eq!(
            violations(|order| {
                order.description = long(127);
                order.attach = Some(long(128));
                order.goods_tag = Some(long(32));
                order.total = Fen::MAX;
                order.scene_info = Some(SceneInfo::new(Ipv6Addr::LOCALHOST.into()));
                order.description.replace_range(..3, "\u{2028}");
            }),
            ""
        );
    }

    #[test]
    fn detail_is_limited_in_bytes() {
        let detail = |rest: usize| {
            let mut goods = GoodsDetail::new("1", 1, Fen(1));
            goods.goods_name = Some("长".repeat(100));
            let mut last = GoodsDetail::new("1", 1, Fen(1));
            last.goods_name = Some("n".repeat(rest));
            let goods_detail = vec![goods; 16].into_iter().chain([last]).collect();
            Detail { goods_detail, ..Detail::default() }
        };
        let room = 6144 - serde_json::to_vec(&detail(0)).unwrap().len();
        assert_eq!(violations(|order| order.detail = Some(detail(room))), "");
        assert_eq!(
            violations(|order| order.detail = Some(detail(room + 1))),
            "/detail must not exceed 6144 bytes as JSON"
        );
    }

    #[test]
    fn violations_are_complete_and_without_values() {
        let found = violations(|order| {
            order.description = "SECRET🧸".into();
            order.total = Fen(0);
            order.attach = Some("SECRET".repeat(99));
        });
        assert_eq!(found.matches("; ").count(), 2, "{found}");
        assert!(!found.contains("SECRET"), "{found}");
    }
}
