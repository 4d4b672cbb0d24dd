//! Rules for outgoing values that several fields share.

use serde::Serialize;

use crate::error::{Invalid, Violations};
use crate::money::Fen;
use crate::time::Time;

/// A string of 1 to `longest` characters, none of which takes four bytes in UTF-8.
pub(crate) fn text(
    violations: &mut Violations,
    path: impl Into<String>,
    text: &str,
    longest: usize,
) {
    if text.is_empty() || text.chars().nth(longest).is_some() {
        violations.add(path, format!("must be 1 to {longest} characters"));
    } else if text.chars().any(|character| character.len_utf8() > 3) {
        violations.add(path, "must not contain emoji or other characters of four bytes in UTF-8");
    }
}

/// A [`text`] that may be left out.
pub(crate) fn optional_text(
    violations: &mut Violations,
    path: impl Into<String>,
    value: Option<&str>,
    longest: usize,
) {
    if let Some(value) = value {
        text(violations, path, value, longest);
    }
}

/// 商户侧商品编码: a merchant item number.
pub(crate) fn goods_id(violations: &mut Violations, path: impl Into<String>, text: &str) {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !(1..=32).contains(&text.len()) || !text.bytes().all(good) {
        violations.add(path, "must be 1 to 32 letters, digits, _ or -");
    }
}

/// An amount of at least 1 fen.
pub(crate) fn total(violations: &mut Violations, path: impl Into<String>, total: Fen) {
    if !(Fen(1)..=Fen::MAX).contains(&total) {
        violations.add(path, "must be at least 1 fen and fit a signed 64-bit integer");
    }
}

/// An amount that may be zero.
pub(crate) fn amount(violations: &mut Violations, path: impl Into<String>, amount: Fen) {
    if amount > Fen::MAX {
        violations.add(path, "must fit a signed 64-bit integer");
    }
}

/// A quantity of at least 1.
pub(crate) fn quantity(violations: &mut Violations, path: impl Into<String>, quantity: u64) {
    if !(1..=Fen::MAX.0).contains(&quantity) {
        violations.add(path, "must be at least 1 and fit a signed 64-bit integer");
    }
}

/// A time that is sent without fractions of a second.
pub(crate) fn whole_second(
    violations: &mut Violations,
    path: impl Into<String>,
    time: Option<Time>,
) {
    if time.is_some_and(|time| !time.is_whole_second()) {
        violations.add(path, "must be a whole second");
    }
}

/// The bytes that are signed and sent.
pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, Invalid> {
    let mut json = Vec::with_capacity(USUAL_LENGTH);
    serde_json::to_writer(&mut json, value)
        .map_err(|_| Invalid::new("request", "cannot be written as JSON"))?;
    Ok(json)
}

/// Most bodies are shorter, so that they are written without a copy.
const USUAL_LENGTH: usize = 1000;
