//! APP支付: App payment. The payer pays in the merchant's own app.
//!
//! ```
//! use wechatpay::pay::{Order, app};
//! use wechatpay::{Gateway, Signer};
//!
//! fn example(
//!     signer: &dyn Signer,
//!     gateway: &Gateway,
//!     order: &Order,
//! ) -> Result<String, Box<dyn std::error::Error>> {
//!     let prepay_id = app::prepay(signer, gateway, order)?;
//!     let for_the_app = app::invoke(signer, order, &prepay_id)?;
//!     Ok(serde_json::to_string(&for_the_app)?)
//! }
//! ```

use serde::Serialize;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::{AppId, PrepayId};
use crate::party::Party;
use crate::pay::response::PrepayIdResponse;
use crate::pay::{Order, invoke};
use crate::signer::Signer;

/// APP下单: places an order that is paid in the merchant's app.
///
/// `POST /v3/pay/transactions/app` (document 003, [m/4013070347](https://pay.weixin.qq.com/doc/v3/merchant/4013070347)).
/// The prepay_id is valid for two hours; the identical order, placed again, returns a new one.
///
/// ```
/// use wechatpay::pay::app;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// let prepay_id = app::prepay(signer, gateway, &order)?;
/// app::prepay(signer, gateway, &order)?; // Placed again, it is still one order.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then place it.
/// * `Refused`: this call placed no order; an earlier one may have. On `OUT_TRADE_NO_USED` an order with this number
///   exists, and on `INVALID_REQUEST` one with other values may, perhaps a paid one: query it.
/// * `Unknown`: the order may exist, but cannot be paid without its prepay_id. Place the same
///   order again, or query it; never use a new order number before that.
#[doc(alias = "APP下单")]
#[doc(alias = "下单")]
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
    let body = order.to_json(signer)?;
    let path = Party::from(signer).transactions_path("app");
    let response: PrepayIdResponse = gateway.post(signer, &path, &body)?;
    Ok(response.prepay_id)
}

/// APP调起支付: signs the parameters with which the app starts the payment in WeChat.
///
/// See [m/4012365340](https://pay.weixin.qq.com/doc/v3/merchant/4012365340),
/// [m/4013070351](https://pay.weixin.qq.com/doc/v3/merchant/4013070351). `order` names the appid that starts the
/// payment: an order, or that appid itself. Makes no request. What the app reports afterwards does not prove the
/// payment.
///
/// ```
/// use wechatpay::pay::app;
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// let prepay_id = app::prepay(signer, gateway, &order)?;
/// let for_the_app = app::invoke(signer, &order, &prepay_id)?;
/// let json = serde_json::to_string(&for_the_app)?;
/// assert!(json.contains(r#""package":"Sign=WXPay","noncestr":""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error`] of kind `Sign` or `Invalid` if the signer does not sign or the system clock is wrong. Nothing is
/// sent.
#[doc(alias = "APP调起支付")]
#[doc(alias = "调起支付")]
pub fn invoke(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<InvokeParameters, Error> {
    let appid = order.as_ref();
    let signed = invoke::sign(signer, appid, prepay_id.as_str())?;
    // A sub-merchant's own app names the sub-merchant (https://pay.weixin.qq.com/doc/v3/partner/4013080233).
    let sub_merchant = signer.sub_merchant().filter(|sub| sub.appid.as_ref() == Some(appid));
    let partnerid = sub_merchant.map_or(signer.mchid(), |sub| sub.mchid());
    Ok(InvokeParameters {
        appid: appid.as_str().to_owned(),
        partnerid: partnerid.to_owned(),
        prepayid: prepay_id.as_str().to_owned(),
        package: "Sign=WXPay",
        noncestr: signed.nonce,
        timestamp: signed.timestamp,
        sign: signed.signature,
    })
}

/// The seven parameters of a `PayReq`, the request of WeChat's mobile SDKs. The JSON has these names, and the
/// timestamp as a string.
///
/// | here | iOS | Android, HarmonyOS |
/// |---|---|---|
/// | `appid` | `appId` | `appId` |
/// | `partnerid` | `partnerId` | `partnerId` |
/// | `prepayid` | `prepayId` | `prepayId` |
/// | `package` | `package` | `packageValue` |
/// | `noncestr` | `nonceStr` | `nonceStr` |
/// | `timestamp` | `timeStamp` | `timeStamp` |
/// | `sign` | `sign` | `sign` |
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvokeParameters {
    /// 应用ID: the appid that starts the payment.
    pub appid: String,
    /// 商户号: the merchant that placed the order.
    pub partnerid: String,
    /// 预支付交易会话标识: the prepay_id.
    pub prepayid: String,
    /// 订单详情扩展字符串: always `Sign=WXPay`.
    pub package: &'static str,
    /// 随机字符串: nonce of 32 characters.
    pub noncestr: String,
    /// 时间戳: Unix seconds, as a string.
    pub timestamp: String,
    /// 签名: signature in Base64, or hexadecimal in APIv2.
    pub sign: String,
}
