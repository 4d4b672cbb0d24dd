//! A merchant's own tests: a small shop, and everything that can happen to it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use wechatpay::notify::{self, Acknowledgement, Notification};
use wechatpay::pay::{self, NotPaid, Order, Paid, TradeState, app};
use wechatpay::refund::{self, Refund, Status};
use wechatpay::{
    ApiV3Key, Error, Gateway, HttpOptions, OutRefundNo, OutTradeNo, Outcome, PlatformKeys,
    PrepayId, Proxy, RsaSigner, Signer, Time, UreqTransport,
};
use wechatpay_sandbox::{Fault, FaultRule, OrderError, Sandbox};

use crate::notification_server::NotificationServer;
use crate::support::{order, start};

// The program under test: it knows nothing of a sandbox.

/// A shop with one book of orders.
struct Shop {
    signer: RsaSigner,
    gateway: Gateway,
    keys: PlatformKeys,
    api_v3_key: ApiV3Key,
    book: Mutex<HashMap<OutTradeNo, Line>>,
}

/// An order in the book.
struct Line {
    order: Order,
    refund: Option<(Refund, Status)>,
    parcels: Vec<Paid>,
}

impl Shop {
    /// Writes the order down first, and sends the same one until it is known what became of it.
    fn check_out(&self, order: &Order) -> Result<PrepayId, Error> {
        let line = Line { order: order.clone(), refund: None, parcels: Vec::new() };
        self.book.lock().unwrap().entry(order.out_trade_no.clone()).or_insert(line);
        let place = || app::prepay(&self.signer, &self.gateway, order);
        let first = place();
        match &first {
            Err(error) if error.outcome() == Outcome::Unknown => place(),
            _ => first,
        }
    }

    /// The door for notifications.
    fn take_notification(&self, headers: &[(String, Vec<u8>)], body: &[u8]) -> Acknowledgement {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let now = Time::now().unwrap();
        let event = match notify::open(&self.keys, &self.api_v3_key, headers, body, now) {
            Ok(event) => event,
            Err(refusal) => return Acknowledgement::refused(&refusal),
        };
        match event.notification {
            Notification::Transaction(transaction) => drop(self.note_payment(&transaction)),
            Notification::Refund(state) => self.note_refund(&state),
            _ => return Acknowledgement::again(),
        }
        Acknowledgement::accepted()
    }

    /// Asks WeChat Pay itself, where no notification came.
    fn look_up(&self, number: &OutTradeNo) -> Result<(), NotPaid> {
        self.note_payment(&pay::query(&self.signer, &self.gateway, number).unwrap())
    }

    fn note_payment(&self, transaction: &pay::Transaction) -> Result<(), NotPaid> {
        let mut book = self.book.lock().unwrap();
        let line = book.get_mut(&transaction.out_trade_no).ok_or(NotPaid::Differs("order"))?;
        let paid = transaction.paid(self.signer.mchid(), &line.order)?;
        ship(line, paid);
        Ok(())
    }

    /// Gives all of an order back: under one number, however often it takes.
    fn give_back(&self, number: &OutTradeNo) -> Result<Status, Error> {
        let total = self.book.lock().unwrap()[number].order.total;
        let out_refund_no = OutRefundNo::new(format!("{number}-back")).unwrap();
        let refund = Refund::new(out_refund_no, number.clone(), total, total);
        let intent = (refund.clone(), Status::Processing);
        self.book.lock().unwrap().get_mut(number).unwrap().refund = Some(intent);
        let apply = || refund::apply(&self.signer, &self.gateway, &refund);
        let state = match apply() {
            Err(error) if error.outcome() == Outcome::Unknown => apply()?,
            other => other?,
        };
        Ok(state.status)
    }

    fn note_refund(&self, state: &refund::State) {
        let mut book = self.book.lock().unwrap();
        let Some(line) = book.get_mut(&state.out_trade_no) else { return };
        let Some((refund, status)) = &mut line.refund else { return };
        if refund.out_refund_no == state.out_refund_no && *status != Status::Success {
            *status = state.status.clone();
        }
    }

    /// The shipped orders, and the state of the refund.
    fn state(&self, number: &OutTradeNo) -> (usize, Option<Status>) {
        let book = self.book.lock().unwrap();
        let line = &book[number];
        let status = line.refund.as_ref().map(|(_, status)| status.clone());
        (line.parcels.len(), status)
    }
}

