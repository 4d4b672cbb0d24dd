//! The request pipeline of every APIv3 call: sign, send once, verify, deserialize.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

use crate::base_url::{self, MAIN_HOST, STANDBY_HOST};
use crate::error::{ApiError, CallContext, Code, Error, ErrorKind, Invalid};
use crate::error_body::ErrorBody;
use crate::method::Method;
use crate::one_line::OneLine;
use crate::platform_keys::{self, PlatformKeys};
use crate::sign_diagnosis::SignDiagnosis;
use crate::signer::{self, Signer};
use crate::time::Time;
use crate::transport::{Request, Response, Transport};
use crate::ureq_transport::{HttpOptions, UreqTransport};
use crate::{id, received, signing};

/// The host that calls go to, and the keys that verify its responses. Use one for the whole process:
/// it is cheap to clone, can be shared between threads, and reuses its connections.
///
/// It belongs to no merchant: several signers may use one gateway, provided that its keys include
/// those of each merchant.
///
/// ```
/// use wechatpay::{Error, Gateway, PlatformKeys};
///
/// fn example(public_key_id: &str, pub_key_pem: &str) -> Result<Gateway, Error> {
///     Gateway::new(PlatformKeys::from_pem(public_key_id, pub_key_pem)?)
/// }
/// ```
#[derive(Clone)]
pub struct Gateway {
    base_url: Arc<str>,
    keys: Arc<PlatformKeys>,
    transport: Arc<dyn Transport>,
}

impl Gateway {
    /// 主域名: the main host, `https://api.mch.weixin.qq.com`, with the default [`HttpOptions`].
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the proxy in the environment cannot be used.
    #[doc(alias = "主域名")]
    pub fn new(keys: PlatformKeys) -> Result<Self, Error> {
        Self::at(MAIN_HOST, keys, UreqTransport::new(&HttpOptions::default())?)
    }

    /// 备域名: the backup host, `https://api2.mch.weixin.qq.com`, in another city. Use it when the
    /// main host cannot be reached, not when it returns an error: see [`Failover`](crate::Failover).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    #[doc(alias = "备域名")]
    pub fn standby(keys: PlatformKeys) -> Result<Self, Error> {
        Self::at(STANDBY_HOST, keys, UreqTransport::new(&HttpOptions::default())?)
    }

    /// Any host through any transport: `https://` and a host, without a path. `http://` is accepted
    /// for loopback addresses only.
    ///
    /// ```
    /// use wechatpay::{Error, Gateway, HttpOptions, PlatformKeys, UreqTransport};
    ///
    /// fn example(keys: PlatformKeys, ca_pem: &str) -> Result<Gateway, Error> {
    ///     let transport = UreqTransport::new(&HttpOptions::trusting(ca_pem))?;
    ///     Gateway::at("https://127.0.0.1:8443", keys, transport)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the base URL does not have that form.
    pub fn at(
        base_url: &str,
        keys: PlatformKeys,
        transport: impl Transport + 'static,
    ) -> Result<Self, Error> {
        let base_url = base_url::check(base_url)?;
        Ok(Self { base_url: base_url.into(), keys: Arc::new(keys), transport: Arc::new(transport) })
    }

    /// The same host and the same connections with other keys, for a rotation of keys.
    #[must_use]
    pub fn with_keys(&self, keys: PlatformKeys) -> Self {
        Self { keys: Arc::new(keys), ..self.clone() }
    }

    /// The host that calls go to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The keys that verify responses.
    #[must_use]
    pub fn keys(&self) -> &PlatformKeys {
        &self.keys
    }

