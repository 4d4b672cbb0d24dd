//! The order of 合单下单.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde::Serialize;

use crate::error::{Error, Invalid, Violations};
use crate::id::{self, AppId, NotifyUrl, OpenId, OutTradeNo};
use crate::money::Fen;
use crate::request_fields::request_fields;
use crate::strict_json::{Json, Object, Read, read_strictly};
use crate::time::Time;
use crate::v2::fields::Fields;
use crate::v2::order_fields::{FieldText, order_fields, to_json};
use crate::v2::signer::Signer;
use crate::v2::trade_type::{AnyTrade, H5Info, Kind, ReadTrade, Trade, WrongScene};
use crate::v2::{from_xml, validate, xml};
use crate::validate as shared;

/// A combined order for [`prepay`](crate::v2::combine::prepay). The merchant that signs it starts the
/// payment (`combine_mch_id`).
///
/// [`new`](Self::new) takes the required fields; the optional ones are public and start empty. Keep
/// the order: sent again after an unknown outcome, it becomes the same fields.
///
/// ```
/// use wechatpay::v2::combine::{Order, SubOrder};
/// use wechatpay::{AppId, Fen, NotifyUrl, OutTradeNo};
///
/// let appid = AppId::new("wxdace645e0bc2c424")?;
/// let number = OutTradeNo::new("OD201708030001")?;
/// let sub_order =
///     SubOrder::new(appid.clone(), "1900009001", number, "子订单1", Fen(1234), "深圳分店");
/// let order = Order::new(
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
pub struct Order {
    /// 合单appid: the appid that the payment is made in.
    pub combine_appid: AppId,
    /// 合单商户订单号: merchant order number of the combined order.
    pub combine_out_trade_no: OutTradeNo,
    /// 子单信息: 1 to 10 sub-orders, at most 10,240 bytes as JSON.
    pub sub_orders: Vec<SubOrder>,
    /// 终端IP: the payer's IPv4 address for an H5 order; otherwise a server's address is accepted.
    pub spbill_create_ip: Ipv4Addr,
    /// 通知地址: URL for the notification of the payment, one for all sub-orders.
    pub notify_url: NotifyUrl,
    /// 设备号: your identifier of the shop or till. 1 to 32 characters. Default: none.
    pub device_info: Option<String>,
    /// 交易起始时间: start time, to the second. Default: none.
    pub time_start: Option<Time>,
    /// 交易结束时间: payment deadline, to the second, more than a minute after `time_start`.
    /// Default: none.
    pub time_expire: Option<Time>,
    /// 商品ID: your identifier of the product, in an order of another kind than Native. 1 to 32
    /// characters. Default: none.
    pub product_id: Option<String>,
    /// 合单用户标识: the user under `combine_appid`, in an order of another kind than JSAPI. Default: none.
    pub combine_openid: Option<OpenId>,
}

order_fields! {
    Order {
        combine_appid: AppId,
        combine_out_trade_no: OutTradeNo,
        sub_orders: Vec<SubOrder>,
        spbill_create_ip: Ipv4Addr,
        notify_url: NotifyUrl;
        device_info,
        time_start,
        time_expire;
        product_id,
        combine_openid
    }
}

impl Order {
    /// A combined order with the required fields.
    #[must_use]
    pub fn new(
        combine_appid: AppId,
        combine_out_trade_no: OutTradeNo,
        sub_orders: Vec<SubOrder>,
        spbill_create_ip: Ipv4Addr,
        notify_url: NotifyUrl,
    ) -> Self {
        Self::with_required(
            combine_appid,
            combine_out_trade_no,
            sub_orders,
            spbill_create_ip,
            notify_url,
        )
    }

