//! Native支付: the payer scans a QR code.
//!
//! ```
//! use wechatpay::pay::native;
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
//! # let notify_url = sandbox.notify_url();
//! # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
//! let code_url = native::prepay(signer, gateway, &order)?;
//! println!("draw this as a QR code: {code_url}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::CodeUrl;
use crate::pay::order::Extras;
use crate::pay::response::Coded;
use crate::pay::{self, Order};
use crate::signer::Signer;

/// Native下单: places an order that is paid by scanning a QR code.
///
/// `POST /v3/pay/transactions/native` (m/4012791877). The code_url is valid for two hours; the
/// identical order, sent again, returns a fresh one and makes the last useless.
///
/// ```
/// use wechatpay::pay::native;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// let code_url = native::prepay(signer, gateway, &order)?;
/// assert!(code_url.as_str().starts_with("weixin://")); // Draw this as a QR code.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay).
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<CodeUrl, Error> {
    let body = order.to_body(signer, Extras::default())?;
    let answer: Coded = gateway.post(signer, &pay::path(signer, "native"), &body)?;
    Ok(answer.code_url)
}