    /// Sends a `GET` and returns the JSON of the response. `path` is path and query, encoded: the
    /// bytes signed are the bytes sent.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
    ) -> Result<T, Error> {
        self.exchange(signer, Method::Get, path, Body::NONE)?.verify(&self.keys)?.json()
    }

    /// Sends a body and returns the JSON of the response.
    pub(crate) fn post<'b, T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
        body: impl Into<Body<'b>>,
    ) -> Result<T, Error> {
        self.exchange(signer, Method::Post, path, body.into())?.verify(&self.keys)?.json()
    }

    /// Queries an order or a refund, and refuses a response that is about another one.
    pub(crate) fn get_about<T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
        is_about: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        self.exchange(signer, Method::Get, path, Body::NONE)?
            .verify(&self.keys)?
            .json_about(is_about)
    }

    /// Sends a body about a refund, and refuses a response that is about another one.
    pub(crate) fn post_about<'b, T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
        body: impl Into<Body<'b>>,
        is_about: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        self.exchange(signer, Method::Post, path, body.into())?
            .verify(&self.keys)?
            .json_about(is_about)
    }

    /// Sends a body whose response has none (204).
    pub(crate) fn post_no_content<'b>(
        &self,
        signer: &dyn Signer,
        path: &str,
        body: impl Into<Body<'b>>,
    ) -> Result<(), Error> {
        self.exchange(signer, Method::Post, path, body.into())?.verify(&self.keys)?.no_content()
    }

    /// Calls any interface. 202 is a success here: what it means is for the caller to know.
    pub(crate) fn call(
        &self,
        signer: &dyn Signer,
        method: Method,
        path: &str,
        body: Body<'_>,
    ) -> Result<Verified, Error> {
        self.exchange(signer, method, path, body)?.verify_any_success(&self.keys)
    }

    /// Downloads a file, which is not signed: its reader checks it against a hash that is.
    pub(crate) fn download(&self, signer: &dyn Signer, url: &str) -> Result<Response, Error> {
        let call = CallContext::DOWNLOAD;
        let path = self.path_within(url).map_err(|error| Error::from(error).in_call(call))?;
        let (message, response) =
            self.send(call, signer, Method::Get, (url, path), Body::NONE, true)?;
        if response.status == 200 {
            return Ok(response);
        }
        let refused = Unverified::receive(call, message, response)?.verify(&self.keys);
        refused.and_then(|verified| Err(verified.malformed("the response is not a file")))
    }

    /// Sends one request and receives its response, which is not verified yet.
    pub(crate) fn exchange(
        &self,
        signer: &dyn Signer,
        method: Method,
        path: &str,
        body: Body<'_>,
    ) -> Result<Unverified, Error> {
        let call = CallContext::v3(method.as_str(), path);
        let url = format!("{}{path}", self.base_url);
        let (message, response) = self.send(call, signer, method, (&url, path), body, false)?;
        Unverified::receive(call, message, response)
    }

    fn send(
        &self,
        call: CallContext,
        signer: &dyn Signer,
        method: Method,
        (url, path): (&str, &str),
        body: Body<'_>,
        is_file: bool,
    ) -> Result<(Vec<u8>, Response), Error> {
        let Body { content, signed, content_type, encryption_serial } = body;
        let serial =
            self.serial(encryption_serial).map_err(|error| Error::from(error).in_call(call))?;
        let (message, authorization) =
            authorize(signer, method, path, signed).map_err(|error| error.in_call(call))?;
        let mut headers = Vec::with_capacity(4);
        headers.push(("Accept", if is_file { "*/*" } else { "application/json" }));
        headers.push(("Authorization", authorization.as_str()));
        if !serial.is_empty() {
            headers.push(("Wechatpay-Serial", serial));
        }
        if !matches!(content, Content::Bytes([])) {
            headers.push(("Content-Type", content_type));
        }
        let mut request = Request { method, url, headers: &headers, body: b"", is_file };
        let sent = match content {
            Content::Bytes(bytes) => {
                request.body = bytes;
                self.transport.send(&request)
            }
            Content::Stream(body, length) => self.transport.send_stream(&request, body, length),
        };
        match sent {
            Ok(response) => Ok((message, response)),
            Err(error) => Err(Error::new(call, ErrorKind::Transport(error))),
        }
    }

    /// The header `Wechatpay-Serial`: the key of the encrypted fields, which also signs the response.
    fn serial<'a>(&'a self, encryption_serial: Option<&'a str>) -> Result<&'a str, Invalid> {
        match encryption_serial {
            None => Ok(self.keys.preferred_serial()),
            Some(serial) if self.keys.holds(serial) => Ok(serial),
            Some(_) => Err(Invalid::new(
                "encryption_serial",
                "is not among the gateway's keys; encrypt the same values again with \
                 PlatformKeys::encryptor, under the same order number",
            )),
        }
    }

    /// The path and query of a URL of WeChat Pay or of this gateway. The signature must go nowhere
    /// else.
    pub(crate) fn path_within<'u>(&self, url: &'u str) -> Result<&'u str, Invalid> {
        let violation = |rule: String| Invalid::new("download_url", rule);
        let own = [&*self.base_url, MAIN_HOST, STANDBY_HOST];
        let path = own
            .into_iter()
            .find_map(|host| url.strip_prefix(host).filter(|path| path.starts_with('/')))
            .ok_or_else(|| match origin(url) {
                Some(origin) if own.contains(&&*origin) => {
                    let rule = "must be a host and a path; use the link as it was received";
                    violation(rule.to_owned())
                }
                origin => {
                    let place = origin.map(|origin| format!(", not on {origin}"));
                    let place = place.unwrap_or_default();
                    violation(format!("must be on a host of WeChat Pay{place}; use a new link"))
                }
            })?;
        if !path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            let rule = "must be visible ASCII without #; use the link as it was received";
            return Err(violation(rule.to_owned()));
        }
        Ok(path)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("base_url", &self.base_url)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// The scheme and host of a URL, to be shown: on one line, and without a user name or password,
