//! 合单APP支付: combined App payment.
//!
//! ```
//! use wechatpay::combine::{self, Order};
//! use wechatpay::pay::{self, app::InvokeParameters};
//! use wechatpay::{Error, Gateway, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<InvokeParameters, Error> {
//!     let prepay_id = combine::app::prepay(signer, gateway, order)?;
//!     pay::app::invoke(signer, order, &prepay_id)
//! }
//! ```

use crate::combine::Order;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::pay::response::PrepayIdResponse;
use crate::signer::Signer;

/// APP合单下单: places a combined order that is paid in the merchant's app.
///
/// `POST /v3/combine-transactions/app` (document 000, [m/4012556944](https://pay.weixin.qq.com/doc/v3/merchant/4012556944)).
/// The prepay_id is valid for two hours; the identical order, placed again, returns a new one.
///
/// ```
/// use wechatpay::combine::{Order, app};
/// use wechatpay::{Error, Gateway, PrepayId, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
///     app::prepay(signer, gateway, order)?;
///     app::prepay(signer, gateway, order) // Placed again, it is still one order.
/// }
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then place it.
/// * `Refused`: this call placed no order; an earlier one may have. `OUT_TRADE_NO_USED` may refer to
///   any of its order numbers, and after `INVALID_REQUEST` one with other values may exist: query the combined order.
/// * `Unknown`: the order may exist, but cannot be paid without its prepay_id. Place the same
///   order again, or query it; never use a new order number before that.
#[doc(alias = "APP合单下单")]
#[doc(alias = "合单下单")]
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
    let body = order.to_json(signer)?;
    let response: PrepayIdResponse = gateway.post(signer, "/v3/combine-transactions/app", &body)?;
    Ok(response.prepay_id)
}
