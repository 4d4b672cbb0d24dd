//! 申请退款 and 查询退款.

use super::super::calendar::Beijing;
use super::super::merchants::MCHID;
use super::super::money::share;
use super::super::refund::RefundStatus;
use super::super::refund_error::RefundError;
use super::super::sharing::state::RefundSource;
use super::context::Context;
use super::fields::{Fields, fields_of, lasting, number_of, text};
use super::order::{Order, coupon_id};
use super::order_book::OrderBook;
use super::refund::Refund;
use super::refusal::Refusal;

/// What the encrypted part of a notification contains.
pub(super) fn describe(order: &Order, refund: &Refund) -> Fields {
    let total = order.total_fee().to_string();
    let mut output = fields_of(&[
        ("transaction_id", transaction_id(order)),
        ("out_trade_no", text(&order.parameters, "out_trade_no")),
        ("refund_id", &refund.refund_id),
        ("out_refund_no", refund.number()),
        ("total_fee", &total),
        ("settlement_total_fee", &total),
        ("refund_fee", text(&refund.parameters, "refund_fee")),
        ("settlement_refund_fee", text(&refund.parameters, "refund_fee")),
        ("refund_status", refund.status.as_v2_str()),
        ("refund_recv_accout", "支付用户零钱"),
        ("refund_account", ACCOUNT),
        ("refund_request_source", "API"),
    ]);
    if let Some(time) = refund.success_time {
        output.insert("success_time".to_owned(), Beijing::at(time).plain());
    }
    output
}

/// 申请退款.
pub(super) fn apply(
    orders: &mut OrderBook,
    request: &Fields,
    context: &mut Context<'_>,
) -> Result<Fields, Refusal> {
    let wanted = one_of(request, &["transaction_id", "out_trade_no"])?;
    context.check_appid(text(request, "mch_id"), text(request, "appid"))?;
    let parameters = lasting(request);
    let number = text(request, "out_refund_no");
    let merchant = text(request, "mch_id");
    let own = orders.orders.iter().filter(|((owner, _), _)| owner == merchant);
    for order in own.map(|(_, order)| order) {
        if let Some(refund) = order.refunds.iter().find(|refund| refund.number() == number) {
            return if refund.parameters == parameters {
                Ok(accepted(order, refund))
            } else {
                let text = "订单金额或退款金额与之前请求不一致，请核实后再试";
                Err(Refusal::new("REFUND_FEE_MISMATCH", text))
            };
        }
    }
    let key = orders.find(&wanted);
    let order = key.and_then(|key| orders.orders.get_mut(&key));
    let order = order.ok_or_else(|| Refusal::new("ORDERNOTEXIST", "订单不存在"))?;
    let Some(payment) = &order.payment else {
        return Err(Refusal::new("TRADE_STATE_ERROR", "订单状态错误：未支付"));
    };
    if context.now.saturating_sub(payment.time_end) > A_YEAR {
        return Err(Refusal::new("TRADE_OVERDUE", "订单已经超过退款期限"));
    }
    let before = sum_of(order, Refund::fee);
    let fee = number_of(request, "refund_fee");
    let is_total = number_of(request, "total_fee") == order.total_fee();
    if !is_total || before.saturating_add(fee) > order.total_fee() {
        return Err(Refusal::new("INVALID_REQUEST", "订单金额或退款金额错误"));
    }
    if order.refunds.len() >= MOST {
        return Err(Refusal::new("INVALID_REQUEST", "部分退款次数超过限制"));
    }
    let shared = order.to_paid_order(payment);
    let source = context.sharing.refund_source(&shared, fee, context.now);
    let source = source.map_err(|refusal| Refusal::new("INVALID_REQUEST", &refusal.message))?;
    let is_from_frozen = matches!(source, RefundSource::Frozen);
    if !is_from_frozen && !context.balance.take(fee) {
        return Err(Refusal::new("NOTENOUGH", "基本账户余额不足，请充值后重新发起"));
    }
    let day = Beijing::at(context.now).day_digits();
    let refund_id = format!("5000000000{day}{}", context.ids.decimals(11));
    // Computed from the sums, so that the rounding errors of many refunds do not add up.
    let done = before.saturating_add(fee);
    let coupons = payment.coupons.iter().enumerate().map(|(index, whole)| {
        let given = sum_of(order, |refund| refund.coupons.get(index).copied().unwrap_or_default());
        share(*whole, done, order.total_fee()).saturating_sub(given)
    });
    let coupons = coupons.collect();
    let refund = Refund {
        parameters,
        refund_id,
        status: RefundStatus::Processing,
        create_time: context.now,
        success_time: None,
        coupons,
        is_from_frozen,
    };
    let output = accepted(order, &refund);
    order.refunds.push(refund);
    Ok(output)
}

