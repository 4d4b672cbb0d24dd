//! Native支付: QR code payment. The payer scans a QR code with WeChat.
//!
//! ```
//! use wechatpay::pay::{Order, native};
//! use wechatpay::{Error, Gateway, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
//!     let code_url = native::prepay(signer, gateway, order)?;
//!     println!("draw this as a QR code: {code_url}");
//!     Ok(())
//! }
//! ```

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::CodeUrl;
use crate::party::Party;
use crate::pay::Order;
use crate::pay::response::CodeUrlResponse;
use crate::signer::Signer;

/// Native下单: places an order that is paid by scanning a QR code.
///
/// `POST /v3/pay/transactions/native` ([m/4012791877](https://pay.weixin.qq.com/doc/v3/merchant/4012791877)).
/// The code_url is valid for two hours; the identical order, placed again, returns a new one and
/// invalidates the previous one.
///
/// ```
/// use wechatpay::pay::native;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// let code_url = native::prepay(signer, gateway, &order)?;
/// assert!(code_url.as_str().starts_with("weixin://")); // Draw this as a QR code.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay).
#[doc(alias = "Native下单")]
#[doc(alias = "下单")]
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<CodeUrl, Error> {
    let body = order.to_json(signer)?;
    let path = Party::from(signer).transactions_path("native");
    let response: CodeUrlResponse = gateway.post(signer, &path, &body)?;
    Ok(response.code_url)
}
