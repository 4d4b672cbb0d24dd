//! How answers say that there is nothing: by leaving a member out, by `null`, or by `""`.

use serde::{Deserialize, Deserializer, de};

/// Reads a member for which nothing may be said. A value of the wrong type stays an error.
pub(crate) fn option<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String>,
{
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        // The text is not repeated: errors hold no values.
        Some(text) => T::try_from(text).map(Some).map_err(|_| de::Error::custom("a wrong value")),
    }
}

/// Reads a list that may be `null`.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
