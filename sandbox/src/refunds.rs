//! Refunds of paid orders.

use serde_json::{Value, json};

use super::balance::Balance;
use super::calendar::Beijing;
use super::caller::Caller;
use super::fields;
use super::json::put;
use super::money::{fee, share};
use super::order::{Order, Payment};
use super::order_book::{OrderBook, Wanted};
use super::refund::{Refund, RefundStatus};
use super::refund_error::RefundError;
use super::refusal::{Location, Refusal};
use super::schema::{self, fen_of, text_of};
use super::sharing::paid_order::PaidOrder;
use super::sharing::state::{RefundSource, Sharing};
use super::transaction;
use super::unique_ids::UniqueIds;

/// 申请退款.
///
/// One rule of the documents is not kept, so that tests need not wait: two refunds of one order may
/// be less than a minute apart.
pub(super) fn apply(
    orders: &mut OrderBook,
    body: &[u8],
    caller: &Caller<'_>,
    (balance, sharing): (&mut Balance, &Sharing),
    ids: &mut UniqueIds,
) -> Result<Value, Refusal> {
    let parameters = schema::read(body, &[fields::REFUND])?;
    let wanted = order_named_by(&parameters)?;
    check_sub_merchant(&parameters, caller)?;
    let number = text_of(&parameters, "out_refund_no");
    if let Some((order, refund)) = find(orders, caller.mchid, |refund| refund.number() == number) {
        if refund.parameters != parameters {
            return Err(Refusal::other_parameters());
        }
        return Ok(describe(order, refund));
    }
    let order = orders.get_mut(caller.mchid, &wanted);
    let order = order.filter(|order| belongs_to(order, &parameters)).ok_or_else(unpaid)?;
    let payment = order.payment.as_ref().ok_or_else(unpaid)?;
    check_amounts(&parameters, order, payment, caller.now)?;
    check_goods(&parameters, order)?;
    let amount = fen_of(&parameters, "/amount/refund");
    let shared = PaidOrder::of(order).ok_or_else(unpaid)?;
    let source = sharing.refund_source(&shared, amount, caller.now)?;
    let is_from_frozen = matches!(source, RefundSource::Frozen);
    if !is_from_frozen && !balance.take(amount) {
        return Err(Refusal::new(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起"));
    }
    let refund = new_refund(parameters, order, payment, caller.now, ids);
    let refund = Refund { is_from_frozen, ..refund };
    let response = describe(order, &refund);
    order.refunds.push(refund);
    Ok(response)
}

/// 查询单笔退款: `owner` names the sub-merchant of a partner.
pub(super) fn query(
    orders: &OrderBook,
    out_refund_no: &str,
    owner: &Value,
    caller: &Caller<'_>,
) -> Result<Value, Refusal> {
    check_sub_merchant(owner, caller)?;
    let found = find(orders, caller.mchid, |refund| refund.number() == out_refund_no);
    let found = found.filter(|(order, _)| belongs_to(order, owner));
    found.map(|(order, refund)| describe(order, refund)).ok_or_else(unknown)
}

/// 发起异常退款: `names_key` is whether the request names the key of its encrypted fields.
pub(super) fn apply_abnormal(
    orders: &mut OrderBook,
    refund_id: &str,
    body: &[u8],
    names_key: bool,
    caller: &Caller<'_>,
) -> Result<Value, Refusal> {
    let parameters = schema::read(body, &[fields::ABNORMAL_REFUND])?;
    check_sub_merchant(&parameters, caller)?;
    let to_user = text_of(&parameters, "type") == "USER_BANK_CARD";
    if to_user {
        check_card(&parameters, names_key)?;
    }
    let number = text_of(&parameters, "out_refund_no");
    let same = |refund: &Refund| refund.refund_id == refund_id && refund.number() == number;
    let found = find_mut(orders, caller.mchid, same);
    let (order, index) =
        found.filter(|(order, _)| belongs_to(order, &parameters)).ok_or_else(unknown)?;
    let refund = order.refunds.get_mut(index).ok_or_else(unknown)?;
    if refund.status != RefundStatus::Abnormal {
        return Err(Refusal::invalid("该退款单不是退款异常状态"));
    }
    (refund.status, refund.end_time) = (RefundStatus::Processing, None);
    (refund.channel, refund.account) = if to_user {
        ("OTHER_BANKCARD", format!("{}尾号0403", text_of(&parameters, "bank_type")))
    } else {
        ("ORIGINAL", "商户基本账户".to_owned())
    };
    order.refunds.get(index).map(|refund| describe(order, refund)).ok_or_else(unknown)
}

/// Whether the merchant has a refund with this number.
pub(super) fn exists(orders: &OrderBook, mchid: &str, out_refund_no: &str) -> bool {
    find(orders, mchid, |refund| refund.number() == out_refund_no).is_some()
}

/// A refund ends, well or not.
pub(super) fn end<'a>(
    orders: &'a mut OrderBook,
    mchid: &str,
    out_refund_no: &str,
    status: RefundStatus,
    now: i64,
) -> Result<(&'a Order, &'a Refund), RefundError> {
    let not_found = || RefundError::not_found(out_refund_no);
    let (order, index) =
        find_mut(orders, mchid, |refund| refund.number() == out_refund_no).ok_or_else(not_found)?;
    let refund = order.refunds.get_mut(index).ok_or_else(not_found)?;
    if refund.status != RefundStatus::Processing {
        return Err(RefundError::ended(out_refund_no, refund.status.as_str()));
    }
    (refund.status, refund.end_time) = (status, Some(now));
    let order: &Order = order;
    let refund = order.refunds.get(index).ok_or_else(not_found)?;
    Ok((order, refund))
}

fn new_refund(
    parameters: Value,
    order: &Order,
    payment: &Payment,
    now: i64,
    ids: &mut UniqueIds,
) -> Refund {
    let before = || order.refunds.iter().filter(|refund| refund.counts());
    let sum = |part: fn(&Refund) -> u64| before().map(part).fold(0, u64::saturating_add);
    let done = sum(Refund::amount).saturating_add(fen_of(&parameters, "/amount/refund"));
    // Computed from the sums, so that the rounding errors of many refunds do not add up.
    let part = |whole, given| share(whole, done, order.total()).saturating_sub(given);
    Refund {
        refund_id: format!("50300{}{}", Beijing::at(now).day_digits(), ids.decimals(16)),
        create_time: now,
        status: RefundStatus::Processing,
        end_time: None,
        discount: part(payment.coupon, sum(|refund| refund.discount)),
        fee: part(fee(order.total()), sum(|refund| refund.fee)),
        is_from_frozen: false,
        channel: "ORIGINAL",
        account: "支付用户零钱".to_owned(),
        parameters,
    }
}

/// Where the notification of a refund goes: to its own address, else to that of the order, instead
/// of the one that merchants set on the platform.
pub(super) fn notify_url<'a>(order: &'a Order, refund: &'a Refund) -> &'a str {
    refund.notify_url().unwrap_or_else(|| order.notify_url())
}

/// A refund in a notification.
pub(super) fn notification(order: &Order, refund: &Refund) -> Value {
    let mut output = numbers(order, refund);
    for name in ["mchid", "sp_mchid", "sub_mchid"] {
        if let Some(mchid) = order.parameters.get(name) {
            put(&mut output, name, mchid.clone());
        }
    }
    put(&mut output, "refund_status", refund.status.as_str());
    put(
        &mut output,
        "amount",
        json!({
            "total": order.total(),
            "refund": refund.amount(),
            "payer_total": order.payer_total(),
            "payer_refund": refund.payer_refund(),
        }),
    );
    output
}

/// A refund in a response.
fn describe(order: &Order, refund: &Refund) -> Value {
    let mut output = numbers(order, refund);
    let asked = |name| refund.parameters.get(name);
    put(&mut output, "channel", refund.channel);
    put(&mut output, "create_time", Beijing::at(refund.create_time).rfc3339());
    put(&mut output, "status", refund.status.as_str());
    let funds_account = asked("funds_account").cloned();
    put(&mut output, "funds_account", funds_account.unwrap_or_else(|| "UNSETTLED".into()));
    let mut amount = json!({
        "total": order.total(),
        "refund": refund.amount(),
        "payer_total": order.payer_total(),
        "payer_refund": refund.payer_refund(),
        "settlement_total": order.total(),
        "settlement_refund": refund.amount(),
        "discount_refund": refund.discount,
        "currency": "CNY",
        "refund_fee": refund.fee,
    });
    if let Some(from) = refund.parameters.pointer("/amount/from") {
        put(&mut amount, "from", from.clone());
    }
    put(&mut output, "amount", amount);
    let coupon = order.payment.as_ref().map_or(0, |payment| payment.coupon);
    if coupon > 0 {
        let mut promotion = json!({
            "promotion_id": transaction::COUPON_ID,
            "scope": transaction::scope(&order.parameters),
            "type": "CASH",
            "amount": coupon,
            "refund_amount": refund.discount,
        });
        if let Some(goods) = asked("goods_detail") {
            put(&mut promotion, "goods_detail", goods.clone());
        }
        put(&mut output, "promotion_detail", json!([promotion]));
    }
    output
}

/// The fields that responses and notifications have in common.
fn numbers(order: &Order, refund: &Refund) -> Value {
    let mut output = json!({
        "refund_id": refund.refund_id,
        "out_refund_no": refund.number(),
        "transaction_id": order.transaction_id().unwrap_or_default(),
        "out_trade_no": order.number(),
        "user_received_account": refund.account,
    });
    if let (true, Some(moment)) = (refund.has_succeeded(), refund.end_time) {
        put(&mut output, "success_time", Beijing::at(moment).rfc3339());
    }
    output
}

/// The order by either of its numbers, but not by both.
fn order_named_by(parameters: &Value) -> Result<Wanted, Refusal> {
    let (id, number) = (parameters.get("transaction_id"), parameters.get("out_trade_no"));
    match (id.and_then(Value::as_str), number.and_then(Value::as_str)) {
        (Some(id), None) => Ok(Wanted::TransactionId(id.to_owned())),
        (None, Some(number)) => Ok(Wanted::OutTradeNo(number.to_owned())),
        _ => {
            let issue = "one of transaction_id and out_trade_no is required, and not both";
            Err(Refusal::parameter(Location::Body, "/transaction_id", id, issue))
        }
    }
}

fn find<'a>(
    orders: &'a OrderBook,
    mchid: &str,
    wanted: impl Fn(&Refund) -> bool,
) -> Option<(&'a Order, &'a Refund)> {
    let refund = |order: &'a Order| order.refunds.iter().find(|refund| wanted(refund));
    orders.of(mchid).find_map(|order| Some((order, refund(order)?)))
}

