//! The error of the shop.

use std::{fmt, io, result};

/// Why something did not succeed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The request to the shop cannot be fulfilled: the HTTP status, and what to do.
    Refused(u16, &'static str),
    /// A call of WeChat Pay, or a value for it. Its outcome and its advice are in it.
    WeChatPay(wechatpay::Error),
    /// The database. The transaction was rolled back.
    Database(rusqlite::Error),
    /// Anything else, for people.
    Other(String),
}

pub(crate) type Result<T> = result::Result<T, Error>;

impl Error {
    /// Whether the database failed, so that nothing is known of what was to be stored.
    pub(crate) fn is_of_database(&self) -> bool {
        matches!(self, Self::Database(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_, advice) => f.write_str(advice),
            Self::WeChatPay(error) => error.fmt(f),
            Self::Database(error) => write!(f, "database: {error}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<wechatpay::Error> for Error {
    fn from(error: wechatpay::Error) -> Self {
        Self::WeChatPay(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<wechatpay::bill::ReadError> for Error {
    fn from(error: wechatpay::bill::ReadError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<String> for Error {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

impl From<&str> for Error {
    fn from(text: &str) -> Self {
        Self::Other(text.to_owned())
    }
}