/// 查询退款: ten at once.
pub(super) fn query(orders: &OrderBook, request: &Fields) -> Result<Fields, Refusal> {
    let names = ["refund_id", "out_refund_no", "transaction_id", "out_trade_no"];
    let request = &one_of(request, &names)?;
    let missing = || Refusal::new("REFUNDNOTEXIST", "退款订单查询失败");
    let is_asked = |refund: &Refund| {
        request.get("refund_id").is_none_or(|id| *id == refund.refund_id)
            && request.get("out_refund_no").is_none_or(|number| *number == refund.number())
    };
    let is_of_order =
        ["transaction_id", "out_trade_no"].iter().any(|name| request.contains_key(*name));
    let merchant = text(request, "mch_id");
    let order = if is_of_order {
        orders.wanted(request)
    } else {
        let mut own = orders.orders.iter().filter(|((owner, _), _)| owner == merchant);
        own.find(|(_, order)| order.refunds.iter().any(is_asked)).map(|(_, order)| order)
    };
    let order = order.ok_or_else(missing)?;
    let all: Vec<&Refund> = order.refunds.iter().filter(|refund| is_asked(refund)).collect();
    let offset = usize::try_from(number_of(request, "offset")).unwrap_or(usize::MAX);
    if all.is_empty() {
        return Err(missing());
    }
    let page: Vec<&Refund> = all.iter().skip(offset).take(PAGE).copied().collect();
    if page.is_empty() {
        return Err(Refusal::new("PARAM_ERROR", "offset超过退款笔数"));
    }
    let mut output = fields_of(&[
        ("transaction_id", transaction_id(order)),
        ("out_trade_no", text(&order.parameters, "out_trade_no")),
        ("total_fee", &order.total_fee().to_string()),
        ("cash_fee", &order.cash_fee().to_string()),
        ("fee_type", order.fee_type()),
        ("refund_count", &page.len().to_string()),
    ]);
    if all.len() > PAGE {
        output.insert("total_refund_count".to_owned(), all.len().to_string());
    }
    for (index, refund) in page.iter().enumerate() {
        let mut tell = |name: &str, value: &str| {
            output.insert(format!("{name}_{index}"), value.to_owned());
        };
        tell("out_refund_no", refund.number());
        tell("refund_id", &refund.refund_id);
        tell("refund_channel", "ORIGINAL");
        tell("refund_fee", text(&refund.parameters, "refund_fee"));
        tell("refund_status", refund.status.as_v2_str());
        tell("refund_account", ACCOUNT);
        tell("refund_recv_accout", "支付用户零钱");
        if let Some(time) = refund.success_time {
            tell("refund_success_time", &Beijing::at(time).plain());
        }
        if !refund.coupons.is_empty() {
            tell("coupon_refund_fee", &refund.coupon_fee().to_string());
            tell("coupon_refund_count", &refund.coupons.len().to_string());
            output.extend(coupons_of(refund, &format!("_{index}")));
        }
    }
    Ok(output)
}

