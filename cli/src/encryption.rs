//! Encrypted fields (敏感信息加解密).

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::encryption::{self, RsaDecryptor};
use wechatpay_sandbox::settings;

use crate::failure::{Failure, Result};
use crate::input::read;
use crate::output::Output;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 敏感信息加密: encrypts a text for WeChat Pay; sends nothing
    ///
    /// Send the printed serial in the header Wechatpay-Serial of the same request.
    Encrypt {
        /// The text, such as a name; - is standard input
        text: String,
    },
    /// 敏感信息解密: decrypts a field of a response with the merchant's private key
    Decrypt {
        /// The ciphertext in Base64; - is standard input
        text: String,
    },
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        Output::read(match self {
            Self::Encrypt { text } => encrypt(session, text),
            Self::Decrypt { text } => decrypt(session, text),
        })
    }
}

fn encrypt(session: &Session, text: String) -> Result<Value> {
    let encrypted = session.gateway.keys().encryptor()?.encrypt(&given(text)?)?;
    Ok(json!({"serial": encrypted.serial(), "ciphertext": encrypted.ciphertext()}))
}

fn decrypt(session: &Session, text: String) -> Result<Value> {
    let decryptor = match &session.settings.sandbox {
        Some(sandbox) => RsaDecryptor::from_pem(sandbox.merchant_key_pem()),
        None => {
            let pem = settings::file_content("WECHATPAY_PRIVATE_KEY_FILE");
            RsaDecryptor::from_pem(pem.map_err(Failure::of_settings)?)
        }
    };
    let decryptor = settings::name_variable(decryptor).map_err(Failure::of_settings)?;
    let text = encryption::decrypt(&decryptor, given(text)?.trim())
        .map_err(|error| Failure::Invalid(error.to_string()))?;
    Ok(json!({"text": text}))
}

/// The argument, or what standard input has instead of it, without the line feed at its end.
fn given(text: String) -> Result<String> {
    if text != "-" {
        return Ok(text);
    }
    let text = String::from_utf8(read(Path::new("-"))?)
        .map_err(|_| Failure::Invalid("the text must be UTF-8".to_owned()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
