//! The XML of APIv2: one root with fields one level deep, as text or CDATA.

use quick_xml::Reader;
use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};

use crate::pem::without_mark;
use crate::v2::fields::{Fields, Malformed, Repeated};

/// Reads a message. Refuses what WeChat Pay never sends: document types, custom entities, processing
/// instructions, comments, attributes, namespaces, nesting, duplicate names.
pub(super) fn read(xml: &[u8], root: &str) -> Result<Fields, Malformed> {
    read_fields(&mut Reader::from_str(text(xml)?), root, FIELD_LIMIT, |_| false)
}

/// Reads a response, which may have ten refunds with their coupons.
pub(super) fn read_response(xml: &[u8]) -> Result<Fields, Malformed> {
    read_fields(&mut Reader::from_str(text(xml)?), "xml", RESPONSE_FIELD_LIMIT, |_| false)
}

/// Reads a caller's XML; errors are rules for it. Between its fields, it may contain remarks that begin
/// with `//`, such as the one in document 002. A byte order mark is ignored.
pub(super) fn read_from_caller(xml: &[u8]) -> Result<Fields, Malformed> {
    let xml = without_mark(xml);
    if xml.trim_ascii().is_empty() {
        return Err(Malformed::new("is empty"));
    }
    if !xml.trim_ascii_start().starts_with(b"<") {
        return Err(Malformed::new("must begin with <xml>"));
    }
    let unreadable = |Malformed(what)| Malformed(format!("cannot be read: {what}"));
    let text = text(xml).map_err(unreadable)?;
    let mut reader = Reader::from_str(text);
    let is_remark = |text: &[u8]| text.trim_ascii().starts_with(b"//");
    read_fields(&mut reader, "xml", FIELD_LIMIT, is_remark).map_err(|Malformed(what)| {
        let position = match reader.error_position() {
            0 => reader.buffer_position(),
            position => position,
        };
        let before = usize::try_from(position).ok().and_then(|position| text.get(..position));
        let line = before.unwrap_or(text).lines().count().max(1);
        Malformed(format!("cannot be read: {what} (line {line})"))
    })
}

/// Decodes a message of acceptable size and characters.
fn text(xml: &[u8]) -> Result<&str, Malformed> {
    if xml.len() > SIZE_LIMIT {
        return Err(Malformed::new("the XML is larger than 64 KiB"));
    }
    let start = xml.trim_ascii_start();
    if start.is_empty() {
        return Err(Malformed::new("the body is empty"));
    }
    let begins_with =
        |word: &[u8]| start.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if begins_with(b"<!doctype html") || begins_with(b"<html") {
        return Err(Malformed::new("the body is an HTML page, probably of a proxy"));
    }
    let text = std::str::from_utf8(xml).map_err(|_| Malformed::new("the XML is not UTF-8"))?;
    // Within a value, a byte order mark is signed like any other character.
    if text.starts_with('\u{feff}') {
        return Err(Malformed::new("the XML begins with a byte order mark"));
    }
    if !text.chars().all(is_allowed) {
        return Err(Malformed::new("the XML contains a character that XML forbids"));
    }
    Ok(text)
}

fn read_fields(
    reader: &mut Reader<&[u8]>,
    root: &str,
    limit: usize,
    is_remark: fn(&[u8]) -> bool,
) -> Result<Fields, Malformed> {
    let mut place = Place::Before { declared: false };
    let mut fields = Fields::with_capacity(reader.get_ref().len());
    let (mut name, mut value) = (String::new(), String::new());
    loop {
        let event = reader.read_event().map_err(|error| malformed(&error))?;
        place = match (place, event) {
            (Place::After, Event::Eof) => return Ok(fields),
            (Place::Before { declared: false }, Event::Decl(declaration)) => {
                if !is_utf8(declaration.encoding()) {
                    return Err(Malformed::new("the XML declares another encoding than UTF-8"));
                }
                Place::Before { declared: true }
            }
            (_, Event::Comment(_)) => return Err(Malformed::new("the XML has a comment")),
            (_, Event::DocType(_)) => return Err(Malformed::new("the XML has a document type")),
            (Place::Before { .. }, Event::Start(start)) if name_of(&start)? == root => Place::Root,
            (Place::Before { .. }, Event::Empty(start)) if name_of(&start)? == root => Place::After,
            (Place::Root, Event::Start(start)) => {
                name.clear();
                value.clear();
                name.push_str(name_of(&start)?);
                Place::Field
            }
            (Place::Root, Event::Empty(start)) => {
                add(&mut fields, limit, name_of(&start)?, "")?;
                Place::Root
            }
            (Place::Root, Event::End(_)) => Place::After,
            (Place::Field, Event::End(_)) => {
                add(&mut fields, limit, &name, &value)?;
                Place::Root
            }
            (Place::Field, event) => {
                add_content(&mut value, event)?;
                Place::Field
            }
            (place, Event::Text(text)) if is_blank(&text) => place,
            (Place::Root, Event::Text(text)) if is_remark(&text) => Place::Root,
            _ => return Err(Malformed::new("the XML is not a flat list of fields")),
        };
    }
}

