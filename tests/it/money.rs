//! No fen is lost and none is paid twice, even if responses are lost or damaged.
//!
//! Three of ten responses are damaged, half of them before the money moves and half after. A caller
//! who goes by the book must move what is owed, to the fen. The control must not: a caller who
//! takes every error for a failure, and a new number each time. If he overpaid nothing, the damage
//! would prove nothing.
//!
//! `WECHATPAY_MONEY=10000` sets the number of refunds and of orders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use wechatpay::pay::{self, Order, TradeState, app};
use wechatpay::refund::{self, Refund, Status};
use wechatpay::{
    Code, Error, Failover, Fen, Host, OutRefundNo, OutTradeNo, Outcome, Retry, Signer,
};
use wechatpay_sandbox::Sandbox;

use crate::properties::{Random, seed};
use crate::support::{order, start};

mod profit_sharing;
mod transfers;
#[cfg(feature = "v2")]
mod v2;

const THREADS: usize = 8;
/// WeChat Pay takes 50 refunds of an order; that leaves room for the naive caller and the audit.
const REFUNDS_OF_AN_ORDER: usize = 20;
/// More attempts than ever fail one after another.
const ATTEMPTS: usize = 100;
const REFUND: Fen = Fen(100);
const PRICE: Fen = Fen(100);

fn count(usual: usize) -> usize {
    std::env::var("WECHATPAY_MONEY").map_or(usual, |count| count.parse().unwrap())
}

#[test]
fn thousand_refunds_by_the_book_move_what_is_owed() {
    let (seed, count) = (seed(), count(1000));
    println!("WECHATPAY_SEED={seed}");
    let moved = refunds(seed, count, refund_by_the_book);
    assert_eq!(moved, REFUND.0 * as_u64(count), "seed {seed}");
}

#[test]
fn refunds_over_two_hosts_move_what_is_owed() {
    let (seed, count) = (seed(), count(200));
    println!("WECHATPAY_SEED={seed}");
    let standby = AtomicUsize::new(0);
    let caller = |merchant: &Merchant<'_>, random: &mut Random, index| {
        refund_over_two_hosts(merchant, random, index, &standby);
    };
    let moved = refunds(seed, count, caller);
    assert_eq!(moved, REFUND.0 * as_u64(count), "seed {seed}");
    assert_ne!(standby.into_inner(), 0, "seed {seed}: the standby was never needed");
}

#[test]
fn refunds_under_new_numbers_move_too_much() {
    let (seed, count) = (seed(), 100);
    println!("WECHATPAY_SEED={seed}");
    let moved = refunds(seed, count, refund_naively);
    assert!(moved > REFUND.0 * as_u64(count), "seed {seed}: the damage does no damage");
}

#[test]
fn three_hundred_purchases_by_the_book_are_paid_once() {
    let (seed, count) = (seed(), count(300));
    println!("WECHATPAY_SEED={seed}");
    let moved = purchases(seed, count, purchase_by_the_book);
    assert_eq!(moved, PRICE.0 * as_u64(count), "seed {seed}");
}

#[test]
fn purchases_under_new_numbers_are_paid_twice() {
    let (seed, count) = (seed(), 100);
    println!("WECHATPAY_SEED={seed}");
    let moved = purchases(seed, count, purchase_naively);
    assert!(moved > PRICE.0 * as_u64(count), "seed {seed}: the damage does no damage");
}

// The callers.

/// A merchant whose line is bad.
struct Merchant<'a>(&'a Sandbox);

impl Merchant<'_> {
    /// Damages three of ten responses. The damage may hit the call of another thread.
    fn damage(&self, random: &mut Random) {
        let Self(sandbox) = self;
        match random.below(20) {
            // Before the money moves.
            0 => sandbox.refuse_next(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用"),
            1 => sandbox.refuse_next(503, "", ""),
            2 => {
                sandbox.refuse_next(500, "BANK_ERROR", "");
                sandbox.tamper_next(|response| response.status = 0);
            }
            // After it.
            3 => sandbox.tamper_next(|response| response.status = 0),
            4 => sandbox.tamper_next(|response| response.set_header("Content-Length", "5000")),
            5 => sandbox.tamper_next(|response| response.body.push(b' ')),
            _ => {}
        }
    }

    fn apply(&self, random: &mut Random, refund: &Refund) -> Result<refund::State, Error> {
        self.damage(random);
        refund::apply(self.0.signer(), self.0.gateway(), refund)
    }

    fn place(&self, random: &mut Random, order: &Order) -> Result<(), Error> {
        self.damage(random);
        app::prepay(self.0.signer(), self.0.gateway(), order).map(drop)
    }

    fn is_paid(&self, random: &mut Random, order: &Order) -> Result<bool, Error> {
        self.damage(random);
        let transaction = pay::query(self.0.signer(), self.0.gateway(), &order.out_trade_no)?;
        Ok(transaction.paid(self.0.signer().mchid(), order).is_ok())
    }
}

