//! Single orders: 统一下单, its queries and closing, and what a client needs to start the payment.
//!
//! 1. [`prepay`] places an order of one of four kinds, [`App`](crate::v2::App),
//!    [`Jsapi`](crate::v2::Jsapi), [`Native`](crate::v2::Native) or [`H5`](crate::v2::H5), and
//!    returns what starts its payment.
//! 2. An app or a page within WeChat needs a second signature: [`invoke_app`], [`invoke_jsapi`],
//!    [`invoke_mini_program`]. A [`CodeUrl`](crate::CodeUrl) becomes a QR code, and a browser opens
//!    an [`H5Url`](crate::H5Url).
//! 3. [`query`] or a [notification](crate::v2::notify) returns a [`Transaction`]. Only
//!    [`Transaction::paid`] proves that the order is paid.
//!
//! ```
//! use wechatpay::v2::{App, Signer, pay};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
//! let order = pay::Order::new(
//!     sandbox.appid(),
//!     "1415659990".parse()?,
//!     "JSAPI支付测试",
//!     wechatpay::Fen(1),
//!     "14.23.150.211".parse()?,
//!     sandbox.notify_url(),
//! );
//! let prepay_id = pay::prepay(signer, gateway, &order, &App)?;
//! let for_the_app = pay::invoke_app(signer, &order, &prepay_id)?;
//!
//! sandbox.v2().pay("1415659990", &[])?; // 用户付款
//! let transaction = pay::query(signer, gateway, &order.appid, &order.out_trade_no)?;
//! let paid = transaction.paid(signer, &order)?;
//! assert_eq!(paid.total(), order.total_fee);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod auth_code;
mod invoke;
mod micropay_order;
mod order;
mod payable;
mod till;
pub(super) mod transaction;

use crate::error::{Code, Error, Outcome, Retry};
use crate::id::{AppId, OutTradeNo, TransactionId};
use crate::pay::NotPaid;
use crate::v2::fields::{Fields, Malformed};
use crate::v2::gateway::{CertifiedGateway, Gateway};
use crate::v2::signer::Signer;
use crate::v2::trade_type::Trade;

pub use self::auth_code::AuthCode;
pub use self::invoke::{invoke_app, invoke_jsapi, invoke_mini_program};
pub use self::micropay_order::{Attempt, MicropayOrder};
pub use self::order::{Detail, GoodsDetail, LimitPay, Order, OrderDetail, StoreInfo};
pub use self::payable::Payable;
pub use self::till::{NotCharged, Step, TillPayment};
pub use self::transaction::{Coupon, Transaction};

/// 统一下单: places an order of one of four kinds, [`App`](crate::v2::App),
/// [`Jsapi`](crate::v2::Jsapi), [`Native`](crate::v2::Native) or [`H5`](crate::v2::H5).
///
/// `POST /pay/unifiedorder` (document 001,
/// [page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_1)). A prepay_id and a code_url
/// are valid for two hours, an mweb_url for five minutes. The identical order, sent again, returns
/// a fresh one.
///
/// ```
/// use wechatpay::v2::{Gateway, Native, Signer, pay};
/// use wechatpay::{CodeUrl, Error};
///
/// fn qr_code(signer: &dyn Signer, gateway: &Gateway, order: &pay::Order) -> Result<CodeUrl, Error> {
///     pay::prepay(signer, gateway, order, &Native::new("12235413214070356458058"))
/// }
/// ```
///
/// # Errors
/// The [outcome](Error::outcome) tells what may have happened:
/// * `NotSent`: there is no order. Fix what the error names, then send the order.
/// * `Refused`: this call placed no order. After `ORDERPAID` or `OUT_TRADE_NO_USED`, an order with
///   this number exists; after `INVALID_REQUEST`, one with other values may exist and can still be
///   paid. Query it, and close it before you use a new order number.
/// * `Unknown`: the order may exist. Retry with the same order, or query it; don't use a new order
///   number before that. `return_code=FAIL` is always unknown, since it is not signed.
#[doc(alias = "统一下单")]
#[doc(alias = "unifiedorder")]
pub fn prepay<T: Trade>(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    trade: &T,
) -> Result<T::Prepaid, Error> {
    let kind = trade.kind();
    let fields = order.to_fields(signer, kind)?;
    gateway.call(signer, "/pay/unifiedorder", fields)?.read(|response| kind.read(response))
}

