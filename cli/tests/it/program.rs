//! The command-line program `wechatpay`, as its users meet it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use wechatpay::bill::Date;
use wechatpay_sandbox::{KeyMode, Sandbox};

use crate::leaks::leaks;
use crate::sample_bodies::{
    COMBINED_ORDER, app_order, combined_h5_order, h5_order, jsapi_order, refund_body,
};
use crate::support::{noon, start};
use crate::v2_sample_bodies;

/// The program with its settings, files and sandbox.
struct Program {
    sandbox: Sandbox,
    folder: PathBuf,
    settings: BTreeMap<&'static str, String>,
}

/// What became of one run.
struct Done {
    status: i32,
    out: String,
    err: String,
}

impl Program {
    /// Set up for a sandbox, as a merchant would be for WeChat Pay.
    fn new(test: &str) -> Self {
        let sandbox = start();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("program").join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let mut program = Self { sandbox, folder, settings: BTreeMap::new() };
        let sandbox = &program.sandbox;
        let files = [
            ("WECHATPAY_PRIVATE_KEY_FILE", "apiclient_key.pem", sandbox.merchant_key_pem()),
            ("WECHATPAY_CERT_FILE", "apiclient_cert.pem", sandbox.merchant_certificate_pem()),
            ("WECHATPAY_PUBLIC_KEY_FILE", "pub_key.pem", sandbox.public_key_pem()),
            ("WECHATPAY_CA_FILE", "ca.pem", sandbox.ca_pem()),
        ]
        .map(|(name, file, text)| (name, program.write(file, text)));
        program.settings.extend(files);
        let sandbox = &program.sandbox;
        program.settings.extend([
            ("WECHATPAY_BASE_URL", sandbox.base_url().to_owned()),
            ("WECHATPAY_APPID", sandbox.appid().to_string()),
            ("WECHATPAY_MCHID", sandbox.mchid().to_owned()),
            ("WECHATPAY_SERIAL_NO", sandbox.serial_no().to_owned()),
            ("WECHATPAY_NOTIFY_URL", sandbox.notify_url().to_string()),
            ("WECHATPAY_PUBLIC_KEY_ID", sandbox.public_key_id().to_owned()),
            ("WECHATPAY_API_V3_KEY", sandbox.api_v3_key().to_owned()),
            ("WECHATPAY_V2_KEY", sandbox.v2().api_key().to_owned()),
        ]);
        program
    }

    /// A file in the folder of the test.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, b"")
    }

    fn run_with(&self, arguments: &[&str], input: &[u8]) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WECHATPAY_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(arguments)
            .envs(&self.settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It need not read what it was given.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let done = Done {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&done.out, &done.err] {
            assert!(!leaks(text) && !text.contains(self.sandbox.v2().api_key()), "{text}");
        }
        done
    }

    /// The answer of a run that must succeed.
    #[track_caller]
    fn answer(&self, arguments: &[&str]) -> Value {
        let done = self.run(arguments);
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{arguments:?}");
        serde_json::from_str(&done.out).unwrap()
    }

    /// A body of the documents, of the sandbox's merchant, under this number.
    fn body(&self, mut body: Value, number: &str) -> String {
        let appid = self.sandbox.appid().to_string();
        for (pointer, value) in [
            ("/appid", appid.as_str()),
            ("/mchid", self.sandbox.mchid()),
            ("/out_trade_no", number),
            ("/combine_appid", &appid),
            ("/combine_mchid", self.sandbox.mchid()),
            ("/combine_out_trade_no", number),
            ("/sub_orders/0/mchid", self.sandbox.mchid()),
            ("/sub_orders/1/mchid", "1900009191"),
            ("/sub_orders/0/out_trade_no", &format!("{number}-1")),
            ("/sub_orders/1/out_trade_no", &format!("{number}-2")),
        ] {
            if let Some(place) = body.pointer_mut(pointer) {
                *place = value.into();
            }
        }
        if let Some(place) = body.pointer_mut("/time_expire") {
            *place = "2031-06-08T10:34:56+08:00".into();
        }
        self.write(&format!("{number}.json"), body.to_string())
    }

    fn order(&self, number: &str) -> String {
        self.body(app_order(), number)
    }
}

fn combined_order() -> Value {
    serde_json::from_str(COMBINED_ORDER).unwrap()
}

