//! A documented error of APIv2.

use super::super::refusal::Refusal as V3Refusal;

/// A business error: `result_code` is FAIL, and the response is signed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(super) code: String,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(code: &str, text: &str) -> Self {
        Self { code: code.to_owned(), text: text.to_owned() }
    }

    /// An error of APIv3 in the spelling of APIv2.
    pub(super) fn of_v3(refusal: &V3Refusal) -> Self {
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

    /// A field that is missing, unknown or wrong.
    pub(super) fn of_field(errors: FieldErrors, refusal: &V3Refusal) -> Self {
        let detail = refusal.detail.as_ref();
        let issue = detail.and_then(|detail| detail.get("issue")?.as_str()).unwrap_or_default();
        let code = match issue {
            "is required" => "LACK_PARAMS",
            "is an illegal extra parameter" => errors.unknown,
            _ => errors.invalid,
        };
        Self::new(code, &refusal.message)
    }
}

/// The error codes of an interface for fields that are unknown or invalid. Documents 001 and 002
/// have codes of their own.
#[derive(Clone, Copy)]
pub(super) struct FieldErrors {
    unknown: &'static str,
    invalid: &'static str,
}

impl FieldErrors {
    pub(super) const INVALID_REQUEST: Self =
        Self { unknown: "INVALID_REQUEST", invalid: "INVALID_REQUEST" };
    pub(super) const PARAM_ERROR: Self = Self { unknown: "PARAM_ERROR", invalid: "PARAM_ERROR" };
    pub(super) const COMBINED: Self =
        Self { unknown: "POST_DATA_INVALID", invalid: "INVALID_PARAMS" };
}
