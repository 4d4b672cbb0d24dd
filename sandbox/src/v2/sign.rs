//! 签名算法, made again from its description.

use md5::{Digest, Md5};
use ring::hmac;

use super::fields::Fields;

/// The digest of these fields by this algorithm; `None` if there is no such algorithm.
pub(super) fn sign(sign_type: &str, fields: &Fields) -> Option<String> {
    // `BTreeMap` sorts by bytes.
    let mut text = String::new();
    for (name, value) in fields {
        if name != "sign" && !value.is_empty() {
            text.push_str(&format!("{name}={value}&"));
        }
    }
    text.push_str("key=");
    text.push_str(API_KEY);
    match sign_type {
        "MD5" => Some(hex(&Md5::digest(text))),
        "HMAC-SHA256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, API_KEY.as_bytes());
            Some(hex(hmac::sign(&key, text.as_bytes()).as_ref()))
        }
        _ => None,
    }
}

/// 32 lower-case digits: the key of what refund notifications hold.
pub(super) fn notification_key() -> String {
    hex(&Md5::digest(API_KEY)).to_lowercase()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// API密钥: 32 letters and digits, public.
pub(super) const API_KEY: &str = "SandboxApiV2Key0SandboxApiV2Key0";
