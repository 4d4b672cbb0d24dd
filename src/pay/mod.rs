//! 订单: single orders, whatever the payer pays in.
//!
//! Place an order with [`app::prepay`], [`jsapi::prepay`], [`native::prepay`] or [`h5::prepay`];
//! query it with [`query`]. Ship only after [`Transaction::paid`] has proved that it is paid.
//!
//! A partner (服务商) calls the same functions with a [`Partner`](crate::Partner) as the signer.
//!
//! ```
//! use wechatpay::pay::{self, Order, app};
//! use wechatpay::{Fen, OutTradeNo};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! let (appid, notify_url) = (sandbox.appid(), sandbox.notify_url());
//!
//! let number = OutTradeNo::new("1217752501201407033233368018")?;
//! let order = Order::new(appid, number, "公仔", Fen(100), notify_url);
//! let prepay_id = app::prepay(signer, gateway, &order)?;
//! let for_the_app = app::invoke(signer, &order, &prepay_id)?;
//! sandbox.pay("1217752501201407033233368018")?; // As the user does.
//! let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
//! let paid = transaction.paid(signer, &order)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::{self, OutTradeNo, TransactionId};
use crate::party::Party;
use crate::signer::Signer;
use crate::validate;

pub mod app;
mod detail;
mod expected;
pub mod h5;
mod invoke;
pub mod jsapi;
pub(crate) mod limit_pay;
pub mod native;
mod order;
pub(crate) mod paid;
pub(crate) mod payer;
pub(crate) mod response;
pub(crate) mod scene;
pub(crate) mod subsidy_info;
mod transaction;

pub use self::detail::{Detail, GoodsDetail};
pub use self::expected::Expected;
pub use self::limit_pay::LimitPay;
pub use self::order::{Order, SettleInfo};
pub use self::paid::{NotPaid, Paid};
pub use self::payer::Payer;
pub use self::scene::{SceneInfo, StoreInfo};
pub use self::subsidy_info::{SubsidyDetail, SubsidyInfo, SubsidyPeriodType, SubsidyPlan};
pub use self::transaction::{
    Amount, DiscountedGoods, Promotion, TradeState, TradeType, Transaction,
};

/// 商户订单号查询订单: queries an order by the merchant's order number.
///
/// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}`
/// ([m/4012791859](https://pay.weixin.qq.com/doc/v3/merchant/4012791859)). Combined orders are not found here: use
/// [`combine::query`](crate::combine::query).
///
/// ```
/// use wechatpay::pay::{self, app};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// app::prepay(signer, gateway, &order)?;
/// sandbox.pay("order-1")?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// let paid = transaction.paid(signer, &order)?;
/// assert_eq!(paid.total(), order.total); // Ship it.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `ORDER_NOT_EXIST` right after an order whose outcome
/// was unknown is not conclusive: that order may still arrive.
#[doc(alias = "商户订单号查询订单")]
#[doc(alias = "查单")]
#[doc(alias = "查询订单")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    let party = Party::from(signer);
    let number = id::encoded(out_trade_no.as_str());
    let rest = format!("out-trade-no/{number}{}", party.numbers().to_query());
    gateway.get_about(signer, &party.transactions_path(&rest), |transaction: &Transaction| {
        transaction.out_trade_no == *out_trade_no
    })
}

/// 微信支付订单号查询订单: queries an order by WeChat Pay's transaction ID.
///
/// `GET /v3/pay/transactions/id/{transaction_id}` ([m/4012791858](https://pay.weixin.qq.com/doc/v3/merchant/4012791858)).
///
/// ```
/// use wechatpay::pay::{self, Transaction};
/// use wechatpay::{Error, Gateway, Signer, TransactionId};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Transaction, Error> {
///     let transaction_id = TransactionId::new("4200000015201711256947025404")?;
///     pay::query_by_id(signer, gateway, &transaction_id)
/// }
/// ```
///
/// # Errors
/// As [`query`].
#[doc(alias = "微信支付订单号查询订单")]
#[doc(alias = "查询订单")]
pub fn query_by_id(
    signer: &dyn Signer,
    gateway: &Gateway,
    transaction_id: &TransactionId,
) -> Result<Transaction, Error> {
    let party = Party::from(signer);
    let number = id::encoded(transaction_id.as_str());
    let rest = format!("id/{number}{}", party.numbers().to_query());
    gateway.get_about(signer, &party.transactions_path(&rest), |transaction: &Transaction| {
        transaction.transaction_id.as_ref() == Some(transaction_id)
    })
}

/// 关闭订单: closes an unpaid order, so that it can no longer be paid. Its order number is used up then.
///
/// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`
/// ([m/4012791860](https://pay.weixin.qq.com/doc/v3/merchant/4012791860)). Query the order first: a paid one cannot be closed, only
/// refunded. Closing it twice is not an error.
///
/// ```
/// use wechatpay::pay::{self, TradeState, app};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// app::prepay(signer, gateway, &order)?;
/// pay::close(signer, gateway, &order.out_trade_no)?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// assert_eq!(transaction.trade_state, TradeState::Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: the order is unchanged.
/// * `Refused`: this call did not close it; it may be paid. Query it.
/// * `Unknown`: it may be closed. Close it again, which is harmless.
#[doc(alias = "关闭订单")]
#[doc(alias = "关单")]
pub fn close(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_trade_no: &OutTradeNo,
) -> Result<(), Error> {
    let party = Party::from(signer);
    let number = id::encoded(out_trade_no.as_str());
    let path = party.transactions_path(&format!("out-trade-no/{number}/close"));
    gateway.post_no_content(signer, &path, &validate::to_json(&party.numbers())?)
}
