//! Every text of an error, as people read it.
//!
//! `tests/data/messages.txt` is the table of causes and texts. If a text changes, change it there by
//! hand, and read it once more.

use std::fmt::Write;
use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use wechatpay::call::{self, Call};
use wechatpay::encryption::Encrypted;
use wechatpay::notify::Refusal;
use wechatpay::pay::{self, NotPaid, Order, TradeState, app};
use wechatpay::refund::{self, FundsAccount, Refund, RefundFrom};
use wechatpay::{
    ApiV3Key, AppId, ClientCertificate, Code, Error, Fen, Gateway, HttpOptions, Method, NotifyUrl,
    OpenId, OutRefundNo, OutTradeNo, Partner, PlatformKeys, Proxy, RefundId, Request, Response,
    RsaSigner, SignError, SubMerchant, Time, TransactionId, Transport, TransportError, Untrusted,
    UreqTransport, bill, certificates, combine,
};
use wechatpay_sandbox::Sandbox;

use crate::sample_bodies::{COMBINED_ORDER, app_order, h5_order, refund_body};
use crate::support::{order, start};

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod profit_sharing;
mod transfers;
#[cfg(feature = "v2")]
mod v2;

#[test]
fn every_error_text_equals_the_table() {
    let mut table = Table(String::new());
    errors(&mut table);
    untrusted(&mut table);
    refusals(&mut table);
    payments(&mut table);
    names_and_numbers(&mut table);
    keys(&mut table);
    http_settings(&mut table);
    orders(&mut table);
    bills(&mut table);
    codes(&mut table);
    responses(&mut table);
    transfers::texts(&mut table);
    any_interface(&mut table);
    encrypted_fields(&mut table);
    profit_sharing::profit_sharing(&mut table);
    #[cfg(feature = "aws-lc-rs")]
    aws_lc::encrypted_fields(&mut table);
    #[cfg(feature = "v2")]
    v2::texts(&mut table);
    let expected = of_this_build(include_str!("../data/messages.txt"));
    if table.0 != expected {
        let found = concat!(env!("CARGO_TARGET_TMPDIR"), "/messages.txt");
        std::fs::write(found, &table.0).unwrap();
        let (said, wanted) =
            table.0.lines().zip(expected.lines()).find(|(a, b)| a != b).unwrap_or_default();
        panic!("said:   {said}\nwanted: {wanted}\nall that was said is in {found}");
    }
}

/// The table without the chapters of features that are off.
fn of_this_build(table: &str) -> String {
    let mut is_wanted = true;
    let lines = table.lines().filter(|line| {
        if let Some(chapter) = line.strip_prefix("== ") {
            is_wanted = (cfg!(feature = "aws-lc-rs") || !chapter.starts_with("AWS-LC: "))
                && (cfg!(feature = "v2") || !chapter.starts_with("APIv2: "));
        }
        is_wanted
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn every_error_text_is_short_and_clean() {
    let table = include_str!("../data/messages.txt");
    assert!(table.lines().count() > 200);
    for line in table.lines().filter(|line| !line.starts_with("== ")) {
        let (_, text) = line.split_once(" => ").unwrap_or_else(|| panic!("{line}"));
        assert!(text.chars().count() <= 360, "long: {text}");
        assert!(!text.ends_with(['.', ' ', ';', ':']), "{text}");
        for odd in ["  ", "Some(", "None", "Error", "panicked", "SECRET", " ;", "\\n", "{", "}"] {
            assert!(!text.contains(odd), "{odd:?} in: {text}");
        }
    }
}

/// A rule that is added to the source is added to the table.
#[test]
fn every_rule_of_the_source_is_in_the_table() {
    let table = include_str!("../data/messages.txt");
    let mut count = 0;
    for file in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        for rule in rules(&std::fs::read_to_string(&file).unwrap()) {
            count += 1;
            let is_listed = rule.split(['{', '}']).step_by(2).all(|part| table.contains(part));
            assert!(is_listed || UNREACHED.contains(&&*rule), "{}: {rule}", file.display());
        }
    }
    assert!(count > 100, "{count}");
}

/// It takes a sum of many orders of which each is as large as it may be.
const UNREACHED: [&str; 2] =
    ["must not exceed a signed 64-bit integer in total", "must add up to a signed 64-bit integer"];

/// The files of the library itself. The sandbox speaks as WeChat Pay does.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| !path.ends_with("sandbox") && !path.ends_with("guide"));
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|name| name == "rs"))
        .collect()
}

/// The texts that say what must be, before the tests.
fn rules(source: &str) -> Vec<String> {
    let code = source.split("\nmod tests {").next().unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: String = code.lines().filter(is_code).map(|line| format!("{line}\n")).collect();
    let begins = ["\"must ", "\"the XML "];
    let mut rules = Vec::new();
    for (start, _) in begins.iter().flat_map(|begin| code.match_indices(begin)) {
        let text = &code[start + 1..];
        let end = text.find('"').unwrap();
        // A line that ends in a back-slash goes on where the next one has its first letter.
        let lines = text[..end].split("\\\n").enumerate();
        let joined = lines.map(|(index, line)| if index == 0 { line } else { line.trim_start() });
        rules.push(joined.collect());
    }
    rules
}

struct Table(String);

