//! An order of APIv2: its payment, its refunds and its state.

use serde_json::{Value, json};

use super::super::calendar::Beijing;
use super::super::order_error::OrderError;
use super::super::refund::RefundStatus;
use super::super::sharing::paid_order::PaidOrder;
use super::super::trade_type::{FIVE_MINUTES, TWO_HOURS};
use super::super::unique_ids::UniqueIds;
use super::fields::{Fields, fields_of, number_of, picked, text, unix_time};
use super::refund::Refund;
use super::refusal::Refusal;
use super::till::Till;

/// A single order, or a part of a combined one.
pub(super) struct Order {
    /// The fields of the request; a repetition must have the same.
    pub(super) parameters: Fields,
    pub(super) sign_type: String,
    pub(super) refunds: Vec<Refund>,
    pub(super) payment: Option<Payment>,
    pub(super) placed: i64,
    /// The last moment of the newest prepay_id, code_url or mweb_url, in Unix seconds.
    pub(super) token_expire: i64,
    pub(super) closed: bool,
    pub(super) is_part: bool,
    pub(super) till: Option<Till>,
}

/// The payment of an order.
pub(super) struct Payment {
    pub(super) transaction_id: String,
    pub(super) time_end: i64,
    /// What each coupon paid, in fen.
    pub(super) coupons: Vec<u64>,
}

impl Order {
    pub(super) fn total_fee(&self) -> u64 {
        number_of(&self.parameters, "total_fee")
    }

    /// What the payer paid without coupons.
    pub(super) fn cash_fee(&self) -> u64 {
        let coupon_fee = self.payment.as_ref().map_or(0, Payment::coupon_fee);
        self.total_fee().saturating_sub(coupon_fee)
    }

    /// The currency, which only a part of a combined order may choose.
    pub(super) fn fee_type(&self) -> &str {
        self.parameters.get("fee_type").map_or("CNY", String::as_str)
    }

    /// The paid order as profit sharing sees it.
    pub(super) fn to_paid_order(&self, payment: &Payment) -> PaidOrder {
        let open = self.refunds.iter().filter(|refund| refund.status != RefundStatus::Closed);
        let sub_mchid = self.parameters.get("sub_mch_id").filter(|id| !id.is_empty()).cloned();
        PaidOrder {
            transaction_id: payment.transaction_id.clone(),
            payer: sub_mchid.clone().unwrap_or_else(|| text(&self.parameters, "mch_id").to_owned()),
            sub_mchid,
            total: self.total_fee(),
            refunded: open.fold(0, |sum, refund| sum.saturating_add(refund.fee())),
            paid_at: payment.time_end,
            is_sharing: text(&self.parameters, "profit_sharing") == "Y",
        }
    }

    /// The fields of a query: only a few fields of an unpaid order.
    pub(super) fn describe(&self, now: i64) -> Fields {
        let is_reversed = self.till.as_ref().is_some_and(|till| till.is_reversed);
        let Some(payment) = self.payment.as_ref().filter(|_| !is_reversed) else {
            let (state, text) = match (&self.till, self.closed) {
                (Some(till), _) => till.state(now),
                (None, true) => ("CLOSED", "订单已关闭"),
                (None, false) => ("NOTPAY", "订单未支付"),
            };
            let mut output = picked(&self.parameters, &["out_trade_no", "attach", "device_info"]);
            output.extend(fields_of(&[("trade_state", state), ("trade_state_desc", text)]));
            return output;
        };
        let mut output = self.describe_payment(payment);
        let refunded = self.refunds.iter().any(Refund::has_succeeded);
        let (state, text) =
            if refunded { ("REFUND", "转入退款") } else { ("SUCCESS", "支付成功") };
        output.extend(fields_of(&[("trade_state", state), ("trade_state_desc", text)]));
        output
    }

    /// The fields of a paid order in queries and notifications.
    pub(super) fn describe_payment(&self, payment: &Payment) -> Fields {
        let names = ["out_trade_no", "attach", "device_info", "trade_type", "total_fee"];
        let mut output = picked(&self.parameters, &names);
        let openid = self.parameters.get("openid").map_or(OPENID, String::as_str);
        output.extend(fields_of(&[
            ("openid", openid),
            ("is_subscribe", "N"),
            ("bank_type", "OTHERS"),
            ("fee_type", self.fee_type()),
            ("cash_fee", &self.cash_fee().to_string()),
            ("transaction_id", &payment.transaction_id),
            ("time_end", &Beijing::at(payment.time_end).digits()),
        ]));
        if !payment.coupons.is_empty() {
            output.insert("coupon_fee".to_owned(), payment.coupon_fee().to_string());
            output.insert("coupon_count".to_owned(), payment.coupons.len().to_string());
        }
        for (index, fee) in payment.coupons.iter().enumerate() {
            output.insert(format!("coupon_id_{index}"), coupon_id(index));
            output.insert(format!("coupon_type_{index}"), "CASH".to_owned());
            output.insert(format!("coupon_fee_{index}"), fee.to_string());
        }
        output
    }

