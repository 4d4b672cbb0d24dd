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

    // WeChat Pay accepts either.
    let path = "/v3/fund-app/mch-transfer/any";
    program.sandbox.script(Method::Post, path, Script::new(204, "").decrypt("/name"));
    for ciphertext in [&printed["ciphertext"], &again["ciphertext"]] {
        let body = program.write("body", json!({ "name": ciphertext }).to_string());
        program.result(&["call", "POST", path, &body]);
        assert_eq!(program.sandbox.scripted_requests().pop().unwrap().body, r#"{"name":"张三"}"#);
    }
    assert_eq!(program.run(&["encrypt", ""]).status, 1);
}

const FILE: &str = "/v3/billdownload/file";
const SHA1: &str = "6F9B9AF3CD6E8B8A73C2CDCED37FE9F59226E27D";
const SHA256: &str = "ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d";

#[test]
fn call_downloads_a_file_by_link_or_path() {
    let program = Program::new("call-download");
    program.sandbox.script(Method::Get, FILE, Script::file("message"));
    let link = format!("{}{FILE}?token=1", program.sandbox.base_url());
    let out = program.path("file.bin");
    for (options, hash_type, hash_value) in
        [(["--sha1", SHA1], "SHA1", SHA1), (["--sha256", SHA256], "SHA256", SHA256)]
    {
        for path in [FILE, &link] {
            let arguments = [&["call", "GET", path, "-o", &out], &options[..]].concat();
            let expected = json!({ "file": out, "bytes": 7, "hash_type": hash_type,
                "hash_value": hash_value.to_lowercase() });
            assert_eq!(program.result(&arguments), expected);
            assert_eq!(std::fs::read(&out).unwrap(), b"message");
            std::fs::remove_file(&out).unwrap();
        }
    }
    for (language, note) in [("en", "only TLS vouches for the bytes"), ("zh", "只有 TLS 保证")]
    {
        let done = program.run(&["call", "GET", &link, "--out", &out, "--lang", language]);
        assert_eq!(done.status, 0, "{}", done.err);
        assert!(done.err.contains(note) && !done.out.contains(note), "{}", done.err);
        let printed: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!((&printed["bytes"], &printed["hash_type"]), (&json!(7), &Value::Null));
    }
}

#[test]
fn call_that_downloads_no_file_leaves_none() {
    let program = Program::new("call-no-download");
    program.sandbox.script(Method::Get, FILE, Script::file("Message"));
    let out = program.path("file.bin");
    for (arguments, status, what) in [
        (&["call", "GET", FILE, "-o", &out, "--sha1", SHA1][..], 3, "does not have the hash"),
        (&["call", "GET", FILE, "-o", &out, "--sha1", SHA256], 1, "must be a SHA-1"),
        (&["call", "GET", FILE, "-o", &out, "--gzip"], 3, "not complete gzip"),
        (&["call", "GET", "/v3/certificates", "-o", &out], 1, "whose file is not signed"),
        (&["call", "GET", "https://x.example/y", "-o", &out], 1, "not on https://x.example"),
        (&["call", "GET", FILE, "-o", "-"], 2, "must name a file"),
        (&["call", "GET", FILE, "-o", "/no/such/folder/x"], 2, "cannot be written"),
        (&["call", "POST", FILE, "-o", &out], 2, "must be GET with --out"),
        (&["call", "GET", FILE, "--sha1", SHA1], 2, "--out"),
        (&["call", "GET", FILE, "-o", &out, "--sha1", SHA1, "--sha256", SHA256], 2, "together"),
    ] {
        let done = program.run(arguments);
        assert_eq!((done.status, &*done.out), (status, ""), "{arguments:?}: {}", done.err);
        assert!(done.err.contains(what), "{arguments:?}: {}", done.err);
        let is_left = std::fs::read_dir(&program.folder)
            .unwrap()
            .any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with("file.bin"));
        assert!(!is_left, "{arguments:?}");
    }
    let done = program.run(&["--json", "call", "GET", FILE, "-o", &out, "--sha1", SHA1]);
    let error: Value = serde_json::from_str(&done.err).unwrap();
    assert!(error["error"].to_string().contains("hash"), "{}", done.err);
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
