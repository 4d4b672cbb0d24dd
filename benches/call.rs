//! What a call costs beside the cryptography that it cannot do without, as ratios within one run.
//!
//! ```text
//! cargo bench --bench call
//! ```
//!
//! The network is left out: a transport responds at once, with a response signed beforehand. Both
//! sides of a ratio are measured in turn, in small batches, and the median of the pairs counts. Own
//! work is the complete call with a signer that signs in no time, less one verification alone. The last table
//! has the targets. `benches/heap.rs` counts allocations, `benches/wire.rs` calls over TLS.
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
#[path = "shared/rsa.rs"]
mod rsa;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/shop.rs"]
mod shop;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/table.rs"]
mod table;

use std::hint::black_box;
use std::time::Instant;

use wechatpay::combine::Order;
use wechatpay::{AwsLcSigner, Signer, profit_sharing, transfer};

use pairs::{Pairs, median};
use rsa::{AwsLc, Rsa};
use shop::Shop;
use table::Table;

fn main() {
    let shop = Shop::new();
    let mut table = Table::default();
    println!(
        "{:<56} {:>12} {:>12} {:>7}",
        "beside the cryptography alone", "complete", "alone", "ratio"
    );
    ratios(&shop, &mut table);
    aws_lc(&shop, &mut table);
    println!("\n{:<56} {:>12} {:>12} {:>7}", "own work", "complete", "alone", "ratio");
    own_work(&shop, &mut table);
    println!("\n{:<56} {:>12}", "trade bills", "each row");
    bills(&mut table);
    table.print();
}

fn ratios(shop: &Shop, table: &mut Table) {
    let message = shop.message();
    let sign = || drop(black_box(shop.ring.sign(&message)));
    let build = Pairs::measure(1, || shop.build(&shop.signer), sign);
    build.print("an order, built and signed / RSA sign");
    table.at_most("an order, built and signed / RSA sign", 1.01, build.ratio);

    let read = || drop(black_box(shop.read_response(&shop.keys)));
    let response = Pairs::measure(10, read, || shop.raw_response());
    response.print("a response, verified and parsed / RSA verify");
    table.at_most("a response, verified and parsed / RSA verify", 1.10, response.ratio);

    let open = || drop(black_box(shop.open_notification(&shop.keys)));
    let notification = Pairs::measure(10, open, || shop.raw_notification());
    notification.print("notify::open / RSA verify and AES-GCM");
    table.at_most("notify::open / RSA verify and AES-GCM", 1.10, notification.ratio);

    let both = || {
        sign();
        shop.raw_verify(&shop.prepaid);
    };
    let prepay = Pairs::measure(1, || drop(black_box(shop.prepay(&shop.signer))), both);
    prepay.print("pay::app::prepay / RSA sign and verify");
    table.at_most("pay::app::prepay / RSA sign and verify", 1.02, prepay.ratio);
    for parts in [2, 5, 10] {
        let order = shop.combined(parts);
        let prepay = || drop(black_box(shop.prepay_combined(&shop.signer, &order)));
        let what = format!("combine::app::prepay of {parts} / RSA sign and verify");
        let prepay = Pairs::measure(1, prepay, both);
        prepay.print(&what);
        table.at_most(&what, 1.02, prepay.ratio);
    }
}

fn aws_lc(shop: &Shop, table: &mut Table) {
    let pem = &shop.merchant_key_pem;
    let (signer, raw) =
        (AwsLcSigner::from_pem("1900007291", "AB12", pem).unwrap(), AwsLc::new(pem));
    let message = shop.message();
    let sign = || drop(black_box(raw.sign(&message)));
    let own = || drop(black_box(signer.sign(&message).unwrap()));
    let signed = Pairs::measure(2, own, sign);
    signed.print("AwsLcSigner::sign / AWS-LC's RSA sign");
    table.at_most("AwsLcSigner::sign / AWS-LC's RSA sign", 1.03, signed.ratio);
    let build = Pairs::measure(2, || shop.build(&signer), sign);
    build.print("an order, built and signed by it / AWS-LC's RSA sign");
    table.at_most("an order, built and signed by it / AWS-LC's RSA sign", 1.03, build.ratio);
    let ring = || drop(black_box(shop.signer.sign(&message).unwrap()));
    let faster = Pairs::measure(1, ring, own);
    faster.print("RsaSigner::sign / AwsLcSigner::sign");
    table.note("RsaSigner::sign / AwsLcSigner::sign", faster.ratio);
    let (message, signature) = (&shop.prepaid.message, &shop.prepaid.signature);
    let by_aws_lc = || raw.verify(message, signature);
    let slower = Pairs::measure(10, || shop.ring.verify(message, signature), by_aws_lc);
    slower.print("ring's RSA verify / AWS-LC's RSA verify");
    let keys = shop.keys.clone().verified_by_aws_lc();
    let read = || drop(black_box(shop.read_response(&keys)));
    let response = Pairs::measure(10, read, || {
        raw.verify(&shop.transaction.message, &shop.transaction.signature);
    });
    response.print("a response, verified by AWS-LC and parsed / its RSA verify");
    table.note("a response, verified by AWS-LC and parsed / its RSA verify", response.ratio);
    // In units of ring's verification: the gain of a program that has verified with ring.
    let verify = || shop.verify_response(&keys);
    let verified = Pairs::measure(10, verify, || shop.raw_response());
    verified.print("a response, verified by AWS-LC / ring's RSA verify");
    table.at_most("a response, verified by AWS-LC / ring's RSA verify", 0.78, verified.ratio);
    let response = Pairs::measure(10, read, || shop.raw_response());
    response.print("a response, verified by AWS-LC and parsed / ring's");
    table.at_most("a response, verified by AWS-LC and parsed / ring's", 0.78, response.ratio);
    let open = || drop(black_box(shop.open_notification(&keys)));
    let notification = Pairs::measure(10, open, || shop.raw_verify(&shop.notification));
    notification.print("notify::open, verified by AWS-LC / ring's RSA verify");
    table.at_most("notify::open, verified by AWS-LC / ring's RSA verify", 1.0, notification.ratio);
    let encryptor = shop.keys.encryptor().unwrap();
    let encrypt = || drop(black_box(encryptor.encrypt("张三").unwrap()));
    let encrypted = Pairs::measure(10, encrypt, || drop(black_box(raw.encrypt("张三"))));
    encrypted.print("Encryptor::encrypt / AWS-LC's RSA-OAEP");
    table.at_most("Encryptor::encrypt / AWS-LC's RSA-OAEP", 1.05, encrypted.ratio);
    table.note("ring's RSA verify less AWS-LC's, µs", slower.more);
}

