//! Notifications: what verifies, what is refused, and why.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use wechatpay::notify::{self, Acknowledgement, Event, EventType, Notification, Refusal};
use wechatpay::{ApiV3Key, PlatformKeys, RsaSigner, Signer, Time, Untrusted, signing};

const KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
const ID: &str = "PUB_KEY_ID_0119000072912025010100000000000001";
const SIGNED_AT: i64 = 1_722_850_421;
const NONCE: &str = "d824f2e086d3c1df967785d13fcd22ef";

/// WeChat Pay, with a throwaway key.
struct Sender {
    signer: RsaSigner,
    keys: PlatformKeys,
    api_v3_key: ApiV3Key,
}

impl Sender {
    fn new() -> Self {
        let private = include_str!("../data/keys/rsa2048.pem");
        let public = include_str!("../data/keys/rsa2048.pub.pem");
        Self {
            signer: RsaSigner::from_pem("1", "1", private).unwrap(),
            keys: PlatformKeys::from_pem(ID, public).unwrap(),
            api_v3_key: ApiV3Key::new(KEY).unwrap(),
        }
    }

    fn headers(&self, body: &[u8]) -> Vec<(String, Vec<u8>)> {
        let message = signing::response(&SIGNED_AT.to_string(), NONCE, body);
        let signature = STANDARD.encode(self.signer.sign(&message).unwrap().bytes);
        [
            ("WECHATPAY-TIMESTAMP", SIGNED_AT.to_string()),
            ("wechatpay-nonce", NONCE.to_owned()),
            ("Wechatpay-Signature", signature),
            ("wechatpay-Serial", ID.to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value.into_bytes()))
        .to_vec()
    }

    fn open(&self, headers: &[(String, Vec<u8>)], body: &[u8]) -> Result<Event, Refusal> {
        self.open_at(headers, body, SIGNED_AT)
    }

    fn open_at(
        &self,
        headers: &[(String, Vec<u8>)],
        body: &[u8],
        now: i64,
    ) -> Result<Event, Refusal> {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let now = Time::from_unix_seconds(now).unwrap();
        notify::open(&self.keys, &self.api_v3_key, headers, body, now)
    }

    /// Opens a notification that is signed as it is.
    fn signed(&self, body: impl AsRef<[u8]>) -> Result<Event, Refusal> {
        self.open(&self.headers(body.as_ref()), body.as_ref())
    }
}

/// As axum, actix-web and hyper hand them over. ureq brings the crate that they share.
fn on_axum_post(
    sender: &Sender,
    headers: ureq::http::HeaderMap,
    body: &[u8],
) -> Result<Event, Refusal> {
    let now = Time::from_unix_seconds(SIGNED_AT).unwrap();
    notify::open(&sender.keys, &sender.api_v3_key, &headers, body, now)
}

fn on_tiny_http_post(sender: &Sender, request: &mut tiny_http::Request) -> Result<Event, Refusal> {
    let mut body = Vec::new();
    request.as_reader().read_to_end(&mut body).unwrap();
    let headers = request.headers().iter().map(|header| (header.field.as_str(), &header.value));
    let now = Time::from_unix_seconds(SIGNED_AT).unwrap();
    notify::open(&sender.keys, &sender.api_v3_key, headers, &body, now)
}

#[test]
fn headers_are_taken_as_servers_hand_them_over() {
    use std::collections::{BTreeMap, HashMap};

    let sender = Sender::new();
    let body = envelope("TRANSACTION.SUCCESS", "transaction", &transaction().to_string());
    let body = body.to_string().into_bytes();
    let headers = sender.headers(&body);
    let expected = sender.open(&headers, &body).unwrap();
    let now = Time::from_unix_seconds(SIGNED_AT).unwrap();
    let (keys, key) = (&sender.keys, &sender.api_v3_key);

    let mut map = ureq::http::HeaderMap::new();
    for (name, value) in &headers {
        map.insert(
            ureq::http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            ureq::http::HeaderValue::from_bytes(value).unwrap(),
        );
    }
    assert_eq!(on_axum_post(&sender, map.clone(), &body).as_ref(), Ok(&expected));
    map.append("wechatpay-nonce", ureq::http::HeaderValue::from_static("other"));
    let repeated = Refusal::Untrusted(Untrusted::Repeated("Wechatpay-Nonce"));
    assert_eq!(on_axum_post(&sender, map, &body), Err(repeated));

    let texts = headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap()));
    let hash_map: HashMap<String, String> = texts.clone().collect();
    assert_eq!(notify::open(keys, key, &hash_map, &body, now).as_ref(), Ok(&expected));
    let tree: BTreeMap<String, String> = texts.clone().collect();
    assert_eq!(notify::open(keys, key, &tree, &body, now).as_ref(), Ok(&expected));
    let array: [(String, String); 5] = texts.collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(notify::open(keys, key, array, &body, now).as_ref(), Ok(&expected));
    assert_eq!(notify::open(keys, key, headers.clone(), &body, now).as_ref(), Ok(&expected));

    let mut request = tiny_http::TestRequest::new().with_method(tiny_http::Method::Post);
    for (name, value) in &headers {
        let header = tiny_http::Header::from_bytes(name.as_bytes(), &value[..]).unwrap();
        request = request.with_header(header);
    }
    let body: &'static str = String::from_utf8(body).unwrap().leak();
    let mut request = tiny_http::Request::from(request.with_body(body));
    assert_eq!(on_tiny_http_post(&sender, &mut request), Ok(expected));
}

