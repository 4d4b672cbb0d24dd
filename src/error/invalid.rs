//! Values that break a documented rule.

use std::borrow::Cow;
use std::fmt;

use crate::one_line::OneLine;

/// One or more values that break a documented rule: every violation that was found, in order.
///
/// ```
/// use wechatpay::{ErrorKind, Fen, OutTradeNo};
///
/// let error = OutTradeNo::new("short").unwrap_err();
/// if let ErrorKind::Invalid(invalid) = error.kind() {
///     let violation = &invalid.violations()[0];
///     assert_eq!(violation.path, "out_trade_no");
///     assert_eq!(violation.rule, "must be 6 to 32 letters, digits, _, -, | or *");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    violations: Vec<Violation>,
}

/// One value and the rule that it breaks. The value itself is never repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where the value is: a JSON pointer within a request (`/amount/total`), or the name of the
    /// value.
    pub path: String,
    /// The rule.
    pub rule: Cow<'static, str>,
}

impl Invalid {
    pub(crate) fn new(path: impl Into<String>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { violations: vec![Violation { path: path.into(), rule: rule.into() }] }
    }

    /// The rule of the first violation, for a value that is known by another path.
    pub(crate) fn into_rule(self) -> Cow<'static, str> {
        self.violations
            .into_iter()
            .next()
            .map_or(Cow::Borrowed("cannot be read"), |violation| violation.rule)
    }

    /// Every violation, in the order of the fields. There is at least one.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Violation { path, rule }) in self.violations.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", OneLine(path), OneLine(rule))?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// The path of a member, written out only if there is a violation.
pub(crate) struct Member<'a> {
    pub(crate) path: &'a str,
    pub(crate) name: &'a str,
}

impl From<Member<'_>> for String {
    fn from(Member { path, name }: Member<'_>) -> Self {
        format!("{path}/{name}")
    }
}

/// Collects violations while a request is read and validated.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    all: Vec<Violation>,
    /// How many of them are values that could not be read.
    misread: usize,
}

impl Violations {
    /// Runs the checks. What they add becomes the error.
    pub(crate) fn collect(find: impl FnOnce(&mut Self)) -> Result<(), Invalid> {
        let mut violations = Self::default();
        find(&mut violations);
        violations.into_result()
    }

    /// [`collect`](Self::collect), for checks that can end early.
    #[cfg(feature = "v2")]
    pub(crate) fn try_collect(
        find: impl FnOnce(&mut Self) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        let mut violations = Self::default();
        find(&mut violations)?;
        violations.into_result()
    }

    /// Adds a violation, unless the value at this path could not be read: then a rule was checked with a stand-in.
    pub(crate) fn add(&mut self, path: impl Into<String>, rule: impl Into<Cow<'static, str>>) {
        let path = path.into();
        if !self.is_misread(&path) {
            self.all.push(Violation { path, rule: rule.into() });
        }
    }

    /// Marks the violations so far as values that could not be read.
    pub(crate) fn end_reading(&mut self) {
        self.misread = self.all.len();
    }

    /// Whether the value at this path, or one that contains it, could not be read.
    pub(crate) fn is_misread(&self, path: &str) -> bool {
        self.all.iter().take(self.misread).any(|misread| {
            let rest = path.strip_prefix(misread.path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// [`add`](Self::add), unless this path has a violation already.
    pub(crate) fn add_once(&mut self, path: String, rule: impl Into<Cow<'static, str>>) {
        if !self.all.iter().any(|known| known.path == path) {
            self.add(path, rule);
        }
    }

    /// [`add`](Self::add), where nothing could be read.
    pub(crate) fn note<T>(
        &mut self,
        path: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
    ) -> Option<T> {
        self.add(path, rule);
        None
    }

    #[cfg(feature = "v2")]
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn into_result(self) -> Result<(), Invalid> {
        if self.all.is_empty() { Ok(()) } else { Err(Invalid { violations: self.all }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_reported_in_order() {
        let mut violations = Violations::default();
        violations.add("/attach", "is too long");
        assert_eq!(violations.note::<u64>("/amount/total", "is 0"), None);
        let invalid = violations.into_result().unwrap_err();
        let paths: Vec<_> =
            invalid.violations().iter().map(|violation| violation.path.as_str()).collect();
        assert_eq!(paths, ["/attach", "/amount/total"]);
        assert_eq!(invalid.to_string(), "/attach is too long; /amount/total is 0");
        assert_eq!(invalid.into_rule(), "is too long");
    }
}
