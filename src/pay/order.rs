//! The order and everything that can be said in it.

use serde::Serialize;

use crate::error::{Error, Violations};
use crate::id::{AppId, NotifyUrl, OutTradeNo};
use crate::money::Fen;
use crate::pay::payer::PayerBody;
use crate::pay::scene::{H5Info, SceneBody, SceneInfo};
use crate::signer::Signer;
use crate::strict_json::{self, Json, Object, Read, read_strictly};
use crate::sub_merchant::SubMerchant;
use crate::time::Time;
use crate::validate;

/// An order (下单), as documents 003 and 004 describe it.
///
/// [`new`](Self::new) takes what every order must have; the other fields are public and start
/// empty. Keep the order: sent again after an unknown outcome it becomes the same bytes, and
/// WeChat Pay takes a number again only with identical parameters. So set
/// [`time_expire`](Self::time_expire) once, not anew at each attempt.
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
    /// 应用ID, of the kind that the payment is made in: a mobile app for an App order.
    pub appid: AppId,
    /// 商户订单号: your number of the order.
    pub out_trade_no: OutTradeNo,
    /// 商品描述: what is bought, shown in the payer's bill. 1 to 127 characters.
    pub description: String,
    /// 总金额, in fen; at least 1. The currency is always CNY.
    pub total: Fen,
    /// 通知地址: where the notification of the payment goes.
    pub notify_url: NotifyUrl,
    /// 支付结束时间: the last moment to pay, to the second. It does not close the order. WeChat Pay
    /// silently moves it to at least one minute from now. Default: none, which means seven days.
    pub time_expire: Option<Time>,
    /// 商户数据包: your own data, returned by queries and notifications once the order is paid, and in the
    /// bill. 1 to 128 characters. Default: none.
    pub attach: Option<String>,
    /// 订单优惠标记: chooses the coupons that apply. 1 to 32 characters. Default: none.
    pub goods_tag: Option<String>,
    /// 电子发票入口开放标识: whether the payer is offered an electronic invoice. Default: none, which
    /// means no.
    pub support_fapiao: Option<bool>,
    /// 优惠功能: the goods, for discounts on single ones. Default: none.
    pub detail: Option<Detail>,
    /// 场景信息: where the payer stands. Default: none.
    pub scene_info: Option<SceneInfo>,
    /// 结算信息: profit sharing. Default: none.
    pub settle_info: Option<SettleInfo>,
}

impl Order {
    /// An order with what every order must have.
    pub fn new(
        appid: AppId,
        out_trade_no: OutTradeNo,
        description: impl Into<String>,
        total: Fen,
        notify_url: NotifyUrl,
    ) -> Self {
        Self {
            appid,
            out_trade_no,
            description: description.into(),
            total,
            notify_url,
            time_expire: None,
            attach: None,
            goods_tag: None,
            support_fapiao: None,
            detail: None,
            scene_info: None,
            settle_info: None,
        }
    }

