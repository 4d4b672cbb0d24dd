//! The fields of a message, by name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::de::DeserializeOwned;

use crate::id::AppId;
use crate::money::Fen;
use crate::received::Received;
use crate::strict_json::Json;
use crate::time::Time;
use crate::v2::signer::Signer;

/// Names and values of a message, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<Cow<'static, str>, String>);

impl Fields {
    /// What every request about single orders begins with.
    pub(super) fn of(signer: &dyn Signer, appid: &AppId) -> Self {
        let mut fields = Self::default();
        fields.set("appid", appid.as_str());
        fields.set("mch_id", signer.mch_id());
        fields
    }

    /// What every request about combined orders begins with.
    pub(super) fn of_combined(signer: &dyn Signer, combine_appid: &AppId) -> Self {
        let mut fields = Self::default();
        fields.set("combine_appid", combine_appid.as_str());
        fields.set("combine_mch_id", signer.mch_id());
        fields
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl ToString) {
        self.0.insert(name.into(), value.to_string());
    }

    pub(super) fn set_optional(&mut self, name: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Adds a field, or returns its name if it is there already.
    pub(super) fn insert(&mut self, name: String, value: String) -> Result<(), String> {
        match self.0.entry(name.into()) {
            Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
            Entry::Occupied(place) => Err(place.key().to_string()),
        }
    }

    pub(super) fn into_texts(self) -> Vec<(String, Json)> {
        self.0.into_iter().map(|(name, text)| (name.into_owned(), Json::Text(text))).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// A value that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Absent is `None`; of the wrong form is an error.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Malformed> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                None => Err(Malformed::new(format!("{name} is not of its form"))),
                read => Ok(read),
            },
        }
    }

    pub(super) fn required<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Malformed> {
        let missing = || Malformed::new(format!("{name} is missing"));
        self.optional(name, read)?.ok_or_else(missing)
    }
}

/// What is wrong with a message, by field and rule; never its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Malformed {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A text of WeChat Pay's, which need not keep to the rules for what it is sent.
pub(super) fn checked<T: Received>(text: &str) -> Option<T> {
    T::received(text)
}

pub(super) fn number(text: &str) -> Option<u64> {
    // `parse` alone would take a sign.
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(super) fn fen(text: &str) -> Option<Fen> {
    number(text).map(Fen).filter(|amount| *amount <= Fen::MAX)
}

/// `20141030133525`, Beijing time.
pub(super) fn time(text: &str) -> Option<Time> {
    Time::from_compact(text).ok()
}

/// `2017-11-25 15:36:17`, Beijing time, as refunds have it.
pub(super) fn spaced_time(text: &str) -> Option<Time> {
    let (date, time) = text.split_once(' ')?;
    format!("{date}T{time}+08:00").parse().ok().filter(|_| text.len() == 19)
}

/// JSON within a field, read leniently: unknown members do not matter.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

pub(super) fn yes_or_no(yes: bool) -> &'static str {
    if yes { "Y" } else { "N" }
}
