//! 商家转账: transfers to users, their authorizations and their receipts.

use serde_json::Value;

use crate::interface::{Call, Interface, get, post};
use crate::refusal::{Location, Refusal};
use crate::response::Response;
use crate::schema::{self, Table, text_of};
use crate::state::State;
use crate::transfer::Transfer;
use crate::transfer_fields as fields;
use crate::transfers::TransferNumber;

pub(crate) const INTERFACES: &[Interface] = &[
    post("/v3/fund-app/mch-transfer/transfer-bills", |call, state| {
        create(call, state, &[fields::TERMS, fields::TRANSFER])
    }),
    post(
        "/v3/fund-app/mch-transfer/transfer-bills/pre-transfer-with-authorization",
        |call, state| {
            create(call, state, &[fields::TERMS, fields::TRANSFER, fields::WITH_AUTHORIZATION])
        },
    ),
    post("/v3/fund-app/mch-transfer/transfer-bills/transfer", pay_authorized),
    get("/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}", query),
    get("/v3/fund-app/mch-transfer/transfer-bills/transfer-bill-no/{transfer_bill_no}", query),
    post("/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}/cancel", cancel),
    post("/v3/fund-app/mch-transfer/user-confirm-authorization", authorize),
    get(
        "/v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/{out_authorization_no}",
        query_authorization,
    ),
    post(
        "/v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/{out_authorization_no}/close",
        close_authorization,
    ),
    post("/v3/fund-app/mch-transfer/elecsign/out-bill-no", |call, state| {
        apply_for_receipt(call, state, fields::RECEIPT_BY_NUMBER)
    }),
    post("/v3/fund-app/mch-transfer/elecsign/transfer-bill-no", |call, state| {
        apply_for_receipt(call, state, fields::RECEIPT_BY_ID)
    }),
    get("/v3/fund-app/mch-transfer/elecsign/out-bill-no/{out_bill_no}", query_receipt),
    get("/v3/fund-app/mch-transfer/elecsign/transfer-bill-no/{transfer_bill_no}", query_receipt),
    // Files are not signed: their hash was in a response that is.
    Interface { is_file: true, ..get("/v3/transferdownload/elecvoucherfile", download_receipt) },
];

/// 发起转账.
fn create(call: &Call<'_>, state: &mut State, tables: &[Table]) -> Result<Response, Refusal> {
    let parameters = read(call, state, tables)?;
    state.age_transfers(call.now);
    let State { transfers, merchants, ids, .. } = state;
    let caller = call.caller(merchants);
    let created = transfers.create(parameters.clone(), &caller, ids)?.created();
    transfers.authorizations.request_beside(&parameters, &caller, ids)?;
    state.age_transfers(call.now);
    Ok(Response::json(200, &created))
}

/// 免确认收款模式转账.
fn pay_authorized(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let parameters = read(call, state, &[fields::TERMS, fields::AUTHORIZED])?;
    state.age_transfers(call.now);
    let State { transfers, merchants, ids, .. } = state;
    let paid = transfers.pay_authorized(parameters, &call.caller(merchants), ids)?.described();
    described(call, state, &paid)
}

/// 查询转账单.
fn query(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = number(call)?;
    state.age_transfers(call.now);
    let found = state.transfers.query(&number, &call.caller(&state.merchants))?.described();
    described(call, state, &found)
}

/// 撤销转账.
fn cancel(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_bill_no", &fields::OUT_BILL_NO)?;
    no_body(call)?;
    state.age_transfers(call.now);
    let State { transfers, merchants, .. } = state;
    let cancelled = transfers.cancel(&number, &call.caller(merchants))?.cancellation();
    Ok(Response::json(200, &cancelled))
}

/// 发起免确认收款授权.
fn authorize(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    call.no_query()?;
    let parameters = schema::read(call.body(), &[fields::AUTHORIZATION])?;
    state.age_transfers(call.now);
    let State { transfers, merchants, ids, .. } = state;
    let requested = transfers.authorizations.request(parameters, &call.caller(merchants), ids)?;
    Ok(Response::json(200, &requested.requested()))
}

/// 商户单号查询授权结果.
fn query_authorization(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_authorization_no", &fields::OUT_AUTHORIZATION_NO)?;
    call.no_query()?;
    state.age_transfers(call.now);
    let found = state.transfers.authorizations.query(call.mchid, &number)?;
    Ok(Response::json(200, &found.describe()))
}

