//! A split, or a request to unfreeze, and its shares.

use serde_json::{Value, json};

use crate::calendar::Beijing;
use crate::json::put;
use crate::schema::text_of;

/// A split of an order, or a request to unfreeze the rest, which has one share: that of the merchant itself.
pub(crate) struct Split {
    /// The merchant who signed the request.
    pub(super) mchid: String,
    pub(super) sub_mchid: Option<String>,
    /// The fields of the request, names in plain text: a repetition must have the same.
    pub(super) parameters: Value,
    /// 微信分账单号.
    pub(super) order_id: String,
    pub(super) is_unfreeze: bool,
    /// Unix seconds.
    pub(super) create_time: i64,
    pub(super) shares: Vec<Share>,
}

/// The share of one receiver.
pub(crate) struct Share {
    pub(super) r#type: String,
    pub(super) account: String,
    pub(super) amount: u64,
    pub(super) description: String,
    pub(super) detail_id: String,
    pub(super) result: ShareResult,
    /// When the result became final, in Unix seconds.
    pub(super) end_time: Option<i64>,
}

/// 分账结果.
#[derive(Clone, PartialEq)]
pub(crate) enum ShareResult {
    Pending,
    Success,
    /// With the reason.
    Closed(String),
}

impl Split {
    /// 商户分账单号.
    pub(super) fn number(&self) -> &str {
        text_of(&self.parameters, "out_order_no")
    }

    pub(super) fn transaction_id(&self) -> &str {
        text_of(&self.parameters, "transaction_id")
    }

    pub(super) fn is_of(&self, mchid: &str, sub_mchid: Option<&str>) -> bool {
        self.mchid == mchid && self.sub_mchid.as_deref() == sub_mchid
    }

    /// Whether the order cannot be split again after it.
    pub(super) fn finishes(&self) -> bool {
        self.is_unfreeze || self.parameters.get("unfreeze_unsplit") == Some(&Value::Bool(true))
    }

    pub(super) fn is_pending(&self) -> bool {
        self.shares.iter().any(|share| share.result == ShareResult::Pending)
    }

    pub(super) fn state(&self) -> &'static str {
        if self.is_pending() { "PROCESSING" } else { "FINISHED" }
    }

    /// The amount of the order's money that it takes, in fen.
    pub(super) fn taken(&self) -> u64 {
        let taken = self.shares.iter().filter(|share| !share.result.is_closed());
        taken.map(|share| share.amount).fold(0, u64::saturating_add)
    }

    /// The JSON of every response about it.
    pub(super) fn describe(&self) -> Value {
        let receivers: Vec<Value> = self.shares.iter().map(|it| it.describe(self)).collect();
        let mut output = json!({
            "transaction_id": self.transaction_id(),
            "out_order_no": self.number(),
            "order_id": self.order_id,
            "state": self.state(),
            "receivers": receivers,
        });
        if let Some(sub_mchid) = &self.sub_mchid {
            put(&mut output, "sub_mchid", sub_mchid.as_str());
        }
        output
    }
}

impl Share {
    fn describe(&self, split: &Split) -> Value {
        let finish_time = self.end_time.unwrap_or(split.create_time);
        let mut output = json!({
            "type": self.r#type,
            "account": self.account,
            "amount": self.amount,
            "description": self.description,
            "result": self.result.as_str(),
            "create_time": Beijing::at(split.create_time).rfc3339(),
            "finish_time": Beijing::at(finish_time).rfc3339(),
            "detail_id": self.detail_id,
        });
        if let ShareResult::Closed(reason) = &self.result {
            put(&mut output, "fail_reason", reason.as_str());
        }
        output
    }
}

impl ShareResult {
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
            Self::Closed(_) => "CLOSED",
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}
