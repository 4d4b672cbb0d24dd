//! 合单APP支付.
//!
//! ```
//! use wechatpay::{combine, pay};
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
//! let prepay_id = combine::app::prepay(signer, gateway, &order)?;
//! let for_the_app = pay::app::invoke(signer, &order, &prepay_id)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::pay::response::Prepaid;
use crate::signer::Signer;

/// APP合单下单: places a combined order that is paid in the merchant's app.
///
/// `POST /v3/combine-transactions/app` (document 000, m/4012556944). The prepay_id is valid for two
/// hours; the identical order, sent again, returns a fresh one.
///
/// ```
/// use wechatpay::combine::app;
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
/// let prepay_id = app::prepay(signer, gateway, &order)?;
/// app::prepay(signer, gateway, &order)?; // The same order again is still one order.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then send it.
/// * `Refused`: this call placed no order; an earlier one may have. `OUT_TRADE_NO_USED` may speak of
///   any of its numbers: query the combined order, and also where an `INVALID_REQUEST` speaks of a
///   payment.
/// * `Unknown`: the order may stand, though nobody can pay it without its prepay_id. Send the same
///   order again, or query by its number; never take a new number for it before that.
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
    let extras = Extras { takes_payer_of_order: true, ..Extras::default() };
    let body = order.to_body(signer, extras)?;
    let answer: Prepaid = gateway.post(signer, "/v3/combine-transactions/app", &body)?;
    Ok(answer.prepay_id)
}
