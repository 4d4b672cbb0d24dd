//! The combined order of document 002, and what can be asked of it.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde::Serialize;

use crate::error::{Code, Error, Invalid, Violations};
use crate::id::{self, AppId, NotifyUrl, OutTradeNo};
use crate::money::Fen;
use crate::strict_json::{Json, Object, Read, read_strictly};
use crate::time::Time;
use crate::v2::combined_transaction::CombinedTransaction;
use crate::v2::fields::Fields;
use crate::v2::gateway::{Answer, Gateway};
use crate::v2::order::to_json;
use crate::v2::own::OwnText;
use crate::v2::signer::{SignType, Signer};
use crate::v2::trade::{AnyTrade, H5Info, Kind, Trade};
use crate::v2::{own, validate};
use crate::validate as shared;

/// 合单下单: places up to ten orders that are paid at once, of the same four kinds as
/// [`unified_order`](crate::v2::unified_order). HMAC-SHA256 only.
///
/// `POST /pay/combinedorder` (document 002). For merchants who have it: see
/// [what is known of it](crate::v2#combined-orders).
///
/// ```
/// use wechatpay::v2::{self, App};
///
/// # use wechatpay::{Fen, v2::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let appid = sandbox.appid();
/// # let sub_order = |mchid, number: &str| {
/// #     let appid = appid.clone();
/// #     number.parse().map(|number| SubOrder::new(appid, mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::v2::CombinedOrder::new(
/// #     appid.clone(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     "14.23.150.211".parse()?,
/// #     sandbox.notify_url(),
/// # );
/// let prepay_id = v2::combined_order(signer, gateway, &order, &App)?;
/// let for_the_app = v2::invoke::app(signer, &order, &prepay_id)?;
/// # assert_eq!(for_the_app.prepayid, prepay_id.as_str());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then send it.
/// * `Refused`: this call placed no order. On `ORDERPAID` and `OUT_TRADE_NO_USED` the number stands
///   for an order already, on `INVALID_PARAMS` perhaps for one with other values, which can still be
///   paid: query it, and close it before you take a new number.
/// * `Unknown`: the order may stand. Send the same order again, or query by its number; never take
///   a new number for it before that. `return_code=FAIL` belongs here: it is not signed.
pub fn combined_order<T: Trade>(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &CombinedOrder,
    trade: &T,
) -> Result<T::Prepaid, Error> {
    let kind = trade.kind();
    let fields = order.to_fields(signer, kind)?;
    call(signer, gateway, "/pay/combinedorder", fields)?.read(|answer| kind.read(answer))
}

/// 查询合单订单: what became of a combined order.
///
/// `POST /pay/querycombinedorder`. Its sub-orders are also found by [`query`](crate::v2::query),
/// one by one, each by its merchant.
///
/// ```
/// use wechatpay::v2::{self, Signer};
///
/// # use wechatpay::{Fen, v2::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let appid = sandbox.appid();
/// # let sub_order = |mchid, number: &str| {
/// #     let appid = appid.clone();
/// #     number.parse().map(|number| SubOrder::new(appid, mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::v2::CombinedOrder::new(
/// #     appid.clone(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     "14.23.150.211".parse()?,
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::v2::combined_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.v2().pay_combined("order-1")?;
/// let number = &order.combine_out_trade_no;
/// let transaction = v2::query_combined(signer, gateway, &order.combine_appid, number)?;
/// for paid in transaction.paid(signer.mch_id(), &order)? {
///     assert_eq!(paid.total(), Fen(10)); // Ship this sub-order.
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`query`](crate::v2::query).
pub fn query_combined(
    signer: &dyn Signer,
    gateway: &Gateway,
    combine_appid: &AppId,
    combine_out_trade_no: &OutTradeNo,
) -> Result<CombinedTransaction, Error> {
    let mut fields = Fields::of_combined(signer, combine_appid);
    fields.set("combine_out_trade_no", combine_out_trade_no);
    call(signer, gateway, "/pay/querycombinedorder", fields)?.read(CombinedTransaction::of_query)
}

