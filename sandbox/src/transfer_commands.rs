//! The commands about transfers.

use serde::Deserialize;
use serde_json::json;

use super::balance::Balance;
use super::calendar::unix_now;
use super::command::{Command, CommandError, done, read};
use super::controller::Controller;
use super::merchants::MCHID;
use super::transfer_error::TransferError;

impl From<TransferError> for CommandError {
    fn from(error: TransferError) -> Self {
        Self::new(if error.current_state().is_some() { 409 } else { 404 }, error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    out_bill_no: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    out_bill_no: String,
    fail_reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorizationNumber {
    out_authorization_no: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    held: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Funds {
    balance: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

pub(super) const COMMANDS: &[(&str, Command)] = &[
    ("confirm-transfer", |controller, body| {
        let Number { out_bill_no } = read(body)?;
        done(controller.state().confirm_transfer(MCHID, &out_bill_no, unix_now()))
    }),
    ("fail-transfer", |controller, body| {
        let Failure { out_bill_no, fail_reason } = read(body)?;
        done(controller.state().fail_transfer(MCHID, &out_bill_no, &fail_reason, unix_now()))
    }),
    ("confirm-authorization", |controller, body| {
        let AuthorizationNumber { out_authorization_no } = read(body)?;
        done(controller.state().confirm_authorization(MCHID, &out_authorization_no, unix_now()))
    }),
    ("hold-transfers", |controller, body| {
        let Held { held } = read(body)?;
        controller.state().hold_transfers(held, unix_now());
        Ok(json!({}))
    }),
    ("set-operation-balance", |controller, body| {
        let Funds { balance } = read(body)?;
        controller.state().transfers.balance = Balance::of(balance);
        Ok(json!({}))
    }),
    ("set-real-name", |controller, body| {
        let Name { name } = read(body)?;
        controller.state().transfers.real_name.0 = name;
        Ok(json!({}))
    }),
];

pub(super) const LISTED: &[(&str, Command)] =
    &[("transfers", |controller: &Controller, _: &[u8]| {
        Ok(json!({ "transfers": controller.state().transfer_summaries(unix_now()) }))
    })];
