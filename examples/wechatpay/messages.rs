//! What is signed: notices that came, and messages that are to go.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use wechatpay::{Signer, Time, message, notify};

use crate::failure::Failure;
use crate::session::Session;
use crate::{Result, read};

/// Believes and decrypts a notice.
pub(crate) fn open_notice(session: &Session, headers: &str, body: &str) -> Result<Value> {
    let file = headers;
    let headers: BTreeMap<String, String> = serde_json::from_slice(&read(headers)?)
        .map_err(|_| Failure::Invalid(format!("{file} must be a JSON object of texts")))?;
    let body = read(body)?;
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let keys = &session.settings.keys;
    let event = notify::open(keys, &session.api_v3_key()?, headers, &body, Time::now()?)
        .map_err(|refusal| Failure::Invalid(refusal.to_string()))?;
    let resource: Value = serde_json::from_str(&event.json)
        .map_err(|_| Failure::Invalid("the resource of the notice is not JSON".to_owned()))?;
    Ok(json!({
        "id": event.id,
        "create_time": event.create_time,
        "event_type": event.event_type,
        "summary": event.summary,
        "resource": resource,
    }))
}

/// Signs a request as a call would, and sends nothing.
pub(crate) fn sign(session: &Session, method: &str, path: &str, body: &str) -> Result<Value> {
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = "PATH must be path and query as they are sent: /v3/certificates";
        return Err(Failure::Usage(what.to_owned()));
    }
    let (signer, body) = (session.signer(), read(body)?);
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), nonce()?);
    let message = message::request(method, path, timestamp, &nonce, &body);
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
    let last: Cow<'_, str> = String::from_utf8_lossy(&body);
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