/// 关闭合单订单: makes an unpaid combined order unpayable, with all of its sub-orders.
///
/// `POST /pay/closecombinedorder`, at least a minute after the order. All sub-orders must be named,
/// so it takes the order itself. One that is closed already counts as closed.
///
/// ```
/// use wechatpay::v2;
///
/// # use wechatpay::{Fen, v2::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let appid = sandbox.appid();
/// # let sub_order = |mchid, number: &str| {
/// #     let appid = appid.clone();
/// #     number.parse().map(|number| SubOrder::new(appid, mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::v2::CombinedOrder::new(
/// #     appid.clone(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     "14.23.150.211".parse()?,
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::v2::combined_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.let_time_pass(60);
/// v2::close_combined(signer, gateway, &order)?;
/// assert!(v2::close_combined(signer, gateway, &order).is_ok()); // It is closed already.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`close`](crate::v2::close).
pub fn close_combined(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &CombinedOrder,
) -> Result<(), Error> {
    let mut fields = Fields::of_combined(signer, &order.combine_appid);
    fields.set("combine_out_trade_no", &order.combine_out_trade_no);
    let sub_orders: Vec<_> = order
        .sub_orders
        .iter()
        .map(|sub| CloseSubOrder { mch_id: &sub.mch_id, out_trade_no: &sub.out_trade_no })
        .collect();
    fields.set("sub_order_list", to_json(&sub_orders)?);
    closed(call(signer, gateway, "/pay/closecombinedorder", fields))
}

/// An order that is closed already is what was asked for.
pub(super) fn closed(answer: Result<Answer, Error>) -> Result<(), Error> {
    match answer {
        Err(Error::Api(error)) if error.code == Code::ORDER_CLOSED => Ok(()),
        answer => answer.map(drop),
    }
}

/// Combined orders are signed with HMAC-SHA256 and nothing else.
fn call(
    signer: &dyn Signer,
    gateway: &Gateway,
    path: &str,
    fields: Fields,
) -> Result<Answer, Error> {
    if signer.sign_type() == SignType::HmacSha256 {
        gateway.call(signer, path, fields)
    } else {
        Err(Invalid::new("sign_type", "must be HMAC-SHA256 for combined orders").into())
    }
}

/// A combined order (合单下单), as document 002 describes it. The merchant who signs starts it
/// (`combine_mch_id`).
///
/// [`new`](Self::new) takes what every one must have; the other fields are public and start empty.
/// Keep the order: sent again after an unknown outcome it becomes the same fields.
///
/// ```
/// use wechatpay::v2::{CombinedOrder, SubOrder};
/// use wechatpay::{AppId, Fen, NotifyUrl, OutTradeNo};
///
/// let appid = AppId::new("wxdace645e0bc2c424")?;
/// let number = OutTradeNo::new("OD201708030001")?;
/// let sub_order =
///     SubOrder::new(appid.clone(), "1900009001", number, "子订单1", Fen(1234), "深圳分店");
/// let order = CombinedOrder::new(
///     appid,
///     OutTradeNo::new("19000090011489146530")?,
///     vec![sub_order],
///     "14.23.150.211".parse().unwrap(),
///     NotifyUrl::new("https://www.weixin.qq.com/wxpay/pay.php")?,
/// );
/// order.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CombinedOrder {
    /// 合单appid, of the merchant who starts the payment.
    pub combine_appid: AppId,
    /// 合单商户订单号: your number of the whole.
    pub combine_out_trade_no: OutTradeNo,
    /// 子单信息: 1 to 10 sub-orders, at most 10,240 bytes as JSON.
    pub sub_orders: Vec<SubOrder>,
    /// 终端IP: the payer's own address for an H5 order; else a server's will do. IPv4.
    pub spbill_create_ip: Ipv4Addr,
    /// 通知地址: where the notification of the payment goes, one for the whole.
    pub notify_url: NotifyUrl,
    /// 设备号: your number of the shop or till. 1 to 32 characters. Default: none.
    pub device_info: Option<String>,
    /// 交易起始时间, to the second. Default: none.
    pub time_start: Option<Time>,
    /// 交易结束时间, to the second, more than a minute after `time_start`. Default: none.
    pub time_expire: Option<Time>,
}

