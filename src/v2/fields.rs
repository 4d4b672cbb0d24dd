//! The fields of an APIv2 message, by name.

use std::fmt::{self, Display, Write};
use std::ops::Range;

use crate::id::AppId;
use crate::strict_json::Json;

/// The names and values of a message, sorted by name.
#[derive(Clone, Default)]
pub(super) struct Fields {
    /// All names and values, one after the other, in one allocation.
    text: String,
    /// Their places in the text.
    places: Vec<Place>,
}

#[derive(Clone)]
struct Place {
    name: Range<usize>,
    value: Range<usize>,
}

impl Fields {
    /// No fields yet, and room for that many bytes of names and values.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), places: Vec::with_capacity(USUAL_COUNT) }
    }

    /// The fields that every request about single orders has.
    pub(super) fn of(mchid: &str, appid: &AppId) -> Self {
        let mut fields = Self::with_capacity(USUAL_SIZE);
        fields.set("appid", appid);
        fields.set("mch_id", mchid);
        fields
    }

    /// The fields that every request about combined orders has.
    pub(super) fn of_combined(combine_mchid: &str, combine_appid: &AppId) -> Self {
        let mut fields = Self::with_capacity(USUAL_SIZE);
        fields.set("combine_appid", combine_appid);
        fields.set("combine_mch_id", combine_mchid);
        fields
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Display) {
        let place = self.place(name);
        let start = self.text.len();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{value}");
        let value = start..self.text.len();
        match place.map(|place| self.places.get_mut(place)) {
            Ok(Some(place)) => place.value = value,
            Ok(None) => {}
            Err(place) => self.add(place, name, value),
        }
    }

    pub(super) fn set_optional(&mut self, name: &'static str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Adds a field, unless there is one of that name.
    pub(super) fn insert(&mut self, name: &str, value: &str) -> Result<(), Repeated> {
        let Err(place) = self.place(name) else { return Err(Repeated) };
        let value = self.append(value);
        self.add(place, name, value);
        Ok(())
    }

    /// As the members of an object that the strict reader takes.
    pub(super) fn into_texts(self) -> Vec<(String, Json)> {
        let text = |(name, value): (&str, &str)| (name.to_owned(), Json::Text(value.to_owned()));
        self.iter().map(text).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.places.iter().map(|place| (self.part(&place.name), self.part(&place.value)))
    }

    /// The value, unless it is absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let place = self.places.get(self.place(name).ok()?)?;
        Some(self.part(&place.value)).filter(|value| !value.is_empty())
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

    /// A field that proves nothing. One that `parse` refuses must not hide a payment or a refund, and counts as absent.
    pub(super) fn lenient<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.get(name).and_then(parse)
    }

    pub(super) fn required<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Malformed> {
        let missing = || Malformed::new(format!("{name} is missing"));
        self.optional(name, parse)?.ok_or_else(missing)
    }

    /// The place of that name, or the place where it belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.places.binary_search_by(|place| self.part(&place.name).cmp(name))
    }

    fn add(&mut self, place: usize, name: &str, value: Range<usize>) {
        let name = self.append(name);
        self.places.insert(place, Place { name, value });
    }

    fn append(&mut self, part: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(part);
        start..self.text.len()
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Fields {}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// There is a field of that name.
#[derive(Debug)]
pub(super) struct Repeated;

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

/// Our choice: the sizes of most requests.
const USUAL_SIZE: usize = 1024;
const USUAL_COUNT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_sorted_and_the_last_set_value_counts() {
        let mut fields = Fields::default();
        for (name, value) in [("b", 2), ("c", 3), ("a", 0), ("a", 1)] {
            fields.set(name, value);
        }
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2"), ("c", "3")]);
        assert!(fields.insert("b", "9").is_err() && fields.insert("B", "").is_ok());
        assert_eq!((fields.get("b"), fields.get("B"), fields.get("d")), (Some("2"), None, None));
        assert_eq!((fields.len(), fields.iter().next()), (4, Some(("B", ""))));
        let mut other = Fields::default();
        for (name, value) in [("c", "3"), ("b", "2"), ("B", ""), ("a", "1")] {
            other.set(name, value);
        }
        assert_eq!(fields, other);
        other.set("a", "2");
        assert_ne!(fields, other);
    }
}
