//! Orders and refunds as people look at them: in lists and at the cashier.

use serde::Serialize;

use wechatpay::Fen;

use super::combined::Whole;
use super::orders::{Order, Orders, TradeState};
use super::schema::text_of;

/// An order as the sandbox has it, single or combined, of APIv3 or APIv2: see
/// [`Sandbox::orders`](super::Sandbox::orders).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OrderSummary {
    /// 3 or 2.
    pub version: u8,
    /// Whether it is a combined order (合单).
    pub is_combined: bool,
    /// 商户订单号, of a combined order 合单商户订单号.
    pub out_trade_no: String,
    /// 交易类型, as a query says it.
    pub trade_type: String,
    /// 交易状态, as a query says it.
    pub trade_state: String,
    /// 总金额.
    pub total: Fen,
    /// What is sold: an order has one item, a combined one as many as sub-orders.
    pub items: Vec<OrderItem>,
    /// Where its notification goes.
    pub notify_url: String,
    /// The latest prepay_id, code_url, or path of the h5_url.
    pub ticket: String,
    /// When it was placed, by the clock of [`Sandbox::let_time_pass`](super::Sandbox::let_time_pass),
    /// in Beijing: `2026-01-31 18:00:00`.
    pub placed: String,
}

/// What somebody sells in an [`OrderSummary`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OrderItem {
    /// 商户号: of a partner's order, the sub-merchant's.
    pub mchid: String,
    /// 商品描述.
    pub description: String,
    /// 金额.
    pub amount: Fen,
}

/// A refund as the sandbox has it, of APIv3 or APIv2: see
/// [`Sandbox::refunds`](super::Sandbox::refunds).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefundSummary {
    /// 3 or 2.
    pub version: u8,
    /// 商户退款单号.
    pub out_refund_no: String,
    /// 商户订单号 of the order, or of the sub-order, that was paid.
    pub out_trade_no: String,
    /// 退款金额.
    pub refund: Fen,
    /// 退款状态, as a query says it.
    pub status: String,
    /// Unix seconds, to sort by.
    #[serde(skip)]
    pub(super) create_time: i64,
}

/// What an order says of itself; who knows when it was placed adds the rest.
pub(super) struct Told {
    pub(super) trade_type: String,
    pub(super) trade_state: String,
    pub(super) items: Vec<OrderItem>,
    pub(super) notify_url: String,
}

impl Told {
    pub(super) fn of(order: &Order, now: i64) -> Self {
        Self {
            trade_type: order.trade_type.as_str().to_owned(),
            trade_state: order.state(now).as_str().to_owned(),
            items: vec![item(order)],
            notify_url: order.notify_url().to_owned(),
        }
    }

    /// Its parts are paid and closed together.
    pub(super) fn of_combined(whole: &Whole<'_>, now: i64) -> Self {
        let part = whole.parts.first();
        let state = part.map_or(TradeState::Closed, |part| part.state(now));
        Self {
            trade_type: part.map_or("", |part| part.trade_type.as_str()).to_owned(),
            trade_state: state.as_str().to_owned(),
            items: whole.parts.iter().map(|part| item(part)).collect(),
            notify_url: whole.notify_url().to_owned(),
        }
    }

    pub(super) fn total(&self) -> Fen {
        Fen(self.items.iter().fold(0, |sum, item| sum.saturating_add(item.amount.0)))
    }
}

/// Every refund of a merchant's orders, in no order.
pub(super) fn refunds(orders: &Orders) -> impl Iterator<Item = RefundSummary> {
    let all = orders.book.values();
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
