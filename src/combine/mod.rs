//! Combined orders (合单): one payment for several sub-orders, all of them paid or none.
//!
//! Place one with [`app::prepay`], [`jsapi::prepay`], [`native::prepay`] or [`h5::prepay`]; start
//! the payment with [`pay::app::invoke`](crate::pay::app::invoke) or
//! [`pay::jsapi::invoke`](crate::pay::jsapi::invoke), which take a combined order as well; ask for
//! it with [`query`]; believe that it is paid by [`Transaction::paid`] alone. The queries of
//! [`pay`](crate::pay) do not find combined orders.
//!
//! Refunds go per sub-order: [`refund::apply`](crate::refund::apply) by the merchant of the
//! sub-order, with the number of the sub-order.
//!
//! ```
//! use wechatpay::combine::{self, Order, SubOrder};
//! use wechatpay::{Fen, OutTradeNo, Signer, pay};
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let (appid, notify_url) = (sandbox.appid(), sandbox.notify_url());
//! let (ours, theirs) = (OutTradeNo::new("20150806125346")?, OutTradeNo::new("20150806125347")?);
//! let sub_orders = vec![
//!     SubOrder::new("1900007291", ours, "公仔", Fen(100), "深圳分店"),
//!     SubOrder::new("1900009191", theirs, "贴纸", Fen(10), "广州分店"),
//! ];
//! let order = Order::new(appid, OutTradeNo::new("20150806125345")?, sub_orders, notify_url);
//! let prepay_id = combine::app::prepay(signer, gateway, &order)?;
//! let for_the_app = pay::app::invoke(signer, &order, &prepay_id)?;
//! // The user pays.
//! # sandbox.pay_combined("20150806125345")?;
//! let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
//! assert_eq!(transaction.paid(signer.mchid(), &order)?.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;

use crate::error::{Code, Error};
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
mod transaction;

use self::order::Payee;
pub use self::order::{Order, SceneInfo, SubOrder};
pub use self::transaction::{Amount, SubTransaction, Transaction};

/// 查询合单订单: what became of a combined order.
///
/// `GET /v3/combine-transactions/out-trade-no/{combine_out_trade_no}` (m/4012557006). It does not
/// say whether a sub-order was refunded: ask for the refund.
///
/// ```
/// use wechatpay::{Signer, combine};
///
/// # use wechatpay::{Fen, combine::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let sub_order = |mchid, number: &str| {
/// #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::combine::Order::new(
/// #     sandbox.appid(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::combine::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay_combined("order-1")?;
/// let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
/// for paid in transaction.paid(signer.mchid(), &order)? {
///     assert_eq!(paid.total(), Fen(10)); // Ship this sub-order.
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A query changes nothing, so repeat it whatever the outcome. `ORDERNOTEXIST` right after an order
/// whose outcome was unknown is no verdict: that order may still be on its way.
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    combine_out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    let number = id::encoded(combine_out_trade_no.as_str());
    let path = format!("/v3/combine-transactions/out-trade-no/{number}");
    gateway.get_about(signer, &path, |said: &Transaction| {
        said.combine_out_trade_no == *combine_out_trade_no
    })
}

/// 关闭合单订单: makes an unpaid combined order unpayable, with all of its sub-orders.
///
/// `POST /v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close` (m/4012577452). The
/// sub-orders must be named exactly as they were ordered, so it takes the order itself. One that is
/// closed already counts as closed, if the answer that says so is signed.
///
/// ```
/// use wechatpay::combine;
/// use wechatpay::pay::TradeState;
///
/// # use wechatpay::{Fen, combine::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let sub_order = |mchid, number: &str| {
/// #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::combine::Order::new(
/// #     sandbox.appid(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     sandbox.notify_url(),
/// # );
/// # wechatpay::combine::app::prepay(signer, gateway, &order)?;
/// combine::close(signer, gateway, &order)?;
/// let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
/// assert_eq!(transaction.sub_orders[0].trade_state, TradeState::Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: the order is as it was.
/// * `Refused`: it was not closed; perhaps it is paid. Query it.
/// * `Unknown`: it may be closed. Close it again; that is harmless.
pub fn close(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
    let sub_orders = order.sub_orders.iter().map(|sub_order| CloseSubOrder {
        payee: sub_order.payee(signer.mchid()),
        out_trade_no: &sub_order.out_trade_no,
    });
    let sub_orders = sub_orders.collect();
    let body = validate::to_json(&Close { combine_appid: &order.combine_appid, sub_orders })?;
    let number = id::encoded(order.combine_out_trade_no.as_str());
    let path = format!("/v3/combine-transactions/out-trade-no/{number}/close");
    match gateway.post_unanswered(signer, &path, &body) {
        // Signed, or else anybody could say so.
        Err(Error::Api(error)) if error.signed && error.code == Code::ORDER_CLOSED => Ok(()),
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
