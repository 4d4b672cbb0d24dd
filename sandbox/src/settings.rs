//! A merchant's settings from the environment, or those of a new sandbox if none is set.

use std::env;
use std::error::Error;
use std::fs;

use wechatpay::{AppId, Gateway, HttpOptions, NotifyUrl, PlatformKeys, RsaSigner, UreqTransport};

use crate::Sandbox;

/// What a merchant needs to place orders.
pub struct Settings {
    /// 应用ID: the appid that is bound to the merchant number.
    pub appid: AppId,
    /// 通知地址: where notifications go.
    pub notify_url: NotifyUrl,
    /// The merchant number, its certificate's serial number, and its private key.
    pub signer: RsaSigner,
    /// WeChat Pay's public key or platform certificate.
    pub keys: PlatformKeys,
    /// The host, such as `https://api.mch.weixin.qq.com`.
    pub base_url: String,
    /// Roots to trust in place of Mozilla's, in PEM.
    pub root_certificates: Option<String>,
    /// Lives as long as the settings, if they are its own.
    pub sandbox: Option<Sandbox>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

impl Settings {
    /// Reads the environment. If no `WECHATPAY_…` variable is set, starts a sandbox.
    ///
    /// # Errors
    /// The error names the variable that is missing or wrong.
    pub fn load() -> Result<Self> {
        if any_set() { Self::from_environment() } else { Self::of_sandbox(Sandbox::start()?) }
    }

    fn of_sandbox(sandbox: Sandbox) -> Result<Self> {
        Ok(Self {
            appid: sandbox.appid(),
            notify_url: sandbox.notify_url(),
            signer: RsaSigner::from_certificate(
                sandbox.mchid(),
                sandbox.merchant_certificate_pem(),
                sandbox.merchant_key_pem(),
            )?,
            keys: sandbox.platform_keys().clone(),
            base_url: sandbox.base_url().to_owned(),
            root_certificates: Some(sandbox.ca_pem().to_owned()),
            sandbox: Some(sandbox),
        })
    }

    fn from_environment() -> Result<Self> {
        Ok(Self {
            signer: signer()?,
            appid: named(AppId::new(text("WECHATPAY_APPID")?))?,
            notify_url: named(NotifyUrl::new(text("WECHATPAY_NOTIFY_URL")?))?,
            keys: platform_keys()?,
            base_url: base_url()?,
            root_certificates: match set("WECHATPAY_CA_FILE") {
                Some(_) => Some(String::from_utf8(file("WECHATPAY_CA_FILE")?)?),
                None => None,
            },
            sandbox: None,
        })
    }

    /// A transport that trusts the roots of these settings.
    ///
    /// # Errors
    /// If the root certificates cannot be read.
    pub fn transport(&self) -> Result<UreqTransport> {
        let mut options = HttpOptions::default();
        options.root_certificates.clone_from(&self.root_certificates);
        named(UreqTransport::new(&options))
    }