/// A refund that is being processed ends.
pub(super) fn end<'a>(
    orders: &'a mut OrderBook,
    number: &str,
    status: RefundStatus,
    now: i64,
) -> Result<(&'a Order, &'a Refund), RefundError> {
    let not_found = || RefundError::not_found(number);
    let is_it = |refund: &Refund| refund.number() == number;
    let mut own = orders.orders.iter_mut().filter(|((owner, _), _)| owner == MCHID);
    let order = own.find(|(_, order)| order.refunds.iter().any(is_it));
    let (_, order) = order.ok_or_else(not_found)?;
    let refund = order.refunds.iter_mut().find(|refund| is_it(refund)).ok_or_else(not_found)?;
    if refund.status != RefundStatus::Processing {
        return Err(RefundError::ended(number, refund.status.as_v2_str()));
    }
    refund.status = status;
    refund.success_time = (status == RefundStatus::Success).then_some(now);
    let order: &Order = order;
    let refund = order.refunds.iter().find(|refund| is_it(refund)).ok_or_else(not_found)?;
    Ok((order, refund))
}

fn accepted(order: &Order, refund: &Refund) -> Fields {
    let mut output = fields_of(&[
        ("transaction_id", transaction_id(order)),
        ("out_trade_no", text(&order.parameters, "out_trade_no")),
        ("out_refund_no", refund.number()),
        ("refund_id", &refund.refund_id),
        ("refund_fee", text(&refund.parameters, "refund_fee")),
        ("cash_refund_fee", &refund.fee().saturating_sub(refund.coupon_fee()).to_string()),
        ("coupon_refund_fee", &refund.coupon_fee().to_string()),
        ("coupon_refund_count", &refund.coupons.len().to_string()),
        ("total_fee", &order.total_fee().to_string()),
        ("cash_fee", &order.cash_fee().to_string()),
        ("refund_channel", ""),
    ]);
    output.extend(coupons_of(refund, ""));
    output
}

/// The fields of each coupon, whose names have the suffix of the refund and the index of the coupon.
fn coupons_of(refund: &Refund, suffix: &str) -> Fields {
    let mut output = Fields::new();
    for (index, fee) in refund.coupons.iter().enumerate() {
        output.insert(format!("coupon_refund_id{suffix}_{index}"), coupon_id(index));
        output.insert(format!("coupon_type{suffix}_{index}"), "CASH".to_owned());
        output.insert(format!("coupon_refund_fee{suffix}_{index}"), fee.to_string());
    }
    output
}

/// A sum over the refunds of an order that did not fail.
fn sum_of(order: &Order, part: impl Fn(&Refund) -> u64) -> u64 {
    let open = order.refunds.iter().filter(|refund| refund.status != RefundStatus::Closed);
    open.fold(0, |sum, refund| sum.saturating_add(part(refund)))
}

fn transaction_id(order: &Order) -> &str {
    order.payment.as_ref().map_or("", |payment| payment.transaction_id.as_str())
}

/// Of several numbers the first one counts, in this order of precedence.
fn one_of(request: &Fields, names: &[&str]) -> Result<Fields, Refusal> {
    let first = names.iter().find(|name| request.contains_key(**name));
    let first = first
        .ok_or_else(|| Refusal::new("LACK_PARAMS", &format!("缺少参数{}", names.join("、"))))?;
    let mut request = request.clone();
    request.retain(|name, _| name == first || !names.contains(&name.as_str()));
    Ok(request)
}

const ACCOUNT: &str = "REFUND_SOURCE_UNSETTLED_FUNDS";
const PAGE: usize = 10;
const MOST: usize = 50;
const A_YEAR: i64 = 365 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients that send both were refused once, though the documents say which one counts.
    #[test]
    fn first_of_several_numbers_counts() {
        let names = ["transaction_id", "out_trade_no"];
        let (id, number) = (("transaction_id", "42"), ("out_trade_no", "order-1"));
        let fee = ("refund_fee", "1");
        let wanted = |fields: &[(&str, &str)]| one_of(&fields_of(fields), &names);
        assert_eq!(wanted(&[number, id, fee]), Ok(fields_of(&[id, fee])));
        assert_eq!(wanted(&[number, fee]), Ok(fields_of(&[number, fee])));
        assert_eq!(wanted(&[fee]).unwrap_err().code, "LACK_PARAMS");
    }
}
