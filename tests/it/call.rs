//! Any interface, through the same pipeline: every method with and without a body, over real TLS.

use serde_json::{Value, json};
use wechatpay::call::{self, Call, Path};
use wechatpay::{Error, ErrorKind, Method, Outcome, Retry, Signer, Untrusted};
use wechatpay_sandbox::{Received, Sandbox, Script};

use crate::support::{api, start};

const PATH: &str = "/v3/marketing/busifavor/stocks/{stock_id}";

const METHODS: [Method; 5] =
    [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];

fn path() -> Path {
    Path::new(PATH).variable("stock_id", "98065001").unwrap().query("a", "+/= 支付{\"b\":1}")
}

/// A sandbox that knows the interface by every method.
fn scripted(script: &Script) -> Sandbox {
    let sandbox = start();
    for method in METHODS {
        sandbox.script(method, PATH, script.clone());
    }
    sandbox
}

fn send(sandbox: &Sandbox, method: Method, body: Option<&Value>) -> Result<call::Verified, Error> {
    let call = Call::new(method, path()).unwrap();
    let call = match body {
        Some(body) => call.json(body).unwrap(),
        None => call,
    };
    call.send(sandbox.signer(), sandbox.gateway())
}

fn last(sandbox: &Sandbox) -> Received {
    sandbox.received().pop().unwrap()
}