/// The same refund until its state is known.
fn refund_by_the_book(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let refund = refund_of(index, &format!("book-{index}"));
    until_known(merchant, random, &refund, |random| merchant.apply(random, &refund));
}

/// Likewise, where each call may be made on two hosts: both lead to the same books.
fn refund_over_two_hosts(
    merchant: &Merchant<'_>,
    random: &mut Random,
    index: usize,
    standby: &AtomicUsize,
) {
    let refund = refund_of(index, &format!("hosts-{index}"));
    let (signer, gateway) = (merchant.0.signer(), merchant.0.gateway());
    let hosts = Failover::new(gateway.clone(), gateway.clone());
    until_known(merchant, random, &refund, |random| {
        merchant.damage(random);
        let answered = hosts.call(signer, &refund, refund::apply);
        if answered.host == Host::Standby {
            standby.fetch_add(1, Ordering::SeqCst);
        }
        answered.result
    });
}

fn until_known(
    merchant: &Merchant<'_>,
    random: &mut Random,
    refund: &Refund,
    apply: impl Fn(&mut Random) -> Result<refund::State, Error>,
) {
    for _ in 0..ATTEMPTS {
        let Err(error) = apply(random) else { return };
        match (error.outcome(), error.retry()) {
            (Outcome::Unknown | Outcome::NotSent, Retry::SameRequest) => {}
            (Outcome::Unknown, Retry::QueryFirst) => {
                merchant.damage(random);
                let (signer, gateway) = (merchant.0.signer(), merchant.0.gateway());
                // A refund that is not found is not conclusive.
                if refund::query(signer, gateway, &refund.out_refund_no).is_ok() {
                    return;
                }
            }
            verdict => panic!("{verdict:?}: {error}"),
        }
    }
    panic!("no end");
}

fn refund_naively(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let numbers = (0..ATTEMPTS).map(|attempt| format!("naive-{index}-{attempt}"));
    let mut refunds = numbers.map(|number| refund_of(index, &number));
    refunds.find(|refund| merchant.apply(random, refund).is_ok()).unwrap();
}

/// Sends the same order until it exists, then repeats the same query until it succeeds.
fn purchase_by_the_book(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let order = order(merchant.0, &format!("purchase-{index}"));
    until_true(|| merchant.place(random, &order).map(|()| true));
    merchant.0.pay(order.out_trade_no.as_str()).unwrap();
    until_true(|| merchant.is_paid(random, &order));
}

fn until_true(mut ask: impl FnMut() -> Result<bool, Error>) {
    let answers = (0..ATTEMPTS).map(|_| ask());
    let errors = answers.take_while(|response| *response != Ok(true));
    for response in errors {
        let error = response.expect_err("neither placed nor paid");
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        assert_ne!(error.retry(), Retry::Never, "{error}");
    }
}

/// Whenever something goes wrong, the payer is asked to pay a new order.
fn purchase_naively(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let numbers = (0..ATTEMPTS).map(|attempt| format!("naive-{index}-{attempt}"));
    let mut orders = numbers.map(|number| order(merchant.0, &number));
    let paid = orders.find(|order| {
        merchant.place(random, order).is_ok() && {
            merchant.0.pay(order.out_trade_no.as_str()).unwrap();
            merchant.is_paid(random, order).is_ok()
        }
    });
    paid.unwrap();
}

// The money that moved, according to the sandbox.

