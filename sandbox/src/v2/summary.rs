//! Orders and refunds of APIv2 as people look at them.

use serde_json::Value;

use wechatpay::Fen;

use super::super::MCHID;
use super::super::schema::{fen_of, items_of, text_of};
use super::super::summary::{OrderItem, RefundSummary, Told};
use super::{Fields, Room, text};

impl Room {
    /// A single order.
    pub(crate) fn order_told(&self, number: &str) -> Option<Told> {
        let order = self.orders.book.get(&(MCHID.to_owned(), number.to_owned()))?;
        let description = text(&order.parameters, "body").to_owned();
        let items = vec![OrderItem {
            mchid: MCHID.to_owned(),
            description,
            amount: Fen(order.total_fee()),
        }];
        Some(told(&order.parameters, text(&order.describe(), "trade_state"), items))
    }

    /// A combined order.
    pub(crate) fn combined_told(&self, number: &str) -> Option<Told> {
        let whole = self.orders.combined.get(&(MCHID.to_owned(), number.to_owned()))?;
        let list: Value =
            serde_json::from_str(text(&whole.parameters, "sub_order_list")).unwrap_or_default();
        let item = |part: &Value| OrderItem {
            mchid: text_of(part, "mch_id").to_owned(),
            description: text_of(part, "body").to_owned(),
            amount: Fen(fen_of(part, "/total_fee")),
        };
        let items = items_of(&list, "order_list").iter().map(item).collect();
        Some(told(&whole.parameters, whole.state(), items))
    }

    /// Every refund, in no order.
    pub(crate) fn refund_summaries(&self) -> impl Iterator<Item = RefundSummary> {
        let all = self.orders.book.values();
        all.flat_map(|order| order.refunds.iter().map(move |refund| (order, refund))).map(
            |(order, refund)| RefundSummary {
                version: 2,
                out_refund_no: refund.number().to_owned(),
                out_trade_no: text(&order.parameters, "out_trade_no").to_owned(),
                refund: Fen(refund.fee()),
                status: refund.status.to_owned(),
                create_time: refund.create_time,
            },
        )
    }
}

fn told(parameters: &Fields, trade_state: &str, items: Vec<OrderItem>) -> Told {
    Told {
        trade_type: text(parameters, "trade_type").to_owned(),
        trade_state: trade_state.to_owned(),
        items,
        notify_url: text(parameters, "notify_url").to_owned(),
    }
}
