//! JSAPI支付 and 小程序支付: the payer pays on a page within WeChat, or in a mini-program.
//!
//! ```
//! use wechatpay::OpenId;
//! use wechatpay::pay::jsapi::{self, Payer};
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
//! # let notify_url = sandbox.notify_url();
//! # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
//! let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
//! let prepay_id = jsapi::prepay(signer, gateway, &order, &payer)?;
//! let for_the_page = jsapi::invoke(signer, &order, &prepay_id)?;
//! let json = serde_json::to_string(&for_the_page)?;
//! # assert!(json.contains(prepay_id.as_str()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::{AppId, PrepayId};
use crate::pay::order::Extras;
pub use crate::pay::payer::Payer;
use crate::pay::response::Prepaid;
use crate::pay::{self, Order, invoke};
use crate::signer::Signer;
use crate::strict_json;

/// JSAPI下单: places an order that this payer pays on a page within WeChat, or in a mini-program.
///
/// `POST /v3/pay/transactions/jsapi` (document 004, m/4012791856). The prepay_id is valid for two
/// hours; the identical order, sent again, returns a fresh one.
///
/// ```
/// use wechatpay::pay::jsapi::{self, Payer};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let openid = wechatpay::OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?;
/// let prepay_id = jsapi::prepay(signer, gateway, &order, &Payer::new(openid))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay). `OPENID_MISMATCH`, though it comes with status
/// 500, is final: the openid is not one of the order's appid.
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    payer: &Payer,
) -> Result<PrepayId, Error> {
    let payer = payer.to_body(signer)?;
    let body = order.to_body(signer, Extras { payer: Some(payer), ..Extras::default() })?;
    let answer: Prepaid = gateway.post(signer, &pay::path(signer, "jsapi"), &body)?;
    Ok(answer.prepay_id)
}

/// Reads the body of a JSAPI order as the documents print it: the order, and its `payer`.
///
/// As strictly as [`Order::from_json`].
///
/// ```
/// use wechatpay::pay::jsapi;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let signer = sandbox.signer();
/// let json = br#"{
///     "appid": "wxd678efh567hg6787",
///     "out_trade_no": "1217752501201407033233368018",
///     "description": "Image\u5f62\u8c61\u5e97",
///     "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
///     "amount": {"total": 100},
///     "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
/// }"#;
/// let (order, payer) = jsapi::from_json(signer, json)?;
/// assert_eq!(order.description, "Image形象店");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] with every violation, each by its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Payer), Error> {
    strict_json::read(json, |object| {
        let payer = object.object("payer", |payer| Payer::read(signer, payer));
        let order = Order::read(signer, object);
        order.zip(payer)
    })
}

/// JSAPI调起支付: what the page hands to `WeixinJSBridge` to start the payment (m/4012365339,
/// m/4012791857).
///
/// `order` names the appid that starts the payment: an order, or that appid itself. Makes no
/// request. What the page reports afterwards is no proof of payment.
///
/// ```
/// use wechatpay::pay::jsapi;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let payer = jsapi::Payer::new(wechatpay::OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
/// # let prepay_id = jsapi::prepay(signer, gateway, &order, &payer)?;
/// let for_the_page = jsapi::invoke(signer, &order, &prepay_id)?;
/// assert_eq!(for_the_page.package, format!("prepay_id={prepay_id}"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Sign`] or [`Error::Invalid`] if the signer does not sign or the clock is wrong.
pub fn invoke(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<InvokeParameters, Error> {
    let appid = order.as_ref();
    let parameters = invoke_mini_program(signer, order, prepay_id)?;
    Ok(InvokeParameters { app_id: Some(appid.as_str().to_owned()), ..parameters })
}

/// 小程序调起支付: what the mini-program hands to `wx.requestPayment` (m/4012365341, m/4012791898).
///
/// The same as [`invoke`](fn@invoke), without the appid: it is signed, but not handed over.
///
/// ```
/// use wechatpay::pay::jsapi;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let payer = jsapi::Payer::new(wechatpay::OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
/// # let prepay_id = jsapi::prepay(signer, gateway, &order, &payer)?;
/// let for_the_mini_program = jsapi::invoke_mini_program(signer, &order, &prepay_id)?;
/// assert_eq!(for_the_mini_program.app_id, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`invoke`](fn@invoke).
pub fn invoke_mini_program(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<InvokeParameters, Error> {
    let package = format!("prepay_id={prepay_id}");
    let signed = invoke::sign(signer, order.as_ref(), &package)?;
    Ok(InvokeParameters {
        app_id: None,
        time_stamp: signed.timestamp,
        nonce_str: signed.nonce,
        package,
        sign_type: "RSA",
        pay_sign: signed.signature,
    })
}

/// The fields that start a payment. As JSON they bear the documented names: `appId`, `timeStamp`,
/// `nonceStr`, `package`, `signType`, `paySign`.
///
/// ```
/// use wechatpay::pay::jsapi;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let payer = jsapi::Payer::new(wechatpay::OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
/// # let prepay_id = jsapi::prepay(signer, gateway, &order, &payer)?;
/// let for_the_page = jsapi::invoke(signer, &order, &prepay_id)?;
/// let json = serde_json::to_string(&for_the_page)?;
/// assert!(json.contains(r#""signType":"RSA","paySign":""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvokeParameters {
    /// 应用ID that starts the payment; none for a mini-program.
    #[serde(rename = "appId", skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// 时间戳: Unix seconds, as text; a number would not be taken.
    #[serde(rename = "timeStamp")]
    pub time_stamp: String,
    /// 随机字符串, 32 characters.
    #[serde(rename = "nonceStr")]
    pub nonce_str: String,
    /// `prepay_id=` and the prepay_id.
    pub package: String,
    /// `RSA`; in APIv2 `HMAC-SHA256` or `MD5`.
    #[serde(rename = "signType")]
    pub sign_type: &'static str,
    /// 签名: Base64, or hexadecimal in APIv2.
    #[serde(rename = "paySign")]
    pub pay_sign: String,
}
