//! The [`Signer`] trait, [`RsaSigner`] for a merchant with a key file, and [`Partner`].

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;

use crate::error::{Error, Invalid, SignError};
use crate::id;
use crate::party::{Party, SubMerchant};
use crate::pem::{self, PrivateKey};
use crate::platform_keys::Certificate;

/// Signs for one merchant. Implement these two methods to use a key in a KMS or an HSM.
///
/// ```
/// use wechatpay::{SignError, Signature, Signer};
///
/// struct Hsm;
///
/// impl Signer for Hsm {
///     fn mchid(&self) -> &str {
///         "1900000109"
///     }
///
///     fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
///         let bytes = ask_the_hsm(message).map_err(|_| SignError::new("the HSM is not connected"))?;
///         Ok(Signature { serial_no: "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C".into(), bytes })
///     }
/// }
/// fn ask_the_hsm(_: &[u8]) -> Result<Vec<u8>, ()> { Err(()) }
/// assert!(Hsm.sign(b"").is_err());
/// ```
pub trait Signer: Send + Sync {
    /// 商户号: the merchant number of the merchant that signs. Every call takes it from here, so that
    /// header and body cannot disagree. A partner (服务商) signs as its `sp_mchid`; a combined order
    /// (合单) is signed by its `combine_mchid`.
    fn mchid(&self) -> &str;

    /// Signs the message with RSASSA-PKCS1-v1_5 and SHA-256 (the signer hashes), and returns the
    /// serial number of the key's certificate.
    ///
    /// # Errors
    /// [`SignError`] if there is no signature; nothing is sent then.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignError>;

    /// 子商户: the sub-merchant for which a [`Partner`] signs. Your own signer has
    /// none: do not implement this.
    fn sub_merchant(&self) -> Option<&SubMerchant> {
        None
    }
}

/// A reference signs as what it refers to.
impl<T: Signer + ?Sized> Signer for &T {
    fn mchid(&self) -> &str {
        T::mchid(self)
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        T::sign(self, message)
    }

    fn sub_merchant(&self) -> Option<&SubMerchant> {
        T::sub_merchant(self)
    }
}

/// Several threads or owners may share one signer.
impl<T: Signer + ?Sized> Signer for Arc<T> {
    fn mchid(&self) -> &str {
        T::mchid(self)
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        T::sign(self, message)
    }

    fn sub_merchant(&self) -> Option<&SubMerchant> {
        T::sub_merchant(self)
    }
}

/// 服务商: a partner that acts for one sub-merchant (子商户).
///
/// It is a signer: pass it to the functions that a direct merchant calls with its own signer. They then
/// use the paths and fields of partner mode: the order's appid becomes `sp_appid`, the signer's merchant
/// number becomes `sp_mchid`, and the sub-merchant is named beside them. Order numbers are unique under
/// the `sp_mchid`.
///
/// ```
/// use wechatpay::pay::{Order, app};
/// use wechatpay::{Error, Gateway, Partner, PrepayId, Signer, SubMerchant};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
///     let partner = Partner::new(signer, SubMerchant::new("1900000109")?);
///     app::prepay(&partner, gateway, order)
/// }
/// ```
pub struct Partner<'a> {
    signer: &'a dyn Signer,
    sub_merchant: SubMerchant,
}

impl<'a> Partner<'a> {
    /// Combines the signer of the partner and its sub-merchant.
    #[doc(alias = "服务商")]
    pub fn new(signer: &'a dyn Signer, sub_merchant: SubMerchant) -> Self {
        Self { signer, sub_merchant }
    }
}

impl Signer for Partner<'_> {
    fn mchid(&self) -> &str {
        self.signer.mchid()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.signer.sign(message)
    }

    fn sub_merchant(&self) -> Option<&SubMerchant> {
        Some(&self.sub_merchant)
    }
}

impl fmt::Debug for Partner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partner")
            .field("mchid", &self.signer.mchid())
            .field("sub_merchant", &self.sub_merchant)
            .finish()
    }
}

impl<'a, S: Signer + ?Sized> From<&'a S> for Party<'a> {
    /// The merchant that this signer signs for.
    fn from(signer: &'a S) -> Self {
        Self::new(signer.mchid(), signer.sub_merchant())
    }
}

/// A signature and the serial number of its key: together, so that they agree while keys rotate.
///
/// ```
/// use wechatpay::Signer;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let signer = sandbox.signer();
/// let signature = signer.sign(b"GET\n/v3/certificates\n1554208460\n593BEC0C930B\n\n")?;
/// assert_eq!(signature.bytes.len(), 256); // Of RSA with 2048 bits.
/// assert_eq!(signature.serial_no, sandbox.serial_no());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// 商户API证书序列号: serial number of the merchant's API certificate.
    pub serial_no: Cow<'static, str>,
    /// 签名值: the signature, not encoded.
    pub bytes: Vec<u8>,
}

