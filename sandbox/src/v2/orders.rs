//! The order book of APIv2.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::calendar::Beijing;
use super::super::fresh::Fresh;
use super::super::order_error::OrderError;
use super::super::schema::{fen_of, text_of};
use super::super::tickets::{Due, Kind};
use super::super::trade_type::{FIVE_MINUTES, TWO_HOURS};
use super::call::Call;
use super::fault::Fault;
use super::refunds::Refund;
use super::{Fields, Place, fields_of, number_of, tables, text, unix_time};

/// Every order by merchant and number, and every combined one.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) book: BTreeMap<Key, Order>,
    pub(super) combined: BTreeMap<Key, Combined>,
}

pub(super) type Key = (String, String);

/// A single order, or a part of a combined one.
pub(super) struct Order {
    /// What it was placed with; a repetition must say the same.
    pub(super) parameters: Fields,
    pub(super) sign_type: String,
    pub(super) refunds: Vec<Refund>,
    pub(super) payment: Option<Payment>,
    placed: i64,
    /// The last moment of the newest prepay_id, code_url or mweb_url, in Unix seconds.
    ticket_expire: i64,
    closed: bool,
    is_part: bool,
}

pub(super) struct Combined {
    pub(super) parameters: Fields,
    pub(super) parts: Vec<Key>,
    placed: i64,
    ticket_expire: i64,
    closed: bool,
    pub(super) paid: bool,
}

pub(super) struct Payment {
    pub(super) transaction_id: String,
    pub(super) time_end: i64,
    /// What each coupon paid, in fen.
    pub(super) coupons: Vec<u64>,
}

impl Orders {
    /// 统一下单.
    pub(super) fn place(&mut self, request: &Fields, at: &mut Place<'_>) -> Result<Fields, Fault> {
        check_kind(request, "openid", "INVALID_REQUEST")?;
        let merchant = text(request, "mch_id");
        at.check_appid(merchant, text(request, "appid"))?;
        let order = Order {
            parameters: lasting(request),
            sign_type: at.sign_type.to_owned(),
            refunds: Vec::new(),
            payment: None,
            placed: at.now,
            ticket_expire: ticket_expire(request, at.now),
            closed: false,
            is_part: false,
        };
        let key = (merchant.to_owned(), text(request, "out_trade_no").to_owned());
        match self.book.get_mut(&key) {
            None if self.combined.contains_key(&key) => return Err(used()),
            None => {
                self.book.insert(key, order);
            }
            Some(placed) if placed.is_part => return Err(used()),
            Some(placed) => {
                placed.check_reentry(&order)?;
                placed.ticket_expire = order.ticket_expire;
            }
        }
        let due = Due::new(Kind::V2Single, text(request, "out_trade_no"));
        Ok(ticket(text(request, "trade_type"), due, at))
    }

    /// 查询订单.
    pub(super) fn query(&self, request: &Fields) -> Result<Fields, Fault> {
        let order = self.wanted(request).ok_or_else(missing)?;
        Ok(order.describe())
    }

    /// 关闭订单: too early, it says yes and does nothing, as merchants report.
    pub(super) fn close(&mut self, request: &Fields, now: i64) -> Result<Fields, Fault> {
        let key = (text(request, "mch_id").to_owned(), text(request, "out_trade_no").to_owned());
        let order = self.book.get_mut(&key).filter(|order| !order.is_part).ok_or_else(missing)?;
        order.check_open()?;
        order.closed = now.saturating_sub(order.placed) >= FIVE_MINUTES;
        Ok(fields_of(&[("result_msg", "OK")]))
    }