impl CombinedOrder {
    /// A combined order with what every one must have.
    #[must_use]
    pub fn new(
        combine_appid: AppId,
        combine_out_trade_no: OutTradeNo,
        sub_orders: Vec<SubOrder>,
        spbill_create_ip: Ipv4Addr,
        notify_url: NotifyUrl,
    ) -> Self {
        Self {
            combine_appid,
            combine_out_trade_no,
            sub_orders,
            spbill_create_ip,
            notify_url,
            device_info: None,
            time_start: None,
            time_expire: None,
        }
    }

    /// Reads the body of an order as document 002 prints it: the order, and the kind that its
    /// `trade_type` names.
    ///
    /// As strictly as [`Order::from_xml`](crate::v2::Order::from_xml), also within the JSON of
    /// `sub_order_list`, whose `order_num` must be true. Of `combine_mch_id` and `sign_type` holds
    /// what is said there. Three slips that document 002 prints are forgiven: a comma after the last
    /// sub-order, no-break spaces between the values of `sub_order_list`, and a remark between fields
    /// that begins with `//`. Its CDATA must end in `]]>`, though: there the document lacks a bracket.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its field and rule.
    pub fn from_xml(signer: &dyn Signer, xml: &[u8]) -> Result<(Self, AnyTrade), Error> {
        own::read(signer, xml, |object| {
            let combine_appid = object.required("combine_appid");
            object.agrees("combine_mch_id", Some(signer.mch_id()), ", that of the signer");
            let combine_out_trade_no = object.required("combine_out_trade_no");
            if !object.has("sub_order_list") {
                object.violation("sub_order_list", "is missing");
            }
            let sub_orders: Option<OwnSubOrders> = object.json("sub_order_list");
            let spbill_create_ip = object.required("spbill_create_ip");
            let notify_url = object.required("notify_url");
            let device_info = object.optional("device_info");
            let time_start = object.compact_time("time_start");
            let time_expire = object.compact_time("time_expire");
            let scene: Option<OwnScene> = object.json("scene_info");
            let h5_info = scene.and_then(|scene| scene.h5_info);
            let trade = AnyTrade::read(object, "combine_openid", h5_info);
            let order = Self {
                combine_appid: combine_appid?,
                combine_out_trade_no: combine_out_trade_no?,
                sub_orders: sub_orders?.0,
                spbill_create_ip: spbill_create_ip?,
                notify_url: notify_url?,
                device_info,
                time_start,
                time_expire,
            };
            Some((order, trade?))
        })
    }

    /// Holds the order against every documented rule, as each call does before it sends anything.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its field and rule.
    pub fn validate(&self) -> Result<(), Error> {
        let mut violations = Violations::default();
        self.find_violations(&mut violations)?;
        Ok(violations.into_result()?)
    }

    fn find_violations(&self, violations: &mut Violations) -> Result<(), Invalid> {
        validate::optional_text(violations, "device_info", self.device_info.as_deref(), 32);
        validate::times(violations, self.time_start, self.time_expire);
        if !(1..=SUB_ORDERS).contains(&self.sub_orders.len()) {
            violations.add("sub_order_list", "must be 1 to 10 sub-orders");
        }
        let mut numbers = HashSet::new();
        let mut sum = Some(Fen(0));
        for (index, sub_order) in self.sub_orders.iter().enumerate() {
            let path = format!("sub_order_list/order_list/{index}");
            sub_order.find_violations(violations, &path);
            if !numbers.insert((&sub_order.mch_id, &sub_order.out_trade_no)) {
                let rule = "must differ from every other of its mch_id";
                violations.add(format!("{path}/out_trade_no"), rule);
            }
            sum = sum.and_then(|sum| sum.checked_add(sub_order.total_fee));
        }
        if sum.is_none() {
            violations.add("sub_order_list", "must add up to a signed 64-bit integer");
        }
        if self.sub_order_list()?.len() > SUB_ORDER_LIST {
            violations.add("sub_order_list", "must not exceed 10240 bytes as JSON");
        }
        Ok(())
    }

