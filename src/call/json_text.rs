//! The body of a call: JSON text, checked and sent as it is.

use serde::de::IgnoredAny;

/// Whether this is the text of one JSON object; if not, the rule that it breaks.
pub(super) fn check(json: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(json).map_err(|_| "must be UTF-8".to_owned())?;
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let (line, column) = (error.line(), error.column());
        return Err(format!("must be JSON; check line {line}, column {column}"));
    }
    if !text.trim_start().starts_with('{') {
        return Err("must be a JSON object".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_is_one_json_object_in_utf8() {
        let json = " {\"a\": [1e2, null]} ";
        assert_eq!(check(json.as_bytes()), Ok(json));
        for (json, wrong) in [
            (&b""[..], "must be JSON; check line 1, column 0"),
            (b"{\"a\":1,}", "must be JSON; check line 1, column 8"),
            (b"{}{}", "must be JSON; check line 1, column 3"),
            (b"{\"a\":\"\xff\"}", "must be UTF-8"),
            (b"\"{}\"", "must be a JSON object"),
            (b"[]", "must be a JSON object"),
            (b"null", "must be a JSON object"),
        ] {
            assert_eq!(check(json), Err(wrong.to_owned()));
        }
    }
}
