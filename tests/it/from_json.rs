//! Orders are read strictly: as the documents print them, and in no other way.

use std::sync::Mutex;

use serde_json::{Value, json};
use wechatpay::pay::{self, Order, SceneInfo, SettleInfo, StoreInfo};
use wechatpay::refund::{self, FundsAccount, Refund, RefundFrom};
use wechatpay::{
    AppId, Error, ErrorKind, Fen, Gateway, NotifyUrl, OpenId, OutRefundNo, OutTradeNo, Partner,
    PlatformKeys, Request, Response, RsaSigner, Signer, SubMerchant, TransactionId, Transport,
    TransportError, combine,
};

use crate::sample_bodies::{
    COMBINED_ORDER, app_order, combined_h5_order, h5_order, jsapi_order, refund_body,
};

#[cfg(feature = "v2")]
mod v2;

fn merchant(mchid: &str) -> RsaSigner {
    RsaSigner::from_pem(mchid, "AB", include_str!("../data/keys/rsa2048.pem")).unwrap()
}

/// What an API sends, without sending it.
fn sent<T>(call: impl FnOnce(&Gateway) -> Result<T, Error>) -> Vec<u8> {
    kept(|kept| call(&Gateway::at("https://127.0.0.1", PlatformKeys::none(), kept).unwrap()))
}

/// Keeps what it is to send.
#[derive(Default)]
struct Kept(Mutex<Vec<u8>>);

impl Transport for &'static Kept {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        *self.0.lock().unwrap() = request.body.to_vec();
        Err(TransportError::not_sent("kept"))
    }
}

fn kept<T>(call: impl FnOnce(&'static Kept) -> Result<T, Error>) -> Vec<u8> {
    let kept: &'static Kept = Box::leak(Box::default());
    let error = call(kept).err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}");
    let body = kept.0.lock().unwrap();
    body.clone()
}

fn faults<T: std::fmt::Debug>(read: Result<T, Error>) -> Vec<String> {
    let ErrorKind::Invalid(invalid) = read.unwrap_err().into_kind() else {
        panic!("another error")
    };
    invalid.violations().iter().map(|fault| format!("{} {}", fault.path, fault.rule)).collect()
}

/// Every body there is, and what reads it, as nothing but whether that went well.
type Reader = fn(&dyn Signer, &[u8]) -> Result<(), Error>;

fn bodies() -> Vec<(&'static str, Value, Reader)> {
    let combined = serde_json::from_str(COMBINED_ORDER).unwrap();
    vec![
        ("1230000109", app_order(), |signer, json| Order::from_json(signer, json).map(drop)),
        ("1230000109", jsapi_order(), |signer, json| pay::jsapi::from_json(signer, json).map(drop)),
        ("1230000109", h5_order(), |signer, json| pay::h5::from_json(signer, json).map(drop)),
        ("1900000109", combined, |signer, json| combine::Order::from_json(signer, json).map(drop)),
        ("1900000109", serde_json::from_str(COMBINED_ORDER).unwrap(), |signer, json| {
            combine::jsapi::from_json(signer, json).map(drop)
        }),
        ("1900000109", combined_h5_order(), |signer, json| {
            combine::h5::from_json(signer, json).map(drop)
        }),
        ("1230000109", refund_body(), |signer, json| Refund::from_json(signer, json).map(drop)),
    ]
}

/// The JSON pointers of every value, the root among them.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found));
        }
        Value::Array(list) => {
            (0..)
                .zip(list)
                .for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn pointers_of(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    pointers(body, "", &mut found);
    found
}

#[test]
fn app_order_of_document_003_survives_read_and_send() {
    let signer = merchant("1230000109");
    let body = app_order();
    let order = Order::from_json(&signer, body.to_string().as_bytes()).unwrap();
    let sent = sent(|gateway| pay::app::prepay(&signer, gateway, &order));
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), body);
}

#[test]
fn jsapi_order_of_document_004_is_read_with_its_payer() {
    let signer = merchant("1900006XXX");
    let body = r#"{
"mchid": "1900006XXX",
"out_trade_no": "1217752501201407033233368318",
"appid": "wxdace645e0bc2cXXX",
"description": "Image形象店-深圳腾大-QQ公仔",
"notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
"amount": {
"total": 1,
"currency": "CNY"
},
"payer": {
"openid": "o4GgauInH_RCEdvrrNGrntXDuXXX"
}
}"#;
    let (order, payer) = pay::jsapi::from_json(&signer, body.as_bytes()).unwrap();
    let sent = sent(|gateway| pay::jsapi::prepay(&signer, gateway, &order, &payer));
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), body);
}

