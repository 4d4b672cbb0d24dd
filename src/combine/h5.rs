//! 合单H5支付.
//!
//! ```
//! use wechatpay::combine::{self, h5::Scene};
//! use wechatpay::pay::h5::{H5Info, H5Type};
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
//! # let address = "14.23.150.211".parse()?;
//! let scene = Scene::new(address, "013467007045764", H5Info::new(H5Type::Wap));
//! let h5_url = combine::h5::prepay(signer, gateway, &order, &scene)?;
//! println!("send the browser to {h5_url}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::net::IpAddr;

use crate::combine::Order;
use crate::combine::order::Extras;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::H5Url;
use crate::pay::response::Linked;
use crate::pay::scene::{H5Info, SceneBody};
use crate::signer::Signer;
use crate::strict_json::{self, read_strictly};

/// H5合单下单: places a combined order that is paid from a browser outside WeChat.
///
/// `POST /v3/combine-transactions/h5` (m/4012556961). The h5_url is valid for five minutes; the
/// identical order, sent again, returns a fresh one.
///
/// ```
/// use wechatpay::combine::h5::{self, Scene};
/// use wechatpay::pay::h5::{H5Info, H5Type};
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
/// let scene = Scene::new("14.23.150.211".parse()?, "013467007045764", H5Info::new(H5Type::Wap));
/// let h5_url = h5::prepay(signer, gateway, &order, &scene)?;
/// assert!(h5_url.as_str().starts_with("https://")); // The browser goes there.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::combine::app::prepay). The order's own `scene_info` must be empty: the
/// scene is an argument here.
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    scene: &Scene,
) -> Result<H5Url, Error> {
    let body =
        order.to_body(signer, Extras { h5_scene: Some(scene.to_body()), ..Extras::default() })?;
    let answer: Linked = gateway.post(signer, "/v3/combine-transactions/h5", &body)?;
    Ok(answer.h5_url)
}

/// Reads the body of a combined H5 order as the documents print it: the order, and its
/// `scene_info`.
///
/// As strictly as [`Order::from_json`].
///
/// ```
/// use wechatpay::combine::h5;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
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
///     }]
/// }"#;
/// let (order, scene) = h5::from_json(signer, json)?;
/// assert_eq!(scene.device_id, "POS1:1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] with every violation, each by its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Scene), Error> {
    strict_json::read(json, |object| {
        let scene = object.required("scene_info");
        let order = Order::read(signer, object);
        order.zip(scene)
    })
}

/// 场景信息 of a combined H5 order. Its `device_id` is longer than that of the other kinds, and it
/// must be there.
///
/// ```
/// use wechatpay::combine::h5::Scene;
/// use wechatpay::pay::h5::{H5Info, H5Type};
///
/// let scene = Scene::new("14.23.150.211".parse()?, "013467007045764", H5Info::new(H5Type::Wap));
/// # assert_eq!(scene.h5_info.r#type, H5Type::Wap);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scene {
    /// 用户终端IP: the address that opens the h5_url.
    pub payer_client_ip: IpAddr,
    /// 商户端设备号. 1 to 32 characters.
    pub device_id: String,
    /// H5场景信息.
    pub h5_info: H5Info,
}

impl Scene {
    /// A payer's place and origin.
    pub fn new(payer_client_ip: IpAddr, device_id: impl Into<String>, h5_info: H5Info) -> Self {
        Self { payer_client_ip, device_id: device_id.into(), h5_info }
    }

    fn to_body(&self) -> SceneBody<'_> {
        SceneBody {
            payer_client_ip: self.payer_client_ip,
            device_id: Some(&self.device_id),
            store_info: None,
            h5_info: Some(&self.h5_info),
        }
    }
}

read_strictly! { Scene { payer_client_ip, device_id, h5_info; } }