impl Table {
    fn chapter(&mut self, name: &str) {
        writeln!(self.0, "== {name}").unwrap();
    }

    #[track_caller]
    fn line(&mut self, what: &str, said: impl ToString) {
        let said = said.to_string();
        assert!(!said.contains('\n'), "{said}");
        writeln!(self.0, "{what} => {said}").unwrap();
    }

    #[track_caller]
    fn error<T, E: std::error::Error>(&mut self, what: &str, result: Result<T, E>) {
        self.line(what, result.err().unwrap_or_else(|| panic!("{what} is no error")));
    }
}

/// Ends every call in the same way.
struct Lost(TransportError);

impl Transport for Lost {
    fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
        Err(self.0.clone())
    }
}

fn errors(table: &mut Table) {
    table.chapter("Error");
    let sandbox = start();
    table.line("Sign", Error::from(SignError::new("the HSM is locked")));
    let lost = |error: &TransportError| {
        let keys = sandbox.platform_keys().clone();
        Gateway::at(sandbox.base_url(), keys, Lost(error.clone())).unwrap()
    };
    let (not_sent, unknown) = (
        TransportError::not_sent("no connection: refused"),
        TransportError::unknown("no response: timed out"),
    );
    calls(table, &sandbox, "not sent", || lost(&not_sent));
    calls(table, &sandbox, "lost", || lost(&unknown));
    calls(table, &sandbox, "not signed", || {
        sandbox.tamper_next(|response| {
            response.remove_header("Wechatpay-Signature");
            response.set_header("Request-ID", "08F7A1");
        });
        sandbox.gateway().clone()
    });
    calls(table, &sandbox, "malformed", || {
        sandbox.rewrite_next(|response| (response.status, response.body) = (200, b"[".to_vec()));
        sandbox.tamper_next(|response| response.set_header("Request-ID", "08F7A1"));
        sandbox.gateway().clone()
    });
    for code in ["SYSTEM_ERROR", "FREQUENCY_LIMITED", "ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"] {
        calls(table, &sandbox, code, || {
            let status = if code == "SYSTEM_ERROR" { 500 } else { 400 };
            sandbox.refuse_next(status, code, "");
            sandbox.tamper_next(|response| response.remove_header("Request-ID"));
            sandbox.gateway().clone()
        });
    }
}

/// The texts of the same problem for a new order, a query, a refund and another read.
fn calls(table: &mut Table, sandbox: &Sandbox, what: &str, gateway: impl Fn() -> Gateway) {
    let signer = sandbox.signer();
    let order = order(sandbox, "errors-1");
    let number = OutRefundNo::new("errors-1").unwrap();
    let refund = Refund::new(number, order.out_trade_no.clone(), Fen(1), Fen(100));
    table.error(&format!("{what}, a new order"), app::prepay(signer, &gateway(), &order));
    let query = pay::query(signer, &gateway(), &order.out_trade_no);
    table.error(&format!("{what}, a query"), query);
    table.error(&format!("{what}, a refund"), refund::apply(signer, &gateway(), &refund));
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let list = certificates::list(signer, &gateway(), &key);
    table.error(&format!("{what}, certificates"), list);
}

fn all_untrusted() -> [(&'static str, Untrusted); 12] {
    [
        ("Missing", Untrusted::Missing("Wechatpay-Nonce")),
        ("Repeated", Untrusted::Repeated("Wechatpay-Nonce")),
        ("Unreadable", Untrusted::Unreadable("Wechatpay-Nonce")),
        ("Stale, from the past", Untrusted::Stale { skew_seconds: 301 }),
        ("Stale, from the future", Untrusted::Stale { skew_seconds: -301 }),
        ("UnknownSerial", Untrusted::UnknownSerial("PUB_KEY_ID_01".into())),
        ("MissingSign", Untrusted::MissingSign),
        ("OtherSignType", Untrusted::OtherSignType),
        ("WrongSign", Untrusted::WrongSign),
        ("Signature", Untrusted::Signature { probe: false }),
        ("Signature, of a probe", Untrusted::Signature { probe: true }),
        ("Hash", Untrusted::Hash),
    ]
}

fn untrusted(table: &mut Table) {
    table.chapter("Untrusted");
    for (name, reason) in all_untrusted() {
        table.line(name, reason);
    }
}

fn refusals(table: &mut Table) {
    table.chapter("notify::Refusal");
    for (name, reason) in all_untrusted() {
        table.line(name, Refusal::Untrusted(reason));
    }
    table.line("Undecryptable", Refusal::Undecryptable);
    table.line("Malformed", Refusal::Malformed("the resource is not UTF-8".into()));
    table.line("TooLarge", Refusal::TooLarge);
}

fn payments(table: &mut Table) {
    table.chapter("pay::NotPaid");
    table.line("State", NotPaid::State(TradeState::from("NOTPAY".to_owned())));
    table.line("Differs", NotPaid::Differs("amount.total"));
    table.line("Missing", NotPaid::Missing("transaction_id"));
    let out_trade_no = OutTradeNo::new("20150806125346").unwrap();
    let reason = Box::new(NotPaid::Differs("mchid"));
    table.line("SubOrder", NotPaid::SubOrder { out_trade_no, reason });
}

fn names_and_numbers(table: &mut Table) {
    table.chapter("names and numbers");
    table.error("AppId", AppId::new("wx 1"));
    table.error("OutTradeNo", OutTradeNo::new("12345"));
    table.error("OutRefundNo", OutRefundNo::new(""));
    table.error("TransactionId", TransactionId::new("4200-1"));
    table.error("RefundId", RefundId::new(""));
    table.error("OpenId", OpenId::new("o 1"));
    for url in [
        "shop.example/notify",
        "https://shop.example",
        "https://user@shop.example/notify",
        "https://shop.example/notify?x=1",
        "https://shop.example/通知",
        &format!("https://shop.example/{}", "n".repeat(255)),
    ] {
        table.error("NotifyUrl", NotifyUrl::new(url));
    }
    table.error("SubMerchant", SubMerchant::new("19 0"));
    table.error("Fen", Fen::from_yuan("1.234"));
    table.error("Time", "2018-06-08".parse::<Time>());
    table.error("Time, compact", Time::from_compact("2018"));
    table.error("Time, too late", Time::from_unix_seconds(i64::MAX));
    table.error("bill::Date", "2018-02-30".parse::<bill::Date>());
    table.error("Method", "get".parse::<Method>());
    table.error("bill::Yuan", "x".parse::<bill::Yuan>());
}

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../data/keys/", $name))
    };
}

