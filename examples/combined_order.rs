//! Places a combined order (合单) in the sandbox, pays it, and refunds one of its sub-orders.
//!
//! ```text
//! cargo run --example combined_order
//! ```
#![allow(clippy::print_stdout, reason = "this program has a human reader")]

use std::error::Error;

use wechatpay::combine::{self, Order, SubOrder};
use wechatpay::refund::{self, Refund};
use wechatpay::{Fen, OutRefundNo, OutTradeNo, pay};
use wechatpay_sandbox::Sandbox;

fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start()?;
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());

    // One payment for two merchants: the one that signs and another one.
    let order = Order::new(
        sandbox.appid(),
        OutTradeNo::new("20150806125345")?,
        vec![
            SubOrder::new(
                sandbox.mchid(),
                OutTradeNo::new("20150806125346")?,
                "腾讯充值中心-QQ会员充值",
                Fen(10),
                "深圳分店",
            ),
            SubOrder::new(
                "1900009191",
                OutTradeNo::new("20150806125347")?,
                "腾讯充值中心-微信充值",
                Fen(20),
                "广州分店",
            ),
        ],
        sandbox.notify_url(),
    );
    let prepay_id = combine::app::prepay(signer, gateway, &order)?;
    println!("prepay_id: {prepay_id}");
    let parameters = pay::app::invoke(signer, &order, &prepay_id)?;
    println!("for the app: {}", serde_json::to_string_pretty(&parameters)?);

    sandbox.pay(order.combine_out_trade_no.as_str())?;
    let transaction = combine::query(signer, gateway, &order.combine_out_trade_no)?;
    // Each sub-order is compared with its order.
    let paid = transaction.paid(sandbox.mchid(), &order)?;
    for part in &paid {
        println!(
            "paid: {} {} yuan, as {}",
            part.out_trade_no(),
            part.total(),
            part.transaction_id()
        );
    }

    // The merchant of a sub-order refunds it, with a refund number of its own.
    if let Some(part) = paid.first() {
        let number = OutRefundNo::new("20150806125346-1")?;
        let refund = Refund::new(number, part.out_trade_no().clone(), Fen(4), part.total());
        let taken = refund::apply(signer, gateway, &refund)?;
        println!("refund {}: {}", taken.out_refund_no, taken.status);
        sandbox.succeed_refund(refund.out_refund_no.as_str())?;
        let done = refund::query(signer, gateway, &refund.out_refund_no)?;
        println!("refund {}: {}, {} yuan", done.out_refund_no, done.status, done.amount.refund);
    }
    Ok(())
}
