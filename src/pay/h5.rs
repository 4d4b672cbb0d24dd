//! H5支付: H5 payment. The payer comes from a browser outside WeChat.
//!
//! ```
//! use wechatpay::pay::h5::{self, H5Info, H5Type, Scene};
//! use wechatpay::pay::{Order, SceneInfo};
//! use wechatpay::{Error, Gateway, Signer};
//!
//! fn example(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
//!     let address = std::net::Ipv4Addr::new(14, 23, 150, 211).into();
//!     let scene = Scene::new(SceneInfo::new(address), H5Info::new(H5Type::Wap));
//!     let h5_url = h5::prepay(signer, gateway, order, &scene)?;
//!     println!("send the browser to {h5_url}");
//!     Ok(())
//! }
//! ```

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::H5Url;
use crate::party::Party;
use crate::pay::Order;
use crate::pay::order::Kind;
use crate::pay::response::H5UrlResponse;
pub use crate::pay::scene::{H5Info, H5Type, Scene};
use crate::signer::Signer;
use crate::strict_json::{self, Object};

/// H5下单: places an order that is paid from a browser outside WeChat.
///
/// `POST /v3/pay/transactions/h5` ([m/4012791834](https://pay.weixin.qq.com/doc/v3/merchant/4012791834)).
/// The h5_url is valid for five minutes; the identical order, placed again, returns a new one.
/// [`H5Url::with_redirect`] adds the page to return to.
///
/// The page from which the browser opens the h5_url must be on a domain that is registered for H5 (H5支付域名), because
/// WeChat Pay checks the header `Referer`. If that is empty, as after a jump from an app, or of another
/// domain, the payer sees 商家参数格式有误，请联系商家解决.
///
/// ```
/// use wechatpay::pay::SceneInfo;
/// use wechatpay::pay::h5::{self, H5Info, H5Type, Scene};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// let scene = Scene::new(SceneInfo::new("14.23.150.211".parse()?), H5Info::new(H5Type::Wap));
/// let h5_url = h5::prepay(signer, gateway, &order, &scene)?;
/// let location = h5_url.with_redirect("https://shop.example/orders/1");
/// assert!(location.ends_with("&redirect_url=https%3A%2F%2Fshop.example%2Forders%2F1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay). The order's own `scene_info` must be empty, because the scene is
/// an argument here.
#[doc(alias = "H5下单")]
#[doc(alias = "下单")]
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    scene: &Scene,
) -> Result<H5Url, Error> {
    let body = to_json(signer, order, scene)?;
    let path = Party::from(signer).transactions_path("h5");
    let response: H5UrlResponse = gateway.post(signer, &path, &body)?;
    Ok(response.h5_url)
}

/// The body that [`prepay`] sends. Store it to place the same order again after a restart: [`from_json`] returns an
/// equal order and scene.
///
/// ```
/// use wechatpay::pay::{Order, h5};
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

/// Parses the body of an H5 order as the documents print it: the order, and its `scene_info`.
///
/// As strictly as [`Order::from_json`].
///
/// ```
/// use wechatpay::pay::h5::{self, H5Type};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let json = br#"{
///     "appid": "wxd678efh567hg6787",
///     "out_trade_no": "1217752501201407033233368018",
///     "description": "Image\u5f62\u8c61\u5e97",
///     "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
///     "amount": {"total": 100},
///     "scene_info": {"payer_client_ip": "14.23.150.211", "h5_info": {"type": "iOS"}}
/// }"#;
/// let (order, scene) = h5::from_json(sandbox.signer(), json)?;
/// assert_eq!(scene.h5_info.r#type, H5Type::Ios);
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
        order.find_violations_as(violations, Kind::H5(scene), signer);
    })
}
