//! A refund of an order of APIv2.

use super::super::refund::RefundStatus;
use super::fields::{Fields, number_of, text};

/// A refund of an order.
pub(super) struct Refund {
    /// The fields of the request; a repetition must have the same.
    pub(super) parameters: Fields,
    pub(super) refund_id: String,
    pub(super) status: RefundStatus,
    /// Unix seconds.
    pub(super) create_time: i64,
    pub(super) success_time: Option<i64>,
    /// What goes back into each coupon of the order, in fen.
    pub(super) coupons: Vec<u64>,
    /// Whether frozen money of the order pays it (分账), and not the available balance.
    pub(super) is_from_frozen: bool,
}

impl Refund {
    pub(super) fn has_succeeded(&self) -> bool {
        self.status == RefundStatus::Success
    }

    /// Where its notification goes, if it has an address of its own.
    pub(super) fn notify_url(&self) -> Option<&str> {
        self.parameters.get("notify_url").map(String::as_str)
    }

    pub(super) fn number(&self) -> &str {
        text(&self.parameters, "out_refund_no")
    }

    pub(super) fn fee(&self) -> u64 {
        number_of(&self.parameters, "refund_fee")
    }

    pub(super) fn coupon_fee(&self) -> u64 {
        self.coupons.iter().fold(0, |sum, fee| sum.saturating_add(*fee))
    }
}
