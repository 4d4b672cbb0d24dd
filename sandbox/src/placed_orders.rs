//! Which orders were placed, and what opens each of them at the cashier.

use std::collections::HashMap;

use super::trade_type::{FIVE_MINUTES, TWO_HOURS};
use super::version::Version;

/// Every order in the sequence in which they were placed, with its latest payment token.
///
/// A payment token is what the merchant's call returns and the user pays with: the prepay_id, the
/// code_url, or the path and query of the h5_url.
#[derive(Default)]
pub(super) struct PlacedOrders {
    placed: Vec<PlacedOrder>,
    /// Positions in `placed`.
    by_order: HashMap<OrderId, usize>,
    /// Positions in `placed`, and when each token was issued, in business time.
    by_token: HashMap<String, (usize, i64)>,
}

/// An order that was placed.
pub(super) struct PlacedOrder {
    pub(super) id: OrderId,
    /// Business time of the first call, in Unix seconds.
    pub(super) at: i64,
    pub(super) payment_token: String,
}

/// Which order: within a version, single and combined orders share one set of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct OrderId {
    pub(super) version: Version,
    /// 商户订单号, of a combined order 合单商户订单号.
    pub(super) number: String,
}

impl PlacedOrders {
    /// Records the token that was issued for an order, which need not be its first.
    pub(super) fn add(&mut self, payment_token: &str, id: OrderId, now: i64) {
        let payment_token = payment_token.to_owned();
        let next = self.placed.len();
        let index = *self.by_order.entry(id.clone()).or_insert(next);
        self.by_token.insert(payment_token.clone(), (index, now));
        match self.placed.get_mut(index) {
            Some(placed) => placed.payment_token = payment_token,
            None => self.placed.push(PlacedOrder { id, at: now, payment_token }),
        }
    }

    /// The order that a token opens.
    pub(super) fn order_of(&self, payment_token: &str) -> Option<&PlacedOrder> {
        self.by_token.get(payment_token).and_then(|(index, _)| self.placed.get(*index))
    }

    /// Whether a token is unknown or too old. Its order may have a newer one.
    pub(super) fn has_expired(&self, payment_token: &str, now: i64) -> bool {
        let life = if payment_token.starts_with("/h5?") { FIVE_MINUTES } else { TWO_HOURS };
        let issued = self.by_token.get(payment_token).map(|(_, issued)| *issued);
        issued.is_none_or(|issued| issued.saturating_add(life) < now)
    }

    /// The oldest first.
    pub(super) fn placed(&self) -> &[PlacedOrder] {
        &self.placed
    }
}

impl OrderId {
    pub(super) fn new(version: Version, number: &str) -> Self {
        Self { version, number: number.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_opens_its_order_and_the_last_is_shown() {
        let mut orders = PlacedOrders::default();
        let (one, two) =
            (OrderId::new(Version::V3, "order-1"), OrderId::new(Version::V3, "order-2"));
        orders.add("wx1", one.clone(), 1);
        orders.add("wx2", two.clone(), 2);
        orders.add("wx3", one.clone(), 3);
        let opened = |token| orders.order_of(token).map(|placed| &placed.id);
        assert_eq!(
            (opened("wx1"), opened("wx2"), opened("wx3")),
            (Some(&one), Some(&two), Some(&one))
        );
        assert_eq!(opened("wx4"), None);
        let placed: Vec<_> = orders
            .placed()
            .iter()
            .map(|placed| (placed.payment_token.as_str(), placed.at))
            .collect();
        assert_eq!(placed, [("wx3", 1), ("wx2", 2)]);
    }

    #[test]
    fn every_token_expires_at_its_own_time() {
        let mut orders = PlacedOrders::default();
        let id = OrderId::new(Version::V3, "order-1");
        orders.add("wx1", id.clone(), 0);
        orders.add("/h5?prepay_id=wx2", id.clone(), 0);
        orders.add("wx3", id, 1);
        let expired =
            |now| ["wx1", "/h5?prepay_id=wx2", "wx3"].map(|token| orders.has_expired(token, now));
        assert_eq!(expired(300), [false; 3]);
        assert_eq!(expired(301), [false, true, false]);
        assert_eq!(expired(7201), [true, true, false]);
        assert!(orders.has_expired("wx4", 0));
    }

    #[cfg(feature = "v2")]
    #[test]
    fn orders_of_two_versions_may_have_one_number() {
        let mut orders = PlacedOrders::default();
        orders.add("wx1", OrderId::new(Version::V3, "order-1"), 1);
        orders.add("wx2", OrderId::new(Version::V2, "order-1"), 2);
        let version = |token| orders.order_of(token).map(|placed| placed.id.version);
        assert_eq!((version("wx1"), version("wx2")), (Some(Version::V3), Some(Version::V2)));
    }
}