    /// The fields of the request, without what is new each time. The same order becomes the same
    /// fields.
    fn to_fields(&self, signer: &dyn Signer, kind: Kind<'_>) -> Result<Fields, Error> {
        let mut violations = Violations::default();
        self.find_violations(&mut violations)?;
        kind.find_violations(&mut violations)?;
        violations.into_result()?;

        let mut fields = Fields::of_combined(signer, &self.combine_appid);
        fields.set("combine_out_trade_no", &self.combine_out_trade_no);
        fields.set("sub_order_list", self.sub_order_list()?);
        fields.set("spbill_create_ip", self.spbill_create_ip);
        fields.set("notify_url", &self.notify_url);
        fields.set_optional("device_info", self.device_info.as_ref());
        fields.set_optional("time_start", self.time_start.map(Time::compact));
        fields.set_optional("time_expire", self.time_expire.map(Time::compact));
        kind.set_fields(&mut fields, "combine_openid")?;
        Ok(fields)
    }

    fn sub_order_list(&self) -> Result<String, Invalid> {
        to_json(&SubOrderList { order_num: self.sub_orders.len(), order_list: &self.sub_orders })
    }
}

/// A combined order is invoked under the appid of who starts it.
impl AsRef<AppId> for CombinedOrder {
    fn as_ref(&self) -> &AppId {
        &self.combine_appid
    }
}

/// 子单: one of the orders that are paid at once.
///
/// ```
/// use wechatpay::v2::SubOrder;
/// use wechatpay::{AppId, Fen, OutTradeNo};
///
/// let appid = AppId::new("wxdace645e0bc2c424")?;
/// let number = OutTradeNo::new("OD201708030001")?;
/// let sub_order = SubOrder::new(appid, "1900009001", number, "子订单1", Fen(1234), "深圳分店");
/// assert_eq!(sub_order.fee_type, "CNY");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SubOrder {
    /// 子单appid.
    pub appid: AppId,
    /// 子单商户号: who is paid.
    pub mch_id: String,
    /// 商品描述: what is bought; not empty.
    pub body: String,
    /// 子单商户订单号: your number of the sub-order.
    pub out_trade_no: OutTradeNo,
    /// 货币类型, three capital letters: `CNY`, unless changed.
    pub fee_type: String,
    /// 子单金额, in fen; at least 1.
    pub total_fee: Fen,
    /// 附加数据: your own data, returned by notifications; not empty.
    pub attach: String,
    /// 商品详情, as text. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// 子商户公众账号ID, in partner mode. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_appid: Option<AppId>,
    /// 子商户号, in partner mode. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_mch_id: Option<String>,
}

impl SubOrder {
    /// A sub-order in CNY.
    pub fn new(
        appid: AppId,
        mch_id: impl Into<String>,
        out_trade_no: OutTradeNo,
        body: impl Into<String>,
        total_fee: Fen,
        attach: impl Into<String>,
    ) -> Self {
        Self {
            appid,
            mch_id: mch_id.into(),
            body: body.into(),
            out_trade_no,
            fee_type: "CNY".to_owned(),
            total_fee,
            attach: attach.into(),
            detail: None,
            sub_appid: None,
            sub_mch_id: None,
        }
    }

    fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| format!("{path}/{name}");
        for (name, number) in
            [("mch_id", Some(&self.mch_id)), ("sub_mch_id", self.sub_mch_id.as_ref())]
        {
            if let Some(Err(rule)) = number.map(|number| id::check_mchid(number)) {
                violations.add(at(name), rule);
            }
        }
        // Document 002 bounds the list as a whole.
        validate::member(violations, &at("body"), &self.body, SUB_ORDER_LIST);
        validate::member(violations, &at("attach"), &self.attach, SUB_ORDER_LIST);
        validate::optional_member(
            violations,
            &at("detail"),
            self.detail.as_deref(),
            SUB_ORDER_LIST,
        );
        validate::fee_type(violations, &at("fee_type"), &self.fee_type);
        shared::total(violations, at("total_fee"), self.total_fee);
    }
}

