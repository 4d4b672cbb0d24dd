//! The combined order and everything that can be said in it.

use std::collections::HashSet;
use std::net::IpAddr;

use serde::Serialize;

use crate::error::{Error, Violations};
use crate::id::{self, AppId, NotifyUrl, OutTradeNo};
use crate::money::Fen;
use crate::pay::SettleInfo;
use crate::pay::payer::{Payer, PayerBody};
use crate::pay::scene::SceneBody;
use crate::signer::Signer;
use crate::strict_json::{self, Object, read_strictly};
use crate::sub_merchant::SubMerchant;
use crate::time::Time;
use crate::validate;

/// A combined order (合单下单), as document 000 and the pages of its kinds describe it.
///
/// The merchant who signs starts it (`combine_mchid`). Keep the order: sent again after an unknown
/// outcome it becomes the same bytes, and WeChat Pay takes a number again only with identical
/// parameters.
///
/// ```
/// use wechatpay::combine::{Order, SubOrder};
/// use wechatpay::{AppId, Fen, NotifyUrl, OutTradeNo};
///
/// let sub_order = |mchid, number, attach| {
///     Ok::<_, wechatpay::Error>(SubOrder::new(
///         mchid,
///         OutTradeNo::new(number)?,
///         "腾讯充值中心-QQ会员充值",
///         Fen(10),
///         attach,
///     ))
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
    /// 合单商户应用ID, bound to the merchant who signs and to that of each sub-order.
    pub combine_appid: AppId,
    /// 合单商户订单号: your number of the whole.
    pub combine_out_trade_no: OutTradeNo,
    /// 商品单信息: 2 to 10 sub-orders, or 1 to 50 of a partner.
    pub sub_orders: Vec<SubOrder>,
    /// 通知地址: where the notification of the payment goes, one for the whole.
    pub notify_url: NotifyUrl,
    /// 场景信息. Default: none.
    pub scene_info: Option<SceneInfo>,
    /// 合单支付者信息, which an App order may name. A JSAPI order takes its payer as an argument, the
    /// others have none. Default: none.
    pub payer: Option<Payer>,
    /// 支付结束时间: the last moment to pay, to the second. WeChat Pay silently moves it to between one
    /// minute and seven days from now. Default: none, which means seven days.
    pub time_expire: Option<Time>,
    /// 交易场景, for products that ask for it: `RECOMMERCE` is the one known. 1 to 32 characters. It
    /// stands in the sample code of document 000 and in no table, so leave it out otherwise. Default:
    /// none.
    pub trade_scenario: Option<String>,
}

impl Order {
    /// A combined order with what every one must have.
    #[must_use]
    pub fn new(
        combine_appid: AppId,
        combine_out_trade_no: OutTradeNo,
        sub_orders: Vec<SubOrder>,
        notify_url: NotifyUrl,
    ) -> Self {
        Self {
            combine_appid,
            combine_out_trade_no,
            sub_orders,
            notify_url,
            scene_info: None,
            payer: None,
            time_expire: None,
            trade_scenario: None,
        }
    }

