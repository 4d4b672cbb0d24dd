//! Native支付: the payer scans a QR code.

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::CodeUrl;
use crate::pay::order::Extras;
use crate::pay::placed::Coded;
use crate::pay::{self, Order};
use crate::signer::Signer;

/// Native下单: places an order that is paid by scanning a QR code.
///
/// `POST /v3/pay/transactions/native` (m/4012791877). The code_url is valid for two hours; the
/// identical order, sent again, returns a fresh one and makes the last useless.
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay).
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<CodeUrl, Error> {
    let body = order.to_body(signer, Extras::default())?;
    let answer: Coded = gateway.post(signer, &pay::path(signer, "native"), &body)?;
    Ok(answer.code_url)
}
