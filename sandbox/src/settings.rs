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
use std::fmt;
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
    /// [`Problems`], if variables are missing or wrong.
    pub fn load() -> Result<Self> {
        Self::load_with(&[])
    }

    /// As [`load`](Self::load), if these variables must be set as well, such as `WECHATPAY_API_V3_KEY`.
    ///
    /// # Errors
    ///
    /// [`Problems`], if variables are missing or wrong.
    pub fn load_with(names: &[&str]) -> Result<Self> {
        if is_any_set() {
            Self::from_environment(names)
        } else {
            Self::of_sandbox(Sandbox::start()?)
        }
    }

    /// The settings of this sandbox, whatever the environment has.
    ///
    /// # Errors
    ///
    /// If the keys of the sandbox cannot be used.
    pub fn of_sandbox(sandbox: Sandbox) -> Result<Self> {
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

    fn from_environment(names: &[&str]) -> Result<Self> {
        let mut problems = Problems::default();
        let signer = problems.note(signer());
        let appid = value("WECHATPAY_APPID").and_then(|appid| name_variable(AppId::new(appid)));
        let url = value("WECHATPAY_NOTIFY_URL").and_then(|url| name_variable(NotifyUrl::new(url)));
        let (appid, notify_url) = (problems.note(appid), problems.note(url));
        let keys = problems.note(platform_keys());
        let base_url = problems.note(base_url());
        let root_certificates = problems.note(root_certificates());
        if let (Some(base_url), Some(root_certificates)) = (&base_url, &root_certificates) {
            problems.note(host(base_url, root_certificates.clone()));
        }
        for name in names {
            problems.note(value(name));
        }
        let read = || {
            Some(Self {
                appid: appid?,
                notify_url: notify_url?,
                signer: signer?,
                keys: keys?,
                base_url: base_url?,
                root_certificates: root_certificates?,
                sandbox: None,
            })
        };
        problems.into_result(read())
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

/// Every problem of the settings: each names its variable, and the settings file if there is one.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Every problem, in the order of the checks. There is at least one.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.0
    }

    /// Takes the value, or else notes why there is none.
    fn note<T>(&mut self, value: Result<T>) -> Option<T> {
        match value {
            Ok(value) => return Some(value),
            Err(error) => match error.downcast::<Self>() {
                Ok(several) => several.0.into_iter().for_each(|problem| self.add(problem)),
                Err(error) => self.add(located(error.to_string())),
            },
        }
        None
    }

    fn add(&mut self, problem: String) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Notes an error of the library, if it is about the value with this name. The other values are stand-ins.
    fn note_about<T>(&mut self, name: &str, value: std::result::Result<T, wechatpay::Error>) {
        let Err(error) = value else { return };
        if path_of(&error) == name {
            self.note(name_variable::<T>(Err(error)));
        }
    }

    /// The value, if there is no problem. What is missing may be misspelt.
    fn into_result<T>(mut self, value: Option<T>) -> Result<T> {
        match value.filter(|_| self.0.is_empty()) {
            Some(value) => Ok(value),
            None => {
                let unknown = unknown_names().into_iter().map(|name| located(misspelt(&name)));
                let unknown: Vec<_> = unknown.collect();
                self.0.retain(|problem| !unknown.contains(problem));
                self.0.extend(unknown);
                Err(self.into())
            }
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("; "))
    }
}

impl Error for Problems {}

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
    FILE.set(File { name: file.to_string(), settings })
        .map_err(|_| "a settings file was read already; use one".into())
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

/// The file of [`use_file`].
static FILE: OnceLock<File> = OnceLock::new();

struct File {
    name: String,
    settings: BTreeMap<String, String>,
}

/// The problem, with the name of the settings file.
fn located(problem: String) -> String {
    match FILE.get() {
        Some(file) => format!("{}: {problem}", file.name),
        None => problem,
    }
}

