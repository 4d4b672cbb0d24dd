//! An order: its payment, its refunds and its state.

use serde_json::Value;

use super::calendar::Beijing;
use super::caller::MerchantKind;
use super::order_error::OrderError;
use super::refund::Refund;
use super::refusal::Refusal;
use super::schema::{self, fen_of, text_of};
use super::trade_type::TradeType;
use super::unique_ids::UniqueIds;

/// A single order, or a part of a combined one, which is paid and refunded like a single order.
pub(super) struct Order {
    pub(super) mode: MerchantKind,
    pub(super) trade_type: TradeType,
    /// The parameters that it was placed with, which a repetition must have as well.
    pub(super) parameters: Value,
    pub(super) payment: Option<Payment>,
    pub(super) refunds: Vec<Refund>,
    /// 支付结束时间 in Unix seconds: the last moment to pay.
    time_expire: i64,
    /// The last moment of the newest prepay_id, code_url or h5_url, in Unix seconds.
    token_expire: i64,
    closed: bool,
    /// The interfaces of single orders do not see a part of a combined one.
    pub(super) is_part: bool,
}

/// The payment of an order.
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

impl Order {
    pub(super) fn new(
        mode: MerchantKind,
        trade_type: TradeType,
        parameters: Value,
        now: i64,
    ) -> Self {
        Self {
            time_expire: time_expire(&parameters, now, LATEST),
            token_expire: now.saturating_add(trade_type.token_life()),
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
    pub(super) fn part(
        mode: MerchantKind,
        trade_type: TradeType,
        parameters: Value,
        now: i64,
    ) -> Self {
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

    pub(super) fn is_same(&self, again: &Self) -> bool {
        self.mode == again.mode
            && self.trade_type == again.trade_type
            && self.parameters == again.parameters
    }

    /// 重入: whether it can be placed again; `same` is whether the parameters are the same.
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

    /// Whether it is open, and neither the time to pay it nor its payment token is over.
    pub(super) fn check_payable(&self, now: i64) -> Result<(), OrderError> {
        self.check_open()?;
        if self.time_expire < now {
            return Err(OrderError::Expired);
        }
        if self.token_expire < now {
            return Err(OrderError::PaymentTokenExpired);
        }
        Ok(())
    }

    /// Renews the payment token of an order that is placed again.
    pub(super) fn renew_payment_token(&mut self, now: i64) {
        self.token_expire = now.saturating_add(self.trade_type.token_life());
    }

    /// With a coupon that is worth at most the whole order.
    pub(super) fn pay(&mut self, coupon: u64, now: i64, ids: &mut UniqueIds) {
        let transaction_id = transaction_id(now, ids);
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
fn transaction_id(now: i64, ids: &mut UniqueIds) -> String {
    format!("42000{}{}", Beijing::at(now).day_digits(), ids.decimals(15))
}

/// The service's numbers (排障手册).
const EXPIRED: u32 = 268_447_914;
pub(super) const NOT_FOUND: u32 = 268_512_771;
pub(super) const PAID: u32 = 268_449_538;
/// time_expire: at least a minute (seed document), 7 days if absent and 15 at most, of combined
/// orders 7 (current pages).
const MINUTE: i64 = 60;
const DEFAULT: i64 = 7 * 24 * 60 * 60;
const LATEST: i64 = 15 * 24 * 60 * 60;
const LATEST_COMBINED: i64 = 7 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::authorization_header::tests::NOW;
    use super::super::test_desk::{Desk, INVALID, order, refused, with};
    use super::*;

    #[test]
    fn time_expire_is_moved_into_its_bounds() {
        let mut desk = Desk::open();
        let past = with(order(), "time_expire", json!("2018-06-08T10:34:56+08:00"));
        desk.place(&past).unwrap();
        desk.now = NOW + MINUTE;
        desk.place(&past).unwrap();
        assert_eq!(desk.state("order-1"), "NOTPAY");
        desk.now += 1;
        assert_eq!(desk.state("order-1"), "CLOSED");
        assert_eq!(desk.place(&past), refused(400, INVALID, 268_447_914));
        assert_eq!(desk.pay("order-1"), Err(OrderError::Expired));

        assert_eq!(time_expire(&order(), NOW, LATEST), NOW + DEFAULT);
        let never = with(order(), "time_expire", json!("9999-12-31T23:59:59Z"));
        assert_eq!(time_expire(&never, NOW, LATEST), NOW + LATEST);
        for now in [i64::MIN, i64::MAX] {
            time_expire(&order(), now, LATEST);
        }
    }

    #[test]
    fn transaction_id_looks_like_the_documents() {
        let id = transaction_id(NOW, &mut UniqueIds::new([0; 32]));
        assert_eq!(id.len(), 28);
        assert!(id.starts_with("4200020190402"), "{id}");
        assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    }
}