#[test]
fn an_order_goes_all_the_way_from_its_file_to_its_refund() {
    let program = Program::new("all-the-way");
    let file = program.order("way-001");
    let placed = program.answer(&["order", "app", &file]);
    assert_eq!(placed["invoke"]["prepayid"], placed["prepay_id"]);
    assert_eq!(placed["invoke"]["partnerid"], program.sandbox.mchid());
    assert_eq!(program.answer(&["query", "way-001"])["trade_state"], "NOTPAY");

    program.sandbox.pay("way-001").unwrap();
    let paid = program.answer(&["query", "way-001"]);
    assert_eq!((&paid["trade_state"], &paid["amount"]["total"]), (&json!("SUCCESS"), &json!(100)));
    let id = paid["transaction_id"].as_str().unwrap();
    assert_eq!(program.answer(&["query", "--id", id]), paid);

    let mut refund = refund_body();
    refund["amount"] = json!({"refund": 60, "total": 100, "currency": "CNY"});
    refund["out_refund_no"] = json!("way-001-1");
    let fields = refund.as_object_mut().unwrap();
    fields.remove("funds_account");
    fields.remove("goods_detail");
    let file = program.body(refund, "way-001");
    assert_eq!(program.answer(&["refund", &file])["status"], "PROCESSING");
    program.sandbox.succeed_refund("way-001-1").unwrap();
    assert_eq!(program.answer(&["refund-query", "way-001-1"])["status"], "SUCCESS");

    program.answer(&["order", "app", &program.order("way-002")]);
    assert_eq!(program.answer(&["close", "way-002"]), json!({"out_trade_no": "way-002"}));
    assert_eq!(program.answer(&["query", "way-002"])["trade_state"], "CLOSED");
}

#[test]
fn every_kind_of_order_is_placed() {
    let program = Program::new("kinds");
    let placed = program.answer(&["order", "jsapi", &program.body(jsapi_order(), "kind-jsapi")]);
    let package = format!("prepay_id={}", placed["prepay_id"].as_str().unwrap());
    assert_eq!(placed["invoke"]["package"], package);
    let placed = program.answer(&["order", "h5", &program.body(h5_order(), "kind-h5")]);
    assert!(placed["h5_url"].as_str().unwrap().starts_with("https://"), "{placed}");
    let body = fs::read(program.order("kind-stdin")).unwrap();
    let done = program.run_with(&["order", "app", "-"], &body);
    assert_eq!((done.status, done.err.as_str()), (0, ""));
}

#[test]
fn a_native_order_draws_its_code_and_writes_it() {
    let program = Program::new("native");
    let (file, picture) = (program.order("native-1"), program.path("code.svg"));
    let done = program.run(&["order", "native", &file, "--qr", &picture]);
    assert_eq!(done.status, 0, "{}", done.err);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert!(answer["code_url"].as_str().unwrap().starts_with("weixin://"), "{answer}");
    assert!(done.err.lines().count() > 10 && done.err.contains('█'), "{}", done.err);
    assert!(fs::read_to_string(&picture).unwrap().contains("<svg"));

    let picture = program.path("code.PNG");
    let done = program.run(&["order", "native", &file, "--qr", &picture]);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_shows(&fs::read(&picture).unwrap(), answer["code_url"].as_str().unwrap());
    let picture = program.path("code.svg");

    let done = program.run(&["order", "native", &file, "--qr", &program.path("no/such/code.svg")]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(
        done.err.ends_with("\nadvice: name a file that can be read or written\n"),
        "{}",
        done.err
    );
    let done = program.run(&["order", "native", &file, "--qr", &program.path("code.jpg")]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(done.err.starts_with("error: the file of --qr must end in .svg or .png\n"));
    assert_eq!(program.sandbox.received().len(), 2, "nothing is ordered that cannot be shown");
    let done = program.run(&["order", "app", &file, "--qr", &picture]);
    assert_eq!(done.status, 2, "{}", done.err);
    let expected = "error: --qr is no option of this command, which is order app|jsapi|h5 FILE\n";
    assert!(done.err.starts_with(expected), "{}", done.err);
}

#[test]
fn an_order_that_is_refused_leaves_no_picture_and_no_piece_of_one() {
    let program = Program::new("no-picture");
    let (file, kept) = (program.order("picture-1"), program.write("kept.svg", "an earlier one"));
    for picture in [kept.clone(), program.path("new.svg")] {
        program.sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
        let done = program.run(&["order", "native", &file, "--qr", &picture]);
        assert_eq!(done.status, 1, "{}", done.err);
    }
    assert_eq!(fs::read_to_string(&kept).unwrap(), "an earlier one");
    for entry in fs::read_dir(&program.folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with("new.svg") && !name.ends_with(".part"), "{name}");
    }
}

#[test]
fn the_order_to_begin_with_can_be_placed() {
    let mut program = Program::new("begin");
    program.settings.clear();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/order.json");
    for kind in ["app", "native"] {
        let done = program.run(&["order", kind, file]);
        assert_eq!(done.status, 0, "{}", done.err);
    }
}

/// Reads a PNG of black and white and holds each module against the code of this text.
#[track_caller]
fn assert_shows(png: &[u8], text: &str) {
    let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (kind_and_data, after) = after.split_at(u32::from_be_bytes(*length) as usize + 4);
        let (sum, after) = after.split_first_chunk().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(kind_and_data);
        assert_eq!(crc.sum(), u32::from_be_bytes(*sum));
        chunks.push(kind_and_data.split_at(4));
        rest = after;
    }
    let [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")] = chunks[..] else {
        panic!("{} chunks", chunks.len());
    };
    let code = qrcode::QrCode::new(text).unwrap();
    let bytes = code.width() + 8;
    let pixels = u32::try_from(bytes * 8).unwrap().to_be_bytes();
    assert_eq!(header, [&pixels[..], &pixels, &[1, 0, 0, 0, 0]].concat());
    let mut lines = Vec::new();
    flate2::read::ZlibDecoder::new(data).read_to_end(&mut lines).unwrap();
    assert_eq!(lines.len(), bytes * 8 * (bytes + 1));
    for (y, line) in lines.chunks(bytes + 1).enumerate() {
        assert_eq!(line[0], 0);
        for (x, byte) in line[1..].iter().enumerate() {
            let within = (4..bytes - 4).contains(&x) && (32..bytes * 8 - 32).contains(&y);
            let is_dark = within && code[(x - 4, y / 8 - 4)] == qrcode::Color::Dark;
            assert_eq!(*byte, if is_dark { 0 } else { 0xFF }, "{x}, {y}");
        }
    }
}

