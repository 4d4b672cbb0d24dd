//! The four kinds of order: how it is paid, and what starts the payment.

use serde::Serialize;

use self::sealed::Sealed;
use crate::error::{Invalid, Violations};
use crate::id::{CodeUrl, H5Url, OpenId, PrepayId};
use crate::strict_json::{Json, Object, Read};
use crate::v2::fields::{Fields, Malformed};
use crate::v2::order::to_json;
use crate::v2::validate;

/// 交易类型: [`App`], [`Jsapi`], [`Native`] or [`H5`], and no other.
///
/// ```
/// use wechatpay::v2::{self, Gateway, Order, Signer, Trade};
/// use wechatpay::Error;
///
/// fn place<T: Trade>(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &Order,
///     trade: &T,
/// ) -> Result<T::Prepaid, Error> {
///     v2::unified_order(signer, gateway, order, trade)
/// }
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # place(signer, gateway, &order, &v2::App)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Trade: Sealed {
    /// What such an order returns: the one thing that starts its payment.
    type Prepaid: TryFrom<String>;
}

/// APP: paid in the merchant's own app, which [`invoke::app`](crate::v2::invoke::app) starts.
///
/// ```
/// use wechatpay::v2::{self, App};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// let prepay_id = v2::unified_order(signer, gateway, &order, &App)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct App;

/// JSAPI: paid by this user on a page within WeChat or in a mini-program, which
/// [`invoke::jsapi`](crate::v2::invoke::jsapi) or
/// [`invoke::mini_program`](crate::v2::invoke::mini_program) starts.
///
/// ```
/// use wechatpay::OpenId;
/// use wechatpay::v2::{self, Jsapi};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// let payer = Jsapi::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
/// let prepay_id = v2::unified_order(signer, gateway, &order, &payer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jsapi {
    openid: OpenId,
}

impl Jsapi {
    /// The user, by the openid under the order's appid (under the `combine_appid` of a combined
    /// order).
    #[must_use]
    pub fn new(openid: OpenId) -> Self {
        Self { openid }
    }
}

/// NATIVE: paid by scanning the QR code of the `code_url`, which is valid for two hours.
///
/// ```
/// use wechatpay::v2::{self, Native};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// let scanned = Native::new("12235413214070356458058");
/// let code_url = v2::unified_order(signer, gateway, &order, &scanned)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    product_id: String,
}

impl Native {
    /// 商品ID: your number of what is bought. 1 to 32 characters.
    pub fn new(product_id: impl Into<String>) -> Self {
        Self { product_id: product_id.into() }
    }
}

/// MWEB (H5支付): paid from a browser outside WeChat, which opens the `mweb_url` within five minutes,
/// from the `spbill_create_ip` of the order, and with a `Referer` of a registered domain.
/// [`H5Url::with_redirect`] names the page to return to.
///
/// ```
/// use wechatpay::v2::{self, H5, H5Info};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// let wap_url = "https://pay.qq.com".into();
/// let payer = H5::new(H5Info::Wap { wap_url, wap_name: "腾讯充值".into() });
/// let mweb_url = v2::unified_order(signer, gateway, &order, &payer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct H5 {
    h5_info: H5Info,
}

impl H5 {
    /// From what the payer comes.
    #[must_use]
    pub fn new(h5_info: H5Info) -> Self {
        Self { h5_info }
    }
}

/// h5_info of the 场景信息: from what the payer of an H5 order comes. The scene takes at most 256
/// characters as JSON.
///
/// ```
/// use wechatpay::v2::H5Info;
///
/// let app_name = "王者荣耀".into();
/// let h5_info = H5Info::Android { app_name, package_name: "com.tencent.tmgp.sgame".into() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub enum H5Info {
    /// IOS移动应用.
    #[serde(rename = "IOS")]
    Ios {
        /// 应用名.
        app_name: String,
        /// The bundle id, such as `com.tencent.wzryIOS`.
        bundle_id: String,
    },
    /// 安卓移动应用.
    Android {
        /// 应用名.
        app_name: String,
        /// 包名, such as `com.tencent.tmgp.sgame`.
        package_name: String,
    },
    /// WAP网站应用.
    Wap {
        /// WAP网站URL地址.
        wap_url: String,
        /// WAP网站名.
        wap_name: String,
    },
}

/// A kind that is known no sooner than when an order is read.
///
/// ```
/// use wechatpay::v2::{self, AnyTrade};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # let trade = AnyTrade::App(v2::App);
/// match trade {
///     AnyTrade::App(app) => drop(v2::unified_order(signer, gateway, &order, &app)?),
///     AnyTrade::Native(native) => drop(v2::unified_order(signer, gateway, &order, &native)?),
///     other => { /* likewise */ }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnyTrade {
    /// `trade_type` is APP.
    App(App),
    /// `trade_type` is JSAPI.
    Jsapi(Jsapi),
    /// `trade_type` is NATIVE.
    Native(Native),
    /// `trade_type` is MWEB.
    H5(H5),
}

