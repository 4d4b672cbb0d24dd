//! The order book.

use std::collections::HashMap;

use serde_json::Value;

use super::calendar::Beijing;
use super::combined::Combined;
use super::fields;
use super::fresh::Fresh;
use super::order_error::OrderError;
use super::parties::{self, Caller, Mode};
use super::refunds::Refund;
use super::refusal::Refusal;
use super::schema::{self, fen_of, text_of};
use super::trade_type::TradeType;

/// Every order, by the mchid that signs for it and its number.
#[derive(Default)]
pub(super) struct Orders {
    /// By 商户订单号 (out_trade_no).
    pub(super) book: HashMap<Key, Order>,
    /// By 合单商户订单号 (combine_out_trade_no).
    pub(super) combined: HashMap<Key, Combined>,
}

/// A single order, or a part of a combined one, which is paid and refunded like a single order.
pub(super) struct Order {
    pub(super) mode: Mode,
    pub(super) trade_type: TradeType,
    /// What it was placed with: a repetition must say the same.
    pub(super) parameters: Value,
    pub(super) payment: Option<Payment>,
    pub(super) refunds: Vec<Refund>,
    /// 支付结束时间 in Unix seconds: the last moment to pay.
    time_expire: i64,
    /// The last moment of the newest prepay_id, code_url or h5_url, in Unix seconds.
    ticket_expire: i64,
    closed: bool,
    /// The interfaces of single orders do not see a part of a combined one.
    is_part: bool,
}

/// That an order was paid.
pub(super) struct Payment {
    pub(super) transaction_id: String,
    /// Unix seconds.
    pub(super) success_time: i64,
    /// What a coupon paid for the user, in fen.
    pub(super) coupon: u64,
}

/// 交易状态 (trade_state).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TradeState {
    NotPay,
    Success,
    Refund,
    Closed,
}

/// Which order is asked for.
pub(super) enum Wanted {
    OutTradeNo(String),
    TransactionId(String),
}

pub(super) type Key = (String, String);

impl Orders {
    /// 下单. Returns its number.
    pub(super) fn place(
        &mut self,
        mode: Mode,
        trade_type: TradeType,
        body: &[u8],
        caller: &Caller<'_>,
    ) -> Result<String, Refusal> {
        let parameters = schema::read(body, &fields::order(mode, trade_type))?;
        parties::check(&parameters, mode, caller)?;
        parties::check_payer(&parameters, mode)?;
        let order = Order::new(mode, trade_type, parameters, caller.now);
        let number = order.number().to_owned();
        let key = (caller.mchid.to_owned(), number.clone());
        if let Some(placed) = self.book.get_mut(&key).filter(|placed| !placed.is_part) {
            placed.check_reentry(placed.is_same(&order), caller.now)?;
            placed.renew_ticket(caller.now);
            return Ok(number);
        }
        self.check_unused(caller.mchid, &number)?;
        self.book.insert(key, order);
        Ok(number)
    }

    /// 查询订单: `owner` says whose order it is.
    pub(super) fn query(
        &self,
        mode: Mode,
        wanted: &Wanted,
        owner: &Value,
        caller: &Caller<'_>,
    ) -> Result<&Order, Refusal> {
        let key = self.locate(mode, wanted, owner, caller)?;
        key.and_then(|key| self.book.get(&key))
            .ok_or_else(|| Refusal::new(404, "ORDER_NOT_EXIST", "订单不存在").numbered(NOT_FOUND))
    }

    /// 关闭订单.
    ///
    /// Its page lists the errors of a query without ORDER_NOT_EXIST: so a number that nobody knows
    /// is an invalid request.
    pub(super) fn close(
        &mut self,
        mode: Mode,
        out_trade_no: String,
        body: &[u8],
        caller: &Caller<'_>,
    ) -> Result<(), Refusal> {
        let owner = schema::read(body, &[fields::owner(mode)])?;
        let key = self.locate(mode, &Wanted::OutTradeNo(out_trade_no), &owner, caller)?;
        let order = key
            .and_then(|key| self.book.get_mut(&key))
            .ok_or_else(|| Refusal::invalid("订单不存在，无法关闭").numbered(NOT_FOUND))?;
        order.check_unpaid()?;
        order.close();
        Ok(())
    }

    /// The user pays, with a coupon that is worth at most the whole order.
    pub(super) fn pay(
        &mut self,
        mchid: &str,
        out_trade_no: &str,
        coupon: u64,
        now: i64,
        fresh: &mut Fresh,
    ) -> Result<&Order, OrderError> {
        let order = self.single(mchid, out_trade_no)?;
        order.check_payable(now)?;
        order.pay(coupon, now, fresh);
        Ok(order)
    }