/// which may be secrets.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if host.is_empty() || scheme.len() > LONGEST_SCHEME || !is_scheme(scheme) {
        return None;
    }
    let mut shown: String = host.chars().take(LONGEST_HOST).collect();
    if shown.len() < host.len() {
        shown.push('…');
    }
    Some(format!("{scheme}://{}", OneLine(&shown)))
}

/// Of DNS, in characters.
const LONGEST_HOST: usize = 253;

/// Our own limit.
const LONGEST_SCHEME: usize = 10;

/// The body of a request, and the key that its fields were encrypted with.
pub(crate) struct Body<'a> {
    content: Content<'a>,
    /// What the signature covers: the bytes, or the `meta` of an upload.
    signed: &'a [u8],
    content_type: &'a str,
    encryption_serial: Option<&'a str>,
}

enum Content<'a> {
    Bytes(&'a [u8]),
    /// A stream and its length in bytes.
    Stream(&'a mut dyn Read, u64),
}

impl<'a> Body<'a> {
    pub(crate) const NONE: Self = Self::encrypted(b"", None);

    /// A body, or a query, with fields that were encrypted under that serial number.
    pub(crate) const fn encrypted(bytes: &'a [u8], encryption_serial: Option<&'a str>) -> Self {
        let content = Content::Bytes(bytes);
        Self { content, signed: bytes, content_type: "application/json", encryption_serial }
    }

    /// The body of an upload, whose signature covers its `meta` alone
    /// ([p/4012760432](https://pay.weixin.qq.com/doc/v3/partner/4012760432)).
    pub(crate) fn multipart(
        (body, length): (&'a mut dyn Read, u64),
        meta: &'a [u8],
        content_type: &'a str,
    ) -> Self {
        let content = Content::Stream(body, length);
        Self { content, signed: meta, content_type, encryption_serial: None }
    }
}

impl<'a> From<&'a Vec<u8>> for Body<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::encrypted(bytes, None)
    }
}

/// The message that is signed, and the header with its signature.
fn authorize(
    signer: &dyn Signer,
    method: Method,
    path: &str,
    body: &[u8],
) -> Result<(Vec<u8>, String), Error> {
    let mchid = signer.mchid();
    id::check_mchid(mchid).map_err(|rule| Invalid::new("mchid", rule))?;
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), signer::nonce()?);
    let message = signing::request(method.as_str(), path, timestamp, &nonce, body);
    let signature = signer.sign(&message)?;
    let serial_no = signature.serial_no;
    id::check_serial_no(&serial_no).map_err(|rule| Invalid::new("serial_no", rule))?;
    let signature = STANDARD.encode(signature.bytes);
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",\
         timestamp=\"{timestamp}\",serial_no=\"{serial_no}\",signature=\"{signature}\""
    );
    Ok((message, authorization))
}

fn is_success(status: u16) -> bool {
    (200..=299).contains(&status)
}

/// A response as received, and the message that was signed for its request. Its body is out of
/// reach until it is verified.
pub(crate) struct Unverified {
    call: CallContext,
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    request_id: Option<String>,
    message: Vec<u8>,
}

impl Unverified {
    fn receive(call: CallContext, message: Vec<u8>, mut response: Response) -> Result<Self, Error> {
        let request_id = response.request_id();
        let lost = |error| Error::new(call, ErrorKind::Transport(error));
        let body = if is_success(response.status) {
            response.read_body().map_err(lost)?
        } else {
            let body = response.read_error_body().map_err(lost)?;
            // A truncated body cannot be verified; the status is kept.
            body.unwrap_or_else(|| {
                response.headers.clear();
                Vec::new()
            })
        };
        let (status, headers) = (response.status, response.headers);
        Ok(Self { call, status, headers, body, request_id, message })
    }

