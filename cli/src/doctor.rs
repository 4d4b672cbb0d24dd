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
    self, Settings, file_content, name_variable, optional, platform_keys, required,
};

use crate::language::language;
use crate::output::Output;
use crate::session::Session;
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
    if settings::is_any_set() {
        report.check_unknown_settings();
        report.check_settings();
    } else {
        report.skip("settings", "no setting is set; the sandbox is used");
    }
    if report.is_ok() {
        report.check_connection();
    } else {
        report.skip("host", "not checked until the other problems are solved");
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
            print_line(format_args!("{kind}{}: {}", finding.check, finding.message));
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
                format!("{}: not a setting of this program", unknown.join(", ")),
            );
        }
    }

    fn check_settings(&mut self) {
        self.note("host", host(), VALID);
        let appid = required("WECHATPAY_APPID").and_then(|it| name_variable(AppId::new(it)));
        self.note("appid", appid, "valid; only an order shows whether it is bound to the merchant");
        let notify_url =
            required("WECHATPAY_NOTIFY_URL").and_then(|it| name_variable(NotifyUrl::new(it)));
        self.note("notify_url", notify_url, VALID);
        let merchant = settings::signer();
        let is_merchant_good = merchant.is_ok();
        self.note("merchant and private key", merchant, "the key can sign");
        if optional("WECHATPAY_CERT_FILE").is_none() {
            let message =
                "set WECHATPAY_CERT_FILE (apiclient_cert.pem) to check it against the key";
            self.skip("merchant's certificate", message);
        } else if is_merchant_good || file_content("WECHATPAY_CERT_FILE").is_err() {
            self.note(
                "merchant's certificate",
                certificate(),
                "belongs to the key and the serial number",
            );
        } else {
            self.skip("merchant's certificate", "not checked until the private key is valid");
        }
        if let Some(warning) = readable_by_others("WECHATPAY_PRIVATE_KEY_FILE") {
            self.add("private key file", State::Warning, warning);
        }
        let keys = wechatpay_keys();
        if let (Ok(keys), Ok(now)) = (&keys, Time::now()) {
            for (serial_no, not_after) in keys.expired(now) {
                let message = format!(
                    "the platform certificate {serial_no} expired at {not_after}; download the new \
                     one with `certificates`, and set WECHATPAY_PLATFORM_CERT_FILE to it"
                );
                self.add("platform certificate", State::Warning, message);
            }
        }
        self.note(WECHATPAY_KEYS, keys, "can be read");
        if optional("WECHATPAY_API_V3_KEY").is_some() {
            let key =
                required("WECHATPAY_API_V3_KEY").and_then(|key| name_variable(ApiV3Key::new(key)));
            let message =
                "valid; only `certificates` and `notification` show whether it is correct";
            self.note("APIv3 key", key, message);
        } else {
            self.skip(
                "APIv3 key",
                "WECHATPAY_API_V3_KEY is not set; only `certificates` and `notification` need it",
            );
        }
        if optional("WECHATPAY_V2_KEY").is_some() {
            let key = required("WECHATPAY_V2_KEY")
                .and_then(|key| name_variable(HmacSha256Key::new("1", key)));
            self.note("APIv2 key", key, VALID);
        } else {
            self.skip("APIv2 key", "WECHATPAY_V2_KEY is not set; only `v2` needs it");
        }
    }

    fn check_connection(&mut self) {
        let session = match Settings::load().map_err(|error| error.to_string()) {
            Ok(settings) => Session::new(settings).map_err(|failure| failure.what()),
            Err(message) => Err(message),
        };
        let session = match session {
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
            format!("sent to {url}; only a real payment shows whether they arrive"),
        );
        let result = pay::query(session.signer(), &session.gateway, &number).map(drop);
        match clock_skew(&session) {
            Some(seconds) if seconds.unsigned_abs() > WINDOW_SECONDS => {
                return self.add("clock", State::Problem, wrong_clock(seconds));
            }
            Some(seconds) => self.add("clock", State::Ok, format!("{seconds} seconds off")),
            None => self.skip("clock", "the response has no valid Date header"),
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
            Ok(()) => self.add(check, State::Ok, ACCEPTED.to_owned()),
            Err(error) => match error.api() {
                Some(api) if api.signed => self.add(check, State::Ok, ACCEPTED.to_owned()),
                Some(api) if api.message.contains("签名") || api.code == Code::SIGN_ERROR => {
                    let message = format!(
                        "{error}; check that WECHATPAY_V2_KEY is the APIv2 key (APIv2密钥) on the \
                         merchant platform"
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
        message: &'static str,
    ) {
        match result {
            Ok(_) => self.add(check, State::Ok, message.to_owned()),
            Err(error) => self.add(check, State::Problem, error.to_string()),
        }
    }

    fn skip(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, State::NotChecked, message.into());
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
            let message = format!(
                "{} is the merchant's certificate; set it to WeChat Pay's, wechatpay_….pem",
                names.0
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
    (mode & 0o077 != 0).then(|| format!("other users can read {path}; run: chmod 600 {path}"))
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
        let message = format!(
            "WECHATPAY_SERIAL_NO is not the serial number of the certificate; set it to {right}"
        );
        Err(message.into())
    }
}

/// What the result of the query shows.
fn diagnosis(result: Result<(), Error>, base_url: &str) -> Finding {
    let ok = || Finding { check: "host and keys", state: State::Ok, message: ACCEPTED.to_owned() };
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
            let message = format!(
                "{error}; WeChat Pay does not know the requested key; check that \
                 WECHATPAY_PUBLIC_KEY_ID is the ID on the merchant platform"
            );
            Finding::problem(WECHATPAY_KEYS, message)
        }
        ErrorKind::Untrusted { reason: Untrusted::Signature { .. }, .. } => {
            let message = format!(
                "{error}; check that WECHATPAY_PUBLIC_KEY_FILE is the key of \
                 WECHATPAY_PUBLIC_KEY_ID"
            );
            Finding::problem(WECHATPAY_KEYS, message)
        }
        ErrorKind::Transport(lost) => unreachable_host(&lost.to_string(), base_url),
        _ => Finding::problem("host and keys", error.to_string()),
    }
}

fn unknown_serial(serial: &str) -> String {
    if serial.starts_with("PUB_KEY_ID_") {
        format!(
            "WeChat Pay signs with the public key {serial:?}; set WECHATPAY_PUBLIC_KEY_ID and \
             WECHATPAY_PUBLIC_KEY_FILE to that key"
        )
    } else {
        format!(
            "WeChat Pay signs with the platform certificate {serial:?}; set \
             WECHATPAY_PLATFORM_CERT_FILE to it, or set WECHATPAY_PUBLIC_KEY_ID to the exact ID on \
             the merchant platform"
        )
    }
}

/// The query changes nothing, so the part of the error about its outcome is left out.
fn unreachable_host(error: &str, base_url: &str) -> Finding {
    let (cause, _) = error.split_once("; ").unwrap_or((error, ""));
    let contains = |part: &str| cause.contains(part);
    let (check, advice) = if contains("not valid yet") || contains("expired") {
        ("clock", "the host's certificate is not valid now; check the system clock")
    } else if contains("UnknownIssuer") || contains("BadSignature") {
        (
            "host",
            "set WECHATPAY_CA_FILE to the certificate authority of a private host, or unset it for \
             WeChat Pay's; check also for a proxy that intercepts TLS",
        )
    } else if contains("not valid for name") {
        ("host", "check WECHATPAY_BASE_URL; a different host responds there")
    } else if contains("lookup") || contains("such host") {
        ("host", "check the host name in WECHATPAY_BASE_URL, and the network")
    } else if contains("refused") {
        ("host", "check WECHATPAY_BASE_URL, where no server listens, and the firewall")
    } else {
        ("host", "check WECHATPAY_BASE_URL, the network and its proxy")
    };
    Finding::problem(check, format!("cannot reach {base_url}: {cause}; {advice}"))
}

fn wrong_signature(error: &ApiError) -> Finding {
    if error.message.contains("timestamp") {
        let message = "WeChat Pay rejected the request's timestamp; correct the system clock";
        return Finding::problem("clock", message.to_owned());
    }
    let message = format!(
        "{error}; check that WECHATPAY_SERIAL_NO is the certificate of WECHATPAY_PRIVATE_KEY_FILE, \
         and that both belong to WECHATPAY_MCHID"
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
    let side = if ahead < 0 { "behind" } else { "ahead of" };
    format!(
        "the system clock is {} seconds {side} WeChat Pay's, and at most five minutes are allowed; \
         correct it",
        ahead.unsigned_abs()
    )
}

/// How far the clocks may differ:
/// <https://pay.weixin.qq.com/doc/v3/merchant/4013053249>
const WINDOW_SECONDS: u64 = 300;
const ACCEPTED: &str = "the request was accepted, and the response was verified";
const WECHATPAY_KEYS: &str = "WeChat Pay's keys";
const VALID: &str = "valid";