/// 查询订单: queries an order by the merchant's order number.
///
/// `POST /pay/orderquery` ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_2)). It
/// finds the sub-orders of a combined order too, each by its merchant; for the combined order
/// itself use [`combine::query`](crate::v2::combine::query).
///
/// ```
/// use wechatpay::pay::Paid;
/// use wechatpay::v2::{Gateway, Signer, pay};
///
/// fn paid(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &pay::Order,
/// ) -> Result<Paid, Box<dyn std::error::Error>> {
///     let transaction = pay::query(signer, gateway, &order.appid, &order.out_trade_no)?;
///     Ok(transaction.paid(signer, order)?)
/// }
/// ```
///
/// # Errors
/// Safe to retry. `ORDERNOTEXIST` right after an order with an unknown outcome is not conclusive:
/// the order may still arrive.
#[doc(alias = "查询订单")]
#[doc(alias = "orderquery")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    query_by(signer, gateway, appid, "out_trade_no", out_trade_no.as_str())
}

/// 查询订单: queries an order with the details of its discounts on single items (单品优惠), which are in
/// [`promotion_detail`](Transaction::promotion_detail).
///
/// `POST /pay/orderquery` with `version` `1.0`
/// ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_2)).
///
/// ```
/// use wechatpay::Error;
/// use wechatpay::v2::{Gateway, Signer, pay};
///
/// fn discounts(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &pay::Order,
/// ) -> Result<Option<String>, Error> {
///     let transaction = pay::query_discounts(signer, gateway, &order.appid, &order.out_trade_no)?;
///     Ok(transaction.promotion_detail)
/// }
/// ```
///
/// # Errors
/// As [`query`].
#[doc(alias = "查询订单")]
#[doc(alias = "orderquery")]
pub fn query_discounts(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    let mut fields = Fields::of(signer.mchid(), appid);
    fields.set("out_trade_no", out_trade_no);
    fields.set("version", "1.0");
    gateway.call(signer, "/pay/orderquery", fields)?.read(Transaction::of_query)
}

/// 查询订单: queries an order by WeChat Pay's transaction ID.
///
/// `POST /pay/orderquery` ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_2)).
///
/// ```
/// use wechatpay::v2::{Gateway, Signer, pay};
/// use wechatpay::{AppId, Error, TransactionId};
///
/// fn found(signer: &dyn Signer, gateway: &Gateway, appid: &AppId) -> Result<(), Error> {
///     let id = TransactionId::new("1009660380201506130728806387")?;
///     let transaction = pay::query_by_id(signer, gateway, appid, &id)?;
///     println!("{}: {}", transaction.out_trade_no, transaction.trade_state);
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`query`].
#[doc(alias = "查询订单")]
#[doc(alias = "orderquery")]
pub fn query_by_id(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    transaction_id: &TransactionId,
) -> Result<Transaction, Error> {
    query_by(signer, gateway, appid, "transaction_id", transaction_id.as_str())
}

/// 关闭订单: closes an unpaid order, which can no longer be paid. Its order number cannot be used
/// again.
///
/// `POST /pay/closeorder` ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_3)), at
/// least five minutes after the order: before that, WeChat Pay may return success and close
/// nothing, so query the order afterwards. Closing a closed order is a success.
///
/// ```
/// use wechatpay::Error;
/// use wechatpay::v2::{Gateway, Signer, pay};
///
/// fn give_up(signer: &dyn Signer, gateway: &Gateway, order: &pay::Order) -> Result<(), Error> {
///     pay::close(signer, gateway, &order.appid, &order.out_trade_no)
/// }
/// ```
///
/// # Errors
/// The [outcome](Error::outcome) tells what may have happened:
/// * `NotSent`: the order is unchanged.
/// * `Refused`: the order was not closed; after `ORDERPAID` it is paid. Query it.
/// * `Unknown`: the order may be closed. Safe to retry.
#[doc(alias = "关闭订单")]
#[doc(alias = "closeorder")]
pub fn close(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    out_trade_no: &OutTradeNo,
) -> Result<(), Error> {
    let mut fields = Fields::of(signer.mchid(), appid);
    fields.set("out_trade_no", out_trade_no);
    gateway.close(signer, "/pay/closeorder", fields)
}

