//! The fields of an APIv2 message.

use std::collections::BTreeMap;

use time::{PrimitiveDateTime, UtcOffset};

/// The fields of a message, sorted by their bytes, as they are signed.
pub(super) type Fields = BTreeMap<String, String>;

pub(super) fn fields_of(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The fields, with these added or replaced.
pub(super) fn merged(mut fields: Fields, more: &[(&str, &str)]) -> Fields {
    fields.extend(fields_of(more));
    fields
}

/// The fields that have one of these names.
pub(super) fn picked(fields: &Fields, names: &[&str]) -> Fields {
    let mut fields = fields.clone();
    fields.retain(|name, _| names.contains(&name.as_str()));
    fields
}

/// The fields without those that differ in each request.
pub(super) fn lasting(request: &Fields) -> Fields {
    let mut fields = request.clone();
    fields.retain(|name, _| !matches!(name.as_str(), "nonce_str" | "sign" | "sign_type"));
    fields
}

/// A field that was checked; empty if it is an absent optional one.
pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

/// A number that was checked; 0 if it is an absent optional one.
pub(super) fn number_of(fields: &Fields, name: &str) -> u64 {
    text(fields, name).parse().unwrap_or_default()
}

/// `20091225091010` in Beijing, in Unix seconds.
pub(super) fn unix_time(text: &str) -> Option<i64> {
    let format =
        time::format_description::parse_borrowed::<2>("[year][month][day][hour][minute][second]");
    let beijing = UtcOffset::from_hms(8, 0, 0).ok()?;
    let moment = PrimitiveDateTime::parse(text, &format.ok()?).ok()?;
    Some(moment.assume_offset(beijing).unix_timestamp())
}
