//! 对账: compares the trade bill (交易账单) of a day with the database, row by row.
//!
//! Notifications and queries tell the shop what WeChat Pay did. The bill is the third source, and the only one that
//! shows what the shop does not know.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use wechatpay::bill::{self, Date, RowState, TradeBill, TradeRow};
use wechatpay::{Code, Fen};

use crate::database::Database;
use crate::error::Result;
use crate::merchant::Merchant;

/// Downloads the bill of a day into the folder and returns its differences from the database, for people.
pub(crate) fn reconcile(
    database: &Database,
    merchant: &Merchant,
    folder: &Path,
    date: Date,
) -> Result<Vec<String>> {
    let mut day = Day::read(database.rows(), date)?;
    let mut differences = Vec::new();
    if let Some(path) = download(merchant, folder, date)? {
        let mut bill = TradeBill::new(BufReader::new(File::open(path)?))?;
        for row in &mut bill {
            differences.extend(day.compare(database.rows(), &row?)?);
        }
        // Compares the totals with the rows: none is missing.
        bill.finish()?;
    }
    differences.extend(day.missing());
    Ok(differences)
}

/// Downloads the bill, if there is one. The file appears when it is complete and its hash was checked; an interrupted
/// download leaves none.
fn download(merchant: &Merchant, folder: &Path, date: Date) -> Result<Option<PathBuf>> {
    let (signer, gateway) = (&merchant.signer, &merchant.gateway);
    let mut request = bill::Trade::new(date);
    request.compressed = true;
    let link = match bill::trade(signer, gateway, &request) {
        Ok(link) => link,
        // A day without a payment and without a refund.
        Err(error) if error.api().is_some_and(|api| api.code == Code::NO_STATEMENT_EXIST) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("trade-{date}.csv"));
    bill::download_to(signer, gateway, &link, &path, &mut |_bytes| ())?;
    Ok(Some(path))
}

/// What the database has of a day and the bill has not shown yet: numbers and amounts.
struct Day {
    payments: BTreeMap<String, Fen>,
    refunds: BTreeMap<String, Fen>,
}

impl Day {
    fn read(rows: &Connection, date: Date) -> Result<Self> {
        let start = date.start().unix_seconds();
        let end = date.after().map_or(i64::MAX, |next| next.start().unix_seconds());
        let entries = |sql: &str| -> Result<BTreeMap<String, Fen>> {
            let mut query = rows.prepare(sql)?;
            query.query_and_then([start, end], |row| Ok((row.get(0)?, Fen(row.get(1)?))))?.collect()
        };
        Ok(Self {
            payments: entries(
                "SELECT number, total FROM orders WHERE state = 'paid' AND paid_at >= ? AND paid_at < ?",
            )?,
            refunds: entries(
                "SELECT number, amount FROM refunds WHERE accepted_at >= ? AND accepted_at < ?",
            )?,
        })
    }

    /// Compares a row of the bill, and returns what differs.
    fn compare(&mut self, rows: &Connection, row: &TradeRow) -> Result<Option<String>> {
        let (kind, number, amount, ours, sql) = match (&row.state, &row.refund) {
            (RowState::Success, _) => {
                let ours = self.payments.remove(&row.out_trade_no);
                let sql = "SELECT state FROM orders WHERE number = ?";
                // Bills of today have both; a total of earlier years is without coupons.
                let total = row.order_total.unwrap_or(row.settlement_total);
                ("order", &row.out_trade_no, total, ours, sql)
            }
            (RowState::Refund, Some(refund)) => {
                let number = refund.out_refund_no.as_ref();
                let number = number.ok_or("the bill has a refund without a number")?;
                let ours = self.refunds.remove(number);
                let sql = "SELECT state FROM refunds WHERE number = ?";
                let amount = refund.requested.unwrap_or(refund.settlement_refund);
                ("refund", number, amount, ours, sql)
            }
            // Only payments by payment code are revoked, and this shop takes none.
            (other, _) => {
                return Ok(Some(format!("order {}: {other} in the bill", row.out_trade_no)));
            }
        };
        if let Some(ours) = ours {
            return Ok((ours != amount).then(|| {
                format!("{kind} {number}: {} fen in the bill, {} here", amount.0, ours.0)
            }));
        }
        let state: Option<String> = rows.query_row(sql, [number], |row| row.get(0)).optional()?;
        Ok(Some(match state {
            None => format!("{kind} {number}: {} fen in the bill, not here", amount.0),
            Some(state) => format!(
                "{kind} {number}: {} fen in the bill, here {state}, not on this day or not once",
                amount.0
            ),
        }))
    }

    /// What is left: it is here, but not in the bill.
    fn missing(self) -> impl Iterator<Item = String> {
        let payments = self.payments.into_iter().map(|(number, amount)| ("order", number, amount));
        let refunds = self.refunds.into_iter().map(|(number, amount)| ("refund", number, amount));
        payments.chain(refunds).map(|(kind, number, Fen(fen))| {
            format!("{kind} {number}: {fen} fen here, not in the bill")
        })
    }
}
