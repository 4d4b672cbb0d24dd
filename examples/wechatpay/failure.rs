//! What ends the program, and the exit status that says so.

use std::error::Error;
use std::fmt;

use wechatpay::{Outcome, Retry};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments are wrong.
    Usage(String),
    /// The settings are wrong.
    Settings(String),
    /// What was to be sent, or a notice, is wrong.
    Invalid(String),
    /// A call ended in an error.
    Call(wechatpay::Error),
    /// What was answered could not be printed or kept.
    Unprinted(String),
}

impl Failure {
    /// For an error on the way to a [`Session`](crate::session::Session).
    pub(crate) fn of_settings(error: Box<dyn Error>) -> Self {
        Self::Settings(error.to_string())
    }

    /// What went wrong, without what follows from it.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Usage(what) | Self::Settings(what) | Self::Invalid(what) => what.clone(),
            Self::Call(error) => error.to_string(),
            Self::Unprinted(what) => format!("the answer cannot be written: {what}"),
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Settings(_) => 2,
            Self::Invalid(_) => 1,
            Self::Call(error) => match error.outcome() {
                Outcome::NotSent | Outcome::Refused => 1,
                Outcome::Unknown => 3,
            },
            Self::Unprinted(_) => 3,
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
        let (outcome, advice) = match self {
            Self::Usage(_) => (NOTHING, "see wechatpay --help"),
            Self::Settings(_) => (NOTHING, "see wechatpay doctor"),
            Self::Invalid(_) => (NOTHING, "correct what the error names"),
            Self::Call(error) => (outcome(error), advice(error.retry())),
            Self::Unprinted(_) => {
                ("WeChat Pay did what was asked", "do the same again, or query by its number")
            }
        };
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
        Retry::SameOrder => "do the identical call again after a pause, with the same number",
        Retry::QueryFirst => "query by the same number first",
    }
}

const NOTHING: &str = "nothing reached WeChat Pay";
