//! 资金账单: what went into an account of the merchant and out of it on a day.

use serde_json::Value;

use super::bills::{self, Bill, Books, Day};
use super::caller::MerchantKind;
use super::fields;
use super::flow::Flow;
use super::money::{fee, yuan};
use super::order::Order;
use super::refund::RefundStatus;
use super::schema::text_of;
use super::transfer::Transfer;

/// 申请资金账单.
pub(super) const FUND_FLOW_BILL: Bill = Bill { parameters: fields::FUND_FLOW_BILL, csv: file };

/// The bill of a merchant's account. The money of sub-merchants is theirs, not the partner's.
fn file(books: Books<'_>, mchid: &str, query: &Value, day: Day) -> Option<Vec<u8>> {
    let mut flows: Vec<Flow<'_>> = match text_of(query, "account_type") {
        "" | "BASIC" => {
            let direct = books.orders.of(mchid).filter(|order| order.mode == MerchantKind::Direct);
            direct.flat_map(flows_of_order).chain(books.sharing.flows(mchid)).collect()
        }
        "OPERATION" => {
            let own = books.transfers.iter().filter(|transfer| transfer.mchid == mchid);
            own.flat_map(flows_of_transfer).collect()
        }
        // Nothing moves on the account for fees.
        _ => return None,
    };
    flows.retain(|flow| flow.amount > 0);
    // The sort is stable: flows of one order at one time keep their order.
    flows.sort_by_key(|flow| (flow.time, flow.business));
    let (mut balance, mut rows, mut today) = (0, Vec::new(), Vec::new());
    for (index, flow) in topped_up(flows).into_iter().enumerate() {
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

/// The flows with a 充值 before each for which the account has too little. The sandbox's accounts
/// never lack money unless a test limits it, so the bill shows where it comes from.
fn topped_up(flows: Vec<Flow<'_>>) -> Vec<Flow<'_>> {
    let (mut balance, mut all) = (0_u64, Vec::new());
    for flow in flows {
        let missing = if flow.income { 0 } else { flow.amount.saturating_sub(balance) };
        if missing > 0 {
            let (name, amount) = ("充值", missing);
            let top_up =
                Flow { name, kind: name, income: true, amount, voucher: "", remark: "", ..flow };
            balance = top_up.applied_to(balance);
            all.push(top_up);
        }
        balance = flow.applied_to(balance);
        all.push(flow);
    }
    all
}

/// The money that was taken for a transfer, and put back. The documents do not list the names of
/// these movements.
fn flows_of_transfer(transfer: &Transfer) -> Vec<Flow<'_>> {
    let Some(time) = transfer.funded_time else { return Vec::new() };
    let taken = Flow {
        time,
        business: &transfer.transfer_bill_no,
        voucher: transfer.number(),
        name: "商家转账",
        kind: "商家转账",
        income: false,
        amount: transfer.amount(),
        applicant: "商户号API",
        remark: text_of(&transfer.parameters, "transfer_remark"),
    };
    let returned = transfer.returned_time;
    let returned =
        returned.map(|time| Flow { time, kind: "商家转账退回", income: true, ..taken });
    [taken].into_iter().chain(returned).collect()
}

/// What an order and its refunds moved. The fee comes back before a refund is taken, so that the
/// account never lacks anything.
fn flows_of_order(order: &Order) -> Vec<Flow<'_>> {
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

    use super::super::authorization_header::tests::NOW;
    use super::super::bills::tests::{csv_of, day, lines};
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
        let bill = lines(&csv_of(&FUND_FLOW_BILL, &desk.orders, &json!({}), day()).unwrap());
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
        assert_eq!(
            csv_of(&FUND_FLOW_BILL, &desk.orders, &json!({ "account_type": "FEES" }), day()),
            None
        );
        assert_eq!(csv_of(&FUND_FLOW_BILL, &Desk::open().orders, &json!({}), day()), None);
    }
}
