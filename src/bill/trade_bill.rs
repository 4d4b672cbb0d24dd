//! 交易账单: the rows and totals of a trade bill.

use std::fmt;
use std::io::BufRead;

use serde::{Deserialize, Serialize};

use super::table::{self, Layout, Names, Record, Table};
use super::{ReadError, Yuan};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::pay::TradeType;
use crate::time::Time;

/// Reads a trade bill (交易账单) row by row, in constant memory.
///
/// This is an iterator over the rows. After the last row, [`finish`](Self::finish) checks that no
/// row is missing. Columns are found by their
/// [names](https://pay.weixin.qq.com/doc/v3/merchant/4013071246), so bills of all types and of
/// earlier years can be read, and columns that this version does not know are kept. The iterator
/// ends after an error.
///
/// ```
/// use wechatpay::bill::{RowState, TradeBill};
///
/// let file = std::fs::read("tests/data/bills/trade.ALL.csv")?;
/// let mut bill = TradeBill::new(&file[..])?;
/// for row in &mut bill {
///     let row = row?;
///     if row.state == RowState::Success {
///         println!("{} was paid", row.out_trade_no);
///     }
/// }
/// let summary = bill.finish()?; // No row is missing.
/// assert_eq!(summary.rows, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TradeBill<R> {
    table: Table<R>,
    sums: Sums,
}

impl<R: BufRead> TradeBill<R> {
    /// Reads the column names.
    ///
    /// # Errors
    /// [`ReadError`] if the file is not a trade bill.
    pub fn new(source: R) -> Result<Self, ReadError> {
        let layout = Layout {
            first_column: "交易时间",
            row_count: "总交易单数",
            unescape: table::unescape_trade,
        };
        Ok(Self { table: Table::new(source, layout)?, sums: Sums::default() })
    }

    /// Reads the remaining rows and the totals, and checks the totals against all rows.
    ///
    /// # Errors
    /// [`ReadError`] if a row could not be read, if the totals are missing, or if totals do not
    /// match the rows; it names each of these totals. 手续费总金额 (total of the fees) may differ by
    /// less than a fen, because it has fewer decimals than the fees.
    pub fn finish(mut self) -> Result<TradeSummary, ReadError> {
        self.by_ref().try_for_each(|row| row.map(drop))?;
        let sums = self.sums;
        self.table.totals(|record, rows| {
            let summary = TradeSummary::read(record)?;
            summary.check(record, rows, &sums)?;
            Ok(summary)
        })
    }
}

impl<R: BufRead> Iterator for TradeBill<R> {
    type Item = Result<TradeRow, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let sums = &mut self.sums;
        self.table.next_row(|record| {
            let row = TradeRow::read(record)?;
            *sums = sums
                .add(&row)
                .ok_or_else(|| record.error(ORDER_TOTAL, "makes a total too large"))?;
            Ok(row)
        })
    }
}

impl<R> fmt::Debug for TradeBill<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TradeBill").finish_non_exhaustive()
    }
}

/// A row of a trade bill: a payment, a refund or a revocation. Texts are those of the bill, without
/// its escapes.
///
/// ```
/// use wechatpay::{Fen, bill::TradeBill};
///
/// let file = std::fs::read("tests/data/bills/trade.ALL.csv")?;
/// let rows: Vec<_> = TradeBill::new(&file[..])?.collect::<Result<_, _>>()?;
/// assert_eq!(rows[0].out_trade_no, "shop-20261001-1");
/// assert_eq!(rows[0].order_total, Some(Fen(976)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TradeRow {
    /// 交易时间: time of the payment, or time at which the refund was accepted.
    pub time: Time,
    /// 公众账号ID: appid of the order.
    pub appid: Option<String>,
    /// 商户号: merchant number.
    pub mchid: String,
    /// 特约商户号: merchant number of the sub-merchant, in partner mode.
    pub sub_mchid: Option<String>,
    /// 设备号: device number, such as that of a till.
    pub device_id: Option<String>,
    /// 微信订单号: WeChat Pay's order number; for a refund, that of the refunded order.
    pub transaction_id: String,
    /// 商户订单号: merchant order number; for a refund, that of the refunded order.
    pub out_trade_no: String,
    /// 用户标识: openid of the payer.
    pub openid: Option<String>,
    /// 交易类型: how the order was paid. `FACE`, which only bills use, is read as
    /// [`TradeType::Facepay`].
    pub trade_type: TradeType,
    /// 交易状态: the kind of the row.
    pub state: RowState,
    /// 付款银行: bank that the payer used, such as `OTHERS`.
    pub bank: Option<String>,
    /// 货币种类: currency, such as `CNY`.
    pub currency: String,
    /// 应结订单金额 (总金额 in bills of earlier years): the amount that fees are calculated from. 0 for
    /// a refund.
    pub settlement_total: Fen,
    /// 代金券金额 (代金券或立减优惠金额 or 企业红包金额 in bills of earlier years): amount paid with coupons. 0 for a refund.
    pub coupon: Fen,
    /// The columns of the refund, unless the row is a payment.
    pub refund: Option<RefundRow>,
    /// 商品名称: description of the order.
    pub description: String,
    /// 商户数据包: the order's `attach`.
    pub attach: Option<String>,
    /// 手续费: fee; negative for a refund.
    pub fee: Yuan,
    /// 费率: fee rate, such as `0.60%`.
    pub rate: String,
    /// 订单金额: total of the order. 0 for a refund; absent from bills of earlier years.
    pub order_total: Option<Fen>,
    /// 费率备注: note on the fee rate.
    pub rate_note: Option<String>,
    /// The columns that this version does not know: names and texts, in the order of the bill.
    pub other: Vec<(String, String)>,
}