#[test]
fn every_kind_of_combined_order_is_placed_asked_for_and_closed() {
    let program = Program::new("combined");
    let file = program.body(combined_order(), "whole-app");
    let placed = program.answer(&["combine", "app", &file]);
    assert_eq!(placed["invoke"]["prepayid"], placed["prepay_id"]);
    program.sandbox.pay_combined("whole-app").unwrap();
    let paid = program.answer(&["combine-query", "whole-app"]);
    assert_eq!(paid["sub_orders"][1]["trade_state"], "SUCCESS");

    let file = program.body(combined_order(), "whole-jsapi");
    let placed = program.answer(&["combine", "jsapi", &file]);
    assert!(placed["invoke"]["paySign"].is_string(), "{placed}");
    let mut order = combined_h5_order();
    order.as_object_mut().unwrap().remove("trade_scenario");
    let file = program.body(order, "whole-h5");
    assert!(program.answer(&["combine", "h5", &file])["h5_url"].is_string());
    let mut order = combined_order();
    order.as_object_mut().unwrap().remove("combine_payer_info");
    let file = program.body(order, "whole-native");
    let done = program.run(&["combine", "native", &file]);
    assert_eq!(done.status, 0, "{}", done.err);

    let done = program.run(&["combine-close", "whole-app", &file]);
    assert_eq!(done.status, 1, "the file is that of another order");
    let closed = program.answer(&["combine-close", "whole-native", &file]);
    assert_eq!(closed, json!({"combine_out_trade_no": "whole-native"}));
    let closed = program.answer(&["combine-query", "whole-native"]);
    assert_eq!(closed["sub_orders"][0]["trade_state"], "CLOSED");
}

