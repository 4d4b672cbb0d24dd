//! 用户授权免确认模式: transfers that the user authorizes once, and does not confirm each.
//!
//! [`request`] the authorization, or [`create_with_authorization`](crate::transfer::create_with_authorization), and
//! give its `package_info` to the client. Once the user has agreed ([`TakingEffect`](AuthorizationState::TakingEffect)),
//! [`transfer`] pays at once. [`close`] ends the authorization.
//!
//! ```
//! use wechatpay::transfer::authorization::{self, AuthorizationState, AuthorizedTransfer};
//! use wechatpay::transfer::Bill;
//! use wechatpay::{Gateway, OutAuthorizationNo, Signer};
//!
//! fn example(
//!     signer: &dyn Signer,
//!     gateway: &Gateway,
//!     number: &OutAuthorizationNo,
//!     transfer: &AuthorizedTransfer, // Stored before the call.
//! ) -> Result<Bill, Box<dyn std::error::Error>> {
//!     let authorization = authorization::query(signer, gateway, number)?;
//!     if authorization.state != AuthorizationState::TakingEffect {
//!         return Err("the user has not authorized it".into());
//!     }
//!     Ok(authorization::transfer(signer, gateway, transfer)?)
//! }
//! ```

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::encryption::Encrypted;
#[cfg(feature = "aws-lc-rs")]
use crate::encryption::Encryptor;
use crate::error::{Error, Violations};
use crate::gateway::{Body, Gateway};
use crate::id::{
    self, AppId, AuthorizationId, NotifyUrl, OpenId, OutAuthorizationNo, OutBillNo, PackageInfo,
};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::party::Party;
use crate::received;
use crate::request_fields::request_fields;
use crate::signer::Signer;
use crate::strict_json::{self, Json, Object, Read};
use crate::time::Time;
use crate::transfer::bill::Bill;
use crate::transfer::ended::{Ended, NotEnded};
use crate::transfer::rules::{self, Terms, UserName};
use crate::transfer::scene::{Infos, Scene};
use crate::validate;

/// 发起免确认收款授权: asks a user to authorize transfers.
///
/// `POST /v3/fund-app/mch-transfer/user-confirm-authorization`
/// ([m/4015901167](https://pay.weixin.qq.com/doc/v3/merchant/4015901167)). At most 50 per second. The user must confirm within
/// 24 hours, and may have five authorizations in one scene.
///
/// ```
/// use wechatpay::transfer::{self, authorization, authorization::AuthorizationRequest};
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     request: &AuthorizationRequest,
/// ) -> Result<String, Error> {
///     let requested = authorization::request(signer, gateway, request)?;
///     Ok(transfer::invoke_app(signer, request, &requested.package_info))
/// }
/// ```
///
/// # Errors
/// No money is moved. After `Unknown`, send the same request again.
#[doc(alias = "发起免确认收款授权")]
pub fn request(
    signer: &dyn Signer,
    gateway: &Gateway,
    request: &AuthorizationRequest,
) -> Result<Requested, Error> {
    let body = request.to_json(signer)?;
    let is_about =
        |requested: &Requested| requested.out_authorization_no == request.out_authorization_no;
    gateway.post_about(signer, AUTHORIZATIONS, &body, is_about)
}

/// 商户单号查询授权结果: queries an authorization by the merchant's number.
///
/// `GET /v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/{out_authorization_no}`
/// ([m/4014399423](https://pay.weixin.qq.com/doc/v3/merchant/4014399423)). At most 100 per second.
///
/// ```
/// use wechatpay::transfer::authorization::{self, Authorization};
/// use wechatpay::{Error, Gateway, OutAuthorizationNo, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Authorization, Error> {
///     authorization::query(signer, gateway, &OutAuthorizationNo::new("plfk2020042013")?)
/// }
/// ```
///
/// # Errors
/// A query changes nothing, so it is safe to retry. `NOT_FOUND` is also the response if the user confirmed a transfer, and not
/// the authorization beside it.
#[doc(alias = "商户单号查询授权结果")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_authorization_no: &OutAuthorizationNo,
) -> Result<Authorization, Error> {
    let is_about = |found: &Authorization| found.out_authorization_no == *out_authorization_no;
    gateway.get_about(signer, &path_of(out_authorization_no), is_about)
}