impl TradeRow {
    fn read(record: &mut Record<'_>) -> Result<Self, ReadError> {
        let time = record.time(&["交易时间"])?;
        let appid = record.text_if_any(&["公众账号ID"]);
        let mchid = record.text(&["商户号"])?;
        let sub_mchid = record.number_if_any(&["特约商户号", "子商户号"]);
        let device_id = record.text_if_any(&["设备号"]);
        let transaction_id = record.text(&["微信订单号"])?;
        let out_trade_no = record.text(&["商户订单号"])?;
        let openid = record.text_if_any(&["用户标识"]);
        let trade_type = match record.word(&["交易类型"])? {
            TradeType::Other(word) if word == "FACE" => TradeType::Facepay,
            trade_type => trade_type,
        };
        let state = record.word(&["交易状态"])?;
        let bank = record.text_if_any(&["付款银行"]);
        let currency = record.text(&["货币种类"])?;
        let settlement_total = record.fen(&["应结订单金额", "总金额"])?;
        let coupon = record.fen(&["代金券金额", "代金券或立减优惠金额", "企业红包金额"])?;
        let refund = RefundRow::read(record)?;
        Ok(Self {
            refund: Some(refund)
                .filter(|refund| state != RowState::Success || !refund.is_nothing()),
            time,
            appid,
            mchid,
            sub_mchid,
            device_id,
            transaction_id,
            out_trade_no,
            openid,
            trade_type,
            state,
            bank,
            currency,
            settlement_total,
            coupon,
            description: record.text(&["商品名称"])?,
            attach: record.text_if_any(&["商户数据包"]),
            fee: record.yuan(&["手续费"])?,
            rate: record.text(&["费率"])?,
            order_total: record.fen_if_there(ORDER_TOTAL)?,
            rate_note: record.text_if_any(&["费率备注"]),
            other: record.rest(),
        })
    }
}

open_set! {
    /// 交易状态: the kind of a row of a trade bill.
    bill::RowState {
        /// 支付成功: a payment.
        Success = "SUCCESS",
        /// 转入退款: a refund that was accepted.
        Refund = "REFUND",
        /// 已撤销: a payment by payment code (付款码支付) that was revoked.
        Revoked = "REVOKED",
    }
}

/// The columns of a trade bill's row that describe a refund.
///
/// ```
/// use wechatpay::{Fen, bill::TradeBill};
///
/// let file = std::fs::read("tests/data/bills/trade.REFUND.csv")?;
/// let rows: Vec<_> = TradeBill::new(&file[..])?.collect::<Result<_, _>>()?;
/// let refund = rows[0].refund.clone().unwrap_or_default();
/// assert_eq!(refund.requested, Some(Fen(700)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefundRow {
    /// 退款申请时间: time of the request; only in bills of refunds.
    pub requested_at: Option<Time>,
    /// 退款成功时间: time of success; only in bills of refunds.
    pub succeeded_at: Option<Time>,
    /// 微信退款单号: WeChat Pay's refund number.
    pub refund_id: Option<String>,
    /// 商户退款单号: merchant refund number.
    pub out_refund_no: Option<String>,
    /// 退款金额: refunded part of the amount that fees are calculated from.
    pub settlement_refund: Fen,
    /// 充值券退款金额 (代金券或立减优惠退款金额 or 企业红包退款金额 in bills of earlier years): refunded coupons.
    pub coupon_refund: Fen,
    /// 退款类型: where the refund goes, such as `ORIGINAL` or `BALANCE`.
    pub refund_type: Option<String>,
    /// 退款状态: state at the time the bill was made. It is not updated; query the refund for the
    /// current state.
    pub state: Option<RefundState>,
    /// 申请退款金额: amount that the merchant requested. Absent from bills of earlier years.
    pub requested: Option<Fen>,
}

