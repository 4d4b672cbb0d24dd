//! The body of an error response. It may be unsigned, so it is read within bounds and never trusted.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ErrorDetail;

/// What an error response says; empty where it cannot be read.
#[derive(Default)]
pub(crate) struct ErrorBody {
    pub(crate) code: String,
    pub(crate) message: String,
    /// The member `detail`, of at most [`DETAIL_LIMIT`] bytes.
    detail: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Members<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
}

impl ErrorBody {
    /// Reads the three members and passes over all else, which may be anything and cost nothing.
    pub(crate) fn read(body: &[u8]) -> Self {
        // serde accepts a list in place of a struct.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        let members = is_object.then(|| serde_json::from_slice::<Members<'_>>(body).ok()).flatten();
        let members = members.unwrap_or_default();
        let detail = members.detail.filter(|detail| detail.get().len() <= DETAIL_LIMIT);
        Self {
            code: text(members.code),
            message: text(members.message),
            detail: detail.and_then(|detail| serde_json::from_str(detail.get()).ok()),
        }
    }

    pub(crate) fn raw_detail(&self) -> Option<&Value> {
        self.detail.as_ref()
    }

    pub(crate) fn detail(&self) -> Option<ErrorDetail> {
        let detail = self.detail.as_ref()?;
        let text = |value: &Value, name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(ErrorDetail {
            field: text(detail, "field"),
            // A SIGN_ERROR response nests it once more.
            issue: text(detail, "issue").or_else(|| text(detail.get("detail")?, "issue")),
            location: text(detail, "location"),
            json: detail.to_string(),
        })
    }
}

/// The text of a member; empty if the member is of another type.
fn text(member: Option<&RawValue>) -> String {
    let text = member.and_then(|member| serde_json::from_str::<Cow<'_, str>>(member.get()).ok());
    text.unwrap_or_default().into_owned()
}

/// Our own limit: the largest documented member `detail`, that of SIGN_ERROR, has about a kilobyte.
const DETAIL_LIMIT: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (String, String, Option<String>) {
        let body = ErrorBody::read(body.as_bytes());
        let json = body.detail().map(|detail| detail.json);
        (body.code, body.message, json)
    }

    #[test]
    fn error_body_is_read_as_far_as_possible() {
        for (body, code, message, detail) in [
            (r#"{"code":"A","message":"B","detail":{"x":1},"y":[]}"#, "A", "B", Some(r#"{"x":1}"#)),
            (r#"{"code":"\u0041","message":"\"","detail":null}"#, "A", "\"", None),
            (r#"{"code":7,"message":[],"detail":"x"}"#, "", "", Some(r#""x""#)),
            (r#"{"code":"A","code":"B"}"#, "", "", None),
            (r#"[{"code":"A"}]"#, "", "", None),
            (r#" ["A","B",{}]"#, "", "", None),
            ("<html>", "", "", None),
            ("", "", "", None),
        ] {
            let expected = (code.to_owned(), message.to_owned(), detail.map(str::to_owned));
            assert_eq!(read(body), expected, "{body}");
        }
    }

    #[test]
    fn large_detail_counts_as_absent() {
        let body = |length: usize| {
            let text = "x".repeat(length.saturating_sub(2));
            read(&format!(r#"{{"code":"A","detail":"{text}"}}"#))
        };
        assert!(body(DETAIL_LIMIT).2.is_some());
        assert_eq!(body(DETAIL_LIMIT + 1), ("A".to_owned(), String::new(), None));
    }
}