/// 解除免确认收款授权: closes an authorization, so that nothing more is transferred under it.
///
/// `POST /v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/{out_authorization_no}/close`
/// ([m/4015653811](https://pay.weixin.qq.com/doc/v3/merchant/4015653811)), without a body. At most 50 per second.
///
/// ```
/// use wechatpay::transfer::authorization::{self, Authorization};
/// use wechatpay::{Error, Gateway, OutAuthorizationNo, Signer};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway) -> Result<Authorization, Error> {
///     authorization::close(signer, gateway, &OutAuthorizationNo::new("plfk2020042013")?)
/// }
/// ```
///
/// # Errors
/// After `Unknown`, close it again.
#[doc(alias = "解除免确认收款授权")]
pub fn close(
    signer: &dyn Signer,
    gateway: &Gateway,
    out_authorization_no: &OutAuthorizationNo,
) -> Result<Authorization, Error> {
    let path = format!("{}/close", path_of(out_authorization_no));
    let is_about = |found: &Authorization| found.out_authorization_no == *out_authorization_no;
    gateway.post_about(signer, &path, Body::NONE, is_about)
}

/// 免确认收款模式转账: transfers under an authorization. The user does not confirm.
///
/// `POST /v3/fund-app/mch-transfer/transfer-bills/transfer`
/// ([m/4014399371](https://pay.weixin.qq.com/doc/v3/merchant/4014399371)). At most 100 per second. The response contains the result,
/// usually `SUCCESS`; if it is not final, [`query`](crate::transfer::query) the transfer.
///
/// ```
/// use wechatpay::transfer::authorization::{self, AuthorizedTransfer};
/// use wechatpay::transfer::Bill;
/// use wechatpay::{Error, Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     transfer: &AuthorizedTransfer,
/// ) -> Result<Bill, Error> {
///     authorization::transfer(signer, gateway, transfer)
/// }
/// ```
///
/// # Errors
/// As [`transfer::create`](crate::transfer::create). `ORDER_CLOSED`: the authorization is closed.
#[doc(alias = "免确认收款模式转账")]
pub fn transfer(
    signer: &dyn Signer,
    gateway: &Gateway,
    transfer: &AuthorizedTransfer,
) -> Result<Bill, Error> {
    let body = transfer.to_json(signer)?;
    let body = Body::encrypted(&body, transfer.encryption_serial());
    let is_about = |bill: &Bill| {
        bill.out_bill_no == transfer.out_bill_no
            && bill.mch_id == signer.mchid()
            && bill.transfer_amount == transfer.transfer_amount
    };
    gateway.post_about(signer, TRANSFER, body, is_about)
}

/// 授权申请: an authorization that a user is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// 商户侧授权单号: merchant authorization number.
    pub out_authorization_no: OutAuthorizationNo,
    /// 商户AppID: the appid in which the user confirms; `openid` belongs to it.
    pub appid: AppId,
    /// 收款用户OpenID: the user, at most 64 characters.
    pub openid: OpenId,
    /// 转账场景ID: the id of the scene, such as `1005`; see [`Scene`].
    pub transfer_scene_id: String,
    /// 用户展示名称: the user's name at the merchant, which the page shows. 1 to 32 characters.
    pub user_display_name: String,
    /// 授权结果通知地址: the URL that receives the notification.
    pub authorization_notify_url: NotifyUrl,
    /// 用户收款感知: how the page names the payments, one of the scene's texts. Default: none.
    pub user_recv_perception: Option<String>,
    /// 场景信息: the user's device. Default: none.
    pub scene_info: Option<DeviceInfo>,
}

request_fields! {
    AuthorizationRequest {
        out_authorization_no: OutAuthorizationNo, appid: AppId, openid: OpenId,
        transfer_scene_id: String, user_display_name: String, authorization_notify_url: NotifyUrl;
        user_recv_perception, scene_info
    }
}

impl AuthorizationRequest {
    /// An authorization of transfers to this user in this scene.
    pub fn new(
        out_authorization_no: OutAuthorizationNo,
        appid: AppId,
        openid: OpenId,
        transfer_scene_id: impl Into<String>,
        user_display_name: impl Into<String>,
        authorization_notify_url: NotifyUrl,
    ) -> Self {
        let (scene, name) = (transfer_scene_id.into(), user_display_name.into());
        let url = authorization_notify_url;
        Self::with_required(out_authorization_no, appid, openid, scene, name, url)
    }