impl RefundRow {
    fn read(record: &mut Record<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            requested_at: record.time_if_any(&["退款申请时间"])?,
            succeeded_at: record.time_if_any(&["退款成功时间"])?,
            refund_id: record.number_if_any(&["微信退款单号"]),
            out_refund_no: record.number_if_any(&["商户退款单号"]),
            settlement_refund: record.fen_if_there(&["退款金额"])?.unwrap_or_default(),
            coupon_refund: record
                .fen_if_there(&["充值券退款金额", "代金券或立减优惠退款金额", "企业红包退款金额"])?
                .unwrap_or_default(),
            refund_type: record.text_if_any(&["退款类型"]),
            state: record.word_if_any(&["退款状态"]),
            requested: record.fen_if_there(&["申请退款金额"])?,
        })
    }

    /// Whether the columns of the refund have the values of a payment's row.
    fn is_nothing(&self) -> bool {
        let requested = self.requested.filter(|requested| *requested == Fen(0));
        *self == Self { requested, ..Self::default() }
    }
}

open_set! {
    /// 退款状态: state of a refund in a bill; queries use other words.
    bill::RefundState {
        /// 退款成功: the money was returned.
        Success = "SUCCESS",
        /// 退款处理中: the refund is being processed.
        Processing = "PROCESSING",
        /// 退款失败: the refund failed.
        Fail = "FAIL",
        /// 退款异常: the payer's account cannot receive the money; the merchant must act.
        Change = "CHANGE",
    }
}

/// The totals of a trade bill. Its type and age determine which totals it has.
///
/// ```
/// use wechatpay::{Fen, bill::TradeBill};
///
/// let file = std::fs::read("tests/data/bills/trade.ALL.csv")?;
/// let summary = TradeBill::new(&file[..])?.finish()?;
/// assert_eq!((summary.rows, summary.order_total), (3, Some(Fen(10_976))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TradeSummary {
    /// 总交易单数: number of rows.
    pub rows: u64,
    /// 应结订单总金额 (总交易额 in bills of earlier years): total of [`TradeRow::settlement_total`].
    pub settlement_total: Fen,
    /// 退款总金额 (总退款金额 in bills of earlier years): total of
    /// [`RefundRow::settlement_refund`].
    pub settlement_refund: Option<Fen>,
    /// 充值券退款总金额 (总企业红包退款金额 in bills of earlier years): total of
    /// [`RefundRow::coupon_refund`].
    pub coupon_refund: Option<Fen>,
    /// 手续费总金额: total of the fees.
    pub fee: Yuan,
    /// 订单总金额: total of [`TradeRow::order_total`].
    pub order_total: Option<Fen>,
    /// 申请退款总金额: total of [`RefundRow::requested`].
    pub requested: Option<Fen>,
    /// The totals that this version does not know: names and texts, in the order of the bill.
    pub other: Vec<(String, String)>,
}

impl TradeSummary {
    fn read(record: &mut Record<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            rows: record.count(&["总交易单数"])?,
            settlement_total: record.fen(&["应结订单总金额", "总交易额"])?,
            settlement_refund: record.fen_if_there(&["退款总金额", "总退款金额"])?,
            coupon_refund: record.fen_if_there(&[
                "充值券退款总金额",
                "总代金券或立减优惠退款金额",
                "总企业红包退款金额",
            ])?,
            fee: record.yuan(&["手续费总金额"])?,
            order_total: record.fen_if_there(&["订单总金额"])?,
            requested: record.fen_if_there(&["申请退款总金额"])?,
            other: record.rest(),
        })
    }

    fn check(&self, record: &Record<'_>, rows: u64, sums: &Sums) -> Result<(), ReadError> {
        let is_sum = |total: Option<Fen>, sum| total.is_none_or(|total| total == sum);
        record.check_totals(&[
            ("总交易单数", self.rows == rows),
            ("应结订单总金额", self.settlement_total == sums.settlement_total),
            ("退款总金额", is_sum(self.settlement_refund, sums.settlement_refund)),
            ("充值券退款总金额", is_sum(self.coupon_refund, sums.coupon_refund)),
            ("手续费总金额", self.fee.is_within_a_fen_of(sums.fee)),
            ("订单总金额", is_sum(self.order_total, sums.order_total)),
            ("申请退款总金额", is_sum(self.requested, sums.requested)),
        ])
    }
}

