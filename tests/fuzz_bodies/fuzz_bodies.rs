//! What is fuzzed: one function for each target, through the public interface alone.
//!
//! Each takes any bytes and panics where the library breaks a promise. It returns whether the
//! library took them, so that a driver notifications a corpus of which nothing is taken any more.
//!
//! Two drivers share them: `tests/it/fuzz.rs`, which is part of `cargo test`, and `cargo fuzz`. Each
//! function documents the meaning of the bytes; `tests/data/corpus/README.md` describes how the seeds
//! were made.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufReader, Read};
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wechatpay::bill::{
    self, Date, Direction, FundFlow, FundFlowBill, Link, ReadError, Trade, TradeBill, TradeRow,
    Yuan,
};
use wechatpay::notify::{self, Event, EventType, Notification, Refusal};
use wechatpay::pay::h5::{self, H5Info, H5Type, Scene};
use wechatpay::pay::{self, Detail, GoodsDetail, Order, SceneInfo, StoreInfo, app, native};
use wechatpay::pay::{Payer, jsapi};
use wechatpay::refund::{self, FundsAccount, Refund, RefundFrom};
use wechatpay::{
    ApiV3Key, AppId, ClientCertificate, Code, Error, ErrorKind, Fen, Gateway, HttpOptions,
    NotifyUrl, OpenId, OutRefundNo, OutTradeNo, Outcome, PlatformKeys, RefundId, Request, Response,
    Retry, RsaSigner, SignError, Signature, Signer, SubMerchant, Time, TransactionId, Transport,
    TransportError, Untrusted, UreqTransport, certificates, combine, signing,
};

// By their paths, because where a module is looked for depends on how this file was found.
#[path = "calls.rs"]
mod calls;
#[path = "own.rs"]
mod own;
#[cfg(feature = "v2")]
#[path = "own_xml.rs"]
mod own_xml;
#[cfg(feature = "v2")]
#[path = "recut.rs"]
mod recut;
#[cfg(feature = "v2")]
#[path = "v2.rs"]
mod v2;

pub(crate) use self::calls::{call, product};
pub(crate) use self::own::own_json;
#[cfg(feature = "v2")]
pub(crate) use self::own_xml::own_xml;
#[cfg(feature = "v2")]
pub(crate) use self::recut::xml_recut;
#[cfg(feature = "v2")]
pub(crate) use self::v2::{xml_read, xml_write};

/// The text of a key file, of any kind.
pub(crate) fn keys(data: &[u8]) -> bool {
    let _ = ApiV3Key::new(data);
    let signer = RsaSigner::from_pem(MCHID, "AB", data).map(drop);
    let public_key = PlatformKeys::from_pem(ID, data).map(drop);
    let certificate = PlatformKeys::from_certificate(data);
    let certified = RsaSigner::from_certificate(MCHID, data, data);
    let client = ClientCertificate::from_pem(data, data).map(drop);
    if let Ok(signer) = &certified {
        let keys = certificate.as_ref().unwrap();
        assert_eq!(verifies(keys, signer.serial_no(), &sign(signer)), Ok(()));
    }
    let roots = std::str::from_utf8(data).map_or(Ok(()), |text| {
        let mut options = HttpOptions::default();
        options.root_certificates = Some(text.to_owned());
        UreqTransport::new(&options).map(drop)
    });
    let results = [signer, public_key, certificate.map(drop), certified.map(drop), client, roots];
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        let error = nothing_sent(error).to_string();
        // No line of a key has a blank, and no error so many letters without one.
        let is_of_key = |line: &&[u8]| line.len() >= 40 && !line.contains(&b' ');
        let mut lines = data.split(|byte| *byte == b'\n').filter(is_of_key);
        assert!(!lines.any(|line| contains(error.as_bytes(), line)), "{error}");
    }
    results.iter().any(Result::is_ok)
}

