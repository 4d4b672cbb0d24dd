//! A documented error of the service.

use serde_json::{Value, json};

use super::json::put;
use super::response::Response;

/// A refused request: the error that the service documents for it.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) detail: Option<Value>,
    /// The service's number of the error, the last part of `Request-ID`.
    pub(super) number: u32,
}

/// The part of a request that a parameter is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Location {
    Body,
    Query,
    /// In the path.
    Url,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: &str) -> Self {
        let number = number(code);
        Self { status, code: code.to_owned(), message: message.to_owned(), detail: None, number }
    }

    /// An error of the gateway in front of the interfaces, which responds with an empty body.
    pub(super) fn bare(status: u16) -> Self {
        Self::new(status, "", "")
    }

    /// 无效请求: against the rules of the interface, or of the order's state.
    pub(super) fn invalid(message: &str) -> Self {
        Self::new(400, "INVALID_REQUEST", message)
    }

    /// 记录不存在: a transfer, an authorization or a receipt that does not exist.
    pub(super) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "记录不存在")
    }

    /// A number that was used before, with other parameters.
    pub(super) fn other_parameters() -> Self {
        Self::invalid("请求重入时，参数与首次请求时不一致").numbered(OTHER_PARAMETERS)
    }

    /// 参数错误: `field` is a JSON pointer into the body, elsewhere a plain name.
    pub(super) fn parameter(
        location: Location,
        field: &str,
        value: Option<&Value>,
        issue: &str,
    ) -> Self {
        let (location, source) = match location {
            Location::Body => ("body", format!("/body{field}")),
            Location::Query => ("query", format!("/query/{field}")),
            Location::Url => ("url", format!("/url/{field}")),
        };
        let mut detail = json!({ "field": field, "issue": issue, "location": location });
        if let Some(value) = value {
            put(&mut detail, "value", value.clone());
        }
        Self::new(400, "PARAM_ERROR", &format!("输入源“{source}”校验失败：{issue}"))
            .detailed(detail)
    }

    /// The same error as the interface at this path documents it: those of combined orders have a
    /// spelling of their own (merchant/4012556944), and refunds another status (merchant/4012791862).
    pub(super) fn at(self, path: &str) -> Self {
        let (status, code) = match self.code.as_str() {
            "NO_AUTH" if path.starts_with(COMBINED) => (self.status, "NOAUTH"),
            "RULE_LIMIT" if path.starts_with(COMBINED) => (self.status, "RULELIMIT"),
            "ORDER_NOT_EXIST" if path.starts_with(COMBINED) => (self.status, "ORDERNOTEXIST"),
            "SYSTEM_ERROR" if path.starts_with(COMBINED) => (self.status, "SYSTEMERROR"),
            "MCH_NOT_EXISTS" if path.starts_with(REFUNDS) => (404, "MCH_NOT_EXISTS"),
            _ => return self,
        };
        Self { status, code: code.to_owned(), ..self }
    }

    pub(super) fn detailed(self, detail: Value) -> Self {
        Self { detail: Some(detail), ..self }
    }

    pub(super) fn numbered(self, number: u32) -> Self {
        Self { number, ..self }
    }

    pub(super) fn response(&self) -> Response {
        if self.code.is_empty() {
            return Response::empty(self.status);
        }
        let mut body = json!({ "code": self.code, "message": self.message });
        if let Some(detail) = &self.detail {
            put(&mut body, "detail", detail.clone());
        }
        Response::json(self.status, &body)
    }
}

/// The numbers in the service's troubleshooting guide (排障手册).
fn number(code: &str) -> u32 {
    match code {
        "PARAM_ERROR" => 268_435_461,
        "SIGN_ERROR" => 268_443_699,
        "FREQUENCY_LIMITED" => 268_447_840,
        "APPID_MCHID_NOT_MATCH" => 268_445_527,
        "ORDER_CLOSED" => 268_447_914,
        "OUT_TRADE_NO_USED" => 268_498_689,
        _ => UNLISTED,
    }
}

const COMBINED: &str = "/v3/combine-transactions/";
const REFUNDS: &str = "/v3/refund/";
/// From the same guide.
const OTHER_PARAMETERS: u32 = 268_498_688;
/// For codes without a listed number: not 0, which would mean success.
const UNLISTED: u32 = 268_435_456;
