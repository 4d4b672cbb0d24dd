//! 分账: splits the money of a paid order between receivers.
//!
//! An order that asks for it ([`SettleInfo::profit_sharing`](crate::pay::SettleInfo), in APIv2 `profit_sharing`, in
//! combined orders per sub-order) freezes its money at the merchant for up to 30 days. Until then the money is
//! [split](split()), [unfrozen](unfreeze()), or both. The same functions serve direct merchants and partners, and
//! orders of APIv2. The [guide](crate::guide::profit_sharing) shows the order of calls.
//!
//! **One number splits once, however often it is sent; a new one splits again.** Store each request before its call:
//! its body ([`Split::to_json`]) and the serial number of the key that its names were encrypted with
//! ([`Split::encryption_serial`]). If the outcome is unknown, send the same request again until it is known.
//!
//! ```
//! use wechatpay::profit_sharing::{self, Receiver, Remainder, Share, Split};
//! use wechatpay::{Error, Fen, Gateway, OpenId, OutOrderNo, Signer, TransactionId, pay};
//!
//! fn split_in_two(
//!     signer: &dyn Signer,
//!     gateway: &Gateway,
//!     order: &pay::Order,
//!     transaction_id: TransactionId,
//!     openid: &OpenId,
//! ) -> Result<(), Error> {
//!     let shares = vec![Share::new(Receiver::openid(openid), Fen(20), "分给员工")];
//!     let number = OutOrderNo::new("split-1")?;
//!     let mut split = Split::new(transaction_id, number, shares, Remainder::StaysFrozen);
//!     split.appid = Some(order.appid.clone());
//!     let body = split.to_json(signer)?; // Stored before the call.
//!     let state = profit_sharing::split(signer, gateway, &split)?;
//!     for share in state.settled() {
//!         println!("{} got {} fen", share.account, share.amount.0);
//!     }
//!     Ok(())
//! }
//! ```

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::bill as bills;
use crate::error::{CallContext, Error, ErrorKind, Invalid};
use crate::gateway::{Body, Gateway};
use crate::id::{self, OutOrderNo, OutReturnNo, TransactionId};
use crate::money::Fen;
use crate::party::{Party, PartyFields};
use crate::received;
use crate::signer::Signer;
use crate::strict_json::Object;

mod names;
mod ratio;
mod receiver;
mod receiver_requests;
mod returns;
mod share_notification;
mod split_request;
mod split_state;
mod unfreeze_request;

pub use self::ratio::Ratio;
pub use self::receiver::{Receiver, ReceiverAccount, ReceiverState, ReceiverType, RelationType};
pub use self::receiver_requests::{DeletedReceiver, NewReceiver};
pub use self::returns::{Return, ReturnFailure, ReturnResult, ReturnState, ReturnedSplit};
pub use self::share_notification::{NotifiedReceiver, ShareKind, ShareNotification};
pub use self::split_request::{Remainder, Share, Split};
pub use self::split_state::{Progress, ShareFailure, ShareResult, ShareState, SplitState};
pub use self::unfreeze_request::{Unfreeze, UnfreezeState};

/// 添加分账接收方: adds a receiver to the merchant's list, without which nothing can be split to it.
///
/// `POST /v3/profitsharing/receivers/add` ([m/4012528995](https://pay.weixin.qq.com/doc/v3/merchant/4012528995)). At
/// most 20,000 receivers. A second time succeeds and **changes nothing**: the state that is returned has the relation
/// of the first time.
///
/// ```
/// use wechatpay::profit_sharing::{self, NewReceiver, ReceiverState};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     receiver: &NewReceiver,
/// ) -> Result<ReceiverState, Error> {
///     profit_sharing::add_receiver(signer, gateway, receiver)
/// }
/// ```
///
/// # Errors
/// Safe to retry with the same receiver, whatever the outcome. `INVALID_REQUEST` and `PARAM_ERROR` also mean that the
/// name is not that of the merchant or the person, or that the receiver has not opened its account; the message
/// contains the reason.
#[doc(alias = "添加分账接收方")]
#[doc(alias = "分账接收方")]
pub fn add_receiver(
    signer: &dyn Signer,
    gateway: &Gateway,
    receiver: &NewReceiver,
) -> Result<ReceiverState, Error> {
    let path = "/v3/profitsharing/receivers/add";
    let account = receiver.receiver.account();
    let is_about = |state: &ReceiverState| {
        state.r#type == *account.r#type() && state.account == account.account()
    };
    let body = receiver.to_json(signer)?;
    post(signer, gateway, path, &body, receiver.encryption_serial(), is_about)
}

