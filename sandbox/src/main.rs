//! `wechatpay-sandbox` serves the sandbox to browsers and to programs in any language, until Ctrl-C.
//!
//! ```text
//! cargo install wechatpay-sandbox
//! wechatpay-sandbox [--port 8443] [--folder target/sandbox]
//! ```
//!
//! It prints its address and what a merchant needs, and writes the same into the folder:
//! `settings.json`, `settings.env`, `apiclient_key.pem`, `apiclient_cert.pem`, `pub_key.pem`, the
//! platform certificate `wechatpay_<serial number>.pem`, and `ca.pem`, the certificate authority that
//! a client must trust for this host. The keys are public. Certificates are new at every start, and
//! nothing is kept from an earlier one.
//!
//! In this repository, `cargo run -p wechatpay-sandbox` starts it, and the examples of the library
//! use it with
//!
//! ```text
//! env $(cat target/sandbox/settings.env) cargo run --example app_order
//! ```
//!
//! The page at `/` shows what happened, and leads to the cashier, where orders are paid; an h5_url
//! leads there as well. The commands of [`wechatpay_sandbox::commands`] do in JSON what the methods of
//! [`Sandbox`] do:
//!
//! ```text
//! curl --cacert target/sandbox/ca.pem https://127.0.0.1:8443/sandbox/pay \
//!     -d '{"out_trade_no": "1217752501201407033233368018"}'
//! ```
//!
//! Notifications are sent to the notify_url of their orders, if it is an address of this machine: at
//! once, and again on WeChat Pay's schedule until they are accepted.

use std::env;
use std::error::Error;
use std::fmt::{Display, Write as _};
use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{self, Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use serde_json::json;
use wechatpay_sandbox::{Delivery, Sandbox};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(options) = Options::read(env::args().skip(1))? else {
        say(USAGE);
        return Ok(());
    };
    let sandbox = Sandbox::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))
        .map_err(|error| format!("port {}: {error}", options.port))?;
    let folder = path::absolute(&options.folder)?;
    write_files(&sandbox, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    say(introduction(&sandbox, &folder)?);
    keep_delivering(&sandbox)
}

/// The arguments of the command line.
struct Options {
    port: u16,
    folder: PathBuf,
}

impl Options {
    /// `None` if help is asked for.
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut options = Self { port: 8443, folder: PathBuf::from("target/sandbox") };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--port" => {
                    let port = value()?;
                    options.port = port.parse().map_err(|_| {
                        format!("{port} is not a port; use a number from 0 to 65535")
                    })?;
                }
                "--folder" => options.folder = value()?.into(),
                "--help" => return Ok(None),
                _ => return Err(format!("unknown argument {name}\n{USAGE}").into()),
            }
        }
        Ok(Some(options))
    }
}

/// Writes the files of a merchant, with the names that WeChat Pay gives them.
fn write_files(sandbox: &Sandbox, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    match fs::read(folder.join(MERCHANT_KEY)) {
        Ok(key) if key == sandbox.merchant_key_pem().as_bytes() => clear(folder)?,
        Ok(_) => return Err("contains other keys than the sandbox's; use another folder".into()),
        Err(_) => {}
    }
    for (name, text) in [
        (MERCHANT_KEY, sandbox.merchant_key_pem()),
        (MERCHANT_CERTIFICATE, sandbox.merchant_certificate_pem()),
        (PUBLIC_KEY, sandbox.public_key_pem()),
        (&platform_certificate(sandbox), sandbox.platform_certificate_pem()),
        (CA, sandbox.ca_pem()),
        ("settings.json", &settings_json(sandbox, folder)),
        ("settings.env", &settings_env(sandbox, folder)?),
    ] {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// Removes the platform certificates of earlier sandboxes, so that none is mistaken for one of this sandbox.
fn clear(folder: &Path) -> Result<()> {
    for file in fs::read_dir(folder)? {
        let name = file?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PLATFORM_CERTIFICATE) && name.ends_with(".pem") {
            fs::remove_file(folder.join(&*name))?;
        }
    }
    Ok(())
}

fn settings_json(sandbox: &Sandbox, folder: &Path) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let settings = json!({
        "base_url": sandbox.base_url(),
        "mchid": sandbox.mchid(),
        "appid": sandbox.appid().as_str(),
        "sub_mchid": sandbox.sub_mchid(),
        "sub_appid": sandbox.sub_appid().as_str(),
        "neighbour_mchid": sandbox.neighbour_mchid(),
        "serial_no": sandbox.serial_no(),
        "public_key_id": sandbox.public_key_id(),
        "platform_certificate_serial_no": sandbox.platform_certificate_serial_no(),
        "api_v3_key": sandbox.api_v3_key(),
        "api_v2_key": sandbox.v2().api_key(),
        "notify_url": sandbox.notify_url().as_str(),
        "files": {
            "merchant_key": file(MERCHANT_KEY),
            "merchant_certificate": file(MERCHANT_CERTIFICATE),
            "public_key": file(PUBLIC_KEY),
            "platform_certificate": file(&platform_certificate(sandbox)),
            "ca": file(CA),
        },
    });
    format!("{settings:#}\n")
}