#[test]
fn v2_takes_the_samples_of_its_documents() {
    let program = Program::new("v2");
    let (appid, mch_id) = (program.sandbox.appid().to_string(), program.sandbox.mchid().to_owned());
    let xml =
        v2_sample_bodies::ORDER.replace("wx2421b1c4370ec43b", &appid).replace("10000100", &mch_id);
    let file = program.write("order.xml", &xml);
    let placed = program.answer(&["v2", "unified", "--md5", &file]);
    assert_eq!(placed["invoke"]["signType"], "MD5");
    let asked = program.answer(&["v2", "query", "1415659990"]);
    assert_eq!((&asked["trade_state"], &asked["attach"]), (&json!("NOTPAY"), &json!("支付测试")));
    program.sandbox.v2().pay("1415659990", &[]).unwrap();
    let asked = program.answer(&["v2", "query", "1415659990"]);
    let id = asked["transaction_id"].as_str().unwrap();
    assert_eq!(program.answer(&["v2", "query", "--id", id])["trade_state"], "SUCCESS");

    let xml =
        xml.replace("1415659990", "1415659991").replace("<trade_type>JSAPI", "<trade_type>APP");
    let openid = "<openid>oUpF8uMuAJO_M2pxb1Q9zNjWeS6o</openid>";
    let file = program.write("app.xml", xml.replace(openid, ""));
    let placed = program.answer(&["v2", "unified", &file]);
    assert_eq!(placed["invoke"]["prepayid"], placed["prepay_id"]);
    program.sandbox.let_time_pass(600);
    let closed = program.answer(&["v2", "close", "1415659991"]);
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
    assert!(program.answer(&["v2", "unified", &file])["mweb_url"].is_string());

    let xml = v2_sample_bodies::COMBINED_ORDER
        .replace("wxdace645e0bc2c424", &appid)
        .replace("1900009001", &mch_id)
        .replace("<time_start>20171225091010</time_start>", "")
        .replace("<time_expire>20171225091510</time_expire>", "")
        .replace("\"sub_appid\":\"wx888888888888\",\"sub_mch_id\": \"88888888888\",", "")
        .replace("\"USD\"", "\"CNY\"");
    let file = program.write("combined.xml", xml);
    let placed = program.answer(&["v2", "combined", &file]);
    assert_eq!(placed["invoke"]["signType"], "HMAC-SHA256");
    assert_eq!(program.run(&["v2", "combined", &file, "--md5"]).status, 1);
    let picture = program.path("code.svg");
    let done = program.run(&["v2", "combined", &file, "--qr", &picture]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(done.err.starts_with("error: --qr is for an order whose trade_type is NATIVE\n"));
    assert!(!Path::new(&picture).exists());
}

#[test]
fn bills_are_fetched_into_a_file() {
    let program = Program::new("bills");
    let day = Date::of(noon(&program.sandbox)).to_string();
    let file = program.body(
        {
            let mut order = app_order();
            order["detail"] = json!({});
            order
        },
        "bill-001",
    );
    program.answer(&["order", "app", &file]);
    program.sandbox.pay("bill-001").unwrap();
    program.sandbox.let_time_pass(22 * 3600);
    let mut files = Vec::new();
    for (name, arguments) in [
        ("all", &["bill", "trade", &day][..]),
        ("packed", &["bill", "trade", &day, "--gzip"]),
        ("paid", &["bill", "trade", &day, "--type", "SUCCESS"]),
        ("flow", &["bill", "fund-flow", &day, "--type", "BASIC", "--gzip"]),
    ] {
        let out = program.path(name);
        let fetched = program.answer(&[arguments, &["-o", &out]].concat());
        let text = fs::read_to_string(&out).unwrap();
        assert_eq!(fetched["bytes"], text.len());
        assert!(text.contains("bill-001") || name == "flow", "{text}");
        files.push(text);
    }
    assert_eq!(files[0], files[1]);
    let done = program.run(&["bill", "trade", "2018-02-30", "-o", &program.path("never")]);
    assert_eq!(done.status, 1);
    assert!(
        done.err.starts_with("error: bill_date must be a day as in 2018-06-08\n"),
        "{}",
        done.err
    );
    let count = program.sandbox.received().len();
    let (folder, nowhere) = (program.path("folder"), program.path("no/such/bill.csv"));
    fs::create_dir(&folder).unwrap();
    for (out, expected) in [
        (&[][..], "-o FILE is missing: where the bill goes"),
        (&["-o", "-"], "-o takes the name of a file, since the answer goes to the standard output"),
        (&["-o", &folder], &format!("{folder} cannot be written: it is there, and no file")),
        (&["-o", &nowhere], &format!("{nowhere} cannot be written: No such file")),
    ] {
        let done = program.run(&[&["bill", "trade", &day], out].concat());
        assert_eq!(done.status, 2, "{}", done.err);
        assert!(done.err.starts_with(&format!("error: {expected}")), "{}", done.err);
    }
    assert_eq!(program.sandbox.received().len(), count, "nothing is asked that cannot be kept");
}

#[test]
fn certificates_are_listed() {
    let program = Program::new("certificates");
    let listed = program.answer(&["certificates"]);
    let certificate = &listed["data"][0];
    assert_eq!(certificate["serial_no"], program.sandbox.platform_certificate_serial_no());
    assert_eq!(certificate["certificate"], program.sandbox.platform_certificate_pem());
    assert!(certificate["expire_time"].as_str().unwrap().ends_with("+08:00"));
}

#[test]
fn a_notification_is_opened_and_a_changed_one_is_refused() {
    let program = Program::new("notification");
    program.answer(&["order", "app", &program.order("notification-1")]);
    program.sandbox.pay("notification-1").unwrap();
    let notification = program.sandbox.take_notifications().remove(0);
    let headers: serde_json::Map<_, _> = notification
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap().into()))
        .collect();
    let headers = program.write("headers.json", Value::Object(headers).to_string());
    let body = program.write("body", &notification.body);
    let event = program.answer(&["notification", &headers, &body]);
    assert_eq!(event["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(event["resource"]["out_trade_no"], "notification-1");
    assert_eq!(event["resource"]["amount"]["total"], 100);

    let changed = program.write("changed", [&notification.body[..], b" "].concat());
    let done = program.run(&["notification", &headers, &changed]);
    assert_eq!((done.status, done.out.as_str()), (1, ""));
    assert!(done.err.contains("give the bytes of the body as received"), "{}", done.err);
    let expected =
        "\noutcome: the notification was not opened\nadvice: ship nothing; query the order\n";
    assert!(done.err.ends_with(expected), "{}", done.err);
    let done = program.run(&["notification", &body, &body]);
    assert_eq!(done.status, 1);
    let expected = "body must be a JSON object of names and texts, as in {\"Wechatpay-Nonce\": ";
    assert!(done.err.contains(expected), "{}", done.err);
    let done = program.run(&["notification", "-", "-"]);
    assert_eq!(done.status, 2);
    assert!(done.err.contains("only one of HEADERS.json and BODY"), "{}", done.err);
}

#[test]
fn a_notification_that_was_kept_is_opened_by_the_time_when_it_came() {
    let program = Program::new("kept-notification");
    program.answer(&["order", "app", &program.order("kept-1")]);
    program.sandbox.pay("kept-1").unwrap();
    program.sandbox.shift_clock(-3600);
    let notification = program.sandbox.take_notifications().remove(0);
    let headers: BTreeMap<_, _> = notification
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap()))
        .collect();
    let seconds = &headers["Wechatpay-Timestamp"];
    let time = wechatpay::Time::from_unix_seconds(seconds.parse().unwrap()).unwrap().to_string();
    let files = [
        program.write("headers.json", json!(headers).to_string()),
        program.write("body", &notification.body),
    ];
    let notification = ["notification", &files[0], &files[1]];
    let done = program.run(&notification);
    assert_eq!(done.status, 1, "{}", done.err);
    assert!(done.err.ends_with("\nadvice: if it was kept, say when it came: --received TIME\n"));
    for time in [seconds, &time] {
        let event = program.answer(&[&notification[..], &["--received", time]].concat());
        assert_eq!(event["resource"]["out_trade_no"], "kept-1");
    }
    let done = program.run(&[&notification[..], &["--received", "yesterday"]].concat());
    assert_eq!(done.status, 2);
    assert!(done.err.starts_with("error: --received: time must be RFC 3339"), "{}", done.err);
}