    /// Parses the body of a request as the documents print it, strictly.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        rules::check_party(signer.into())?;
        strict_json::read(json, Self::read_fields, Self::find_violations)
    }

    /// The bytes that [`request`](fn@request) sends: the same request becomes the same bytes.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, and if the signer acts for a sub-merchant.
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        rules::check_party(signer.into())?;
        self.validate()?;
        Ok(validate::to_json(self)?)
    }

    /// Validates the request against the documented rules. [`request`](fn@request) does this before sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) {
        if self.openid.as_str().len() > 64 {
            violations.add("/openid", "must not exceed 64 characters");
        }
        validate::text(violations, "/transfer_scene_id", &self.transfer_scene_id, 36);
        validate::text(violations, "/user_display_name", &self.user_display_name, 32);
        let scene = Scene::other(&self.transfer_scene_id, Vec::new());
        scene.check_perception(violations, self.user_recv_perception.as_deref());
        if let Some(device_id) = self.scene_info.as_ref().and_then(|info| info.device_id.as_ref()) {
            validate::text(violations, "/scene_info/device_id", device_id, 128);
        }
    }
}

impl AsRef<AppId> for AuthorizationRequest {
    fn as_ref(&self) -> &AppId {
        &self.appid
    }
}

/// 场景信息: the device of the user who is asked for an authorization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// 用户客户端IP: IP address of the device. Default: none.
    pub client_ip: Option<IpAddr>,
    /// 用户设备号: id of the device, 1 to 128 characters. Default: none.
    pub device_id: Option<String>,
    /// 用户设备类型: kind of the device. Default: none.
    pub device_type: Option<DeviceType>,
}

request_fields! { DeviceInfo { ; client_ip, device_id, device_type } }

open_set! {
    /// 用户设备类型: kind of a user's device.
    [transfer] authorization::DeviceType {
        /// 苹果系统: iOS.
        Ios = "IOS",
        /// 安卓系统: Android.
        Android = "ANDROID",
        /// 鸿蒙系统: HarmonyOS.
        Harmony = "HARMONY",
        /// 其他: any other.
        OtherDevice = "OTHER",
    }
}

impl Read for DeviceType {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        String::read(json, path, violations).map(Self::from)
    }
}

/// The response of [`request`](fn@request).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Requested {
    /// 商户侧授权单号: merchant authorization number.
    #[serde(deserialize_with = "received::text")]
    pub out_authorization_no: OutAuthorizationNo,
    /// 授权状态: state of the authorization.
    pub state: AuthorizationState,
    /// 授权单创建时间: time at which it was created.
    pub create_time: Time,
    /// 跳转确认页面的package信息: opens the page of confirmation; for [`invoke`](crate::transfer::invoke).
    #[serde(deserialize_with = "received::text")]
    pub package_info: PackageInfo,
}

/// 授权单: an authorization as WeChat Pay sees it, from [`query`], [`close`] or a [notification](crate::notify).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Authorization {
    /// 商户侧授权单号: merchant authorization number.
    #[serde(deserialize_with = "received::text")]
    pub out_authorization_no: OutAuthorizationNo,
    /// 商户AppID: the appid in which the user confirmed.
    #[serde(deserialize_with = "received::text")]
    pub appid: AppId,
    /// 收款用户OpenID: the user.
    #[serde(deserialize_with = "received::text")]
    pub openid: OpenId,
    /// 用户展示名称: the user's name at the merchant.
    #[serde(deserialize_with = "received::text")]
    pub user_display_name: String,
    /// 微信转账授权单号: WeChat Pay's authorization number, once the user has agreed.
    #[serde(default, deserialize_with = "received::option")]
    pub authorization_id: Option<AuthorizationId>,
    /// 授权状态: state of the authorization.
    pub state: AuthorizationState,
    /// 授权时间: time at which the user agreed.
    #[serde(default, deserialize_with = "received::option")]
    pub authorize_time: Option<Time>,
    /// 授权关闭信息: when and why it was closed.
    pub close_info: Option<CloseInfo>,
    /// 转账场景ID: the id of the scene.
    #[serde(default, deserialize_with = "received::option")]
    pub transfer_scene_id: Option<String>,
    /// 用户收款感知: how the page names the payments.
    #[serde(default, deserialize_with = "received::option")]
    pub user_recv_perception: Option<String>,
    /// 授权单创建时间: time at which it was created.
    #[serde(default, deserialize_with = "received::option")]
    pub create_time: Option<Time>,
}

/// 授权关闭信息: when and why an authorization was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CloseInfo {
    /// 授权关闭时间: time at which it was closed.
    pub close_time: Time,
    /// 授权关闭原因: reason.
    pub close_reason: CloseReason,
}