#[test]
fn combined_order_of_document_000_survives_read_and_send() {
    let signer = merchant("1900000109");
    let order = combine::Order::from_json(&signer, COMBINED_ORDER.as_bytes()).unwrap();
    let sent = sent(|gateway| combine::app::prepay(&signer, gateway, &order));
    let body: Value = serde_json::from_str(COMBINED_ORDER).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), body);
}

#[test]
fn every_body_with_every_field_is_read() {
    for (mchid, body, read) in bodies() {
        read(&merchant(mchid), body.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn unknown_field_is_named_at_every_depth() {
    for (mchid, body, read) in bodies() {
        let signer = merchant(mchid);
        for pointer in pointers_of(&body) {
            let mut body = body.clone();
            let Some(object) = body.pointer_mut(&pointer).unwrap().as_object_mut() else {
                continue;
            };
            object.insert("ap/p~id".into(), json!({"appid": 1}));
            let expected = format!("{pointer}/ap~1p~0id is not a field of this request");
            assert_eq!(faults(read(&signer, body.to_string().as_bytes())), [expected]);
        }
    }
}

#[test]
fn every_value_of_another_type_is_named_with_what_it_must_be() {
    let others = [json!(null), json!([1.5]), json!({"SECRET": 1}), json!(-1), json!(1.0)];
    let others = others.into_iter().chain([json!("SECRET 公仔"), json!(true), json!(7)]);
    let kind = |value: &Value| std::mem::discriminant(value);
    for (mchid, body, read) in bodies() {
        let signer = merchant(mchid);
        for pointer in pointers_of(&body) {
            for other in others.clone() {
                let value = body.pointer(&pointer).unwrap();
                let is_same = kind(value) == kind(&other) && other.as_u64() == value.as_u64();
                if is_same
                    || (value.is_u64() && other == json!(7))
                    || value.is_array() && other.is_array()
                {
                    continue;
                }
                let mut body = body.clone();
                *body.pointer_mut(&pointer).unwrap() = other.clone();
                let found = faults(read(&signer, body.to_string().as_bytes()));
                let path = if pointer.is_empty() { "json" } else { &pointer };
                assert!(found[0].starts_with(&format!("{path} must be ")), "{pointer}: {found:?}");
                assert_eq!(found.len(), 1, "{found:?}");
                assert!(!found[0].contains("SECRET"), "{found:?}");
            }
        }
    }
}

#[test]
fn repeated_field_is_named() {
    for (mchid, body, read) in bodies() {
        let signer = merchant(mchid);
        for pointer in pointers_of(&body) {
            let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
            if !body.pointer(parent).unwrap().is_object() {
                continue;
            }
            // A place that no value has, so that the text of the body can be changed there.
            let mut twice = body.clone();
            let mark = json!("the one that stands twice");
            let value = std::mem::replace(twice.pointer_mut(&pointer).unwrap(), mark.clone());
            let twice = twice
                .to_string()
                .replace(&mark.to_string(), &format!("{value},\"{name}\":{value}"));
            let expected = format!("{pointer} must occur only once");
            assert_eq!(faults(read(&signer, twice.as_bytes())), [expected]);
        }
    }
}

#[test]
fn required_fields_are_missed_and_optional_ones_are_not() {
    let optional = [
        "mchid",
        "combine_mchid",
        "currency",
        "time_expire",
        "attach",
        "goods_tag",
        "support_fapiao",
        "detail",
        "scene_info",
        "settle_info",
        "cost_price",
        "invoice_id",
        "goods_detail",
        "wechatpay_goods_id",
        "goods_name",
        "device_id",
        "store_info",
        "name",
        "area_code",
        "address",
        "profit_sharing",
        "reason",
        "notify_url",
        "funds_account",
        "from",
        "combine_payer_info",
        "trade_scenario",
        "app_name",
        "app_url",
        "bundle_id",
        "package_name",
    ];
    let missed_in = |pointer: &str, index: usize| match pointer {
        // The sub-order's merchant, and the URL for notifications of payments.
        p if p.starts_with("/sub_orders/") && p.ends_with("/mchid") => true,
        p if p.starts_with("/sub_orders/") && p.ends_with("/attach") => true,
        "/notify_url" => index != 6,
        "/scene_info" => [2, 5].contains(&index),
        "/scene_info/device_id" => index == 5,
        "/combine_payer_info" => index == 4,
        _ => false,
    };
    for (index, (mchid, body, read)) in bodies().into_iter().enumerate() {
        let signer = merchant(mchid);
        for pointer in pointers_of(&body) {
            let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
            let mut less = body.clone();
            let Some(object) = less.pointer_mut(parent).unwrap().as_object_mut() else { continue };
            object.remove(name);
            let read = read(&signer, less.to_string().as_bytes());
            if optional.contains(&name) && !missed_in(&pointer, index) {
                assert_eq!(read, Ok(()), "{index} {pointer}");
            } else {
                assert_eq!(faults(read), [format!("{pointer} is missing")], "{index}");
            }
        }
    }
}

#[test]
fn merchant_ids_must_be_those_of_the_signer() {
    for (mchid, body, read) in bodies() {
        for (pointer, rule) in [
            ("/mchid", format!("must be {mchid}, that of the signer, or left out")),
            ("/combine_mchid", format!("must be {mchid}, that of the signer, or left out")),
            ("/amount/currency", "must be CNY, or left out".to_owned()),
            ("/sub_orders/1/amount/currency", "must be CNY, or left out".to_owned()),
        ] {
            let mut body = body.clone();
            let Some(value) = body.pointer_mut(pointer) else { continue };
            *value = json!("1900009191");
            let found = faults(read(&merchant(mchid), body.to_string().as_bytes()));
            assert_eq!(found, [format!("{pointer} {rule}")]);
        }
    }
}

#[test]
fn every_violation_is_reported_at_once() {
    let mut body = app_order();
    body["amount"]["total"] = json!(1.0);
    body["out_trade_no"] = json!("12345");
    body["discription"] = json!("?");
    body["detail"]["goods_detail"][0]["quantity"] = json!("1");
    body.as_object_mut().unwrap().remove("appid");
    assert_eq!(
        faults(Order::from_json(&merchant("1230000109"), body.to_string().as_bytes())),
        [
            "/appid is missing",
            "/amount/total must be whole fen: a number without quotes, sign or decimals",
            "/out_trade_no must be 6 to 32 letters, digits, _, -, | or *",
            "/detail/goods_detail/0/quantity must be a whole number, without quotes, sign or decimals",
            "/discription is not a field of this request",
        ]
    );
}

#[test]
fn amount_is_an_integer_however_it_is_written() {
    for money in ["1.0", "1e2", "-1", "\"1\"", "18446744073709551616", "null", "-0", "1.00"] {
        let body = app_order().to_string().replace("\"total\":100", &format!("\"total\":{money}"));
        let expected = "/amount/total must be whole fen: a number without quotes, sign or decimals";
        assert_eq!(
            faults(Order::from_json(&merchant("1230000109"), body.as_bytes())),
            [expected],
            "{money}"
        );
    }
}

#[test]
fn invalid_json_is_reported_by_line_and_column() {
    for (json, expected) in [
        ("{\n  \"appid\": \"x\",\n}", "json cannot be read: trailing comma at line 3 column 1"),
        ("{} {}", "json cannot be read: trailing characters at line 1 column 4"),
        ("{\"SECRET\": SECRET}", "json cannot be read: expected value at line 1 column 12"),
    ] {
        assert_eq!(faults(Order::from_json(&merchant("1"), json.as_bytes())), [expected]);
    }
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        let found = faults(Order::from_json(&merchant("1"), deep.as_bytes()));
        assert!(found[0].starts_with("json cannot be read: recursion limit"), "{found:?}");
    }
    let error = Order::from_json(&merchant("1"), b"{\"\x1b[31m\\n\\u202e\": 1}").unwrap_err();
    assert!(error.to_string().chars().all(|shown| !shown.is_control()), "{error:?}");
    let long = format!("{{\"{}\": 1}}", "n".repeat(100_000));
    let error = Order::from_json(&merchant("1"), long.as_bytes()).unwrap_err();
    assert!(error.to_string().len() < 1000, "{error}");
}

#[test]
fn each_kind_has_its_own_fields() {
    let (one, combined) = (merchant("1230000109"), merchant("1900000109"));
    let read = |json: Value| faults(Order::from_json(&one, json.to_string().as_bytes()));
    assert_eq!(read(jsapi_order()), ["/payer is not a field of this request"]);
    assert_eq!(read(h5_order()), ["/scene_info/h5_info is not a field of this request"]);
    let json = COMBINED_ORDER.replace("\"device_id\" : \"POS1:1\",", "\"h5_info\": {},");
    assert_eq!(
        faults(combine::Order::from_json(&combined, json.as_bytes())),
        ["/scene_info/h5_info is not a field of this request"]
    );
    let mut refund = refund_body();
    refund["transaction_id"] = json!("1217752501201407033233368018");
    assert_eq!(
        faults(Refund::from_json(&one, refund.to_string().as_bytes())),
        ["/out_trade_no must be left out if transaction_id is set: one is enough"]
    );
    refund["funds_account"] = json!("AVAILABEL");
    refund.as_object_mut().unwrap().remove("out_trade_no");
    assert_eq!(
        faults(Refund::from_json(&one, refund.to_string().as_bytes())),
        ["/funds_account must be a documented value, such as AVAILABLE"]
    );
}

#[test]
fn partner_reads_the_fields_of_partner_mode() {
    let signer = merchant("1230000109");
    let mut sub_merchant = SubMerchant::new("1900000109").unwrap();
    sub_merchant.appid = Some(AppId::new("wx0000000000000002").unwrap());
    let partner = Partner::new(&signer, sub_merchant);
    let mut body = app_order();
    let object = body.as_object_mut().unwrap();
    for (direct, sp) in [("appid", "sp_appid"), ("mchid", "sp_mchid")] {
        let value = object.remove(direct).unwrap();
        object.insert(sp.to_owned(), value);
    }
    object.insert("sub_mchid".into(), json!("1900000109"));
    object.insert("sub_appid".into(), json!("wx0000000000000002"));
    object.insert("payer".into(), json!({"sub_openid": "oUpF8uMuAJO"}));
    let read = |body: &Value| pay::jsapi::from_json(&partner, body.to_string().as_bytes());
    let (order, payer) = read(&body).unwrap();
    let again = sent(|gateway| pay::jsapi::prepay(&partner, gateway, &order, &payer));
    assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), body);

    body["payer"] = json!({"sub_openid": "oUpF8uMuAJO", "sp_openid": "oUpF8uMuAJO"});
    body["sub_mchid"] = json!("1900000110");
    body["sub_appid"] = json!("wx0000000000000003");
    let rule = "that of the signer's sub-merchant, or left out";
    assert_eq!(
        faults(read(&body)),
        [
            "/payer/sp_openid must be left out if sub_openid is set: an order has one payer"
                .to_owned(),
            format!("/sub_mchid must be 1900000109, {rule}"),
            format!("/sub_appid must be wx0000000000000002, {rule}"),
        ]
    );
    let error = Order::from_json(&partner, app_order().to_string().as_bytes());
    assert_eq!(
        faults(error),
        [
            "/sp_appid is missing",
            "/appid is not a field of this request",
            "/mchid is not a field of this request"
        ]
    );
    let sub_orders = json!([{
        "mchid": "1230000109", "sub_mchid": "1900000109", "sub_appid": "wx0000000000000002",
        "attach": "a", "amount": {"total_amount": 10, "currency": "CNY"},
        "out_trade_no": "20150806125346", "description": "d"
    }]);
    let mut combined = json!({
        "combine_appid": "wxd678efh567hg6787", "combine_mchid": "1230000109",
        "combine_out_trade_no": "20150806125345", "sub_orders": sub_orders,
        "combine_payer_info": {"sub_openid": "oUpF8uMuAJO"}, "notify_url": "https://yourapp.com/n"
    });
    let read = |body: &Value| combine::jsapi::from_json(&signer, body.to_string().as_bytes());
    let (order, payer) = read(&combined).unwrap();
    let again = sent(|gateway| combine::jsapi::prepay(&signer, gateway, &order, &payer));
    assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), combined);
    combined["sub_orders"][0]["mchid"] = json!("1900000109");
    combined["sub_orders"][0]["sub_mchid"] = json!("19 0");
    assert_eq!(
        faults(read(&combined)),
        [
            "/sub_orders/0/mchid must be 1230000109, the combine_mchid, beside a sub_mchid, or left out",
            "/sub_orders/0/sub_mchid must be the merchant number: 1 to 32 letters and digits"
        ]
    );
}