fn refunds(
    seed: u64,
    count: usize,
    caller: impl Fn(&Merchant<'_>, &mut Random, usize) + Sync,
) -> u64 {
    let sandbox = start();
    let orders = count.div_ceil(REFUNDS_OF_AN_ORDER);
    for index in 0..orders {
        let mut order = order(&sandbox, &refunded(index));
        order.total = TOTAL;
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
        sandbox.pay(order.out_trade_no.as_str()).unwrap();
    }
    call_from_many_threads(&sandbox, seed, count, &caller);

    let mut of_order = BTreeMap::<OutTradeNo, u64>::new();
    for number in every_number(&sandbox, "/v3/refund/domestic/refunds", "out_refund_no") {
        let number = OutRefundNo::new(number).unwrap();
        let query = || refund::query(sandbox.signer(), sandbox.gateway(), &number);
        if let Some(state) = until_certain(query) {
            assert_eq!(state.status, Status::Processing);
            *of_order.entry(state.out_trade_no).or_default() += state.amount.refund.0;
        }
    }
    // The rest of each order agrees: exactly that amount can still be refunded.
    for (index, (order, fen)) in of_order.iter().enumerate() {
        let apply = |number: String, refund| {
            let number = OutRefundNo::new(number).unwrap();
            let refund = Refund::new(number, order.clone(), refund, TOTAL);
            until_certain(|| refund::apply(sandbox.signer(), sandbox.gateway(), &refund))
        };
        assert!(apply(format!("rest-{index}"), Fen(TOTAL.0 - fen)).is_some(), "{order}: {fen}");
        assert!(apply(format!("more-{index}"), Fen(1)).is_none(), "{order}: {fen}");
    }
    of_order.values().sum()
}

fn purchases(
    seed: u64,
    count: usize,
    caller: impl Fn(&Merchant<'_>, &mut Random, usize) + Sync,
) -> u64 {
    let sandbox = start();
    call_from_many_threads(&sandbox, seed, count, &caller);
    every_number(&sandbox, "/v3/pay/transactions/app", "out_trade_no")
        .iter()
        .filter_map(|number| {
            let number = OutTradeNo::new(number).unwrap();
            until_certain(|| pay::query(sandbox.signer(), sandbox.gateway(), &number))
        })
        .filter(|transaction| transaction.trade_state == TradeState::Success)
        .map(|transaction| transaction.amount.unwrap().total.unwrap().0)
        .sum()
}

fn call_from_many_threads(
    sandbox: &Sandbox,
    seed: u64,
    count: usize,
    caller: &(impl Fn(&Merchant<'_>, &mut Random, usize) + Sync),
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let next = &next;
            scope.spawn(move || {
                let mut random = Random::new(seed.wrapping_add(as_u64(thread)));
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    if index >= count {
                        break;
                    }
                    caller(&Merchant(sandbox), &mut random, index);
                }
            });
        }
    });
    let calls = sandbox.received().len();
    assert!(calls > count * 11 / 10, "only {calls} calls: nothing was damaged");
}

/// Every number that ever arrived at this path.
fn every_number(sandbox: &Sandbox, path: &str, name: &str) -> BTreeSet<String> {
    let received = sandbox.received();
    let bodies = received.iter().filter(|request| request.path == path).map(|request| {
        serde_json::from_slice::<Value>(&request.body).unwrap()[name].as_str().unwrap().to_owned()
    });
    bodies.collect()
}

/// The result after the last damage is used up; `None` if the call is refused.
fn until_certain<T>(ask: impl Fn() -> Result<T, Error>) -> Option<T> {
    for _ in 0..ATTEMPTS {
        match ask() {
            Ok(result) => return Some(result),
            Err(error) if error.outcome() == Outcome::Unknown => {}
            Err(error) if error.api().is_some() => {
                let error = error.api().unwrap();
                let known =
                    [Code::RESOURCE_NOT_EXISTS, Code::ORDER_NOT_EXIST, Code::INVALID_REQUEST];
                assert!(error.signed && known.contains(&error.code), "{error}");
                return None;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no end");
}

fn refund_of(index: usize, number: &str) -> Refund {
    let order = OutTradeNo::new(refunded(index / REFUNDS_OF_AN_ORDER)).unwrap();
    Refund::new(OutRefundNo::new(number).unwrap(), order, REFUND, TOTAL)
}

fn refunded(index: usize) -> String {
    format!("refunded-{index}")
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap()
}

/// More than even the naive caller gives back.
const TOTAL: Fen = Fen(1_000_000);
