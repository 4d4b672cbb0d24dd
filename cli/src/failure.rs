//! Why a command has no result, and the exit status that follows from it.

use std::error::Error;
use std::fmt;

use wechatpay::notify::Refusal;
use wechatpay::{ErrorKind, Outcome, Retry, Untrusted};

use crate::terminal::one_line;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments do not fit together.
    Arguments { what: String, usage: String },
    /// An argument has a wrong value.
    Usage(String),
    /// A file that an argument names cannot be read or written.
    File(String),
    /// The settings are wrong.
    Settings(String),
    /// The request is wrong.
    Invalid(String),
    /// A notification is not verified, or cannot be read.
    Notification(Refusal),
    /// A call ended in an error.
    Call(wechatpay::Error),
    /// The result could not be printed.
    Unprinted { what: String, is_write: bool },
}

/// The exit status of wrong arguments or settings.
pub(crate) const WRONG_USE: u8 = 2;

impl Failure {
    /// For an error on the way to a session.
    pub(crate) fn of_settings(error: Box<dyn Error>) -> Self {
        Self::Settings(error.to_string())
    }

    /// Of a command that changes nothing.
    pub(crate) fn of_read(self) -> Self {
        match self {
            Self::Unprinted { what, .. } => Self::Unprinted { what, is_write: false },
            other => other,
        }
    }

    /// What went wrong, without its consequence.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Arguments { what, .. }
            | Self::Usage(what)
            | Self::File(what)
            | Self::Settings(what)
            | Self::Invalid(what) => what.clone(),
            Self::Notification(refusal) => refusal.to_string(),
            Self::Call(error) => error.to_string(),
            Self::Unprinted { what, .. } => format!("the result cannot be written: {what}"),
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Arguments { .. } | Self::Usage(_) | Self::File(_) | Self::Settings(_) => {
                WRONG_USE
            }
            Self::Invalid(_) | Self::Notification(_) => FAILED,
            Self::Call(error) if matches!(error.kind(), ErrorKind::Output { .. }) => FAILED,
            Self::Call(error) => match error.outcome() {
                Outcome::NotSent | Outcome::Refused => FAILED,
                Outcome::Unknown => UNKNOWN,
            },
            Self::Unprinted { is_write: false, .. } => FAILED,
            Self::Unprinted { is_write: true, .. } => UNKNOWN,
        }
    }

    /// What may have happened.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Arguments { .. }
            | Self::Usage(_)
            | Self::File(_)
            | Self::Settings(_)
            | Self::Invalid(_) => NOT_SENT,
            Self::Notification(_) => "the notification was not opened",
            Self::Call(error) => match error.outcome() {
                Outcome::NotSent => NOT_SENT,
                Outcome::Refused => REFUSED,
                Outcome::Unknown if error.is_read() => "no result; nothing changed at WeChat Pay",
                Outcome::Unknown => "unknown: WeChat Pay may have processed the request",
            },
            Self::Unprinted { is_write: false, .. } => "nothing changed at WeChat Pay",
            Self::Unprinted { is_write: true, .. } => "WeChat Pay processed the request",
        }
    }

    /// What to do next.
    fn advice(&self) -> String {
        match self {
            Self::Arguments { usage, .. } => return format!("use: {usage}"),
            Self::Usage(_) => "see `wechatpay --help`",
            Self::File(_) => "use a file that can be read or written",
            Self::Settings(_) => "check the settings with `wechatpay doctor`",
            Self::Invalid(_) => "correct what the error names",
            Self::Notification(Refusal::Untrusted(Untrusted::Stale { .. })) => {
                "if the notification was received earlier, set --received TIME"
            }
            Self::Notification(_) => "do not ship; query the order",
            Self::Call(error) => match error.retry() {
                Retry::Never => "correct what the error names",
                Retry::SameRequest if error.is_read() => "retry after a pause",
                Retry::SameRequest => {
                    "after a pause, send the identical request again, with the same number"
                }
                Retry::QueryFirst => "query by the same number first",
            },
            Self::Unprinted { is_write: false, .. } => "run the same command again",
            Self::Unprinted { is_write: true, .. } => {
                "run the same command again, or query by its number"
            }
        }
        .to_owned()
    }
}

impl From<wechatpay::Error> for Failure {
    fn from(error: wechatpay::Error) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whatever was received, these are three lines.
        let (what, advice) = (one_line(&self.what()), one_line(&self.advice()));
        write!(f, "error: {what}\noutcome: {}\nadvice: {advice}", self.outcome())
    }
}

/// The exit status if WeChat Pay refused.
pub(crate) const FAILED: u8 = 1;
/// The exit status if the outcome is unknown.
pub(crate) const UNKNOWN: u8 = 3;
const NOT_SENT: &str = "nothing was sent to WeChat Pay";
const REFUSED: &str = "WeChat Pay refused the request";