    /// 合单下单.
    pub(super) fn place_combined(
        &mut self,
        request: &Fields,
        at: &mut Place<'_>,
    ) -> Result<Fields, Fault> {
        check_kind(request, "combine_openid", "USER_OPENID_NOT_MATCH")?;
        let merchant = text(request, "combine_mch_id");
        at.check_appid(merchant, text(request, "combine_appid"))?;
        let mut parts = Vec::new();
        for part in tables::sub_orders(Call::PlaceCombined, request)? {
            let (merchant, number) = (text_of(&part, "mch_id"), text_of(&part, "out_trade_no"));
            at.check_appid(merchant, text_of(&part, "appid"))?;
            let parameters = fields_of(&[
                ("appid", text_of(&part, "appid")),
                ("mch_id", merchant),
                ("out_trade_no", number),
                ("attach", text_of(&part, "attach")),
                ("total_fee", &fen_of(&part, "/total_fee").to_string()),
                ("trade_type", text(request, "trade_type")),
            ]);
            parts.push(((merchant.to_owned(), number.to_owned()), parameters));
        }
        let key = (merchant.to_owned(), text(request, "combine_out_trade_no").to_owned());
        let due = Due::new(Kind::V2Combined, &key.1);
        if let Some(placed) = self.combined.get_mut(&key) {
            placed.check_open()?;
            if placed.parameters != lasting(request) {
                return Err(Fault::new("INVALID_PARAMS", "两次传入的参数不一致"));
            }
            placed.ticket_expire = ticket_expire(request, at.now);
            return Ok(ticket(text(request, "trade_type"), due, at));
        }
        let mut keys: Vec<Key> = parts.iter().map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys.dedup();
        let is_new = |key: &Key| !self.book.contains_key(key) && !self.combined.contains_key(key);
        if keys.len() != parts.len() || !keys.iter().chain([&key]).all(is_new) {
            return Err(used());
        }
        self.combined.insert(
            key,
            Combined {
                parameters: lasting(request),
                parts: parts.iter().map(|(key, _)| key.clone()).collect(),
                placed: at.now,
                ticket_expire: ticket_expire(request, at.now),
                closed: false,
                paid: false,
            },
        );
        for (key, parameters) in parts {
            let order = Order {
                ticket_expire: ticket_expire(&parameters, at.now),
                parameters,
                sign_type: at.sign_type.to_owned(),
                refunds: Vec::new(),
                payment: None,
                placed: at.now,
                closed: false,
                is_part: true,
            };
            self.book.insert(key, order);
        }
        Ok(ticket(text(request, "trade_type"), due, at))
    }

    /// 查询合单订单.
    pub(super) fn query_combined(&self, request: &Fields) -> Result<Fields, Fault> {
        let whole = self.combined.get(&combined_key(request)).ok_or_else(missing)?;
        let mut told = self.describe_combined(whole);
        told.extend(fields_of(&[("result_msg", "OK"), ("trade_state", whole.state())]));
        Ok(told)
    }

    /// 关闭合单订单, which must name every part.
    pub(super) fn close_combined(&mut self, request: &Fields, now: i64) -> Result<Fields, Fault> {
        let mut named: Vec<Key> = tables::closed_sub_orders(Call::CloseCombined, request)?
            .iter()
            .map(|part| {
                (text_of(part, "mch_id").to_owned(), text_of(part, "out_trade_no").to_owned())
            })
            .collect();
        let whole = self.combined.get_mut(&combined_key(request)).ok_or_else(missing)?;
        whole.check_open()?;
        let mut parts = whole.parts.clone();
        // No document speaks of their order.
        named.sort();
        parts.sort();
        if named != parts {
            return Err(Fault::new("INVALID_PARAMS", "子单信息与下单时不一致"));
        }
        whole.closed = now.saturating_sub(whole.placed) >= A_MINUTE;
        for key in whole.parts.iter().filter(|_| whole.closed) {
            if let Some(part) = self.book.get_mut(key) {
                part.closed = true;
            }
        }
        Ok(Fields::new())
    }

    /// The user pays a single order.
    pub(super) fn pay(
        &mut self,
        key: &Key,
        coupons: &[u64],
        now: i64,
        fresh: &mut Fresh,
    ) -> Result<&Order, OrderError> {
        let order = self.book.get_mut(key).filter(|order| !order.is_part);
        let order = order.ok_or(OrderError::NotPlaced)?;
        order.check_payable(now)?;
        order.payment = Some(Payment::new(coupons, now, fresh));
        Ok(order)
    }

