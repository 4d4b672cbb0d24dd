//! Bills (账单): downloads the bills of a day, checks them and reads their rows.
//!
//! Apply for a link with [`trade`] or [`fund_flow`], download the file with [`download_to`] or
//! [`download`], and read it row by row with [`TradeBill`] or [`FundFlowBill`]. The bills of a day
//! are ready at 10:00 (Beijing time) on the next day and are kept for three months. A bill never
//! changes: the state of a refund is that at the time the bill was made.
//!
//! ```
//! use std::fs::File;
//! use std::io::BufReader;
//!
//! use wechatpay::bill::{self, TradeBill};
//! use wechatpay::{Error, Gateway, Signer};
//!
//! fn reconcile(signer: &dyn Signer, gateway: &Gateway) -> Result<(), Box<dyn std::error::Error>> {
//!     let day = bill::Date::yesterday()?;
//!     let link = bill::trade(signer, gateway, &bill::Trade::new(day))?;
//!     let path = "yesterday.csv";
//!     bill::download_to(signer, gateway, &link, path, &mut |_bytes| ())?;
//!
//!     let mut bill = TradeBill::new(BufReader::new(File::open(path)?))?;
//!     for row in &mut bill {
//!         let row = row?;
//!         // Compare row.out_trade_no, row.state and row.order_total with your own records.
//!     }
//!     // Checks the totals: no row is missing.
//!     let summary = bill.finish()?;
//!     Ok(())
//! }
//! ```

use std::fmt;

use serde::Deserialize;

use crate::error::{CallContext, Error, ErrorKind, Invalid};
use crate::gateway::Gateway;
use crate::open_set::open_set;
use crate::remote_file::{FILE_LIMIT, FileHash, RemoteFile};
use crate::signer::Signer;

mod date;
mod file;
mod fund_flow_bill;
mod read_error;
mod table;
mod trade_bill;
mod yuan;

pub use self::date::Date;
pub use self::file::{download, download_to};
pub use self::fund_flow_bill::{Direction, FundFlowBill, FundFlowRow, FundFlowSummary};
pub use self::read_error::ReadError;
pub use self::trade_bill::{RefundRow, RefundState, RowState, TradeBill, TradeRow, TradeSummary};
pub use self::yuan::Yuan;

/// 申请交易账单: applies for the link to the bill of a day's payments and refunds.
///
/// [`GET /v3/bill/tradebill`](https://pay.weixin.qq.com/doc/v3/merchant/4012791866). The day must be
/// within the last three months. A [`Partner`](crate::Partner) receives the bill of its
/// sub-merchant. For one bill of all sub-merchants, use the partner's own signer.
///
/// ```
/// use wechatpay::bill::{self, Date, TradeBill, TradeSummary};
/// use wechatpay::{Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     day: Date,
/// ) -> Result<TradeSummary, Box<dyn std::error::Error>> {
///     let link = bill::trade(signer, gateway, &bill::Trade::new(day))?;
///     let mut file = Vec::new();
///     bill::download(signer, gateway, &link, &mut file, &mut |_bytes| ())?;
///     Ok(TradeBill::new(&file[..])?.finish()?)
/// }
/// ```
///
/// # Errors
/// Safe to retry: the call changes nothing.
/// * `NO_STATEMENT_EXIST`: there was no payment and no refund on that day.
/// * `STATEMENT_CREATING`: the bill is not ready. Retry after 10:00 (Beijing time) on the next day,
///   then every half hour.
#[doc(alias = "申请交易账单")]
#[doc(alias = "交易账单")]
#[doc(alias = "账单")]
#[doc(alias = "对账")]
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

/// 申请资金账单: applies for the link to the bill of a day's movements on one account of the
/// merchant.
///
/// [`GET /v3/bill/fundflowbill`](https://pay.weixin.qq.com/doc/v3/merchant/4012791867). The day must
/// be within the last three months. At most three requests per second.
///
/// ```
/// use wechatpay::bill::{self, Date, FundFlowBill, FundFlowSummary};
/// use wechatpay::{Gateway, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     day: Date,
/// ) -> Result<FundFlowSummary, Box<dyn std::error::Error>> {
///     let link = bill::fund_flow(signer, gateway, &bill::FundFlow::new(day))?;
///     let mut file = Vec::new();
///     bill::download(signer, gateway, &link, &mut file, &mut |_bytes| ())?;
///     Ok(FundFlowBill::new(&file[..])?.finish()?)
/// }
/// ```
///
/// # Errors
/// As [`trade`]. For a [`Partner`](crate::Partner) nothing is sent and the request is invalid,
/// because the interface serves the signer's own accounts only.
#[doc(alias = "申请资金账单")]
#[doc(alias = "资金账单")]
#[doc(alias = "账单")]
pub fn fund_flow(signer: &dyn Signer, gateway: &Gateway, bill: &FundFlow) -> Result<Link, Error> {
    if signer.sub_merchant().is_some() {
        let rule = "must be absent, because this bill is of the signer's own accounts; use the partner's signer";
        return Err(Invalid::new("sub_mchid", rule).into());
    }
    let mut path = format!("/v3/bill/fundflowbill?bill_date={}", bill.date);
    if let Some(account_type) = &bill.account_type {
        push_word(&mut path, "account_type", account_type.as_str())?;
    }
    apply(signer, gateway, path, bill.is_compressed())
}

