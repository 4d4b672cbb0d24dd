//! 合单订单: a combined order, one payment for several sub-orders.

use std::collections::HashSet;

use serde::Serialize;

use crate::combine::scene::{Scene, SceneInfo};
use crate::combine::sub_order::SubOrder;
use crate::error::{Error, Violations};
use crate::id::{AppId, NotifyUrl, OutTradeNo};
use crate::money::Fen;
use crate::party::PartyFields;
use crate::pay::limit_pay::{self, LimitPay};
use crate::pay::payer::Payer;
use crate::pay::subsidy_info::SubsidyInfo;
use crate::request_fields::request_fields;
use crate::signer::Signer;
use crate::strict_json::{self, Object};
use crate::time::Time;
use crate::validate;

/// 合单订单: a combined order to be placed (合单下单), as document 000 and the pages of its kinds describe it.
///
/// The signer's merchant initiates it (`combine_mchid`). Keep the order: if the outcome of placing it is
/// unknown, place the same order again, because WeChat Pay accepts an order number a second time only with
/// identical parameters. The same order becomes the same bytes.
///
/// ```
/// use wechatpay::combine::{Order, SubOrder};
/// use wechatpay::{AppId, Fen, NotifyUrl, OutTradeNo};
///
/// let sub_order = |mchid, number, attach| {
///     let number = OutTradeNo::new(number)?;
///     Ok::<_, wechatpay::Error>(SubOrder::new(mchid, number, "QQ会员充值", Fen(10), attach))
/// };
/// let order = Order::new(
///     AppId::new("wxd678efh567hg6787")?,
///     OutTradeNo::new("20150806125345")?,
///     vec![
///         sub_order("1230000109", "20150806125346", "深圳分店")?,
///         sub_order("1230000119", "20150806125347", "广州分店")?,
///     ],
///     NotifyUrl::new("https://yourapp.com/notify")?,
/// );
/// order.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// 合单商户应用ID: the appid, bound to the signer's merchant and to the merchant of each sub-order.
    pub combine_appid: AppId,
    /// 合单商户订单号: merchant order number of the combined order.
    pub combine_out_trade_no: OutTradeNo,
    /// 商品单信息: 2 to 10 sub-orders, or 1 to 50 of a partner.
    pub sub_orders: Vec<SubOrder>,
    /// 通知地址: the URL that receives the payment notification, one for all sub-orders.
    pub notify_url: NotifyUrl,
    /// 场景信息: the payer's IP address, and the merchant's device. Default: none.
    pub scene_info: Option<SceneInfo>,
    /// 合单支付者信息: the payer, which an App order may name. A JSAPI order takes its payer as an argument; the
    /// other kinds have none. Default: none.
    pub payer: Option<Payer>,
    /// 交易起始时间: when the order begins, a whole second. No current page documents this field; the official SDKs have it. Default: none.
    pub time_start: Option<Time>,
    /// 支付结束时间: the last moment to pay, a whole second. WeChat Pay silently moves it to between one
    /// minute and seven days from now. Default: none, which means seven days.
    pub time_expire: Option<Time>,
    /// 交易场景: scenario, for products that require it; the only known value is `RECOMMERCE`. 1 to 32
    /// characters. It occurs in the sample code of document 000 and in no table, so leave it out otherwise.
    /// Default: none.
    pub trade_scenario: Option<String>,
    /// 指定支付方式: means of payment that are excluded, or that alone are allowed. No current page documents
    /// this field; see [`LimitPay`]. Default: none.
    pub limit_pay: Vec<LimitPay>,
    /// `subsidy_info`: installment interest that you pay. No current page documents this field; see [`SubsidyInfo`]. Default: none.
    pub subsidy_info: Option<SubsidyInfo>,
}

request_fields! {
    Order(sub_orders: Vec<SubOrder>, payer: Option<Payer>) {
        combine_appid: AppId, combine_out_trade_no: OutTradeNo, notify_url: NotifyUrl;
        scene_info, time_start, time_expire, trade_scenario, limit_pay, subsidy_info
    }
}

