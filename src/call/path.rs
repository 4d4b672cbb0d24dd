//! [`Path`]: the path and query of an interface, with variables and query values percent-encoded.

use std::fmt;

use crate::error::{Error, Invalid};
use crate::id::encoded;

/// The path and query of an interface. Values are percent-encoded once, so that the text that is
/// signed is the text that is sent.
///
/// ```
/// use wechatpay::call::Path;
///
/// let path = Path::new("/v3/marketing/busifavor/users/{openid}/coupons")
///     .variable("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?
///     .query("appid", "wxd678efh567hg6787")
///     .query("filter", r#"{"state":"SENDED"}"#)
///     .query("limit", 20);
/// assert_eq!(
///     path.as_str(),
///     "/v3/marketing/busifavor/users/oUpF8uMuAJO_M2pxb1Q9zNjWeS6o/coupons\
///      ?appid=wxd678efh567hg6787&filter=%7B%22state%22%3A%22SENDED%22%7D&limit=20"
/// );
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
}

impl Path {
    /// A path as the documents print it, with its variables in braces: `/v3/…/{stock_id}`.
    pub fn new(template: impl Into<String>) -> Self {
        Self { text: template.into() }
    }

    /// Sets the variable of that name.
    ///
    /// # Errors
    /// [`Error`] if the path has no such variable, or if the value is empty or has `.` or `..` as a segment.
    pub fn variable(self, name: &str, value: impl fmt::Display) -> Result<Self, Error> {
        let (variable, value) = (format!("{{{name}}}"), value.to_string());
        if !self.text.contains(&variable) {
            return Err(Invalid::new("path", format!("has no variable {name}")).into());
        }
        if value.is_empty() || has_dot_segment(&value) {
            return Err(
                Invalid::new(name, "must not be empty, nor have . or .. as a segment").into()
            );
        }
        Ok(Self { text: self.text.replace(&variable, &encoded(&value)) })
    }

    /// Adds a query parameter. The value may be any text: Base64, JSON, Chinese.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.text.push(if self.text.contains('?') { '&' } else { '?' });
        self.text.push_str(&encoded(name));
        self.text.push('=');
        self.text.push_str(&encoded(&value.to_string()));
        self
    }

    /// The text that is signed and sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Path {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// Leaves out the query, which may contain personal data.
impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(without_query(&self.text), f)
    }
}

pub(super) fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// Whether this is the path and query of an interface, encoded, that cannot leave the host.
pub(super) fn check(path_and_query: &str) -> Result<(), Invalid> {
    let violation = |rule: &'static str| Err(Invalid::new("path", rule));
    let (path, query) = path_and_query
        .split_once('?')
        .map_or((path_and_query, None), |(path, query)| (path, Some(query)));
    if !ROOTS.iter().any(|root| path.starts_with(root)) {
        return violation("must begin with /v3/ or /hk/v3/; the host is that of the gateway");
    }
    if path.contains(['{', '}']) {
        return violation("must have a value for each variable in braces; set it with variable()");
    }
    if !is_encoded(path, b"") || !query.is_none_or(|query| is_encoded(query, b"?")) {
        return violation("must be percent-encoded ASCII; use call::Path");
    }
    // Some servers read it as a blank, others as a plus.
    if query.is_some_and(|query| query.contains('+')) {
        return violation(
            "must not contain + in the query; use %2B for a plus and %20 for a blank",
        );
    }
    if query == Some("") {
        return violation("must not end in ?");
    }
    let decoded = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/");
    if path.split('/').skip(1).any(str::is_empty) || has_dot_segment(&decoded) {
        return violation("must not contain an empty segment, nor . or .. as a segment");
    }
    Ok(())
}

/// Whether a server may take this as a step to another path: some decode a slash before they look for dots.
fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| [".", ".."].contains(&segment))
}

/// The characters that RFC 3986 leaves as they are in a path, these others, and whole escapes.
fn is_encoded(text: &str, others: &[u8]) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_good = match byte {
            b'%' => {
                let mut is_digit = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                is_digit() && is_digit()
            }
            byte => is_plain(byte) || others.contains(&byte),
        };
        if !is_good {
            return false;
        }
    }
    true
}

