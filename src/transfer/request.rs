//! 转账: a transfer to be created.

use serde::Serialize;

use crate::encryption::Encrypted;
#[cfg(feature = "aws-lc-rs")]
use crate::encryption::Encryptor;
use crate::error::{Error, Invalid, Violations};
use crate::id::{AppId, NotifyUrl, OpenId, OutAuthorizationNo, OutBillNo};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::party::Party;
use crate::request_fields::request_fields;
use crate::signer::Signer;
use crate::strict_json::{self, Json, Object, Read};
use crate::transfer::bill::Bill;
use crate::transfer::ended::{Ended, NotEnded};
use crate::transfer::rules::{self, Terms, UserName};
use crate::transfer::scene::{Infos, Scene};
use crate::validate;

/// 转账: a transfer to be created.
///
/// Keep it: if the outcome of creating it is unknown, create the same transfer again. The same
/// transfer becomes the same bytes, also after a restart: store [`to_json`](Self::to_json) and
/// [`encryption_serial`](Self::encryption_serial) before the call, and restore it with
/// [`from_json`](Self::from_json).
///
/// ```
/// use wechatpay::transfer::{Scene, Transfer};
/// use wechatpay::{AppId, Error, Fen, OpenId, OutBillNo, Signer};
///
/// fn example(signer: &dyn Signer, appid: AppId, openid: OpenId) -> Result<(), Error> {
///     let number = OutBillNo::new("plfk2020042013")?;
///     let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
///     let transfer = Transfer::new(appid, number, openid, scene, Fen(100), "新会员开通有礼");
///     let stored = (transfer.to_json(signer)?, transfer.encryption_serial());
///     assert_eq!(Transfer::from_json(signer, &stored.0, stored.1)?, transfer);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfer {
    /// 商户AppID: the appid in which the user confirms; `openid` belongs to it.
    pub appid: AppId,
    /// 商户单号: merchant transfer number. One number transfers once, however often it is sent.
    pub out_bill_no: OutBillNo,
    /// 收款用户OpenID: the user who receives the money, at most 64 characters.
    pub openid: OpenId,
    /// 转账场景: what the transfer is for, with the information that it requires.
    pub scene: Scene,
    /// 转账金额: amount in fen, at least 10.
    pub transfer_amount: Fen,
    /// 转账备注: remark that the user sees. 1 to 32 characters.
    pub transfer_remark: String,
    /// 收款用户姓名: the user's real name, encrypted; WeChat Pay checks it. Required from 2,000 yuan, forbidden under
    /// 0.30 yuan, and needed for a [receipt](crate::transfer::receipt). Default: none.
    pub user_name: Option<Encrypted>,
    /// 通知地址: the URL that receives the notification. Default: none.
    pub notify_url: Option<NotifyUrl>,
    /// 用户收款感知: how the page names the payment, one of the scene's texts. Default: none, which means the first of
    /// them.
    pub user_recv_perception: Option<String>,
    /// 收款页面样式: style of the page of confirmation. Default: none, which means
    /// [`ReceiveStyle::ConfirmPage`].
    pub user_recv_style: Option<ReceiveStyle>,
    /// 授权信息: the authorization that the user is asked for, only with
    /// [`create_with_authorization`](crate::transfer::create_with_authorization). Default: none.
    pub authorization_info: Option<AuthorizationInfo>,
    /// 资金方商户号: merchant number of a sponsor, only with
    /// [`create_with_authorization`](crate::transfer::create_with_authorization). Default: none.
    pub sponsor_mchid: Option<String>,
}

request_fields! {
    Transfer(scene: Scene, user_name: Option<Encrypted>, user_recv_style: Option<ReceiveStyle>) {
        appid: AppId, out_bill_no: OutBillNo, openid: OpenId, transfer_amount: Fen,
        transfer_remark: String;
        notify_url, user_recv_perception, authorization_info, sponsor_mchid
    }
}

impl Transfer {
    /// A transfer of this amount to a user of this appid.
    pub fn new(
        appid: AppId,
        out_bill_no: OutBillNo,
        openid: OpenId,
        scene: Scene,
        transfer_amount: Fen,
        transfer_remark: impl Into<String>,
    ) -> Self {
        let remark = transfer_remark.into();
        Self::with_required(scene, None, None, appid, out_bill_no, openid, transfer_amount, remark)
    }

    /// Parses the body of a transfer as the documents print it, and as [`to_json`](Self::to_json) returns it.
    ///
    /// A field that is unknown, repeated or of the wrong type is an error. `user_name` must be encrypted,
    /// and `encryption_serial` is the serial number of its key. Lengths and amounts are checked as [`validate`](Self::validate)
    /// does.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
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

