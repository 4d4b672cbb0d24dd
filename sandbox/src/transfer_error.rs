//! Why users and the platform cannot do something to a transfer or an authorization.

use std::error::Error;
use std::fmt;

/// Why [`Sandbox::confirm_transfer`](super::Sandbox::confirm_transfer) and its like cannot be done: there is no
/// transfer (or authorization) with this number, or its state does not allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferError {
    number: String,
    /// The state of one that exists.
    state: Option<&'static str>,
}

impl TransferError {
    pub(super) fn not_found(number: &str) -> Self {
        Self { number: number.to_owned(), state: None }
    }

    pub(super) fn state(number: &str, state: &'static str) -> Self {
        Self { number: number.to_owned(), state: Some(state) }
    }

    /// The state that does not allow it; `None` if there is no transfer or authorization with this number.
    #[must_use]
    pub fn current_state(&self) -> Option<&'static str> {
        self.state
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = &self.number;
        match self.state {
            None => write!(
                formatter,
                "the sandbox has no transfer or authorization {number}; check the number \
                 (out_bill_no, out_authorization_no)"
            ),
            Some(state) => write!(
                formatter,
                "{number} is {state}, which does not allow this; use one in another state"
            ),
        }
    }
}

impl Error for TransferError {}