    /// Reads the body of an App or Native order as the documents print it.
    ///
    /// [`jsapi::from_json`](crate::pay::jsapi::from_json) and
    /// [`h5::from_json`](crate::pay::h5::from_json) read the other kinds. A field that is unknown, of
    /// the wrong type or there twice is an error. The numbers of the merchant (`mchid`, `sp_mchid`,
    /// `sub_mchid`, `sub_appid`) and the `currency` may be left out; where they are given, they must
    /// be those of the signer, and CNY. Lengths and amounts are left to [`validate`](Self::validate).
    ///
    /// ```
    /// # use wechatpay::{Error, Signer};
    /// # fn example(signer: &dyn Signer) -> Result<(), Error> {
    /// let json = br#"{
    ///     "appid": "wxd678efh567hg6787",
    ///     "out_trade_no": "1217752501201407033233368018",
    ///     "description": "Image\u5f62\u8c61\u5e97",
    ///     "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
    ///     "amount": {"total": 1.0}
    /// }"#;
    /// let error = wechatpay::pay::Order::from_json(signer, json).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "/amount/total must be whole fen: a number without quotes, sign or decimals"
    /// );
    /// # Ok(())
    /// # }
    /// # example(wechatpay_sandbox::Sandbox::start().unwrap().signer())?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        strict_json::read(json, |object| Self::read(signer, object))
    }

    /// Holds the order against every documented rule, as each call does before it sends anything.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        let mut violations = Violations::default();
        self.find_violations(&mut violations);
        Ok(violations.into_result()?)
    }

    /// What every kind has. What only some have must be taken before.
    pub(super) fn read(signer: &dyn Signer, object: &mut Object<'_>) -> Option<Self> {
        let (mchid, sub) = (Some(signer.mchid()), signer.sub_merchant());
        let appid = object.required(if sub.is_none() { "appid" } else { "sp_appid" });
        let name = if sub.is_none() { "mchid" } else { "sp_mchid" };
        object.agrees(name, mchid, ", that of the signer");
        if let Some(sub) = sub {
            let whose = ", that of the signer's sub-merchant";
            object.agrees("sub_mchid", Some(sub.mchid()), whose);
            object.agrees("sub_appid", sub.appid.as_ref().map(AppId::as_str), whose);
        }
        let description = object.required("description");
        let out_trade_no = object.required("out_trade_no");
        let time_expire = object.optional("time_expire");
        let attach = object.optional("attach");
        let notify_url = object.required("notify_url");
        let goods_tag = object.optional("goods_tag");
        let support_fapiao = object.optional("support_fapiao");
        let total = object.object("amount", |amount| {
            amount.currency();
            amount.required("total")
        });
        let detail = object.optional("detail");
        let scene_info = object.optional("scene_info");
        let settle_info = object.optional("settle_info");
        Some(Self {
            appid: appid?,
            out_trade_no: out_trade_no?,
            description: description?,
            total: total?,
            notify_url: notify_url?,
            time_expire,
            attach,
            goods_tag,
            support_fapiao,
            detail,
            scene_info,
            settle_info,
        })
    }

    fn find_violations(&self, violations: &mut Violations) {
        validate::text(violations, "/description", &self.description, 127);
        validate::optional_text(violations, "/attach", self.attach.as_deref(), 128);
        validate::optional_text(violations, "/goods_tag", self.goods_tag.as_deref(), 32);
        validate::total(violations, "/amount/total", self.total);
        validate::whole_second(violations, "/time_expire", self.time_expire);
        if let Some(detail) = &self.detail {
            detail.find_violations(violations);
        }
        if let Some(scene_info) = &self.scene_info {
            scene_info.find_violations(violations);
        }
    }

    /// The body of the request. The same order becomes the same bytes.
    pub(super) fn to_body(
        &self,
        signer: &dyn Signer,
        extras: Extras<'_>,
    ) -> Result<Vec<u8>, Error> {
        let mut violations = Violations::default();
        self.find_violations(&mut violations);
        if let Some((scene_info, h5_info)) = extras.h5_scene {
            scene_info.find_violations(&mut violations);
            h5_info.find_violations(&mut violations);
            if self.scene_info.is_some() {
                violations
                    .add("/scene_info", "is an argument of an H5 order, so leave it out here");
            }
        }
        violations.into_result()?;

        let (appid, mchid, sub) = (Some(&self.appid), Some(signer.mchid()), signer.sub_merchant());
        let is_direct = sub.is_none();
        let (scene_info, h5_info) = extras.h5_scene.unzip();
        let scene_info = self.scene_info.as_ref().or(scene_info);
        let body = Body {
            appid: appid.filter(|_| is_direct),
            mchid: mchid.filter(|_| is_direct),
            sp_appid: appid.filter(|_| !is_direct),
            sp_mchid: mchid.filter(|_| !is_direct),
            sub_appid: sub.and_then(|sub| sub.appid.as_ref()),
            sub_mchid: sub.map(SubMerchant::mchid),
            description: &self.description,
            out_trade_no: &self.out_trade_no,
            time_expire: self.time_expire,
            attach: self.attach.as_deref(),
            notify_url: &self.notify_url,
            goods_tag: self.goods_tag.as_deref(),
            support_fapiao: self.support_fapiao,
            amount: Amount { total: self.total, currency: "CNY" },
            payer: extras.payer,
            detail: self.detail.as_ref(),
            scene_info: scene_info.map(|scene_info| scene_info.to_body(h5_info)),
            settle_info: self.settle_info.as_ref(),
        };
        Ok(validate::to_json(&body)?)
    }
}

