//! Everything that the sandbox remembers, and what users, the platform and tests do to it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::balance::Balance;
use super::bills::Bills;
use super::calendar::Beijing;
use super::cipher::Cipher;
use super::fault_rules::Faults;
use super::images::Images;
use super::journal::Journal;
use super::merchants::{MCHID, Merchants, NEIGHBOUR_MCHID};
use super::notifications::{Event, MCH_PAYMENT, Notification, Notifications};
use super::order_book::OrderBook;
use super::order_error::OrderError;
use super::placed_orders::{OrderId, PlacedOrder, PlacedOrders};
use super::platform::Platform;
use super::rate_limit::RateLimit;
use super::received::Received;
use super::refund::RefundStatus;
use super::refund_error::RefundError;
use super::refunds;
use super::schema::text_of;
use super::scripts::Scripts;
use super::sharing::state::Sharing;
use super::summary::{self, OrderDetails, OrderSummary, RefundSummary};
use super::transfer_error::TransferError;
use super::transfer_summary::TransferSummary;
use super::transfers::Transfers;
use super::unique_ids::UniqueIds;
#[cfg(feature = "v2")]
use super::v2::context::Context;
#[cfg(feature = "v2")]
use super::v2::state::V2State;
use super::version::Version;

/// Everything that the sandbox remembers.
pub(super) struct State {
    pub(super) platform: Platform,
    pub(super) merchants: Merchants,
    pub(super) cipher: Cipher,
    pub(super) ids: UniqueIds,
    /// Where the sandbox is reached.
    pub(super) base_url: String,
    pub(super) orders: OrderBook,
    pub(super) placed_orders: PlacedOrders,
    pub(super) notifications: Notifications,
    pub(super) balance: Balance,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) bills: Bills,
    pub(super) images: Images,
    pub(super) sharing: Sharing,
    pub(super) transfers: Transfers,
    #[cfg(feature = "v2")]
    pub(super) v2: V2State,
    pub(super) clock: Clock,
    pub(super) received: Vec<Received>,
    pub(super) journal: Journal,
    pub(super) faults: Faults,
    pub(super) scripts: Scripts,
}

/// By how many seconds the sandbox's clocks differ from the true time.
#[derive(Default)]
pub(super) struct Clock {
    signature_offset: i64,
    business_offset: i64,
    response_offset: i64,
}

impl State {
    pub(super) fn new(
        platform: Platform,
        merchants: Merchants,
        cipher: Cipher,
        ids: UniqueIds,
        base_url: String,
    ) -> Self {
        Self {
            platform,
            merchants,
            cipher,
            ids,
            base_url,
            orders: OrderBook::default(),
            placed_orders: PlacedOrders::default(),
            notifications: Notifications::default(),
            balance: Balance::default(),
            rate_limit: None,
            bills: Bills::default(),
            images: Images::default(),
            sharing: Sharing::default(),
            transfers: Transfers::default(),
            #[cfg(feature = "v2")]
            v2: V2State::default(),
            clock: Clock::default(),
            received: Vec::new(),
            journal: Journal::default(),
            faults: Faults::default(),
            scripts: Scripts::default(),
        }
    }

    /// The state of APIv2, and what it shares with the rest.
    #[cfg(feature = "v2")]
    pub(super) fn v2(&mut self, now: i64) -> (&mut V2State, Context<'_>) {
        let now = self.clock.business(now);
        let Self {
            v2,
            merchants,
            ids,
            placed_orders,
            balance,
            notifications,
            base_url,
            sharing,
            ..
        } = self;
        let (base_url, sign_type) = (base_url.as_str(), String::new());
        let context = Context {
            merchants,
            ids,
            base_url,
            placed_orders,
            balance,
            sharing,
            notifications,
            now,
            sign_type,
        };
        (v2, context)
    }

    /// A payer shows a code (付款码).
    #[cfg(feature = "v2")]
    pub(super) fn show_payer_code(&mut self, needs_pin: bool, now: i64) -> String {
        let (v2, mut context) = self.v2(now);
        v2.show_code(needs_pin, &mut context)
    }

    /// The payers' codes that can be used, and whether their payers must type a PIN.
    #[cfg(feature = "v2")]
    pub(super) fn payer_codes(&self, now: i64) -> Vec<(String, bool)> {
        self.v2.usable_codes(self.clock.business(now))
    }

