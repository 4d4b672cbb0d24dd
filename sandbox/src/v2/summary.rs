//! Summaries of orders and refunds of APIv2.

use serde_json::Value;

use wechatpay::Fen;

use super::super::merchants::MCHID;
use super::super::schema::{fen_of, items_of, text_of};
use super::super::summary::{OrderDetails, OrderItem, RefundSummary};
use super::combined_order::CombinedOrder;
use super::fields::{Fields, text};
use super::order::Order;
use super::order_book::own;
use super::state::V2State;

impl V2State {
    /// An order, single or combined.
    pub(crate) fn order_details(&self, number: &str, now: i64) -> Option<OrderDetails> {
        let key = own(number);
        match self.orders.combined.get(&key) {
            Some(combined) => Some(of_combined(combined)),
            None => self.orders.single(&key).map(|order| of_single(order, now)),
        }
    }

    /// Every refund, in no order.
    pub(crate) fn refund_summaries(&self) -> impl Iterator<Item = RefundSummary> {
        let all = self.orders.orders.values();
        all.flat_map(|order| order.refunds.iter().map(move |refund| (order, refund))).map(
            |(order, refund)| RefundSummary {
                version: 2,
                out_refund_no: refund.number().to_owned(),
                out_trade_no: text(&order.parameters, "out_trade_no").to_owned(),
                refund: Fen(refund.fee()),
                status: refund.status.as_v2_str().to_owned(),
                create_time: refund.create_time,
            },
        )
    }
}

fn of_single(order: &Order, now: i64) -> OrderDetails {
    let item = OrderItem {
        mchid: MCHID.to_owned(),
        description: text(&order.parameters, "body").to_owned(),
        amount: Fen(order.total_fee()),
    };
    let state = order.describe(now);
    details(&order.parameters, false, text(&state, "trade_state"), vec![item])
}

fn of_combined(combined: &CombinedOrder) -> OrderDetails {
    let list = text(&combined.parameters, "sub_order_list");
    let list: Value = serde_json::from_str(list).unwrap_or_default();
    let item = |part: &Value| OrderItem {
        mchid: text_of(part, "mch_id").to_owned(),
        description: text_of(part, "body").to_owned(),
        amount: Fen(fen_of(part, "/total_fee")),
    };
    let items = items_of(&list, "order_list").iter().map(item).collect();
    details(&combined.parameters, true, combined.state(), items)
}

fn details(
    parameters: &Fields,
    is_combined: bool,
    trade_state: &str,
    items: Vec<OrderItem>,
) -> OrderDetails {
    OrderDetails {
        is_combined,
        trade_type: text(parameters, "trade_type").to_owned(),
        trade_state: trade_state.to_owned(),
        items,
        notify_url: text(parameters, "notify_url").to_owned(),
    }
}