#[test]
fn a_request_is_signed_line_by_line_as_the_sandbox_wants_it() {
    let program = Program::new("sign");
    let body = program.write("signed", "{\"a\":\n1}");
    let signed = program.answer(&["sign", "POST", "/v3/x?y=1", &body]);
    let lines: Vec<_> =
        signed["message"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!((lines[0], lines[1], lines[4]), ("POST\n", "/v3/x?y=1\n", "{\"a\":\n1}\n"));
    let authorization = signed["Authorization"].as_str().unwrap();
    for part in [
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1900007291\"".to_owned(),
        format!("timestamp=\"{}\"", lines[2].trim_end()),
        format!("nonce_str=\"{}\"", lines[3].trim_end()),
        format!("serial_no=\"{}\"", program.sandbox.serial_no()),
    ] {
        assert!(authorization.contains(&part), "{authorization} {part}");
    }
    let signer = program.sandbox.signer();
    let signature = wechatpay::Signer::sign(signer, lines.concat().as_bytes()).unwrap().bytes;
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature);
    assert!(authorization.contains(&format!("signature=\"{signature}\"")), "{authorization}");

    let signed = program.answer(&["sign", "GET", "/v3/certificates"]);
    assert_eq!(signed["message"][4], "\n", "a request without a body");
    let file = program.write("file", "{}\n");
    let done = program.run(&["sign", "POST", "/v3/x", &file]);
    assert_eq!(done.status, 0);
    let expected =
        "note: the body ends in a line feed, which is signed, and so must be sent as well\n";
    assert_eq!(done.err, expected);
    let bytes = program.write("bytes", b"\xff");
    for (method, path, body, status) in [
        ("GET", "v3/x", &body, 2),
        ("GET", "/v3/x#part", &body, 2),
        ("GET", "/v3/中", &body, 2),
        ("get", "/v3/x", &body, 2),
        ("GET ", "/v3/x", &body, 2),
        ("POST", "/v3/x", &bytes, 1),
    ] {
        assert_eq!(program.run(&["sign", method, path, body]).status, status, "{method} {path}");
    }
}

#[test]
fn without_settings_it_speaks_to_a_sandbox_of_its_own() {
    let mut program = Program::new("alone");
    program.settings.clear();
    let file = program.order("alone-1");
    let done = program.run(&["order", "app", &file]);
    assert_eq!(done.status, 0, "{}", done.err);
    let note = "note: nothing is set, so this goes to a sandbox at https://127.0.0.1:";
    assert!(done.err.starts_with(note), "{}", done.err);
    assert_eq!(program.sandbox.received().len(), 0);
    // A setting that is misspelt is no reason to go there.
    program.settings.insert("WECHATPAY_MCH_ID", "1900007291".into());
    let done = program.run(&["order", "app", &file]);
    assert_eq!(done.status, 2);
    let expected = "error: WECHATPAY_MCHID is not set: the merchant number (商户号); \
                    WECHATPAY_MCH_ID is set, and no setting\n";
    assert!(done.err.starts_with(expected), "{}", done.err);
}

/// As a file of settings has them that was edited on Windows.
#[test]
fn a_line_end_after_a_setting_is_no_part_of_it() {
    let mut program = Program::new("line-ends");
    for value in program.settings.values_mut() {
        value.push('\r');
    }
    program.answer(&["doctor"]);
}

