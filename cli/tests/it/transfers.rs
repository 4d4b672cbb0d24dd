//! `transfer`: create, query, cancel, receipt.

use std::fs;

use serde_json::{Value, json};

use crate::program::Program;

fn body(program: &Program, number: &str) -> Value {
    json!({
        "appid": program.sandbox.appid().as_str(), "out_bill_no": number,
        "transfer_scene_id": "1000", "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "user_name": "张三", "transfer_amount": 200_000, "transfer_remark": "新会员开通有礼",
        "transfer_scene_report_infos": [
            {"info_type": "活动名称", "info_content": "新会员有礼"},
            {"info_type": "奖励说明", "info_content": "注册会员抽奖一等奖"}],
    })
}

fn file(program: &Program, number: &str) -> String {
    program.write(&format!("{number}.json"), body(program, number).to_string())
}

#[test]
fn transfer_is_created_queried_and_has_a_receipt() {
    let program = Program::new("transfer");
    let file = file(&program, "plfk1");
    let created = program.result(&["transfer", "create", &file]);
    assert_eq!(created["state"], "WAIT_USER_CONFIRM");
    assert_eq!(created["invoke"]["package"], created["package_info"]);
    assert_eq!(created["invoke"]["mchId"], program.sandbox.mchid());
    let app = created["invoke_app"].as_str().unwrap();
    assert!(app.starts_with("mchId=") && app.ends_with("%3D%3D"), "{app}");
    assert_eq!(program.sandbox.transfers()[0].user_name, "张三");
    // The same file is the same transfer.
    assert_eq!(program.result(&["transfer", "create", &file])["invoke"], created["invoke"]);
    assert_eq!(program.sandbox.transfers().len(), 1);

    program.sandbox.confirm_transfer("plfk1").unwrap();
    let found = program.result(&["transfer", "query", "plfk1"]);
    assert_eq!(found["state"], "SUCCESS");
    let id = found["transfer_bill_no"].as_str().unwrap();
    assert_eq!(program.result(&["transfer", "query", "--id", id])["out_bill_no"], "plfk1");

    let pdf = program.path("receipt.pdf");
    let waiting = program.result(&["transfer", "receipt", "plfk1", "-o", &pdf]);
    assert_eq!(waiting["state"], "GENERATING");
    program.sandbox.let_time_pass(60);
    let finished = program.result(&["transfer", "receipt", "plfk1", "-o", &pdf]);
    assert_eq!((&finished["state"], &finished["file"]), (&json!("FINISHED"), &json!(pdf)));
    let content = fs::read(&pdf).unwrap();
    assert_eq!(finished["bytes"], content.len());
    assert!(content.starts_with(b"%PDF"));
}

#[test]
fn transfer_is_cancelled() {
    let program = Program::new("transfer-cancel");
    program.result(&["transfer", "create", &file(&program, "plfk2")]);
    assert_eq!(program.result(&["transfer", "cancel", "plfk2"])["state"], "CANCELING");
    program.sandbox.let_time_pass(30);
    assert_eq!(program.result(&["transfer", "query", "plfk2"])["state"], "CANCELLED");
}

#[test]
fn transfer_with_unknown_outcome_is_to_be_sent_again() {
    let program = Program::new("transfer-unknown");
    let file = file(&program, "plfk3");
    program.sandbox.refuse_next(429, "FREQUENCY_LIMIT_EXCEED", "请求频率超限");
    let done = program.run(&["transfer", "create", &file]);
    assert_eq!(done.status, 3, "{}", done.err);
    assert!(done.err.contains("with the same number"), "{}", done.err);
}

/// A name that is to be encrypted must not hide what is wrong with the rest of the file.
#[test]
fn amount_given_twice_is_refused_also_beside_a_name() {
    let program = Program::new("transfer-twice");
    let once = body(&program, "plfk4").to_string();
    let twice =
        once.replace("\"transfer_amount\":", "\"transfer_amount\":100,\"transfer_amount\":");
    let done = program.run(&["transfer", "create", &program.write("twice.json", &twice)]);
    assert_eq!((done.status, done.out.as_str()), (1, ""), "{}", done.err);
    assert!(done.err.contains("/transfer_amount must occur only once"), "{}", done.err);
    let two_names = once.replace("\"user_name\":", "\"user_name\":\"李四\",\"user_name\":");
    let done = program.run(&["transfer", "create", &program.write("names.json", &two_names)]);
    assert!(done.err.contains("/user_name must occur only once"), "{}", done.err);
    assert!(program.sandbox.transfers().is_empty());

    // Editors on Windows write a byte order mark.
    let marked = program.write("marked.json", format!("\u{feff}{once}"));
    assert_eq!(program.result(&["transfer", "create", &marked])["state"], "WAIT_USER_CONFIRM");
}
