//! The order book: every order by merchant and number, and what users and the platform do to one.

use std::collections::HashMap;

use super::any_order::AnyOrder;
use super::combined_order::{CombinedOrder, CombinedRecord};
use super::order::Order;
use super::order_error::OrderError;
use super::refusal::Refusal;
use super::unique_ids::UniqueIds;

/// Every order, by the mchid that signs for it and its number.
#[derive(Default)]
pub(super) struct OrderBook {
    /// By 商户订单号 (out_trade_no): single orders, and the parts of combined ones.
    pub(super) orders: HashMap<Key, Order>,
    /// By 合单商户订单号 (combine_out_trade_no).
    pub(super) combined: HashMap<Key, CombinedRecord>,
}

/// The number by which a request names an order.
pub(super) enum Wanted {
    OutTradeNo(String),
    TransactionId(String),
}

/// A merchant and its order number.
pub(super) type Key = (String, String);

impl OrderBook {
    /// The user pays an order, single or combined, which becomes paid completely or not at all. A
    /// coupon is worth at most the order's total, and combined orders have none.
    pub(super) fn pay(
        &mut self,
        mchid: &str,
        number: &str,
        coupon: u64,
        now: i64,
        ids: &mut UniqueIds,
    ) -> Result<AnyOrder<'_>, OrderError> {
        let order = self.payable(mchid, number)?;
        order.check_payable(now)?;
        if coupon > 0 && order.is_combined() {
            return Err(OrderError::CouponNotSupported);
        }
        self.for_each_part(mchid, number, |part| part.pay(coupon, now, ids));
        self.payable(mchid, number)
    }

    /// The user's payment fails, and the order stays as it is.
    pub(super) fn refuse_payment(
        &self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<(), OrderError> {
        self.payable(mchid, number)?.check_payable(now)
    }

    /// The platform closes an order, single or combined. Its number cannot be used again.
    pub(super) fn close(&mut self, mchid: &str, number: &str) -> Result<(), OrderError> {
        self.payable(mchid, number)?.check_open()?;
        self.for_each_part(mchid, number, Order::close);
        Ok(())
    }

    /// An order that can be paid, single or combined. A part of a combined order cannot be paid
    /// alone.
    pub(super) fn find(&self, mchid: &str, number: &str) -> Option<AnyOrder<'_>> {
        let combined = || self.combined_order(mchid, number).map(AnyOrder::Combined);
        self.single(mchid, number).map(AnyOrder::Single).or_else(combined)
    }

    /// An order that is no part of a combined one.
    pub(super) fn single(&self, mchid: &str, number: &str) -> Option<&Order> {
        self.orders.get(&key(mchid, number)).filter(|order| !order.is_part)
    }

    /// A combined order with its parts.
    pub(super) fn combined_order(&self, mchid: &str, number: &str) -> Option<CombinedOrder<'_>> {
        let record = self.combined.get(&key(mchid, number))?;
        let parts = record.parts.iter().filter_map(|key| self.orders.get(key)).collect();
        Some(CombinedOrder { record, parts })
    }

    /// Changes a single order, or each part of a combined one.
    pub(super) fn for_each_part(
        &mut self,
        mchid: &str,
        number: &str,
        mut change: impl FnMut(&mut Order),
    ) {
        let Self { orders, combined } = self;
        let key = key(mchid, number);
        match combined.get(&key) {
            Some(record) => {
                for key in &record.parts {
                    orders.get_mut(key).into_iter().for_each(&mut change);
                }
            }
            None => orders.get_mut(&key).into_iter().for_each(change),
        }
    }

    /// The orders that a merchant signed for, in no order.
    pub(super) fn of(&self, mchid: &str) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |((owner, _), _)| owner == mchid).map(|(_, order)| order)
    }

    pub(super) fn of_mut(&mut self, mchid: &str) -> impl Iterator<Item = &mut Order> {
        self.orders.iter_mut().filter(move |((owner, _), _)| owner == mchid).map(|(_, order)| order)
    }

    pub(super) fn get_mut(&mut self, mchid: &str, wanted: &Wanted) -> Option<&mut Order> {
        let (key, _) = self.locate(mchid, wanted)?;
        let key = key.clone();
        self.orders.get_mut(&key)
    }

    /// Refuses a number that the merchant gave to an order, a combined order or a part of one before.
    pub(super) fn check_unused(&self, mchid: &str, number: &str) -> Result<(), Refusal> {
        let key = key(mchid, number);
        let mut combined = self.combined.iter().filter(|((owner, _), _)| owner == mchid);
        let is_used = self.orders.contains_key(&key)
            || self.combined.contains_key(&key)
            || combined.any(|(_, record)| record.has_part(number));
        if is_used {
            Err(Refusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复"))
        } else {
            Ok(())
        }
    }

    /// A single order, or a part of a combined one, by either of its numbers.
    pub(super) fn locate(&self, mchid: &str, wanted: &Wanted) -> Option<(&Key, &Order)> {
        match wanted {
            Wanted::OutTradeNo(number) => self.orders.get_key_value(&key(mchid, number)),
            Wanted::TransactionId(id) => self
                .orders
                .iter()
                .find(|((owner, _), order)| owner == mchid && order.transaction_id() == Some(id)),
        }
    }

    fn payable(&self, mchid: &str, number: &str) -> Result<AnyOrder<'_>, OrderError> {
        self.find(mchid, number).ok_or(OrderError::NotPlaced)
    }
}

fn key(mchid: &str, number: &str) -> Key {
    (mchid.to_owned(), number.to_owned())
}
