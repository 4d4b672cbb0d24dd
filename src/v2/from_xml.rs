//! Reads a caller's XML strictly: reports all violations at once, each by its field, without values.

use crate::error::{Error, Invalid, Violations};
use crate::strict_json::{Json, Object, Read};
use crate::v2::fields::Malformed;
use crate::v2::signer::Signer;
use crate::v2::xml;

/// Reads and validates the fields that `members` takes; any other field is a violation. Ignores `nonce_str` and
/// `sign`, since each request has new ones. `rules` adds what the values violate, also if some of them could not be
/// read.
pub(super) fn read<T>(
    signer: &dyn Signer,
    xml: &[u8],
    members: impl FnOnce(&mut Object<'_>) -> Option<T>,
    rules: impl FnOnce(&T, &mut Violations) -> Result<(), Invalid>,
) -> Result<T, Error> {
    let fields = xml::read_from_caller(xml).map_err(|Malformed(rule)| Invalid::new("xml", rule))?;
    let mut violations = Violations::default();
    // An empty element is not signed, so it counts as absent.
    let mut texts = fields.into_texts();
    texts.retain(|(_, value)| !matches!(value, Json::Text(text) if text.is_empty()));
    let mut object = Object::of_fields(texts, &mut violations);
    let _: (Option<Json>, Option<Json>) = (object.optional("nonce_str"), object.optional("sign"));
    object.agrees("sign_type", Some(signer.sign_type().as_str()), ", that of the signer");
    let read = members(&mut object);
    object.finish();
    violations.end_reading();
    if let Some(value) = &read {
        rules(value, &mut violations)?;
    }
    violations.into_result()?;
    Ok(read.ok_or_else(|| Invalid::new("xml", "cannot be read"))?)
}

/// Reads a field that contains JSON and may be left out.
pub(super) fn json<T: Read>(object: &mut Object<'_>, name: &str) -> Option<T> {
    let text: String = object.optional(name)?;
    json_of(object, name, &text)
}

/// Reads JSON, the value of a field.
pub(super) fn json_of<T: Read>(object: &mut Object<'_>, name: &str, text: &str) -> Option<T> {
    match Json::parse(without_slips(text).as_bytes()) {
        Ok(json) => object.nested(name, json),
        Err(rule) => object.note(name, format!("must be JSON; it {rule}")),
    }
}

/// JSON without two mistakes that document 002 prints: a comma after the last value of a list or an
/// object, and no-break spaces between values.
fn without_slips(json: &str) -> String {
    let mut kept = String::with_capacity(json.len());
    let (mut in_text, mut is_escaped) = (false, false);
    // The position of a comma that only blanks have followed so far.
    let mut comma = None;
    for mut character in json.chars() {
        if !in_text {
            match character {
                ',' => comma = Some(kept.len()),
                ']' | '}' => {
                    if let Some(comma) = comma.take() {
                        kept.remove(comma);
                    }
                }
                '\u{a0}' => character = ' ',
                blank if blank.is_whitespace() => {}
                _ => comma = None,
            }
        }
        in_text ^= character == '"' && !is_escaped;
        is_escaped = in_text && character == '\\' && !is_escaped;
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_slips_of_the_document_are_without_slips() {
        for (json, expected) in [
            ("[1,2]", "[1,2]"),
            ("[1,2, \n]", "[1,2 \n]"),
            (r#"{"a":[{},],}"#, r#"{"a":[{}]}"#),
            (r#"{"a":",]"}"#, r#"{"a":",]"}"#),
            (r#"{"a":"\\",}"#, r#"{"a":"\\"}"#),
            (r#"{"a":"\",]"}"#, r#"{"a":"\",]"}"#),
            ("[1,,]", "[1,]"),
            ("[1 , 2,\u{a0}]", "[1 , 2 ]"),
            ("{\u{a0}\"a\u{a0}\":\u{a0}1}", "{ \"a\u{a0}\": 1}"),
            ("", ""),
        ] {
            assert_eq!(without_slips(json), expected);
        }
    }

    #[test]
    fn long_json_is_scanned_once() {
        for blank in [" ", ",", "\u{3000}", ", "] {
            let long = blank.repeat(xml::SIZE_LIMIT);
            assert_eq!(without_slips(&long).len(), long.len());
        }
    }
}
