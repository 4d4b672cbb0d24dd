//! 资金账单: the rows and totals of a fund-flow bill.

use std::fmt;
use std::io::BufRead;

use super::Yuan;
use super::table::{self, Layout, Names, Record, Table};
use crate::error::{Error, Violations};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::time::Time;

/// 资金账单: a fund-flow bill, read row by row in constant memory.
///
/// An iterator over its rows; afterwards [`finish`](Self::finish) says whether that was all of
/// them. Columns are found by their names (m/4013071249); those that this version does not know are
/// kept.
///
/// After an error there are no more rows.
///
/// ```
/// use wechatpay::bill::{Direction, FundFlowBill};
///
/// # let file = std::fs::read("tests/data/bills/fund_flow.csv")?;
/// let mut bill = FundFlowBill::new(&file[..])?;
/// for row in &mut bill {
///     let row = row?;
///     if row.direction == Direction::Out {
///         println!("{}: {} yuan", row.business_type, row.amount);
///     }
/// }
/// let summary = bill.finish()?; // Not one row is missing.
/// assert_eq!(summary.rows, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FundFlowBill<R> {
    table: Table<R>,
    sums: Sums,
}

impl<R: BufRead> FundFlowBill<R> {
    /// Reads the names of the columns.
    ///
    /// # Errors
    /// [`Error::Invalid`] if that is no fund-flow bill.
    pub fn new(source: R) -> Result<Self, Error> {
        let layout = Layout {
            first_column: "记账时间",
            row_count: "资金流水总笔数",
            unescape: table::unescape_fund_flow,
        };
        Ok(Self { table: Table::new(source, layout)?, sums: Sums::default() })
    }

    /// Reads the rows that remain, then the totals, and holds those against all the rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the error that ended the rows; or if the totals are missing; or with
    /// the name of every total that the rows do not add up to.
    pub fn finish(mut self) -> Result<FundFlowSummary, Error> {
        self.by_ref().try_for_each(|row| row.map(drop))?;
        let sums = self.sums;
        self.table.totals(|record, rows| {
            let summary = FundFlowSummary::read(record)?;
            summary.check(rows, &sums)?;
            Ok(summary)
        })
    }
}

impl<R: BufRead> Iterator for FundFlowBill<R> {
    type Item = Result<FundFlowRow, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let sums = &mut self.sums;
        self.table.next_row(|record| {
            let row = FundFlowRow::read(record)?;
            sums.add(&row).ok_or_else(|| record.violation(AMOUNT, "makes a sum too large"))?;
            Ok(row)
        })
    }
}

impl<R> fmt::Debug for FundFlowBill<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FundFlowBill").finish_non_exhaustive()
    }
}

/// One movement of money. Texts are as the bill has them, their escapes undone.
///
/// ```
/// use wechatpay::{Fen, bill::FundFlowBill};
///
/// # let file = std::fs::read("tests/data/bills/fund_flow.csv")?;
/// let rows: Vec<_> = FundFlowBill::new(&file[..])?.collect::<Result<_, _>>()?;
/// assert_eq!((rows[0].amount, rows[0].balance.to_fen()), (Fen(976), Some(Fen(10_976))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FundFlowRow {
    /// 记账时间: when the balance changed.
    pub time: Time,
    /// 微信支付业务单号: WeChat Pay's number of the payment, the refund or whatever it was.
    pub business_no: Option<String>,
    /// 资金流水单号: the number of this movement.
    pub flow_no: String,
    /// 业务名称: `交易`, `退款`, `分账` and others.
    pub business_name: String,
    /// 业务类型: `交易`, `扣除交易手续费`, `退款` and others.
    pub business_type: String,
    /// 收支类型.
    pub direction: Direction,
    /// 收支金额(元).
    pub amount: Fen,
    /// 账户结余(元): the balance afterwards.
    pub balance: Yuan,
    /// 资金变更提交申请人: who asked for it, such as `1900000109API` or `system`.
    pub applicant: Option<String>,
    /// 备注.
    pub remark: Option<String>,
    /// 业务凭证号: the merchant's own number, mostly of the order.
    pub voucher_no: Option<String>,
    /// The columns that this version does not know: name and text, in the order of the bill.
    pub other: Vec<(String, String)>,
}

impl FundFlowRow {
    fn read(record: &mut Record<'_>) -> Result<Self, Error> {
        Ok(Self {
            time: record.time(&["记账时间"])?,
            business_no: record.text_if_any(&["微信支付业务单号"]),
            flow_no: record.text(&["资金流水单号"])?,
            business_name: record.text(&["业务名称"])?,
            business_type: record.text(&["业务类型"])?,
            direction: Direction::from(record.text(&["收支类型"])?),
            amount: record.fen(AMOUNT)?,
            balance: record.yuan(&["账户结余(元)"])?,
            applicant: record.text_if_any(&["资金变更提交申请人"]),
            remark: record.text_if_any(&["备注"]),
            voucher_no: record.text_if_any(&["业务凭证号"]),
            other: record.rest(),
        })
    }
}

