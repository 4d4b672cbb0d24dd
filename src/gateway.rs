//! The one road of every APIv3 call: sign, send once, believe, read.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{ApiError, Code, Error, ErrorDetail, Invalid};
use crate::platform_keys::{self, PlatformKeys};
use crate::sign_diagnosis::SignDiagnosis;
use crate::signer::{self, Signer};
use crate::time::Time;
use crate::transport::{
    self, HttpOptions, MAIN_HOST, Request, Response, STANDBY_HOST, Transport, UreqTransport,
};
use crate::{id, received, signing};

/// Where calls go, and by which keys the answers are believed. One for a whole process: it is
/// cheap to clone, safe to share between threads, and reuses its connections.
///
/// It belongs to no merchant; several signers may use one gateway as long as its keys hold those
/// of each of them.
///
/// ```
/// use wechatpay::{Gateway, PlatformKeys, pay::app};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let (public_key_id, pem) = (sandbox.public_key_id(), sandbox.public_key_pem());
/// let gateway = Gateway::new(PlatformKeys::from_pem(public_key_id, pem)?)?;
/// # assert_eq!(gateway.base_url(), "https://api.mch.weixin.qq.com");
/// # let gateway = sandbox.gateway();
/// let prepay_id = app::prepay(signer, &gateway, &order)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Gateway {
    base_url: Arc<str>,
    keys: Arc<PlatformKeys>,
    transport: Arc<dyn Transport>,
}

impl Gateway {
    /// The main host (主域名), `https://api.mch.weixin.qq.com`, with the default [`HttpOptions`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if the default settings cannot be used on this machine.
    pub fn new(keys: PlatformKeys) -> Result<Self, Error> {
        Self::at(MAIN_HOST, keys, UreqTransport::new(&HttpOptions::default())?)
    }