    /// The user's payment fails: the order stays as it is.
    pub(super) fn refuse_payment(
        &mut self,
        mchid: &str,
        out_trade_no: &str,
        now: i64,
    ) -> Result<(), OrderError> {
        self.single(mchid, out_trade_no)?.check_payable(now)
    }

    /// The platform closes an order, and its number is burnt.
    pub(super) fn shut(&mut self, mchid: &str, out_trade_no: &str) -> Result<(), OrderError> {
        let order = self.single(mchid, out_trade_no)?;
        order.check_open()?;
        order.close();
        Ok(())
    }

    /// The orders that a merchant signed for, in no order.
    pub(super) fn of(&self, mchid: &str) -> impl Iterator<Item = &Order> {
        self.book.iter().filter(move |((owner, _), _)| owner == mchid).map(|(_, order)| order)
    }

    pub(super) fn of_mut(&mut self, mchid: &str) -> impl Iterator<Item = &mut Order> {
        self.book.iter_mut().filter(move |((owner, _), _)| owner == mchid).map(|(_, order)| order)
    }

    pub(super) fn get_mut(&mut self, mchid: &str, wanted: &Wanted) -> Option<&mut Order> {
        let (key, _) = self.find(mchid, wanted)?;
        let key = key.clone();
        self.book.get_mut(&key)
    }

    /// A number that a merchant gave to an order, a combined order or a part of one is used.
    pub(super) fn check_unused(&self, mchid: &str, number: &str) -> Result<(), Refusal> {
        let key = (mchid.to_owned(), number.to_owned());
        let mut combined = self.combined.iter().filter(|((owner, _), _)| owner == mchid);
        let is_used = self.book.contains_key(&key)
            || self.combined.contains_key(&key)
            || combined.any(|(_, whole)| whole.has_part(number));
        if is_used {
            Err(Refusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复"))
        } else {
            Ok(())
        }
    }

    fn locate(
        &self,
        mode: Mode,
        wanted: &Wanted,
        owner: &Value,
        caller: &Caller<'_>,
    ) -> Result<Option<Key>, Refusal> {
        parties::check(owner, mode, caller)?;
        let seen = |order: &Order| order.mode == mode && !order.is_part;
        let found = self.find(caller.mchid, wanted).filter(|(_, order)| seen(order));
        let Some((key, order)) = found else { return Ok(None) };
        if order.sub_mchid() != owner.get("sub_mchid").and_then(Value::as_str) {
            return Err(Refusal::invalid("商户号与订单不匹配").numbered(OTHER_MERCHANT));
        }
        Ok(Some(key.clone()))
    }

    fn find(&self, mchid: &str, wanted: &Wanted) -> Option<(&Key, &Order)> {
        match wanted {
            Wanted::OutTradeNo(number) => {
                self.book.get_key_value(&(mchid.to_owned(), number.clone()))
            }
            Wanted::TransactionId(id) => self
                .book
                .iter()
                .find(|((owner, _), order)| owner == mchid && order.transaction_id() == Some(id)),
        }
    }

    /// An order that is no part of a combined one.
    pub(super) fn single_of(&self, mchid: &str, out_trade_no: &str) -> Option<&Order> {
        let order = self.book.get(&(mchid.to_owned(), out_trade_no.to_owned()));
        order.filter(|order| !order.is_part)
    }

    fn single(&mut self, mchid: &str, out_trade_no: &str) -> Result<&mut Order, OrderError> {
        let order = self.book.get_mut(&(mchid.to_owned(), out_trade_no.to_owned()));
        order.filter(|order| !order.is_part).ok_or(OrderError::NotPlaced)
    }
}

impl Order {
    fn new(mode: Mode, trade_type: TradeType, parameters: Value, now: i64) -> Self {
        Self {
            time_expire: time_expire(&parameters, now, LATEST),
            ticket_expire: now.saturating_add(trade_type.ticket_life()),
            mode,
            trade_type,
            parameters,
            payment: None,
            refunds: Vec::new(),
            closed: false,
            is_part: false,
        }
    }

    /// A part of a combined order.
    pub(super) fn part(mode: Mode, trade_type: TradeType, parameters: Value, now: i64) -> Self {
        let time_expire = time_expire(&parameters, now, LATEST_COMBINED);
        Self { time_expire, is_part: true, ..Self::new(mode, trade_type, parameters, now) }
    }

