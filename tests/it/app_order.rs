//! APP下单 and APP调起支付, document 003.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wechatpay::pay::app;
use wechatpay::{
    AppId, Code, ErrorKind, Fen, NotifyUrl, OutTradeNo, Outcome, Retry, RsaSigner, Signer, signing,
};

use crate::support::{api, order, start};

#[test]
fn app_order_is_placed_and_has_invoke_parameters() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "1217752501201407033233368018");
    let prepay_id = app::prepay(signer, gateway, &order).unwrap();

    let received = sandbox.received();
    assert_eq!(received.len(), 1);
    let request = &received[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v3/pay/transactions/app")
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap(),
        json!({
            "appid": sandbox.appid().as_str(),
            "mchid": sandbox.mchid(),
            "description": "Image形象店-深圳腾大-QQ公仔",
            "out_trade_no": "1217752501201407033233368018",
            "notify_url": sandbox.notify_url().as_str(),
            "amount": {"total": 100, "currency": "CNY"},
        })
    );
    let header = |name| request.header(name).map(String::from_utf8_lossy).unwrap_or_default();
    assert_eq!(header("Accept"), "application/json");
    assert_eq!(header("Content-Type"), "application/json");
    assert!(header("User-Agent").starts_with("wechatpay-blocking/"));
    assert_eq!(header("Wechatpay-Serial"), sandbox.public_key_id());
    assert!(header("Authorization").starts_with("WECHATPAY2-SHA256-RSA2048 mchid=\"1900007291\","));

    let parameters = app::invoke(signer, &order, &prepay_id).unwrap();
    let message = signing::invoke(
        sandbox.appid().as_str(),
        parameters.timestamp.parse().unwrap(),
        &parameters.noncestr,
        prepay_id.as_str(),
    );
    let signature = signer.sign(&message).unwrap().bytes;
    assert_eq!(parameters.noncestr.len(), 32);
    assert_eq!(
        serde_json::to_value(&parameters).unwrap(),
        json!({
            "appid": sandbox.appid().as_str(),
            "partnerid": sandbox.mchid(),
            "prepayid": prepay_id.as_str(),
            "package": "Sign=WXPay",
            "noncestr": parameters.noncestr,
            "timestamp": parameters.timestamp,
            "sign": STANDARD.encode(signature),
        })
    );
    assert_eq!(sandbox.received().len(), 1, "invoke makes no request");
}

#[test]
fn platform_certificate_mode_works_as_well() {
    let sandbox = start();
    let certificate = sandbox.platform_certificate_pem();
    let keys = wechatpay::PlatformKeys::from_certificate(certificate).unwrap();
    let gateway = sandbox.gateway().with_keys(keys);
    app::prepay(sandbox.signer(), &gateway, &order(&sandbox, "certificate-1")).unwrap();
    assert_eq!(
        sandbox.received()[0].header("Wechatpay-Serial").unwrap(),
        sandbox.platform_certificate_serial_no().as_bytes()
    );
}

#[test]
fn serial_number_is_read_from_the_certificate_file() {
    let sandbox = start();
    let signer = RsaSigner::from_certificate(
        sandbox.mchid(),
        sandbox.merchant_certificate_pem(),
        sandbox.merchant_key_pem(),
    )
    .unwrap();
    assert_eq!(signer.serial_no(), sandbox.serial_no());
    app::prepay(&signer, sandbox.gateway(), &order(&sandbox, "certificate-2")).unwrap();
}

#[test]
fn same_order_sent_again_is_byte_equal_and_succeeds() {
    let sandbox = start();
    let order = order(&sandbox, "again-1");
    for _ in 0..2 {
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    }
    let received = sandbox.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_ne!(received[0].header("Authorization"), received[1].header("Authorization"));
}

#[test]
fn same_number_with_another_amount_is_refused() {
    let sandbox = start();
    let mut order = order(&sandbox, "changed-1");
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    order.total = Fen(99);
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert_eq!(api(&error).code, Code::INVALID_REQUEST);
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::QueryFirst));
}

#[test]
fn number_of_a_paid_or_closed_order_is_used_up() {
    let sandbox = start();
    let (paid, closed) = (order(&sandbox, "paid-1"), order(&sandbox, "closed-1"));
    app::prepay(sandbox.signer(), sandbox.gateway(), &paid).unwrap();
    app::prepay(sandbox.signer(), sandbox.gateway(), &closed).unwrap();
    sandbox.pay("paid-1").unwrap();
    sandbox.close("closed-1").unwrap();
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &paid).unwrap_err();
    assert_eq!(api(&error).code, Code::OUT_TRADE_NO_USED);
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::QueryFirst));
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &closed).unwrap_err();
    assert_eq!(api(&error).code, Code::ORDER_CLOSED);
}

