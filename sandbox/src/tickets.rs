//! What merchants got for their orders, and which order each of it opens.

use std::collections::HashMap;

use super::trade_type::{FIVE_MINUTES, TWO_HOURS};

/// Every order in the sequence in which they were placed, with its latest ticket.
#[derive(Default)]
pub(super) struct Tickets {
    placed: Vec<Placed>,
    /// Places in `placed`.
    by_order: HashMap<Due, usize>,
    /// The same, and when each ticket was given, by the business clock.
    by_ticket: HashMap<String, (usize, i64)>,
}

/// An order that was placed.
pub(super) struct Placed {
    pub(super) due: Due,
    /// Business time of the first call, in Unix seconds.
    pub(super) at: i64,
    /// The prepay_id, the code_url, or the path and query of the h5_url.
    pub(super) ticket: String,
}

/// Which order is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Due {
    pub(super) kind: Kind,
    /// 商户订单号, of a combined order 合单商户订单号.
    pub(super) number: String,
}

/// In which book an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Single,
    Combined,
    #[cfg(feature = "v2")]
    V2Single,
    #[cfg(feature = "v2")]
    V2Combined,
}

impl Tickets {
    /// The order got a ticket, perhaps not its first.
    pub(super) fn add(&mut self, ticket: &str, due: Due, now: i64) {
        let ticket = ticket.to_owned();
        let next = self.placed.len();
        let index = *self.by_order.entry(due.clone()).or_insert(next);
        self.by_ticket.insert(ticket.clone(), (index, now));
        match self.placed.get_mut(index) {
            Some(placed) => placed.ticket = ticket,
            None => self.placed.push(Placed { due, at: now, ticket }),
        }
    }

    /// The order that a ticket opens.
    pub(super) fn order_of(&self, ticket: &str) -> Option<&Placed> {
        self.by_ticket.get(ticket).and_then(|(index, _)| self.placed.get(*index))
    }

    /// Whether a ticket can no longer be paid with, though a later one of its order perhaps can.
    pub(super) fn has_expired(&self, ticket: &str, now: i64) -> bool {
        let life = if ticket.starts_with("/h5?") { FIVE_MINUTES } else { TWO_HOURS };
        let given = self.by_ticket.get(ticket).map(|(_, given)| *given);
        given.is_none_or(|given| given.saturating_add(life) < now)
    }

    /// The oldest first.
    pub(super) fn placed(&self) -> &[Placed] {
        &self.placed
    }
}

impl Due {
    pub(super) fn new(kind: Kind, number: &str) -> Self {
        Self { kind, number: number.to_owned() }
    }
}

impl Kind {
    pub(super) fn is_combined(self) -> bool {
        match self {
            Self::Single => false,
            Self::Combined => true,
            #[cfg(feature = "v2")]
            Self::V2Single => false,
            #[cfg(feature = "v2")]
            Self::V2Combined => true,
        }
    }

    /// The version of the interfaces.
    pub(super) fn version(self) -> u8 {
        match self {
            Self::Single | Self::Combined => 3,
            #[cfg(feature = "v2")]
            Self::V2Single | Self::V2Combined => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ticket_of_an_order_opens_it_and_the_last_is_shown() {
        let mut tickets = Tickets::default();
        let (one, two) = (Due::new(Kind::Single, "order-1"), Due::new(Kind::Combined, "order-1"));
        tickets.add("wx1", one.clone(), 1);
        tickets.add("wx2", two.clone(), 2);
        tickets.add("wx3", one.clone(), 3);
        let due = |ticket| tickets.order_of(ticket).map(|placed| &placed.due);
        assert_eq!((due("wx1"), due("wx2"), due("wx3")), (Some(&one), Some(&two), Some(&one)));
        assert_eq!(due("wx4"), None);
        let placed: Vec<_> =
            tickets.placed().iter().map(|placed| (placed.ticket.as_str(), placed.at)).collect();
        assert_eq!(placed, [("wx3", 1), ("wx2", 2)]);
    }

    #[test]
    fn each_ticket_expires_in_its_own_time() {
        let mut tickets = Tickets::default();
        let due = Due::new(Kind::Single, "order-1");
        tickets.add("wx1", due.clone(), 0);
        tickets.add("/h5?prepay_id=wx2", due.clone(), 0);
        tickets.add("wx3", due, 1);
        let expired = |now| {
            ["wx1", "/h5?prepay_id=wx2", "wx3"].map(|ticket| tickets.has_expired(ticket, now))
        };
        assert_eq!(expired(300), [false; 3]);
        assert_eq!(expired(301), [false, true, false]);
        assert_eq!(expired(7201), [true, true, false]);
        assert!(tickets.has_expired("wx4", 0));
    }
}