impl AnyTrade {
    /// Reads the fields that only some kinds have, with the name that the openid has.
    pub(super) fn read(
        object: &mut Object<'_>,
        openid_name: &str,
        h5_info: Option<H5Info>,
    ) -> Option<Self> {
        let trade_type: String = object.required("trade_type")?;
        if trade_type != "MWEB" && h5_info.is_some() {
            object.violation("scene_info/h5_info", "is of MWEB orders only");
        }
        match trade_type.as_str() {
            "APP" => Some(Self::App(App)),
            "JSAPI" => Some(Self::Jsapi(Jsapi::new(object.required(openid_name)?))),
            "NATIVE" => Some(Self::Native(Native { product_id: object.required("product_id")? })),
            "MWEB" => match h5_info {
                Some(h5_info) => Some(Self::H5(H5::new(h5_info))),
                None => object.note("scene_info/h5_info", "is missing"),
            },
            _ => object.note("trade_type", "must be APP, JSAPI, NATIVE or MWEB"),
        }
    }
}

impl Trade for App {
    type Prepaid = PrepayId;
}

impl Sealed for App {
    fn kind(&self) -> Kind<'_> {
        Kind::App
    }
}

impl Trade for Jsapi {
    type Prepaid = PrepayId;
}

impl Sealed for Jsapi {
    fn kind(&self) -> Kind<'_> {
        Kind::Jsapi(&self.openid)
    }
}

impl Trade for Native {
    type Prepaid = CodeUrl;
}

impl Sealed for Native {
    fn kind(&self) -> Kind<'_> {
        Kind::Native(&self.product_id)
    }
}

impl Trade for H5 {
    type Prepaid = H5Url;
}

impl Sealed for H5 {
    fn kind(&self) -> Kind<'_> {
        Kind::H5(&self.h5_info)
    }
}

/// What only some kinds of order have.
#[derive(Clone, Copy)]
pub enum Kind<'a> {
    App,
    Jsapi(&'a OpenId),
    Native(&'a str),
    H5(&'a H5Info),
}

impl Kind<'_> {
    pub(super) fn find_violations(self, violations: &mut Violations) -> Result<(), Invalid> {
        match self {
            Kind::App | Kind::Jsapi(_) => {}
            Kind::Native(product_id) => validate::text(violations, "product_id", product_id, 32),
            Kind::H5(h5_info) => h5_info.find_violations(violations),
        }
        validate::json(violations, "scene_info", self.scene_info()?.as_deref(), 256);
        Ok(())
    }

    /// The fields that this kind adds, with the name that the openid has.
    pub(super) fn set_fields(
        self,
        fields: &mut Fields,
        openid_name: &'static str,
    ) -> Result<(), Invalid> {
        match self {
            Kind::App => fields.set("trade_type", "APP"),
            Kind::Jsapi(openid) => {
                fields.set("trade_type", "JSAPI");
                fields.set(openid_name, openid);
            }
            Kind::Native(product_id) => {
                fields.set("trade_type", "NATIVE");
                fields.set("product_id", product_id);
            }
            Kind::H5(_) => fields.set("trade_type", "MWEB"),
        }
        fields.set_optional("scene_info", self.scene_info()?);
        Ok(())
    }

    /// What an order of this kind returns.
    pub(super) fn read<T: TryFrom<String>>(self, answer: &Fields) -> Result<T, Malformed> {
        let name = match self {
            Kind::App | Kind::Jsapi(_) => "prepay_id",
            Kind::Native(_) => "code_url",
            Kind::H5(_) => "mweb_url",
        };
        answer.required(name, |text| T::try_from(text.to_owned()).ok())
    }

    fn scene_info(self) -> Result<Option<String>, Invalid> {
        match self {
            Kind::H5(h5_info) => to_json(&Scene { h5_info }).map(Some),
            _ => Ok(None),
        }
    }
}

impl H5Info {
    fn find_violations(&self, violations: &mut Violations) {
        let fields = match self {
            Self::Ios { app_name, bundle_id } => [("app_name", app_name), ("bundle_id", bundle_id)],
            Self::Android { app_name, package_name } => {
                [("app_name", app_name), ("package_name", package_name)]
            }
            Self::Wap { wap_url, wap_name } => [("wap_url", wap_url), ("wap_name", wap_name)],
        };
        for (name, value) in fields {
            validate::member(violations, &format!("scene_info/h5_info/{name}"), value, 256);
        }
    }
}

impl Read for H5Info {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        Object::read(json, path, violations, |object| {
            let r#type: String = object.required("type")?;
            let mut both = |one, other| object.required(one).zip(object.required(other));
            match r#type.as_str() {
                "IOS" => both("app_name", "bundle_id")
                    .map(|(app_name, bundle_id)| Self::Ios { app_name, bundle_id }),
                "Android" => both("app_name", "package_name")
                    .map(|(app_name, package_name)| Self::Android { app_name, package_name }),
                "Wap" => both("wap_url", "wap_name")
                    .map(|(wap_url, wap_name)| Self::Wap { wap_url, wap_name }),
                _ => object.note("type", "must be IOS, Android or Wap"),
            }
        })
    }
}

#[derive(Serialize)]
struct Scene<'a> {
    h5_info: &'a H5Info,
}

pub(super) mod sealed {
    pub trait Sealed {
        fn kind(&self) -> super::Kind<'_>;
    }
}
