//! 下载平台证书: platform certificates.

use crate::certificates;
use crate::fields;
use crate::interface::{Call, Interface, get};
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::State;

pub(crate) const INTERFACES: &[Interface] = &[
    // A client that downloads certificates does not know their serial numbers yet; some name the
    // merchant's own.
    Interface { is_for_any_key: true, ..get("/v3/certificates", list) },
];

/// 下载平台证书.
fn list(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    call.query(fields::CERTIFICATES)?;
    let State { platform, cipher, ids, .. } = state;
    Ok(Response::json(200, &certificates::list(platform, cipher, ids)?))
}
