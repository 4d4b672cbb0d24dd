//! A response of the sandbox, before HTTP.

use serde_json::Value;

/// A response before it is sent, which [`Sandbox::tamper_next`](super::Sandbox::tamper_next) and
/// [`Sandbox::rewrite_next`](super::Sandbox::rewrite_next) can change.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status. With an invalid one, such as 0, the connection is closed without a response.
    pub status: u16,
    /// The headers, in order. A name can occur more than once, and a value need not be text.
    ///
    /// `Content-Length` is added when the response is sent, unless it is set here: larger than the body,
    /// it makes the response incomplete; smaller, it closes the connection without a response.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header with this name, in any case.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.rewrite_next(|response| assert!(response.header("Request-ID").is_some()));
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let same = |(other, _): &&(String, Vec<u8>)| other.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, value)| value.as_slice())
    }

    /// Adds a header, even if there is one with this name.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.tamper_next(|response| response.add_header("X-Cache", "HIT"));
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
    }

    /// Replaces every header with this name.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.rewrite_next(|response| response.set_header("Content-Type", "text/html"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.remove_header(name);
        self.add_header(name, value);
    }

    /// Removes every header with this name.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.tamper_next(|response| response.remove_header("Wechatpay-Nonce"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    /// A body of another type than JSON.
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