open_set! {
    /// 授权状态: state of an authorization.
    [transfer] authorization::AuthorizationState {
        /// 待用户确认: waits for the user, for 24 hours.
        WaitUserConfirm = "WAIT_USER_CONFIRM",
        /// 生效中: in effect; transfers need no confirmation.
        TakingEffect = "TAKING_EFFECT",
        /// 已关闭: closed, which is final.
        Closed = "CLOSED",
    }
}

open_set! {
    /// 授权关闭原因: why an authorization was closed.
    [transfer] authorization::CloseReason {
        /// 商户调用接口关闭: closed by the merchant with [`close`].
        ByMerchant = "CLOSE_VIA_MCH_API",
        /// 用户关闭: closed by the user.
        ByUser = "USER_CLOSE",
        /// 用户超时未确认: the user did not confirm it in time.
        NotConfirmed = "USER_OVERDUE_UNCONFIRMED",
        /// 存在风险: WeChat Pay sees a risk.
        Risk = "TRANSFER_RISK",
        /// 用户账户异常: the user's account is abnormal.
        UserAccountAbnormal = "USER_ACCOUNT_ABNORMAL",
    }
}

/// 免确认转账: a transfer under an authorization, to be created. It has no `notify_url`: the response is the result.
///
/// Keep it, as a [`Transfer`](crate::transfer::Transfer): after an unknown outcome, send the same one again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizedTransfer {
    /// 授权: the authorization, by one of its numbers.
    pub authorization: AuthorizationNumber,
    /// 商户AppID: the appid of the authorization.
    pub appid: AppId,
    /// 商户单号: merchant transfer number. One number transfers once, however often it is sent.
    pub out_bill_no: OutBillNo,
    /// 转账场景: what the transfer is for, with the information that it requires.
    pub scene: Scene,
    /// 转账金额: amount in fen, at least 10.
    pub transfer_amount: Fen,
    /// 转账备注: remark that the user sees. 1 to 32 characters.
    pub transfer_remark: String,
    /// 收款用户姓名: the user's real name, encrypted. Required from 2,000 yuan, forbidden under 0.30 yuan. Default: none.
    pub user_name: Option<Encrypted>,
    /// 用户收款感知: how WeChat names the payment, one of the scene's texts. Default: none.
    pub user_recv_perception: Option<String>,
    /// 资金方商户号: merchant number of a sponsor. Default: none.
    pub sponsor_mchid: Option<String>,
}

request_fields! {
    AuthorizedTransfer(
        authorization: AuthorizationNumber, scene: Scene, user_name: Option<Encrypted>
    ) {
        appid: AppId, out_bill_no: OutBillNo, transfer_amount: Fen, transfer_remark: String;
        user_recv_perception, sponsor_mchid
    }
}

impl AuthorizedTransfer {
    /// A transfer of this amount under this authorization.
    pub fn new(
        authorization: impl Into<AuthorizationNumber>,
        appid: AppId,
        out_bill_no: OutBillNo,
        scene: Scene,
        transfer_amount: Fen,
        transfer_remark: impl Into<String>,
    ) -> Self {
        let (number, remark) = (authorization.into(), transfer_remark.into());
        Self::with_required(number, scene, None, appid, out_bill_no, transfer_amount, remark)
    }

    /// Parses the body of a transfer as the documents print it, and as [`to_json`](Self::to_json) returns it.
    ///
    /// # Errors
    /// As [`Transfer::from_json`](crate::transfer::Transfer::from_json).
    pub fn from_json(
        signer: &dyn Signer,
        json: &[u8],
        encryption_serial: Option<&str>,
    ) -> Result<Self, Error> {
        Self::from_json_with(signer, json, &UserName::Encrypted(encryption_serial))
    }

    /// Parses a body as [`from_json`](Self::from_json) does, but its `user_name` is plain text, which is encrypted.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    #[cfg(feature = "aws-lc-rs")]
    pub fn from_plain_json(
        signer: &dyn Signer,
        json: &[u8],
        encryptor: &Encryptor,
    ) -> Result<Self, Error> {
        Self::from_json_with(signer, json, &UserName::Plain(encryptor))
    }

