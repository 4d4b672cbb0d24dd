//! Orders and refunds as people look at them: in lists and at the cashier.

use serde::Serialize;

use super::combined::Whole;
use super::orders::{Order, Orders, TradeState};
use super::schema::text_of;

/// An order, single or combined, of either version of the interfaces.
#[derive(Serialize)]
pub(super) struct OrderSummary {
    /// 3 or 2.
    pub(super) version: u8,
    pub(super) is_combined: bool,
    /// 商户订单号, of a combined order 合单商户订单号.
    pub(super) out_trade_no: String,
    /// As a query says it.
    pub(super) trade_type: String,
    /// As a query says it.
    pub(super) trade_state: String,
    /// In fen.
    pub(super) total: u64,
    /// What is sold: an order has one item, a combined one as many as sub-orders.
    pub(super) items: Vec<Item>,
    pub(super) notify_url: String,
    /// The latest prepay_id, code_url, or path of the h5_url.
    pub(super) ticket: String,
    /// When it was placed, by the business clock of the sandbox, in Beijing.
    pub(super) placed: String,
}

/// What somebody sells.
#[derive(Serialize)]
pub(super) struct Item {
    /// 商户号: of a partner's order, the sub-merchant's.
    pub(super) mchid: String,
    pub(super) description: String,
    /// In fen.
    pub(super) amount: u64,
}

/// A refund.
#[derive(Serialize)]
pub(super) struct RefundSummary {
    /// 3 or 2.
    pub(super) version: u8,
    pub(super) out_refund_no: String,
    pub(super) out_trade_no: String,
    /// In fen.
    pub(super) refund: u64,
    pub(super) status: String,
    /// Unix seconds, to sort by.
    #[serde(skip)]
    pub(super) create_time: i64,
}

/// What an order says of itself; who knows when it was placed adds the rest.
pub(super) struct Told {
    pub(super) trade_type: String,
    pub(super) trade_state: String,
    pub(super) items: Vec<Item>,
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

    /// In fen.
    pub(super) fn total(&self) -> u64 {
        self.items.iter().fold(0, |sum, item| sum.saturating_add(item.amount))
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
            refund: refund.amount(),
            status: refund.status.as_str().to_owned(),
            create_time: refund.create_time,
        },
    )
}

fn item(order: &Order) -> Item {
    let mchid = order.sub_mchid().unwrap_or_else(|| text_of(&order.parameters, order.mode.mchid()));
    Item {
        mchid: mchid.to_owned(),
        description: text_of(&order.parameters, "description").to_owned(),
        amount: order.total(),
    }
}