    /// The body before it is verified, for a response that brings the keys to verify it with.
    pub(crate) fn unverified_body(&self) -> &[u8] {
        &self.body
    }

    /// Verifies a success with these keys. 202 means that the request was not processed, so it ends as an error.
    pub(crate) fn verify(self, keys: &PlatformKeys) -> Result<Verified, Error> {
        self.verify_any_success(keys)?.processed()
    }

    /// Verifies a success, which includes 202. An error response ends as an error in any case; if it
    /// claims a signature, that is verified first.
    fn verify_any_success(self, keys: &PlatformKeys) -> Result<Verified, Error> {
        self.verify_at(keys, Time::now())
    }

    fn verify_at(self, keys: &PlatformKeys, now: Result<Time, Error>) -> Result<Verified, Error> {
        // The request was sent, so an unusable clock must not become an error that says "not sent":
        // the response counts as stale.
        let now = now.unwrap_or(Time::START);
        let is_success = is_success(self.status);
        let signed =
            platform_keys::claims_signature(self.headers.iter().map(|(name, _)| name.as_str()));
        if is_success || signed {
            let headers = self.headers.iter().map(|(name, value)| (&**name, &**value));
            if let Err(reason) = keys.verify(headers, &self.body, now) {
                let (call, status) = (self.call, self.status);
                let request_id = self.request_id.clone();
                let unverified = Some(self)
                    .filter(|_| !is_success)
                    .map(|response| response.into_api_error(false))
                    .filter(|response| !response.code.as_str().is_empty())
                    .map(Box::new);
                let kind = ErrorKind::Untrusted { status, reason, request_id, unverified };
                return Err(Error::new(call, kind));
            }
        }
        if is_success {
            let Self { call, status, body, request_id, .. } = self;
            Ok(Verified { call, status, body, request_id })
        } else {
            Err(Error::new(self.call, ErrorKind::Api(self.into_api_error(signed))))
        }
    }

    /// Reads an error response as far as possible: it may come from a proxy.
    fn into_api_error(self, signed: bool) -> ApiError {
        let body = ErrorBody::read(&self.body);
        let code = Code::new(&body.code);
        let seen = body.sign_information().filter(|_| code == Code::SIGN_ERROR);
        let sign_diagnosis = seen.map(|seen| SignDiagnosis::of(&self.message, &seen));
        ApiError {
            status: self.status,
            detail: body.detail(),
            message: body.message,
            request_id: self.request_id,
            signed,
            sign_diagnosis,
            code,
        }
    }
}

/// A success whose signature was verified.
///
/// ```
/// use wechatpay::call;
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<serde_json::Value, Error> {
///     let response = call::get(signer, gateway, "/v3/merchant-service/complaint-notifications")?;
///     println!("{:?}", response.request_id());
///     response.json()
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    call: CallContext,
    status: u16,
    body: Vec<u8>,
    request_id: Option<String>,
}

impl Verified {
    /// The HTTP status.
    ///
    /// * 200: processed; there is a body.
    /// * 204: processed; there is no body.
    /// * 202: accepted. For some interfaces, such as invoices (`/v3/new-tax-control-fapiao/…`), it is the documented
    ///   success. For all others it means "not processed yet": repeat the same request.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body, byte for byte as it was signed; empty if there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The header `Request-ID`, to quote to WeChat Pay's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The body as a type of yours, or as `serde_json::Value`. Don't use `deny_unknown_fields`: WeChat Pay adds fields at any time.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the body does not have that form. The request was processed.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        received::json(&self.body).map_err(|what| self.malformed(what))
    }

    fn processed(self) -> Result<Self, Error> {
        if self.status != ACCEPTED {
            return Ok(self);
        }
        let error = ApiError {
            status: self.status,
            code: Code::new(""),
            message: "accepted, but not processed yet".to_owned(),
            detail: None,
            request_id: self.request_id,
            signed: true,
            sign_diagnosis: None,
        };
        Err(Error::new(self.call, ErrorKind::Api(error)))
    }

    /// The signature covers the response and not the request, so a genuine response to another
    /// request could be in its place.
    fn json_about<T: DeserializeOwned>(
        self,
        is_about: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        match received::json(&self.body) {
            Ok(response) if is_about(&response) => Ok(response),
            Ok(_) => Err(self.malformed("its number or amount is not the one requested")),
            Err(what) => Err(self.malformed(what)),
        }
    }

    /// The signature covers the response and not the request, so a genuine response to another request, such as a
    /// query, could be in the place of one that has no body.
    fn no_content(self) -> Result<(), Error> {
        if self.status == NO_CONTENT || self.body.is_empty() {
            Ok(())
        } else {
            Err(self.malformed("it has a body, which a response to this request does not have"))
        }
    }

    pub(crate) fn malformed(&self, what: impl Into<String>) -> Error {
        let (status, what, request_id) = (self.status, what.into(), self.request_id.clone());
        Error::new(self.call, ErrorKind::Malformed { status, what, request_id })
    }
}

