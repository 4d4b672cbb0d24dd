//! [`AwsLcSigner`]: signs with AWS-LC.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

use crate::error::{Error, Invalid, SignError};
use crate::pem::{self, PrivateKey};
use crate::signer::{self, RsaSigner, Signature, Signer};

/// A merchant's private key from `apiclient_key.pem`, as [`RsaSigner`] reads it, for programs whose
/// time goes into signatures: AWS-LC makes them with the vector instructions of the processor. With
/// AVX-512 IFMA that takes half of ring's time; `cargo bench` shows what it takes on yours.
///
/// It takes the same files and refuses the same violations, since [`RsaSigner`] reads and proves each key
/// first, and both must make the same signature before this one signs anything. ring verifies
/// responses, as without this feature, unless you choose
/// [`PlatformKeys::verified_by_aws_lc`](crate::PlatformKeys::verified_by_aws_lc).
///
/// It costs `aws-lc-rs` and `aws-lc-sys`, five small crates to build them, half a minute of
/// building on two cores, 2.5 MB of program, and a start that takes 35 to 45 ms longer, in which AWS-LC
/// collects entropy; a build with `AWS_LC_SYS_NO_JITTER_ENTROPY=1` in its environment leaves that to the
/// operating system. `benches/README.md` has the figures. The C compiler that ring needs is enough on
/// the usual platforms, without CMake. On Windows with an Intel or AMD processor it takes NASM as
/// well, or `AWS_LC_SYS_PREBUILT_NASM=1` in the environment of the build. A build for another platform
/// needs a C compiler for it, and bindgen where `aws-lc-sys` has no bindings for it.
/// Measure first: an order waits longer for WeChat Pay than for either signature.
///
/// It is not `Clone`, so that the key stays in one place; share it by reference or `Arc`. AWS-LC wipes
/// the key from memory when it is dropped; what ring read for the proof is not wiped.
///
/// ```
/// use wechatpay::{AwsLcSigner, Signer};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (certificate, key) = (sandbox.merchant_certificate_pem(), sandbox.merchant_key_pem());
/// let signer = AwsLcSigner::from_certificate("1900007291", certificate, key)?;
/// assert_eq!(signer.mchid(), "1900007291");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AwsLcSigner {
    mchid: String,
    serial_no: String,
    key: KeyPair,
}

impl AwsLcSigner {
    /// As [`RsaSigner::from_pem`].
    ///
    /// # Errors
    /// As for [`RsaSigner::from_pem`].
    pub fn from_pem(
        mchid: impl Into<String>,
        serial_no: impl Into<String>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        let private_key_pem = private_key_pem.as_ref();
        Self::like(&RsaSigner::from_pem(mchid, serial_no, private_key_pem)?, private_key_pem)
    }

    /// As [`RsaSigner::from_certificate`].
    ///
    /// # Errors
    /// As for [`RsaSigner::from_certificate`].
    pub fn from_certificate(
        mchid: impl Into<String>,
        certificate_pem: impl AsRef<[u8]>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        let private_key_pem = private_key_pem.as_ref();
        let proved = RsaSigner::from_certificate(mchid, certificate_pem, private_key_pem)?;
        Self::like(&proved, private_key_pem)
    }

    /// As [`RsaSigner::from_pem_file`].
    ///
    /// # Errors
    /// As for [`RsaSigner::from_pem_file`].
    pub fn from_pem_file(
        mchid: impl Into<String>,
        serial_no: impl Into<String>,
        private_key: impl AsRef<Path>,
    ) -> Result<Self, Error> {
        let private_key = pem::read_file("private_key", private_key.as_ref())?;
        Self::from_pem(mchid, serial_no, private_key)
    }

    /// As [`RsaSigner::from_certificate_files`].
    ///
    /// # Errors
    /// As for [`RsaSigner::from_certificate_files`].
    pub fn from_certificate_files(
        mchid: impl Into<String>,
        certificate: impl AsRef<Path>,
        private_key: impl AsRef<Path>,
    ) -> Result<Self, Error> {
        let certificate = pem::read_file("certificate", certificate.as_ref())?;
        let private_key = pem::read_file("private_key", private_key.as_ref())?;
        Self::from_certificate(mchid, certificate, private_key)
    }

    /// 商户API证书序列号.
    #[must_use]
    pub fn serial_no(&self) -> &str {
        &self.serial_no
    }

    /// The signer of the same key, which must sign as the one that proved it does.
    fn like(proved: &RsaSigner, private_key_pem: &[u8]) -> Result<Self, Error> {
        let key = match pem::private_key("private_key", private_key_pem)? {
            PrivateKey::Pkcs8(der) => KeyPair::from_pkcs8(&der),
            PrivateKey::Pkcs1(der) => KeyPair::from_der(&der),
        };
        let (mchid, serial_no) = (proved.mchid().to_owned(), proved.serial_no().to_owned());
        let damaged = || Invalid::new("private_key", signer::DAMAGED);
        let signer = Self { mchid, serial_no, key: key.map_err(|_| damaged())? };
        if signer.sign(signer::PROOF).ok() == Some(proved.sign(signer::PROOF)?) {
            Ok(signer)
        } else {
            Err(damaged().into())
        }
    }
}

impl Signer for AwsLcSigner {
    fn mchid(&self) -> &str {
        &self.mchid
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let mut bytes = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut bytes)
            .map_err(|_| SignError::new("the private key cannot sign"))?;
        Ok(Signature { serial_no: Cow::Owned(self.serial_no.clone()), bytes })
    }
}

impl fmt::Debug for AwsLcSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLcSigner")
            .field("mchid", &self.mchid)
            .field("serial_no", &self.serial_no)
            .finish_non_exhaustive()
    }
}
