//! WeChat Pay from the command line: places and asks for orders, refunds, fetches bills, opens
//! notifications, and finds out what is wrong with the settings.
//!
//! ```text
//! cargo run --example wechatpay -- --help
//! ```
//!
//! It takes its settings from the environment: `WECHATPAY_APPID`, `WECHATPAY_MCHID`,
//! `WECHATPAY_CERT_FILE` (or `WECHATPAY_SERIAL_NO`), `WECHATPAY_PRIVATE_KEY_FILE`,
//! `WECHATPAY_NOTIFY_URL`, `WECHATPAY_PUBLIC_KEY_ID` and `WECHATPAY_PUBLIC_KEY_FILE` (or
//! `WECHATPAY_PLATFORM_CERT_FILE`); where they are needed `WECHATPAY_API_V3_KEY` (notifications,
//! certificates) and `WECHATPAY_V2_KEY` (APIv2); for another host than WeChat Pay's
//! `WECHATPAY_BASE_URL`, and `WECHATPAY_CA_FILE` if that has a certificate authority of its own.
//! Without any it goes to a sandbox that it starts, and that ends with it.
//!
//! What is answered is one JSON value on the standard output, in the names of WeChat Pay; what went
//! wrong is on the standard error, with what may have happened and what to do next. The exit status
//! is 0 if it is done, 1 if it is refused, invalid or was not sent, 2 if the arguments or settings
//! are wrong, and 3 if it is not known whether it was done.
#![allow(clippy::print_stderr, reason = "this program speaks to people")]

mod bills;
mod command;
mod doctor;
mod failure;
mod messages;
mod orders;
mod output;
mod png;
mod qr_code;
mod session;
mod v2;

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use serde_json::{Value, json};
use wechatpay::{OutRefundNo, OutTradeNo, TransactionId, certificates, combine, pay, refund};

use command::{Command, Number, USAGE};
use failure::Failure;
use session::Session;

type Result<T> = std::result::Result<T, Failure>;

fn main() -> ExitCode {
    match Command::of_arguments().and_then(run) {
        Ok(status) => status,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Help => tell(USAGE),
        Command::Version => tell(concat!("wechatpay-blocking ", env!("CARGO_PKG_VERSION"))),
        Command::Doctor => {
            let report = doctor::examine();
            // What is wrong is on the standard error as well, so that comes first.
            let status = report.status();
            write(&pretty(&report.to_json())).map_err(Failure::of_question)?;
            Ok(status)
        }
        command => {
            let only_asks = command.only_asks();
            ask(&Session::open()?, command)
                .and_then(|answer| write(&pretty(&answer)))
                .map_err(|failure| if only_asks { failure.of_question() } else { failure })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints what is no answer. Whoever closed the output has read enough.
fn tell(text: &str) -> Result<ExitCode> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::UnprintedQuestion(error.to_string()))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn ask(session: &Session, command: Command) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    match command {
        Command::Help | Command::Version | Command::Doctor => Ok(Value::Null),
        Command::Order { kind, file, qr } => orders::order(session, kind, &file, qr.as_deref()),
        Command::Combine { kind, file, qr } => orders::combine(session, kind, &file, qr.as_deref()),
        Command::Refund { file } => {
            let refund = refund::Refund::from_json(signer, &read(&file)?)?;
            refund::apply(signer, gateway, &refund)?;
            session.answered()
        }
        Command::Query { number } => {
            match number {
                Number::Own(number) => pay::query(signer, gateway, &OutTradeNo::new(number)?)?,
                Number::Id(id) => pay::query_by_id(signer, gateway, &TransactionId::new(id)?)?,
            };
            session.answered()
        }
        Command::Close { number } => {
            pay::close(signer, gateway, &OutTradeNo::new(&number)?)?;
            Ok(json!({"out_trade_no": number}))
        }
        Command::CombineQuery { number } => {
            combine::query(signer, gateway, &OutTradeNo::new(number)?)?;
            session.answered()
        }
        Command::CombineClose { number, file } => {
            let order = combine::Order::from_json(signer, &read(&file)?)?;
            if order.combine_out_trade_no.as_str() != number {
                let what = "/combine_out_trade_no must be the number that is to be closed";
                return Err(Failure::Invalid(what.to_owned()));
            }
            combine::close(signer, gateway, &order)?;
            Ok(json!({"combine_out_trade_no": number}))
        }
        Command::RefundQuery { number } => {
            refund::query(signer, gateway, &OutRefundNo::new(number)?)?;
            session.answered()
        }
        Command::V2(command) => v2::ask(session, command),
        Command::Bill(bill) => bills::fetch(session, &bill),
        Command::Certificates => {
            let listed = certificates::list(signer, gateway, &session.api_v3_key()?)?;
            let data = listed.iter().map(|certificate| {
                json!({
                    "serial_no": certificate.serial_no,
                    "effective_time": certificate.effective_time,
                    "expire_time": certificate.expire_time,
                    "certificate": certificate.pem,
                })
            });
            Ok(json!({"data": data.collect::<Vec<_>>()}))
        }
        Command::Notification(notification) => messages::open_notification(session, &notification),
        Command::Sign { method, path, body } => {
            messages::sign(session, &method, &path, body.as_deref())
        }
    }
}

/// A file, or the standard input if its name is `-`.
fn read(file: &str) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = if file == "-" {
        io::stdin().lock().take(SIZE_LIMIT).read_to_end(&mut content)
    } else {
        File::open(file).and_then(|file| file.take(SIZE_LIMIT).read_to_end(&mut content))
    };
    match read {
        Ok(length) if u64::try_from(length) == Ok(SIZE_LIMIT) => {
            Err(Failure::File(format!("{file} is larger than 2 MiB, and so than any body")))
        }
        Ok(_) => Ok(content),
        Err(error) => Err(Failure::File(format!("{file} cannot be read: {error}"))),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// Prints. What cannot be printed was done all the same, and nobody knows.
fn write(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Unprinted(error.to_string()))
}

/// More than any body or notification.
const SIZE_LIMIT: u64 = 2 * 1024 * 1024;
