//! 调起用户确认收款: what the client needs to open the page on which the user confirms. Nothing is signed.

use serde::Serialize;

use crate::id::{self, AppId, PackageInfo};
use crate::signer::Signer;

/// JSAPI调起用户确认收款: the parameters with which a web page in WeChat, or a mini-program, opens the page on which the
/// user confirms the transfer.
///
/// `WeixinJSBridge.invoke('requestMerchantTransfer', …)`
/// ([m/4012716430](https://pay.weixin.qq.com/doc/v3/merchant/4012716430)), or `wx.requestMerchantTransfer(…)`. `transfer` names
/// the appid: the transfer, an authorization request, or the appid itself. Nothing is signed and nothing is sent. The page may be
/// opened again until the transfer has ended.
///
/// `ok` of the client means that the page was shown, not that the user has the money:
/// [`query`](crate::transfer::query) the transfer.
///
/// ```
/// use wechatpay::transfer::{self, Transfer};
/// use wechatpay::{PackageInfo, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     transfer: &Transfer,
///     package_info: &PackageInfo,
/// ) -> Result<String, serde_json::Error> {
///     serde_json::to_string(&transfer::invoke(signer, transfer, package_info))
/// }
/// ```
#[doc(alias = "JSAPI调起用户确认收款")]
#[doc(alias = "小程序调起用户确认收款")]
#[must_use]
pub fn invoke(
    signer: &dyn Signer,
    transfer: &impl AsRef<AppId>,
    package_info: &PackageInfo,
) -> InvokeParameters {
    InvokeParameters {
        mch_id: signer.mchid().to_owned(),
        app_id: transfer.as_ref().as_str().to_owned(),
        package: package_info.as_str().to_owned(),
    }
}

/// APP调起用户确认收款: the `query` with which an app opens the page on which the user confirms the transfer.
///
/// `WXOpenBusinessView` with the `businessType` `requestMerchantTransfer`
/// ([m/4012719576](https://pay.weixin.qq.com/doc/v3/merchant/4012719576)). Its values are percent-encoded here: pass the text on
/// unchanged. Otherwise as [`invoke`](fn@invoke); `success` of the app is not the money either.
///
/// ```
/// use wechatpay::transfer;
/// use wechatpay::{AppId, Error, PackageInfo, Signer};
///
/// fn example(signer: &dyn Signer, appid: &AppId) -> Result<(), Error> {
///     let query = transfer::invoke_app(signer, appid, &PackageInfo::new("affffddafdfafddffda==")?);
///     assert!(query.ends_with("&package=affffddafdfafddffda%3D%3D"));
///     Ok(())
/// }
/// ```
#[doc(alias = "APP调起用户确认收款")]
#[must_use]
pub fn invoke_app(
    signer: &dyn Signer,
    transfer: &impl AsRef<AppId>,
    package_info: &PackageInfo,
) -> String {
    let (mch_id, app_id) = (id::encoded(signer.mchid()), id::encoded(transfer.as_ref().as_str()));
    format!("mchId={mch_id}&appId={app_id}&package={}", id::encoded(package_info.as_str()))
}

/// The parameters of [`invoke`](fn@invoke). The JSON has the documented names: `mchId`, `appId`, `package`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvokeParameters {
    /// 商户号: merchant number.
    #[serde(rename = "mchId")]
    pub mch_id: String,
    /// 商户AppID: the appid of the transfer.
    #[serde(rename = "appId")]
    pub app_id: String,
    /// 跳转领取页面的package信息: the `package_info` of the response, unchanged.
    pub package: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::request::tests::{Merchant, transfer};

    #[test]
    fn package_is_encoded_for_the_app_only() {
        let package_info = PackageInfo::new("aff/+dda==").unwrap();
        let parameters = invoke(&Merchant, &transfer(), &package_info);
        assert_eq!(
            serde_json::to_string(&parameters).unwrap(),
            r#"{"mchId":"1900007291","appId":"wxf636efh567hg4356","package":"aff/+dda=="}"#
        );
        assert_eq!(
            invoke_app(&Merchant, &transfer(), &package_info),
            "mchId=1900007291&appId=wxf636efh567hg4356&package=aff%2F%2Bdda%3D%3D"
        );
    }
}
