//! Checks of the settings, the keys, the clock and the connection.

use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::v2::{self, HmacSha256Key};
use wechatpay::{
    ApiError, ApiV3Key, AppId, Code, Error, ErrorKind, Gateway, HttpOptions, NotifyUrl, OutTradeNo,
    PlatformKeys, RsaSigner, Signer, Time, Untrusted, UreqTransport, pay,
};

use wechatpay_sandbox::settings::{
    self, file_content, name_variable, optional, platform_keys, required,
};

use crate::language::language;
use crate::output::Output;
use crate::session::{Session, no_setting, wants_sandbox};
use crate::terminal::print_line;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Checks settings, keys, clock and connection, and reports what is wrong
    ///
    /// It sends a query for an order that does not exist, in APIv2 as well if its key is set. That changes nothing. The exit status is 1
    /// if there is a problem.
    Doctor,
}

impl Verb {
    pub(crate) fn run(self) -> crate::failure::Result<Output> {
        let Self::Doctor = self;
        let report = examine();
        report.print_problems();
        Ok(Output::read(Ok(report.to_json()))?.with_status(report.status()))
    }
}

/// A text in English and in Chinese.
type Text = (&'static str, &'static str);

/// The text in the language of this run.
fn choose((english, chinese): Text) -> String {
    language().choose(english, chinese).to_owned()
}

/// The results of all checks.
#[derive(Default)]
struct Report(Vec<Finding>);

struct Finding {
    check: &'static str,
    state: State,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// Works now, and should be changed.
    Warning,
    Problem,
    NotChecked,
}

/// Checks each setting by itself, and then sends a query for an order that does not exist: it changes
/// nothing, and needs everything.
fn examine() -> Report {
    let mut report = Report::default();
    if wants_sandbox() {
        report.skip("settings", choose(("the sandbox is used", "使用沙箱")));
    } else if settings::is_any_set() {
        report.check_unknown_settings();
        report.check_settings();
    } else {
        report.add("settings", State::Problem, no_setting());
    }
    if report.is_ok() {
        report.check_connection();
    } else {
        report.skip(
            "host",
            choose(("not checked until the other problems are solved", "其他问题解决之后再检查")),
        );
    }
    report
}

impl Report {
    fn to_json(&self) -> Value {
        let findings = self.0.iter().map(|finding| {
            let state = match finding.state {
                State::Ok => "ok",
                State::Warning => "warning",
                State::Problem => "problem",
                State::NotChecked => "not checked",
            };
            json!({"check": finding.check, "state": state, "message": finding.message})
        });
        findings.collect()
    }

    fn print_problems(&self) {
        for finding in &self.0 {
            let kind = match finding.state {
                State::Problem => language().choose("problem: ", "问题："),
                State::Warning => language().choose("warning: ", "警告："),
                State::Ok | State::NotChecked => continue,
            };
            let colon = language().choose(": ", "：");
            print_line(format_args!("{kind}{}{colon}{}", finding.check, finding.message));
        }
    }

