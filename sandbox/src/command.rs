//! What every command has: its function, its errors, and how its body is read.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::controller::Controller;
use super::order_error::OrderError;
use super::placed_orders::OrderId;
use super::refund_error::RefundError;
use super::state::State;
use super::version::Version;

/// What is done with the body of a command.
pub(super) type Command = fn(&Controller, &[u8]) -> Done;

pub(super) type Done = Result<Value, CommandError>;

/// Why a command is not carried out.
pub(super) struct CommandError {
    pub(super) status: u16,
    pub(super) error: String,
}

impl CommandError {
    pub(super) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }
}

impl From<RefundError> for CommandError {
    fn from(error: RefundError) -> Self {
        Self::new(if error.has_ended() { 409 } else { 404 }, error.to_string())
    }
}

/// The body of a command, which has exactly these fields.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CommandError> {
    let body = if body.is_empty() { b"{}" } else { body };
    // Otherwise serde accepts a list of the fields in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(CommandError::new(400, "the body must be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| CommandError::new(400, error.to_string()))
}

/// The response without content.
pub(super) fn done(result: Result<(), impl Into<CommandError>>) -> Done {
    result.map(|()| json!({})).map_err(Into::into)
}

/// Does something to the order with this number: that of one version, or of any.
pub(super) fn with_order(
    controller: &Controller,
    version: Option<Version>,
    number: &str,
    act: impl FnOnce(&mut State, &OrderId) -> Result<(), OrderError>,
) -> Done {
    let mut state = controller.state();
    let order = match version {
        Some(version) => Ok(OrderId::new(version, number)),
        None => state.find_order(number),
    };
    done(order.and_then(|order| act(&mut state, &order)).map_err(|error| {
        if error != OrderError::NotPlaced {
            return CommandError::new(409, format!("{number}: {error}"));
        }
        let is_v3 = version.is_some() && state.find_order(number).is_ok();
        let hint = if is_v3 { "; for the order of APIv3, omit v2/" } else { "" };
        CommandError::new(404, format!("{number}: {error}{hint}"))
    }))
}

/// The body of a command that has no fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderNumber {
    #[serde(alias = "combine_out_trade_no")]
    pub(super) out_trade_no: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundEnd {
    pub(super) out_refund_no: String,
    pub(super) status: String,
}