fn find_mut<'a>(
    orders: &'a mut OrderBook,
    mchid: &str,
    wanted: impl Fn(&Refund) -> bool,
) -> Option<(&'a mut Order, usize)> {
    let position = |order: &Order| order.refunds.iter().position(&wanted);
    orders.of_mut(mchid).find_map(|order| position(order).map(|index| (order, index)))
}

/// A partner names the sub-merchant, a direct merchant none.
fn belongs_to(order: &Order, request: &Value) -> bool {
    order.sub_mchid() == request.get("sub_mchid").and_then(Value::as_str)
}

fn check_sub_merchant(request: &Value, caller: &Caller<'_>) -> Result<(), Refusal> {
    match request.get("sub_mchid").and_then(Value::as_str) {
        Some(sub_mchid) if !caller.merchants.contains_key(sub_mchid) => {
            Err(Refusal::new(404, "MCH_NOT_EXISTS", "商户号不存在"))
        }
        _ => Ok(()),
    }
}

fn check_amounts(
    parameters: &Value,
    order: &Order,
    payment: &Payment,
    now: i64,
) -> Result<(), Refusal> {
    let refund = fen_of(parameters, "/amount/refund");
    if fen_of(parameters, "/amount/total") != order.total() {
        return Err(Refusal::invalid("订单金额或退款金额与之前请求不一致，请核实后再试"));
    }
    if now.saturating_sub(payment.success_time) > YEAR {
        return Err(Refusal::invalid("订单已超过退款期限"));
    }
    let before = order.refunds.iter().filter(|refund| refund.counts());
    let before = before.map(Refund::amount).fold(0, u64::saturating_add);
    if before == order.total() {
        return Err(Refusal::invalid("订单已全额退款"));
    }
    if before.saturating_add(refund) > order.total() {
        return Err(Refusal::invalid("申请退款金额大于订单可退金额"));
    }
    if order.refunds.len() >= MOST_REFUNDS {
        return Err(Refusal::invalid("订单退款次数超过限制"));
    }
    check_accounts(parameters, refund)
}