/// Leaves out the body, which may contain personal data.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// 204: done, without a body ([m/4012791860](https://pay.weixin.qq.com/doc/v3/merchant/4012791860)).
const NO_CONTENT: u16 = 204;

/// 202: accepted, not processed ([m/4012081717](https://pay.weixin.qq.com/doc/v3/merchant/4012081717)).
const ACCEPTED: u16 = 202;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Outcome, TransportError};
    use crate::test_vectors as vectors;

    #[test]
    fn clock_failure_after_sending_is_not_reported_as_not_sent() {
        let headers = [
            ("Wechatpay-Timestamp", "1722850421"),
            ("Wechatpay-Nonce", "d824f2e086d3c1df967785d13fcd22ef"),
            ("Wechatpay-Signature", vectors::E2),
            ("Wechatpay-Serial", "PUB_KEY_ID_01"),
        ];
        let response = || Unverified {
            call: CallContext::v3("POST", "/v3/pay/transactions/app"),
            status: 200,
            headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec(),
            body: vectors::E2_BODY.to_vec(),
            request_id: None,
            message: Vec::new(),
        };
        let keys = keys();
        assert!(response().verify_at(&keys, Time::from_unix_seconds(1_722_850_421)).is_ok());
        let before_1970 = Invalid::new("system clock", "is before 1970; correct it");
        let error = response().verify_at(&keys, Err(before_1970.into())).map(drop).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.to_string().contains("check the system clock"), "{error}");
    }

    fn keys() -> PlatformKeys {
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            vectors::PLATFORM_KEY
        );
        PlatformKeys::from_pem("PUB_KEY_ID_01", pem).unwrap()
    }

    #[test]
    fn host_of_a_link_is_shown_without_secrets() {
        let long = "x".repeat(300);
        for (url, shown) in [
            (
                "https://api.mch.weixin.qq.com.evil.example:8443/v3/x?token=SECRET",
                Some("https://api.mch.weixin.qq.com.evil.example:8443"),
            ),
            ("http://shop.example", Some("http://shop.example")),
            ("https://[::1]:1?SECRET", Some("https://[::1]:1")),
            ("https://user:SECRET@shop.example/", Some("https://shop.example")),
            ("https://api.mch.weixin.qq.com@evil.example/v3", Some("https://evil.example")),
            ("https://evil.example\\@api.mch.weixin.qq.com/", Some("https://evil.example")),
            ("https://微信.example/", Some("https://微信.example")),
            ("https://a\r\nb\u{202e}/", Some("https://a\u{fffd}\u{fffd}b\u{fffd}")),
            (&format!("https://{long}/"), Some(&format!("https://{}…", "x".repeat(253)))),
            ("https:///x", None),
            ("SECRET", None),
            ("SEC RET://x/", None),
        ] {
            assert_eq!(origin(url).as_deref(), shown, "{url}");
        }
    }

    #[test]
    fn base_url_with_more_than_a_host_is_refused() {
        struct Nowhere;
        impl Transport for Nowhere {
            fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
                Err(TransportError::not_sent("nowhere"))
            }
        }
        let keys = keys();
        let at = |url| Gateway::at(url, keys.clone(), Nowhere);
        assert_eq!(at("https://shop.example/").unwrap().base_url(), "https://shop.example");
        for wrong in [
            "",
            "shop.example",
            "http://shop.example",
            "https://shop.example/v3",
            "https://shop.example?x",
            "https://shop.example//",
            "https://shop .example",
            "https://shop.example\r\n",
            "https://a@shop.example",
        ] {
            let error = at(wrong).unwrap_err().to_string();
            assert!(error.starts_with("base_url must "), "{wrong}: {error}");
        }
    }
}
