//! The parts of an order that several pages show.

use super::html::Html;
use super::summary::OrderItem;
use super::url;

/// The path of the cashier page for a payment token. That of an h5_url is such a path itself.
pub(super) fn cashier_path(payment_token: &str) -> String {
    if payment_token.starts_with("/h5?") {
        payment_token.to_owned()
    } else if payment_token.starts_with("weixin://") {
        format!("/cashier?code_url={}", url::encode(payment_token))
    } else {
        format!("/cashier?prepay_id={}", url::encode(payment_token))
    }
}

/// Whether the user can pay an order in this state, or refuse.
pub(super) fn is_payable(trade_state: &str) -> bool {
    matches!(trade_state, "NOTPAY" | "USERPAYING")
}

/// 交易状态 in words, and its colour.
pub(super) fn trade_state(trade_state: &str) -> (&str, &'static str) {
    match trade_state {
        "NOTPAY" => ("未支付 NOTPAY", ""),
        "SUCCESS" => ("已支付 SUCCESS", "good"),
        "REFUND" => ("转入退款 REFUND", ""),
        "CLOSED" => ("已关闭 CLOSED", "bad"),
        "USERPAYING" => ("用户支付中 USERPAYING", ""),
        "PAYERROR" => ("支付失败 PAYERROR", "bad"),
        "REVOKED" => ("已撤销 REVOKED", "bad"),
        other => (other, ""),
    }
}

/// The items of an order.
pub(super) fn items(items: &[OrderItem]) -> Html {
    let amount = |item: &OrderItem| {
        // The amount of a single one is the total.
        let amount = if items.len() > 1 { format!("¥{}", item.amount) } else { String::new() };
        Html::text(&amount)
    };
    Html::all(items.iter().map(|item| {
        Html::fill(
            include_str!("pages/item.html"),
            &[
                ("description", Html::text(&item.description)),
                ("mchid", Html::text(&item.mchid)),
                ("amount", amount(item)),
            ],
        )
    }))
}