    /// The user pays a combined order, and all of its parts.
    pub(super) fn pay_combined(
        &mut self,
        key: &Key,
        now: i64,
        fresh: &mut Fresh,
    ) -> Result<&Combined, OrderError> {
        let whole = self.combined.get_mut(key).ok_or(OrderError::NotPlaced)?;
        whole.check_payable(now)?;
        whole.paid = true;
        for part in &whole.parts {
            if let Some(part) = self.book.get_mut(part) {
                part.payment = Some(Payment::new(&[], now, fresh));
            }
        }
        Ok(whole)
    }

    /// The user's payment fails: the order stays as it is.
    pub(super) fn refuse_payment(&self, key: &Key, now: i64) -> Result<(), OrderError> {
        let order = self.book.get(key).filter(|order| !order.is_part);
        order.ok_or(OrderError::NotPlaced)?.check_payable(now)
    }

    /// As [`Orders::refuse_payment`], for a combined order.
    pub(super) fn refuse_combined_payment(&self, key: &Key, now: i64) -> Result<(), OrderError> {
        self.combined.get(key).ok_or(OrderError::NotPlaced)?.check_payable(now)
    }

    /// The platform closes a single order.
    pub(super) fn shut(&mut self, key: &Key) -> Result<(), OrderError> {
        let order = self.book.get_mut(key).filter(|order| !order.is_part);
        let order = order.ok_or(OrderError::NotPlaced)?;
        if order.refunds.iter().any(Refund::has_succeeded) {
            return Err(OrderError::Refunded);
        }
        check_unpaid(order.payment.is_some(), order.closed)?;
        order.closed = true;
        Ok(())
    }

    /// The platform closes a combined order.
    pub(super) fn shut_combined(&mut self, key: &Key) -> Result<(), OrderError> {
        let whole = self.combined.get_mut(key).ok_or(OrderError::NotPlaced)?;
        check_unpaid(whole.paid, whole.closed)?;
        whole.closed = true;
        for key in &whole.parts {
            if let Some(part) = self.book.get_mut(key) {
                part.closed = true;
            }
        }
        Ok(())
    }

    /// An order by one of its two numbers.
    pub(super) fn wanted(&self, request: &Fields) -> Option<&Order> {
        let key = self.find(request)?;
        self.book.get(&key)
    }

    pub(super) fn find(&self, request: &Fields) -> Option<Key> {
        let merchant = text(request, "mch_id");
        let is_it = |order: &Order| match request.get("transaction_id") {
            Some(id) => order.payment.as_ref().is_some_and(|paid| paid.transaction_id == *id),
            None => text(&order.parameters, "out_trade_no") == text(request, "out_trade_no"),
        };
        let mut own = self.book.iter().filter(|((owner, _), _)| owner == merchant);
        own.find(|(_, order)| is_it(order)).map(|(key, _)| key.clone())
    }

    /// What query and notification say of a combined order.
    pub(super) fn describe_combined(&self, whole: &Combined) -> Fields {
        let parts = whole.parts.iter().filter_map(|key| self.book.get(key));
        let list: Vec<Value> = parts.map(Order::describe_part).collect();
        let list = json!({ "order_num": list.len(), "order_list": list });
        let names = [
            "combine_appid",
            "combine_mch_id",
            "combine_out_trade_no",
            "trade_type",
            "device_info",
        ];
        let mut told = picked(&whole.parameters, &names);
        told.insert("sub_order_list".to_owned(), list.to_string());
        if whole.paid {
            let openid = whole.parameters.get("combine_openid").map_or(OPENID, String::as_str);
            told.extend(fields_of(&[("combine_openid", openid), ("bank_type", "OTHERS")]));
        }
        told
    }
}

impl Order {
    pub(super) fn total_fee(&self) -> u64 {
        number_of(&self.parameters, "total_fee")
    }

    /// What a query says: little of an order that nobody has paid.
    pub(super) fn describe(&self) -> Fields {
        let Some(payment) = &self.payment else {
            let (state, text) = if self.closed {
                ("CLOSED", "订单已关闭")
            } else {
                ("NOTPAY", "订单未支付")
            };
            let mut told = picked(&self.parameters, &["out_trade_no", "attach", "device_info"]);
            told.extend(fields_of(&[("trade_state", state), ("trade_state_desc", text)]));
            return told;
        };
        let mut told = self.describe_payment(payment);
        let refunded = self.refunds.iter().any(Refund::has_succeeded);
        let (state, text) =
            if refunded { ("REFUND", "转入退款") } else { ("SUCCESS", "支付成功") };
        told.extend(fields_of(&[("trade_state", state), ("trade_state_desc", text)]));
        told
    }

