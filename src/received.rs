//! Deserializes the JSON of WeChat Pay. An absent value is a missing member, `null` or `""`.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

/// Deserializes JSON; the error names what is wrong, and where.
pub(crate) fn json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    // One check of UTF-8 for the complete text costs less than one for each string.
    match std::str::from_utf8(json) {
        Ok(text) => json_text(text),
        Err(_) => serde_json::from_slice(json).map_err(|error| describe(&error, json)),
    }
}

/// As [`json`], of a text that was checked before.
pub(crate) fn json_text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    serde_json::from_str(text).map_err(|error| describe(&error, text.as_bytes()))
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

/// Reads a text that proves nothing. One of the wrong type or form must not hide a payment, and so counts as
/// absent.
pub(crate) fn lenient_text<'de, D: Deserializer<'de>, T: Received>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    lenient_json(deserializer, |json| match plain_text(json) {
        Some(text) if T::is_absent(text) => None,
        Some(text) => T::received(text),
        None => option(&mut serde_json::Deserializer::from_str(json)).ok()?,
    })
}

/// Reads a member that proves nothing, as [`lenient_text`] does.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    lenient_json(deserializer, |json| serde_json::from_str(json).ok())
}

/// Reads a list that proves nothing, as [`lenient_text`] does. What is no item is left out, as is all that follows
/// [`LIST_LIMIT`] of them.
pub(crate) fn lenient_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let list = lenient_json(deserializer, |json| {
        let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let items = items.into_iter().filter_map(|item| serde_json::from_str(item.get()).ok());
        Some(items.take(LIST_LIMIT).collect())
    });
    Ok(list?.unwrap_or_default())
}

/// Reads a member whatever it is. It is not read into values, which take up to a hundred times the memory of their
/// text; one that is longer than [`LENIENT_LIMIT`] counts as absent.
fn lenient_json<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    let json = deserializer.deserialize_newtype_struct(RAW_VALUE, AnyJson)?;
    Ok(Some(&*json).filter(|json| json.len() <= LENIENT_LIMIT).and_then(read))
}

/// The text of a JSON string, if it has no escapes and so is what stands between its quotes.
fn plain_text(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    Some(text).filter(|text| !text.as_bytes().contains(&b'\\'))
}

/// Describes the error. The messages of serde may repeat values, and do not name a field of a wrong type.
fn describe(error: &serde_json::Error, json: &[u8]) -> String {
    let column = error.column();
    match error.classify() {
        Category::Eof => format!("its JSON ends too early (column {column})"),
        Category::Syntax | Category::Io => format!("its JSON is broken (column {column})"),
        Category::Data => {
            let lines = json.split_inclusive(|byte| *byte == b'\n');
            let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
            let end = before.saturating_add(column);
            let mut path = path_at(json.get(..end).unwrap_or(json));
            let mut message = Start::default();
            // If the buffer is full, the rest of the message is left out.
            let _ = write!(message, "{error}");
            let missing =
                message.0.strip_prefix("missing field `").and_then(|it| it.split_once('`'));
            match missing {
                Some((name, _)) => {
                    path.push(name.to_owned());
                    format!("it lacks the field {}", path.join("."))
                }
                None if path.is_empty() => "it is not a JSON object".to_owned(),
                None => format!("the field {} has a wrong type or form", path.join(".")),
            }
        }
    }
}

/// The names and indices that lead to the end of this beginning of a JSON text.
fn path_at(json: &[u8]) -> Vec<String> {
    let mut open: Vec<Step> = Vec::new();
    let mut text: Option<String> = None;
    let (mut last, mut is_escaped) = (String::new(), false);
    for byte in json {
        match (&mut text, byte) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(name), b'"') => {
                last = std::mem::take(name);
                text = None;
            }
            // Names of fields are short and plain; only those are repeated.
            (Some(name), byte) if byte.is_ascii_graphic() && name.len() < LONGEST_NAME => {
                name.push(char::from(*byte));
            }
            (Some(_), _) => {}
            (None, b'"') => text = Some(String::new()),
            (None, b'{') => open.push(Step::Name(String::new())),
            (None, b'[') => open.push(Step::Index(0)),
            (None, b'}' | b']') => drop(open.pop()),
            (None, b':') => {
                if let Some(Step::Name(name)) = open.last_mut() {
                    *name = std::mem::take(&mut last);
                }
            }
            (None, b',') => {
                if let Some(Step::Index(index)) = open.last_mut() {
                    *index = index.saturating_add(1);
                }
            }
            (None, _) => {}
        }
    }
    let steps = open.into_iter().map(|step| match step {
        Step::Name(name) => name,
        Step::Index(index) => index.to_string(),
    });
    steps.filter(|step| !step.is_empty()).collect()
}

/// The start of a text, which may repeat a value of any length.
#[derive(Default)]
struct Start(String);

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = START_LIMIT.checked_sub(self.0.len()).ok_or(fmt::Error)?;
        self.0.extend(text.chars().take(room));
        Ok(())
    }
}

enum Step {
    Name(String),
    Index(usize),
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

/// Takes the JSON text of any value, as `RawValue` does, and copies it only if it cannot be borrowed: `RawValue` is
/// either borrowed or copied, and a response that is read from memory has a dozen of these values.
struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    /// What serde_json calls for the name [`RAW_VALUE`]: the only value of the map is the JSON text.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let text = map.next_entry::<IgnoredAny, JsonText<'de>>()?;
        text.map(|(_, JsonText { text })| text).ok_or_else(|| A::Error::custom("no JSON text"))
    }

    /// What any other serializer calls, and serde_json for a name that it does not know.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Cow::Owned(json.get().to_owned()))
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct JsonText<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// The name by which `RawValue` asks serde_json for the JSON text of a value.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Our own limits: the largest documented value that is read leniently, a list of coupons, has a few kilobytes.
const LENIENT_LIMIT: usize = 64 * 1024;
const LIST_LIMIT: usize = 256;

