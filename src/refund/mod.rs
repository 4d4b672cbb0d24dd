//! 退款: refunds of single orders, and of the sub-orders of combined orders.
//!
//! **One refund number refunds once, however often it is sent; a new one refunds again.** Store
//! the number before the call. If the outcome is unknown, send the same refund again until it is known.
//!
//! ```
//! use wechatpay::pay::app;
//! use wechatpay::refund::{self, Refund, Status};
//! use wechatpay::{Fen, OutRefundNo};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! let order = sandbox.order("order-1")?;
//! app::prepay(signer, gateway, &order)?;
//! sandbox.pay("order-1")?;
//!
//! let number = OutRefundNo::new("refund-1")?; // Stored before the call.
//! let refund = Refund::new(number, order.out_trade_no, Fen(60), order.total);
//! let state = refund::apply(signer, gateway, &refund)?;
//! assert_eq!(state.status, Status::Processing);
//! sandbox.succeed_refund("refund-1")?; // Some time later.
//! let state = refund::query(signer, gateway, &refund.out_refund_no)?;
//! assert_eq!(state.status, Status::Success);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::{self, OutRefundNo, RefundId};
use crate::party::{Party, PartyFields};
use crate::signer::Signer;
use crate::validate;

mod card_refund;
mod request;
mod state;

pub use self::card_refund::CardRefund;
pub use self::request::{FundsAccount, GoodsDetail, Payment, Refund, RefundFrom};
pub use self::state::{Amount, Channel, Promotion, State, Status};

/// 申请退款: requests a full or partial refund of a paid order.
///
/// `POST /v3/refund/domestic/refunds` ([m/4012791862](https://pay.weixin.qq.com/doc/v3/merchant/4012791862)).
/// Within a year of the payment, at most 50 refunds per order, at least a minute apart. Success means that WeChat
/// Pay accepted the request ([`Status::Processing`]); [`query`] or a notification reports whether the money was
/// returned.
///
/// An order with [profit sharing](crate::profit_sharing) has frozen money, and a refund is paid from it:
///
/// | order | refund | condition | paid from |
/// |---|---|---|---|
/// | nothing was split | any | none | frozen money |
/// | partly split | at most what is still frozen | none | frozen money |
/// | partly split | more | [unfreeze](crate::profit_sharing::unfreeze()) first | available balance |
/// | finished (unfrozen, split or expired) | any | the balance must suffice | available balance |
///
/// ```
/// use wechatpay::refund::{self, Refund, State};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, refund: &Refund) -> Result<State, Error> {
///     refund::apply(signer, gateway, refund)
/// }
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: this call refunded nothing. Correct what the error names, then send the same refund.
/// * `Refused`: this call refunded nothing. On `NOT_ENOUGH`, top up and send the same refund again. If the message
///   names 分账, unfreeze the rest of the order first. On any other `INVALID_REQUEST`, [`query`] the refund: one with this
///   number and another amount may exist.
///   Use a new refund number only if [`query`] returns `CLOSED` for the old one.
/// * `Unknown`: the money may be on its way; status 429 belongs here, and so does a code that no document lists. Send
///   **the same refund** again, or [`query`] it. A new refund number would refund twice.
///
/// The outcome is that of this call, not of the refund number: if an earlier call with the number was
/// `Unknown`, the refund may exist although this one was `NotSent` or `Refused`.
///
/// A response about another refund, order or amount is [`Malformed`](crate::ErrorKind::Malformed), and so `Unknown`.
#[doc(alias = "申请退款")]
#[doc(alias = "退款")]
#[doc(alias = "退款申请")]
pub fn apply(signer: &dyn Signer, gateway: &Gateway, refund: &Refund) -> Result<State, Error> {
    let body = refund.to_json(signer)?;
    let is_about = |state: &State| {
        let is_of_payment = match &refund.payment {
            Payment::OutTradeNo(number) => state.out_trade_no == *number,
            Payment::TransactionId(id) => state.transaction_id == *id,
        };
        state.out_refund_no == refund.out_refund_no
            && is_of_payment
            && (state.amount.refund, state.amount.total) == (refund.refund, refund.total)
    };
    gateway.post_about(signer, PATH, &body, is_about)
}

