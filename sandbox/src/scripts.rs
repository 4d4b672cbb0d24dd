//! Scripted responses, for interfaces that the sandbox does not model.

use wechatpay::Method;

use super::path_pattern;
use super::received::Received;
use super::url;

/// The response of the sandbox to every call of an interface that it does not model.
///
/// Each request is checked as any other: headers, signature, clock. The response is signed, and faults meet it.
///
/// ```
/// use serde_json::json;
/// use wechatpay::{Method, call};
/// use wechatpay_sandbox::{Sandbox, Script};
///
/// let sandbox = Sandbox::start()?;
/// let path = "/v3/marketing/busifavor/stocks";
/// sandbox.script(Method::Post, path, Script::new(200, r#"{"stock_id":"98065001"}"#));
///
/// let stock = json!({ "stock_name": "8月1日活动券" });
/// let response = call::post(sandbox.signer(), sandbox.gateway(), path, &stock)?;
/// assert_eq!(response.json::<serde_json::Value>()?["stock_id"], "98065001");
/// assert_eq!(sandbox.scripted_requests()[0].body, r#"{"stock_name":"8月1日活动券"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The response is not signed.
    pub(super) is_file: bool,
    /// JSON pointers.
    #[cfg(feature = "aws-lc-rs")]
    pub(super) encrypted_in_request: Vec<String>,
    #[cfg(feature = "aws-lc-rs")]
    pub(super) encrypted_in_response: Vec<String>,
}

impl Script {
    /// A response with this status and body; the body of a 204 or a 202 is empty.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            is_file: false,
            #[cfg(feature = "aws-lc-rs")]
            encrypted_in_request: Vec::new(),
            #[cfg(feature = "aws-lc-rs")]
            encrypted_in_response: Vec::new(),
        }
    }

    /// A file with this content, with status 200 and without a signature, as the links of WeChat Pay lead to.
    ///
    /// ```
    /// use wechatpay::Method;
    /// use wechatpay::call::{Download, FileHash};
    /// use wechatpay_sandbox::{Sandbox, Script};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.script(Method::Get, "/v3/billdownload/file", Script::file("message"));
    ///
    /// let hash = FileHash::new("SHA1", "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d")?;
    /// let link = format!("{}/v3/billdownload/file?token=1", sandbox.base_url());
    /// let mut file = Vec::new();
    /// Download::new(link, hash).write(sandbox.signer(), sandbox.gateway(), &mut file)?;
    /// assert_eq!(file, b"message");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file(content: impl Into<Vec<u8>>) -> Self {
        Self { is_file: true, ..Self::new(200, content) }
    }

    /// The field of the request at this JSON pointer must be encrypted if it is there. The sandbox
    /// decrypts it, and [`ScriptedRequest::body`] has its plain text.
    #[cfg(feature = "aws-lc-rs")]
    #[must_use]
    pub fn decrypt(mut self, pointer: &str) -> Self {
        self.encrypted_in_request.push(pointer.to_owned());
        self
    }

    /// The field of the response at this JSON pointer, which is given in plain text, is encrypted for the merchant.
    #[cfg(feature = "aws-lc-rs")]
    #[must_use]
    pub fn encrypt(mut self, pointer: &str) -> Self {
        self.encrypted_in_response.push(pointer.to_owned());
        self
    }
}

/// A request that a script responded to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptedRequest {
    /// The method, in upper case.
    pub method: String,
    /// Path and query, as they were received.
    pub path: String,
    /// The body, with the fields of [`Script::decrypt`] in plain text; of an upload, its `meta`.
    pub body: String,
}

/// Every script, and every request that one responded to.
#[derive(Default)]
pub(super) struct Scripts {
    /// Methods, paths (a segment in braces is any segment) and scripts.
    scripts: Vec<(Method, String, Script)>,
    requests: Vec<ScriptedRequest>,
}

impl Scripts {
    pub(super) fn add(&mut self, method: Method, path: &str, script: Script) {
        self.scripts.retain(|(other, pattern, _)| (*other, &**pattern) != (method, path));
        self.scripts.push((method, path.to_owned(), script));
    }

    pub(super) fn clear(&mut self) {
        self.scripts.clear();
    }

    pub(super) fn record(&mut self, request: ScriptedRequest) {
        self.requests.push(request);
    }

    pub(super) fn requests(&self) -> &[ScriptedRequest] {
        &self.requests
    }

    /// The script for a request, the one added last first.
    pub(super) fn find(&self, request: &Received) -> Option<&Script> {
        let (path, _) = url::split(&request.path);
        let is_meant = |method: &Method, pattern: &str| {
            method.as_str() == request.method && path_pattern::matches(pattern, path)
        };
        let mut scripts = self.scripts.iter().rev();
        scripts.find(|(method, pattern, _)| is_meant(method, pattern)).map(|(.., script)| script)
    }
}
