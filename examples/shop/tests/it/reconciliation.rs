//! Reconciliation: what the bill and the database do not agree on is found, and nothing else.

use wechatpay::bill::Date;
use wechatpay::pay::native;
use wechatpay::{Time, pay};

use crate::shop::{KEY, OTHER_KEY, Shop};

/// A shop with a day of two orders and a refund, on the next day after 10:00. Returns the day as well.
fn after_a_day(name: &str) -> (Shop, String) {
    let shop = Shop::open(name);
    // At noon, so that everything happens on one day.
    let seconds = Time::now().unwrap().unix_seconds() + 8 * 3_600;
    let to_noon = (36 - seconds.rem_euclid(86_400) / 3_600) % 24 * 3_600;
    shop.sandbox.let_time_pass(to_noon.unsigned_abs());
    let order = shop.paid_order(KEY);
    shop.paid_order(OTHER_KEY);
    let (_, refund) = shop.refund(&order, KEY, 60);
    shop.sandbox.succeed_refund(refund["number"].as_str().unwrap()).unwrap();
    assert!(shop.work().status.success());
    let paid_at = Time::from_unix_seconds(shop.select("SELECT min(paid_at) FROM orders")).unwrap();
    (shop, Date::of(paid_at).to_string())
}

fn reconcile(shop: &Shop, date: &str) -> (Option<i32>, String) {
    let output = shop.reconcile(date);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn day_without_differences_is_reconciled() {
    let (shop, date) = after_a_day("day_without_differences_is_reconciled");
    // The bill is not ready.
    assert_eq!(reconcile(&shop, &date), (Some(2), String::new()));
    shop.sandbox.let_time_pass(86_400);
    assert_eq!(reconcile(&shop, &date), (Some(0), format!("{date}: 0 differences\n")));
}

#[test]
fn each_planted_difference_is_found() {
    let (shop, date) = after_a_day("each_planted_difference_is_found");
    shop.sandbox.let_time_pass(86_400);
    let plant_and_find = |sql: &str, expected: &str| {
        let database = shop.database();
        let copy = "ATTACH ':memory:' AS kept;
                    CREATE TABLE kept.orders AS SELECT * FROM main.orders;
                    CREATE TABLE kept.refunds AS SELECT * FROM main.refunds;";
        database.execute_batch(copy).unwrap();
        database.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        database.execute_batch(sql).unwrap();
        let (code, output) = reconcile(&shop, &date);
        assert_eq!(code, Some(1), "{sql}: {output}");
        assert!(
            output.contains(expected) && output.ends_with(": 1 differences\n"),
            "{sql}: {output}"
        );
        let restore = "DELETE FROM main.orders; INSERT INTO main.orders SELECT * FROM kept.orders;
                       DELETE FROM main.refunds; INSERT INTO main.refunds SELECT * FROM kept.refunds;";
        database.execute_batch(restore).unwrap();
    };
    let (order, other) =
        ("(SELECT order_number FROM refunds)", "NOT IN (SELECT order_number FROM refunds)");
    for (sql, expected) in [
        (format!("DELETE FROM orders WHERE number = {order}"), "100 fen in the bill, not here"),
        (format!("UPDATE orders SET total = 99 WHERE number {other}"), "100 fen in the bill, 99 here"),
        (
            format!(
                "UPDATE orders SET state = 'placed', paid_at = NULL, transaction_id = NULL WHERE number {other}"
            ),
            "100 fen in the bill, here placed",
        ),
        (format!("UPDATE orders SET paid_at = paid_at - 86400 WHERE number {other}"), "here paid, not on this day"),
        (
            "INSERT INTO orders SELECT 'another-number', 'another-key', item, quantity, appid, total, state, request,
             code_url, expires_at, transaction_id, paid_at FROM orders LIMIT 1"
                .to_owned(),
            "order another-number: 100 fen here, not in the bill",
        ),
        ("DELETE FROM refunds".to_owned(), "60 fen in the bill, not here"),
        ("UPDATE refunds SET amount = 59".to_owned(), "60 fen in the bill, 59 here"),
        (
            "UPDATE refunds SET state = 'pending', accepted_at = NULL".to_owned(),
            "60 fen in the bill, here pending",
        ),
        (
            "INSERT INTO refunds SELECT 'another-number', 'another-key', order_number, amount, state, request,
             accepted_at, last_error FROM refunds"
                .to_owned(),
            "refund another-number: 60 fen here, not in the bill",
        ),
    ] {
        plant_and_find(&sql, expected);
    }
    assert_eq!(reconcile(&shop, &date).0, Some(0));
}

#[test]
fn order_of_another_program_is_found() {
    let (shop, date) = after_a_day("order_of_another_program_is_found");
    let order: pay::Order = shop.sandbox.order("another-program").unwrap();
    native::prepay(shop.sandbox.signer(), shop.sandbox.gateway(), &order).unwrap();
    shop.sandbox.pay("another-program").unwrap();
    // Its notification is not of an order of this shop, and is no reason to send it again.
    assert!(shop.post(&shop.sandbox.take_notifications().pop().unwrap()).is_accepted());
    shop.sandbox.let_time_pass(86_400);
    let (code, output) = reconcile(&shop, &date);
    assert_eq!(code, Some(1));
    assert_eq!(
        output,
        format!("order another-program: 100 fen in the bill, not here\n{date}: 1 differences\n")
    );
}

#[test]
fn day_without_a_bill_shows_what_is_missing() {
    let (shop, _) = after_a_day("day_without_a_bill_shows_what_is_missing");
    shop.sandbox.let_time_pass(3 * 86_400);
    let next = "date(paid_at, 'unixepoch', '+8 hours', '+1 day')";
    let next: String = shop.select(&format!("SELECT {next} FROM orders LIMIT 1"));
    assert_eq!(reconcile(&shop, &next).0, Some(0));
    let move_one = "UPDATE orders SET paid_at = paid_at + 86400 WHERE rowid = 1";
    shop.database().execute(move_one, []).unwrap();
    assert_eq!(reconcile(&shop, &next).0, Some(1));
}
