//! No secret in `Debug`, in `Display`, or in the log below level TRACE.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wechatpay::notify;
use wechatpay::pay::{self, app};
use wechatpay::{ApiV3Key, Fen, HttpOptions, Partner, Proxy, Request, Signer, SubMerchant, Time};
use wechatpay::{UreqTransport, certificates};

use crate::leaks::{HEARD, hex, leaks};
use crate::support::{order, start};

#[test]
fn keys_appear_in_no_debug_text_and_no_error() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let api_v3_key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let mut order = order(&sandbox, "secret-1");
    let prepay_id = app::prepay(signer, gateway, &order).unwrap();
    let parameters = app::invoke(signer, &order, &prepay_id).unwrap();
    sandbox.pay("secret-1").unwrap();
    let transaction = pay::query(signer, gateway, &order.out_trade_no).unwrap();
    let notification = sandbox.take_notifications().remove(0);
    let headers: Vec<_> = notification
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    let now = Time::now().unwrap();
    let open = |body| {
        let headers = headers.iter().copied();
        notify::open(sandbox.platform_keys(), &api_v3_key, headers, body, now)
    };
    let (event, refusal) = (open(&notification.body).unwrap(), open(b"{}").unwrap_err());
    let listed = certificates::list(signer, gateway, &api_v3_key).unwrap();
    sandbox.refuse_next(401, "SIGN_ERROR", "签名错误");
    let refused = app::prepay(signer, gateway, &order).unwrap_err();
    order.total = Fen(0);
    let invalid = app::prepay(signer, gateway, &order).unwrap_err();
    let pem = sandbox.merchant_key_pem();
    let damaged = wechatpay::RsaSigner::from_pem("1", "1", pem.replace('A', "!")).unwrap_err();
    let wrong = format!("{} ", sandbox.api_v3_key());
    let wrong = ApiV3Key::new(wrong).unwrap_err();
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Url("http://user:PASSWORD@127.0.0.1:1".into());
    let transport = UreqTransport::new(&options).unwrap();
    let partner = Partner::new(signer, SubMerchant::new("1900000109").unwrap());

    let shown = [
        format!("{signer:?} {gateway:?} {:?} {sandbox:?} {api_v3_key:?}", gateway.keys()),
        format!("{order:?} {prepay_id:?} {parameters:?} {transaction:?} {partner:?}"),
        format!("{event:?} {refusal:?} {refusal} {listed:?}"),
        format!("{options:?} {transport:?} {:?}", signer.sign(b"x").unwrap().serial_no),
        format!("{refused} {refused:?} {invalid} {invalid:?}"),
        format!("{damaged} {damaged:?} {wrong} {wrong:?}"),
    ];
    for text in shown {
        assert!(!leaks(&text) && !text.contains("PASSWORD"), "{text}");
    }
    assert!(HEARD.load(Ordering::Relaxed) > 0, "the listener heard nothing");
}

#[test]
#[cfg(feature = "aws-lc-rs")]
fn aws_lc_signer_in_debug_hides_its_key() {
    let pem = start().merchant_key_pem().to_owned();
    let signer = wechatpay::AwsLcSigner::from_pem("1", "1", pem).unwrap();
    assert!(!leaks(&format!("{signer:?}")));
}

#[test]
#[cfg(feature = "v2")]
fn leak_listener_detects_the_key_of_v2() {
    let sandbox = start();
    let key = sandbox.v2().api_key();
    for secret in [key, &key[16..]] {
        assert!(leaks(&format!("before {secret} after")), "{secret}");
    }
}

#[test]
fn leak_listener_detects_secrets_in_each_encoding() {
    let sandbox = start();
    let pem = sandbox.merchant_key_pem();
    let line = pem.lines().nth(7).unwrap();
    let key = sandbox.api_v3_key();
    let (hex, base64) = (hex(key.as_bytes()).to_uppercase(), STANDARD.encode(&key[1..]));
    for secret in [line, &line[20..36], key, &key[5..21], &hex, &base64] {
        assert!(leaks(&format!("before {secret} after")), "{secret}");
    }
    assert!(!leaks("the quick brown fox jumps over the lazy dog"));
}

#[test]
fn request_debug_hides_headers_and_body() {
    struct Shown(Mutex<String>);
    impl wechatpay::Transport for &'static Shown {
        fn send(
            &self,
            request: &Request<'_>,
        ) -> Result<wechatpay::Response, wechatpay::TransportError> {
            *self.0.lock().unwrap() = format!("{request:?}");
            Err(wechatpay::TransportError::not_sent("shown"))
        }
    }
    static SHOWN: Shown = Shown(Mutex::new(String::new()));
    let sandbox = start();
    let keys = sandbox.platform_keys().clone();
    let gateway = wechatpay::Gateway::at(sandbox.base_url(), keys, &SHOWN).unwrap();
    app::prepay(sandbox.signer(), &gateway, &order(&sandbox, "shown-1")).unwrap_err();
    let url = format!("{}/v3/pay/transactions/app", sandbox.base_url());
    assert_eq!(
        *SHOWN.0.lock().unwrap(),
        format!("Request {{ method: \"POST\", url: {url:?}, .. }}")
    );
}
