//! What a call takes from the heap: allocations and bytes, the same in every run.
//!
//! ```text
//! cargo bench --bench heap
//! ```
//!
//! The network is left out, as in `benches/call.rs`. Own work is the complete call less what RSA takes.
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

#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/rsa.rs"]
mod rsa;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/shop.rs"]
mod shop;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/table.rs"]
mod table;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use wechatpay::{profit_sharing, transfer};

use rsa::Rsa;
use shop::Shop;
use table::Table;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let shop = Shop::new();
    let mut table = Table::default();
    println!("{:<44} {:>12} {:>12} {:>12}", "on the heap", "allocations", "grown", "bytes");

    let message = shop.message();
    let signed = taken("RSA sign", || drop(shop.ring.sign(&message)));
    let verified = taken("RSA verify", || shop.raw_verify(&shop.prepaid));
    let order = taken("pay::app::prepay", || drop(shop.prepay(&shop.signer)));
    let mut own = |what: &str, target: f64, complete: Taken| {
        let own = complete.allocations - signed.allocations - verified.allocations;
        table.at_most(&format!("allocations of {what}, RSA's left out"), target, own as f64);
        let bytes = complete.bytes - signed.bytes - verified.bytes;
        table.note(&format!("bytes of {what}, RSA's left out"), bytes as f64);
    };
    own("an order", 40.0, order);
    for parts in [2, 5, 10] {
        let order = shop.combined(parts);
        let what = format!("combine::app::prepay of {parts}");
        let complete = taken(&what, || drop(shop.prepay_combined(&shop.signer, &order)));
        own(&format!("a combined order of {parts}"), 40.0 + 10.0 * parts as f64, complete);
    }
    let split = shop.split();
    let complete = taken("profit_sharing::split", || {
        drop(profit_sharing::split(&shop.signer, &split.gateway, &split.request).unwrap());
    });
    own("a split", 60.0, complete);
    let transfer = shop.transfer();
    let complete = taken("transfer::create", || {
        drop(transfer::create(&shop.signer, &transfer.gateway, &transfer.request).unwrap());
    });
    own("a transfer", 60.0, complete);
    let v2 = taken("v2::pay::prepay", || drop(shop.v2.prepay()));
    table.at_most("allocations of a v2 order", 40.0, v2.allocations as f64);
    let by_aws_lc = shop.keys.clone().verified_by_aws_lc();
    taken("a response, verified by AWS-LC and parsed", || drop(shop.read_response(&by_aws_lc)));
    taken("a response, verified and parsed", || drop(shop.read_response(&shop.keys)));
    let raw = taken("RSA verify and AES-GCM", || shop.raw_notification());
    let notification = taken("notify::open", || drop(shop.open_notification(&shop.keys)));
    let own = notification.allocations - raw.allocations;
    table.note("allocations of notify::open, the raw one's left out", own as f64);

    let mut before = None;
    for rows in [1_000_u64, 10_000, 100_000] {
        let file = shop::bill(rows);
        let complete = taken(&format!("a bill of {rows} rows"), || shop::read_bill(&file, rows));
        if let Some((rows_before, allocations)) = before.replace((rows, complete.allocations)) {
            let each = (complete.allocations - allocations) as f64 / (rows - rows_before) as f64;
            table.at_most(&format!("allocations of a row, up to {rows} rows"), 12.0, each);
        }
    }
    table.print();
}

struct Taken {
    /// Every growth of an allocation as well.
    allocations: usize,
    bytes: usize,
}

/// What a call takes once everything is warm.
fn taken(what: &str, call: impl Fn()) -> Taken {
    call();
    let region = Region::new(HEAP);
    call();
    let stats = region.change();
    let (allocations, grown) = (stats.allocations, stats.reallocations);
    println!("{what:<44} {allocations:>12} {grown:>12} {:>12}", stats.bytes_allocated);
    Taken { allocations: allocations + grown, bytes: stats.bytes_allocated }
}
