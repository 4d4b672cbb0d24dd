//! 调起支付: the second signature, with which a client starts the payment.

use crate::error::Error;
use crate::id::{AppId, PrepayId};
use crate::pay::app::InvokeParameters as AppParameters;
use crate::pay::jsapi::InvokeParameters as JsapiParameters;
use crate::signer::nonce;
use crate::time::Time;
use crate::v2::fields::Fields;
use crate::v2::signer::{self, Signer};

/// APP调起支付: signs what the app passes to WeChat to start the payment.
///
/// Sends nothing ([page](https://pay.weixin.qq.com/wiki/doc/api/app/app.php?chapter=9_12)). `order`
/// gives the appid: a single or combined order, or the appid itself. Sign with the key of the order:
/// WeChat Pay requires the same algorithm. For a combined order, the documents don't say which appid
/// and merchant to use; `combine_appid` and `combine_mch_id` are assumed.
///
/// ```
/// use wechatpay::v2::{App, Gateway, Signer, pay};
///
/// fn for_the_app(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &pay::Order,
/// ) -> Result<String, Box<dyn std::error::Error>> {
///     let prepay_id = pay::prepay(signer, gateway, order, &App)?;
///     Ok(serde_json::to_string(&pay::invoke_app(signer, order, &prepay_id)?)?)
/// }
/// ```
///
/// # Errors
/// If the signer fails or the system clock is wrong.
#[doc(alias = "APP调起支付")]
pub fn invoke_app(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<AppParameters, Error> {
    sign_app(signer, order.as_ref(), prepay_id, Time::now()?, nonce()?)
}

/// JSAPI调起支付: signs what the page passes to `WeixinJSBridge` to start the payment.
///
/// Sends nothing ([page](https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=7_7&index=6)).
/// `order` and `signer` as for [`invoke_app`]. What the page reports afterwards does not prove the
/// payment.
///
/// ```
/// use wechatpay::v2::{Gateway, Jsapi, Signer, pay};
///
/// fn for_the_page(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &pay::Order,
///     payer: &Jsapi,
/// ) -> Result<String, Box<dyn std::error::Error>> {
///     let prepay_id = pay::prepay(signer, gateway, order, payer)?;
///     Ok(serde_json::to_string(&pay::invoke_jsapi(signer, order, &prepay_id)?)?)
/// }
/// ```
///
/// # Errors
/// As [`invoke_app`].
#[doc(alias = "JSAPI调起支付")]
pub fn invoke_jsapi(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<JsapiParameters, Error> {
    sign_jsapi(signer, order.as_ref(), prepay_id, Time::now()?, nonce()?)
}

/// 小程序调起支付: signs what the mini-program passes to `wx.requestPayment` to start the payment.
///
/// Sends nothing. The same parameters as those of [`invoke_jsapi`], without the appid, which is
/// signed but not passed.
///
/// ```
/// use wechatpay::v2::{Signer, pay};
/// use wechatpay::{Error, PrepayId};
///
/// fn pay_sign(signer: &dyn Signer, order: &pay::Order, id: &PrepayId) -> Result<String, Error> {
///     Ok(pay::invoke_mini_program(signer, order, id)?.pay_sign)
/// }
/// ```
///
/// # Errors
/// As [`invoke_app`].
#[doc(alias = "小程序调起支付")]
pub fn invoke_mini_program(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<JsapiParameters, Error> {
    let parameters = invoke_jsapi(signer, order, prepay_id)?;
    Ok(JsapiParameters { app_id: None, ..parameters })
}

fn sign_app(
    signer: &dyn Signer,
    appid: &AppId,
    prepay_id: &PrepayId,
    now: Time,
    nonce: String,
) -> Result<AppParameters, Error> {
    let timestamp = now.unix_seconds().to_string();
    let mut fields = Fields::default();
    fields.set("appid", appid);
    fields.set("partnerid", signer.mchid());
    fields.set("prepayid", prepay_id);
    fields.set("package", "Sign=WXPay");
    fields.set("noncestr", &nonce);
    fields.set("timestamp", &timestamp);
    Ok(AppParameters {
        appid: appid.as_str().to_owned(),
        partnerid: signer.mchid().to_owned(),
        prepayid: prepay_id.as_str().to_owned(),
        package: "Sign=WXPay",
        noncestr: nonce,
        timestamp,
        sign: signer::sign(signer, &fields)?,
    })
}

fn sign_jsapi(
    signer: &dyn Signer,
    appid: &AppId,
    prepay_id: &PrepayId,
    now: Time,
    nonce: String,
) -> Result<JsapiParameters, Error> {
    let (time_stamp, package) = (now.unix_seconds().to_string(), format!("prepay_id={prepay_id}"));
    let mut fields = Fields::default();
    fields.set("appId", appid);
    fields.set("timeStamp", &time_stamp);
    fields.set("nonceStr", &nonce);
    fields.set("package", &package);
    fields.set("signType", signer.sign_type());
    Ok(JsapiParameters {
        app_id: Some(appid.as_str().to_owned()),
        time_stamp,
        nonce_str: nonce,
        package,
        sign_type: signer.sign_type().as_str(),
        pay_sign: signer::sign(signer, &fields)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::signer::tests::{hmac_key, md5_key};
    use crate::v2::{HmacSha256Key, Md5Key};

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(seconds).unwrap()
    }

    #[test]
    fn published_page_signs_are_reproduced() {
        let key = "qazwsxedcrfvtgbyhnujmikolp111111";
        let sign = |signer: &dyn Signer, appid, nonce: &str, prepay_id, seconds| {
            let (appid, prepay_id) =
                (AppId::new(appid).unwrap(), PrepayId::new(prepay_id).unwrap());
            sign_jsapi(signer, &appid, &prepay_id, at(seconds), nonce.to_owned()).unwrap()
        };
        let (md5, hmac) = (Md5Key::new("1", key).unwrap(), HmacSha256Key::new("1", key).unwrap());
        let (appid, nonce) = ("wx619a931576afe069", "RIPb5Upk3ku7knU6");
        let prepay_id = "wx2611334392677180ea59742b3744840000";
        let by_md5 = sign(&md5, appid, nonce, prepay_id, 1_774_495_197);
        assert_eq!(by_md5.pay_sign, "1F2E9533D7D483FBCDBD0B9BCA76F97D");
        assert_eq!((by_md5.sign_type, by_md5.time_stamp.as_str()), ("MD5", "1774495197"));
        let by_hmac = sign(&hmac, appid, nonce, prepay_id, 1_774_495_197);
        assert_eq!(
            by_hmac.pay_sign,
            "4A04CF5B979A4920409A9DEF2322C33C96DE8E9A96830E648719C60EF991700E"
        );
        assert_eq!(by_hmac.sign_type, "HMAC-SHA256");
        let (appid, nonce) = ("wxd678efh567hg6787", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS");
        let prepay_id = "wx2017033010242291fcfe0db70013231072";
        let older = sign(&md5, appid, nonce, prepay_id, 1_490_840_662);
        assert_eq!(older.pay_sign, "22D9B4E54AB1950F51E0649E8810ACD6");
    }

    #[test]
    fn app_and_page_sign_like_openssl() {
        let appid = AppId::new("wx0000000000000001").unwrap();
        let prepay_id = PrepayId::new("wx01090807000000000000000000000001").unwrap();
        let app = |signer: &dyn Signer| {
            sign_app(signer, &appid, &prepay_id, at(1_735_693_687), "n0nce".into()).unwrap()
        };
        assert_eq!(app(&md5_key()).sign, "45657797D9208E6BB55279B73E2484DB");
        assert_eq!(
            app(&hmac_key()).sign,
            "DD0DB6863BBA358C38AC01F621B407C918537CC51BFFF8FA29105897A5F5F738"
        );
        let page =
            sign_jsapi(&hmac_key(), &appid, &prepay_id, at(1_735_693_687), "n0nce".into()).unwrap();
        assert_eq!(
            page.pay_sign,
            "9898AAED5AAF85F9A5E58CB8EDB8059636D11C982D9C3EA922838791FB67332B"
        );
    }
}
