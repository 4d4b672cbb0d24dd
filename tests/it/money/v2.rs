//! Purchases over APIv2.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use wechatpay::pay::TradeState;
use wechatpay::v2::pay::{Attempt, AuthCode, Step};
use wechatpay::{Error, OutTradeNo, v2};
use wechatpay_sandbox::Sandbox;

use super::{
    ATTEMPTS, Merchant, PRICE, as_u64, call_from_many_threads, count, until_certain, until_true,
};
use crate::properties::{Random, seed};
use crate::support::start;
use crate::v2::till::{Till, state};

#[test]
fn three_hundred_v2_purchases_by_the_book_are_paid_once() {
    let (seed, count) = (seed(), count(300));
    println!("WECHATPAY_SEED={seed}");
    let moved = v2_purchases(seed, count, v2_purchase_by_the_book);
    assert_eq!(moved, PRICE.0 * as_u64(count), "seed {seed}");
}

#[test]
fn v2_purchases_under_new_numbers_are_paid_twice() {
    let (seed, count) = (seed(), 100);
    println!("WECHATPAY_SEED={seed}");
    let moved = v2_purchases(seed, count, v2_purchase_naively);
    assert!(moved > PRICE.0 * as_u64(count), "seed {seed}: the damage does no damage");
}

impl Merchant<'_> {
    fn damage_v2(&self, random: &mut Random) {
        let Self(sandbox) = self;
        match random.below(20) {
            0 => sandbox.v2().refuse_next("SYSTEMERROR", "系统超时"),
            1 => sandbox.v2().fail_next("系统繁忙"),
            2 => {
                sandbox.v2().refuse_next("SYSTEMERROR", "");
                sandbox.tamper_next(|response| response.status = 0);
            }
            3 => sandbox.tamper_next(|response| response.status = 0),
            4 => sandbox.tamper_next(|response| response.set_header("Content-Length", "5000")),
            5 => sandbox.tamper_next(|response| response.body.truncate(response.body.len() / 2)),
            _ => {}
        }
    }

    fn place_v2(&self, random: &mut Random, order: &v2::pay::Order) -> Result<(), Error> {
        self.damage_v2(random);
        let v2 = self.0.v2();
        v2::pay::prepay(v2.signer(), v2.gateway(), order, &v2::App).map(drop)
    }

    fn is_paid_v2(&self, random: &mut Random, order: &v2::pay::Order) -> Result<bool, Error> {
        self.damage_v2(random);
        let v2 = self.0.v2();
        let found = v2::pay::query(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no)?;
        Ok(found.paid(self.0.mchid(), order).is_ok())
    }
}

fn v2_purchase_by_the_book(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let order = v2_order(merchant.0, &format!("purchase-{index}"));
    until_true(|| merchant.place_v2(random, &order).map(|()| true));
    merchant.0.v2().pay(order.out_trade_no.as_str(), &[]).unwrap();
    until_true(|| merchant.is_paid_v2(random, &order));
}

fn v2_purchase_naively(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let numbers = (0..ATTEMPTS).map(|attempt| format!("naive-{index}-{attempt}"));
    let mut orders = numbers.map(|number| v2_order(merchant.0, &number));
    let paid = orders.find(|order| {
        merchant.place_v2(random, order).is_ok() && {
            merchant.0.v2().pay(order.out_trade_no.as_str(), &[]).unwrap();
            merchant.is_paid_v2(random, order).is_ok()
        }
    });
    paid.unwrap();
}

