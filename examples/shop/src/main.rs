//! A small shop that is paid by WeChat Pay (微信支付): orders, notifications, refunds, a worker and a nightly
//! reconciliation, on SQLite. See README.md.
//!
//! ```text
//! shop serve            the HTTP server
//! shop work             one round of the worker; start it every minute
//! shop reconcile DATE   compares the trade bill of a day with the database; start it after 10:00
//! ```
//!
//! Every step is stored before it is made, and can be made again. So the program has no shutdown: it may be killed
//! at any point, and continues where it was.

mod catalogue;
mod database;
#[cfg(feature = "demo")]
mod demo;
mod error;
mod http;
mod log;
mod merchant;
mod notifications;
mod orders;
mod reconciliation;
mod refunds;
mod server;
mod settings;
mod worker;

use std::process::{self, ExitCode};
use std::{env, panic};

use database::Database;
use error::Result;
use settings::Settings;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["serve"] => serve(),
        ["work"] => work(),
        ["reconcile", date] => reconcile(date),
        #[cfg(feature = "demo")]
        ["demo"] => demo::run().map(|()| ExitCode::SUCCESS),
        _ => Err("use: shop serve | shop work | shop reconcile DATE".into()),
    };
    result.unwrap_or_else(|error| {
        log::event(&format!("error: {error}"));
        FAILED.into()
    })
}

fn serve() -> Result<ExitCode> {
    end_on_panic();
    let settings = Settings::from_environment()?;
    let listener = server::listen(&settings.address)?;
    log::output(&format!("listening on http://{}", listener.local_addr()?));
    server::serve(listener, &settings)?;
    Ok(ExitCode::SUCCESS)
}

/// A panic in any thread ends the process, because the others would wait for that thread's work. The service manager
/// starts another process.
fn end_on_panic() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        process::exit(FAILED.into());
    }));
}

fn work() -> Result<ExitCode> {
    let settings = Settings::from_environment()?;
    let mut database = Database::open(&settings.database)?;
    let failures = worker::round(&mut database, &settings.merchant)?;
    Ok(if failures == 0 { ExitCode::SUCCESS } else { FAILED.into() })
}

fn reconcile(date: &str) -> Result<ExitCode> {
    let settings = Settings::from_environment()?;
    let database = Database::open(&settings.database)?;
    let date = date.parse()?;
    let differences =
        reconciliation::reconcile(&database, &settings.merchant, &settings.bills, date)?;
    for difference in &differences {
        log::output(difference);
    }
    log::output(&format!("{date}: {} differences", differences.len()));
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { DIFFERENT.into() })
}

/// The reconciliation found differences.
const DIFFERENT: u8 = 1;
/// The command could not do its work, or not all of it.
const FAILED: u8 = 2;