/// A stream of choices that is the same in every run.
struct Choices(u64);

impl Choices {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.next(2) == 0).then(|| make(self))
    }

    fn text(&mut self, longest: u64) -> String {
        let letters =
            ['a', 'Z', '0', '"', '\\', '/', '店', '公', '<', '&', ' ', '\u{7}', '~', '\''];
        let length = 1 + self.next(longest);
        (0..length).map(|_| letters[self.next(letters.len() as u64) as usize]).collect()
    }

    fn fen(&mut self) -> Fen {
        [Fen(1), Fen(100), Fen::MAX, Fen(self.next(1_000_000) + 1)][self.next(4) as usize]
    }

    fn number(&mut self) -> String {
        format!("n_-|*{:027}", self.next(u64::MAX >> 33))
    }
}

fn any_order(choices: &mut Choices) -> Order {
    let mut order = Order::new(
        AppId::new("wxd678efh567hg6787").unwrap(),
        OutTradeNo::new(choices.number()).unwrap(),
        choices.text(127),
        choices.fen(),
        NotifyUrl::new("https://www.weixin.qq.com/wxpay/pay.php").unwrap(),
    );
    order.time_expire =
        choices.maybe(|c| wechatpay::Time::from_unix_seconds(c.next(1 << 31) as i64).unwrap());
    order.attach = choices.maybe(|c| c.text(128));
    order.goods_tag = choices.maybe(|c| c.text(32));
    order.support_fapiao = choices.maybe(|c| c.next(2) == 0);
    order.detail = choices.maybe(|c| {
        let mut detail = pay::Detail::default();
        detail.cost_price = c.maybe(Choices::fen);
        detail.invoice_id = c.maybe(|c| c.text(32));
        for _ in 0..c.next(3) {
            let mut goods = pay::GoodsDetail::new("g_-1", 1 + c.next(9), c.fen());
            goods.goods_name = c.maybe(|c| c.text(256));
            goods.wechatpay_goods_id = c.maybe(|c| c.text(32));
            detail.goods_detail.push(goods);
        }
        detail
    });
    order.scene_info = choices.maybe(|c| {
        let mut scene =
            SceneInfo::new(["14.23.150.211", "2001:db8::1"][c.next(2) as usize].parse().unwrap());
        scene.device_id = c.maybe(|c| c.text(32));
        scene.store_info = c.maybe(|c| {
            let mut store = StoreInfo::new(c.text(32));
            store.name = c.maybe(|c| c.text(256));
            store.area_code = c.maybe(|c| c.text(32));
            store.address = c.maybe(|c| c.text(512));
            store
        });
        scene
    });
    order.settle_info = choices.maybe(|c| {
        let mut settle_info = SettleInfo::default();
        settle_info.profit_sharing = c.maybe(|c| c.next(2) == 0);
        settle_info
    });
    for _ in 0..choices.next(3) {
        order.limit_pay.push(["no_credit", "new_word"][choices.next(2) as usize].into());
    }
    order
}

