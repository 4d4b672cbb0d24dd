//! The APIv2 rules that several fields share.

use crate::error::Violations;
use crate::time::Time;
use crate::v2::xml;
use crate::validate;

/// 1 to `longest` characters that reach WeChat Pay as they were signed.
pub(super) fn text(violations: &mut Violations, name: &str, text: &str, longest: usize) {
    member(violations, name, text, longest);
    // The official Java SDK trims what it signs and what it verifies.
    if text.trim() != text {
        violations.add(name, "must not begin or end with a blank");
    }
}

/// A [`text`] within JSON, where a blank at the end of the text is not at the end of the field.
pub(super) fn member(violations: &mut Violations, name: &str, text: &str, longest: usize) {
    validate::text(violations, name, text, longest);
    let is_bad = |c: char| c.is_control() || c == '\u{feff}' || !xml::is_allowed(c);
    if text.chars().any(is_bad) {
        violations.add(name, "must not contain control characters");
    }
}

pub(super) fn optional_text(
    violations: &mut Violations,
    name: &str,
    value: Option<&str>,
    longest: usize,
) {
    if let Some(value) = value {
        text(violations, name, value, longest);
    }
}

pub(super) fn optional_member(
    violations: &mut Violations,
    name: &str,
    value: Option<&str>,
    longest: usize,
) {
    if let Some(value) = value {
        member(violations, name, value, longest);
    }
}

/// At most `longest` characters of JSON.
pub(super) fn json(violations: &mut Violations, name: &str, json: &str, longest: usize) {
    if json.chars().nth(longest).is_some() {
        violations.add(name, format!("must not exceed {longest} characters as JSON"));
    }
}

/// 订单生成时间 and 订单失效时间.
pub(super) fn times(violations: &mut Violations, start: Option<Time>, expire: Option<Time>) {
    validate::whole_second(violations, "time_start", start);
    validate::whole_second(violations, "time_expire", expire);
    if let (Some(start), Some(expire)) = (start, expire) {
        if expire.unix_seconds().saturating_sub(start.unix_seconds()) <= 60 {
            violations.add("time_expire", "must be more than a minute after time_start");
        }
    }
}

pub(super) fn fee_type(violations: &mut Violations, name: &str, currency: &str) {
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        violations.add(name, "must be three capital letters, such as CNY");
    }
}
