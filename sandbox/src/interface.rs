//! An interface of APIv3: its method, its path, and the function that handles a call.

use serde_json::Value;

use super::caller::Caller;
use super::fields;
use super::merchants::Merchants;
use super::received::Received;
use super::refusal::Refusal;
use super::response::Response;
use super::schema::{Rule, Table, read_path, read_query};
use super::state::State;

/// An interface of APIv3. A new one is an entry in the list of its file in `interfaces`.
pub(super) struct Interface {
    pub(super) method: &'static str,
    /// A segment in braces is a parameter: `/v3/refund/domestic/refunds/{out_refund_no}`.
    pub(super) path: &'static str,
    pub(super) handle: Handler,
    /// The response is a file: it is not signed, and `Accept` need not name JSON.
    pub(super) is_file: bool,
    /// `Wechatpay-Serial` need not name a key of the platform.
    pub(super) is_for_any_key: bool,
}

/// What an interface does with a call whose headers and signature were checked.
pub(super) type Handler = fn(&Call<'_>, &mut State) -> Result<Response, Refusal>;

/// A call whose headers and signature were checked.
pub(super) struct Call<'a> {
    pub(super) request: &'a Received,
    /// The query, without its question mark.
    pub(super) query: &'a str,
    /// The parameters of the path, still percent-encoded.
    pub(super) path_parameters: &'a [(&'static str, &'a str)],
    /// The merchant who signed the request.
    pub(super) mchid: &'a str,
    /// Business time in Unix seconds.
    pub(super) now: i64,
}

/// An interface that takes GET.
pub(super) const fn get(path: &'static str, handle: Handler) -> Interface {
    Interface { method: "GET", path, handle, is_file: false, is_for_any_key: false }
}

/// An interface that takes POST.
pub(super) const fn post(path: &'static str, handle: Handler) -> Interface {
    Interface { method: "POST", path, handle, is_file: false, is_for_any_key: false }
}

impl<'a> Call<'a> {
    /// A parameter of the path, decoded and checked.
    pub(super) fn path_parameter(&self, name: &str, rule: &Rule) -> Result<String, Refusal> {
        let raw = self.path_parameters.iter().find(|(other, _)| *other == name);
        read_path(name, raw.map_or("", |(_, raw)| raw), rule)
    }

    /// The parameters of the query, checked.
    pub(super) fn query(&self, table: Table) -> Result<Value, Refusal> {
        read_query(self.query, table)
    }

    /// Refuses parameters of the query, for an interface that has none.
    pub(super) fn no_query(&self) -> Result<(), Refusal> {
        self.query(fields::NONE).map(drop)
    }

    pub(super) fn body(&self) -> &'a [u8] {
        &self.request.body
    }

    pub(super) fn caller(&self, merchants: &'a Merchants) -> Caller<'a> {
        Caller { mchid: self.mchid, merchants, now: self.now }
    }
}
