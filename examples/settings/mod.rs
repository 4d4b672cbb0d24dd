//! Where to go and who signs, from the environment; the sandbox if nothing is set.

use std::env;
use std::error::Error;
use std::fs;

use wechatpay::sandbox::Sandbox;
use wechatpay::{AppId, Gateway, HttpOptions, NotifyUrl, PlatformKeys, RsaSigner, UreqTransport};

/// What a merchant needs to place orders.
pub(crate) struct Settings {
    pub(crate) appid: AppId,
    pub(crate) notify_url: NotifyUrl,
    pub(crate) signer: RsaSigner,
    pub(crate) keys: PlatformKeys,
    pub(crate) base_url: String,
    /// Roots to trust in place of Mozilla's, in PEM.
    pub(crate) root_certificates: Option<String>,
    /// Lives as long as the settings, if they are its own.
    pub(crate) sandbox: Option<Sandbox>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

impl Settings {
    pub(crate) fn load() -> Result<Self> {
        if NAMES.iter().all(|name| env::var_os(name).is_none()) {
            Self::of_sandbox(Sandbox::start()?)
        } else {
            Self::from_environment()
        }
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
        let signer = RsaSigner::from_pem(
            text("WECHATPAY_MCHID")?,
            text("WECHATPAY_SERIAL_NO")?,
            file("WECHATPAY_PRIVATE_KEY_FILE")?,
        );
        Ok(Self {
            base_url: text("WECHATPAY_BASE_URL")?,
            appid: named("WECHATPAY_APPID", AppId::new(text("WECHATPAY_APPID")?))?,
            notify_url: named(
                "WECHATPAY_NOTIFY_URL",
                NotifyUrl::new(text("WECHATPAY_NOTIFY_URL")?),
            )?,
            signer: named(
                "WECHATPAY_MCHID, WECHATPAY_SERIAL_NO or WECHATPAY_PRIVATE_KEY_FILE",
                signer,
            )?,
            keys: platform_keys()?,
            root_certificates: match env::var_os("WECHATPAY_CA_FILE") {
                Some(_) => Some(String::from_utf8(file("WECHATPAY_CA_FILE")?)?),
                None => None,
            },
            sandbox: None,
        })
    }

    pub(crate) fn transport(&self) -> Result<UreqTransport> {
        let mut options = HttpOptions::default();
        options.root_certificates.clone_from(&self.root_certificates);
        named("WECHATPAY_CA_FILE", UreqTransport::new(&options))
    }

    pub(crate) fn gateway(
        &self,
        transport: impl wechatpay::Transport + 'static,
    ) -> Result<Gateway> {
        named("WECHATPAY_BASE_URL", Gateway::at(&self.base_url, self.keys.clone(), transport))
    }
}

/// The public key, a platform certificate, or both while the merchant changes over.
fn platform_keys() -> Result<PlatformKeys> {
    const CERTIFICATE: &str = "WECHATPAY_PLATFORM_CERT_FILE";
    const PUBLIC_KEY: &str = "WECHATPAY_PUBLIC_KEY_ID or WECHATPAY_PUBLIC_KEY_FILE";
    let has_certificate = env::var_os(CERTIFICATE).is_some();
    let has_public_key = env::var_os("WECHATPAY_PUBLIC_KEY_ID").is_some()
        || env::var_os("WECHATPAY_PUBLIC_KEY_FILE").is_some();
    if has_certificate && !has_public_key {
        return named(CERTIFICATE, PlatformKeys::from_certificate(file(CERTIFICATE)?));
    }
    let (id, key) = (text("WECHATPAY_PUBLIC_KEY_ID")?, file("WECHATPAY_PUBLIC_KEY_FILE")?);
    let keys = named(PUBLIC_KEY, PlatformKeys::from_pem(&id, key))?;
    if has_certificate {
        named(CERTIFICATE, keys.with_certificate(file(CERTIFICATE)?))
    } else {
        Ok(keys)
    }
}

fn text(name: &str) -> Result<String> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}

fn file(name: &str) -> Result<Vec<u8>> {
    let path = text(name)?;
    fs::read(&path).map_err(|error| format!("{name}: {path}: {error}").into())
}

fn named<T>(name: &str, value: std::result::Result<T, wechatpay::Error>) -> Result<T> {
    value.map_err(|error| format!("{name}: {error}").into())
}

const NAMES: [&str; 10] = [
    "WECHATPAY_BASE_URL",
    "WECHATPAY_CA_FILE",
    "WECHATPAY_APPID",
    "WECHATPAY_MCHID",
    "WECHATPAY_SERIAL_NO",
    "WECHATPAY_PRIVATE_KEY_FILE",
    "WECHATPAY_PUBLIC_KEY_ID",
    "WECHATPAY_PUBLIC_KEY_FILE",
    "WECHATPAY_PLATFORM_CERT_FILE",
    "WECHATPAY_NOTIFY_URL",
];
