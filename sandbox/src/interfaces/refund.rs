//! 申请退款, 查询单笔退款, 发起异常退款: refunds.

#[cfg(feature = "aws-lc-rs")]
use crate::encrypted_fields;
use crate::fields;
use crate::interface::{Call, Interface, get, post};
use crate::platform;
use crate::refunds;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::State;

pub(crate) const INTERFACES: &[Interface] = &[
    post("/v3/refund/domestic/refunds", apply),
    get("/v3/refund/domestic/refunds/{out_refund_no}", query),
    post("/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund", apply_abnormal),
];

/// 申请退款.
fn apply(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    call.no_query()?;
    state.settle_shares(call.now);
    let State { orders, merchants, balance, sharing, ids, .. } = state;
    let (caller, funds) = (call.caller(merchants), (balance, &*sharing));
    let refund = refunds::apply(orders, call.body(), &caller, funds, ids)?;
    Ok(Response::json(200, &refund))
}

/// 查询单笔退款.
fn query(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_refund_no", &fields::OUT_REFUND_NO)?;
    let owner = call.query(fields::REFUND_OWNER)?;
    let caller = call.caller(&state.merchants);
    Ok(Response::json(200, &refunds::query(&state.orders, &number, &owner, &caller)?))
}

/// 发起异常退款.
fn apply_abnormal(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let id = call.path_parameter("refund_id", &fields::PLATFORM_NUMBER)?;
    call.no_query()?;
    #[cfg(feature = "aws-lc-rs")]
    if let Ok(body) = serde_json::from_slice(call.body()) {
        // The fields must be encrypted, under the key that is named. Their values are not used.
        let fields = ["/bank_account", "/real_name"];
        encrypted_fields::decrypt(&body, &fields, call.request, &state.platform)?;
    }
    let names_key = platform::names_key(call.request);
    let State { orders, merchants, .. } = state;
    let caller = call.caller(merchants);
    let refund = refunds::apply_abnormal(orders, &id, call.body(), names_key, &caller)?;
    Ok(Response::json(200, &refund))
}
