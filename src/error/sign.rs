//! Why a signer did not sign.

use std::fmt;

use crate::one_line::OneLine;

/// Why a signer did not sign.
///
/// ```
/// use wechatpay::SignError;
///
/// let error = SignError::new("the HSM is not connected");
/// assert!(error.to_string().ends_with("the HSM is not connected"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignError {
    what: String,
}

impl SignError {
    /// For the authors of a [`Signer`](crate::Signer): `what` is shown to the caller, so it must
    /// not contain a secret.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was not signed, so nothing was sent: {}", OneLine(&self.what))
    }
}

impl std::error::Error for SignError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_error_names_its_cause() {
        assert_eq!(
            SignError::new("the HSM is not connected").to_string(),
            "the request was not signed, so nothing was sent: the HSM is not connected"
        );
    }
}
