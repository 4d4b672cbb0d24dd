//! The order book of APIv2, and what users and the platform do to an order.

use std::collections::BTreeMap;

use super::super::merchants::MCHID;
use super::super::order_error::OrderError;
use super::super::sharing::paid_order::PaidOrder;
use super::super::unique_ids::UniqueIds;
use super::combined_order::CombinedOrder;
use super::fields::{Fields, text};
use super::order::{Order, Payment};
use super::payer_codes::PayerCodes;
use super::refund::Refund;

/// Every order by merchant and number.
#[derive(Default)]
pub(crate) struct OrderBook {
    /// Single orders, and the parts of combined ones.
    pub(super) orders: BTreeMap<Key, Order>,
    pub(super) combined: BTreeMap<Key, CombinedOrder>,
    pub(super) codes: PayerCodes,
    /// How many reversals are to be called again.
    pub(super) recalls: u32,
}

/// A merchant and its order number.
pub(super) type Key = (String, String);

impl OrderBook {
    /// The user pays an order of the sandbox's merchant, single or combined, which becomes paid
    /// completely or not at all. Combined orders have no coupons.
    pub(super) fn pay(
        &mut self,
        number: &str,
        coupons: &[u64],
        now: i64,
        ids: &mut UniqueIds,
    ) -> Result<(), OrderError> {
        self.check_payable(number, now)?;
        let key = own(number);
        if let Some(combined) = self.combined.get_mut(&key) {
            if coupons.iter().any(|fen| *fen > 0) {
                return Err(OrderError::CouponNotSupported);
            }
            combined.paid = true;
        }
        self.for_each_part(&key, |part| part.payment = Some(Payment::new(coupons, now, ids)));
        Ok(())
    }

    /// The user's payment fails. At the till that is final; any other order stays as it is.
    pub(crate) fn refuse_payment(&mut self, number: &str, now: i64) -> Result<(), OrderError> {
        self.check_payable(number, now)?;
        self.for_each_part(&own(number), |order| {
            if let Some(till) = &mut order.till {
                till.is_refused = true;
            }
        });
        Ok(())
    }

    /// Whether this is an order at the till, which has no notification.
    pub(super) fn is_at_the_till(&self, number: &str) -> bool {
        self.single(&own(number)).is_some_and(|order| order.till.is_some())
    }

    fn check_payable(&self, number: &str, now: i64) -> Result<(), OrderError> {
        let key = own(number);
        match self.combined.get(&key) {
            Some(combined) => combined.check_payable(now),
            None => self.single(&key).ok_or(OrderError::NotPlaced)?.check_payable(now),
        }
    }

    /// The platform closes an order, single or combined. Its number cannot be used again.
    pub(crate) fn close(&mut self, number: &str) -> Result<(), OrderError> {
        let key = own(number);
        match self.combined.get_mut(&key) {
            Some(combined) => {
                combined.check_unpaid()?;
                combined.closed = true;
            }
            None => self.single(&key).ok_or(OrderError::NotPlaced)?.check_unpaid()?,
        }
        self.for_each_part(&key, |part| part.closed = true);
        Ok(())
    }

    /// Whether there is an order with this number, single or combined, that is no part of another.
    pub(crate) fn is_payable(&self, number: &str) -> bool {
        let key = own(number);
        self.combined.contains_key(&key) || self.single(&key).is_some()
    }

    /// The paid order with this transaction ID.
    pub(crate) fn paid_order(&self, merchant: &str, transaction_id: &str) -> Option<PaidOrder> {
        self.of(merchant).find_map(|order| {
            let payment = order.payment.as_ref();
            let payment = payment.filter(|payment| payment.transaction_id == transaction_id)?;
            Some(order.to_paid_order(payment))
        })
    }

    /// Whether the sandbox's merchant has a refund with this number.
    pub(crate) fn has_refund(&self, number: &str) -> bool {
        let is_it = |refund: &Refund| refund.number() == number;
        self.of(MCHID).any(|order| order.refunds.iter().any(is_it))
    }

    /// An order that is no part of a combined one.
    pub(super) fn single(&self, key: &Key) -> Option<&Order> {
        self.orders.get(key).filter(|order| !order.is_part)
    }

    /// Changes a single order, or each part of a combined one.
    pub(super) fn for_each_part(&mut self, key: &Key, mut change: impl FnMut(&mut Order)) {
        let Self { orders, combined, .. } = self;
        match combined.get(key) {
            Some(combined) => {
                for key in &combined.parts {
                    orders.get_mut(key).into_iter().for_each(&mut change);
                }
            }
            None => orders.get_mut(key).into_iter().for_each(change),
        }
    }

    /// The orders of a merchant.
    pub(super) fn of(&self, merchant: &str) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |((owner, _), _)| owner == merchant).map(|(_, order)| order)
    }

    /// An order by the number that a request names it by.
    pub(super) fn wanted(&self, request: &Fields) -> Option<&Order> {
        let key = self.find(request)?;
        self.orders.get(&key)
    }

    pub(super) fn find(&self, request: &Fields) -> Option<Key> {
        let merchant = text(request, "mch_id");
        let is_it = |order: &Order| match request.get("transaction_id") {
            Some(id) => order.payment.as_ref().is_some_and(|paid| paid.transaction_id == *id),
            None => text(&order.parameters, "out_trade_no") == text(request, "out_trade_no"),
        };
        let mut own = self.orders.iter().filter(|((owner, _), _)| owner == merchant);
        own.find(|(_, order)| is_it(order)).map(|(key, _)| key.clone())
    }
}

/// The key of an order of the sandbox's merchant.
pub(super) fn own(number: &str) -> Key {
    (MCHID.to_owned(), number.to_owned())
}
