//! A refund of an order, and its status.

use serde_json::Value;

use super::schema::{fen_of, text_of};

/// A refund of an order, or of a part of it.
pub(super) struct Refund {
    /// The parameters that it was applied for with, which a repetition must have as well.
    pub(super) parameters: Value,
    pub(super) refund_id: String,
    /// Unix seconds.
    pub(super) create_time: i64,
    pub(super) status: RefundStatus,
    /// When the status was reached, unless it is [`RefundStatus::Processing`].
    pub(super) end_time: Option<i64>,
    /// The part that goes back into a coupon, in fen.
    pub(super) discount: u64,
    /// The part of the merchant's fee that is given back, in fen.
    pub(super) fee: u64,
    /// Whether frozen money of the order pays it (分账), and not the available balance.
    pub(super) is_from_frozen: bool,
    /// 退款渠道.
    pub(super) channel: &'static str,
    /// 退款入账账户.
    pub(super) account: String,
}

/// 退款状态 (status, in notifications refund_status).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefundStatus {
    Processing,
    Success,
    Abnormal,
    Closed,
}

impl Refund {
    /// 商户退款单号.
    pub(super) fn number(&self) -> &str {
        text_of(&self.parameters, "out_refund_no")
    }

    /// In fen.
    pub(super) fn amount(&self) -> u64 {
        fen_of(&self.parameters, "/amount/refund")
    }

    /// 退款原因.
    pub(super) fn reason(&self) -> &str {
        text_of(&self.parameters, "reason")
    }

    pub(super) fn has_succeeded(&self) -> bool {
        self.status == RefundStatus::Success
    }

    /// Where its notification goes, if it has an address of its own.
    pub(super) fn notify_url(&self) -> Option<&str> {
        self.parameters.get("notify_url").and_then(Value::as_str)
    }

    /// What the user gets back in money, in fen.
    pub(super) fn payer_refund(&self) -> u64 {
        self.amount().saturating_sub(self.discount)
    }

    /// Whether it takes away from what can still be refunded.
    pub(super) fn counts(&self) -> bool {
        self.status != RefundStatus::Closed
    }
}

impl RefundStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Abnormal => "ABNORMAL",
            Self::Closed => "CLOSED",
        }
    }

    /// 回调摘要.
    pub(super) fn summary(self) -> &'static str {
        match self {
            Self::Processing => "退款处理中",
            Self::Success => "退款成功",
            Self::Abnormal => "退款异常",
            Self::Closed => "退款关闭",
        }
    }

    /// In APIv2.
    #[cfg(feature = "v2")]
    pub(super) fn as_v2_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Abnormal => "CHANGE",
            Self::Closed => "REFUNDCLOSE",
        }
    }
}