/// The sums of the rows.
#[derive(Default)]
struct Sums {
    settlement_total: Fen,
    settlement_refund: Fen,
    coupon_refund: Fen,
    fee: Yuan,
    order_total: Fen,
    requested: Fen,
}

impl Sums {
    fn add(&self, row: &TradeRow) -> Option<Self> {
        let nothing = RefundRow::default();
        let refund = row.refund.as_ref().unwrap_or(&nothing);
        Some(Self {
            settlement_total: self.settlement_total.checked_add(row.settlement_total)?,
            settlement_refund: self.settlement_refund.checked_add(refund.settlement_refund)?,
            coupon_refund: self.coupon_refund.checked_add(refund.coupon_refund)?,
            fee: self.fee.checked_add(row.fee)?,
            order_total: self.order_total.checked_add(row.order_total.unwrap_or_default())?,
            requested: self.requested.checked_add(refund.requested.unwrap_or_default())?,
        })
    }
}

const ORDER_TOTAL: Names = &["订单金额"];

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = include_str!("../../tests/data/bills/trade.ALL.csv");
    const SUCCESS: &str = include_str!("../../tests/data/bills/trade.SUCCESS.csv");
    const REFUND: &str = include_str!("../../tests/data/bills/trade.REFUND.csv");
    const OLD: &str = include_str!("../../tests/data/bills/trade.old.csv");

    #[track_caller]
    fn read(bill: &str) -> (Vec<TradeRow>, TradeSummary) {
        let mut bill = TradeBill::new(bill.as_bytes()).unwrap();
        let rows = bill.by_ref().collect::<Result<_, _>>().unwrap();
        (rows, bill.finish().unwrap())
    }

    #[track_caller]
    fn error(bill: &str) -> String {
        TradeBill::new(bill.as_bytes()).and_then(TradeBill::finish).unwrap_err().to_string()
    }

    fn yuan(text: &str) -> Yuan {
        text.parse().unwrap()
    }

    /// The names between those of the oldest bills and those of 2020.
    #[test]
    fn coupon_columns_before_2020_are_read() {
        let middle = OLD
            .replace("总企业红包退款金额", "总代金券或立减优惠退款金额")
            .replace("企业红包退款金额", "代金券或立减优惠退款金额")
            .replace("企业红包金额", "代金券或立减优惠金额");
        assert_eq!(middle.matches("代金券或立减优惠").count(), 3);
        assert_eq!(read(&middle), read(OLD));
    }

    #[test]
    fn columns_of_payment_and_refund_are_read() {
        let (rows, summary) = read(ALL);
        let payment = TradeRow {
            time: "2026-10-01T00:00:00+08:00".parse().unwrap(),
            appid: Some("wxd678efh567hg6787".into()),
            mchid: "1900007291".into(),
            sub_mchid: None,
            device_id: None,
            transaction_id: "4200000000202610010000000001".into(),
            out_trade_no: "shop-20261001-1".into(),
            openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".into()),
            trade_type: TradeType::App,
            state: RowState::Success,
            bank: Some("OTHERS".into()),
            currency: "CNY".into(),
            settlement_total: Fen(888),
            coupon: Fen(88),
            refund: None,
            description: "零食".into(),
            attach: None,
            fee: yuan("0.05"),
            rate: "0.60%".into(),
            order_total: Some(Fen(976)),
            rate_note: None,
            other: Vec::new(),
        };
        let refund = TradeRow {
            time: "2026-10-01T12:00:00+08:00".parse().unwrap(),
            transaction_id: "4200000000202609300000000009".into(),
            out_trade_no: "shop-20260930-9".into(),
            state: RowState::Refund,
            settlement_total: Fen(0),
            coupon: Fen(0),
            refund: Some(RefundRow {
                requested_at: None,
                succeeded_at: None,
                refund_id: Some("50300000002026100100000000001".into()),
                out_refund_no: Some("refund-1".into()),
                settlement_refund: Fen(666),
                coupon_refund: Fen(66),
                refund_type: Some("ORIGINAL".into()),
                state: Some(RefundState::Processing),
                requested: Some(Fen(700)),
            }),
            description: "it's `x`".into(),
            fee: yuan("-0.04"),
            order_total: Some(Fen(0)),
            ..payment.clone()
        };
        assert_eq!(rows[..2], [payment, refund]);
        assert_eq!(rows[2].description, "零食,饮料 \"大\" '小' `x` C:\\new\t.\n");
        assert_eq!(rows[2].attach.as_deref(), Some("a,b"));
        assert_eq!(rows[2].device_id.as_deref(), Some("till 1"));
        assert_eq!(rows[2].rate_note.as_deref(), Some("726"));
        assert_eq!(
            summary,
            TradeSummary {
                rows: 3,
                settlement_total: Fen(10_888),
                settlement_refund: Some(Fen(666)),
                coupon_refund: Some(Fen(66)),
                fee: yuan("0.61"),
                order_total: Some(Fen(10_976)),
                requested: Some(Fen(700)),
                other: Vec::new(),
            }
        );
    }

    #[test]
    fn bills_of_all_types_and_years_are_read_by_name() {
        let (rows, summary) = read(SUCCESS);
        assert_eq!((rows.len(), summary.rows), (2, 2));
        assert!(rows.iter().all(|row| row.refund.is_none() && row.order_total.is_some()));
        assert_eq!((summary.settlement_refund, summary.requested), (None, None));

        let (rows, summary) = read(REFUND);
        let refunds: Vec<_> = rows.iter().map(|row| row.refund.as_ref().unwrap()).collect();
        assert_eq!(refunds[0].requested_at, Some("2026-10-01T12:00:00+08:00".parse().unwrap()));
        assert_eq!(refunds[0].succeeded_at, None);
        assert_eq!(refunds[1].succeeded_at, Some("2026-10-01T12:00:07+08:00".parse().unwrap()));
        assert_eq!(refunds[1].state, Some(RefundState::Success));
        assert_eq!((summary.requested, summary.fee), (Some(Fen(1400)), yuan("-0.08")));

        let (rows, summary) = read(OLD);
        assert_eq!((rows[0].settlement_total, rows[0].order_total), (Fen(10_000), None));
        let refund = rows[1].refund.as_ref().unwrap();
        assert_eq!((refund.coupon_refund, refund.requested), (Fen(66), None));
        assert_eq!(summary.settlement_refund, Some(Fen(666)));
        assert_eq!((summary.coupon_refund, summary.order_total), (Some(Fen(66)), None));
    }

    #[test]
    fn unknown_columns_and_words_are_kept() {
        let mut bill = String::new();
        for (line, more) in
            ALL.lines().zip([",返还手续费", ",`0.01", ",`", ",`a\\ b", ",新", ",`1"])
        {
            bill.push_str(&format!("{line}{more}\n"));
        }
        let bill = bill.replace("`APP,", "`FACE,").replace("`REFUND,", "`FROZEN,");
        let (rows, summary) = read(&bill);
        let other: Vec<_> = rows.iter().map(|row| &row.other[..]).collect();
        let named = |text: &str| [("返还手续费".to_owned(), text.to_owned())];
        assert_eq!(other, [&named("0.01"), &named(""), &named("a,b")]);
        assert_eq!(summary.other, [("新".to_owned(), "1".to_owned())]);
        assert_eq!(rows[0].trade_type, TradeType::Facepay);
        assert_eq!(rows[1].state, RowState::Other("FROZEN".into()));
        assert_eq!(rows[1].refund.as_ref().unwrap().out_refund_no.as_deref(), Some("refund-1"));
    }

    #[test]
    fn revocation_without_refund_number_is_no_payment() {
        let bill = SUCCESS.replacen("`SUCCESS,", "`REVOKED,", 1);
        let (rows, _) = read(&bill);
        assert_eq!(rows[0].refund, Some(RefundRow::default()));
        assert_eq!(rows[1].refund, None);
    }

    #[test]
    fn inexact_amount_is_refused() {
        let with = |amount: &str| SUCCESS.replacen("`9.76,", &format!("`{amount},"), 1);
        for same in ["9.76", "9.760", "9.76000"] {
            assert_eq!(read(&with(same)).0[0].order_total, Some(Fen(976)), "{same}");
        }
        for wrong in [
            "9.764", ".76", "-9.76", "+9.76", "9,76", "`9.76", "９.76", "9.76元", "1e1", " ", "NaN",
        ] {
            assert_eq!(
                error(&with(wrong)),
                "bill line 2, 订单金额 must be an amount in yuan, in whole fen"
            );
        }
        let most = "92233720368547758.07";
        let bill = SUCCESS.replace("`9.76,", &format!("`{most},"));
        assert_eq!(error(&bill), "bill line 3, 订单金额 makes a total too large");
        let fee = SUCCESS.replacen("`0.05000,", "`0.60%,", 1);
        assert_eq!(error(&fee), "bill line 2, 手续费 must be an amount in yuan");
    }

    #[test]
    fn totals_that_differ_from_the_rows_are_named() {
        let totals = "`3.0,`108.88,`6.66,`0.66,`0.61,`109.76,`7.0";
        assert!(ALL.contains(totals));
        for (wrong, expected) in [
            (
                "`4,`108.88,`6.66,`0.66,`0.61,`109.76,`7.0",
                "bill line 6, 总交易单数 does not match the rows; download the bill again",
            ),
            (
                "`3,`108.89,`6.66,`0.66,`0.61,`109.76,`7.0",
                "bill line 6, 应结订单总金额 does not match the rows; download the bill again",
            ),
            (
                "`3,`108.88,`6.67,`0.66,`0.61,`109.76,`7.0",
                "bill line 6, 退款总金额 does not match the rows; download the bill again",
            ),
            (
                "`3,`108.88,`6.66,`0.65,`0.61,`109.76,`7.0",
                "bill line 6, 充值券退款总金额 does not match the rows; download the bill again",
            ),
            (
                "`3,`108.88,`6.66,`0.66,`0.62,`109.76,`7.0",
                "bill line 6, 手续费总金额 does not match the rows; download the bill again",
            ),
            (
                "`3,`108.88,`6.66,`0.66,`0.61,`109.75,`7.0",
                "bill line 6, 订单总金额 does not match the rows; download the bill again",
            ),
            (
                "`3,`108.88,`6.66,`0.66,`0.61,`109.76,`8.0",
                "bill line 6, 申请退款总金额 does not match the rows; download the bill again",
            ),
            (
                "`2,`108.88,`6.66,`0.66,`0.61,`109.76,`0",
                "bill line 6 does not match the rows in 总交易单数, 申请退款总金额; download the bill again",
            ),
            (
                "`3.5,`108.88,`6.66,`0.66,`0.61,`109.76,`7.0",
                "bill line 6, 总交易单数 must be a number of rows",
            ),
        ] {
            assert_eq!(error(&ALL.replace(totals, wrong)), expected);
        }
        let cut = ALL.replace("`0.05000,", "`0.05499,");
        assert_eq!(read(&cut).1.fee, yuan("0.61"), "cut to two decimals");
    }

    #[test]
    fn missing_or_repeated_row_is_noticed() {
        const WRONG_COUNT: &str = "does not match the rows in 总交易单数, ";
        let lines: Vec<_> = ALL.lines().collect();
        for row in 1..=3 {
            let mut fewer = lines.clone();
            fewer.remove(row);
            assert!(error(&fewer.join("\n")).contains(WRONG_COUNT), "{row}");
            let mut more = lines.clone();
            more.insert(row, lines[row]);
            assert!(error(&more.join("\n")).contains(WRONG_COUNT), "{row}");
        }
    }

    #[test]
    fn missing_column_is_reported_by_name() {
        let other = ALL.replace(",商户订单号,", ",x,");
        assert_eq!(error(&other), "bill line 2, 商户订单号 must be present");
        let other = ALL.replace(",应结订单金额,", ",x,");
        assert_eq!(error(&other), "bill line 2, 应结订单金额 must be present");
        let other = ALL.replace("手续费总金额", "x");
        assert_eq!(error(&other), "bill line 6, 手续费总金额 must be present");
        let other = ALL.replace("`2026-10-01 00:00:00,", "`2026-10-01,");
        let expected = "bill line 2, 交易时间 must be a time as in 2018-06-08 10:34:56";
        assert_eq!(error(&other), expected);
    }

    #[test]
    fn bill_cut_off_anywhere_is_refused() {
        let totals = ALL.rfind('`').unwrap() + 1;
        for end in 0..=ALL.len() {
            let cut = TradeBill::new(&ALL.as_bytes()[..end]).and_then(TradeBill::finish);
            // The last total, 7.0, may lose its decimals and the end of its line.
            let last = ALL.get(totals..end).unwrap_or_default();
            let is_whole = ["7", "7.0", "7.0\n"].contains(&last);
            assert_eq!(cut.is_ok(), is_whole, "{end}");
        }
    }
}
