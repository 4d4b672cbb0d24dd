//! Why users and the platform cannot do something to an order.

use std::error::Error;
use std::fmt;

/// Why an order cannot be paid, or its payment refused, or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderError {
    /// No order with this number was placed. A sub-order of a combined order (合单) cannot be paid or
    /// closed alone: use the number of the combined order (合单商户订单号).
    NotPlaced,
    /// The order is paid.
    Paid,
    /// The order is paid, and a part of it or all was refunded.
    Refunded,
    /// The order is closed, and its number cannot be used again.
    Closed,
    /// 支付结束时间 (time_expire): the time to pay the order is over. It can only be closed.
    Expired,
    /// The prepay_id, code_url or h5_url is too old. Placing the same order again returns a new one.
    PaymentTokenExpired,
    /// A coupon was given for a combined order, which the sandbox does not support.
    CouponNotSupported,
}

impl fmt::Display for OrderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotPlaced => {
                "the sandbox has no order with this number; check the order number, which is \
                 combine_out_trade_no for a combined order"
            }
            Self::Paid => "the order is already paid",
            Self::Refunded => "the order is already paid, and a part of it or all was refunded",
            Self::Closed => "the order is already closed; use a new order number",
            Self::Expired => "the time to pay the order (time_expire) is over; place a new order",
            Self::PaymentTokenExpired => {
                "the order's prepay_id, code_url or h5_url has expired; place the same order again"
            }
            Self::CouponNotSupported => {
                "the sandbox has no coupons for combined orders; pay without one"
            }
        })
    }
}

impl Error for OrderError {}
