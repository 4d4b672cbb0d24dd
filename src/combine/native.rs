//! 合单Native支付.

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::CodeUrl;
use crate::pay::placed::Coded;
use crate::signer::Signer;

/// Native合单下单: places a combined order that is paid by scanning a QR code.
///
/// `POST /v3/combine-transactions/native` (m/4012556982). The code_url is valid for two hours; the
/// identical order, sent again, returns a fresh one and makes the last useless.
///
/// # Errors
/// As [`app::prepay`](crate::combine::app::prepay).
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<CodeUrl, Error> {
    let body = order.to_body(signer, Extras::default())?;
    let answer: Coded = gateway.post(signer, "/v3/combine-transactions/native", &body)?;
    Ok(answer.code_url)
}