#[test]
fn the_exit_status_says_what_may_have_happened() {
    let program = Program::new("status");
    let file = program.order("status-1");
    let run = |arguments: &[&str]| {
        let done = program.run(arguments);
        (done.status, done.err)
    };

    let mut wrong = app_order();
    wrong["amount"]["total"] = json!("100");
    wrong["descriptoin"] = json!("SECRET");
    let wrong = program.body(wrong, "status-2");
    let expected = "error: /amount/total must be whole fen: a number without quotes, sign or \
                    decimals; /descriptoin is not a field of this request\n\
                    outcome: nothing reached WeChat Pay\n\
                    advice: correct what the error names; the same again ends the same\n";
    assert_eq!(run(&["order", "app", &wrong]), (1, expected.to_owned()));

    program.sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
    let (status, err) = run(&["order", "app", &file]);
    assert_eq!(status, 1);
    assert!(err.starts_with("error: WeChat Pay answered HTTP 403 NO_AUTH: 商户无权限"), "{err}");
    assert!(err.contains("\noutcome: WeChat Pay refused it\nadvice: correct"), "{err}");

    program.sandbox.refuse_next(500, "SYSTEM_ERROR", "系统错误");
    let (status, err) = run(&["order", "app", &file]);
    assert_eq!(status, 3);
    let expected = "\noutcome: unknown: it may have been done\nadvice: do the identical call again \
                    after a pause, with the same number\n";
    assert!(err.ends_with(expected), "{err}");

    program.sandbox.tamper_next(|answer| answer.body.push(b' '));
    let (status, err) = run(&["order", "app", &file]);
    assert_eq!(status, 3);
    assert!(err.contains("cannot be believed"), "{err}");
    assert!(err.ends_with("\nadvice: query by the same number first\n"), "{err}");

    for (arguments, expected) in [
        (&["frob"][..], "there is no such command"),
        (&["order", "app"], "this command takes other arguments: order app|jsapi|h5 FILE\n"),
        (
            &["combine"],
            "this command takes other arguments: combine app|jsapi|h5 FILE, or combine native FILE \
             [--qr FILE.svg|FILE.png]\n",
        ),
        (&["doctor", "more"], "this command takes other arguments: doctor\n"),
        (&["v2", "close"], "this command takes other arguments: v2 close OUT_TRADE_NO [--md5]\n"),
        (&["order", "wap", &file], "the kind of an order must be app, jsapi, native or h5"),
        (&["order", "app", &file, "--gzip"], "--gzip is no option of this command"),
        (&["order", "app", &file, "--frob"], "invalid option '--frob'"),
        (&["query"], "a query takes one number: OUT_TRADE_NO, or --id TRANSACTION_ID"),
    ] {
        let (status, err) = run(arguments);
        assert_eq!(status, 2, "{err}");
        assert!(err.starts_with(&format!("error: {expected}")), "{err}");
        assert!(err.ends_with("\nadvice: see wechatpay --help\n"), "{err}");
    }
    let (status, err) = run(&["order", "app", "no/such/file"]);
    assert_eq!(status, 2);
    assert!(err.starts_with("error: no/such/file cannot be read: No such file"), "{err}");
    assert!(err.ends_with("\nadvice: name a file that can be read or written\n"), "{err}");
    for help in [&["--help"][..], &[], &["help"], &["help", "order"], &["order", "-h"]] {
        let done = program.run(help);
        assert!(done.status == 0 && done.out.contains("wechatpay doctor"), "{}", done.err);
    }
    let version = concat!("wechatpay-blocking ", env!("CARGO_PKG_VERSION"), "\n");
    for words in [&["--version"][..], &["-V"]] {
        assert_eq!(program.run(words).out, version);
    }
}

/// "It may have been done" is no word for a question.
#[test]
fn a_question_that_failed_changed_nothing() {
    let program = Program::new("question");
    program.answer(&["order", "app", &program.order("question-1")]);
    program.sandbox.tamper_next(|answer| answer.body.push(b' '));
    let done = program.run(&["query", "question-1"]);
    assert_eq!(done.status, 3);
    let expected = "\noutcome: nothing changed at WeChat Pay, and nothing is known\n\
                    advice: do what the error says, and ask again\n";
    assert!(done.err.ends_with(expected), "{}", done.err);
    program.sandbox.refuse_next(500, "SYSTEM_ERROR", "系统错误");
    let done = program.run(&["query", "question-1"]);
    assert_eq!(done.status, 3);
    assert!(done.err.ends_with("\nadvice: ask again after a pause\n"), "{}", done.err);
}

/// Of an order it is done, and of a question it does no harm.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_told() {
    let program = Program::new("full");
    let file = program.order("full-1");
    for (arguments, status, outcome) in [
        (&["order", "app", &file][..], 3, "WeChat Pay did what was asked"),
        (&["query", "full-1"], 1, "nothing changed at WeChat Pay"),
        (&["doctor"], 1, "nothing changed at WeChat Pay"),
        (&["--help"], 1, "nothing changed at WeChat Pay"),
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_wechatpay"))
            .args(arguments)
            .envs(&program.settings)
            .stdout(full)
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{err}");
        assert!(err.starts_with("error: the answer cannot be written: No space left"), "{err}");
        assert!(err.contains(&format!("\noutcome: {outcome}\n")), "{err}");
    }
}

#[test]
fn settings_that_are_wrong_are_named() {
    for (name, value, expected) in [
        ("WECHATPAY_CERT_FILE", "no/such", "WECHATPAY_CERT_FILE: no/such cannot be read: "),
        ("WECHATPAY_MCHID", "", "WECHATPAY_MCHID is not set: the merchant number (商户号)\n"),
        ("WECHATPAY_MCHID", "19 0", "WECHATPAY_MCHID: mchid must be the merchant number"),
        ("WECHATPAY_PUBLIC_KEY_ID", "01", "WECHATPAY_PUBLIC_KEY_ID: public_key_id must be"),
        (
            "WECHATPAY_PRIVATE_KEY_FILE",
            "no/such",
            "WECHATPAY_PRIVATE_KEY_FILE: no/such cannot be read: ",
        ),
        ("WECHATPAY_BASE_URL", "http://x", "WECHATPAY_BASE_URL: base_url must start with https://"),
        (
            "WECHATPAY_API_V3_KEY",
            "short",
            "WECHATPAY_API_V3_KEY: api_v3_key must be the 32 characters",
        ),
    ] {
        let mut program = Program::new("settings");
        program.settings.remove("WECHATPAY_SERIAL_NO");
        program.settings.insert(name, value.into());
        let done = program.run(&["certificates"]);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{}", done.err);
        assert!(done.err.starts_with(&format!("error: {expected}")), "{}", done.err);
        assert!(done.err.ends_with("\nadvice: see wechatpay doctor\n"), "{}", done.err);
    }
}