    /// The bytes that [`transfer`](fn@transfer) sends: the same transfer becomes the same bytes.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, and if the signer acts for a sub-merchant.
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        rules::check_party(signer.into())?;
        self.validate()?;
        Ok(validate::to_json(&JsonBody {
            authorization: &self.authorization,
            fields: self.fields(),
            scene: &self.scene,
            user_name: self.user_name.as_ref(),
        })?)
    }

    /// 微信支付公钥ID or 平台证书序列号: the serial number of the key that `user_name` was encrypted with.
    #[must_use]
    pub fn encryption_serial(&self) -> Option<&str> {
        self.user_name.as_ref().map(Encrypted::serial)
    }

    /// Validates the transfer against the documented rules. [`transfer`](fn@transfer) does this before sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) {
        let terms = Terms {
            scene: &self.scene,
            infos: Infos::Optional,
            user_name: self.user_name.as_ref(),
            amount: self.transfer_amount,
            remark: &self.transfer_remark,
            perception: self.user_recv_perception.as_deref(),
            sponsor_mchid: self.sponsor_mchid.as_deref(),
        };
        terms.find_violations(violations);
    }

    fn from_json_with(
        signer: &dyn Signer,
        json: &[u8],
        user_name: &UserName<'_>,
    ) -> Result<Self, Error> {
        rules::check_party(signer.into())?;
        let members = |object: &mut Object<'_>| {
            let authorization = AuthorizationNumber::read(object);
            let scene = Scene::read(object);
            let user_name = Some(user_name.read(object));
            Self::read_fields(object, authorization, scene, user_name)
        };
        strict_json::read(json, members, Self::find_violations)
    }

    /// Proves that this transfer ended without a payment, as [`Transfer::ended`](crate::transfer::Transfer::ended).
    ///
    /// # Errors
    /// [`NotEnded`] if the transfer was paid or may still be paid, or if the bill is of another transfer.
    pub fn ended<'m>(
        &self,
        merchant: impl Into<Party<'m>>,
        bill: &Bill,
    ) -> Result<Ended, NotEnded> {
        let number = (&self.out_bill_no, &self.appid, self.transfer_amount);
        Ended::prove(merchant.into().mchid(), number, bill)
    }

    /// The same transfer under a new number, as [`Transfer::again`](crate::transfer::Transfer::again).
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the proof is of another transfer, or if the number is the old one.
    pub fn again(&self, ended: Ended, out_bill_no: OutBillNo) -> Result<Self, Error> {
        ended.allows(&self.out_bill_no, &out_bill_no)?;
        Ok(Self { out_bill_no, ..self.clone() })
    }
}

/// An authorization, by one of its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationNumber {
    /// 微信转账授权单号: WeChat Pay's authorization number.
    AuthorizationId(AuthorizationId),
    /// 商户侧授权单号: merchant authorization number.
    OutAuthorizationNo(OutAuthorizationNo),
}

impl AuthorizationNumber {
    fn read(object: &mut Object<'_>) -> Option<Self> {
        if !object.has("authorization_id") {
            return object.required("out_authorization_no").map(Self::OutAuthorizationNo);
        }
        if object.optional::<OutAuthorizationNo>("out_authorization_no").is_some() {
            let rule = "must be left out if authorization_id is set: one is enough";
            object.violation("out_authorization_no", rule);
        }
        object.required("authorization_id").map(Self::AuthorizationId)
    }
}

impl From<AuthorizationId> for AuthorizationNumber {
    fn from(number: AuthorizationId) -> Self {
        Self::AuthorizationId(number)
    }
}

impl From<OutAuthorizationNo> for AuthorizationNumber {
    fn from(number: OutAuthorizationNo) -> Self {
        Self::OutAuthorizationNo(number)
    }
}

/// The JSON of a transfer under an authorization.
#[derive(Serialize)]
struct JsonBody<'a, F> {
    #[serde(flatten)]
    authorization: &'a AuthorizationNumber,
    #[serde(flatten)]
    fields: F,
    #[serde(flatten)]
    scene: &'a Scene,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a Encrypted>,
}

fn path_of(number: &OutAuthorizationNo) -> String {
    format!("{AUTHORIZATIONS}/out-authorization-no/{}", id::encoded(number.as_str()))
}

