//! A combined order (合单) and its parts.

use serde_json::{Value, json};

use super::caller::MerchantKind;
use super::json::put;
use super::order::Order;
use super::schema::{fen_of, items_of, text_of};
use super::trade_type::TradeType;

/// A combined order as the order book keeps it. Its parts are orders of their own, each under its
/// merchant and number: it is paid, closed or expired if they are.
pub(super) struct CombinedRecord {
    pub(super) mode: MerchantKind,
    trade_type: TradeType,
    /// The parameters that it was placed with, which a repetition must have as well.
    parameters: Value,
    pub(super) parts: Vec<(String, String)>,
}

/// A combined order together with its parts, in the order in which it names them.
pub(super) struct CombinedOrder<'a> {
    pub(super) record: &'a CombinedRecord,
    pub(super) parts: Vec<&'a Order>,
}

impl CombinedRecord {
    pub(super) fn new(mode: MerchantKind, trade_type: TradeType, parameters: Value) -> Self {
        let key = |sub_order: &Value| {
            let text = |field| text_of(sub_order, field).to_owned();
            (text("mchid"), text("out_trade_no"))
        };
        let parts = items_of(&parameters, "sub_orders").iter().map(key).collect();
        Self { mode, trade_type, parameters, parts }
    }

    /// Whether one of its parts has this 商户订单号.
    pub(super) fn has_part(&self, number: &str) -> bool {
        self.parts.iter().any(|(_, part)| part == number)
    }

    /// 合单商户订单号.
    pub(super) fn number(&self) -> &str {
        text_of(&self.parameters, "combine_out_trade_no")
    }

    pub(super) fn is_same(&self, again: &Self) -> bool {
        self.trade_type == again.trade_type && self.parameters == again.parameters
    }

    /// Whether a request to close it names it, with all of its parts and no others.
    pub(super) fn is_named_by(&self, named: &Value) -> bool {
        let (ours, theirs) =
            (items_of(&self.parameters, "sub_orders"), items_of(named, "sub_orders"));
        let same = |one: &Value, other: &Value| {
            let fields = ["mchid", "sub_mchid", "out_trade_no"];
            fields.iter().all(|field| one.get(field) == other.get(field))
        };
        text_of(named, "combine_appid") == text_of(&self.parameters, "combine_appid")
            && ours.len() == theirs.len()
            && ours.iter().all(|ours| theirs.iter().any(|theirs| same(ours, theirs)))
    }

    pub(super) fn parts(&self, now: i64) -> Vec<Order> {
        let part = |sub_order| {
            let parameters = as_single(&self.parameters, sub_order, self.mode);
            Order::part(self.mode, self.trade_type, parameters, now)
        };
        items_of(&self.parameters, "sub_orders").iter().map(part).collect()
    }
}

impl CombinedOrder<'_> {
    pub(super) fn mode(&self) -> MerchantKind {
        self.record.mode
    }

    pub(super) fn parameters(&self) -> &Value {
        &self.record.parameters
    }

    pub(super) fn notify_url(&self) -> &str {
        text_of(self.parameters(), "notify_url")
    }
}

/// A sub-order with the field names of a single order.
fn as_single(combined_order: &Value, sub_order: &Value, mode: MerchantKind) -> Value {
    let mut single = json!({
        mode.appid(): text_of(combined_order, "combine_appid"),
        mode.mchid(): text_of(sub_order, "mchid"),
        "amount": { "total": fen_of(sub_order, "/amount/total_amount"), "currency": "CNY" },
    });
    let of_whole =
        ["scene_info", "time_expire", "notify_url"].map(|name| (name, combined_order.get(name)));
    let own = ["sub_mchid", "sub_appid", "out_trade_no", "description", "attach", "settle_info"];
    let own = own.map(|name| (name, sub_order.get(name)));
    let payer = combined_order.get("combine_payer_info").map(|payer| {
        let mut named = json!({});
        for (name, openid) in [(mode.openid(), "openid"), ("sub_openid", "sub_openid")] {
            if let Some(openid) = payer.get(openid) {
                put(&mut named, name, openid.clone());
            }
        }
        named
    });
    for (name, value) in of_whole.into_iter().chain(own).chain([("payer", payer.as_ref())]) {
        if let Some(value) = value {
            put(&mut single, name, value.clone());
        }
    }
    single
}