/// 退款出资账户: each at most once; together they pay the complete refund.
fn check_accounts(parameters: &Value, refund: u64) -> Result<(), Refusal> {
    let Some(from) = parameters.pointer("/amount/from").and_then(Value::as_array) else {
        return Ok(());
    };
    let mut accounts: Vec<&str> = from.iter().map(|item| text_of(item, "account")).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let sum = from.iter().map(|item| fen_of(item, "/amount")).fold(0, u64::saturating_add);
    if accounts.len() == from.len() && sum == refund {
        Ok(())
    } else {
        Err(Refusal::invalid("退款出资账户类型重复，或出资金额之和不等于退款金额"))
    }
}

/// 退款商品: goods of the order, at the same price, and at most as many.
fn check_goods(parameters: &Value, order: &Order) -> Result<(), Refusal> {
    let goods =
        |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let bought = goods(order.parameters.pointer("/detail/goods_detail"));
    let was_bought = |item: &Value| {
        bought.iter().any(|other| {
            text_of(other, "merchant_goods_id") == text_of(item, "merchant_goods_id")
                && fen_of(other, "/unit_price") == fen_of(item, "/unit_price")
                && fen_of(other, "/quantity") >= fen_of(item, "/refund_quantity")
        })
    };
    if goods(parameters.get("goods_detail")).iter().all(was_bought) {
        Ok(())
    } else {
        Err(Refusal::invalid("退款商品与下单时传入的单品列表不一致"))
    }
}

