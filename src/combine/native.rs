//! 合单Native支付.
//!
//! ```
//! use wechatpay::combine;
//!
//! # use wechatpay::{Fen, combine::SubOrder};
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let sub_order = |mchid, number: &str| {
//! #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
//! # };
//! # let order = wechatpay::combine::Order::new(
//! #     sandbox.appid(),
//! #     "order-1".parse()?,
//! #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
//! #     sandbox.notify_url(),
//! # );
//! let code_url = combine::native::prepay(signer, gateway, &order)?;
//! println!("draw this as a QR code: {code_url}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::CodeUrl;
use crate::pay::response::Coded;
use crate::signer::Signer;

/// Native合单下单: places a combined order that is paid by scanning a QR code.
///
/// `POST /v3/combine-transactions/native` (m/4012556982). The code_url is valid for two hours; the
/// identical order, sent again, returns a fresh one and makes the last useless.
///
/// ```
/// use wechatpay::combine::native;
///
/// # use wechatpay::{Fen, combine::SubOrder};
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let sub_order = |mchid, number: &str| {
/// #     number.parse().map(|number| SubOrder::new(mchid, number, "公仔", Fen(10), "深圳分店"))
/// # };
/// # let order = wechatpay::combine::Order::new(
/// #     sandbox.appid(),
/// #     "order-1".parse()?,
/// #     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
/// #     sandbox.notify_url(),
/// # );
/// let code_url = native::prepay(signer, gateway, &order)?;
/// assert!(code_url.as_str().starts_with("weixin://")); // Draw this as a QR code.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::combine::app::prepay).
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<CodeUrl, Error> {
    let body = order.to_body(signer, Extras::default())?;
    let answer: Coded = gateway.post(signer, "/v3/combine-transactions/native", &body)?;
    Ok(answer.code_url)
}