fn seal(plaintext: &str, nonce: &[u8; 12], associated_data: &str) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, KEY.as_bytes()).unwrap());
    let mut text = plaintext.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    key.seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut text).unwrap();
    text
}

fn transaction() -> Value {
    json!({
        "transaction_id": "1217752501201407033233368018",
        "amount": {"payer_total": 100, "total": 100, "currency": "CNY", "payer_currency": "CNY"},
        "mchid": "1230000109", "trade_state": "SUCCESS", "bank_type": "CMC",
        "success_time": "2018-06-08T10:34:56+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "out_trade_no": "1217752501201407033233368018", "appid": "wxd678efh567hg6787",
        "trade_state_desc": "支付成功", "trade_type": "APP", "attach": "自定义数据",
        "scene_info": {"device_id": "013467007045764"},
        "promotion_detail": [{"amount": 100, "wechatpay_contribute": 100, "coupon_id": "109519",
            "scope": "GLOBAL", "merchant_contribute": 0, "name": "单品惠-6", "other_contribute": 0,
            "currency": "CNY", "stock_id": "931386", "type": "NOCASH",
            "goods_detail": [{"goods_remark": "商品备注信息", "quantity": 1, "discount_amount": 1,
                "goods_id": "M1006", "unit_price": 100}]}],
    })
}

fn envelope(event_type: &str, original_type: &str, plaintext: &str) -> Value {
    json!({
        "id": "EV-2018022511223320873",
        "create_time": "2015-05-20T13:29:35+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "支付成功",
        "resource": {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(seal(plaintext, b"fdasflkja484", original_type)),
            "associated_data": original_type,
            "nonce": "fdasflkja484",
        },
    })
}

fn good() -> Value {
    envelope("TRANSACTION.SUCCESS", "transaction", &transaction().to_string())
}

