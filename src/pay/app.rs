//! APP支付: the payer pays in the merchant's own app.
//!
//! ```
//! use wechatpay::pay::app;
//!
//! # let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
//! # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
//! # let notify_url = sandbox.notify_url();
//! # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
//! let prepay_id = app::prepay(signer, gateway, &order)?;
//! let for_the_app = app::invoke(signer, &order, &prepay_id)?;
//! let json = serde_json::to_string(&for_the_app)?;
//! # assert!(json.contains(prepay_id.as_str()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::{AppId, PrepayId};
use crate::pay::order::Extras;
use crate::pay::response::Prepaid;
use crate::pay::{self, Order, invoke};
use crate::signer::Signer;

/// APP下单: places an order that is paid in the merchant's app.
///
/// `POST /v3/pay/transactions/app` (document 003, m/4013070347). The prepay_id is valid for two
/// hours; the identical order, sent again, returns a fresh one.
///
/// ```
/// use wechatpay::pay::app;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// let prepay_id = app::prepay(signer, gateway, &order)?;
/// app::prepay(signer, gateway, &order)?; // The same order again is still one order.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then send it.
/// * `Refused`: this call placed no order; an earlier one may have. On `OUT_TRADE_NO_USED`, and
///   where an `INVALID_REQUEST` speaks of a payment, the number stands for an order already: query
///   it.
/// * `Unknown`: the order may stand, though nobody can pay it without its prepay_id. Send the same
///   order again, or query by its number; never take a new number for it before that.
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
    let body = order.to_body(signer, Extras::default())?;
    let answer: Prepaid = gateway.post(signer, &pay::path(signer, "app"), &body)?;
    Ok(answer.prepay_id)
}

/// APP调起支付: what the app hands to WeChat to start the payment (m/4012365340, m/4013070351).
///
/// `order` names the appid that starts the payment: an order, or that appid itself. Makes no
/// request. What the app reports afterwards is no proof of payment.
///
/// ```
/// use wechatpay::pay::app;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let prepay_id = app::prepay(signer, gateway, &order)?;
/// let for_the_app = app::invoke(signer, &order, &prepay_id)?;
/// assert_eq!(for_the_app.prepayid, prepay_id.as_str());
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
    let signed = invoke::sign(signer, appid, prepay_id.as_str())?;
    // A sub-merchant's own app names the sub-merchant (p/4013080233).
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

/// The seven fields of a `PayReq`. As JSON they bear these names, the timestamp as text.
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
///
/// ```
/// use wechatpay::pay::app;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let prepay_id = app::prepay(signer, gateway, &order)?;
/// let for_the_app = app::invoke(signer, &order, &prepay_id)?;
/// let json = serde_json::to_string(&for_the_app)?;
/// assert!(json.contains(r#""package":"Sign=WXPay","noncestr":""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvokeParameters {
    /// 应用ID that starts the payment.
    pub appid: String,
    /// 商户号 that placed the order.
    pub partnerid: String,
    /// 预支付交易会话标识.
    pub prepayid: String,
    /// Always `Sign=WXPay`.
    pub package: &'static str,
    /// 随机字符串, 32 characters.
    pub noncestr: String,
    /// 时间戳: Unix seconds, as text.
    pub timestamp: String,
    /// 签名: Base64, or hexadecimal in APIv2.
    pub sign: String,
}
