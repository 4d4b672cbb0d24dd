//! The order book.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fresh::Fresh;
use super::merchants::Merchants;
use super::refusal::Refusal;
use super::schema::{self, APP_ORDER};

/// Every order, by mchid and 商户订单号 (out_trade_no).
#[derive(Default)]
pub(super) struct Orders {
    book: HashMap<(String, String), Order>,
}

/// A single order.
struct Order {
    /// What it was placed with: a repetition must say the same.
    parameters: Value,
    state: TradeState,
    /// 支付结束时间 in Unix seconds: the last moment to pay.
    time_expire: i64,
}

/// 交易状态 (trade_state).
#[derive(Clone, Copy, Debug, PartialEq)]
enum TradeState {
    NotPay,
    Success,
    Closed,
}

/// There is no order of this number for which this could be done.
#[derive(Clone, Debug)]
pub struct NoSuchOrder {
    out_trade_no: String,
    trade_state: Option<TradeState>,
}

impl Orders {
    /// APP下单: the body of an order that `signing_mchid` sends, for a prepay_id.
    pub(super) fn place_app(
        &mut self,
        body: &[u8],
        signing_mchid: &str,
        merchants: &Merchants,
        now: i64,
        fresh: &mut Fresh,
    ) -> Result<Value, Refusal> {
        let parameters = schema::read(body, APP_ORDER)?;
        check_parties(&parameters, signing_mchid, merchants)?;
        self.enter(parameters, now)?;
        Ok(json!({ "prepay_id": prepay_id(now, fresh) }))
    }

    /// The user pays.
    pub(super) fn pay(
        &mut self,
        mchid: &str,
        out_trade_no: &str,
        now: i64,
    ) -> Result<(), NoSuchOrder> {
        let order = self.open_order(mchid, out_trade_no)?;
        if order.time_expire < now {
            return Err(NoSuchOrder::new(out_trade_no, Some(order.state)));
        }
        order.state = TradeState::Success;
        Ok(())
    }

    /// The order is closed, and its number is burnt.
    pub(super) fn close(&mut self, mchid: &str, out_trade_no: &str) -> Result<(), NoSuchOrder> {
        self.open_order(mchid, out_trade_no)?.state = TradeState::Closed;
        Ok(())
    }

    /// Writes a new order into the book, or lets the repetition of an open one pass.
    fn enter(&mut self, parameters: Value, now: i64) -> Result<(), Refusal> {
        let key =
            (text(&parameters, "mchid").to_owned(), text(&parameters, "out_trade_no").to_owned());
        match self.book.get(&key) {
            Some(order) => order.check_reentry(&parameters, now),
            None => {
                let time_expire = time_expire(&parameters, now);
                self.book.insert(key, Order { parameters, state: TradeState::NotPay, time_expire });
                Ok(())
            }
        }
    }

    fn open_order(&mut self, mchid: &str, out_trade_no: &str) -> Result<&mut Order, NoSuchOrder> {
        match self.book.get_mut(&(mchid.to_owned(), out_trade_no.to_owned())) {
            Some(order) if order.state == TradeState::NotPay => Ok(order),
            other => Err(NoSuchOrder::new(out_trade_no, other.map(|order| order.state))),
        }
    }
}

impl Order {
    fn check_reentry(&self, parameters: &Value, now: i64) -> Result<(), Refusal> {
        match self.state {
            TradeState::Success => {
                return Err(Refusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复：该订单已支付"));
            }
            TradeState::Closed => return Err(Refusal::new(400, "ORDER_CLOSED", "该订单已关闭")),
            TradeState::NotPay => {}
        }
        if self.parameters != *parameters {
            let refusal =
                Refusal::new(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
            return Err(refusal.numbered(OTHER_PARAMETERS));
        }
        if self.time_expire < now {
            let refusal =
                Refusal::new(400, "INVALID_REQUEST", "订单已失效，请使用新的商户订单号下单");
            return Err(refusal.numbered(EXPIRED));
        }
        Ok(())
    }
}

impl TradeState {
    fn as_str(self) -> &'static str {
        match self {
            Self::NotPay => "NOTPAY",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
        }
    }
}

impl NoSuchOrder {
    fn new(out_trade_no: &str, trade_state: Option<TradeState>) -> Self {
        Self { out_trade_no: out_trade_no.to_owned(), trade_state }
    }
}

impl fmt::Display for NoSuchOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = &self.out_trade_no;
        match self.trade_state {
            None => write!(formatter, "the sandbox has no order {number}"),
            Some(TradeState::NotPay) => write!(formatter, "the time to pay order {number} is over"),
            Some(state) => write!(formatter, "order {number} is {} already", state.as_str()),
        }
    }
}

