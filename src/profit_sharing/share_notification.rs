//! 分账动账通知: what WeChat Pay reports to a merchant that receives a share.

use serde::Deserialize;

use crate::id::{SplitId, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::profit_sharing::receiver::ReceiverType;
use crate::received;
use crate::time::Time;

/// 分账动账通知: money that a split brought to a receiver, or a return to the merchant whose money was split.
///
/// **It is not a payment**, though its event type is that of a payment. WeChat Pay sends it to merchants that receive, at
/// the URL set on the merchant platform, and never to the merchant whose money is split.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ShareNotification {
    /// 回调摘要: whether it reports a split or a return. The summary of the notification is all that tells them apart.
    #[serde(skip, default = "ShareKind::unknown")]
    pub kind: ShareKind,
    /// 微信订单号: WeChat Pay's transaction ID of the order.
    #[serde(deserialize_with = "received::text")]
    pub transaction_id: TransactionId,
    /// 微信分账/回退单号: WeChat Pay's number of the split or the return.
    #[serde(deserialize_with = "received::text")]
    pub order_id: SplitId,
    /// 商户分账/回退单号: the number that the splitting merchant gave to the split or the return.
    pub out_order_no: String,
    /// 分账接收方: who has received the money; of a return, the merchant whose money was split.
    pub receiver: NotifiedReceiver,
    /// 成功时间: time of success.
    #[serde(default, deserialize_with = "received::option")]
    pub success_time: Option<Time>,
    #[serde(default, deserialize_with = "received::option")]
    mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    sp_mchid: Option<String>,
    #[serde(default, deserialize_with = "received::option")]
    sub_mchid: Option<String>,
}

/// 分账接收方: who has received the money of a [`ShareNotification`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct NotifiedReceiver {
    /// 分账接收方类型: type of the receiver.
    pub r#type: ReceiverType,
    /// 分账接收方账号: the merchant number or the openid.
    pub account: String,
    /// 分账动账金额: the amount, in fen.
    pub amount: Fen,
    /// 分账/回退描述: description.
    #[serde(default, deserialize_with = "received::option")]
    pub description: Option<String>,
}

open_set! {
    /// 回调摘要: whether a notification reports a split or a return.
    profit_sharing::ShareKind {
        /// 分账: a split.
        Split = "分账",
        /// 分账回退: a return.
        Return = "分账回退",
    }
}

impl ShareKind {
    fn unknown() -> Self {
        Self::Other(String::new())
    }
}

impl ShareNotification {
    /// 商户号: the merchant whose money was split; in partner mode the partner (服务商户号).
    #[must_use]
    pub fn mchid(&self) -> Option<&str> {
        self.mchid.as_deref().or(self.sp_mchid.as_deref())
    }

    /// 子商户号: the sub-merchant's number, in partner mode.
    #[must_use]
    pub fn sub_mchid(&self) -> Option<&str> {
        self.sub_mchid.as_deref()
    }

    /// The same notification with another summary.
    pub(crate) fn with_summary(self, summary: &str) -> Self {
        Self { kind: summary.into(), ..self }
    }
}
