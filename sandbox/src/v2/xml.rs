//! Reading XML as strictly as a service may, and writing it. Of its own, so that it shares no
//! fault with the client.

use super::fields::Fields;

/// Reads `<xml>` with its fields, each one level deep and there once; `None` for anything else.
pub(super) fn read(text: &str) -> Option<Fields> {
    let text = text.trim();
    let text = match text.strip_prefix("<?xml ") {
        Some(rest) => rest.split_once("?>")?.1.trim_start(),
        None => text,
    };
    let mut rest = text.strip_prefix("<xml>")?.strip_suffix("</xml>")?.trim_start();
    let mut fields = Fields::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<')?.split_once('>')?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let (value, after) = value(after)?;
        rest = after.strip_prefix(name)?.strip_prefix('>')?.trim_start();
        if fields.insert(name.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(fields)
}

/// Writes the fields below this root, numbers without CDATA, as the samples of the documents do.
pub(super) fn write(root: &str, fields: &Fields) -> Vec<u8> {
    let mut xml = format!("<{root}>");
    for (name, value) in fields {
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let value = if is_number { value.clone() } else { cdata(value) };
        xml.push_str(&format!("\n<{name}>{value}</{name}>"));
    }
    xml.push_str(&format!("\n</{root}>"));
    xml.into_bytes()
}

/// A value, and what follows the `</` behind it.
fn value(mut rest: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    loop {
        if let Some(after) = rest.strip_prefix("</") {
            return Some((value, after));
        } else if let Some(after) = rest.strip_prefix("<![CDATA[") {
            let (text, after) = after.split_once("]]>")?;
            value.push_str(text);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('&') {
            let (name, after) = after.split_once(';')?;
            value.push(entity(name)?);
            rest = after;
        } else {
            let character = rest.chars().next().filter(|character| *character != '<')?;
            value.push(character);
            rest = rest.get(character.len_utf8()..)?;
        }
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_xml_reads_the_same() {
        let fields: Fields = [("a", "1"), ("b", "<&]]>测试"), ("c", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let xml = String::from_utf8(write("xml", &fields)).unwrap();
        assert_eq!(read(&xml), Some(fields));
        assert!(xml.contains("<a>1</a>"));
    }

    #[test]
    fn anything_else_than_flat_fields_is_refused() {
        for xml in [
            "",
            "<xml>",
            "<xml></root>",
            "<xml>x</xml>",
            "<xml><a>1</b></xml>",
            "<xml><a>1</a><a>1</a></xml>",
            "<xml><a><b>1</b></a></xml>",
            "<xml><a x=\"1\">1</a></xml>",
            "<xml><a>&x;</a></xml>",
            "<xml><a>&</a></xml>",
            "<xml><a><![CDATA[1]></a></xml>",
            "<xml><!-- x --></xml>",
            "<!DOCTYPE xml><xml></xml>",
            "<xml></xml><xml></xml>",
        ] {
            assert_eq!(read(xml), None, "{xml}");
        }
    }
}