    /// The backup host (备域名), `https://api2.mch.weixin.qq.com`, in another city. It is for the
    /// time when the main host cannot be reached, not for errors that it answers.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn standby(keys: PlatformKeys) -> Result<Self, Error> {
        Self::at(STANDBY_HOST, keys, UreqTransport::new(&HttpOptions::default())?)
    }

    /// Any host, by any transport: `https://` and a host, without a path. `http://` is taken for
    /// loopback addresses only.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the base URL is not of that form.
    pub fn at(
        base_url: &str,
        keys: PlatformKeys,
        transport: impl Transport + 'static,
    ) -> Result<Self, Error> {
        let base_url = transport::check_base_url(base_url)?;
        Ok(Self { base_url: base_url.into(), keys: Arc::new(keys), transport: Arc::new(transport) })
    }

    /// The same host and the same connections with other keys, as when they rotate.
    #[must_use]
    pub fn with_keys(&self, keys: PlatformKeys) -> Self {
        Self { keys: Arc::new(keys), ..self.clone() }
    }

    /// The host that calls go to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The keys by which answers are believed.
    #[must_use]
    pub fn keys(&self) -> &PlatformKeys {
        &self.keys
    }

    /// Asks, and reads the JSON that is answered. `path` is path and query, encoded: the bytes
    /// signed are the bytes sent.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
    ) -> Result<T, Error> {
        self.exchange(signer, "GET", path, b"")?.believed_by(&self.keys)?.json()
    }

    /// Sends a body, and reads the JSON that is answered.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
        body: &[u8],
    ) -> Result<T, Error> {
        self.exchange(signer, "POST", path, body)?.believed_by(&self.keys)?.json()
    }

    /// Asks about an order or a refund, and takes only an answer that is about it.
    pub(crate) fn get_about<T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
        is_about: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        self.exchange(signer, "GET", path, b"")?.believed_by(&self.keys)?.json_about(is_about)
    }

    /// Sends a body about a refund, and takes only an answer that is about it.
    pub(crate) fn post_about<T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        path: &str,
        body: &[u8],
        is_about: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        self.exchange(signer, "POST", path, body)?.believed_by(&self.keys)?.json_about(is_about)
    }

    /// Sends a body, and is answered that it is done (204), without a body.
    pub(crate) fn post_unanswered(
        &self,
        signer: &dyn Signer,
        path: &str,
        body: &[u8],
    ) -> Result<(), Error> {
        self.exchange(signer, "POST", path, body)?.believed_by(&self.keys).map(drop)
    }

    /// Asks for a file, which is not signed: whoever reads it holds it against a hash that is.
    pub(crate) fn download(
        &self,
        signer: &dyn Signer,
        url: &str,
    ) -> Result<Box<dyn Read + Send>, Error> {
        let path = self.path_within(url)?;
        let (message, reply) = self.send(signer, "GET", (url, path), b"", true)?;
        if reply.status == 200 {
            return Ok(reply.body);
        }
        let refused = Answer::read(message, reply)?.believed_by(&self.keys);
        refused.and_then(|answer| Err(answer.malformed("the answer is no file")))
    }

    /// Makes one request and reads its answer, which is not believed yet.
    pub(crate) fn exchange(
        &self,
        signer: &dyn Signer,
        method: &'static str,
        path: &str,
        body: &[u8],
    ) -> Result<Answer, Error> {
        let url = format!("{}{path}", self.base_url);
        let (message, reply) = self.send(signer, method, (&url, path), body, false)?;
        Answer::read(message, reply)
    }

    fn send(
        &self,
        signer: &dyn Signer,
        method: &'static str,
        (url, path): (&str, &str),
        body: &[u8],
        is_file: bool,
    ) -> Result<(Vec<u8>, Response), Error> {
        let (message, authorization) = authorize(signer, method, path, body)?;
        let serial = self.keys.preferred_serial();
        let mut headers = Vec::with_capacity(4);
        headers.push(("Accept", if is_file { "*/*" } else { "application/json" }));
        headers.push(("Authorization", authorization.as_str()));
        if !serial.is_empty() {
            headers.push(("Wechatpay-Serial", serial));
        }
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        let reply =
            self.transport.send(&Request { method, url, headers: &headers, body, is_file })?;
        Ok((message, reply))
    }

    /// The path and query of a URL that is WeChat Pay's or this gateway's: the signature must go
    /// nowhere else.
    fn path_within<'u>(&self, url: &'u str) -> Result<&'u str, Error> {
        [&*self.base_url, MAIN_HOST, STANDBY_HOST]
            .into_iter()
            .find_map(|host| url.strip_prefix(host).filter(|path| path.starts_with('/')))
            .filter(|path| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'))
            .ok_or_else(|| {
                Invalid::new(
                    "download_url",
                    "must be of WeChat Pay's hosts; apply for a fresh link",
                )
                .into()
            })
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

/// The message that was signed, and the header that proves it.
fn authorize(
    signer: &dyn Signer,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<(Vec<u8>, String), Error> {
    let mchid = signer.mchid();
    id::check_mchid(mchid).map_err(|rule| Invalid::new("mchid", rule))?;
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), signer::nonce()?);
    let message = signing::request(method, path, timestamp, &nonce, body);
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

/// An answer, read whole, and the message it answers. Its body is out of reach until it is
/// believed.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    request_id: Option<String>,
    message: Vec<u8>,
}

impl Answer {
    fn read(message: Vec<u8>, mut reply: Response) -> Result<Self, Error> {
        let request_id = reply.request_id();
        let body = reply.read_body()?;
        Ok(Self { status: reply.status, headers: reply.headers, body, request_id, message })
    }

    /// The body before it is believed: for an answer that brings the keys to believe it by.
    pub(crate) fn unbelieved_body(&self) -> &[u8] {
        &self.body
    }

    /// Believes a success by these keys, or says why not. An error answer ends as an error in any
    /// case; where it claims a signature, that is checked first.
    pub(crate) fn believed_by(self, keys: &PlatformKeys) -> Result<Verified, Error> {
        self.believed_at(keys, Time::now())
    }

