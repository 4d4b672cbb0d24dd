//! JSAPI支付 and 小程序支付: JSAPI payment and mini-program payment. The payer pays on a page within WeChat, or
//! in a mini-program.
//!
//! ```
//! use wechatpay::pay::{Order, Payer, jsapi};
//! use wechatpay::{Gateway, OpenId, Signer};
//!
//! fn example(
//!     signer: &dyn Signer,
//!     gateway: &Gateway,
//!     order: &Order,
//! ) -> Result<String, Box<dyn std::error::Error>> {
//!     let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
//!     let prepay_id = jsapi::prepay(signer, gateway, order, &payer)?;
//!     let for_the_page = jsapi::invoke(signer, order, &prepay_id)?;
//!     Ok(serde_json::to_string(&for_the_page)?)
//! }
//! ```

use serde::Serialize;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::{AppId, PrepayId};
use crate::party::Party;
use crate::pay::order::Kind;
use crate::pay::response::PrepayIdResponse;
use crate::pay::{Order, Payer, invoke};
use crate::signer::Signer;
use crate::strict_json::{self, Object};

/// JSAPI下单: places an order that this payer pays on a page within WeChat, or in a mini-program (小程序下单).
///
/// `POST /v3/pay/transactions/jsapi` (document 004, [m/4012791856](https://pay.weixin.qq.com/doc/v3/merchant/4012791856)).
/// The prepay_id is valid for two hours; the identical order, placed again, returns a new one.
///
/// ```
/// use wechatpay::OpenId;
/// use wechatpay::pay::{Payer, jsapi};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
/// let prepay_id = jsapi::prepay(signer, gateway, &order, &payer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`app::prepay`](crate::pay::app::prepay). `OPENID_MISMATCH` is final, although its status is 500: the openid does
/// not belong to the order's appid.
#[doc(alias = "JSAPI下单")]
#[doc(alias = "小程序下单")]
#[doc(alias = "下单")]
pub fn prepay(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    payer: &Payer,
) -> Result<PrepayId, Error> {
    let body = to_json(signer, order, payer)?;
    let path = Party::from(signer).transactions_path("jsapi");
    let response: PrepayIdResponse = gateway.post(signer, &path, &body)?;
    Ok(response.prepay_id)
}

/// The body that [`prepay`] sends. Store it to place the same order again after a restart: [`from_json`] returns an
/// equal order and payer.
///
/// ```
/// use wechatpay::pay::{Order, Payer, jsapi};
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

/// Parses the body of a JSAPI order as the documents print it: the order, and its `payer`.
///
/// As strictly as [`Order::from_json`].
///
/// ```
/// use wechatpay::pay::jsapi;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let json = br#"{
///     "appid": "wxd678efh567hg6787",
///     "out_trade_no": "1217752501201407033233368018",
///     "description": "Image\u5f62\u8c61\u5e97",
///     "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
///     "amount": {"total": 100},
///     "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
/// }"#;
/// let (order, payer) = jsapi::from_json(sandbox.signer(), json)?;
/// assert_eq!(order.description, "Image形象店");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<(Order, Payer), Error> {
    let members = |object: &mut Object<'_>| {
        let payer = object.object("payer", |payer| Payer::read(signer.into(), payer));
        Order::read(signer, object).zip(payer)
    };
    strict_json::read(json, members, |(order, payer), violations| {
        order.find_violations_as(violations, Kind::Jsapi(payer), signer);
    })
}

/// JSAPI调起支付: signs the parameters with which the page starts the payment through `WeixinJSBridge`.
///
/// See [m/4012365339](https://pay.weixin.qq.com/doc/v3/merchant/4012365339), [m/4012791857](https://pay.weixin.qq.com/doc/v3/merchant/4012791857).
/// `order` names the appid that starts the payment: an order, or that appid itself. Makes no
/// request. What the page reports afterwards does not prove the payment.
///
/// ```
/// use wechatpay::pay::{Order, jsapi};
/// use wechatpay::{Error, PrepayId, Signer};
///
/// fn example(signer: &dyn Signer, order: &Order, prepay_id: &PrepayId) -> Result<(), Error> {
///     let for_the_page = jsapi::invoke(signer, order, prepay_id)?;
///     assert_eq!(for_the_page.package, format!("prepay_id={prepay_id}"));
///     Ok(())
/// }
/// ```
///
/// # Errors
/// [`Error`] of kind `Sign` or `Invalid` if the signer does not sign or the system clock is wrong. Nothing is
/// sent.
#[doc(alias = "JSAPI调起支付")]
#[doc(alias = "调起支付")]
pub fn invoke(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<InvokeParameters, Error> {
    let appid = order.as_ref();
    let parameters = invoke_mini_program(signer, order, prepay_id)?;
    Ok(InvokeParameters { app_id: Some(appid.as_str().to_owned()), ..parameters })
}

/// 小程序调起支付: signs the parameters with which the mini-program starts the payment by `wx.requestPayment`.
///
/// See [m/4012365341](https://pay.weixin.qq.com/doc/v3/merchant/4012365341), [m/4012791898](https://pay.weixin.qq.com/doc/v3/merchant/4012791898).
/// As [`invoke`](fn@invoke), but without the appid, which is signed and not handed over.
///
/// ```
/// use wechatpay::pay::{Order, jsapi};
/// use wechatpay::{Error, PrepayId, Signer};
///
/// fn example(signer: &dyn Signer, order: &Order, prepay_id: &PrepayId) -> Result<(), Error> {
///     let for_the_mini_program = jsapi::invoke_mini_program(signer, order, prepay_id)?;
///     assert_eq!(for_the_mini_program.app_id, None);
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`invoke`](fn@invoke).
#[doc(alias = "小程序调起支付")]
#[doc(alias = "调起支付")]
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

/// The parameters with which a page or a mini-program starts a payment. The JSON has the documented names:
/// `appId`, `timeStamp`, `nonceStr`, `package`, `signType`, `paySign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvokeParameters {
    /// 应用ID: the appid that starts the payment; none for a mini-program.
    #[serde(rename = "appId", skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// 时间戳: Unix seconds, as a string; a number is not accepted.
    #[serde(rename = "timeStamp")]
    pub time_stamp: String,
    /// 随机字符串: nonce of 32 characters.
    #[serde(rename = "nonceStr")]
    pub nonce_str: String,
    /// 订单详情扩展字符串: `prepay_id=` and the prepay_id.
    pub package: String,
    /// 签名方式: signature type, `RSA`; in APIv2 `HMAC-SHA256` or `MD5`.
    #[serde(rename = "signType")]
    pub sign_type: &'static str,
    /// 签名: signature in Base64, or hexadecimal in APIv2.
    #[serde(rename = "paySign")]
    pub pay_sign: String,
}