    /// Reads the XML of a combined order as document 002 prints it: the order, and the kind that
    /// its `trade_type` names.
    ///
    /// As strict as [`pay::Order::from_xml`](crate::v2::pay::Order::from_xml), also within the JSON
    /// of `sub_order_list`, whose `order_num` must be the number of sub-orders. `combine_mch_id` and
    /// `sign_type` may be left out; if present, they must be the signer's. Three mistakes that
    /// document 002 prints are accepted: a comma after the last sub-order, no-break spaces between
    /// the values of `sub_order_list`, and a remark between fields that begins with `//`. A CDATA
    /// must end in `]]>`, although a bracket is missing in the document.
    ///
    /// # Errors
    /// [`Error`] of invalid input with every violation, each by its field and rule.
    pub fn from_xml(signer: &dyn Signer, xml: &[u8]) -> Result<(Self, AnyTrade), Error> {
        super::require_hmac_sha256(signer)?;
        let members = |object: &mut Object<'_>| {
            object.agrees("combine_mch_id", Some(signer.mchid()), ", that of the signer");
            let before = object.violation_count();
            let scene: Option<Scene> = from_xml::json(object, "scene_info");
            let is_wrong = object.violation_count() > before;
            let h5_info =
                if is_wrong { Err(WrongScene) } else { Ok(scene.and_then(|s| s.h5_info)) };
            let order = Self::read(object);
            let ReadTrade { trade, openid: combine_openid, product_id } =
                AnyTrade::read(object, "combine_openid", h5_info)?;
            Some((Self { combine_openid, product_id, ..order? }, trade))
        };
        from_xml::read(signer, xml, members, |(order, trade), violations| {
            order.find_violations_as(violations, trade.kind())
        })
    }

    /// The fields that [`prepay`](crate::v2::combine::prepay) sends as XML, without `nonce_str`, `sign_type` and
    /// `sign`, which each request has anew.
    ///
    /// Store it to place the same order again after a restart: [`from_xml`](Self::from_xml) returns an
    /// equal order and its kind.
    ///
    /// ```
    /// use wechatpay::Error;
    /// use wechatpay::v2::combine::Order;
    /// use wechatpay::v2::{AnyTrade, App, Signer};
    ///
    /// fn restored(signer: &dyn Signer, order: &Order) -> Result<(Order, AnyTrade), Error> {
    ///     let stored: String = order.to_xml(signer, &App)?;
    ///     Order::from_xml(signer, stored.as_bytes())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_xml<T: Trade>(&self, signer: &dyn Signer, trade: &T) -> Result<String, Error> {
        Ok(xml::write(&self.to_fields(signer, trade.kind())?))
    }

    /// Validates the order against the documented rules. Every call does this before sending.
    ///
    /// # Errors
    /// [`Error`] of invalid input with every violation, each by its field and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::try_collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) -> Result<(), Invalid> {
        validate::optional_text(violations, "device_info", self.device_info.as_deref(), 32);
        validate::times(violations, self.time_start, self.time_expire);
        validate::optional_text(violations, "product_id", self.product_id.as_deref(), 32);
        if !(1..=SUB_ORDERS).contains(&self.sub_orders.len()) {
            violations.add("sub_order_list", "must be 1 to 10 sub-orders");
        }
        let mut numbers = HashSet::new();
        let mut sum = Some(Fen(0));
        for (index, sub_order) in self.sub_orders.iter().enumerate() {
            let path = format!("sub_order_list/order_list/{index}");
            sub_order.find_violations(violations, &path);
            if !numbers.insert((&sub_order.mch_id, &sub_order.out_trade_no)) {
                let rule = "must differ from those of the other sub-orders of its mch_id";
                violations.add(format!("{path}/out_trade_no"), rule);
            }
            sum = sum.and_then(|sum| sum.checked_add(sub_order.total_fee));
        }
        if sum.is_none() {
            violations.add("sub_order_list", "must add up to a signed 64-bit integer");
        }
        if self.sub_orders.to_text()?.len() > SUB_ORDER_LIST {
            violations.add("sub_order_list", "must not exceed 10240 bytes as JSON");
        }
        Ok(())
    }

    /// Checks the rules of an order of this kind.
    fn find_violations_as(
        &self,
        violations: &mut Violations,
        kind: Kind<'_>,
    ) -> Result<(), Invalid> {
        self.find_violations(violations)?;
        let openid = ("combine_openid", self.combine_openid.as_ref());
        kind.find_violations(violations, openid, self.product_id.as_deref())
    }

    /// The fields of the request without `nonce_str` and `sign`. The same order becomes the same
    /// fields.
    pub(super) fn to_fields(&self, signer: &dyn Signer, kind: Kind<'_>) -> Result<Fields, Error> {
        Violations::try_collect(|violations| self.find_violations_as(violations, kind))?;

        let mut fields = Fields::of_combined(signer.mchid(), &self.combine_appid);
        self.set_fields(&mut fields)?;
        fields.set_optional("product_id", self.product_id.as_ref());
        fields.set_optional("combine_openid", self.combine_openid.as_ref());
        kind.set_fields(&mut fields, "combine_openid")?;
        Ok(fields)
    }
}

/// A combined order is invoked under the appid of the merchant that starts it.
impl AsRef<AppId> for Order {
    fn as_ref(&self) -> &AppId {
        &self.combine_appid
    }
}

