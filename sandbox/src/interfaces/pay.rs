//! 下单, 查询订单, 关闭订单: single orders of direct merchants and partners.

use crate::caller::MerchantKind::{self, Direct, Partner};
use crate::fields;
use crate::interface::{Call, Interface, get, post};
use crate::order_book::Wanted;
use crate::placed_orders::OrderId;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::State;
use crate::trade_type::TradeType::{self, App, H5, Jsapi, Native};
use crate::transaction;
use crate::version::Version;

pub(crate) const INTERFACES: &[Interface] = &[
    post("/v3/pay/transactions/app", |call, state| place(call, state, Direct, App)),
    post("/v3/pay/transactions/jsapi", |call, state| place(call, state, Direct, Jsapi)),
    post("/v3/pay/transactions/native", |call, state| place(call, state, Direct, Native)),
    post("/v3/pay/transactions/h5", |call, state| place(call, state, Direct, H5)),
    get("/v3/pay/transactions/id/{transaction_id}", |call, state| query_by_id(call, state, Direct)),
    get("/v3/pay/transactions/out-trade-no/{out_trade_no}", |call, state| {
        query_by_number(call, state, Direct)
    }),
    post("/v3/pay/transactions/out-trade-no/{out_trade_no}/close", |call, state| {
        close(call, state, Direct)
    }),
    post("/v3/pay/partner/transactions/app", |call, state| place(call, state, Partner, App)),
    post("/v3/pay/partner/transactions/jsapi", |call, state| place(call, state, Partner, Jsapi)),
    post("/v3/pay/partner/transactions/native", |call, state| place(call, state, Partner, Native)),
    post("/v3/pay/partner/transactions/h5", |call, state| place(call, state, Partner, H5)),
    get("/v3/pay/partner/transactions/id/{transaction_id}", |call, state| {
        query_by_id(call, state, Partner)
    }),
    get("/v3/pay/partner/transactions/out-trade-no/{out_trade_no}", |call, state| {
        query_by_number(call, state, Partner)
    }),
    post("/v3/pay/partner/transactions/out-trade-no/{out_trade_no}/close", |call, state| {
        close(call, state, Partner)
    }),
];

/// 下单.
fn place(
    call: &Call<'_>,
    state: &mut State,
    merchant_kind: MerchantKind,
    trade_type: TradeType,
) -> Result<Response, Refusal> {
    call.no_query()?;
    let caller = call.caller(&state.merchants);
    let number = state.orders.place(merchant_kind, trade_type, call.body(), &caller)?;
    let token = trade_type.payment_token(call.now, &state.base_url, &mut state.ids);
    state.placed_orders.add(&token.text, OrderId::new(Version::V3, &number), call.now);
    Ok(Response::json(200, &token.body))
}

/// 微信支付订单号查询订单.
fn query_by_id(
    call: &Call<'_>,
    state: &mut State,
    merchant_kind: MerchantKind,
) -> Result<Response, Refusal> {
    let id = call.path_parameter("transaction_id", &fields::PLATFORM_NUMBER)?;
    query(call, state, merchant_kind, &Wanted::TransactionId(id))
}

/// 商户订单号查询订单.
fn query_by_number(
    call: &Call<'_>,
    state: &mut State,
    merchant_kind: MerchantKind,
) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_trade_no", &fields::OUT_TRADE_NO)?;
    query(call, state, merchant_kind, &Wanted::OutTradeNo(number))
}

fn query(
    call: &Call<'_>,
    state: &State,
    merchant_kind: MerchantKind,
    wanted: &Wanted,
) -> Result<Response, Refusal> {
    let owner = call.query(fields::owner(merchant_kind))?;
    let caller = call.caller(&state.merchants);
    let order = state.orders.query(merchant_kind, wanted, &owner, &caller)?;
    Ok(Response::json(200, &transaction::describe(order, call.now)))
}

/// 关闭订单.
fn close(
    call: &Call<'_>,
    state: &mut State,
    merchant_kind: MerchantKind,
) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_trade_no", &fields::OUT_TRADE_NO)?;
    call.no_query()?;
    let caller = call.caller(&state.merchants);
    state.orders.close_single(merchant_kind, number, call.body(), &caller)?;
    Ok(Response::empty(204))
}