    /// Reads the body of a combined App or Native order as document 000 prints it.
    ///
    /// [`jsapi::from_json`](crate::combine::jsapi::from_json) and
    /// [`h5::from_json`](crate::combine::h5::from_json) read the other kinds. A field that is unknown,
    /// of the wrong type or there twice is an error. `combine_mchid` and each `currency` may be left
    /// out; where they are given, they must be the signer's number, and CNY. Lengths and amounts are
    /// left to [`validate`](Self::validate).
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        strict_json::read(json, |object| {
            let payer = object.has("combine_payer_info").then(|| {
                object.object("combine_payer_info", |payer| Payer::read_either(payer, "openid"))
            });
            Some(Self { payer: payer.flatten(), ..Self::read(signer, object)? })
        })
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
        let mchid = signer.mchid();
        let combine_appid = object.required("combine_appid");
        let combine_out_trade_no = object.required("combine_out_trade_no");
        object.agrees("combine_mchid", Some(mchid), ", that of the signer");
        let scene_info = object.optional("scene_info");
        let sub_orders = object.list("sub_orders", |sub_order| SubOrder::read(mchid, sub_order));
        let time_expire = object.optional("time_expire");
        let notify_url = object.required("notify_url");
        let trade_scenario = object.optional("trade_scenario");
        Some(Self {
            combine_appid: combine_appid?,
            combine_out_trade_no: combine_out_trade_no?,
            sub_orders: sub_orders?,
            notify_url: notify_url?,
            scene_info,
            payer: None,
            time_expire,
            trade_scenario,
        })
    }

    fn find_violations(&self, violations: &mut Violations) {
        if let Some(scene_info) = &self.scene_info {
            validate::optional_text(violations, DEVICE_ID, scene_info.device_id.as_deref(), 16);
        }
        validate::whole_second(violations, "/time_expire", self.time_expire);
        validate::optional_text(violations, "/trade_scenario", self.trade_scenario.as_deref(), 32);
        self.find_violations_of_the_whole(violations);
        let mut numbers = HashSet::from([&self.combine_out_trade_no]);
        for (index, sub_order) in self.sub_orders.iter().enumerate() {
            let path = format!("/sub_orders/{index}");
            sub_order.find_violations(violations, &path);
            if !numbers.insert(&sub_order.out_trade_no) {
                violations.add(
                    format!("{path}/out_trade_no"),
                    "must differ from every other number of the order",
                );
            }
        }
    }

    fn find_violations_of_the_whole(&self, violations: &mut Violations) {
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
        let sum = self
            .sub_orders
            .iter()
            .try_fold(Fen(0), |sum, sub_order| sum.checked_add(sub_order.total_amount));
        if sum.is_none() {
            violations.add("/sub_orders", "must not exceed a signed 64-bit integer in all");
        }
    }

    /// In partner mode a JSAPI order may name one sub-merchant's appid, and a payer by `sub_openid`
    /// is one of that appid (p/4012166844).
    fn find_violations_of_payer(
        &self,
        violations: &mut Violations,
        payer: Option<&Payer>,
        is_jsapi: bool,
    ) {
        let sub_merchants = self.sub_orders.iter().filter_map(SubOrder::sub_merchant);
        let appids = sub_merchants.filter(|sub| sub.appid.is_some()).count();
        if is_jsapi && appids > 1 {
            violations.add("/sub_orders", "must name one sub_appid at most in a JSAPI order");
        }
        if payer.is_some_and(Payer::is_of_sub_merchant) && appids == 0 {
            let rule = "needs a partner's sub-order that names its sub_appid";
            violations.add("/combine_payer_info/sub_openid", rule);
        }
    }

    /// Whether the sub-orders are a partner's; `None` if they are of both kinds, or none.
    fn is_of_partner(&self) -> Option<bool> {
        let mut kinds = self.sub_orders.iter().map(|sub_order| sub_order.sub_merchant().is_some());
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }

    /// The body of the request. The same order becomes the same bytes.
    pub(super) fn to_body(
        &self,
        signer: &dyn Signer,
        extras: Extras<'_>,
    ) -> Result<Vec<u8>, Error> {
        let mut violations = Violations::default();
        self.find_violations(&mut violations);
        if let Some(scene) = &extras.h5_scene {
            validate::text(&mut violations, DEVICE_ID, scene.device_id.unwrap_or_default(), 32);
            if let Some(h5_info) = scene.h5_info {
                h5_info.find_violations(&mut violations);
            }
            if self.scene_info.is_some() {
                violations
                    .add("/scene_info", "is an argument of an H5 order, so leave it out here");
            }
        }
        if self.payer.is_some() && !extras.takes_payer_of_order {
            violations.add(
                "/combine_payer_info",
                "must be left out here: App orders have it, and JSAPI takes it as an argument",
            );
        }
        let payer = extras.payer.or(self.payer.as_ref());
        self.find_violations_of_payer(&mut violations, payer, extras.payer.is_some());
        violations.into_result()?;

        let scene_info = extras.h5_scene.or(self.scene_info.as_ref().map(SceneInfo::to_body));
        let mchid = signer.mchid();
        Ok(validate::to_json(&Body {
            combine_appid: &self.combine_appid,
            combine_out_trade_no: &self.combine_out_trade_no,
            combine_mchid: mchid,
            scene_info,
            sub_orders: self.sub_orders.iter().map(|sub| sub.to_body(mchid)).collect(),
            combine_payer_info: payer.map(Payer::to_combined_body),
            time_expire: self.time_expire,
            notify_url: &self.notify_url,
            trade_scenario: self.trade_scenario.as_deref(),
        })?)
    }
}

/// A combined order is invoked under its own appid.
impl AsRef<AppId> for Order {
    fn as_ref(&self) -> &AppId {
        &self.combine_appid
    }
}

/// What only some kinds of combined order have.
#[derive(Default)]
pub(super) struct Extras<'a> {
    pub(super) takes_payer_of_order: bool,
    pub(super) payer: Option<&'a Payer>,
    pub(super) h5_scene: Option<SceneBody<'a>>,
}

