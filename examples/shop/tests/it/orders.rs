//! Orders: paid once, whatever happens to responses and notifications.

use std::net::TcpStream;
use std::thread;

use serde_json::json;
use wechatpay_sandbox::{Fault, FaultRule, OrderError};

use crate::shop::{KEY, OTHER_KEY, Shop, click, held_calls};

/// Paid, and to be shipped once.
fn assert_paid_once(shop: &Shop) {
    assert_eq!(shop.select::<String>("SELECT group_concat(state) FROM orders"), "paid");
    assert_eq!(shop.select::<i64>("SELECT count(*) FROM shipments"), 1);
}

#[test]
fn notification_that_comes_twice_pays_once() {
    let shop = Shop::open("notification_that_comes_twice_pays_once");
    let (status, order) = shop.buy(KEY);
    assert_eq!((status, &order["total"], &order["state"]), (201, &json!(100), &json!("placed")));
    let number = order["number"].as_str().unwrap();
    shop.sandbox.pay(number).unwrap();
    let notification = shop.sandbox.take_notifications().remove(0);
    assert!(shop.post(&notification).is_accepted());
    assert_paid_once(&shop);

    assert!(shop.post(&shop.sandbox.sign_again(&notification)).is_accepted());
    assert!(shop.work().status.success());
    assert_paid_once(&shop);
    assert_eq!(shop.select::<i64>("SELECT count(*) FROM notifications"), 1);
}

#[test]
fn lost_notification_is_found_by_the_worker() {
    let shop = Shop::open("lost_notification_is_found_by_the_worker");
    let (_, order) = shop.buy(KEY);
    shop.sandbox.pay(order["number"].as_str().unwrap()).unwrap();
    let notification = shop.sandbox.take_notifications().remove(0);
    assert!(shop.work().status.success());
    assert_paid_once(&shop);

    // It was only late.
    assert!(shop.post(&notification).is_accepted());
    assert_paid_once(&shop);
}

#[test]
fn forged_notification_and_probe_are_refused() {
    let shop = Shop::open("forged_notification_and_probe_are_refused");
    let (_, order) = shop.buy(KEY);
    shop.sandbox.pay(order["number"].as_str().unwrap()).unwrap();
    let notification = shop.sandbox.take_notifications().remove(0);
    assert_eq!(shop.post(&notification.forged()).result, Ok(401));
    assert_eq!(shop.post(&notification.probe()).result, Ok(401));
    assert_eq!(shop.select::<String>("SELECT state FROM orders"), "placed");
}

#[test]
fn notification_of_another_amount_pays_nothing() {
    let shop = Shop::open("notification_of_another_amount_pays_nothing");
    let (_, order) = shop.buy(KEY);
    shop.sandbox.pay(order["number"].as_str().unwrap()).unwrap();
    shop.database().execute("UPDATE orders SET total = 200", []).unwrap();
    assert!(shop.post(&shop.sandbox.take_notifications()[0]).is_accepted());
    assert_eq!(shop.work().status.code(), Some(2));
    assert_eq!(shop.select::<String>("SELECT state FROM orders"), "placed");
    let result: String = shop.select("SELECT result FROM notifications");
    assert!(result.contains("amount.total differs"), "{result}");
}

#[test]
fn notification_is_accepted_only_if_it_is_stored() {
    let shop = Shop::open("notification_is_accepted_only_if_it_is_stored");
    let (_, order) = shop.buy(KEY);
    shop.sandbox.pay(order["number"].as_str().unwrap()).unwrap();
    let notification = shop.sandbox.take_notifications().remove(0);

    let database = shop.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(shop.post(&notification).result, Ok(500));
    database.execute_batch("ROLLBACK").unwrap();

    assert!(shop.post(&shop.sandbox.sign_again(&notification)).is_accepted());
    assert_paid_once(&shop);
}

#[test]
fn lost_response_is_followed_by_the_same_order() {
    let shop = Shop::open("lost_response_is_followed_by_the_same_order");
    let prepay = || FaultRule::calls("POST", PREPAY).times(2);
    shop.sandbox.fault_when(prepay(), Fault::ClosedWithoutResponse);
    // The click of the customer, and the next one on the same button.
    for _ in 0..2 {
        let (status, order) = shop.buy(KEY);
        assert_eq!((status, &order["state"]), (202, &json!("pending")));
    }
    assert_eq!(shop.buy(KEY).0, 201);

    let sent = || {
        let received = shop.sandbox.received().into_iter();
        let calls = received.filter(|request| request.path == PREPAY);
        calls.map(|request| request.body).collect::<Vec<_>>()
    };
    let bodies = sent();
    assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(shop.sandbox.orders().len(), 1);

    // The worker does the same, for a customer who waits.
    shop.sandbox.fault_when(prepay().times(1), Fault::ClosedWithoutResponse);
    assert_eq!(shop.buy(OTHER_KEY).0, 202);
    assert!(shop.work().status.success());
    assert_eq!(shop.select::<i64>(PENDING), 1);
    let a_minute_later = "UPDATE orders SET expires_at = expires_at - 60";
    shop.database().execute(a_minute_later, []).unwrap();
    assert!(shop.work().status.success());
    assert_eq!(shop.select::<i64>(PENDING), 0);
    let bodies = sent();
    assert!(bodies.len() == 5 && bodies[3] == bodies[4] && bodies[3] != bodies[0]);
}

