//! What is signed: notifications that came, and messages that are to go.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use wechatpay::{Signer, Time, notify, signing};

use crate::command::Notification;
use crate::failure::Failure;
use crate::session::Session;
use crate::{Result, read};

/// Believes and decrypts a notification.
pub(crate) fn open_notification(session: &Session, notification: &Notification) -> Result<Value> {
    let file = &notification.headers;
    let headers: BTreeMap<String, String> = serde_json::from_slice(&read(file)?).map_err(|_| {
        let form = r#"{"Wechatpay-Nonce": "...", ...}"#;
        Failure::Invalid(format!("{file} must be a JSON object of names and texts, as in {form}"))
    })?;
    let received = match &notification.received {
        Some(time) => time_of(time)?,
        None => Time::now()?,
    };
    let body = read(&notification.body)?;
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
        "summary": event.summary,
        "resource": resource,
    }))
}

/// A time as APIv3 writes it, or as the header `Wechatpay-Timestamp` does.
fn time_of(text: &str) -> Result<Time> {
    let time = match text.parse() {
        Ok(seconds) => Time::from_unix_seconds(seconds),
        Err(_) => text.parse(),
    };
    time.map_err(|error| Failure::Usage(format!("--received: {error}")))
}

/// Signs a request as a call would, and sends nothing.
pub(crate) fn sign(
    session: &Session,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> Result<Value> {
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Failure::Usage("METHOD must be in capitals: GET".to_owned()));
    }
    let is_sent = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if !path.starts_with('/') || !path.bytes().all(is_sent) {
        let what = "PATH must be path and query as they are sent, in ASCII: /v3/certificates";
        return Err(Failure::Usage(what.to_owned()));
    }
    let (signer, body) = (session.signer(), body.map_or(Ok(Vec::new()), read)?);
    let Ok(last) = std::str::from_utf8(&body) else {
        return Err(Failure::Invalid("the body must be UTF-8".to_owned()));
    };
    if last.ends_with('\n') {
        eprintln!(
            "note: the body ends in a line feed, which is signed, and so must be sent as well"
        );
    }
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), nonce()?);
    let message = signing::request(method, path, timestamp, &nonce, &body);
    let signature = signer.sign(&message).map_err(wechatpay::Error::from)?;
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",\
         serial_no=\"{}\",signature=\"{}\"",
        signer.mchid(),
        signature.serial_no,
        STANDARD.encode(&signature.bytes),
    );
    // Every line ends in a line feed; the body is one line, whatever it holds.
    let lines = [method, path, &timestamp.to_string(), &nonce].map(|line| format!("{line}\n"));
    let lines: Vec<String> = lines.into_iter().chain([format!("{last}\n")]).collect();
    Ok(json!({"message": lines, "Authorization": authorization}))
}

fn nonce() -> Result<String> {
    let mut bits = [0; 16];
    SystemRandom::new()
        .fill(&mut bits)
        .map_err(|_| Failure::Invalid("the operating system gave no random numbers".to_owned()))?;
    Ok(format!("{:032X}", u128::from_be_bytes(bits)))
}
