//! What is wrong with the settings, the keys, the clock or the host, in plain words.

use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use wechatpay::v2::HmacSha256Key;
use wechatpay::{
    ApiError, ApiV3Key, AppId, Code, Error, Gateway, HttpOptions, NotifyUrl, OutTradeNo,
    PlatformKeys, RsaSigner, Time, Untrusted, UreqTransport, pay,
};

use crate::session::Session;
use wechatpay_sandbox::settings::{self, Settings, file, named, platform_keys, set, text};

/// Everything that was looked at.
#[derive(Default)]
pub(crate) struct Report(Vec<Finding>);

struct Finding {
    what: &'static str,
    /// Nothing if it was not looked at.
    is_good: Option<bool>,
    words: String,
}

/// Looks at each setting by itself, then asks WeChat Pay for an order that does not exist: that
/// changes nothing, and needs everything.
pub(crate) fn examine() -> Report {
    let mut report = Report::default();
    if settings::any_set() {
        report.look_for_strangers();
        report.look_at_settings();
    } else {
        report.skip("settings", "nothing is set, so the sandbox is used");
    }
    if report.is_good() {
        report.ask();
    } else {
        report.skip("host", "not asked before the rest is right");
    }
    report
}

impl Report {
    pub(crate) fn to_json(&self) -> Value {
        let findings = self.0.iter().map(|finding| {
            let state = match finding.is_good {
                Some(true) => "ok",
                Some(false) => "wrong",
                None => "not checked",
            };
            json!({"check": finding.what, "state": state, "says": finding.words})
        });
        findings.collect()
    }

