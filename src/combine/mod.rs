//! 合单: combined orders, one payment for several sub-orders. All of them are paid, or none.
//!
//! Place one with [`app::prepay`], [`jsapi::prepay`], [`native::prepay`] or [`h5::prepay`]; start
//! the payment with [`pay::app::invoke`](crate::pay::app::invoke) or
//! [`pay::jsapi::invoke`](crate::pay::jsapi::invoke), which accept combined orders too; query it with [`query`].
//! Ship only after [`Transaction::paid`] has proved that it is paid. The queries of [`pay`](crate::pay) do not
//! find combined orders.
//!
//! Each sub-order is refunded separately: by its own merchant, with its own order number, through
//! [`refund::apply`](crate::refund::apply).
//!
//! ```
//! use wechatpay::combine::{self, Order, SubOrder};
//! use wechatpay::{Fen, OutTradeNo, pay};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! let (appid, notify_url) = (sandbox.appid(), sandbox.notify_url());
//!
//! let (first, second) = (OutTradeNo::new("20150806125346")?, OutTradeNo::new("20150806125347")?);
//! let sub_orders = vec![
//!     SubOrder::new("1900007291", first, "公仔", Fen(100), "深圳分店"),
//!     SubOrder::new("1900009191", second, "贴纸", Fen(10), "广州分店"),
//! ];
//! let order = Order::new(appid, OutTradeNo::new("20150806125345")?, sub_orders, notify_url);
//! let prepay_id = combine::app::prepay(signer, gateway, &order)?;
//! let for_the_app = pay::app::invoke(signer, &order, &prepay_id)?;
//! sandbox.pay("20150806125345")?; // As the user does.
//! let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
//! assert_eq!(transaction.paid(signer, &order)?.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;

use crate::error::{ApiError, Code, Error};
use crate::gateway::Gateway;
use crate::id::{self, AppId, OutTradeNo};
use crate::signer::Signer;
use crate::validate;

pub mod app;
pub mod h5;
pub mod jsapi;
pub mod native;
mod order;
mod paid;
mod scene;
mod sub_order;
mod transaction;

pub use self::order::Order;
pub use self::scene::SceneInfo;
use self::sub_order::Payee;
pub use self::sub_order::SubOrder;
pub use self::transaction::{Amount, SubTransaction, Transaction};

/// 查询合单订单: queries a combined order.
///
/// `GET /v3/combine-transactions/out-trade-no/{combine_out_trade_no}`
/// ([m/4012557006](https://pay.weixin.qq.com/doc/v3/merchant/4012557006)). The response does not show whether a sub-order was refunded:
/// query the refund.
///
/// ```
/// use wechatpay::combine::{self, Order};
/// use wechatpay::{Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &Order,
/// ) -> Result<(), Box<dyn std::error::Error>> {
///     let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
///     for paid in transaction.paid(signer, order)? {
///         println!("ship {}", paid.out_trade_no());
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `ORDERNOTEXIST` right after an order whose outcome was
/// unknown is not conclusive: that order may still arrive.
#[doc(alias = "查询合单订单")]
#[doc(alias = "合单查询订单")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    combine_out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    let number = id::encoded(combine_out_trade_no.as_str());
    let path = format!("/v3/combine-transactions/out-trade-no/{number}");
    gateway.get_about(signer, &path, |transaction: &Transaction| {
        transaction.combine_out_trade_no == *combine_out_trade_no
    })
}

/// 关闭合单订单: closes an unpaid combined order with all of its sub-orders, so that it can no longer be paid.
///
/// `POST /v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close`
/// ([m/4012577452](https://pay.weixin.qq.com/doc/v3/merchant/4012577452)). The request must name the sub-orders exactly as they were
/// ordered, so this function takes the order itself. If a signed response reports that the order is closed
/// already, that is a success.
///
/// ```
/// use wechatpay::combine::{self, Order};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
///     combine::close(signer, gateway, order)
/// }
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: the order is unchanged.
/// * `Refused`: this call did not close it; it may be paid. Query it.
/// * `Unknown`: it may be closed. Close it again, which is harmless.
#[doc(alias = "关闭合单订单")]
#[doc(alias = "关单")]
#[doc(alias = "合单关闭订单")]
pub fn close(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
    let sub_orders = order.sub_orders.iter().map(|sub_order| CloseSubOrder {
        payee: sub_order.payee(signer.mchid()),
        out_trade_no: &sub_order.out_trade_no,
    });
    let sub_orders = sub_orders.collect();
    let body = validate::to_json(&Close { combine_appid: &order.combine_appid, sub_orders })?;
    let number = id::encoded(order.combine_out_trade_no.as_str());
    let path = format!("/v3/combine-transactions/out-trade-no/{number}/close");
    let is_closed = |api: &ApiError| api.signed && api.code == Code::ORDER_CLOSED;
    match gateway.post_no_content(signer, &path, &body) {
        // Signed only: an error response without a signature may come from anywhere.
        Err(error) if error.api().is_some_and(is_closed) => Ok(()),
        result => result,
    }
}

#[derive(Serialize)]
struct Close<'a> {
    combine_appid: &'a AppId,
    sub_orders: Vec<CloseSubOrder<'a>>,
}

#[derive(Serialize)]
struct CloseSubOrder<'a> {
    #[serde(flatten)]
    payee: Payee<'a>,
    out_trade_no: &'a OutTradeNo,
}