/// A merchant's private key from `apiclient_key.pem`, parsed once.
///
/// It is not `Clone`, so that the key stays in one place; share it by reference or `Arc`. ring
/// keeps the key and does not wipe it from memory when it is dropped.
///
/// ```
/// use wechatpay::{RsaSigner, Signer};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (mchid, serial_no) = (sandbox.mchid(), sandbox.serial_no());
/// let apiclient_key_pem = sandbox.merchant_key_pem();
/// let signer = RsaSigner::from_pem(mchid, serial_no, apiclient_key_pem)?;
/// assert_eq!(signer.mchid(), mchid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RsaSigner {
    mchid: String,
    serial_no: String,
    key: KeyPair,
}

impl RsaSigner {
    /// Reads the contents of `apiclient_key.pem`. The serial number is that of its certificate
    /// (商户API证书).
    ///
    /// RSA of 2048 to 4096 bits, PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the merchant number, the serial number or the key
    /// cannot be used.
    pub fn from_pem(
        mchid: impl Into<String>,
        serial_no: impl Into<String>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        let (mchid, serial_no) = (mchid.into(), serial_no.into());
        id::check_mchid(&mchid).map_err(|rule| Invalid::new("mchid", rule))?;
        id::check_serial_no(&serial_no).map_err(|rule| Invalid::new("serial_no", rule))?;
        // As WeChat Pay prints it; some certificate viewers print lower case.
        let serial_no = serial_no.to_ascii_uppercase();
        let signer = Self { mchid, serial_no, key: read_key(private_key_pem.as_ref())? };
        // ring reads some damaged keys and refuses them only when they sign.
        signer.sign(PROOF).map_err(|_| Invalid::new("private_key", DAMAGED))?;
        Ok(signer)
    }

    /// Reads the contents of `apiclient_cert.pem` and `apiclient_key.pem`. The serial number comes from
    /// the certificate, and the key is checked against it.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if either cannot be read, or if the key is not that of
    /// the certificate.
    pub fn from_certificate(
        mchid: impl Into<String>,
        certificate_pem: impl AsRef<[u8]>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        let certificate = Certificate::from_pem("certificate", certificate_pem.as_ref())?;
        let signer = Self::from_pem(mchid, certificate.serial, private_key_pem)?;
        let proof = signer.sign(PROOF)?;
        if certificate.key.verifies(PROOF, &proof.bytes) {
            Ok(signer)
        } else {
            Err(Invalid::new(
                "private_key",
                "is not the key of the certificate; use a key and a certificate of one certificate request",
            )
            .into())
        }
    }

    /// [`from_pem`](Self::from_pem) with the key read from a file.
    ///
    /// # Errors
    /// As for [`from_pem`](Self::from_pem), and if the file cannot be read.
    pub fn from_pem_file(
        mchid: impl Into<String>,
        serial_no: impl Into<String>,
        private_key: impl AsRef<Path>,
    ) -> Result<Self, Error> {
        Self::from_pem(mchid, serial_no, pem::read_file("private_key", private_key.as_ref())?)
    }

    /// [`from_certificate`](Self::from_certificate) with both read from files.
    ///
    /// # Errors
    /// As for [`from_certificate`](Self::from_certificate), and if a file cannot be read.
    pub fn from_certificate_files(
        mchid: impl Into<String>,
        certificate: impl AsRef<Path>,
        private_key: impl AsRef<Path>,
    ) -> Result<Self, Error> {
        let certificate = pem::read_file("certificate", certificate.as_ref())?;
        Self::from_certificate(
            mchid,
            certificate,
            pem::read_file("private_key", private_key.as_ref())?,
        )
    }

    /// 商户API证书序列号.
    #[must_use]
    pub fn serial_no(&self) -> &str {
        &self.serial_no
    }
}

impl Signer for RsaSigner {
    fn mchid(&self) -> &str {
        &self.mchid
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let mut bytes = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut bytes)
            .map_err(|_| SignError::new("the private key cannot sign"))?;
        Ok(Signature { serial_no: Cow::Owned(self.serial_no.clone()), bytes })
    }
}

impl fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaSigner")
            .field("mchid", &self.mchid)
            .field("serial_no", &self.serial_no)
            .finish_non_exhaustive()
    }
}

/// A nonce (随机字符串) of 32 characters: 128 random bits in upper-case hexadecimal, as the
/// documents show it.
pub(crate) fn nonce() -> Result<String, SignError> {
    let mut bits = [0; 16];
    SystemRandom::new()
        .fill(&mut bits)
        .map_err(|_| SignError::new("the operating system gave no random numbers"))?;
    Ok(format!("{:032X}", u128::from_be_bytes(bits)))
}