impl Order {
    /// A combined order with the required fields.
    #[must_use]
    #[doc(alias = "合单下单")]
    pub fn new(
        combine_appid: AppId,
        combine_out_trade_no: OutTradeNo,
        sub_orders: Vec<SubOrder>,
        notify_url: NotifyUrl,
    ) -> Self {
        Self::with_required(sub_orders, None, combine_appid, combine_out_trade_no, notify_url)
    }

    /// Parses the body of a combined App or Native order as document 000 prints it.
    ///
    /// [`jsapi::from_json`](crate::combine::jsapi::from_json) and [`h5::from_json`](crate::combine::h5::from_json) parse the
    /// other kinds. A field that is unknown, repeated or of the wrong type is an error. `combine_mchid`
    /// and each `currency` may be left out; otherwise they must be the signer's number, and CNY.
    /// Lengths and amounts are checked as [`validate`](Self::validate) does.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| {
            let payer = object.has("combine_payer_info").then(|| Self::read_payer(object));
            Some(Self { payer: payer.flatten(), ..Self::read(signer, object)? })
        };
        strict_json::read(json, members, |order, violations| {
            order.find_violations_as(violations, Kind::App);
        })
    }

    /// The body that [`app::prepay`](crate::combine::app::prepay) sends, and
    /// [`native::prepay`](crate::combine::native::prepay) if the order names no payer.
    ///
    /// Store it to place the same order again after a restart: [`from_json`](Self::from_json) returns an
    /// equal order. [`jsapi::to_json`](crate::combine::jsapi::to_json) and [`h5::to_json`](crate::combine::h5::to_json) write
    /// the other kinds.
    ///
    /// ```
    /// use wechatpay::combine::Order;
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
        self.to_body(signer, Kind::App)
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
        let mchid = signer.mchid();
        object.agrees("combine_mchid", Some(mchid), ", that of the signer");
        let sub_orders = object.list("sub_orders", |sub_order| SubOrder::read(mchid, sub_order));
        Self::read_fields(object, sub_orders, Some(None))
    }

    pub(super) fn read_payer(object: &mut Object<'_>) -> Option<Payer> {
        object.object("combine_payer_info", |payer| Payer::read_either(payer, "openid"))
    }

    fn find_violations(&self, violations: &mut Violations) {
        if let Some(scene_info) = &self.scene_info {
            scene_info.find_violations(violations);
        }
        validate::whole_second(violations, "/time_start", self.time_start);
        if self.time_start.zip(self.time_expire).is_some_and(|(start, end)| start >= end) {
            violations.add("/time_start", "must be before time_expire");
        }
        if let Some(subsidy_info) = &self.subsidy_info {
            subsidy_info.find_violations(violations);
        }
        validate::whole_second(violations, "/time_expire", self.time_expire);
        validate::optional_text(violations, "/trade_scenario", self.trade_scenario.as_deref(), 32);
        limit_pay::find_violations(violations, &self.limit_pay);
        self.find_count_violations(violations);
        let mut numbers = HashSet::from([&self.combine_out_trade_no]);
        for (index, sub_order) in self.sub_orders.iter().enumerate() {
            let path = format!("/sub_orders/{index}");
            sub_order.find_violations(violations, &path);
            if !numbers.insert(&sub_order.out_trade_no) {
                let rule = "must differ from every other order number of the combined order";
                violations.add(format!("{path}/out_trade_no"), rule);
            }
        }
    }

    /// Validates the number, the merchants and the sum of the sub-orders.
    fn find_count_violations(&self, violations: &mut Violations) {
        let count = self.sub_orders.len();
        match self.is_of_partner() {
            Some(false) if !(2..=10).contains(&count) => {
                violations.add("/sub_orders", "must be 2 to 10 sub-orders");
            }
            Some(true) if !(1..=50).contains(&count) => {
                violations.add("/sub_orders", "must be 1 to 50 sub-orders of a partner");
            }
            None if count == 0 => violations.add("/sub_orders", "must be 2 to 10 sub-orders"),
            None => violations.add(
                "/sub_orders",
                "must be all of merchants, or all of a partner's sub-merchants",
            ),
            Some(_) => {}
        }
        let mut totals = self.sub_orders.iter().map(|sub_order| sub_order.total_amount);
        if totals.try_fold(Fen(0), Fen::checked_add).is_none() {
            violations.add("/sub_orders", "must not exceed a signed 64-bit integer in total");
        }
    }

    /// Whether the sub-orders are a partner's; `None` if they are of both kinds, or if there are none.
    fn is_of_partner(&self) -> Option<bool> {
        let mut kinds = self.sub_orders.iter().map(|sub_order| sub_order.sub_merchant().is_some());
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }

    /// The number of sub-orders that name a `sub_appid`.
    fn count_sub_appids(&self) -> usize {
        let sub_merchants = self.sub_orders.iter().filter_map(SubOrder::sub_merchant);
        sub_merchants.filter(|sub| sub.appid.is_some()).count()
    }

    /// Checks the rules of an order of this kind.
    pub(super) fn find_violations_as(&self, violations: &mut Violations, kind: Kind<'_>) {
        self.find_violations(violations);
        kind.find_violations(violations, self);
    }

    /// The request body. The same order becomes the same bytes.
    pub(super) fn to_body(&self, signer: &dyn Signer, kind: Kind<'_>) -> Result<Vec<u8>, Error> {
        Violations::collect(|violations| self.find_violations_as(violations, kind))?;
        let (payer, scene_info) = match kind {
            Kind::App => (self.payer.as_ref(), None),
            Kind::Native => (None, None),
            Kind::Jsapi(payer) => (Some(payer), None),
            Kind::H5(scene) => (None, Some(scene)),
        };
        let mchid = signer.mchid();
        Ok(validate::to_json(&Body {
            combine_mchid: mchid,
            fields: self.fields(),
            sub_orders: self.sub_orders.iter().map(|sub| sub.to_body(mchid)).collect(),
            combine_payer_info: payer.map(|payer| payer.fields("openid")),
            scene_info,
        })?)
    }
}

