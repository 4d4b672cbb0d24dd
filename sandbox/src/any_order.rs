//! An order that can be paid, whatever its kind.

use serde_json::Value;

use super::combined_order::CombinedOrder;
use super::combined_transaction;
use super::order::Order;
use super::order_error::OrderError;
use super::transaction;

/// A single order or a combined one.
pub(super) enum AnyOrder<'a> {
    Single(&'a Order),
    Combined(CombinedOrder<'a>),
}

impl AnyOrder<'_> {
    pub(super) fn is_combined(&self) -> bool {
        matches!(self, Self::Combined(_))
    }

    pub(super) fn notify_url(&self) -> &str {
        match self {
            Self::Single(order) => order.notify_url(),
            Self::Combined(order) => order.notify_url(),
        }
    }

    /// The orders that are paid and closed together.
    pub(super) fn parts(&self) -> &[&Order] {
        match self {
            Self::Single(order) => std::slice::from_ref(order),
            Self::Combined(order) => &order.parts,
        }
    }

    /// Whether it is neither paid nor closed.
    pub(super) fn check_open(&self) -> Result<(), OrderError> {
        self.parts().iter().try_for_each(|part| part.check_open())
    }

    /// Whether it is open, and neither the time to pay it nor its payment token is over.
    pub(super) fn check_payable(&self, now: i64) -> Result<(), OrderError> {
        self.parts().iter().try_for_each(|part| part.check_payable(now))
    }

    /// The JSON of queries and notifications about it.
    pub(super) fn describe(&self, now: i64) -> Value {
        match self {
            Self::Single(order) => transaction::describe(order, now),
            Self::Combined(order) => combined_transaction::describe(order, now),
        }
    }
}
