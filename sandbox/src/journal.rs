//! The last messages, for people who look for a mistake.

use std::collections::VecDeque;

use super::notifications::{Delivery, Notification};
use super::outgoing::Outgoing;
use super::received::Received;
use super::response::Response;

/// The last exchanges and deliveries, the newest last.
#[derive(Default)]
pub(super) struct Journal {
    exchanges: VecDeque<Exchange>,
    deliveries: VecDeque<Sent>,
}

/// A request of the merchant, and its response.
#[derive(Clone)]
pub(super) struct Exchange {
    /// The true time, in Unix seconds.
    pub(super) at: i64,
    pub(super) request: Received,
    pub(super) response: Response,
    /// Whether a fault on the wire changed the response on its way.
    pub(super) is_broken: bool,
}

/// A notification that was sent, and the merchant's response.
#[derive(Clone)]
pub(super) struct Sent {
    /// The true time, in Unix seconds.
    pub(super) at: i64,
    pub(super) notification: Notification,
    /// `None` if a test took it.
    pub(super) delivery: Option<Delivery>,
}

impl Journal {
    pub(super) fn exchanged(&mut self, at: i64, request: &Received, outgoing: &Outgoing) {
        let (request, response) = (request.clone(), outgoing.response.clone());
        let is_broken = outgoing.wire_fault.is_some();
        keep(&mut self.exchanges, Exchange { at, request, response, is_broken });
    }

    pub(super) fn sent(&mut self, at: i64, notification: Notification, delivery: Option<Delivery>) {
        keep(&mut self.deliveries, Sent { at, notification, delivery });
    }

    pub(super) fn exchanges(&self) -> &VecDeque<Exchange> {
        &self.exchanges
    }

    pub(super) fn deliveries(&self) -> &VecDeque<Sent> {
        &self.deliveries
    }
}

fn keep<T>(all: &mut VecDeque<T>, new: T) {
    if all.len() >= MOST {
        all.pop_front();
    }
    all.push_back(new);
}

/// Enough to read, and little enough for a sandbox that runs for days.
const MOST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journal_keeps_the_last_thousand_entries() {
        let mut all = VecDeque::new();
        (0..=MOST).for_each(|number| keep(&mut all, number));
        assert_eq!((all.len(), all.front(), all.back()), (MOST, Some(&1), Some(&MOST)));
    }
}
