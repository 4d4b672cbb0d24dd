//! A combined order (合单) of APIv2.

use super::super::order_error::OrderError;
use super::fields::Fields;
use super::order::{Times, check_open, check_unpaid};
use super::refusal::Refusal;

/// A combined order. Its parts are orders of their own, which are paid and closed together with it.
pub(super) struct CombinedOrder {
    pub(super) parameters: Fields,
    /// By merchant and number.
    pub(super) parts: Vec<(String, String)>,
    pub(super) placed: i64,
    pub(super) token_expire: i64,
    pub(super) closed: bool,
    pub(super) paid: bool,
}

impl CombinedOrder {
    pub(super) fn check_open(&self) -> Result<(), Refusal> {
        check_open(self.paid, self.closed)
    }

    pub(super) fn check_payable(&self, now: i64) -> Result<(), OrderError> {
        let times = Times { token_expire: self.token_expire, now };
        times.check_payable(self.paid, self.closed, &self.parameters)
    }

    pub(super) fn state(&self) -> &'static str {
        match (self.paid, self.closed) {
            (true, _) => "SUCCESS",
            (false, true) => "CLOSED",
            (false, false) => "NOTPAY",
        }
    }

    /// As [`check_unpaid`].
    pub(super) fn check_unpaid(&self) -> Result<(), OrderError> {
        check_unpaid(self.paid, self.closed)
    }
}