/// The sandbox verifies the signature over the request line and the body as they arrived.
#[test]
fn every_method_sends_a_body_or_none() {
    let sandbox = scripted(&Script::new(200, r#"{"stock_id":"98065001"}"#));
    let body = json!({ "name": "张三" });
    for (method, body, length) in [
        (Method::Get, None, None),
        (Method::Post, Some(&body), Some("17")),
        (Method::Post, None, Some("0")),
        (Method::Put, Some(&body), Some("17")),
        (Method::Put, None, Some("0")),
        (Method::Patch, Some(&body), Some("17")),
        (Method::Patch, None, Some("0")),
        (Method::Delete, Some(&body), Some("17")),
        (Method::Delete, None, None),
    ] {
        let verified =
            send(&sandbox, method, body).unwrap_or_else(|error| panic!("{method}: {error}"));
        assert_eq!(
            (verified.status(), verified.body()),
            (200, &b"{\"stock_id\":\"98065001\"}"[..])
        );
        assert!(verified.request_id().is_some());
        let received = last(&sandbox);
        let header = |name: &str| received.header(name).map(|value| String::from_utf8_lossy(value));
        assert_eq!(received.method, method.as_str());
        assert_eq!(
            received.path,
            "/v3/marketing/busifavor/stocks/98065001\
             ?a=%2B%2F%3D%20%E6%94%AF%E4%BB%98%7B%22b%22%3A1%7D"
        );
        assert_eq!(received.body, body.map(Value::to_string).unwrap_or_default().as_bytes());
        assert_eq!(header("Content-Length").as_deref(), length, "{method}");
        assert_eq!(header("Transfer-Encoding"), None, "{method}");
        assert_eq!(header("Content-Type").as_deref(), body.map(|_| "application/json"), "{method}");
        assert_eq!(header("Wechatpay-Serial").as_deref(), Some(sandbox.public_key_id()));
    }
}

#[test]
fn status_is_handed_out_once_it_is_verified() {
    for (status, body) in [(200, "{}"), (202, ""), (204, "")] {
        let sandbox = scripted(&Script::new(status, body));
        for method in METHODS {
            let verified = send(&sandbox, method, None).unwrap();
            assert_eq!((verified.status(), verified.body()), (status, body.as_bytes()), "{method}");
        }
    }
}

#[test]
fn response_that_is_forged_stale_or_unsigned_is_refused() {
    let sandbox = scripted(&Script::new(200, r#"{"stock_id":"98065001"}"#));
    type Case = (&'static str, fn(&Sandbox), fn(&Untrusted) -> bool);
    let cases: [Case; 3] = [
        (
            "forged",
            |sandbox| {
                sandbox.tamper_next(|response| response.body = b"{\"stock_id\":\"1\"}".to_vec());
            },
            |reason| matches!(reason, Untrusted::Signature { probe: false }),
        ),
        (
            "unsigned",
            |sandbox| sandbox.tamper_next(|response| response.remove_header("Wechatpay-Signature")),
            |reason| matches!(reason, Untrusted::Missing("Wechatpay-Signature")),
        ),
        (
            "stale",
            |sandbox| sandbox.shift_responses(-301),
            |reason| matches!(reason, Untrusted::Stale { .. }),
        ),
    ];
    for (name, make, is_right) in cases {
        for method in METHODS {
            make(&sandbox);
            let error = send(&sandbox, method, None).unwrap_err();
            let ErrorKind::Untrusted { reason, .. } = error.kind() else {
                panic!("{name}: {error}")
            };
            assert!(is_right(reason), "{name}: {error}");
            assert_eq!(error.outcome(), Outcome::Unknown, "{name}");
            assert_eq!(error.is_read(), method == Method::Get, "{name}");
        }
    }
}

#[test]
fn error_of_an_unknown_interface_has_its_outcome() {
    let sandbox = scripted(&Script::new(204, ""));
    for (status, code, write, read) in [
        (400, "PARAM_ERROR", (Outcome::Refused, Retry::Never), (Outcome::Refused, Retry::Never)),
        (
            429,
            "FREQUENCY_LIMIT_EXCEED",
            (Outcome::Unknown, Retry::QueryFirst),
            (Outcome::Refused, Retry::SameRequest),
        ),
        (
            500,
            "SYSTEM_ERROR",
            (Outcome::Unknown, Retry::SameRequest),
            (Outcome::Unknown, Retry::SameRequest),
        ),
    ] {
        for method in METHODS {
            sandbox.refuse_next(status, code, "");
            let error = send(&sandbox, method, None).unwrap_err();
            assert_eq!((api(&error).status, api(&error).code.as_str()), (status, code));
            let expected = if method == Method::Get { read } else { write };
            assert_eq!((error.outcome(), error.retry()), expected, "{method} {status}");
        }
    }
}

#[test]
fn body_that_is_not_the_expected_type_is_malformed() {
    let sandbox = scripted(&Script::new(200, r#"{"stock_id":1}"#));
    let verified = send(&sandbox, Method::Post, None).unwrap();
    let error = verified.json::<std::collections::BTreeMap<String, String>>().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { status: 200, .. }), "{error}");
    assert_eq!(verified.json::<Value>().unwrap()["stock_id"], 1);
}

#[test]
fn path_that_is_no_interface_is_not_sent() {
    let sandbox = start();
    let before = sandbox.received().len();
    for path in
        ["https://evil.example/v3/x", "//evil.example/v3/x", "/v3/../x", "/v3/a b", "/sandbox/pay"]
    {
        let error = call::get(sandbox.signer(), sandbox.gateway(), path).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{path}");
    }
    assert_eq!(sandbox.received().len(), before);
}

#[test]
fn known_interface_is_the_same_by_call() {
    let sandbox = start();
    let order = crate::support::order(&sandbox, "order-by-call");
    let body: Value = json!({
        "appid": order.appid, "mchid": sandbox.mchid(), "description": order.description,
        "out_trade_no": order.out_trade_no, "notify_url": order.notify_url,
        "amount": { "total": order.total },
    });
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let path = "/v3/pay/transactions/app";
    let response: Value = call::post(signer, gateway, path, &body).unwrap().json().unwrap();
    assert!(response["prepay_id"].is_string());
    let path = Path::new("/v3/pay/transactions/out-trade-no/{out_trade_no}")
        .variable("out_trade_no", &order.out_trade_no)
        .unwrap()
        .query("mchid", signer.mchid());
    let response: Value = call::get(signer, gateway, path).unwrap().json().unwrap();
    assert_eq!(response["trade_state"], "NOTPAY");
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn encrypted_fields_reach_the_service_and_come_back() {
    use wechatpay::encryption::{self, RsaDecryptor};

    let sandbox = start();
    let path = "/v3/fund-app/mch-transfer/any";
    let script = Script::new(200, r#"{"bill":"1","payer_phone":"13800138000"}"#)
        .decrypt("/user_name")
        .decrypt("/receivers/0/name")
        .encrypt("/payer_phone");
    sandbox.script(Method::Post, path, script);
    let body = json!({ "user_name": "张三", "receivers": [{ "name": "李四" }], "amount": 1 });
    let encryptor = sandbox.platform_keys().encryptor().unwrap();
    let call = Call::new(Method::Post, path)
        .and_then(|call| call.json(&body))
        .and_then(|call| call.encrypt(&encryptor, "/user_name"))
        .and_then(|call| call.encrypt(&encryptor, "/receivers/0/name"))
        .unwrap();
    let response: Value = call.send(sandbox.signer(), sandbox.gateway()).unwrap().json().unwrap();
    let plain: Value = serde_json::from_str(&sandbox.scripted_requests()[0].body).unwrap();
    assert_eq!(plain, body);
    let decryptor = RsaDecryptor::from_pem(sandbox.merchant_key_pem()).unwrap();
    let phone = response["payer_phone"].as_str().unwrap();
    assert_eq!(encryption::decrypt(&decryptor, phone).as_deref(), Ok("13800138000"));

    // A call that is sent again, even after a restart, has the same bytes.
    let restored = Call::new(Method::Post, path)
        .and_then(|restored| restored.json_text(call.body()))
        .and_then(|restored| restored.encrypted_under(call.encryption_serial().unwrap()))
        .unwrap();
    restored.send(sandbox.signer(), sandbox.gateway()).unwrap();
    assert_eq!(last(&sandbox).body, call.body());
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn encrypted_request_names_its_key_and_plain_text_is_refused() {
    use wechatpay::PlatformKeys;

    let sandbox = start();
    let path = "/v3/fund-app/mch-transfer/any";
    sandbox.script(Method::Post, path, Script::new(204, "").decrypt("/user_name"));
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let certificates = PlatformKeys::from_certificate(sandbox.platform_certificate_pem()).unwrap();
    // The gateway prefers the public key, and the value was encrypted with the certificate's.
    let both =
        certificates.clone().with_public_key(sandbox.public_key_id(), sandbox.public_key_pem());
    let gateway = gateway.with_keys(both.unwrap());
    let call = Call::new(Method::Post, path)
        .and_then(|call| call.json(&json!({ "user_name": "张三" })))
        .unwrap();
    let encrypted = call.clone().encrypt(&certificates.encryptor().unwrap(), "/user_name").unwrap();
    encrypted.send(signer, &gateway).unwrap();
    let serial = last(&sandbox).header("Wechatpay-Serial").unwrap().to_vec();
    assert_eq!(Some(&*String::from_utf8(serial).unwrap()), encrypted.encryption_serial());

    let error = call.send(signer, &gateway).unwrap_err();
    assert_eq!(api(&error).message, "请确认待处理的消息是否为加密后的密文");
}

#[test]
fn key_that_is_gone_ends_before_anything_is_sent() {
    let sandbox = start();
    let path = "/v3/fund-app/mch-transfer/any";
    let stored = "ab12".repeat(10);
    let call = Call::new(Method::Post, path)
        .and_then(|call| call.json(&json!({ "user_name": "x" })))
        .and_then(|call| call.encrypted_under(&stored))
        .unwrap();
    let before = sandbox.received().len();
    let error = call.send(sandbox.signer(), sandbox.gateway()).unwrap_err();
    assert_eq!((error.outcome(), sandbox.received().len()), (Outcome::NotSent, before));
    assert_eq!(
        error.to_string(),
        "encryption_serial is not among the gateway's keys; encrypt the same values again with \
         PlatformKeys::encryptor, under the same order number"
    );
}