/// The DER within a key file; each kind is tried.
pub(crate) fn der(data: &[u8]) -> bool {
    let pem = |label| {
        let text = STANDARD.encode(data);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let private = ["PRIVATE KEY", "RSA PRIVATE KEY"].map(|label| {
        RsaSigner::from_pem(MCHID, "AB", pem(label)).is_ok_and(|signer| {
            assert!(is_one_value(data), "accepted, but not as it would be written");
            assert!((256..=512).contains(&sign(&signer).len()));
            true
        })
    });
    let public = PlatformKeys::from_pem(ID, pem("PUBLIC KEY")).is_ok_and(|keys| {
        assert!(is_one_value(data), "accepted, but not as it would be written");
        if verifies(&keys, ID, &PLATFORM.signature).is_ok() {
            assert_eq!(data, &PLATFORM.spki[..], "one key in two encodings");
        }
        true
    });
    let certificate = PlatformKeys::from_certificate(pem("CERTIFICATE")).is_ok_and(|keys| {
        assert!(is_one_value(data), "accepted, but not as it would be written");
        // Only Debug shows the serial number: `["AB12"]`.
        let serial = format!("{keys:?}");
        let serial = serial.trim_matches(['[', ']', '"']);
        if verifies(&keys, serial, &PLATFORM.signature).is_ok() {
            assert!(contains(data, &PLATFORM.spki), "one key in two encodings");
        }
        true
    });
    private.contains(&true) || public || certificate
}

/// A notification. First line: how many seconds after [`SIGNED_AT`] it comes; then headers, an empty line,
/// the body.
pub(crate) fn notification(data: &[u8]) -> bool {
    let Some(Parts { first, headers, body }) = Parts::of(data) else { return false };
    let Ok(delay) = first.parse::<i64>() else { return false };
    let Ok(now) = Time::from_unix_seconds(SIGNED_AT.saturating_add(delay)) else { return false };
    let is_good = GOOD_NOTIFICATIONS.contains(&data);
    match notify::open(&PLATFORM.keys, &PLATFORM.api_v3_key, borrowed(&headers), body, now) {
        Ok(event) => {
            let value = |name: &str| {
                let mut found =
                    headers.iter().filter(|(other, _)| name.eq_ignore_ascii_case(other));
                let (_, value) = found.next().unwrap();
                assert!(found.next().is_none(), "{name} came twice");
                value.as_slice()
            };
            assert_eq!(value("wechatpay-timestamp"), SIGNED_AT.to_string().as_bytes());
            assert_eq!(value("wechatpay-nonce"), NONCE.as_bytes());
            let mut signed = GOOD_NOTIFICATIONS.iter().filter_map(|good| Parts::of(good));
            assert!(signed.any(|good| good.body == body), "nobody signed this");
            assert!((-300..=300).contains(&delay), "too old or too new");
            assert!(!event.id.is_empty());
            true
        }
        Err(refusal) => {
            assert!(!is_good, "{refusal}");
            refused(&refusal);
            false
        }
    }
}

/// A notification that is signed as it is. First line `sign`: the rest is the body. Or `seal` and a type:
/// the rest is what is sealed.
pub(crate) fn notification_signed(data: &[u8]) -> bool {
    let (first, rest) = split_line(data);
    let first = String::from_utf8_lossy(first);
    let (body, sealed) = match first.split_once(' ') {
        Some(("seal", original_type)) => (envelope(original_type, rest), true),
        _ => (rest.to_vec(), false),
    };
    let headers = signed_headers(SIGNED_AT, &body);
    let now = Time::from_unix_seconds(SIGNED_AT).unwrap();
    match notify::open(&PLATFORM.keys, &PLATFORM.api_v3_key, borrowed(&headers), &body, now) {
        Ok(event) => {
            // Members that are not read may have another type. A list in the place of an object
            // is read as well, though WeChat Pay sends none.
            let envelope = serde_json::from_str(&String::from_utf8_lossy(&body));
            if let Some(envelope) = envelope.ok().filter(Value::is_object) {
                same_event(&event, &envelope);
            }
            true
        }
        Err(refusal) => {
            assert!(!matches!(refusal, Refusal::Untrusted(_)), "{refusal}");
            assert!(!(sealed && refusal == Refusal::Undecryptable), "it was sealed by the key");
            refused(&refusal);
            false
        }
    }
}

/// A response to every call there is. First line: the status, then `signed` for a signature of
/// WeChat Pay's, `endless` or `broken` for a body without an end or without its end; then headers, an
/// empty line, the body. A header `NOW` becomes the time.
pub(crate) fn response(data: &[u8]) -> bool {
    let Some(Parts { first, mut headers, body }) = Parts::of(data) else { return false };
    let mut words = first.split(' ');
    let Some(status) = words.next().and_then(|word| word.parse().ok()) else { return false };
    let words: Vec<&str> = words.collect();
    let now = Time::now().unwrap().unix_seconds();
    for (_, value) in headers.iter_mut().filter(|(_, value)| value == b"NOW") {
        *value = now.to_string().into_bytes();
    }
    let claims = headers
        .iter()
        .any(|(name, _)| SIGNED_HEADERS.iter().any(|signed| signed.eq_ignore_ascii_case(name)));
    let signed = words.contains(&"signed");
    if signed {
        headers.extend(signed_headers(now, body));
    }
    let end = match (words.contains(&"endless"), words.contains(&"broken")) {
        (true, _) => End::Never,
        (false, true) => End::Broken,
        (false, false) => End::Whole,
    };
    let response = WireResponse { status, headers, body: body.to_vec(), end };
    let code = code_of(body);
    let mut took = false;
    for call in CALLS {
        let is_file = call.is_file && status == 200;
        if is_file && end == End::Never {
            // A bill may have up to 16 GiB.
            continue;
        }
        let wire = Wire::responding(response.clone());
        let result = (call.run)(&wire.gateway());
        assert_eq!(wire.sent().len(), 1, "{}", call.name);
        let is_verified = signed && !claims && end == End::Whole;
        let is_success = (200..=299).contains(&status);
        let error = match result {
            Ok(()) => {
                let was_closed = call.name == "combine::close" && code == "ORDERCLOSED";
                let is_ok = is_verified && (is_success && status != 202 || was_closed);
                // The file is checked against a SHA-1 that was signed.
                assert!(is_ok || is_file && end == End::Whole, "{}: believed", call.name);
                took = true;
                continue;
            }
            Err(error) => error,
        };
        let text = format!("{}: {error} {error:?}", call.name);
        // An error body that is too long counts as none, and as unsigned.
        let is_cut = !is_success && end == End::Never;
        let expected = if is_cut {
            outcome_of(status, "", call.is_refund)
        } else if end != End::Whole || is_success || claims {
            Outcome::Unknown
        } else {
            let code = error.api().map(|error| error.code.as_str().replace('_', ""));
            outcome_of(status, &code.unwrap_or_default(), call.is_refund)
        };
        assert_eq!(error.outcome(), expected, "{text}");
        assert!(expected == Outcome::Refused || error.retry() != Retry::Never, "{text}");
        if end == End::Whole && !is_file && (is_success || claims) {
            let is_untrusted = matches!(error.kind(), ErrorKind::Untrusted { .. });
            assert_eq!(is_untrusted, !is_verified, "{text}");
        }
        if let ErrorKind::Api(error) = error.kind() {
            assert_eq!((error.status, error.signed), (status, signed && !is_cut), "{text}");
        }
    }
    took
}

/// An error response. First line: its status; the rest is the body.
pub(crate) fn api_error(data: &[u8]) -> bool {
    let (first, body) = split_line(data);
    let status = std::str::from_utf8(first).ok().and_then(|status| status.parse().ok());
    let Some(status) = status.filter(|status| !(200..=299).contains(status)) else { return false };
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let response =
        WireResponse { status, headers: Vec::new(), body: body.to_vec(), end: End::Whole };
    let mut took = false;
    for call in CALLS.iter().filter(|call| ["pay::query", "refund::apply"].contains(&call.name)) {
        let error = (call.run)(&Wire::responding(response.clone()).gateway()).unwrap_err();
        let code = error.api().map(|error| error.code.as_str().replace('_', "")).unwrap();
        let expected = outcome_of(status, &code, call.is_refund);
        assert_eq!(error.outcome(), expected, "{error}");
        assert!(expected == Outcome::Refused || error.retry() != Retry::Never, "{error}");
        let text = format!("{error} {error:?}");
        let ErrorKind::Api(error) = error.kind() else { panic!("{error}") };
        assert_eq!((error.status, error.signed), (status, false));
        // The library skips members that it does not need, so it accepts more. It refuses repeated
        // members and large details, so it accepts less.
        let is_read = |ours: &str, name: &str| {
            ours.is_empty() || value.is_null() || value[name].as_str() == Some(ours)
        };
        assert!(is_read(error.code.as_str(), "code") && is_read(&error.message, "message"));
        if let Some(ours) = error.detail.as_ref().filter(|_| !value.is_null()) {
            let ours: Value = serde_json::from_str(&ours.json).unwrap();
            assert_eq!(ours, value["detail"], "{text}");
        }
        took |= !error.code.as_str().is_empty();
    }
    took
}

/// A time, a day, or an amount in yuan.
pub(crate) fn time(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let time = text.parse::<Time>();
    let from_json = serde_json::from_value::<Time>(json!(text));
    assert_eq!(from_json.ok(), time.as_ref().ok().copied());
    if let Ok(time) = time {
        let printed = time.to_string();
        assert_eq!(printed.parse::<Time>().unwrap(), time, "{printed}");
        assert_eq!(json!(time), json!(printed));
        let seconds = Time::from_unix_seconds(time.unix_seconds()).unwrap();
        assert!(seconds <= time && Date::of(seconds) == Date::of(time));
        // A day that begins before 1970 or after 9999 in Beijing is not valid.
        let day = Date::of(time).to_string();
        assert!(day.parse::<Date>().is_ok() || !("1970-01-01".."9999-12-31").contains(&&*day));
    }
    if let Ok(time) = Time::from_compact(text) {
        assert!(text.len() == 14 && time.to_string().parse() == Ok(time), "{time}");
    }
    let day = text.parse::<Date>();
    if let Ok(day) = &day {
        assert_eq!(day.to_string(), text);
    }
    let fen = Fen::from_yuan(text);
    if let Ok(fen) = &fen {
        assert_eq!(Fen::from_yuan(&fen.to_string()), Ok(*fen));
        let yuan = text.parse::<Yuan>().map(Yuan::to_fen);
        assert!(yuan.is_err() || yuan == Ok(Some(*fen)), "{yuan:?}");
    }
    let yuan = text.parse::<Yuan>();
    if let Ok(yuan) = &yuan {
        assert_eq!(yuan.to_string().parse::<Yuan>(), Ok(*yuan));
    }
    time.is_ok() || day.is_ok() || fen.is_ok() || yuan.is_ok()
}

/// An order, a refund and a combined order, of the same [`Fields`].
pub(crate) fn order(data: &[u8]) -> bool {
    let fields = Fields::of(data);
    let took = [single(&fields), refunded(&fields), combined(&fields)];
    took.contains(&Some(true))
}

/// A bill of either kind.
pub(crate) fn bill(data: &[u8]) -> bool {
    let trade = read_bill(TradeBill::new(data), TradeBill::finish);
    if let Some((rows, summary)) = &trade {
        let sum = |of: fn(&TradeRow) -> Fen| sum(rows.iter().map(of));
        assert_eq!(summary.rows, rows.len() as u64);
        assert_eq!(sum(|row| row.settlement_total), u128::from(summary.settlement_total.0));
        if let Some(total) = summary.order_total {
            assert_eq!(sum(|row| row.order_total.unwrap_or_default()), u128::from(total.0));
        }
        let fees: i128 = rows.iter().map(|row| i128::from(row.fee.millionths())).sum();
        assert!(fees.abs_diff(i128::from(summary.fee.millionths())) < 10_000, "{fees}");
    }
    let flow = read_bill(FundFlowBill::new(data), FundFlowBill::finish);
    if let Some((rows, summary)) = &flow {
        let those = |direction| rows.iter().filter(move |row| row.direction == direction);
        assert_eq!(summary.rows, rows.len() as u64);
        assert_eq!(summary.rows_in, those(Direction::In).count() as u64);
        let amount_in = sum(those(Direction::In).map(|row| row.amount));
        let amount_out = sum(those(Direction::Out).map(|row| row.amount));
        assert_eq!(amount_in, u128::from(summary.amount_in.0));
        assert_eq!(amount_out, u128::from(summary.amount_out.0));
    }
    // One input in sixteen, chosen by its length, is enough.
    if data.len() % 16 == 0 {
        endless_bill(data, |source| TradeBill::new(source).and_then(TradeBill::finish).is_ok());
        endless_bill(data, |source| {
            FundFlowBill::new(source).and_then(FundFlowBill::finish).is_ok()
        });
    }
    assert!(trade.is_none() || flow.is_none(), "one bill of two kinds");
    trade.is_some() || flow.is_some()
}

/// A line of the table of calls that [`response`] is handed to.
struct Call {
    name: &'static str,
    run: fn(&Gateway) -> Result<(), Error>,
    is_refund: bool,
    is_file: bool,
}

impl Call {
    const fn new(name: &'static str, run: fn(&Gateway) -> Result<(), Error>) -> Self {
        Self { name, run, is_refund: false, is_file: false }
    }

    const fn refund(name: &'static str, run: fn(&Gateway) -> Result<(), Error>) -> Self {
        Self { is_refund: true, ..Self::new(name, run) }
    }

    const fn file(name: &'static str, run: fn(&Gateway) -> Result<(), Error>) -> Self {
        Self { is_file: true, ..Self::new(name, run) }
    }
}

const CALLS: [Call; 21] = [
    Call::new("app::prepay", |gateway| app::prepay(&Pen, gateway, &SHOP.order).map(drop)),
    Call::new("jsapi::prepay", |gateway| {
        jsapi::prepay(&Pen, gateway, &SHOP.order, &SHOP.payer).map(drop)
    }),
    Call::new("native::prepay", |gateway| native::prepay(&Pen, gateway, &SHOP.order).map(drop)),
    Call::new("h5::prepay", |gateway| {
        let h5_url = h5::prepay(&Pen, gateway, &SHOP.order, &SHOP.scene)?;
        assert!(h5_url.with_redirect("https://shop.example/a b").ends_with("%2Fa%20b"));
        Ok(())
    }),
    Call::new("pay::query", |gateway| {
        let transaction = pay::query(&Pen, gateway, &SHOP.order.out_trade_no)?;
        if let Ok(paid) = transaction.paid(MCHID, &SHOP.order) {
            assert_eq!(paid.out_trade_no(), &SHOP.order.out_trade_no);
            assert_eq!(paid.total(), SHOP.order.total);
            assert_eq!(transaction.mchid(), Some(MCHID));
            assert_eq!(transaction.trade_state, pay::TradeState::Success);
        }
        Ok(())
    }),
    Call::new("pay::query_by_id", |gateway| {
        pay::query_by_id(&Pen, gateway, &SHOP.transaction_id).map(drop)
    }),
    Call::new("pay::close", |gateway| pay::close(&Pen, gateway, &SHOP.order.out_trade_no)),
    Call::refund("refund::apply", |gateway| refund::apply(&Pen, gateway, &SHOP.refund).map(drop)),
    Call::new("refund::query", |gateway| {
        refund::query(&Pen, gateway, &SHOP.refund.out_refund_no).map(drop)
    }),
    Call::refund("refund::apply_abnormal", |gateway| {
        let out_refund_no = &SHOP.refund.out_refund_no;
        refund::apply_abnormal(&Pen, gateway, &SHOP.refund_id, out_refund_no).map(drop)
    }),
    Call::new("certificates::list", |gateway| {
        let listed = certificates::list(&Pen, gateway, &PLATFORM.api_v3_key)?;
        assert!(!listed.is_empty());
        let _ = certificates::keys(&listed);
        Ok(())
    }),
    Call::new("bill::trade", |gateway| {
        bill::trade(&Pen, gateway, &SHOP.trade).map(|link| follow(&link))
    }),
    Call::new("bill::fund_flow", |gateway| {
        bill::fund_flow(&Pen, gateway, &SHOP.fund_flow).map(|link| follow(&link))
    }),
    Call::file("bill::download", |gateway| download(gateway, &SHOP.link)),
    Call::file("bill::download, compressed", |gateway| download(gateway, &SHOP.compressed_link)),
    Call::new("combine::app::prepay", |gateway| {
        combine::app::prepay(&Pen, gateway, &SHOP.combined).map(drop)
    }),
    Call::new("combine::jsapi::prepay", |gateway| {
        combine::jsapi::prepay(&Pen, gateway, &SHOP.combined, &SHOP.payer).map(drop)
    }),
    Call::new("combine::native::prepay", |gateway| {
        combine::native::prepay(&Pen, gateway, &SHOP.combined).map(drop)
    }),
    Call::new("combine::h5::prepay", |gateway| {
        combine::h5::prepay(&Pen, gateway, &SHOP.combined, &SHOP.combined_scene).map(drop)
    }),
    Call::new("combine::query", |gateway| {
        let transaction = combine::query(&Pen, gateway, &SHOP.combined.combine_out_trade_no)?;
        if let Ok(paid) = transaction.paid(MCHID, &SHOP.combined) {
            let totals: Vec<Fen> = paid.iter().map(pay::Paid::total).collect();
            assert_eq!(totals, [Fen(10), Fen(20)]);
        }
        Ok(())
    }),
    Call::new("combine::close", |gateway| combine::close(&Pen, gateway, &SHOP.combined)),
];

/// The file of a bill is right only if it is the one whose SHA-1 was signed.
fn download(gateway: &Gateway, link: &Link) -> Result<(), Error> {
    let mut file = Vec::new();
    bill::download(&Pen, gateway, link, &mut file, &mut |_| ())?;
    assert_eq!(file, FILE);
    Ok(())
}

/// The signature for a file goes to WeChat Pay or to the gateway alone, whatever URL was signed.
fn follow(link: &Link) {
    let wire = Wire::dead();
    let error = bill::download(&Pen, &wire.gateway(), link, &mut io::sink(), &mut |_| ());
    let sent = wire.sent();
    let hosts = [HOST, "https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"];
    match error.unwrap_err().kind() {
        ErrorKind::Invalid(_) => assert!(sent.is_empty()),
        _ => {
            let rest = hosts.iter().find_map(|host| sent[0].url.strip_prefix(host));
            assert!(rest.is_some_and(|rest| rest.starts_with('/')), "{}", sent[0].url);
        }
    }
}

/// What an error response means, written down a second time, so that a slip in the first shows.
fn outcome_of(status: u16, code: &str, is_refund: bool) -> Outcome {
    match (status, code) {
        (500, "OPENIDMISMATCH" | "INVALIDTRANSACTIONID") => Outcome::Refused,
        (400..=499, "OUTTRADENOUSED") => Outcome::Refused,
        (408, _) => Outcome::Unknown,
        (429, _) | (400..=499, "FREQUENCYLIMITED") if is_refund => Outcome::Unknown,
        (400..=499, "SYSTEMERROR" | "BANKERROR") => Outcome::Unknown,
        // After a code that no document lists, a refund may exist.
        (400..=499, code)
            if is_refund && !code.is_empty() && Code::new(code).advice_zh().is_none() =>
        {
            Outcome::Unknown
        }
        (400..=499, _) => Outcome::Refused,
        _ => Outcome::Unknown,
    }
}

/// The code of an error response, in the one spelling of the two that has no `_`. Members that are not read may be
/// anything, such as a text that is not UTF-8 or a number out of range.
fn code_of(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let members: HashMap<String, &RawValue> = serde_json::from_str(&body).unwrap_or_default();
    let code = members.get("code").and_then(|code| serde_json::from_str(code.get()).ok());
    let code: String = code.unwrap_or_default();
    code.replace('_', "")
}

/// The event that was read is the one that was encrypted.
fn same_event(event: &Event, envelope: &Value) {
    assert_eq!(json!(event.id), envelope["id"]);
    assert_eq!(json!(event.event_type.as_str()), envelope["event_type"]);
    assert_eq!(EventType::from(event.event_type.as_str().to_owned()), event.event_type);
    let resource = &envelope["resource"];
    if !resource.is_object() {
        return;
    }
    let text = |name: &str| resource[name].as_str().unwrap_or_default();
    let plain = unseal(text("ciphertext"), text("nonce"), text("associated_data"));
    let value: Value = serde_json::from_str(&String::from_utf8_lossy(&plain)).unwrap_or_default();
    // Without a type, the event suggests one.
    let original_type = match (text("original_type"), &event.event_type) {
        ("", EventType::TransactionSuccess) => "transaction",
        ("", EventType::RefundSuccess | EventType::RefundAbnormal | EventType::RefundClosed) => {
            "refund"
        }
        (original_type, _) => original_type,
    };
    let (number, name) = match &event.notification {
        Notification::Transaction(transaction) => {
            assert_eq!(original_type, "transaction");
            if let Ok(paid) = transaction.paid(MCHID, &SHOP.order) {
                assert_eq!(paid.total(), SHOP.order.total);
                assert!(!value.is_object() || value["trade_state"] == "SUCCESS", "{value}");
                assert!(!value.is_object() || value["amount"]["total"] == 100, "{value}");
            }
            (transaction.out_trade_no.as_str(), "out_trade_no")
        }
        Notification::Combined(combined) => {
            assert_eq!(original_type, "transaction");
            (combined.combine_out_trade_no.as_str(), "combine_out_trade_no")
        }
        Notification::Refund(refund) => {
            assert_eq!(original_type, "refund");
            (refund.out_refund_no.as_str(), "out_refund_no")
        }
        Notification::Other { original_type, json } => {
            assert_eq!(text("original_type"), original_type);
            assert!(!["transaction", "refund"].contains(&original_type.as_str()));
            assert_eq!(json.as_bytes(), plain);
            return;
        }
        other => panic!("{other:?}"),
    };
    assert!(!value.is_object() || value[name] == number, "{value}");
}

/// A forged notification gets a refusal that does not contain the reason.
fn refused(refusal: &Refusal) {
    let reply = notify::Acknowledgement::refused(refusal);
    assert!((400..=499).contains(&reply.status) && reply.body.len() < 64, "{reply:?}");
    assert!(refusal.to_string().len() < 512, "{refusal}");
}

fn single(fields: &Fields) -> Option<bool> {
    let appid = made(AppId::new(fields.text("appid")?))?;
    let out_trade_no = made(OutTradeNo::new(fields.text("out_trade_no")?))?;
    let notify_url = made(NotifyUrl::new(fields.text("notify_url")?))?;
    let description = fields.text("description")?;
    let mut order = Order::new(appid, out_trade_no, &description, fields.fen("total"), notify_url);
    order.time_expire = fields.text("time_expire").and_then(|time| time.parse().ok());
    order.attach = fields.text("attach");
    order.goods_tag = fields.text("goods_tag");
    order.support_fapiao = fields.text("support_fapiao").map(|text| text == "true");
    let (goods, goods_json): (Vec<_>, Vec<_>) = fields.all("goods").map(goods).unzip();
    let invoice_id = fields.text("invoice_id");
    if invoice_id.is_some() || !goods.is_empty() {
        let mut detail = Detail::default();
        detail.invoice_id.clone_from(&invoice_id);
        detail.goods_detail = goods;
        order.detail = Some(detail);
    }
    let scene_info = scene(fields);
    order.scene_info = scene_info.clone();

    let recorder = Recorder::new(fields);
    let sub = recorder.sub_merchant.as_ref();
    let expected = object([
        ("appid", sub.is_none().then(|| json!(order.appid))),
        ("mchid", sub.is_none().then(|| json!(MCHID))),
        ("sp_appid", sub.map(|_| json!(order.appid))),
        ("sp_mchid", sub.map(|_| json!(MCHID))),
        ("sub_appid", sub.and_then(|sub| sub.appid.as_ref()).map(|appid| json!(appid))),
        ("sub_mchid", sub.map(|sub| json!(sub.mchid()))),
        ("description", Some(json!(description))),
        ("out_trade_no", Some(json!(order.out_trade_no))),
        ("time_expire", order.time_expire.map(|time| json!(time.to_string()))),
        ("attach", order.attach.as_deref().map(Value::from)),
        ("notify_url", Some(json!(order.notify_url))),
        ("goods_tag", order.goods_tag.as_deref().map(Value::from)),
        ("support_fapiao", order.support_fapiao.map(Value::from)),
        ("amount", Some(json!({"total": order.total.0, "currency": "CNY"}))),
        (
            "detail",
            order.detail.as_ref().map(|_| {
                let goods =
                    Some(Value::from(goods_json.clone())).filter(|_| !goods_json.is_empty());
                object([("invoice_id", invoice_id.map(Value::from)), ("goods_detail", goods)])
            }),
        ),
        ("scene_info", order.scene_info.as_ref().map(|scene| scene_json(scene, None))),
    ]);
    let with = |name: &str, value: Value| {
        let mut expected = expected.clone();
        expected[name] = value;
        expected
    };
    let partner = if sub.is_some() { "partner/" } else { "" };
    let at = |kind: &str| format!("/v3/pay/{partner}transactions/{kind}");
    let place_app = |gateway: &Gateway| app::prepay(&recorder, gateway, &order).map(drop);
    let placed = recorder.place(&at("app"), &expected, place_app);
    assert_eq!(placed.err(), order.validate().err());
    let took = order.validate().is_ok();
    let place_native = |gateway: &Gateway| native::prepay(&recorder, gateway, &order).map(drop);
    assert_eq!(recorder.place(&at("native"), &expected, place_native).is_ok(), took);
    if let Some(openid) = fields.text("openid").and_then(|openid| made(OpenId::new(openid))) {
        let name = if sub.is_some() { "sp_openid" } else { "openid" };
        let expected = with("payer", json!({name: openid}));
        let payer = Payer::new(openid);
        let place = |gateway: &Gateway| jsapi::prepay(&recorder, gateway, &order, &payer).map(drop);
        assert_eq!(recorder.place(&at("jsapi"), &expected, place).is_ok(), took);
    }
    if let Some(scene_info) = scene_info {
        order.scene_info = None;
        let mut h5_info = H5Info::new(H5Type::Wap);
        h5_info.app_name = fields.text("app_name");
        let expected = with("scene_info", scene_json(&scene_info, Some(&h5_info)));
        let scene = Scene::new(scene_info, h5_info);
        let place = |gateway: &Gateway| h5::prepay(&recorder, gateway, &order, &scene).map(drop);
        assert!(recorder.place(&at("h5"), &expected, place).is_err() || order.validate().is_ok());
    }
    Some(took)
}

fn refunded(fields: &Fields) -> Option<bool> {
    let out_refund_no = made(OutRefundNo::new(fields.text("out_refund_no")?))?;
    let (name, payment): (_, refund::Payment) = match fields.text("transaction_id") {
        Some(number) => ("transaction_id", made(TransactionId::new(number))?.into()),
        None => ("out_trade_no", made(OutTradeNo::new(fields.text("out_trade_no")?))?.into()),
    };
    let number = json!(fields.text(name));
    let mut refund = Refund::new(out_refund_no, payment, fields.fen("refund"), fields.fen("total"));
    refund.reason = fields.text("reason");
    refund.notify_url = fields.text("notify_url").and_then(|url| made(NotifyUrl::new(url)));
    refund.funds_account = fields.text("funds_account").map(FundsAccount::from);
    refund.from = fields
        .all("from")
        .map(|from| RefundFrom::new(FundsAccount::Available, Fen(from.parse().unwrap_or(1))))
        .collect();
    let goods = |goods: &str| {
        let part = |index| goods.split('|').nth(index).unwrap_or_default();
        let quantity = part(2).parse().unwrap_or(1);
        let mut goods = refund::GoodsDetail::new(part(0), Fen(2), Fen(1), quantity);
        goods.goods_name = Some(part(1).to_owned()).filter(|name| !name.is_empty());
        let json = object([
            ("merchant_goods_id", Some(json!(goods.merchant_goods_id))),
            ("goods_name", goods.goods_name.as_deref().map(Value::from)),
            ("unit_price", Some(json!(2))),
            ("refund_amount", Some(json!(1))),
            ("refund_quantity", Some(json!(quantity))),
        ]);
        (goods, json)
    };
    let (goods, goods_json): (Vec<_>, Vec<_>) = fields.all("goods").map(goods).unzip();
    refund.goods_detail = goods;

    let recorder = Recorder::new(fields);
    let from: Vec<_> = refund
        .from
        .iter()
        .map(|from| json!({"account": "AVAILABLE", "amount": from.amount.0}))
        .collect();
    let expected = object([
        ("sub_mchid", recorder.sub_merchant.as_ref().map(|sub| json!(sub.mchid()))),
        (name, Some(number)),
        ("out_refund_no", Some(json!(refund.out_refund_no))),
        ("reason", refund.reason.as_deref().map(Value::from)),
        ("notify_url", refund.notify_url.as_ref().map(|url| json!(url))),
        ("funds_account", refund.funds_account.as_ref().map(|account| json!(account.as_str()))),
        (
            "amount",
            Some(object([
                ("refund", Some(json!(refund.refund.0))),
                ("from", Some(Value::from(from)).filter(|_| !refund.from.is_empty())),
                ("total", Some(json!(refund.total.0))),
                ("currency", Some(json!("CNY"))),
            ])),
        ),
        ("goods_detail", Some(Value::from(goods_json)).filter(|_| !refund.goods_detail.is_empty())),
    ]);
    let apply = |gateway: &Gateway| refund::apply(&recorder, gateway, &refund).map(drop);
    let applied = recorder.place("/v3/refund/domestic/refunds", &expected, apply);
    assert_eq!(applied.err(), refund.validate().err());
    if refund.validate().is_ok() {
        assert!(refund.refund <= refund.total && refund.total <= Fen::MAX);
    }
    Some(refund.validate().is_ok())
}

fn combined(fields: &Fields) -> Option<bool> {
    let appid = made(AppId::new(fields.text("appid")?))?;
    let whole = made(OutTradeNo::new(fields.text("out_trade_no")?))?;
    let notify_url = made(NotifyUrl::new(fields.text("notify_url")?))?;
    let recorder = Recorder::new(fields);
    let sub = recorder.sub_merchant.clone();
    let part = |part: &str| {
        let text = |index| part.split('|').nth(index).unwrap_or_default();
        let number = made(OutTradeNo::new(text(0)))?;
        let total = text(1).parse().unwrap_or(1);
        let (attach, description) = (text(2), text(3));
        let payee = object([
            ("mchid", Some(json!(if sub.is_some() { MCHID } else { "1230000109" }))),
            ("sub_mchid", sub.as_ref().map(|sub| json!(sub.mchid()))),
            ("sub_appid", sub.as_ref().and_then(|sub| sub.appid.as_ref()).map(|id| json!(id))),
            ("out_trade_no", Some(json!(number))),
        ]);
        let mut json = payee.clone();
        json["attach"] = json!(attach);
        json["amount"] = json!({"total_amount": total, "currency": "CNY"});
        json["description"] = json!(description);
        let sub_order = match sub.clone() {
            None => combine::SubOrder::new("1230000109", number, description, Fen(total), attach),
            Some(sub) => {
                combine::SubOrder::of_sub_merchant(sub, number, description, Fen(total), attach)
            }
        };
        Some((sub_order, (json, payee)))
    };
    let (parts, jsons): (Vec<_>, Vec<_>) = fields.all("sub").filter_map(part).unzip();
    let (jsons, payees): (Vec<_>, Vec<_>) = jsons.into_iter().unzip();
    let mut order = combine::Order::new(appid, whole, parts, notify_url);
    order.time_expire = fields.text("time_expire").and_then(|time| time.parse().ok());
    let expected = object([
        ("combine_appid", Some(json!(order.combine_appid))),
        ("combine_out_trade_no", Some(json!(order.combine_out_trade_no))),
        ("combine_mchid", Some(json!(MCHID))),
        ("sub_orders", Some(json!(jsons))),
        ("time_expire", order.time_expire.map(|time| json!(time.to_string()))),
        ("notify_url", Some(json!(order.notify_url))),
    ]);
    let place = |gateway: &Gateway| combine::app::prepay(&recorder, gateway, &order).map(drop);
    let placed = recorder.place("/v3/combine-transactions/app", &expected, place);
    assert_eq!(placed.err(), order.validate().err());
    let number = order.combine_out_trade_no.as_str().replace('|', "%7C").replace('*', "%2A");
    let path = format!("/v3/combine-transactions/out-trade-no/{number}/close");
    let expected = json!({"combine_appid": order.combine_appid, "sub_orders": payees});
    let close = |gateway: &Gateway| combine::close(&recorder, gateway, &order);
    assert_eq!(recorder.place(&path, &expected, close), Ok(()));
    Some(order.validate().is_ok())
}

/// `number|name|quantity|price`, and its JSON.
fn goods(text: &str) -> (GoodsDetail, Value) {
    let part = |index| text.split('|').nth(index).unwrap_or_default();
    let (quantity, price) = (part(2).parse().unwrap_or(1), part(3).parse().unwrap_or(1));
    let mut goods = GoodsDetail::new(part(0), quantity, Fen(price));
    goods.goods_name = Some(part(1).to_owned()).filter(|name| !name.is_empty());
    let json = object([
        ("merchant_goods_id", Some(json!(part(0)))),
        ("goods_name", goods.goods_name.as_deref().map(Value::from)),
        ("quantity", Some(json!(quantity))),
        ("unit_price", Some(json!(price))),
    ]);
    (goods, json)
}

fn scene(fields: &Fields) -> Option<SceneInfo> {
    let mut scene_info = SceneInfo::new(fields.text("ip")?.parse().ok()?);
    scene_info.device_id = fields.text("device_id");
    scene_info.store_info = fields.text("store").map(|id| {
        let mut store = StoreInfo::new(id);
        store.address = fields.text("address");
        store
    });
    Some(scene_info)
}

fn scene_json(scene: &SceneInfo, h5_info: Option<&H5Info>) -> Value {
    let store = |store: &StoreInfo| {
        let address = store.address.as_deref().map(Value::from);
        object([("id", Some(json!(store.id))), ("address", address)])
    };
    let h5 = |h5_info: &H5Info| {
        let app_name = h5_info.app_name.as_deref().map(Value::from);
        object([("type", Some(json!("Wap"))), ("app_name", app_name)])
    };
    object([
        ("payer_client_ip", Some(json!(scene.payer_client_ip.to_canonical().to_string()))),
        ("device_id", scene.device_id.as_deref().map(Value::from)),
        ("store_info", scene.store_info.as_ref().map(store)),
        ("h5_info", h5_info.map(h5)),
    ])
}

/// A JSON object of the members that are there.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let members = members.into_iter();
    members.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// `name=value`, `name=value` and so on, with U+001E between them, so that values may hold line
/// feeds.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn of(data: &[u8]) -> Self {
        let fields = data.split(|byte| *byte == 0x1e).map(String::from_utf8_lossy);
        let pair = |field: &str| field.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
        Self(fields.filter_map(|field| pair(&field)).collect())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |field| field.0 == name).map(|field| field.1.as_str())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.all(name).next().map(str::to_owned)
    }

    fn fen(&self, name: &str) -> Fen {
        Fen(self.text(name).and_then(|number| number.parse().ok()).unwrap_or(100))
    }
}

