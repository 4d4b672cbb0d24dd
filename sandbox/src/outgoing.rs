//! A response on its way to the network.

use super::fault::Fault;
use super::response::Response;

/// A response, and the fault that changes how it is sent.
pub(super) struct Outgoing {
    pub(super) response: Response,
    pub(super) wire_fault: Option<Fault>,
}

impl From<Response> for Outgoing {
    fn from(response: Response) -> Self {
        Self { response, wire_fault: None }
    }
}