    /// The order with this number, single or combined: of APIv3, else of APIv2.
    pub(super) fn find_order(&self, number: &str) -> Result<OrderId, OrderError> {
        if self.orders.find(self.owner(number), number).is_some() {
            return Ok(OrderId::new(Version::V3, number));
        }
        #[cfg(feature = "v2")]
        if self.v2.orders.is_payable(number) {
            return Ok(OrderId::new(Version::V2, number));
        }
        Err(OrderError::NotPlaced)
    }

    /// The merchant whose order has this number: the sandbox's merchant, unless the neighbour alone has one.
    fn owner(&self, number: &str) -> &'static str {
        let has_order = |mchid| self.orders.find(mchid, number).is_some();
        if !has_order(MCHID) && has_order(NEIGHBOUR_MCHID) { NEIGHBOUR_MCHID } else { MCHID }
    }

    /// As [`owner`](Self::owner), of a refund.
    fn refund_owner(&self, number: &str) -> &'static str {
        let has_refund = |mchid| refunds::exists(&self.orders, mchid, number);
        if !has_refund(MCHID) && has_refund(NEIGHBOUR_MCHID) { NEIGHBOUR_MCHID } else { MCHID }
    }

    /// The user pays an order, with coupons of these amounts in fen. This makes a notification.
    pub(super) fn pay(
        &mut self,
        order: &OrderId,
        coupons: &[u64],
        now: i64,
    ) -> Result<(), OrderError> {
        let business = self.clock.business(now);
        let number = &order.number;
        match order.version {
            Version::V3 => {
                let coupon = coupons.iter().fold(0_u64, |sum, fen| sum.saturating_add(*fen));
                let owner = self.owner(number);
                let order = self.orders.pay(owner, number, coupon, business, &mut self.ids)?;
                let (resource, notify_url) = (order.describe(business), order.notify_url());
                let event = Event::of_payment(notify_url, number, &resource);
                self.notifications.add(&event, business, &self.cipher, &mut self.ids);
                Ok(())
            }
            #[cfg(feature = "v2")]
            Version::V2 => {
                let (v2, context) = self.v2(now);
                v2.pay(number, coupons, context)
            }
        }
    }

    /// The user's payment of an order fails.
    pub(super) fn refuse_payment(&mut self, order: &OrderId, now: i64) -> Result<(), OrderError> {
        let (number, now) = (&order.number, self.clock.business(now));
        match order.version {
            Version::V3 => self.orders.refuse_payment(self.owner(number), number, now),
            #[cfg(feature = "v2")]
            Version::V2 => self.v2.orders.refuse_payment(number, now),
        }
    }

    /// The platform closes an order.
    pub(super) fn close(&mut self, order: &OrderId) -> Result<(), OrderError> {
        match order.version {
            Version::V3 => self.orders.close(self.owner(&order.number), &order.number),
            #[cfg(feature = "v2")]
            Version::V2 => self.v2.orders.close(&order.number),
        }
    }

    /// The version of the refund with this number: APIv3, unless APIv2 alone has one.
    pub(super) fn refund_version(&self, number: &str) -> Version {
        #[cfg(feature = "v2")]
        if !refunds::exists(&self.orders, self.refund_owner(number), number)
            && self.v2.orders.has_refund(number)
        {
            return Version::V2;
        }
        let _ = number;
        Version::V3
    }

    /// A refund ends, which makes a notification.
    pub(super) fn end_refund(
        &mut self,
        version: Version,
        number: &str,
        status: RefundStatus,
        now: i64,
    ) -> Result<(), RefundError> {
        match version {
            Version::V3 => self.end_v3_refund(number, status, self.clock.business(now)),
            #[cfg(feature = "v2")]
            Version::V2 => {
                let (v2, context) = self.v2(now);
                v2.end_refund(number, status, context)
            }
        }
    }

    fn end_v3_refund(
        &mut self,
        number: &str,
        status: RefundStatus,
        now: i64,
    ) -> Result<(), RefundError> {
        let owner = self.refund_owner(number);
        let (order, refund) = refunds::end(&mut self.orders, owner, number, status, now)?;
        let event = Event {
            notify_url: refunds::notify_url(order, refund),
            number,
            event_type: &format!("REFUND.{}", status.as_str()),
            summary: status.summary(),
            original_type: "refund",
            resource: &refunds::notification(order, refund),
        };
        self.notifications.add(&event, now, &self.cipher, &mut self.ids);
        if status == RefundStatus::Closed && !refund.is_from_frozen {
            self.balance.put_back(refund.amount());
        }
        Ok(())
    }

    /// Lets time pass, which ends the splits that are due.
    pub(super) fn let_time_pass(&mut self, seconds: u64, now: i64) {
        self.clock.let_time_pass(seconds);
        self.settle_shares(self.clock.business(now));
    }

    /// The pending notifications, the oldest first, signed now. They stay pending.
    pub(super) fn pending_notifications(&mut self, now: i64) -> Vec<Notification> {
        self.age_transfers(self.clock.business(now));
        let now = self.clock.signature(now);
        self.notifications.signed(|_| true, &mut self.platform, now, &mut self.ids)
    }

    /// As [`State::pending_notifications`], but those alone that are due.
    pub(super) fn due_notifications(&mut self, now: i64) -> Vec<Notification> {
        self.age_transfers(self.clock.business(now));
        let (now, business) = (self.clock.signature(now), self.clock.business(now));
        self.notifications.signed(|due| due <= business, &mut self.platform, now, &mut self.ids)
    }

    /// The pending notifications of one version, which are pending no longer.
    pub(super) fn take_notifications(&mut self, version: Version, now: i64) -> Vec<Notification> {
        let mut taken = self.pending_notifications(now);
        taken.retain(|notification| notification.version() == version);
        for notification in &taken {
            self.notifications.settle(&notification.id);
            self.journal.sent(now, notification.clone(), None);
        }
        taken
    }

    /// The notification, signed again now.
    pub(super) fn sign_again(&mut self, notification: &Notification, now: i64) -> Notification {
        let now = self.clock.signature(now);
        self.notifications.sign_again(notification, &mut self.platform, now, &mut self.ids)
    }

    /// Counts a delivery that the merchant did not accept. Returns in how many seconds the next one
    /// comes, if one does.
    pub(super) fn postpone(&mut self, id: &str, now: i64) -> Option<i64> {
        let now = self.clock.business(now);
        self.notifications.postpone(id, now)
    }

    /// A notification that is pending, or was sent or taken lately, signed now.
    pub(super) fn notification(&mut self, id: &str, now: i64) -> Option<Notification> {
        let mut pending = self.pending_notifications(now).into_iter();
        let pending = pending.find(|notification| notification.id == id);
        let mut sent = self.journal.deliveries().iter().rev().map(|sent| &sent.notification);
        let sent = sent.find(|notification| notification.id == id).cloned();
        pending.or_else(|| sent.map(|notification| self.sign_again(&notification, now)))
    }

    /// The order that a payment token opens.
    pub(super) fn order_of_token(&self, token: &str, now: i64) -> Option<(OrderId, OrderSummary)> {
        let placed = self.placed_orders.order_of(token)?;
        Some((placed.id.clone(), self.summary(placed, now)?))
    }

    /// Whether a payment token is too old.
    pub(super) fn has_expired(&self, token: &str, now: i64) -> bool {
        self.placed_orders.has_expired(token, self.clock.business(now))
    }

    /// Every order, the newest first.
    pub(super) fn order_summaries(&self, now: i64) -> Vec<OrderSummary> {
        let placed = self.placed_orders.placed().iter().rev();
        placed.filter_map(|placed| self.summary(placed, now)).collect()
    }

    /// Every refund, the newest first.
    pub(super) fn refund_summaries(&self) -> Vec<RefundSummary> {
        let mut refunds: Vec<_> = summary::refunds(&self.orders).collect();
        #[cfg(feature = "v2")]
        refunds.extend(self.v2.refund_summaries());
        // Refunds of the same second are sorted by their numbers, so that their order is stable.
        let newest = |refund: &RefundSummary| (refund.create_time, refund.out_refund_no.clone());
        refunds.sort_by_key(|refund| std::cmp::Reverse(newest(refund)));
        refunds
    }

    /// Every transfer, the newest first.
    pub(super) fn transfer_summaries(&mut self, now: i64) -> Vec<TransferSummary> {
        self.age_transfers(self.clock.business(now));
        self.transfers.all().iter().rev().map(TransferSummary::of).collect()
    }

    /// The effect of time on transfers and authorizations, with the notifications that follow. `now` is business time.
    pub(super) fn age_transfers(&mut self, now: i64) {
        let Self { transfers, notifications, cipher, ids, .. } = self;
        transfers.age(now);
        for transfer in transfers.ended() {
            if transfer.notify_url().is_empty() {
                continue;
            }
            let event = Event {
                notify_url: transfer.notify_url(),
                number: transfer.number(),
                event_type: "MCHTRANSFER.BILL.FINISHED",
                summary: "商家转账单据终态通知",
                original_type: MCH_PAYMENT,
                resource: &transfer.notification(),
            };
            notifications.add(&event, now, cipher, ids);
        }
        for authorization in transfers.authorizations.changed() {
            let (event_type, summary) = match authorization.closed {
                None => ("MCHTRANSFER.AUTHORIZATION.CONFIRMED", "用户授权成功通知"),
                Some(_) => ("MCHTRANSFER.AUTHORIZATION.CLOSED", "授权关闭通知"),
            };
            let event = Event {
                notify_url: text_of(&authorization.parameters, "authorization_notify_url"),
                number: authorization.number(),
                event_type,
                summary,
                original_type: MCH_PAYMENT,
                resource: &authorization.describe(),
            };
            notifications.add(&event, now, cipher, ids);
        }
    }

    /// The user confirms a transfer.
    pub(super) fn confirm_transfer(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<(), TransferError> {
        let now = self.clock.business(now);
        self.age_transfers(now);
        self.transfers.confirm(mchid, number, now)?;
        self.age_transfers(now);
        Ok(())
    }

    /// A transfer fails.
    pub(super) fn fail_transfer(
        &mut self,
        mchid: &str,
        number: &str,
        reason: &str,
        now: i64,
    ) -> Result<(), TransferError> {
        let now = self.clock.business(now);
        self.age_transfers(now);
        self.transfers.fail(mchid, number, reason, now)?;
        self.age_transfers(now);
        Ok(())
    }

    /// The user agrees to an authorization.
    pub(super) fn confirm_authorization(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<(), TransferError> {
        let now = self.clock.business(now);
        self.age_transfers(now);
        let Self { transfers, ids, .. } = self;
        transfers.authorizations.confirm(mchid, number, now, ids)?;
        self.age_transfers(now);
        Ok(())
    }

    /// Transfers stay where they are, or go on.
    pub(super) fn hold_transfers(&mut self, is_held: bool, now: i64) {
        let now = self.clock.business(now);
        self.transfers.hold(is_held, now);
        self.age_transfers(now);
    }

    fn summary(&self, placed: &PlacedOrder, now: i64) -> Option<OrderSummary> {
        let (OrderId { version, number }, now) = (&placed.id, self.clock.business(now));
        let details = match version {
            Version::V3 => OrderDetails::of(&self.orders.find(self.owner(number), number)?, now),
            #[cfg(feature = "v2")]
            Version::V2 => self.v2.order_details(number, now)?,
        };
        Some(OrderSummary {
            version: version.number(),
            is_combined: details.is_combined,
            out_trade_no: number.clone(),
            total: details.total(),
            trade_type: details.trade_type,
            trade_state: details.trade_state,
            items: details.items,
            notify_url: details.notify_url,
            payment_token: placed.payment_token.clone(),
            placed: Beijing::at(placed.at).plain(),
        })
    }
}

/// Locks the state. A test that panicked while it held the lock does not make other tests fail.
pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clock {
    /// Shifts every clock.
    pub(super) fn shift(&mut self, seconds: i64) {
        self.signature_offset = self.signature_offset.saturating_add(seconds);
    }

    /// Shifts the time by which responses are signed.
    pub(super) fn shift_responses(&mut self, seconds: i64) {
        self.response_offset = self.response_offset.saturating_add(seconds);
    }

    /// Shifts the time of everything but signatures.
    pub(super) fn let_time_pass(&mut self, seconds: u64) {
        self.business_offset = self.business_offset.saturating_add_unsigned(seconds);
    }

    /// The time by which the signatures of requests are checked and notifications are signed.
    pub(super) fn signature(&self, now: i64) -> i64 {
        now.saturating_add(self.signature_offset)
    }

    /// The time by which responses are signed.
    pub(super) fn response(&self, now: i64) -> i64 {
        self.signature(now).saturating_add(self.response_offset)
    }

    /// The time of everything else.
    pub(super) fn business(&self, now: i64) -> i64 {
        self.signature(now).saturating_add(self.business_offset)
    }
}