#[test]
fn the_doctor_finds_nothing_where_nothing_is_wrong() {
    let program = Program::new("healthy");
    let done = program.run(&["doctor"]);
    assert_eq!((done.status, done.err.as_str()), (0, ""), "{}", done.out);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    let states: Vec<_> = report.as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert!(!states.contains(&&json!("wrong")), "{report}");
    assert_eq!(program.sandbox.received().len(), 1, "one harmless question");
    assert_eq!(program.sandbox.received()[0].method, "GET");
}

/// The header is unsigned, so anyone on the path can write it.
#[test]
fn doctor_hostile_date_header_leaves_clock_unchecked() {
    for date in ["(".repeat(30_000), "Sun, 06 Nov 1994".into(), String::new()] {
        let program = Program::new("doctor-date");
        program.sandbox.tamper_next(move |answer| answer.set_header("Date", &date));
        let done = program.run(&["doctor"]);
        assert_eq!((done.status, done.err.as_str()), (0, ""));
        let report: Value = serde_json::from_str(&done.out).unwrap();
        let clock = report.as_array().unwrap().iter().find(|it| it["check"] == "clock");
        assert_eq!(clock.unwrap()["state"], "not checked", "{report}");
    }
}

/// The certificate holds it, so that a merchant needs not look for it.
#[test]
fn a_certificate_file_serves_in_place_of_the_serial_number() {
    let mut program = Program::new("certificate-alone");
    program.settings.remove("WECHATPAY_SERIAL_NO");
    for arguments in [&["doctor"][..], &["certificates"]] {
        let done = program.run(arguments);
        assert_eq!((done.status, done.err.as_str()), (0, ""), "{arguments:?}");
    }
    program.settings.remove("WECHATPAY_CERT_FILE");
    let done = program.run(&["certificates"]);
    assert_eq!(done.status, 2);
    let words = "WECHATPAY_SERIAL_NO is not set: the serial number of the merchant's API \
                 certificate, or set WECHATPAY_CERT_FILE\n";
    assert!(done.err.contains(words), "{}", done.err);
}

/// Without a host, orders go to WeChat Pay; but not because its setting is misspelt.
#[test]
fn a_misspelt_host_is_not_taken_for_none() {
    let mut program = Program::new("misspelt-host");
    let host = program.settings.remove("WECHATPAY_BASE_URL").unwrap();
    program.settings.insert("WECHATPAY_BASEURL", host);
    let done = program.run(&["certificates"]);
    assert_eq!(done.status, 2);
    assert!(done.err.contains("; WECHATPAY_BASEURL is set, and no setting\n"), "{}", done.err);
    assert!(program.sandbox.received().is_empty());
}