fn own_work(shop: &Shop, table: &mut Table) {
    let verify = || shop.raw_verify(&shop.prepaid);
    let complete = || drop(black_box(shop.prepay(&shop.free)));
    let order = Pairs::measure(10, complete, verify);
    order.print("pay::app::prepay, signed for nothing / RSA verify");
    table.at_most("own work of an order, µs", 10.0, order.more);

    for parts in [2, 5, 10] {
        let order = shop.combined(parts);
        let complete = || drop(black_box(shop.prepay_combined(&shop.free, &order)));
        let combined = Pairs::measure(10, complete, verify);
        combined
            .print(&format!("combine::app::prepay of {parts}, signed for nothing / RSA verify"));
        let figure = format!("own work of a combined order of {parts}, µs");
        table.at_most(&figure, 10.0 * parts as f64, combined.more);
    }
    let [two, five, ten] = [2, 5, 10].map(|parts| shop.combined(parts));
    // Both are measured side by side: a difference of two differences would be noise.
    let each_between = |more: &Order, fewer: &Order| {
        let place = |order| drop(black_box(shop.prepay_combined(&shop.free, order)));
        let parts = more.sub_orders.len() - fewer.sub_orders.len();
        Pairs::measure(10, || place(more), || place(fewer)).more / parts as f64
    };
    let (early, late) = (each_between(&five, &two), each_between(&ten, &five));
    table.note("each of the third to fifth sub-order, µs", early);
    table.note("each of the sixth to tenth sub-order, µs", late);
    table.at_most("the sixth to tenth / the third to fifth", 1.2, late / early);

    let split = shop.split();
    let complete = || {
        let state = profit_sharing::split(&shop.free, &split.gateway, &split.request).unwrap();
        drop(black_box(state));
    };
    let pairs = Pairs::measure(10, complete, || shop.raw_verify(&split.response));
    pairs.print("profit_sharing::split, signed for nothing / RSA verify");
    table.at_most("own work of a split, µs", 15.0, pairs.more);
    let transfer = shop.transfer();
    let complete = || {
        let request = &transfer.request;
        drop(black_box(transfer::create(&shop.free, &transfer.gateway, request).unwrap()));
    };
    let pairs = Pairs::measure(10, complete, || shop.raw_verify(&transfer.response));
    pairs.print("transfer::create, signed for nothing / RSA verify");
    table.at_most("own work of a transfer, µs", 15.0, pairs.more);

    let body = serde_json::from_str(&shop.body()).unwrap();
    let generic = || drop(black_box(shop.call(&shop.free, &body)));
    let pairs = Pairs::measure(10, generic, || drop(black_box(shop.prepay(&shop.free))));
    pairs.print("call::post / pay::app::prepay, both signed for nothing");
    table.at_most("what a generic call adds to an order, µs", 1.0, pairs.more);

    let v2 = Pairs::measure(50, || drop(black_box(shop.v2.prepay())), || shop.v2.raw());
    v2.print("v2::pay::prepay / two HMACs");
    table.note("v2::pay::prepay / two HMACs", v2.ratio);
    table.at_most("own work of a v2 order, µs", 10.0, v2.more);
}

/// Rounds of as many rows each, as one long bill or as many short ones, and one beside the crate `csv`.
fn bills(table: &mut Table) {
    const ROWS: u32 = 100_000;
    let sizes = [1_000, 10_000, ROWS];
    let files = sizes.map(|rows| shop::bill(rows.into()));
    let mut rounds = sizes.map(|_| Vec::new());
    let (mut ratios, mut beside_csv) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        let mut round = Vec::new();
        for ((rows, file), times) in sizes.iter().zip(&files).zip(&mut rounds) {
            let read = || (0..ROWS / rows).for_each(|_| shop::read_bill(file, (*rows).into()));
            let each = each(ROWS, read);
            round.push(each);
            times.push(each);
        }
        ratios.push(round[2] / round[0]);
        beside_csv.push(round[2] / each(ROWS, || shop::read_bill_as_csv(&files[2], ROWS.into())));
    }
    for (rows, times) in sizes.into_iter().zip(rounds) {
        let each = median(times);
        println!("{:<56} {each:>9.3} µs", format!("of {rows} rows"));
        table.note(&format!("a bill of {rows} rows, rows a second"), 1e6 / each);
    }
    table.at_most("a row of 100,000 / a row of 1,000", 1.2, median(ratios));
    table.note("a row / the same row by the crate csv, unchecked", median(beside_csv));
}

/// The microseconds of one of them.
fn each(count: u32, read: impl FnOnce()) -> f64 {
    let start = Instant::now();
    read();
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}
