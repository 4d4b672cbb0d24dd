//! Splits the money of an order (分账) in the sandbox: between a merchant and a person, of whom one is not paid; then
//! takes some of it back, unfreezes the rest, and refunds the payer.
//!
//! ```text
//! cargo run --example profit_sharing
//! ```
//!
//! With the feature `aws-lc-rs` the merchant's name is encrypted here. Without it, a stored ciphertext takes its place:
//! ring has no RSA encryption.
#![allow(clippy::print_stdout, reason = "this program has a human reader")]

use std::error::Error;

use wechatpay::encryption::Encrypted;
use wechatpay::pay::{self, SettleInfo, app};
use wechatpay::profit_sharing::{
    self, NewReceiver, Receiver, RelationType, Remainder, Return, Share, Split, Unfreeze,
};
use wechatpay::refund::{self, Refund};
use wechatpay::{Fen, OpenId, OutOrderNo, OutRefundNo, OutReturnNo, OutUnfreezeNo};
use wechatpay_sandbox::Sandbox;

const SUPPLIER: &str = "1900009191";

fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start()?;
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());

    // 1. An order with the flag. It cannot be added later.
    let mut order = sandbox.order("20150806125346")?;
    order.total = Fen(1000);
    let mut settle_info = SettleInfo::default();
    settle_info.profit_sharing = Some(true);
    order.settle_info = Some(settle_info);
    app::prepay(signer, gateway, &order)?;
    sandbox.pay(order.out_trade_no.as_str())?;
    let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
    let paid = transaction.paid(signer, &order)?;
    let id = paid.transaction_id().clone();
    let left = profit_sharing::amount_left(signer, gateway, &id)?;
    println!("paid as {id}; {left} yuan are frozen");

    // 2. Receivers are added once.
    let supplier = Receiver::merchant(SUPPLIER, encrypted(&sandbox, "示例供应商有限公司")?)?;
    let person = Receiver::openid(&OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
    for (receiver, relation) in
        [(&supplier, RelationType::Supplier), (&person, RelationType::Staff)]
    {
        let receiver = NewReceiver::new(sandbox.appid(), receiver.clone(), relation);
        profit_sharing::add_receiver(signer, gateway, &receiver)?;
    }

    // 3. A minute or more after the payment: the split. Store its bytes and the serial number before the call.
    sandbox.let_time_pass(60);
    let shares = vec![
        Share::new(supplier, Fen(200), "分给供应商"),
        Share::new(person.clone(), Fen(50), "员工提成"),
    ];
    let number = OutOrderNo::new("20150806125346-1")?;
    let mut split = Split::new(id.clone(), number, shares, Remainder::StaysFrozen);
    split.appid = Some(sandbox.appid());
    let stored = (split.to_json(signer)?, split.encryption_serial().map(str::to_owned));
    println!("stored {} bytes, key {:?}", stored.0.len(), stored.1);
    sandbox.fail_receiver(person.account().account(), Some("RECEIVER_REAL_NAME_NOT_VERIFIED"));
    let state = profit_sharing::split(signer, gateway, &split)?;
    println!("split {}: {}", state.out_order_no, state.progress);

    // 4. There is no notification: query until every result is final. FINISHED alone means nothing.
    sandbox.let_time_pass(60);
    let state = profit_sharing::query_split(signer, gateway, &split.out_order_no, &id)?;
    for share in state.settled() {
        println!("{} got {} yuan", share.account, share.amount);
    }
    for share in state.closed() {
        println!("{} did not get {} yuan: {:?}", share.account, share.amount, share.result);
    }

    // 5. The supplier gives some of it back.
    let number = OutReturnNo::new("20150806125346-2")?;
    let returned = Return::new(number, split.out_order_no, SUPPLIER, Fen(80), "用户退款")?;
    let state = profit_sharing::return_share(signer, gateway, &returned)?;
    println!("return {}: {}", state.out_return_no, state.result);

    // 6. The rest, under a number that no split has used.
    let number = OutUnfreezeNo::new("20150806125346-3")?;
    let unfreeze = Unfreeze::new(id.clone(), number, "解冻全部剩余资金");
    profit_sharing::unfreeze(signer, gateway, &unfreeze)?;
    sandbox.let_time_pass(60);
    let state = profit_sharing::query_unfreeze(signer, gateway, &unfreeze)?;
    println!("unfrozen: {} yuan", state.unfrozen().unwrap_or_default());
    let left = profit_sharing::amount_left(signer, gateway, &id)?;
    println!("left to be split: {left} yuan");

    // 7. The payer's money comes from the available balance now.
    let number = OutRefundNo::new("20150806125346-4")?;
    let refund = Refund::new(number, order.out_trade_no, Fen(500), order.total);
    let state = refund::apply(signer, gateway, &refund)?;
    println!("refund {}: {}", state.out_refund_no, state.status);
    Ok(())
}

#[cfg(feature = "aws-lc-rs")]
fn encrypted(sandbox: &Sandbox, name: &str) -> Result<Encrypted, wechatpay::Error> {
    sandbox.gateway().keys().encryptor()?.encrypt(name)
}

/// The sandbox of this build does not decrypt it.
#[cfg(not(feature = "aws-lc-rs"))]
fn encrypted(sandbox: &Sandbox, _name: &str) -> Result<Encrypted, wechatpay::Error> {
    Encrypted::new(sandbox.public_key_id(), "q6urq".repeat(68) + "q6s=")
}
