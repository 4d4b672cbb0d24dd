//! 合单JSAPI支付 and 合单小程序支付.

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::json;
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

/// Reads the body of a combined JSAPI order as the documents print it: the order, and its
/// `combine_payer_info`.
///
/// As strictly as [`Order::from_json`].
///
/// # Errors
/// [`Error::Invalid`] with every fault, each by its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Payer), Error> {
    json::read(json, |object| {
        let payer =
            object.object("combine_payer_info", |payer| Payer::read_either(payer, "openid"));
        let order = Order::read(signer, object);
        order.zip(payer)
    })
}
