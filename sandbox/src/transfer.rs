//! A transfer to a user, and its state.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::json::put;
use super::schema::{fen_of, text_of};

/// A transfer to a user.
pub(super) struct Transfer {
    pub(super) mchid: String,
    /// The fields of the request, its `user_name` in plain text: a repetition must have the same.
    pub(super) parameters: Value,
    pub(super) transfer_bill_no: String,
    /// Unix seconds of business time, as the other times.
    pub(super) create_time: i64,
    pub(super) update_time: i64,
    pub(super) state: TransferState,
    pub(super) fail_reason: Option<String>,
    /// Opens the page on which the user confirms.
    pub(super) package_info: String,
    /// 付款时收款方式, once it is paid.
    pub(super) payment_method_type: &'static str,
    /// When its money was taken from the operation account.
    pub(super) funded_time: Option<i64>,
    /// When that money was put back.
    pub(super) returned_time: Option<i64>,
    /// Whether its final state was reported.
    pub(super) is_reported: bool,
}

/// 单据状态.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransferState {
    Accepted,
    Processing,
    WaitUserConfirm,
    Transfering,
    Success,
    Fail,
    Canceling,
    Cancelled,
}

impl Transfer {
    /// 商户单号.
    pub(super) fn number(&self) -> &str {
        text_of(&self.parameters, "out_bill_no")
    }

    /// In fen.
    pub(super) fn amount(&self) -> u64 {
        fen_of(&self.parameters, "/transfer_amount")
    }

    /// Whether its money is taken from the operation account.
    pub(super) fn is_funded(&self) -> bool {
        self.funded_time.is_some() && self.returned_time.is_none()
    }

    pub(super) fn notify_url(&self) -> &str {
        text_of(&self.parameters, "notify_url")
    }

    pub(super) fn names_user(&self) -> bool {
        self.parameters.get("user_name").is_some()
    }

    pub(super) fn go(&mut self, state: TransferState, now: i64) {
        (self.state, self.update_time) = (state, now);
    }

    pub(super) fn fail(&mut self, reason: &str, now: i64) {
        self.fail_reason = Some(reason.to_owned());
        self.go(TransferState::Fail, now);
    }

    /// The response of the call that creates it. Only a transfer that waits has a `package_info`.
    pub(super) fn created(&self) -> Value {
        let mut output = json!({
            "out_bill_no": self.number(),
            "transfer_bill_no": self.transfer_bill_no,
            "create_time": Beijing::at(self.create_time).rfc3339(),
            "state": self.state.as_str(),
        });
        if self.state == TransferState::WaitUserConfirm {
            put(&mut output, "package_info", self.package_info.as_str());
        }
        if let Some(reason) = &self.fail_reason {
            put(&mut output, "fail_reason", reason.as_str());
        }
        if let Some(info) = self.parameters.get("authorization_info") {
            for name in ["user_display_name", "out_authorization_no"] {
                put(&mut output, name, text_of(info, name));
            }
        }
        output
    }

    /// The response of a query, with the user's name in plain text.
    pub(super) fn described(&self) -> Value {
        let mut output = self.notification();
        if let Some(output) = output.as_object_mut() {
            output.remove("payment_method_type");
        }
        for name in ["appid", "transfer_remark", "user_name"] {
            if let Some(value) = self.parameters.get(name) {
                put(&mut output, name, value.clone());
            }
        }
        output
    }

    /// The resource of a notification.
    pub(super) fn notification(&self) -> Value {
        let mut output = json!({
            "mch_id": self.mchid,
            "out_bill_no": self.number(),
            "transfer_bill_no": self.transfer_bill_no,
            "state": self.state.as_str(),
            "transfer_amount": self.amount(),
            "create_time": Beijing::at(self.create_time).rfc3339(),
            "update_time": Beijing::at(self.update_time).rfc3339(),
        });
        if let Some(openid) = self.parameters.get("openid") {
            put(&mut output, "openid", openid.clone());
        }
        if let Some(reason) = &self.fail_reason {
            put(&mut output, "fail_reason", reason.as_str());
        }
        if self.state == TransferState::Success {
            put(&mut output, "payment_method_type", self.payment_method_type);
        }
        output
    }

    /// The response of a cancellation.
    pub(super) fn cancellation(&self) -> Value {
        json!({
            "out_bill_no": self.number(),
            "transfer_bill_no": self.transfer_bill_no,
            "state": self.state.as_str(),
            "update_time": Beijing::at(self.update_time).rfc3339(),
        })
    }
}

impl TransferState {
    /// The documents' spelling.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Processing => "PROCESSING",
            Self::WaitUserConfirm => "WAIT_USER_CONFIRM",
            Self::Transfering => "TRANSFERING",
            Self::Success => "SUCCESS",
            Self::Fail => "FAIL",
            Self::Canceling => "CANCELING",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Fail | Self::Cancelled)
    }
}