    /// What query and notification say of a paid order.
    pub(super) fn describe_payment(&self, payment: &Payment) -> Fields {
        let names = ["out_trade_no", "attach", "device_info", "trade_type", "total_fee"];
        let mut told = picked(&self.parameters, &names);
        let coupon_fee = payment.coupons.iter().fold(0_u64, |sum, fee| sum.saturating_add(*fee));
        let openid = self.parameters.get("openid").map_or(OPENID, String::as_str);
        told.extend(fields_of(&[
            ("openid", openid),
            ("is_subscribe", "N"),
            ("bank_type", "OTHERS"),
            ("fee_type", "CNY"),
            ("cash_fee", &self.total_fee().saturating_sub(coupon_fee).to_string()),
            ("transaction_id", &payment.transaction_id),
            ("time_end", &Beijing::at(payment.time_end).digits()),
        ]));
        if !payment.coupons.is_empty() {
            told.insert("coupon_fee".to_owned(), coupon_fee.to_string());
            told.insert("coupon_count".to_owned(), payment.coupons.len().to_string());
        }
        for (index, fee) in payment.coupons.iter().enumerate() {
            told.insert(
                format!("coupon_id_{index}"),
                format!("{}", 10_000_usize.saturating_add(index)),
            );
            told.insert(format!("coupon_type_{index}"), "CASH".to_owned());
            told.insert(format!("coupon_fee_{index}"), fee.to_string());
        }
        told
    }

    fn describe_part(&self) -> Value {
        let parameter = |name| text(&self.parameters, name);
        let mut part = json!({
            "appid": parameter("appid"),
            "mch_id": parameter("mch_id"),
            "out_trade_no": parameter("out_trade_no"),
            "attach": parameter("attach"),
            "total_fee": self.total_fee(),
        });
        if let (Some(payment), Some(members)) = (&self.payment, part.as_object_mut()) {
            members.insert("openid".to_owned(), OPENID.into());
            members.insert("cash_fee".to_owned(), self.total_fee().into());
            members.insert("transaction_id".to_owned(), payment.transaction_id.clone().into());
            members.insert("time_end".to_owned(), Beijing::at(payment.time_end).digits().into());
        }
        part
    }

    fn check_reentry(&self, again: &Self) -> Result<(), Fault> {
        self.check_open()?;
        if self.parameters != again.parameters {
            return Err(Fault::new("INVALID_REQUEST", "订单重入时，参数值与原请求不一致"));
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), Fault> {
        check_open(self.payment.is_some(), self.closed)
    }

    fn check_payable(&self, now: i64) -> Result<(), OrderError> {
        if self.refunds.iter().any(Refund::has_succeeded) {
            return Err(OrderError::Refunded);
        }
        let times = Times { ticket_expire: self.ticket_expire, now };
        times.check_payable(self.payment.is_some(), self.closed, &self.parameters)
    }
}

impl Combined {
    fn check_open(&self) -> Result<(), Fault> {
        check_open(self.paid, self.closed)
    }

    fn check_payable(&self, now: i64) -> Result<(), OrderError> {
        let times = Times { ticket_expire: self.ticket_expire, now };
        times.check_payable(self.paid, self.closed, &self.parameters)
    }

    pub(super) fn state(&self) -> &'static str {
        match (self.paid, self.closed) {
            (true, _) => "SUCCESS",
            (false, true) => "CLOSED",
            (false, false) => "NOTPAY",
        }
    }
}

impl Payment {
    fn new(coupons: &[u64], now: i64, fresh: &mut Fresh) -> Self {
        let day = Beijing::at(now).day_digits();
        let transaction_id = format!("4200000000{day}{}", fresh.decimals(10));
        Self { transaction_id, time_end: now, coupons: coupons.to_vec() }
    }
}

/// By which a payment is judged.
struct Times {
    ticket_expire: i64,
    now: i64,
}

