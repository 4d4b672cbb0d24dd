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

use std::io;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use wechatpay::pay::{Order, app};
use wechatpay::{
    AppId, Error, Fen, Gateway, HttpOptions, NotifyUrl, OutTradeNo, Outcome, Proxy, RsaSigner,
    UreqTransport,
};

use scripted_server::{Answer, Peer, Wire, platform_keys};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// For one call: the largest answer that is read, twice while its buffer grows, and what HTTP takes.
const LIMIT: usize = 4 * 1024 * 1024;

/// What is sent again and again, without an allocation of the server's own.
static BLANKS: [u8; 65_536] = [b' '; 65_536];

type Script = fn(&mut Peer) -> io::Result<()>;

/// What the other side does once it has the request.
const FLOODS: [(&str, Script); 9] = [
    ("99 MB, announced", |peer| {
        peer.say(Answer::unframed("{}").with("Content-Length: 99000000").head + "\r\n")?;
        peer.flood(&BLANKS)
    }),
    ("99 MB, not announced", |peer| {
        peer.say(Answer::unframed("{}").head + "\r\n")?;
        (0..99_000_000 / BLANKS.len()).try_for_each(|_| peer.say(BLANKS))
    }),
    ("large chunks without end", |peer| {
        peer.say(chunked())?;
        loop {
            peer.say("10000\r\n")?;
            peer.say(BLANKS)?;
            peer.say("\r\n")?;
        }
    }),
    ("small chunks without end", |peer| {
        peer.say(chunked())?;
        peer.flood("1\r\n \r\n".repeat(1000).as_bytes())
    }),
    ("a chunk size without end", |peer| {
        peer.say(chunked())?;
        peer.flood(&[b'1'; 4096])
    }),
    ("trailers without end", |peer| {
        peer.say(chunked() + "0\r\n")?;
        peer.flood("X-Trailer: 1\r\n".repeat(1000).as_bytes())
    }),
    ("a header of 1 MB", |peer| {
        peer.say(Answer::unframed("{}").head + "X: ")?;
        (0..16).try_for_each(|_| peer.say(BLANKS))?;
        peer.say("\r\n\r\n{}")
    }),
    ("1 MB of headers", |peer| {
        peer.say(Answer::unframed("{}").head)?;
        let header = format!("X: {}\r\n", "x".repeat(1000));
        (0..1000).try_for_each(|_| peer.say(&header))?;
        peer.say("\r\n{}")
    }),
    ("100 Continue without end", |peer| {
        peer.flood("HTTP/1.1 100 Continue\r\n\r\n".repeat(100).as_bytes())
    }),
];

fn chunked() -> String {
    Answer::unframed("{}").with("Transfer-Encoding: chunked").head + "\r\n"
}

#[test]
fn call_never_allocates_more_than_four_mebibytes() {
    for (name, flood) in FLOODS {
        let (error, peak) = peak_of(flood, prepay);
        assert_eq!(error.outcome(), Outcome::Unknown, "{name}: {error}");
        assert!(peak <= LIMIT, "{name}: {} KiB, {error}", peak / 1024);
    }
    // The meter works: what is not bounded is seen.
    let (_, peak) = peak_of(
        |peer| peer.flood(&BLANKS),
        |signer, gateway| {
            let unbounded = vec![1_u8; LIMIT + 1];
            prepay(signer, gateway).inspect(|()| drop(unbounded))
        },
    );
    assert!(peak > LIMIT, "{peak}");
}

type Call = fn(&RsaSigner, &Gateway) -> Result<(), Error>;

/// The error of a call, and the most heap that it took, on both sides.
fn peak_of(flood: Script, call: Call) -> (Error, usize) {
    let wire = Wire::start(move |peer, _| {
        peer.request()?;
        flood(peer)
    });
    let key = include_str!("data/keys/rsa2048.pem");
    let signer = RsaSigner::from_pem("1900007291", "AB", key).unwrap();
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    options.total_timeout = Duration::from_secs(2);
    let transport = UreqTransport::new(&options).unwrap();
    let gateway = Gateway::at(&wire.url("http"), platform_keys(), transport).unwrap();
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let error = call(&signer, &gateway).unwrap_err();
    let peak = HEAP.peak_usage().saturating_sub(before);
    assert_eq!(wire.finish(), 1, "{error}");
    (error, peak)
}

fn prepay(signer: &RsaSigner, gateway: &Gateway) -> Result<(), Error> {
    let order = Order::new(
        AppId::new("wxd678efh567hg6787").unwrap(),
        OutTradeNo::new("heap-order-1").unwrap(),
        "公仔",
        Fen(100),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    );
    app::prepay(signer, gateway, &order).map(drop)
}