/// 退款到用户银行卡: the card, whose number and holder are encrypted for the key that the request
/// names.
fn check_card(parameters: &Value, names_key: bool) -> Result<(), Refusal> {
    for field in ["bank_type", "bank_account", "real_name"] {
        if parameters.get(field).is_none() {
            let field = format!("/{field}");
            return Err(Refusal::parameter(Location::Body, &field, None, "is required"));
        }
    }
    if names_key {
        Ok(())
    } else {
        Err(Refusal::new(400, "PARAM_ERROR", "Http头缺少Wechatpay-Serial"))
    }
}

fn unpaid() -> Refusal {
    Refusal::new(404, "RESOURCE_NOT_EXISTS", "订单不存在或未支付")
}

fn unknown() -> Refusal {
    Refusal::new(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
}

/// 365 days from the payment.
const YEAR: i64 = 365 * 24 * 60 * 60;
const MOST_REFUNDS: usize = 50;

#[cfg(test)]
pub(super) mod tests {
    use super::super::authorization_header::tests::{MCHID, NOW, SUB_MCHID};
    use super::super::caller::MerchantKind;
    use super::super::test_desk::{
        Desk, INVALID, Refused, UNLISTED, order, partner_order, refused, short, with,
    };
    use super::super::trade_type::TradeType;
    use super::*;

    const GONE: &str = "RESOURCE_NOT_EXISTS";

    impl Desk {
        /// With one order of 100 fen, paid with a coupon of so many.
        pub(crate) fn paid(coupon: u64) -> Self {
            let mut desk = Self::open();
            desk.place(&order()).unwrap();
            desk.orders.pay(MCHID, "order-1", coupon, NOW, &mut desk.ids).unwrap();
            desk
        }

        pub(crate) fn refund(&mut self, refund: &Value) -> Result<Value, Refused> {
            let Self { orders, merchants, ids, now } = self;
            let caller = Caller { mchid: MCHID, merchants, now: *now };
            let funds = (&mut Balance::default(), &Sharing::default());
            apply(orders, refund.to_string().as_bytes(), &caller, funds, ids).map_err(short)
        }

        pub(crate) fn end(&mut self, number: &str, status: RefundStatus) -> Result<Value, String> {
            let ended = end(&mut self.orders, MCHID, number, status, self.now);
            let output = ended.map(|(order, refund)| notification(order, refund));
            output.map_err(|error| error.to_string())
        }

        fn find(&self, number: &str, owner: &Value) -> Result<Value, Refused> {
            let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
            query(&self.orders, number, owner, &caller).map_err(short)
        }

        fn abnormal(&mut self, id: &str, body: &Value, key: bool) -> Result<Value, Refused> {
            let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
            let body = body.to_string();
            apply_abnormal(&mut self.orders, id, body.as_bytes(), key, &caller).map_err(short)
        }
    }

    pub(crate) fn refund(number: &str, amount: u64) -> Value {
        json!({ "out_trade_no": "order-1", "out_refund_no": number,
            "amount": { "refund": amount, "total": 100, "currency": "CNY" } })
    }

    #[test]
    fn refund_is_accepted_once() {
        let mut desk = Desk::paid(20);
        let first = desk.refund(&refund("r@1", 50)).unwrap();
        assert_eq!(first["status"], "PROCESSING");
        assert_eq!(
            (&first["channel"], &first["funds_account"]),
            (&json!("ORIGINAL"), &json!("UNSETTLED"))
        );
        assert_eq!(
            first["amount"],
            json!({ "total": 100, "refund": 50, "payer_total": 80,
            "payer_refund": 40, "settlement_total": 100, "settlement_refund": 50,
            "discount_refund": 10, "currency": "CNY", "refund_fee": 0 })
        );
        assert_eq!(first["promotion_detail"][0]["refund_amount"], 10);
        assert_eq!(first.get("success_time"), None);
        assert_eq!(desk.refund(&refund("r@1", 50)).unwrap(), first);
        assert_eq!(desk.refund(&refund("r@1", 49)), refused(400, INVALID, 268_498_688));
        assert_eq!(desk.find("r@1", &json!({})).unwrap(), first);
        assert_eq!(desk.find("r@2", &json!({})), refused(404, GONE, UNLISTED));
    }

    #[test]
    fn refunds_never_exceed_the_order() {
        let mut desk = Desk::paid(0);
        desk.refund(&refund("1", 60)).unwrap();
        assert_eq!(desk.refund(&refund("2", 41)), refused(400, INVALID, UNLISTED));
        desk.refund(&refund("3", 40)).unwrap();
        assert_eq!(desk.refund(&refund("4", 1)), refused(400, INVALID, UNLISTED));
        desk.end("3", RefundStatus::Closed).unwrap();
        desk.refund(&refund("5", 40)).unwrap();
        let mut other = refund("6", 1);
        other["amount"]["total"] = json!(99);
        assert_eq!(desk.refund(&other), refused(400, INVALID, UNLISTED));
    }

    #[test]
    fn parts_of_many_refunds_add_up() {
        let mut desk = Desk::paid(33);
        let refunds: Vec<Value> = (0..MOST_REFUNDS)
            .map(|index| desk.refund(&refund(&index.to_string(), 2)).unwrap())
            .collect();
        let sum = |field: &str| -> u64 {
            refunds.iter().map(|refund| refund["amount"][field].as_u64().unwrap()).sum()
        };
        assert_eq!((sum("discount_refund"), sum("payer_refund"), sum("refund_fee")), (33, 67, 1));
    }

    #[test]
    fn fifty_first_refund_is_refused() {
        let mut desk = Desk::paid(0);
        for index in 0..MOST_REFUNDS {
            desk.refund(&refund(&index.to_string(), 1)).unwrap();
        }
        assert_eq!(desk.refund(&refund("51", 1)), refused(400, INVALID, UNLISTED));
    }

    #[test]
    fn only_paid_orders_within_a_year_are_refunded() {
        let mut desk = Desk::open();
        assert_eq!(desk.refund(&refund("1", 1)), refused(404, GONE, UNLISTED));
        desk.place(&order()).unwrap();
        assert_eq!(desk.refund(&refund("1", 1)), refused(404, GONE, UNLISTED));
        desk.pay("order-1").unwrap();
        desk.now += YEAR;
        desk.refund(&refund("1", 1)).unwrap();
        desk.now += 1;
        assert_eq!(desk.refund(&refund("2", 1)), refused(400, INVALID, UNLISTED));
        desk.refund(&refund("1", 1)).unwrap();
    }

    #[test]
    fn order_is_named_by_one_number() {
        let mut desk = Desk::paid(0);
        let output = desk.refund(&refund("1", 1)).unwrap();
        let both = with(refund("2", 1), "transaction_id", output["transaction_id"].clone());
        let parameter_error = refused(400, "PARAM_ERROR", 268_435_461);
        assert_eq!(desk.refund(&both), parameter_error);
        let mut by_id = both;
        by_id.as_object_mut().unwrap().remove("out_trade_no");
        assert_eq!(desk.refund(&by_id).unwrap()["out_trade_no"], "order-1");
        by_id.as_object_mut().unwrap().remove("transaction_id");
        assert_eq!(desk.refund(&by_id), parameter_error);
        let reason = |reason: String| with(refund("3", 1), "reason", json!(reason));
        assert_eq!(desk.refund(&reason("中".repeat(27))), parameter_error);
        desk.refund(&reason("中".repeat(26))).unwrap();
    }

    #[test]
    fn accounts_and_goods_must_fit() {
        let mut desk = Desk::open();
        let goods = json!({ "merchant_goods_id": "a", "quantity": 2, "unit_price": 5 });
        desk.place(&with(order(), "detail", json!({ "goods_detail": [goods] }))).unwrap();
        desk.pay("order-1").unwrap();
        let item = |unit_price, quantity| {
            json!([{ "merchant_goods_id": "a", "unit_price": unit_price,
                "refund_amount": 5, "refund_quantity": quantity }])
        };
        for wrong in [item(6, 1), item(5, 3)] {
            let wrong = with(refund("1", 5), "goods_detail", wrong);
            assert_eq!(desk.refund(&wrong), refused(400, INVALID, UNLISTED));
        }
        desk.refund(&with(refund("1", 5), "goods_detail", item(5, 2))).unwrap();

        let from = |accounts: Value| {
            let mut refund = refund("2", 5);
            refund["amount"]["from"] = accounts;
            refund
        };
        let account = |name: &str, amount| json!({ "account": name, "amount": amount });
        for wrong in [
            json!([account("AVAILABLE", 4)]),
            json!([account("AVAILABLE", 4), account("AVAILABLE", 1)]),
        ] {
            assert_eq!(desk.refund(&from(wrong)), refused(400, INVALID, UNLISTED));
        }
        let right = json!([account("AVAILABLE", 4), account("UNAVAILABLE", 1)]);
        assert_eq!(desk.refund(&from(right.clone())).unwrap()["amount"]["from"], right);
    }

    #[test]
    fn refund_ends_once() {
        let mut desk = Desk::paid(20);
        desk.refund(&refund("1", 50)).unwrap();
        let output = desk.end("1", RefundStatus::Success).unwrap();
        assert_eq!(output["refund_status"], "SUCCESS");
        assert_eq!(output["success_time"], "2019-04-02T20:34:20+08:00");
        assert_eq!((&output["mchid"], output.get("status")), (&json!(MCHID), None));
        assert_eq!(
            output["amount"],
            json!({ "total": 100, "refund": 50, "payer_total": 80, "payer_refund": 40 })
        );
        let again = desk.end("1", RefundStatus::Closed).unwrap_err();
        assert_eq!(
            again,
            "refund 1 has ended before, with SUCCESS; use a refund that is PROCESSING"
        );
        assert_eq!(
            desk.end("2", RefundStatus::Closed).unwrap_err(),
            "the sandbox has no refund 2; check the refund number (out_refund_no)"
        );
        assert_eq!(desk.find("1", &json!({})).unwrap()["status"], "SUCCESS");
        let order = desk.orders.of(MCHID).next().unwrap();
        assert_eq!(order.state(NOW).as_str(), "REFUND");
    }

    #[test]
    fn abnormal_refund_is_processed_again_to_a_card() {
        let mut desk = Desk::paid(0);
        let id = desk.refund(&refund("1", 50)).unwrap()["refund_id"].as_str().unwrap().to_owned();
        let to_merchant = json!({ "out_refund_no": "1", "type": "MERCHANT_BANK_CARD" });
        assert_eq!(desk.abnormal(&id, &to_merchant, false), refused(400, INVALID, UNLISTED));
        let output = desk.end("1", RefundStatus::Abnormal).unwrap();
        assert_eq!(
            (&output["refund_status"], output.get("success_time")),
            (&json!("ABNORMAL"), None)
        );
        let other = json!({ "out_refund_no": "2", "type": "MERCHANT_BANK_CARD" });
        assert_eq!(desk.abnormal(&id, &other, false), refused(404, GONE, UNLISTED));
        assert_eq!(desk.abnormal("0", &to_merchant, false), refused(404, GONE, UNLISTED));
        assert_eq!(desk.abnormal(&id, &to_merchant, false).unwrap()["status"], "PROCESSING");

        desk.end("1", RefundStatus::Abnormal).unwrap();
        let mut to_user = json!({ "out_refund_no": "1", "type": "USER_BANK_CARD",
            "bank_type": "ICBC_DEBIT", "bank_account": "c2VjcmV0" });
        let parameter_error = refused(400, "PARAM_ERROR", 268_435_461);
        assert_eq!(desk.abnormal(&id, &to_user, true), parameter_error);
        put(&mut to_user, "real_name", "c2VjcmV0");
        assert_eq!(desk.abnormal(&id, &to_user, false), parameter_error);
        assert_eq!(desk.abnormal(&id, &to_user, true).unwrap()["channel"], "OTHER_BANKCARD");
        desk.end("1", RefundStatus::Success).unwrap();
    }

    #[test]
    fn partner_names_its_sub_merchant_every_time() {
        let mut desk = Desk::open();
        desk.place_as(MerchantKind::Partner, TradeType::App, &partner_order()).unwrap();
        desk.pay("order-1").unwrap();
        let sub = json!({ "sub_mchid": SUB_MCHID });
        let mine = with(refund("1", 1), "sub_mchid", json!(SUB_MCHID));
        assert_eq!(desk.refund(&refund("1", 1)), refused(404, GONE, UNLISTED));
        desk.refund(&mine).unwrap();
        assert_eq!(desk.find("1", &json!({})), refused(404, GONE, UNLISTED));
        assert!(desk.find("1", &sub).is_ok());
        let stranger = json!({ "sub_mchid": "1" });
        assert_eq!(desk.find("1", &stranger), refused(404, "MCH_NOT_EXISTS", UNLISTED));
        let output = desk.end("1", RefundStatus::Closed).unwrap();
        assert_eq!((&output["sp_mchid"], &output["sub_mchid"]), (&json!(MCHID), &json!(SUB_MCHID)));
    }
}