    /// 商户订单号.
    pub(super) fn number(&self) -> &str {
        text_of(&self.parameters, "out_trade_no")
    }

    /// 微信支付订单号.
    pub(super) fn transaction_id(&self) -> Option<&str> {
        self.payment.as_ref().map(|payment| payment.transaction_id.as_str())
    }

    pub(super) fn notify_url(&self) -> &str {
        text_of(&self.parameters, "notify_url")
    }

    pub(super) fn sub_mchid(&self) -> Option<&str> {
        self.parameters.get("sub_mchid").and_then(Value::as_str)
    }

    /// In fen.
    pub(super) fn total(&self) -> u64 {
        fen_of(&self.parameters, "/amount/total")
    }

    /// What is left for the user to pay, in fen.
    pub(super) fn payer_total(&self) -> u64 {
        let coupon = self.payment.as_ref().map_or(0, |payment| payment.coupon);
        self.total().saturating_sub(coupon)
    }

    /// As a query shows it: an order that can no longer be paid is closed.
    pub(super) fn state(&self, now: i64) -> TradeState {
        match self.lasting_state() {
            TradeState::NotPay if self.time_expire < now => TradeState::Closed,
            state => state,
        }
    }

    /// The state without regard to the time.
    fn lasting_state(&self) -> TradeState {
        if self.closed {
            TradeState::Closed
        } else if self.payment.is_none() {
            TradeState::NotPay
        } else if self.refunds.iter().any(Refund::has_succeeded) {
            TradeState::Refund
        } else {
            TradeState::Success
        }
    }

    fn is_same(&self, again: &Self) -> bool {
        self.mode == again.mode
            && self.trade_type == again.trade_type
            && self.parameters == again.parameters
    }

    /// 重入: whether it can be placed once more; `same` says whether with the same parameters.
    pub(super) fn check_reentry(&self, same: bool, now: i64) -> Result<(), Refusal> {
        match self.lasting_state() {
            TradeState::Success | TradeState::Refund => {
                return Err(Refusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复：该订单已支付"));
            }
            TradeState::Closed => return Err(closed()),
            TradeState::NotPay => {}
        }
        if !same {
            return Err(Refusal::other_parameters());
        }
        if self.time_expire < now {
            let refusal = Refusal::invalid("订单已失效，请使用新的商户订单号下单");
            return Err(refusal.numbered(EXPIRED));
        }
        Ok(())
    }

    /// Whether it can be closed: once more is no fault.
    pub(super) fn check_unpaid(&self) -> Result<(), Refusal> {
        if self.payment.is_some() {
            return Err(Refusal::invalid("该订单已支付，无法关闭").numbered(PAID));
        }
        Ok(())
    }

    /// Whether it is neither paid nor closed.
    pub(super) fn check_open(&self) -> Result<(), OrderError> {
        match self.lasting_state() {
            TradeState::NotPay => Ok(()),
            TradeState::Success => Err(OrderError::Paid),
            TradeState::Refund => Err(OrderError::Refunded),
            TradeState::Closed => Err(OrderError::Closed),
        }
    }

    /// Whether it is open, and neither the time to pay it nor its ticket is over.
    pub(super) fn check_payable(&self, now: i64) -> Result<(), OrderError> {
        self.check_open()?;
        if self.time_expire < now {
            return Err(OrderError::Expired);
        }
        if self.ticket_expire < now {
            return Err(OrderError::TicketExpired);
        }
        Ok(())
    }

    /// It was placed once more, and got a fresh ticket.
    pub(super) fn renew_ticket(&mut self, now: i64) {
        self.ticket_expire = now.saturating_add(self.trade_type.ticket_life());
    }

    /// With a coupon that is worth at most the whole order.
    pub(super) fn pay(&mut self, coupon: u64, now: i64, fresh: &mut Fresh) {
        let transaction_id = transaction_id(now, fresh);
        let coupon = coupon.min(self.total());
        self.payment = Some(Payment { transaction_id, success_time: now, coupon });
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}

impl TradeState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NotPay => "NOTPAY",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::Closed => "CLOSED",
        }
    }
}

/// Nothing can be done with it any more.
pub(super) fn closed() -> Refusal {
    Refusal::new(400, "ORDER_CLOSED", "该订单已关闭")
}