/// Whether nothing but blanks stands between elements. Document 002 prints no-break spaces there.
fn is_blank(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.trim().is_empty())
}

fn malformed(error: &quick_xml::Error) -> Malformed {
    match error {
        quick_xml::Error::Syntax(SyntaxError::UnclosedCData) => {
            Malformed::new("the XML has a CDATA without its end ]]>")
        }
        quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => {
            Malformed::new("the XML has an unescaped &; write &amp;")
        }
        _ => Malformed::new("the XML is malformed"),
    }
}

/// Writes a message from which [`read`] returns the same fields.
pub(super) fn write(fields: &Fields) -> String {
    let mut xml = String::with_capacity(USUAL_SIZE);
    xml.push_str("<xml>");
    for (name, value) in fields.iter() {
        xml.extend(["<", name, "><![CDATA["]);
        // A `]]>` in the value is split between two CDATA sections.
        let mut pieces = value.split("]]>");
        xml.extend(pieces.next());
        pieces.for_each(|piece| xml.extend(["]]]]><![CDATA[>", piece]));
        xml.extend(["]]></", name, ">"]);
    }
    xml.push_str("</xml>");
    xml
}

/// Whether XML 1.0 allows the character.
pub(super) fn is_allowed(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}'
    )
}

/// The position of the reader in the message.
enum Place {
    Before { declared: bool },
    Root,
    Field,
    After,
}

fn add(fields: &mut Fields, limit: usize, name: &str, value: &str) -> Result<(), Malformed> {
    if fields.len() >= limit {
        return Err(Malformed::new(format!("the XML has more than {limit} fields")));
    }
    fields.insert(name, value).map_err(|Repeated| {
        let name: String = name.chars().take(64).collect();
        Malformed(format!("the XML has the field {name} twice"))
    })
}

/// Returns the name of an element without attributes.
fn name_of<'a>(start: &'a BytesStart<'_>) -> Result<&'a str, Malformed> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let name = start.name().into_inner();
    let starts_well = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let has_attributes = !start.attributes_raw().iter().all(u8::is_ascii_whitespace);
    if has_attributes || !starts_well || !name.iter().all(is_plain) {
        return Err(Malformed::new("the XML has an attribute, a namespace or a malformed name"));
    }
    std::str::from_utf8(name).map_err(|_| Malformed::new("the XML is not UTF-8"))
}

/// Appends a part of a value without trimming it or changing its line ends, since they are signed.
fn add_content(value: &mut String, event: Event<'_>) -> Result<(), Malformed> {
    match event {
        Event::Text(text) => {
            let text = text.decode().map_err(|_| Malformed::new("the XML is not UTF-8"))?;
            if text.contains("]]>") {
                return Err(Malformed::new("the XML has ]]> outside CDATA"));
            }
            value.push_str(&text);
        }
        Event::CData(text) => {
            value.push_str(&text.decode().map_err(|_| Malformed::new("the XML is not UTF-8"))?);
        }
        Event::GeneralRef(reference) => {
            let number = reference.resolve_char_ref().ok().flatten();
            let character = match &*reference {
                b"amp" => Some('&'),
                b"lt" => Some('<'),
                b"gt" => Some('>'),
                b"quot" => Some('"'),
                b"apos" => Some('\''),
                _ => number.filter(|character| is_allowed(*character)),
            };
            value.push(character.ok_or_else(|| Malformed::new("the XML has an unknown entity"))?);
        }
        _ => return Err(Malformed::new("the XML is not a flat list of fields")),
    }
    Ok(())
}

fn is_utf8<E>(encoding: Option<Result<std::borrow::Cow<'_, [u8]>, E>>) -> bool {
    match encoding {
        None => true,
        Some(Ok(name)) => name.eq_ignore_ascii_case(b"UTF-8"),
        Some(Err(_)) => false,
    }
}

/// Our choice: the largest messages, with ten refunds and their coupons, have about 10 KiB.
pub(super) const SIZE_LIMIT: usize = 64 * 1024;

/// Our choice: the size of most requests.
const USUAL_SIZE: usize = 1024;

/// Our choice: a payment notification has about 30 fields, and three for each coupon.
const FIELD_LIMIT: usize = 256;