impl Times {
    fn check_payable(
        &self,
        paid: bool,
        closed: bool,
        parameters: &Fields,
    ) -> Result<(), OrderError> {
        check_unpaid(paid, closed)?;
        let time_expire = unix_time(text(parameters, "time_expire"));
        if time_expire.is_some_and(|end| end < self.now) {
            Err(OrderError::Expired)
        } else if self.ticket_expire < self.now {
            Err(OrderError::TicketExpired)
        } else {
            Ok(())
        }
    }
}

/// As long as in APIv3.
fn ticket_expire(request: &Fields, now: i64) -> i64 {
    let is_h5 = text(request, "trade_type") == "MWEB";
    now.saturating_add(if is_h5 { FIVE_MINUTES } else { TWO_HOURS })
}

fn check_unpaid(paid: bool, closed: bool) -> Result<(), OrderError> {
    match (paid, closed) {
        (true, _) => Err(OrderError::Paid),
        (_, true) => Err(OrderError::Closed),
        _ => Ok(()),
    }
}

fn check_open(paid: bool, closed: bool) -> Result<(), Fault> {
    match (paid, closed) {
        (true, _) => Err(Fault::new("ORDERPAID", "商户订单已支付")),
        (_, true) => Err(Fault::new("ORDERCLOSED", "订单已关闭")),
        _ => Ok(()),
    }
}

/// What each kind of order needs, and whose users pay it.
fn check_kind(request: &Fields, openid: &str, foreign: &str) -> Result<(), Fault> {
    let needed = match text(request, "trade_type") {
        "JSAPI" => openid,
        "NATIVE" => "product_id",
        "MWEB" => "scene_info",
        _ => "trade_type",
    };
    if !request.contains_key(needed) {
        return Err(Fault::new("LACK_PARAMS", &format!("缺少参数{needed}")));
    }
    if text(request, openid).starts_with("other-") {
        return Err(Fault::new(foreign, "openid与appid不匹配"));
    }
    let (start, end) =
        (unix_time(text(request, "time_start")), unix_time(text(request, "time_expire")));
    if start.zip(end).is_some_and(|(start, end)| end.saturating_sub(start) <= A_MINUTE) {
        let code = if openid == "openid" { "INVALID_REQUEST" } else { "INVALID_PARAMS" };
        return Err(Fault::new(code, "失效时间间隔必须大于1分钟"));
    }
    Ok(())
}

/// What the merchant gets for an order: new at every call.
fn ticket(trade_type: &str, due: Due, at: &mut Place<'_>) -> Fields {
    let moment = Beijing::at(at.now).digits();
    let prepay_id = format!("wx{moment}{}", at.fresh.digits(20));
    let mut told = fields_of(&[("trade_type", trade_type), ("prepay_id", &prepay_id)]);
    let name = match trade_type {
        "NATIVE" => {
            let code_url = format!("weixin://wxpay/bizpayurl?pr={}", at.fresh.digits(9));
            told.insert("code_url".to_owned(), code_url.clone());
            code_url
        }
        "MWEB" => {
            let package = at.fresh.decimals(10);
            let path = format!("/h5?prepay_id={prepay_id}&package={package}");
            told.insert("mweb_url".to_owned(), format!("{}{path}", at.base_url));
            path
        }
        _ => prepay_id,
    };
    at.tickets.add(&name, due, at.now);
    told
}

/// The parameters without what is new each time.
fn lasting(request: &Fields) -> Fields {
    let mut fields = request.clone();
    fields.retain(|name, _| !matches!(name.as_str(), "nonce_str" | "sign" | "sign_type"));
    fields
}

fn picked(fields: &Fields, names: &[&str]) -> Fields {
    let mut fields = fields.clone();
    fields.retain(|name, _| names.contains(&name.as_str()));
    fields
}

fn combined_key(request: &Fields) -> Key {
    let merchant = text(request, "combine_mch_id");
    (merchant.to_owned(), text(request, "combine_out_trade_no").to_owned())
}

fn missing() -> Fault {
    Fault::new("ORDERNOTEXIST", "订单不存在")
}

fn used() -> Fault {
    Fault::new("OUT_TRADE_NO_USED", "商户订单号重复")
}

/// Who pays where the order does not say it.
const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const A_MINUTE: i64 = 60;