/// 删除分账接收方: deletes a receiver from the merchant's list.
///
/// `POST /v3/profitsharing/receivers/delete`
/// ([m/4012529590](https://pay.weixin.qq.com/doc/v3/merchant/4012529590)). What it received can still be
/// [returned](return_share).
///
/// ```
/// use wechatpay::profit_sharing::{self, DeletedReceiver};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     receiver: &DeletedReceiver,
/// ) -> Result<(), Error> {
///     profit_sharing::delete_receiver(signer, gateway, receiver)
/// }
/// ```
///
/// # Errors
/// Safe to retry with the same receiver, whatever the outcome.
#[doc(alias = "删除分账接收方")]
pub fn delete_receiver(
    signer: &dyn Signer,
    gateway: &Gateway,
    receiver: &DeletedReceiver,
) -> Result<(), Error> {
    let path = "/v3/profitsharing/receivers/delete";
    let account = &receiver.account;
    let is_about = |state: &DeletedState| {
        state.r#type == *account.r#type() && state.account == account.account()
    };
    let body = receiver.to_json(signer)?;
    post(signer, gateway, path, &body, None, is_about).map(drop)
}

/// 请求分账: splits the frozen money of a paid order.
///
/// `POST /v3/profitsharing/orders` ([m/4012525287](https://pay.weixin.qq.com/doc/v3/merchant/4012525287)).
/// From a minute after the payment, once it is settled, until 30 days after it. At most 50 receivers per split and 50
/// splits per order, one per second. All splits of an order together must not exceed its total times the largest ratio
/// (30 % unless agreed otherwise), nor what fees and refunds leave.
///
/// **Success means that WeChat Pay accepted the request.** It is asynchronous, and there is no notification to the
/// merchant whose money is split: [`query_split`] reports what each receiver got. The same split can be sent at any time.
///
/// ```
/// use wechatpay::profit_sharing::{self, Split, SplitState};
/// use wechatpay::{Error, Gateway, Outcome, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     split: &Split,
/// ) -> Result<Option<SplitState>, Error> {
///     match profit_sharing::split(signer, gateway, split) {
///         Ok(state) => Ok(Some(state)),
///         // The money may have been split: send the same split again later.
///         Err(error) if error.outcome() == Outcome::Unknown => Ok(None),
///         Err(error) => Err(error),
///     }
/// }
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: nothing is split. Correct what the error names, then send the same split.
/// * `Refused`: this call split nothing. `RULE_LIMIT`: the splits of the order exceed the largest ratio.
///   `NOT_ENOUGH`: they exceed what is left; query the [amount left](amount_left). `INVALID_REQUEST`: the order forbids it
///   (not paid for a minute, not settled, without the flag, finished), a receiver was not added, or a split with this number has
///   **other receivers or amounts**: query it.
/// * `Unknown`: the money may have been split; status 429, `SYSTEM_ERROR` and codes that no document lists belong here.
///   Send **the same split** again, or [query](query_split) it. A new number would split again.
#[doc(alias = "请求分账")]
#[doc(alias = "分账")]
pub fn split(signer: &dyn Signer, gateway: &Gateway, split: &Split) -> Result<SplitState, Error> {
    let is_about = |state: &SplitState| {
        state.out_order_no == split.out_order_no && state.transaction_id == split.transaction_id
    };
    let body = split.to_json(signer)?;
    post(signer, gateway, ORDERS, &body, split.encryption_serial(), is_about)
}

