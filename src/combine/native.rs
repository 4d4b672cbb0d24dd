//! 合单Native支付: combined QR code payment.
//!
//! ```
//! use wechatpay::combine::{self, Order};
//! use wechatpay::{Error, Gateway, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
//!     let code_url = combine::native::prepay(signer, gateway, order)?;
//!     println!("draw this as a QR code: {code_url}");
//!     Ok(())
//! }
//! ```

use crate::combine::Order;
use crate::combine::order::Kind;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::CodeUrl;
use crate::pay::response::CodeUrlResponse;
use crate::signer::Signer;

/// Native合单下单: places a combined order that is paid by scanning a QR code.
///
/// `POST /v3/combine-transactions/native` ([m/4012556982](https://pay.weixin.qq.com/doc/v3/merchant/4012556982)).
/// The code_url is valid for two hours; the identical order, placed again, returns a new one and
/// invalidates the previous one.
///
/// ```
/// use wechatpay::combine::{Order, native};
/// use wechatpay::{CodeUrl, Error, Gateway, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<CodeUrl, Error> {
///     native::prepay(signer, gateway, order)
/// }
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::combine::app::prepay).
#[doc(alias = "Native合单下单")]
#[doc(alias = "合单下单")]
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<CodeUrl, Error> {
    let body = order.to_body(signer, Kind::Native)?;
    let response: CodeUrlResponse =
        gateway.post(signer, "/v3/combine-transactions/native", &body)?;
    Ok(response.code_url)
}
