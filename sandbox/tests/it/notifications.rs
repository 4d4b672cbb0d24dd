//! The sandbox's notifications: their schedule, and what a real platform does to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wechatpay::notify::{self, Event, Refusal};
use wechatpay::pay::{Order, app};
use wechatpay::v2;
use wechatpay::{ApiV3Key, Code, Fen, OutRefundNo, OutTradeNo, Time, Untrusted, refund};
use wechatpay_sandbox::{Notification, Sandbox};

use crate::notification_server::NotificationServer;
use crate::support::{api, order, start};

/// 24 hours and 4 minutes.
const SCHEDULE: [u64; 15] =
    [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];

fn place(sandbox: &Sandbox, order: &Order) {
    app::prepay(sandbox.signer(), sandbox.gateway(), order).unwrap();
}

fn place_v2(sandbox: &Sandbox, order: Order) {
    let v2 = sandbox.v2();
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let (number, text, url) = (order.out_trade_no, &order.description, order.notify_url);
    let order = v2::pay::Order::new(order.appid, number, text, order.total, address, url);
    v2::pay::prepay(v2.signer(), v2.gateway(), &order, &v2::App).unwrap();
}

fn paid(sandbox: &Sandbox, order: &Order) {
    place(sandbox, order);
    sandbox.pay(order.out_trade_no.as_str()).unwrap();
}

fn open(sandbox: &Sandbox, notification: &Notification) -> Result<Event, Refusal> {
    let headers =
        notification.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    notify::open(sandbox.platform_keys(), &key, headers, &notification.body, Time::now().unwrap())
}

/// A merchant's server with this response, and the number of its requests.
fn door(status: u16, body: &'static str) -> (NotificationServer, Arc<Mutex<usize>>) {
    let visits = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&visits);
    let server = NotificationServer::start(move |_, _| {
        *counted.lock().unwrap() += 1;
        (status, body.to_owned())
    });
    (server, visits)
}

#[test]
fn unaccepted_notification_is_repeated_for_one_day() {
    let sandbox = start();
    let (server, visits) = door(500, "");
    let mut order = order(&sandbox, "schedule-1");
    order.notify_url = server.notify_url();
    paid(&sandbox, &order);
    for (attempt, pause) in (1..).zip(SCHEDULE) {
        let deliveries = sandbox.deliver_due_notifications();
        assert_eq!(deliveries.len(), 1);
        assert_eq!((deliveries[0].attempt, &deliveries[0].result), (attempt, &Ok(500)));
        assert_eq!(deliveries[0].next_attempt, Some(Duration::from_secs(pause)));
        assert_eq!(sandbox.pending_notifications()[0].attempts, attempt);
        // Except for the shortest pauses, it is too early by much more than this test takes.
        if pause > 60 {
            sandbox.let_time_pass(pause - 60);
            assert!(sandbox.deliver_due_notifications().is_empty());
        }
        sandbox.let_time_pass(pause);
    }
    let last = sandbox.deliver_due_notifications();
    assert_eq!((last[0].attempt, last[0].next_attempt), (16, None));
    sandbox.let_time_pass(86_400);
    assert!(
        sandbox.deliver_due_notifications().is_empty()
            && sandbox.pending_notifications().is_empty()
    );
    assert_eq!(*visits.lock().unwrap(), 16);
}

#[test]
fn notification_that_is_taken_comes_no_more() {
    let sandbox = start();
    let (server, visits) = door(204, "");
    let mut order = order(&sandbox, "schedule-2");
    order.notify_url = server.notify_url();
    paid(&sandbox, &order);
    let deliveries = sandbox.deliver_due_notifications();
    assert!(deliveries[0].is_accepted() && deliveries[0].next_attempt.is_none());
    assert!(sandbox.deliver_notifications().is_empty());
    assert_eq!(*visits.lock().unwrap(), 1);
}

#[test]
fn every_attempt_has_the_same_number_and_a_fresh_signature() {
    let sandbox = start();
    paid(&sandbox, &order(&sandbox, "again-1"));
    let (first, second) = (sandbox.pending_notifications(), sandbox.take_notifications());
    let again = sandbox.sign_again(&second[0]);
    let nonce = |notification: &Notification| {
        let nonce = notification.headers.iter().find(|(name, _)| name == "Wechatpay-Nonce");
        nonce.unwrap().1.clone()
    };
    assert!(nonce(&first[0]) != nonce(&second[0]) && nonce(&second[0]) != nonce(&again));
    let ids = [&first[0], &second[0], &again]
        .map(|notification| open(&sandbox, notification).unwrap().id);
    assert_eq!(ids, [&first[0].id; 3].map(String::clone));
    assert!(sandbox.pending_notifications().is_empty());
}

#[test]
fn notification_can_be_posted_twice_late_and_reordered() {
    let sandbox = start();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (sender, keys) = (Arc::clone(&seen), sandbox.platform_keys().clone());
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let server = NotificationServer::start(move |headers, body| {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        match notify::open(&keys, &key, headers, body, Time::now().unwrap()) {
            Ok(event) => {
                sender.lock().unwrap().push(event.id);
                (204, String::new())
            }
            Err(_) => (401, String::new()),
        }
    });
    for number in ["posted-1", "posted-2"] {
        let mut order = order(&sandbox, number);
        order.notify_url = server.notify_url();
        paid(&sandbox, &order);
    }
    let notifications = sandbox.take_notifications();
    assert!(
        notifications.iter().rev().all(|notification| sandbox.post(notification).is_accepted())
    );
    sandbox.let_time_pass(3_600);
    let later = sandbox.post(&sandbox.sign_again(&notifications[0]));
    assert_eq!((later.id, later.attempt), (notifications[0].id.clone(), 1));
    for refused in [notifications[0].forged(), notifications[0].probe()] {
        assert_eq!(sandbox.post(&refused).result, Ok(401));
    }
    let (one, two) = (notifications[0].id.clone(), notifications[1].id.clone());
    assert_eq!(*seen.lock().unwrap(), [two, one.clone(), one]);
}

