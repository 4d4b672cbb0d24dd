//! APIv2 (XML), for merchants who still run on it: 统一下单, 合单下单, queries, refunds and notifications.
//!
//! New programs should take APIv3, the rest of this crate. What is shared with it are the errors,
//! the numbers, money, time, [`Transport`](crate::Transport) and [`Paid`](crate::pay::Paid); keys
//! and gateway are of their own, since APIv2 signs with a key that the merchant and WeChat Pay
//! share ([`Signer`]), which is not the APIv3 key.
//!
//! ```
//! use wechatpay::v2::{self, Gateway, HmacSha256Key, Jsapi, Order};
//! use wechatpay::{AppId, Fen, NotifyUrl, OpenId, OutTradeNo};
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let api_key = sandbox.v2().api_key();
//! let signer = HmacSha256Key::new("1900007291", api_key)?;
//! let gateway = Gateway::new()?;
//! # let gateway = sandbox.v2().gateway();
//! let order = Order::new(
//!     AppId::new("wxd678efh567hg6787")?,
//!     OutTradeNo::new("1415659990")?,
//!     "JSAPI支付测试",
//!     Fen(1),
//!     "14.23.150.211".parse()?,
//!     NotifyUrl::new("https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php")?,
//! );
//! let payer = Jsapi::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
//! let prepay_id = v2::unified_order(&signer, &gateway, &order, &payer)?;
//! let for_the_page = v2::invoke::jsapi(&signer, &order, &prepay_id)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Of the partner mode (服务商) only the sub-orders of a combined order have fields, as document 002
//! has; single orders, queries and refunds are those of a merchant itself.
//!
//! # Answers
//!
//! An answer is judged in the order that WeChat Pay prescribes: `return_code`, then the signature
//! over every field, known or not, then `result_code`, then the state of the trade. With
//! `return_code=FAIL` nothing is signed: the error has no [code](crate::ApiError::code), its
//! message is whatever was received, and its outcome is unknown. A signed FAIL has a code, and
//! where the documents list it the outcome that they give it; any other is unknown.
//!
//! # Combined orders
//!
//! [`combined_order`], [`query_combined`] and [`close_combined`] are here for merchants who had them.
//! A page by the maintainer of the official PHP library says that APIv2's combined payment has been
//! closed to new merchants since 2021-09-01 and points to APIv3, here [`combine`](crate::combine);
//! no official page was found that says so, and whether it still answers is not known.

mod combined;
mod combined_transaction;
mod fields;
mod gateway;
pub mod invoke;
mod message;
pub mod notify;
mod order;
mod own;
mod refund;
mod signer;
mod trade;
mod transaction;
mod validate;
mod xml;

use crate::error::Error;
use crate::id::{AppId, OutTradeNo};

pub use self::combined::{CombinedOrder, SubOrder, close_combined, combined_order, query_combined};
pub use self::combined_transaction::{CombinedTransaction, SubTransaction};
pub use self::gateway::Gateway;
pub use self::message::message;
pub use self::order::{Detail, GoodsDetail, LimitPay, Order, StoreInfo, unified_order};
pub use self::refund::{
    AcceptedRefund, NotifiedRefund, Refund, RefundAccount, RefundNumber, RefundQuery, RefundState,
    RefundStatus, Refunds, refund, refund_query,
};
pub use self::signer::{HmacSha256Key, Md5Key, SignType, Signer};
pub use self::trade::{AnyTrade, App, H5, H5Info, Jsapi, Native, Trade};
pub use self::transaction::{Coupon, Transaction, query, query_by_id};

use self::fields::Fields;

/// 关闭订单: makes an unpaid order unpayable; its number is used up then.
///
/// `POST /pay/closeorder`, at least five minutes after the order: earlier it may answer a success
/// and close nothing, so query afterwards. One that is closed already counts as closed.
///
/// ```
/// use wechatpay::{pay::TradeState, v2};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # wechatpay::v2::unified_order(signer, gateway, &order, &wechatpay::v2::App)?;
/// # sandbox.let_time_pass(300);
/// v2::close(signer, gateway, &order.appid, &order.out_trade_no)?;
/// let transaction = v2::query(signer, gateway, &order.appid, &order.out_trade_no)?;
/// assert_eq!(transaction.trade_state, TradeState::Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: the order is as it was.
/// * `Refused`: it was not closed; on `ORDERPAID` it is paid. Query it.
/// * `Unknown`: it may be closed. Close it again; that is harmless.
pub fn close(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    out_trade_no: &OutTradeNo,
) -> Result<(), Error> {
    let mut fields = Fields::of(signer, appid);
    fields.set("out_trade_no", out_trade_no);
    combined::closed(gateway.call(signer, "/pay/closeorder", fields))
}
