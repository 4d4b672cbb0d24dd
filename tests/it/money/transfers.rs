//! Transfers: with the user's confirmation, and under an authorization, where the first request pays.

use wechatpay::transfer::authorization::{self, AuthorizedTransfer};
use wechatpay::transfer::{self, BillState, Scene, Transfer};
use wechatpay::{Error, Fen, OpenId, OutAuthorizationNo, OutBillNo, Outcome, Retry};
use wechatpay_sandbox::Sandbox;

use super::{ATTEMPTS, Merchant, as_u64, call_from_many_threads, count};
use crate::properties::{Random, seed};
use crate::support::start;

const AMOUNT: Fen = Fen(100);
const AUTHORIZATION: &str = "money";

#[test]
fn transfers_by_the_book_are_paid_once() {
    let (seed, count) = (seed(), count(200));
    println!("WECHATPAY_SEED={seed}");
    let moved = transfers(seed, count, transfer_by_the_book);
    assert_eq!(moved, AMOUNT.0 * as_u64(count), "seed {seed}");
}

#[test]
fn transfers_under_new_numbers_are_paid_twice() {
    let (seed, count) = (seed(), 100);
    println!("WECHATPAY_SEED={seed}");
    let moved = transfers(seed, count, transfer_naively);
    assert!(moved > AMOUNT.0 * as_u64(count), "seed {seed}: the damage does no damage");
}

/// The money that was paid, according to the sandbox. Every second transfer is paid under an authorization.
fn transfers(
    seed: u64,
    count: usize,
    caller: impl Fn(&Merchant<'_>, &mut Random, usize) + Sync,
) -> u64 {
    let sandbox = start();
    authorize(&sandbox);
    call_from_many_threads(&sandbox, seed, count, &caller);
    let paid = sandbox.transfers().into_iter().filter(|transfer| transfer.state == "SUCCESS");
    paid.map(|transfer| transfer.transfer_amount.0).sum()
}

/// The same transfer until its result is known.
fn transfer_by_the_book(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let number = format!("book{index}");
    if index % 2 == 1 {
        let transfer = authorized(merchant.0, &number);
        let paid = until_known(|| pay(merchant, random, &transfer));
        let paid = paid.unwrap_or_else(|| until_queried(merchant, random, &transfer.out_bill_no));
        assert_eq!(paid, BillState::Success);
        return;
    }
    let transfer = confirmed(merchant.0, &number);
    let shown = until_known(|| create(merchant, random, &transfer));
    assert_eq!(shown, Some(true), "{number}");
    merchant.0.confirm_transfer(&number).unwrap();
    assert_eq!(until_queried(merchant, random, &transfer.out_bill_no), BillState::Success);
}

/// Whenever something goes wrong, a new transfer.
fn transfer_naively(merchant: &Merchant<'_>, random: &mut Random, index: usize) {
    let mut numbers = (0..ATTEMPTS).map(|attempt| format!("naive{index}x{attempt}"));
    let is_paid = |number: String| {
        if index % 2 == 1 {
            return pay(merchant, random, &authorized(merchant.0, &number)).is_ok();
        }
        let transfer = confirmed(merchant.0, &number);
        create(merchant, random, &transfer).is_ok() && {
            merchant.0.confirm_transfer(&number).unwrap();
            query(merchant, random, &transfer.out_bill_no).is_ok()
        }
    };
    assert!(numbers.any(is_paid));
}

/// `None` if there is a transfer with this number, which has ended.
fn until_known<T>(mut call: impl FnMut() -> Result<T, Error>) -> Option<T> {
    for _ in 0..ATTEMPTS {
        let error = match call() {
            Ok(known) => return Some(known),
            Err(error) => error,
        };
        match (error.outcome(), error.retry()) {
            (Outcome::Unknown | Outcome::NotSent, Retry::SameRequest) => {}
            (Outcome::Refused, Retry::QueryFirst) => return None,
            other => panic!("{other:?}: {error}"),
        }
    }
    panic!("no end");
}

fn until_queried(merchant: &Merchant<'_>, random: &mut Random, number: &OutBillNo) -> BillState {
    let found = (0..ATTEMPTS).find_map(|_| match query(merchant, random, number) {
        Ok(state) => Some(state),
        Err(error) => {
            assert_eq!((error.outcome(), error.is_read()), (Outcome::Unknown, true), "{error}");
            None
        }
    });
    found.unwrap()
}

/// Whether the user can be shown the page.
fn create(
    merchant: &Merchant<'_>,
    random: &mut Random,
    transfer: &Transfer,
) -> Result<bool, Error> {
    merchant.damage(random);
    let created = transfer::create(merchant.0.signer(), merchant.0.gateway(), transfer)?;
    Ok(created.package_info.is_some())
}

fn pay(
    merchant: &Merchant<'_>,
    random: &mut Random,
    transfer: &AuthorizedTransfer,
) -> Result<BillState, Error> {
    merchant.damage(random);
    let bill = authorization::transfer(merchant.0.signer(), merchant.0.gateway(), transfer)?;
    Ok(bill.state)
}

fn query(
    merchant: &Merchant<'_>,
    random: &mut Random,
    number: &OutBillNo,
) -> Result<BillState, Error> {
    merchant.damage(random);
    Ok(transfer::query(merchant.0.signer(), merchant.0.gateway(), number)?.state)
}

fn authorize(sandbox: &Sandbox) {
    let number = OutAuthorizationNo::new(AUTHORIZATION).unwrap();
    let url = sandbox.notify_url();
    let request = authorization::AuthorizationRequest::new(
        number,
        sandbox.appid(),
        openid(),
        "1000",
        "李四",
        url,
    );
    authorization::request(sandbox.signer(), sandbox.gateway(), &request).unwrap();
    sandbox.confirm_authorization(AUTHORIZATION).unwrap();
}

fn confirmed(sandbox: &Sandbox, number: &str) -> Transfer {
    let number = OutBillNo::new(number).unwrap();
    Transfer::new(sandbox.appid(), number, openid(), scene(), AMOUNT, "新会员开通有礼")
}

fn authorized(sandbox: &Sandbox, number: &str) -> AuthorizedTransfer {
    let authorization = OutAuthorizationNo::new(AUTHORIZATION).unwrap();
    let number = OutBillNo::new(number).unwrap();
    AuthorizedTransfer::new(authorization, sandbox.appid(), number, scene(), AMOUNT, "有礼")
}

fn openid() -> OpenId {
    OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()
}

fn scene() -> Scene {
    Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖")
}
