//! App支付: the payer pays in the merchant's own app.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::gateway::Gateway;
use crate::id::PrepayId;
use crate::message;
use crate::pay::Order;
use crate::signer::{self, Signer};
use crate::time::Time;

/// APP下单: places an order that is paid in the merchant's app.
///
/// `POST /v3/pay/transactions/app` (document 003, m/4013070347). The prepay_id is valid for two
/// hours; the identical order, sent again, returns a fresh one.
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then send it.
/// * `Refused`: this call placed no order. On `OUT_TRADE_NO_USED` the number stands for an order
///   already: query it.
/// * `Unknown`: the order may stand, though nobody can pay it without its prepay_id. Send the same
///   order again, or query by its number; never take a new number for it before that.
pub fn prepay(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<PrepayId, Error> {
    let body = order.to_body(signer.mchid())?;
    let answer: Prepaid = gateway.call(signer, "POST", "/v3/pay/transactions/app", &body)?;
    Ok(answer.prepay_id)
}

/// APP调起支付: what the app hands to WeChat to start the payment (protocol B.5, m/4012365340).
///
/// Makes no request. What the app reports afterwards is no proof of payment.
///
/// # Errors
/// [`Error::Sign`] or [`Error::Invalid`] if the signer does not sign or the clock is wrong.
pub fn invoke(
    signer: &dyn Signer,
    order: &Order,
    prepay_id: &PrepayId,
) -> Result<InvokeParameters, Error> {
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), signer::nonce()?);
    let appid = order.appid.as_str();
    let message = message::invoke(appid, timestamp, &nonce, prepay_id.as_str());
    let sign = STANDARD.encode(signer.sign(&message)?.bytes);
    Ok(InvokeParameters {
        appid: appid.to_owned(),
        partnerid: signer.mchid().to_owned(),
        prepayid: prepay_id.as_str().to_owned(),
        package: "Sign=WXPay",
        noncestr: nonce,
        timestamp: timestamp.to_string(),
        sign,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvokeParameters {
    /// 应用ID of the order.
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
    /// 签名, Base64.
    pub sign: String,
}

#[derive(Deserialize)]
struct Prepaid {
    prepay_id: PrepayId,
}
