//! Deserializes the JSON of WeChat Pay. An absent value is a missing member, `null` or `""`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;

/// Deserializes JSON; the error names what is wrong, and where.
pub(crate) fn json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    // One check of UTF-8 for the complete text costs less than one for each string.
    let read = match std::str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    };
    read.map_err(|error| describe(&error))
}

/// A value that WeChat Pay sends as a text. It need not follow the rules for requests: the form of
/// WeChat Pay's own numbers is not documented, and a merchant's number may follow other rules, those of
/// APIv2 or of earlier years.
pub(crate) trait Received: Sized {
    fn received(text: &str) -> Option<Self>;

    /// Whether the text means that the value is absent.
    fn is_absent(text: &str) -> bool {
        text.is_empty()
    }
}

impl Received for String {
    fn received(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// Deserializes a text without copying more than is kept.
pub(crate) fn text<'de, D: Deserializer<'de>, T: Received>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text(T::received))
}

/// Deserializes a member that may be absent. A value of the wrong type is an error.
pub(crate) fn option<'de, D: Deserializer<'de>, T: Received>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_option(OptionalText(PhantomData))
}

/// Deserializes a list that may be `null`.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Describes the error: the messages of serde may repeat values.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Eof => "ends too early",
        Category::Data => "lacks a field, or contains one of another type or form",
        Category::Syntax | Category::Io => "is broken",
    };
    format!("its JSON {what} (column {})", error.column())
}

struct Text<F>(F);

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        // The text is not repeated: errors hold no values.
        self.0(text).ok_or_else(|| E::custom("a wrong value"))
    }
}

struct OptionalText<T>(PhantomData<T>);

impl<'de, T: Received> Visitor<'de> for OptionalText<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or null")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(Text(|text: &str| {
            if T::is_absent(text) { Some(None) } else { T::received(text).map(Some) }
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Known {
        known: u8,
    }

    #[test]
    fn what_is_not_read_may_be_anything_between_quotes() {
        assert_eq!(json(b"{\"other\":\"\xff\",\"known\":1}"), Ok(Known { known: 1 }));
        assert!(json::<Value>(b"{\"other\":\"\xff\",\"known\":1}").is_err());
    }

    #[test]
    fn an_error_tells_the_place_and_no_value() {
        for (text, told) in [
            (
                r#"{"known":"SECRET"}"#,
                "its JSON lacks a field, or contains one of another type or form (column 17)",
            ),
            (r#"{"known":SECRET}"#, "its JSON is broken (column 10)"),
            (r#"{"known":1"#, "its JSON ends too early (column 10)"),
            (
                r#"{"SECRET":1}"#,
                "its JSON lacks a field, or contains one of another type or form (column 12)",
            ),
        ] {
            assert_eq!(json::<Known>(text.as_bytes()), Err(told.to_owned()));
        }
    }
}
