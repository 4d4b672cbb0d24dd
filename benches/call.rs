//! What a call costs beside the cryptography that it cannot do without, as ratios within one run.
//!
//! ```text
//! cargo bench
//! ```
//!
//! The network is left out: a transport answers at once, with an answer signed beforehand. Both
//! sides of a ratio are measured in turn, in small batches, so that a machine that slows down
//! slows both; the median of the batches counts.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench speaks to people and stops when something is wrong; its floats are not money"
)]

use std::hint::black_box;
use std::io::Cursor;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use wechatpay::pay::{Order, app};
use wechatpay::sandbox::Sandbox;
use wechatpay::{
    Fen, Gateway, OutTradeNo, PlatformKeys, Reply, Request, RsaSigner, Signer, Time, Transport,
    TransportError, message,
};

const BATCHES: usize = 200;
const CALLS_PER_BATCH: usize = 10;

fn main() {
    let bench = Bench::new();
    let sign = || drop(black_box(bench.bare_sign(&bench.message)));
    let verify = || bench.bare_verify(&bench.answer_message, &bench.answer_signature);
    let both = || {
        sign();
        verify();
    };
    let call =
        || drop(black_box(app::prepay(&bench.signer, &bench.gateway, &bench.order).unwrap()));

    println!(
        "{:<44} {:>12} {:>12} {:>8}",
        "what, beside its bare cryptography", "whole", "bare", "ratio"
    );
    compare(
        "Signer::sign, beside an RSA signature",
        || drop(bench.signer.sign(&bench.message)),
        sign,
    );
    compare("app::prepay, beside RSA sign and verify", call, both);
}

struct Bench {
    signer: RsaSigner,
    gateway: Gateway,
    order: Order,
    key: KeyPair,
    message: Vec<u8>,
    answer_message: Vec<u8>,
    answer_signature: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let sandbox = Sandbox::start().unwrap();
        let key = key(sandbox.merchant_key_pem());
        let signer =
            RsaSigner::from_pem(sandbox.mchid(), "AB12", sandbox.merchant_key_pem()).unwrap();
        // The platform's key is the merchant's here: what counts is that it is as long.
        let certificate = sandbox.merchant_certificate_pem();
        let keys = PlatformKeys::from_certificate(certificate).unwrap();
        let mut order = Order::new(
            sandbox.appid(),
            OutTradeNo::new("1217752501201407033233368018").unwrap(),
            "Image形象店-深圳腾大-QQ公仔",
            Fen(100),
            sandbox.notify_url(),
        );
        order.attach = Some("深圳分店".into());
        let timestamp = Time::now().unwrap().unix_seconds().to_string();
        let (nonce, body) = (
            "593BEC0C930BF1AFEB40B4A08C8FB242",
            br#"{"prepay_id":"wx201410272009395522657a690389285100"}"#,
        );
        let answer_message = message::answer(&timestamp, nonce, body);
        let answer_signature = signer.sign(&answer_message).unwrap().bytes;
        let headers = [
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("request-id", "08F8E9C6B306109D0118FCE79F8E0720-0".to_owned()),
            ("wechatpay-timestamp", timestamp),
            ("wechatpay-nonce", nonce.to_owned()),
            ("wechatpay-signature", STANDARD.encode(&answer_signature)),
            ("wechatpay-serial", sandbox.serial_no().to_owned()),
        ];
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into_bytes()))
            .collect();
        let at_once = AtOnce { headers, body };
        Self {
            gateway: Gateway::at("https://shop.example", keys, at_once).unwrap(),
            message: message::request("POST", "/v3/pay/transactions/app", 1, nonce, &[b'x'; 250]),
            signer,
            order,
            key,
            answer_message,
            answer_signature,
        }
    }

    fn bare_sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    fn bare_verify(&self, message: &[u8], signature: &[u8]) {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public())
            .verify(message, signature)
            .unwrap();
    }
}

fn key(pem: &str) -> KeyPair {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
}

struct AtOnce {
    headers: Vec<(String, Vec<u8>)>,
    body: &'static [u8],
}

impl Transport for AtOnce {
    fn send(&self, request: &Request<'_>) -> Result<Reply, TransportError> {
        black_box(request.body);
        let body = Box::new(Cursor::new(self.body));
        Ok(Reply { status: 200, headers: self.headers.clone(), body })
    }
}

fn compare(what: &str, whole: impl Fn(), bare: impl Fn()) {
    time(&whole);
    time(&bare);
    let (mut wholes, mut bares, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        let (one, other) = (time(&whole), time(&bare));
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        wholes.push(one);
        bares.push(other);
    }
    wholes.sort_unstable();
    bares.sort_unstable();
    ratios.sort_unstable_by(f64::total_cmp);
    let middle = BATCHES / 2;
    println!("{what:<44} {:>12?} {:>12?} {:>8.3}", wholes[middle], bares[middle], ratios[middle]);
}

/// The time of one call, over a batch.
fn time(call: &impl Fn()) -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS_PER_BATCH {
        call();
    }
    start.elapsed() / CALLS_PER_BATCH as u32
}
