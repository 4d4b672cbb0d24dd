//! 分账结果: the state of a split, receiver by receiver.

use serde::{Deserialize, Serialize};

use crate::id::{OutOrderNo, SplitId, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::profit_sharing::receiver::ReceiverType;
use crate::received;
use crate::time::Time;

/// 分账结果: the state of a split. **Finished does not mean that anyone was paid**: look at each receiver, with
/// [`settled`](Self::settled), [`closed`](Self::closed) and [`pending`](Self::pending).
///
/// ```
/// use wechatpay::profit_sharing::SplitState;
///
/// fn book(state: &SplitState) {
///     for share in state.settled() {
///         println!("{} got {} fen", share.account, share.amount.0);
///     }
///     for share in state.closed() {
///         println!("{} did not get {} fen: {:?}", share.account, share.amount.0, share.result);
///     }
///     if state.pending().next().is_some() {
///         println!("query again later");
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SplitState {
    /// 微信订单号: WeChat Pay's transaction ID of the order.
    #[serde(deserialize_with = "received::text")]
    pub transaction_id: TransactionId,
    /// 商户分账单号: the merchant's own number of the split.
    #[serde(deserialize_with = "received::text")]
    pub out_order_no: OutOrderNo,
    /// 微信分账单号: WeChat Pay's number of the split.
    #[serde(deserialize_with = "received::text")]
    pub order_id: SplitId,
    /// 分账单状态: whether WeChat Pay is done with the split. It says nothing about success.
    #[serde(rename = "state")]
    pub progress: Progress,
    /// 分账接收方列表: the receivers and their results. If the rest is unfrozen, the merchant may be among them. A
    /// response may leave the list out: query again.
    #[serde(default, deserialize_with = "received::list")]
    pub receivers: Vec<ShareState>,
}

impl SplitState {
    /// The receivers who have their money.
    pub fn settled(&self) -> impl Iterator<Item = &ShareState> {
        self.receivers.iter().filter(|share| share.result == ShareResult::Success)
    }

    /// The receivers who were not paid and will not be by this split. It does not follow where the money is: query
    /// the [amount left](crate::profit_sharing::amount_left).
    pub fn closed(&self) -> impl Iterator<Item = &ShareState> {
        self.receivers.iter().filter(|share| matches!(share.result, ShareResult::Closed(_)))
    }

    /// The receivers whose result is not known yet.
    pub fn pending(&self) -> impl Iterator<Item = &ShareState> {
        self.receivers.iter().filter(|share| !share.result.is_final())
    }

    /// Whether every result is final. If not, query again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.progress == Progress::Finished
            && !self.receivers.is_empty()
            && self.receivers.iter().all(|share| share.result.is_final())
    }
}

open_set! {
    /// 分账单状态: whether WeChat Pay is done with a split.
    profit_sharing::Progress {
        /// 处理中: not final.
        Processing = "PROCESSING",
        /// 分账完成: done. **Not: succeeded.** Each receiver has a result of its own.
        Finished = "FINISHED",
    }
}

/// 分账接收方: a receiver and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ShareJson", into = "ShareJson")]
#[non_exhaustive]
pub struct ShareState {
    /// 分账接收方类型: type of the receiver.
    pub r#type: ReceiverType,
    /// 分账接收方账号: the merchant number or the openid.
    pub account: String,
    /// 分账金额: the amount, in fen.
    pub amount: Fen,
    /// 分账描述: description.
    pub description: String,
    /// 分账结果: the result.
    pub result: ShareResult,
    /// 分账创建时间: time at which the share was created.
    pub create_time: Option<Time>,
    /// 分账完成时间: time at which the result became final.
    pub finish_time: Option<Time>,
    /// 分账明细单号: WeChat Pay's number of the share, 业务凭证号 in the fund flow bill.
    pub detail_id: Option<String>,
}

/// 分账结果: what became of a receiver's share.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShareResult {
    /// 待分账: not final.
    Pending,
    /// 分账成功: the receiver has the money. Final.
    Success,
    /// 已关闭: the receiver was not paid, for this reason if one was given. Final.
    Closed(Option<ShareFailure>),
    /// A word that this version does not know, as received. Not final, as far as is known.
    Other(String),
}

impl ShareResult {
    /// Whether it is `Success` or `Closed`.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Success | Self::Closed(_))
    }
}

open_set! {
    /// 分账失败原因: why a receiver was not paid.
    profit_sharing::ShareFailure {
        /// 分账接收账户异常: the receiver's account is abnormal.
        AccountAbnormal = "ACCOUNT_ABNORMAL",
        /// 分账关系已解除: the receiver was deleted from the list.
        NoRelation = "NO_RELATION",
        /// 高风险接收方: a receiver of high risk. Never retry.
        ReceiverHighRisk = "RECEIVER_HIGH_RISK",
        /// 接收方未实名: the receiver has not verified its real name.
        ReceiverRealNameNotVerified = "RECEIVER_REAL_NAME_NOT_VERIFIED",
        /// 分账权限已解除: profit sharing was taken from the merchant.
        NoAuth = "NO_AUTH",
        /// 接收方已达收款限额: the receiver has reached its limit.
        ReceiverReceiptLimit = "RECEIVER_RECEIPT_LIMIT",
        /// 分出方账户异常: the payer's account is abnormal.
        PayerAccountAbnormal = "PAYER_ACCOUNT_ABNORMAL",
        /// 描述参数设置失败: the description was refused.
        InvalidRequest = "INVALID_REQUEST",
    }
}

/// A share as it is written in JSON, where the result and the reason are two members.
#[derive(Serialize, Deserialize)]
struct ShareJson {
    r#type: ReceiverType,
    account: String,
    amount: Fen,
    #[serde(default, deserialize_with = "received::option")]
    description: Option<String>,
    result: String,
    #[serde(default, deserialize_with = "received::option")]
    fail_reason: Option<ShareFailure>,
    #[serde(default, deserialize_with = "received::option")]
    create_time: Option<Time>,
    #[serde(default, deserialize_with = "received::option")]
    finish_time: Option<Time>,
    #[serde(default, deserialize_with = "received::option")]
    detail_id: Option<String>,
}

impl From<ShareJson> for ShareState {
    fn from(received: ShareJson) -> Self {
        let result = match received.result.as_str() {
            "PENDING" => ShareResult::Pending,
            // The documents print a reason beside SUCCESS, which has no meaning.
            "SUCCESS" => ShareResult::Success,
            "CLOSED" => ShareResult::Closed(received.fail_reason),
            _ => ShareResult::Other(received.result),
        };
        Self {
            r#type: received.r#type,
            account: received.account,
            amount: received.amount,
            description: received.description.unwrap_or_default(),
            result,
            create_time: received.create_time,
            finish_time: received.finish_time,
            detail_id: received.detail_id,
        }
    }
}

impl From<ShareState> for ShareJson {
    fn from(share: ShareState) -> Self {
        let (result, fail_reason) = match share.result {
            ShareResult::Pending => ("PENDING".to_owned(), None),
            ShareResult::Success => ("SUCCESS".to_owned(), None),
            ShareResult::Closed(reason) => ("CLOSED".to_owned(), reason),
            ShareResult::Other(word) => (word, None),
        };
        Self {
            r#type: share.r#type,
            account: share.account,
            amount: share.amount,
            description: Some(share.description),
            result,
            fail_reason,
            create_time: share.create_time,
            finish_time: share.finish_time,
            detail_id: share.detail_id,
        }
    }
}