impl Error for NoSuchOrder {}

/// The merchant must exist, must be the one who signed, and must own the appid.
fn check_parties(order: &Value, signing_mchid: &str, merchants: &Merchants) -> Result<(), Refusal> {
    let mchid = text(order, "mchid");
    let merchant =
        merchants.get(mchid).ok_or_else(|| Refusal::new(400, "MCH_NOT_EXISTS", "商户号不存在"))?;
    if mchid != signing_mchid {
        return Err(Refusal::new(
            400,
            "INVALID_REQUEST",
            "商户号mchid与Http头Authorization中的mchid不一致",
        ));
    }
    let appid = text(order, "appid");
    if !merchant.appids.iter().any(|bound| bound == appid) {
        return Err(Refusal::new(
            400,
            "APPID_MCHID_NOT_MATCH",
            "appid和mch_id不匹配，请检查后再试",
        ));
    }
    Ok(())
}

/// A moment that is too early or too late is moved, not refused.
fn time_expire(order: &Value, now: i64) -> i64 {
    let wish = schema::unix_time(text(order, "time_expire"));
    let (earliest, latest) = (now.saturating_add(MINUTE), now.saturating_add(LATEST));
    wish.map_or(now.saturating_add(DEFAULT), |wish| wish.clamp(earliest, latest))
}

/// `wx`, the moment in Beijing, hex digits: 36 characters.
fn prepay_id(now: i64, fresh: &mut Fresh) -> String {
    let beijing = OffsetDateTime::from_unix_timestamp(now.saturating_add(BEIJING)).ok();
    let moment = beijing.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default();
    let moment: String = moment.chars().filter(char::is_ascii_digit).collect();
    let hex = fresh.digits(PREPAY_ID.saturating_sub("wx".len()).saturating_sub(moment.len()));
    format!("wx{moment}{hex}")
}

/// A string field that the schema has let pass; empty if it is an absent optional one.
fn text<'a>(order: &'a Value, field: &str) -> &'a str {
    order.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The service's numbers for both (排障手册).
const OTHER_PARAMETERS: u32 = 268_498_688;
const EXPIRED: u32 = 268_447_914;
/// time_expire: at least a minute (seed document), 7 days if absent and 15 at most (current pages).
const MINUTE: i64 = 60;
const DEFAULT: i64 = 7 * 24 * 60 * 60;
const LATEST: i64 = 15 * 24 * 60 * 60;
/// Seconds that Beijing is ahead of UTC.
const BEIJING: i64 = 8 * 60 * 60;
/// The length of the documents' sample.
const PREPAY_ID: usize = 36;

#[cfg(test)]
mod tests {
    use super::super::authorization::tests::{MCHID, NEIGHBOUR, NOW, merchants};
    use super::*;

    struct Desk {
        orders: Orders,
        merchants: Merchants,
        fresh: Fresh,
        now: i64,
    }

    impl Desk {
        fn open() -> Self {
            let (orders, fresh) = (Orders::default(), Fresh::new([7; 32]));
            Self { orders, merchants: merchants(), fresh, now: NOW }
        }

        fn place(&mut self, order: &Value) -> Result<String, (u16, String, u32)> {
            let Self { orders, merchants, fresh, now } = self;
            orders
                .place_app(order.to_string().as_bytes(), MCHID, merchants, *now, fresh)
                .map(|answer| answer["prepay_id"].as_str().unwrap().to_owned())
                .map_err(|refusal| (refusal.status, refusal.code, refusal.number))
        }
    }

    fn order() -> Value {
        json!({ "appid": "wx1", "mchid": MCHID, "description": "d", "out_trade_no": "order-1",
            "notify_url": "https://127.0.0.1/notify", "amount": { "total": 1 } })
    }

