//! The fields of an APIv2 message, by name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::id::AppId;
use crate::strict_json::Json;

/// The names and values of a message, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<Cow<'static, str>, String>);

impl Fields {
    /// The fields that every request about single orders has.
    pub(super) fn of(mchid: &str, appid: &AppId) -> Self {
        let mut fields = Self::default();
        fields.set("appid", appid);
        fields.set("mch_id", mchid);
        fields
    }

    /// The fields that every request about combined orders has.
    pub(super) fn of_combined(combine_mchid: &str, combine_appid: &AppId) -> Self {
        let mut fields = Self::default();
        fields.set("combine_appid", combine_appid);
        fields.set("combine_mch_id", combine_mchid);
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

    /// Adds a field, or returns its name if there is one of that name.
    pub(super) fn insert(&mut self, name: String, value: String) -> Result<(), String> {
        match self.0.entry(name.into()) {
            Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
            Entry::Occupied(place) => Err(place.key().to_string()),
        }
    }

    /// As the members of an object that the strict reader takes.
    pub(super) fn into_texts(self) -> Vec<(String, Json)> {
        self.0.into_iter().map(|(name, text)| (name.into_owned(), Json::Text(text))).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// The value, unless it is absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// `None` if the field is absent; an error if `parse` refuses its value.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Malformed> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match parse(value) {
                None => Err(Malformed::new(format!("{name} is malformed"))),
                parsed => Ok(parsed),
            },
        }
    }

    pub(super) fn required<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Malformed> {
        let missing = || Malformed::new(format!("{name} is missing"));
        self.optional(name, parse)?.ok_or_else(missing)
    }
}

/// What is wrong with a message: the field and the rule, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Malformed {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

pub(super) fn yes_or_no(yes: bool) -> &'static str {
    if yes { "Y" } else { "N" }
}