#[test]
fn sent_orders_and_refunds_are_read_back_equal() {
    let signer = merchant("1230000109");
    let mut choices = Choices(7);
    for _ in 0..300 {
        let order = any_order(&mut choices);
        if order.validate().is_err() {
            continue;
        }
        let json = sent(|gateway| pay::native::prepay(&signer, gateway, &order));
        assert_eq!(Order::from_json(&signer, &json).unwrap(), order);

        let payer = pay::Payer::new(OpenId::new("o4GgauInH").unwrap());
        let json = sent(|gateway| pay::jsapi::prepay(&signer, gateway, &order, &payer));
        assert_eq!(pay::jsapi::from_json(&signer, &json).unwrap(), (order, payer));

        let payment: refund::Payment = match choices.next(2) {
            0 => OutTradeNo::new(choices.number()).unwrap().into(),
            _ => TransactionId::new("4200000015201711256947025404").unwrap().into(),
        };
        let number = OutRefundNo::new(choices.number()).unwrap();
        let mut refund = Refund::new(number, payment, Fen(1), choices.fen());
        refund.reason = choices.maybe(|c| c.text(20));
        refund.funds_account = choices.maybe(|_| FundsAccount::EcnyBasic);
        refund.from = vec![RefundFrom::new(FundsAccount::Unavailable, choices.fen())];
        let json = sent(|gateway| refund::apply(&signer, gateway, &refund));
        assert_eq!(Refund::from_json(&signer, &json).unwrap(), refund);
    }
}