pub(crate) fn read_key(pem: &[u8]) -> Result<KeyPair, Invalid> {
    let key = match pem::private_key("private_key", pem)? {
        PrivateKey::Pkcs8(der) => KeyPair::from_pkcs8(&der),
        PrivateKey::Pkcs1(der) => KeyPair::from_der(&der),
    };
    key.map_err(|rejected| {
        // ring reports its reasons only by these names.
        let rule = match rejected.to_string().as_str() {
            "TooSmall" => "is too short; WeChat Pay signs with RSA keys of 2048 bits",
            "TooLarge" => "is too long; RSA keys of 2048 to 4096 bits are read",
            "WrongAlgorithm" => "is not an RSA key; WeChat Pay signs with RSA keys",
            _ => DAMAGED,
        };
        Invalid::new("private_key", rule)
    })
}

pub(crate) const DAMAGED: &str =
    "is damaged: the PEM text contains no complete RSA private key; copy the file again";

/// The text that a key signs to prove that it works and belongs to a certificate. No request looks like this.
pub(crate) const PROOF: &[u8] = b"does this key belong to this certificate?";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing;

    fn signer() -> RsaSigner {
        let key = include_str!("test_vectors/merchant.pem");
        RsaSigner::from_pem("1900007291", "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB", key).unwrap()
    }

    #[test]
    fn debug_shows_the_names_and_nothing_of_the_key() {
        assert_eq!(
            format!("{:?}", signer()),
            "RsaSigner { mchid: \"1900007291\", \
             serial_no: \"408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB\", .. }"
        );
    }

    #[test]
    fn shared_signer_signs_as_the_signer_itself() {
        let sub_merchant = SubMerchant::new("1900000109").unwrap();
        let (signer, message) = (signer(), b"message");
        let partner = Partner::new(&signer, sub_merchant.clone());
        let expected = (signer.sign(message).unwrap(), Some(&sub_merchant));
        let seen = |shared: &dyn Signer| {
            assert_eq!(shared.mchid(), "1900007291");
            (shared.sign(message).unwrap(), shared.sub_merchant().cloned())
        };
        fn as_signer<T: Signer>(signer: T) -> T {
            signer
        }
        let partner: Arc<dyn Signer + '_> = Arc::new(partner);
        for found in [
            seen(&partner),
            seen(&as_signer(&partner)),
            seen(&as_signer(Arc::new(&*partner))),
            seen(&as_signer(&&*partner)),
        ] {
            assert_eq!((found.0, found.1.as_ref()), expected);
        }
        assert_eq!(seen(&as_signer(Arc::new(&signer))).1, None);
    }

    #[test]
    fn lowercase_serial_number_is_sent_in_capitals() {
        let key = include_str!("test_vectors/merchant.pem");
        let serial_no = "408b07e79b8269fec3d5d3e6ab8ed163a6a380db";
        let signer = RsaSigner::from_pem("1900007291", serial_no, key).unwrap();
        assert_eq!(signer.serial_no(), "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB");
        assert_eq!(signer.sign(b"").unwrap().serial_no, signer.serial_no());
    }

    #[test]
    fn signature_is_deterministic_and_names_its_key() {
        let message = signing::request("GET", "/v3/certificates", 1, "A", b"");
        let (one, two) = (signer().sign(&message).unwrap(), signer().sign(&message).unwrap());
        assert_eq!(one, two);
        assert_eq!((one.serial_no.as_ref(), one.bytes.len()), (signer().serial_no(), 256));
    }

    #[test]
    fn nonces_are_32_hexadecimal_characters_and_differ() {
        let (one, two) = (nonce().unwrap(), nonce().unwrap());
        assert_ne!(one, two);
        for nonce in [one, two] {
            assert!(nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }

    #[test]
    fn wrong_merchant_or_serial_number_is_named() {
        let key = include_str!("test_vectors/merchant.pem");
        for (mchid, serial_no, name) in [
            ("", "AB", "mchid must be"),
            ("19\r\n00", "AB", "mchid must be"),
            ("1900007291", "", "serial_no must be"),
            ("1900007291", "40:8B:07", "serial_no must be"),
            ("1900007291", "PUB_KEY_ID_01", "serial_no must be"),
        ] {
            let error = RsaSigner::from_pem(mchid, serial_no, key).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn missing_file_is_named() {
        let error = RsaSigner::from_pem_file("1900007291", "AB", "no/such.pem").unwrap_err();
        assert!(error.to_string().starts_with("private_key cannot be read from no/such.pem: "));
    }
}