fn keys(table: &mut Table) {
    table.chapter("keys");
    let private = |pem: &str| RsaSigner::from_pem("1900000109", "AB", pem);
    table.error("private key, too short", private(key!("rsa1024.pem")));
    table.error("private key, elliptic", private(key!("ec.pem")));
    table.error("private key, elliptic and old", private(key!("ec.sec1.pem")));
    table.error("private key, encrypted", private(key!("rsa2048.encrypted.pem")));
    table.error("private key, of a public key", private(key!("rsa2048.pub.pem")));
    table.error("private key, of a certificate", private(key!("cert.pem")));
    table.error("private key, of nothing", private(""));
    table.error("private key, of something else", private("garbage"));
    table.error("private key, twice", private(&key!("rsa2048.pem").repeat(2)));
    table.error("private key, cut", private(&key!("rsa2048.pem")[..900]));
    let lines = || key!("rsa2048.pem").split_inclusive('\n').enumerate();
    let other: String = lines().filter(|(n, _)| *n != 5).map(|(_, line)| line).collect();
    table.error("private key, without a line", private(&other));
    let base64: String = lines().map(|(_, line)| line).filter(|it| !it.starts_with('-')).collect();
    table.error("private key, without BEGIN", private(&base64));
    table.error("private key, of a path", private("/etc/wechatpay/apiclient_key.pem"));
    let archive = RsaSigner::from_pem("1900000109", "AB", b"\x30\x82\x0a\x5b\x02\x01\x03\x30");
    table.error("private key, of an archive", archive);
    let binary = RsaSigner::from_pem("1900000109", "AB", b"\x30\x82\x04\xbd\x02\x01\x00\x30");
    table.error("private key, binary", binary);
    let file = RsaSigner::from_pem_file("1900000109", "AB", "no/such.pem").unwrap_err().to_string();
    let of_system = std::fs::read("no/such.pem").unwrap_err().to_string();
    table.line("private key, no file", file.replace(&of_system, "(the system's own words)"));
    let pair = RsaSigner::from_certificate("1", key!("cert.pem"), key!("rsa3072.pem"));
    table.error("private key, of another certificate", pair);
    let pair = ClientCertificate::from_pem(key!("cert.pem"), key!("rsa3072.pem"));
    table.error("client certificate, of another key", pair);
    table.error("merchant number", RsaSigner::from_pem("19 0", "AB", key!("rsa2048.pem")));
    table.error("serial number", RsaSigner::from_pem("1", "A:B", key!("rsa2048.pem")));
    let decimal = "170507173208889094098556183105226684117462006412";
    table.error("serial number, decimal", RsaSigner::from_pem("1", decimal, key!("rsa2048.pem")));
    table.error("serial number, with 0x", RsaSigner::from_pem("1", "0xAB", key!("rsa2048.pem")));
    let serial = RsaSigner::from_pem("1", "PUB_KEY_ID_01", key!("rsa2048.pem"));
    table.error("serial number, of the other key", serial);

    let public = |pem: &str| PlatformKeys::from_pem("PUB_KEY_ID_01", pem);
    table.error("public key id", PlatformKeys::from_pem("01", key!("rsa2048.pub.pem")));
    table.error("public key, too short", public(key!("rsa1024.pub.pem")));
    table.error("public key, elliptic", public(key!("ec.pub.pem")));
    table.error("public key, of a private key", public(key!("rsa2048.pem")));
    table.error("public key, broken", public(&key!("rsa2048.pub.pem").replace("MII", "AAA")));
    let twice = public(key!("rsa2048.pub.pem")).unwrap();
    let twice = twice.with_public_key("PUB_KEY_ID_01", key!("rsa2048.pub.pem"));
    table.error("public key, twice", twice);
    let certificate = PlatformKeys::from_certificate;
    table.error("certificate, elliptic", certificate(key!("cert.ec.pem")));
    table.error("certificate, of a public key", certificate(key!("rsa2048.pub.pem")));
    let other = key!("rsa2048.pub.pem").replace("PUBLIC KEY", "CERTIFICATE");
    table.error("certificate, of another form", PlatformKeys::from_certificate(other));

    table.error("APIv3 key", ApiV3Key::new("0123456789ABCDEFGHIJKLMNOPQRSTUV\n"));
}

