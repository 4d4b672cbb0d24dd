//! 合单下单, 查询合单订单, 关闭合单订单: combined orders.

use crate::combined_transaction;
use crate::fields;
use crate::interface::{Call, Interface, get, post};
use crate::placed_orders::OrderId;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::State;
use crate::trade_type::TradeType;
use crate::version::Version;

pub(crate) const INTERFACES: &[Interface] = &[
    post("/v3/combine-transactions/app", |call, state| place(call, state, TradeType::App)),
    post("/v3/combine-transactions/jsapi", |call, state| place(call, state, TradeType::Jsapi)),
    post("/v3/combine-transactions/native", |call, state| place(call, state, TradeType::Native)),
    post("/v3/combine-transactions/h5", |call, state| place(call, state, TradeType::H5)),
    get("/v3/combine-transactions/out-trade-no/{combine_out_trade_no}", query),
    post("/v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close", close),
];

/// 合单下单.
fn place(call: &Call<'_>, state: &mut State, trade_type: TradeType) -> Result<Response, Refusal> {
    call.no_query()?;
    let caller = call.caller(&state.merchants);
    let number = state.orders.place_combined(trade_type, call.body(), &caller)?;
    let token = trade_type.payment_token(call.now, &state.base_url, &mut state.ids);
    state.placed_orders.add(&token.text, OrderId::new(Version::V3, &number), call.now);
    Ok(Response::json(200, &token.body))
}

/// 查询合单订单.
fn query(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("combine_out_trade_no", &fields::OUT_TRADE_NO)?;
    call.no_query()?;
    let order = state.orders.query_combined(&number, &call.caller(&state.merchants))?;
    Ok(Response::json(200, &combined_transaction::describe(&order, call.now)))
}

/// 关闭合单订单.
fn close(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("combine_out_trade_no", &fields::OUT_TRADE_NO)?;
    call.no_query()?;
    let caller = call.caller(&state.merchants);
    state.orders.close_combined(&number, call.body(), &caller)?;
    Ok(Response::empty(204))
}
