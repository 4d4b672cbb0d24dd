//! 合单H5支付: combined H5 payment.
//!
//! ```
//! use wechatpay::combine::{self, Order, h5::Scene};
//! use wechatpay::pay::h5::{H5Info, H5Type};
//! use wechatpay::{Error, Gateway, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
//!     let address = std::net::Ipv4Addr::new(14, 23, 150, 211).into();
//!     let scene = Scene::new(address, "013467007045764", H5Info::new(H5Type::Wap));
//!     let h5_url = combine::h5::prepay(signer, gateway, order, &scene)?;
//!     println!("send the browser to {h5_url}");
//!     Ok(())
//! }
//! ```

use crate::combine::Order;
use crate::combine::order::Kind;
pub use crate::combine::scene::Scene;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::H5Url;
use crate::pay::response::H5UrlResponse;
use crate::signer::Signer;
use crate::strict_json::{self, Object};

/// H5合单下单: places a combined order that is paid from a browser outside WeChat.
///
/// `POST /v3/combine-transactions/h5` ([m/4012556961](https://pay.weixin.qq.com/doc/v3/merchant/4012556961)).
/// The h5_url is valid for five minutes; the identical order, placed again, returns a new one.
/// The page that opens it must be on a domain that is registered for H5: see [`pay::h5::prepay`](crate::pay::h5::prepay).
///
/// ```
/// use wechatpay::combine::{Order, h5};
/// use wechatpay::{Error, Gateway, H5Url, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &Order,
///     scene: &h5::Scene,
/// ) -> Result<H5Url, Error> {
///     h5::prepay(signer, gateway, order, scene)
/// }
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::combine::app::prepay). The order's own `scene_info` must be empty, because the
/// scene is an argument here.
#[doc(alias = "H5合单下单")]
#[doc(alias = "合单下单")]
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    scene: &Scene,
) -> Result<H5Url, Error> {
    let body = to_json(signer, order, scene)?;
    let response: H5UrlResponse = gateway.post(signer, "/v3/combine-transactions/h5", &body)?;
    Ok(response.h5_url)
}

/// The body that [`prepay`] sends. Store it to place the same order again after a restart: [`from_json`] returns an
/// equal order and scene.
///
/// ```
/// use wechatpay::combine::{Order, h5};
/// use wechatpay::{Error, Signer};
///
/// fn stored(signer: &dyn Signer, order: &Order, scene: &h5::Scene) -> Result<Vec<u8>, Error> {
///     h5::to_json(signer, order, scene)
/// }
/// ```
///
/// # Errors
/// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
pub fn to_json(signer: &dyn Signer, order: &Order, scene: &Scene) -> Result<Vec<u8>, Error> {
    order.to_body(signer, Kind::H5(scene))
}

/// Parses the body of a combined H5 order as the documents print it: the order, and its
/// `scene_info`.
///
/// As strictly as [`Order::from_json`].
///
/// ```
/// use wechatpay::combine::h5;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let json = br#"{
///     "combine_appid": "wxd678efh567hg6787",
///     "combine_out_trade_no": "20150806125345",
///     "scene_info": {
///         "payer_client_ip": "14.23.150.211",
///         "device_id": "POS1:1",
///         "h5_info": {"type": "Wap"}
///     },
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
/// let (order, scene) = h5::from_json(sandbox.signer(), json)?;
/// order.validate()?;
/// assert_eq!(scene.device_id, "POS1:1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Scene), Error> {
    let members = |object: &mut Object<'_>| {
        let scene = object.required("scene_info");
        Order::read(signer, object).zip(scene)
    };
    strict_json::read(json, members, |(order, scene), violations| {
        order.find_violations_as(violations, Kind::H5(scene));
    })
}
