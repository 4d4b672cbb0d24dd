//! Why a request is refused.

use super::super::refusal::Refusal;
use super::call::Call;

/// A business error: `result_code` is FAIL, and the answer is signed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(super) code: String,
    pub(super) text: String,
}

impl Fault {
    pub(super) fn new(code: &str, text: &str) -> Self {
        Self { code: code.to_owned(), text: text.to_owned() }
    }

    /// An error of APIv3 in the spelling of APIv2.
    pub(super) fn of_v3(refusal: &Refusal) -> Self {
        let code = match refusal.code.as_str() {
            "SYSTEM_ERROR" | "SERVICE_UNAVAILABLE" | "" => "SYSTEMERROR",
            "BANK_ERROR" => "BANKERROR",
            "NO_AUTH" => "NOAUTH",
            "NOT_ENOUGH" => "NOTENOUGH",
            "ORDER_CLOSED" => "ORDERCLOSED",
            "ORDER_NOT_EXIST" => "ORDERNOTEXIST",
            "SIGN_ERROR" => "SIGNERROR",
            same => same,
        };
        Self::new(code, &refusal.message)
    }

    /// A field that is missing, unknown or wrong. Documents 001 and 002 have other codes for it.
    pub(super) fn of_field(call: Call, refusal: &Refusal) -> Self {
        let detail = refusal.detail.as_ref();
        let issue = detail.and_then(|detail| detail.get("issue")?.as_str()).unwrap_or_default();
        let code = match (issue, call) {
            ("is required", _) => "LACK_PARAMS",
            ("is an illegal extra parameter", call) if call.is_combined() => "POST_DATA_INVALID",
            (_, call) if call.is_combined() => "INVALID_PARAMS",
            (_, Call::Place | Call::Close) => "INVALID_REQUEST",
            _ => "PARAM_ERROR",
        };
        Self::new(code, &refusal.message)
    }
}
