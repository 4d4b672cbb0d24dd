//! Everything that the sandbox remembers of APIv2.

use std::collections::VecDeque;

use super::super::order_error::OrderError;
use super::super::refund::RefundStatus;
use super::super::refund_error::RefundError;
use super::context::Context;
use super::fields::Fields;
use super::notifications;
use super::order_book::OrderBook;
use super::refunds;
use super::refusal::Refusal;

/// Everything that the sandbox remembers of APIv2.
#[derive(Default)]
pub(crate) struct V2State {
    pub(crate) orders: OrderBook,
    pub(super) refusals: VecDeque<Refusal>,
    /// The texts of unsigned refusals.
    pub(super) failures: VecDeque<String>,
    pub(super) rewrites: VecDeque<Rewrite>,
    /// The merchant's certificate in DER, which refunds require.
    pub(super) certificate: Vec<u8>,
}

/// What a test does to the fields of one response.
pub(crate) type Rewrite = Box<dyn FnOnce(&mut Fields) + Send>;

impl V2State {
    /// The user pays an order, which makes a notification.
    pub(crate) fn pay(
        &mut self,
        number: &str,
        coupons: &[u64],
        Context { now, ids, notifications, .. }: Context<'_>,
    ) -> Result<(), OrderError> {
        self.orders.pay(number, coupons, now, ids)?;
        if self.orders.is_at_the_till(number) {
            return Ok(());
        }
        if let Some(message) = notifications::of_payment(&self.orders, number, ids) {
            notifications.add_v2(&message.notify_url, number, message.body, now, ids);
        }
        Ok(())
    }

    /// A payer shows a code.
    pub(crate) fn show_code(&mut self, needs_pin: bool, context: &mut Context<'_>) -> String {
        self.orders.codes.show(needs_pin, context.now, context.ids)
    }

    /// The codes that can be used, and whether their payers must type a PIN.
    pub(crate) fn usable_codes(&self, now: i64) -> Vec<(String, bool)> {
        let codes = self.orders.codes.usable(now);
        codes.map(|(code, needs_pin)| (code.to_owned(), needs_pin)).collect()
    }

    /// The next reversal is to be called again.
    pub(crate) fn recall_next(&mut self) {
        self.orders.recalls = self.orders.recalls.saturating_add(1);
    }

    /// A refund ends, which makes a notification.
    pub(crate) fn end_refund(
        &mut self,
        number: &str,
        status: RefundStatus,
        Context { now, ids, notifications, balance, .. }: Context<'_>,
    ) -> Result<(), RefundError> {
        let (order, refund) = refunds::end(&mut self.orders, number, status, now)?;
        let message = notifications::of_refund(order, refund, ids);
        notifications.add_v2(&message.notify_url, number, message.body, now, ids);
        if status == RefundStatus::Closed && !refund.is_from_frozen {
            balance.put_back(refund.fee());
        }
        Ok(())
    }
}