/// 子单: one of the orders of a combined order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubOrder {
    /// 子单appid: appid of the sub-order.
    pub appid: AppId,
    /// 子单商户号: merchant that is paid.
    pub mch_id: String,
    /// 商品描述: description of the goods; not empty.
    pub body: String,
    /// 子单商户订单号: merchant order number of the sub-order.
    pub out_trade_no: OutTradeNo,
    /// 货币类型: currency, three capital letters. [`new`](Self::new) sets `CNY`.
    pub fee_type: String,
    /// 子单金额: amount of the sub-order in fen; at least 1.
    pub total_fee: Fen,
    /// 附加数据: your own data, returned by notifications; not empty.
    pub attach: String,
    /// 商品详情: details of the goods, as text. Default: none.
    pub detail: Option<String>,
    /// 子商户公众账号ID: appid of the sub-merchant, in partner mode. Default: none.
    pub sub_appid: Option<AppId>,
    /// 子商户号: sub-merchant number, in partner mode. Default: none.
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
        Self::with_required(
            appid,
            mch_id.into(),
            body.into(),
            out_trade_no,
            "CNY".to_owned(),
            total_fee,
            attach.into(),
        )
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
        // Document 002 limits the complete list only.
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

request_fields! {
    SubOrder {
        appid: AppId,
        mch_id: String,
        body: String,
        out_trade_no: OutTradeNo,
        fee_type: String,
        total_fee: Fen,
        attach: String;
        detail,
        sub_appid,
        sub_mch_id
    }
}

/// `sub_order_list`: JSON with the number of sub-orders and the list.
impl FieldText for Vec<SubOrder> {
    const NAME: Option<&'static str> = Some("sub_order_list");

    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        to_json(&SubOrderList { order_num: self.len(), order_list: self }).map(Cow::Owned)
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        let CountedSubOrders(sub_orders): CountedSubOrders = from_xml::json(object, name)?;
        Some(sub_orders)
    }

    fn stand_in() -> Option<Self> {
        Some(Self::new())
    }
}

#[derive(Serialize)]
struct SubOrderList<'a> {
    order_num: usize,
    order_list: &'a [SubOrder],
}

struct CountedSubOrders(Vec<SubOrder>);

impl Read for CountedSubOrders {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        Object::read(json, path, violations, |object| {
            let before = object.violation_count();
            let sub_orders: Option<Vec<SubOrder>> = object.required("order_list");
            let count: Option<u64> = object.required("order_num");
            let is_read = object.violation_count() == before;
            let (sub_orders, count) = sub_orders.zip(count)?;
            if is_read && usize::try_from(count) != Ok(sub_orders.len()) {
                object.violation("order_num", "must be the number of sub-orders in order_list");
            }
            Some(Self(sub_orders))
        })
    }
}

/// 场景信息: `scene_info`, which only H5 orders have.
struct Scene {
    h5_info: Option<H5Info>,
}

read_strictly! { Scene { ; h5_info } }

/// Document 002.
const SUB_ORDERS: usize = 10;

/// Document 002, in bytes: the stricter reading of its unit.
const SUB_ORDER_LIST: usize = 10_240;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::signer::tests::hmac_key;
    use crate::v2::signing::message;
    use crate::v2::trade_type::sealed::Sealed;
    use crate::v2::{App, Jsapi};

    fn number(text: &str) -> OutTradeNo {
        OutTradeNo::new(text).unwrap()
    }

    fn appid() -> AppId {
        AppId::new("wx0000000000000001").unwrap()
    }

    fn sub_order(mch_id: &str, text: &str) -> SubOrder {
        SubOrder::new(appid(), mch_id, number(text), "子单1", Fen(10), "a")
    }

    fn order() -> Order {
        let mut second = sub_order("1900000003", "S2-20250101");
        (second.body, second.total_fee, second.attach) = ("子单2".into(), Fen(20), "b".into());
        Order::new(
            appid(),
            number("C20250101-001"),
            vec![sub_order("1900000002", "S1-20250101"), second],
            Ipv4Addr::new(203, 0, 113, 7),
            NotifyUrl::new("https://shop.example/pay/notify").unwrap(),
        )
    }

    fn violations(change: impl FnOnce(&mut Order)) -> String {
        let mut order = order();
        change(&mut order);
        order.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn combined_order_signs_like_openssl() {
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
    fn full_order_sends_every_field_of_document_002() {
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
    fn broken_rule_is_reported_by_field() {
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
            format!(
                "{path}/out_trade_no must differ from those of the other sub-orders of its mch_id"
            )
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
                 {path}/attach must not contain control characters; \
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
    fn sub_order_list_is_limited_in_bytes() {
        let room = 10_240 - order().sub_orders.to_text().unwrap().len();
        let fill =
            |bytes: usize| violations(|order| order.sub_orders[0].body += &"x".repeat(bytes));
        assert_eq!(fill(room), "");
        assert_eq!(fill(room + 1), "sub_order_list must not exceed 10240 bytes as JSON");
    }
}