/// Signs nothing, since no server here checks requests.
struct Pen;

impl Signer for Pen {
    fn mchid(&self) -> &str {
        MCHID
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature { serial_no: "AB".into(), bytes: vec![0; 256] })
    }
}

/// Remembers the messages that it signed, to compare them with the requests that were sent.
struct Recorder {
    sub_merchant: Option<SubMerchant>,
    signed: Mutex<Vec<Vec<u8>>>,
}

impl Recorder {
    fn new(fields: &Fields) -> Self {
        let sub_merchant = fields.text("sub_mchid").and_then(|mchid| {
            let mut sub_merchant = made(SubMerchant::new(mchid))?;
            sub_merchant.appid = fields.text("sub_appid").and_then(|id| made(AppId::new(id)));
            Some(sub_merchant)
        });
        Self { sub_merchant, signed: Mutex::default() }
    }

    /// Makes a call twice: both times the same bytes, which are those that were signed, and mean
    /// what is expected; or neither time anything.
    #[track_caller]
    fn place(
        &self,
        path: &str,
        expected: &Value,
        call: impl Fn(&Gateway) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let wire = Wire::dead();
        let gateway = wire.gateway();
        let error = call(&gateway).unwrap_err();
        assert_eq!(call(&gateway), Err(error.clone()));
        let signed = std::mem::take(&mut *self.signed.lock().unwrap());
        let sent = wire.sent();
        if let ErrorKind::Invalid(_) = error.kind() {
            nothing_sent(&error);
            assert!(sent.is_empty() && signed.is_empty(), "{error}");
            return Err(error);
        }
        assert_eq!((error.outcome(), sent.len(), signed.len()), (Outcome::Unknown, 2, 2));
        assert_eq!(sent[0].body, sent[1].body);
        assert_eq!(&serde_json::from_slice::<Value>(&sent[0].body).unwrap(), expected);
        for (sent, signed) in sent.iter().zip(signed) {
            assert_eq!(sent.url, format!("{HOST}{path}"));
            let (timestamp, nonce) = (sent.authorized("timestamp"), sent.authorized("nonce_str"));
            let timestamp = timestamp.parse().unwrap();
            assert_eq!(signed, signing::request("POST", path, timestamp, nonce, &sent.body));
        }
        Ok(())
    }
}

