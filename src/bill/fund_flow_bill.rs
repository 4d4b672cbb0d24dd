//! 资金账单: the rows and totals of a fund-flow bill.

use std::fmt;
use std::io::BufRead;

use serde::{Deserialize, Serialize};

use super::table::{self, Layout, Names, Record, Table};
use super::{ReadError, Yuan};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::time::Time;

/// Reads a fund-flow bill (资金账单) row by row, in constant memory.
///
/// This is an iterator over the rows. After the last row, [`finish`](Self::finish) checks that no
/// row is missing. Columns are found by their
/// [names](https://pay.weixin.qq.com/doc/v3/merchant/4013071249), and columns that this version
/// does not know are kept. The iterator ends after an error.
///
/// ```
/// use wechatpay::bill::{Direction, FundFlowBill};
///
/// let file = std::fs::read("tests/data/bills/fund_flow.csv")?;
/// let mut bill = FundFlowBill::new(&file[..])?;
/// for row in &mut bill {
///     let row = row?;
///     if row.direction == Direction::Out {
///         println!("{}: {} yuan", row.business_type, row.amount);
///     }
/// }
/// let summary = bill.finish()?; // No row is missing.
/// assert_eq!(summary.rows, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FundFlowBill<R> {
    table: Table<R>,
    sums: Sums,
}

impl<R: BufRead> FundFlowBill<R> {
    /// Reads the column names.
    ///
    /// # Errors
    /// [`ReadError`] if the file is not a fund-flow bill.
    pub fn new(source: R) -> Result<Self, ReadError> {
        let layout = Layout {
            first_column: "记账时间",
            row_count: "资金流水总笔数",
            unescape: table::unescape_fund_flow,
        };
        Ok(Self { table: Table::new(source, layout)?, sums: Sums::default() })
    }

    /// Reads the remaining rows and the totals, and checks the totals against all rows.
    ///
    /// # Errors
    /// [`ReadError`] if a row could not be read, if the totals are missing, or if totals do not
    /// match the rows; it names each of these totals.
    pub fn finish(mut self) -> Result<FundFlowSummary, ReadError> {
        self.by_ref().try_for_each(|row| row.map(drop))?;
        let sums = self.sums;
        self.table.totals(|record, rows| {
            let summary = FundFlowSummary::read(record)?;
            summary.check(record, rows, &sums)?;
            Ok(summary)
        })
    }
}

impl<R: BufRead> Iterator for FundFlowBill<R> {
    type Item = Result<FundFlowRow, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let sums = &mut self.sums;
        self.table.next_row(|record| {
            let row = FundFlowRow::read(record)?;
            sums.add(&row).ok_or_else(|| record.error(AMOUNT, "makes a total too large"))?;
            Ok(row)
        })
    }
}

impl<R> fmt::Debug for FundFlowBill<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FundFlowBill").finish_non_exhaustive()
    }
}

/// A row of a fund-flow bill: one movement of money. Texts are those of the bill, without its
/// escapes.
///
/// ```
/// use wechatpay::{Fen, bill::FundFlowBill};
///
/// let file = std::fs::read("tests/data/bills/fund_flow.csv")?;
/// let rows: Vec<_> = FundFlowBill::new(&file[..])?.collect::<Result<_, _>>()?;
/// assert_eq!((rows[0].amount, rows[0].balance.to_fen()), (Fen(976), Some(Fen(10_976))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FundFlowRow {
    /// 记账时间: time at which the balance changed.
    pub time: Time,
    /// 微信支付业务单号: WeChat Pay's number of the payment, refund or other transaction.
    pub business_no: Option<String>,
    /// 资金流水单号: number of this movement.
    pub flow_no: String,
    /// 业务名称: name of the transaction, such as `交易` (payment), `退款` (refund) or `分账` (profit
    /// sharing).
    pub business_name: String,
    /// 业务类型: type of the movement, such as `交易` (payment), `扣除交易手续费` (fee) or `退款`
    /// (refund).
    pub business_type: String,
    /// 收支类型: whether the money came in or went out.
    pub direction: Direction,
    /// 收支金额(元): amount of the movement.
    pub amount: Fen,
    /// 账户结余(元): balance after the movement.
    pub balance: Yuan,
    /// 资金变更提交申请人: requester of the movement, such as `1900000109API` or `system`.
    pub applicant: Option<String>,
    /// 备注: note.
    pub remark: Option<String>,
    /// 业务凭证号: the merchant's own number, usually the order number.
    pub voucher_no: Option<String>,
    /// The columns that this version does not know: names and texts, in the order of the bill.
    pub other: Vec<(String, String)>,
}