/// 查询分账结果: queries what became of a split.
///
/// `GET /v3/profitsharing/orders/{out_order_no}`
/// ([m/4012526279](https://pay.weixin.qq.com/doc/v3/merchant/4012526279)). Query until
/// [`is_final`](SplitState::is_final): there is no notification.
///
/// ```
/// use wechatpay::profit_sharing::{self, SplitState};
/// use wechatpay::{Error, Gateway, OutOrderNo, Signer, TransactionId};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     number: &OutOrderNo,
///     transaction_id: &TransactionId,
/// ) -> Result<SplitState, Error> {
///     profit_sharing::query_split(signer, gateway, number, transaction_id)
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `RESOURCE_NOT_EXISTS` right after a split whose outcome was unknown is
/// not conclusive: send that split again.
#[doc(alias = "查询分账结果")]
pub fn query_split(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_order_no: &OutOrderNo,
    transaction_id: &TransactionId,
) -> Result<SplitState, Error> {
    let path = query_path(signer, out_order_no.as_str(), transaction_id);
    gateway.get_about(signer, &path, |state: &SplitState| {
        state.out_order_no == *out_order_no && state.transaction_id == *transaction_id
    })
}

/// 解冻剩余资金: frees what is left of an order's frozen money. **The order can never be split again.**
///
/// `POST /v3/profitsharing/orders/unfreeze`
/// ([m/4012526374](https://pay.weixin.qq.com/doc/v3/merchant/4012526374)). Send it a minute after the last split,
/// or let that split do it ([`Remainder::IsUnfrozen`]). It is asynchronous, near real time: [`query_unfreeze`].
///
/// ```
/// use wechatpay::profit_sharing::{self, Unfreeze, UnfreezeState};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     unfreeze: &Unfreeze,
/// ) -> Result<UnfreezeState, Error> {
///     profit_sharing::unfreeze(signer, gateway, unfreeze)
/// }
/// ```
///
/// # Errors
/// As [`split`](split()): after `Unknown`, send the same request again. `NOT_ENOUGH` means that nothing is left (refunded, split or
/// expired): query the [amount left](amount_left). A response that describes a split with the same number is an error,
/// because nothing was unfrozen then: use a new number.
#[doc(alias = "解冻剩余资金")]
pub fn unfreeze(
    signer: &dyn Signer,
    gateway: &Gateway,
    unfreeze: &Unfreeze,
) -> Result<UnfreezeState, Error> {
    let path = "/v3/profitsharing/orders/unfreeze";
    let is_about = |state: &UnfreezeState| unfreeze_is_about(unfreeze, state);
    let body = unfreeze.to_json(signer)?;
    let state = post(signer, gateway, path, &body, None, is_about)?;
    check_unfreeze(signer, ("POST", path), unfreeze, state)
}

/// 查询分账结果: queries what became of a request to [`unfreeze`](unfreeze()).
///
/// `GET /v3/profitsharing/orders/{out_order_no}`
/// ([m/4012526279](https://pay.weixin.qq.com/doc/v3/merchant/4012526279)).
///
/// ```
/// use wechatpay::profit_sharing::{self, Unfreeze};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, unfreeze: &Unfreeze) -> Result<(), Error> {
///     let state = profit_sharing::query_unfreeze(signer, gateway, unfreeze)?;
///     println!("unfrozen: {:?}", state.unfrozen());
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`query_split`]; and a response that describes a split with the same number is an error, as for [`unfreeze`](unfreeze()).
#[doc(alias = "查询分账结果")]
pub fn query_unfreeze(
    signer: &dyn Signer,
    gateway: &Gateway,
    unfreeze: &Unfreeze,
) -> Result<UnfreezeState, Error> {
    let number = unfreeze.out_order_no.as_str();
    let path = query_path(signer, number, &unfreeze.transaction_id);
    let is_about = |state: &UnfreezeState| unfreeze_is_about(unfreeze, state);
    let state = gateway.get_about(signer, &path, is_about)?;
    check_unfreeze(signer, ("GET", &path), unfreeze, state)
}

