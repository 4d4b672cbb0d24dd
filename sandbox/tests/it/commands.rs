//! The commands of the sandbox, by HTTPS and JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wechatpay::combine::{self, SubOrder};
use wechatpay::pay::{self, SettleInfo, app};
use wechatpay::profit_sharing::{self, Unfreeze};
use wechatpay::refund::{self, Refund};
use wechatpay::transfer;
use wechatpay::v2;
use wechatpay::{ApiV3Key, Fen, OutRefundNo, OutTradeNo, OutUnfreezeNo, Outcome, Time, notify};
use wechatpay_sandbox::Sandbox;

use crate::browser_client::BrowserClient;
use crate::support::{order, start};
use crate::transfers;

/// Every command, once as it should be and once not.
#[rustfmt::skip]
const COMMANDS: &[(&str, &str, u16)] = &[
    ("POST pay", r#"{"out_trade_no": "order-1", "coupon": 40}"#, 200),
    ("POST pay", r#"{"out_trade_no": "order-1"}"#, 409),
    ("POST refuse-payment", r#"{"out_trade_no": "order-2"}"#, 200),
    ("POST refuse-payment", r#"{"out_trade_no": "order-1"}"#, 409),
    ("POST close", r#"{"out_trade_no": "order-2"}"#, 200),
    ("POST close", r#"{"out_trade_no": "order-9"}"#, 404),
    ("POST refuse-payment", r#"{"out_trade_no": "whole-1"}"#, 200),
    ("POST refuse-payment", r#"{"out_trade_no": "whole-1-1"}"#, 404),
    ("POST pay", r#"{"out_trade_no": "whole-1", "coupon": 1}"#, 409),
    ("POST pay", r#"{"out_trade_no": "whole-1"}"#, 200),
    ("POST close", r#"{"out_trade_no": "whole-2"}"#, 200),
    ("POST close", r#"{"out_trade_no": "whole-1"}"#, 409),
    ("POST end-refund", r#"{"out_refund_no": "refund-1", "status": "SUCCESS"}"#, 200),
    ("POST end-refund", r#"{"out_refund_no": "refund-1", "status": "CLOSED"}"#, 409),
    ("GET splits", "", 200),
    ("POST splits", "", 405),
    ("POST finish-split", r#"{"out_order_no": "unfreeze-1"}"#, 200),
    ("POST finish-split", r#"{"out_order_no": "unfreeze-1"}"#, 404),
    ("POST fail-receiver", r#"{"account": "1900009191", "reason": "NO_RELATION"}"#, 200),
    ("POST fail-receiver", r#"{"reason": "NO_RELATION"}"#, 400),
    ("POST set-max-ratio", r#"{"max_ratio": 2000}"#, 200),
    ("POST set-max-ratio", r#"{"max_ratio": -1}"#, 400),
    ("POST set-return-policy", r#"{"mchid": "1900009191", "policy": "NOT_AGREED"}"#, 200),
    ("POST set-return-policy", r#"{"mchid": "1900009191", "policy": "no"}"#, 400),
    ("POST set-share-notify-url", r#"{"notify_url": "https://127.0.0.1/"}"#, 200),
    ("POST set-share-notify-url", "{}", 400),
    ("POST let-time-pass", r#"{"seconds": 1}"#, 200),
    ("POST let-time-pass", r#"{"seconds": -1}"#, 400),
    ("POST shift-clock", r#"{"seconds": -1}"#, 200),
    ("POST shift-clock", r#"{"seconds": 1.5}"#, 400),
    ("POST shift-responses", r#"{"seconds": 1}"#, 200),
    ("POST shift-responses", r#"{}"#, 400),
    ("POST set-key-mode", r#"{"mode": "CERTIFICATE"}"#, 200),
    ("POST set-key-mode", r#"{"mode": "certificate"}"#, 400),
    ("POST rotate-platform-certificate", "", 200),
    ("POST rotate-platform-certificate", r#"{"x": 1}"#, 400),
    ("POST announce-platform-certificate", "", 200),
    ("POST announce-platform-certificate", "x", 400),
    ("POST retire-platform-certificates", "", 200),
    ("POST retire-platform-certificates", r#"{"x": 1}"#, 400),
    ("POST refuse-next", r#"{"status": 500, "code": "SYSTEM_ERROR", "message": "系统异常"}"#, 200),
    ("POST refuse-next", r#"{"status": 200, "code": "OK", "message": ""}"#, 400),
    ("POST fault-next", r#"{"fault": "Silence"}"#, 200),
    ("POST fault-next", r#"{"fault": "silence"}"#, 400),
    ("POST fault-when", r#"{"fault": "NoAuth", "path_prefix": "/v3/pay/", "times": 2}"#, 200),
    ("POST fault-when", r#"{"fault": "NoAuth", "times": -1}"#, 400),
    ("POST clear-faults", "", 200),
    ("POST clear-faults", r#"{"fault": "NoAuth"}"#, 400),
    ("GET faults", "", 200),
    ("POST faults", "", 405),
    ("POST deliver-notifications", "", 200),
    ("POST deliver-notifications", "now", 400),
    ("POST deliver-due-notifications", "{}", 200),
    ("POST deliver-due-notifications", r#"{"seconds": 15}"#, 400),
    ("POST set-balance", r#"{"balance": 100}"#, 200),
    ("POST set-balance", r#"{"balance": 0.5}"#, 400),
    ("POST limit-rate", r#"{"calls": 100, "seconds": 1}"#, 200),
    ("POST limit-rate", r#"{"calls": 100}"#, 400),
    ("POST confirm-transfer", r#"{"out_bill_no": "transfer1"}"#, 200),
    ("POST confirm-transfer", r#"{"out_bill_no": "transfer1"}"#, 409),
    ("POST fail-transfer", r#"{"out_bill_no": "transfer2", "fail_reason": "TRANSFER_RISK"}"#, 200),
    ("POST fail-transfer", r#"{"out_bill_no": "transfer3", "fail_reason": "TRANSFER_RISK"}"#, 404),
    ("POST confirm-authorization", r#"{"out_authorization_no": "authorization1"}"#, 200),
    ("POST confirm-authorization", r#"{"out_authorization_no": "authorization1"}"#, 409),
    ("POST hold-transfers", r#"{"held": true}"#, 200),
    ("POST hold-transfers", r#"{"held": "true"}"#, 400),
    ("POST set-operation-balance", r#"{"balance": 100}"#, 200),
    ("POST set-operation-balance", r#"{"balance": -1}"#, 400),
    ("POST set-real-name", r#"{"name": "李四"}"#, 200),
    ("POST set-real-name", r#"{"name": 1}"#, 400),
    ("GET transfers", "", 200),
    ("POST transfers", "", 405),
    ("POST sign-again", r#"{"id": "first", "kind": "PROBE"}"#, 200),
    ("POST sign-again", r#"{"id": "first", "kind": "probe"}"#, 400),
    ("POST post", r#"{"id": "first"}"#, 200),
    ("POST post", r#"{"id": "nobody"}"#, 404),
    ("POST take-notifications", "{}", 200),
    ("POST take-notifications", "[1]", 400),
    ("GET orders", "", 200),
    ("POST orders", "", 405),
    ("GET refunds", "", 200),
    ("POST refunds", "", 405),
    ("GET notifications", "", 200),
    ("POST notifications", "", 405),
    ("GET received", "", 200),
    ("POST received", "", 405),
    ("POST v2/pay", r#"{"out_trade_no": "old-order", "coupons": [4, 6]}"#, 200),
    ("POST script", r#"{"method": "PUT", "path": "/v3/x", "status": 200, "body": {"a": 1}}"#, 200),
    ("POST script", r#"{"method": "put", "path": "/v3/x", "status": 200}"#, 400),
    ("POST script", r#"{"method": "PUT", "path": "/v3/x", "status": 100}"#, 400),
    ("POST script-file", r#"{"method": "GET", "path": "/v3/billdownload/file", "content": "bWVzc2FnZQ=="}"#, 200),
    ("POST script-file", r#"{"method": "GET", "path": "/v3/billdownload/file", "content": "message!"}"#, 400),
    ("POST clear-scripts", "", 200),
    ("POST clear-scripts", "[]", 400),
    ("GET scripted-requests", "", 200),
    ("POST scripted-requests", "", 405),
    ("POST v2/pay", r#"{"out_trade_no": "order-1"}"#, 404),
    ("POST v2/refuse-payment", r#"{"out_trade_no": "old-other"}"#, 200),
    ("POST v2/refuse-payment", r#"{"out_trade_no": "old-order"}"#, 409),
    ("POST v2/refuse-payment", r#"{"out_trade_no": "old-whole"}"#, 200),
    ("POST v2/refuse-payment", r#"{"out_trade_no": "whole-1"}"#, 404),
    ("POST v2/pay", r#"{"out_trade_no": "old-whole"}"#, 200),
    ("POST v2/pay", r#"{"out_trade_no": "old-whole"}"#, 409),
    ("POST v2/close", r#"{"out_trade_no": "old-other"}"#, 200),
    ("POST v2/close", r#"{"out_trade_no": "old-order"}"#, 409),
    ("POST v2/close", r#"{"out_trade_no": "old-whole-2"}"#, 200),
    ("POST v2/close", r#"{"out_trade_no": "old-whole"}"#, 409),
    ("POST v2/end-refund", r#"{"out_refund_no": "old-refund", "status": "SUCCESS"}"#, 404),
    ("POST v2/show-code", r#"{"pin": true}"#, 200),
    ("POST v2/show-code", r#"{"pin": "yes"}"#, 400),
    ("POST v2/recall-next", "", 200),
    ("POST v2/recall-next", r#"{"times": 2}"#, 400),
    ("POST v2/refuse-next", r#"{"code": "SYSTEMERROR", "text": "系统错误"}"#, 200),
    ("POST v2/refuse-next", r#"{"code": "SYSTEMERROR"}"#, 400),
    ("POST v2/fail-next", r#"{"text": "签名错误"}"#, 200),
    ("POST v2/fail-next", r#"{"text": 1}"#, 400),
    ("POST v2/take-notifications", "", 200),
    ("POST v2/take-notifications", "null", 400),
    ("POST nonsense", "{}", 404),
    ("POST v2/nonsense", "{}", 404),
    ("GET nonsense", "", 404),
    ("GET pay", "", 405),
];

fn number(text: &str) -> OutTradeNo {
    OutTradeNo::new(text).unwrap()
}

/// A sandbox in which there is something to command.
fn busy() -> Sandbox {
    let sandbox = start();
    let (signer, gateway, v2) = (sandbox.signer(), sandbox.gateway(), sandbox.v2());
    for text in ["order-1", "order-2", "order-3"] {
        app::prepay(signer, gateway, &order(&sandbox, text)).unwrap();
    }
    sandbox.pay("order-3").unwrap();
    let refund_no = OutRefundNo::new("refund-1").unwrap();
    let refund = Refund::new(refund_no, number("order-3"), Fen(60), Fen(100));
    refund::apply(signer, gateway, &refund).unwrap();
    let mut shared = order(&sandbox, "shared-1");
    let mut settle_info = SettleInfo::default();
    settle_info.profit_sharing = Some(true);
    shared.settle_info = Some(settle_info);
    app::prepay(signer, gateway, &shared).unwrap();
    sandbox.pay("shared-1").unwrap();
    sandbox.let_time_pass(60);
    let paid = pay::query(signer, gateway, &shared.out_trade_no).unwrap();
    let unfreeze_no = OutUnfreezeNo::new("unfreeze-1").unwrap();
    let unfreeze = Unfreeze::new(paid.transaction_id.unwrap(), unfreeze_no, "解冻全部剩余资金");
    profit_sharing::unfreeze(signer, gateway, &unfreeze).unwrap();
    for text in ["whole-1", "whole-2"] {
        let part = |mchid, part: &str| {
            SubOrder::new(mchid, number(&format!("{text}-{part}")), "会员充值", Fen(10), "a")
        };
        let parts = vec![part(sandbox.mchid(), "1"), part(sandbox.neighbour_mchid(), "2")];
        let whole = combine::Order::new(sandbox.appid(), number(text), parts, sandbox.notify_url());
        combine::app::prepay(signer, gateway, &whole).unwrap();
    }
    for text in ["transfer1", "transfer2"] {
        transfer::create(signer, gateway, &transfers::transfer(&sandbox, text, "r")).unwrap();
    }
    let request = transfers::request(&sandbox, "authorization1");
    transfer::authorization::request(signer, gateway, &request).unwrap();
    for text in ["old-order", "old-other"] {
        v2::pay::prepay(v2.signer(), v2.gateway(), &old_order(&sandbox, text), &v2::App).unwrap();
    }
    for text in ["old-whole", "old-whole-2"] {
        let part = |mch_id, part: &str| {
            let number = number(&format!("{text}-{part}"));
            v2::combine::SubOrder::new(
                sandbox.appid(),
                mch_id,
                number,
                "子订单",
                Fen(1),
                "深圳分店",
            )
        };
        let parts =
            vec![part(sandbox.mchid(), "part-1"), part(sandbox.neighbour_mchid(), "part-2")];
        let (address, notify_url) = ("203.0.113.7".parse().unwrap(), sandbox.notify_url());
        let (appid, text) = (sandbox.appid(), number(text));
        let whole = v2::combine::Order::new(appid, text, parts, address, notify_url);
        v2::combine::prepay(v2.signer(), v2.gateway(), &whole, &v2::App).unwrap();
    }
    sandbox
}

fn old_order(sandbox: &Sandbox, text: &str) -> v2::pay::Order {
    let (address, notify_url) = ("203.0.113.7".parse().unwrap(), sandbox.notify_url());
    let (appid, number) = (sandbox.appid(), number(text));
    v2::pay::Order::new(appid, number, "JSAPI支付测试", Fen(100), address, notify_url)
}

/// The commands that the documentation lists.
fn documented() -> BTreeSet<String> {
    let text = include_str!("../../src/commands.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let rows = rows.map(|row| row.split('`').next().unwrap().replace("/sandbox/", ""));
    rows.filter(|command| command.contains(' ')).collect()
}

#[test]
fn every_command_succeeds_once_and_fails_with_a_reason() {
    let sandbox = busy();
    let browser_client = BrowserClient::to(&sandbox);
    let first = sandbox.pending_notifications()[0].id.clone();
    let (mut good, mut bad) = (BTreeSet::new(), BTreeSet::new());
    for (command, body, expected) in COMMANDS {
        let (method, name) = command.split_once(' ').unwrap();
        let body = body.replace("first", &first);
        let (status, output) = browser_client.command(method, name, &body);
        assert_eq!(status, *expected, "{command} {body}: {output}");
        assert_eq!(output.get("error").is_some(), status != 200, "{command} {body}: {output}");
        if status == 200 { &mut good } else { &mut bad }.insert((*command).to_owned());
    }
    assert!(documented().len() > 20);
    // Refunds of APIv2 have a test of their own, and lists have no body to be wrong.
    let missing: Vec<_> = documented().difference(&good).cloned().collect();
    assert_eq!(missing, ["POST v2/end-refund"]);
    let posted = bad.iter().map(|command| command.replace("POST", "GET"));
    let bad: BTreeSet<_> = posted.chain(bad.clone()).collect();
    assert_eq!(documented().difference(&bad).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn commands_do_what_the_methods_do() {
    let sandbox = busy();
    let browser_client = BrowserClient::to(&sandbox);
    browser_client.command(
        "POST",
        "refuse-next",
        r#"{"status":429,"code":"FREQUENCY_LIMITED","message":"频率限制"}"#,
    );
    let error =
        app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, "order-4")).unwrap_err();
    let error = crate::support::api(&error);
    assert_eq!((error.status, error.code.as_str()), (429, "FREQUENCY_LIMITED"));

    let (_, output) = browser_client.command("POST", "rotate-platform-certificate", "");
    assert!(output["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE"));
    browser_client.command("POST", "set-key-mode", r#"{"mode":"CERTIFICATE"}"#);
    let (_, output) = browser_client.command("POST", "take-notifications", "");
    let headers = output["notifications"][0]["headers"].as_array().unwrap();
    let serial = headers.iter().find(|pair| pair[0] == "Wechatpay-Serial").unwrap();
    assert_ne!(serial[1], sandbox.platform_certificate_serial_no());
    assert_eq!(serial[1].as_str().unwrap().len(), 40);
    assert!(sandbox.take_notifications().is_empty(), "they are taken");

    browser_client.command("POST", "let-time-pass", r#"{"seconds":7201}"#);
    let (status, output) = browser_client.command("POST", "pay", r#"{"out_trade_no":"order-1"}"#);
    assert_eq!(status, 409);
    assert!(output["error"].as_str().unwrap().contains("expired"), "{output}");
}

#[test]
fn faults_meet_the_calls_that_the_command_chooses() {
    let sandbox = start();
    let browser_client = BrowserClient::to(&sandbox);
    let place = |text: &str| {
        let order = order(&sandbox, text);
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).map(drop).map_err(|e| e.outcome())
    };
    browser_client.command("POST", "fault-next", r#"{"fault": "ResetAfterTheRequest"}"#);
    assert_eq!(place("fault-1"), Err(Outcome::Unknown));
    sandbox.pay("fault-1").unwrap();
    let (_, output) = browser_client.command("GET", "received", "");
    let response = &output["received"][0]["answer"];
    assert_eq!((&response["status"], &response["is_broken"]), (&json!(200), &json!(true)));
    browser_client.get("/").assert_shows(&["200 断线 broken"]);
    let rule = json!({ "fault": "MissingSignature", "method": "POST", "path_prefix": "/v3/pay/",
        "times": 2, "skip": 1, "carried_out": false });
    browser_client.command("POST", "fault-when", &rule.to_string());
    let outcomes = ["fault-2", "fault-3"].map(place);
    assert_eq!(outcomes, [Ok(()), Err(Outcome::Unknown)]);
    sandbox.pay("fault-3").unwrap_err();
    browser_client.command("POST", "clear-faults", "");
    assert_eq!(place("fault-3"), Ok(()));
    let (_, output) = browser_client.command("GET", "faults", "");
    assert!(output["faults"].as_array().unwrap().contains(&json!("Silence")));
}

/// Programs that were written before a command got its present name still work.
#[test]
fn earlier_names_of_commands_still_work() {
    let sandbox = busy();
    let browser_client = BrowserClient::to(&sandbox);
    for (command, body) in [
        ("POST refuse-combined-payment", r#"{"combine_out_trade_no": "whole-1"}"#),
        ("POST pay-combined", r#"{"combine_out_trade_no": "whole-1"}"#),
        ("POST close-combined", r#"{"combine_out_trade_no": "whole-2"}"#),
        ("POST v2/refuse-combined-payment", r#"{"combine_out_trade_no": "old-whole"}"#),
        ("POST v2/pay-combined", r#"{"combine_out_trade_no": "old-whole"}"#),
        ("POST v2/close-combined", r#"{"combine_out_trade_no": "old-whole-2"}"#),
        ("POST shift-answers", r#"{"seconds": 0}"#),
        ("GET notices", ""),
        ("POST deliver-notices", ""),
        ("POST deliver-due-notices", ""),
        ("POST take-notices", ""),
        ("POST v2/take-notices", ""),
    ] {
        let (method, name) = command.split_once(' ').unwrap();
        let (status, body) = browser_client.command(method, name, body);
        assert_eq!(status, 200, "{command}: {body}");
    }
}

/// A list was once taken for the fields in their order, and a method in lower case met nothing.
#[test]
fn invalid_command_gets_a_reason() {
    let sandbox = busy();
    let browser_client = BrowserClient::to(&sandbox);
    for (command, body, expected) in [
        ("POST pay", r#"["order-1"]"#, "must be a JSON object"),
        ("POST take-notifications", "[]", "must be a JSON object"),
        ("POST pay", r#"{"out_trade_no": "nobody-1"}"#, "nobody-1: "),
        ("POST pay", r#"{"out_trade_no": "whole-1-1"}"#, "combine_out_trade_no"),
        ("POST v2/pay", r#"{"out_trade_no": "order-1"}"#, "for the order of APIv3, omit v2/"),
        ("POST close", r#"{"out_trade_no": "order-3"}"#, "order-3: the order is already paid"),
        ("POST fault-next", r#"{"fault": "Quiet"}"#, "\"Quiet\"; GET /sandbox/faults"),
        ("POST fault-when", r#"{"fault": "Silence", "times": 0}"#, "at least 1"),
        ("POST fault-when", r#"{"fault": "Silence", "path_prefix": "v3"}"#, "begin with /"),
        ("POST fault-when", r#"{"fault": "PlainText"}"#, "how many connections PlainText"),
        ("GET pay", "", "must be sent by POST"),
        ("POST orders", "", "must be sent by GET"),
        ("POST quiet", "", "no command \"quiet\""),
    ] {
        let (method, name) = command.split_once(' ').unwrap();
        let (_, output) = browser_client.command(method, name, body);
        let error = output["error"].as_str().unwrap_or_default();
        assert!(error.contains(expected), "{command} {body}: {output}");
    }
    browser_client.command(
        "POST",
        "fault-when",
        r#"{"fault": "NoAuth", "method": "post", "times": 1}"#,
    );
    let order = order(&sandbox, "order-4");
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
}

#[test]
fn taken_notification_comes_again_genuine_probing_or_forged() {
    let sandbox = busy();
    let browser_client = BrowserClient::to(&sandbox);
    let (_, output) = browser_client.command("POST", "take-notifications", "");
    let notification = &output["notifications"][0];
    assert_eq!(notification["number"], "order-3");
    let again = |kind: &str| {
        let body = json!({ "id": notification["id"], "kind": kind }).to_string();
        let (_, output) = browser_client.command("POST", "sign-again", &body);
        let notification = &output["notifications"][0];
        let headers = notification["headers"].as_array().unwrap();
        let headers: Vec<(String, Vec<u8>)> = headers
            .iter()
            .map(|pair| [0, 1].map(|index| pair[index].as_str().unwrap().to_owned()))
            .map(|[name, value]| (name, value.into_bytes()))
            .collect();
        let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let body = notification["body"].as_str().unwrap().as_bytes();
        notify::open(sandbox.platform_keys(), &key, headers, body, Time::now().unwrap()).is_ok()
    };
    assert_eq!([again("GENUINE"), again("PROBE"), again("FORGED")], [true, false, false]);
    assert_eq!(browser_client.command("GET", "notifications", "").1["pending"], json!([]));
}

#[test]
fn refund_of_apiv2_ends_once() {
    let sandbox = busy();
    let v2 = sandbox.v2();
    v2.pay("old-order", &[]).unwrap();
    let (number, appid) = (OutRefundNo::new("old-refund").unwrap(), sandbox.appid());
    let paid = self::number("old-order");
    let refund = v2::refund::Refund::new(appid, number, paid, Fen(60), Fen(100));
    v2::refund::apply(v2.signer(), v2.gateway(), &refund).unwrap();
    let browser_client = BrowserClient::to(&sandbox);
    let end = |status: &str| {
        let body = json!({ "out_refund_no": "old-refund", "status": status });
        browser_client.command("POST", "v2/end-refund", &body.to_string()).0
    };
    assert_eq!((end("ABNORMAL"), end("CHANGE"), end("SUCCESS")), (400, 200, 409));
    let (_, output) = browser_client.command("GET", "refunds", "");
    let refunds = output["refunds"].as_array().unwrap();
    let refund = refunds.iter().find(|refund| refund["version"] == 2).unwrap();
    assert_eq!(
        (&refund["out_refund_no"], &refund["status"]),
        (&json!("old-refund"), &json!("CHANGE"))
    );
    let (_, output) = browser_client.command("POST", "v2/take-notifications", "");
    assert_eq!(output["notifications"].as_array().unwrap().len(), 2);
}

#[test]
fn lists_have_everything_with_the_newest_first() {
    let sandbox = busy();
    let browser_client = BrowserClient::to(&sandbox);
    let get = |name: &str| browser_client.command("GET", name, "").1[name].clone();
    let numbers: Vec<_> = get("orders")
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["out_trade_no"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "old-whole-2",
        "old-whole",
        "old-other",
        "old-order",
        "whole-2",
        "whole-1",
        "shared-1",
        "order-3",
    ];
    assert_eq!(numbers[..8], expected);
    let orders = get("orders");
    let mut order = orders[7].clone();
    assert!(order["ticket"].take().as_str().unwrap().starts_with("wx"));
    assert!(order["placed"].take().as_str().unwrap().starts_with("20"));
    assert_eq!(
        order,
        json!({
            "version": 3, "is_combined": false, "out_trade_no": "order-3", "trade_type": "APP",
            "trade_state": "SUCCESS", "total": 100, "notify_url": "https://127.0.0.1/notify",
            "items": [{"mchid": sandbox.mchid(), "amount": 100,
                "description": "Image形象店-深圳腾大-QQ公仔"}],
            "ticket": null, "placed": null,
        })
    );
    assert_eq!((&orders[5]["total"], &orders[0]["total"]), (&json!(20), &json!(2)));
    assert_eq!(
        get("refunds"),
        json!([{"version": 3, "out_refund_no": "refund-1", "out_trade_no": "order-3",
            "refund": 60, "status": "PROCESSING"}])
    );
    let received = get("received");
    let newest: &Value = &received[0];
    assert_eq!(
        (&newest["method"], &newest["path"]),
        (&json!("POST"), &json!("/pay/combinedorder"))
    );
    assert!(newest["body"].as_str().unwrap().contains("old-whole-2-part-2"));
    assert_eq!(newest["answer"]["status"], 200);
    assert!(newest["answer"]["body"].as_str().unwrap().contains("prepay_id"));

    let notifications = || browser_client.command("GET", "notifications", "").1;
    assert_eq!(notifications()["pending"][0]["notify_url"], "https://127.0.0.1/notify");
    sandbox.take_notifications();
    let output = notifications();
    assert_eq!((&output["pending"], &output["sent"][0]["taken"]), (&json!([]), &json!(true)));
}

#[test]
fn notifications_are_delivered_until_the_merchant_accepts() {
    let sandbox = start();
    let shop = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let own = format!("http://{}/notify", shop.server_addr());
    let v2 = sandbox.v2();
    let mut placed = old_order(&sandbox, "old-notified");
    placed.notify_url = own.parse().unwrap();
    v2::pay::prepay(v2.signer(), v2.gateway(), &placed, &v2::App).unwrap();
    v2.pay("old-notified", &[]).unwrap();
    let browser_client = BrowserClient::to(&sandbox);
    let answers = [FAIL, SUCCESS];
    let serving = std::thread::spawn(move || {
        for response in answers {
            let request = shop.recv().unwrap();
            request.respond(tiny_http::Response::from_string(response)).unwrap();
        }
    });
    let deliver = |name: &str| browser_client.command("POST", name, "").1["deliveries"].clone();
    let mut refused = deliver("deliver-notifications");
    assert!(refused[0]["id"].take().is_string());
    assert_eq!(
        refused,
        json!([{ "id": null, "notify_url": own, "status": 200, "answer": FAIL, "attempt": 1,
            "is_accepted": false, "next_attempt": 15 }]),
        "200 is not enough"
    );
    assert_eq!(deliver("deliver-due-notifications"), json!([]), "it is not yet time");
    browser_client.command("POST", "let-time-pass", r#"{"seconds": 15}"#);
    let accepted = deliver("deliver-due-notifications");
    assert_eq!((&accepted[0]["is_accepted"], &accepted[0]["attempt"]), (&json!(true), &json!(2)));
    assert_eq!(deliver("deliver-notifications"), json!([]));
    serving.join().unwrap();
    let (_, output) = browser_client.command("GET", "notifications", "");
    assert_eq!(output["sent"].as_array().unwrap().len(), 2);
}

#[test]
fn commands_from_other_sites_are_denied_and_leave_no_trace() {
    let sandbox = busy();
    let seen = sandbox.received().len();
    let browser_client = BrowserClient::to(&sandbox);
    let page = browser_client.click("/sandbox/pay", "pay", "https://evil.example");
    assert_eq!(page.status, 403);
    page.assert_shows(&["error", "other sites"]);
    assert_eq!(browser_client.click("/sandbox/pay", "pay", sandbox.base_url()).status, 400);
    assert_eq!(sandbox.received().len(), seen);
}

#[test]
fn too_long_body_gets_an_error_and_a_journal_entry() {
    let sandbox = start();
    let browser_client = BrowserClient::to(&sandbox);
    let body = " ".repeat(3 * 1024 * 1024);
    for path in ["/v3/pay/transactions/app", "/pay/unifiedorder"] {
        let page = browser_client.post(path, &body);
        page.assert_shows(&["1 MiB"]);
        let status = if path.starts_with("/v3") { 413 } else { 200 };
        assert_eq!(page.status, status, "{path}");
        let (_, output) = browser_client.command("GET", "received", "");
        assert_eq!(output["received"][0]["path"], path);
    }
    assert_eq!(browser_client.command("POST", "pay", &body).0, 413);
}

const FAIL: &str = "<xml><return_code>FAIL</return_code></xml>";
const SUCCESS: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>";
