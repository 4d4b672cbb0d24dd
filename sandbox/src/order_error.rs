//! Why users and the platform cannot do something to an order.

use std::error::Error;
use std::fmt;

/// Why this cannot be done to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderError {
    /// No order of this kind and number was placed: combined orders, their parts and orders of APIv2 are
    /// of other kinds than single orders of APIv3.
    NotPlaced,
    /// It is paid.
    Paid,
    /// It is paid, and something of it was refunded.
    Refunded,
    /// It is closed: its number is burnt.
    Closed,
    /// 支付结束时间 (time_expire) is over: the order can only be closed.
    Expired,
    /// The prepay_id, code_url or h5_url is too old: the same order, placed again, gets a fresh one.
    TicketExpired,
}

impl fmt::Display for OrderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotPlaced => "the sandbox has no order of this kind with this number",
            Self::Paid => "the order is paid already",
            Self::Refunded => "the order is paid already, and something of it was refunded",
            Self::Closed => "the order is closed already",
            Self::Expired => "the time to pay the order (time_expire) is over",
            Self::TicketExpired => {
                "the order's prepay_id, code_url or h5_url has expired: place the same order again"
            }
        })
    }
}

impl Error for OrderError {}
