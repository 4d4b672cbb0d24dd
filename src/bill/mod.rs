//! 账单: the bills of a day, fetched, checked and read.
//!
//! Apply for a link with [`trade`] or [`fund_flow`], fetch its file with [`download_to`] or
//! [`download`], and read it row by row with [`TradeBill`] or [`FundFlowBill`]. A day's bills are
//! ready at 10 o'clock in the morning (Beijing time) of the next day and are kept for three months.
//! They never change afterwards: a refund's state is that of the moment the bill was made.
//!
//! ```
//! use std::fs::File;
//! use std::io::BufReader;
//! use std::path::Path;
//!
//! use wechatpay::bill::{self, TradeBill};
//! use wechatpay::{Error, Gateway, Signer};
//!
//! fn reconcile(signer: &dyn Signer, gateway: &Gateway) -> Result<(), Box<dyn std::error::Error>> {
//!     let link = bill::trade(signer, gateway, &bill::Trade::new("2026-10-01".parse()?))?;
//!     let path = Path::new("2026-10-01.csv");
//!     bill::download_to(signer, gateway, &link, path, &mut |_bytes| ())?;
//!
//!     let mut bill = TradeBill::new(BufReader::new(File::open(path)?))?;
//!     for row in &mut bill {
//!         let row = row?;
//!         // Hold row.out_trade_no, row.state and row.order_total against your own books.
//!     }
//!     // Only now is it certain that not one row is missing.
//!     let summary = bill.finish()?;
//!     Ok(())
//! }
//! ```

use std::fmt;

use serde::Deserialize;

use crate::error::{Error, Invalid};
use crate::gateway::Gateway;
use crate::open_set::open_set;
use crate::signer::Signer;

mod date;
mod file;
mod fund_flow_bill;
mod table;
mod trade_bill;
mod yuan;

pub use self::date::Date;
pub use self::file::{download, download_to};
pub use self::fund_flow_bill::{Direction, FundFlowBill, FundFlowRow, FundFlowSummary};
pub use self::trade_bill::{Refund, RefundState, RowState, TradeBill, TradeRow, TradeSummary};
pub use self::yuan::Yuan;

/// 申请交易账单: applies for the link to a day's payments and refunds.
///
/// `GET /v3/bill/tradebill` (m/4012791866). One day, within the last three months. A
/// [`Partner`](crate::Partner) gets the bill of its sub-merchant; the bill of all of them is the
/// partner's own.
///
/// ```
/// use wechatpay::bill::{self, TradeBill};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let paid = wechatpay::pay::query(signer, gateway, &order.out_trade_no)?;
/// # let day = wechatpay::bill::Date::of(paid.success_time.unwrap());
/// # sandbox.let_time_pass(2 * 86_400);
/// let link = bill::trade(signer, gateway, &bill::Trade::new(day))?;
/// let mut file = Vec::new();
/// bill::download(signer, gateway, &link, &mut file, &mut |_bytes| ())?;
/// let summary = TradeBill::new(&file[..])?.finish()?;
/// assert_eq!(summary.rows, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Asking changes nothing, so it may be repeated whatever the outcome.
/// * `NO_STATEMENT_EXIST`: there was no payment and no refund that day. That is an answer, not a
///   failure.
/// * `STATEMENT_CREATING`: the bill is not ready. Ask again after 10 o'clock of the next day, then
///   every half hour.
pub fn trade(signer: &dyn Signer, gateway: &Gateway, bill: &Trade) -> Result<Link, Error> {
    let mut path = format!("/v3/bill/tradebill?bill_date={}", bill.date);
    if let Some(bill_type) = &bill.bill_type {
        push_word(&mut path, "bill_type", bill_type.as_str())?;
    }
    if let Some(sub_merchant) = signer.sub_merchant() {
        push_word(&mut path, "sub_mchid", sub_merchant.mchid())?;
    }
    apply(signer, gateway, path, bill.is_compressed())
}

