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
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use wechatpay::bill::TradeBill;
use wechatpay::notify::{self, Event};
use wechatpay::pay::{Order, Transaction, app};
use wechatpay::sandbox::Sandbox;
use wechatpay::{
    ApiV3Key, Fen, Gateway, OutTradeNo, PlatformKeys, Reply, Request, RsaSigner, Signer, Time,
    Transport, TransportError, combine, message,
};

const BATCHES: usize = 200;
const CALLS_PER_BATCH: usize = 10;

fn main() {
    let bench = Bench::new();
    let sign = || drop(black_box(bench.bare_sign(&bench.message)));
    let verify = || bench.bare_verify(&bench.answer);
    let both = || {
        sign();
        verify();
    };

    println!(
        "{:<46} {:>12} {:>12} {:>7}",
        "beside the bare cryptography", "whole", "bare", "ratio"
    );
    compare("Signer::sign / RSA sign", || drop(bench.signer.sign(&bench.message)), sign);
    let answer = || drop(black_box(bench.read_answer()));
    compare("check and read an answer / RSA verify", answer, verify);
    let prepay = || drop(black_box(app::prepay(&bench.signer, &bench.gateway, &bench.order)));
    compare("pay::app::prepay / RSA sign and verify", prepay, both);
    for parts in [2, 5, 10] {
        let order = bench.combined(parts);
        let prepay = || {
            drop(black_box(combine::app::prepay(&bench.signer, &bench.gateway, &order).unwrap()));
        };
        let name = format!("combine::app::prepay of {parts} / RSA sign and verify");
        compare(&name, prepay, both);
    }
    let notice = bench.notice();
    let open = || drop(black_box(bench.open(&notice)));
    let bare = || bench.bare_open(&notice);
    compare("notify::open / RSA verify and AES-GCM", open, bare);

    println!("\n{:<46} {:>12} {:>12}", "own work, without cryptography", "time", "each");
    for rows in [1_000, 10_000, 100_000] {
        let file = bill(rows);
        let time = time_of(5, || read_bill(&file, rows));
        let each = time / u32::try_from(rows).unwrap();
        println!("{:<46} {time:>12?} {each:>12?}", format!("a trade bill of {rows} rows"));
    }
}

struct Bench {
    signer: RsaSigner,
    keys: PlatformKeys,
    gateway: Gateway,
    order: Order,
    key: KeyPair,
    message: Vec<u8>,
    answer: Answered,
    api_v3_key: ApiV3Key,
}

/// Something that the platform signed.
struct Answered {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

struct Noticed {
    answered: Answered,
    sealed: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let sandbox = Sandbox::start().unwrap();
        let key = key(sandbox.merchant_key_pem());
        let signer =
            RsaSigner::from_pem(sandbox.mchid(), "AB12", sandbox.merchant_key_pem()).unwrap();
        // The platform's key is the merchant's here: what counts is that it is as long.
        let keys = PlatformKeys::from_certificate(sandbox.merchant_certificate_pem()).unwrap();
        let mut order = Order::new(
            sandbox.appid(),
            OutTradeNo::new("1217752501201407033233368018").unwrap(),
            "Image形象店-深圳腾大-QQ公仔",
            Fen(100),
            sandbox.notify_url(),
        );
        order.attach = Some("深圳分店".into());
        let serial = sandbox.serial_no();
        let prepaid = br#"{"prepay_id":"wx201410272009395522657a690389285100"}"#;
        let Answered { headers, body, .. } = answered(&signer, serial, prepaid);
        Self {
            gateway: Gateway::at("https://shop.example", keys.clone(), AtOnce { headers, body })
                .unwrap(),
            message: message::request("POST", "/v3/pay/transactions/app", 1, NONCE, &[b'x'; 250]),
            answer: answered(&signer, serial, TRANSACTION.as_bytes()),
            api_v3_key: ApiV3Key::new(API_V3_KEY).unwrap(),
            signer,
            keys,
            order,
            key,
        }
    }