const AUTHORIZATIONS: &str = "/v3/fund-app/mch-transfer/user-confirm-authorization";
const TRANSFER: &str = "/v3/fund-app/mch-transfer/transfer-bills/transfer";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::request::tests::{Merchant, name, transfer as confirmed};

    fn authorized() -> AuthorizedTransfer {
        let transfer = confirmed();
        let number = OutAuthorizationNo::new("plfk2020042013").unwrap();
        AuthorizedTransfer::new(
            number,
            transfer.appid,
            transfer.out_bill_no,
            transfer.scene,
            transfer.transfer_amount,
            transfer.transfer_remark,
        )
    }

    fn request() -> AuthorizationRequest {
        AuthorizationRequest::new(
            OutAuthorizationNo::new("plfk2020042013").unwrap(),
            AppId::new("wxf636efh567hg4356").unwrap(),
            OpenId::new("o-MYE42l80oelYMDE34nYD456Xoy").unwrap(),
            "1005",
            "李四",
            NotifyUrl::new("https://shop.example/authorizations").unwrap(),
        )
    }

    #[test]
    fn requests_survive_a_restart_byte_for_byte() {
        let mut transfer = authorized();
        let check = |transfer: &AuthorizedTransfer| {
            let (json, serial) =
                (transfer.to_json(&Merchant).unwrap(), transfer.encryption_serial());
            let restored = AuthorizedTransfer::from_json(&Merchant, &json, serial).unwrap();
            assert_eq!((&restored, restored.to_json(&Merchant).unwrap()), (transfer, json));
        };
        check(&transfer);
        transfer.user_name = Some(name());
        transfer.user_recv_perception = Some("现金奖励".into());
        transfer.authorization = AuthorizationId::new("1330000071100999").unwrap().into();
        check(&transfer);

        let mut request = request();
        request.scene_info = Some(DeviceInfo {
            client_ip: Some(IpAddr::from([127, 0, 0, 1])),
            device_id: Some("IMEI-1".into()),
            device_type: Some(DeviceType::Harmony),
        });
        let json = request.to_json(&Merchant).unwrap();
        assert_eq!(AuthorizationRequest::from_json(&Merchant, &json).unwrap(), request);
    }

    #[test]
    fn authorization_request_validates_as_it_is_sent() {
        let mut request = request();
        request.user_display_name.clear();
        assert_eq!(request.validate().unwrap_err(), request.to_json(&Merchant).unwrap_err());
    }

    #[test]
    fn authorized_transfer_has_one_authorization_and_no_notify_url() {
        let json = authorized().to_json(&Merchant).unwrap();
        let with = |member: &str| {
            let json = String::from_utf8(json.clone()).unwrap();
            let json = json.replacen('{', &format!("{{{member},"), 1);
            let read = AuthorizedTransfer::from_json(&Merchant, json.as_bytes(), None);
            read.unwrap_err().to_string()
        };
        assert_eq!(
            with(r#""authorization_id":"1""#),
            "/out_authorization_no must be left out if authorization_id is set: one is enough"
        );
        for name in ["notify_url", "openid", "user_recv_style"] {
            let member = format!(r#""{name}":"x""#);
            assert_eq!(with(&member), format!("/{name} is not a field of this request"));
        }
    }

    #[test]
    fn violations_of_a_request_have_their_json_paths() {
        let mut request = request();
        request.user_display_name.clear();
        request.user_recv_perception = Some("货款".into());
        request.scene_info =
            Some(DeviceInfo { device_id: Some("x".repeat(129)), ..Default::default() });
        assert_eq!(
            request.to_json(&Merchant).unwrap_err().to_string(),
            "/user_display_name must be 1 to 32 characters; /user_recv_perception must be one of \
             these for scene 1005: 劳务报酬, 报销款, 企业补贴, 开工利是; /scene_info/device_id must be \
             1 to 128 characters"
        );
    }

    #[test]
    fn closed_authorization_has_its_reason() {
        let json = r#"{"out_authorization_no":"plfk2020042013","appid":"wxf636efh567hg4356",
            "openid":"o-MYE42l80oelYMDE34nYD456Xoy","user_display_name":"李四","state":"CLOSED",
            "authorization_id":"1330000071100999","authorize_time":"2015-05-20T13:29:35+08:00",
            "close_info":{"close_time":"2015-05-20T13:29:35+08:00","close_reason":"USER_CLOSE"}}"#;
        let closed: Authorization = serde_json::from_str(json).unwrap();
        let stored = serde_json::to_string(&closed).unwrap();
        assert_eq!(serde_json::from_str::<Authorization>(&stored).unwrap(), closed);
        assert_eq!(closed.state, AuthorizationState::Closed);
        assert_eq!(closed.close_info.unwrap().close_reason, CloseReason::ByUser);
    }
}
