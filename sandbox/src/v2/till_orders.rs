//! 付款码支付, 撤销订单: the interfaces of orders that are paid at the till.

use super::super::placed_orders::OrderId;
use super::super::version::Version;
use super::checks::{missing, used};
use super::context::Context;
use super::fields::{Fields, fields_of, lasting, text};
use super::order::{Order, Payment};
use super::order_book::OrderBook;
use super::refund::Refund;
use super::refusal::Refusal;
use super::till::Till;

impl OrderBook {
    /// 付款码支付.
    pub(super) fn micropay(
        &mut self,
        request: &Fields,
        context: &mut Context<'_>,
    ) -> Result<Fields, Refusal> {
        let merchant = text(request, "mch_id");
        context.check_appid(merchant, text(request, "appid"))?;
        let key = (merchant.to_owned(), text(request, "out_trade_no").to_owned());
        if self.combined.contains_key(&key) {
            return Err(used());
        }
        if let Some(order) = self.orders.get(&key) {
            order.check_open()?;
            let is_reversed = order.till.as_ref().is_some_and(|till| till.is_reversed);
            let reversed = || Refusal::new("ORDERREVERSED", "订单已撤销");
            return Err(if is_reversed { reversed() } else { used() });
        }
        let auth_code = text(request, "auth_code");
        let needs_pin = self.codes.take(auth_code, context.now)?;
        let mut parameters = lasting(request);
        parameters.remove("auth_code");
        parameters.insert("trade_type".to_owned(), "MICROPAY".to_owned());
        let pin_until = needs_pin.then(|| context.now.saturating_add(PIN_TIME));
        let mut order = Order {
            parameters,
            sign_type: context.sign_type.clone(),
            refunds: Vec::new(),
            payment: None,
            placed: context.now,
            token_expire: i64::MAX,
            closed: false,
            is_part: false,
            till: Some(Till { pin_until, is_refused: false, is_reversed: false }),
        };
        let id = OrderId::new(Version::V2, &key.1);
        context.placed_orders.add(auth_code, id, context.now);
        if needs_pin {
            self.orders.insert(key, order);
            return Err(Refusal::new("USERPAYING", "需要用户输入支付密码"));
        }
        let payment = Payment::new(&[], context.now, context.ids);
        let output = order.describe_payment(&payment);
        order.payment = Some(payment);
        self.orders.insert(key, order);
        Ok(output)
    }

    /// 撤销订单: closes an unpaid order, and returns the money of a paid one.
    pub(super) fn reverse(&mut self, request: &Fields, now: i64) -> Result<Fields, Refusal> {
        let recall = |recall: &str| Ok(fields_of(&[("recall", recall)]));
        if self.recalls > 0 {
            self.recalls = self.recalls.saturating_sub(1);
            return recall("Y");
        }
        let order = self.find(request).and_then(|key| self.orders.get_mut(&key));
        let order = order.ok_or_else(missing)?;
        let age = now.saturating_sub(order.placed);
        let is_refunded = order.refunds.iter().any(Refund::has_succeeded);
        match &mut order.till {
            None => Err(Refusal::new("NOT_ALLOW", "该订单不是付款码支付订单，不允许撤销")),
            Some(till) if till.is_reversed => recall("N"),
            Some(_) if is_refunded => Err(Refusal::new("TRADE_ERROR", "订单已退款，不能撤销")),
            Some(_) if age > SEVEN_DAYS => {
                Err(Refusal::new("REVERSE_EXPIRE", "订单已超过7天，不能撤销"))
            }
            // It is too early for a reversal: call again.
            Some(_) if age < REVERSE_FROM => recall("Y"),
            Some(till) => {
                till.is_reversed = true;
                recall("N")
            }
        }
    }
}

/// How long the payer has for the PIN, as merchants report.
const PIN_TIME: i64 = 30;
/// The page of 撤销订单: 15 seconds to seven days after the payment.
const REVERSE_FROM: i64 = 15;
const SEVEN_DAYS: i64 = 7 * 24 * 60 * 60;
