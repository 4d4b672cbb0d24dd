//! The platform's keys: their serial numbers, and what is signed with which of them.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use super::authority::Certificate;
use super::received::Received;
use super::refusal::Refusal;

/// The keys with which WeChat Pay signs for this merchant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyMode {
    /// 微信支付公钥: the public key alone, as for every new merchant. There are no certificates.
    PublicKey,
    /// 平台证书: platform certificates alone, as before there were public keys.
    Certificate,
    /// Both, during the change from certificates to the public key. Responses are signed with the key
    /// that the request names, or else with the certificate; notifications with each in turn, the public
    /// key first.
    #[default]
    Mixed,
}

/// 微信支付 itself.
pub(super) struct Platform {
    mode: KeyMode,
    public_key: PlatformKey,
    certificate: PlatformCertificate,
    /// Certificates that were replaced, and are still good.
    replaced: Vec<PlatformCertificate>,
    /// The next certificate, which signs nothing yet.
    announced: Option<PlatformCertificate>,
    /// Whether the last notification of [`KeyMode::Mixed`] went by the public key.
    public_key_had_its_turn: bool,
}

/// A key pair with its serial number.
pub(super) struct PlatformKey {
    /// The value of `Wechatpay-Serial`.
    pub(super) serial_no: String,
    pub(super) key_pair: Arc<RsaKeyPair>,
}

/// 平台证书.
pub(super) struct PlatformCertificate {
    pub(super) key: PlatformKey,
    pub(super) pem: String,
    /// Unix seconds.
    pub(super) effective_time: i64,
    pub(super) expire_time: i64,
}

impl Platform {
    pub(super) fn new(public_key: PlatformKey, certificate: PlatformCertificate) -> Self {
        Self {
            mode: KeyMode::default(),
            public_key,
            certificate,
            replaced: Vec::new(),
            announced: None,
            public_key_had_its_turn: false,
        }
    }

    pub(super) fn set_mode(&mut self, mode: KeyMode) {
        self.mode = mode;
    }

    /// Lists this certificate, but does not use it yet.
    pub(super) fn announce(&mut self, certificate: PlatformCertificate) {
        self.announced = Some(certificate);
    }

    /// From now on the announced certificate, else this one, is used unless a request names an older
    /// one. Returns its PEM.
    pub(super) fn rotate(&mut self, certificate: PlatformCertificate) -> String {
        let next = self.announced.take().unwrap_or(certificate);
        let pem = next.pem.clone();
        self.replaced.push(std::mem::replace(&mut self.certificate, next));
        pem
    }

    /// Certificates that were replaced are good no longer.
    pub(super) fn retire(&mut self) {
        self.replaced.clear();
    }

    /// What `GET /v3/certificates` shows, the oldest first; nothing in [`KeyMode::PublicKey`].
    pub(super) fn certificates(&self) -> Vec<&PlatformCertificate> {
        match self.mode {
            KeyMode::PublicKey => Vec::new(),
            KeyMode::Certificate | KeyMode::Mixed => {
                self.usable_certificates().chain(&self.announced).collect()
            }
        }
    }

