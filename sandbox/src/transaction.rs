//! An order in queries and notifications.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::caller::MerchantKind;
use super::json::put;
use super::merchant_checks;
use super::order::{Order, Payment, TradeState};
use super::schema::{fen_of, text_of};

/// An order, with what is known about it at this moment.
///
/// Before it is paid that is little: the parties, the number and the state, which alone are
/// documented to be always there.
pub(super) fn describe(order: &Order, now: i64) -> Value {
    let mut output = Value::Object(merchant_checks::parties(&order.parameters));
    let state = order.state(now);
    put(&mut output, "out_trade_no", order.number());
    put(&mut output, "trade_state", state.as_str());
    put(&mut output, "trade_state_desc", description(state));
    if let Some(payment) = &order.payment {
        put_payment(&mut output, order, payment);
    }
    output
}

fn put_payment(output: &mut Value, order: &Order, payment: &Payment) {
    let parameters = &order.parameters;
    put_deal(output, order, payment);
    put(output, "success_time", Beijing::at(payment.success_time).rfc3339());
    put(output, "payer", payer(order));
    let amount = json!({
        "total": order.total(),
        "payer_total": order.payer_total(),
        "currency": "CNY",
        "payer_currency": "CNY",
    });
    put(output, "amount", amount);
    put_scene(output, parameters);
    if payment.coupon > 0 {
        put(output, "promotion_detail", json!([promotion(parameters, payment.coupon)]));
    }
}

/// The fields of a payment that single orders and sub-orders share.
pub(super) fn put_deal(output: &mut Value, order: &Order, payment: &Payment) {
    put(output, "transaction_id", payment.transaction_id.as_str());
    put(output, "trade_type", order.trade_type.as_str());
    put(output, "bank_type", BANK_TYPE);
    if let Some(attach) = order.parameters.get("attach") {
        put(output, "attach", attach.clone());
    }
}

/// 场景信息, of which only the device is reported.
pub(super) fn put_scene(output: &mut Value, parameters: &Value) {
    if let Some(device_id) = parameters.pointer("/scene_info/device_id") {
        put(output, "scene_info", json!({ "device_id": device_id }));
    }
}

/// The payer that the order names; else a user unknown when it was placed.
pub(super) fn payer(order: &Order) -> Value {
    let named = order.parameters.get("payer");
    let openid = |field, stranger: &str| {
        let named = named.map(|payer| text_of(payer, field)).unwrap_or_default();
        if named.is_empty() { stranger.to_owned() } else { named.to_owned() }
    };
    let own = order.mode.openid();
    let mut payer = json!({ own: openid(own, OPENID) });
    if order.mode == MerchantKind::Partner && order.parameters.get("sub_appid").is_some() {
        put(&mut payer, "sub_openid", openid("sub_openid", SUB_OPENID));
    }
    payer
}

/// A coupon that the merchant paid for: over the first of the order's goods, or over all of it.
fn promotion(parameters: &Value, coupon: u64) -> Value {
    let goods = parameters.pointer("/detail/goods_detail/0");
    let mut promotion = json!({
        "coupon_id": COUPON_ID,
        "name": "满减券",
        "scope": scope(parameters),
        "type": "CASH",
        "amount": coupon,
        "stock_id": "931386",
        "wechatpay_contribute": 0,
        "merchant_contribute": coupon,
        "other_contribute": 0,
        "currency": "CNY",
    });
    if let Some(goods) = goods {
        let detail = json!([{
            "goods_id": text_of(goods, "merchant_goods_id"),
            "quantity": fen_of(goods, "/quantity"),
            "unit_price": fen_of(goods, "/unit_price"),
            "discount_amount": coupon,
            "goods_remark": "商品备注信息",
        }]);
        put(&mut promotion, "goods_detail", detail);
    }
    promotion
}

/// 优惠范围: what the coupon is for.
pub(super) fn scope(parameters: &Value) -> &'static str {
    if parameters.pointer("/detail/goods_detail/0").is_some() { "SINGLE" } else { "GLOBAL" }
}

fn description(state: TradeState) -> &'static str {
    match state {
        TradeState::NotPay => "订单未支付",
        TradeState::Success => "支付成功",
        TradeState::Refund => "订单发生过退款，退款详情请查询退款单",
        TradeState::Closed => "订单已关闭",
    }
}

/// 付款银行: the user's balance.
pub(super) const BANK_TYPE: &str = "OTHERS";
/// The documents' coupon.
pub(super) const COUPON_ID: &str = "109519";
/// The documents' user, and the same one under a sub-merchant's appid.
const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const SUB_OPENID: &str = "oLTPCuN5a-nBD4rAL_fa2jAMaaJo";
