//! `wechatpay-sandbox` serves the sandbox to browsers and to programs in any language, until Ctrl-C.
//!
//! ```text
//! cargo install wechatpay-sandbox
//! wechatpay-sandbox [--port 8443] [--folder target/sandbox] [--keys public-key|certificate|mixed]
//! ```
//!
//! The program prints its address, its commands, and what a merchant needs, and writes the same into the
//! folder:
//!
//! | file | content |
//! |---|---|
//! | `settings.json` | every setting, for programs |
//! | `settings.sh`, `settings.ps1`, `settings.env` | environment variables, for bash, PowerShell, and tools that read `NAME=value` |
//! | `settings.compose.yaml` | the same for a service of Docker Compose |
//! | `apiclient_key.pem`, `apiclient_cert.pem` | the merchant's key and certificate |
//! | `settings-neighbour.sh`, `.ps1`, `.env`, `.compose.yaml` | the same settings for the neighbour, a second merchant |
//! | `neighbour_key.pem`, `neighbour_cert.pem` | the neighbour's key and certificate |
//! | `pub_key.pem`, `wechatpay_<serial number>.pem` | WeChat Pay's public key and platform certificate |
//! | `ca.pem` | the certificate authority that a client must trust for this host |
//!
//! The keys are public. Certificates are new at every start, and nothing is kept from an earlier one.
//!
//! By default WeChat Pay signs with its public key alone, as for every new merchant. `--keys certificate`
//! is for clients that know certificates alone, and `--keys mixed` for the change from one to the other.
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
//! once, and again on WeChat Pay's schedule until they are accepted. A button on the page sends one again.

use std::env;
use std::error::Error;
use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{self, Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use wechatpay_sandbox::{Delivery, KeyMode, Sandbox, commands};

mod settings_files;

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
    let keys = options.keys;
    let sandbox = Sandbox::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))
        .map_err(|error| format!("port {}: {error}", options.port))?;
    sandbox.set_key_mode(keys.mode);
    let folder = path::absolute(&options.folder)?;
    settings_files::write(&sandbox, keys.mode, &folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    say(introduction(&sandbox, keys, &folder)?);
    keep_delivering(&sandbox)
}

/// The arguments of the command line.
struct Options {
    port: u16,
    folder: PathBuf,
    keys: Keys,
}

impl Options {
    /// `None` if help is asked for.
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let [public_key, ..] = KEYS;
        let folder = PathBuf::from("target/sandbox");
        let mut options = Self { port: 8443, folder, keys: public_key };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--port" => {
                    let port = value()?;
                    options.port = port.parse().map_err(|_| {
                        format!("{port} is not a port; use a number from 0 to 65535")
                    })?;
                }
                "--keys" => {
                    let name = value()?;
                    let keys = KEYS.into_iter().find(|keys| keys.name == name);
                    options.keys = keys.ok_or("--keys must be public-key, certificate or mixed")?;
                }
                "--folder" => options.folder = value()?.into(),
                "--help" => return Ok(None),
                _ => return Err(format!("unknown argument {name}\n{USAGE}").into()),
            }
        }
        Ok(Some(options))
    }
}

fn introduction(sandbox: &Sandbox, keys: Keys, folder: &Path) -> Result<String> {
    let (mut text, folder, url) = (String::new(), folder.display(), sandbox.base_url());
    writeln!(text, "The sandbox listens at {url}; press Ctrl-C to stop it.")?;
    writeln!(text, "Orders, refunds and requests: {url}/\n")?;
    writeln!(text, "mchid            {}", sandbox.mchid())?;
    writeln!(text, "appid            {}", sandbox.appid())?;
    writeln!(text, "serial_no        {}", sandbox.serial_no())?;
    writeln!(text, "public_key_id    {}", sandbox.public_key_id())?;
    writeln!(text, "APIv3 key        {}", sandbox.api_v3_key())?;
    writeln!(text, "APIv2 key        {}", sandbox.v2().api_key())?;
    writeln!(text, "keys             {}: {}", keys.name, keys.meaning)?;
    writeln!(text, "neighbour        {}, settings-neighbour.*", sandbox.neighbour_mchid())?;
    writeln!(text, "files            {folder}\n")?;
    writeln!(text, "Settings:")?;
    writeln!(text, "  bash             source {folder}/settings.sh")?;
    writeln!(text, "  PowerShell       . {folder}/settings.ps1")?;
    writeln!(
        text,
        "  Docker Compose   docker compose -f compose.yaml -f {folder}/settings.compose.yaml up"
    )?;
    writeln!(text, "  any program      {folder}/settings.json\n")?;
    writeln!(text, "Commands, such as curl --cacert {folder}/ca.pem {url}/sandbox/orders:")?;
    for names in commands::names().chunks(4) {
        writeln!(text, "  {}", names.join(", "))?;
    }
    write!(
        text,
        "Their fields: https://docs.rs/wechatpay-sandbox/latest/wechatpay_sandbox/commands/"
    )?;
    Ok(text)
}

/// The keys with which WeChat Pay signs, as the command line names them.
#[derive(Clone, Copy)]
struct Keys {
    name: &'static str,
    mode: KeyMode,
    meaning: &'static str,
}

const KEYS: [Keys; 3] = [
    Keys {
        name: "public-key",
        mode: KeyMode::PublicKey,
        meaning: "all responses and notifications are signed with the public key; there are no certificates",
    },
    Keys {
        name: "certificate",
        mode: KeyMode::Certificate,
        meaning: "all responses and notifications are signed with the platform certificate",
    },
    Keys {
        name: "mixed",
        mode: KeyMode::Mixed,
        meaning: "responses are signed with the key that the request names, notifications with both in turn",
    },
];

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

const USAGE: &str = "usage: wechatpay-sandbox [--port 8443] [--folder target/sandbox] \
    [--keys public-key|certificate|mixed]";
/// The pause between two checks for due notifications.
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_public_key_unless_named() {
        let read = |arguments: &[&str]| {
            let options = Options::read(arguments.iter().map(|&it| it.to_owned()));
            options.map(|options| options.unwrap().keys.mode).map_err(|error| error.to_string())
        };
        assert_eq!(read(&[]), Ok(KeyMode::PublicKey));
        assert_eq!(read(&["--keys", "certificate"]), Ok(KeyMode::Certificate));
        assert_eq!(read(&["--port", "0", "--keys", "mixed"]), Ok(KeyMode::Mixed));
        let wrong = "--keys must be public-key, certificate or mixed";
        assert_eq!(read(&["--keys", "both"]), Err(wrong.to_owned()));
        assert_eq!(read(&["--keys"]), Err("--keys needs a value".to_owned()));
    }

    #[test]
    fn introduction_reports_keys_and_commands() {
        let sandbox = Sandbox::start().unwrap();
        for keys in KEYS {
            let text = introduction(&sandbox, keys, Path::new("/a")).unwrap();
            for part in [keys.name, keys.meaning, "POST pay", "GET orders", "settings.ps1"] {
                assert!(text.contains(part), "{part} is not in {text}");
            }
        }
    }
}
