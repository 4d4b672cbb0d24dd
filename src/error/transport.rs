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
    what: String,
}

impl TransportError {
    /// Nothing was sent, and that is certain: the connection was refused, connecting timed out, or
    /// the address is wrong.
    pub fn not_sent(what: impl Into<String>) -> Self {
        Self { may_have_left: false, what: what.into() }
    }

    /// Something may have been sent. Any doubt belongs here.
    pub fn unknown(what: impl Into<String>) -> Self {
        Self { may_have_left: true, what: what.into() }
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