/// Bodies with a byte order mark, as editors on Windows write it, and with full-width punctuation.
#[test]
fn byte_order_mark_is_skipped_and_full_width_is_named() {
    let signer = merchant("1230000109");
    let json = app_order().to_string();
    let read = |json: &[u8]| Order::from_json(&signer, json);
    let expected = read(json.as_bytes()).unwrap();
    assert_eq!(read(format!("\u{feff}{json}").as_bytes()).unwrap(), expected);
    assert_eq!(read(json.replace(",\"", ",\r\n\"").as_bytes()).unwrap(), expected);
    let not_ascii = "a character outside quotes is not ASCII; look for full-width punctuation, curly \
                     quotes and no-break spaces";
    for (json, expected) in [
        ("", "json is empty".to_owned()),
        ("\u{feff}\r\n", "json is empty".to_owned()),
        ("{\u{a0}\"appid\": 1}", format!("json cannot be read: at line 1 column 2 {not_ascii}")),
        ("{\n\"说明\": “x”}", format!("json cannot be read: at line 2 column 7 {not_ascii}")),
        ("{\"说明\"：1}", format!("json cannot be read: at line 1 column 6 {not_ascii}")),
        ("{\"说明\":1，}", format!("json cannot be read: at line 1 column 8 {not_ascii}")),
        ("{\"说明\":1}；", format!("json cannot be read: at line 1 column 9 {not_ascii}")),
        ("{\"说明\":x}", "json cannot be read: expected value at line 1 column 7".to_owned()),
        (
            "{\"说明",
            "json cannot be read: EOF while parsing a string at line 1 column 4".to_owned(),
        ),
        ("{\"说\\明\"}", "json cannot be read: invalid escape at line 1 column 5".to_owned()),
    ] {
        assert_eq!(faults(read(json.as_bytes())), [expected], "{json}");
    }
    let utf16: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for other in [&utf16[..], b"\xff\xfe{\0}\0", b"{\"a\":\"\xb2\xe2\"}"] {
        assert_eq!(faults(read(other)), ["json is not UTF-8; save it as UTF-8"]);
    }
}

