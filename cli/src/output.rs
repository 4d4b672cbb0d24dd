//! What a command prints on standard output.

use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::qr_code::Drawing;
use crate::terminal::json_without_controls;

/// The result of a command.
pub(crate) struct Output {
    content: Content,
    /// Whether the command may have changed something at WeChat Pay.
    is_write: bool,
    status: ExitCode,
}

impl Output {
    /// The result of a command that changes nothing at WeChat Pay.
    pub(crate) fn read(json: Result<Value>) -> Result<Self> {
        let content = json.map_err(Failure::of_read)?.into();
        Ok(Self { content, is_write: false, status: ExitCode::SUCCESS })
    }

    /// The result of a command that may change something at WeChat Pay.
    pub(crate) fn write(content: Result<impl Into<Content>>) -> Result<Self> {
        Ok(Self { content: content?.into(), is_write: true, status: ExitCode::SUCCESS })
    }

    pub(crate) fn with_status(self, status: ExitCode) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn print(self) -> Result<ExitCode> {
        let Content { json, drawing } = self.content;
        let json = json_without_controls(&format!("{json:#}"));
        let mut out = io::stdout().lock();
        let printed = writeln!(out, "{json}").and_then(|()| out.flush());
        // After the result, which must not depend on whether the picture can be written.
        if let Some(drawing) = drawing {
            drawing.draw();
        }
        match printed {
            Ok(()) => Ok(self.status),
            Err(error) => {
                Err(Failure::Unprinted { what: error.to_string(), is_write: self.is_write })
            }
        }
    }
}

/// A JSON value, and perhaps a picture of a part of it.
pub(crate) struct Content {
    json: Value,
    drawing: Option<Drawing>,
}

impl Content {
    pub(crate) fn with_drawing(json: Value, drawing: Drawing) -> Self {
        Self { json, drawing: Some(drawing) }
    }
}

impl From<Value> for Content {
    fn from(json: Value) -> Self {
        Self { json, drawing: None }
    }
}

/// Prints a value on a line of its own, at once.
pub(crate) fn print_line(json: &Value) -> Result<()> {
    let line = json_without_controls(&json.to_string());
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Unprinted { what: error.to_string(), is_write: false })
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