open_set! {
    /// 收支类型: whether money came or went.
    bill::Direction {
        /// 收入.
        In = "收入",
        /// 支出.
        Out = "支出",
    }
}

/// The totals of a fund-flow bill.
///
/// ```
/// use wechatpay::{Fen, bill::FundFlowBill};
///
/// # let file = std::fs::read("tests/data/bills/fund_flow.csv")?;
/// let summary = FundFlowBill::new(&file[..])?.finish()?;
/// assert_eq!((summary.amount_in, summary.amount_out), (Fen(976), Fen(701)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FundFlowSummary {
    /// 资金流水总笔数: the number of rows.
    pub rows: u64,
    /// 收入笔数.
    pub rows_in: u64,
    /// 收入金额.
    pub amount_in: Fen,
    /// 支出笔数.
    pub rows_out: u64,
    /// 支出金额.
    pub amount_out: Fen,
    /// The totals that this version does not know: name and text, in the order of the bill.
    pub other: Vec<(String, String)>,
}

impl FundFlowSummary {
    fn read(record: &mut Record<'_>) -> Result<Self, Error> {
        Ok(Self {
            rows: record.count(&["资金流水总笔数"])?,
            rows_in: record.count(&["收入笔数"])?,
            amount_in: record.fen(&["收入金额"])?,
            rows_out: record.count(&["支出笔数"])?,
            amount_out: record.fen(&["支出金额"])?,
            other: record.rest(),
        })
    }

    fn check(&self, rows: u64, sums: &Sums) -> Result<(), Error> {
        let mut violations = Violations::default();
        for (name, holds, rule) in [
            ("资金流水总笔数", self.rows == rows, table::NOT_THE_COUNT),
            ("收入笔数", self.rows_in == sums.rows_in, table::NOT_THE_COUNT),
            ("收入金额", self.amount_in == sums.amount_in, table::NOT_THE_SUM),
            ("支出笔数", self.rows_out == sums.rows_out, table::NOT_THE_COUNT),
            ("支出金额", self.amount_out == sums.amount_out, table::NOT_THE_SUM),
        ] {
            if !holds {
                violations.add(name, rule);
            }
        }
        Ok(violations.into_result()?)
    }
}

/// What the rows add up to.
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

const AMOUNT: Names = &["收支金额(元)"];

#[cfg(test)]
mod tests {
    use super::*;

    const BILL: &str = include_str!("../../tests/data/bills/fund_flow.csv");

    #[track_caller]
    fn violation(bill: &str) -> String {
        FundFlowBill::new(bill.as_bytes()).and_then(FundFlowBill::finish).unwrap_err().to_string()
    }

    #[test]
    fn every_column_is_read() {
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
    fn every_total_is_held_against_the_rows() {
        let totals = "`3,`1,`9.76,`2,`7.01";
        assert!(BILL.contains(totals));
        for (wrong, told) in [
            ("`4,`1,`9.76,`2,`7.01", "资金流水总笔数 is not the number of such rows"),
            ("`3,`2,`9.76,`2,`7.01", "收入笔数 is not the number of such rows"),
            ("`3,`1,`9.77,`2,`7.01", "收入金额 is not the sum of the rows"),
            ("`3,`1,`9.76,`1,`7.01", "支出笔数 is not the number of such rows"),
            ("`3,`1,`9.76,`2,`7.00", "支出金额 is not the sum of the rows"),
        ] {
            assert_eq!(violation(&BILL.replace(totals, wrong)), told);
        }
        let told = "收入笔数 is not the number of such rows; 收入金额 is not the sum of the rows";
        assert_eq!(
            violation(&BILL.replace("`收入,", "`冻结,")),
            told,
            "an unknown direction is neither"
        );
    }

    #[test]
    fn a_trade_bill_is_no_fund_flow_bill() {
        let trade = include_str!("../../tests/data/bills/trade.ALL.csv");
        assert_eq!(violation(trade), "bill line 1 must name 记账时间");
        assert_eq!(violation(r#"{"code":"NO_AUTH"}"#), "bill line 1 must name 记账时间");
        assert_eq!(violation(""), "bill line 1 must name 记账时间");
    }

    #[test]
    fn a_balance_may_be_below_zero_and_an_amount_may_not() {
        let below = BILL.replace("`109.71,", "`-109.71,");
        let row = FundFlowBill::new(below.as_bytes()).unwrap().nth(1).unwrap().unwrap();
        assert_eq!(row.balance.to_string(), "-109.71");
        let told = "bill line 2, 收支金额(元) must be yuan and whole fen";
        assert_eq!(violation(&BILL.replace("`收入,`9.76,", "`收入,`-9.76,")), told);
    }
}
