//! 合单JSAPI支付 and 合单小程序支付.

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::pay::payer::Payer;
use crate::pay::placed::Prepaid;
use crate::signer::Signer;

/// JSAPI合单下单: places a combined order that this payer pays on a page within WeChat, or in a
/// mini-program.
///
/// `POST /v3/combine-transactions/jsapi` (m/4012556926, m/4012556931). The prepay_id is valid for
/// two hours; the identical order, sent again, returns a fresh one.
///
/// # Errors
/// As [`app::prepay`](crate::combine::app::prepay). `OPENID_MISMATCH`, though it comes with status
/// 500, is final: the openid is not one of the order's appid.
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    payer: &Payer,
) -> Result<PrepayId, Error> {
    let body = order.to_body(signer, Extras { payer: Some(payer), ..Extras::default() })?;
    let answer: Prepaid = gateway.post(signer, "/v3/combine-transactions/jsapi", &body)?;
    Ok(answer.prepay_id)
}