impl Signer for Recorder {
    fn mchid(&self) -> &str {
        MCHID
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.signed.lock().unwrap().push(message.to_vec());
        Pen.sign(message)
    }

    fn sub_merchant(&self) -> Option<&SubMerchant> {
        self.sub_merchant.as_ref()
    }
}

/// A transport that returns the same response to every request, or none, and keeps the requests.
#[derive(Clone)]
struct Wire(Arc<Line>);

struct Line {
    response: Option<WireResponse>,
    sent: Mutex<Vec<Sent>>,
}

#[derive(Clone)]
struct WireResponse {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
    end: End,
}

/// How a body ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Whole,
    Broken,
    Never,
}

#[derive(Clone)]
struct Sent {
    url: String,
    authorization: String,
    body: Vec<u8>,
}

impl Sent {
    /// A value of the header `Authorization`.
    fn authorized(&self, name: &str) -> &str {
        let (_, rest) = self.authorization.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0
    }
}

impl Wire {
    fn responding(response: WireResponse) -> Self {
        Self(Arc::new(Line { response: Some(response), sent: Mutex::default() }))
    }

    fn dead() -> Self {
        Self(Arc::new(Line { response: None, sent: Mutex::default() }))
    }

    fn gateway(&self) -> Gateway {
        Gateway::at(HOST, PLATFORM.keys.clone(), self.clone()).unwrap()
    }

