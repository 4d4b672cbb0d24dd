//! Single orders: one order shape and one transaction shape, whatever the payer pays in.
//!
//! Place an order with [`app::prepay`], [`jsapi::prepay`], [`native::prepay`] or [`h5::prepay`];
//! ask for it with [`query`]; believe that it is paid by [`Transaction::paid`] alone.
//!
//! A partner (服务商) calls the same functions with a [`Partner`](crate::Partner).
//!
//! ```
//! use wechatpay::pay::{self, Order, app};
//! use wechatpay::{Fen, OutTradeNo, Signer};
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let (appid, notify_url) = (sandbox.appid(), sandbox.notify_url());
//! let number = OutTradeNo::new("1217752501201407033233368018")?;
//! let order = Order::new(appid, number, "公仔", Fen(100), notify_url);
//! let prepay_id = app::prepay(signer, gateway, &order)?;
//! let for_the_app = app::invoke(signer, &order, &prepay_id)?;
//! // The user pays.
//! # sandbox.pay("1217752501201407033233368018")?;
//! let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
//! let paid = transaction.paid(signer.mchid(), &order)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::{self, OutTradeNo, TransactionId};
use crate::signer::Signer;
use crate::validate;

pub mod app;
pub mod h5;
mod invoke;
pub mod jsapi;
pub mod native;
mod order;
pub(crate) mod paid;
pub(crate) mod payer;
pub(crate) mod response;
pub(crate) mod scene;
mod transaction;

pub use self::order::{Detail, GoodsDetail, Order, SettleInfo};
pub use self::paid::{Merchant, NotPaid, Paid};
pub use self::scene::{SceneInfo, StoreInfo};
pub use self::transaction::{
    Amount, DiscountedGoods, Payer, Promotion, TradeState, TradeType, Transaction,
};

/// 商户订单号查询订单: what became of an order, by your number.
///
/// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}` (m/4012791859). Combined orders are not
/// found here.
///
/// ```
/// use wechatpay::{Signer, pay};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// let paid = transaction.paid(signer.mchid(), &order)?;
/// assert_eq!(paid.total(), order.total); // Ship it.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A query changes nothing, so repeat it whatever the outcome. `ORDER_NOT_EXIST` right after an
/// order whose outcome was unknown is no verdict: that order may still be on its way.
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    let number = id::encoded(out_trade_no.as_str());
    let path = path(signer, &format!("out-trade-no/{number}?{}", parties(signer)));
    gateway.get_about(signer, &path, |said: &Transaction| said.out_trade_no == *out_trade_no)
}

/// 微信支付订单号查询订单: what became of a payment, by WeChat Pay's number.
///
/// `GET /v3/pay/transactions/id/{transaction_id}` (m/4012791858).
///
/// ```
/// use wechatpay::pay;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// # let transaction_id = transaction.transaction_id.unwrap();
/// let transaction = pay::query_by_id(signer, gateway, &transaction_id)?;
/// assert_eq!(transaction.out_trade_no, order.out_trade_no);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`query`].
pub fn query_by_id(
    signer: &dyn Signer,
    gateway: &Gateway,
    transaction_id: &TransactionId,
) -> Result<Transaction, Error> {
    let number = id::encoded(transaction_id.as_str());
    let path = path(signer, &format!("id/{number}?{}", parties(signer)));
    gateway.get_about(signer, &path, |said: &Transaction| {
        said.transaction_id.as_ref() == Some(transaction_id)
    })
}

/// 关闭订单: makes an unpaid order unpayable; its number is used up then.
///
/// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close` (m/4012791860). Query the order
/// first: one that is paid cannot be closed, only refunded. Closing twice is no error.
///
/// ```
/// use wechatpay::pay::{self, TradeState};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// pay::close(signer, gateway, &order.out_trade_no)?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// assert_eq!(transaction.trade_state, TradeState::Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: the order is as it was.
/// * `Refused`: it was not closed; perhaps it is paid. Query it.
/// * `Unknown`: it may be closed. Close it again; that is harmless.
pub fn close(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_trade_no: &OutTradeNo,
) -> Result<(), Error> {
    let number = id::encoded(out_trade_no.as_str());
    let body = validate::to_json(&match signer.sub_merchant() {
        None => Close { mchid: Some(signer.mchid()), sp_mchid: None, sub_mchid: None },
        Some(sub) => {
            Close { mchid: None, sp_mchid: Some(signer.mchid()), sub_mchid: Some(sub.mchid()) }
        }
    })?;
    gateway.post_unanswered(signer, &path(signer, &format!("out-trade-no/{number}/close")), &body)
}

/// The path of an interface for single orders, in the mode of the signer.
fn path(signer: &dyn Signer, rest: &str) -> String {
    let partner = if signer.sub_merchant().is_some() { "partner/" } else { "" };
    format!("/v3/pay/{partner}transactions/{rest}")
}

/// Who asks, as a query string.
fn parties(signer: &dyn Signer) -> String {
    let mchid = signer.mchid();
    match signer.sub_merchant() {
        None => format!("mchid={mchid}"),
        Some(sub) => format!("sp_mchid={mchid}&sub_mchid={}", sub.mchid()),
    }
}

#[derive(Serialize)]
struct Close<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sp_mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_mchid: Option<&'a str>,
}
