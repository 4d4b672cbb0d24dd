//! What a call over TLS costs beside two floors: a client written by hand for this one order,
//! without checks and timeouts, that signs, sends, reads and verifies; and a raw GET by ureq between
//! one raw signature and one raw verification.
//!
//! ```text
//! cargo bench --bench wire
//! ```
//!
//! Both go in turn to the same server on 127.0.0.1, in the same run; the median of the pairs counts.
//! With AWS-LC the floors verify by it too: nothing is spared them that this build could have.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints for people and stops when something is wrong; its floats are not money"
)]

#[path = "shared/pairs.rs"]
mod pairs;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/rsa.rs"]
mod rsa;
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
use wechatpay::{AwsLcSigner, Gateway, Signer, Time, signing};
use wechatpay_sandbox::Sandbox;

use pairs::{Pairs, median};
use rsa::{AwsLc, Rsa};
use server::Server;
use shop::Shop;
use table::Table;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() {
    let shop = Shop::new();
    let response = shop.prepaid.http();
    let server = Server::start(|_| move |_: &[u8], out: &mut dyn Write| out.write_all(&response));
    let gateway = server.gateway(&shop.keys);
    let mut table = Table::default();
    println!("{:<56} {:>12} {:>12} {:>7}", "calls over TLS", "complete", "floor", "ratio");
    floors(&shop, &server, &gateway, &mut table);
    threads(&shop, &server, &gateway, &mut table);
    handshakes(&mut table);
    signing(&shop, &mut table);
    sandbox(&mut table);
    memory(&shop, &gateway, &mut table);
    table.print_all();
}

fn floors(shop: &Shop, server: &Server, gateway: &Gateway, table: &mut Table) {
    let aws_lc = AwsLcSigner::from_pem(shop.signer.mchid(), "AB12", &shop.merchant_key_pem);
    let (aws_lc, raw_aws_lc) = (aws_lc.unwrap(), AwsLc::new(&shop.merchant_key_pem));
    let by_hand = ByHand::new(shop, server, false);
    let by_aws_lc = gateway.with_keys(shop.keys.clone().verified_by_aws_lc());
    let builds: [(&str, &dyn Signer, &Gateway, &dyn Rsa); 3] = [
        ("ring", &shop.signer, gateway, &shop.ring),
        ("AWS-LC", &aws_lc, &by_aws_lc, &raw_aws_lc),
        ("nobody", &shop.free, gateway, &Nobody(shop)),
    ];
    for (name, signer, gateway, rsa) in builds {
        let complete = || drop(black_box(app::prepay(signer, gateway, &shop.order).unwrap()));
        let hand = Pairs::measure(1, complete, || drop(black_box(by_hand.prepay(rsa))));
        let what = format!("pay::app::prepay over TLS, {name} / by hand");
        hand.print(&what);
        let raw = Pairs::measure(1, complete, || drop(black_box(by_hand.get(rsa))));
        let beside_get = format!("pay::app::prepay over TLS, {name} / sign, GET, verify");
        raw.print(&beside_get);
        if name == "nobody" {
            table.note("a call over TLS less one by hand, µs", hand.more);
            table.note("a call over TLS less a raw GET and RSA, µs", raw.more);
        } else {
            table.at_most(&what, 1.02, hand.ratio);
            table.note(&beside_get, raw.ratio);
        }
    }
    // With a timeout ureq by itself looks the host up in a thread of its own, at every call.
    let (bounded, nobody) = (ByHand::new(shop, server, true), Nobody(shop));
    let with_timeouts = || drop(black_box(bounded.prepay(&nobody)));
    let pairs = Pairs::measure(1, with_timeouts, || drop(black_box(by_hand.prepay(&nobody))));
    pairs.print("by hand, with timeouts / without");
    table.note("what timeouts would cost a call by hand, µs", pairs.more);
}

/// Signs in no time, as `Free` does; what is left of a call is neither RSA nor this signature.
struct Nobody<'a>(&'a Shop);

impl Rsa for Nobody<'_> {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.free.sign(message).unwrap().bytes
    }

    fn verify(&self, message: &[u8], signature: &[u8]) {
        self.0.ring.verify(message, signature);
    }
}

