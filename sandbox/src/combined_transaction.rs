//! A combined order in queries and notifications.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::caller::MerchantKind;
use super::combined_order::CombinedOrder;
use super::json::put;
use super::order::{Order, Payment, TradeState};
use super::schema::text_of;
use super::transaction;

/// A combined order, with what is known about it at this moment: as of a single one, little before
/// it is paid.
pub(super) fn describe(combined_order: &CombinedOrder<'_>, now: i64) -> Value {
    let parts: Vec<Value> = combined_order
        .parts
        .iter()
        .map(|part| describe_part(part, combined_order.mode(), now))
        .collect();
    let mut output = json!({ "sub_orders": parts });
    for name in ["combine_appid", "combine_mchid", "combine_out_trade_no"] {
        put(&mut output, name, text_of(combined_order.parameters(), name));
    }
    if let Some(part) = combined_order.parts.iter().find(|part| part.payment.is_some()) {
        let openid = text_of(&transaction::payer(part), combined_order.mode().openid()).to_owned();
        put(&mut output, "combine_payer_info", json!({ "openid": openid }));
        transaction::put_scene(&mut output, combined_order.parameters());
    }
    output
}

fn describe_part(part: &Order, mode: MerchantKind, now: i64) -> Value {
    let mut output = json!({
        "mchid": text_of(&part.parameters, mode.mchid()),
        "out_trade_no": part.number(),
        "trade_state": trade_state(part.state(now)).as_str(),
    });
    for name in ["sub_mchid", "sub_appid"] {
        if let Some(value) = part.parameters.get(name) {
            put(&mut output, name, value.clone());
        }
    }
    if let Some(payment) = &part.payment {
        put_payment(&mut output, part, payment);
    }
    output
}

/// A combined order does not report refunds.
fn trade_state(state: TradeState) -> TradeState {
    match state {
        TradeState::Refund => TradeState::Success,
        state => state,
    }
}

fn put_payment(output: &mut Value, part: &Order, payment: &Payment) {
    transaction::put_deal(output, part, payment);
    put(output, "success_time", Beijing::at(payment.success_time).rfc3339_with_millis());
    let amount = json!({
        "total_amount": part.total(),
        "payer_amount": part.payer_total(),
        "currency": "CNY",
        "payer_currency": "CNY",
    });
    put(output, "amount", amount);
    if let Some(sub_openid) = transaction::payer(part).get("sub_openid") {
        put(output, "sub_openid", sub_openid.clone());
    }
}
