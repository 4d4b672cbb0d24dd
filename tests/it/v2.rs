//! APIv2: orders, combined orders, refunds, notifications, and the verification of responses.

use std::sync::{Arc, Mutex};

use wechatpay::v2::combine::{self, SubOrder};
use wechatpay::v2::pay::{self, Order};
use wechatpay::v2::signing::message;
use wechatpay::v2::{App, Gateway, H5, H5Info, HmacSha256Key, Jsapi, Signer};
use wechatpay::{
    ClientCertificate, Fen, HttpOptions, OpenId, OutTradeNo, Request, Response, Transport,
    TransportError, UreqTransport,
};
use wechatpay_sandbox::Sandbox;

use crate::support::start;

mod combined;
mod notifications;
mod orders;
mod refunds;
mod responses;
pub(crate) mod till;

pub(crate) fn number(text: &str) -> OutTradeNo {
    OutTradeNo::new(text).unwrap()
}

pub(crate) fn order(sandbox: &Sandbox, text: &str) -> Order {
    let address = "203.0.113.7".parse().unwrap();
    let notify_url = sandbox.notify_url();
    Order::new(sandbox.appid(), number(text), "JSAPI支付测试", Fen(100), address, notify_url)
}

fn payer() -> Jsapi {
    Jsapi::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap())
}

fn wap() -> H5 {
    H5::new(H5Info::Wap { wap_url: "https://pay.qq.com".into(), wap_name: "腾讯充值".into() })
}

/// A combined order with a sub-order of the merchant and one of another merchant.
pub(crate) fn combined(sandbox: &Sandbox, text: &str) -> combine::Order {
    let part = |mch_id, suffix, fen| {
        let number = number(&format!("{text}-{suffix}"));
        SubOrder::new(sandbox.appid(), mch_id, number, "子订单", Fen(fen), "深圳分店")
    };
    combine::Order::new(
        sandbox.appid(),
        number(text),
        vec![part(sandbox.mchid(), "a", 1234), part("1900009191", "b", 10)],
        "203.0.113.7".parse().unwrap(),
        sandbox.notify_url(),
    )
}

fn options(sandbox: &Sandbox) -> HttpOptions {
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    options
}

/// A signed message in one of [`SHAPES`]. `=` marks a value without CDATA.
fn message_of(signer: &dyn Signer, [begin, between, end]: [&str; 3], fields: &str) -> String {
    let pairs = fields.lines().map(|line| line.trim().split_once(' ').unwrap_or((line.trim(), "")));
    let mut pairs: Vec<(&str, &str)> = pairs.collect();
    let plain = |value: &str| value.trim_start_matches('=').to_owned();
    let values: Vec<String> = pairs.iter().map(|(_, value)| plain(value)).collect();
    let signed = pairs.iter().zip(&values).map(|((name, _), value)| (*name, value.as_str()));
    let sign = signer.sign(&message(signed)).unwrap();
    pairs.insert(pairs.len() / 2, ("sign", &sign));
    let field = |(name, value): &(&str, &str)| match value.strip_prefix('=') {
        Some(number) => format!("<{name}>{number}</{name}>"),
        None => format!("<{name}><![CDATA[{value}]]></{name}>"),
    };
    let fields: Vec<_> = pairs.iter().map(field).collect();
    format!("{begin}<xml>{}</xml>{end}", fields.join(between))
}

const SHAPES: [[&str; 3]; 5] = [
    ["", "", ""],
    ["", "\n", "\n"],
    ["\n\t", "\r\n    ", " "],
    ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "\n", ""],
    ["<?xml version = '1.0' encoding = 'utf-8'?>", " ", "\n"],
];

#[test]
fn api_key_is_never_printed() {
    /// Records what a transport may print of a request.
    struct Seen(UreqTransport, Arc<Mutex<String>>);
    impl Transport for Seen {
        fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
            let body = String::from_utf8_lossy(request.body);
            self.1.lock().unwrap().push_str(&format!("{request:?} {body}"));
            self.0.send(request)
        }
    }
    let sandbox = start();
    let v2 = sandbox.v2();
    let sent = Arc::new(Mutex::new(String::new()));
    let transport = UreqTransport::new(&options(&sandbox)).unwrap();
    let gateway = Gateway::at(sandbox.base_url(), Seen(transport, Arc::clone(&sent))).unwrap();
    let order = order(&sandbox, "secret-v2");
    let prepay_id = pay::prepay(v2.signer(), &gateway, &order, &App).unwrap();
    v2.refuse_next("SIGNERROR", "签名错误");
    let refused = pay::prepay(v2.signer(), &gateway, &order, &App).unwrap_err();
    v2.fail_next("签名错误");
    let failed = pay::prepay(v2.signer(), &gateway, &order, &App).unwrap_err();
    let invalid = HmacSha256Key::new("1", format!("{} ", v2.api_key())).unwrap_err();
    let certificate =
        ClientCertificate::from_pem(sandbox.merchant_certificate_pem(), sandbox.merchant_key_pem())
            .unwrap();
    let mut options = options(&sandbox);
    options.client_certificate = Some(certificate);
    let seen = format!(
        "{:?} {:?} {:?} {gateway:?} {options:?} {v2:?} {:?} {refused} {refused:?} {failed:?} \
         {invalid} {invalid:?} {order:?} {}",
        v2.signer(),
        v2.md5_signer(),
        pay::invoke_app(v2.signer(), &order, &prepay_id).unwrap(),
        pay::invoke_jsapi(v2.md5_signer(), &order, &prepay_id).unwrap(),
        sent.lock().unwrap(),
    )
    .to_lowercase();
    let key = v2.api_key();
    for piece in key.as_bytes().windows(16) {
        let text = String::from_utf8(piece.to_vec()).unwrap().to_lowercase();
        let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!seen.contains(&text) && !seen.contains(&hex), "a piece of the key");
    }
    assert!(seen.contains("secret-v2"));
    let pem: String = sandbox.merchant_key_pem().lines().skip(2).take(1).collect();
    assert!(!seen.contains(&pem.to_lowercase()));
}

#[test]
fn signers_and_gateways_work_from_many_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let sandbox = start();
    shared(sandbox.v2().signer());
    shared(sandbox.v2().md5_signer());
    shared(sandbox.v2().gateway());
    shared(&order(&sandbox, "threads-1"));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for index in 0..5 {
                    let order = order(sandbox, &format!("thread-{thread}-{index}"));
                    let v2 = sandbox.v2();
                    pay::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap();
                    let found =
                        pay::query(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no);
                    assert_eq!(found.unwrap().out_trade_no, order.out_trade_no);
                }
            });
        }
    });
    assert_eq!(sandbox.received().len(), 80);
}

#[test]
fn guide_lists_every_v2_interface() {
    let guide = include_str!("../../src/guide/interfaces.md");
    for path in [
        "/pay/unifiedorder",
        "/pay/orderquery",
        "/pay/closeorder",
        "/secapi/pay/refund",
        "/pay/refundquery",
        "/pay/combinedorder",
        "/pay/querycombinedorder",
        "/pay/closecombinedorder",
        "/pay/micropay",
        "/secapi/pay/reverse",
    ] {
        assert!(guide.contains(&format!("`POST {path}`")), "{path}");
    }
}
