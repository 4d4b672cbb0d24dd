//! Refunds: one click refunds once, also if the server is killed (SIGKILL) at the worst moment.

use std::net::TcpListener;
use std::thread;

use serde_json::json;
use wechatpay::Fen;
use wechatpay_sandbox::Fault;

use crate::shop::{KEY, OTHER_KEY, STAFF_TOKEN, Shop, click, held_calls};

/// The customer has the money once, and the shop knows it.
fn assert_refunded_once(shop: &Shop) {
    let refunds = shop.sandbox.refunds();
    let amounts: Vec<Fen> = refunds.iter().map(|refund| refund.refund).collect();
    assert_eq!(amounts, [Fen(60)]);
    shop.sandbox.succeed_refund(&refunds[0].out_refund_no).unwrap();
    assert!(shop.work().status.success());
    let known: String = shop.select("SELECT group_concat(number || ' ' || state) FROM refunds");
    assert_eq!(known, format!("{} succeeded", refunds[0].out_refund_no));
}

/// After the server was killed: it starts again, the worker makes its round, and the staff clicks again.
fn recover(shop: &mut Shop, order: &str) {
    shop.serve();
    assert!(shop.work().status.success());
    assert_eq!(shop.select::<String>("SELECT state FROM refunds"), "accepted");
    let (status, refund) = shop.refund(order, KEY, 60);
    assert_eq!((status, &refund["state"]), (201, &json!("accepted")));
    assert_eq!(shop.sandbox.refunds().len(), 1);
    // There is no second refund of this amount, with whatever button.
    assert_eq!(shop.refund(order, OTHER_KEY, 60).0, 409);
    assert_refunded_once(shop);
}

#[test]
fn refund_clicked_twice_is_one_refund() {
    let shop = Shop::open("refund_clicked_twice_is_one_refund");
    let order = shop.paid_order(KEY);
    let (first, second) = (shop.refund(&order, KEY, 60), shop.refund(&order, KEY, 60));
    assert_eq!((first.0, &first), (201, &second));
    assert_eq!(shop.refund(&order, KEY, 40).0, 409);
    assert_refunded_once(&shop);

    // 40 fen are left.
    assert_eq!(shop.refund(&order, OTHER_KEY, 41).0, 409);
    assert_eq!(shop.refund(&order, OTHER_KEY, 40).0, 201);
    assert_eq!(shop.sandbox.refunds().len(), 2);
}

/// After a crash the staff loads the page again, and with it gets another key.
#[test]
fn refund_of_an_outdated_page_is_refused() {
    let shop = Shop::open("refund_of_an_outdated_page_is_refused");
    let order = shop.paid_order(KEY);
    let url = shop.url(&format!("/orders/{order}/refunds"));
    let refund = |key, refunded: u64| {
        click(&url, key, STAFF_TOKEN, &json!({ "amount": 30, "refunded": refunded })).unwrap().0
    };
    assert_eq!(shop.buy(KEY).1["refunded"], json!(0));
    assert_eq!((refund(KEY, 0), refund(KEY, 0)), (201, 201));
    assert_eq!(refund(OTHER_KEY, 0), 409);
    assert_eq!(click(&url, OTHER_KEY, STAFF_TOKEN, &json!({ "amount": 30 })).unwrap().0, 409);
    assert_eq!(shop.sandbox.refunds().len(), 1);
    // After the page was loaded again, a second refund of the same amount is possible.
    assert_eq!(shop.buy(KEY).1["refunded"], json!(30));
    assert_eq!(refund(OTHER_KEY, 30), 201);
}

#[test]
fn refund_clicked_at_the_same_time_is_one_refund() {
    let shop = Shop::open("refund_clicked_at_the_same_time_is_one_refund");
    let order = shop.paid_order(KEY);
    let clicks: Vec<_> =
        (0..8).map(|_| thread::spawn(shop.refund_click(&order, KEY, 60))).collect();
    for click in clicks {
        assert_eq!(click.join().unwrap().unwrap().0, 201);
    }
    assert_refunded_once(&shop);
}

#[test]
fn refund_needs_the_staff_and_a_paid_order() {
    let shop = Shop::open("refund_needs_the_staff_and_a_paid_order");
    let order = shop.paid_order(KEY);
    let url = shop.url(&format!("/orders/{order}/refunds"));
    for token in ["", "staff-toke", "staff-tokem", "staff-token1"] {
        assert_eq!(click(&url, KEY, token, &json!({ "amount": 60 })).unwrap().0, 401);
    }
    let (_, unpaid) = shop.buy(OTHER_KEY);
    assert_eq!(shop.refund(unpaid["number"].as_str().unwrap(), KEY, 60).0, 409);
    assert!(shop.sandbox.refunds().is_empty());
}

