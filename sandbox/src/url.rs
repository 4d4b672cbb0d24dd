//! Paths and queries as they stand on the request line.

/// The path, and the query without its question mark.
pub(super) fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// The parameters of a query, in order and decoded; `None` stands for one that cannot be decoded.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = Option<(String, String)>> {
    query.split('&').filter(|_| !query.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((decode(name)?, decode(value)?))
    })
}

/// Takes off one percent-encoding. A plus sign stays one, as in a path.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)?.checked_mul(16)?.checked_add(hex(rest.next()?)?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Puts on one percent-encoding, of all but letters, digits and `-._~`.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_encoding_is_taken_off() {
        assert_eq!(decode("a%2A%7c%40*|@+"), Some("a*|@*|@+".to_owned()));
        assert_eq!(decode("%252A"), Some("%2A".to_owned()));
        assert_eq!(decode("%E4%B8%AD"), Some("中".to_owned()));
        for broken in ["%", "%2", "%2G", "%+1", "%FF", "a%"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn one_encoding_is_put_on() {
        assert_eq!(encode("a-._~ /?=&%中"), "a-._~%20%2F%3F%3D%26%25%E4%B8%AD");
        assert_eq!(decode(&encode("a-._~ /?=&%中")).as_deref(), Some("a-._~ /?=&%中"));
    }

    #[test]
    fn parameters_keep_their_order_and_their_repetitions() {
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        let read: Vec<_> = parameters("b=1&a=%2F&b=&c=d=e").collect();
        assert_eq!(read, [pair("b", "1"), pair("a", "/"), pair("b", ""), pair("c", "d=e")]);
        assert_eq!(parameters("").count(), 0);
        assert_eq!(parameters("a&b=%").collect::<Vec<_>>(), [None, None]);
        assert_eq!(split("/a?b=c?d"), ("/a", "b=c?d"));
        assert_eq!(split("/a"), ("/a", ""));
    }
}