/// Only the newest code_url can be paid, so that one is shown, whichever response arrives last.
#[test]
fn order_clicked_at_the_same_time_shows_the_newest_code() {
    let shop = Shop::open("order_clicked_at_the_same_time_shows_the_newest_code");
    for round in 0..20 {
        let key = format!("button-of-round-{round}");
        let clicks: Vec<_> = (0..8).map(|_| thread::spawn(shop.buy_click(&key))).collect();
        let clicks = clicks.into_iter().map(|click| click.join().unwrap().unwrap());
        let number = clicks.last().unwrap().1["number"].as_str().unwrap().to_owned();
        let orders = shop.sandbox.orders();
        let newest =
            &orders.iter().find(|order| order.out_trade_no == number).unwrap().payment_token;
        let stored = format!("SELECT code_url FROM orders WHERE number = '{number}'");
        assert_eq!(shop.select::<String>(&stored), *newest, "round {round}");
    }
}

#[test]
fn order_killed_during_the_call_is_one_order() {
    let mut shop = Shop::open("order_killed_during_the_call_is_one_order");
    let (rule, arrived, go_on) = held_calls(PREPAY);
    shop.sandbox.fault_when(rule.times(1), Fault::Silence);
    let click = thread::spawn(shop.buy_click(KEY));
    arrived.recv().unwrap();
    drop(go_on);
    // Waits until the sandbox is done with the request.
    let number = shop.sandbox.orders()[0].out_trade_no.clone();
    shop.kill();
    assert!(click.join().unwrap().is_err());

    shop.serve();
    let (status, order) = shop.buy(KEY);
    assert_eq!((status, &order["number"]), (201, &json!(number)));
    assert_eq!(shop.sandbox.orders().len(), 1);
}

#[test]
fn server_that_cannot_accept_connections_ends() {
    let mut shop = Shop::open("server_that_cannot_accept_connections_ends");
    // Fewer files than the connections that it would accept.
    for files in [90, 97] {
        shop.serve_with_files(files);
        assert_eq!(shop.buy(KEY).0, 201);
        let address = shop.url("").replace("http://", "");
        let _connections: Vec<_> = (0..files).map(|_| TcpStream::connect(&address)).collect();
        assert_eq!(shop.wait_for_end(), Some(2));
    }
    // The next one works.
    shop.serve();
    assert_eq!(shop.buy(KEY).0, 201);
}

#[test]
fn expired_order_is_closed_unless_it_is_paid() {
    let shop = Shop::open("expired_order_is_closed_unless_it_is_paid");
    let number = |key| shop.buy(key).1["number"].as_str().unwrap().to_owned();
    let (unpaid, paid) = (number(KEY), number(OTHER_KEY));
    // A third one never arrived.
    let prepay = FaultRule::calls("POST", PREPAY).times(1);
    shop.sandbox.fault_when(prepay.before_the_call(), Fault::ClosedWithoutResponse);
    assert_eq!(shop.buy("button-0000000003").0, 202);

    shop.sandbox.pay(&paid).unwrap();
    shop.database().execute("UPDATE orders SET expires_at = 0", []).unwrap();
    assert!(shop.work().status.success());
    let states: String =
        shop.select("SELECT group_concat(state) FROM (SELECT state FROM orders ORDER BY rowid)");
    assert_eq!(states, "closed,paid,closed");
    assert_eq!(shop.sandbox.pay(&unpaid), Err(OrderError::Closed));
}

#[test]
fn key_of_another_order_is_refused() {
    let shop = Shop::open("key_of_another_order_is_refused");
    shop.buy(KEY);
    let order = |key: &str, quantity: u64| {
        let body = json!({ "item": "penguin", "quantity": quantity });
        click(&shop.url("/orders"), key, "", &body).unwrap().0
    };
    assert_eq!(order(KEY, 1), 201);
    assert_eq!(order(KEY, 2), 409);
    assert_eq!(order("short", 1), 400);
    assert_eq!(order(OTHER_KEY, 0), 400);
    assert_eq!(order(OTHER_KEY, 100), 400);
    assert_eq!(shop.sandbox.orders().len(), 1);
}

const PREPAY: &str = "/v3/pay/transactions/native";
const PENDING: &str = "SELECT count(*) FROM orders WHERE state = 'pending'";