    fn order_with(field: &str, value: Value) -> Value {
        let mut order = order();
        order[field] = value;
        order
    }

    #[test]
    fn a_prepay_id_looks_like_the_documents() {
        let prepay_id = Desk::open().place(&order()).unwrap();
        assert_eq!(prepay_id.len(), "wx201410272009395522657a690389285100".len());
        assert!(prepay_id.starts_with("wx20190402203420"), "{prepay_id}");
    }

    #[test]
    fn the_parties_are_checked_before_the_order() {
        let mut desk = Desk::open();
        let refused = |status, code: &str, number| Err((status, code.to_owned(), number));
        let stranger = order_with("mchid", json!("1"));
        assert_eq!(desk.place(&stranger), refused(400, "MCH_NOT_EXISTS", 268_435_456));
        let neighbour = order_with("mchid", json!(NEIGHBOUR));
        assert_eq!(desk.place(&neighbour), refused(400, "INVALID_REQUEST", 268_435_456));
        let appid = order_with("appid", json!("wx2"));
        assert_eq!(desk.place(&appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
        desk.place(&order()).unwrap();
        assert_eq!(desk.place(&appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
    }

    #[test]
    fn reentry_needs_the_same_parameters() {
        let mut desk = Desk::open();
        let first = desk.place(&order()).unwrap();
        assert_ne!(desk.place(&order()).unwrap(), first);
        for changed in [
            order_with("description", json!("D")),
            order_with("amount", json!({ "total": 1, "currency": "CNY" })),
            order_with("attach", json!("a")),
        ] {
            let refusal = (400, "INVALID_REQUEST".to_owned(), 268_498_688);
            assert_eq!(desk.place(&changed), Err(refusal));
        }
        assert!(desk.place(&order()).is_ok());
    }

    #[test]
    fn paid_and_closed_numbers_are_used_up() {
        let mut desk = Desk::open();
        desk.place(&order()).unwrap();
        desk.orders.pay(MCHID, "order-1", NOW).unwrap();
        assert_eq!(desk.place(&order()), Err((403, "OUT_TRADE_NO_USED".to_owned(), 268_498_689)));
        let error = desk.orders.close(MCHID, "order-1").unwrap_err();
        assert_eq!(error.to_string(), "order order-1 is SUCCESS already");

        let other = order_with("out_trade_no", json!("order-2"));
        desk.place(&other).unwrap();
        desk.orders.close(MCHID, "order-2").unwrap();
        assert_eq!(desk.place(&other), Err((400, "ORDER_CLOSED".to_owned(), 268_447_914)));
        let error = desk.orders.pay(MCHID, "order-2", NOW).unwrap_err();
        assert_eq!(error.to_string(), "order order-2 is CLOSED already");

        let error = desk.orders.pay(NEIGHBOUR, "order-1", NOW).unwrap_err();
        assert_eq!(error.to_string(), "the sandbox has no order order-1");
    }

    #[test]
    fn time_expire_is_moved_into_its_bounds() {
        let mut desk = Desk::open();
        let past = order_with("time_expire", json!("2018-06-08T10:34:56+08:00"));
        desk.place(&past).unwrap();
        desk.now = NOW + MINUTE;
        desk.place(&past).unwrap();
        desk.now += 1;
        assert_eq!(desk.place(&past), Err((400, "INVALID_REQUEST".to_owned(), 268_447_914)));
        let error = desk.orders.pay(MCHID, "order-1", desk.now).unwrap_err();
        assert_eq!(error.to_string(), "the time to pay order order-1 is over");

        assert_eq!(time_expire(&order(), NOW), NOW + DEFAULT);
        let never = order_with("time_expire", json!("9999-12-31T23:59:59Z"));
        assert_eq!(time_expire(&never, NOW), NOW + LATEST);
    }

    #[test]
    fn the_clock_may_show_anything() {
        for now in [i64::MIN, i64::MAX] {
            assert_eq!(prepay_id(now, &mut Fresh::new([0; 32])).len(), PREPAY_ID);
            time_expire(&order(), now);
        }
    }
}
