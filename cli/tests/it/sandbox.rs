//! The settings file, the commands to a running sandbox, and what scripts and Chinese readers get.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::Program;

/// The program with its settings in a file instead of the environment.
fn with_file(test: &str) -> (Program, String) {
    let mut program = Program::new(test);
    let lines = |(name, value): (&&str, &String)| format!("{name}={value}\n");
    let text: String = program.settings.iter().map(lines).collect();
    let file = program.write("settings.env", text);
    program.settings.clear();
    (program, file)
}

#[test]
fn settings_file_replaces_the_environment() {
    let (mut program, file) = with_file("settings-file");
    program.settings.insert("WECHATPAY_MCHID", "wrong".into());
    let order = program.order("file-1");
    let done = program.run(&["--settings", &file, "order", "native", &order]);
    assert_eq!((done.status, program.sandbox.received().len()), (0, 1), "{}", done.err);
    let done = program.run(&["query", "file-1", "--settings", &program.path("none")]);
    assert!(done.status == 2 && done.err.contains("none cannot be read"), "{}", done.err);
}

#[test]
fn wrong_merchant_number_is_found_before_the_network() {
    let mut program = Program::new("mchid");
    program.settings.insert("WECHATPAY_MCHID", "PUB_KEY_ID_01".into());
    let done = program.run(&["query", "order-1"]);
    assert_eq!((done.status, program.sandbox.received().len()), (2, 0), "{}", done.err);
    assert!(
        done.err.starts_with("error: WECHATPAY_MCHID: mchid must be the merchant number"),
        "{}",
        done.err
    );
}

#[test]
fn day_without_a_bill_ends_with_its_own_status() {
    let program = Program::new("no-bill");
    program.sandbox.refuse_next(400, "NO_STATEMENT_EXIST", "账单文件不存在");
    let out = program.path("bill.csv");
    let done = program.run(&["--json", "bill", "trade", "2026-01-01", "--out", &out]);
    assert_eq!(done.status, 4, "{}", done.err);
    let error: Value = serde_json::from_str(&done.err).unwrap();
    assert_eq!(
        [&error["code"], &error["outcome"], &error["retry"], &error["http_status"]],
        [&json!("NO_STATEMENT_EXIST"), &json!("Refused"), &json!("Never"), &json!(400)]
    );
}

#[test]
fn error_is_chinese_if_the_locale_is() {
    let mut program = Program::new("chinese");
    program.settings.insert("LC_ALL", "zh_CN.UTF-8".into());
    program.sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
    let done = program.run(&["order", "app", &program.order("chinese-1")]);
    let expected = "\n结果：微信支付拒绝了请求\n建议：改正错误指出的问题；在商户平台的产品中心开通对应的产品或权限\n";
    assert!(done.status == 1 && done.err.ends_with(expected), "{}", done.err);
    assert!(program.run(&["--help"]).out.contains("退出码："));
    assert!(program.run(&["--help", "--lang", "en"]).out.contains("Exit status:"));
}

#[test]
fn sandbox_commands_reach_the_running_sandbox() {
    let (program, file) = with_file("commands");
    let run = |arguments: &[&str]| program.result(&[&["--settings", &file], arguments].concat());
    run(&["order", "app", &program.order("order-1")]);
    run(&["sandbox", "fault", "Silence", "--on", "/v3/pay/transactions/id"]);
    let unknown = program.run(&["--settings", &file, "sandbox", "fault", "Nope"]);
    assert_eq!(unknown.status, 2, "{}", unknown.err);
    assert!(unknown.err.contains("`wechatpay sandbox faults` lists"), "{}", unknown.err);
    run(&["sandbox", "clear-faults"]);
    run(&["sandbox", "pay", "order-1"]);
    assert_eq!(run(&["query", "order-1"])["trade_state"], "SUCCESS");
    let log = run(&["sandbox", "log"]);
    let path = "/v3/pay/transactions/out-trade-no/order-1";
    assert!(log[0]["path"].as_str().unwrap().starts_with(path), "{log}");
    let done = program.run(&["--settings", &file, "sandbox", "pay", "order-2"]);
    assert!(done.status == 1 && done.err.starts_with("error: order-2: "), "{}", done.err);
}

#[test]
fn notification_is_sent_to_the_given_url() {
    let (program, file) = with_file("notify");
    let run = |arguments: &[&str]| program.result(&[&["--settings", &file], arguments].concat());
    run(&["order", "app", &program.order("order-1")]);
    run(&["sandbox", "pay", "order-1"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/wechatpay", listener.local_addr().unwrap());
    let request = std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            // The end of the body, as the sandbox writes it.
            while !received.ends_with(b"}") {
                let mut part = [0; 4096];
                let length = stream.read(&mut part).unwrap();
                received.extend_from_slice(&part[..length]);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
            String::from_utf8(received).unwrap()
        });
        let sent = run(&["sandbox", "notify", "order-1", "--to", &url]);
        assert_eq!(sent["status"], 204);
        server.join().unwrap()
    });
    for part in ["POST /wechatpay ", "wechatpay-signature: ", "TRANSACTION.SUCCESS"] {
        assert!(request.to_lowercase().contains(&part.to_lowercase()), "{part}: {request}");
    }
}

#[test]
fn followed_log_prints_a_line_for_each_request() {
    let (program, file) = with_file("follow");
    let mut child = Command::new(env!("CARGO_BIN_EXE_wechatpay"))
        .args(["--settings", &file, "sandbox", "log", "--follow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Only the first line shows that the program is watching.
    let line = std::thread::scope(|scope| {
        let reader = scope.spawn(move || lines.next().unwrap().unwrap());
        while !reader.is_finished() {
            program.run(&["--settings", &file, "query", "order-1"]);
        }
        reader.join().unwrap()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["method"], &line["status"]), (&json!("GET"), &json!(404)), "{line}");
}

#[test]
fn completions_and_man_page_are_printed() {
    let program = Program::new("completions");
    assert!(program.run(&["completions", "bash"]).out.contains("_wechatpay()"));
    assert!(program.run(&["man"]).out.contains(".TH wechatpay"));
}
