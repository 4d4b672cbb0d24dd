//! Any interface, and encrypted fields.

use serde_json::{Value, json};
use wechatpay::Method;
use wechatpay_sandbox::Script;

use crate::program::Program;

const PATH: &str = "/v3/merchant-service/complaint-notifications";

#[test]
fn call_prints_status_and_body() {
    let program = Program::new("call");
    let url = json!({ "mchid": "1900012181", "url": "https://shop.example" });
    program.sandbox.script(Method::Put, PATH, Script::new(200, url.to_string()));
    program.sandbox.script(Method::Get, PATH, Script::new(200, url.to_string()));
    program.sandbox.script(Method::Delete, PATH, Script::new(204, ""));
    let body = program.write("body", "\u{feff}{\"url\": \"https://shop.example\"}");
    let expected = json!({ "status": 200, "body": url });
    assert_eq!(program.result(&["call", "PUT", PATH, &body]), expected);
    assert_eq!(program.result(&["call", "GET", PATH]), expected);
    assert_eq!(program.result(&["call", "DELETE", PATH]), json!({ "status": 204, "body": null }));
    let bodies: Vec<_> =
        program.sandbox.scripted_requests().into_iter().map(|it| it.body).collect();
    assert_eq!(bodies, ["{\"url\": \"https://shop.example\"}", "", ""]);

    let input = program.run_with(&["call", "PUT", PATH, "-"], b"{}");
    assert_eq!((input.status, input.err.as_str()), (0, ""));
    program.sandbox.refuse_next(500, "SYSTEM_ERROR", "系统异常");
    assert_eq!(program.run(&["call", "PUT", PATH, &body]).status, 3);
    for (arguments, status) in [
        (&["call", "get", PATH][..], 2),
        (&["call", "GET", "https://api.mch.weixin.qq.com/v3/x"], 2),
        (&["call", "GET", "/v3/x y"], 2),
        (&["call", "GET", PATH, &body], 1),
        (&["call", "POST", "/v3/no/such/interface"], 1),
    ] {
        assert_eq!(program.run(arguments).status, status, "{arguments:?}");
    }
}

#[test]
fn call_encrypts_what_is_named_and_decrypt_reads_the_response() {
    let program = Program::new("call-encrypted");
    let path = "/v3/fund-app/mch-transfer/any";
    let script = Script::new(200, r#"{"user_name":"李四"}"#)
        .decrypt("/user_name")
        .decrypt("/receivers/0/name")
        .encrypt("/user_name");
    program.sandbox.script(Method::Post, path, script);
    let plain = json!({ "user_name": "张三", "receivers": [{ "name": "王五" }] });
    let body = program.write("body", plain.to_string());
    let arguments =
        ["call", "POST", path, &body, "--encrypt", "/user_name", "--encrypt", "/receivers/0/name"];
    let response = program.result(&arguments);
    let received: Value =
        serde_json::from_str(&program.sandbox.scripted_requests()[0].body).unwrap();
    assert_eq!(received, plain);
    let ciphertext = response["body"]["user_name"].as_str().unwrap();
    assert_eq!(program.result(&["decrypt", ciphertext]), json!({ "text": "李四" }));
    let input = program.run_with(&["decrypt", "-"], format!("{ciphertext}\n").as_bytes());
    assert_eq!(serde_json::from_str::<Value>(&input.out).unwrap(), json!({ "text": "李四" }));
    assert_eq!(program.run(&["decrypt", "MTIzNA=="]).status, 1);

    let missing = program.run(&["call", "POST", path, &body, "--encrypt", "/name"]);
    assert_eq!(missing.status, 1);
    assert!(missing.err.contains("/name is missing"), "{}", missing.err);
}

#[test]
fn encrypt_prints_the_ciphertext_and_its_key() {
    let program = Program::new("encrypt");
    let printed = program.result(&["encrypt", "张三"]);
    assert_eq!(printed["serial"], program.sandbox.public_key_id());
    let input = program.run_with(&["encrypt", "-"], "张三\r\n".as_bytes());
    let again: Value = serde_json::from_str(&input.out).unwrap();
    assert_ne!(again["ciphertext"], printed["ciphertext"]);

    // Either is what WeChat Pay takes.
    let path = "/v3/fund-app/mch-transfer/any";
    program.sandbox.script(Method::Post, path, Script::new(204, "").decrypt("/name"));
    for ciphertext in [&printed["ciphertext"], &again["ciphertext"]] {
        let body = program.write("body", json!({ "name": ciphertext }).to_string());
        program.result(&["call", "POST", path, &body]);
        assert_eq!(program.sandbox.scripted_requests().pop().unwrap().body, r#"{"name":"张三"}"#);
    }
    assert_eq!(program.run(&["encrypt", ""]).status, 1);
}

#[test]
fn call_uploads_a_file() {
    let program = Program::new("call-upload");
    let image = program.write("complaint.png", "not really an image");
    let path = "/v3/merchant-service/images/upload";
    let result = program.result(&["call", "POST", path, "--upload", &image]);
    assert_eq!(result["status"], 200);
    assert!(result["body"]["media_id"].is_string());
    assert_eq!(program.run(&["call", "PUT", path, "--upload", &image]).status, 2);
}
