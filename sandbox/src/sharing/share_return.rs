//! A return of a share (分账回退).

use serde_json::{Value, json};

use super::return_result::ReturnResult;
use crate::calendar::Beijing;
use crate::json::put;
use crate::schema::{fen_of, text_of};

/// A return of a share.
pub(crate) struct Return {
    pub(super) mchid: String,
    pub(super) sub_mchid: Option<String>,
    /// The fields of the request: a repetition must have the same.
    pub(super) parameters: Value,
    /// The split's numbers: 微信分账单号 and 商户分账单号.
    pub(super) order_id: String,
    pub(super) out_order_no: String,
    pub(super) transaction_id: String,
    /// The merchant whose money was split.
    pub(super) payer: String,
    pub(super) return_id: String,
    pub(super) result: ReturnResult,
    pub(super) create_time: i64,
    pub(super) end_time: Option<i64>,
}

impl Return {
    /// 商户回退单号.
    pub(super) fn number(&self) -> &str {
        text_of(&self.parameters, "out_return_no")
    }

    pub(super) fn return_mchid(&self) -> &str {
        text_of(&self.parameters, "return_mchid")
    }

    pub(super) fn amount(&self) -> u64 {
        fen_of(&self.parameters, "/amount")
    }

    pub(super) fn is_of(&self, mchid: &str, sub_mchid: Option<&str>, number: &str) -> bool {
        self.mchid == mchid && self.sub_mchid.as_deref() == sub_mchid && self.number() == number
    }

    pub(super) fn counts(&self) -> bool {
        !matches!(self.result, ReturnResult::Failed(_))
    }

    /// The JSON of every response about it.
    pub(super) fn describe(&self) -> Value {
        let finish_time = self.end_time.unwrap_or(self.create_time);
        let mut output = json!({
            "order_id": self.order_id,
            "out_order_no": self.out_order_no,
            "out_return_no": self.number(),
            "return_id": self.return_id,
            "return_mchid": self.return_mchid(),
            "amount": self.amount(),
            "description": text_of(&self.parameters, "description"),
            "result": self.result.as_str(),
            "create_time": Beijing::at(self.create_time).rfc3339(),
            "finish_time": Beijing::at(finish_time).rfc3339(),
        });
        if let ReturnResult::Failed(reason) = self.result {
            put(&mut output, "fail_reason", reason);
        }
        if let Some(sub_mchid) = &self.sub_mchid {
            put(&mut output, "sub_mchid", sub_mchid.as_str());
        }
        output
    }
}
