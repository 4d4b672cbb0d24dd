//! Summaries of orders and refunds, for lists and the cashier.

use serde::Serialize;

use wechatpay::Fen;

use super::any_order::AnyOrder;
use super::order::{Order, TradeState};
use super::order_book::OrderBook;
use super::schema::text_of;

/// An order in its present state, single or combined, of APIv3 or APIv2: see
/// [`Sandbox::orders`](super::Sandbox::orders).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OrderSummary {
    /// The version of the interfaces: 3 or 2.
    pub version: u8,
    /// Whether it is a combined order (合单).
    pub is_combined: bool,
    /// 商户订单号: merchant order number; of a combined order 合单商户订单号.
    pub out_trade_no: String,
    /// 交易类型: trade type, as a query returns it, such as `NATIVE`.
    pub trade_type: String,
    /// 交易状态: trade state, as a query returns it, such as `NOTPAY`.
    pub trade_state: String,
    /// 总金额: total amount.
    pub total: Fen,
    /// The items that are sold: one of a single order, one for each sub-order of a combined one.
    pub items: Vec<OrderItem>,
    /// 通知地址: where its notification goes.
    pub notify_url: String,
    /// The newest prepay_id, code_url, or path and query of the h5_url; `ticket` in JSON.
    #[serde(rename = "ticket")]
    pub payment_token: String,
    /// When it was placed, by the clock of [`Sandbox::let_time_pass`](super::Sandbox::let_time_pass),
    /// in Beijing time: `2026-01-31 18:00:00`.
    pub placed: String,
}

/// An item of an [`OrderSummary`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OrderItem {
    /// 商户号: merchant number of the seller; of a partner's order, that of the sub-merchant.
    pub mchid: String,
    /// 商品描述: description.
    pub description: String,
    /// 金额: amount.
    pub amount: Fen,
}

/// A refund in its present state, of APIv3 or APIv2: see
/// [`Sandbox::refunds`](super::Sandbox::refunds).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefundSummary {
    /// The version of the interfaces: 3 or 2.
    pub version: u8,
    /// 商户退款单号: merchant refund number.
    pub out_refund_no: String,
    /// 商户订单号: merchant order number of the order, or of the sub-order, that was paid.
    pub out_trade_no: String,
    /// 退款金额: refund amount.
    pub refund: Fen,
    /// 退款状态: refund status, as a query returns it, such as `PROCESSING`.
    pub status: String,
    /// Unix seconds, to sort by.
    #[serde(skip)]
    pub(super) create_time: i64,
}

/// What an order itself knows of an [`OrderSummary`].
pub(super) struct OrderDetails {
    pub(super) is_combined: bool,
    pub(super) trade_type: String,
    pub(super) trade_state: String,
    pub(super) items: Vec<OrderItem>,
    pub(super) notify_url: String,
}

impl OrderDetails {
    pub(super) fn of(order: &AnyOrder<'_>, now: i64) -> Self {
        // Parts are paid and closed together.
        let first = order.parts().first();
        let state = first.map_or(TradeState::Closed, |part| part.state(now));
        Self {
            is_combined: order.is_combined(),
            trade_type: first.map_or("", |part| part.trade_type.as_str()).to_owned(),
            trade_state: state.as_str().to_owned(),
            items: order.parts().iter().map(|part| item(part)).collect(),
            notify_url: order.notify_url().to_owned(),
        }
    }

    pub(super) fn total(&self) -> Fen {
        Fen(self.items.iter().fold(0, |sum, item| sum.saturating_add(item.amount.0)))
    }
}

/// Every refund of a merchant's orders, in no order.
pub(super) fn refunds(orders: &OrderBook) -> impl Iterator<Item = RefundSummary> {
    let all = orders.orders.values();
    all.flat_map(|order| order.refunds.iter().map(move |refund| (order, refund))).map(
        |(order, refund)| RefundSummary {
            version: 3,
            out_refund_no: refund.number().to_owned(),
            out_trade_no: order.number().to_owned(),
            refund: Fen(refund.amount()),
            status: refund.status.as_str().to_owned(),
            create_time: refund.create_time,
        },
    )
}

fn item(order: &Order) -> OrderItem {
    let mchid = order.sub_mchid().unwrap_or_else(|| text_of(&order.parameters, order.mode.mchid()));
    OrderItem {
        mchid: mchid.to_owned(),
        description: text_of(&order.parameters, "description").to_owned(),
        amount: Fen(order.total()),
    }
}
