//! 交易类型: the four kinds of order, each with its own fields and response.

use serde::Serialize;

use self::sealed::Sealed;
use crate::error::{Invalid, Violations};
use crate::id::{CodeUrl, H5Url, OpenId, PrepayId};
use crate::strict_json::{Json, Object, Read};
use crate::v2::fields::{Fields, Malformed};
use crate::v2::order_fields::to_json;
use crate::v2::validate;

/// 交易类型: [`App`], [`Jsapi`], [`Native`] or [`H5`].
///
/// ```
/// use wechatpay::Error;
/// use wechatpay::v2::{Gateway, Signer, Trade, pay};
///
/// fn place<T: Trade>(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &pay::Order,
///     trade: &T,
/// ) -> Result<T::Prepaid, Error> {
///     pay::prepay(signer, gateway, order, trade)
/// }
/// ```
pub trait Trade: Sealed {
    /// The value that starts the payment: a `prepay_id`, a `code_url` or an `mweb_url`.
    type Prepaid: TryFrom<String>;
}

/// APP支付 (`APP`): the payer pays in the merchant's own app, started with
/// [`pay::invoke_app`](crate::v2::pay::invoke_app).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct App;

/// JSAPI支付, 小程序支付 (`JSAPI`): this user pays on a page within WeChat, started with
/// [`pay::invoke_jsapi`](crate::v2::pay::invoke_jsapi), or in a mini-program, started with
/// [`pay::invoke_mini_program`](crate::v2::pay::invoke_mini_program).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jsapi {
    openid: OpenId,
}

impl Jsapi {
    /// 用户标识: the user, by the openid under the order's `appid`, or under the `combine_appid` of
    /// a combined order.
    #[must_use]
    pub fn new(openid: OpenId) -> Self {
        Self { openid }
    }
}

/// Native支付 (`NATIVE`): the payer scans the QR code of the `code_url`, which is valid for two hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    product_id: String,
}

impl Native {
    /// 商品ID: your identifier of the product. 1 to 32 characters.
    pub fn new(product_id: impl Into<String>) -> Self {
        Self { product_id: product_id.into() }
    }
}

/// H5支付 (`MWEB`): the payer pays from a browser outside WeChat.
///
/// The browser opens the `mweb_url` within five minutes, from the order's `spbill_create_ip`, and
/// with a `Referer` of a registered domain. [`H5Url::with_redirect`] adds the page to return to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct H5 {
    h5_info: H5Info,
}

impl H5 {
    /// The app or website that the payer comes from.
    #[must_use]
    pub fn new(h5_info: H5Info) -> Self {
        Self { h5_info }
    }
}

/// `h5_info` of 场景信息: the app or website that the payer of an H5 order comes from. At most 256
/// characters as JSON.
///
/// ```
/// use wechatpay::v2::{H5, H5Info};
///
/// let wap_url = "https://pay.qq.com".into();
/// let payer = H5::new(H5Info::Wap { wap_url, wap_name: "腾讯充值".into() });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub enum H5Info {
    /// IOS移动应用: iOS app.
    #[serde(rename = "IOS")]
    Ios {
        /// 应用名: name of the app.
        app_name: String,
        /// bundle_id: bundle identifier, such as `com.tencent.wzryIOS`.
        bundle_id: String,
    },
    /// 安卓移动应用: Android app.
    Android {
        /// 应用名: name of the app.
        app_name: String,
        /// 包名: package name, such as `com.tencent.tmgp.sgame`.
        package_name: String,
    },
    /// WAP网站应用: mobile website.
    Wap {
        /// WAP网站URL地址: URL of the website.
        wap_url: String,
        /// WAP网站名: name of the website.
        wap_name: String,
    },
}

/// The kind of an order that was read from XML.
///
/// ```
/// use wechatpay::Error;
/// use wechatpay::v2::{AnyTrade, Gateway, Signer, pay};
///
/// fn place(signer: &dyn Signer, gateway: &Gateway, xml: &[u8]) -> Result<String, Error> {
///     let (order, trade) = pay::Order::from_xml(signer, xml)?;
///     Ok(match trade {
///         AnyTrade::App(kind) => pay::prepay(signer, gateway, &order, &kind)?.to_string(),
///         AnyTrade::Jsapi(kind) => pay::prepay(signer, gateway, &order, &kind)?.to_string(),
///         AnyTrade::Native(kind) => pay::prepay(signer, gateway, &order, &kind)?.to_string(),
///         AnyTrade::H5(kind) => pay::prepay(signer, gateway, &order, &kind)?.to_string(),
///     })
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnyTrade {
    /// APP支付: `trade_type` is `APP`.
    App(App),
    /// JSAPI支付, 小程序支付: `trade_type` is `JSAPI`.
    Jsapi(Jsapi),
    /// Native支付: `trade_type` is `NATIVE`.
    Native(Native),
    /// H5支付: `trade_type` is `MWEB`.
    H5(H5),
}

