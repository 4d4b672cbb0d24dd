//! Bills (账单), downloaded to a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use wechatpay::bill::{self, AccountType, BillType, Date};

use crate::failure::Result;
use crate::output::Output;
use crate::output_file::check_out;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 下载账单: downloads a bill and checks its digest
    #[command(subcommand)]
    Bill(Kind),
}

#[derive(Subcommand)]
pub(crate) enum Kind {
    /// 交易账单: trade bill. TYPE is ALL (default), SUCCESS or REFUND
    Trade(Wanted),
    /// 资金账单: fund flow bill. TYPE is BASIC (default), OPERATION or FEES
    FundFlow(Wanted),
}

#[derive(Args)]
pub(crate) struct Wanted {
    /// 账单日期: day of the bill, in Beijing time
    #[arg(value_name = "YYYY-MM-DD")]
    date: String,
    /// 账单类型 or 资金账户类型: type of bill or account
    #[arg(long)]
    r#type: Option<String>,
    /// Downloads the bill compressed; the file is not compressed
    #[arg(long)]
    gzip: bool,
    /// File to write the bill to
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let Self::Bill(kind) = self;
        Output::read(download(session, kind))
    }
}

fn download(session: &Session, kind: Kind) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    let (Kind::Trade(wanted) | Kind::FundFlow(wanted)) = &kind;
    let (date, out) = (wanted.date.parse::<Date>()?, wanted.out.clone());
    check_out(&out)?;
    let link = match kind {
        Kind::Trade(wanted) => {
            let mut request = bill::Trade::new(date);
            request.bill_type = wanted.r#type.map(BillType::from);
            request.compressed = wanted.gzip;
            bill::trade(signer, gateway, &request)?
        }
        Kind::FundFlow(wanted) => {
            let mut request = bill::FundFlow::new(date);
            request.account_type = wanted.r#type.map(AccountType::from);
            request.compressed = wanted.gzip;
            bill::fund_flow(signer, gateway, &request)?
        }
    };
    // On standard error, and only if that is a terminal. The length is not known beforehand.
    let style = ProgressStyle::with_template("{spinner} {bytes} ({bytes_per_sec})");
    let bar = ProgressBar::new_spinner();
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let length =
        bill::download_to(signer, gateway, &link, &out, &mut |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let file = out.display().to_string();
    Ok(json!({"file": file, "bytes": length?, "hash_type": "SHA1", "hash_value": link.sha1()}))
}
