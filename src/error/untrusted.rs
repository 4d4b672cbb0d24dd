//! Why a response or a notification cannot be verified.

use std::fmt;

/// Why a response or a notification could not be verified.
///
/// ```
/// use wechatpay::{Error, ErrorKind, Untrusted};
///
/// fn show(error: &Error) {
///     if let ErrorKind::Untrusted { reason: Untrusted::Stale { skew_seconds }, .. } = error.kind() {
///         println!("the system clock is {skew_seconds} seconds ahead of WeChat Pay's");
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// One of the four `Wechatpay-*` headers is missing. Some proxies drop them.
    Missing(&'static str),
    /// A header came more than once.
    Repeated(&'static str),
    /// A header is empty, is not ASCII, or does not have its documented form.
    Unreadable(&'static str),
    /// The signature is more than five minutes older or newer than the system clock.
    Stale {
        /// How many seconds the signature is behind (positive) or ahead of (negative) the clock.
        skew_seconds: i64,
    },
    /// The signature names a key that `PlatformKeys` does not contain. The value is the serial
    /// number (证书序列号) as received, cut to 64 characters.
    UnknownSerial(String),
    /// A response or a notification of APIv2 has no `sign`.
    MissingSign,
    /// The `sign` of a response or a notification of APIv2 is of another algorithm than the
    /// signer's.
    OtherSignType,
    /// Verification of the `sign` of a response or a notification of APIv2 failed.
    WrongSign,
    /// Verification of the signature failed.
    Signature {
        /// The signature is one of the deliberately wrong ones (签名探测流量) with which WeChat Pay
        /// tests whether merchants verify. It is refused like any other.
        probe: bool,
    },
    /// A file does not have the hash that was signed.
    Hash,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => {
                write!(f, "the header {name} is missing; check that no proxy drops it")
            }
            Self::Repeated(name) => {
                write!(f, "the header {name} came more than once; check that no proxy adds it")
            }
            Self::Unreadable(name) => {
                write!(f, "the header {name} is empty or malformed; check that no proxy changes it")
            }
            Self::Stale { skew_seconds } => write!(
                f,
                "the signature is {} seconds {} the system clock, and 300 are allowed; check the \
                 system clock",
                skew_seconds.unsigned_abs(),
                if *skew_seconds < 0 { "ahead of" } else { "behind" },
            ),
            Self::UnknownSerial(serial) => write!(
                f,
                "it is signed with the key {serial:?}, which PlatformKeys does not contain; if the \
                 merchant platform shows that key, add it"
            ),
            Self::MissingSign => {
                write!(f, "it has no sign, so anyone could have made it; do not use it")
            }
            Self::OtherSignType => write!(
                f,
                "the sign is not of the signer's algorithm (HMAC-SHA256 has 64 digits, MD5 has \
                 32); use the signer that created the order"
            ),
            Self::WrongSign => write!(
                f,
                "sign verification failed; check that the APIv2 key is the one set on the merchant \
                 platform, and that no proxy modifies the XML"
            ),
            Self::Signature { probe: false } => write!(
                f,
                "signature verification failed; check that the key belongs to the serial number, \
                 and that no proxy modifies the body"
            ),
            Self::Signature { probe: true } => write!(
                f,
                "signature verification failed; it is one of WeChat Pay's probes, which are wrong \
                 on purpose and must be refused"
            ),
            Self::Hash => write!(
                f,
                "the file does not have the hash that was signed; download it again with a new \
                 link"
            ),
        }
    }
}

impl std::error::Error for Untrusted {}
