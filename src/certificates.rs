//! Platform certificates (平台证书), for merchants who have no WeChat Pay public key yet.
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

use serde::{Deserialize, Deserializer};

use crate::api_v3_key::{ApiV3Key, Sealed};
use crate::error::Error;
use crate::gateway::{Body, Gateway};
use crate::method::Method;
use crate::platform_keys::PlatformKeys;
use crate::received;
use crate::signer::Signer;
use crate::time::Time;

/// 下载平台证书: the platform certificates that are valid now. While they rotate, the old one and
/// the new.
///
/// `GET /v3/certificates` (m/4012551764). Renew the list more often than every twelve hours: it is a
/// call like any other, nothing here runs by itself. A merchant who has no certificate yet starts
/// with a gateway of [`PlatformKeys::none`]: what the APIv3 key opens is WeChat Pay's, and the answer
/// must be signed by one of the certificates that it brings.
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
/// Safe to retry. An
/// [`UnknownSerial`](crate::Untrusted::UnknownSerial) of a gateway of [`PlatformKeys::none`] means
/// that the APIv3 key opens nothing in the list, or that the number is that of the public key, which
/// is to be given then. HTTP 404 means that the merchant
/// has no certificate: it is in public-key mode, and [`PlatformKeys::from_pem`] with the public key
/// from the merchant platform is all it needs.
#[doc(alias = "下载平台证书")]
pub fn list(
    signer: &dyn Signer,
    gateway: &Gateway,
    api_v3_key: &ApiV3Key,
) -> Result<Vec<PlatformCertificate>, Error> {
    let response = gateway.exchange(signer, Method::Get, "/v3/certificates", Body::NONE)?;
    // What does not open brings no keys, and so is not believed.
    let brought = serde_json::from_slice(response.unverified_body())
        .ok()
        .and_then(|listed| open_all(listed, api_v3_key))
        .unwrap_or_default();
    let mut keys = gateway.keys().clone();
    let mut is_readable = true;
    for certificate in &brought {
        if !keys.holds(&certificate.serial_no) {
            match keys.clone().with_certificate(&certificate.pem) {
                Ok(more) => keys = more,
                // Said below, once it is known whose answer this is.
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
    if brought.is_empty() {
        return Err(verified.malformed("it holds no certificate that the APIv3 key opens; look whether the key is that of the merchant platform"));
    }
    if !is_readable {
        return Err(verified.malformed("it holds a certificate that cannot be read"));
    }
    Ok(brought)
}

/// The keys of these certificates: a gateway's new keys.
///
/// Add the public key with [`PlatformKeys::with_public_key`] while the merchant changes over.
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
/// [`Invalid`](crate::ErrorKind::Invalid) if a certificate cannot be read.
pub fn keys(certificates: &[PlatformCertificate]) -> Result<PlatformKeys, Error> {
    certificates.iter().try_fold(PlatformKeys::none(), |keys, certificate| {
        keys.with_certificate_since(certificate.pem.as_bytes(), certificate.effective_time)
    })
}

/// A platform certificate.
///
/// ```
/// use wechatpay::certificates;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
/// for certificate in certificates::list(signer, gateway, &api_v3_key)? {
///     assert!(certificate.pem.starts_with("-----BEGIN CERTIFICATE-----")); // Keep it in a file.
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlatformCertificate {
    /// 证书序列号: certificate serial number.
    pub serial_no: String,
    /// 证书启用时间: start of its validity.
    pub effective_time: Option<Time>,
    /// 证书弃用时间: end of its validity; it may differ from the one within the certificate.
    pub expire_time: Option<Time>,
    /// The certificate, in PEM.
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

/// The table of the page types these times as integers, its sample and WeChat Pay print RFC 3339.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        UnixSeconds(i64),
        Text(#[serde(deserialize_with = "received::option")] Option<Time>),
    }
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Said::UnixSeconds(seconds)) => Ok(Time::from_unix_seconds(seconds).ok()),
        Some(Said::Text(time)) => Ok(time),
    }
}

const PUBLIC_KEY_MODE: &str = " (this merchant is in public-key mode: give PlatformKeys the WeChat \
                               Pay public key from the merchant platform instead)";
