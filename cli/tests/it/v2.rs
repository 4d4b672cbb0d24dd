//! APIv2.

use std::path::Path;

use serde_json::json;

use crate::program::Program;
use crate::v2_sample_bodies::{COMBINED_ORDER, ORDER};

#[test]
fn v2_sample_orders_are_placed_queried_and_closed() {
    let program = Program::new("v2");
    let (appid, mch_id) = (program.sandbox.appid().to_string(), program.sandbox.mchid().to_owned());
    let xml = ORDER.replace("wx2421b1c4370ec43b", &appid).replace("10000100", &mch_id);
    let file = program.write("order.xml", &xml);
    let placed = program.result(&["v2", "unified", "--md5", &file]);
    assert_eq!(placed["invoke"]["signType"], "MD5");
    let asked = program.result(&["v2", "query", "1415659990"]);
    assert_eq!((&asked["trade_state"], &asked["attach"]), (&json!("NOTPAY"), &json!("支付测试")));
    program.sandbox.v2().pay("1415659990", &[]).unwrap();
    let asked = program.result(&["v2", "query", "1415659990"]);
    let id = asked["transaction_id"].as_str().unwrap();
    assert_eq!(program.result(&["v2", "query", "--id", id])["trade_state"], "SUCCESS");

    let xml =
        xml.replace("1415659990", "1415659991").replace("<trade_type>JSAPI", "<trade_type>APP");
    let openid = "<openid>oUpF8uMuAJO_M2pxb1Q9zNjWeS6o</openid>";
    let file = program.write("app.xml", xml.replace(openid, ""));
    let placed = program.result(&["v2", "unified", &file]);
    assert_eq!(placed["invoke"]["prepayid"], placed["prepay_id"]);
    program.sandbox.let_time_pass(600);
    let closed = program.result(&["v2", "close", "1415659991"]);
    assert_eq!(closed, json!({"out_trade_no": "1415659991"}));

    let native = "<product_id>1</product_id>";
    let xml =
        xml.replace("1415659991", "1415659992").replace("<trade_type>APP", "<trade_type>NATIVE");
    let file = program.write("native.xml", xml.replace(openid, native));
    let done = program.run(&["v2", "unified", &file]);
    assert!(done.status == 0 && done.out.contains("weixin://"), "{}", done.err);

    let scene = "<scene_info>{\"h5_info\":{\"type\":\"Wap\",\"wap_url\":\"https://pay.qq.com\",\
                 \"wap_name\":\"腾讯充值\"}}</scene_info>";
    let xml =
        xml.replace("1415659992", "1415659993").replace("<trade_type>NATIVE", "<trade_type>MWEB");
    let file = program.write("h5.xml", xml.replace(openid, scene));
    assert!(program.result(&["v2", "unified", &file])["mweb_url"].is_string());

    let xml = COMBINED_ORDER
        .replace("wxdace645e0bc2c424", &appid)
        .replace("1900009001", &mch_id)
        .replace("<time_start>20171225091010</time_start>", "")
        .replace("<time_expire>20171225091510</time_expire>", "")
        .replace("\"sub_appid\":\"wx888888888888\",\"sub_mch_id\": \"88888888888\",", "")
        .replace("\"USD\"", "\"CNY\"");
    let file = program.write("combined.xml", xml);
    let placed = program.result(&["v2", "combined", &file]);
    assert_eq!(placed["invoke"]["signType"], "HMAC-SHA256");
    assert_eq!(program.run(&["v2", "combined", &file, "--md5"]).status, 1);
    let picture = program.path("code.svg");
    let done = program.run(&["v2", "combined", &file, "--qr", &picture]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(done.err.starts_with("error: --qr is only for an order with trade_type NATIVE\n"));
    assert!(!Path::new(&picture).exists());
}
