//! What ends the program, and the exit status that says so.

use std::error::Error;
use std::fmt;

use wechatpay::notify::Refusal;
use wechatpay::{Outcome, Retry, Untrusted};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments are wrong.
    Usage(String),
    /// A file that they name cannot be read or written.
    File(String),
    /// The settings are wrong.
    Settings(String),
    /// What was to be sent is wrong.
    Invalid(String),
    /// A notification is not to be believed, or cannot be read.
    Notification(Refusal),
    /// A call ended in an error.
    Call(wechatpay::Error),
    /// A call that changes nothing ended in an error.
    Question(wechatpay::Error),
    /// What was answered could not be printed.
    Unprinted(String),
    /// The same of a call that changes nothing.
    UnprintedQuestion(String),
}

impl Failure {
    /// For an error on the way to a [`Session`](crate::session::Session).
    pub(crate) fn of_settings(error: Box<dyn Error>) -> Self {
        Self::Settings(error.to_string())
    }

    /// Of a command that changes nothing.
    pub(crate) fn of_question(self) -> Self {
        match self {
            Self::Call(error) => Self::Question(error),
            Self::Unprinted(what) => Self::UnprintedQuestion(what),
            other => other,
        }
    }

    /// What went wrong, without what follows from it.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Usage(what) | Self::File(what) | Self::Settings(what) | Self::Invalid(what) => {
                what.clone()
            }
            Self::Notification(refusal) => refusal.to_string(),
            Self::Call(error) | Self::Question(error) => error.to_string(),
            Self::Unprinted(what) | Self::UnprintedQuestion(what) => {
                format!("the answer cannot be written: {what}")
            }
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::File(_) | Self::Settings(_) => 2,
            Self::Invalid(_) | Self::Notification(_) | Self::UnprintedQuestion(_) => 1,
            Self::Question(wechatpay::Error::Output { .. }) => 1,
            Self::Call(error) | Self::Question(error) => match error.outcome() {
                Outcome::NotSent | Outcome::Refused => 1,
                Outcome::Unknown => 3,
            },
            Self::Unprinted(_) => 3,
        }
    }

    /// What may have happened, and what to do.
    fn consequence(&self) -> (&'static str, &'static str) {
        match self {
            Self::Usage(_) => (NOTHING, "see wechatpay --help"),
            Self::File(_) => (NOTHING, "name a file that can be read or written"),
            Self::Settings(_) => (NOTHING, "see wechatpay doctor"),
            Self::Invalid(_) => (NOTHING, "correct what the error names"),
            Self::Notification(Refusal::Untrusted(Untrusted::Stale { .. })) => {
                (UNOPENED, "if it was kept, say when it came: --received TIME")
            }
            Self::Notification(_) => (UNOPENED, "ship nothing; query the order"),
            Self::Call(error) => (outcome(error), advice(error.retry())),
            Self::Question(error) => question(error),
            Self::Unprinted(_) => {
                ("WeChat Pay did what was asked", "do the same again, or query by its number")
            }
            Self::UnprintedQuestion(_) => ("nothing changed at WeChat Pay", "do the same again"),
        }
    }
}

impl From<wechatpay::Error> for Failure {
    fn from(error: wechatpay::Error) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (outcome, advice) = self.consequence();
        write!(f, "error: {}\noutcome: {outcome}\nadvice: {advice}", self.what())
    }
}

fn outcome(error: &wechatpay::Error) -> &'static str {
    match error.outcome() {
        Outcome::NotSent => NOTHING,
        Outcome::Refused => "WeChat Pay refused it",
        Outcome::Unknown => "unknown: it may have been done",
    }
}

fn advice(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "correct what the error names; the same again ends the same",
        Retry::SameRequest => "do the identical call again after a pause, with the same number",
        Retry::QueryFirst => "query by the same number first",
    }
}

/// The same of a call that changes nothing.
fn question(error: &wechatpay::Error) -> (&'static str, &'static str) {
    let advice = match error.retry() {
        Retry::Never => advice(Retry::Never),
        Retry::SameRequest => "ask again after a pause",
        Retry::QueryFirst => "do what the error says, and ask again",
    };
    match error.outcome() {
        Outcome::Unknown => ("nothing changed at WeChat Pay, and nothing is known", advice),
        Outcome::NotSent | Outcome::Refused => (outcome(error), advice),
    }
}

const NOTHING: &str = "nothing reached WeChat Pay";
const UNOPENED: &str = "the notification was not opened";
