//! 统一下单, 查询订单, 关闭订单: the interfaces of single orders.

use super::super::placed_orders::OrderId;
use super::super::trade_type::FIVE_MINUTES;
use super::super::version::Version;
use super::checks::{check_trade_type, missing, used};
use super::context::Context;
use super::fields::{Fields, fields_of, lasting, text};
use super::order::{Order, token_expire};
use super::order_book::OrderBook;
use super::payment_token::payment_token;
use super::refusal::Refusal;

impl OrderBook {
    /// 统一下单.
    pub(super) fn place(
        &mut self,
        request: &Fields,
        context: &mut Context<'_>,
    ) -> Result<Fields, Refusal> {
        check_trade_type(request, "openid", "INVALID_REQUEST")?;
        let merchant = text(request, "mch_id");
        context.check_appid(merchant, text(request, "appid"))?;
        let order = Order {
            parameters: lasting(request),
            sign_type: context.sign_type.clone(),
            refunds: Vec::new(),
            payment: None,
            placed: context.now,
            token_expire: token_expire(request, context.now),
            closed: false,
            is_part: false,
            till: None,
        };
        let key = (merchant.to_owned(), text(request, "out_trade_no").to_owned());
        match self.orders.get_mut(&key) {
            None if self.combined.contains_key(&key) => return Err(used()),
            None => {
                self.orders.insert(key, order);
            }
            Some(placed) if placed.is_part => return Err(used()),
            Some(placed) => {
                placed.check_reentry(&order)?;
                placed.token_expire = order.token_expire;
            }
        }
        let id = OrderId::new(Version::V2, text(request, "out_trade_no"));
        Ok(payment_token(text(request, "trade_type"), id, context))
    }

    /// 查询订单.
    pub(super) fn query(&self, request: &Fields, now: i64) -> Result<Fields, Refusal> {
        let order = self.wanted(request).ok_or_else(missing)?;
        Ok(order.describe(now))
    }

    /// 关闭订单: too early, it says yes and does nothing, as merchants report.
    pub(super) fn close_single(&mut self, request: &Fields, now: i64) -> Result<Fields, Refusal> {
        let key = (text(request, "mch_id").to_owned(), text(request, "out_trade_no").to_owned());
        let order = self.orders.get_mut(&key).filter(|order| !order.is_part).ok_or_else(missing)?;
        order.check_open()?;
        order.closed = now.saturating_sub(order.placed) >= FIVE_MINUTES;
        Ok(fields_of(&[("result_msg", "OK")]))
    }
}
