//! 合单JSAPI支付 and 合单小程序支付.
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
//! # let payer = pay::jsapi::Payer::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".parse()?);
//! let prepay_id = combine::jsapi::prepay(signer, gateway, &order, &payer)?;
//! let for_the_page = pay::jsapi::invoke(signer, &order, &prepay_id)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::pay::payer::Payer;
use crate::pay::response::Prepaid;
use crate::signer::Signer;
use crate::strict_json;

/// JSAPI合单下单: places a combined order that this payer pays on a page within WeChat, or in a
/// mini-program.
///
/// `POST /v3/combine-transactions/jsapi` (m/4012556926, m/4012556931). The prepay_id is valid for
/// two hours; the identical order, sent again, returns a fresh one.
///
/// ```
/// use wechatpay::combine::jsapi;
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
/// # let openid = wechatpay::OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?;
/// # let payer = wechatpay::pay::jsapi::Payer::new(openid);
/// let prepay_id = jsapi::prepay(signer, gateway, &order, &payer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
/// ```
/// use wechatpay::combine::jsapi;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let json = br#"{
///     "combine_appid": "wxd678efh567hg6787",
///     "combine_out_trade_no": "20150806125345",
///     "combine_payer_info": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
///     "notify_url": "https://yourapp.com/notify",
///     "sub_orders": [{
///         "mchid": "1230000109",
///         "out_trade_no": "20150806125346",
///         "amount": {"total_amount": 10, "currency": "CNY"},
///         "description": "QQ",
///         "attach": "1"
///     }]
/// }"#;
/// let (order, payer) = jsapi::from_json(signer, json)?;
/// assert_eq!(order.sub_orders.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] with every violation, each by its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Payer), Error> {
    strict_json::read(json, |object| {
        let payer =
            object.object("combine_payer_info", |payer| Payer::read_either(payer, "openid"));
        let order = Order::read(signer, object);
        order.zip(payer)
    })
}
