//! Platform certificates (平台证书), for merchants without a WeChat Pay public key.
//!
//! ```
//! use wechatpay::certificates;
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
//! let listed = certificates::list(signer, gateway, &api_v3_key)?;
//! let gateway = gateway.with_keys(certificates::keys(&listed)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use crate::api_v3_key::{ApiV3Key, Sealed};
use crate::error::{Error, Invalid};
use crate::gateway::{Body, Gateway};
use crate::method::Method;
use crate::platform_keys::{Certificate, PlatformKeys};
use crate::signer::Signer;
use crate::time::Time;

/// 下载平台证书: downloads the platform certificates that are valid now. During a rotation, these are
/// the old one and the new one.
///
/// `GET /v3/certificates` ([m/4012551764](https://pay.weixin.qq.com/doc/v3/merchant/4012551764)). Call it at least
/// every twelve hours; this crate never calls it by itself. A merchant without a certificate starts with a gateway of
/// [`PlatformKeys::none`]: only WeChat Pay can encrypt for the APIv3 key, and the response must be signed with one of
/// the certificates in it.
///
/// ```
/// use wechatpay::{Gateway, PlatformKeys, certificates};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let signer = sandbox.signer();
/// let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
/// let mut gateway = Gateway::new(PlatformKeys::none())?;
/// gateway = sandbox.gateway().with_keys(PlatformKeys::none());
/// let listed = certificates::list(signer, &gateway, &api_v3_key)?;
/// gateway = gateway.with_keys(certificates::keys(&listed)?);
/// certificates::list(signer, &gateway, &api_v3_key)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Safe to retry.
/// * [`UnknownSerial`](crate::Untrusted::UnknownSerial) with [`PlatformKeys::none`]: the APIv3 key
///   decrypts nothing in the list, or the serial number is that of the public key; add it then.
/// * HTTP 404: the merchant has no certificate, because it is in public-key mode; use
///   [`PlatformKeys::from_pem`] with the public key from the merchant platform.
#[doc(alias = "下载平台证书")]
#[doc(alias = "平台证书")]
pub fn list(
    signer: &dyn Signer,
    gateway: &Gateway,
    api_v3_key: &ApiV3Key,
) -> Result<Vec<PlatformCertificate>, Error> {
    let response = gateway.exchange(signer, Method::Get, "/v3/certificates", Body::NONE)?;
    // A list that cannot be decrypted has no keys, so it cannot be verified.
    let certificates = serde_json::from_slice(response.unverified_body())
        .ok()
        .and_then(|listed| open_all(listed, api_v3_key))
        .unwrap_or_default();
    let mut keys = gateway.keys().clone();
    let mut is_readable = true;
    for certificate in &certificates {
        if !keys.holds(&certificate.serial_no) {
            match keys.clone().with_certificate(&certificate.pem) {
                Ok(more) => keys = more,
                // Reported below, once the response is verified.
                Err(_) => is_readable = false,
            }
        }
    }
    let verified = response.verify(&keys).map_err(|mut error| {
        if let Some(api) = error.api_mut().filter(|api| api.status == 404) {
            api.message.push_str(PUBLIC_KEY_MODE);
        }
        error
    })?;
    if certificates.is_empty() {
        let what = "it contains no certificate that the APIv3 key decrypts; check that the key is the one set on the merchant platform";
        return Err(verified.malformed(what));
    }
    if !is_readable {
        return Err(verified.malformed("it contains a certificate that cannot be read"));
    }
    Ok(certificates)
}

/// Collects the keys of these certificates, as the new keys of a gateway. Expired certificates are left out.
///
/// While the merchant switches to the public key (灰度切换), add that with
/// [`PlatformKeys::with_public_key`].
///
/// ```
/// use wechatpay::certificates;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
/// let listed = certificates::list(signer, gateway, &api_v3_key)?;
/// let gateway = gateway.with_keys(certificates::keys(&listed)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Invalid`](crate::ErrorKind::Invalid) if a certificate cannot be read, or if all are expired.
pub fn keys(certificates: &[PlatformCertificate]) -> Result<PlatformKeys, Error> {
    let now = Time::now()?;
    let mut keys = PlatformKeys::none();
    for listed in certificates {
        let is_over = |end: Option<Time>| end.is_some_and(|end| end < now);
        let certificate = Certificate::from_pem("platform_certificate", listed.pem.as_bytes())?;
        if !is_over(listed.expire_time) && !is_over(certificate.not_after) {
            keys = keys.with_certificate_since(listed.pem.as_bytes(), listed.effective_time)?;
        }
    }
    if keys.preferred_serial().is_empty() && !certificates.is_empty() {
        let rule = "must not all be expired; check the system clock, and download them again";
        return Err(Invalid::new("platform_certificates", rule).into());
    }
    Ok(keys)
}

/// 平台证书: a platform certificate, from [`list`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlatformCertificate {
    /// 证书序列号: certificate serial number.
    pub serial_no: String,
    /// 证书启用时间: start of its validity.
    pub effective_time: Option<Time>,
    /// 证书弃用时间: end of its validity; it may differ from the one in the certificate.
    pub expire_time: Option<Time>,
    /// 证书内容: the certificate in PEM.
    pub pem: String,
}

fn open_all(listed: Listed<'_>, api_v3_key: &ApiV3Key) -> Option<Vec<PlatformCertificate>> {
    let open = |listed: ListedCertificate<'_>| {
        let pem = api_v3_key.open(&listed.encrypt_certificate)?;
        Some(PlatformCertificate {
            serial_no: listed.serial_no,
            effective_time: listed.effective_time,
            expire_time: listed.expire_time,
            pem: String::from_utf8(pem).ok()?,
        })
    };
    listed.data.into_iter().map(open).collect()
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    data: Vec<ListedCertificate<'a>>,
}

#[derive(Deserialize)]
struct ListedCertificate<'a> {
    serial_no: String,
    // The sample of the documents prints these names with a blank at the end.
    #[serde(default, alias = "effective_time ", deserialize_with = "time")]
    effective_time: Option<Time>,
    #[serde(default, alias = "expire_time ", deserialize_with = "time")]
    expire_time: Option<Time>,
    #[serde(borrow)]
    encrypt_certificate: Sealed<'a>,
}

/// The documents type these times as integers; their sample and WeChat Pay itself use RFC 3339.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    deserializer.deserialize_any(EitherForm)
}

/// Reads a time in one pass: the list is not verified yet, so a value of another type must not be kept.
struct EitherForm;

impl Visitor<'_> for EitherForm {
    type Value = Option<Time>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
        Ok(Time::from_unix_seconds(seconds).ok())
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(seconds).ok().and_then(|seconds| Time::from_unix_seconds(seconds).ok()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| E::custom("a wrong value"))
    }
}

const PUBLIC_KEY_MODE: &str = " (this merchant is in public-key mode: use the WeChat Pay public \
                               key from the merchant platform instead)";