/// 查询剩余待分金额: queries how much of an order's money is left to be split.
///
/// `GET /v3/profitsharing/transactions/{transaction_id}/amounts`
/// ([m/4012457939](https://pay.weixin.qq.com/doc/v3/merchant/4012457939)).
///
/// ```
/// use wechatpay::profit_sharing;
/// use wechatpay::{Error, Fen, Gateway, Signer, TransactionId};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     transaction_id: &TransactionId,
/// ) -> Result<Fen, Error> {
///     profit_sharing::amount_left(signer, gateway, transaction_id)
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `RESOURCE_NOT_EXISTS`: there is no such order, it is not settled
/// yet, or it was placed without the flag.
#[doc(alias = "查询剩余待分金额")]
pub fn amount_left(
    signer: &dyn Signer,
    gateway: &Gateway,
    transaction_id: &TransactionId,
) -> Result<Fen, Error> {
    let path = format!("/v3/profitsharing/transactions/{}/amounts", transaction_id.as_str());
    let is_about = |left: &AmountLeft| left.transaction_id == *transaction_id;
    Ok(gateway.get_about(signer, &path, is_about)?.unsplit_amount)
}

/// 请求分账回退: takes back what a merchant received by a split.
///
/// `POST /v3/profitsharing/return-orders`
/// ([m/4012525210](https://pay.weixin.qq.com/doc/v3/merchant/4012525210)). Only from a merchant that agreed to it (同意分账回退),
/// never from a person; only of a share with the result `SUCCESS`; within 180 days of the order; at most 50 per split.
/// The money goes to the available balance; it cannot be split again.
///
/// ```
/// use wechatpay::profit_sharing::{self, Return, ReturnResult};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, r#return: &Return) -> Result<(), Error> {
///     match profit_sharing::return_share(signer, gateway, r#return)?.result {
///         ReturnResult::Success => println!("the money is back"),
///         ReturnResult::Processing => println!("send the same return again in a minute"),
///         ReturnResult::Failed => println!("nothing was returned"),
///         other => println!("someone must look: {other}"),
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: nothing is returned. Correct what the error names, then send the same return.
/// * `Refused`: this call returned nothing. `NO_AUTH`: the receiver has not agreed.
/// * `Unknown`: the money may be on its way; status 429, `SYSTEM_ERROR`, `INVALID_REQUEST`, codes that no document lists and a
///   balance that is too low belong here (the return exists then, and is processing). Send **the same return** again, or [query](query_return) it. A new number may
///   take the money twice.
#[doc(alias = "请求分账回退")]
#[doc(alias = "分账回退")]
pub fn return_share(
    signer: &dyn Signer,
    gateway: &Gateway,
    r#return: &Return,
) -> Result<ReturnState, Error> {
    let is_about = |state: &ReturnState| r#return.is_answered_by(state);
    let body = r#return.to_json(signer)?;
    post(signer, gateway, RETURNS, &body, None, is_about)
}