/// Where interfaces begin, on any of WeChat Pay's hosts.
const ROOTS: [&str; 2] = ["/v3/", "/hk/v3/"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_once_and_completely() {
        let path = Path::new("/v3/a/{id}/b/{id}")
            .variable("id", "1/2?3#4%5 6|7*8支")
            .unwrap()
            .query("mobile", "a+/b==")
            .query("名", r#"{"x":[1, 2]}"#);
        let id = "1%2F2%3F3%234%255%206%7C7%2A8%E6%94%AF";
        assert_eq!(
            path.as_str(),
            format!(
                "/v3/a/{id}/b/{id}?mobile=a%2B%2Fb%3D%3D&%E5%90%8D=%7B%22x%22%3A%5B1%2C%202%5D%7D"
            )
        );
        assert_eq!(check(path.as_str()), Ok(()));
        assert_eq!(format!("{path:?}"), format!("\"/v3/a/{id}/b/{id}\""));
    }

    #[test]
    fn query_is_added_to_one_that_is_there() {
        assert_eq!(Path::new("/v3/a?x=1").query("y", 2).as_str(), "/v3/a?x=1&y=2");
    }

    #[test]
    fn variable_must_exist_and_must_not_step_aside() {
        let path = || Path::new("/v3/a/{id}");
        let error = path().variable("no", "1").unwrap_err().to_string();
        assert_eq!(error, "path has no variable no");
        for value in ["", ".", "..", "../b", "x/../../b", "x/.", "./x"] {
            let error = path().variable("id", value).unwrap_err().to_string();
            assert_eq!(error, "id must not be empty, nor have . or .. as a segment");
        }
        for (value, encoded) in [("...", "..."), ("a..b//c=", "a..b%2F%2Fc%3D")] {
            let path = path().variable("id", value).unwrap();
            assert_eq!(path.as_str(), format!("/v3/a/{encoded}"));
            assert_eq!(check(path.as_str()), Ok(()));
        }
    }

    #[test]
    fn paths_of_interfaces_are_accepted() {
        for path in [
            "/v3/certificates",
            "/v3/global/transactions/app",
            "/hk/v3/certificates",
            "/v3/marketing/partnerships?limit=5&authorized_data=%7B%22a%22%3A1%7D",
            "/v3/a/b:c@d!$&'()*+,;=-._~?x=/?:@",
            "/v3/a?x=//evil.example/../y",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_that_leave_or_are_not_encoded_are_refused() {
        for (path, rule) in [
            ("", "begin with"),
            ("v3/certificates", "begin with"),
            ("/v3", "begin with"),
            ("/V3/x", "begin with"),
            ("/pay/unifiedorder", "begin with"),
            ("//evil.example/v3/x", "begin with"),
            ("https://evil.example/v3/x", "begin with"),
            ("@evil.example/v3/x", "begin with"),
            ("?x=/v3/", "begin with"),
            ("/v3/x/{id}", "a value for each variable"),
            ("/v3/x#y", "percent-encoded"),
            ("/v3/x?y#z", "percent-encoded"),
            ("/v3/x y", "percent-encoded"),
            ("/v3/x\\y", "percent-encoded"),
            ("/v3/x?y=\"", "percent-encoded"),
            ("/v3/x?y={}", "percent-encoded"),
            ("/v3/x|y", "percent-encoded"),
            ("/v3/支付", "percent-encoded"),
            ("/v3/x\r\nHost: evil.example", "percent-encoded"),
            ("/v3/x\0", "percent-encoded"),
            ("/v3/x%", "percent-encoded"),
            ("/v3/x%2", "percent-encoded"),
            ("/v3/x%2g", "percent-encoded"),
            ("/v3/x?y=a+b", "not contain +"),
            ("/v3/x?", "not end in ?"),
            ("/v3/", "empty segment"),
            ("/v3//x", "empty segment"),
            ("/v3/x/", "empty segment"),
            ("/v3/./x", "empty segment"),
            ("/v3/../v2/x", "empty segment"),
            ("/v3/x/..?y=1", "empty segment"),
            ("/v3/%2e%2E/x", "empty segment"),
            ("/v3/.%2e/x", "empty segment"),
            ("/v3/x/..%2Fy", "empty segment"),
            ("/v3/x/a%2f%2E%2e%2fy", "empty segment"),
            ("/v3/x/a%2F.", "empty segment"),
        ] {
            let error = check(path).map_err(|invalid| invalid.to_string()).unwrap_err();
            assert!(error.starts_with("path must ") && error.contains(rule), "{path}: {error}");
        }
    }
}
