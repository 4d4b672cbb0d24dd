//! The caller's own XML, read strictly: every violation at once, each by its field, and no value.

use crate::error::{Error, Invalid, Violations};
use crate::money::Fen;
use crate::strict_json::{Json, Object, Read};
use crate::time::Time;
use crate::v2::fields::{self, Malformed};
use crate::v2::signer::Signer;
use crate::v2::xml;

/// Reads the fields that `members` takes; any that it leaves is a violation. What is made anew for each
/// request, `nonce_str` and `sign`, is passed over.
pub(super) fn read<T>(
    signer: &dyn Signer,
    xml: &[u8],
    members: impl FnOnce(&mut Object<'_>) -> Option<T>,
) -> Result<T, Error> {
    let fields = xml::read_own(xml).map_err(|Malformed(rule)| Invalid::new("xml", rule))?;
    let mut violations = Violations::default();
    let mut object = Object::of_fields(fields.into_texts(), &mut violations);
    let _: (Option<Json>, Option<Json>) = (object.optional("nonce_str"), object.optional("sign"));
    object.agrees("sign_type", Some(signer.sign_type().as_str()), ", that of the signer");
    let read = members(&mut object);
    object.finish();
    violations.into_result()?;
    Ok(read.ok_or_else(|| Invalid::new("xml", "cannot be read"))?)
}

/// A value that stands as text in XML, and as something else in the order.
pub(super) trait OwnText {
    /// Fen in digits.
    fn fen(&mut self, name: &str) -> Option<Fen>;
    /// `20091225091010`.
    fn compact_time(&mut self, name: &str) -> Option<Time>;
    /// `Y` or `N`.
    fn yes_or_no(&mut self, name: &str) -> Option<bool>;
    /// JSON in a text.
    fn json<T: Read>(&mut self, name: &str) -> Option<T>;
}

impl OwnText for Object<'_> {
    fn fen(&mut self, name: &str) -> Option<Fen> {
        let text: String = self.required(name)?;
        fields::fen(&text)
            .or_else(|| self.note(name, "must be whole fen: digits, without sign or decimals"))
    }

    fn compact_time(&mut self, name: &str) -> Option<Time> {
        let text: String = self.optional(name)?;
        self.checked(name, Time::from_compact(&text))
    }

    fn yes_or_no(&mut self, name: &str) -> Option<bool> {
        match self.optional::<String>(name)?.as_str() {
            "Y" => Some(true),
            "N" => Some(false),
            _ => self.note(name, "must be Y or N"),
        }
    }

    fn json<T: Read>(&mut self, name: &str) -> Option<T> {
        let text: String = self.optional(name)?;
        match Json::parse(mended(&text).as_bytes()) {
            Ok(json) => self.nested(name, json),
            Err(rule) => self.note(name, format!("must be JSON; it {rule}")),
        }
    }
}

/// JSON without two slips of document 002: the comma after the last value of a list or an object,
/// and the no-break spaces between values, which are no blanks in JSON.
fn mended(json: &str) -> String {
    let mut kept = String::with_capacity(json.len());
    let (mut in_text, mut is_escaped) = (false, false);
    // Where a comma stands that nothing but blanks has followed.
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
    fn only_the_slips_of_the_document_are_mended() {
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
            assert_eq!(mended(json), expected);
        }
    }

    /// Each blank was once looked at for every one before it: minutes for 64 KiB.
    #[test]
    fn what_is_mended_is_looked_at_once() {
        for blank in [" ", ",", "\u{3000}", ", "] {
            let long = blank.repeat(xml::SIZE_LIMIT);
            assert_eq!(mended(&long).len(), long.len());
        }
    }
}
