//! A merchant's settings from environment variables, or those of a new sandbox if none is set.
//!
//! For programs that run against the sandbox at first and against WeChat Pay later, without a change
//! of their code:
//!
//! ```no_run
//! use wechatpay::pay::app;
//! use wechatpay_sandbox::settings::Settings;
//!
//! # fn example(order: &wechatpay::pay::Order) -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::load()?;
//! let gateway = settings.gateway(settings.transport()?)?;
//! app::prepay(&settings.signer, &gateway, order)?;
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use wechatpay::{AppId, Gateway, HttpOptions, NotifyUrl, PlatformKeys, RsaSigner, UreqTransport};

use crate::Sandbox;

/// The settings with which a merchant places orders.
pub struct Settings {
    /// 应用ID: the appid that is bound to the merchant number.
    pub appid: AppId,
    /// 通知地址: the URL to which WeChat Pay sends notifications.
    pub notify_url: NotifyUrl,
    /// The signer with the merchant number (商户号), the certificate's serial number (商户API证书序列号) and the
    /// private key (商户API私钥).
    pub signer: RsaSigner,
    /// WeChat Pay's public key (微信支付公钥), or its platform certificate (平台证书), or both.
    pub keys: PlatformKeys,
    /// The base URL, such as `https://api.mch.weixin.qq.com`.
    pub base_url: String,
    /// Root certificates to trust instead of Mozilla's, in PEM.
    pub root_certificates: Option<String>,
    /// The sandbox, if the settings are those of a new one. It stops when they are dropped.
    pub sandbox: Option<Sandbox>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

impl Settings {
    /// Reads the environment variables. If no `WECHATPAY_…` variable is set, starts a sandbox.
    ///
    /// # Errors
    ///
    /// If a variable is missing or wrong. The error names it.
    pub fn load() -> Result<Self> {
        if is_any_set() { Self::from_environment() } else { Self::of_sandbox(Sandbox::start()?) }
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
            appid: name_variable(AppId::new(required("WECHATPAY_APPID")?))?,
            notify_url: name_variable(NotifyUrl::new(required("WECHATPAY_NOTIFY_URL")?))?,
            keys: platform_keys()?,
            base_url: base_url()?,
            root_certificates: match optional("WECHATPAY_CA_FILE") {
                Some(_) => Some(String::from_utf8(file_content("WECHATPAY_CA_FILE")?)?),
                None => None,
            },
            sandbox: None,
        })
    }

    /// A transport that trusts the root certificates of these settings.
    ///
    /// # Errors
    ///
    /// If the root certificates cannot be read.
    pub fn transport(&self) -> Result<UreqTransport> {
        let mut options = HttpOptions::default();
        options.root_certificates.clone_from(&self.root_certificates);
        name_variable(UreqTransport::new(&options))
    }

    /// A gateway to the base URL of these settings.
    ///
    /// # Errors
    ///
    /// If the base URL is invalid.
    pub fn gateway(&self, transport: impl wechatpay::Transport + 'static) -> Result<Gateway> {
        name_variable(Gateway::at(&self.base_url, self.keys.clone(), transport))
    }
}

/// Reads the settings from this file from now on, instead of from the environment.
///
/// A line is `NAME=value`, as in the sandbox's `settings.env`. Nothing is expanded. `export ` before the name, blanks
/// around name and value, and quotation marks around the value are removed; empty lines and lines that begin with `#`
/// are skipped.
///
/// # Errors
///
/// If the file cannot be read, a line has another form, or a file was read before.
pub fn use_file(path: &Path) -> Result<()> {
    let file = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let settings = parse(&text).map_err(|line| {
        format!(
            "{file}, line {line}: not NAME=value; use a settings.env of the sandbox as an example"
        )
    })?;
    FILE.set(settings).map_err(|_| "a settings file was read already; use one".into())
}

/// The settings in the text of a file, or the number of its first wrong line.
fn parse(text: &str) -> std::result::Result<BTreeMap<String, String>, usize> {
    let lines = (1..).zip(text.trim_start_matches('\u{feff}').lines());
    let lines = lines.map(|(number, line)| (number, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let (name, value) =
                line.strip_prefix("export ").unwrap_or(line).split_once('=').ok_or(number)?;
            let (name, value) = (name.trim(), value.trim());
            let unquoted =
                ['"', '\''].iter().find_map(|mark| value.strip_prefix(*mark)?.strip_suffix(*mark));
            let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
            let setting = (name.to_owned(), unquoted.unwrap_or(value).to_owned());
            if is_name { Ok(setting) } else { Err(number) }
        })
        .collect()
}