fn http_settings(table: &mut Table) {
    table.chapter("HTTP settings");
    for url in [
        "api.mch.weixin.qq.com",
        "http://api.mch.weixin.qq.com",
        "https://api.mch.weixin.qq.com/v3",
        "https://user@api.mch.weixin.qq.com",
    ] {
        let transport = UreqTransport::new(&HttpOptions::default()).unwrap();
        table.error(
            &format!("Gateway::at {url}"),
            Gateway::at(url, PlatformKeys::none(), transport),
        );
    }
    let mut options = HttpOptions::default();
    options.total_timeout = Duration::ZERO;
    table.error("no time", UreqTransport::new(&options));
    options.total_timeout = Duration::MAX;
    table.error("too much time", UreqTransport::new(&options));
    options = HttpOptions::default();
    options.proxy = Proxy::Url("socks4://SECRET@x".into());
    table.error("proxy", UreqTransport::new(&options));
    options.proxy = Proxy::Direct;
    options.minimum_file_rate.interval = Duration::ZERO;
    table.error("minimum file rate", UreqTransport::new(&options));
    options = HttpOptions::default();
    options.root_certificates = Some(String::new());
    table.error("no root", UreqTransport::new(&options));
    let broken = key!("rsa2048.pub.pem").replace("PUBLIC KEY", "CERTIFICATE");
    options.root_certificates = Some(broken);
    table.error("broken root", UreqTransport::new(&options));
}