/// 付款码支付: charges the code that the till has scanned from the payer's phone, once.
///
/// `POST /pay/micropay` ([page](https://pay.weixin.qq.com/wiki/doc/api/micropay.php?chapter=9_10)). A
/// code is good for one attempt, and an order for one call: **after an unknown outcome, query the order,
/// and reverse it if it stays unclear; never charge again with the same order or a new one before that.**
/// [`TillPayment`] does this. There is no notification.
///
/// ```
/// use wechatpay::Error;
/// use wechatpay::v2::pay::{self, Attempt, AuthCode, MicropayOrder};
/// use wechatpay::v2::{Gateway, Signer};
///
/// fn charge(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &MicropayOrder,
///     code: AuthCode,
/// ) -> Result<(), Error> {
///     match pay::micropay(signer, gateway, order, code)? {
///         Attempt::Paid(paid) => println!("paid: {}", paid.total()),
///         Attempt::Pending => println!("the payer types the PIN; query in five seconds"),
///         Attempt::Refused(error) => println!("not paid: {error}"),
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// The [outcome](Error::outcome) tells what may have happened:
/// * `NotSent`: the payer was not charged.
/// * `Refused`: this call charged nothing. After `ORDERPAID`, `OUT_TRADE_NO_USED` or `INVALID_REQUEST`, an
///   order with this number may exist: query it.
/// * `Unknown`: the payer may have been charged, also after `SYSTEMERROR` and `BANKERROR`. Query the order
///   after five seconds.
#[doc(alias = "付款码支付")]
#[doc(alias = "提交付款码支付")]
pub fn micropay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &MicropayOrder,
    auth_code: AuthCode,
) -> Result<Attempt, Error> {
    let fields = order.to_fields(signer, &auth_code)?;
    let error = match gateway.call(signer, "/pay/micropay", fields) {
        Ok(response) => {
            let differs = |reason: NotPaid| Malformed::new(reason.to_string());
            return response.read(|fields| {
                let transaction = Transaction::of_notification(fields)?;
                transaction.paid(signer, order).map(Attempt::Paid).map_err(differs)
            });
        }
        Err(error) => error,
    };
    let is_final = (error.outcome(), error.retry()) == (Outcome::Refused, Retry::Never);
    match error.api() {
        Some(api) if api.signed && api.code == Code::USERPAYING => Ok(Attempt::Pending),
        Some(api) if is_final => Ok(Attempt::Refused(api.clone())),
        _ => Err(error),
    }
}

/// 撤销订单: reverses a payment at the till. An unpaid order is closed for ever; of a paid one, the money is
/// returned.
///
/// `POST /secapi/pay/reverse`
/// ([page](https://pay.weixin.qq.com/wiki/doc/api/micropay.php?chapter=9_11&index=3)), with the
/// merchant's client certificate, at least 15 seconds and at most 7 days after
/// [`micropay`]; later, refund it. Only for orders of `micropay`.
///
/// ```
/// use wechatpay::Error;
/// use wechatpay::v2::pay::{self, MicropayOrder, Reversal};
/// use wechatpay::v2::{CertifiedGateway, Signer};
///
/// fn is_reversed(
///     signer: &dyn Signer,
///     gateway: &CertifiedGateway,
///     order: &MicropayOrder,
/// ) -> Result<bool, Error> {
///     Ok(pay::reverse(signer, gateway, &order.appid, &order.out_trade_no)? == Reversal::Done)
/// }
/// ```
///
/// # Errors
/// The order may be reversed if the [outcome](Error::outcome) is `Unknown`. Retry until it returns
/// [`Reversal::Done`].
#[doc(alias = "撤销订单")]
pub fn reverse(
    signer: &dyn Signer,
    gateway: &CertifiedGateway,
    appid: &AppId,
    out_trade_no: &OutTradeNo,
) -> Result<Reversal, Error> {
    let mut fields = Fields::of(signer.mchid(), appid);
    fields.set("out_trade_no", out_trade_no);
    gateway.call_certified(signer, "/secapi/pay/reverse", fields)?.read(|fields| {
        match fields.get("recall") {
            Some("N") => Ok(Reversal::Done),
            Some("Y") => Ok(Reversal::Recall),
            _ => Err(Malformed::new("recall is neither Y nor N")),
        }
    })
}

/// The result of a reversal.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversal {
    /// 已撤销: the order is reversed.
    Done,
    /// 需要继续调用撤销 (`recall`): not yet; call again after a pause.
    Recall,
}

fn query_by(
    signer: &dyn Signer,
    gateway: &Gateway,
    appid: &AppId,
    name: &'static str,
    number: &str,
) -> Result<Transaction, Error> {
    let mut fields = Fields::of(signer.mchid(), appid);
    fields.set(name, number);
    gateway.call(signer, "/pay/orderquery", fields)?.read(Transaction::of_query)
}