/// Every variable and its value, of the file or of the environment.
fn variables() -> Vec<(String, String)> {
    match FILE.get() {
        Some(file) => file.settings.clone().into_iter().collect(),
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
    let mut problems = Problems::default();
    let mchid = problems.note(mchid());
    let key = problems.note(content("WECHATPAY_PRIVATE_KEY_FILE"));
    if let Some(key) = &key {
        problems.note_about("private_key", RsaSigner::from_pem(ANY_MCHID, ANY_SERIAL_NO, key));
    }
    if optional(SERIAL_NO).is_none() && optional(CERTIFICATE).is_some() {
        let certificate = problems.note(content(CERTIFICATE));
        if let Some(certificate) = &certificate {
            problems
                .note_about("certificate", RsaSigner::from_certificate(ANY_MCHID, certificate, ""));
        }
        let all = mchid.zip(certificate).zip(key).filter(|_| problems.0.is_empty());
        let signer = all.and_then(|((mchid, certificate), key)| {
            problems.note(name_variable(RsaSigner::from_certificate(mchid, certificate, key)))
        });
        return problems.into_result(signer);
    }
    let serial_no = problems.note(value(SERIAL_NO));
    if let Some(serial_no) = &serial_no {
        problems.note_about("serial_no", RsaSigner::from_pem(ANY_MCHID, serial_no, ""));
    }
    let all = mchid.zip(serial_no).zip(key).filter(|_| problems.0.is_empty());
    let signer = all.and_then(|((mchid, serial_no), key)| {
        problems.note(name_variable(RsaSigner::from_pem(mchid, serial_no, key)))
    });
    problems.into_result(signer)
}

/// The library leaves the form of a merchant number to WeChat Pay; a misplaced setting is found here.
fn mchid() -> Result<String> {
    let mchid = value("WECHATPAY_MCHID")?;
    if mchid.len() > MCHID_LENGTH || !mchid.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            "WECHATPAY_MCHID: mchid must be the merchant number (商户号), which has digits only"
                .into(),
        );
    }
    Ok(mchid)
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
    let mut problems = Problems::default();
    let mut keys = PlatformKeys::none();
    if has_certificate {
        let certificate = content(CERTIFICATE);
        let with = certificate.and_then(|it| name_variable(keys.clone().with_certificate(it)));
        keys = problems.note(with).unwrap_or(keys);
    }
    if !has_certificate || optional(id).is_some() || optional(key).is_some() {
        let (id, key) = (problems.note(value(id)), problems.note(content(key)));
        if let Some(id) = &id {
            problems.note_about("public_key_id", PlatformKeys::none().with_public_key(id, ""));
        }
        if let Some(key) = &key {
            let alone = PlatformKeys::none().with_public_key(ANY_PUBLIC_KEY_ID, key);
            problems.note_about("public_key", alone);
        }
        if let (Some(id), Some(key), true) = (id, key, problems.0.is_empty()) {
            let with = name_variable(keys.clone().with_public_key(&id, key));
            keys = problems.note(with).unwrap_or(keys);
        }
    }
    problems.into_result(Some(keys))
}

/// The root certificates in `WECHATPAY_CA_FILE`, if it is set.
fn root_certificates() -> Result<Option<String>> {
    const FILE: &str = "WECHATPAY_CA_FILE";
    if optional(FILE).is_none() {
        return Ok(None);
    }
    let text = String::from_utf8(content(FILE)?);
    Ok(Some(text.map_err(|_| format!("{FILE}: root_certificates must be PEM, which is UTF-8"))?))
}

/// Checks the base URL and the root certificates.
fn host(base_url: &str, root_certificates: Option<String>) -> Result<()> {
    let mut options = HttpOptions::default();
    options.root_certificates = root_certificates;
    let transport = name_variable(UreqTransport::new(&options))?;
    name_variable(Gateway::at(base_url, PlatformKeys::none(), transport)).map(drop)
}

/// The value of a variable, without white space at its end; `None` if it is not set or empty.
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    let value = match FILE.get() {
        Some(file) => file.settings.get(name)?.clone(),
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
    let mut problems = Problems::default();
    let value = problems.note(value(name));
    problems.into_result(value)
}

/// The value of a variable that must be set; the error does not list others.
fn value(name: &str) -> Result<String> {
    optional(name).ok_or_else(|| {
        let what = SETTINGS.iter().find(|(known, ..)| *known == name).map_or("", |it| it.2);
        format!("{name} is not set; set it to {what}").into()
    })
}

fn misspelt(name: &str) -> String {
    format!("{name} is set, but is not a setting, check its spelling")
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
    let mut problems = Problems::default();
    let content = problems.note(content(name));
    problems.into_result(content)
}

fn content(name: &str) -> Result<Vec<u8>> {
    let path = value(name)?;
    fs::read(&path).map_err(|error| format!("{name}: {path} cannot be read: {error}").into())
}

/// The result of the library, in whose error an invalid value is named by its variable.
///
/// # Errors
///
/// The same as the library's.
pub fn name_variable<T>(value: std::result::Result<T, wechatpay::Error>) -> Result<T> {
    value.map_err(|error| match SETTINGS.iter().find(|(_, known, _)| *known == path_of(&error)) {
        Some((name, ..)) => format!("{name}: {error}").into(),
        None => error.into(),
    })
}

/// The name of the value that the library's error is about; empty if it is about none.
fn path_of(error: &wechatpay::Error) -> &str {
    let wechatpay::ErrorKind::Invalid(invalid) = error.kind() else { return "" };
    invalid.violations().first().map_or("", |violation| &violation.path)
}

/// mchid is string(32): [m/4013070347](https://pay.weixin.qq.com/doc/v3/merchant/4013070347).
const MCHID_LENGTH: usize = 32;
/// Valid, so that the value beside it is checked alone.
const ANY_MCHID: &str = "1900000109";
const ANY_SERIAL_NO: &str = "00";
const ANY_PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0";

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
