//! 合单下单, 查询合单订单, 关闭合单订单: the interfaces of combined orders.

use serde_json::{Value, json};

use super::super::placed_orders::OrderId;
use super::super::schema::{fen_of, text_of};
use super::super::version::Version;
use super::checks::{A_MINUTE, check_trade_type, missing, used};
use super::combined_order::CombinedOrder;
use super::context::Context;
use super::fields::{Fields, fields_of, lasting, picked, text};
use super::order::{OPENID, Order, token_expire};
use super::order_book::{Key, OrderBook};
use super::payment_token::payment_token;
use super::refusal::Refusal;
use super::tables;

impl OrderBook {
    /// 合单下单.
    pub(super) fn place_combined(
        &mut self,
        request: &Fields,
        context: &mut Context<'_>,
    ) -> Result<Fields, Refusal> {
        check_trade_type(request, "combine_openid", "USER_OPENID_NOT_MATCH")?;
        let merchant = text(request, "combine_mch_id");
        context.check_appid(merchant, text(request, "combine_appid"))?;
        let mut parts = Vec::new();
        for part in tables::sub_orders(request)? {
            let (merchant, number) = (text_of(&part, "mch_id"), text_of(&part, "out_trade_no"));
            context.check_appid(merchant, text_of(&part, "appid"))?;
            let parameters = fields_of(&[
                ("appid", text_of(&part, "appid")),
                ("mch_id", merchant),
                ("out_trade_no", number),
                ("attach", text_of(&part, "attach")),
                ("fee_type", text_of(&part, "fee_type")),
                ("total_fee", &fen_of(&part, "/total_fee").to_string()),
                ("trade_type", text(request, "trade_type")),
            ]);
            parts.push(((merchant.to_owned(), number.to_owned()), parameters));
        }
        let key = (merchant.to_owned(), text(request, "combine_out_trade_no").to_owned());
        let id = OrderId::new(Version::V2, &key.1);
        if let Some(placed) = self.combined.get_mut(&key) {
            placed.check_open()?;
            if placed.parameters != lasting(request) {
                return Err(Refusal::new("INVALID_PARAMS", "两次传入的参数不一致"));
            }
            placed.token_expire = token_expire(request, context.now);
            return Ok(payment_token(text(request, "trade_type"), id, context));
        }
        let mut keys: Vec<Key> = parts.iter().map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys.dedup();
        let is_new = |key: &Key| !self.orders.contains_key(key) && !self.combined.contains_key(key);
        if keys.len() != parts.len() || !keys.iter().chain([&key]).all(is_new) {
            return Err(used());
        }
        self.combined.insert(
            key,
            CombinedOrder {
                parameters: lasting(request),
                parts: parts.iter().map(|(key, _)| key.clone()).collect(),
                placed: context.now,
                token_expire: token_expire(request, context.now),
                closed: false,
                paid: false,
            },
        );
        for (key, parameters) in parts {
            let order = Order {
                token_expire: token_expire(&parameters, context.now),
                parameters,
                sign_type: context.sign_type.clone(),
                refunds: Vec::new(),
                payment: None,
                placed: context.now,
                closed: false,
                is_part: true,
                till: None,
            };
            self.orders.insert(key, order);
        }
        Ok(payment_token(text(request, "trade_type"), id, context))
    }

    /// 查询合单订单.
    pub(super) fn query_combined(&self, request: &Fields) -> Result<Fields, Refusal> {
        let combined_order = self.combined.get(&combined_key(request)).ok_or_else(missing)?;
        let mut output = self.describe_combined(combined_order);
        output.extend(fields_of(&[("result_msg", "OK"), ("trade_state", combined_order.state())]));
        Ok(output)
    }

    /// 关闭合单订单, which must name every part.
    pub(super) fn close_combined(&mut self, request: &Fields, now: i64) -> Result<Fields, Refusal> {
        let mut named: Vec<Key> = tables::closed_sub_orders(request)?
            .iter()
            .map(|part| {
                (text_of(part, "mch_id").to_owned(), text_of(part, "out_trade_no").to_owned())
            })
            .collect();
        let combined_order = self.combined.get_mut(&combined_key(request)).ok_or_else(missing)?;
        combined_order.check_open()?;
        let mut parts = combined_order.parts.clone();
        // No document defines their order.
        named.sort();
        parts.sort();
        if named != parts {
            return Err(Refusal::new("INVALID_PARAMS", "子单信息与下单时不一致"));
        }
        combined_order.closed = now.saturating_sub(combined_order.placed) >= A_MINUTE;
        for key in combined_order.parts.iter().filter(|_| combined_order.closed) {
            if let Some(part) = self.orders.get_mut(key) {
                part.closed = true;
            }
        }
        Ok(Fields::new())
    }

    /// The fields of a combined order in queries and notifications.
    pub(super) fn describe_combined(&self, combined_order: &CombinedOrder) -> Fields {
        let parts = combined_order.parts.iter().filter_map(|key| self.orders.get(key));
        let list: Vec<Value> = parts.map(Order::describe_part).collect();
        let list = json!({ "order_num": list.len(), "order_list": list });
        let names = [
            "combine_appid",
            "combine_mch_id",
            "combine_out_trade_no",
            "trade_type",
            "device_info",
        ];
        let mut output = picked(&combined_order.parameters, &names);
        output.insert("sub_order_list".to_owned(), list.to_string());
        if combined_order.paid {
            let openid =
                combined_order.parameters.get("combine_openid").map_or(OPENID, String::as_str);
            output.extend(fields_of(&[("combine_openid", openid), ("bank_type", "OTHERS")]));
        }
        output
    }
}

fn combined_key(request: &Fields) -> Key {
    let merchant = text(request, "combine_mch_id");
    (merchant.to_owned(), text(request, "combine_out_trade_no").to_owned())
}