impl FundFlowRow {
    fn read(record: &mut Record<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            time: record.time(&["记账时间"])?,
            business_no: record.text_if_any(&["微信支付业务单号"]),
            flow_no: record.text(&["资金流水单号"])?,
            business_name: record.text(&["业务名称"])?,
            business_type: record.text(&["业务类型"])?,
            direction: record.word(&["收支类型"])?,
            amount: record.fen(AMOUNT)?,
            balance: record.yuan(&["账户结余(元)", "账户结余（元）"])?,
            applicant: record.text_if_any(&["资金变更提交申请人"]),
            remark: record.text_if_any(&["备注"]),
            voucher_no: record.text_if_any(&["业务凭证号"]),
            other: record.rest(),
        })
    }
}

open_set! {
    /// 收支类型: whether the money came in or went out.
    bill::Direction {
        /// 收入: income.
        In = "收入",
        /// 支出: expense.
        Out = "支出",
    }
}

/// The totals of a fund-flow bill.
///
/// ```
/// use wechatpay::{Fen, bill::FundFlowBill};
///
/// let file = std::fs::read("tests/data/bills/fund_flow.csv")?;
/// let summary = FundFlowBill::new(&file[..])?.finish()?;
/// assert_eq!((summary.amount_in, summary.amount_out), (Fen(976), Fen(701)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FundFlowSummary {
    /// 资金流水总笔数: number of rows.
    pub rows: u64,
    /// 收入笔数: number of rows with income.
    pub rows_in: u64,
    /// 收入金额: total income.
    pub amount_in: Fen,
    /// 支出笔数: number of rows with expenses.
    pub rows_out: u64,
    /// 支出金额: total expenses.
    pub amount_out: Fen,
    /// The totals that this version does not know: names and texts, in the order of the bill.
    pub other: Vec<(String, String)>,
}

impl FundFlowSummary {
    fn read(record: &mut Record<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            rows: record.count(&["资金流水总笔数"])?,
            rows_in: record.count(&["收入笔数"])?,
            amount_in: record.fen(&["收入金额"])?,
            rows_out: record.count(&["支出笔数"])?,
            amount_out: record.fen(&["支出金额"])?,
            other: record.rest(),
        })
    }

    fn check(&self, record: &Record<'_>, rows: u64, sums: &Sums) -> Result<(), ReadError> {
        record.check_totals(&[
            ("资金流水总笔数", self.rows == rows),
            ("收入笔数", self.rows_in == sums.rows_in),
            ("收入金额", self.amount_in == sums.amount_in),
            ("支出笔数", self.rows_out == sums.rows_out),
            ("支出金额", self.amount_out == sums.amount_out),
        ])
    }
}

/// The sums of the rows.
#[derive(Default)]
struct Sums {
    rows_in: u64,
    amount_in: Fen,
    rows_out: u64,
    amount_out: Fen,
}

impl Sums {
    fn add(&mut self, row: &FundFlowRow) -> Option<()> {
        let (rows, amount) = match row.direction {
            Direction::In => (&mut self.rows_in, &mut self.amount_in),
            Direction::Out => (&mut self.rows_out, &mut self.amount_out),
            Direction::Other(_) => return Some(()),
        };
        *rows = rows.checked_add(1)?;
        *amount = amount.checked_add(row.amount)?;
        Some(())
    }
}

const AMOUNT: Names = &["收支金额(元)", "收支金额（元）"];

#[cfg(test)]
mod tests {
    use super::*;

    const BILL: &str = include_str!("../../tests/data/bills/fund_flow.csv");

    #[track_caller]
    fn error(bill: &str) -> String {
        FundFlowBill::new(bill.as_bytes()).and_then(FundFlowBill::finish).unwrap_err().to_string()
    }