read_strictly! {
    SubOrder {
        appid, mch_id, body, out_trade_no, fee_type, total_fee, attach;
        detail, sub_appid, sub_mch_id
    }
}

/// `sub_order_list` as a caller writes it.
struct OwnSubOrders(Vec<SubOrder>);

impl Read for OwnSubOrders {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        Object::read(json, path, violations, |object| {
            let sub_orders: Option<Vec<SubOrder>> = object.required("order_list");
            let count: Option<u64> = object.required("order_num");
            let (sub_orders, count) = sub_orders.zip(count)?;
            if usize::try_from(count) != Ok(sub_orders.len()) {
                object.violation("order_num", "must be the number of sub-orders in order_list");
            }
            Some(Self(sub_orders))
        })
    }
}

/// `scene_info` as a caller writes it; here only H5 orders have one.
struct OwnScene {
    h5_info: Option<H5Info>,
}

read_strictly! { OwnScene { ; h5_info } }

#[derive(Serialize)]
struct SubOrderList<'a> {
    order_num: usize,
    order_list: &'a [SubOrder],
}

/// The documents call the merchant both `mch_id` and `mchid` here; the former is the name that it
/// has everywhere else in APIv2.
#[derive(Serialize)]
struct CloseSubOrder<'a> {
    mch_id: &'a str,
    out_trade_no: &'a OutTradeNo,
}

/// Document 002.
const SUB_ORDERS: usize = 10;