/// An order is invoked under its own appid.
impl AsRef<AppId> for Order {
    fn as_ref(&self) -> &AppId {
        &self.appid
    }
}

/// What only some kinds of order have.
#[derive(Default)]
pub(super) struct Extras<'a> {
    pub(super) payer: Option<PayerBody<'a>>,
    pub(super) h5_scene: Option<(&'a SceneInfo, &'a H5Info)>,
}

/// 优惠功能: the goods of an order. At most 6,144 bytes as JSON.
///
/// ```
/// use wechatpay::{Fen, pay::{Detail, GoodsDetail}};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let mut order = order;
/// let mut detail = Detail::default();
/// detail.goods_detail.push(GoodsDetail::new("1246464644", 1, Fen(100)));
/// order.detail = Some(detail);
/// order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Detail {
    /// 订单原价, in fen: the price of the whole receipt before discounts. If it differs from what is
    /// paid, no discount applies; normally it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_price: Option<Fen>,
    /// 商品小票ID: the number of the receipt. 1 to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<String>,
    /// 单品列表: the goods, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goods_detail: Vec<GoodsDetail>,
}

impl Detail {
    fn find_violations(&self, violations: &mut Violations) {
        validate::amount(violations, "/detail/cost_price", self.cost_price.unwrap_or_default());
        validate::optional_text(violations, "/detail/invoice_id", self.invoice_id.as_deref(), 32);
        for (index, goods) in self.goods_detail.iter().enumerate() {
            goods.find_violations(violations, &format!("/detail/goods_detail/{index}"));
        }
        if validate::to_json(self).is_ok_and(|json| json.len() > DETAIL_LIMIT) {
            violations.add("/detail", "must not exceed 6144 bytes as JSON");
        }
    }
}

impl Read for Detail {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        Object::read(json, path, violations, |object| {
            Some(Self {
                cost_price: object.optional("cost_price"),
                invoice_id: object.optional("invoice_id"),
                goods_detail: object.optional("goods_detail").unwrap_or_default(),
            })
        })
    }
}

/// 单品信息: one kind of goods.
///
/// ```
/// use wechatpay::{Fen, pay::GoodsDetail};
///
/// let mut goods = GoodsDetail::new("1246464644", 1, Fen(100));
/// goods.goods_name = Some("公仔".into());
/// # assert_eq!(goods.quantity, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GoodsDetail {
    /// 商户侧商品编码: your number of the goods. 1 to 32 letters, digits, `_`, `-`.
    pub merchant_goods_id: String,
    /// 微信支付商品编码: WeChat Pay's number of the goods. 1 to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wechatpay_goods_id: Option<String>,
    /// 商品名称. 1 to 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods_name: Option<String>,
    /// 商品数量; at least 1.
    pub quantity: u64,
    /// 商品单价, in fen: the price of one, after your own discounts.
    pub unit_price: Fen,
}

impl GoodsDetail {
    /// One kind of goods.
    pub fn new(merchant_goods_id: impl Into<String>, quantity: u64, unit_price: Fen) -> Self {
        Self {
            merchant_goods_id: merchant_goods_id.into(),
            wechatpay_goods_id: None,
            goods_name: None,
            quantity,
            unit_price,
        }
    }

    fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| format!("{path}/{name}");
        validate::goods_id(violations, at("merchant_goods_id"), &self.merchant_goods_id);
        let wechatpay_goods_id = self.wechatpay_goods_id.as_deref();
        validate::optional_text(violations, at("wechatpay_goods_id"), wechatpay_goods_id, 32);
        validate::optional_text(violations, at("goods_name"), self.goods_name.as_deref(), 256);
        validate::quantity(violations, at("quantity"), self.quantity);
        validate::amount(violations, at("unit_price"), self.unit_price);
    }
}

