//! The targets of APIv2.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::sync::LazyLock;

use ring::hmac;
use serde_json::json;
use wechatpay::notify::Refusal;
use wechatpay::v2::notify::{self, Notification};
use wechatpay::v2::{self, CertifiedGateway, Gateway, HmacSha256Key, Md5Key};
use wechatpay::{
    AppId, Error, ErrorKind, Fen, NotifyUrl, OpenId, OutRefundNo, OutTradeNo, Outcome, Retry,
    TransactionId,
};

use super::{End, Fields, HOST, MCHID, Wire, WireResponse, made, nothing_sent};

/// XML as a notification and as the response to every call. Only the messages in [`SIGNED`] verify: the
/// signature covers every field, so any change is noticed.
pub(crate) fn xml_read(data: &[u8]) -> bool {
    let verified = verified(data);
    // In APIv2, an `&` in a value can make one field of two with the same signature.
    let is_signed = |text: &String| VERIFIED.contains(text) || data.contains(&b'&');
    assert!(verified.iter().all(is_signed), "nobody signed this: {verified:?}");
    assert!(!SIGNED.contains(&data) || !verified.is_empty());
    !verified.is_empty()
}

/// An order and a response of the same [`Fields`]: what is written is read again.
pub(crate) fn xml_write(data: &[u8]) -> bool {
    let fields = Fields::of(data);
    let took = [order_is_sent(&fields), response_is_read(&fields)];
    took.contains(&Some(true))
}

/// What the library verifies of a message, as a text that contains all of it.
fn verified(body: &[u8]) -> Vec<String> {
    let mut verified = Vec::new();
    let notifications = [
        ("hmac", notify::open(&*HMAC, body)),
        ("md5", notify::open(&*MD5, body)),
        ("either", notify::open_by_length(&*HMAC, &*MD5, body)),
    ];
    for (name, notification) in notifications {
        match notification {
            // Encrypted, not signed.
            Ok(Notification::Refund(refund)) => assert!(!refund.out_trade_no.as_str().is_empty()),
            Ok(notification) => verified.push(format!("{name} {notification:?}")),
            Err(Refusal::TooLarge) => assert!(body.len() > 64 * 1024),
            Err(refusal) => assert!(refusal.to_string().len() < 512, "{refusal}"),
        }
    }
    for (name, call) in CALLS {
        let wire = Wire::responding(whole(body));
        let result = call(&gateway(&wire));
        assert_eq!(wire.sent().len(), 1, "{name}");
        let error = match result {
            Ok(value) => {
                verified.push(format!("{name} {value}"));
                continue;
            }
            Err(error) => error,
        };
        let text = format!("{name} {error:?}");
        match error.api() {
            Some(api) if api.signed => verified.push(text),
            api => {
                assert_eq!(error.outcome(), Outcome::Unknown, "{text}");
                assert!(error.retry() != Retry::Never, "{text}");
                let Some(api) = api else { continue };
                assert_eq!(api.code.as_str(), "", "{text}");
            }
        }
    }
    verified
}

