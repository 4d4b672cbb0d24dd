//! An answer of the sandbox, before HTTP.

use serde_json::Value;

/// An answer on its way out: what [`Sandbox::tamper_next`](super::Sandbox::tamper_next) and
/// [`Sandbox::rewrite_next`](super::Sandbox::rewrite_next) may change.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status. One that HTTP does not know, such as 0, hangs up without a byte.
    pub status: u16,
    /// The headers, in order. A name may occur more than once, a value need not be text.
    ///
    /// `Content-Length` is added when the answer is sent. One that is set here stays as it is:
    /// larger than the body, it cuts the answer off half-way; smaller, it hangs up without a byte.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let same = |(other, _): &&(String, Vec<u8>)| other.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, value)| value.as_slice())
    }

    /// Adds one more header, whether or not there is one of this name.
    pub fn add_header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
    }

    /// Makes this the only header of this name.
    pub fn set_header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.remove_header(name);
        self.add_header(name, value);
    }

    /// Removes every header of this name.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    /// Something else than JSON.
    pub(super) fn file(media_type: &str, body: &[u8]) -> Self {
        let mut response = Self { status: 200, headers: Vec::new(), body: body.to_vec() };
        response.add_header("Content-Type", media_type);
        response
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case_and_may_repeat() {
        let mut response = Response::empty(204);
        response.add_header("Wechatpay-Nonce", "a");
        response.add_header("wechatpay-nonce", [0xFF]);
        assert_eq!(response.header("WECHATPAY-NONCE"), Some(b"a".as_slice()));
        assert_eq!(response.headers.len(), 2);
        response.set_header("WechatPay-Nonce", "b");
        assert_eq!(response.headers, [("WechatPay-Nonce".to_owned(), b"b".to_vec())]);
    }
}