#[test]
fn refund_is_ended_by_its_notification() {
    let shop = Shop::open("refund_is_ended_by_its_notification");
    let order = shop.paid_order(KEY);
    let (_, refund) = shop.refund(&order, KEY, 60);
    shop.sandbox.succeed_refund(refund["number"].as_str().unwrap()).unwrap();
    let notification = shop.sandbox.take_notifications().remove(0);
    for _ in 0..2 {
        assert!(shop.post(&notification).is_accepted());
        assert_eq!(shop.select::<String>("SELECT state FROM refunds"), "succeeded");
    }
}

#[test]
fn closed_refund_frees_its_amount() {
    let shop = Shop::open("closed_refund_frees_its_amount");
    let order = shop.paid_order(KEY);
    let (_, refund) = shop.refund(&order, KEY, 100);
    assert_eq!(shop.refund(&order, OTHER_KEY, 100).0, 409);
    shop.sandbox.close_refund(refund["number"].as_str().unwrap()).unwrap();
    assert!(shop.work().status.success());
    assert_eq!(shop.refund(&order, OTHER_KEY, 100).0, 201);
}

#[test]
fn refused_refund_keeps_its_number() {
    let shop = Shop::open("refused_refund_keeps_its_number");
    let order = shop.paid_order(KEY);
    shop.sandbox.set_balance(Fen(0));
    let (status, refund) = shop.refund(&order, KEY, 60);
    assert_eq!((status, &refund["state"]), (202, &json!("pending")));
    assert!(refund["last_error"].as_str().unwrap().contains("NOT_ENOUGH"));
    assert_eq!(shop.work().status.code(), Some(2));

    // The merchant tops up.
    shop.sandbox.set_balance(Fen(1_000));
    assert!(shop.work().status.success());
    let (status, accepted) = shop.refund(&order, KEY, 60);
    assert_eq!((status, &accepted["number"]), (201, &refund["number"]));
    assert_refunded_once(&shop);
}

#[test]
fn refund_killed_before_the_call_is_one_refund() {
    let mut shop = Shop::open("refund_killed_before_the_call_is_one_refund");
    let order = shop.paid_order(KEY);
    // A host that accepts the connection and says nothing: the request cannot be sent.
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    shop.serve_with(&format!("https://{}", host.local_addr().unwrap()));
    let click = thread::spawn(shop.refund_click(&order, KEY, 60));
    let _connection = host.accept().unwrap();
    shop.kill();
    assert!(click.join().unwrap().is_err());
    assert_eq!(shop.select::<String>("SELECT state FROM refunds"), "pending");
    assert!(shop.sandbox.refunds().is_empty());
    recover(&mut shop, &order);
}

#[test]
fn refund_killed_during_the_call_is_one_refund() {
    // WeChat Pay processes the refund, or a request that it received is lost inside.
    for is_processed in [true, false] {
        let mut shop = Shop::open(&format!("refund_killed_during_the_call_{is_processed}"));
        let order = shop.paid_order(KEY);
        let (rule, arrived, go_on) = held_calls("/v3/refund/");
        let rule = if is_processed { rule.after_the_call() } else { rule.before_the_call() };
        shop.sandbox.fault_when(rule.times(1), Fault::Silence);
        let click = thread::spawn(shop.refund_click(&order, KEY, 60));
        arrived.recv().unwrap();
        drop(go_on);
        // Waits until the sandbox is done with the request.
        assert_eq!(shop.sandbox.refunds().len(), usize::from(is_processed));
        shop.kill();
        assert!(click.join().unwrap().is_err());
        assert_eq!(shop.select::<String>("SELECT state FROM refunds"), "pending");
        recover(&mut shop, &order);
    }
}

#[test]
fn refund_killed_before_the_commit_is_one_refund() {
    let mut shop = Shop::open("refund_killed_before_the_commit_is_one_refund");
    let order = shop.paid_order(KEY);
    let (rule, arrived, go_on) = held_calls("/v3/refund/");
    shop.sandbox.fault_when(rule.times(1), Fault::UnknownField);
    let click = thread::spawn(shop.refund_click(&order, KEY, 60));
    arrived.recv().unwrap();
    // The shop waits for the response now. Another writer keeps it from storing that.
    let database = shop.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    drop(go_on);
    shop.wait_for_event("PROCESSING at WeChat Pay");
    shop.kill();
    assert!(click.join().unwrap().is_err());
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(shop.select::<String>("SELECT state FROM refunds"), "pending");
    assert_eq!(shop.sandbox.refunds().len(), 1);
    recover(&mut shop, &order);
}