/// A signed order contains its values, and only the nonce and the sign differ between requests.
fn order_is_sent(fields: &Fields) -> Option<bool> {
    let appid = made(AppId::new(fields.text("appid")?))?;
    let out_trade_no = made(OutTradeNo::new(fields.text("out_trade_no")?))?;
    let notify_url = made(NotifyUrl::new(fields.text("notify_url")?))?;
    let address = fields.text("ip")?.parse().ok()?;
    let (body, total) = (fields.text("description")?, fields.fen("total"));
    let mut order = v2::pay::Order::new(appid, out_trade_no, &body, total, address, notify_url);
    order.attach = fields.text("attach");
    order.device_info = fields.text("device_id");
    order.goods_tag = fields.text("goods_tag");
    order.store_info = fields.text("store").map(v2::pay::StoreInfo::new);
    let openid = made(OpenId::new(fields.text("openid")?))?;
    let scene =
        order.store_info.as_ref().map(|_| json!({"store_info": {"id": fields.text("store")}}));
    let expected = [
        ("appid", Some(order.appid.to_string())),
        ("mch_id", Some(MCHID.to_owned())),
        ("out_trade_no", Some(order.out_trade_no.to_string())),
        ("notify_url", Some(order.notify_url.to_string())),
        ("spbill_create_ip", Some(address.to_canonical().to_string())),
        ("body", Some(body)),
        ("total_fee", Some(total.0.to_string())),
        ("attach", order.attach.clone()),
        ("device_info", order.device_info.clone()),
        ("goods_tag", order.goods_tag.clone()),
        ("scene_info", scene.map(|scene| scene.to_string())),
        ("trade_type", Some("JSAPI".to_owned())),
        ("openid", Some(openid.to_string())),
        ("sign_type", Some("HMAC-SHA256".to_owned())),
    ];
    let expected: BTreeMap<String, String> =
        expected.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let (wire, payer) = (Wire::dead(), v2::Jsapi::new(openid));
    let place = || v2::pay::prepay(&*HMAC, &gateway(&wire), &order, &payer).unwrap_err();
    let error = place();
    assert_eq!(place(), error);
    if let Err(fault) = order.validate() {
        nothing_sent(&fault);
        assert!(error == fault && wire.sent().is_empty(), "{error}");
        return Some(false);
    }
    assert_eq!((error.outcome(), wire.sent().len()), (Outcome::Unknown, 2));
    for sent in wire.sent() {
        let mut fields = flat(std::str::from_utf8(&sent.body).unwrap()).unwrap();
        assert_eq!(fields.remove("sign"), Some(digest(&fields)));
        assert_eq!(fields.remove("nonce_str").map(|nonce| nonce.len()), Some(32));
        assert_eq!(fields, expected);
    }
    Some(true)
}

/// Any fields, signed: if the signature verifies, each was read as it was written.
fn response_is_read(fields: &Fields) -> Option<bool> {
    let mut response: BTreeMap<String, String> =
        fields.0.iter().filter(|(name, value)| is_name(name) && is_text(value)).cloned().collect();
    response.remove("sign_type");
    response.insert("return_code".to_owned(), "SUCCESS".to_owned());
    response.entry("result_code".to_owned()).or_insert("SUCCESS".to_owned());
    response.insert("sign".to_owned(), digest(&response));
    let xml = written_otherwise(&response);
    if response.len() > 256 || xml.len() > 64 * 1024 {
        return None;
    }
    for (name, call) in CALLS.into_iter().filter(|(name, _)| !name.starts_with("md5")) {
        let Err(error) = call(&gateway(&Wire::responding(whole(xml.as_bytes())))) else { continue };
        match error.kind() {
            ErrorKind::Untrusted { reason, .. } => panic!("{name}: {reason}: {xml}"),
            ErrorKind::Malformed { what, .. } => {
                assert!(!what.contains("the XML"), "{what}: {xml}");
            }
            kind => assert!(matches!(kind, ErrorKind::Api(_)), "{error}"),
        }
    }
    let wire = Wire::responding(whole(xml.as_bytes()));
    let transaction =
        v2::pay::query(&*HMAC, &gateway(&wire), &SHOP.order.appid, &SHOP.order.out_trade_no);
    let transaction = transaction.ok()?;
    let sent =
        |name: &str| response.get(name).filter(|value| !value.is_empty()).map(String::as_str);
    assert_eq!(transaction.attach.as_deref(), sent("attach"));
    assert_eq!(transaction.bank_type.as_deref(), sent("bank_type"));
    assert_eq!(Some(transaction.out_trade_no.as_str()), sent("out_trade_no"));
    assert_eq!(Some(transaction.trade_state.as_str()), sent("trade_state"));
    let total = transaction.total_fee.map(|total| total.0);
    assert_eq!(total, sent("total_fee").map(|total| total.parse().unwrap()));
    if let Ok(paid) = transaction.paid(MCHID, &SHOP.order) {
        assert_eq!((paid.total().0, sent("mch_id")), (100, Some(MCHID)));
        assert_eq!(sent("trade_state"), Some("SUCCESS"));
    }
    Some(true)
}