/// 申请资金账单: applies for the link to a day's movements of one of the merchant's accounts.
///
/// `GET /v3/bill/fundflowbill` (m/4012791867). One day, within the last three months; three
/// requests a second.
///
/// ```
/// use wechatpay::bill::{self, FundFlowBill};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let paid = wechatpay::pay::query(signer, gateway, &order.out_trade_no)?;
/// # let day = wechatpay::bill::Date::of(paid.success_time.unwrap());
/// # sandbox.let_time_pass(2 * 86_400);
/// let link = bill::fund_flow(signer, gateway, &bill::FundFlow::new(day))?;
/// let mut file = Vec::new();
/// bill::download(signer, gateway, &link, &mut file, &mut |_bytes| ())?;
/// let summary = FundFlowBill::new(&file[..])?.finish()?;
/// assert_eq!(summary.rows_in, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`trade`]; and [`Error::Invalid`] for a [`Partner`](crate::Partner), because this interface
/// knows the signer's own accounts only.
pub fn fund_flow(signer: &dyn Signer, gateway: &Gateway, bill: &FundFlow) -> Result<Link, Error> {
    if signer.sub_merchant().is_some() {
        let rule = "has no part in this bill, which is of the signer's own accounts";
        return Err(Invalid::new("sub_mchid", rule).into());
    }
    let mut path = format!("/v3/bill/fundflowbill?bill_date={}", bill.date);
    if let Some(account_type) = &bill.account_type {
        push_word(&mut path, "account_type", account_type.as_str())?;
    }
    apply(signer, gateway, path, bill.is_compressed())
}

/// What to ask [`trade`] for.
///
/// ```
/// use wechatpay::bill::{BillType, Trade};
///
/// let mut bill = Trade::new("2026-10-01".parse()?);
/// bill.bill_type = Some(BillType::Refund);
/// # assert_eq!(bill.date.to_string(), "2026-10-01");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trade {
    /// 账单日期: the day.
    pub date: Date,
    /// 账单类型: which rows. Default: none, which means [`BillType::All`].
    pub bill_type: Option<BillType>,
    /// 压缩类型: whether the file travels compressed. What [`download`] writes is the same. Default:
    /// no.
    #[cfg(feature = "gzip")]
    pub compressed: bool,
}

impl Trade {
    /// All payments and refunds of a day.
    #[must_use]
    pub fn new(date: Date) -> Self {
        Self {
            date,
            bill_type: None,
            #[cfg(feature = "gzip")]
            compressed: false,
        }
    }

    fn is_compressed(&self) -> bool {
        #[cfg(feature = "gzip")]
        return self.compressed;
        #[cfg(not(feature = "gzip"))]
        false
    }
}

/// What to ask [`fund_flow`] for.
///
/// ```
/// use wechatpay::bill::{AccountType, FundFlow};
///
/// let mut bill = FundFlow::new("2026-10-01".parse()?);
/// bill.account_type = Some(AccountType::Fees);
/// # assert_eq!(bill.date.to_string(), "2026-10-01");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FundFlow {
    /// 账单日期: the day.
    pub date: Date,
    /// 资金账户类型: which account. Default: none, which means [`AccountType::Basic`].
    pub account_type: Option<AccountType>,
    /// 压缩类型: whether the file travels compressed. What [`download`] writes is the same. Default:
    /// no.
    #[cfg(feature = "gzip")]
    pub compressed: bool,
}

impl FundFlow {
    /// The movements of the basic account on a day.
    #[must_use]
    pub fn new(date: Date) -> Self {
        Self {
            date,
            account_type: None,
            #[cfg(feature = "gzip")]
            compressed: false,
        }
    }

    fn is_compressed(&self) -> bool {
        #[cfg(feature = "gzip")]
        return self.compressed;
        #[cfg(not(feature = "gzip"))]
        false
    }
}

open_set! {
    /// 账单类型: which rows a trade bill holds.
    bill::BillType {
        /// Payments and refunds.
        All = "ALL",
        /// Payments.
        Success = "SUCCESS",
        /// Refunds.
        Refund = "REFUND",
    }
}