/// 商品单: one sub-order (子单) of a combined order.
///
/// ```
/// use wechatpay::combine::SubOrder;
/// use wechatpay::{Fen, OutTradeNo};
///
/// let number = OutTradeNo::new("20150806125346")?;
/// let mut sub_order = SubOrder::new("1230000109", number, "QQ会员充值", Fen(10), "深圳分店");
/// sub_order.goods_tag = Some("WXG".into());
/// # assert_eq!(sub_order.total_amount, Fen(10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubOrder {
    merchant: SubOrderMerchant,
    /// 商品单订单号: your number of the sub-order, unique like that of the whole.
    pub out_trade_no: OutTradeNo,
    /// 商品描述: what is bought, shown in the payer's bill. 1 to 127 characters.
    pub description: String,
    /// 标价金额, in fen; at least 1, at most ten million yuan.
    pub total_amount: Fen,
    /// 商户数据包: your own data, which a sub-order must have. 1 to 128 characters.
    pub attach: String,
    /// 商品详情: a text, which the current pages no longer list. 1 to 6000 characters. Default: none.
    pub detail: Option<String>,
    /// 结算信息: profit sharing. Default: none.
    pub settle_info: Option<SettleInfo>,
    /// 订单优惠标记. 1 to 32 characters. Default: none.
    pub goods_tag: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SubOrderMerchant {
    Merchant(String),
    SubMerchant(SubMerchant),
}

impl SubOrder {
    /// A sub-order of this merchant (商品单商户号), with what each must have.
    pub fn new(
        mchid: impl Into<String>,
        out_trade_no: OutTradeNo,
        description: impl Into<String>,
        total_amount: Fen,
        attach: impl Into<String>,
    ) -> Self {
        Self {
            merchant: SubOrderMerchant::Merchant(mchid.into()),
            out_trade_no,
            description: description.into(),
            total_amount,
            attach: attach.into(),
            detail: None,
            settle_info: None,
            goods_tag: None,
        }
    }

    /// For partners (服务商): a sub-order of this sub-merchant.
    pub fn of_sub_merchant(
        sub_merchant: SubMerchant,
        out_trade_no: OutTradeNo,
        description: impl Into<String>,
        total_amount: Fen,
        attach: impl Into<String>,
    ) -> Self {
        Self {
            merchant: SubOrderMerchant::SubMerchant(sub_merchant),
            ..Self::new("", out_trade_no, description, total_amount, attach)
        }
    }

    fn read(combine_mchid: &str, object: &mut Object<'_>) -> Option<Self> {
        let merchant = SubOrderMerchant::read(combine_mchid, object);
        let attach = object.required("attach");
        let total_amount = object.object("amount", |amount| {
            amount.currency();
            amount.required("total_amount")
        });
        let out_trade_no = object.required("out_trade_no");
        let detail = object.optional("detail");
        let description = object.required("description");
        let settle_info = object.optional("settle_info");
        let goods_tag = object.optional("goods_tag");
        Some(Self {
            merchant: merchant?,
            out_trade_no: out_trade_no?,
            description: description?,
            total_amount: total_amount?,
            attach: attach?,
            detail,
            settle_info,
            goods_tag,
        })
    }

    fn sub_merchant(&self) -> Option<&SubMerchant> {
        match &self.merchant {
            SubOrderMerchant::Merchant(_) => None,
            SubOrderMerchant::SubMerchant(sub) => Some(sub),
        }
    }

    /// Who is paid for it, in an order that this merchant starts.
    pub(super) fn payee<'a>(&'a self, combine_mchid: &'a str) -> Payee<'a> {
        match &self.merchant {
            SubOrderMerchant::Merchant(mchid) => Payee { mchid, sub_mchid: None, sub_appid: None },
            SubOrderMerchant::SubMerchant(sub) => Payee {
                mchid: combine_mchid,
                sub_mchid: Some(sub.mchid()),
                sub_appid: sub.appid.as_ref(),
            },
        }
    }

    fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| format!("{path}/{name}");
        if let SubOrderMerchant::Merchant(mchid) = &self.merchant {
            if let Err(rule) = id::check_mchid(mchid) {
                violations.add(at("mchid"), rule);
            }
        }
        validate::text(violations, at("attach"), &self.attach, 128);
        if !(Fen(1)..=LARGEST_SUB_ORDER).contains(&self.total_amount) {
            violations.add(at("amount/total_amount"), "must be 1 fen to ten million yuan");
        }
        validate::optional_text(violations, at("detail"), self.detail.as_deref(), 6000);
        validate::text(violations, at("description"), &self.description, 127);
        validate::optional_text(violations, at("goods_tag"), self.goods_tag.as_deref(), 32);
    }

    fn to_body<'a>(&'a self, combine_mchid: &'a str) -> SubOrderBody<'a> {
        SubOrderBody {
            payee: self.payee(combine_mchid),
            attach: &self.attach,
            amount: Amount { total_amount: self.total_amount, currency: "CNY" },
            out_trade_no: &self.out_trade_no,
            detail: self.detail.as_deref(),
            description: &self.description,
            settle_info: self.settle_info.as_ref(),
            goods_tag: self.goods_tag.as_deref(),
        }
    }
}