/// Ships on the proof of a payment and on nothing else: once, and not what is being refunded.
fn ship(line: &mut Line, paid: Paid) {
    if line.parcels.is_empty() && line.refund.is_none() {
        line.parcels.push(paid);
    }
}

// The tests.

/// The shop, set up as in production, with the sandbox in WeChat Pay's place.
fn shop(sandbox: &Sandbox) -> Shop {
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    options.proxy = Proxy::Direct;
    let transport = UreqTransport::new(&options).unwrap();
    let (serial_no, key_pem) = (sandbox.serial_no(), sandbox.merchant_key_pem());
    let keys = PlatformKeys::from_pem(sandbox.public_key_id(), sandbox.public_key_pem()).unwrap();
    let keys = keys.with_certificate(sandbox.platform_certificate_pem()).unwrap();
    Shop {
        signer: RsaSigner::from_pem(sandbox.mchid(), serial_no, key_pem).unwrap(),
        gateway: Gateway::at(sandbox.base_url(), keys.clone(), transport).unwrap(),
        keys,
        api_v3_key: ApiV3Key::new(sandbox.api_v3_key()).unwrap(),
        book: Mutex::default(),
    }
}

impl Shop {
    fn receive(&self, notification: &wechatpay_sandbox::Notification) -> u16 {
        self.take_notification(&notification.headers, &notification.body).status
    }
}

/// An order that was checked out and paid.
fn paid(sandbox: &Sandbox, shop: &Shop, number: &str) -> OutTradeNo {
    let order = order(sandbox, number);
    shop.check_out(&order).unwrap();
    sandbox.pay(number).unwrap();
    order.out_trade_no
}

#[test]
fn order_with_a_lost_response_is_placed_once() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let order = order(&sandbox, "shop-lost-1");
    sandbox.fault_next(Fault::ResetAfterTheRequest);
    shop.check_out(&order).unwrap();
    let orders = sandbox.received();
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[0].body, orders[1].body);
    sandbox.pay("shop-lost-1").unwrap();
    assert_eq!(shop.receive(&sandbox.take_notifications()[0]), 204);
    assert_eq!(shop.state(&order.out_trade_no), (1, None));
}

#[test]
fn order_with_a_lost_request_is_placed_once() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let rule = FaultRule::calls("POST", "/v3/pay/").times(1).before_the_call();
    sandbox.fault_when(rule, Fault::ClosedWithoutResponse);
    let number = paid(&sandbox, &shop, "shop-lost-2");
    shop.look_up(&number).unwrap();
    assert_eq!(shop.state(&number), (1, None));
}

#[test]
fn probe_is_refused_and_next_notification_accepted() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let number = paid(&sandbox, &shop, "shop-probe-1");
    let notification = sandbox.take_notifications().remove(0);
    assert_eq!(shop.receive(&notification.probe()), 401);
    assert_eq!(shop.state(&number), (0, None));
    assert_eq!(shop.receive(&sandbox.sign_again(&notification)), 204);
    assert_eq!(shop.state(&number), (1, None));
}

#[test]
fn notification_that_comes_twice_ships_once() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let number = paid(&sandbox, &shop, "shop-twice-1");
    let notification = sandbox.take_notifications().remove(0);
    for notification in [&notification, &notification, &sandbox.sign_again(&notification)] {
        assert_eq!(shop.receive(notification), 204);
    }
    shop.look_up(&number).unwrap();
    assert_eq!(shop.state(&number), (1, None));
}

#[test]
fn refund_notification_before_payment_ships_nothing() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let number = paid(&sandbox, &shop, "shop-order-1");
    assert_eq!(shop.give_back(&number).unwrap(), Status::Processing);
    sandbox.succeed_refund("shop-order-1-back").unwrap();
    let notifications = sandbox.take_notifications();
    assert!(notifications.iter().rev().all(|notification| shop.receive(notification) == 204));
    assert_eq!(shop.state(&number), (0, Some(Status::Success)));
}

#[test]
fn forged_notification_ships_nothing() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let number = paid(&sandbox, &shop, "shop-forged-1");
    assert_eq!(shop.receive(&sandbox.take_notifications()[0].forged()), 401);
    assert_eq!(shop.state(&number), (0, None));
}