    /// The bytes that [`create`](crate::transfer::create) sends: the same transfer becomes the same bytes.
    ///
    /// # Errors
    /// As [`validate`](Self::validate), and if the signer acts for a sub-merchant.
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        rules::check_party(signer.into())?;
        self.validate()?;
        Ok(validate::to_json(&JsonBody {
            fields: self.fields(),
            scene: &self.scene,
            user_name: self.user_name.as_ref(),
            user_recv_style: self.user_recv_style.as_ref().map(Style),
        })?)
    }

    /// 微信支付公钥ID or 平台证书序列号: the serial number of the key that `user_name` was encrypted with.
    #[must_use]
    pub fn encryption_serial(&self) -> Option<&str> {
        self.user_name.as_ref().map(Encrypted::serial)
    }

    /// Validates the transfer against the documented rules. [`create`](crate::transfer::create) does this before
    /// sending.
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
        let terms = Terms {
            scene: &self.scene,
            infos: match self.authorization_info {
                Some(_) => Infos::Optional,
                None => Infos::Required,
            },
            user_name: self.user_name.as_ref(),
            amount: self.transfer_amount,
            remark: &self.transfer_remark,
            perception: self.user_recv_perception.as_deref(),
            sponsor_mchid: self.sponsor_mchid.as_deref(),
        };
        terms.find_violations(violations);
        if self.user_recv_style == Some(ReceiveStyle::RedPacket) {
            if self.transfer_amount > RED_PACKET_LIMIT {
                violations.add("/user_recv_style/type", "must not be RED_PACKET over 200 yuan");
            }
            if !self.scene.may_be_red_packet() {
                violations.add("/user_recv_style/type", "must not be RED_PACKET in this scene");
            }
        }
        if let Some(info) = &self.authorization_info {
            let name = "/authorization_info/user_display_name";
            validate::text(violations, name, &info.user_display_name, 32);
        }
    }

    /// Proves that this transfer ended without a payment: compares merchant, appid, number and amount.
    ///
    /// `merchant` is the signer; without one, a direct merchant's number (商户号). `bill` comes from
    /// [`query`](crate::transfer::query) or from a notification.
    ///
    /// ```
    /// use wechatpay::transfer::{self, Transfer};
    /// use wechatpay::{Gateway, OutBillNo, Signer};
    ///
    /// fn pay_after_a_failure(
    ///     signer: &dyn Signer,
    ///     gateway: &Gateway,
    ///     transfer: &Transfer,
    ///     next_number: OutBillNo, // Stored before the call, as the first number was.
    /// ) -> Result<(), Box<dyn std::error::Error>> {
    ///     let bill = transfer::query(signer, gateway, &transfer.out_bill_no)?;
    ///     let ended = transfer.ended(signer, &bill)?;
    ///     let next = transfer.again(ended, next_number)?;
    ///     transfer::create(signer, gateway, &next)?;
    ///     Ok(())
    /// }
    /// ```
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

    /// The same transfer under a new number. Takes the proof that the old one paid nothing.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the proof is of another transfer, or if the number is the old one.
    pub fn again(&self, ended: Ended, out_bill_no: OutBillNo) -> Result<Self, Error> {
        ended.allows(&self.out_bill_no, &out_bill_no)?;
        Ok(Self { out_bill_no, ..self.clone() })
    }

    fn from_json_with(
        signer: &dyn Signer,
        json: &[u8],
        user_name: &UserName<'_>,
    ) -> Result<Self, Error> {
        rules::check_party(signer.into())?;
        let members = |object: &mut Object<'_>| {
            let scene = Scene::read(object);
            let user_name = Some(user_name.read(object));
            let style = Some(read_style(object));
            Self::read_fields(object, scene, user_name, style)
        };
        strict_json::read(json, members, Self::find_violations)
    }

    pub(super) fn without_authorization(&self) -> Result<(), Invalid> {
        let rule = "must be left out; use transfer::create_with_authorization";
        if self.authorization_info.is_some() {
            return Err(Invalid::new("/authorization_info", rule));
        }
        if self.sponsor_mchid.is_some() {
            return Err(Invalid::new("/sponsor_mchid", rule));
        }
        Ok(())
    }

    pub(super) fn with_authorization(&self) -> Result<(), Invalid> {
        if self.authorization_info.is_none() {
            let rule = "must be set; without it, use transfer::create";
            return Err(Invalid::new("/authorization_info", rule));
        }
        Ok(())
    }
}

