//! No secret in `Debug`, in `Display`, or in the log below level TRACE.

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use wechatpay::pay::app;
use wechatpay::{Fen, HttpOptions, Proxy, Request, Signer, UreqTransport};

use crate::support::{order, start};

static LOG: Mutex<String> = Mutex::new(String::new());

struct Listener;

impl Log for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut log = LOG.lock().unwrap();
        log.push_str(&record.args().to_string());
        log.push('\n');
    }

    fn flush(&self) {}
}

/// The key as its file holds it and in hexadecimal, in pieces of 16 bytes.
fn pieces(pem: &str) -> Vec<String> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &base64).unwrap();
    // The first 26 bytes are the same in every RSA key.
    let hex = der[26..]
        .windows(16)
        .map(|window| window.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let text = base64.as_bytes()[36..].windows(16);
    text.map(|window| String::from_utf8(window.to_vec()).unwrap()).chain(hex).collect()
}

#[test]
fn the_private_key_is_nowhere_to_be_seen() {
    log::set_logger(&Listener).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut order = order(&sandbox, "secret-1");
    let prepay_id = app::prepay(signer, gateway, &order).unwrap();
    let parameters = app::invoke(signer, &order, &prepay_id).unwrap();
    sandbox.refuse_next(401, "SIGN_ERROR", "签名错误");
    let refused = app::prepay(signer, gateway, &order).unwrap_err();
    order.total = Fen(0);
    let invalid = app::prepay(signer, gateway, &order).unwrap_err();
    let pem = sandbox.merchant_key_pem();
    let damaged = wechatpay::RsaSigner::from_pem("1", "1", pem.replace('A', "!")).unwrap_err();
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Url("http://user:PASSWORD@127.0.0.1:1".into());
    let transport = UreqTransport::new(&options).unwrap();

    let mut seen = format!(
        "{signer:?} {gateway:?} {:?} {sandbox:?} {order:?} {prepay_id:?} {parameters:?} \
         {options:?} {transport:?} {:?}",
        sandbox.platform_keys(),
        signer.sign(b"x").unwrap().serial_no,
    );
    for error in [&refused, &invalid, &damaged] {
        seen.push_str(&format!("{error} {error:?}"));
    }
    seen.push_str(&LOG.lock().unwrap());
    let lower = seen.to_lowercase();
    assert!(!seen.contains("PASSWORD"));
    for piece in pieces(pem) {
        assert!(!seen.contains(&piece) && !lower.contains(&piece), "a piece of the key");
    }
    assert!(seen.contains("127.0.0.1"), "the listener heard nothing");
}

#[test]
fn a_request_shows_neither_its_headers_nor_its_body() {
    struct Shown(Mutex<String>);
    impl wechatpay::Transport for &'static Shown {
        fn send(
            &self,
            request: &Request<'_>,
        ) -> Result<wechatpay::Reply, wechatpay::TransportError> {
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
