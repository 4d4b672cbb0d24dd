//! What a command prints on standard output.

use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::Value;

use crate::failure::{Failure, Result};

/// The result of a command.
pub(crate) struct Output {
    json: Value,
    /// Whether the command may have changed something at WeChat Pay.
    is_write: bool,
    status: ExitCode,
}

impl Output {
    /// The result of a command that changes nothing at WeChat Pay.
    pub(crate) fn read(json: Result<Value>) -> Result<Self> {
        let json = json.map_err(Failure::of_read)?;
        Ok(Self { json, is_write: false, status: ExitCode::SUCCESS })
    }

    /// The result of a command that may change something at WeChat Pay.
    pub(crate) fn write(json: Result<Value>) -> Result<Self> {
        Ok(Self { json: json?, is_write: true, status: ExitCode::SUCCESS })
    }

    pub(crate) fn with_status(self, status: ExitCode) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn print(self) -> Result<ExitCode> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{:#}", self.json).and_then(|()| out.flush()) {
            Ok(()) => Ok(self.status),
            Err(error) => {
                Err(Failure::Unprinted { what: error.to_string(), is_write: self.is_write })
            }
        }
    }
}

/// Prints help. A reader that closes the pipe early has read enough.
pub(crate) fn print_text(text: &str) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Unprinted { what: error.to_string(), is_write: false })
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
