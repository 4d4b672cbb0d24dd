//! Memory is bounded, whatever the other side sends. In a binary of its own, because every byte
//! that the process allocates is counted.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "the faults need more of it")]
#[path = "it/scripted_server.rs"]
mod scripted_server;

use std::fs::{self, File};
use std::io;
use std::iter;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use peak_alloc::PeakAlloc;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::digest;
use wechatpay::call::Upload;
use wechatpay::call::{Download, FileHash};
use wechatpay::pay::{Order, app};
use wechatpay::{
    ApiV3Key, AppId, Error, Fen, Gateway, HttpOptions, NotifyUrl, OutRefundNo, OutTradeNo, Outcome,
    Proxy, RsaSigner, Time, UreqTransport, certificates, combine, notify, pay, refund,
};

use scripted_server::{Peer, Wire, WireResponse, platform_keys};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// One test at a time: the heap is that of the process.
static METER: Mutex<()> = Mutex::new(());

/// For one call: the largest answer that is read, twice while its buffer grows, and what HTTP takes.
const LIMIT: usize = 4 * 1024 * 1024;

/// What is sent again and again, without an allocation of the server's own.
static BLANKS: [u8; 65_536] = [b' '; 65_536];

/// What ureq takes beside the longest response. The parser's error repeats a text of the wrong type: the response, and
/// twice the text while the error grows and once when it is cut, are exactly the limit.
const HTTP: usize = 64 * 1024;

/// The longest text of a notification: its ciphertext has 1,048,576 characters of Base64.
const SEALED_LIMIT: usize = 786_432 - 16;

type Script = fn(&mut Peer) -> io::Result<()>;

/// What the other side does once it has the request.
const FLOODS: [(&str, Script); 9] = [
    ("99 MB, announced", |peer| {
        peer.send(WireResponse::unframed("{}").with("Content-Length: 99000000").head + "\r\n")?;
        peer.flood(&BLANKS)
    }),
    ("99 MB, not announced", |peer| {
        peer.send(WireResponse::unframed("{}").head + "\r\n")?;
        (0..99_000_000 / BLANKS.len()).try_for_each(|_| peer.send(BLANKS))
    }),
    ("large chunks without end", |peer| {
        peer.send(chunked())?;
        loop {
            peer.send("10000\r\n")?;
            peer.send(BLANKS)?;
            peer.send("\r\n")?;
        }
    }),
    ("small chunks without end", |peer| {
        peer.send(chunked())?;
        peer.flood("1\r\n \r\n".repeat(1000).as_bytes())
    }),
    ("a chunk size without end", |peer| {
        peer.send(chunked())?;
        peer.flood(&[b'1'; 4096])
    }),
    ("trailers without end", |peer| {
        peer.send(chunked() + "0\r\n")?;
        peer.flood("X-Trailer: 1\r\n".repeat(1000).as_bytes())
    }),
    ("a header of 1 MB", |peer| {
        peer.send(WireResponse::unframed("{}").head + "X: ")?;
        (0..16).try_for_each(|_| peer.send(BLANKS))?;
        peer.send("\r\n\r\n{}")
    }),
    ("1 MB of headers", |peer| {
        peer.send(WireResponse::unframed("{}").head)?;
        let header = format!("X: {}\r\n", "x".repeat(1000));
        (0..1000).try_for_each(|_| peer.send(&header))?;
        peer.send("\r\n{}")
    }),
    ("100 Continue without end", |peer| {
        peer.flood("HTTP/1.1 100 Continue\r\n\r\n".repeat(100).as_bytes())
    }),
];

fn chunked() -> String {
    WireResponse::unframed("{}").with("Transfer-Encoding: chunked").head + "\r\n"
}