#[test]
fn the_doctor_says_in_plain_words_what_is_wrong() {
    type Illness = fn(&mut Program);
    let table: [(&str, Illness, &str); 20] = [
        (
            "key-of-another",
            |program| {
                let other = include_str!("../../../tests/data/keys/rsa3072.pem");
                program.write("apiclient_key.pem", other);
            },
            "wrong: merchant's certificate: WECHATPAY_PRIVATE_KEY_FILE: private_key is not the key of the certificate; take both from one \
             certificate request\n",
        ),
        (
            "key-of-another-without-certificate",
            |program| {
                let other = include_str!("../../../tests/data/keys/rsa2048.pem");
                program.write("apiclient_key.pem", other);
                program.settings.remove("WECHATPAY_CERT_FILE");
            },
            "look whether WECHATPAY_SERIAL_NO is the certificate of WECHATPAY_PRIVATE_KEY_FILE, \
             and both are of WECHATPAY_MCHID\n",
        ),
        (
            "serial",
            |program| {
                program.settings.insert("WECHATPAY_SERIAL_NO", "AB12".into());
            },
            "wrong: merchant's certificate: WECHATPAY_SERIAL_NO is not that of the certificate, \
             which is ",
        ),
        (
            "clock-behind",
            |program| program.sandbox.shift_clock(400),
            " seconds behind WeChat Pay's, and five minutes are allowed; set it\n",
        ),
        (
            "clock-behind-without-date",
            |program| {
                program.sandbox.shift_clock(400);
                program.sandbox.tamper_next(|answer| answer.remove_header("Date"));
            },
            "wrong: clock: WeChat Pay takes the time of the request for wrong; set this machine's \
             clock\n",
        ),
        (
            "clock-ahead-by-date",
            |program| {
                let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(3600));
                program.sandbox.tamper_next(move |answer| answer.set_header("Date", date));
            },
            " seconds ahead of WeChat Pay's, and five minutes are allowed; set it\n",
        ),
        (
            "answers-from-the-past",
            |program| program.sandbox.shift_answers(-400),
            " seconds ahead of WeChat Pay's, and five minutes are allowed; set it\n",
        ),
        (
            "public-key-id",
            |program| {
                let id = "PUB_KEY_ID_0119000072912025010100000000000009";
                program.settings.insert("WECHATPAY_PUBLIC_KEY_ID", id.into());
            },
            "; set WECHATPAY_PLATFORM_CERT_FILE to it, or WECHATPAY_PUBLIC_KEY_ID to the very id \
             that the merchant platform shows\n",
        ),
        (
            "public-key-id-beside-a-certificate",
            |program| {
                let id = "PUB_KEY_ID_0119000072912025010100000000000009";
                program.settings.insert("WECHATPAY_PUBLIC_KEY_ID", id.into());
                let certificate = program.sandbox.platform_certificate_pem().to_owned();
                let file = program.write("platform.pem", certificate);
                program.settings.insert("WECHATPAY_PLATFORM_CERT_FILE", file);
            },
            "look whether WECHATPAY_PUBLIC_KEY_ID is the one that the merchant platform shows\n",
        ),
        (
            "certificate-of-the-merchant",
            |program| {
                let file = program.settings["WECHATPAY_CERT_FILE"].clone();
                program.settings.insert("WECHATPAY_PLATFORM_CERT_FILE", file);
            },
            "wrong: WeChat Pay's keys: WECHATPAY_PLATFORM_CERT_FILE is the merchant's; set it to \
             WeChat Pay's, wechatpay_….pem\n",
        ),
        (
            "no-merchant",
            |program| {
                program.settings.remove("WECHATPAY_MCHID");
                program.settings.insert("WECHATPAY_MCHI", "1900007291".into());
            },
            "wrong: merchant and private key: WECHATPAY_MCHID is not set: the merchant number \
             (商户号); WECHATPAY_MCHI is set, and no setting\n",
        ),
        (
            "no-such-host",
            |program| {
                program.settings.insert("WECHATPAY_BASE_URL", "https://shop.invalid".into());
            },
            "wrong: host: https://shop.invalid cannot be asked: ",
        ),
        (
            "authority-that-is-none",
            |program| {
                program.write("ca.pem", "");
            },
            "wrong: host: WECHATPAY_CA_FILE: root_certificates holds no certificate (BEGIN \
             CERTIFICATE)\n",
        ),
        (
            "public-key",
            |program| {
                program
                    .write("pub_key.pem", include_str!("../../../tests/data/keys/rsa2048.pub.pem"));
            },
            "look whether WECHATPAY_PUBLIC_KEY_FILE is the key of WECHATPAY_PUBLIC_KEY_ID\n",
        ),
        (
            "api-v3-key",
            |program| {
                program.settings.insert("WECHATPAY_API_V3_KEY", "31".repeat(15) + "1");
            },
            "wrong: APIv3 key: WECHATPAY_API_V3_KEY: api_v3_key must be the 32 characters set on \
             the merchant platform, and is 31 bytes",
        ),
        (
            "host",
            |program| {
                // A port where nobody listens any more.
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                program.settings.insert("WECHATPAY_BASE_URL", format!("https://{address}"));
            },
            " cannot be asked: no connection: refused; look at WECHATPAY_BASE_URL, where nobody \
             listens, and for a firewall\n",
        ),
        (
            "authority",
            |program| {
                let other = Sandbox::start().unwrap();
                program.write("ca.pem", other.ca_pem());
            },
            "the host's certificate is not trusted (BadSignature); set WECHATPAY_CA_FILE to the \
             authority of a host of your own, or leave it out for WeChat Pay's; a proxy that opens \
             TLS looks like this too\n",
        ),
        (
            "base-url",
            |program| {
                program.settings.insert("WECHATPAY_BASE_URL", "http://shop.example".into());
            },
            "wrong: host: WECHATPAY_BASE_URL: base_url must start with https://; http:// is \
             for loopback addresses only\n",
        ),
        (
            "file",
            |program| fs::remove_file(program.path("pub_key.pem")).unwrap(),
            "wrong: WeChat Pay's keys: WECHATPAY_PUBLIC_KEY_FILE: ",
        ),
        (
            "mode",
            |program| {
                program.sandbox.set_key_mode(KeyMode::Certificate);
            },
            "wrong: WeChat Pay's keys: WeChat Pay signs with the platform certificate ",
        ),
    ];
    for (name, illness, expected) in table {
        let mut program = Program::new(&format!("doctor-{name}"));
        illness(&mut program);
        let done = program.run(&["doctor"]);
        assert_eq!(done.status, 1, "{name}: {}", done.out);
        assert!(done.err.contains(expected), "{name}: {}", done.err);
        assert_eq!(done.err.matches("wrong: ").count(), 1, "{name}: {}", done.err);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        let wrong = report.as_array().unwrap().iter().filter(|it| it["state"] == "wrong");
        assert_eq!(wrong.count(), 1, "{name}: {report}");
    }
}
