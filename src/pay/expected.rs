//! What a transaction must agree with to prove a payment.

use crate::id::{AppId, OutTradeNo};
use crate::money::Fen;
use crate::pay::Order;

/// The part of an order that [`Transaction::paid`](crate::pay::Transaction::paid) compares. A `&Order` converts into it.
///
/// Take the values from your own records, such as a row of your database, never from the transaction.
///
/// ```
/// use wechatpay::pay::{Expected, NotPaid, Paid, Transaction};
/// use wechatpay::{AppId, Fen, OutTradeNo};
///
/// fn example(
///     transaction: &Transaction,
///     mchid: &str,
///     (appid, out_trade_no, total): (AppId, OutTradeNo, u64), // A row of your database.
/// ) -> Result<Paid, NotPaid> {
///     transaction.paid(mchid, Expected::new(&appid, &out_trade_no, Fen(total)))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expected<'a> {
    /// 应用ID: the appid of the order.
    pub appid: &'a AppId,
    /// 商户订单号: merchant order number.
    pub out_trade_no: &'a OutTradeNo,
    /// 总金额: what was ordered, in fen.
    pub total: Fen,
}

impl<'a> Expected<'a> {
    /// An order by what must agree.
    #[must_use]
    pub fn new(appid: &'a AppId, out_trade_no: &'a OutTradeNo, total: Fen) -> Self {
        Self { appid, out_trade_no, total }
    }
}

impl<'a> From<&'a Order> for Expected<'a> {
    fn from(order: &'a Order) -> Self {
        Self::new(&order.appid, &order.out_trade_no, order.total)
    }
}