/// Texts of nearly that many bytes that take much memory if they are read as they come.
fn bodies(length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let list = |element: &str| {
        let count = (length - 64) / (element.len() + 1);
        format!("[{}]", iter::repeat_n(element, count).collect::<Vec<_>>().join(","))
    };
    let within = |name: &str, list: String| format!("{{\"code\":\"A\",\"{name}\":{list}}}");
    let keys: Vec<_> =
        (0..length.min(100_000 * 10) / 10).map(|key| format!("\"{key:05}\":0")).collect();
    let nested = 100;
    let deep = list(&format!("{}{}", "[".repeat(nested), "]".repeat(nested)));
    [
        ("objects", list(r#"{"":0}"#)),
        ("objects in detail", within("detail", list(r#"{"":0}"#))),
        ("objects in sub_orders", within("sub_orders", list(r#"{"":0}"#))),
        ("objects in promotion_detail", within("promotion_detail", list(r#"{"":0}"#))),
        ("numbers", list("0")),
        ("numbers in detail", within("detail", list("0"))),
        ("lists", list("[]")),
        ("lists in detail", within("detail", list("[]"))),
        ("unique keys", format!("{{{}}}", keys.join(","))),
        ("one text", format!("\"{}\"", "x".repeat(length - 64))),
        ("one text in amount", format!("{{\"amount\":\"{}\"}}", "x".repeat(length - 64))),
        ("one text in code", format!("{{\"code\":\"{}\"}}", "x".repeat(length - 64))),
        ("escapes", format!("{{\"message\":\"{}\"}}", "\\n".repeat(length / 2 - 64))),
        ("blanks", " ".repeat(length)),
        ("nested lists", deep.clone()),
        ("nested lists in detail", within("detail", deep)),
        ("too deep", "[".repeat(length)),
        ("numbers in a time", format!("{{\"data\":[{{\"effective_time\":{}}}]}}", list("0"))),
    ]
    .map(|(name, text)| (name, text.into_bytes()))
    .into()
}

type Call = fn(&RsaSigner, &Gateway) -> Result<(), Error>;

const CALLS: [(&str, Call); 5] = [
    ("prepay", prepay),
    ("query", |signer, gateway| pay::query(signer, gateway, &number()).map(drop)),
    ("refund query", |signer, gateway| {
        refund::query(signer, gateway, &OutRefundNo::new("heap-refund-1").unwrap()).map(drop)
    }),
    ("combine query", |signer, gateway| combine::query(signer, gateway, &number()).map(drop)),
    ("certificates", |signer, gateway| {
        certificates::list(signer, gateway, &ApiV3Key::new(API_V3_KEY).unwrap()).map(drop)
    }),
];

#[test]
fn large_signed_response_stays_within_four_mebibytes() {
    let _meter = METER.lock().unwrap_or_else(PoisonError::into_inner);
    for (body_name, body) in bodies(1024 * 1024) {
        let response = WireResponse::signed(std::str::from_utf8(&body).unwrap()).bytes();
        let response: &'static [u8] = response.leak();
        for (name, call) in CALLS {
            let (error, peak) =
                peak_of(move |peer| peer.send(response).and_then(|()| peer.wait()), call);
            assert_eq!(error.api(), None, "{name}, {body_name}: {error}");
            assert!(peak <= LIMIT + HTTP, "{name}, {body_name}: {} KiB", peak / 1024);
        }
    }
}

#[test]
fn large_error_response_stays_within_four_mebibytes() {
    let _meter = METER.lock().unwrap_or_else(PoisonError::into_inner);
    for (body_name, body) in bodies(1024 * 1024) {
        for status in ["400 Bad Request", "500 Internal Server Error"] {
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
            let response: &'static [u8] = [head.as_bytes(), &body].concat().leak();
            let (error, peak) = peak_of(move |peer| peer.send(response), prepay);
            assert!(peak <= LIMIT, "{status}, {body_name}: {} KiB, {error}", peak / 1024);
        }
    }
}

#[test]
fn large_notification_stays_within_four_mebibytes() {
    let _meter = METER.lock().unwrap_or_else(PoisonError::into_inner);
    let (keys, api_v3_key) = (platform_keys(), ApiV3Key::new(API_V3_KEY).unwrap());
    let sealing = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap());
    for (body_name, mut text) in bodies(SEALED_LIMIT) {
        let nonce = Nonce::assume_unique_for_key(*b"fdasflkja484");
        sealing.seal_in_place_append_tag(nonce, Aad::empty(), &mut text).unwrap();
        let ciphertext = STANDARD.encode(text);
        for original_type in ["transaction", "refund", "other"] {
            let body = format!(
                r#"{{"id":"1","create_time":"2015-05-20T13:29:35+08:00","event_type":"A","resource":{{"original_type":"{original_type}","algorithm":"AEAD_AES_256_GCM","ciphertext":"{ciphertext}","nonce":"fdasflkja484"}}}}"#
            );
            let WireResponse { head, body } = WireResponse::signed(&body);
            let headers = head.lines().filter_map(|line| line.split_once(": "));
            let headers = headers.map(|(name, value)| (name, value.as_bytes()));
            let before = HEAP.current_usage();
            HEAP.reset_peak_usage();
            let opened = notify::open(&keys, &api_v3_key, headers, &body, Time::now().unwrap());
            let peak = HEAP.peak_usage().saturating_sub(before);
            assert_eq!(opened.is_ok(), original_type == "other", "{original_type}, {body_name}");
            assert!(peak <= LIMIT, "{original_type}, {body_name}: {} KiB", peak / 1024);
        }
    }
}

#[test]
fn uploaded_file_is_never_in_memory() {
    let _meter = METER.lock().unwrap_or_else(PoisonError::into_inner);
    fs::write(VIDEO, vec![7; 10_000_000]).unwrap();
    let (error, peak) = peak_of(
        |peer| peer.send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"),
        |signer, gateway| {
            let upload = Upload::from_reader("shop.mp4", File::open(VIDEO).unwrap())?;
            upload.send(signer, gateway, "/v3/merchant/media/video_upload").map(drop)
        },
    );
    fs::remove_file(VIDEO).unwrap();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(peak <= 1024 * 1024, "{} KiB", peak / 1024);
}

const API_V3_KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

const VIDEO: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/heap.mp4");

#[test]
fn call_never_allocates_more_than_four_mebibytes() {
    let _meter = METER.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, flood) in FLOODS {
        let (error, peak) = peak_of(flood, prepay);
        assert_eq!(error.outcome(), Outcome::Unknown, "{name}: {error}");
        assert!(peak <= LIMIT, "{name}: {} KiB, {error}", peak / 1024);
    }
    // The meter works: unbounded memory is detected.
    let (_, peak) = peak_of(
        |peer| peer.flood(&BLANKS),
        |signer, gateway| {
            let unbounded = vec![1_u8; LIMIT + 1];
            prepay(signer, gateway).inspect(|()| drop(unbounded))
        },
    );
    assert!(peak > LIMIT, "{peak}");
}

/// Many times what a download may take.
const LARGE_FILE: usize = 64 * 1024 * 1024;

#[test]
fn large_download_stays_within_one_mebibyte() {
    let _meter = METER.lock().unwrap_or_else(PoisonError::into_inner);
    let wire = Wire::start(|peer, _| {
        peer.request()?;
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE_FILE}\r\n\r\n"))?;
        (0..LARGE_FILE / BLANKS.len()).try_for_each(|_| peer.send(BLANKS))
    });
    let gateway = gateway_at(&wire);
    let mut digest = digest::Context::new(&digest::SHA256);
    (0..LARGE_FILE / BLANKS.len()).for_each(|_| digest.update(&BLANKS));
    let hash: String = digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let path = "/v3/billdownload/file";
    let downloads =
        [Download::new(path, FileHash::sha256(&hash).unwrap()), Download::unverified(path)];
    for download in &downloads {
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let length = download.write(&signer(), &gateway, &mut io::sink()).unwrap();
        let peak = HEAP.peak_usage().saturating_sub(before);
        assert_eq!(usize::try_from(length).unwrap(), LARGE_FILE);
        assert!(peak <= 1024 * 1024, "{} KiB", peak / 1024);
    }
    assert_eq!(wire.finish(), downloads.len());
}

/// The error of a call, and the most heap that it took, on both sides.
fn peak_of(
    flood: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
    call: Call,
) -> (Error, usize) {
    let wire = Wire::start(move |peer, _| {
        peer.request()?;
        flood(peer)
    });
    let (signer, gateway) = (signer(), gateway_at(&wire));
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let error = call(&signer, &gateway).unwrap_err();
    let peak = HEAP.peak_usage().saturating_sub(before);
    assert_eq!(wire.finish(), 1, "{error}");
    (error, peak)
}

fn signer() -> RsaSigner {
    RsaSigner::from_pem("1900007291", "AB", include_str!("data/keys/rsa2048.pem")).unwrap()
}

fn gateway_at(wire: &Wire) -> Gateway {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    options.total_timeout = Duration::from_secs(2);
    let transport = UreqTransport::new(&options).unwrap();
    Gateway::at(&wire.url("http"), platform_keys(), transport).unwrap()
}

fn prepay(signer: &RsaSigner, gateway: &Gateway) -> Result<(), Error> {
    let order = Order::new(
        AppId::new("wxd678efh567hg6787").unwrap(),
        number(),
        "公仔",
        Fen(100),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    );
    app::prepay(signer, gateway, &order).map(drop)
}

fn number() -> OutTradeNo {
    OutTradeNo::new("heap-order-1").unwrap()
}
