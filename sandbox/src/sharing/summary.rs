//! Summaries of splits and returns, for lists and pages.

use serde::Serialize;

use wechatpay::Fen;

use super::share_return::Return;
use super::split::{Share, ShareResult, Split};

/// A split in its present state, or a request to unfreeze: see [`Sandbox::splits`](crate::Sandbox::splits).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SplitSummary {
    /// 商户分账单号: merchant's number of the split.
    pub out_order_no: String,
    /// 微信订单号: transaction ID of the order.
    pub transaction_id: String,
    /// Whether it is a request to unfreeze (解冻剩余资金).
    pub is_unfreeze: bool,
    /// 分账单状态: state, `PROCESSING` or `FINISHED`.
    pub state: String,
    /// 分账接收方列表: receivers and their results.
    pub receivers: Vec<ShareSummary>,
}

/// A receiver of a [`SplitSummary`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShareSummary {
    /// 分账接收方账号: merchant number or openid.
    pub account: String,
    /// 分账金额: amount.
    pub amount: Fen,
    /// 分账结果: result, `PENDING`, `SUCCESS` or `CLOSED`.
    pub result: String,
    /// 分账失败原因: reason, if the result is `CLOSED`.
    pub fail_reason: Option<String>,
}

/// A return in its present state: see [`Sandbox::returns`](crate::Sandbox::returns).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReturnSummary {
    /// 商户回退单号: merchant's number of the return.
    pub out_return_no: String,
    /// 商户分账单号: merchant's number of the split.
    pub out_order_no: String,
    /// 回退商户号: merchant that gives the money back.
    pub return_mchid: String,
    /// 回退金额: amount.
    pub amount: Fen,
    /// 回退结果: result, `PROCESSING`, `SUCCESS` or `FAILED`.
    pub result: String,
}

impl From<&Split> for SplitSummary {
    fn from(split: &Split) -> Self {
        Self {
            out_order_no: split.number().to_owned(),
            transaction_id: split.transaction_id().to_owned(),
            is_unfreeze: split.is_unfreeze,
            state: split.state().to_owned(),
            receivers: split.shares.iter().map(ShareSummary::from).collect(),
        }
    }
}

impl From<&Share> for ShareSummary {
    fn from(share: &Share) -> Self {
        let fail_reason = match &share.result {
            ShareResult::Closed(reason) => Some(reason.clone()),
            _ => None,
        };
        Self {
            account: share.account.clone(),
            amount: Fen(share.amount),
            result: share.result.as_str().to_owned(),
            fail_reason,
        }
    }
}

impl From<&Return> for ReturnSummary {
    fn from(it: &Return) -> Self {
        Self {
            out_return_no: it.number().to_owned(),
            out_order_no: it.out_order_no.clone(),
            return_mchid: it.return_mchid().to_owned(),
            amount: Fen(it.amount()),
            result: it.result.as_str().to_owned(),
        }
    }
}
