//! H5支付: the payer comes from a browser outside WeChat.
//!
//! ```
//! use wechatpay::pay::SceneInfo;
//! use wechatpay::pay::h5::{self, H5Info, H5Type, Scene};
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
//! # let notify_url = sandbox.notify_url();
//! # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
//! # let address = "14.23.150.211".parse()?;
//! let scene = Scene::new(SceneInfo::new(address), H5Info::new(H5Type::Wap));
//! let h5_url = h5::prepay(signer, gateway, &order, &scene)?;
//! println!("send the browser to {h5_url}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::H5Url;
use crate::pay::order::Extras;
use crate::pay::response::Linked;
pub use crate::pay::scene::{H5Info, H5Type};
use crate::pay::{self, Order, SceneInfo};
use crate::signer::Signer;
use crate::strict_json;

/// H5下单: places an order that is paid from a browser outside WeChat.
///
/// `POST /v3/pay/transactions/h5` (m/4012791834). The h5_url is valid for five minutes; the
/// identical order, sent again, returns a fresh one. [`H5Url::with_redirect`] names the page to
/// return to.
///
/// ```
/// use wechatpay::pay::SceneInfo;
/// use wechatpay::pay::h5::{self, H5Info, H5Type, Scene};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// let scene = Scene::new(SceneInfo::new("14.23.150.211".parse()?), H5Info::new(H5Type::Wap));
/// let h5_url = h5::prepay(signer, gateway, &order, &scene)?;
/// let location = h5_url.with_redirect("https://shop.example/orders/1");
/// # assert!(location.ends_with("&redirect_url=https%3A%2F%2Fshop.example%2Forders%2F1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay). The order's own `scene_info` must be empty: the
/// scene is an argument here.
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    scene: &Scene,
) -> Result<H5Url, Error> {
    let body =
        order.to_body(signer, Extras { h5_scene: Some(scene.parts()), ..Extras::default() })?;
    let answer: Linked = gateway.post(signer, &pay::path(signer, "h5"), &body)?;
    Ok(answer.h5_url)
}

/// Reads the body of an H5 order as the documents print it: the order, and its `scene_info`.
///
/// As strictly as [`Order::from_json`].
///
/// ```
/// use wechatpay::pay::h5::{self, H5Type};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let signer = sandbox.signer();
/// let json = br#"{
///     "appid": "wxd678efh567hg6787",
///     "out_trade_no": "1217752501201407033233368018",
///     "description": "Image\u5f62\u8c61\u5e97",
///     "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
///     "amount": {"total": 100},
///     "scene_info": {"payer_client_ip": "14.23.150.211", "h5_info": {"type": "iOS"}}
/// }"#;
/// let (order, scene) = h5::from_json(signer, json)?;
/// assert_eq!(scene.h5_info.r#type, H5Type::Ios);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] with every violation, each by its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Scene), Error> {
    strict_json::read(json, |object| {
        let scene = object.object("scene_info", |scene| {
            let h5_info = scene.required("h5_info");
            let scene_info = SceneInfo::read_rest(scene);
            Some(Scene { scene_info: scene_info?, h5_info: h5_info? })
        });
        let order = Order::read(signer, object);
        order.zip(scene)
    })
}

/// 场景信息 of an H5 order: where the payer stands, and from what the payer comes.
///
/// ```
/// use wechatpay::pay::SceneInfo;
/// use wechatpay::pay::h5::{H5Info, H5Type, Scene};
///
/// let scene = Scene::new(SceneInfo::new("14.23.150.211".parse()?), H5Info::new(H5Type::Wap));
/// # assert_eq!(scene.h5_info.r#type, H5Type::Wap);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scene {
    /// The address of the payer, which must be the one that opens the h5_url.
    pub scene_info: SceneInfo,
    /// H5场景信息.
    pub h5_info: H5Info,
}

impl Scene {
    /// A payer's place and origin.
    #[must_use]
    pub fn new(scene_info: SceneInfo, h5_info: H5Info) -> Self {
        Self { scene_info, h5_info }
    }

    fn parts(&self) -> (&SceneInfo, &H5Info) {
        (&self.scene_info, &self.h5_info)
    }
}
