//! Names of receivers: encrypted for the platform in requests, and for the merchant in responses.

use serde_json::Value;

#[cfg(feature = "aws-lc-rs")]
use crate::encrypted_fields;
use crate::interface::Call;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::State;

/// The body with its names in plain text. Without the feature `aws-lc-rs` they are left out, so that
/// two encryptions of one name are equal.
pub(super) fn plain(call: &Call<'_>, state: &State, body: Value) -> Result<Value, Refusal> {
    let receivers = body.get("receivers").and_then(Value::as_array).map_or(0, Vec::len);
    let pointers = (0..receivers).map(|index| format!("/receivers/{index}/name"));
    let pointers: Vec<String> = pointers.chain(["/name".to_owned()]).collect();
    #[cfg(feature = "aws-lc-rs")]
    {
        let decrypted = encrypted_fields::decrypt(&body, &pointers, call.request, &state.platform)?;
        Ok(decrypted.unwrap_or(body))
    }
    #[cfg(not(feature = "aws-lc-rs"))]
    {
        let (_, _, mut body) = (call, state, body);
        for pointer in pointers {
            if let Some(name) = body.pointer_mut(&pointer) {
                *name = Value::String(String::new());
            }
        }
        Ok(body)
    }
}

/// The response with its name encrypted for the merchant; without the feature `aws-lc-rs`, without the name.
pub(super) fn response(call: &Call<'_>, state: &State, body: Value) -> Result<Response, Refusal> {
    #[cfg(feature = "aws-lc-rs")]
    {
        let merchant = state.merchants.get(call.mchid);
        let pointers = ["/name".to_owned()];
        let body = encrypted_fields::encrypt(body.to_string().into_bytes(), &pointers, merchant)?;
        Ok(Response { status: 200, headers: Vec::new(), body })
    }
    #[cfg(not(feature = "aws-lc-rs"))]
    {
        let (_, _, mut body) = (call, state, body);
        if let Some(members) = body.as_object_mut() {
            members.remove("name");
        }
        Ok(Response::json(200, &body))
    }
}