    fn sent(&self) -> Vec<Sent> {
        self.0.sent.lock().unwrap().clone()
    }
}

impl Transport for Wire {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        assert!(request.url.bytes().all(|byte| byte.is_ascii_graphic()), "{}", request.url);
        for (name, value) in request.headers {
            assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name}: {value}");
        }
        // Requests of APIv2 have none.
        let authorization = request.headers.iter().find(|header| header.0 == "Authorization");
        self.0.sent.lock().unwrap().push(Sent {
            url: request.url.to_owned(),
            authorization: authorization.map_or("", |header| header.1).to_owned(),
            body: request.body.to_vec(),
        });
        let WireResponse { status, headers, body, end } =
            self.0.response.clone().ok_or_else(|| TransportError::unknown("no response"))?;
        let body = io::Cursor::new(body);
        let body: Box<dyn Read + Send> = match end {
            End::Whole => Box::new(body),
            End::Broken => Box::new(body.chain(Broken)),
            End::Never => Box::new(body.chain(io::repeat(b' '))),
        };
        Ok(Response { status, headers, body })
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Reads a bill to its end, or to its first error, after which there must be nothing.
fn read_bill<B, R, S>(
    bill: Result<B, ReadError>,
    finish: fn(B) -> Result<S, ReadError>,
) -> Option<(Vec<R>, S)>
where
    B: Iterator<Item = Result<R, ReadError>>,
{
    let bill = bill.inspect_err(|error| assert_eq!(error.line, 1, "{error}"));
    let (mut bill, mut rows, mut failed) = (bill.ok()?, Vec::new(), None);
    for row in &mut bill {
        assert_eq!(failed, None, "a row after an error");
        match row {
            Ok(row) => rows.push(row),
            Err(error) => failed = Some(error),
        }
    }
    assert!(bill.next().is_none());
    match finish(bill) {
        Ok(summary) => {
            assert_eq!(failed, None, "whole after an error");
            Some((rows, summary))
        }
        Err(error) => {
            assert!(error.line > 1, "{error}");
            assert_eq!(failed.unwrap_or_else(|| error.clone()), error);
            None
        }
    }
}

