//! What a query and a notification say about a combined order.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::combined::Whole;
use super::json::put;
use super::orders::{Order, Payment, TradeState};
use super::parties::Mode;
use super::schema::text_of;
use super::transaction;

/// A combined order, with what is known about it at this moment: as of a single one, little before
/// it is paid.
pub(super) fn describe(whole: &Whole<'_>, now: i64) -> Value {
    let parts: Vec<Value> =
        whole.parts.iter().map(|part| describe_part(part, whole.mode(), now)).collect();
    let mut told = json!({ "sub_orders": parts });
    for name in ["combine_appid", "combine_mchid", "combine_out_trade_no"] {
        put(&mut told, name, text_of(whole.parameters(), name));
    }
    if let Some(part) = whole.parts.iter().find(|part| part.payment.is_some()) {
        let openid = text_of(&transaction::payer(part), whole.mode().openid()).to_owned();
        put(&mut told, "combine_payer_info", json!({ "openid": openid }));
        transaction::put_scene(&mut told, whole.parameters());
    }
    told
}

fn describe_part(part: &Order, mode: Mode, now: i64) -> Value {
    let mut told = json!({
        "mchid": text_of(&part.parameters, mode.mchid()),
        "out_trade_no": part.number(),
        "trade_state": trade_state(part.state(now)).as_str(),
    });
    for name in ["sub_mchid", "sub_appid"] {
        if let Some(value) = part.parameters.get(name) {
            put(&mut told, name, value.clone());
        }
    }
    if let Some(payment) = &part.payment {
        put_payment(&mut told, part, payment);
    }
    told
}

/// Here nobody learns of refunds.
fn trade_state(state: TradeState) -> TradeState {
    match state {
        TradeState::Refund => TradeState::Success,
        state => state,
    }
}

fn put_payment(told: &mut Value, part: &Order, payment: &Payment) {
    transaction::put_deal(told, part, payment);
    put(told, "success_time", Beijing::at(payment.success_time).rfc3339_with_millis());
    let amount = json!({
        "total_amount": part.total(),
        "payer_amount": part.payer_total(),
        "currency": "CNY",
        "payer_currency": "CNY",
    });
    put(told, "amount", amount);
    if let Some(sub_openid) = transaction::payer(part).get("sub_openid") {
        put(told, "sub_openid", sub_openid.clone());
    }
}
