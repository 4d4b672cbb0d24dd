//! Why a bill could not be read.

use std::borrow::Cow;
use std::fmt;

use crate::one_line::OneLine;

/// Why a bill could not be read: the line, the column, and the rule that is violated.
///
/// This is an error of a file, not of a call: nothing is sent while a bill is read. The text never
/// contains a value of the bill.
///
/// ```
/// use wechatpay::bill::TradeBill;
///
/// let error = TradeBill::new(&b"<xml>"[..]).unwrap_err();
/// assert_eq!((error.line, error.column.as_deref()), (1, None));
/// assert_eq!(error.rule, "must contain the column 交易时间; check that this is the file of that bill");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadError {
    /// The number of the line; the first line is 1.
    pub line: u64,
    /// The name of the column, or `None` if the rule is not about a single column.
    pub column: Option<String>,
    /// The rule that is violated, and what to do where that helps.
    pub rule: Cow<'static, str>,
}

impl ReadError {
    /// An error about a complete line.
    pub(super) fn line(line: u64, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { line, column: None, rule: rule.into() }
    }

    /// An error about one column of a line.
    pub(super) fn column(line: u64, column: &str, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { line, column: Some(column.to_owned()), rule: rule.into() }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => {
                write!(f, "bill line {}, {} {}", self.line, OneLine(column), OneLine(&self.rule))
            }
            None => write!(f, "bill line {} {}", self.line, OneLine(&self.rule)),
        }
    }
}

impl std::error::Error for ReadError {}