    fn believed_at(self, keys: &PlatformKeys, now: Result<Time, Error>) -> Result<Verified, Error> {
        // The request has left, so a clock that has become unusable must not end as an error that
        // says otherwise: the answer is stale then.
        let now = now.unwrap_or(Time::START);
        let is_success = (200..=299).contains(&self.status);
        let signed =
            platform_keys::claims_signature(self.headers.iter().map(|(name, _)| name.as_str()));
        if is_success || signed {
            let headers = self.headers.iter().map(|(name, value)| (&**name, &**value));
            if let Err(reason) = keys.verify(headers, &self.body, now) {
                let (status, request_id) = (self.status, self.request_id);
                return Err(Error::Untrusted { status, reason, request_id });
            }
        }
        if is_success && self.status != ACCEPTED {
            Ok(Verified { status: self.status, body: self.body, request_id: self.request_id })
        } else {
            Err(Error::Api(Box::new(self.into_error(signed))))
        }
    }

    /// An error answer is read as far as it goes: it may come from a machine between.
    fn into_error(self, signed: bool) -> ApiError {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let code = Code::new(text("code"));
        let detail = body.get("detail").filter(|detail| !detail.is_null());
        let sign_diagnosis = detail
            .filter(|_| code == Code::SIGN_ERROR)
            .and_then(|detail| SignDiagnosis::of(&self.message, detail));
        let message = match self.status {
            ACCEPTED => "accepted, but not processed yet; repeat with the same values",
            _ => text("message"),
        };
        ApiError {
            status: self.status,
            message: message.to_owned(),
            detail: detail.map(read_detail),
            request_id: self.request_id,
            signed,
            sign_diagnosis,
            code,
            is_refund: false,
            is_v2: false,
        }
    }
}

/// The body of an answer whose signature was checked.
pub(crate) struct Verified {
    status: u16,
    body: Vec<u8>,
    request_id: Option<String>,
}

impl Verified {
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        received::json(&self.body).map_err(|what| self.malformed(what))
    }

    /// The signature covers the answer and not the request, so a genuine answer to another request
    /// could stand in the place of this one.
    fn json_about<T: DeserializeOwned>(
        self,
        is_about: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        match received::json(&self.body) {
            Ok(said) if is_about(&said) => Ok(said),
            Ok(_) => Err(self.malformed("it is about another number than the request")),
            Err(what) => Err(self.malformed(what)),
        }
    }

    pub(crate) fn malformed(self, what: impl Into<String>) -> Error {
        Error::Malformed { status: self.status, what: what.into(), request_id: self.request_id }
    }
}

fn read_detail(detail: &Value) -> ErrorDetail {
    let text = |value: &Value, name| value.get(name).and_then(Value::as_str).map(str::to_owned);
    ErrorDetail {
        field: text(detail, "field"),
        // SIGN_ERROR answers nest it once more.
        issue: text(detail, "issue").or_else(|| text(detail.get("detail")?, "issue")),
        location: text(detail, "location"),
        json: detail.to_string(),
    }
}

/// 202: taken, not processed (m/4012081717).
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
        let answer = || Answer {
            status: 200,
            headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec(),
            body: vectors::E2_BODY.to_vec(),
            request_id: None,
            message: Vec::new(),
        };
        let keys = keys();
        assert!(answer().believed_at(&keys, Time::from_unix_seconds(1_722_850_421)).is_ok());
        let before_1970 = Invalid::new("clock", "of this machine stands before 1970; set it");
        let error = answer().believed_at(&keys, Err(before_1970.into())).map(drop).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.to_string().contains("check this machine's clock"), "{error}");
    }

    fn keys() -> PlatformKeys {
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            vectors::PLATFORM_KEY
        );
        PlatformKeys::from_pem("PUB_KEY_ID_01", pem).unwrap()
    }

    #[test]
    fn a_base_url_is_a_host_and_nothing_more() {
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
