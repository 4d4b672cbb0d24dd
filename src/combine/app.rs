//! 合单APP支付.

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::pay::placed::Prepaid;
use crate::signer::Signer;

/// APP合单下单: places a combined order that is paid in the merchant's app.
///
/// `POST /v3/combine-transactions/app` (document 000, m/4012556944). The prepay_id is valid for two
/// hours; the identical order, sent again, returns a fresh one.
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then send it.
/// * `Refused`: this call placed no order. `OUT_TRADE_NO_USED` may speak of any of its numbers:
///   query the combined order.
/// * `Unknown`: the order may stand, though nobody can pay it without its prepay_id. Send the same
///   order again, or query by its number; never take a new number for it before that.
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
    let extras = Extras { takes_payer_of_order: true, ..Extras::default() };
    let body = order.to_body(signer, extras)?;
    let answer: Prepaid = gateway.post(signer, "/v3/combine-transactions/app", &body)?;
    Ok(answer.prepay_id)
}