/// A bill whose last line never ends is given up after one line more.
fn endless_bill(data: &[u8], reads: impl FnOnce(BufReader<Endless<'_>>) -> bool) {
    let read = Rc::new(Cell::new(0));
    let source = Endless { data, read: Rc::clone(&read) };
    assert!(!reads(BufReader::new(source)), "whole without an end");
    assert!(read.get() <= data.len() + LONGEST_LINE + 16 * 1024, "{} bytes", read.get());
}

struct Endless<'a> {
    data: &'a [u8],
    read: Rc<Cell<usize>>,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.data.chain(io::repeat(b'`')).read(buffer)?;
        self.data = self.data.get(length..).unwrap_or_default();
        self.read.set(self.read.get() + length);
        Ok(length)
    }
}

fn sum(amounts: impl Iterator<Item = Fen>) -> u128 {
    amounts.map(|amount| u128::from(amount.0)).sum()
}

/// Checks an error that comes before anything is sent.
#[track_caller]
fn nothing_sent(error: &Error) -> &Error {
    assert!(matches!(error.kind(), ErrorKind::Invalid(_)), "{error}");
    assert_eq!((error.outcome(), error.retry()), (Outcome::NotSent, Retry::Never));
    error
}

#[track_caller]
fn made<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(|error| drop(nothing_sent(error).to_string())).ok()
}

