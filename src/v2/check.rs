//! The rules that several fields share.

use crate::error::Faults;
use crate::pay::check;
use crate::time::Time;
use crate::v2::xml;

/// 1 to `longest` characters that arrive as they were signed.
pub(super) fn text(faults: &mut Faults, name: &str, text: &str, longest: usize) {
    member(faults, name, text, longest);
    // The official Java SDK trims what it signs and what it verifies.
    if text.trim() != text {
        faults.add(name, "must not begin or end with a blank");
    }
}

/// The same within JSON, where a blank at the end is not at the end of the value.
pub(super) fn member(faults: &mut Faults, name: &str, text: &str, longest: usize) {
    check::text(faults, name, text, longest);
    let is_bad = |c: char| c.is_control() || c == '\u{feff}' || !xml::is_allowed(c);
    if text.chars().any(is_bad) {
        faults.add(name, "must not hold control characters");
    }
}

pub(super) fn optional_text(faults: &mut Faults, name: &str, value: Option<&str>, longest: usize) {
    if let Some(value) = value {
        text(faults, name, value, longest);
    }
}

pub(super) fn optional_member(
    faults: &mut Faults,
    name: &str,
    value: Option<&str>,
    longest: usize,
) {
    if let Some(value) = value {
        member(faults, name, value, longest);
    }
}

/// A JSON value is bounded as a whole.
pub(super) fn json(faults: &mut Faults, name: &str, json: Option<&str>, longest: usize) {
    if json.is_some_and(|json| json.chars().nth(longest).is_some()) {
        faults.add(name, format!("must not exceed {longest} characters as JSON"));
    }
}

/// 订单生成时间 and 订单失效时间.
pub(super) fn times(faults: &mut Faults, start: Option<Time>, expire: Option<Time>) {
    check::whole_second(faults, "time_start", start);
    check::whole_second(faults, "time_expire", expire);
    if let (Some(start), Some(expire)) = (start, expire) {
        if expire.unix_seconds().saturating_sub(start.unix_seconds()) <= 60 {
            faults.add("time_expire", "must lie more than a minute after time_start");
        }
    }
}

pub(super) fn fee_type(faults: &mut Faults, name: &str, currency: &str) {
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        faults.add(name, "must be three capital letters, such as CNY");
    }
}
