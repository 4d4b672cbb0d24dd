//! Notifications (回调通知).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::notify::Notification;
use wechatpay::{Time, notify};

use crate::failure::{Failure, Result};
use crate::input::read;
use crate::input_name::is_standard_input;
use crate::output::Output;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 回调通知: verifies and decrypts a notification
    #[command(alias = "notice")]
    Notification {
        /// File with the HTTP headers as a JSON object: {"Wechatpay-Nonce": "...", ...}
        #[arg(value_name = "HEADERS.json")]
        headers: PathBuf,
        /// File with the body, byte by byte as received; - is standard input, for one of the files
        body: PathBuf,
        /// When the notification was received, if not within the last five minutes: 2018-06-08T10:34:56+08:00
        /// or Unix seconds
        #[arg(long, value_name = "TIME")]
        received: Option<String>,
    },
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let Self::Notification { headers, body, received } = self;
        Output::read(open(session, &headers, &body, received.as_deref()))
    }
}

fn open(session: &Session, headers: &Path, body: &Path, received: Option<&str>) -> Result<Value> {
    if is_standard_input(headers) && is_standard_input(body) {
        let what = "only one of HEADERS.json and BODY can be standard input";
        return Err(Failure::Usage(what.to_owned()));
    }
    let headers = read_headers(headers)?;
    let received = received.map_or_else(|| Ok(Time::now()?), time)?;
    let body = read(body)?;
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let keys = &session.settings.keys;
    let event = notify::open(keys, &session.api_v3_key()?, headers, &body, received)
        .map_err(Failure::Notification)?;
    let resource: Value = serde_json::from_str(&event.json)
        .map_err(|_| Failure::Invalid("the resource of the notification is not JSON".to_owned()))?;
    Ok(json!({
        "id": event.id,
        "create_time": event.create_time,
        "event_type": event.event_type,
        "original_type": original_type(&event.notification),
        "summary": event.summary,
        "resource": resource,
    }))
}

/// The type of the resource, which tells a share from a payment: both have the same event type.
fn original_type(notification: &Notification) -> &str {
    match notification {
        Notification::Transaction(_) | Notification::Combined(_) => "transaction",
        Notification::Refund(_) => "refund",
        Notification::Share(_) => "profitsharing",
        Notification::Other { original_type, .. } => original_type,
        _ => "",
    }
}

fn read_headers(file: &Path) -> Result<BTreeMap<String, String>> {
    serde_json::from_slice(&read(file)?).map_err(|_| {
        let (file, form) = (file.display(), r#"{"Wechatpay-Nonce": "...", ...}"#);
        Failure::Invalid(format!("{file} must be a JSON object of header names and values: {form}"))
    })
}

/// A time in RFC 3339, or in Unix seconds as in the header `Wechatpay-Timestamp`.
fn time(text: &str) -> Result<Time> {
    let time = match text.parse() {
        Ok(seconds) => Time::from_unix_seconds(seconds),
        Err(_) => text.parse(),
    };
    time.map_err(|error| Failure::Usage(format!("--received: {error}")))
}
