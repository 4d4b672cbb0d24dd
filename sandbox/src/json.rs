//! Reading JSON as strictly as the service does.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Where the text stopped being acceptable JSON, and why.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// A JSON pointer; empty for the whole text.
    pub(super) pointer: String,
    pub(super) issue: String,
}

/// Reads JSON, and refuses what `serde_json` alone lets pass: a key that occurs twice, numbers that
/// are not integers, and characters of four bytes in UTF-8, also when they are escaped.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Fault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Fault { pointer: String::new(), issue: "is not UTF-8".to_owned() })?;
    let place = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Node { pointer: String::new(), place: &place }.deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| Fault {
        pointer: place.take().unwrap_or_default(),
        issue: error.to_string(),
    })
}

/// The JSON pointer (RFC 6901) to the child `name` of `parent`.
pub(super) fn pointer(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Puts a member into an object, or replaces it.
pub(super) fn put(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

/// One value of the text, which knows its place so that a fault can be reported there.
struct Node<'a> {
    pointer: String,
    place: &'a RefCell<Option<String>>,
}

impl Node<'_> {
    fn child(&self, name: &str) -> Self {
        Self { pointer: pointer(&self.pointer, name), place: self.place }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let (pointer, place) = (self.pointer.clone(), self.place);
        deserializer.deserialize_any(self).inspect_err(|_| {
            // The innermost value fails first, and its place is the one to report.
            place.borrow_mut().get_or_insert(pointer);
        })
    }
}

/// There is no `visit_f64`: serde refuses a number that is not an integer for want of it.
impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an integer, a boolean, a string, an object or an array")
    }

    /// The schema refuses `null`, with the field's name.
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        if value.chars().any(|character| character.len_utf8() > 3) {
            return Err(E::custom("a character of more than three bytes in UTF-8"));
        }
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self.child(&values.len().to_string()))? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let child = self.child(&name);
            if values.contains_key(&name) {
                self.place.borrow_mut().get_or_insert(child.pointer);
                return Err(A::Error::custom("a key that occurs twice"));
            }
            values.insert(name, members.next_value_seed(child)?);
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of_fault(text: &str) -> String {
        parse(text.as_bytes()).expect_err(text).pointer
    }

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#"{"a":[1,-2,true,"é中"],"b":{"c":null,"d/~":""}}"#;
        assert_eq!(parse(text.as_bytes()), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn refused_json_has_its_place() {
        assert_eq!(place_of_fault(r#"{"a":{"b":1,"b":1}}"#), "/a/b");
        assert_eq!(place_of_fault(r#"{"a":[1,{"x/y":1.0}]}"#), "/a/1/x~1y");
        assert_eq!(place_of_fault(r#"{"a":18446744073709551616}"#), "/a");
        assert_eq!(place_of_fault("{\"a\":\"\u{1F600}\"}"), "/a");
        assert_eq!(place_of_fault(r#"{"a":"\ud83d\ude00"}"#), "/a");
        assert_eq!(place_of_fault("{} x"), "");
        assert_eq!(place_of_fault("\u{FEFF}{}"), "");
        assert_eq!(place_of_fault(""), "");
        assert_eq!(parse(b"{\"a\":\"\xFF\"}").unwrap_err().issue, "is not UTF-8");
    }

    #[test]
    fn deeply_nested_json_is_refused_without_overflow() {
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
