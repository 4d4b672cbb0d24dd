//! Every problem of a body, and every problem of the settings, in one run.

use serde_json::{Value, json};

use crate::program::Program;
use crate::sample_bodies::{app_order, refund_body};

/// The lines that begin with `error: `, without the name of this file.
fn problems(program: &Program, arguments: &[&str], file: &str) -> Vec<String> {
    let done = program.run(arguments);
    assert_eq!(done.status, 1, "{}", done.err);
    let expected =
        "outcome: nothing was sent to WeChat Pay\nadvice: correct what the error names\n";
    assert!(done.err.ends_with(expected), "{}", done.err);
    assert!(program.sandbox.received().is_empty());
    let lines = done.err.lines().filter_map(|line| line.strip_prefix("error: "));
    lines.map(|line| line.strip_prefix(&format!("{file}: ")).unwrap().to_owned()).collect()
}

#[test]
fn problems_of_an_order_are_lines_with_its_file() {
    let program = Program::new("problems");
    let mut order = app_order();
    order["mchid"] = json!(program.sandbox.mchid());
    order.as_object_mut().unwrap().remove("out_trade_no");
    order["amount"]["total"] = json!("100");
    order["colour"] = json!("red");
    order["description"] = json!("");
    order["attach"] = json!("");
    let file = program.write("order.json", order.to_string());
    let expected = [
        "/amount/total must be whole fen: a number without quotes, sign or decimals",
        "/out_trade_no is missing",
        "/colour is not a field of this request",
        "/description must be 1 to 127 characters",
        "/attach must be 1 to 128 characters",
    ];
    assert_eq!(problems(&program, &["order", "app", &file], &file), expected);

    let done = program.run(&["--json", "order", "app", &file]);
    let error: Value = serde_json::from_str(&done.err).unwrap();
    assert_eq!(error["problems"], json!(expected));
    assert_eq!(error["file"], json!(file));
    assert_eq!(error["error"], json!(format!("{file}: {}", expected.join("; "))));
    assert_eq!((&error["outcome"], &error["status"]), (&json!("NotSent"), &json!(1)));
}

#[test]
fn problems_of_every_kind_of_body_are_found_at_once() {
    let program = Program::new("problems-of-all");
    let mut refund = refund_body();
    refund["reason"] = json!("");
    refund["amount"] = json!({"refund": 1});
    let split = json!({"transaction_id": 1, "appid": "wx1", "receivers": [{"type": "PERSONAL_OPENID",
        "account": "o1", "amount": 0, "description": ""}], "unfreeze_unsplit": false});
    let transfer = json!({"appid": "wxd678efh567hg6787", "out_bill_no": "a-b", "transfer_scene_id": "1000",
        "openid": "oUser1", "transfer_amount": 1, "transfer_remark": ""});
    let combined = json!({"combine_appid": 1, "sub_orders": []});
    for (command, body, expected) in [
        (&["refund"][..], refund.to_string(), &["/amount/total ", "/reason "][..]),
        (
            &["sharing", "split"],
            split.to_string(),
            &[
                "/transaction_id ",
                "/out_order_no ",
                "/receivers/0/amount ",
                "/receivers/0/description ",
            ],
        ),
        (
            &["transfer", "create"],
            transfer.to_string(),
            &[
                "/out_bill_no ",
                "/transfer_scene_report_infos ",
                "/transfer_amount ",
                "/transfer_remark ",
            ],
        ),
        (
            &["combine", "app"],
            combined.to_string(),
            &["/combine_appid ", "/combine_out_trade_no ", "/notify_url ", "/sub_orders "],
        ),
        (
            &["v2", "unified"],
            "<xml><trade_type>APP</trade_type><body> a</body><total_fee>x</total_fee></xml>".into(),
            &["appid ", "out_trade_no ", "total_fee ", "spbill_create_ip ", "notify_url ", "body "],
        ),
        (&["call", "POST", "/v3/certificates"], "{\"a\": }".into(), &["body must be JSON"]),
        (&["order", "app"], "{\"a\": }".into(), &["json cannot be read: "]),
    ] {
        let file = program.write("body", body);
        let arguments = [command, &[&file]].concat();
        let found = problems(&program, &arguments, &file);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for part in expected {
            assert!(found.iter().any(|problem| problem.starts_with(part)), "{part}: {found:?}");
        }
    }
}

#[test]
fn body_on_standard_input_is_named_in_words() {
    let program = Program::new("problems-of-input");
    let done = program.run_with(&["order", "app", "-"], b"[]");
    assert_eq!(done.err.lines().next(), Some("error: standard input: json must be an object"));
}

#[test]
fn problems_of_the_settings_are_found_at_once() {
    let mut program = Program::new("problems-of-settings");
    for (name, value) in [
        ("WECHATPAY_MCHID", "19 0"),
        ("WECHATPAY_APPID", ""),
        ("WECHATPAY_SERIAL_NO", "serial"),
        ("WECHATPAY_PRIVATE_KEY_FILE", "no/such"),
        ("WECHATPAY_PUBLIC_KEY_ID", "01"),
        ("WECHATPAY_BASE_URL", "http://x"),
        ("WECHATPAY_API_V3_KEY", ""),
        ("WECHATPAY_AP_V3_KEY", "0"),
    ] {
        program.settings.insert(name, value.to_owned());
    }
    let key = program.write("pub_key.pem", "no key");
    program.settings.insert("WECHATPAY_PUBLIC_KEY_FILE", key);
    let expected = [
        "WECHATPAY_MCHID: mchid must be ",
        "WECHATPAY_PRIVATE_KEY_FILE: no/such cannot be read: ",
        "WECHATPAY_SERIAL_NO: serial_no must be ",
        "WECHATPAY_AP_V3_KEY is set, but is not a setting, check its spelling",
        "WECHATPAY_APPID is not set; set it to ",
        "WECHATPAY_PUBLIC_KEY_ID: public_key_id must be ",
        "WECHATPAY_PUBLIC_KEY_FILE: public_key ",
        "WECHATPAY_BASE_URL: base_url must start with https://",
        "WECHATPAY_API_V3_KEY is not set; set it to the APIv3 key",
    ];
    let done = program.run(&["certificates"]);
    let lines: Vec<_> = done.err.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!((done.status, lines.len()), (2, expected.len()), "{}", done.err);
    for part in expected {
        assert!(lines.iter().any(|line| line.starts_with(part)), "{part}: {}", done.err);
    }

    let lines = program.settings.iter().map(|(name, value)| format!("{name}={value}\n"));
    let file = program.write("settings.env", lines.collect::<String>());
    let done = program.run(&["--settings", &file, "--json", "certificates"]);
    let error: Value = serde_json::from_str(&done.err).unwrap();
    let problems = error["problems"].as_array().unwrap();
    assert_eq!(problems.len(), expected.len(), "{}", done.err);
    let starts = format!("{file}: WECHATPAY_");
    assert!(problems.iter().all(|it| it.as_str().unwrap().starts_with(&starts)), "{}", done.err);
}