#[test]
fn appid_of_another_merchant_is_refused() {
    let sandbox = start();
    let mut order = order(&sandbox, "appid-1");
    order.appid = AppId::new("wx0000000000000000").unwrap();
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (400, &Code::APPID_MCHID_NOT_MATCH));
}

#[test]
fn app_errors_of_document_003_have_outcome_and_advice() {
    use Outcome::{Refused, Unknown};
    use Retry::{Never, QueryFirst, SameRequest};
    let sandbox = start();
    let order = order(&sandbox, "errors-1");
    let table = [
        (400, Code::APPID_MCHID_NOT_MATCH, Refused, Never),
        (400, Code::INVALID_REQUEST, Refused, QueryFirst),
        (400, Code::MCH_NOT_EXISTS, Refused, Never),
        (400, Code::PARAM_ERROR, Refused, Never),
        (401, Code::SIGN_ERROR, Refused, Never),
        (403, Code::NO_AUTH, Refused, Never),
        (403, Code::OUT_TRADE_NO_USED, Refused, QueryFirst),
        (429, Code::FREQUENCY_LIMITED, Refused, SameRequest),
        (500, Code::SYSTEM_ERROR, Unknown, SameRequest),
    ];
    for (status, code, outcome, retry) in table {
        sandbox.refuse_next(status, code.as_str(), "请根据错误提示正确传入参数");
        let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
        let response = api(&error);
        assert_eq!((response.status, &response.code), (status, &code));
        assert_eq!(response.message, "请根据错误提示正确传入参数");
        assert_eq!(response.signed, status != 401, "{code}");
        assert!(response.request_id.as_deref().is_some_and(|id| id.contains('-')), "{code}");
        assert_eq!((error.outcome(), error.retry()), (outcome, retry), "{code}");
        assert!(error.to_string().contains(code.as_str()), "{error}");
    }
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
}

#[test]
fn parameter_error_names_its_field() {
    let sandbox = start();
    sandbox.rewrite_next(|response| {
        response.status = 400;
        response.body = r#"{"code":"PARAM_ERROR","message":"参数错误","detail":{
            "field":"/amount/currency","value":"XYZ","issue":"Currency code is invalid",
            "location":"body"}}"#
            .into();
    });
    let order = order(&sandbox, "param-1");
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    let detail = api(&error).detail.as_ref().unwrap();
    assert_eq!(detail.field.as_deref(), Some("/amount/currency"));
    assert_eq!(detail.location.as_deref(), Some("body"));
    assert!(detail.json.contains("XYZ") && !error.to_string().contains("XYZ"), "{error}");
    assert!(error.to_string().contains("field /amount/currency; Currency code is invalid"));
}

#[test]
fn order_that_breaks_a_rule_is_never_sent() {
    let sandbox = start();
    let mut broken = order(&sandbox, "broken-1");
    broken.description = "公仔🧸".into();
    broken.total = Fen(0);
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &broken).unwrap_err();
    let ErrorKind::Invalid(invalid) = error.kind() else { panic!("{error}") };
    let paths: Vec<_> = invalid.violations().iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["/description", "/amount/total"]);
    assert_eq!((error.outcome(), error.retry()), (Outcome::NotSent, Retry::Never));
    assert_eq!(sandbox.received().len(), 0);
}

/// Both sides have their own reading of document 003; here they must agree on what is legal.
#[test]
fn extreme_legal_values_are_accepted_by_the_sandbox() {
    let sandbox = start();
    for (index, number) in ["______", "a-b|c*D_", &"Z".repeat(32)].into_iter().enumerate() {
        let mut order = order(&sandbox, "replaced");
        order.out_trade_no = OutTradeNo::new(number).unwrap();
        order.description = "\"\\/\u{7}\u{2028}\u{ffff}<&>'%20+\r\n\t\0".into();
        order.attach = Some("店".repeat(128));
        order.goods_tag = Some("W".repeat(32));
        order.total = [Fen(1), Fen(100), Fen::MAX][index];
        order.time_expire = Some("2031-05-20T13:29:35Z".parse().unwrap());
        order.notify_url =
            NotifyUrl::new(format!("https://shop.example/{}", "n".repeat(255 - 21))).unwrap();
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    }
}
