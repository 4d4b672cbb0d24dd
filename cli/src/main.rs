//! The program `wechatpay`: WeChat Pay from the command line. It places and queries orders and refunds,
//! downloads bills, opens notifications, and finds problems in the settings.
//!
//! ```text
//! wechatpay --help
//! ```
//!
//! Each family of commands has a module with an enum `Verb`: a variant is a command, with its arguments
//! and its help, and `Verb::run` says what it does.
//!
//! ```text
//! main ── arguments ─┬─ order · combine · refund · transfer · bill · certificates · notification · sign · call · encryption
//!                    │  · v2 · doctor · sandbox
//!                    │        └── session · input · output · qr_code · output_file ── failure · terminal
//!                    └─ chinese · usage_error
//! ```
//!
//! Standard output is one JSON value, with WeChat Pay's own field names. Errors go to standard error:
//! what is wrong, what may have happened, and what to do next.

mod arguments;
mod bill;
mod call;
mod certificates;
mod chinese;
mod combine;
mod doctor;
mod download;
mod encryption;
mod failure;
mod input;
mod input_name;
mod language;
mod notification;
mod order;
mod output;
mod output_file;
mod qr_code;
mod random;
mod refund;
mod sample;
mod sandbox;
mod session;
mod sharing;
mod sign;
mod terminal;
mod transfer;
mod usage_error;
mod v2;

use std::process::ExitCode;

use failure::{Failure, Result};
use usage_error::Stop;

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| {
        terminal::print(&if terminal::wants_json() {
            failure.to_json()
        } else {
            format!("{failure}\n")
        });
        ExitCode::from(failure.status())
    })
}

fn run() -> Result<ExitCode> {
    match arguments::parse() {
        Ok(command) => command.run(),
        Err(Stop::Help(text)) => output::print_text(&text),
        Err(Stop::NoArguments(help)) => {
            terminal::print(&help);
            Ok(ExitCode::from(failure::WRONG_USE))
        }
        Err(Stop::Wrong { what, usage }) => Err(Failure::Arguments { what, usage }),
    }
}
