//! Splits and returns under faults: each receiver gets what it is owed, and nothing stays frozen.

use std::collections::BTreeMap;

use wechatpay::profit_sharing::{
    self, NewReceiver, Receiver, RelationType, Remainder, Return, ReturnResult, Share, Split,
    Unfreeze,
};
use wechatpay::{
    Error, Fen, OutOrderNo, OutReturnNo, OutUnfreezeNo, Outcome, Retry, TransactionId,
};
use wechatpay_sandbox::Sandbox;

use super::{ATTEMPTS, Merchant, call_from_many_threads, count, until_certain};
use crate::profit_sharing::{RECEIVER, encrypted, shared_order, transaction_id_of};
use crate::properties::{Random, seed};
use crate::support::start;

const SHARE: Fen = Fen(100);
const RETURNED: Fen = Fen(30);
const SPLITS_OF_AN_ORDER: usize = 20;
/// 30 % of it suffice for what is split naively.
const TOTAL: Fen = Fen(1_000_000);

#[test]
fn splits_and_returns_by_the_book_move_what_is_owed() {
    let (seed, count) = (seed(), count(200));
    println!("WECHATPAY_SEED={seed}");
    let shop = Shop::open(count);
    call_from_many_threads(&shop.sandbox, seed, count, &|merchant, random, index| {
        shop.split_by_the_book(merchant, random, index);
    });
    shop.sandbox.let_time_pass(60);
    let results = &shop;
    call_from_many_threads(&shop.sandbox, seed ^ 1, count, &|merchant, random, index| {
        results.return_by_the_book(merchant, random, index);
    });
    let owed = (SHARE.0 - RETURNED.0) * u64::try_from(count).unwrap();
    assert_eq!(shop.received(), owed, "seed {seed}");
    assert_eq!(shop.unfreeze_everything(), 0, "seed {seed}");
}

#[test]
fn splits_under_new_numbers_pay_too_much() {
    let (seed, count) = (seed(), 100);
    println!("WECHATPAY_SEED={seed}");
    let shop = Shop::open(count);
    call_from_many_threads(&shop.sandbox, seed, count, &|merchant, random, index| {
        shop.split_naively(merchant, random, index);
    });
    shop.sandbox.let_time_pass(60);
    let owed = SHARE.0 * u64::try_from(count).unwrap();
    assert!(shop.received() > owed, "seed {seed}: the damage does no damage");
}

/// A sandbox with orders that were paid for sharing, and a receiver.
struct Shop {
    sandbox: Sandbox,
    orders: Vec<TransactionId>,
    receiver: Receiver,
}

impl Shop {
    fn open(count: usize) -> Self {
        let sandbox = start();
        let numbers: Vec<_> = (0..count.div_ceil(SPLITS_OF_AN_ORDER))
            .map(|index| format!("shared-{index}"))
            .collect();
        for number in &numbers {
            let order = shared_order(&sandbox, number, TOTAL);
            wechatpay::pay::app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
            sandbox.pay(number).unwrap();
        }
        let orders = numbers.iter().map(|number| transaction_id_of(&sandbox, number)).collect();
        sandbox.take_notifications();
        sandbox.let_time_pass(60);
        // Encrypted once: the same split is the same bytes.
        let name = encrypted(&sandbox, "示例供应商有限公司");
        let receiver = Receiver::merchant(RECEIVER, name).unwrap();
        let new = NewReceiver::new(sandbox.appid(), receiver.clone(), RelationType::Supplier);
        profit_sharing::add_receiver(sandbox.signer(), sandbox.gateway(), &new).unwrap();
        Self { sandbox, orders, receiver }
    }

    fn split_of(&self, index: usize, number: &str) -> Split {
        let shares = vec![Share::new(self.receiver.clone(), SHARE, "分给供应商")];
        let id = self.orders[index / SPLITS_OF_AN_ORDER].clone();
        let number = OutOrderNo::new(number).unwrap();
        Split::new(id, number, shares, Remainder::StaysFrozen)
    }

    /// The same split until its state is known.
    fn split_by_the_book(&self, merchant: &Merchant<'_>, random: &mut Random, index: usize) {
        let split = self.split_of(index, &format!("book-{index}"));
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        until_known(
            merchant,
            random,
            || profit_sharing::split(signer, gateway, &split).map(drop),
            || {
                let (number, id) = (&split.out_order_no, &split.transaction_id);
                profit_sharing::query_split(signer, gateway, number, id).map(drop)
            },
        );
    }

    fn return_by_the_book(&self, merchant: &Merchant<'_>, random: &mut Random, index: usize) {
        let split = OutOrderNo::new(format!("book-{index}")).unwrap();
        let number = OutReturnNo::new(format!("return-{index}")).unwrap();
        let returned = Return::new(number, split.clone(), RECEIVER, RETURNED, "用户退款").unwrap();
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        until_known(
            merchant,
            random,
            || {
                let state = profit_sharing::return_share(signer, gateway, &returned)?;
                assert_eq!(state.result, ReturnResult::Success);
                Ok(())
            },
            || {
                let number = &returned.out_return_no;
                profit_sharing::query_return(signer, gateway, number, &split).map(drop)
            },
        );
    }

    fn split_naively(&self, merchant: &Merchant<'_>, random: &mut Random, index: usize) {
        let numbers = (0..ATTEMPTS).map(|attempt| format!("naive-{index}-{attempt}"));
        let mut splits = numbers.map(|number| self.split_of(index, &number));
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        let is_done = splits.any(|split| {
            merchant.damage(random);
            profit_sharing::split(signer, gateway, &split).is_ok()
        });
        assert!(is_done);
    }

    /// The receiver's money, according to the sandbox.
    fn received(&self) -> u64 {
        let mut of_split = BTreeMap::<String, u64>::new();
        for split in self.sandbox.splits() {
            for share in split.receivers.iter().filter(|share| share.result == "SUCCESS") {
                *of_split.entry(split.out_order_no.clone()).or_default() += share.amount.0;
            }
        }
        for returned in self.sandbox.returns().iter().filter(|it| it.result == "SUCCESS") {
            *of_split.get_mut(&returned.out_order_no).unwrap() -= returned.amount.0;
        }
        of_split.values().sum()
    }

    /// Unfreezes the rest of each order, and returns what is frozen then.
    fn unfreeze_everything(&self) -> u64 {
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        for (index, id) in self.orders.iter().enumerate() {
            let number = OutUnfreezeNo::new(format!("rest-{index}")).unwrap();
            let unfreeze = Unfreeze::new(id.clone(), number, "解冻全部剩余资金");
            let state = until_certain(|| profit_sharing::unfreeze(signer, gateway, &unfreeze));
            assert!(state.is_some());
        }
        self.sandbox.let_time_pass(60);
        self.orders
            .iter()
            .map(|id| profit_sharing::amount_left(signer, gateway, id).unwrap().0)
            .sum()
    }
}

fn until_known(
    merchant: &Merchant<'_>,
    random: &mut Random,
    request: impl Fn() -> Result<(), Error>,
    query: impl Fn() -> Result<(), Error>,
) {
    for _ in 0..ATTEMPTS {
        merchant.damage(random);
        let Err(error) = request() else { return };
        match (error.outcome(), error.retry()) {
            (Outcome::Unknown | Outcome::NotSent, Retry::SameRequest) => {}
            (Outcome::Unknown, Retry::QueryFirst) => {
                merchant.damage(random);
                // A split that is not found is not conclusive.
                if query().is_ok() {
                    return;
                }
            }
            verdict => panic!("{verdict:?}: {error}"),
        }
    }
    panic!("no end");
}
