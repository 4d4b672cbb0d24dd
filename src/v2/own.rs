//! The caller's own XML, read strictly: every fault at once, each by its field, and no value.

use crate::error::{Error, Faults, Invalid};
use crate::json::{Json, Object, Read};
use crate::money::Fen;
use crate::time::Time;
use crate::v2::fields::{self, Malformed};
use crate::v2::signer::Signer;
use crate::v2::xml;

/// Reads the fields that `members` takes; any that it leaves is a fault. What is made anew for each
/// request, `nonce_str` and `sign`, is passed over.
pub(super) fn read<T>(
    signer: &dyn Signer,
    xml: &[u8],
    members: impl FnOnce(&mut Object<'_>) -> Option<T>,
) -> Result<T, Error> {
    let fields = xml::read_own(xml).map_err(|Malformed(rule)| Invalid::new("xml", rule))?;
    let mut faults = Faults::default();
    let mut object = Object::of_fields(fields.into_texts(), &mut faults);
    let _: (Option<Json>, Option<Json>) = (object.optional("nonce_str"), object.optional("sign"));
    object.agrees("sign_type", Some(signer.sign_type().as_str()), ", that of the signer");
    let read = members(&mut object);
    object.finish();
    faults.into_result()?;
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
        match Json::parse(without_slips(&text).as_bytes()) {
            Ok(json) => self.nested(name, json),
            Err(rule) => self.note(name, format!("must be JSON; it {rule}")),
        }
    }
}

/// JSON without what document 002 prints and JSON does not know: the comma after the last value of a
/// list or an object, and no-break spaces between values.
fn without_slips(json: &str) -> String {
    let mut kept = String::with_capacity(json.len());
    let (mut in_text, mut is_escaped) = (false, false);
    for (index, character) in json.char_indices() {
        let rest = json.get(index..).unwrap_or_default().trim_start_matches(',').trim_start();
        if !in_text && character == ',' && rest.starts_with([']', '}']) {
            continue;
        }
        if !in_text && character == '\u{a0}' {
            kept.push(' ');
            continue;
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
    fn only_the_comma_after_the_last_value_and_no_break_spaces_go() {
        for (json, expected) in [
            ("[1,2]", "[1,2]"),
            ("[1,2, \n]", "[1,2 \n]"),
            (r#"{"a":[{},],}"#, r#"{"a":[{}]}"#),
            (r#"{"a":",]"}"#, r#"{"a":",]"}"#),
            (r#"{"a":"\\",}"#, r#"{"a":"\\"}"#),
            (r#"{"a":"\",]"}"#, r#"{"a":"\",]"}"#),
            ("{\u{a0}\"a\u{a0}\":\u{a0}1}", "{ \"a\u{a0}\": 1}"),
            ("[1,\u{a0}]", "[1 ]"),
            ("", ""),
        ] {
            assert_eq!(without_slips(json), expected);
        }
    }
}