impl AsRef<AppId> for Transfer {
    fn as_ref(&self) -> &AppId {
        &self.appid
    }
}

open_set! {
    /// 收款页面样式: style of the page on which the user confirms.
    transfer::ReceiveStyle {
        /// 收款确认页: the ordinary page.
        ConfirmPage = "CONFIRM_PAGE",
        /// 红包样式: a red packet, up to 200 yuan, in the scenes 1000, 1002, 1005 and 1011.
        RedPacket = "RED_PACKET",
    }
}

impl Read for ReceiveStyle {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        String::read(json, path, violations).map(Self::from)
    }
}

/// 授权信息: the authorization that the user is asked for beside a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationInfo {
    /// 商户侧授权单号: merchant authorization number.
    pub out_authorization_no: OutAuthorizationNo,
    /// 用户展示名称: the user's name at the merchant, which the page shows. 1 to 32 characters.
    pub user_display_name: String,
    /// 授权结果通知地址: the URL that receives the notification of the authorization.
    pub authorization_notify_url: NotifyUrl,
}

request_fields! {
    AuthorizationInfo {
        user_display_name: String, out_authorization_no: OutAuthorizationNo,
        authorization_notify_url: NotifyUrl;
    }
}

impl AuthorizationInfo {
    /// An authorization under this number, by the user with this name.
    pub fn new(
        out_authorization_no: OutAuthorizationNo,
        user_display_name: impl Into<String>,
        authorization_notify_url: NotifyUrl,
    ) -> Self {
        let name = user_display_name.into();
        Self::with_required(name, out_authorization_no, authorization_notify_url)
    }
}

fn read_style(object: &mut Object<'_>) -> Option<ReceiveStyle> {
    let is_given = object.has("user_recv_style");
    is_given.then(|| object.object("user_recv_style", |style| style.required("type"))).flatten()
}

/// The JSON of a transfer.
#[derive(Serialize)]
struct JsonBody<'a, F> {
    #[serde(flatten)]
    fields: F,
    #[serde(flatten)]
    scene: &'a Scene,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a Encrypted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_recv_style: Option<Style<'a>>,
}

struct Style<'a>(&'a ReceiveStyle);

impl Serialize for Style<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("type", self.0)?;
        map.end()
    }
}