    /// Says what is wrong.
    pub(crate) fn status(&self) -> ExitCode {
        for finding in self.0.iter().filter(|finding| finding.is_good == Some(false)) {
            eprintln!("wrong: {}: {}", finding.what, finding.words);
        }
        if self.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn is_good(&self) -> bool {
        self.0.iter().all(|finding| finding.is_good != Some(false))
    }

    fn look_for_strangers(&mut self) {
        let strangers = settings::strangers();
        if !strangers.is_empty() {
            self.skip("other settings", format!("{}: not of this program", strangers.join(", ")));
        }
    }

    fn look_at_settings(&mut self) {
        self.note("host", host(), "of the right form");
        let appid = text("WECHATPAY_APPID").and_then(|it| named(AppId::new(it)));
        self.note("appid", appid, "of the right form; only an order shows whether it is bound");
        let notify_url = text("WECHATPAY_NOTIFY_URL").and_then(|it| named(NotifyUrl::new(it)));
        self.note("notify_url", notify_url, "of the right form");
        let merchant = settings::signer();
        let is_merchant_good = merchant.is_ok();
        self.note("merchant and private key", merchant, "the key can sign");
        if set("WECHATPAY_CERT_FILE").is_none() {
            let words = "set WECHATPAY_CERT_FILE (apiclient_cert.pem) to hold it against the key";
            self.skip("merchant's certificate", words);
        } else if is_merchant_good || file("WECHATPAY_CERT_FILE").is_err() {
            self.note("merchant's certificate", certificate(), "of the key and the serial number");
        } else {
            self.skip("merchant's certificate", "not looked at before the private key is right");
        }
        self.note("WeChat Pay's keys", own_keys(), "they can be read");
        if set("WECHATPAY_API_V3_KEY").is_some() {
            let key = text("WECHATPAY_API_V3_KEY").and_then(|key| named(ApiV3Key::new(key)));
            let words =
                "of the right form; only certificates and notifications show whether it is right";
            self.note("APIv3 key", key, words);
        } else {
            self.skip(
                "APIv3 key",
                "WECHATPAY_API_V3_KEY is not set; only notifications and certificates need it",
            );
        }
        if set("WECHATPAY_V2_KEY").is_some() {
            let key = text("WECHATPAY_V2_KEY").and_then(|key| named(HmacSha256Key::new("1", key)));
            self.note(
                "APIv2 key",
                key,
                "of the right form; only a call of v2 shows whether it is right",
            );
        } else {
            self.skip("APIv2 key", "WECHATPAY_V2_KEY is not set; only v2 needs it");
        }
    }

    fn ask(&mut self) {
        let session = match Settings::load().map_err(|error| error.to_string()) {
            Ok(settings) => Session::of(settings).map_err(|failure| failure.what()),
            Err(words) => Err(words),
        };
        let session = match session {
            Ok(session) => session,
            Err(words) => return self.add("settings", Some(false), words),
        };
        let number = match OutTradeNo::new("wechatpay-doctor") {
            Ok(number) => number,
            Err(error) => return self.add("host", Some(false), error.to_string()),
        };
        let url = &session.settings.notify_url;
        self.skip(
            "notifications",
            format!("go to {url}; only WeChat Pay can tell whether they arrive"),
        );
        let answer = pay::query(session.signer(), &session.gateway, &number).map(drop);
        let clock = skew(&session);
        match clock {
            Some(seconds) if seconds.unsigned_abs() > WINDOW_SECONDS => {
                return self.add("clock", Some(false), wrong_clock(seconds));
            }
            Some(seconds) => self.add("clock", Some(true), format!("{seconds} seconds off")),
            None => self.skip("clock", "the answer does not tell the time"),
        }
        let (what, is_good, words) = verdict(answer, session.gateway.base_url());
        self.add(what, Some(is_good), words);
    }

    fn note<T, E: std::fmt::Display>(
        &mut self,
        what: &'static str,
        found: Result<T, E>,
        good: &'static str,
    ) {
        match found {
            Ok(_) => self.add(what, Some(true), good.to_owned()),
            Err(error) => self.add(what, Some(false), error.to_string()),
        }
    }

    fn skip(&mut self, what: &'static str, words: impl Into<String>) {
        self.add(what, None, words.into());
    }

    fn add(&mut self, what: &'static str, is_good: Option<bool>, words: String) {
        self.0.push(Finding { what, is_good, words });
    }
}

fn host() -> Result<(), Box<dyn std::error::Error>> {
    let base_url = settings::base_url()?;
    let mut options = HttpOptions::default();
    if set("WECHATPAY_CA_FILE").is_some() {
        options.root_certificates = Some(String::from_utf8(file("WECHATPAY_CA_FILE")?)?);
    }
    let transport = named(UreqTransport::new(&options))?;
    named(Gateway::at(&base_url, PlatformKeys::none(), transport)).map(drop)
}

/// A platform certificate is easily taken for the merchant's own.
fn own_keys() -> Result<(), Box<dyn std::error::Error>> {
    let names = ("WECHATPAY_PLATFORM_CERT_FILE", "WECHATPAY_CERT_FILE");
    if let (Some(_), Some(_)) = (set(names.0), set(names.1)) {
        if file(names.0)? == file(names.1)? {
            let words =
                format!("{} is the merchant's; set it to WeChat Pay's, wechatpay_….pem", names.0);
            return Err(words.into());
        }
    }
    platform_keys().map(drop)
}

fn certificate() -> Result<(), Box<dyn std::error::Error>> {
    let (certificate, key) = (file("WECHATPAY_CERT_FILE")?, file("WECHATPAY_PRIVATE_KEY_FILE")?);
    let signer = named(RsaSigner::from_certificate(text("WECHATPAY_MCHID")?, certificate, key))?;
    let is_same = |one: &str, other: &str| {
        one.trim_start_matches('0').eq_ignore_ascii_case(other.trim_start_matches('0'))
    };
    let right = signer.serial_no();
    if set("WECHATPAY_SERIAL_NO").is_none_or(|serial_no| is_same(right, &serial_no)) {
        Ok(())
    } else {
        Err(format!("WECHATPAY_SERIAL_NO is not that of the certificate, which is {right}").into())
    }
}

/// What the answer to a harmless query shows.
fn verdict(answer: Result<(), Error>, base_url: &str) -> (&'static str, bool, String) {
    const GOOD: &str = "signed, answered and believed";
    match answer {
        Ok(()) => ("host and keys", true, GOOD.to_owned()),
        Err(Error::Api(error)) if error.signed && error.status == 404 => {
            ("host and keys", true, GOOD.to_owned())
        }
        Err(Error::Api(error)) if error.code == Code::SIGN_ERROR => wrong_sign(&error),
        Err(Error::Untrusted { reason: Untrusted::Stale { skew_seconds }, .. }) => {
            ("clock", false, wrong_clock(skew_seconds))
        }
        Err(Error::Untrusted { reason: Untrusted::UnknownSerial(serial), .. }) => (
            "WeChat Pay's keys",
            false,
            if serial.starts_with("PUB_KEY_ID_") {
                format!(
                    "WeChat Pay signs with the public key {serial:?}; set WECHATPAY_PUBLIC_KEY_ID \
                     and WECHATPAY_PUBLIC_KEY_FILE to that key"
                )
            } else {
                format!(
                    "WeChat Pay signs with the platform certificate {serial:?}; set \
                     WECHATPAY_PLATFORM_CERT_FILE to it, or WECHATPAY_PUBLIC_KEY_ID to the very id \
                     that the merchant platform shows"
                )
            },
        ),
        Err(Error::Api(error)) if error.signed && error.message.contains("Wechatpay-Serial") => (
            "WeChat Pay's keys",
            false,
            format!(
                "{error}; WeChat Pay does not know the key that it was asked to sign with: look \
                 whether WECHATPAY_PUBLIC_KEY_ID is the one that the merchant platform shows"
            ),
        ),
        Err(error @ Error::Untrusted { reason: Untrusted::Signature { .. }, .. }) => (
            "WeChat Pay's keys",
            false,
            format!(
                "{error}; look whether WECHATPAY_PUBLIC_KEY_FILE is the key of \
                 WECHATPAY_PUBLIC_KEY_ID"
            ),
        ),
        Err(Error::Transport(error)) => unreached(&error.to_string(), base_url),
        Err(error) => ("host and keys", false, error.to_string()),
    }
}

/// Asking changes nothing, so what may have become of the request is left out.
fn unreached(words: &str, base_url: &str) -> (&'static str, bool, String) {
    let (words, _) = words.split_once("; ").unwrap_or((words, ""));
    let is = |part: &str| words.contains(part);
    let (what, advice) = if is("not valid yet") || is("expired") {
        ("clock", "set this machine's clock, by which the host's certificate is not valid")
    } else if is("UnknownIssuer") || is("BadSignature") {
        (
            "host",
            "set WECHATPAY_CA_FILE to the authority of a host of your own, or leave it out for \
                  WeChat Pay's; a proxy that opens TLS looks like this too",
        )
    } else if is("not valid for name") {
        ("host", "look at WECHATPAY_BASE_URL, for another host answers there")
    } else if is("lookup") || is("such host") {
        ("host", "look at WECHATPAY_BASE_URL, whose name is not found, and at the network")
    } else if is("refused") {
        ("host", "look at WECHATPAY_BASE_URL, where nobody listens, and for a firewall")
    } else {
        ("host", "look at WECHATPAY_BASE_URL, the network and its proxy")
    };
    (what, false, format!("{base_url} cannot be asked: {words}; {advice}"))
}

fn wrong_sign(error: &ApiError) -> (&'static str, bool, String) {
    if error.message.contains("timestamp") {
        let words = "WeChat Pay takes the time of the request for wrong; set this machine's clock";
        return ("clock", false, words.to_owned());
    }
    let words = format!(
        "{error}; look whether WECHATPAY_SERIAL_NO is the certificate of \
         WECHATPAY_PRIVATE_KEY_FILE, and both are of WECHATPAY_MCHID"
    );
    ("merchant and private key", false, words)
}

/// By how many seconds this machine's clock is ahead of the host's, which nobody signed.
fn skew(session: &Session) -> Option<i64> {
    let date = session.answered_header("Date")?;
    let theirs = httpdate::parse_http_date(&date).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Time::now().ok()?.unix_seconds().checked_sub_unsigned(theirs.as_secs())
}

fn wrong_clock(ahead: i64) -> String {
    let side = if ahead < 0 { "behind" } else { "ahead of" };
    format!(
        "this machine's clock is {} seconds {side} WeChat Pay's, and five minutes are allowed; \
         set it",
        ahead.unsigned_abs()
    )
}

const WINDOW_SECONDS: u64 = 300;
