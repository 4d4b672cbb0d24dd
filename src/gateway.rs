//! The one road of every APIv3 call: sign, send once, believe, read.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{ApiError, Code, Error, ErrorDetail, Invalid, TransportError};
use crate::sign_error::SignDiagnosis;
use crate::signer::{self, Signer};
use crate::time::Time;
use crate::transport::{self, HttpOptions, Reply, Request, Transport, UreqTransport};
use crate::trust::{self, PlatformKeys};
use crate::{id, message};

/// Where calls go, and by which keys the answers are believed. One for a whole process: it is
/// cheap to clone, safe to share between threads, and reuses its connections.
///
/// It belongs to no merchant; several signers may use one gateway as long as its keys hold those
/// of each of them.
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
        let base_url = base_url.strip_suffix('/').unwrap_or(base_url);
        transport::check_url(base_url).map_err(|rule| Invalid::new("base_url", rule))?;
        let authority = base_url.split_once("://").map_or("", |(_, authority)| authority);
        if authority.contains(['/', '?', '#']) || !authority.bytes().all(|b| b.is_ascii_graphic()) {
            let rule = "must end after the host, without path or query";
            return Err(Invalid::new("base_url", rule).into());
        }
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

    /// Makes one call and reads the JSON it answers. `path` is path and query, encoded: the bytes
    /// signed are the bytes sent.
    pub(crate) fn call<T: DeserializeOwned>(
        &self,
        signer: &dyn Signer,
        method: &'static str,
        path: &str,
        body: &[u8],
    ) -> Result<T, Error> {
        let answer = self.believe(signer, method, path, body)?;
        serde_json::from_slice(&answer.body).map_err(|error| Error::Malformed {
            status: answer.status,
            // serde's own words may repeat values.
            what: format!("JSON {:?} error in column {}", error.classify(), error.column()),
            request_id: answer.request_id,
        })
    }

    fn believe(
        &self,
        signer: &dyn Signer,
        method: &'static str,
        path: &str,
        body: &[u8],
    ) -> Result<Answer, Error> {
        let signed = authorize(signer, method, path, body)?;
        let url = format!("{}{path}", self.base_url);
        let headers = [
            ("Accept", "application/json"),
            ("Authorization", signed.authorization.as_str()),
            ("Wechatpay-Serial", self.keys.preferred_serial()),
            ("Content-Type", "application/json"),
        ];
        // The last header speaks of the body.
        let headers = if body.is_empty() { headers.get(..3) } else { headers.get(..) };
        let headers = headers.unwrap_or_default();
        let request = Request { method, url: &url, headers, body };
        let answer = Answer::read(self.transport.send(&request)?)?;
        if answer.is_success() || answer.claims_signature() {
            let now = Time::now()?.unix_seconds();
            self.keys.check(answer.headers(), &answer.body, now).map_err(|reason| {
                let request_id = answer.request_id.clone();
                Error::Untrusted { status: answer.status, reason, request_id }
            })?;
        }
        if answer.is_success() && answer.status != ACCEPTED {
            Ok(answer)
        } else {
            Err(Error::Api(Box::new(answer.into_error(&signed.message))))
        }
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

struct Signed {
    message: Vec<u8>,
    authorization: String,
}

fn authorize(signer: &dyn Signer, method: &str, path: &str, body: &[u8]) -> Result<Signed, Error> {
    let mchid = signer.mchid();
    id::check_mchid(mchid).map_err(|rule| Invalid::new("mchid", rule))?;
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), signer::nonce()?);
    let message = message::request(method, path, timestamp, &nonce, body);
    let signature = signer.sign(&message)?;
    let serial_no = signature.serial_no;
    id::check_serial_no(&serial_no).map_err(|rule| Invalid::new("serial_no", rule))?;
    let signature = STANDARD.encode(signature.bytes);
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",\
         timestamp=\"{timestamp}\",serial_no=\"{serial_no}\",signature=\"{signature}\""
    );
    Ok(Signed { message, authorization })
}

/// An answer, read whole.
struct Answer {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    request_id: Option<String>,
}

impl Answer {
    fn read(reply: Reply) -> Result<Self, Error> {
        let mut body = Vec::new();
        reply
            .body
            .take(ANSWER_LIMIT.saturating_add(1))
            .read_to_end(&mut body)
            .map_err(|error| TransportError::unknown(format!("the answer broke off: {error}")))?;
        if u64::try_from(body.len()).is_ok_and(|length| length > ANSWER_LIMIT) {
            return Err(TransportError::unknown("the answer is larger than 1 MiB").into());
        }
        let request_id = reply
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("Request-ID"))
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
            .map(|id| id.chars().filter(char::is_ascii_graphic).take(128).collect());
        Ok(Self { status: reply.status, headers: reply.headers, body, request_id })
    }

    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    fn claims_signature(&self) -> bool {
        trust::claims_signature(self.headers.iter().map(|(name, _)| name.as_str()))
    }

    /// An error answer is read as far as it goes: it may come from a machine between.
    fn into_error(self, signed: &[u8]) -> ApiError {
        let signed_answer = self.claims_signature();
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let code = Code::new(text("code"));
        let detail = body.get("detail").filter(|detail| !detail.is_null());
        let sign_diagnosis = detail
            .filter(|_| code == Code::SIGN_ERROR)
            .and_then(|detail| SignDiagnosis::of(signed, detail));
        let message = match self.status {
            ACCEPTED => "accepted, but not processed yet; repeat with the same values",
            _ => text("message"),
        };
        ApiError {
            status: self.status,
            message: message.to_owned(),
            detail: detail.map(read_detail),
            request_id: self.request_id,
            signed: signed_answer,
            sign_diagnosis,
            code,
        }
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

/// m/4013070347 and every other page.
const MAIN_HOST: &str = "https://api.mch.weixin.qq.com";
const STANDBY_HOST: &str = "https://api2.mch.weixin.qq.com";

/// Ours: WeChat Pay's largest JSON answers are a few kilobytes.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// 202: taken, not processed (m/4012081717).
const ACCEPTED: u16 = 202;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_vectors as vectors;

    #[test]
    fn a_base_url_is_a_host_and_nothing_more() {
        struct Nowhere;
        impl Transport for Nowhere {
            fn send(&self, _: &Request<'_>) -> Result<Reply, TransportError> {
                Err(TransportError::not_sent("nowhere"))
            }
        }
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            vectors::PLATFORM_KEY
        );
        let keys = PlatformKeys::from_pem("PUB_KEY_ID_01", pem).unwrap();
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