fn v2_purchases(
    seed: u64,
    count: usize,
    caller: impl Fn(&Merchant<'_>, &mut Random, usize) + Sync,
) -> u64 {
    let sandbox = start();
    call_from_many_threads(&sandbox, seed, count, &caller);
    let numbers: BTreeSet<String> = sandbox
        .received()
        .iter()
        .filter(|request| request.path == "/pay/unifiedorder")
        .map(|request| {
            let body = std::str::from_utf8(&request.body).unwrap();
            let (_, rest) = body.split_once("<out_trade_no><![CDATA[").unwrap();
            rest.split_once("]]>").unwrap().0.to_owned()
        })
        .collect();
    let (v2, appid) = (sandbox.v2(), sandbox.appid());
    let found = numbers.iter().filter_map(|number| {
        let number = OutTradeNo::new(number).unwrap();
        until_certain(|| v2::pay::query(v2.signer(), v2.gateway(), &appid, &number))
    });
    let paid = found.filter(|transaction| transaction.trade_state == TradeState::Success);
    paid.map(|transaction| transaction.total_fee.unwrap().0).sum()
}

fn v2_order(sandbox: &Sandbox, number: &str) -> v2::pay::Order {
    let (address, notify_url) = (Ipv4Addr::LOCALHOST.into(), sandbox.notify_url());
    let number = OutTradeNo::new(number).unwrap();
    v2::pay::Order::new(sandbox.appid(), number, "公仔", PRICE, address, notify_url)
}

// At the till.

/// Payers with and without a PIN; some refuse, and some walk away.
#[test]
fn till_payments_by_the_book_charge_at_most_once() {
    let (seed, count) = (seed(), count(200));
    println!("WECHATPAY_SEED={seed}");
    let mut random = Random::new(seed);
    let sandbox = start();
    let (merchant, till) = (Merchant(&sandbox), Till::new(&sandbox));
    let mut charged = 0;
    for index in 0..count {
        let number = format!("till-{index}");
        let is_charged = till_payment_by_the_book(&merchant, &till, &mut random, &number);
        let books = state(&sandbox, &number);
        assert_eq!(
            books.as_deref() == Some("SUCCESS"),
            is_charged,
            "seed {seed}, {number}: {books:?}"
        );
        charged += usize::from(is_charged);
    }
    assert!(charged > 0 && charged < count, "seed {seed}: {charged}");
    let calls = sandbox.received();
    let attempts = calls.iter().filter(|request| request.path == "/pay/micropay").count();
    assert!(attempts <= count, "seed {seed}: a code was charged again");
}

#[test]
fn till_that_charges_again_charges_twice() {
    let (seed, count) = (seed(), 100);
    println!("WECHATPAY_SEED={seed}");
    let mut random = Random::new(seed);
    let sandbox = start();
    let (merchant, till) = (Merchant(&sandbox), Till::new(&sandbox));
    for index in 0..count {
        let paid = (0..ATTEMPTS).any(|attempt| {
            merchant.damage_v2(&mut random);
            let order = till.order(&format!("naive-{index}-{attempt}"));
            let (v2, code) = (sandbox.v2(), AuthCode::new(sandbox.v2().show_code()).unwrap());
            let attempt = v2::pay::micropay(v2.signer(), v2.gateway(), &order, code);
            matches!(attempt, Ok(Attempt::Paid(_)))
        });
        assert!(paid);
    }
    let paid = sandbox.orders().into_iter().filter(|order| order.trade_state == "SUCCESS").count();
    assert!(paid > count, "seed {seed}: the damage does no damage");
}

/// Whether the payer was charged, as the till knows it.
fn till_payment_by_the_book(
    merchant: &Merchant<'_>,
    till: &Till<'_>,
    random: &mut Random,
    number: &str,
) -> bool {
    let v2 = merchant.0.v2();
    let mut payment = till.payment(number);
    let (needs_pin, types_pin) = (random.below(2) == 0, random.below(3));
    let code = if needs_pin { v2.show_code_with_pin() } else { v2.show_code() };
    merchant.damage_v2(random);
    let mut step = till.charge(&mut payment, code);
    for turn in 0..ATTEMPTS {
        let pause = match step {
            Step::Paid(_) => return true,
            Step::NotCharged(_) => return false,
            Step::OtherOrder(reason) => panic!("{number}: {reason}"),
            Step::Wait { pause, .. } => pause,
        };
        // The order may have been reversed by then, or may never have arrived.
        if needs_pin && turn == 1 {
            let _: Result<(), _> = match types_pin {
                0 => v2.pay(number, &[]),
                1 => v2.refuse_payment(number),
                _ => Ok(()),
            };
        }
        merchant.damage_v2(random);
        step = till.step(&mut payment, pause);
    }
    panic!("{number}: no end");
}
