//! 交易账单: a row for every order that was paid on a day, and for every refund that was accepted.

use serde_json::Value;

use super::bills::{self, Bill, Books, Day};
use super::calendar::Beijing;
use super::fields;
use super::money::{RATE, fee, yuan};
use super::order::{Order, Payment};
use super::refund::{Refund, RefundStatus};
use super::schema::text_of;
use super::transaction::{self, BANK_TYPE};

/// 账单类型 (bill_type).
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    All,
    Success,
    Refund,
}

/// A payment, or a refund of it.
struct Row<'a> {
    order: &'a Order,
    payment: &'a Payment,
    refund: Option<&'a Refund>,
    /// When the bill was made.
    issued: i64,
}

struct Column {
    name: &'static str,
    kinds: &'static [Kind],
    value: fn(&Row<'_>) -> String,
}

/// 申请交易账单.
pub(super) const TRADE_BILL: Bill = Bill { parameters: fields::TRADE_BILL, csv: file };

/// The bill of a merchant, or of one of the sub-merchants of a partner.
fn file(books: Books<'_>, mchid: &str, query: &Value, day: Day) -> Option<Vec<u8>> {
    let kind = match text_of(query, "bill_type") {
        "SUCCESS" => Kind::Success,
        "REFUND" => Kind::Refund,
        _ => Kind::All,
    };
    let sub_mchid = query.get("sub_mchid").and_then(Value::as_str);
    let wanted = |order: &&Order| sub_mchid.is_none() || order.sub_mchid() == sub_mchid;
    let mut rows: Vec<Row<'_>> =
        books.orders.of(mchid).filter(wanted).flat_map(|order| rows(order, day)).collect();
    rows.retain(|row| kind.has(row) && day.contains(row.time()));
    if rows.is_empty() {
        return None;
    }
    rows.sort_by(|one, other| one.key().cmp(&other.key()));
    Some(written(kind, &rows))
}

impl Kind {
    fn has(self, row: &Row<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Success => row.refund.is_none(),
            Self::Refund => row.refund.is_some(),
        }
    }
}

impl Row<'_> {
    /// 交易时间: of a refund that it was accepted, not that it succeeded.
    fn time(&self) -> i64 {
        self.refund.map_or(self.payment.success_time, |refund| refund.create_time)
    }

    /// The key that bills are sorted by.
    fn key(&self) -> (i64, &str, &str) {
        let refund_id = self.refund.map_or("", |refund| &refund.refund_id);
        (self.time(), &self.payment.transaction_id, refund_id)
    }

    /// An amount of the payment: a refund has none.
    fn of_payment(&self, amount: u64) -> u64 {
        if self.refund.is_none() { amount } else { 0 }
    }

    /// An amount of the refund: a payment has none.
    fn of_refund(&self, amount: fn(&Refund) -> u64) -> u64 {
        self.refund.map_or(0, amount)
    }

    /// A number or a name of the refund.
    fn or<'a>(&'a self, text: fn(&'a Refund) -> &'a str, of_payment: &'static str) -> String {
        self.refund.map_or(of_payment, text).to_owned()
    }

    /// 手续费: what is given back is negative.
    fn fee(&self) -> i64 {
        match self.refund {
            None => signed(fee(self.order.total())),
            Some(refund) => signed(refund.fee).saturating_neg(),
        }
    }

    /// 退款状态 at the time when the bill was made.
    fn refund_status(&self) -> &'static str {
        let Some(refund) = self.refund else { return "" };
        match refund.status {
            _ if refund.end_time.is_none_or(|end| end > self.issued) => "PROCESSING",
            RefundStatus::Processing => "PROCESSING",
            RefundStatus::Success => "SUCCESS",
            RefundStatus::Abnormal => "CHANGE",
            RefundStatus::Closed => "FAIL",
        }
    }

    /// A text of the merchant's own.
    fn escaped(&self, place: &str) -> String {
        let text = self.order.parameters.pointer(place).and_then(Value::as_str);
        escaped(text.unwrap_or_default(), self.refund.is_some())
    }
}

fn rows(order: &Order, day: Day) -> impl Iterator<Item = Row<'_>> {
    order.payment.iter().flat_map(move |payment| {
        let refunds = order.refunds.iter().map(Some);
        let row = move |refund| Row { order, payment, refund, issued: day.issued() };
        [None].into_iter().chain(refunds).map(row)
    })
}

fn written(kind: Kind, rows: &[Row<'_>]) -> Vec<u8> {
    let columns: Vec<&Column> =
        COLUMNS.iter().filter(|column| column.kinds.contains(&kind)).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let lines: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| (column.value)(row)).collect()).collect();
    let sum =
        |amount: fn(&Row<'_>) -> u64| yuan(rows.iter().map(amount).fold(0, u64::saturating_add));
    let fees = rows.iter().map(Row::fee).fold(0, i64::saturating_add);
    let (count, total) = (rows.len().to_string(), sum(|row| row.of_payment(row.order.total())));
    let (sum_names, sums) = if kind == Kind::Success {
        (SUCCESS_SUMS, vec![count, total.clone(), long_yuan(fees), total])
    } else {
        let (refunds, discounts) =
            (sum(|row| row.of_refund(Refund::amount)), sum(|row| row.of_refund(|it| it.discount)));
        (
            SUMS,
            vec![count, total.clone(), refunds.clone(), discounts, long_yuan(fees), total, refunds],
        )
    };
    bills::csv(&names, &lines, sum_names, &sums)
}