#[test]
fn payment_is_read_with_every_field() {
    let event = Sender::new().signed(good().to_string()).unwrap();
    assert_eq!(event.id, "EV-2018022511223320873");
    assert_eq!(event.create_time.to_string(), "2015-05-20T13:29:35+08:00");
    assert_eq!(
        (event.event_type, event.summary.as_str()),
        (EventType::TransactionSuccess, "支付成功")
    );
    let Notification::Transaction(transaction) = event.notification else { panic!() };
    assert_eq!(transaction.device_id(), Some("013467007045764"));
    assert_eq!(transaction.payer.unwrap().openid.unwrap().as_str(), "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    let promotion = &transaction.promotion_detail[0];
    assert_eq!(promotion.coupon_id.as_deref(), Some("109519"));
    assert_eq!(promotion.goods_detail[0].goods_remark.as_deref(), Some("商品备注信息"));
}

#[test]
fn combined_payment_is_recognised_by_its_number() {
    let combined = json!({
        "combine_appid": "wxd678efh567hg6787", "combine_out_trade_no": "20150806125345",
        "combine_mchid": "1900000109", "scene_info": {"device_id": "POS1:1"},
        "combine_payer_info": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "sub_orders": [{"amount": {"payer_amount": 10, "currency": "CNY", "total_amount": 10,
            "payer_currency": "CNY", "settlement_rate": 100_000_000},
            "mchid": "1900000109", "trade_state": "SUCCESS", "bank_type": "CMC",
            "success_time": "2018-06-08T10:34:56.120+08:00", "out_trade_no": "20150806125346",
            "transaction_id": "1009660380201506130728806387", "trade_type": "APP",
            "attach": "深圳分店"}],
    });
    let body = envelope("TRANSACTION.SUCCESS", "transaction", &combined.to_string());
    let event = Sender::new().signed(body.to_string()).unwrap();
    let Notification::Combined(combined) = event.notification else { panic!() };
    assert_eq!(combined.combine_out_trade_no.as_str(), "20150806125345");
    assert_eq!(combined.sub_orders[0].attach.as_deref(), Some("深圳分店"));
}

#[test]
fn unknown_event_is_returned_decrypted() {
    let sender = Sender::new();
    let body = envelope("PAYSCORE.USER_CONFIRM", "payscore", r#"{"order_id":"1"}"#);
    let event = sender.signed(body.to_string()).unwrap();
    assert_eq!(event.event_type.as_str(), "PAYSCORE.USER_CONFIRM");
    let json = r#"{"order_id":"1"}"#.to_owned();
    assert_eq!(event.notification, Notification::Other { original_type: "payscore".into(), json });
    let body = envelope("TRANSACTION.PARTIAL", "transaction", &transaction().to_string());
    assert!(matches!(
        sender.signed(body.to_string()).unwrap().notification,
        Notification::Transaction(_)
    ));
}

/// Refused, it would come back fifteen times.
#[test]
fn time_of_another_product_is_read() {
    let sender = Sender::new();
    let mut body = envelope("VEHICLE.ENTRANCE", "park", "{}");
    body["create_time"] = json!("20180225112233");
    body["summary"] = json!(7);
    let event = sender.signed(body.to_string()).unwrap();
    assert_eq!(event.create_time.to_string(), "2018-02-25T11:22:33+08:00");
    assert!(matches!(event.notification, Notification::Other { .. }));
    body["create_time"] = json!("2018022511223");
    let refusal = sender.signed(body.to_string()).unwrap_err();
    assert!(refusal.to_string().contains("create_time"), "{refusal}");
}

#[test]
fn resource_without_a_type_is_read_by_its_event() {
    let sender = Sender::new();
    let open = |event_type: &str, resource: &str| {
        let mut body = envelope(event_type, "", resource);
        body["resource"].as_object_mut().unwrap().remove("original_type");
        sender.signed(body.to_string()).unwrap().notification
    };
    let paid = transaction().to_string();
    assert!(matches!(open("TRANSACTION.SUCCESS", &paid), Notification::Transaction(_)));
    let refund = r#"{"refund_id":"50","out_refund_no":"r-1","transaction_id":"42","out_trade_no":"order-1",
        "refund_status":"SUCCESS","amount":{"total":1,"refund":1,"payer_total":1,"payer_refund":1}}"#;
    assert!(matches!(open("REFUND.SUCCESS", refund), Notification::Refund(_)));
    for (event_type, resource) in
        [("TRANSACTION.SUCCESS", r#"{"order_id":"1"}"#), ("PAYSCORE.USER_PAID", &paid)]
    {
        let expected = Notification::Other { original_type: "".into(), json: resource.to_owned() };
        assert_eq!(open(event_type, resource), expected);
    }
}

/// A coupon that is not as documented must not keep a paid order from being shipped.
#[test]
fn payment_is_proved_whatever_proves_nothing() {
    let mut resource = transaction();
    resource["promotion_detail"] = json!([{"amount": 100, "goods_detail": [{"goods_id": "M1"}]}]);
    resource["payer"]["openid"] = json!("o\t1");
    resource["attach"] = json!({});
    let body = envelope("TRANSACTION.SUCCESS", "transaction", &resource.to_string());
    let event = Sender::new().signed(body.to_string()).unwrap();
    let Notification::Transaction(transaction) = event.notification else { panic!() };
    let order = wechatpay::pay::Order::new(
        wechatpay::AppId::new(resource["appid"].as_str().unwrap()).unwrap(),
        wechatpay::OutTradeNo::new(resource["out_trade_no"].as_str().unwrap()).unwrap(),
        "d",
        wechatpay::Fen(100),
        "https://shop.example/notify".parse().unwrap(),
    );
    assert!(transaction.paid("1230000109", &order).is_ok());
    assert!(event.json.contains("M1"));
}

#[test]
fn empty_body_is_reported_as_empty() {
    let refusal = Sender::new().signed("").unwrap_err();
    assert!(refusal.to_string().contains("it is empty"), "{refusal}");
}

#[test]
fn envelope_in_an_unusual_form_is_read() {
    let sender = Sender::new();
    let text = transaction().to_string();
    for (associated_data, sealed_with) in [
        (json!("transaction"), "transaction"),
        (json!(""), ""),
        (json!(null), ""),
        (json!("何でも"), "何でも"),
    ] {
        let mut body = good();
        body["resource"]["associated_data"] = associated_data;
        body["resource"]["ciphertext"] =
            json!(STANDARD.encode(seal(&text, b"fdasflkja484", sealed_with)));
        sender.signed(body.to_string()).unwrap();
    }
    let mut body = good();
    body["resource"].as_object_mut().unwrap().remove("associated_data");
    body["resource"]["ciphertext"] = json!(STANDARD.encode(seal(&text, b"fdasflkja484", "")));
    body["new_member"] = json!({"x": [1]});
    body.as_object_mut().unwrap().remove("summary");
    sender.signed(body.to_string()).unwrap();
}

#[test]
fn altered_resource_is_undecryptable() {
    let sender = Sender::new();
    let ciphertext = good()["resource"]["ciphertext"].as_str().unwrap().to_owned();
    let url_safe = URL_SAFE.encode(STANDARD.decode(&ciphertext).unwrap());
    assert_ne!(url_safe, ciphertext);
    for (member, wrong) in [
        ("algorithm", json!("AEAD_SM4_GCM")),
        ("algorithm", json!("")),
        ("nonce", json!("fdasflkja48")),
        ("nonce", json!("fdasflkja4840")),
        ("nonce", json!("fdasflkja485")),
        ("nonce", json!("ｆｄａｓ")),
        ("nonce", json!("")),
        ("associated_data", json!("refund")),
        ("associated_data", json!(null)),
        ("ciphertext", json!("")),
        ("ciphertext", json!(STANDARD.encode([7; 15]))),
        ("ciphertext", json!(STANDARD.encode([7; 64]))),
        ("ciphertext", json!("not Base64!")),
        ("ciphertext", json!(url_safe)),
    ] {
        let mut body = good();
        body["resource"][member] = wrong.clone();
        let refusal = sender.signed(body.to_string()).unwrap_err();
        assert_eq!(refusal, Refusal::Undecryptable, "{member} {wrong}");
        assert_eq!(Acknowledgement::refused(&refusal).status, 400);
    }
    let other = Sender { api_v3_key: ApiV3Key::new(KEY.to_lowercase()).unwrap(), ..sender };
    let refusal = other.signed(good().to_string()).unwrap_err();
    assert!(
        refusal.to_string().contains("decryption of the notification with the APIv3 key failed"),
        "{refusal}"
    );
}

#[test]
fn signed_but_invalid_notification_is_malformed_and_not_echoed() {
    let sender = Sender::new();
    let without = |member: &str| {
        let mut body = good();
        body.as_object_mut().unwrap().remove(member);
        body.to_string()
    };
    let holding = |text: &str| envelope("TRANSACTION.SUCCESS", "transaction", text).to_string();
    for body in [
        String::new(),
        "SECRET".into(),
        "[]".into(),
        "null".into(),
        without("resource"),
        without("id"),
        without("event_type"),
        without("create_time"),
        format!("{} SECRET", good()),
        holding("SECRET"),
        holding(""),
        holding("[\"SECRET\"]"),
        holding(r#"{"out_trade_no":"SECRET"}"#),
        holding(r#"{"combine_out_trade_no":"SECRET"}"#),
        envelope("REFUND.SUCCESS", "refund", r#"{"refund_id":"SECRET"}"#).to_string(),
    ] {
        let refusal = sender.signed(&body).unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed(_)), "{body}: {refusal}");
        assert!(!format!("{refusal} {refusal:?}").contains("SECRET"), "{refusal:?}");
    }
}

#[test]
fn reserialized_body_is_refused_with_advice() {
    let sender = Sender::new();
    let body = serde_json::to_string_pretty(&good()).unwrap();
    let headers = sender.headers(body.as_bytes());
    assert!(sender.open(&headers, body.as_bytes()).is_ok());
    let written_again = good().to_string();
    let translated = body.replace('\n', "\r\n");
    for body in [written_again, translated, body.trim_end_matches('}').to_owned()] {
        let refusal = sender.open(&headers, body.as_bytes()).unwrap_err();
        assert_eq!(refusal, Refusal::Untrusted(Untrusted::Signature { probe: false }));
        assert!(refusal.to_string().contains("as received"), "{refusal}");
    }
}

#[test]
fn forged_stale_unknown_and_probing_notifications_differ() {
    let sender = Sender::new();
    let body = good().to_string();
    let headers = sender.headers(body.as_bytes());
    let open = |headers: &[(String, Vec<u8>)]| {
        let refusal = sender.open(headers, body.as_bytes()).unwrap_err();
        assert_eq!(Acknowledgement::refused(&refusal).status, 401);
        let Refusal::Untrusted(reason) = refusal else { panic!("{refusal}") };
        reason
    };
    let with = |index: usize, value: &str| {
        let mut headers = headers.clone();
        headers[index].1 = value.into();
        headers
    };
    assert_eq!(open(&headers[1..]), Untrusted::Missing("Wechatpay-Timestamp"));
    assert_eq!(open(&[]), Untrusted::Missing("Wechatpay-Timestamp"));
    let twice = [&headers[..], &headers[2..3]].concat();
    assert_eq!(open(&twice), Untrusted::Repeated("Wechatpay-Signature"));
    assert_eq!(open(&with(1, "")), Untrusted::Unreadable("Wechatpay-Nonce"));
    assert_eq!(open(&with(1, "x")), Untrusted::Signature { probe: false });
    assert_eq!(
        open(&with(3, "5157F09EFDC096DE")),
        Untrusted::UnknownSerial("5157F09EFDC096DE".into())
    );
    let signature = String::from_utf8(headers[2].1.clone()).unwrap();
    let probe = format!("WECHATPAY/SIGNTEST/{}", &signature[19..]);
    assert_eq!(open(&with(2, &probe)), Untrusted::Signature { probe: true });
    for (now, skew) in [(SIGNED_AT + 301, 301), (SIGNED_AT - 301, -301)] {
        let refusal = sender.open_at(&headers, body.as_bytes(), now).unwrap_err();
        assert_eq!(refusal, Refusal::Untrusted(Untrusted::Stale { skew_seconds: skew }));
    }
    for now in [SIGNED_AT - 300, SIGNED_AT + 300] {
        assert!(sender.open_at(&headers, body.as_bytes(), now).is_ok());
    }
}

#[test]
fn notification_with_any_flipped_bit_is_refused() {
    let sender = Sender::new();
    let body = good().to_string().into_bytes();
    let headers = sender.headers(&body);
    for bit in (0..body.len() * 8).step_by(3) {
        let mut flipped = body.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let refusal = sender.open(&headers, &flipped).unwrap_err();
        assert_eq!(refusal, Refusal::Untrusted(Untrusted::Signature { probe: false }), "{bit}");
    }
}

#[test]
fn largest_notification_is_read_and_a_larger_one_refused() {
    let sender = Sender::new();
    let padded = |length: usize| {
        let mut body = good().to_string();
        body.push_str(&" ".repeat(length - body.len()));
        body
    };
    // Larger than 64 KiB: a combined order of fifty with coupons may be.
    assert!(sender.signed(padded(64 * 1024 + 1)).is_ok());
    assert!(sender.signed(padded(1_114_112)).is_ok());
    let refusal = sender.signed(padded(1_114_113)).unwrap_err();
    assert_eq!((&refusal, Acknowledgement::refused(&refusal).status), (&Refusal::TooLarge, 413));
}

#[test]
fn acknowledgements_equal_the_documents() {
    assert_eq!(
        (Acknowledgement::accepted().status, Acknowledgement::accepted().body.as_str()),
        (204, "")
    );
    let refused = Acknowledgement::refused(&Refusal::Undecryptable);
    for reply in [refused, Acknowledgement::again()] {
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["code"], "FAIL");
        assert!((400..=599).contains(&reply.status) && body["message"].is_string());
    }
}

/// A split has the event type of a payment. What decides is the type of the resource, and without
/// it nothing is known.
#[test]
fn share_is_never_opened_as_a_payment() {
    let resource = json!({
        "mchid": "1900000100", "transaction_id": "4200000000000000000000000000",
        "order_id": "1217752501201407033233368018", "out_order_no": "P20150806125346",
        "receiver": {"type": "MERCHANT_ID", "account": "1900000109", "amount": 888,
            "description": "运费/交易分账"},
        "success_time": "2018-06-08T10:34:56+08:00",
    });
    let open = |original_type: &str| {
        let plaintext = resource.to_string();
        let mut body = envelope("TRANSACTION.SUCCESS", original_type, &plaintext);
        body["summary"] = json!("分账");
        Sender::new().signed(body.to_string())
    };
    let event = open("profitsharing").unwrap();
    assert_eq!(event.event_type, EventType::TransactionSuccess);
    let Notification::Share(share) = event.notification else { panic!() };
    assert_eq!((share.kind.as_str(), share.receiver.amount.0), ("分账", 888));
    assert!(matches!(open("").unwrap().notification, Notification::Other { .. }));
    assert!(matches!(open("transaction"), Err(Refusal::Malformed(_))));
}