/// The least possible client, for this one order.
struct ByHand<'a> {
    shop: &'a Shop,
    agent: Agent,
    url: String,
    body: String,
    /// The message that the raw GET signs.
    message: Vec<u8>,
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
        let agent = config.build().new_agent();
        Self { shop, agent, url, body: shop.body(), message: shop.message() }
    }

    fn prepay(&self, rsa: &dyn Rsa) -> String {
        let mut bits = [0; 16];
        SystemRandom::new().fill(&mut bits).unwrap();
        let nonce = format!("{:032X}", u128::from_be_bytes(bits));
        let (now, body) = (Time::now().unwrap().unix_seconds(), self.body.as_bytes());
        let message = signing::request("POST", PATH, now, &nonce, body);
        let signature = STANDARD.encode(rsa.sign(&message));
        let mchid = self.shop.signer.mchid();
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
            .header("Wechatpay-Serial", &self.shop.serial_no)
            .send(body)
            .unwrap();
        let body = response.body_mut().read_to_vec().unwrap();
        let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
        let (timestamp, nonce) = (header("wechatpay-timestamp"), header("wechatpay-nonce"));
        let signature = STANDARD.decode(header("wechatpay-signature")).unwrap();
        rsa.verify(&signing::response(timestamp, nonce, &body), &signature);
        String::from_utf8(body).unwrap().split('"').nth(3).unwrap().to_owned()
    }

    /// A round trip that carries nothing there and the same response back, between a signature and a
    /// verification that have nothing to do with it.
    fn get(&self, rsa: &dyn Rsa) -> Vec<u8> {
        black_box(rsa.sign(&self.message));
        let body = self.agent.get(&self.url).call().unwrap().body_mut().read_to_vec().unwrap();
        rsa.verify(&self.shop.prepaid.message, &self.shop.prepaid.signature);
        body
    }
}

/// Calls from many threads over one gateway, and as many of each floor over one agent.
fn threads(shop: &Shop, server: &Server, gateway: &Gateway, table: &mut Table) {
    let by_hand = ByHand::new(shop, server, false);
    let complete = || drop(black_box(app::prepay(&shop.signer, gateway, &shop.order).unwrap()));
    let hand = || drop(black_box(by_hand.prepay(&shop.ring)));
    let raw = || drop(black_box(by_hand.get(&shop.ring)));
    for count in [2, 8, 32] {
        let (mut rates, mut to_hand, mut to_raw) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let complete_rate = rate(count, 320, &complete);
            to_hand.push(rate(count, 320, &hand) / complete_rate);
            to_raw.push(rate(count, 320, &raw) / complete_rate);
            rates.push(complete_rate);
        }
        let (rate, to_hand, to_raw) = (median(rates), median(to_hand), median(to_raw));
        let what = format!("calls over TLS by {count} threads");
        println!("{what:<56} {rate:>7.0} calls a second {to_hand:>14.3}");
        table.at_most(&format!("{what} / by hand"), 1.02, to_hand);
        table.note(&format!("{what} / sign, GET, verify"), to_raw);
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
    let by_threads = |count: usize| {
        rate(64, 64 * count, &|| {
            drop(black_box(app::prepay(&shop.free, gateway, &shop.order).unwrap()));
        });
        HEAP.current_usage()
    };
    let before = by_threads(100);
    let grown = by_threads(10_000).saturating_sub(before) as f64 / 1024.0;
    table.at_most("the same over 10,000 calls of each of 64 threads, KiB", 16.0, grown);
}

/// What a test of a shop waits for. An order is signed by the shop, and its response by the sandbox.
fn sandbox(table: &mut Table) {
    let milliseconds = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    let starts = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        drop(black_box(Sandbox::start().unwrap()));
        milliseconds(start)
    });
    table.at_most("start of a sandbox, ms", 20.0, median(starts.collect()));
    let sandbox = Sandbox::start().unwrap();
    let order = Shop::new_order(&sandbox);
    let orders = (0..10 * ROUNDS).map(|_| {
        let start = Instant::now();
        drop(black_box(app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap()));
        milliseconds(start)
    });
    table.at_most("an order in the sandbox, ms", 1.5, median(orders.collect()));
}

const PATH: &str = "/v3/pay/transactions/app";
const ROUNDS: usize = 31;