/// One name and value per line, for `env` and for shells, which split at white space.
fn settings_env(sandbox: &Sandbox, folder: &Path) -> Result<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut lines = String::new();
    for (name, value) in [
        ("BASE_URL", sandbox.base_url().to_owned()),
        ("CA_FILE", file(CA)),
        ("APPID", sandbox.appid().as_str().to_owned()),
        ("MCHID", sandbox.mchid().to_owned()),
        ("SERIAL_NO", sandbox.serial_no().to_owned()),
        ("PRIVATE_KEY_FILE", file(MERCHANT_KEY)),
        ("CERT_FILE", file(MERCHANT_CERTIFICATE)),
        ("PUBLIC_KEY_ID", sandbox.public_key_id().to_owned()),
        ("PUBLIC_KEY_FILE", file(PUBLIC_KEY)),
        ("PLATFORM_CERT_FILE", file(&platform_certificate(sandbox))),
        ("API_V3_KEY", sandbox.api_v3_key().to_owned()),
        ("V2_KEY", sandbox.v2().api_key().to_owned()),
        ("NOTIFY_URL", sandbox.notify_url().as_str().to_owned()),
    ] {
        writeln!(lines, "WECHATPAY_{name}={value}")?;
    }
    Ok(lines)
}

fn introduction(sandbox: &Sandbox, folder: &Path) -> Result<String> {
    let (mut text, folder) = (String::new(), folder.display());
    writeln!(text, "The sandbox listens at {}; press Ctrl-C to stop it.", sandbox.base_url())?;
    writeln!(text, "Orders, refunds and requests: {}/\n", sandbox.base_url())?;
    writeln!(text, "mchid            {}", sandbox.mchid())?;
    writeln!(text, "appid            {}", sandbox.appid())?;
    writeln!(text, "serial_no        {}", sandbox.serial_no())?;
    writeln!(text, "public_key_id    {}", sandbox.public_key_id())?;
    writeln!(text, "APIv3 key        {}", sandbox.api_v3_key())?;
    writeln!(text, "APIv2 key        {}", sandbox.v2().api_key())?;
    writeln!(text, "files            {folder}\n")?;
    write!(text, "env $(cat {folder}/settings.env) cargo run --example app_order")?;
    Ok(text)
}

fn platform_certificate(sandbox: &Sandbox) -> String {
    format!("{PLATFORM_CERTIFICATE}{}.pem", sandbox.platform_certificate_serial_no())
}

/// Sends each notification when it is due, and prints the merchant's response.
fn keep_delivering(sandbox: &Sandbox) -> ! {
    loop {
        for Delivery { notify_url, attempt, result, .. } in sandbox.deliver_due_notifications() {
            let result = result.map_or_else(|reason| reason, |status| status.to_string());
            say(format_args!("notification to {notify_url}, attempt {attempt}: {result}"));
        }
        thread::sleep(PAUSE);
    }
}

/// Writes a line to standard output. If standard output is closed, the sandbox still runs.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

const USAGE: &str = "usage: wechatpay-sandbox [--port 8443] [--folder target/sandbox]";
const MERCHANT_KEY: &str = "apiclient_key.pem";
const MERCHANT_CERTIFICATE: &str = "apiclient_cert.pem";
const PLATFORM_CERTIFICATE: &str = "wechatpay_";
const PUBLIC_KEY: &str = "pub_key.pem";
const CA: &str = "ca.pem";
/// The pause between two checks for due notifications.
const PAUSE: Duration = Duration::from_millis(100);