/// 查询单笔退款: queries a refund by the merchant's refund number.
///
/// `GET /v3/refund/domestic/refunds/{out_refund_no}`
/// ([m/4012791863](https://pay.weixin.qq.com/doc/v3/merchant/4012791863)). Query once a minute, and less often after five minutes.
///
/// ```
/// use wechatpay::refund::{self, Status};
/// use wechatpay::{Error, Gateway, OutRefundNo, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<(), Error> {
///     let number = OutRefundNo::new("1217752501-1")?;
///     match refund::query(signer, gateway, &number)?.status {
///         Status::Success => println!("the money was returned"),
///         Status::Processing => println!("query again later"),
///         other => println!("someone must look: {other}"),
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `RESOURCE_NOT_EXISTS` right after a refund whose outcome
/// was unknown is not conclusive: send that refund again.
#[doc(alias = "查询单笔退款")]
#[doc(alias = "查询退款")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_refund_no: &OutRefundNo,
) -> Result<State, Error> {
    let number = id::encoded(out_refund_no.as_str());
    let path = format!("{PATH}/{number}{}", Party::from(signer).sub_mchid_field().to_query());
    gateway.get_about(signer, &path, |state: &State| state.out_refund_no == *out_refund_no)
}

/// 发起异常退款: pays a refund that ended as [`Status::Abnormal`] to the merchant's own bank card.
///
/// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`
/// ([m/4012791864](https://pay.weixin.qq.com/doc/v3/merchant/4012791864)), with `MERCHANT_BANK_CARD`: the merchant then pays the payer
/// back by other means. [`apply_abnormal_to_card`] pays it to a card of the payer.
///
/// ```
/// use wechatpay::refund::{self, State, Status};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, state: &State) -> Result<(), Error> {
///     if state.status == Status::Abnormal {
///         refund::apply_abnormal(signer, gateway, &state.refund_id, &state.out_refund_no)?;
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`apply`]: after `Unknown`, make the same call again.
#[doc(alias = "发起异常退款")]
#[doc(alias = "异常退款")]
pub fn apply_abnormal(
    signer: &dyn Signer,
    gateway: &Gateway,
    refund_id: &RefundId,
    out_refund_no: &OutRefundNo,
) -> Result<State, Error> {
    let party = Party::from(signer).sub_mchid_field();
    let body = validate::to_json(&Abnormal { party, out_refund_no, r#type: "MERCHANT_BANK_CARD" })?;
    let path = abnormal_path(refund_id);
    let is_about =
        |state: &State| state.refund_id == *refund_id && state.out_refund_no == *out_refund_no;
    gateway.post_about(signer, &path, &body, is_about)
}

/// 发起异常退款: pays a refund that ended as [`Status::Abnormal`] to a bank card of the payer.
///
/// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`
/// ([m/4012791864](https://pay.weixin.qq.com/doc/v3/merchant/4012791864)), with `USER_BANK_CARD`. Card number and name are
/// [encrypted](crate::encryption).
///
/// ```
/// use wechatpay::refund::{self, CardRefund, State};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     refund: &CardRefund,
/// ) -> Result<State, Error> {
///     refund::apply_abnormal_to_card(signer, gateway, refund)
/// }
/// ```
///
/// # Errors
/// As [`apply`]: after `Unknown`, make the same call again. If the gateway no longer has the key of the encrypted values, nothing is sent:
/// encrypt the same values again, for the same refund.
#[doc(alias = "发起异常退款")]
#[doc(alias = "异常退款")]
pub fn apply_abnormal_to_card(
    signer: &dyn Signer,
    gateway: &Gateway,
    refund: &CardRefund,
) -> Result<State, Error> {
    let body = refund.to_json(signer)?;
    let path = abnormal_path(&refund.refund_id);
    let is_about = |state: &State| {
        state.refund_id == refund.refund_id && state.out_refund_no == refund.out_refund_no
    };
    gateway.post_about(signer, &path, refund.body(&body), is_about)
}

fn abnormal_path(refund_id: &RefundId) -> String {
    format!("{PATH}/{}/apply-abnormal-refund", id::encoded(refund_id.as_str()))
}

const PATH: &str = "/v3/refund/domestic/refunds";

#[derive(Serialize)]
struct Abnormal<'a> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    out_refund_no: &'a OutRefundNo,
    r#type: &'static str,
}