/// A combined order is invoked under its own appid.
impl AsRef<AppId> for Order {
    fn as_ref(&self) -> &AppId {
        &self.combine_appid
    }
}

/// A kind of combined order, with the fields that it alone has.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// Its optional payer is in the order.
    App,
    Native,
    Jsapi(&'a Payer),
    H5(&'a Scene),
}

impl Kind<'_> {
    fn find_violations(self, violations: &mut Violations, order: &Order) {
        if let Self::H5(scene) = self {
            scene.find_violations(violations);
            if order.scene_info.is_some() {
                violations
                    .add("/scene_info", "is an argument of an H5 order, so leave it out here");
            }
        }
        if order.payer.is_some() && !matches!(self, Self::App) {
            let rule =
                "must be left out here: App orders have it, and JSAPI takes it as an argument";
            violations.add("/combine_payer_info", rule);
        }
        // In partner mode a JSAPI order may name one sub-merchant's appid, and a payer with a sub_openid
        // is a user of that appid (https://pay.weixin.qq.com/doc/v3/partner/4012166844).
        let sub_appids = order.count_sub_appids();
        if matches!(self, Self::Jsapi(_)) && sub_appids > 1 {
            violations.add("/sub_orders", "must name one sub_appid at most in a JSAPI order");
        }
        let payer = if let Self::Jsapi(payer) = self { Some(payer) } else { order.payer.as_ref() };
        if let Some(payer) = payer {
            let rule = "needs a partner's sub-order that names its sub_appid";
            payer.find_violations(violations, "/combine_payer_info", sub_appids > 0, rule);
        }
    }
}

