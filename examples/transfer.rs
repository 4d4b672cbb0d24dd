//! Transfers one yuan to a user in the sandbox, although the first response is lost, and shows each step.
//!
//! ```text
//! cargo run --example transfer
//! ```
//!
//! The transfer goes to a sandbox that this program starts.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program has a human reader")]

use std::error::Error;
use std::process::ExitCode;

use wechatpay::transfer::{self, Created, Scene, Transfer};
use wechatpay::{Fen, Gateway, OpenId, OutBillNo, Retry, Signer, Time};
use wechatpay_sandbox::{Fault, Sandbox};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start()?;
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());

    // A merchant takes the number from its own records.
    let number = OutBillNo::new(format!("demo{}", Time::now()?.unix_seconds()))?;
    let openid = OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?;
    let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
    let transfer =
        Transfer::new(sandbox.appid(), number, openid, scene, Fen(100), "新会员开通有礼");
    let stored = (transfer.to_json(signer)?, transfer.encryption_serial().map(str::to_owned));
    println!("== Transfer, stored before the call\n{}", String::from_utf8_lossy(&stored.0));

    sandbox.fault_next(Fault::ResetAfterTheRequest);
    let transfer = Transfer::from_json(signer, &stored.0, stored.1.as_deref())?;
    let created = create(signer, gateway, &transfer)?;
    println!("\n== Created: {} {}", created.transfer_bill_no, created.state);
    println!("requests: {}, transfers: {}", sandbox.received().len(), sandbox.transfers().len());

    let package_info = created.package_info.ok_or("not to be confirmed yet: create it again")?;
    println!("\n== For the page or mini-program, to let the user confirm");
    let parameters = transfer::invoke(signer, &transfer, &package_info);
    println!("{}", serde_json::to_string_pretty(&parameters)?);
    println!("for the app: {}", transfer::invoke_app(signer, &transfer, &package_info));

    sandbox.confirm_transfer(transfer.out_bill_no.as_str())?;
    let bill = transfer::query(signer, gateway, &transfer.out_bill_no)?;
    println!("\n== After the user confirmed\n{}: {} yuan", bill.state, bill.transfer_amount);
    if let Err(reason) = transfer.ended(signer, &bill) {
        println!("a new number? {reason}");
    }
    Ok(())
}

/// Creates the same transfer until its result is known, or a retry does not help.
fn create(
    signer: &dyn Signer,
    gateway: &Gateway,
    transfer: &Transfer,
) -> Result<Created, wechatpay::Error> {
    for _ in 0..3 {
        match transfer::create(signer, gateway, transfer) {
            Err(error) if error.retry() == Retry::SameRequest => println!("\n== {error}"),
            result => return result,
        }
    }
    transfer::create(signer, gateway, transfer)
}
