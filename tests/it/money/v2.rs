//! Purchases over APIv2.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use wechatpay::pay::TradeState;
use wechatpay::{Error, OutTradeNo, v2};
use wechatpay_sandbox::Sandbox;

use super::{
    ATTEMPTS, Merchant, PRICE, as_u64, call_from_many_threads, count, until_said, until_true,
};
use crate::properties::{Random, seed};
use crate::support::start;

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
                sandbox.tamper_next(|answer| answer.status = 0);
            }
            3 => sandbox.tamper_next(|answer| answer.status = 0),
            4 => sandbox.tamper_next(|answer| answer.set_header("Content-Length", "5000")),
            5 => sandbox.tamper_next(|answer| answer.body.truncate(answer.body.len() / 2)),
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
        until_said(|| v2::pay::query(v2.signer(), v2.gateway(), &appid, &number))
    });
    let paid = found.filter(|transaction| transaction.trade_state == TradeState::Success);
    paid.map(|transaction| transaction.total_fee.unwrap().0).sum()
}

fn v2_order(sandbox: &Sandbox, number: &str) -> v2::pay::Order {
    let (address, notify_url) = (Ipv4Addr::LOCALHOST.into(), sandbox.notify_url());
    let number = OutTradeNo::new(number).unwrap();
    v2::pay::Order::new(sandbox.appid(), number, "公仔", PRICE, address, notify_url)
}
