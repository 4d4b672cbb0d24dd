//! 合单JSAPI支付 and 合单小程序支付: combined JSAPI payment and mini-program payment.
//!
//! ```
//! use wechatpay::combine::{self, Order};
//! use wechatpay::pay::{self, Payer, jsapi::InvokeParameters};
//! use wechatpay::{Error, Gateway, OpenId, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<InvokeParameters, Error> {
//!     let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
//!     let prepay_id = combine::jsapi::prepay(signer, gateway, order, &payer)?;
//!     pay::jsapi::invoke(signer, order, &prepay_id)
//! }
//! ```

use crate::combine::Order;
use crate::combine::order::Kind;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::pay::Payer;
use crate::pay::response::PrepayIdResponse;
use crate::signer::Signer;
use crate::strict_json::{self, Object};

/// JSAPI合单下单: places a combined order that this payer pays on a page within WeChat, or in a
/// mini-program (小程序合单下单).
///
/// `POST /v3/combine-transactions/jsapi`
/// ([m/4012556926](https://pay.weixin.qq.com/doc/v3/merchant/4012556926), [m/4012556931](https://pay.weixin.qq.com/doc/v3/merchant/4012556931)).
/// The prepay_id is valid for two hours; the identical order, placed again, returns a new one.
///
/// ```
/// use wechatpay::combine::{Order, jsapi};
/// use wechatpay::pay::Payer;
/// use wechatpay::{Error, Gateway, OpenId, PrepayId, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
///     let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
///     jsapi::prepay(signer, gateway, order, &payer)
/// }
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::combine::app::prepay). `OPENID_MISMATCH` is final, although its status is 500: the
/// openid does not belong to the order's appid.
#[doc(alias = "JSAPI合单下单")]
#[doc(alias = "小程序合单下单")]
#[doc(alias = "合单下单")]
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    payer: &Payer,
) -> Result<PrepayId, Error> {
    let body = to_json(signer, order, payer)?;
    let response: PrepayIdResponse =
        gateway.post(signer, "/v3/combine-transactions/jsapi", &body)?;
    Ok(response.prepay_id)
}

/// The body that [`prepay`] sends. Store it to place the same order again after a restart: [`from_json`] returns an
/// equal order and payer.
///
/// ```
/// use wechatpay::combine::{Order, jsapi};
/// use wechatpay::pay::Payer;
/// use wechatpay::{Error, Signer};
///
/// fn stored(signer: &dyn Signer, order: &Order, payer: &Payer) -> Result<Vec<u8>, Error> {
///     jsapi::to_json(signer, order, payer)
/// }
/// ```
///
/// # Errors
/// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
pub fn to_json(signer: &dyn Signer, order: &Order, payer: &Payer) -> Result<Vec<u8>, Error> {
    order.to_body(signer, Kind::Jsapi(payer))
}

/// Parses the body of a combined JSAPI order as the documents print it: the order, and its
/// `combine_payer_info`.
///
/// As strictly as [`Order::from_json`].
///
/// ```
/// use wechatpay::combine::jsapi;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
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
///     }, {
///         "mchid": "1230000119",
///         "out_trade_no": "20150806125347",
///         "amount": {"total_amount": 10, "currency": "CNY"},
///         "description": "QQ",
///         "attach": "2"
///     }]
/// }"#;
/// let (order, payer) = jsapi::from_json(sandbox.signer(), json)?;
/// order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Payer), Error> {
    let members = |object: &mut Object<'_>| {
        let payer = Order::read_payer(object);
        Order::read(signer, object).zip(payer)
    };
    strict_json::read(json, members, |(order, payer), violations| {
        order.find_violations_as(violations, Kind::Jsapi(payer));
    })
}
