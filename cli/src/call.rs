//! Any interface of APIv3 (通用接口调用).

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::Method;
use wechatpay::call::{Call, Upload, Verified};

use crate::download::Download;
use crate::failure::{Failure, Result};
use crate::input::read;
use crate::input_name::name_of;
use crate::output::Output;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 通用接口调用: calls any interface of APIv3 and prints the verified response
    ///
    /// The result is {"status": 200, "body": ...}; the body is null if the response has none.
    Call {
        /// HTTP method in capitals: GET, POST, PUT, PATCH, DELETE
        method: String,
        /// Path and query, percent-encoded: /v3/merchant-service/complaint-notifications. With --out also a link
        path: String,
        /// File with the JSON body; - is standard input
        body: Option<PathBuf>,
        /// File to upload, such as an image; its name must be ASCII. BODY then has further fields of meta
        #[arg(long, value_name = "FILE", conflicts_with = "encrypt")]
        upload: Option<PathBuf>,
        /// JSON pointer of a field to encrypt, such as /user_name; can be repeated
        #[arg(long, value_name = "JSON_POINTER")]
        encrypt: Vec<String>,
        #[command(flatten)]
        download: Download,
    },
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let Self::Call { method, path, body, upload, encrypt, download } = self;
        let method: Method =
            method.parse().map_err(|error| Failure::Usage(format!("METHOD: {error}")))?;
        if let Some(out) = &download.out {
            if method != Method::Get {
                return Err(Failure::Usage("METHOD: must be GET with --out".to_owned()));
            }
            return Output::read(download.run(session, &path, out));
        }
        if let Some(file) = upload {
            if method != Method::Post {
                return Err(Failure::Usage("METHOD: must be POST with --upload".to_owned()));
            }
            return Output::write(send_file(session, &path, &file, body.as_deref()));
        }
        let response = call(session, method, &path, body.as_deref(), &encrypt);
        if method == Method::Get { Output::read(response) } else { Output::write(response) }
    }
}

fn call(
    session: &Session,
    method: Method,
    path: &str,
    body: Option<&Path>,
    encrypt: &[String],
) -> Result<Value> {
    let mut call =
        Call::new(method, path).map_err(|error| Failure::Usage(format!("PATH: {error}")))?;
    if let Some(body) = body {
        let text = read(body)?;
        // Editors on Windows put a byte order mark at the start.
        call = call
            .json_text(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text))
            .map_err(|error| Failure::in_file(body, error))?;
    }
    if !encrypt.is_empty() {
        let encryptor = session.gateway.keys().encryptor()?;
        for pointer in encrypt {
            call = call.encrypt(&encryptor, pointer)?;
        }
    }
    print(&call.send(session.signer(), &session.gateway)?)
}

fn send_file(session: &Session, path: &str, file: &Path, meta: Option<&Path>) -> Result<Value> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let unreadable = |error| Failure::File(format!("{} cannot be read: {error}", file.display()));
    let content = File::open(file).map_err(unreadable)?;
    let mut upload = Upload::from_reader(name.unwrap_or_default(), content)?;
    if let Some(meta) = meta {
        let fields: Value = serde_json::from_slice(&read(meta)?).map_err(|_| Failure::Body {
            file: name_of(meta),
            problems: vec!["json must be an object of fields for meta".to_owned()],
        })?;
        upload = upload.with_meta(&fields).map_err(|error| Failure::in_file(meta, error))?;
    }
    print(&upload.send(session.signer(), &session.gateway, path)?)
}

fn print(response: &Verified) -> Result<Value> {
    let body = if response.body().is_empty() { Value::Null } else { response.json()? };
    Ok(json!({"status": response.status(), "body": body}))
}