    /// The key for the response to this request, which the merchant chooses.
    pub(super) fn responding(&self, request: &Received) -> Result<&PlatformKey, Refusal> {
        if !names_key(request) {
            return Ok(self.default_key());
        }
        let serial = request.only_header(SERIAL).unwrap_or_default();
        let public_key = Some(&self.public_key).filter(|key| key.serial_no == serial);
        let mut certificates = self.usable_certificates().map(|certificate| &certificate.key);
        let certificate = certificates.find(|key| key.serial_no.eq_ignore_ascii_case(serial));
        let chosen = match self.mode {
            KeyMode::PublicKey => public_key,
            KeyMode::Certificate => certificate,
            KeyMode::Mixed => public_key.or(certificate),
        };
        chosen.ok_or_else(|| Refusal::new(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误"))
    }

    /// The key for a response if the request names none, or an unknown one.
    pub(super) fn default_key(&self) -> &PlatformKey {
        match self.mode {
            KeyMode::PublicKey => &self.public_key,
            KeyMode::Certificate | KeyMode::Mixed => &self.certificate.key,
        }
    }

    /// The key for the next notification.
    pub(super) fn notifying(&mut self) -> &PlatformKey {
        let turn = match self.mode {
            KeyMode::PublicKey => true,
            KeyMode::Certificate => false,
            KeyMode::Mixed => {
                self.public_key_had_its_turn = !self.public_key_had_its_turn;
                self.public_key_had_its_turn
            }
        };
        if turn { &self.public_key } else { &self.certificate.key }
    }

    fn usable_certificates(&self) -> impl Iterator<Item = &PlatformCertificate> {
        self.replaced.iter().chain([&self.certificate])
    }
}

impl PlatformCertificate {
    pub(super) fn new(certificate: &Certificate, key: Arc<RsaKeyPair>) -> Self {
        Self {
            key: PlatformKey { serial_no: certificate.serial_no.clone(), key_pair: key },
            pem: certificate.pem.clone(),
            effective_time: certificate.effective_time,
            expire_time: certificate.expire_time,
        }
    }
}

impl PlatformKey {
    /// The same name over another key.
    pub(super) fn with_key(&self, pem: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        Some(Self { serial_no: self.serial_no.clone(), key_pair: Arc::new(key) })
    }

    /// The five headers of a signed message, over the raw body.
    ///
    /// Without a source of randomness there are none: the message stays unsigned, and no client will
    /// accept it.
    pub(super) fn sign(&self, body: &[u8], now: i64, nonce: &str) -> Vec<(&'static str, String)> {
        let timestamp = now.to_string();
        let message = [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat();
        let mut signature = vec![0; self.key_pair.public().modulus_len()];
        let signed =
            self.key_pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature);
        if signed.is_err() {
            return Vec::new();
        }
        vec![
            ("Wechatpay-Timestamp", timestamp),
            ("Wechatpay-Nonce", nonce.to_owned()),
            ("Wechatpay-Signature", STANDARD.encode(signature)),
            (SERIAL, self.serial_no.clone()),
            ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
        ]
    }
}

/// Whether the request names a key. An empty value names none: some clients always send the header.
pub(super) fn names_key(request: &Received) -> bool {
    request.header(SERIAL).is_some_and(|serial| !serial.is_empty())
}

/// The name in platform certificates.
pub(super) const PLATFORM_NAME: &str = "Tenpay.com Sandbox";
/// In the form of the documents: 34 digits, which contain the mchid.
pub(super) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000072912025010100000000000001";
const SERIAL: &str = "Wechatpay-Serial";

#[cfg(test)]
mod tests {
    use super::super::authorization_header::tests::signed;
    use super::super::responder::tests::platform_key;
    use super::*;

    fn certificate(serial: &str) -> PlatformCertificate {
        PlatformCertificate {
            key: key(serial),
            pem: String::new(),
            effective_time: 0,
            expire_time: 0,
        }
    }

    fn key(serial_no: &str) -> PlatformKey {
        PlatformKey { serial_no: serial_no.to_owned(), key_pair: platform_key().into() }
    }

    fn responding(platform: &Platform, asked: &str) -> Option<String> {
        let mut request = signed("GET", "/", "");
        if !asked.is_empty() {
            request.headers.push(("wechatpay-serial".to_owned(), asked.into()));
        }
        platform.responding(&request).ok().map(|key| key.serial_no.clone())
    }

    #[test]
    fn each_mode_has_its_keys() {
        let mut platform = Platform::new(key("PUB_KEY_ID_1"), certificate("AA"));
        for (mode, unasked, public_key, certificate) in [
            (KeyMode::PublicKey, "PUB_KEY_ID_1", Some("PUB_KEY_ID_1"), None),
            (KeyMode::Certificate, "AA", None, Some("AA")),
            (KeyMode::Mixed, "AA", Some("PUB_KEY_ID_1"), Some("AA")),
        ] {
            platform.set_mode(mode);
            assert_eq!(responding(&platform, "").as_deref(), Some(unasked));
            assert_eq!(responding(&platform, "PUB_KEY_ID_1").as_deref(), public_key);
            assert_eq!(responding(&platform, "aa").as_deref(), certificate);
            assert_eq!(responding(&platform, "pub_key_id_1"), None);
            assert_eq!(platform.certificates().is_empty(), certificate.is_none());
        }
    }

    #[test]
    fn notifications_go_by_either_key_in_turn() {
        let mut platform = Platform::new(key("P"), certificate("AA"));
        let mut three = || [(); 3].map(|()| platform.notifying().serial_no.clone());
        assert_eq!(three(), ["P", "AA", "P"]);
        platform.set_mode(KeyMode::Certificate);
        assert_eq!(platform.notifying().serial_no, "AA");
        platform.set_mode(KeyMode::PublicKey);
        assert_eq!(platform.notifying().serial_no, "P");
    }

    #[test]
    fn after_a_rotation_the_old_certificate_is_used_when_asked_for() {
        let mut platform = Platform::new(key("P"), certificate("AA"));
        platform.rotate(certificate("BB"));
        assert_eq!(responding(&platform, "").as_deref(), Some("BB"));
        assert_eq!(responding(&platform, "AA").as_deref(), Some("AA"));
        let serials: Vec<_> =
            platform.certificates().iter().map(|certificate| &certificate.key.serial_no).collect();
        assert_eq!(serials, ["AA", "BB"]);
        platform.set_mode(KeyMode::Certificate);
        assert_eq!(platform.notifying().serial_no, "BB");
        platform.retire();
        assert_eq!(responding(&platform, "AA"), None);
        assert_eq!(platform.certificates().len(), 1);
    }

    #[test]
    fn announced_certificate_is_listed_but_does_not_sign_yet() {
        let mut platform = Platform::new(key("P"), certificate("AA"));
        platform.announce(certificate("BB"));
        assert_eq!(platform.certificates().len(), 2);
        assert_eq!(responding(&platform, "BB"), None);
        assert_eq!(responding(&platform, "").as_deref(), Some("AA"));
        platform.rotate(certificate("CC"));
        assert_eq!(responding(&platform, "").as_deref(), Some("BB"));
        assert_eq!(platform.certificates().len(), 2);
    }
}