/// Document 002, in bytes: the stricter reading of its unit.
const SUB_ORDER_LIST: usize = 10_240;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OpenId;
    use crate::v2::signer::tests::{hmac_key, md5_key};
    use crate::v2::trade::sealed::Sealed;
    use crate::v2::{App, Jsapi, message};

    fn number(text: &str) -> OutTradeNo {
        OutTradeNo::new(text).unwrap()
    }

    fn appid() -> AppId {
        AppId::new("wx0000000000000001").unwrap()
    }

    fn sub_order(mch_id: &str, text: &str) -> SubOrder {
        SubOrder::new(appid(), mch_id, number(text), "子单1", Fen(10), "a")
    }

    fn order() -> CombinedOrder {
        let mut second = sub_order("1900000003", "S2-20250101");
        (second.body, second.total_fee, second.attach) = ("子单2".into(), Fen(20), "b".into());
        CombinedOrder::new(
            appid(),
            number("C20250101-001"),
            vec![sub_order("1900000002", "S1-20250101"), second],
            Ipv4Addr::new(203, 0, 113, 7),
            NotifyUrl::new("https://shop.example/pay/notify").unwrap(),
        )
    }

    fn violations(change: impl FnOnce(&mut CombinedOrder)) -> String {
        let mut order = order();
        change(&mut order);
        order.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_combined_order_signs_as_openssl_signs_it() {
        let payer = Jsapi::new(OpenId::new("oTESTOPENID").unwrap());
        let mut fields = order().to_fields(&hmac_key(), payer.kind()).unwrap();
        fields.set("nonce_str", "n0nce");
        fields.set("sign_type", "HMAC-SHA256");
        assert_eq!(
            hmac_key().sign(&message(fields.iter())).unwrap(),
            "90888B733F87F7CAD362248E8055AD20CA27735BACB97B898BE1A4A10C3B4F13"
        );
    }

    #[test]
    fn every_field_of_document_002_is_sent_under_its_name() {
        let mut order = order();
        order.sub_orders.truncate(1);
        order.sub_orders[0].detail = Some("商品详细描述".into());
        order.sub_orders[0].sub_appid = Some(AppId::new("wx888888888888").unwrap());
        order.sub_orders[0].sub_mch_id = Some("88888888888".into());
        order.device_info = Some("TEST01".into());
        order.time_start = Some("2017-12-25T09:10:10+08:00".parse().unwrap());
        order.time_expire = Some("2017-12-25T09:15:10+08:00".parse().unwrap());
        let fields = order.to_fields(&hmac_key(), App.kind()).unwrap();
        let fields: Vec<_> = fields.iter().collect();
        let list = concat!(
            r#"{"order_num":1,"order_list":[{"appid":"wx0000000000000001","mch_id":"1900000002","#,
            r#""body":"子单1","out_trade_no":"S1-20250101","fee_type":"CNY","total_fee":10,"#,
            r#""attach":"a","detail":"商品详细描述","sub_appid":"wx888888888888","#,
            r#""sub_mch_id":"88888888888"}]}"#,
        );
        let expected = [
            ("combine_appid", "wx0000000000000001"),
            ("combine_mch_id", "1900000001"),
            ("combine_out_trade_no", "C20250101-001"),
            ("device_info", "TEST01"),
            ("notify_url", "https://shop.example/pay/notify"),
            ("spbill_create_ip", "203.0.113.7"),
            ("sub_order_list", list),
            ("time_expire", "20171225091510"),
            ("time_start", "20171225091010"),
            ("trade_type", "APP"),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn each_rule_is_told_by_its_field() {
        let many = |count: usize| -> Vec<SubOrder> {
            (0..count).map(|index| sub_order("1900000002", &format!("part-{index}"))).collect()
        };
        let path = "sub_order_list/order_list/1";
        assert_eq!(violations(|_| ()), "");
        assert_eq!(violations(|order| order.sub_orders = many(1)), "");
        assert_eq!(violations(|order| order.sub_orders = many(10)), "");
        for count in [0, 11] {
            assert_eq!(
                violations(|order| order.sub_orders = many(count)),
                "sub_order_list must be 1 to 10 sub-orders"
            );
        }
        // Numbers are unique for each merchant.
        let same = number("S1-20250101");
        assert_eq!(violations(|order| order.sub_orders[1].out_trade_no = same.clone()), "");
        assert_eq!(
            violations(|order| order.sub_orders[1] = order.sub_orders[0].clone()),
            format!("{path}/out_trade_no must differ from every other of its mch_id")
        );
        assert_eq!(
            violations(|order| {
                let sub_order = &mut order.sub_orders[1];
                (sub_order.mch_id, sub_order.sub_mch_id) = ("19 00".into(), Some("".into()));
                (sub_order.body, sub_order.attach) = ("".into(), "a\n".into());
                (sub_order.fee_type, sub_order.total_fee) = ("元".into(), Fen(0));
            }),
            format!(
                "{path}/mch_id must be the merchant number: 1 to 32 letters and digits; \
                 {path}/sub_mch_id must be the merchant number: 1 to 32 letters and digits; \
                 {path}/body must be 1 to 10240 characters; \
                 {path}/attach must not hold control characters; \
                 {path}/fee_type must be three capital letters, such as CNY; \
                 {path}/total_fee must be at least 1 fen and fit a signed 64-bit integer"
            )
        );
        assert_eq!(
            violations(|order| order.sub_orders[0].total_fee = Fen::MAX),
            "sub_order_list must add up to a signed 64-bit integer"
        );
    }

    #[test]
    fn the_list_is_measured_whole_and_in_bytes() {
        let room = 10_240 - order().sub_order_list().unwrap().len();
        let fill =
            |bytes: usize| violations(|order| order.sub_orders[0].body += &"x".repeat(bytes));
        assert_eq!(fill(room), "");
        assert_eq!(fill(room + 1), "sub_order_list must not exceed 10240 bytes as JSON");
    }

    #[test]
    fn md5_signs_no_combined_order() {
        let gateway = Gateway::at("https://127.0.0.1:1", Unreached).unwrap();
        let payer = Jsapi::new(OpenId::new("oTESTOPENID").unwrap());
        let order = order();
        let number = &order.combine_out_trade_no;
        for error in [
            combined_order(&md5_key(), &gateway, &order, &payer).unwrap_err(),
            query_combined(&md5_key(), &gateway, &order.combine_appid, number).unwrap_err(),
            close_combined(&md5_key(), &gateway, &order).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), "sign_type must be HMAC-SHA256 for combined orders");
        }
    }

    struct Unreached;

    impl crate::Transport for Unreached {
        fn send(&self, _: &crate::Request<'_>) -> Result<crate::Response, crate::TransportError> {
            panic!("a request was sent");
        }
    }
}
