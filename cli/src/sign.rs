//! Request signatures (请求签名).

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::{Signer, Time, signing};

use crate::failure::{Failure, Result};
use crate::input::read;
use crate::language::language;
use crate::output::Output;
use crate::random::random_hexadecimal;
use crate::session::Session;
use crate::terminal::print_note;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 请求签名: signs a request and prints its Authorization header; sends nothing
    Sign {
        /// HTTP method in capitals: GET
        method: String,
        /// Path and query as they are sent: /v3/certificates
        path: String,
        /// File with the body; - is standard input
        body: Option<PathBuf>,
    },
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let Self::Sign { method, path, body } = self;
        Output::read(sign(session, &method, &path, body.as_deref()))
    }
}

fn sign(session: &Session, method: &str, path: &str, body: Option<&Path>) -> Result<Value> {
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
        print_note(language().choose(
            "the body ends with a line feed, which is part of the signed text; send it as well",
            "请求体以换行符结尾，换行符也在签名之内，须一并发送",
        ));
    }
    let (timestamp, nonce) = (Time::now()?.unix_seconds(), random_hexadecimal()?);
    let message = signing::request(method, path, timestamp, &nonce, &body);
    let signature = signer.sign(&message).map_err(wechatpay::Error::from)?;
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",\
         serial_no=\"{}\",signature=\"{}\"",
        signer.mchid(),
        signature.serial_no,
        STANDARD.encode(&signature.bytes),
    );
    // Every line ends with a line feed. The body counts as one line.
    let lines = [method, path, &timestamp.to_string(), &nonce, last].map(|it| format!("{it}\n"));
    Ok(json!({"message": lines, "Authorization": authorization}))
}