/// Each rule of an order, one fault at a time.
fn orders(table: &mut Table) {
    table.chapter("orders");
    let sandbox = start();
    let signer = RsaSigner::from_pem("1230000109", "AB", key!("rsa2048.pem")).unwrap();
    let mut wrong = |what: &str, pointer: &str, value: serde_json::Value| {
        let mut body = app_order();
        *body.pointer_mut(pointer).unwrap() = value;
        let read = Order::from_json(&signer, body.to_string().as_bytes());
        table.error(what, read.and_then(|order| order.validate()));
    };
    wrong("empty", "/description", json!(""));
    wrong("too long", "/attach", json!("SECRET".repeat(30)));
    wrong("emoji", "/goods_tag", json!("🧸"));
    wrong("nothing to pay", "/amount/total", json!(0));
    wrong("a broken second", "/time_expire", json!("2030-01-01T00:00:00.5+08:00"));
    wrong("too much", "/detail/cost_price", json!(u64::MAX));
    wrong("goods", "/detail/goods_detail/0/merchant_goods_id", json!("a b"));
    wrong("no goods", "/detail/goods_detail/0/quantity", json!(0));
    wrong("text for a number", "/detail/goods_detail/0/quantity", json!("1"));
    wrong("decimals", "/amount/total", json!(1.0));
    wrong("number for a text", "/description", json!(1));
    wrong("text for a word", "/support_fapiao", json!("true"));
    wrong("no list", "/detail/goods_detail", json!({}));
    wrong("no object", "/scene_info", json!([]));
    wrong("no address", "/scene_info/payer_client_ip", json!("14.23.150"));
    wrong("no time", "/time_expire", json!("2018-06-08"));
    wrong("another merchant", "/mchid", json!("1230000110"));
    wrong("another currency", "/amount/currency", json!("USD"));
    wrong("a long detail", "/detail/goods_detail", {
        let goods = json!({"merchant_goods_id": "1", "quantity": 1, "unit_price": 1,
            "goods_name": "长".repeat(100)});
        vec![goods; 30].into()
    });
    wrong("a subsidy of a single order", "/settle_info", json!({ "subsidy_amount": 1 }));
    let mut subsidy = |what: &str, details: serde_json::Value| {
        let mut body = app_order();
        body["subsidy_info"] = json!({ "subsidy_detail": details });
        table.error(what, Order::from_json(&signer, body.to_string().as_bytes()));
    };
    subsidy("no subsidy", json!([]));
    let plans = |plans: serde_json::Value| json!([{ "subsidy_period_type": "DAILY", "subsidy_plan": plans }]);
    subsidy("no plan", plans(json!([])));
    let plan = json!([{ "subsidy_installment_num": 0, "subsidy_percent": 101 }]);
    subsidy("a wrong plan", plans(plan));
    let mut body: serde_json::Value = serde_json::from_str(COMBINED_ORDER).unwrap();
    body["time_start"] = json!("2030-01-01T00:00:00+08:00");
    body["time_expire"] = body["time_start"].clone();
    let initiator = RsaSigner::from_pem("1900000109", "AB", key!("rsa2048.pem")).unwrap();
    let read = combine::Order::from_json(&initiator, body.to_string().as_bytes());
    table.error("a combined order that never begins", read);
    let mut read = |what: &str, json: &str| {
        table.error(what, Order::from_json(&signer, json.as_bytes()));
    };
    let body = app_order().to_string();
    read("no JSON", "{\"appid\":}");
    read("nothing", " ");
    read("no object at all", "[]");
    read("full-width punctuation", "{\"appid\"：\"SECRET\"}");
    table.error("not UTF-8", Order::from_json(&signer, b"{\"appid\":\"\xb2\xe2\"}"));
    let mut read = |what: &str, json: &str| {
        table.error(what, Order::from_json(&signer, json.as_bytes()));
    };
    read("missing", &body.replace("\"attach\"", "\"atach\"").replace("\"appid\"", "\"app_id\""));
    read("twice", &body.replacen('{', "{\"attach\":\"SECRET\",", 1));
    let scene = pay::SceneInfo::new(Ipv4Addr::LOCALHOST.into());
    let h5_info = pay::h5::H5Info::new(pay::h5::H5Type::Wap);
    let mut with_scene = order(&sandbox, "messages-1");
    with_scene.scene_info = Some(scene.clone());
    let h5 = pay::h5::Scene::new(scene, h5_info);
    let placed = pay::h5::prepay(sandbox.signer(), sandbox.gateway(), &with_scene, &h5);
    table.error("a scene twice", placed);
    let payer = pay::Payer::of_sub_merchant(OpenId::new("o1").unwrap());
    let order = order(&sandbox, "messages-2");
    let placed = pay::jsapi::prepay(sandbox.signer(), sandbox.gateway(), &order, &payer);
    table.error("a sub-merchant's payer", placed);

    let mut body = h5_order();
    body["scene_info"]["h5_info"]["type"] = json!("ios");
    table.error("no such H5", pay::h5::from_json(&signer, body.to_string().as_bytes()));
    let sub_merchant = SubMerchant::new("1900000110").unwrap();
    let partner = Partner::new(&signer, sub_merchant);
    let body = json!({
        "sp_appid": "wx1", "sp_mchid": "1230000109", "sub_mchid": "1900000111", "sub_appid": "wx2",
        "description": "d", "out_trade_no": "123456", "notify_url": "https://x.example/n",
        "amount": {"total": 1}, "payer": {"sp_openid": "o1", "sub_openid": "o2"}
    });
    let read = pay::jsapi::from_json(&partner, body.to_string().as_bytes());
    table.error("another sub-merchant, and two payers", read);
    let wanted = bill::FundFlow::new("2018-06-08".parse().unwrap());
    table.error("a partner's accounts", bill::fund_flow(&partner, sandbox.gateway(), &wanted));

    let signer = RsaSigner::from_pem("1900000109", "AB", key!("rsa2048.pem")).unwrap();
    let mut combined = |what: &str, from: &str, to: &str| {
        assert!(COMBINED_ORDER.contains(from), "{from}");
        let read = combine::Order::from_json(&signer, COMBINED_ORDER.replace(from, to).as_bytes());
        table.error(what, read.and_then(|order| order.validate()));
    };
    combined("a number twice", "20150806125347", "20150806125346");
    combined("nothing to pay for a part", "\"total_amount\" : 10", "\"total_amount\" : 0");
    combined("no merchant of a part", "\"1230000119\"", "\"12 3\"");
    combined(
        "one part of a partner",
        "\"mchid\" : \"1230000119\"",
        "\"sub_mchid\" : \"1230000119\"",
    );
    combined(
        "another merchant beside a sub-merchant",
        "\"mchid\" : \"1230000119\"",
        "\"mchid\" : \"1230000119\", \"sub_mchid\" : \"1230000119\"",
    );
    let mut many = combine::Order::from_json(&signer, COMBINED_ORDER.as_bytes()).unwrap();
    let mut sub_merchant = SubMerchant::new("1900000110").unwrap();
    sub_merchant.appid = Some(AppId::new("wx2").unwrap());
    many.sub_orders = (0..51)
        .map(|index| {
            let number = OutTradeNo::new(format!("part-{index}")).unwrap();
            combine::SubOrder::of_sub_merchant(sub_merchant.clone(), number, "d", Fen(1), "a")
        })
        .collect();
    table.error("too many parts of a partner", many.validate());
    many.sub_orders.truncate(2);
    many.payer = None;
    let payer = pay::Payer::new(OpenId::new("o1").unwrap());
    let placed = combine::jsapi::prepay(sandbox.signer(), sandbox.gateway(), &many, &payer);
    table.error("two sub_appids", placed);
    let mut few = combine::Order::from_json(&signer, COMBINED_ORDER.as_bytes()).unwrap();
    few.sub_orders.pop();
    table.error("one part", few.validate());
    let placed = combine::native::prepay(sandbox.signer(), sandbox.gateway(), &few);
    table.error("one part, and a payer", placed);

    let number = || OutRefundNo::new("r-1").unwrap();
    let mut refund = Refund::new(number(), OutTradeNo::new("123456").unwrap(), Fen(2), Fen(1));
    table.error("a refund of more", refund.validate());
    (refund.refund, refund.reason) = (Fen(1), Some("因".repeat(27)));
    table.error("a long reason", refund.validate());
    (refund.reason, refund.from) = (None, vec![RefundFrom::new(FundsAccount::Basic, Fen(0))]);
    table.error("nothing from an account", refund.validate());
    let mut body = refund_body();
    body["transaction_id"] = json!("4200");
    body["funds_account"] = json!("PURSE");
    table.error("two payments", Refund::from_json(&signer, body.to_string().as_bytes()));
    let object = body.as_object_mut().unwrap();
    object.retain(|name, _| name != "transaction_id" && name != "funds_account");
    object.insert("out_trade_no".into(), json!("订单 1"));
    table.error("order number", Refund::from_json(&signer, body.to_string().as_bytes()));
}