    fn status(&self) -> ExitCode {
        if self.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn is_ok(&self) -> bool {
        self.0.iter().all(|finding| finding.state != State::Problem)
    }

    fn check_unknown_settings(&mut self) {
        let unknown = settings::unknown_names();
        if !unknown.is_empty() {
            self.skip(
                "unknown settings",
                language().choose(
                    format!("{}: not a setting of this program", unknown.join(", ")),
                    format!("{}：不是本程序的配置项", unknown.join("、")),
                ),
            );
        }
    }

    fn check_settings(&mut self) {
        self.note("host", host(), VALID);
        let appid = required("WECHATPAY_APPID").and_then(|it| name_variable(AppId::new(it)));
        let message = (
            "valid; only an order shows whether it is bound to the merchant",
            "格式有效；是否与商户号绑定，下单时才知道",
        );
        self.note("appid", appid, message);
        let notify_url =
            required("WECHATPAY_NOTIFY_URL").and_then(|it| name_variable(NotifyUrl::new(it)));
        self.note("notify_url", notify_url, VALID);
        let merchant = settings::signer();
        let is_merchant_good = merchant.is_ok();
        let message = ("the key can sign", "私钥可以签名");
        self.note("merchant and private key", merchant, message);
        if optional("WECHATPAY_CERT_FILE").is_none() {
            let message = (
                "set WECHATPAY_CERT_FILE (apiclient_cert.pem) to check it against the key",
                "设置 WECHATPAY_CERT_FILE（apiclient_cert.pem），可以检查证书与私钥是否配对",
            );
            self.skip("merchant's certificate", choose(message));
        } else if is_merchant_good || file_content("WECHATPAY_CERT_FILE").is_err() {
            let message = ("belongs to the key and the serial number", "与私钥和证书序列号一致");
            self.note("merchant's certificate", certificate(), message);
        } else {
            let message = ("not checked until the private key is valid", "私钥有效之后再检查");
            self.skip("merchant's certificate", choose(message));
        }
        if let Some(warning) = readable_by_others("WECHATPAY_PRIVATE_KEY_FILE") {
            self.add("private key file", State::Warning, warning);
        }
        let keys = wechatpay_keys();
        if let (Ok(keys), Ok(now)) = (&keys, Time::now()) {
            for (serial_no, not_after) in keys.expired(now) {
                let message = language().choose(
                    format!(
                        "the platform certificate {serial_no} expired at {not_after}; download the \
                         new one with `certificates`, and set WECHATPAY_PLATFORM_CERT_FILE to it"
                    ),
                    format!(
                        "平台证书 {serial_no} 已于 {not_after} 过期；用 `certificates` 下载新证书，\
                         并把 WECHATPAY_PLATFORM_CERT_FILE 改为新证书"
                    ),
                );
                self.add("platform certificate", State::Warning, message);
            }
        }
        self.note(WECHATPAY_KEYS, keys, ("can be read", "可以读取"));
        if optional("WECHATPAY_API_V3_KEY").is_some() {
            let key =
                required("WECHATPAY_API_V3_KEY").and_then(|key| name_variable(ApiV3Key::new(key)));
            let message = (
                "valid; only `certificates` and `notification` show whether it is correct",
                "格式有效；是否正确，用 `certificates` 或 `notification` 时才知道",
            );
            self.note("APIv3 key", key, message);
        } else {
            let message = (
                "WECHATPAY_API_V3_KEY is not set; only `certificates` and `notification` need it",
                "没有设置 WECHATPAY_API_V3_KEY；只有 `certificates` 和 `notification` 需要它",
            );
            self.skip("APIv3 key", choose(message));
        }
        if optional("WECHATPAY_V2_KEY").is_some() {
            let key = required("WECHATPAY_V2_KEY")
                .and_then(|key| name_variable(HmacSha256Key::new("1", key)));
            self.note("APIv2 key", key, VALID);
        } else {
            let message = (
                "WECHATPAY_V2_KEY is not set; only `v2` needs it",
                "没有设置 WECHATPAY_V2_KEY；只有 `v2` 需要它",
            );
            self.skip("APIv2 key", choose(message));
        }
    }

    fn check_connection(&mut self) {
        let session = match Session::open().map_err(|failure| failure.what()) {
            Ok(session) => session,
            Err(message) => return self.add("settings", State::Problem, message),
        };
        let number = match OutTradeNo::new("wechatpay-doctor") {
            Ok(number) => number,
            Err(error) => return self.add("host", State::Problem, error.to_string()),
        };
        let url = &session.settings.notify_url;
        self.skip(
            "notifications",
            language().choose(
                format!("sent to {url}; only a real payment shows whether they arrive"),
                format!("发送到 {url}；能否收到，真实支付时才知道"),
            ),
        );
        let result = pay::query(session.signer(), &session.gateway, &number).map(drop);
        match clock_skew(&session) {
            Some(seconds) if seconds.unsigned_abs() > WINDOW_SECONDS => {
                return self.add("clock", State::Problem, wrong_clock(seconds));
            }
            Some(seconds) => {
                let message = language()
                    .choose(format!("{seconds} seconds off"), format!("相差 {seconds} 秒"));
                self.add("clock", State::Ok, message);
            }
            None => {
                let message = ("the response has no valid Date header", "应答头 Date 缺失或无效");
                self.skip("clock", choose(message));
            }
        }
        self.0.push(diagnosis(result, session.gateway.base_url()));
        if self.is_ok()
            && (session.settings.sandbox.is_some() || optional("WECHATPAY_V2_KEY").is_some())
        {
            self.check_v2_call(&session, &number);
        }
    }

    /// Sends the same query in APIv2, whose key only a call can check.
    fn check_v2_call(&mut self, session: &Session, number: &OutTradeNo) {
        let (check, appid) = ("APIv2 call", &session.settings.appid);
        let key = session.v2_key().map_err(|failure| failure.what());
        let signer = key.and_then(|key| {
            HmacSha256Key::new(session.signer().mchid(), key).map_err(|error| error.to_string())
        });
        let signer = match signer {
            Ok(signer) => signer,
            Err(message) => return self.add(check, State::Problem, message),
        };
        match v2::pay::query(&signer, &session.v2_gateway, appid, number).map(drop) {
            Ok(()) => self.add(check, State::Ok, choose(ACCEPTED)),
            Err(error) => match error.api() {
                Some(api) if api.signed => self.add(check, State::Ok, choose(ACCEPTED)),
                Some(api) if api.message.contains("签名") || api.code == Code::SIGN_ERROR => {
                    let message = language().choose(
                        format!(
                            "{error}; check that WECHATPAY_V2_KEY is the APIv2 key (APIv2密钥) on \
                             the merchant platform"
                        ),
                        format!("{error}；检查 WECHATPAY_V2_KEY 是否为商户平台上的 APIv2密钥"),
                    );
                    self.add("APIv2 key", State::Problem, message);
                }
                _ => self.add(check, State::Problem, error.to_string()),
            },
        }
    }

    fn note<T, E: std::fmt::Display>(
        &mut self,
        check: &'static str,
        result: Result<T, E>,
        message: Text,
    ) {
        match result {
            Ok(_) => self.add(check, State::Ok, choose(message)),
            Err(error) => self.add(check, State::Problem, error.to_string()),
        }
    }

    fn skip(&mut self, check: &'static str, message: String) {
        self.add(check, State::NotChecked, message);
    }

    fn add(&mut self, check: &'static str, state: State, message: String) {
        self.0.push(Finding { check, state, message });
    }
}

impl Finding {
    fn problem(check: &'static str, message: String) -> Self {
        Self { check, state: State::Problem, message }
    }
}

fn host() -> Result<(), Box<dyn std::error::Error>> {
    let base_url = settings::base_url()?;
    let mut options = HttpOptions::default();
    if optional("WECHATPAY_CA_FILE").is_some() {
        options.root_certificates = Some(String::from_utf8(file_content("WECHATPAY_CA_FILE")?)?);
    }
    let transport = name_variable(UreqTransport::new(&options))?;
    name_variable(Gateway::at(&base_url, PlatformKeys::none(), transport)).map(drop)
}

/// The merchant's certificate is easily mistaken for the platform certificate.
fn wechatpay_keys() -> Result<PlatformKeys, Box<dyn std::error::Error>> {
    let names = ("WECHATPAY_PLATFORM_CERT_FILE", "WECHATPAY_CERT_FILE");
    if let (Some(_), Some(_)) = (optional(names.0), optional(names.1)) {
        if file_content(names.0)? == file_content(names.1)? {
            let message = language().choose(
                format!(
                    "{} is the merchant's certificate; set it to WeChat Pay's, wechatpay_….pem",
                    names.0
                ),
                format!("{} 是商户证书；应为微信支付的平台证书 wechatpay_….pem", names.0),
            );
            return Err(message.into());
        }
    }
    platform_keys()
}

/// The warning about a file that other users of the machine can read.
#[cfg(unix)]
fn readable_by_others(name: &str) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let path = optional(name)?;
    let mode = std::fs::metadata(&path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        language().choose(
            format!("other users can read {path}; run: chmod 600 {path}"),
            format!("其他用户可以读取 {path}，请执行：chmod 600 {path}"),
        )
    })
}