/// The request of [`trade`].
///
/// ```
/// use wechatpay::bill::{BillType, Trade};
///
/// let mut bill = Trade::new("2026-10-01".parse()?);
/// bill.bill_type = Some(BillType::Refund);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trade {
    /// 账单日期: day of the bill.
    pub date: Date,
    /// 账单类型: which rows the bill contains. Default: `None`, which means [`BillType::All`].
    pub bill_type: Option<BillType>,
    /// 压缩类型: whether the file is transferred compressed. [`download`] decompresses it. Default:
    /// `false`.
    #[cfg(feature = "gzip")]
    pub compressed: bool,
}

impl Trade {
    /// Requests the bill of all payments and refunds of a day.
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

/// The request of [`fund_flow`].
///
/// ```
/// use wechatpay::bill::{AccountType, FundFlow};
///
/// let mut bill = FundFlow::new("2026-10-01".parse()?);
/// bill.account_type = Some(AccountType::Fees);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FundFlow {
    /// 账单日期: day of the bill.
    pub date: Date,
    /// 资金账户类型: which account. Default: `None`, which means [`AccountType::Basic`].
    pub account_type: Option<AccountType>,
    /// 压缩类型: whether the file is transferred compressed. [`download`] decompresses it. Default:
    /// `false`.
    #[cfg(feature = "gzip")]
    pub compressed: bool,
}

impl FundFlow {
    /// Requests the bill of the basic account of a day.
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
    /// 账单类型: which rows a trade bill contains.
    bill::BillType {
        /// 所有订单: payments and refunds.
        All = "ALL",
        /// 成功支付的订单: payments.
        Success = "SUCCESS",
        /// 退款订单: refunds.
        Refund = "REFUND",
    }
}

open_set! {
    /// 资金账户类型: an account of the merchant.
    bill::AccountType {
        /// 基本账户: basic account.
        Basic = "BASIC",
        /// 运营账户: operating account.
        Operation = "OPERATION",
        /// 手续费账户: fee account.
        Fees = "FEES",
    }
}

/// The URL of a bill's file, which is valid for five minutes (of a profit-sharing bill: 30
/// seconds), and the SHA-1 of the file. Both are
/// signed by WeChat Pay.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    url: String,
    sha1: FileHash,
    is_compressed: bool,
}

impl Link {
    /// 哈希值: SHA-1 of the uncompressed file, in lower-case hexadecimal.
    #[must_use]
    pub fn sha1(&self) -> &str {
        self.sha1.hash_value()
    }

    fn file(&self) -> RemoteFile<'_> {
        RemoteFile {
            url: &self.url,
            hash: Some(&self.sha1),
            #[cfg(feature = "gzip")]
            is_compressed: self.is_compressed,
            size_limit: FILE_LIMIT,
        }
    }
}

/// Omits the URL, because its token gives access to the bill.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_compressed", &self.is_compressed).finish_non_exhaustive()
    }
}

/// Applies for a link. `path` is path and query.
pub(crate) fn apply(
    signer: &dyn Signer,
    gateway: &Gateway,
    mut path: String,
    is_compressed: bool,
) -> Result<Link, Error> {
    if is_compressed {
        path.push_str("&tar_type=GZIP");
    }
    let response: Applied = gateway.get(signer, &path)?;
    let malformed = |what: &str| {
        let (status, what) = (200, what.to_owned());
        Error::new(CallContext::DOWNLOAD, ErrorKind::Malformed { status, what, request_id: None })
    };
    if !response.hash_type.eq_ignore_ascii_case("SHA1") {
        return Err(malformed("hash_type is not SHA1"));
    }
    let sha1 = FileHash::sha1(&response.hash_value)
        .map_err(|_| malformed("hash_value is not a SHA-1 in hexadecimal"))?;
    Ok(Link { url: response.download_url, sha1, is_compressed })
}

#[derive(Deserialize)]
struct Applied {
    hash_type: String,
    hash_value: String,
    download_url: String,
}

/// Adds a parameter whose value may come from the caller. The value cannot add a second parameter.
fn push_word(path: &mut String, name: &str, word: &str) -> Result<(), Invalid> {
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Invalid::new(name, "must be letters, digits and _"));
    }
    path.push_str(&format!("&{name}={word}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_value_stays_one_parameter() {
        let mut path = String::from("/v3/bill/tradebill?bill_date=2019-06-11");
        for wrong in ["", "ALL&tar_type=GZIP", "A LL", "ALL#", "ＡＬＬ", "ALL\r\n", "ALL%20"] {
            let error = push_word(&mut path, "bill_type", wrong).unwrap_err();
            assert_eq!(error.to_string(), "bill_type must be letters, digits and _");
        }
        push_word(&mut path, "bill_type", "SUC_SPECIAL").unwrap();
        assert_eq!(path, "/v3/bill/tradebill?bill_date=2019-06-11&bill_type=SUC_SPECIAL");
    }

    #[test]
    fn link_debug_omits_the_token() {
        let url = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=SECRET".to_owned();
        let sha1 = FileHash::sha1(&"0".repeat(40)).unwrap();
        let link = Link { url, sha1, is_compressed: true };
        assert_eq!(format!("{link:?}"), "Link { is_compressed: true, .. }");
    }
}
