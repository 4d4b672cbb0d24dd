//! Why a refund cannot be ended.

use std::error::Error;
use std::fmt;

/// Why [`Sandbox::succeed_refund`](super::Sandbox::succeed_refund) and its like cannot end a refund:
/// there is none with this number, or it has ended before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundError {
    out_refund_no: String,
    /// The status of a refund that has ended.
    status: Option<&'static str>,
}

impl RefundError {
    pub(super) fn not_found(out_refund_no: &str) -> Self {
        Self { out_refund_no: out_refund_no.to_owned(), status: None }
    }

    pub(super) fn ended(out_refund_no: &str, status: &'static str) -> Self {
        Self { out_refund_no: out_refund_no.to_owned(), status: Some(status) }
    }

    /// Whether there is a refund with this number, which has ended.
    ///
    /// ```
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// let error = sandbox.succeed_refund("refund-1").unwrap_err();
    /// assert!(!error.has_ended()); // There is no such refund.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.status.is_some()
    }
}

impl fmt::Display for RefundError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = &self.out_refund_no;
        match self.status {
            None => write!(
                formatter,
                "the sandbox has no refund {number}; check the refund number (out_refund_no)"
            ),
            Some(status) => write!(
                formatter,
                "refund {number} has ended before, with {status}; use a refund that is PROCESSING"
            ),
        }
    }
}

impl Error for RefundError {}
