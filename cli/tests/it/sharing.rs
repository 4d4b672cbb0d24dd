//! Profit sharing.

use serde_json::json;

use crate::program::Program;

#[test]
fn order_is_split_returned_and_unfrozen() {
    let program = Program::new("sharing");
    let mut order = crate::sample_bodies::app_order();
    order["settle_info"] = json!({"profit_sharing": true});
    program.result(&["order", "app", &program.body(order, "sharing-001")]);
    program.sandbox.pay("sharing-001").unwrap();
    let paid = program.result(&["query", "sharing-001"]);
    let id = paid["transaction_id"].as_str().unwrap();
    program.sandbox.let_time_pass(60);

    let appid = program.sandbox.appid();
    let (mchid, name) = ("1900009191", "示例供应商有限公司");
    let receiver = json!({"appid": appid.as_str(), "type": "MERCHANT_ID", "account": mchid,
        "name": name, "relation_type": "SUPPLIER"});
    let file = program.write("receiver", receiver.to_string());
    assert_eq!(program.result(&["sharing", "add", &file])["account"], mchid);

    let split = json!({"transaction_id": id, "out_order_no": "P1", "unfreeze_unsplit": false,
        "receivers": [{"type": "MERCHANT_ID", "account": mchid, "name": name, "amount": 1,
            "description": "分给供应商"}]});
    let file = program.write("split", split.to_string());
    assert_eq!(program.result(&["sharing", "split", &file])["state"], "PROCESSING");
    program.sandbox.finish_split("P1").unwrap();
    // The same file again is the same split, though the name is encrypted anew.
    assert_eq!(program.result(&["sharing", "split", &file])["state"], "FINISHED");
    let query = program.result(&["sharing", "query", "P1", "--transaction", id]);
    assert_eq!(query["receivers"][0]["result"], "SUCCESS");
    let left = program.result(&["sharing", "left", id]);
    assert!(left["unsplit_amount"].as_u64().unwrap() > 0);

    let returned = json!({"out_order_no": "P1", "out_return_no": "R1", "return_mchid": mchid,
        "amount": 1, "description": "用户退款"});
    let file = program.write("return", returned.to_string());
    assert_eq!(program.result(&["sharing", "return", &file])["result"], "SUCCESS");
    let query = program.result(&["sharing", "return-query", "R1", "--order", "P1"]);
    assert_eq!(query["return_mchid"], mchid);

    let used = json!({"transaction_id": id, "out_order_no": "P1", "description": "解冻"});
    let run = program.run(&["sharing", "unfreeze", &program.write("used", used.to_string())]);
    assert_eq!(run.status, 3);
    assert!(run.err.contains("nothing was unfrozen"), "{}", run.err);
    let unfreeze = json!({"transaction_id": id, "out_order_no": "U1", "description": "解冻"});
    let file = program.write("unfreeze", unfreeze.to_string());
    program.result(&["sharing", "unfreeze", &file]);
    assert_eq!(program.result(&["sharing", "left", id])["unsplit_amount"], 0);
    let deleted = json!({"appid": appid.as_str(), "type": "MERCHANT_ID", "account": mchid});
    let file = program.write("deleted", deleted.to_string());
    assert_eq!(program.result(&["sharing", "delete", &file])["account"], mchid);
}