    /// A gateway to the host of these settings.
    ///
    /// # Errors
    /// If the host is not a base URL.
    pub fn gateway(&self, transport: impl wechatpay::Transport + 'static) -> Result<Gateway> {
        named(Gateway::at(&self.base_url, self.keys.clone(), transport))
    }
}

/// Whether anything is set, also under a name that is misspelt: the sandbox is used if
/// nothing is set.
pub fn any_set() -> bool {
    env::vars_os().any(|(name, value)| {
        name.to_str().is_some_and(|name| name.starts_with("WECHATPAY_")) && !value.is_empty()
    })
}

/// WeChat Pay's, unless another is set, perhaps under a name that is misspelt.
pub fn base_url() -> Result<String> {
    match set("WECHATPAY_BASE_URL") {
        None if strangers().is_empty() => Ok("https://api.mch.weixin.qq.com".to_owned()),
        _ => text("WECHATPAY_BASE_URL"),
    }
}

/// The certificate holds the serial number, which can be set instead.
pub fn signer() -> Result<RsaSigner> {
    const SERIAL_NO: &str = "WECHATPAY_SERIAL_NO";
    const CERTIFICATE: &str = "WECHATPAY_CERT_FILE";
    let (mchid, key) = (text("WECHATPAY_MCHID")?, file("WECHATPAY_PRIVATE_KEY_FILE")?);
    if set(SERIAL_NO).is_none() && set(CERTIFICATE).is_some() {
        named(RsaSigner::from_certificate(mchid, file(CERTIFICATE)?, key))
    } else {
        named(RsaSigner::from_pem(mchid, text(SERIAL_NO)?, key))
    }
}

/// The public key, a platform certificate, or both while the merchant changes over.
pub fn platform_keys() -> Result<PlatformKeys> {
    const CERTIFICATE: &str = "WECHATPAY_PLATFORM_CERT_FILE";
    let (id, key) = ("WECHATPAY_PUBLIC_KEY_ID", "WECHATPAY_PUBLIC_KEY_FILE");
    let has_certificate = set(CERTIFICATE).is_some();
    let mut keys = PlatformKeys::none();
    if has_certificate {
        keys = named(keys.with_certificate(file(CERTIFICATE)?))?;
    }
    if !has_certificate || set(id).is_some() || set(key).is_some() {
        keys = named(keys.with_public_key(&text(id)?, file(key)?))?;
    }
    Ok(keys)
}

/// What it is set to, without the blanks and line ends that an edited file leaves at the end.
pub fn set(name: &str) -> Option<String> {
    let value = env::var(name).ok()?;
    Some(value.trim_end().to_owned()).filter(|value| !value.is_empty())
}

/// The text of a variable that must be set.
///
/// # Errors
/// If it is not set; the error says what it is for.
pub fn text(name: &str) -> Result<String> {
    set(name).ok_or_else(|| {
        let what = SETTINGS.iter().find(|(known, ..)| *known == name).map_or("", |it| it.2);
        let strangers = strangers();
        let strangers = match strangers.as_slice() {
            [] => String::new(),
            names => format!("; {} is set, and no setting", names.join(", ")),
        };
        format!("{name} is not set: {what}{strangers}").into()
    })
}

/// What is set under a name like those of the settings, and is none: perhaps one that is misspelt.
pub fn strangers() -> Vec<String> {
    let is_known = |name: &str| SETTINGS.iter().any(|(known, ..)| *known == name);
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut strangers: Vec<_> =
        names.filter(|name| name.starts_with("WECHATPAY_") && !is_known(name)).collect();
    strangers.sort();
    strangers
}

/// The content of the file that a variable names.
///
/// # Errors
/// If it is not set, or the file cannot be read.
pub fn file(name: &str) -> Result<Vec<u8>> {
    let path = text(name)?;
    fs::read(&path).map_err(|error| format!("{name}: {path} cannot be read: {error}").into())
}

/// Tells a wrong value by the name of its setting.
pub fn named<T>(value: std::result::Result<T, wechatpay::Error>) -> Result<T> {
    value.map_err(|error| {
        let wechatpay::ErrorKind::Invalid(invalid) = error.kind() else { return error.into() };
        let path = invalid.violations().first().map_or("", |fault| &fault.path);
        match SETTINGS.iter().find(|(_, known, _)| *known == path) {
            Some((name, ..)) => format!("{name}: {error}").into(),
            None => error.into(),
        }
    })
}

/// Every setting, what the library calls its value, and what it is.
const SETTINGS: [(&str, &str, &str); 13] = [
    ("WECHATPAY_BASE_URL", "base_url", "WeChat Pay's is https://api.mch.weixin.qq.com"),
    ("WECHATPAY_CA_FILE", "root_certificates", "the certificate authority of the host"),
    ("WECHATPAY_APPID", "appid", "the appid that is bound to the merchant number"),
    ("WECHATPAY_MCHID", "mchid", "the merchant number (商户号)"),
    (
        "WECHATPAY_SERIAL_NO",
        "serial_no",
        "the serial number of the merchant's API certificate, or set WECHATPAY_CERT_FILE",
    ),
    ("WECHATPAY_PRIVATE_KEY_FILE", "private_key", "the path of apiclient_key.pem"),
    ("WECHATPAY_PUBLIC_KEY_ID", "public_key_id", "PUB_KEY_ID_…, beside WECHATPAY_PUBLIC_KEY_FILE"),
    ("WECHATPAY_PUBLIC_KEY_FILE", "public_key", "the path of pub_key.pem"),
    (
        "WECHATPAY_PLATFORM_CERT_FILE",
        "platform_certificate",
        "the path of the platform certificate, wechatpay_….pem",
    ),
    ("WECHATPAY_NOTIFY_URL", "notify_url", "where notifications go, https://…"),
    ("WECHATPAY_CERT_FILE", "certificate", "the path of apiclient_cert.pem"),
    ("WECHATPAY_API_V3_KEY", "api_v3_key", "the APIv3 key of the merchant platform"),
    ("WECHATPAY_V2_KEY", "api_key", "the APIv2 key of the merchant platform"),
];
