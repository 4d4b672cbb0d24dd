//! Orders, combined orders and refunds.

use std::fs;

use serde_json::{Value, json};

use crate::program::Program;
use crate::sample_bodies::{
    COMBINED_ORDER, app_order, combined_h5_order, h5_order, jsapi_order, refund_body,
};
use crate::v2_sample_bodies;

#[test]
fn order_is_placed_queried_refunded_and_closed() {
    let program = Program::new("all-the-way");
    let file = program.order("way-001");
    let placed = program.result(&["order", "app", &file]);
    assert_eq!(placed["invoke"]["prepayid"], placed["prepay_id"]);
    assert_eq!(placed["invoke"]["partnerid"], program.sandbox.mchid());
    assert_eq!(program.result(&["query", "way-001"])["trade_state"], "NOTPAY");

    program.sandbox.pay("way-001").unwrap();
    let paid = program.result(&["query", "way-001"]);
    assert_eq!((&paid["trade_state"], &paid["amount"]["total"]), (&json!("SUCCESS"), &json!(100)));
    let id = paid["transaction_id"].as_str().unwrap();
    assert_eq!(program.result(&["query", "--id", id]), paid);

    let mut refund = refund_body();
    refund["amount"] = json!({"refund": 60, "total": 100, "currency": "CNY"});
    refund["out_refund_no"] = json!("way-001-1");
    let fields = refund.as_object_mut().unwrap();
    fields.remove("funds_account");
    fields.remove("goods_detail");
    let file = program.body(refund, "way-001");
    assert_eq!(program.result(&["refund", &file])["status"], "PROCESSING");
    program.sandbox.succeed_refund("way-001-1").unwrap();
    assert_eq!(program.result(&["refund-query", "way-001-1"])["status"], "SUCCESS");

    program.result(&["order", "app", &program.order("way-002")]);
    assert_eq!(program.result(&["close", "way-002"]), json!({"out_trade_no": "way-002"}));
    assert_eq!(program.result(&["query", "way-002"])["trade_state"], "CLOSED");
}

#[test]
fn order_of_every_kind_is_placed() {
    let program = Program::new("kinds");
    let placed = program.result(&["order", "jsapi", &program.body(jsapi_order(), "kind-jsapi")]);
    let package = format!("prepay_id={}", placed["prepay_id"].as_str().unwrap());
    assert_eq!(placed["invoke"]["package"], package);
    let placed = program.result(&["order", "h5", &program.body(h5_order(), "kind-h5")]);
    assert!(placed["h5_url"].as_str().unwrap().starts_with("https://"), "{placed}");
    let body = fs::read(program.order("kind-stdin")).unwrap();
    let done = program.run_with(&["order", "app", "-"], &body);
    assert_eq!((done.status, done.err.as_str()), (0, ""));
}

#[test]
fn order_json_is_placed_in_a_sandbox_of_its_own() {
    let mut program = Program::new("begin");
    program.settings.clear();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/order.json");
    for kind in ["app", "native"] {
        let done = program.run(&["order", kind, file, "--sandbox"]);
        assert_eq!(done.status, 0, "{}", done.err);
    }
}

#[test]
fn samples_of_the_five_documents_are_placed_as_printed() {
    let program = Program::new("samples");
    let jsapi = r#"{
"mchid": "1900006XXX",
"out_trade_no": "1217752501201407033233368318",
"appid": "wxdace645e0bc2cXXX",
"description": "Image形象店-深圳腾大-QQ公仔",
"notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
"amount": {
"total": 1,
"currency": "CNY"
},
"payer": {
"openid": "o4GgauInH_RCEdvrrNGrntXDuXXX"
}
}"#;
    let app = app_order().to_string();
    let samples: [(&[&str], &str, &str); 5] = [
        (&["combine", "app"], COMBINED_ORDER, "combine_mchid 1900000109"),
        (&["v2", "unified"], v2_sample_bodies::ORDER, "mch_id 10000100"),
        (&["v2", "combined"], v2_sample_bodies::COMBINED_ORDER, "combine_mch_id 1900009001"),
        (&["order", "app"], &app, "mchid 1230000109"),
        (&["order", "jsapi"], jsapi, "appid wxdace645e0bc2cXXX"),
    ];
    let place = |options: &[&str], (command, sample, replaced): (&[&str], &str, &str)| {
        let file = program.write("sample", sample);
        let done = program.run(&[command, &["--sample", &file][..], options].concat());
        assert_eq!(done.status, 0, "{command:?} {}", done.err);
        assert!(done.out.contains("prepay_id") && done.err.contains(replaced), "{}", done.err);
        // Without the flag the file has another merchant's number.
        let done = program.run(&[command, &[&*file][..], options].concat());
        assert_eq!(done.status, 1, "{command:?}");
    };
    samples.iter().for_each(|sample| place(&[], *sample));
    let placed = program.sandbox.orders();
    assert_eq!(placed.len(), 5);
    // Document 002 has a sub-order in USD, and its time to pay is over.
    let usd = placed.iter().find(|order| order.version == 2 && order.is_combined).unwrap();
    assert_eq!(usd.items.len(), 3);
    samples.iter().for_each(|sample| place(&["--sandbox"], *sample));
}

#[test]
fn combined_order_is_placed_queried_and_closed() {
    let program = Program::new("combined");
    let file = program.body(combined_order(), "whole-app");
    let placed = program.result(&["combine", "app", &file]);
    assert_eq!(placed["invoke"]["prepayid"], placed["prepay_id"]);
    program.sandbox.pay("whole-app").unwrap();
    let paid = program.result(&["combine-query", "whole-app"]);
    assert_eq!(paid["sub_orders"][1]["trade_state"], "SUCCESS");

    let file = program.body(combined_order(), "whole-jsapi");
    let placed = program.result(&["combine", "jsapi", &file]);
    assert!(placed["invoke"]["paySign"].is_string(), "{placed}");
    let mut order = combined_h5_order();
    order.as_object_mut().unwrap().remove("trade_scenario");
    let file = program.body(order, "whole-h5");
    assert!(program.result(&["combine", "h5", &file])["h5_url"].is_string());
    let mut order = combined_order();
    order.as_object_mut().unwrap().remove("combine_payer_info");
    let file = program.body(order, "whole-native");
    let done = program.run(&["combine", "native", &file]);
    assert_eq!(done.status, 0, "{}", done.err);

    let done = program.run(&["combine-close", "whole-app", &file]);
    assert_eq!(done.status, 1, "the file is that of another order");
    let closed = program.result(&["combine-close", "whole-native", &file]);
    assert_eq!(closed, json!({"combine_out_trade_no": "whole-native"}));
    let closed = program.result(&["combine-query", "whole-native"]);
    assert_eq!(closed["sub_orders"][0]["trade_state"], "CLOSED");
}

fn combined_order() -> Value {
    serde_json::from_str(COMBINED_ORDER).unwrap()
}