type Call = fn(&CertifiedGateway) -> Result<String, Error>;

const CALLS: [(&str, Call); 16] = [
    ("app", |gateway| debug(v2::pay::prepay(&*HMAC, gateway, &SHOP.order, &v2::App))),
    ("jsapi", |gateway| debug(v2::pay::prepay(&*HMAC, gateway, &SHOP.order, &SHOP.payer))),
    ("native", |gateway| debug(v2::pay::prepay(&*HMAC, gateway, &SHOP.order, &SHOP.native))),
    ("h5", |gateway| debug(v2::pay::prepay(&*HMAC, gateway, &SHOP.order, &SHOP.h5))),
    ("query", |gateway| {
        debug(v2::pay::query(&*HMAC, gateway, &SHOP.order.appid, &SHOP.order.out_trade_no))
    }),
    ("md5 query", |gateway| {
        debug(v2::pay::query(&*MD5, gateway, &SHOP.order.appid, &SHOP.order.out_trade_no))
    }),
    ("query_discounts", |gateway| {
        let v2::pay::Order { appid, out_trade_no, .. } = &SHOP.order;
        debug(v2::pay::query_discounts(&*HMAC, gateway, appid, out_trade_no))
    }),
    ("micropay", |gateway| {
        let auth_code = v2::pay::AuthCode::new("120061098828009406").unwrap();
        debug(v2::pay::micropay(&*HMAC, gateway, &SHOP.micropay, auth_code))
    }),
    ("reverse", |gateway| {
        debug(v2::pay::reverse(&*HMAC, gateway, &SHOP.order.appid, &SHOP.order.out_trade_no))
    }),
    ("query_by_id", |gateway| {
        debug(v2::pay::query_by_id(&*HMAC, gateway, &SHOP.order.appid, &SHOP.transaction_id))
    }),
    ("close", |gateway| {
        debug(v2::pay::close(&*HMAC, gateway, &SHOP.order.appid, &SHOP.order.out_trade_no))
    }),
    ("refund", |gateway| debug(v2::refund::apply(&*HMAC, gateway, &SHOP.refund))),
    ("refund_query", |gateway| debug(v2::refund::query(&*HMAC, gateway, &SHOP.refund_query))),
    ("combined_order", |gateway| {
        debug(v2::combine::prepay(&*HMAC, gateway, &SHOP.combined, &v2::App))
    }),
    ("query_combined", |gateway| {
        let number = &SHOP.combined.combine_out_trade_no;
        debug(v2::combine::query(&*HMAC, gateway, &SHOP.combined.combine_appid, number))
    }),
    ("close_combined", |gateway| debug(v2::combine::close(&*HMAC, gateway, &SHOP.combined))),
];

fn debug<T: Debug>(result: Result<T, Error>) -> Result<String, Error> {
    result.map(|value| format!("{value:?}"))
}

pub(super) fn gateway(wire: &Wire) -> CertifiedGateway {
    Gateway::at(HOST, wire.clone()).unwrap().with_certified(wire.clone())
}

fn whole(body: &[u8]) -> WireResponse {
    WireResponse { status: 200, headers: Vec::new(), body: body.to_vec(), end: End::Whole }
}

