//! What a whole call over TLS costs beside the least that it can: a client written by hand for this
//! one order, without checks, that signs, sends with the same time-outs, reads and verifies.
//!
//! ```text
//! cargo bench --bench wire
//! ```
//!
//! Both go in turn to the same server on 127.0.0.1, in the same run; the median of the pairs counts.
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

#[path = "shared/pairs.rs"]
mod pairs;
#[path = "shared/server.rs"]
mod server;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/shop.rs"]
mod shop;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/table.rs"]
mod table;

use std::hint::black_box;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use peak_alloc::PeakAlloc;
use ring::rand::{SecureRandom, SystemRandom};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use wechatpay::pay::app;
use wechatpay::sandbox::Sandbox;
use wechatpay::{AwsLcSigner, Gateway, Signer, Time, message};

use pairs::{Pairs, median};
use server::Server;
use shop::Shop;
use table::Table;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() {
    let shop = Shop::new();
    let answer = shop.prepaid.http();
    let server = Server::start(|_| move |_: &[u8], out: &mut dyn Write| out.write_all(&answer));
    let gateway = server.gateway(&shop.keys);
    let mut table = Table::default();
    println!("{:<56} {:>12} {:>12} {:>7}", "calls over TLS", "whole", "floor", "ratio");
    floors(&shop, &server, &gateway, &mut table);
    threads(&shop, &server, &gateway, &mut table);
    handshakes(&mut table);
    signing(&shop, &mut table);
    memory(&shop, &gateway, &mut table);
    table.print();
}

fn floors(shop: &Shop, server: &Server, gateway: &Gateway, table: &mut Table) {
    let by_hand = ByHand::new(shop, server, true);
    let aws_lc = AwsLcSigner::from_pem(shop.signer.mchid(), "AB12", &shop.merchant_key_pem);
    let aws_lc = aws_lc.unwrap();
    let signers: [(&str, &dyn Signer); 3] =
        [("ring", &shop.signer), ("AWS-LC", &aws_lc), ("nobody", &shop.free)];
    for (name, signer) in signers {
        let whole = || drop(black_box(app::prepay(signer, gateway, &shop.order).unwrap()));
        let floor = || drop(black_box(by_hand.prepay(signer)));
        let pairs = Pairs::measure(1, whole, floor);
        let what = format!("pay::app::prepay over TLS, signed by {name} / by hand");
        pairs.print(&what);
        if name == "nobody" {
            table.note("a call over TLS less one by hand, µs", pairs.more);
        } else {
            table.at_most(&what, 1.02, pairs.ratio);
        }
    }
    // With a time-out ureq looks the host up in a thread of its own, at every call.
    let endless = ByHand::new(shop, server, false);
    let bounded = || drop(black_box(by_hand.prepay(&shop.free)));
    let pairs = Pairs::measure(1, bounded, || drop(black_box(endless.prepay(&shop.free))));
    pairs.print("by hand, with time-outs / without");
    table.note("what ureq's time-outs cost a call, µs", pairs.more);
}

/// The least possible client, for this one order.
struct ByHand<'a> {
    shop: &'a Shop,
    agent: Agent,
    url: String,
    body: String,
}

impl<'a> ByHand<'a> {
    fn new(shop: &'a Shop, server: &Server, has_timeouts: bool) -> Self {
        let root = Certificate::from_pem(server.ca_pem.as_bytes()).unwrap();
        let tls = TlsConfig::builder().root_certs(RootCerts::from(vec![root])).build();
        let mut config = Agent::config_builder().tls_config(tls).proxy(None);
        if has_timeouts {
            let (total, connect) = (Duration::from_secs(30), Duration::from_secs(5));
            config = config
                .timeout_global(Some(total))
                .timeout_resolve(Some(connect))
                .timeout_connect(Some(connect));
        }
        // As many connections as threads.
        config = config.max_idle_connections(64).max_idle_connections_per_host(64);
        let url = format!("{}{PATH}", server.base_url);
        Self { shop, agent: config.build().new_agent(), url, body: shop.body() }
    }