/// Whether this is one DER value and nothing after it, its length as short as can be.
fn is_one_value(der: &[u8]) -> bool {
    let [_, first, rest @ ..] = der else { return false };
    let count = usize::from(first & 0x7f);
    if *first < 0x80 {
        return rest.len() == count;
    }
    let Some((digits, content)) = rest.split_at_checked(count).filter(|_| count <= 8) else {
        return false;
    };
    let length = digits.iter().fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
    digits.first().is_some_and(|digit| *digit != 0)
        && length >= 0x80
        && content.len() as u64 == length
}

/// Bytes that look like an HTTP message: a first line, headers, an empty line, a body.
struct Parts<'a> {
    first: &'a str,
    headers: Headers,
    body: &'a [u8],
}

type Headers = Vec<(String, Vec<u8>)>;

impl<'a> Parts<'a> {
    fn of(data: &'a [u8]) -> Option<Self> {
        let (first, mut rest) = split_line(data);
        let mut headers = Vec::new();
        loop {
            let (line, after) = split_line(rest);
            rest = after;
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let value = line.get(colon + 1..).unwrap_or_default().trim_ascii_start();
            headers.push((String::from_utf8_lossy(&line[..colon]).into_owned(), value.to_vec()));
        }
        Some(Self { first: std::str::from_utf8(first).ok()?, headers, body: rest })
    }
}

fn split_line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