/// Longer than the message that names a missing field.
const START_LIMIT: usize = 256;

/// Longer than any name of a field in the documents.
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Known {
        known: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Lenient {
        #[serde(default, deserialize_with = "lenient_text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "lenient")]
        known: Option<Known>,
        #[serde(default, deserialize_with = "lenient_list")]
        list: Vec<Known>,
    }

    #[test]
    fn lenient_members_are_absent_if_wrong_or_too_large() {
        let list = |count: usize| format!("[{}]", vec!["{\"known\":1}"; count].join(","));
        let long = format!("\"{}\"", "x".repeat(LENIENT_LIMIT));
        let many = list(LIST_LIMIT + 1);
        for (value, text, known, length) in [
            ("\"a\\n\"", Some("a\n"), false, 0),
            ("\"\"", None, false, 0),
            ("null", None, false, 0),
            ("1.5", None, false, 0),
            ("{\"known\":1}", None, true, 0),
            ("{\"known\":256}", None, false, 0),
            ("[{\"known\":1},{},[],\"x\",{\"known\":2}]", None, false, 2),
            (&many, None, false, LIST_LIMIT),
            (&long, None, false, 0),
        ] {
            let members = ["text", "known", "list"].map(|name| format!("\"{name}\":{value}"));
            let json = format!("{{{}}}", members.join(","));
            let read = json_text::<Lenient>(&json).unwrap();
            let read = (read.text.as_deref(), read.known.is_some(), read.list.len());
            assert_eq!(read, (text, known, length), "{value:.40}");
            // A caller may read a value that it stored.
            let stored: Value = serde_json::from_str(&json).unwrap();
            assert!(serde_json::from_reader::<_, Lenient>(json.as_bytes()).is_ok());
            assert!(serde_json::from_value::<Lenient>(stored).is_ok());
        }
    }

    #[test]
    fn json_text_is_borrowed_if_it_is_in_memory() {
        let read = |name| {
            let mut deserializer = serde_json::Deserializer::from_str("[1, \"a\"] ");
            deserializer.deserialize_newtype_struct(name, AnyJson).unwrap()
        };
        assert!(matches!(read(RAW_VALUE), Cow::Borrowed("[1, \"a\"]")));
        // The result if a version of serde_json uses another name.
        assert!(matches!(read("other"), Cow::Owned(json) if json == "[1, \"a\"]"));
    }

    #[test]
    fn unread_string_may_contain_anything() {
        assert_eq!(json(b"{\"other\":\"\xff\",\"known\":1}"), Ok(Known { known: 1 }));
        assert!(json::<Value>(b"{\"other\":\"\xff\",\"known\":1}").is_err());
    }

    #[test]
    fn error_names_the_field_and_no_value() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Outer {
            list: Vec<Known>,
        }
        for (text, expected) in [
            (r#"{"known":"SECRET"}"#, "the field known has a wrong type or form"),
            (
                r#"{"o":{"x":[1,"SECRET"]},"known":1000}"#,
                "the field known has a wrong type or form",
            ),
            ("{\n\n \"o\\\"}:\":1,\n\"known\": -1}", "the field known has a wrong type or form"),
            (r#"{"known":{"SECRET":1}}"#, "the field known has a wrong type or form"),
            (r#"{"SECRET":1}"#, "it lacks the field known"),
            (r#"{"SECRET":1}  "#, "it lacks the field known"),
            (r#"{"known":SECRET}"#, "its JSON is broken (column 10)"),
            (r#"{"known":1"#, "its JSON ends too early (column 10)"),
            (r#""SECRET""#, "it is not a JSON object"),
            ("", "it is empty"),
        ] {
            assert_eq!(json::<Known>(text.as_bytes()), Err(expected.to_owned()), "{text}");
        }
        for (text, expected) in [
            (
                r#"{"list":[{"known":1},{"known":2},{"x":"SECRET"}]}"#,
                "it lacks the field list.2.known",
            ),
            (
                r#"{"list":[{"known":1},{"known":null}]}"#,
                "the field list.1.known has a wrong type or form",
            ),
            (r#"{"list":{"known":1}}"#, "the field list has a wrong type or form"),
        ] {
            assert_eq!(json::<Outer>(text.as_bytes()), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn member_that_proves_nothing_is_read_or_absent() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Lenient {
            #[serde(default, deserialize_with = "lenient_text")]
            text: Option<String>,
            #[serde(default, deserialize_with = "lenient")]
            number: Option<u64>,
            #[serde(default, deserialize_with = "lenient_list")]
            list: Vec<Known>,
        }
        let read = |text: &str| json::<Lenient>(text.as_bytes()).unwrap();
        let good = read(r#"{"text":"x","number":7,"list":[{"known":1},7,{},{"known":2}]}"#);
        assert_eq!((good.text.as_deref(), good.number), (Some("x"), Some(7)));
        assert_eq!(good.list, [Known { known: 1 }, Known { known: 2 }]);
        for wrong in ["null", "true", "-7", "7.5", "[[],{}]", r#"{"a":[1]}"#, r#""""#] {
            let read = read(&format!(r#"{{"text":{wrong},"number":{wrong},"list":{wrong}}}"#));
            assert_eq!(read, Lenient { text: None, number: None, list: Vec::new() }, "{wrong}");
        }
        assert!(json::<Lenient>(br#"{"text":"#).is_err());
    }
}
