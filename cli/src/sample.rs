//! Samples of WeChat Pay's documents, whose merchants and appids are not the caller's.

use wechatpay::Signer;

use crate::failure::{Failure, Result};
use crate::language::language;
use crate::session::Session;
use crate::terminal::print_note;

/// The sample with the merchant number and the appid of the settings. Reports every value that it replaces.
pub(crate) fn with_own_ids(sample: &[u8], session: &Session) -> Result<Vec<u8>> {
    if session.settings.base_url.ends_with("weixin.qq.com") {
        let what = "--sample is for the sandbox; start wechatpay-sandbox and use its settings";
        return Err(Failure::Usage(what.to_owned()));
    }
    let mut text = String::from_utf8_lossy(sample).into_owned();
    let (mchid, appid) = (session.signer().mchid(), session.settings.appid.as_str());
    let mchids = MCHIDS.iter().map(|name| (name, mchid));
    for (name, own) in mchids.chain(APPIDS.iter().map(|name| (name, appid))) {
        for (open, close) in [(format!("\"{name}\""), "\""), (format!("<{name}>"), "<")] {
            text = replaced(&text, &open, close, own, |found| {
                print_note(language().choose(
                    format!("--sample replaced {name} {found} by {own}"),
                    format!("--sample 把 {name} 由 {found} 换成了 {own}"),
                ));
            });
        }
    }
    Ok(text.into_bytes())
}

/// Replaces each value between `open` (with a colon and a quotation mark, in JSON) and `close`.
fn replaced(text: &str, open: &str, close: &str, own: &str, report: impl Fn(&str)) -> String {
    let mut parts = text.split(open);
    let mut output = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        output.push_str(open);
        let is_between = |character: char| character.is_whitespace() || ":\"".contains(character);
        let value = part.trim_start_matches(is_between);
        let value = value.strip_prefix(CDATA).unwrap_or(value);
        let is_end = |character: char| close.contains(character) || "]<".contains(character);
        let length = value.find(is_end).unwrap_or_default();
        let (found, rest) = value.split_at_checked(length).unwrap_or_default();
        let before = part.len().saturating_sub(value.len());
        output.push_str(part.get(..before).unwrap_or_default());
        if !found.is_empty() && found != own {
            report(found);
        }
        output.push_str(if found.is_empty() { found } else { own });
        output.push_str(rest);
    }
    output
}

/// The merchant who signs, or who takes part in a combined order. A sub-merchant keeps its number.
const MCHIDS: &[&str] = &["mchid", "mch_id", "combine_mchid", "combine_mch_id", "sp_mchid"];
const APPIDS: &[&str] = &["appid", "combine_appid", "sp_appid"];
const CDATA: &str = "<![CDATA[";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_in_json_and_xml_under_their_name_alone() {
        let json = |text: &str| replaced(text, "\"mchid\"", "\"", "1", |_| {});
        assert_eq!(json(r#"{"mchid" : "12", "a": "mchid"}"#), r#"{"mchid" : "1", "a": "mchid"}"#);
        assert_eq!(json(r#"{"sub_mchid":"12"}"#), r#"{"sub_mchid":"12"}"#);
        assert_eq!(json("{\"mchid\"\u{a0}:\u{a0}\"12\",}"), "{\"mchid\"\u{a0}:\u{a0}\"1\",}");
        let xml = |text: &str| replaced(text, "<mch_id>", "<", "1", |_| {});
        assert_eq!(xml("<a/><mch_id>12</mch_id>"), "<a/><mch_id>1</mch_id>");
        let cdata = "<mch_id><![CDATA[12]]></mch_id>";
        assert_eq!(xml(cdata), "<mch_id><![CDATA[1]]></mch_id>");
        assert_eq!(xml("<mch_id></mch_id>"), "<mch_id></mch_id>");
    }
}