/// 特殊字符转义: what the service does to the texts of merchants, which differs for refunds.
fn escaped(text: &str, of_refund: bool) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '\'' if of_refund => escaped.push('\''),
            '`' if of_refund => escaped.push_str("\\140"),
            '\\' | '\'' | '"' | '`' | '\u{1A}' => escaped.extend(['\\', character]),
            ',' | '\u{E000}' => escaped.push_str("\\ "),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// In yuan with five decimals, as fees are seen in real bills.
fn long_yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}000", yuan(fen.unsigned_abs()))
}

fn signed(fen: u64) -> i64 {
    i64::try_from(fen).unwrap_or(i64::MAX)
}

const fn column(
    name: &'static str,
    kinds: &'static [Kind],
    value: fn(&Row<'_>) -> String,
) -> Column {
    Column { name, kinds, value }
}

const EVERY: &[Kind] = &[Kind::All, Kind::Success, Kind::Refund];
const WITH_REFUNDS: &[Kind] = &[Kind::All, Kind::Refund];
const REFUNDS_ONLY: &[Kind] = &[Kind::Refund];

/// merchant/4013071246.
const COLUMNS: &[Column] = &[
    column("交易时间", EVERY, |row| Beijing::at(row.time()).plain()),
    column("公众账号ID", EVERY, |row| {
        text_of(&row.order.parameters, row.order.mode.appid()).to_owned()
    }),
    column("商户号", EVERY, |row| {
        text_of(&row.order.parameters, row.order.mode.mchid()).to_owned()
    }),
    column("特约商户号", EVERY, |row| row.order.sub_mchid().unwrap_or("0").to_owned()),
    column("设备号", EVERY, |row| row.escaped("/scene_info/device_id")),
    column("微信订单号", EVERY, |row| row.payment.transaction_id.clone()),
    column("商户订单号", EVERY, |row| row.order.number().to_owned()),
    column("用户标识", EVERY, |row| {
        text_of(&transaction::payer(row.order), row.order.mode.openid()).to_owned()
    }),
    column("交易类型", EVERY, |row| row.order.trade_type.as_str().to_owned()),
    column("交易状态", EVERY, |row| row.or(|_| "REFUND", "SUCCESS")),
    column("付款银行", EVERY, |_| BANK_TYPE.to_owned()),
    column("货币种类", EVERY, |_| "CNY".to_owned()),
    column("应结订单金额", EVERY, |row| yuan(row.of_payment(row.order.total()))),
    column("代金券金额", EVERY, |row| yuan(row.of_payment(row.payment.coupon))),
    column("退款申请时间", REFUNDS_ONLY, |row| Beijing::at(row.time()).plain()),
    column("退款成功时间", REFUNDS_ONLY, |row| {
        let end = row.refund.and_then(|refund| refund.end_time);
        end.filter(|_| row.refund_status() == "SUCCESS")
            .map(|end| Beijing::at(end).plain())
            .unwrap_or_default()
    }),
    column("微信退款单号", WITH_REFUNDS, |row| row.or(|refund| &refund.refund_id, "0")),
    column("商户退款单号", WITH_REFUNDS, |row| row.or(Refund::number, "0")),
    column("退款金额", WITH_REFUNDS, |row| yuan(row.of_refund(Refund::amount))),
    column("充值券退款金额", WITH_REFUNDS, |row| {
        yuan(row.of_refund(|refund| refund.discount))
    }),
    column("退款类型", WITH_REFUNDS, |row| row.or(|refund| refund.channel, "")),
    column("退款状态", WITH_REFUNDS, |row| row.refund_status().to_owned()),
    column("商品名称", EVERY, |row| row.escaped("/description")),
    column("商户数据包", EVERY, |row| row.escaped("/attach")),
    column("手续费", EVERY, |row| long_yuan(row.fee())),
    column("费率", EVERY, |_| RATE.to_owned()),
    column("订单金额", EVERY, |row| yuan(row.of_payment(row.order.total()))),
    column("申请退款金额", WITH_REFUNDS, |row| yuan(row.of_refund(Refund::amount))),
    column("费率备注", EVERY, |_| String::new()),
];

const SUMS: &[&str] = &[
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
];
const SUCCESS_SUMS: &[&str] = &["总交易单数", "应结订单总金额", "手续费总金额", "订单总金额"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::authorization_header::tests::{MCHID, NOW, SUB_MCHID};
    use super::super::bills::tests::{csv_of, day, lines};
    use super::super::caller::MerchantKind;
    use super::super::refunds::tests::refund;
    use super::super::test_desk::{Desk, partner_order, with};
    use super::super::trade_type::TradeType;
    use super::*;

    /// An order of 100 fen with a coupon of 20, and a refund of 50 a minute later.
    fn desk() -> Desk {
        let mut desk = Desk::paid(20);
        desk.now = NOW + 60;
        desk.refund(&refund("r@1", 50)).unwrap();
        desk
    }

    fn bill(desk: &Desk, query: Value) -> Option<Vec<Vec<String>>> {
        csv_of(&TRADE_BILL, &desk.orders, &query, day()).map(|csv| lines(&csv))
    }

    #[test]
    fn bill_is_as_the_documents_print_it() {
        let bill = bill(&desk(), json!({})).unwrap();
        let [names, paid, refunded, sum_names, sums] = bill.try_into().unwrap();
        assert_eq!(names.len(), 27);
        let numbers = (paid[5].clone(), refunded[14].clone());
        assert_eq!(
            paid.join(","),
            format!(
                "2019-04-02 20:34:20,wx1,{MCHID},0,,{},order-1,oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,APP,\
                 SUCCESS,OTHERS,CNY,1.00,0.20,0,0,0.00,0.00,,,d,,0.01000,0.60%,1.00,0.00,",
                numbers.0
            )
        );
        assert_eq!(
            refunded.join(","),
            format!(
                "2019-04-02 20:35:20,wx1,{MCHID},0,,{},order-1,oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,APP,\
                 REFUND,OTHERS,CNY,0.00,0.00,{},r@1,0.50,0.10,ORIGINAL,PROCESSING,d,,0.00000,\
                 0.60%,0.00,0.50,",
                numbers.0, numbers.1
            )
        );
        assert_eq!(sum_names, SUMS);
        assert_eq!(sums.join(","), "2,1.00,0.50,0.10,0.01000,1.00,0.50");
    }

    #[test]
    fn each_kind_has_its_columns_and_its_rows() {
        let mut desk = desk();
        desk.end("r@1", RefundStatus::Success).unwrap();
        let success = bill(&desk, json!({ "bill_type": "SUCCESS" })).unwrap();
        assert_eq!((success.len(), success[0].len(), success[1].len()), (4, 20, 20));
        assert_eq!(success[3].join(","), "1,1.00,0.01000,1.00");
        let refunds = bill(&desk, json!({ "bill_type": "REFUND" })).unwrap();
        assert_eq!((refunds.len(), refunds[0].len(), refunds[1].len()), (4, 29, 29));
        assert_eq!(refunds[1][14..16], ["2019-04-02 20:35:20", "2019-04-02 20:35:20"]);
        assert_eq!(refunds[1][21], "SUCCESS");
        assert_eq!(refunds[3].join(","), "1,0.00,0.50,0.10,0.00000,0.00,0.50");
    }

    #[test]
    fn refund_is_shown_as_it_was_when_the_bill_was_made() {
        for (delay, status, shown) in [
            (60, RefundStatus::Abnormal, "CHANGE"),
            (60, RefundStatus::Closed, "FAIL"),
            (2 * 24 * 60 * 60, RefundStatus::Success, "PROCESSING"),
        ] {
            let mut desk = desk();
            desk.now += delay;
            desk.end("r@1", status).unwrap();
            assert_eq!(bill(&desk, json!({})).unwrap()[2][19], shown);
        }
    }

    #[test]
    fn bill_has_the_requested_day_and_sub_merchant_only() {
        let mut desk = desk();
        let other = with(partner_order(), "out_trade_no", json!("order-2"));
        desk.place_as(
            MerchantKind::Partner,
            TradeType::H5,
            &with(
                other.clone(),
                "scene_info",
                json!({ "payer_client_ip": "1.2.3.4", "h5_info": { "type": "Wap" } }),
            ),
        )
        .unwrap();
        desk.pay("order-2").unwrap();
        let sub = bill(&desk, json!({ "sub_mchid": SUB_MCHID })).unwrap();
        assert_eq!((sub.len(), &*sub[1][3], &*sub[1][8]), (4, SUB_MCHID, "MWEB"));
        assert_eq!(bill(&desk, json!({})).unwrap().len(), 6);

        let mut late = Desk::open();
        late.now = NOW + 24 * 60 * 60;
        late.place_as(MerchantKind::Partner, TradeType::App, &other).unwrap();
        late.pay("order-2").unwrap();
        assert_eq!(bill(&late, json!({})), None);
        assert_eq!(bill(&Desk::paid(0), json!({ "bill_type": "REFUND" })), None);
    }

    #[test]
    fn texts_are_escaped_as_documented() {
        let text = "\\'\"`,\n\r\t\u{E000}\u{1A}中";
        assert_eq!(escaped(text, false), "\\\\\\'\\\"\\`\\ \\n\\r\\t\\ \\\u{1A}中");
        assert_eq!(escaped(text, true), "\\\\'\\\"\\140\\ \\n\\r\\t\\ \\\u{1A}中");
    }

    #[test]
    fn fees_have_five_decimals_and_a_sign() {
        assert_eq!([0, 1, -6, 123].map(long_yuan), ["0.00000", "0.01000", "-0.06000", "1.23000"]);
    }
}
