//! Bills, fetched into a file.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use wechatpay::bill::{self, AccountType, BillType, Date};

use crate::Result;
use crate::command::Bill;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn fetch(session: &Session, bill: &Bill) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    let date: Date = bill.date.parse()?;
    // It is only looked whether one can be written there.
    Output::open(&bill.out)?;
    let link = if bill.is_fund_flow {
        let mut wanted = bill::FundFlow::new(date);
        wanted.account_type = bill.r#type.clone().map(AccountType::from);
        wanted.compressed = bill.gzip;
        bill::fund_flow(signer, gateway, &wanted)?
    } else {
        let mut wanted = bill::Trade::new(date);
        wanted.bill_type = bill.r#type.clone().map(BillType::from);
        wanted.compressed = bill.gzip;
        bill::trade(signer, gateway, &wanted)?
    };
    // On the standard error, and only if that is a terminal. The length is not told beforehand.
    let style = ProgressStyle::with_template("{spinner} {bytes} ({bytes_per_sec})");
    let bar = ProgressBar::new_spinner();
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let length =
        bill::download_to(signer, gateway, &link, &bill.out, &mut |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let file = bill.out.display().to_string();
    Ok(json!({"file": file, "bytes": length?, "hash_type": "SHA1", "hash_value": link.sha1()}))
}
