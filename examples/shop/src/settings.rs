//! The settings, from environment variables.

use std::path::PathBuf;
use std::{env, fs};

use wechatpay::{
    ApiV3Key, AppId, Gateway, HttpOptions, NotifyUrl, PlatformKeys, RsaSigner, UreqTransport,
};

use crate::error::{Error, Result};
use crate::merchant::{Merchant, TIMEOUT};

/// The settings of the shop.
pub(crate) struct Settings {
    pub(crate) merchant: Merchant,
    /// `SHOP_DATABASE`: the path of the database.
    pub(crate) database: PathBuf,
    /// `SHOP_BILLS`: the folder of the downloaded bills.
    pub(crate) bills: PathBuf,
    /// `SHOP_ADDRESS`: where the server listens. An HTTPS server stands in front of it.
    pub(crate) address: String,
    /// `SHOP_STAFF_TOKEN`: the password of those that may refund.
    pub(crate) staff_token: String,
}

impl Settings {
    /// Reads the environment variables. The names that begin with `WECHATPAY_` are those in the files of
    /// `wechatpay-sandbox`.
    pub(crate) fn from_environment() -> Result<Self> {
        Ok(Self {
            merchant: merchant()?,
            database: required("SHOP_DATABASE")?.into(),
            bills: required("SHOP_BILLS")?.into(),
            address: required("SHOP_ADDRESS")?,
            staff_token: required("SHOP_STAFF_TOKEN")?,
        })
    }
}

fn merchant() -> Result<Merchant> {
    let signer = RsaSigner::from_certificate(
        required("WECHATPAY_MCHID")?,
        file("WECHATPAY_CERT_FILE")?,
        file("WECHATPAY_PRIVATE_KEY_FILE")?,
    )?;
    let keys = PlatformKeys::from_pem(
        &required("WECHATPAY_PUBLIC_KEY_ID")?,
        file("WECHATPAY_PUBLIC_KEY_FILE")?,
    )?;
    let mut options = HttpOptions::default();
    options.total_timeout = TIMEOUT;
    // For the sandbox; WeChat Pay's certificate is trusted without it.
    if env::var_os("WECHATPAY_CA_FILE").is_some() {
        let pem = String::from_utf8(file("WECHATPAY_CA_FILE")?);
        options.root_certificates = Some(pem.map_err(|_| "WECHATPAY_CA_FILE is not PEM")?);
    }
    let base_url = env::var("WECHATPAY_BASE_URL").unwrap_or_else(|_| BASE_URL.to_owned());
    Ok(Merchant {
        appid: AppId::new(required("WECHATPAY_APPID")?)?,
        notify_url: NotifyUrl::new(required("WECHATPAY_NOTIFY_URL")?)?,
        api_v3_key: ApiV3Key::new(required("WECHATPAY_API_V3_KEY")?)?,
        gateway: Gateway::at(&base_url, keys.clone(), UreqTransport::new(&options)?)?,
        signer,
        keys,
    })
}

fn required(name: &str) -> Result<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| Error::Other(format!("{name} is not set")))
}

fn file(name: &str) -> Result<Vec<u8>> {
    let path = required(name)?;
    fs::read(&path).map_err(|error| Error::Other(format!("{name}: {path}: {error}")))
}

const BASE_URL: &str = "https://api.mch.weixin.qq.com";
