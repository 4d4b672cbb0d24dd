//! Parses the texts of received fields.

use serde::de::DeserializeOwned;

use crate::money::Fen;
use crate::received::Received;
use crate::time::Time;

/// A text from WeChat Pay, which need not follow the rules for requests.
pub(super) fn received<T: Received>(text: &str) -> Option<T> {
    T::received(text)
}

/// Digits only.
pub(super) fn number(text: &str) -> Option<u64> {
    // `parse` alone would accept a sign.
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An amount in fen.
pub(super) fn fen(text: &str) -> Option<Fen> {
    number(text).map(Fen).filter(|amount| *amount <= Fen::MAX)
}

/// `20141030133525`, Beijing time.
pub(super) fn time(text: &str) -> Option<Time> {
    Time::from_compact(text).ok()
}

/// `2017-11-25 15:36:17`, Beijing time, the form that refunds use.
pub(super) fn spaced_time(text: &str) -> Option<Time> {
    let (date, time) = text.split_once(' ')?;
    format!("{date}T{time}+08:00").parse().ok().filter(|_| text.len() == 19)
}

/// JSON in a field; unknown members are ignored.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}