    fn prepay(&self, signer: &dyn Signer) -> String {
        let mut bits = [0; 16];
        SystemRandom::new().fill(&mut bits).unwrap();
        let nonce = format!("{:032X}", u128::from_be_bytes(bits));
        let (now, body) = (Time::now().unwrap().unix_seconds(), self.body.as_bytes());
        let message = message::request("POST", PATH, now, &nonce, body);
        let signature = STANDARD.encode(signer.sign(&message).unwrap().bytes);
        let mchid = signer.mchid();
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{now}\",\
             serial_no=\"AB12\",signature=\"{signature}\""
        );
        let mut response = self
            .agent
            .post(&self.url)
            .header("Accept", "application/json")
            .header("Authorization", authorization)
            .header("Content-Type", "application/json")
            .send(body)
            .unwrap();
        let body = response.body_mut().read_to_vec().unwrap();
        let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
        let (timestamp, nonce) = (header("wechatpay-timestamp"), header("wechatpay-nonce"));
        let signature = STANDARD.decode(header("wechatpay-signature")).unwrap();
        self.shop.verify(&message::answer(timestamp, nonce, &body), &signature);
        String::from_utf8(body).unwrap().split('"').nth(3).unwrap().to_owned()
    }
}

/// Calls from many threads over one gateway, and as many by hand over one agent.
fn threads(shop: &Shop, server: &Server, gateway: &Gateway, table: &mut Table) {
    let by_hand = ByHand::new(shop, server, true);
    for count in [2, 8, 32] {
        let whole = || drop(black_box(app::prepay(&shop.signer, gateway, &shop.order).unwrap()));
        let floor = || drop(black_box(by_hand.prepay(&shop.signer)));
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (one, other) = (rate(count, 320, &whole), rate(count, 320, &floor));
            rates.push(one);
            ratios.push(other / one);
        }
        let (rate, ratio) = (median(rates), median(ratios));
        let what = format!("calls over TLS by {count} threads / by hand");
        println!("{what:<56} {rate:>7.0} calls a second {ratio:>14.3}");
        table.at_most(&what, 1.02, ratio);
    }
}

/// Calls per second.
fn rate(threads: usize, calls: usize, call: &(impl Fn() + Sync)) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..calls / threads).for_each(|_| call()));
        }
    });
    calls as f64 / start.elapsed().as_secs_f64()
}

fn handshakes(table: &mut Table) {
    let sandbox = Sandbox::start().unwrap();
    let order = Shop::new_order(&sandbox);
    let before = sandbox.connections();
    for _ in 0..1000 {
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    }
    let handshakes = sandbox.connections() - before;
    table.at_most("TLS handshakes of 1,000 calls, one after the other", 1.0, handshakes as f64);
}

fn signing(shop: &Shop, table: &mut Table) {
    let aws_lc = AwsLcSigner::from_pem("1900007291", "AB12", &shop.merchant_key_pem).unwrap();
    let signers: [(&str, &dyn Signer); 2] = [("RsaSigner", &shop.signer), ("AwsLcSigner", &aws_lc)];
    let message = shop.message();
    for (name, signer) in signers {
        let sign = || drop(black_box(signer.sign(&message).unwrap()));
        let ratios = (0..ROUNDS).map(|_| {
            let one = rate(1, 320, &sign);
            rate(2, 640, &sign) / one
        });
        table.at_least(&format!("{name}, two threads / one"), 1.9, median(ratios.collect()));
    }
}

/// Whether the heap stays as it is, however many calls are made.
fn memory(shop: &Shop, gateway: &Gateway, table: &mut Table) {
    let calls = |count| {
        for _ in 0..count {
            drop(black_box(app::prepay(&shop.free, gateway, &shop.order).unwrap()));
        }
        HEAP.current_usage()
    };
    let before = calls(1000);
    let grown = calls(100_000).saturating_sub(before) as f64 / 1024.0;
    table.at_most("growth of the heap over 100,000 calls, KiB", 16.0, grown);
}

const PATH: &str = "/v3/pay/transactions/app";
const ROUNDS: usize = 31;