/// 解除免确认收款授权.
fn close_authorization(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_authorization_no", &fields::OUT_AUTHORIZATION_NO)?;
    no_body(call)?;
    let closed = state.transfers.authorizations.close(call.mchid, &number, call.now)?;
    let closed = closed.describe();
    state.age_transfers(call.now);
    Ok(Response::json(200, &closed))
}

/// 申请电子回单.
fn apply_for_receipt(
    call: &Call<'_>,
    state: &mut State,
    table: Table,
) -> Result<Response, Refusal> {
    call.no_query()?;
    let body = schema::read(call.body(), &[table])?;
    let number = match body.get("out_bill_no") {
        Some(_) => TransferNumber::OutBillNo(text_of(&body, "out_bill_no").to_owned()),
        None => TransferNumber::TransferBillNo(text_of(&body, "transfer_bill_no").to_owned()),
    };
    let mut receipts = std::mem::take(&mut state.transfers.receipts);
    let found = state.transfers.find(&number, call.mchid);
    let applied = found
        .ok_or_else(Refusal::not_found)
        .and_then(|transfer: &Transfer| receipts.apply(transfer, call.now));
    state.transfers.receipts = receipts;
    Ok(Response::json(200, &applied?))
}

/// 查询电子回单.
fn query_receipt(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = number(call)?;
    let base_url = super::bill::base_url_of_host(call.request);
    let base_url = base_url.unwrap_or_else(|| state.base_url.clone());
    let mut receipts = std::mem::take(&mut state.transfers.receipts);
    let State { transfers, ids, .. } = state;
    let found = transfers.find(&number, call.mchid);
    let queried = found
        .ok_or_else(Refusal::not_found)
        .and_then(|transfer| receipts.query(transfer, &base_url, call.now, ids));
    state.transfers.receipts = receipts;
    Ok(Response::json(200, &queried?))
}

/// 下载电子回单.
fn download_receipt(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let query = call.query(fields::RECEIPT_FILE)?;
    let file = state.transfers.receipts.file(&query, &call.caller(&state.merchants))?;
    Ok(Response::file("application/pdf", file))
}

/// The body of a transfer, with the name in plain text.
fn read(call: &Call<'_>, state: &State, tables: &[Table]) -> Result<Value, Refusal> {
    call.no_query()?;
    let parameters = schema::read(call.body(), tables)?;
    #[cfg(feature = "aws-lc-rs")]
    {
        let pointers = ["/user_name".to_owned()];
        let plain = crate::encrypted_fields::decrypt(
            &parameters,
            &pointers,
            call.request,
            &state.platform,
        )?;
        Ok(plain.unwrap_or(parameters))
    }
    #[cfg(not(feature = "aws-lc-rs"))]
    {
        let _ = state;
        Ok(parameters)
    }
}

/// A transfer, with its name encrypted for the merchant.
fn described(call: &Call<'_>, state: &mut State, transfer: &Value) -> Result<Response, Refusal> {
    state.age_transfers(call.now);
    #[cfg(feature = "aws-lc-rs")]
    if transfer.get("user_name").is_some() {
        let body = transfer.to_string().into_bytes();
        let merchant = state.merchants.get(call.mchid);
        let pointers = ["/user_name".to_owned()];
        let body = crate::encrypted_fields::encrypt(body, &pointers, merchant)?;
        return Ok(Response { body, ..Response::empty(200) });
    }
    Ok(Response::json(200, transfer))
}

fn number(call: &Call<'_>) -> Result<TransferNumber, Refusal> {
    call.no_query()?;
    if call.path_parameters.iter().any(|(name, _)| *name == "out_bill_no") {
        let number = call.path_parameter("out_bill_no", &fields::OUT_BILL_NO)?;
        return Ok(TransferNumber::OutBillNo(number));
    }
    let number = call.path_parameter("transfer_bill_no", &fields::TRANSFER_BILL_NO)?;
    Ok(TransferNumber::TransferBillNo(number))
}

/// 撤销转账 and 解除授权 have no body; an empty object is accepted
/// ([m/4013778940](https://pay.weixin.qq.com/doc/v3/merchant/4013778940)).
fn no_body(call: &Call<'_>) -> Result<(), Refusal> {
    call.no_query()?;
    match call.body() {
        b"" | b"{}" => Ok(()),
        _ => Err(Refusal::parameter(Location::Body, "", None, "must be empty")),
    }
}