    #[test]
    fn full_width_brackets_name_the_same_columns() {
        let wide = BILL.replace("(元)", "（元）");
        assert_ne!(wide, BILL);
        let rows = |bill: &str| {
            FundFlowBill::new(bill.as_bytes()).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
        };
        assert_eq!(rows(&wide), rows(BILL));
    }

    #[test]
    fn all_columns_are_read() {
        let mut bill = FundFlowBill::new(BILL.as_bytes()).unwrap();
        let rows: Vec<_> = bill.by_ref().collect::<Result<_, _>>().unwrap();
        let first = FundFlowRow {
            time: "2026-10-01T00:00:00+08:00".parse().unwrap(),
            business_no: Some("4200000000202610010000000001".into()),
            flow_no: "f1".into(),
            business_name: "交易".into(),
            business_type: "交易".into(),
            direction: Direction::In,
            amount: Fen(976),
            balance: "109.76".parse().unwrap(),
            applicant: Some("system".into()),
            remark: Some("结算总金额 9.76 元\n含手续费, 0.05 元".into()),
            voucher_no: Some("shop-20261001-1".into()),
            other: Vec::new(),
        };
        assert_eq!(rows[0], first);
        assert_eq!((&rows[1].direction, rows[1].amount), (&Direction::Out, Fen(5)));
        assert_eq!(rows[1].remark.as_deref(), Some("C:\\dir"));
        assert_eq!((rows[2].remark.as_deref(), rows.len()), (None, 3));
        assert_eq!(
            bill.finish().unwrap(),
            FundFlowSummary {
                rows: 3,
                rows_in: 1,
                amount_in: Fen(976),
                rows_out: 2,
                amount_out: Fen(701),
                other: Vec::new(),
            }
        );
    }

    #[test]
    fn totals_that_differ_from_the_rows_are_named() {
        let totals = "`3,`1,`9.76,`2,`7.01";
        assert!(BILL.contains(totals));
        for (wrong, expected) in [
            (
                "`4,`1,`9.76,`2,`7.01",
                "bill line 6, 资金流水总笔数 does not match the rows; download the bill again",
            ),
            (
                "`3,`2,`9.76,`2,`7.01",
                "bill line 6, 收入笔数 does not match the rows; download the bill again",
            ),
            (
                "`3,`1,`9.77,`2,`7.01",
                "bill line 6, 收入金额 does not match the rows; download the bill again",
            ),
            (
                "`3,`1,`9.76,`1,`7.01",
                "bill line 6, 支出笔数 does not match the rows; download the bill again",
            ),
            (
                "`3,`1,`9.76,`2,`7.00",
                "bill line 6, 支出金额 does not match the rows; download the bill again",
            ),
        ] {
            assert_eq!(error(&BILL.replace(totals, wrong)), expected);
        }
        let expected =
            "bill line 6 does not match the rows in 收入笔数, 收入金额; download the bill again";
        assert_eq!(
            error(&BILL.replace("`收入,", "`冻结,")),
            expected,
            "an unknown direction is neither"
        );
    }

    #[test]
    fn trade_bill_is_refused() {
        let trade = include_str!("../../tests/data/bills/trade.ALL.csv");
        assert_eq!(
            error(trade),
            "bill line 1 must contain the column 记账时间; check that this is the file of that bill"
        );
        assert_eq!(
            error(r#"{"code":"NO_AUTH"}"#),
            "bill line 1 must contain the column 记账时间; check that this is the file of that bill"
        );
        assert_eq!(
            error(""),
            "bill line 1 must contain the column 记账时间; check that this is the file of that bill"
        );
    }

    #[test]
    fn negative_balance_is_read_negative_amount_refused() {
        let below = BILL.replace("`109.71,", "`-109.71,");
        let row = FundFlowBill::new(below.as_bytes()).unwrap().nth(1).unwrap().unwrap();
        assert_eq!(row.balance.to_string(), "-109.71");
        let expected = "bill line 2, 收支金额(元) must be an amount in yuan, in whole fen";
        assert_eq!(error(&BILL.replace("`收入,`9.76,", "`收入,`-9.76,")), expected);
    }
}