#[cfg(not(unix))]
fn readable_by_others(_: &str) -> Option<String> {
    None
}

fn certificate() -> Result<(), Box<dyn std::error::Error>> {
    let (certificate, key) =
        (file_content("WECHATPAY_CERT_FILE")?, file_content("WECHATPAY_PRIVATE_KEY_FILE")?);
    let signer =
        name_variable(RsaSigner::from_certificate(required("WECHATPAY_MCHID")?, certificate, key))?;
    let is_same = |one: &str, other: &str| {
        one.trim_start_matches('0').eq_ignore_ascii_case(other.trim_start_matches('0'))
    };
    let right = signer.serial_no();
    if optional("WECHATPAY_SERIAL_NO").is_none_or(|serial_no| is_same(right, &serial_no)) {
        Ok(())
    } else {
        let message = language().choose(
            format!(
                "WECHATPAY_SERIAL_NO is not the serial number of the certificate; set it to {right}"
            ),
            format!("WECHATPAY_SERIAL_NO 不是该证书的序列号，应为 {right}"),
        );
        Err(message.into())
    }
}

/// What the result of the query shows.
fn diagnosis(result: Result<(), Error>, base_url: &str) -> Finding {
    let ok = || Finding { check: "host and keys", state: State::Ok, message: choose(ACCEPTED) };
    let Err(error) = result else { return ok() };
    match error.kind() {
        ErrorKind::Api(api) if api.signed && api.status == 404 => ok(),
        ErrorKind::Api(api) if api.code == Code::SIGN_ERROR => wrong_signature(api),
        ErrorKind::Untrusted { reason: Untrusted::Stale { skew_seconds }, .. } => {
            Finding::problem("clock", wrong_clock(*skew_seconds))
        }
        ErrorKind::Untrusted { reason: Untrusted::UnknownSerial(serial), .. } => {
            Finding::problem(WECHATPAY_KEYS, unknown_serial(serial))
        }
        ErrorKind::Api(api) if api.signed && api.message.contains("Wechatpay-Serial") => {
            let message = language().choose(
                format!(
                    "{error}; WeChat Pay does not know the requested key; check that \
                     WECHATPAY_PUBLIC_KEY_ID is the ID on the merchant platform"
                ),
                format!(
                    "{error}；微信支付没有请求所指定的密钥，检查 WECHATPAY_PUBLIC_KEY_ID \
                     是否为商户平台上的公钥ID"
                ),
            );
            Finding::problem(WECHATPAY_KEYS, message)
        }
        ErrorKind::Untrusted { reason: Untrusted::Signature { .. }, .. } => {
            let message = language().choose(
                format!(
                    "{error}; check that WECHATPAY_PUBLIC_KEY_FILE is the key of \
                     WECHATPAY_PUBLIC_KEY_ID"
                ),
                format!(
                    "{error}；检查 WECHATPAY_PUBLIC_KEY_FILE 与 WECHATPAY_PUBLIC_KEY_ID 是否对应"
                ),
            );
            Finding::problem(WECHATPAY_KEYS, message)
        }
        ErrorKind::Transport(lost) => unreachable_host(&lost.to_string(), base_url),
        _ => Finding::problem("host and keys", error.to_string()),
    }
}

