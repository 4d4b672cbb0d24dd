//! [`Leaf`]: one text within JSON, found without touching anything around it.

use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The text at a JSON pointer (RFC 6901), and where its JSON lies: `before`, the value, `after`.
#[derive(Debug, PartialEq)]
pub(super) struct Leaf<'a> {
    pub(super) before: &'a str,
    pub(super) text: String,
    pub(super) after: &'a str,
}

impl<'a> Leaf<'a> {
    pub(super) fn find(json: &'a str, pointer: &str) -> Result<Self, &'static str> {
        let names =
            pointer.strip_prefix('/').ok_or("must be a JSON pointer, such as /user_name")?;
        let mut value = json;
        for name in names.split('/') {
            let name = name.replace("~1", "/").replace("~0", "~");
            value = member(value, &name)?;
        }
        let text = serde_json::from_str(value).map_err(|_| "must be a text")?;
        let start = value.as_ptr().addr().checked_sub(json.as_ptr().addr());
        let place = start.and_then(|start| {
            let end = start.checked_add(value.len())?;
            Some((json.get(..start)?, json.get(end..)?))
        });
        let (before, after) = place.ok_or("is missing")?;
        Ok(Self { before, text, after })
    }
}

/// The JSON of one member of an object, or of one item of a list.
fn member<'a>(json: &'a str, name: &str) -> Result<&'a str, &'static str> {
    let found = if json.trim_start().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| "is missing")?;
        let index: usize = name.parse().map_err(|_| "is missing")?;
        items.into_iter().nth(index)
    } else {
        let Members(members) = serde_json::from_str(json).map_err(|_| "is missing")?;
        let mut named = members.into_iter().filter(|(member, _)| member == name);
        let found = named.next().map(|(_, value)| value);
        if named.next().is_some() {
            return Err("must not occur twice");
        }
        found
    };
    found.map(RawValue::get).ok_or("is missing")
}

/// The members of an object in order, each as its own JSON.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMembers;
        impl<'de> Visitor<'de> for OfMembers {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(OfMembers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#" {"a": 1e2, "名/~": ["x", {"b" :"张\u4e09"}], "n":null,
        "twice":"1","twice":"2", "big":123456789012345678901234567890} "#;

    #[test]
    fn leaf_is_found_and_everything_around_it_stays() {
        for (pointer, text, json) in
            [("/名~1~0/0", "x", r#""x""#), ("/名~1~0/1/b", "张三", r#""张\u4e09""#)]
        {
            let leaf = Leaf::find(JSON, pointer).unwrap();
            assert_eq!(leaf.text, text);
            assert_eq!(format!("{}{json}{}", leaf.before, leaf.after), JSON);
        }
    }

    #[test]
    fn pointers_that_lead_to_no_text_are_refused() {
        for (pointer, rule) in [
            ("", "must be a JSON pointer, such as /user_name"),
            ("a", "must be a JSON pointer, such as /user_name"),
            ("/", "is missing"),
            ("/x", "is missing"),
            ("/名~1~0/2", "is missing"),
            ("/名~1~0/-1", "is missing"),
            ("/名~1~0/0/b", "is missing"),
            ("/a/b", "is missing"),
            ("/a", "must be a text"),
            ("/n", "must be a text"),
            ("/名~1~0", "must be a text"),
            ("/big", "must be a text"),
            ("/twice", "must not occur twice"),
        ] {
            assert_eq!(Leaf::find(JSON, pointer), Err(rule), "{pointer}");
        }
    }
}