/// A syntax error hides the rest. Everything else is found in one reading: what is unknown, missing, of a wrong type, and
/// against a rule.
#[test]
fn body_with_many_problems_reports_all_at_once() {
    let signer = merchant("1230000109");
    let order = json!({
        "appid": "wxd678efh567hg6787",
        "description": "x".repeat(128),
        "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
        "amount": {"total": "100"},
        "attach": "",
        "colour": "red",
        "detail": {"goods_detail": [{"merchant_goods_id": "a b", "quantity": 1}]},
        "scene_info": 1
    });
    let fen = "must be whole fen: a number without quotes, sign or decimals";
    assert_eq!(
        faults(Order::from_json(&signer, order.to_string().as_bytes())),
        [
            format!("/amount/total {fen}").as_str(),
            "/out_trade_no is missing",
            "/detail/goods_detail/0/unit_price is missing",
            "/scene_info must be an object",
            "/colour is not a field of this request",
            "/description must be 1 to 127 characters",
            "/attach must be 1 to 128 characters",
            "/detail/goods_detail/0/merchant_goods_id must be 1 to 32 letters, digits, _ or -",
        ]
    );
    let refund = json!({
        "out_trade_no": 1,
        "out_refund_no": "1217752501201407033233368018",
        "amount": {"refund": 888},
        "reason": "x".repeat(81)
    });
    assert_eq!(
        faults(Refund::from_json(&signer, refund.to_string().as_bytes())),
        [
            "/out_trade_no must be a string, in quotes",
            "/amount/total is missing",
            "/reason must be 1 to 80 characters",
        ]
    );
    let combined = json!({
        "combine_appid": "wxd678efh567hg6787",
        "notify_url": "https://yourapp.com/notify",
        "sub_orders": [{"mchid": "1230000109", "attach": "", "description": "QQ"}]
    });
    assert_eq!(
        faults(combine::Order::from_json(&signer, combined.to_string().as_bytes())),
        [
            "/sub_orders/0/amount is missing",
            "/sub_orders/0/out_trade_no is missing",
            "/combine_out_trade_no is missing",
            "/sub_orders must be 2 to 10 sub-orders",
            "/sub_orders/0/attach must be 1 to 128 characters",
        ]
    );
}

/// An order without a problem of its form is validated too.
#[test]
fn body_against_a_rule_is_refused_as_by_validate() {
    let signer = merchant("1230000109");
    let mut body = h5_order();
    body["scene_info"]["device_id"] = json!("x".repeat(33));
    body["amount"]["total"] = json!(0);
    assert_eq!(
        faults(pay::h5::from_json(&signer, body.to_string().as_bytes())),
        [
            "/scene_info/device_id must be 1 to 32 characters",
            "/amount/total must be at least 1 fen and fit a signed 64-bit integer",
        ]
    );
}