/// A moment that is too early or too late, by so many seconds, is moved, not refused.
fn time_expire(order: &Value, now: i64, latest: i64) -> i64 {
    let wish = schema::unix_time(text_of(order, "time_expire"));
    let (earliest, latest) = (now.saturating_add(MINUTE), now.saturating_add(latest));
    wish.map_or(now.saturating_add(DEFAULT), |wish| wish.clamp(earliest, latest))
}

/// 28 digits, as in the documents' bills.
fn transaction_id(now: i64, fresh: &mut Fresh) -> String {
    format!("42000{}{}", Beijing::at(now).day_digits(), fresh.decimals(15))
}

/// The service's numbers (排障手册).
const EXPIRED: u32 = 268_447_914;
pub(super) const NOT_FOUND: u32 = 268_512_771;
const PAID: u32 = 268_449_538;
const OTHER_MERCHANT: u32 = 268_447_843;
/// time_expire: at least a minute (seed document), 7 days if absent and 15 at most, of combined
/// orders 7 (current pages).
const MINUTE: i64 = 60;
const DEFAULT: i64 = 7 * 24 * 60 * 60;
const LATEST: i64 = 15 * 24 * 60 * 60;
const LATEST_COMBINED: i64 = 7 * 24 * 60 * 60;

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::authorization::tests::{MCHID, NEIGHBOUR, NOW, SUB_MCHID, merchants};
    use super::super::merchants::Merchants;
    use super::super::transaction;
    use super::*;

    /// What a refusal says, in short.
    pub(crate) type Refused = (u16, String, u32);

    pub(crate) fn short(refusal: Refusal) -> Refused {
        (refusal.status, refusal.code, refusal.number)
    }

    pub(crate) fn refused<T>(status: u16, code: &str, number: u32) -> Result<T, Refused> {
        Err((status, code.to_owned(), number))
    }

    pub(crate) struct Desk {
        pub(crate) orders: Orders,
        pub(crate) merchants: Merchants,
        pub(crate) fresh: Fresh,
        pub(crate) now: i64,
    }

    impl Desk {
        pub(crate) fn open() -> Self {
            let (orders, fresh) = (Orders::default(), Fresh::new([7; 32]));
            Self { orders, merchants: merchants(), fresh, now: NOW }
        }

        pub(crate) fn place(&mut self, order: &Value) -> Result<(), Refused> {
            self.place_as(Mode::Direct, TradeType::App, order)
        }

        pub(crate) fn place_as(
            &mut self,
            mode: Mode,
            trade_type: TradeType,
            order: &Value,
        ) -> Result<(), Refused> {
            let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
            let body = order.to_string();
            self.orders.place(mode, trade_type, body.as_bytes(), &caller).map(drop).map_err(short)
        }

        pub(crate) fn pay(&mut self, number: &str) -> Result<(), OrderError> {
            self.orders.pay(MCHID, number, 0, self.now, &mut self.fresh).map(drop)
        }

        fn query(&self, mode: Mode, wanted: &Wanted, owner: &Value) -> Result<Value, Refused> {
            let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
            let order = self.orders.query(mode, wanted, owner, &caller).map_err(short)?;
            Ok(transaction::describe(order, self.now))
        }

        fn state(&self, number: &str) -> String {
            let wanted = Wanted::OutTradeNo(number.to_owned());
            let told = self.query(Mode::Direct, &wanted, &json!({ "mchid": MCHID })).unwrap();
            text_of(&told, "trade_state").to_owned()
        }

        fn close(&mut self, mode: Mode, number: &str, owner: &Value) -> Result<(), Refused> {
            let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
            let body = owner.to_string();
            self.orders.close(mode, number.to_owned(), body.as_bytes(), &caller).map_err(short)
        }
    }

    pub(crate) fn order() -> Value {
        json!({ "appid": "wx1", "mchid": MCHID, "description": "d", "out_trade_no": "order-1",
            "notify_url": "https://127.0.0.1/notify", "amount": { "total": 100 } })
    }

    pub(crate) fn partner_order() -> Value {
        json!({ "sp_appid": "wx1", "sp_mchid": MCHID, "sub_appid": "wx3", "sub_mchid": SUB_MCHID,
            "description": "d", "out_trade_no": "order-1",
            "notify_url": "https://127.0.0.1/notify", "amount": { "total": 100 } })
    }

    pub(crate) fn with(mut order: Value, field: &str, value: Value) -> Value {
        order[field] = value;
        order
    }

    fn order_with(field: &str, value: Value) -> Value {
        with(order(), field, value)
    }

    pub(crate) const INVALID: &str = "INVALID_REQUEST";
    pub(crate) const UNLISTED: u32 = 268_435_456;

    #[test]
    fn the_parties_are_checked_before_the_order() {
        let mut desk = Desk::open();
        let stranger = order_with("mchid", json!("1"));
        assert_eq!(desk.place(&stranger), refused(400, "MCH_NOT_EXISTS", UNLISTED));
        let neighbour = order_with("mchid", json!(NEIGHBOUR));
        assert_eq!(desk.place(&neighbour), refused(400, INVALID, UNLISTED));
        let appid = order_with("appid", json!("wx2"));
        assert_eq!(desk.place(&appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
        desk.place(&order()).unwrap();
        assert_eq!(desk.place(&appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
    }

    #[test]
    fn a_partner_needs_a_sub_merchant_of_its_own() {
        let mut desk = Desk::open();
        let mut place = |order: Value| desk.place_as(Mode::Partner, TradeType::App, &order);
        let sub_mchid = |mchid: &str| with(partner_order(), "sub_mchid", json!(mchid));
        assert_eq!(place(sub_mchid("1")), refused(400, "MCH_NOT_EXISTS", UNLISTED));
        assert_eq!(place(sub_mchid(NEIGHBOUR)), refused(400, INVALID, UNLISTED));
        let sub_appid = with(partner_order(), "sub_appid", json!("wx1"));
        assert_eq!(place(sub_appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
        assert_eq!(place(order()), refused(400, "PARAM_ERROR", 270_924_358));
        assert_eq!(place(partner_order()), Ok(()));
    }

    #[test]
    fn the_payer_is_a_user_of_the_appid() {
        let mut desk = Desk::open();
        let mut place = |mode, order: Value, payer| {
            desk.place_as(mode, TradeType::Jsapi, &with(order, "payer", payer))
        };
        let direct = json!({ "openid": "other-1" });
        assert_eq!(place(Mode::Direct, order(), direct), refused(500, "OPENID_MISMATCH", UNLISTED));
        let none = refused(400, "PARAM_ERROR", 268_501_013);
        assert_eq!(place(Mode::Partner, partner_order(), json!({})), none);
        let mut without = partner_order();
        without.as_object_mut().unwrap().remove("sub_appid");
        let sub = json!({ "sub_openid": "o" });
        assert_eq!(place(Mode::Partner, without, sub.clone()), refused(400, INVALID, UNLISTED));
        assert_eq!(place(Mode::Partner, partner_order(), sub), Ok(()));
    }

    #[test]
    fn reentry_needs_the_same_parameters() {
        let mut desk = Desk::open();
        desk.place(&order()).unwrap();
        let other = refused(400, INVALID, 268_498_688);
        for changed in [
            order_with("description", json!("D")),
            order_with("amount", json!({ "total": 100, "currency": "CNY" })),
            order_with("attach", json!("a")),
        ] {
            assert_eq!(desk.place(&changed), other);
        }
        assert_eq!(desk.place_as(Mode::Direct, TradeType::Native, &order()), other);
        assert_eq!(desk.place_as(Mode::Partner, TradeType::App, &partner_order()), other);
        assert_eq!(desk.place(&order()), Ok(()));
    }

    #[test]
    fn paid_and_closed_numbers_are_used_up() {
        let mut desk = Desk::open();
        desk.place(&order()).unwrap();
        desk.pay("order-1").unwrap();
        assert_eq!(desk.place(&order()), refused(403, "OUT_TRADE_NO_USED", 268_498_689));
        assert_eq!(desk.orders.shut(MCHID, "order-1"), Err(OrderError::Paid));

        let other = order_with("out_trade_no", json!("order-2"));
        desk.place(&other).unwrap();
        desk.orders.shut(MCHID, "order-2").unwrap();
        assert_eq!(desk.place(&other), refused(400, "ORDER_CLOSED", 268_447_914));
        assert_eq!(desk.pay("order-2"), Err(OrderError::Closed));

        let error = desk.orders.pay(NEIGHBOUR, "order-1", 0, NOW, &mut desk.fresh).err().unwrap();
        assert_eq!(error, OrderError::NotPlaced);
    }

    #[test]
    fn time_expire_is_moved_into_its_bounds() {
        let mut desk = Desk::open();
        let past = order_with("time_expire", json!("2018-06-08T10:34:56+08:00"));
        desk.place(&past).unwrap();
        desk.now = NOW + MINUTE;
        desk.place(&past).unwrap();
        assert_eq!(desk.state("order-1"), "NOTPAY");
        desk.now += 1;
        assert_eq!(desk.state("order-1"), "CLOSED");
        assert_eq!(desk.place(&past), refused(400, INVALID, 268_447_914));
        assert_eq!(desk.pay("order-1"), Err(OrderError::Expired));

        assert_eq!(time_expire(&order(), NOW, LATEST), NOW + DEFAULT);
        let never = order_with("time_expire", json!("9999-12-31T23:59:59Z"));
        assert_eq!(time_expire(&never, NOW, LATEST), NOW + LATEST);
        for now in [i64::MIN, i64::MAX] {
            time_expire(&order(), now, LATEST);
        }
    }

    #[test]
    fn a_ticket_ends_before_its_order_and_is_renewed_by_the_same_order() {
        for (trade_type, life) in [
            (TradeType::App, 7_200),
            (TradeType::Jsapi, 7_200),
            (TradeType::Native, 7_200),
            (TradeType::H5, 300),
        ] {
            let mut desk = Desk::open();
            let order = match trade_type {
                TradeType::Jsapi => order_with("payer", json!({ "openid": "o" })),
                TradeType::H5 => order_with(
                    "scene_info",
                    json!({ "payer_client_ip": "::1", "h5_info": { "type": "Wap" } }),
                ),
                TradeType::App | TradeType::Native => order(),
            };
            desk.place_as(Mode::Direct, trade_type, &order).unwrap();
            desk.now = NOW + life + 1;
            assert_eq!(desk.pay("order-1"), Err(OrderError::TicketExpired));
            assert_eq!(desk.state("order-1"), "NOTPAY");
            desk.place_as(Mode::Direct, trade_type, &order).unwrap();
            desk.now += life;
            assert_eq!(desk.orders.refuse_payment(MCHID, "order-1", desk.now), Ok(()));
            assert_eq!(desk.state("order-1"), "NOTPAY");
            desk.pay("order-1").unwrap();
        }
    }

    #[test]
    fn closing_is_reentrant_and_for_unpaid_orders() {
        let mut desk = Desk::open();
        let owner = json!({ "mchid": MCHID });
        let close = |desk: &mut Desk, number: &str| desk.close(Mode::Direct, number, &owner);
        assert_eq!(close(&mut desk, "order-1"), refused(400, INVALID, NOT_FOUND));
        desk.place(&order()).unwrap();
        assert_eq!(close(&mut desk, "order-1"), Ok(()));
        assert_eq!(close(&mut desk, "order-1"), Ok(()));
        assert_eq!(desk.state("order-1"), "CLOSED");
        desk.place(&order_with("out_trade_no", json!("order-2"))).unwrap();
        desk.pay("order-2").unwrap();
        assert_eq!(close(&mut desk, "order-2"), refused(400, INVALID, PAID));
        assert_eq!(desk.state("order-2"), "SUCCESS");
    }

    #[test]
    fn a_query_is_for_the_owner_only() {
        let mut desk = Desk::open();
        desk.place_as(Mode::Partner, TradeType::App, &partner_order()).unwrap();
        desk.pay("order-1").unwrap();
        let wanted = Wanted::OutTradeNo("order-1".to_owned());
        let partner = json!({ "sp_mchid": MCHID, "sub_mchid": SUB_MCHID });
        let told = desk.query(Mode::Partner, &wanted, &partner).unwrap();
        let id = Wanted::TransactionId(text_of(&told, "transaction_id").to_owned());
        assert_eq!(desk.query(Mode::Partner, &id, &partner).unwrap(), told);
        let direct = desk.query(Mode::Direct, &wanted, &json!({ "mchid": MCHID }));
        assert_eq!(direct, refused(404, "ORDER_NOT_EXIST", NOT_FOUND));

        desk.merchants.get_mut(MCHID).unwrap().sub_mchids.push(NEIGHBOUR.to_owned());
        let other = json!({ "sp_mchid": MCHID, "sub_mchid": NEIGHBOUR });
        let answer = desk.query(Mode::Partner, &wanted, &other);
        assert_eq!(answer, refused(400, INVALID, OTHER_MERCHANT));
        let answer = desk.close(Mode::Partner, "order-1", &other);
        assert_eq!(answer, refused(400, INVALID, OTHER_MERCHANT));
    }

    #[test]
    fn a_transaction_id_looks_like_the_documents() {
        let id = transaction_id(NOW, &mut Fresh::new([0; 32]));
        assert_eq!(id.len(), 28);
        assert!(id.starts_with("4200020190402"), "{id}");
        assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    }
}