/// 查询分账回退结果: queries what became of a return.
///
/// `GET /v3/profitsharing/return-orders/{out_return_no}`
/// ([m/4012526279](https://pay.weixin.qq.com/doc/v3/merchant/4012526279)).
///
/// ```
/// use wechatpay::profit_sharing::{self, ReturnState};
/// use wechatpay::{Error, Gateway, OutOrderNo, OutReturnNo, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     number: &OutReturnNo,
///     split: &OutOrderNo,
/// ) -> Result<ReturnState, Error> {
///     profit_sharing::query_return(signer, gateway, number, split)
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `RESOURCE_NOT_EXISTS` right after a return whose outcome was unknown is
/// not conclusive: send that return again.
#[doc(alias = "查询分账回退结果")]
pub fn query_return(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_return_no: &OutReturnNo,
    out_order_no: &OutOrderNo,
) -> Result<ReturnState, Error> {
    let mut fields = Party::from(signer).sub_mchid_field();
    let split = id::encoded(out_order_no.as_str());
    fields.0.push(("out_order_no", &split));
    let number = id::encoded(out_return_no.as_str());
    let path = format!("{RETURNS}/{number}{}", fields.to_query());
    gateway.get_about(signer, &path, |state: &ReturnState| {
        state.out_return_no == *out_return_no && state.out_order_no == *out_order_no
    })
}

/// 查询最大分账比例: queries the largest part of its orders that a partner may split for a sub-merchant.
///
/// `GET /v3/profitsharing/merchant-configs/{sub_mchid}`
/// ([p/4012466864](https://pay.weixin.qq.com/doc/v3/partner/4012466864)). For partners only.
///
/// ```
/// use wechatpay::profit_sharing::{self, Ratio};
/// use wechatpay::{Error, Gateway, Partner};
///
/// fn example(partner: &Partner<'_>, gateway: &Gateway) -> Result<Ratio, Error> {
///     profit_sharing::max_ratio(partner, gateway)
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `Invalid` if the signer is not a partner's. `NO_AUTH`: the
/// sub-merchant has not authorized the partner to split.
#[doc(alias = "查询最大分账比例")]
pub fn max_ratio(signer: &dyn Signer, gateway: &Gateway) -> Result<Ratio, Error> {
    let sub_mchid = Party::from(signer)
        .sub_mchid()
        .ok_or_else(|| Invalid::new("sub_mchid", "is missing; use a partner's signer"))?;
    let path = format!("/v3/profitsharing/merchant-configs/{sub_mchid}");
    let is_about = |config: &MerchantConfig| config.sub_mchid == sub_mchid;
    Ok(gateway.get_about(signer, &path, is_about)?.max_ratio)
}

/// 申请分账账单: applies for the link to the bill of a day's splits and returns.
///
/// `GET /v3/profitsharing/bills` ([m/4012529628](https://pay.weixin.qq.com/doc/v3/merchant/4012529628)). The
/// day must be within the last three months. **The link is valid for 30 seconds**: [`download`](crate::bill::download) the
/// file at once. The columns of the file are not documented, so it has no typed rows. A [`Partner`](crate::Partner)
/// receives the bill of its sub-merchant.
///
/// ```
/// use wechatpay::bill;
/// use wechatpay::profit_sharing::{self, SharingBill};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, day: bill::Date) -> Result<(), Error> {
///     let link = profit_sharing::bill(signer, gateway, &SharingBill::new(day))?;
///     let path = "2026-10-01-sharing.csv";
///     bill::download_to(signer, gateway, &link, path, &mut |_bytes| ())?;
///     Ok(())
/// }
/// ```
///
/// # Errors
/// Safe to retry: the call changes nothing. `NO_STATEMENT_EXIST`: nothing was split or returned on that day, or it is before
/// 10:00 (Beijing time) on the next day.
#[doc(alias = "申请分账账单")]
#[doc(alias = "分账账单")]
#[doc(alias = "账单")]
pub fn bill(
    signer: &dyn Signer,
    gateway: &Gateway,
    bill: &SharingBill,
) -> Result<bills::Link, Error> {
    let mut path = format!("/v3/profitsharing/bills?bill_date={}", bill.date);
    if let Some(sub_mchid) = Party::from(signer).sub_mchid() {
        path.push_str(&format!("&sub_mchid={sub_mchid}"));
    }
    bills::apply(signer, gateway, path, bill.is_compressed())
}

