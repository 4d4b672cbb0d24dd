//! Why a request or its response was lost.

use std::fmt;

use crate::one_line::OneLine;

/// Why a request or its response was lost, and whether a byte of the request may have been sent.
///
/// ```
/// use wechatpay::TransportError;
///
/// let refused = TransportError::not_sent("the connection was refused");
/// assert!(!refused.may_have_left());
/// let timed_out = TransportError::unknown("timed out while waiting for the response");
/// assert!(timed_out.may_have_left());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    may_have_left: bool,
    kind: TransportErrorKind,
    what: String,
}

/// The kind of failure that lost a request or its response, for metrics. Decisions follow
/// [`Error::outcome`](crate::Error::outcome).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// A time limit ran out: of connecting, of the complete call, or of a file.
    Timeout,
    /// The host, or the proxy, could not be resolved.
    Dns,
    /// The host did not accept a connection.
    Connect,
    /// The proxy did not open a connection.
    Proxy,
    /// TLS failed, such as a certificate that is not trusted.
    Tls,
    /// The connection was closed or reset.
    Reset,
    /// Any other failure.
    Other,
}

impl TransportError {
    /// Nothing was sent, and that is certain: the connection was refused, connecting timed out, or
    /// the address is wrong.
    pub fn not_sent(what: impl Into<String>) -> Self {
        Self { may_have_left: false, kind: TransportErrorKind::Other, what: what.into() }
    }

    /// Something may have been sent. Any doubt belongs here.
    pub fn unknown(what: impl Into<String>) -> Self {
        Self { may_have_left: true, kind: TransportErrorKind::Other, what: what.into() }
    }

    /// The same error with its kind.
    #[must_use]
    pub fn with_kind(self, kind: TransportErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether a byte of the request may have left this machine.
    #[must_use]
    pub fn may_have_left(&self) -> bool {
        self.may_have_left
    }
}

/// Says what happened. What follows depends on the call: [`Error`](crate::Error) adds it.
impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLine(&self.what).fmt(f)
    }
}

impl std::error::Error for TransportError {}