    fn bare_sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    fn bare_verify(&self, answered: &Answered) {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public())
            .verify(&answered.message, &answered.signature)
            .unwrap();
    }

    fn read_answer(&self) -> Transaction {
        let Answered { headers, body, .. } = &self.answer;
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        self.keys.check(headers, body, Time::now().unwrap()).unwrap();
        serde_json::from_slice(body).unwrap()
    }

    fn combined(&self, parts: u64) -> combine::Order {
        let sub_orders = (0..parts).map(|part| {
            let number = OutTradeNo::new(format!("2015080612534{part}")).unwrap();
            combine::SubOrder::new(
                "1230000109",
                number,
                "腾讯充值中心-QQ会员充值",
                Fen(10),
                "深圳分店",
            )
        });
        combine::Order::new(
            self.order.appid.clone(),
            self.order.out_trade_no.clone(),
            sub_orders.collect(),
            self.order.notify_url.clone(),
        )
    }

    fn notice(&self) -> Noticed {
        let mut sealed = TRANSACTION.as_bytes().to_vec();
        aes_key()
            .seal_in_place_append_tag(aes_nonce(), Aad::from(b"transaction"), &mut sealed)
            .unwrap();
        let body = format!(
            r#"{{"id":"EV-2018022511223320873","create_time":"2015-05-20T13:29:35+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","resource":{{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"{}","associated_data":"transaction","nonce":"{AES_NONCE}"}}}}"#,
            STANDARD.encode(&sealed)
        );
        let serial = format!("{:?}", self.keys);
        let serial = serial.trim_matches(['[', ']', '"']);
        Noticed { answered: answered(&self.signer, serial, body.as_bytes()), sealed }
    }

    fn open(&self, notice: &Noticed) -> Event {
        let Answered { headers, body, .. } = &notice.answered;
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        notify::open(&self.keys, &self.api_v3_key, headers, body, Time::now().unwrap()).unwrap()
    }

    fn bare_open(&self, notice: &Noticed) {
        self.bare_verify(&notice.answered);
        let mut sealed = notice.sealed.clone();
        let aad = Aad::from(b"transaction");
        black_box(aes_key().open_in_place(aes_nonce(), aad, &mut sealed).unwrap());
    }
}

fn answered(signer: &RsaSigner, serial: &str, body: &[u8]) -> Answered {
    let timestamp = Time::now().unwrap().unix_seconds().to_string();
    let message = message::answer(&timestamp, NONCE, body);
    let signature = signer.sign(&message).unwrap().bytes;
    let headers = [
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("request-id", "08F8E9C6B306109D0118FCE79F8E0720-0".to_owned()),
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", NONCE.to_owned()),
        ("wechatpay-signature", STANDARD.encode(&signature)),
        ("wechatpay-serial", serial.to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).to_vec();
    Answered { headers, body: body.to_vec(), message, signature }
}

fn aes_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap())
}

fn aes_nonce() -> Nonce {
    Nonce::try_assume_unique_for_key(AES_NONCE.as_bytes()).unwrap()
}

fn bill(rows: u64) -> Vec<u8> {
    let header = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    let row = "`2019-06-11 20:34:56,`wx2421b1c4370ec43b,`1900007291,`0,`,`4200000015201711256947025404,`1217752501201407033233368018,`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`APP,`SUCCESS,`OTHERS,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,`Image形象店-深圳腾大-QQ公仔,`深圳分店,`0.01000,`0.60%,`1.00,`0.00,`";
    let summary = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
    let mut file = format!("\u{feff}{header}\r\n");
    for _ in 0..rows {
        file.push_str(row);
        file.push_str("\r\n");
    }
    let fee = Fen(rows);
    file.push_str(&format!(
        "{summary}\r\n`{rows},`{rows}.00,`0.00,`0.00,`{fee},`{rows}.00,`0.00\r\n"
    ));
    file.into_bytes()
}

fn read_bill(file: &[u8], rows: u64) {
    let mut bill = TradeBill::new(file).unwrap();
    bill.by_ref().for_each(|row| drop(black_box(row.unwrap())));
    assert_eq!(bill.finish().unwrap().rows, rows);
}

fn key(pem: &str) -> KeyPair {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
}

struct AtOnce {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Transport for AtOnce {
    fn send(&self, request: &Request<'_>) -> Result<Reply, TransportError> {
        black_box(request.body);
        let body = Box::new(Cursor::new(self.body.clone()));
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
    println!("{what:<46} {:>12?} {:>12?} {:>7.3}", wholes[middle], bares[middle], ratios[middle]);
}

/// The time of one call, over a batch.
fn time(call: &impl Fn()) -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS_PER_BATCH {
        call();
    }
    start.elapsed() / CALLS_PER_BATCH as u32
}

/// The median time of one call.
fn time_of(calls: usize, call: impl Fn()) -> Duration {
    let mut times: Vec<_> = (0..calls)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[calls / 2]
}

const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";
const API_V3_KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
const AES_NONCE: &str = "fdasflkja484";
const TRANSACTION: &str = r#"{"appid":"wxd678efh567hg6787","mchid":"1900007291","out_trade_no":"1217752501201407033233368018","transaction_id":"4200000015201711256947025404","trade_type":"APP","trade_state":"SUCCESS","trade_state_desc":"支付成功","bank_type":"OTHERS","attach":"深圳分店","success_time":"2018-06-08T10:34:56+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount":{"total":100,"payer_total":100,"currency":"CNY","payer_currency":"CNY"}}"#;