/// The settings of [`use_file`].
static FILE: OnceLock<BTreeMap<String, String>> = OnceLock::new();

/// Every variable and its value, of the file or of the environment.
fn variables() -> Vec<(String, String)> {
    match FILE.get() {
        Some(settings) => settings.clone().into_iter().collect(),
        None => env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect(),
    }
}

/// Whether any `WECHATPAY_…` variable is set, also one with an unknown name, which may be misspelt.
#[must_use]
pub fn is_any_set() -> bool {
    FILE.get().is_some()
        || variables()
            .iter()
            .any(|(name, value)| name.starts_with("WECHATPAY_") && !value.is_empty())
}

/// The base URL in `WECHATPAY_BASE_URL`, or else that of WeChat Pay.
///
/// # Errors
///
/// If it is not set, but a variable with an unknown name is, which may be a misspelt one.
pub fn base_url() -> Result<String> {
    match optional("WECHATPAY_BASE_URL") {
        None if unknown_names().is_empty() => Ok("https://api.mch.weixin.qq.com".to_owned()),
        _ => required("WECHATPAY_BASE_URL"),
    }
}

/// The merchant's signer, with the serial number in `WECHATPAY_SERIAL_NO`, or else that of the
/// certificate in `WECHATPAY_CERT_FILE`.
///
/// # Errors
///
/// If a variable is missing or wrong. The error names it.
pub fn signer() -> Result<RsaSigner> {
    const SERIAL_NO: &str = "WECHATPAY_SERIAL_NO";
    const CERTIFICATE: &str = "WECHATPAY_CERT_FILE";
    let mchid = required("WECHATPAY_MCHID")?;
    // The library leaves the form of a merchant number to WeChat Pay; a misplaced setting is found here.
    if mchid.len() > MCHID_LENGTH || !mchid.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            "WECHATPAY_MCHID: mchid must be the merchant number (商户号), which has digits only"
                .into(),
        );
    }
    let key = file_content("WECHATPAY_PRIVATE_KEY_FILE")?;
    if optional(SERIAL_NO).is_none() && optional(CERTIFICATE).is_some() {
        name_variable(RsaSigner::from_certificate(mchid, file_content(CERTIFICATE)?, key))
    } else {
        name_variable(RsaSigner::from_pem(mchid, required(SERIAL_NO)?, key))
    }
}

/// WeChat Pay's public key, its platform certificate, or both during a change from one to the other.
///
/// # Errors
///
/// If a variable is missing or wrong. The error names it.
pub fn platform_keys() -> Result<PlatformKeys> {
    const CERTIFICATE: &str = "WECHATPAY_PLATFORM_CERT_FILE";
    let (id, key) = ("WECHATPAY_PUBLIC_KEY_ID", "WECHATPAY_PUBLIC_KEY_FILE");
    let has_certificate = optional(CERTIFICATE).is_some();
    let mut keys = PlatformKeys::none();
    if has_certificate {
        keys = name_variable(keys.with_certificate(file_content(CERTIFICATE)?))?;
    }
    if !has_certificate || optional(id).is_some() || optional(key).is_some() {
        keys = name_variable(keys.with_public_key(&required(id)?, file_content(key)?))?;
    }
    Ok(keys)
}

/// The value of a variable, without white space at its end; `None` if it is not set or empty.
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    let value = match FILE.get() {
        Some(settings) => settings.get(name)?.clone(),
        None => env::var(name).ok()?,
    };
    Some(value.trim_end().to_owned()).filter(|value| !value.is_empty())
}

/// The value of a variable that must be set.
///
/// # Errors
///
/// If it is not set. The error describes the value, and lists variables with unknown names.
pub fn required(name: &str) -> Result<String> {
    optional(name).ok_or_else(|| {
        let what = SETTINGS.iter().find(|(known, ..)| *known == name).map_or("", |it| it.2);
        let unknown = unknown_names();
        let unknown = match unknown.as_slice() {
            [] => String::new(),
            names => {
                format!("; {} is set, but is not a setting, check its spelling", names.join(", "))
            }
        };
        format!("{name} is not set; set it to {what}{unknown}").into()
    })
}

