//! The commands of APIv2.

use serde::Deserialize;
use serde_json::json;

use super::super::calendar::unix_now;
use super::super::command::{
    Command, CommandError, Done, Nothing, OrderNumber, RefundEnd, done, read, with_order,
};
use super::super::command_json::taken;
use super::super::controller::Controller;
use super::super::placed_orders::OrderId;
use super::super::refund::RefundStatus;
use super::super::state::State;
use super::super::version::Version;
use super::refusal::Refusal;

/// Sent by POST.
pub(crate) const COMMANDS: &[(&str, Command)] = &[
    ("v2/pay", |controller, body| {
        let Payment { out_trade_no: number, coupons } = read(body)?;
        let pay = |state: &mut State, order: &OrderId| state.pay(order, &coupons, unix_now());
        with_order(controller, Some(Version::V2), &number, pay)
    }),
    ("v2/refuse-payment", |controller, body| {
        let OrderNumber { out_trade_no: number } = read(body)?;
        let refuse = |state: &mut State, order: &OrderId| state.refuse_payment(order, unix_now());
        with_order(controller, Some(Version::V2), &number, refuse)
    }),
    ("v2/close", |controller, body| {
        let OrderNumber { out_trade_no: number } = read(body)?;
        with_order(controller, Some(Version::V2), &number, |state, order| state.close(order))
    }),
    ("v2/end-refund", end_refund),
    ("v2/show-code", |controller, body| {
        let ShownCode { pin } = read(body)?;
        let auth_code = controller.state().show_payer_code(pin, unix_now());
        Ok(json!({ "auth_code": auth_code }))
    }),
    ("v2/recall-next", |controller, body| {
        let Nothing {} = read(body)?;
        controller.state().v2.recall_next();
        Ok(json!({}))
    }),
    ("v2/refuse-next", |controller, body| {
        let RefusedCall { code, text } = read(body)?;
        controller.state().v2.refusals.push_back(Refusal::new(&code, &text));
        Ok(json!({}))
    }),
    ("v2/fail-next", |controller, body| {
        let FailedCall { text } = read(body)?;
        controller.state().v2.failures.push_back(text);
        Ok(json!({}))
    }),
    ("v2/take-notifications", |controller, body| {
        let Nothing {} = read(body)?;
        Ok(taken(&controller.state().take_notifications(Version::V2, unix_now())))
    }),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    #[serde(alias = "combine_out_trade_no")]
    out_trade_no: String,
    #[serde(default)]
    coupons: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownCode {
    #[serde(default)]
    pin: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedCall {
    code: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailedCall {
    text: String,
}

fn end_refund(controller: &Controller, body: &[u8]) -> Done {
    let RefundEnd { out_refund_no, status } = read(body)?;
    let status = match status.as_str() {
        "SUCCESS" => RefundStatus::Success,
        "REFUNDCLOSE" => RefundStatus::Closed,
        "CHANGE" => RefundStatus::Abnormal,
        _ => return Err(CommandError::new(400, "status must be SUCCESS, REFUNDCLOSE or CHANGE")),
    };
    done(controller.state().end_refund(Version::V2, &out_refund_no, status, unix_now()))
}