const RED_PACKET_LIMIT: Fen = Fen(20_000);

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::SignError;
    use crate::party::SubMerchant;
    use crate::signer::{Partner, Signature};

    pub(crate) struct Merchant;

    impl Signer for Merchant {
        fn mchid(&self) -> &str {
            "1900007291"
        }

        fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
            Err(SignError::new("nothing is signed here"))
        }
    }

    pub(crate) fn transfer() -> Transfer {
        let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
        let appid = AppId::new("wxf636efh567hg4356").unwrap();
        let number = OutBillNo::new("plfk2020042013").unwrap();
        let openid = OpenId::new("o-MYE42l80oelYMDE34nYD456Xoy").unwrap();
        Transfer::new(appid, number, openid, scene, Fen(40_000), "新会员开通有礼")
    }

    pub(crate) fn name() -> Encrypted {
        let ciphertext = "q6urq".repeat(68) + "q6s=";
        Encrypted::new("PUB_KEY_ID_0119000072912024101100397200000006", ciphertext).unwrap()
    }

    fn violations(change: impl FnOnce(&mut Transfer)) -> String {
        let mut transfer = transfer();
        change(&mut transfer);
        transfer.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn each_violation_has_its_json_path() {
        let amount = "/transfer_amount must be at least 10 fen and fit a signed 64-bit integer";
        let name_required = "/user_name must be set, encrypted, from 2,000 yuan";
        assert_eq!(violations(|_| ()), "");
        assert_eq!(violations(|t| t.transfer_amount = Fen(10)), "");
        assert_eq!(violations(|t| t.transfer_amount = Fen(9)), amount);
        assert_eq!(violations(|t| t.transfer_amount = Fen(199_999)), "");
        assert_eq!(violations(|t| t.transfer_amount = Fen(200_000)), name_required);
        assert_eq!(
            violations(|t| t.transfer_amount = Fen(u64::MAX)),
            format!("{amount}; {name_required}")
        );
        let named =
            |amount| violations(|t| (t.transfer_amount, t.user_name) = (Fen(amount), Some(name())));
        assert_eq!((named(30), named(200_000)), (String::new(), String::new()));
        assert_eq!(named(29), "/user_name must be left out under 0.30 yuan");
        assert_eq!(
            violations(|t| t.openid = OpenId::new("o".repeat(65)).unwrap()),
            "/openid must not exceed 64 characters"
        );
        assert_eq!(
            violations(|t| t.transfer_remark = "注".repeat(33)),
            "/transfer_remark must be 1 to 32 characters"
        );
        assert_eq!(
            violations(|t| t.sponsor_mchid = Some(String::new())),
            "/sponsor_mchid must be 1 to 32 characters"
        );
    }

    #[test]
    fn red_packet_has_its_limits() {
        let red = |amount, scene: Option<Scene>| {
            violations(|t| {
                t.user_recv_style = Some(ReceiveStyle::RedPacket);
                t.transfer_amount = Fen(amount);
                t.scene = scene.unwrap_or_else(|| t.scene.clone());
            })
        };
        assert_eq!(red(20_000, None), "");
        assert_eq!(red(20_001, None), "/user_recv_style/type must not be RED_PACKET over 200 yuan");
        assert_eq!(
            red(100, Some(Scene::purchase("大米"))),
            "/user_recv_style/type must not be RED_PACKET in this scene"
        );
    }

    #[test]
    fn transfer_survives_a_restart_byte_for_byte() {
        let mut transfer = transfer();
        let check = |transfer: &Transfer| {
            let json = transfer.to_json(&Merchant).unwrap();
            let serial = transfer.encryption_serial();
            let restored = Transfer::from_json(&Merchant, &json, serial).unwrap();
            assert_eq!(restored, *transfer);
            assert_eq!(restored.to_json(&Merchant).unwrap(), json);
        };
        check(&transfer);
        transfer.user_name = Some(name());
        transfer.notify_url = Some(NotifyUrl::new("https://shop.example/notify").unwrap());
        transfer.user_recv_perception = Some("现金奖励".into());
        transfer.user_recv_style = Some(ReceiveStyle::ConfirmPage);
        transfer.sponsor_mchid = Some("1900001109".into());
        let number = OutAuthorizationNo::new("plfk2020042013").unwrap();
        let notify_url = NotifyUrl::new("https://shop.example/authorizations").unwrap();
        transfer.authorization_info = Some(AuthorizationInfo::new(number, "李四", notify_url));
        check(&transfer);
    }

    #[test]
    fn documented_body_is_read_strictly() {
        let json = r#"{"appid":"wxf636efh567hg4356","out_bill_no":"plfk2020042013",
            "transfer_scene_id":"1000","openid":"o-MYE42l80oelYMDE34nYD456Xoy",
            "transfer_amount":40000,"transfer_remark":"新会员开通有礼","transfer_scene_report_infos":[
            {"info_type":"活动名称","info_content":"新会员有礼"},
            {"info_type":"奖励说明","info_content":"注册会员抽奖一等奖"}]}"#;
        let read = |json: &str| {
            let read = Transfer::from_json(&Merchant, json.as_bytes(), None);
            read.map_err(|error| error.to_string())
        };
        assert_eq!(read(json), Ok(transfer()));
        let with = |member: &str| read(&json.replacen('{', &format!("{{{member},"), 1));
        for (member, error) in [
            (r#""mchid":"1""#, "/mchid is not a field of this request"),
            (
                r#""user_name":"张三""#,
                "/user_name must be given with the encryption_serial that it was stored with",
            ),
            (r#""user_recv_style":{}"#, "/user_recv_style/type is missing"),
            (r#""appid":"wx1""#, "/appid must occur only once"),
        ] {
            assert_eq!(with(member), Err(error.to_owned()));
        }
        let plain = json.replacen('{', r#"{"user_name":"张三","#, 1);
        let serial = name();
        let error = Transfer::from_json(&Merchant, plain.as_bytes(), Some(serial.serial()));
        assert!(error.unwrap_err().to_string().starts_with("/user_name must be the Base64 text"));
    }

    #[test]
    fn transfer_for_a_sub_merchant_is_refused() {
        let partner = Partner::new(&Merchant, SubMerchant::new("1900000109").unwrap());
        let error = transfer().to_json(&partner).unwrap_err().to_string();
        assert!(error.starts_with("sub_mchid must be absent"), "{error}");
    }

    #[test]
    fn authorization_has_a_function_of_its_own() {
        let mut transfer = transfer();
        assert!(transfer.without_authorization().is_ok());
        assert!(transfer.with_authorization().is_err());
        transfer.sponsor_mchid = Some("1900001109".into());
        assert!(transfer.without_authorization().is_err());
    }
}