/// The request of [`bill`](bill()).
///
/// ```
/// use wechatpay::profit_sharing::SharingBill;
///
/// let bill = SharingBill::new("2026-10-01".parse()?);
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharingBill {
    /// 账单日期: day of the bill.
    pub date: bills::Date,
    /// 压缩类型: whether the file is transferred compressed. [`download`](crate::bill::download) decompresses it. Default:
    /// `false`.
    #[cfg(feature = "gzip")]
    pub compressed: bool,
}

impl SharingBill {
    /// Requests the bill of a day.
    #[must_use]
    pub fn new(date: bills::Date) -> Self {
        Self {
            date,
            #[cfg(feature = "gzip")]
            compressed: false,
        }
    }

    fn is_compressed(&self) -> bool {
        #[cfg(feature = "gzip")]
        return self.compressed;
        #[cfg(not(feature = "gzip"))]
        false
    }
}

/// The merchant whose money is split.
fn payer(party: Party<'_>) -> &str {
    party.sub_mchid().unwrap_or_else(|| party.mchid())
}

/// `sub_mchid`, and `sub_appid` if there is an openid under it.
fn party_fields(party: Party<'_>, has_sub_openid: bool) -> PartyFields<'_> {
    let mut fields = party.sub_mchid_field();
    let sub_appid = party.sub_merchant().and_then(|sub| sub.appid.as_ref());
    if let Some(sub_appid) = sub_appid.filter(|_| has_sub_openid) {
        fields.0.push(("sub_appid", sub_appid.as_str()));
    }
    fields
}

/// Reads the [`party_fields`] of the caller's JSON, which may be left out.
fn read_party_fields(party: Party<'_>, object: &mut Object<'_>) {
    party.read_sub_mchid(object);
    if let Some(sub) = party.sub_merchant() {
        let appid = sub.appid.as_ref().map(|appid| appid.as_str());
        object.agrees("sub_appid", appid, ", that of the signer's sub-merchant");
    }
}

fn post<T: DeserializeOwned>(
    signer: &dyn Signer,
    gateway: &Gateway,
    path: &str,
    body: &[u8],
    encryption_serial: Option<&str>,
    is_about: impl FnOnce(&T) -> bool,
) -> Result<T, Error> {
    gateway.post_about(signer, path, Body::encrypted(body, encryption_serial), is_about)
}

fn query_path(signer: &dyn Signer, number: &str, transaction_id: &TransactionId) -> String {
    let mut fields = Party::from(signer).sub_mchid_field();
    fields.0.push(("transaction_id", transaction_id.as_str()));
    format!("{ORDERS}/{}{}", id::encoded(number), fields.to_query())
}

fn unfreeze_is_about(unfreeze: &Unfreeze, state: &UnfreezeState) -> bool {
    state.out_order_no == unfreeze.out_order_no && state.transaction_id == unfreeze.transaction_id
}

fn check_unfreeze(
    signer: &dyn Signer,
    (method, path): (&str, &str),
    unfreeze: &Unfreeze,
    state: UnfreezeState,
) -> Result<UnfreezeState, Error> {
    if unfreeze.is_answered_by(&state, Party::from(signer)) {
        return Ok(state);
    }
    let what = "it describes a split with the same number, so nothing was unfrozen; use a new \
                number to unfreeze the order";
    let (status, what) = (200, what.to_owned());
    let kind = ErrorKind::Malformed { status, what, request_id: None };
    Err(Error::new(CallContext::v3(method, path), kind))
}

#[derive(Deserialize)]
struct DeletedState {
    r#type: ReceiverType,
    account: String,
}

#[derive(Deserialize)]
struct AmountLeft {
    #[serde(deserialize_with = "received::text")]
    transaction_id: TransactionId,
    unsplit_amount: Fen,
}

#[derive(Deserialize)]
struct MerchantConfig {
    sub_mchid: String,
    max_ratio: Ratio,
}

const ORDERS: &str = "/v3/profitsharing/orders";
const RETURNS: &str = "/v3/profitsharing/return-orders";

#[cfg(test)]
mod tests;