/// An independent HMAC-SHA256 `sign` of these fields.
pub(super) fn digest(fields: &BTreeMap<String, String>) -> String {
    let signed = fields.iter().filter(|(name, value)| *name != "sign" && !value.is_empty());
    let message: String = signed.map(|(name, value)| format!("{name}={value}&")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
    let digest = hmac::sign(&key, format!("{message}key={KEY}").as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Reads only the XML that the library writes.
fn flat(xml: &str) -> Option<BTreeMap<String, String>> {
    let mut rest = xml.strip_prefix("<xml>")?.strip_suffix("</xml>")?;
    let mut fields = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<')?.split_once('>')?;
        let (value, after) = after.split_once(&format!("</{name}>"))?;
        let value = value.strip_prefix("<![CDATA[")?.strip_suffix("]]>")?;
        let value = value.replace("]]]]><![CDATA[>", "]]>");
        assert_eq!(fields.insert(name.to_owned(), value), None, "{name} twice");
        rest = after;
    }
    Some(fields)
}

/// Writes XML in other forms than the library does.
fn written_otherwise(fields: &BTreeMap<String, String>) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n");
    for (index, (name, value)) in fields.iter().enumerate() {
        let escaped = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let value = match index % 3 {
            0 => escaped,
            1 => escaped.replace('"', "&quot;").replace('=', "&#x3d;").replace('1', "&#49;"),
            _ => format!("<![CDATA[{}]]>", value.replace("]]>", "]]]]><![CDATA[>")),
        };
        xml.push_str(&format!("<{name}>{value}</{name}>\n"));
    }
    xml + "</xml>"
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Whether XML can contain the text; a byte order mark must not be within it.
pub(super) fn is_text(text: &str) -> bool {
    text.chars().all(|character| {
        matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
            && character != '\u{feff}'
    })
}

/// The requests of an APIv2 merchant.
struct Shop {
    order: v2::pay::Order,
    micropay: v2::pay::MicropayOrder,
    payer: v2::Jsapi,
    native: v2::Native,
    h5: v2::H5,
    transaction_id: TransactionId,
    refund: v2::refund::Refund,
    refund_query: v2::refund::RefundQuery,
    combined: v2::combine::Order,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let number = |number| OutTradeNo::new(number).unwrap();
    let appid = || AppId::new("wxd678efh567hg6787").unwrap();
    let notify_url = || NotifyUrl::new("https://shop.example/notify").unwrap();
    let out_refund_no = || OutRefundNo::new("r-1").unwrap();
    let address = "14.23.150.211";
    let ip = address.parse().unwrap();
    let order = v2::pay::Order::new(appid(), number("order-1"), "d", Fen(100), ip, notify_url());
    let part =
        v2::combine::SubOrder::new(appid(), "1230000109", number("part-1"), "d", Fen(10), "a");
    let whole = number("whole-1");
    let wap = v2::H5Info::Wap { wap_url: "https://pay.qq.com".into(), wap_name: "x".into() };
    Shop {
        micropay: v2::pay::MicropayOrder::new(appid(), number("order-1"), "d", Fen(100), ip),
        payer: v2::Jsapi::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()),
        native: v2::Native::new("1"),
        h5: v2::H5::new(wap),
        transaction_id: TransactionId::new("4200000015201711256947025404").unwrap(),
        refund: v2::refund::Refund::new(
            appid(),
            out_refund_no(),
            number("order-1"),
            Fen(60),
            Fen(100),
        ),
        refund_query: v2::refund::RefundQuery::new(appid(), out_refund_no()),
        combined: v2::combine::Order::new(
            appid(),
            whole,
            vec![part],
            address.parse().unwrap(),
            notify_url(),
        ),
        order,
    }
});

pub(super) static HMAC: LazyLock<HmacSha256Key> =
    LazyLock::new(|| HmacSha256Key::new(MCHID, KEY).unwrap());
static MD5: LazyLock<Md5Key> = LazyLock::new(|| Md5Key::new(MCHID, KEY).unwrap());

static VERIFIED: LazyLock<HashSet<String>> =
    LazyLock::new(|| SIGNED.iter().flat_map(|body| verified(body)).collect());

const KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

macro_rules! seeds {
    ($($name:literal),+ $(,)?) => {
        [$(include_bytes!(concat!("../data/corpus/xml_read/", $name)).as_slice()),+]
    };
}

/// Messages that WeChat Pay signed.
const SIGNED: [&[u8]; 14] = seeds![
    "signed_payment",
    "signed_payment_md5",
    "signed_payment_failed",
    "signed_combined",
    "signed_prepaid",
    "signed_code_url",
    "signed_mweb_url",
    "signed_query",
    "signed_refund",
    "signed_refund_query",
    "signed_query_combined",
    "signed_order_paid",
    "signed_empty_value",
    "signed_other_merchant",
];