impl SubOrderMerchant {
    fn read(combine_mchid: &str, object: &mut Object<'_>) -> Option<Self> {
        if !object.has("sub_mchid") {
            return object.required("mchid").map(Self::Merchant);
        }
        object.agrees("mchid", Some(combine_mchid), ", the combine_mchid, beside a sub_mchid");
        let appid = object.optional("sub_appid");
        let sub_merchant = SubMerchant::new(object.required::<String>("sub_mchid")?);
        let mut sub_merchant = object.checked("sub_mchid", sub_merchant)?;
        sub_merchant.appid = appid;
        Some(Self::SubMerchant(sub_merchant))
    }
}

/// 场景信息 of a combined order.
///
/// ```
/// use wechatpay::combine::SceneInfo;
///
/// # use wechatpay::{Fen, combine::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let sub_order = |mchid, number: &str| {
/// #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::combine::Order::new(
/// #     sandbox.appid(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     sandbox.notify_url(),
/// # );
/// # let mut order = order;
/// order.scene_info = Some(SceneInfo::new("14.23.150.211".parse()?));
/// order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SceneInfo {
    /// 用户终端IP: the payer's own address, IPv4 or IPv6.
    pub payer_client_ip: IpAddr,
    /// 商户端设备号. 1 to 16 characters. Default: none.
    pub device_id: Option<String>,
}

impl SceneInfo {
    /// A scene with the address of the payer.
    #[must_use]
    pub fn new(payer_client_ip: IpAddr) -> Self {
        Self { payer_client_ip, device_id: None }
    }

    fn to_body(&self) -> SceneBody<'_> {
        SceneBody {
            payer_client_ip: self.payer_client_ip,
            device_id: self.device_id.as_deref(),
            store_info: None,
            h5_info: None,
        }
    }
}

read_strictly! { SceneInfo { payer_client_ip; device_id } }

/// The JSON of a combined order, in the order of the fields of document 000.
#[derive(Serialize)]
struct Body<'a> {
    combine_appid: &'a AppId,
    combine_out_trade_no: &'a OutTradeNo,
    combine_mchid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneBody<'a>>,
    sub_orders: Vec<SubOrderBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    combine_payer_info: Option<PayerBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_expire: Option<Time>,
    notify_url: &'a NotifyUrl,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_scenario: Option<&'a str>,
}

#[derive(Serialize)]
struct SubOrderBody<'a> {
    #[serde(flatten)]
    payee: Payee<'a>,
    attach: &'a str,
    amount: Amount,
    out_trade_no: &'a OutTradeNo,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    settle_info: Option<&'a SettleInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_tag: Option<&'a str>,
}

/// The merchant of a sub-order; for a partner, itself and the sub-merchant.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub(super) struct Payee<'a> {
    pub(super) mchid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub_mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_appid: Option<&'a AppId>,
}

#[derive(Serialize)]
struct Amount {
    total_amount: Fen,
    currency: &'static str,
}

const DEVICE_ID: &str = "/scene_info/device_id";

/// Ten million yuan (m/4013420906).
const LARGEST_SUB_ORDER: Fen = Fen(1_000_000_000);

#[cfg(test)]
mod tests {
    use super::*;

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
    fn two_to_ten_sub_orders_or_up_to_fifty_of_a_partner() {
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
    fn every_number_of_an_order_differs() {
        let rule = "must differ from every other number of the order";
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
    fn each_rule_is_told_by_its_json_path_with_the_index() {
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
            "/sub_orders/1/detail must not hold emoji or other characters of four bytes in UTF-8",
            "/sub_orders/1/goods_tag must be 1 to 32 characters",
        ];
        assert_eq!(found, expected.join("; "));
    }

    #[test]
    fn a_sum_that_would_overflow_is_told_and_does_not_wrap() {
        let found = violations(|order| {
            order.sub_orders[0].total_amount = Fen(u64::MAX);
            order.sub_orders[1].total_amount = Fen(u64::MAX);
        });
        assert!(found.starts_with("/sub_orders must not exceed a signed 64-bit integer in all; "));
    }
}