#[test]
fn notification_of_another_sandbox_ships_nothing() {
    let (sandbox, other) = (start(), start());
    let (shop, elsewhere) = (shop(&sandbox), shop(&other));
    let number = paid(&sandbox, &shop, "shop-other-1");
    // The keys of all sandboxes are equal, so the notification verifies: the shop's book decides.
    paid(&other, &elsewhere, "shop-other-2");
    assert_eq!(shop.receive(&other.take_notifications()[0]), 204);
    assert_eq!(shop.state(&number), (0, None));
}

#[test]
fn payment_without_notification_is_found_by_a_query() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let number = paid(&sandbox, &shop, "shop-never-1");
    drop(sandbox.take_notifications());
    shop.look_up(&number).unwrap();
    assert_eq!(shop.state(&number), (1, None));
}

#[test]
fn abnormal_refund_goes_to_the_merchants_account() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let number = paid(&sandbox, &shop, "shop-abnormal-1");
    drop(sandbox.take_notifications());
    sandbox.fault_next(Fault::FrequencyLimited);
    assert_eq!(shop.give_back(&number).unwrap(), Status::Processing);
    sandbox.fail_refund("shop-abnormal-1-back").unwrap();
    assert_eq!(shop.receive(&sandbox.take_notifications()[0]), 204);
    assert_eq!(shop.state(&number), (0, Some(Status::Abnormal)));

    let out_refund_no = OutRefundNo::new("shop-abnormal-1-back").unwrap();
    let state = refund::query(&shop.signer, &shop.gateway, &out_refund_no).unwrap();
    let (signer, gateway) = (&shop.signer, &shop.gateway);
    refund::apply_abnormal(signer, gateway, &state.refund_id, &out_refund_no).unwrap();
    sandbox.succeed_refund("shop-abnormal-1-back").unwrap();
    assert_eq!(shop.receive(&sandbox.take_notifications()[0]), 204);
    assert_eq!(shop.state(&number), (0, Some(Status::Success)));
}

#[test]
fn user_who_refuses_may_still_pay_later() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let order = order(&sandbox, "shop-refuses-1");
    shop.check_out(&order).unwrap();
    sandbox.refuse_payment("shop-refuses-1").unwrap();
    let unpaid = Err(NotPaid::State(TradeState::NotPay));
    assert_eq!(shop.look_up(&order.out_trade_no), unpaid);
    sandbox.pay("shop-refuses-1").unwrap();
    shop.look_up(&order.out_trade_no).unwrap();
    assert_eq!(shop.state(&order.out_trade_no), (1, None));
}

#[test]
fn expired_order_is_not_shipped_and_its_number_stays_used() {
    let sandbox = start();
    let shop = shop(&sandbox);
    let order = order(&sandbox, "shop-expired-1");
    shop.check_out(&order).unwrap();
    sandbox.let_time_pass(8 * 86_400);
    assert_eq!(sandbox.pay("shop-expired-1"), Err(OrderError::Expired));
    let closed = Err(NotPaid::State(TradeState::Closed));
    assert_eq!(shop.look_up(&order.out_trade_no), closed);
    assert_eq!(shop.check_out(&order).unwrap_err().outcome(), Outcome::Refused);
    assert_eq!(shop.state(&order.out_trade_no), (0, None));
}

#[test]
fn closed_shop_gets_its_notification_when_it_opens() {
    let sandbox = start();
    let shop = Arc::new(shop(&sandbox));
    let is_open = Arc::new(AtomicBool::new(false));
    let server = NotificationServer::start({
        let (shop, is_open) = (Arc::clone(&shop), Arc::clone(&is_open));
        move |headers, body| {
            if !is_open.load(Ordering::SeqCst) {
                return (503, String::new());
            }
            let Acknowledgement { status, body, .. } = shop.take_notification(headers, body);
            (status, body)
        }
    });
    let mut order = order(&sandbox, "shop-closed-1");
    order.notify_url = server.notify_url();
    shop.check_out(&order).unwrap();
    sandbox.pay("shop-closed-1").unwrap();
    assert_eq!(sandbox.deliver_due_notifications()[0].result, Ok(503));
    is_open.store(true, Ordering::SeqCst);
    sandbox.let_time_pass(15);
    assert_eq!(sandbox.deliver_due_notifications()[0].result, Ok(204));
    sandbox.let_time_pass(86_400);
    assert!(sandbox.deliver_due_notifications().is_empty());
    assert_eq!(shop.state(&order.out_trade_no), (1, None));
}