/// The `WECHATPAY_…` variables that are set and are no settings, perhaps because they are misspelt.
#[must_use]
pub fn unknown_names() -> Vec<String> {
    let is_known = |name: &str| SETTINGS.iter().any(|(known, ..)| *known == name);
    let names = variables().into_iter().map(|(name, _)| name);
    let mut unknown: Vec<_> =
        names.filter(|name| name.starts_with("WECHATPAY_") && !is_known(name)).collect();
    unknown.sort();
    unknown
}

/// The content of the file whose path is the value of a variable.
///
/// # Errors
///
/// If it is not set, or the file cannot be read.
pub fn file_content(name: &str) -> Result<Vec<u8>> {
    let path = required(name)?;
    fs::read(&path).map_err(|error| format!("{name}: {path} cannot be read: {error}").into())
}

/// The result of the library, in whose error an invalid value is named by its variable.
///
/// # Errors
///
/// The same as the library's.
pub fn name_variable<T>(value: std::result::Result<T, wechatpay::Error>) -> Result<T> {
    value.map_err(|error| {
        let wechatpay::ErrorKind::Invalid(invalid) = error.kind() else { return error.into() };
        let path = invalid.violations().first().map_or("", |violation| &violation.path);
        match SETTINGS.iter().find(|(_, known, _)| *known == path) {
            Some((name, ..)) => format!("{name}: {error}").into(),
            None => error.into(),
        }
    })
}

/// mchid is string(32): m/4013070347.
const MCHID_LENGTH: usize = 32;

/// Every setting: the variable, the name of its value in errors of the library, and a description.
const SETTINGS: [(&str, &str, &str); 13] = [
    (
        "WECHATPAY_BASE_URL",
        "base_url",
        "the base URL, for WeChat Pay https://api.mch.weixin.qq.com",
    ),
    ("WECHATPAY_CA_FILE", "root_certificates", "the path of the root certificate of the host"),
    ("WECHATPAY_APPID", "appid", "the appid that is bound to the merchant number"),
    ("WECHATPAY_MCHID", "mchid", "the merchant number (商户号)"),
    (
        "WECHATPAY_SERIAL_NO",
        "serial_no",
        "the serial number of the merchant's API certificate, or set WECHATPAY_CERT_FILE instead",
    ),
    ("WECHATPAY_PRIVATE_KEY_FILE", "private_key", "the path of apiclient_key.pem"),
    (
        "WECHATPAY_PUBLIC_KEY_ID",
        "public_key_id",
        "the ID of WECHATPAY_PUBLIC_KEY_FILE, PUB_KEY_ID_…",
    ),
    ("WECHATPAY_PUBLIC_KEY_FILE", "public_key", "the path of pub_key.pem"),
    (
        "WECHATPAY_PLATFORM_CERT_FILE",
        "platform_certificate",
        "the path of the platform certificate, wechatpay_….pem",
    ),
    ("WECHATPAY_NOTIFY_URL", "notify_url", "the URL of your notification handler, https://…"),
    ("WECHATPAY_CERT_FILE", "certificate", "the path of apiclient_cert.pem"),
    ("WECHATPAY_API_V3_KEY", "api_v3_key", "the APIv3 key of the merchant platform"),
    ("WECHATPAY_V2_KEY", "api_key", "the APIv2 key of the merchant platform"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_file_is_read_without_a_shell() {
        let text = "\u{feff}# comment\r\n\r\nexport A='x y'\r\nB = \"$HOME=1\" \nC=it's\nD=\n";
        let expected = [("A", "x y"), ("B", "$HOME=1"), ("C", "it's"), ("D", "")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(text), Ok(expected.into()));
    }

    #[test]
    fn settings_file_with_another_line_is_refused() {
        for text in ["A=1\nB\n", "A=1\n=2\n", "A=1\nA B=2\n", "A=1\n{\n"] {
            assert_eq!(parse(text), Err(2), "{text}");
        }
    }
}
