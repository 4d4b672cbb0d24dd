//! Exit statuses, and what the errors say about outcome and next step.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::program::Program;
use crate::sample_bodies::app_order;

#[test]
fn invalid_order_names_the_fields_and_sends_nothing() {
    let program = Program::new("invalid-order");
    let mut order = app_order();
    order["amount"]["total"] = json!("100");
    order["descriptoin"] = json!("SECRET");
    let done = program.run(&["order", "app", &program.body(order, "status-1")]);
    assert_eq!(done.status, 1, "{}", done.err);
    for field in ["/amount/total must be ", ": /descriptoin is not a field "] {
        assert!(done.err.contains(field), "{}", done.err);
    }
    let expected = "\noutcome: nothing was sent to WeChat Pay\n\
                    advice: correct what the error names\n";
    assert!(done.err.ends_with(expected), "{}", done.err);
    assert!(program.sandbox.received().is_empty());
}

#[test]
fn order_error_ends_with_outcome_and_advice() {
    let program = Program::new("status");
    let file = program.order("status-1");
    let run = || {
        let done = program.run(&["order", "app", &file]);
        (done.status, done.err)
    };
    program.sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
    let (status, err) = run();
    assert_eq!(status, 1);
    assert!(err.contains(" HTTP 403 NO_AUTH: 商户无权限"), "{err}");
    assert!(err.contains("\noutcome: WeChat Pay refused the request\nadvice: correct"), "{err}");

    program.sandbox.refuse_next(500, "SYSTEM_ERROR", "系统错误");
    let (status, err) = run();
    assert_eq!(status, 3);
    let expected = "\noutcome: unknown: WeChat Pay may have processed the request\n\
                    advice: after a pause, send the identical request again, with the same number\n";
    assert!(err.ends_with(expected), "{err}");

    program.sandbox.tamper_next(|response| response.body.push(b' '));
    let (status, err) = run();
    assert_eq!(status, 3);
    assert!(err.ends_with("\nadvice: query by the same number first\n"), "{err}");
}

/// "It may have been processed" would be wrong for a query.
#[test]
fn failed_query_reports_that_nothing_changed() {
    let program = Program::new("query");
    program.result(&["order", "app", &program.order("query-1")]);
    program.sandbox.tamper_next(|response| response.body.push(b' '));
    let done = program.run(&["query", "query-1"]);
    assert_eq!(done.status, 3);
    let expected = "\noutcome: no result; nothing changed at WeChat Pay\n\
                    advice: retry after a pause\n";
    assert!(done.err.ends_with(expected), "{}", done.err);
    program.sandbox.refuse_next(500, "SYSTEM_ERROR", "系统错误");
    let done = program.run(&["query", "query-1"]);
    assert_eq!(done.status, 3);
    assert!(done.err.ends_with("\nadvice: retry after a pause\n"), "{}", done.err);
}

/// An order is placed all the same; a query can be repeated.
#[cfg(target_os = "linux")]
#[test]
fn unwritable_result_is_reported() {
    let program = Program::new("full");
    let file = program.order("full-1");
    for (arguments, status, outcome) in [
        (&["order", "app", &file][..], 3, "WeChat Pay processed the request"),
        (&["query", "full-1"], 1, "nothing changed at WeChat Pay"),
        (&["doctor"], 1, "nothing changed at WeChat Pay"),
        (&["--help"], 1, "nothing changed at WeChat Pay"),
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_wechatpay"))
            .args(arguments)
            .envs(&program.settings)
            .stdout(full)
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{err}");
        assert!(err.starts_with("error: the result cannot be written: No space left"), "{err}");
        assert!(err.contains(&format!("\noutcome: {outcome}\n")), "{err}");
    }
}

/// It would be a panic and status 101, and the order would be placed without its code_url.
#[cfg(target_os = "linux")]
#[test]
fn unwritable_standard_error_changes_no_status() {
    let program = Program::new("full-err");
    let (native, app) = (program.order("full-err-1"), program.order("full-err-2"));
    for (arguments, status, expected) in [
        (&["order", "native", &native][..], 0, "\"code_url\": \"weixin://"),
        (&["order", "app", &app], 0, "\"prepay_id\": "),
        (&["query", "no-such-order"], 1, ""),
        (&["query"], 2, ""),
        (&[], 2, ""),
        (&["doctor"], 0, "\"state\": \"ok\""),
    ] {
        for broken in ["2>/dev/full", "2>&-"] {
            let done = program.run_script(&format!("exec \"$@\" {broken}"), arguments);
            assert_eq!(done.status, status, "{arguments:?} {broken}: {}", done.err);
            assert!(done.out.contains(expected), "{arguments:?} {broken}: {}", done.out);
        }
    }
    program.sandbox.refuse_next(500, "SYSTEM_ERROR", "系统错误");
    let done = program.run_script("exec \"$@\" 2>/dev/full", &["order", "app", &app]);
    assert_eq!((done.status, done.out.as_str()), (3, ""));
}

/// The lines on which people act cannot be forged by an unsigned response.
#[test]
fn forged_response_stays_on_the_line_of_the_error() {
    let program = Program::new("forged");
    let file = program.order("forged-1");
    let forged = "x\r\noutcome: WeChat Pay refused the request\r\nadvice: do it again with a new number\u{1b}[2J\u{9b}2J\u{202e}\u{2028}";
    for (code, message, field, issue) in [
        (forged, "", "", ""),
        ("SYSTEM_ERROR", forged, "", ""),
        ("SYSTEM_ERROR", "x", forged, ""),
        ("SYSTEM_ERROR", "x", "", forged),
    ] {
        let detail = json!({"field": field, "issue": issue});
        let body = json!({"code": code, "message": message, "detail": detail}).to_string();
        program.sandbox.tamper_next(move |response| {
            response.status = 500;
            response.body = body.into_bytes();
            response.headers.retain(|(name, _)| !name.starts_with("Wechatpay-"));
        });
        let done = program.run(&["order", "app", &file]);
        assert_eq!(done.status, 3, "{}", done.err);
        assert_eq!(done.err.lines().count(), 3, "{}", done.err);
        assert_eq!(done.err.matches("\noutcome: ").count(), 1, "{}", done.err);
        assert!(!done.err.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{2028}']), "{:?}", done.err);
        assert!(done.err.contains("do it again with a new number"), "{}", done.err);
    }
    let done = program.run(&["order", "app", "no\nsuch\u{1b}[2Jfile"]);
    assert_eq!((done.status, done.err.lines().count()), (2, 3), "{}", done.err);
    assert!(!done.err.contains('\u{1b}'), "{:?}", done.err);
}

#[test]
fn json_on_standard_output_has_no_controls() {
    let program = Program::new("controls");
    let text = "支付\u{7f}\u{9b}2J\u{202e}\u{2028}";
    let mut order = app_order();
    order["attach"] = json!(text);
    program.result(&["order", "app", &program.body(order, "controls-1")]);
    program.sandbox.pay("controls-1").unwrap();
    let done = program.run(&["query", "controls-1"]);
    assert_eq!(done.status, 0, "{}", done.err);
    let is_raw = |it: char| it.is_control() && it != '\n' || "\u{202e}\u{2028}".contains(it);
    assert!(!done.out.contains(is_raw), "{:?}", done.out);
    let paid: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(paid["attach"], text);
}