open_set! {
    /// 资金账户类型: an account of the merchant's.
    bill::AccountType {
        /// 基本账户.
        Basic = "BASIC",
        /// 运营账户.
        Operation = "OPERATION",
        /// 手续费账户.
        Fees = "FEES",
    }
}

/// Where the file of a bill is, for five minutes, and the SHA-1 it must have. WeChat Pay signed
/// both.
///
/// ```
/// use wechatpay::bill;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let paid = wechatpay::pay::query(signer, gateway, &order.out_trade_no)?;
/// # let day = wechatpay::bill::Date::of(paid.success_time.unwrap());
/// # sandbox.let_time_pass(2 * 86_400);
/// let link = bill::trade(signer, gateway, &bill::Trade::new(day))?;
/// assert_eq!(link.sha1().len(), 40);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    url: String,
    sha1: String,
    is_compressed: bool,
}

impl Link {
    /// 哈希值: the SHA-1 of the file before compression, in lower-case hexadecimal.
    #[must_use]
    pub fn sha1(&self) -> &str {
        &self.sha1
    }
}

/// Leaves out the URL: its token opens the bill.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_compressed", &self.is_compressed).finish_non_exhaustive()
    }
}

fn apply(
    signer: &dyn Signer,
    gateway: &Gateway,
    mut path: String,
    is_compressed: bool,
) -> Result<Link, Error> {
    if is_compressed {
        path.push_str("&tar_type=GZIP");
    }
    let answer: Applied = gateway.get(signer, &path)?;
    let malformed =
        |what: &str| Error::Malformed { status: 200, what: what.to_owned(), request_id: None };
    if answer.hash_type != "SHA1" {
        return Err(malformed("hash_type is not SHA1"));
    }
    if !is_sha1(&answer.hash_value) {
        return Err(malformed("hash_value is not a SHA-1 in hexadecimal"));
    }
    let sha1 = answer.hash_value.to_ascii_lowercase();
    Ok(Link { url: answer.download_url, sha1, is_compressed })
}

#[derive(Deserialize)]
struct Applied {
    hash_type: String,
    hash_value: String,
    download_url: String,
}

/// Adds a parameter whose value may come from the caller, so that it cannot become two.
fn push_word(path: &mut String, name: &str, word: &str) -> Result<(), Invalid> {
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Invalid::new(name, "must be letters, digits and _"));
    }
    path.push_str(&format!("&{name}={word}"));
    Ok(())
}

/// Whether this is a SHA-1 in hexadecimal.
fn is_sha1(text: &str) -> bool {
    text.len() == SHA1_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const SHA1_DIGITS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sha1_is_forty_hexadecimal_digits() {
        let hex = "79bb0f45fc4c42234a918000b2668d689e2bde04";
        assert!(is_sha1(hex) && is_sha1(&hex.to_uppercase()));
        for wrong in ["", "79", &hex.replace('7', ""), &format!("{hex}0"), &hex.replace('f', "g")] {
            assert!(!is_sha1(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_word_of_the_callers_stays_one_parameter() {
        let mut path = String::from("/v3/bill/tradebill?bill_date=2019-06-11");
        for wrong in ["", "ALL&tar_type=GZIP", "A LL", "ALL#", "ＡＬＬ", "ALL\r\n", "ALL%20"] {
            let error = push_word(&mut path, "bill_type", wrong).unwrap_err();
            assert_eq!(error.to_string(), "bill_type must be letters, digits and _");
        }
        push_word(&mut path, "bill_type", "SUC_SPECIAL").unwrap();
        assert_eq!(path, "/v3/bill/tradebill?bill_date=2019-06-11&bill_type=SUC_SPECIAL");
    }

    #[test]
    fn a_link_keeps_its_token_to_itself() {
        let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=SECRET".to_owned();
        let link = Link { url, sha1: "0".repeat(40), is_compressed: true };
        assert_eq!(format!("{link:?}"), "Link { is_compressed: true, .. }");
    }
}