fn unknown_serial(serial: &str) -> String {
    if serial.starts_with("PUB_KEY_ID_") {
        language().choose(
            format!(
                "WeChat Pay signs with the public key {serial:?}; set WECHATPAY_PUBLIC_KEY_ID and \
                 WECHATPAY_PUBLIC_KEY_FILE to that key"
            ),
            format!(
                "微信支付用公钥 {serial:?} 签名；把 WECHATPAY_PUBLIC_KEY_ID 和 \
                 WECHATPAY_PUBLIC_KEY_FILE 设为这把公钥"
            ),
        )
    } else {
        language().choose(
            format!(
                "WeChat Pay signs with the platform certificate {serial:?}; set \
                 WECHATPAY_PLATFORM_CERT_FILE to it, or set WECHATPAY_PUBLIC_KEY_ID to the exact ID \
                 on the merchant platform"
            ),
            format!(
                "微信支付用平台证书 {serial:?} 签名；把 WECHATPAY_PLATFORM_CERT_FILE 设为这张证书，\
                 或者把 WECHATPAY_PUBLIC_KEY_ID 设为商户平台上的公钥ID，一字不差"
            ),
        )
    }
}

/// The query changes nothing, so the part of the error about its outcome is left out.
fn unreachable_host(error: &str, base_url: &str) -> Finding {
    let (cause, _) = error.split_once("; ").unwrap_or((error, ""));
    let contains = |part: &str| cause.contains(part);
    let (check, advice) = if contains("not valid yet") || contains("expired") {
        let text = (
            "the host's certificate is not valid now; check the system clock",
            "对方的证书此刻无效，检查系统时钟",
        );
        ("clock", text)
    } else if contains("UnknownIssuer") || contains("BadSignature") {
        let text = (
            "set WECHATPAY_CA_FILE to the certificate authority of a private host, or unset it for \
             WeChat Pay's; check also for a proxy that intercepts TLS",
            "私有主机要设置 WECHATPAY_CA_FILE，微信支付则不要设置；也检查是否有代理拦截 TLS",
        );
        ("host", text)
    } else if contains("not valid for name") {
        let text = (
            "check WECHATPAY_BASE_URL; a different host responds there",
            "检查 WECHATPAY_BASE_URL，应答的是另一台主机",
        );
        ("host", text)
    } else if contains("cannot be resolved") {
        let text = (
            "check the host name in WECHATPAY_BASE_URL, and the network",
            "检查 WECHATPAY_BASE_URL 中的域名，以及网络",
        );
        ("host", text)
    } else if contains("refused") {
        let text = (
            "check WECHATPAY_BASE_URL, where no server listens, and the firewall",
            "检查 WECHATPAY_BASE_URL（该处没有服务器），以及防火墙",
        );
        ("host", text)
    } else {
        let text = (
            "check WECHATPAY_BASE_URL, the network and its proxy",
            "检查 WECHATPAY_BASE_URL、网络和代理",
        );
        ("host", text)
    };
    let advice = choose(advice);
    let message = language().choose(
        format!("cannot reach {base_url}: {cause}; {advice}"),
        format!("无法连接 {base_url}：{cause}；{advice}"),
    );
    Finding::problem(check, message)
}