fn bills(table: &mut Table) {
    table.chapter("bills");
    let read = |text: &str| {
        let mut bill = bill::TradeBill::new(text.as_bytes())?;
        for row in &mut bill {
            row?;
        }
        bill.finish().map(drop)
    };
    table.error("of nothing", read(""));
    table.error("of something else", read("a,b\n"));
    let whole = include_str!("../data/bills/trade.ALL.csv");
    let lines: Vec<_> = whole.lines().collect();
    table.error("cut off", read(&lines[..3].join("\n")));
    table.error("without its totals", read(&lines[..5].join("\n")));
    table.error("with more after its totals", read(&format!("{whole}SECRET\n")));
    let mut wrong = |what: &str, from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        table.error(what, read(&whole.replacen(from, to, 1)));
    };
    wrong("a column twice", "公众账号ID", "商户号");
    wrong("a column too few", ",商户订单号,", ",x,");
    wrong("a value too few", "`till 1,", "");
    wrong("totals without marks", "`3.0", "3.0");
    wrong("no time", "2026-10-01 12:00:00", "SECRET");
    wrong("no amount", "`9.76", "`SECRET");
    wrong("no fee", "`0.05000", "`SECRET");
    wrong("no count", "`3.0", "`SECRET");
    wrong("another count", "`3.0", "`4.0");
    wrong("another sum", "`109.76", "`109.77");
    wrong("too much", "`9.76", "`92233720368547758.07");
    wrong("a long line", "零食", &"SECRET".repeat(20_000));
    table.error("not UTF-8", bill::TradeBill::new(&b"\xb2\xe2\n"[..]));
    let sandbox = start();
    let mut wanted = bill::Trade::new("2018-06-08".parse().unwrap());
    wanted.bill_type = Some("A&B".to_owned().into());
    table.error("an odd type", bill::trade(sandbox.signer(), sandbox.gateway(), &wanted));
    table.chapter("bills that are fetched");
    let trade = |hash_type: &str, hash_value: &str, url: &str| {
        let url = format!("{url}/v3/billdownload/file?token=SECRET");
        let body = json!({"hash_type": hash_type, "hash_value": hash_value, "download_url": url});
        sandbox.rewrite_next(move |response| {
            (response.status, response.body) = (200, body.to_string().into());
        });
        sandbox.tamper_next(|response| response.remove_header("Request-ID"));
        let wanted = bill::Trade::new("2018-06-08".parse().unwrap());
        bill::trade(sandbox.signer(), sandbox.gateway(), &wanted)
    };
    let (sha1, host) =
        ("6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d", "https://api.mch.weixin.qq.com");
    table.error("of another hash", trade("MD5", sha1, host));
    table.error("of no hash", trade("SHA1", "SECRET", host));
    let mut fetched = |what: &str, host: &str, path: &Path| {
        let (link, gateway) = (trade("SHA1", sha1, host).unwrap(), sandbox.gateway());
        let fetched = bill::download_to(sandbox.signer(), gateway, &link, path, &mut |_| ());
        table.error(what, fetched);
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fetched("into nothing", host, Path::new("/"));
    fetched("into a folder", host, folder);
    fetched("of another host", "https://x.example", &folder.join("messages.csv"));
    let keys = sandbox.platform_keys().clone();
    let gateway = Gateway::at(sandbox.base_url(), keys, OneByte).unwrap();
    let link = trade("SHA1", sha1, host).unwrap();
    let mut refused = |what: &str, kind: io::ErrorKind| {
        let out = &mut Refusing(kind);
        let fetched = bill::download(sandbox.signer(), &gateway, &link, out, &mut |_| ());
        table.error(what, fetched);
    };
    refused("into a full disk", io::ErrorKind::StorageFull);
    refused("into a forbidden place", io::ErrorKind::PermissionDenied);
}

/// Returns a file of one byte.
struct OneByte;

impl Transport for OneByte {
    fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
        Ok(Response { status: 200, headers: Vec::new(), body: Box::new(&b"x"[..]) })
    }
}

/// Takes no byte.
struct Refusing(io::ErrorKind);

