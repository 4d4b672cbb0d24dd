//! Notifications and platform certificates.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wechatpay::Time;

use crate::program::Program;

#[test]
fn certificates_are_listed() {
    let program = Program::new("certificates");
    let listed = program.result(&["certificates"]);
    let certificate = &listed["data"][0];
    assert_eq!(certificate["serial_no"], program.sandbox.platform_certificate_serial_no());
    assert_eq!(certificate["certificate"], program.sandbox.platform_certificate_pem());
    assert!(certificate["expire_time"].as_str().unwrap().ends_with("+08:00"));
}

#[test]
fn notification_is_opened_and_a_changed_one_refused() {
    let program = Program::new("notification");
    program.result(&["order", "app", &program.order("notification-1")]);
    program.sandbox.pay("notification-1").unwrap();
    let notification = program.sandbox.take_notifications().remove(0);
    let headers: serde_json::Map<_, _> = notification
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap().into()))
        .collect();
    let headers = program.write("headers.json", Value::Object(headers).to_string());
    let body = program.write("body", &notification.body);
    let event = program.result(&["notification", &headers, &body]);
    assert_eq!(event["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(event["original_type"], "transaction");
    assert_eq!(event["resource"]["out_trade_no"], "notification-1");
    assert_eq!(event["resource"]["amount"]["total"], 100);

    let changed = program.write("changed", [&notification.body[..], b" "].concat());
    let done = program.run(&["notification", &headers, &changed]);
    assert_eq!((done.status, done.out.as_str()), (1, ""));
    let expected =
        "\noutcome: the notification was not opened\nadvice: do not ship; query the order\n";
    assert!(done.err.ends_with(expected), "{}", done.err);
    let done = program.run(&["notice", &body, &body]);
    assert_eq!(done.status, 1);
    let expected = "body must be a JSON object of header names and values: {\"Wechatpay-Nonce\": ";
    assert!(done.err.contains(expected), "{}", done.err);
    let done = program.run(&["notification", "-", "-"]);
    assert_eq!(done.status, 2);
    assert!(done.err.contains("only one of HEADERS.json and BODY"), "{}", done.err);
}

#[test]
fn notification_received_earlier_is_opened() {
    let program = Program::new("kept-notification");
    program.result(&["order", "app", &program.order("kept-1")]);
    program.sandbox.pay("kept-1").unwrap();
    program.sandbox.shift_clock(-3600);
    let notification = program.sandbox.take_notifications().remove(0);
    let headers: BTreeMap<_, _> = notification
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap()))
        .collect();
    let seconds = &headers["Wechatpay-Timestamp"];
    let time = Time::from_unix_seconds(seconds.parse().unwrap()).unwrap().to_string();
    let files = [
        program.write("headers.json", json!(headers).to_string()),
        program.write("body", &notification.body),
    ];
    let notification = ["notification", &files[0], &files[1]];
    let done = program.run(&notification);
    assert_eq!(done.status, 1, "{}", done.err);
    assert!(
        done.err
            .ends_with("\nadvice: if the notification was received earlier, set --received TIME\n")
    );
    for time in [seconds, &time] {
        let event = program.result(&[&notification[..], &["--received", time]].concat());
        assert_eq!(event["resource"]["out_trade_no"], "kept-1");
    }
    let done = program.run(&[&notification[..], &["--received", "yesterday"]].concat());
    assert_eq!(done.status, 2);
    assert!(done.err.starts_with("error: --received: time must be "), "{}", done.err);
}
