//! 资金账单: what went into the merchant's account and out of it on a day.

use serde_json::Value;

use super::bills::{self, Bill, Day};
use super::calendar::Beijing;
use super::caller::MerchantKind;
use super::fields;
use super::money::{fee, yuan};
use super::order::Order;
use super::order_book::OrderBook;
use super::refund::RefundStatus;
use super::schema::text_of;

/// A movement of money.
#[derive(Clone, Copy)]
struct Flow<'a> {
    time: i64,
    /// 微信支付业务单号.
    business: &'a str,
    /// 业务凭证号: the merchant's own number.
    voucher: &'a str,
    name: &'static str,
    kind: &'static str,
    income: bool,
    /// In fen.
    amount: u64,
    applicant: &'static str,
    remark: &'a str,
}

/// 申请资金账单.
pub(super) const FUND_FLOW_BILL: Bill = Bill { parameters: fields::FUND_FLOW_BILL, csv: file };

/// The bill of a merchant. The money of sub-merchants is theirs, not the partner's.
fn file(orders: &OrderBook, mchid: &str, query: &Value, day: Day) -> Option<Vec<u8>> {
    // Nothing moves on the accounts for operations and for fees.
    if !matches!(text_of(query, "account_type"), "" | "BASIC") {
        return None;
    }
    let direct = orders.of(mchid).filter(|order| order.mode == MerchantKind::Direct);
    let mut flows: Vec<Flow<'_>> = direct.flat_map(flows).collect();
    flows.retain(|flow| flow.amount > 0);
    // A stable sort: what belongs to one moment of one order stays in its order.
    flows.sort_by_key(|flow| (flow.time, flow.business));
    let (mut balance, mut rows, mut today) = (0, Vec::new(), Vec::new());
    for (index, flow) in flows.iter().enumerate() {
        balance = flow.applied_to(balance);
        if day.contains(flow.time) {
            rows.push(flow.row(balance, index));
            today.push(flow);
        }
    }
    if rows.is_empty() {
        return None;
    }
    let count = |income| today.iter().filter(|flow| flow.income == income).count().to_string();
    let sum = |income| {
        let flows = today.iter().filter(|flow| flow.income == income);
        yuan(flows.map(|flow| flow.amount).fold(0, u64::saturating_add))
    };
    let sums = [rows.len().to_string(), count(true), sum(true), count(false), sum(false)];
    Some(bills::csv(NAMES, &rows, SUM_NAMES, &sums))
}

impl Flow<'_> {
    fn applied_to(&self, balance: u64) -> u64 {
        if self.income {
            balance.saturating_add(self.amount)
        } else {
            balance.saturating_sub(self.amount)
        }
    }

    /// The number of a flow is that of its business and its place among all flows.
    fn row(&self, balance: u64, index: usize) -> Vec<String> {
        vec![
            Beijing::at(self.time).plain(),
            self.business.to_owned(),
            format!("{}{index:04}", self.business),
            self.name.to_owned(),
            self.kind.to_owned(),
            if self.income { "收入" } else { "支出" }.to_owned(),
            yuan(self.amount),
            yuan(balance),
            self.applicant.to_owned(),
            escaped(self.remark),
            escaped(self.voucher),
        ]
    }
}

/// What an order and its refunds moved. The fee comes back before a refund is taken, so that the
/// account never lacks anything.
fn flows(order: &Order) -> Vec<Flow<'_>> {
    let Some(payment) = &order.payment else { return Vec::new() };
    let flow = Flow {
        time: payment.success_time,
        business: &payment.transaction_id,
        voucher: order.number(),
        name: "交易",
        kind: "交易",
        income: true,
        amount: order.total(),
        applicant: "system",
        remark: "",
    };
    let charge = Flow { kind: CHARGED, income: false, amount: fee(order.total()), ..flow };
    let mut flows = vec![flow, charge];
    for refund in &order.refunds {
        let flow = Flow {
            time: refund.create_time,
            business: &refund.refund_id,
            voucher: refund.number(),
            name: "退款",
            kind: "退款",
            income: false,
            amount: refund.amount(),
            applicant: "商户号API",
            remark: refund.reason(),
        };
        flows
            .push(Flow { kind: "退还交易手续费", income: true, amount: refund.fee, ..flow });
        flows.push(flow);
        if let (RefundStatus::Closed, Some(time)) = (refund.status, refund.end_time) {
            flows.push(Flow { time, kind: "退款关闭", income: true, ..flow });
            flows.push(Flow { time, kind: CHARGED, amount: refund.fee, ..flow });
        }
    }
    flows
}

fn escaped(text: &str) -> String {
    text.replace('\u{1}', " ").replace('\r', "\\r").replace('\n', "\\n")
}

const CHARGED: &str = "扣除交易手续费";

/// merchant/4013071249.
const NAMES: &[&str] = &[
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
];
const SUM_NAMES: &[&str] = &["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::authorization::tests::{MCHID, NOW};
    use super::super::bills::tests::{day, lines};
    use super::super::refunds::tests::refund;
    use super::super::test_desk::{Desk, with};
    use super::*;

    #[test]
    fn every_movement_has_a_row_and_changes_the_balance() {
        let mut desk = Desk::paid(20);
        desk.now = NOW + 60;
        desk.refund(&with(refund("1", 100), "reason", json!("a\nb\u{1}c"))).unwrap();
        desk.now = NOW + 120;
        desk.end("1", RefundStatus::Closed).unwrap();
        let bill = lines(&file(&desk.orders, MCHID, &json!({}), day()).unwrap());
        assert_eq!(bill[0], NAMES);
        let shown: Vec<String> = bill[1..7]
            .iter()
            .map(|row| [row[0].get(11..).unwrap(), &row[4], &row[5], &row[6], &row[7]].join(" "))
            .collect();
        assert_eq!(
            shown,
            [
                "20:34:20 交易 收入 1.00 1.00",
                "20:34:20 扣除交易手续费 支出 0.01 0.99",
                "20:35:20 退还交易手续费 收入 0.01 1.00",
                "20:35:20 退款 支出 1.00 0.00",
                "20:36:20 退款关闭 收入 1.00 1.00",
                "20:36:20 扣除交易手续费 支出 0.01 0.99",
            ]
        );
        assert_eq!(bill[4][8..], ["商户号API", "a\\nb c", "1"]);
        assert_eq!(bill[7], SUM_NAMES);
        assert_eq!(bill[8].join(","), "6,3,2.01,3,1.02");
        assert_eq!(file(&desk.orders, MCHID, &json!({ "account_type": "FEES" }), day()), None);
        assert_eq!(file(&Desk::open().orders, MCHID, &json!({}), day()), None);
    }
}