/// Our choice: each of the ten refunds of a response has 11 fields, and three for each coupon.
const RESPONSE_FIELD_LIMIT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(xml: &str) -> Result<Vec<(String, String)>, String> {
        let fields = read(xml.as_bytes(), "xml").map_err(|Malformed(what)| what)?;
        Ok(fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[track_caller]
    fn value(xml: &str) -> String {
        let fields = read_text(&format!("<xml><a>{xml}</a></xml>")).unwrap();
        assert_eq!(fields.len(), 1);
        fields[0].1.clone()
    }

    #[test]
    fn values_are_decoded() {
        for (xml, expected) in [
            ("", ""),
            ("1", "1"),
            ("<![CDATA[1]]>", "1"),
            ("<![CDATA[]]>", ""),
            ("<![CDATA[<a>&amp;</a>]]>", "<a>&amp;</a>"),
            ("a<![CDATA[b]]>c<![CDATA[d]]>", "abcd"),
            ("<![CDATA[]]]]><![CDATA[>]]>", "]]>"),
            ("&lt;&gt;&amp;&quot;&apos;&#65;&#x4e2d;", "<>&\"'A中"),
            (" 1 \n", " 1 \n"),
            ("a\r\nb", "a\r\nb"),
            ("测试", "测试"),
            ("&#x1F9F8;", "🧸"),
            ("a\u{feff}", "a\u{feff}"),
            ("<![CDATA[\u{feff}1]]>", "\u{feff}1"),
        ] {
            assert_eq!(value(xml), expected, "{xml}");
        }
    }

    #[test]
    fn blanks_and_empty_elements_of_real_messages_are_read() {
        let sample = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<xml>\r\n  \
            <total_fee>1</total_fee >\n\n<attach/><appid><![CDATA[wx1]]></appid></xml >\n";
        let expected = [("appid", "wx1"), ("attach", ""), ("total_fee", "1")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read_text(sample).unwrap(), expected);
        let spaced = sample.replace("  ", "\u{a0}\u{a0}");
        assert_ne!(spaced, sample);
        assert_eq!(read_text(&spaced).unwrap(), expected);
        assert_eq!(read_text("<xml></xml>").unwrap(), []);
        assert_eq!(read_text("<xml/>").unwrap(), []);
        assert_eq!(read_text(" <xml> </xml> ").unwrap(), []);
    }

    #[test]
    fn xml_that_wechat_pay_never_sends_is_refused() {
        let many: String = (0..257).map(|n| format!("<a{n}>1</a{n}>")).collect();
        let laughs =
            "<!DOCTYPE xml [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]><xml><c>&b;</c></xml>";
        for (xml, why) in [
            ("", "the body is empty"),
            (" \n ", "the body is empty"),
            ("x", "flat"),
            ("<html><body>502</body></html>", "an HTML page"),
            ("\n<!DOCTYPE html>", "an HTML page"),
            ("<!DOCTYPE xml><xml></xml>", "document type"),
            (
                "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml><a>&x;</a></xml>",
                "document type",
            ),
            (laughs, "document type"),
            ("<xml><a>&x;</a></xml>", "entity"),
            ("<xml><a>&#x0;</a></xml>", "entity"),
            ("<xml><a>&#x1F;</a></xml>", "entity"),
            ("<xml><a>&#xD800;</a></xml>", "entity"),
            ("<xml><a>&#xFFFE;</a></xml>", "entity"),
            ("<xml><a>&#99999999999;</a></xml>", "entity"),
            ("<xml><a>&#+65;</a></xml>", "entity"),
            ("<xml><a>&</a></xml>", "&amp;"),
            ("<xml><a>a & b</a></xml>", "&amp;"),
            ("<xml>&amp;<a>1</a></xml>", "flat"),
            ("<xml><?php x?><a>1</a></xml>", "flat"),
            ("<?pi?><xml></xml>", "flat"),
            ("<xml></xml><?pi?>", "flat"),
            ("<xml><?xml version=\"1.0\"?></xml>", "flat"),
            ("<?xml version=\"1.0\"?><?xml version=\"1.0\"?><xml></xml>", "flat"),
            ("<?xml version=\"1.0\" encoding=\"GBK\"?><xml></xml>", "encoding"),
            ("<xml><!-- x --><a>1</a></xml>", "a comment"),
            ("<xml><a>1<!-- x -->2</a></xml>", "a comment"),
            ("<!-- x --><xml></xml>", "a comment"),
            ("<xml a=\"1\"></xml>", "attribute"),
            ("<xml><a b=\"1\">1</a></xml>", "attribute"),
            ("<xml><a b>1</a></xml>", "attribute"),
            ("<xml xmlns=\"x\"></xml>", "attribute"),
            ("<xml><n:a>1</n:a></xml>", "attribute"),
            ("<xml><é>1</é></xml>", "attribute"),
            ("<xml><1>1</1></xml>", "attribute"),
            ("<xml><a><b>1</b></a></xml>", "flat"),
            ("<xml><a><b/></a></xml>", "flat"),
            ("<xml><xml><a>1</a></xml></xml>", "flat"),
            ("<xml><a>1</a><a>1</a></xml>", "twice"),
            ("<xml><a/><a>1</a></xml>", "twice"),
            ("<xml><a><![CDATA[1]></a></xml>", "CDATA"),
            ("<xml><a>1]]></a></xml>", "]]>"),
            ("<xml><a>1</b></xml>", "malformed"),
            ("<xml><a>1</a>", "flat"),
            ("<xml><a>1", "flat"),
            ("<xml><a", "malformed"),
            ("<root><a>1</a></root>", "flat"),
            ("<XML></XML>", "flat"),
            ("<xml>text<a>1</a></xml>", "flat"),
            ("<xml><a>1</a>//comment</xml>", "flat"),
            ("<xml><![CDATA[x]]></xml>", "flat"),
            ("<xml></xml>x", "flat"),
            ("<xml></xml><xml></xml>", "flat"),
            ("x<xml></xml>", "flat"),
            ("\u{feff}<xml></xml>", "byte order mark"),
            ("<xml><a>\u{0}</a></xml>", "forbids"),
            ("<xml><a>\u{b}</a></xml>", "forbids"),
            ("<xml><a>\u{ffff}</a></xml>", "forbids"),
            (&format!("<xml>{many}</xml>"), "256"),
            (&format!("<xml><a>{}</a></xml>", "1".repeat(SIZE_LIMIT)), "64 KiB"),
        ] {
            let error = read_text(xml).expect_err(xml);
            assert!(error.contains(why), "{xml}: {error}");
        }
        let utf16: Vec<u8> = "<xml></xml>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [&utf16[..], b"\xff\xfe<\0x\0", b"<xml><a>\xb2\xe2</a></xml>"] {
            assert!(read(bytes, "xml").is_err());
        }
    }

    #[test]
    fn largest_allowed_message_is_read() {
        let many: String = (0..256).map(|n| format!("<a{n}>1</a{n}>")).collect();
        assert_eq!(read_text(&format!("<xml>{many}</xml>")).unwrap().len(), 256);
        let frame = "<xml><a></a></xml>".len();
        let longest = "1".repeat(SIZE_LIMIT - frame);
        assert_eq!(value(&longest), longest);
        let more: String = (0..1024).map(|n| format!("<a{n}>1</a{n}>")).collect();
        assert_eq!(read_response(format!("<xml>{more}</xml>").as_bytes()).unwrap().len(), 1024);
        let Malformed(what) =
            read_response(format!("<xml>{more}<b/></xml>").as_bytes()).unwrap_err();
        assert_eq!(what, "the XML has more than 1024 fields");
        let refund = read(b"<root><a>1</a></root>", "root").unwrap();
        assert_eq!(refund.get("a"), Some("1"));
    }

    #[test]
    fn written_message_reads_the_same() {
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % 1_000_003).unwrap() % below
        };
        let pieces = [
            "]]>",
            "]]",
            ">",
            "<",
            "&",
            "&amp;",
            "<![CDATA[",
            "]]]]>",
            "\r\n",
            "\t",
            " ",
            "\"",
            "'",
            "测试",
            "🧸",
            "=",
            "&key=",
            "\u{2028}",
            "{\"a\":1}",
            "0",
            "x",
            "</a>",
            "\u{85}",
        ];
        for _ in 0..10_000 {
            let mut fields = Fields::default();
            for _ in 0..next(8) {
                let name = format!("{}{}", ["a", "_b", "C", "coupon_id_"][next(4)], next(12));
                let value: String = (0..next(8)).map(|_| pieces[next(pieces.len())]).collect();
                let _ = fields.insert(&name, &value);
            }
            let xml = write(&fields);
            assert_eq!(read(xml.as_bytes(), "xml").as_ref(), Ok(&fields), "{xml}");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic() {
        let seed = "<?xml version=\"1.0\"?><xml><a><![CDATA[1]]></a><b>&lt;2&#65;</b><c/></xml>";
        let mut random = 1_u32;
        for _ in 0..50_000 {
            let mut bytes = seed.as_bytes().to_vec();
            for _ in 0..3 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let position = usize::try_from(random >> 16).unwrap() % bytes.len();
                bytes[position] =
                    b"<>/!?&;[]CDATA=\" x\0\xff#"[usize::try_from(random & 15).unwrap()];
            }
            let _ = read(&bytes, "xml");
        }
    }
}
