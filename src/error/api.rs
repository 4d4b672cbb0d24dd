//! A response that is not a success.

use std::fmt;

use super::code::Code;
use crate::one_line::OneLine;
use crate::sign_diagnosis::SignDiagnosis;

/// A response of WeChat Pay that is not a success.
///
/// The fields are as received, and unless the response is [`signed`](Self::signed), anyone can have
/// written them. `Display` shows them on one line, without control characters, and cuts them.
///
/// ```
/// use wechatpay::{Code, Error};
///
/// fn is_paid_with_another_number(error: &Error) -> bool {
///     error.api().is_some_and(|api| api.signed && api.code == Code::OUT_TRADE_NO_USED)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// 错误码: the error code; empty if the response contained none, because it came from a proxy.
    pub code: Code,
    /// 错误描述: WeChat Pay's message, for people. One code has many messages.
    pub message: String,
    /// Which field is wrong, and what is wrong with it.
    pub detail: Option<ErrorDetail>,
    /// The header `Request-ID`, to quote to WeChat Pay's support.
    pub request_id: Option<String>,
    /// Whether the response was signed. If so, the signature was verified.
    pub signed: bool,
    /// On `SIGN_ERROR`: the message that WeChat Pay built, compared with the one that was signed.
    pub sign_diagnosis: Option<SignDiagnosis>,
}

impl ApiError {
    /// Writes the error, and what follows from it before the marks of the response.
    pub(super) fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        advice: Option<&str>,
        consequence: &str,
    ) -> fmt::Result {
        write!(f, "WeChat Pay returned HTTP {}", self.status)?;
        if !self.code.as_str().is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", OneLine(&self.message))?;
        }
        if let Some(detail) = &self.detail {
            write!(f, "{detail}")?;
        }
        if let Some(diagnosis) = &self.sign_diagnosis {
            write!(f, "; {diagnosis}")?;
        } else if let Some(advice) = advice {
            write!(f, "; {advice}")?;
        }
        if self.code.as_str().is_empty() && self.message.is_empty() {
            write!(f, "; no error code in the response; it probably came from a proxy")?;
        }
        f.write_str(consequence)?;
        if !self.signed {
            write!(f, " (the response is not signed)")?;
        }
        write_request_id(f, self.request_id.as_deref())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, self.code.advice(), "")
    }
}

impl std::error::Error for ApiError {}

/// The member `detail` (错误详情) of an error response. Its form varies; this is what could be read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// 错误参数的位置: the wrong field, a JSON pointer within the body, a name in path and query.
    pub field: Option<String>,
    /// 错误原因: what is wrong with the field.
    pub issue: Option<String>,
    /// Where the field is: `body`, `url`, `query`, `authorization`.
    pub location: Option<String>,
    /// The member as received, as JSON. It may repeat what was sent, so it is for the merchant's
    /// eyes: neither `Debug` nor `Display` prints it.
    pub json: String,
}

impl fmt::Debug for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorDetail")
            .field("field", &self.field)
            .field("issue", &self.issue)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "; field {}", OneLine(field))?;
        }
        if let Some(issue) = &self.issue {
            write!(f, "; {}", OneLine(issue))?;
        }
        Ok(())
    }
}

pub(super) fn write_request_id(
    f: &mut fmt::Formatter<'_>,
    request_id: Option<&str>,
) -> fmt::Result {
    match request_id {
        Some(id) => write!(f, " [Request-ID {}]", OneLine(id)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(change: fn(&mut ApiError)) -> String {
        let mut error = ApiError {
            status: 400,
            code: Code::PARAM_ERROR,
            message: "参数错误".to_owned(),
            detail: None,
            request_id: None,
            signed: true,
            sign_diagnosis: None,
        };
        change(&mut error);
        error.to_string()
    }

    #[test]
    fn api_error_shows_all_that_is_known() {
        let complete = text(|error| {
            error.request_id = Some("08F7".to_owned());
            error.signed = false;
        });
        assert!(
            complete.starts_with("WeChat Pay returned HTTP 400 PARAM_ERROR: 参数错误"),
            "{complete}"
        );
        let end = " (the response is not signed) [Request-ID 08F7]";
        assert!(complete.ends_with(end), "{complete}");
        let signed = text(|_| ());
        assert!(!signed.contains("not signed") && !signed.contains("Request-ID"), "{signed}");
    }

    #[test]
    fn api_error_names_a_proxy_only_without_code_and_message() {
        type Change = fn(&mut ApiError);
        let cases: [(Change, bool); 4] = [
            (|_| (), false),
            (|error| error.code = Code::new(""), false),
            (|error| error.message.clear(), false),
            (
                |error| {
                    error.code = Code::new("");
                    error.message.clear();
                },
                true,
            ),
        ];
        for (change, expected) in cases {
            let text = text(change);
            assert_eq!(text.contains("it probably came from a proxy"), expected, "{text}");
        }
    }

    #[test]
    fn detail_prints_nothing_of_the_json_received() {
        let detail = ErrorDetail {
            field: Some("/payer/openid".into()),
            issue: Some("too long".into()),
            location: Some("body".into()),
            json: r#"{"value":"oSECRET"}"#.into(),
        };
        assert_eq!(detail.to_string(), "; field /payer/openid; too long");
        let debug = format!("{detail:?}");
        assert!(debug.contains("too long") && !debug.contains("oSECRET"), "{debug}");
    }
}