    pub(super) fn describe_part(&self) -> Value {
        let parameter = |name| text(&self.parameters, name);
        let mut part = json!({
            "appid": parameter("appid"),
            "mch_id": parameter("mch_id"),
            "out_trade_no": parameter("out_trade_no"),
            "attach": parameter("attach"),
            "fee_type": self.fee_type(),
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

    pub(super) fn check_reentry(&self, again: &Self) -> Result<(), Refusal> {
        self.check_open()?;
        if self.parameters != again.parameters {
            return Err(Refusal::new("INVALID_REQUEST", "订单重入时，参数值与原请求不一致"));
        }
        Ok(())
    }

    pub(super) fn check_open(&self) -> Result<(), Refusal> {
        check_open(self.payment.is_some(), self.closed)
    }

    /// As [`check_unpaid`].
    pub(super) fn check_unpaid(&self) -> Result<(), OrderError> {
        if self.refunds.iter().any(Refund::has_succeeded) {
            return Err(OrderError::Refunded);
        }
        let is_reversed = self.till.as_ref().is_some_and(|till| till.is_reversed);
        check_unpaid(self.payment.is_some() && !is_reversed, self.closed || is_reversed)
    }

    pub(super) fn check_payable(&self, now: i64) -> Result<(), OrderError> {
        if self.refunds.iter().any(Refund::has_succeeded) {
            return Err(OrderError::Refunded);
        }
        if let Some(till) = &self.till {
            self.check_unpaid()?;
            return match till.state(now) {
                ("USERPAYING", _) => Ok(()),
                _ => Err(OrderError::Expired),
            };
        }
        let times = Times { token_expire: self.token_expire, now };
        times.check_payable(self.payment.is_some(), self.closed, &self.parameters)
    }
}

impl Payment {
    pub(super) fn new(coupons: &[u64], now: i64, ids: &mut UniqueIds) -> Self {
        let day = Beijing::at(now).day_digits();
        let transaction_id = format!("4200000000{day}{}", ids.decimals(10));
        Self { transaction_id, time_end: now, coupons: coupons.to_vec() }
    }

    fn coupon_fee(&self) -> u64 {
        self.coupons.iter().fold(0, |sum, fee| sum.saturating_add(*fee))
    }
}

/// 代金券ID of the coupon with this index.
pub(super) fn coupon_id(index: usize) -> String {
    10_000_usize.saturating_add(index).to_string()
}

/// The times that decide whether an order can be paid.
pub(super) struct Times {
    pub(super) token_expire: i64,
    pub(super) now: i64,
}

impl Times {
    pub(super) fn check_payable(
        &self,
        paid: bool,
        closed: bool,
        parameters: &Fields,
    ) -> Result<(), OrderError> {
        check_unpaid(paid, closed)?;
        let time_expire = unix_time(text(parameters, "time_expire"));
        if time_expire.is_some_and(|end| end < self.now) {
            Err(OrderError::Expired)
        } else if self.token_expire < self.now {
            Err(OrderError::PaymentTokenExpired)
        } else {
            Ok(())
        }
    }
}

/// The last moment of a payment token, which lives as long as in APIv3.
pub(super) fn token_expire(request: &Fields, now: i64) -> i64 {
    let is_h5 = text(request, "trade_type") == "MWEB";
    now.saturating_add(if is_h5 { FIVE_MINUTES } else { TWO_HOURS })
}

/// Whether an order is neither paid nor closed, for users and the platform.
pub(super) fn check_unpaid(paid: bool, closed: bool) -> Result<(), OrderError> {
    match (paid, closed) {
        (true, _) => Err(OrderError::Paid),
        (_, true) => Err(OrderError::Closed),
        _ => Ok(()),
    }
}

/// Whether an order is neither paid nor closed, for the merchant.
pub(super) fn check_open(paid: bool, closed: bool) -> Result<(), Refusal> {
    match (paid, closed) {
        (true, _) => Err(Refusal::new("ORDERPAID", "商户订单已支付")),
        (_, true) => Err(Refusal::new("ORDERCLOSED", "订单已关闭")),
        _ => Ok(()),
    }
}

/// The payer, where the order does not name one.
pub(super) const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