#[test]
fn probes_and_forgeries_are_refused_for_what_they_are() {
    let sandbox = start();
    paid(&sandbox, &order(&sandbox, "forged-1"));
    let notification = sandbox.take_notifications().pop().unwrap();
    for (notification, probe) in [(notification.probe(), true), (notification.forged(), false)] {
        let refusal = open(&sandbox, &notification).unwrap_err();
        assert_eq!(refusal, Refusal::Untrusted(Untrusted::Signature { probe }));
    }
    open(&sandbox, &notification).unwrap();
}

#[test]
fn notifications_of_apiv2_keep_the_same_schedule() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (unwilling, visits) = door(200, v2::notify::REFUSED);
    let mut base = order(&sandbox, "v2-schedule-1");
    base.notify_url = unwilling.notify_url();
    place_v2(&sandbox, base);
    v2.pay("v2-schedule-1", &[]).unwrap();
    assert!(sandbox.take_notifications().is_empty(), "it is none of APIv3");
    let deliveries = sandbox.deliver_due_notifications();
    assert_eq!((&deliveries[0].result, deliveries[0].is_accepted()), (&Ok(200), false));
    assert_eq!(deliveries[0].next_attempt, Some(Duration::from_secs(15)));
    sandbox.let_time_pass(15);
    assert_eq!(sandbox.deliver_due_notifications()[0].attempt, 2);
    assert_eq!(*visits.lock().unwrap(), 2);

    let (willing, _) = door(200, v2::notify::ACCEPTED);
    let notification = v2.take_notifications().pop().unwrap();
    let mut elsewhere = sandbox.sign_again(&notification);
    elsewhere.notify_url = willing.notify_url().to_string();
    assert!(sandbox.post(&elsewhere).is_accepted());
    v2::notify::open(v2.signer(), &notification.body).unwrap();
    v2::notify::open(v2.signer(), &notification.forged().body).unwrap_err();
    assert_eq!(notification.probe().body, notification.body);

    let number = OutTradeNo::new("v2-schedule-1").unwrap();
    let refund_no = OutRefundNo::new("v2-refund-1").unwrap();
    let refund = v2::refund::Refund::new(sandbox.appid(), refund_no, number, Fen(60), Fen(100));
    v2::refund::apply(v2.signer(), v2.gateway(), &refund).unwrap();
    let error = v2.fail_refund("v2-refund-2").unwrap_err();
    let text = "the sandbox has no refund v2-refund-2; check the refund number (out_refund_no)";
    assert_eq!(error.to_string(), text);
    v2.succeed_refund("v2-refund-1").unwrap();
    v2.fail_refund("v2-refund-1").unwrap_err();
    let notification = v2.take_notifications().pop().unwrap();
    v2::notify::open(v2.signer(), &notification.body).unwrap();
    v2::notify::open(v2.signer(), &notification.forged().body).unwrap_err();
}

#[test]
fn refund_is_refused_until_the_balance_covers_it() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "balance-1");
    paid(&sandbox, &order);
    let apply = |number: &str, fen| {
        let number = OutRefundNo::new(number).unwrap();
        let refund = refund::Refund::new(number, order.out_trade_no.clone(), fen, Fen(100));
        refund::apply(signer, gateway, &refund)
    };
    sandbox.set_balance(Fen(50));
    assert_eq!(api(&apply("balance-r1", Fen(60)).unwrap_err()).code, Code::NOT_ENOUGH);
    apply("balance-r2", Fen(40)).unwrap();
    apply("balance-r2", Fen(40)).unwrap();
    assert_eq!(api(&apply("balance-r3", Fen(11)).unwrap_err()).code, Code::NOT_ENOUGH);
    sandbox.close_refund("balance-r2").unwrap();
    apply("balance-r4", Fen(50)).unwrap();
    sandbox.set_balance(Fen(50));
    apply("balance-r3", Fen(11)).unwrap();

    let v2 = sandbox.v2();
    place_v2(&sandbox, crate::support::order(&sandbox, "balance-2"));
    v2.pay("balance-2", &[]).unwrap();
    let number = OutTradeNo::new("balance-2").unwrap();
    let refund_no = OutRefundNo::new("balance-r5").unwrap();
    let refund = v2::refund::Refund::new(sandbox.appid(), refund_no, number, Fen(40), Fen(100));
    let error = v2::refund::apply(v2.signer(), v2.gateway(), &refund).unwrap_err();
    assert_eq!(api(&error).code, Code::NOT_ENOUGH);
    sandbox.set_balance(Fen(40));
    v2::refund::apply(v2.signer(), v2.gateway(), &refund).unwrap();
    v2.close_refund("balance-r5").unwrap();
    sandbox.succeed_refund("balance-r4").unwrap();
    apply("balance-r6", Fen(39)).unwrap();
}

#[test]
fn calls_beyond_the_limit_are_refused_until_time_has_passed() {
    let sandbox = start();
    let order = order(&sandbox, "limit-1");
    let place = || app::prepay(sandbox.signer(), sandbox.gateway(), &order);
    sandbox.limit_rate(2, 3_600);
    place().unwrap();
    place().unwrap();
    assert_eq!(api(&place().unwrap_err()).code, Code::FREQUENCY_LIMITED);
    sandbox.let_time_pass(3_600);
    place().unwrap();
}