read_strictly! {
    GoodsDetail { merchant_goods_id, quantity, unit_price; wechatpay_goods_id, goods_name }
}

/// 结算信息.
///
/// ```
/// use wechatpay::pay::SettleInfo;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let mut order = order;
/// let mut settle_info = SettleInfo::default();
/// settle_info.profit_sharing = Some(true);
/// order.settle_info = Some(settle_info);
/// # order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SettleInfo {
    /// 分账标识: whether the money is frozen for profit sharing, for at most 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profit_sharing: Option<bool>,
}

read_strictly! { SettleInfo { ; profit_sharing } }

/// The JSON of an order, in the order of the fields of document 003.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    appid: Option<&'a AppId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sp_appid: Option<&'a AppId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sp_mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_appid: Option<&'a AppId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_mchid: Option<&'a str>,
    description: &'a str,
    out_trade_no: &'a OutTradeNo,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_expire: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<&'a str>,
    notify_url: &'a NotifyUrl,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    support_fapiao: Option<bool>,
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<PayerBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a Detail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settle_info: Option<&'a SettleInfo>,
}

#[derive(Serialize)]
struct Amount {
    total: Fen,
    currency: &'static str,
}

/// Of the whole object, blanks between tokens not counted; our JSON has none.
const DETAIL_LIMIT: usize = 6144;

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;
    use crate::error::SignError;
    use crate::pay::StoreInfo;
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
        order.settle_info = Some(SettleInfo { profit_sharing: Some(false) });
        order
    }

    fn violations(change: impl FnOnce(&mut Order)) -> String {
        let mut order = full_order();
        change(&mut order);
        order.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn the_least_order_leaves_out_what_was_not_set() {
        let json = order().to_body(&Merchant("1900007291"), Extras::default()).unwrap();
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
    fn every_field_of_document_003_is_written_under_its_name() {
        let json = full_order().to_body(&Merchant("1230000109"), Extras::default()).unwrap();
        let expected = concat!(
            r#"{"appid":"wxd678efh567hg6787","mchid":"1230000109","#,
            r#""description":"Image形象店-深圳腾大-QQ公仔","#,
            r#""out_trade_no":"1217752501201407033233368018","#,
            r#""time_expire":"2018-06-08T10:34:56+08:00","attach":"自定义数据说明","#,
            r#""notify_url":"https://www.weixin.qq.com/wxpay/pay.php","goods_tag":"WXG","#,
            r#""support_fapiao":false,"amount":{"total":100,"currency":"CNY"},"#,
            r#""detail":{"cost_price":1,"invoice_id":"wx123","goods_detail":[{"#,
            r#""merchant_goods_id":"1246464644","wechatpay_goods_id":"1001","#,
            r#""goods_name":"iPhone6s 16G","quantity":1,"unit_price":528800}]},"#,
            r#""scene_info":{"payer_client_ip":"14.23.150.211","device_id":"013467007045764","#,
            r#""store_info":{"id":"0001","name":"腾讯大厦分店","area_code":"440305","#,
            r#""address":"广东省深圳市南山区科技中一道10000号"}},"#,
            r#""settle_info":{"profit_sharing":false}}"#,
        );
        assert_eq!(String::from_utf8(json).unwrap(), expected);
    }

    #[test]
    fn each_rule_is_told_by_its_json_path() {
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
                "/description must not hold emoji or other characters of four bytes in UTF-8",
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
                    o.detail.as_mut().unwrap().goods_detail[0].goods_name = Some(long(257))
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
                    o.detail.as_mut().unwrap().goods_detail[0].unit_price = Fen(u64::MAX)
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
    fn the_longest_legal_values_pass() {
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
    fn the_detail_is_measured_whole_and_in_bytes() {
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
    fn all_violations_are_told_at_once_and_none_of_the_values() {
        let found = violations(|order| {
            order.description = "SECRET🧸".into();
            order.total = Fen(0);
            order.attach = Some("SECRET".repeat(99));
        });
        assert_eq!(found.matches("; ").count(), 2, "{found}");
        assert!(!found.contains("SECRET"), "{found}");
    }
}