fn wrong_signature(error: &ApiError) -> Finding {
    if error.message.contains("timestamp") {
        let message = (
            "WeChat Pay rejected the request's timestamp; correct the system clock",
            "微信支付拒绝了请求的时间戳，校准系统时钟",
        );
        return Finding::problem("clock", choose(message));
    }
    let message = language().choose(
        format!(
            "{error}; check that WECHATPAY_SERIAL_NO is the certificate of \
             WECHATPAY_PRIVATE_KEY_FILE, and that both belong to WECHATPAY_MCHID"
        ),
        format!(
            "{error}；检查 WECHATPAY_SERIAL_NO 与 WECHATPAY_PRIVATE_KEY_FILE 是否配对，\
             以及两者是否属于 WECHATPAY_MCHID"
        ),
    );
    Finding::problem("merchant and private key", message)
}

/// The seconds by which the system clock is ahead of the host's `Date` header, which is not signed.
fn clock_skew(session: &Session) -> Option<i64> {
    let date = session.response_header("Date")?;
    let theirs = httpdate::parse_http_date(&date).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Time::now().ok()?.unix_seconds().checked_sub_unsigned(theirs.as_secs())
}

fn wrong_clock(ahead: i64) -> String {
    let seconds = ahead.unsigned_abs();
    let (side, chinese_side) = if ahead < 0 { ("behind", "慢") } else { ("ahead of", "快") };
    language().choose(
        format!(
            "the system clock is {seconds} seconds {side} WeChat Pay's, and at most five minutes \
             are allowed; correct it"
        ),
        format!("系统时钟比微信支付{chinese_side} {seconds} 秒，最多允许相差五分钟，请校准"),
    )
}

/// How far the clocks may differ:
/// <https://pay.weixin.qq.com/doc/v3/merchant/4013053249>
const WINDOW_SECONDS: u64 = 300;
const ACCEPTED: Text =
    ("the request was accepted, and the response was verified", "请求已被接受，应答已通过验签");
const WECHATPAY_KEYS: &str = "WeChat Pay's keys";
const VALID: Text = ("valid", "有效");