fn borrowed(headers: &Headers) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The four headers by which WeChat Pay signs a body.
fn signed_headers(timestamp: i64, body: &[u8]) -> Headers {
    let timestamp = timestamp.to_string();
    let message = signing::response(&timestamp, NONCE, body);
    let signature = STANDARD.encode(PLATFORM.signer.sign(&message).unwrap().bytes);
    let values = [timestamp, NONCE.to_owned(), signature, ID.to_owned()];
    SIGNED_HEADERS
        .iter()
        .zip(values)
        .map(|(name, value)| ((*name).to_owned(), value.into()))
        .collect()
}

fn sign(signer: &RsaSigner) -> Vec<u8> {
    let message = signing::response(&SIGNED_AT.to_string(), NONCE, b"");
    signer.sign(&message).unwrap().bytes
}

/// Whether these keys verify an empty response with this signature, see [`sign`].
fn verifies(keys: &PlatformKeys, serial: &str, signature: &[u8]) -> Result<(), Untrusted> {
    let (timestamp, signature) = (SIGNED_AT.to_string(), STANDARD.encode(signature));
    let values = [&timestamp, NONCE, &signature, serial].map(str::as_bytes);
    let now = Time::from_unix_seconds(SIGNED_AT).unwrap();
    keys.verify(SIGNED_HEADERS.into_iter().zip(values), b"", now)
}

/// A notification that holds this.
fn envelope(original_type: &str, plain: &[u8]) -> Vec<u8> {
    let mut text = plain.to_vec();
    let nonce = Nonce::assume_unique_for_key(*b"fdasflkja484");
    let associated_data = Aad::from(original_type.as_bytes());
    cipher().seal_in_place_append_tag(nonce, associated_data, &mut text).unwrap();
    json!({
        "id": "EV-2018022511223320873",
        "create_time": "2015-05-20T13:29:35+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(text),
            "associated_data": original_type,
            "nonce": "fdasflkja484",
        },
    })
    .to_string()
    .into_bytes()
}

/// Decrypts the resource of a notification that was opened.
fn unseal(ciphertext: &str, nonce: &str, associated_data: &str) -> Vec<u8> {
    let mut text = STANDARD.decode(ciphertext).unwrap();
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).unwrap();
    let associated_data = Aad::from(associated_data.as_bytes());
    cipher().open_in_place(nonce, associated_data, &mut text).unwrap().to_vec()
}

fn cipher() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap())
}

/// WeChat Pay, with a throwaway key.
struct Platform {
    signer: RsaSigner,
    /// The same key by its id and by its certificate.
    keys: PlatformKeys,
    api_v3_key: ApiV3Key,
    /// See [`sign`].
    signature: Vec<u8>,
    /// The public key in DER.
    spki: Vec<u8>,
}

static PLATFORM: LazyLock<Platform> = LazyLock::new(|| {
    let private = include_str!("../data/keys/rsa2048.pem");
    let public = include_str!("../data/keys/rsa2048.pub.pem");
    let certificate = include_str!("../data/keys/cert.pem");
    let signer = RsaSigner::from_pem(MCHID, "AB", private).unwrap();
    let base64: String = public.lines().filter(|line| !line.starts_with('-')).collect();
    Platform {
        keys: PlatformKeys::from_pem(ID, public).unwrap().with_certificate(certificate).unwrap(),
        api_v3_key: ApiV3Key::new(API_V3_KEY).unwrap(),
        signature: sign(&signer),
        signer,
        spki: STANDARD.decode(base64).unwrap(),
    }
});

/// The requests of a merchant.
struct Shop {
    order: Order,
    payer: Payer,
    scene: Scene,
    transaction_id: TransactionId,
    refund: Refund,
    refund_id: RefundId,
    combined: combine::Order,
    combined_scene: combine::h5::Scene,
    trade: Trade,
    fund_flow: FundFlow,
    link: Link,
    compressed_link: Link,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let number = |number| OutTradeNo::new(number).unwrap();
    let appid = || AppId::new("wxd678efh567hg6787").unwrap();
    let notify_url = || NotifyUrl::new("https://shop.example/notify").unwrap();
    let part = |mchid, text, fen| combine::SubOrder::new(mchid, number(text), "d", Fen(fen), "a");
    let parts = vec![part("1230000109", "part-1", 10), part("1230000119", "part-2", 20)];
    let address = "14.23.150.211".parse().unwrap();
    let h5_info = H5Info::new(H5Type::Wap);
    let date: Date = "2026-10-01".parse().unwrap();
    let trade = Trade::new(date);
    #[cfg(not(feature = "gzip"))]
    let compressed = trade.clone();
    #[cfg(feature = "gzip")]
    let compressed = {
        let mut compressed = trade.clone();
        compressed.compressed = true;
        compressed
    };
    let link = |trade| {
        let body = json!({
            "hash_type": "SHA1",
            "hash_value": FILE_SHA1,
            "download_url": format!("{HOST}/v3/billdownload/file?token=xxx"),
        })
        .to_string()
        .into_bytes();
        let headers = signed_headers(Time::now().unwrap().unix_seconds(), &body);
        let wire = Wire::responding(WireResponse { status: 200, headers, body, end: End::Whole });
        bill::trade(&Pen, &wire.gateway(), trade).unwrap()
    };
    Shop {
        order: Order::new(appid(), number("order-1"), "d", Fen(100), notify_url()),
        payer: Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()),
        scene: Scene::new(SceneInfo::new(address), h5_info.clone()),
        transaction_id: TransactionId::new("4200000015201711256947025404").unwrap(),
        refund: Refund::new(OutRefundNo::new("r-1").unwrap(), number("order-1"), Fen(60), Fen(100)),
        refund_id: RefundId::new("50000000382019052709732678859").unwrap(),
        combined: combine::Order::new(appid(), number("whole-1"), parts, notify_url()),
        combined_scene: combine::h5::Scene::new(address, "POS1:1", h5_info),
        fund_flow: FundFlow::new(date),
        link: link(&trade),
        compressed_link: link(&compressed),
        trade,
    }
});

/// Notifications that WeChat Pay signed: nothing else verifies.
const GOOD_NOTIFICATIONS: [&[u8]; 2] = [
    include_bytes!("../data/corpus/notification/payment"),
    include_bytes!("../data/corpus/notification/refund"),
];

const HOST: &str = "https://shop.example";
const MCHID: &str = "1900007291";
const ID: &str = "PUB_KEY_ID_0119000072912025010100000000000001";
const API_V3_KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
const SIGNED_AT: i64 = 1_722_850_421;
const NONCE: &str = "d824f2e086d3c1df967785d13fcd22ef";
const SIGNED_HEADERS: [&str; 4] =
    ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"];

/// The file of every bill, and its SHA-1.
const FILE: &[u8] = b"message";
const FILE_SHA1: &str = "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d";

/// What a line of a bill may have.
const LONGEST_LINE: usize = 64 * 1024;
