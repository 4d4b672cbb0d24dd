//! [`HttpOptions`]: timeouts, roots, client certificate and proxy.

use std::fmt;
use std::time::Duration;

use ureq::tls::{Certificate, ClientCert, PrivateKey};

use super::proxy::Proxy;
use crate::error::{Error, Invalid};
use crate::pem;
use crate::signer::RsaSigner;

/// Settings of [`UreqTransport`](crate::UreqTransport).
///
/// ```
/// use std::time::Duration;
/// use wechatpay::{HttpOptions, UreqTransport};
///
/// let mut options = HttpOptions::default();
/// options.total_timeout = Duration::from_secs(10);
/// let transport = UreqTransport::new(&options)?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// The time that a complete call may take. Resolving the host may take a quarter of it, and at
    /// most 5 s; connecting, a proxy and TLS included, likewise, so that a failed connection is
    /// distinguished from a lost response. For a file it limits the time until its first byte;
    /// [`minimum_file_rate`](Self::minimum_file_rate) limits the rest. At most a day. Default: 30 s.
    pub total_timeout: Duration,
    /// Root certificates (PEM, one or more) to trust instead of Mozilla's, for a host such as the
    /// sandbox. A gateway talks to one host, so no other root is needed. Default: none, which means
    /// Mozilla's roots.
    pub root_certificates: Option<String>,
    /// 商户API证书: the merchant's API certificate, for the calls of APIv2 that need it
    /// (`v2::Gateway::with_certified`). APIv3 never needs it. Default: none.
    pub client_certificate: Option<ClientCertificate>,
    /// The proxy. TLS reaches through it to WeChat Pay. Default: [`Proxy::FromEnvironment`].
    pub proxy: Proxy,
    /// The lowest rate at which a file may arrive. A slower download ends as an error. Default:
    /// 16 KiB in each 30 s.
    pub minimum_file_rate: MinimumFileRate,
}

impl HttpOptions {
    /// The default settings for a host with its own certificate authority, such as the sandbox.
    pub fn trusting(root_certificates: impl Into<String>) -> Self {
        Self { root_certificates: Some(root_certificates.into()), ..Self::default() }
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            total_timeout: TOTAL_TIMEOUT,
            root_certificates: None,
            client_certificate: None,
            proxy: Proxy::FromEnvironment,
            minimum_file_rate: MinimumFileRate { bytes: FILE_BYTES, interval: FILE_INTERVAL },
        }
    }
}

/// The lowest rate at which a file, such as a bill, may arrive. The time that the program takes to
/// write what it received does not count.
///
/// ```
/// use std::time::Duration;
/// use wechatpay::{HttpOptions, MinimumFileRate};
///
/// let mut options = HttpOptions::default();
/// options.minimum_file_rate = MinimumFileRate { bytes: 1024, interval: Duration::from_secs(60) };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumFileRate {
    /// How many bytes must arrive in each interval. 0 sets no lowest rate.
    pub bytes: u64,
    /// The interval; greater than zero.
    pub interval: Duration,
}

/// 商户API证书: a merchant's API certificate and its private key, with which the client authenticates
/// in TLS.
///
/// `Debug` shows nothing of them; they are not wiped when they are dropped.
#[derive(Clone)]
pub struct ClientCertificate(pub(super) ClientCert);

impl ClientCertificate {
    /// Reads the contents of `apiclient_cert.pem` and `apiclient_key.pem`.
    ///
    /// ```
    /// use wechatpay::{ClientCertificate, Error, HttpOptions};
    ///
    /// fn example(cert_pem: &[u8], key_pem: &[u8]) -> Result<HttpOptions, Error> {
    ///     let mut options = HttpOptions::default();
    ///     options.client_certificate = Some(ClientCertificate::from_pem(cert_pem, key_pem)?);
    ///     Ok(options)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if either cannot be read, or if the key is not that of
    /// the certificate.
    pub fn from_pem(
        certificate_pem: impl AsRef<[u8]>,
        private_key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        let (certificate_pem, private_key_pem) =
            (certificate_pem.as_ref(), private_key_pem.as_ref());
        // ureq panics if the two do not fit together. The merchant number does not matter here.
        RsaSigner::from_certificate("0", certificate_pem, private_key_pem)?;
        let certificate = pem::certificate("certificate", certificate_pem)?;
        let key = pem::private_key("private_key", private_key_pem)?.to_pem();
        let key = PrivateKey::from_pem(key.as_bytes()).map_err(|_| {
            Invalid::new(
                "private_key",
                "is damaged: its PEM text cannot be read; copy the file again",
            )
        })?;
        let certificate = Certificate::from_der(&certificate).to_owned();
        Ok(Self(ClientCert::new_with_certs(&[certificate], key)))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// What the official Go library allows (go:core/client.go).
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Our own value: far below what the slowest mobile connection carries.
const FILE_BYTES: u64 = 16 * 1024;

/// Our own value: as long as a complete call may take.
const FILE_INTERVAL: Duration = Duration::from_secs(30);
