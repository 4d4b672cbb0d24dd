//! A notification of APIv2, cut into other fields: the signed string escapes nothing, so many
//! messages have the same sign.

use std::collections::BTreeMap;

use serde_json::json;
use wechatpay::v2::notify::{self, Notification};

use super::v2::{HMAC, digest, is_name, is_text};

type Fields = Vec<(String, String)>;

/// The first byte selects a single or a combined order, and the rest is the `attach`, which a payer may
/// have typed. Each message with the same sign either is refused, or reads the same. The `attach` may
/// become shorter: nothing that is genuine remains in the string after it.
pub(crate) fn xml_recut(data: &[u8]) -> bool {
    let Some((kind, typed)) = data.split_first() else { return false };
    let Ok(typed) = std::str::from_utf8(typed) else { return false };
    if typed.chars().count() > 128 || !is_text(typed) {
        return false;
    }
    let fields = if kind % 2 == 0 { single(typed) } else { combined(typed) };
    let genuine = open(&fields).expect("a genuine notification opens");
    let string: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let string = string.join("&");
    let pieces: Vec<&str> = string.split('&').collect();
    // Each piece becomes a field, except one run of them, and the pieces without a name: those stay in
    // the value before them.
    let mut recuts = 0;
    for start in 1..pieces.len() {
        for end in start..=pieces.len() {
            let Some(recut) = recut(&pieces, start..end) else { continue };
            if recut == fields {
                continue;
            }
            recuts += 1;
            if let Ok(opened) = open(&recut) {
                same(&genuine, &opened, &string);
            }
        }
    }
    // A notification that can only be cut as it was signed proves nothing.
    recuts > 0
}

/// The fields with these borders, if they could be those of a message: sorted, each name once.
fn recut(pieces: &[&str], kept_together: std::ops::Range<usize>) -> Option<Fields> {
    let mut fields = Fields::new();
    for (index, piece) in pieces.iter().enumerate() {
        // A field without a value takes the next pieces as its value.
        let named = piece.split_once('=').filter(|(name, _)| is_name(name));
        match (named, fields.last_mut()) {
            (Some((name, value)), _) if !kept_together.contains(&index) => {
                fields.push((name.to_owned(), value.to_owned()));
            }
            (_, Some((_, value))) => {
                value.push('&');
                value.push_str(piece);
            }
            (_, None) => return None,
        }
    }
    let is_message = fields.iter().all(|(name, value)| is_name(name) && !value.is_empty());
    (is_message && fields.is_sorted_by(|a, b| a.0 < b.0)).then_some(fields)
}

fn open(fields: &Fields) -> Result<Notification, wechatpay::notify::Refusal> {
    let mut fields: BTreeMap<String, String> = fields.iter().cloned().collect();
    fields.insert("sign".to_owned(), digest(&fields));
    let text = |(name, value): (&String, &String)| {
        format!("<{name}><![CDATA[{}]]></{name}>", value.replace("]]>", "]]]]><![CDATA[>"))
    };
    let xml = format!("<xml>{}</xml>", fields.iter().map(text).collect::<String>());
    notify::open(&*HMAC, xml.as_bytes())
}

fn same(genuine: &Notification, opened: &Notification, string: &str) {
    match (genuine, opened) {
        (Notification::Transaction(genuine), Notification::Transaction(opened)) => {
            let mut opened = opened.clone();
            let attach = opened.attach.take().unwrap_or_default();
            assert!(genuine.attach.as_ref().unwrap().starts_with(&attach), "{string}");
            opened.attach.clone_from(&genuine.attach);
            assert_eq!(*genuine, opened, "{string}");
        }
        (genuine, opened) => assert_eq!(genuine, opened, "{string}"),
    }
}

fn single(attach: &str) -> Fields {
    made(&[
        ("appid", "wxd678efh567hg6787"),
        ("attach", attach),
        ("bank_type", "OTHERS"),
        ("cash_fee", "90"),
        ("coupon_fee", "10"),
        ("coupon_fee_0", "10"),
        ("coupon_id_0", "10000"),
        ("device_info", "1"),
        ("fee_type", "CNY"),
        ("is_subscribe", "N"),
        ("mch_id", "1900007291"),
        ("nonce_str", "n0nce"),
        ("openid", "oPAYER"),
        ("out_trade_no", "order-1"),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("time_end", "20250101090807"),
        ("total_fee", "100"),
        ("trade_type", "JSAPI"),
        ("transaction_id", "42"),
    ])
}

fn combined(attach: &str) -> Fields {
    let part = json!({
        "appid": "wxd678efh567hg6787",
        "mch_id": "1230000109",
        "out_trade_no": "part-1",
        "transaction_id": "42",
        "total_fee": 10,
        "attach": attach,
        "time_end": "20250101090807",
    });
    made(&[
        ("bank_type", "OTHERS"),
        ("combine_appid", "wxd678efh567hg6787"),
        ("combine_mch_id", "1900007291"),
        ("combine_openid", "oPAYER"),
        ("combine_out_trade_no", "whole-1"),
        ("nonce_str", "n0nce"),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("sign_type", "HMAC-SHA256"),
        ("sub_order_list", &json!({"order_num": 1, "order_list": [part]}).to_string()),
        ("trade_type", "APP"),
    ])
}

fn made(pairs: &[(&str, &str)]) -> Fields {
    let filled = pairs.iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
