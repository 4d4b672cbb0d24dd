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
    let number = &format!("{mch_id}1489146530");
    assert_eq!(program.result(&["v2", "combined-query", number])["trade_state"], "NOTPAY");
    assert_eq!(program.run(&["v2", "combined-close", "another-1", &file]).status, 1);
    program.sandbox.let_time_pass(60);
    let closed = program.result(&["v2", "combined-close", number, &file]);
    assert_eq!(closed["combine_out_trade_no"], **number);
    let picture = program.path("code.svg");
    let done = program.run(&["v2", "combined", &file, "--qr", &picture]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(done.err.starts_with("error: --qr is only for an order with trade_type NATIVE\n"));
    assert!(!Path::new(&picture).exists());
}

#[test]
fn v2_till_payment_exits_by_its_certainty() {
    let program = Program::new("v2-till");
    let v2 = program.sandbox.v2();
    let order = |number: &str, code: String| {
        format!(
            "<xml><appid>{}</appid><body>咖啡</body><out_trade_no>{number}</out_trade_no>\
             <total_fee>100</total_fee><spbill_create_ip>14.23.150.211</spbill_create_ip>\
             <auth_code>{code}</auth_code></xml>",
            program.sandbox.appid()
        )
    };
    let file = program.write("ready.xml", order("till-cli-1", v2.show_code()));
    let paid = program.result(&["v2", "micropay", &file]);
    assert_eq!((&paid["trade_type"], &paid["total_fee"]), (&json!("MICROPAY"), &json!("100")));
    // The same code and order again are no success.
    assert_eq!(program.run(&["v2", "micropay", &file]).status, 1);

    let file = program.write("pin.xml", order("till-cli-2", v2.show_code_with_pin()));
    let pending = program.run(&["v2", "micropay", &file]);
    assert_eq!((pending.status, pending.out.contains("USERPAYING")), (3, true), "{}", pending.err);
    assert_eq!(program.run(&["v2", "reverse", "till-cli-2"]).status, 3, "within 15 seconds");
    program.sandbox.let_time_pass(15);
    assert_eq!(program.result(&["v2", "reverse", "till-cli-2"])["recall"], "N");
    assert_eq!(program.result(&["v2", "query", "till-cli-2"])["trade_state"], "REVOKED");

    let file = program.write("used.xml", order("till-cli-3", "150000000000000000".to_owned()));
    let refused = program.run(&["v2", "micropay", &file]);
    assert_eq!((refused.status, refused.out.contains("AUTH_CODE_INVALID")), (1, true));
    v2.fail_next("系统繁忙");
    let file = program.write("failed.xml", order("till-cli-4", v2.show_code()));
    assert_eq!(program.run(&["v2", "micropay", &file]).status, 3);
}

#[test]
fn v2_refund_and_its_notification_are_shown() {
    let program = Program::new("v2-refund");
    let v2 = program.sandbox.v2();
    let (appid, mch_id) = (program.sandbox.appid().to_string(), program.sandbox.mchid().to_owned());
    let xml = ORDER.replace("wx2421b1c4370ec43b", &appid).replace("10000100", &mch_id);
    let xml =
        xml.replace("https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php", "https://127.0.0.1/n");
    let file = program.write("order.xml", &xml);
    program.result(&["v2", "unified", &file]);
    v2.pay("1415659990", &[]).unwrap();
    let notification = v2.take_notifications().pop().unwrap();
    let body = program.write("notification.xml", &notification.body);
    assert_eq!(program.result(&["v2", "notification", &body])["out_trade_no"], "1415659990");
    let forged =
        String::from_utf8(notification.body).unwrap().replace("<total_fee>1<", "<total_fee>2<");
    let body = program.write("forged.xml", forged);
    assert_eq!(program.run(&["v2", "notification", &body]).status, 1);

    let refund = format!(
        "<xml><appid>{appid}</appid><out_trade_no>1415659990</out_trade_no>\
         <out_refund_no>r-1</out_refund_no><total_fee>1</total_fee><refund_fee>1</refund_fee></xml>"
    );
    let file = program.write("refund.xml", refund);
    assert_eq!(program.result(&["v2", "refund", &file])["out_refund_no"], "r-1");
    assert_eq!(program.result(&["v2", "refund-query", "r-1"])["refund_status_0"], "PROCESSING");
    v2.succeed_refund("r-1").unwrap();
    let notification = v2.take_notifications().pop().unwrap();
    let body = program.write("refunded.xml", &notification.body);
    let shown = program.result(&["v2", "notification", &body]);
    assert_eq!((&shown["refund_status"], &shown["refund_fee"]), (&json!("SUCCESS"), &json!(1)));
}
