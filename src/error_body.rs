//! The body of an error response. It may be unsigned, so it is read within bounds and never trusted.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::ErrorDetail;
use crate::sign_diagnosis::SignInformation;

/// The contents of an error response; empty where they cannot be read.
#[derive(Default)]
pub(crate) struct ErrorBody {
    pub(crate) code: String,
    pub(crate) message: String,
    /// The member `detail` as received, of at most [`DETAIL_LIMIT`] bytes.
    detail: Option<String>,
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

/// The members of `detail` that are read. As a `Value`, 4 KiB would overflow a stack of 1 MiB: `Value` takes the text in an
/// object with the name of `RawValue` for more JSON, with another 128 levels, and so on.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail<'a> {
    #[serde(borrow)]
    field: Option<&'a RawValue>,
    #[serde(borrow)]
    issue: Option<&'a RawValue>,
    #[serde(borrow)]
    location: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    sign_information: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Information<'a> {
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    #[serde(borrow)]
    sign_message_length: Option<&'a RawValue>,
    #[serde(borrow)]
    truncated_sign_message: Option<&'a RawValue>,
}

impl ErrorBody {
    /// Reads the three members and passes over all else, which may be anything and cost nothing.
    pub(crate) fn read(body: &[u8]) -> Self {
        let Members { code, message, detail } = members(body);
        let detail = detail.map(RawValue::get);
        let detail = detail.filter(|json| json.len() <= DETAIL_LIMIT && *json != "null");
        Self {
            code: text(code).unwrap_or_default(),
            message: text(message).unwrap_or_default(),
            detail: detail.map(str::to_owned),
        }
    }

    /// WeChat Pay's view of the message whose signature is wrong, from the member `detail`.
    pub(crate) fn sign_information(&self) -> Option<SignInformation> {
        let detail: Detail<'_> = members(self.detail.as_ref()?.as_bytes());
        let seen: Information<'_> = members(detail.sign_information?.get().as_bytes());
        Some(SignInformation {
            method: text(seen.method),
            url: text(seen.url),
            message_length: seen
                .sign_message_length
                .and_then(|length| serde_json::from_str(length.get()).ok()),
            truncated_message: text(seen.truncated_sign_message),
        })
    }

    pub(crate) fn detail(&self) -> Option<ErrorDetail> {
        let json = self.detail.as_ref()?;
        let detail: Detail<'_> = members(json.as_bytes());
        // A SIGN_ERROR response nests it once more.
        let nested = detail.detail.map(|nested| members::<Detail<'_>>(nested.get().as_bytes()));
        Some(ErrorDetail {
            field: text(detail.field),
            issue: text(detail.issue).or_else(|| text(nested?.issue)),
            location: text(detail.location),
            json: json.clone(),
        })
    }
}

/// The members of an object; none of anything else.
fn members<'a, T: Default + Deserialize<'a>>(json: &'a [u8]) -> T {
    // serde accepts a list in place of a struct.
    let is_object = json.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(json).ok()).flatten().unwrap_or_default()
}

/// The text of a member, unless it is of another type.
fn text(member: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(member?.get()).ok()
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
    fn detail_is_kept_as_received_and_read_as_far_as_possible() {
        for (detail, issue) in [
            (r#"{"issue": "A", "detail": {"issue": "B"}}"#, Some("A")),
            (r#"{ "issue":[], "detail": {"issue":"B"}, "n": 1e400 }"#, Some("B")),
            (r#"{"issue":"A","issue":"B"}"#, None),
            (r#"[["A"]]"#, None),
            // Not read as JSON.
            (r#"{"$serde_json::private::RawValue":"{\"issue\":\"A\"}"}"#, None),
        ] {
            let read =
                ErrorBody::read(format!(r#"{{"detail": {detail} }}"#).as_bytes()).detail().unwrap();
            assert_eq!((&*read.json, read.issue.as_deref()), (detail, issue));
        }
    }

    #[test]
    fn sign_information_of_another_shape_has_nothing() {
        let read = |detail: &str| {
            ErrorBody::read(format!(r#"{{"detail":{detail}}}"#).as_bytes()).sign_information()
        };
        for detail in ["null", "\"x\"", "[1]", "{}", r#"{"sign_information":null}"#] {
            assert_eq!(read(detail), None, "{detail}");
        }
        for nothing in ["[]", "{}", r#"{"sign_message_length":-1,"url":[]}"#] {
            let detail = format!(r#"{{"sign_information":{nothing}}}"#);
            assert_eq!(read(&detail), Some(SignInformation::default()), "{detail}");
        }
        let complete = r#"{"sign_information":{"method":"GET","url":"/v3/x","sign_message_length":7,
            "truncated_sign_message":"GET\n"}}"#;
        let expected = SignInformation {
            method: Some("GET".to_owned()),
            url: Some("/v3/x".to_owned()),
            message_length: Some(7),
            truncated_message: Some("GET\n".to_owned()),
        };
        assert_eq!(read(complete), Some(expected));
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