/// The JSON of a combined order.
#[derive(Serialize)]
struct Body<'a, F, S> {
    combine_mchid: &'a str,
    #[serde(flatten)]
    fields: F,
    sub_orders: Vec<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    combine_payer_info: Option<PartyFields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<&'a Scene>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::SubMerchant;

    fn number(text: &str) -> OutTradeNo {
        OutTradeNo::new(text).unwrap()
    }

    fn sub_order(text: &str) -> SubOrder {
        SubOrder::new("1230000109", number(text), "腾讯充值中心-QQ会员充值", Fen(10), "深圳分店")
    }

    fn of_sub_merchant(text: &str) -> SubOrder {
        let sub_merchant = SubMerchant::new("1900000109").unwrap();
        SubOrder::of_sub_merchant(sub_merchant, number(text), "d", Fen(10), "a")
    }

    fn order(sub_orders: Vec<SubOrder>) -> Order {
        Order::new(
            AppId::new("wxd678efh567hg6787").unwrap(),
            number("20150806125345"),
            sub_orders,
            NotifyUrl::new("https://yourapp.com/notify").unwrap(),
        )
    }

    fn violations(change: impl FnOnce(&mut Order)) -> String {
        let mut order = order(vec![sub_order("20150806125346"), sub_order("20150806125347")]);
        change(&mut order);
        order.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn ten_sub_orders_or_fifty_of_a_partner_are_the_limit() {
        let many = |count: u32| (0..count).map(|n| sub_order(&format!("sub-{n:04}"))).collect();
        let of_partner =
            |count: u32| (0..count).map(|n| of_sub_merchant(&format!("sub-{n:04}"))).collect();
        for count in [2, 10] {
            assert_eq!(violations(|order| order.sub_orders = many(count)), "");
        }
        for count in [0, 1, 11, 50] {
            let found = violations(|order| order.sub_orders = many(count));
            assert_eq!(found, "/sub_orders must be 2 to 10 sub-orders", "{count}");
        }
        for count in [1, 50] {
            assert_eq!(violations(|order| order.sub_orders = of_partner(count)), "");
        }
        let found = violations(|order| order.sub_orders = of_partner(51));
        assert_eq!(found, "/sub_orders must be 1 to 50 sub-orders of a partner");
        let found = violations(|order| order.sub_orders.push(of_sub_merchant("sub-0001")));
        assert_eq!(
            found,
            "/sub_orders must be all of merchants, or all of a partner's sub-merchants"
        );
    }

    #[test]
    fn order_number_used_twice_is_rejected() {
        let rule = "must differ from every other order number of the combined order";
        assert_eq!(
            violations(|order| order.sub_orders[1].out_trade_no = number("20150806125346")),
            format!("/sub_orders/1/out_trade_no {rule}")
        );
        assert_eq!(
            violations(|order| order.sub_orders[0].out_trade_no = number("20150806125345")),
            format!("/sub_orders/0/out_trade_no {rule}")
        );
    }

    #[test]
    fn each_violation_has_the_index_in_its_path() {
        let found = violations(|order| {
            order.time_expire = Some("2030-01-01T00:00:00.5Z".parse().unwrap());
            order.trade_scenario = Some(String::new());
            let mut scene_info = SceneInfo::new("14.17.22.32".parse().unwrap());
            scene_info.device_id = Some("1".repeat(17));
            order.scene_info = Some(scene_info);
            order.sub_orders[0] = SubOrder::new("", number("sub-0001"), "", Fen(0), "");
            let second = &mut order.sub_orders[1];
            second.total_amount = Fen(1_000_000_001);
            second.attach = "分".repeat(129);
            second.detail = Some("🧸".into());
            second.goods_tag = Some("W".repeat(33));
        });
        let expected = [
            "/scene_info/device_id must be 1 to 16 characters",
            "/time_expire must be a whole second",
            "/trade_scenario must be 1 to 32 characters",
            "/sub_orders/0/mchid must be the merchant number: 1 to 32 letters and digits",
            "/sub_orders/0/attach must be 1 to 128 characters",
            "/sub_orders/0/amount/total_amount must be 1 fen to ten million yuan",
            "/sub_orders/0/description must be 1 to 127 characters",
            "/sub_orders/1/attach must be 1 to 128 characters",
            "/sub_orders/1/amount/total_amount must be 1 fen to ten million yuan",
            "/sub_orders/1/detail must not contain emoji or other characters of four bytes in UTF-8",
            "/sub_orders/1/goods_tag must be 1 to 32 characters",
        ];
        assert_eq!(found, expected.join("; "));
    }

    #[test]
    fn overflowing_sum_is_rejected() {
        let found = violations(|order| {
            order.sub_orders[0].total_amount = Fen(u64::MAX);
            order.sub_orders[1].total_amount = Fen(u64::MAX);
        });
        assert!(
            found.starts_with("/sub_orders must not exceed a signed 64-bit integer in total; ")
        );
    }
}