impl io::Write for Refusing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every code that the library knows, as the sandbox returns it, without WeChat Pay's own text.
fn codes(table: &mut Table) {
    table.chapter("codes");
    let sandbox = start();
    let order = order(&sandbox, "codes-1");
    for code in [
        Code::ACCOUNT_ERROR,
        Code::ALREADY_EXISTS,
        Code::APPID_MCHID_NOT_MATCH,
        Code::APPID_NOT_EXIST,
        Code::BANK_ERROR,
        Code::BIZERR_NEED_RETRY,
        Code::CERT_ERROR,
        Code::COMBINE_PAY_NOAUTH,
        Code::FREQUENCY_LIMITED,
        Code::INVALID_PARAMS,
        Code::INVALID_REQUEST,
        Code::INVALID_REQ_TOO_MUCH,
        Code::INVALID_TRANSACTIONID,
        Code::LACK_PARAMS,
        Code::MCHID_NOT_EXIST,
        Code::MCH_NOT_EXISTS,
        Code::NOT_ENOUGH,
        Code::NO_AUTH,
        Code::NOT_UTF8,
        Code::NOT_FOUND,
        Code::NO_STATEMENT_EXIST,
        Code::OPENID_MISMATCH,
        Code::ORDER_CLOSED,
        Code::ORDER_NOT_EXIST,
        Code::ORDERPAID,
        Code::ORDER_NOT_READY,
        Code::OUT_TRADE_NO_USED,
        Code::PARAM_ERROR,
        Code::POST_DATA_EMPTY,
        Code::POST_DATA_INVALID,
        Code::REFUNDNOTEXIST,
        Code::REFUND_FEE_MISMATCH,
        Code::REQUIRE_POST_METHOD,
        Code::RESOURCE_NOT_EXISTS,
        Code::RULE_LIMIT,
        Code::SIGN_ERROR,
        Code::STATEMENT_CREATING,
        Code::SUBORDER_LIMIT_EXCEEDED,
        Code::SYSTEM_ERROR,
        Code::TRADE_ERROR,
        Code::TRADE_OVERDUE,
        Code::TRADE_STATE_ERROR,
        Code::USER_ACCOUNT_ABNORMAL,
        Code::USER_OPENID_NOT_MATCH,
        Code::XML_FORMAT_ERROR,
        Code::new("SOMETHING_NEW"),
    ] {
        sandbox.refuse_next(400, code.as_str(), "");
        sandbox.tamper_next(|response| response.remove_header("Request-ID"));
        table.error(code.as_str(), app::prepay(sandbox.signer(), sandbox.gateway(), &order));
    }
}

/// Problems in transit, over real connections.
fn responses(table: &mut Table) {
    table.chapter("responses");
    let sandbox = start();
    let order = order(&sandbox, "answers-1");
    let prepay = |gateway: &Gateway| app::prepay(sandbox.signer(), gateway, &order);
    sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
    sandbox.tamper_next(|response| response.set_header("Request-ID", "08F7A1"));
    table.error("a refusal", prepay(sandbox.gateway()));
    let body = r#"{"code":"PARAM_ERROR","message":"参数错误","detail":{"field":"/amount/total",
        "value":"SECRET","issue":"must be at least 1","location":"body"}}"#;
    sandbox.rewrite_next(move |response| (response.status, response.body) = (400, body.into()));
    sandbox.tamper_next(|response| response.remove_header("Request-ID"));
    table.error("a wrong field", prepay(sandbox.gateway()));
    let other = RsaSigner::from_pem(sandbox.mchid(), sandbox.serial_no(), key!("rsa2048.pem"));
    sandbox.tamper_next(|response| response.remove_header("Request-ID"));
    table.error("another key", pay::query(&other.unwrap(), sandbox.gateway(), &order.out_trade_no));
    for (what, seen) in [
        ("another method", json!({"method": "GET", "url": "/v3/pay/transactions/app"})),
        ("another path", json!({"method": "POST", "url": "/v3/other"})),
        (
            "another timestamp",
            json!({"truncated_sign_message": "POST\n/v3/pay/transactions/app\n1\n"}),
        ),
        (
            "less of the body",
            json!({"method": "POST", "url": "/v3/pay/transactions/app", "sign_message_length": 1}),
        ),
        (
            "more of the body",
            json!({"method": "POST", "url": "/v3/pay/transactions/app", "sign_message_length": 9999}),
        ),
    ] {
        let detail = json!({"sign_information": seen});
        let body = json!({"code": "SIGN_ERROR", "message": "签名错误", "detail": detail});
        sandbox.rewrite_next(move |response| {
            (response.status, response.body) = (401, body.to_string().into());
        });
        sandbox.tamper_next(|response| response.remove_header("Request-ID"));
        // The length of the message depends on the order.
        let error = prepay(sandbox.gateway()).unwrap_err().to_string();
        let length = error.split_once(" bytes signed").and_then(|(said, _)| said.rsplit_once('('));
        let length = length.map_or("", |(_, length)| length).to_owned();
        table.line(what, error.replace(&format!("({length} bytes"), "(n bytes"));
    }
    let mut changed = |what: &str, change: fn(&mut wechatpay_sandbox::Response)| {
        sandbox.rewrite_next(change);
        sandbox.tamper_next(|response| response.remove_header("Request-ID"));
        table.error(what, prepay(sandbox.gateway()));
    };
    changed("accepted", |response| response.status = 202);
    changed("empty", |response| response.body.clear());
    changed("broken", |response| response.body = b"<html>".to_vec());
    changed("of another type", |response| response.body = b"{\"prepay_id\":7}".to_vec());
    changed("too large", |response| response.body = vec![b' '; 1024 * 1024 + 1]);
    sandbox.tamper_next(|response| {
        (response.status, response.body) = (502, b"<html>".to_vec());
        response.headers.clear();
    });
    table.error("of a proxy", prepay(sandbox.gateway()));
    sandbox.tamper_next(|response| response.set_header("Content-Length", "9999"));
    table.error("broken off", prepay(sandbox.gateway()));
    sandbox.refuse_next(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书");
    sandbox.tamper_next(|response| response.remove_header("Request-ID"));
    let right_key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let listed = certificates::list(sandbox.signer(), sandbox.gateway(), &right_key);
    table.error("no platform certificate", listed);
    let wrong_key = ApiV3Key::new("0".repeat(32)).unwrap();
    sandbox.tamper_next(|response| response.remove_header("Request-ID"));
    table.error(
        "another APIv3 key",
        certificates::list(sandbox.signer(), sandbox.gateway(), &wrong_key),
    );
    let listed = certificates::list(sandbox.signer(), sandbox.gateway(), &right_key);
    let mut listed = listed.unwrap();
    for certificate in &mut listed {
        certificate.expire_time = Time::from_unix_seconds(0).ok();
    }
    table.error("expired platform certificates", certificates::keys(&listed));
    sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
    sandbox.tamper_next(|response| {
        response.body.push(b' ');
        response.remove_header("Request-ID");
    });
    table.error("unverified refusal", prepay(sandbox.gateway()));

    let keys = || sandbox.platform_keys().clone();
    let through = |options: &HttpOptions, base_url: &str| {
        Gateway::at(base_url, keys(), UreqTransport::new(options).unwrap()).unwrap()
    };
    let mut options = HttpOptions::default();
    options.root_certificates = Some(Sandbox::start().unwrap().ca_pem().to_owned());
    table.error("another authority", prepay(&through(&options, sandbox.base_url())));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    options.total_timeout = Duration::from_millis(400);
    table.error("silence", prepay(&through(&options, &format!("http://{address}"))));
    let server = std::thread::spawn(move || {
        // The connection without a response comes first.
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(b"SSH-2.0-OpenSSH\r\n");
        }
    });
    let not_http = prepay(&through(&HttpOptions::default(), &format!("http://{address}")));
    table.error("no HTTP", not_http);
    server.join().unwrap();
    table.error("nobody", prepay(&through(&HttpOptions::default(), &format!("https://{address}"))));
}