impl AnyTrade {
    /// Reads `trade_type`, the fields that its kind needs, and those that it may have. `openid_name` is
    /// the name of the openid's field; `h5_info` is `Err` if it was wrong.
    pub(super) fn read(
        object: &mut Object<'_>,
        openid_name: &str,
        h5_info: Result<Option<H5Info>, WrongScene>,
    ) -> Option<ReadTrade> {
        let has_trade_type = object.has("trade_type");
        let trade_type: Option<String> = object.required("trade_type");
        let (has_openid, has_product_id) = (object.has(openid_name), object.has("product_id"));
        let (openid, product_id) = (object.optional(openid_name), object.optional("product_id"));
        let trade_type = trade_type?;
        if has_trade_type && trade_type != "MWEB" && matches!(h5_info, Ok(Some(_))) {
            object.violation("scene_info/h5_info", "must be left out, except for MWEB orders");
        }
        let mut missing = |name: &str, was_there: bool| {
            if !was_there {
                object.violation(name, "is missing");
            }
            None
        };
        match (trade_type.as_str(), openid, product_id, h5_info) {
            ("APP", openid, product_id, _) => {
                Some(ReadTrade { trade: Self::App(App), openid, product_id })
            }
            ("JSAPI", Some(openid), product_id, _) => {
                let trade = Self::Jsapi(Jsapi::new(openid));
                Some(ReadTrade { trade, openid: None, product_id })
            }
            ("JSAPI", None, ..) => missing(openid_name, has_openid),
            ("NATIVE", openid, Some(product_id), _) => {
                let trade = Self::Native(Native { product_id });
                Some(ReadTrade { trade, openid, product_id: None })
            }
            ("NATIVE", _, None, _) => missing("product_id", has_product_id),
            ("MWEB", openid, product_id, Ok(Some(h5_info))) => {
                Some(ReadTrade { trade: Self::H5(H5::new(h5_info)), openid, product_id })
            }
            ("MWEB", .., h5_info) => missing("scene_info/h5_info", h5_info.is_err()),
            _ => object.note("trade_type", "must be APP, JSAPI, NATIVE or MWEB"),
        }
    }
}

impl AnyTrade {
    pub(super) fn kind(&self) -> Kind<'_> {
        match self {
            Self::App(trade) => trade.kind(),
            Self::Jsapi(trade) => trade.kind(),
            Self::Native(trade) => trade.kind(),
            Self::H5(trade) => trade.kind(),
        }
    }
}

/// The kind of an order that was read, and the fields that another kind needs and this one may have.
pub(super) struct ReadTrade {
    pub(super) trade: AnyTrade,
    pub(super) openid: Option<OpenId>,
    pub(super) product_id: Option<String>,
}

/// The `scene_info` was wrong, which has been reported.
pub(super) struct WrongScene;

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

/// A kind of order, with the fields that only it has.
#[derive(Clone, Copy)]
pub enum Kind<'a> {
    /// APP支付: paid in an app.
    App,
    /// JSAPI支付: the payer.
    Jsapi(&'a OpenId),
    /// Native支付: the identifier of the product.
    Native(&'a str),
    /// H5支付: the page or app.
    H5(&'a H5Info),
}

impl Kind<'_> {
    /// `openid` and `product_id` are those of the order, by their names.
    pub(super) fn find_violations(
        self,
        violations: &mut Violations,
        (openid_name, openid): (&'static str, Option<&OpenId>),
        product_id: Option<&str>,
    ) -> Result<(), Invalid> {
        match self {
            Kind::Jsapi(_) if openid.is_some() => {
                violations
                    .add(openid_name, "must be left out of a JSAPI order, which has its payer");
            }
            Kind::Native(_) if product_id.is_some() => {
                violations
                    .add("product_id", "must be left out of a NATIVE order, which has its own");
            }
            _ => {}
        }
        match self {
            Kind::App | Kind::Jsapi(_) => {}
            Kind::Native(product_id) => validate::text(violations, "product_id", product_id, 32),
            Kind::H5(h5_info) => h5_info.find_violations(violations),
        }
        if let Some(scene_info) = self.scene_info()? {
            validate::json(violations, "scene_info", &scene_info, 256);
        }
        Ok(())
    }

    /// Adds the fields of this kind. `openid_name` is the name of the openid's field.
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

    /// Reads what starts the payment of an order of this kind.
    pub(super) fn read<T: TryFrom<String>>(self, response: &Fields) -> Result<T, Malformed> {
        let name = match self {
            Kind::App | Kind::Jsapi(_) => "prepay_id",
            Kind::Native(_) => "code_url",
            Kind::H5(_) => "mweb_url",
        };
        response.required(name, |text| T::try_from(text.to_owned()).ok())
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
                _ => {
                    object.skip_rest();
                    object.note("type", "must be IOS, Android or Wap")
                }
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