fn any_interface(table: &mut Table) {
    table.chapter("any interface");
    table.error("method", "get".parse::<Method>());
    let path = |path: &str| Call::new(Method::Post, path);
    table.error("path, of another host", path("https://shop.example/v3/x"));
    table.error("path, a variable", path("/v3/x/{id}"));
    table.error("path, not encoded", path("/v3/支付"));
    table.error("path, a plus", path("/v3/x?y=a+b"));
    table.error("path, an empty query", path("/v3/x?"));
    table.error("path, dots", path("/v3/x/../y"));
    let upload = |filename: &str, file: &[u8]| call::Upload::new(filename, file);
    table.error("upload, a Chinese name", upload("图.png", b"x"));
    table.error("upload, no suffix", upload("scan", b"x"));
    table.error("upload, no file", upload("a.png", b""));
    table.error("upload, meta", upload("a.png", b"x").unwrap().with_meta(&["x"]));
    let hash = |hash_type, hash_value| call::FileHash::new(hash_type, hash_value);
    table.error("download, SM3", hash("SM3", "SECRET"));
    table.error("download, another hash", hash("MD5", "SECRET"));
    table.error("download, no SHA-1", hash("SHA1", "SECRET"));
    table.error("download, no SHA-256", hash("SHA256", "SECRET"));
    let nowhere = Gateway::at("https://x.example", PlatformKeys::none(), OneByte).unwrap();
    let merchant =
        RsaSigner::from_pem("1900007291", "AB", include_str!("../data/keys/rsa2048.pem"));
    let merchant = merchant.unwrap();
    let mut download = |what: &str, link: &str| {
        let download = call::Download::unverified(link);
        table.error(what, download.write(&merchant, &nowhere, &mut Vec::new()));
    };
    download("download, by another path", "/v3/x?token=SECRET");
    download("download, by another link", "https://x.example/v3/x?token=SECRET");
    download("download, without a path", "https://user:SECRET@x.example/v3/billdownload/file");
    download("download, from elsewhere", "https://y.example/v3/billdownload/file?token=SECRET");
    download("download, with a blank", "https://x.example/v3/billdownload/file?token= SECRET");
    download("download, without its length", "/v3/billdownload/file?token=SECRET");
    let hash = hash("SHA1", "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d").unwrap();
    let download = call::Download::new("/v3/billdownload/file", hash).size_limit(0);
    table.error("download, too large", download.write(&merchant, &nowhere, &mut Vec::new()));
    table.error("variable, unknown", call::Path::new("/v3/x").variable("id", 1));
    table.error("variable, empty", call::Path::new("/v3/{id}").variable("id", ""));
    let call = || path("/v3/x").unwrap();
    table.error("body, of GET", Call::new(Method::Get, "/v3/x").unwrap().json_text("{}"));
    table.error("body, not UTF-8", call().json_text(b"\xff"));
    table.error("body, not JSON", call().json_text("{a:1}"));
    table.error("body, not an object", call().json("{}"));
    let sandbox = start();
    let encrypted = call().encrypted_under("AB12").unwrap();
    table.error("two serial numbers", encrypted.clone().encrypted_under("CD34"));
    let gone = encrypted.send(sandbox.signer(), sandbox.gateway());
    table.error("a key that is gone", gone);
}

fn encrypted_fields(table: &mut Table) {
    table.chapter("encrypted fields");
    table.error("serial number", Encrypted::new("4D:F0", "x"));
    table.error("ciphertext, of a plain text", Encrypted::new("4DF0", "张三"));
}
