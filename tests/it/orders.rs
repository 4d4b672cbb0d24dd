//! JSAPI下单, Native下单, H5下单, 查询订单, 关闭订单.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wechatpay::pay::Payer;
use wechatpay::pay::h5::{H5Info, H5Type, Scene};
use wechatpay::pay::{
    self, LimitPay, NotPaid, SceneInfo, StoreInfo, TradeState, TradeType, app, h5, jsapi, native,
};
use wechatpay::{
    Code, ErrorKind, Fen, OpenId, OutTradeNo, Outcome, Partner, Retry, Signer, SubMerchant, signing,
};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, order, start};

fn payer() -> Payer {
    Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap())
}

fn last_body(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&sandbox.received().last().unwrap().body).unwrap()
}

#[test]
fn jsapi_order_names_payer_and_invokes_page_or_mini_program() {
    let sandbox = start();
    let order = order(&sandbox, "jsapi-1");
    let prepay_id = jsapi::prepay(sandbox.signer(), sandbox.gateway(), &order, &payer()).unwrap();
    assert_eq!(last_body(&sandbox)["payer"], json!({"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}));

    let page = jsapi::invoke(sandbox.signer(), &order, &prepay_id).unwrap();
    let package = format!("prepay_id={prepay_id}");
    let sign = |timestamp: &str, nonce: &str| {
        let timestamp = timestamp.parse().unwrap();
        let message = signing::invoke(sandbox.appid().as_str(), timestamp, nonce, &package);
        STANDARD.encode(sandbox.signer().sign(&message).unwrap().bytes)
    };
    assert_eq!(
        serde_json::to_value(&page).unwrap(),
        json!({
            "appId": sandbox.appid().as_str(),
            "timeStamp": page.time_stamp,
            "nonceStr": page.nonce_str,
            "package": package,
            "signType": "RSA",
            "paySign": sign(&page.time_stamp, &page.nonce_str),
        })
    );
    let program = jsapi::invoke_mini_program(sandbox.signer(), &order, &prepay_id).unwrap();
    assert_eq!(
        serde_json::to_value(&program).unwrap(),
        json!({
            "timeStamp": program.time_stamp,
            "nonceStr": program.nonce_str,
            "package": package,
            "signType": "RSA",
            "paySign": sign(&program.time_stamp, &program.nonce_str),
        })
    );
}

#[test]
fn jsapi_errors_of_document_004_have_outcome_and_advice() {
    use Outcome::{Refused, Unknown};
    use Retry::{Never, QueryFirst, SameRequest};
    let sandbox = start();
    let order = order(&sandbox, "errors-004");
    let table = [
        (403, Code::TRADE_ERROR, Refused, Never),
        (500, Code::SYSTEM_ERROR, Unknown, SameRequest),
        (401, Code::SIGN_ERROR, Refused, Never),
        (403, Code::RULE_LIMIT, Refused, SameRequest),
        (400, Code::PARAM_ERROR, Refused, Never),
        (403, Code::OUT_TRADE_NO_USED, Refused, QueryFirst),
        (404, Code::ORDER_NOT_EXIST, Refused, QueryFirst),
        (400, Code::ORDER_CLOSED, Refused, Never),
        (500, Code::OPENID_MISMATCH, Refused, Never),
        (403, Code::NO_AUTH, Refused, Never),
        (400, Code::MCH_NOT_EXISTS, Refused, Never),
        (500, Code::INVALID_TRANSACTIONID, Refused, Never),
        (400, Code::INVALID_REQUEST, Refused, QueryFirst),
        (429, Code::FREQUENCY_LIMITED, Refused, SameRequest),
        (500, Code::BANK_ERROR, Unknown, SameRequest),
        (400, Code::APPID_MCHID_NOT_MATCH, Refused, Never),
        (403, Code::ACCOUNT_ERROR, Refused, Never),
    ];
    assert_eq!(table.len(), 17);
    for (status, code, outcome, retry) in table {
        sandbox.refuse_next(status, code.as_str(), "");
        let error =
            jsapi::prepay(sandbox.signer(), sandbox.gateway(), &order, &payer()).unwrap_err();
        assert_eq!((api(&error).status, &api(&error).code), (status, &code));
        assert_eq!((error.outcome(), error.retry()), (outcome, retry), "{code}");
    }
}

#[test]
fn openid_of_another_appid_is_refused_despite_http_500() {
    let sandbox = start();
    let order = order(&sandbox, "openid-1");
    let foreign = Payer::new(OpenId::new("other-UpF8uMuAJO").unwrap());
    let error = jsapi::prepay(sandbox.signer(), sandbox.gateway(), &order, &foreign).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (500, &Code::OPENID_MISMATCH));
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::Never));
}

#[test]
fn native_order_returns_code_url_and_h5_order_returns_link() {
    let sandbox = start();
    let order_1 = order(&sandbox, "native-1");
    let code_url = native::prepay(sandbox.signer(), sandbox.gateway(), &order_1).unwrap();
    assert!(code_url.as_str().starts_with("weixin://wxpay/bizpayurl"), "{code_url}");

    let mut scene_info = SceneInfo::new("2001:db8::7".parse().unwrap());
    scene_info.device_id = Some("POS1:1".into());
    scene_info.store_info = Some(StoreInfo::new("0001"));
    let mut h5_info = H5Info::new(H5Type::Ios);
    h5_info.app_name = Some("王者荣耀".into());
    h5_info.app_url = Some("https://pay.qq.com".into());
    h5_info.bundle_id = Some("com.tencent.wzryiOS".into());
    h5_info.package_name = Some("com.tencent.tmgp.sgame".into());
    let scene = Scene::new(scene_info, h5_info);
    let order_2 = order(&sandbox, "h5-order-1");
    let h5_url = h5::prepay(sandbox.signer(), sandbox.gateway(), &order_2, &scene).unwrap();
    assert_eq!(
        last_body(&sandbox)["scene_info"],
        json!({
            "payer_client_ip": "2001:db8::7",
            "device_id": "POS1:1",
            "store_info": {"id": "0001"},
            "h5_info": {"type": "iOS", "app_name": "王者荣耀", "app_url": "https://pay.qq.com",
                "bundle_id": "com.tencent.wzryiOS", "package_name": "com.tencent.tmgp.sgame"},
        })
    );
    let returning = h5_url.with_redirect("https://shop.example/paid");
    assert_eq!(returning, format!("{h5_url}&redirect_url=https%3A%2F%2Fshop.example%2Fpaid"));
}

#[test]
fn repeated_or_invalid_scene_is_never_sent() {
    let sandbox = start();
    let scene_info = SceneInfo::new("14.23.150.211".parse().unwrap());
    let mut order = order(&sandbox, "h5-twice-1");
    order.scene_info = Some(scene_info.clone());
    let mut scene = Scene::new(scene_info, H5Info::new(H5Type::Wap));
    scene.h5_info.app_name = Some("名".repeat(65));
    scene.scene_info.device_id = Some(String::new());
    let error = h5::prepay(sandbox.signer(), sandbox.gateway(), &order, &scene).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/scene_info/device_id must be 1 to 32 characters; \
         /scene_info/h5_info/app_name must be 1 to 64 characters; \
         /scene_info is an argument of an H5 order, so leave it out here"
    );
    assert_eq!(sandbox.received().len(), 0);
}

#[test]
fn query_returns_each_kind_of_order_with_its_coupon() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let scene =
        Scene::new(SceneInfo::new("14.23.150.211".parse().unwrap()), H5Info::new(H5Type::Wap));
    let place = |trade_type: &TradeType, order: &pay::Order| match trade_type {
        TradeType::App => app::prepay(signer, gateway, order).map(drop),
        TradeType::Jsapi => jsapi::prepay(signer, gateway, order, &payer()).map(drop),
        TradeType::Native => native::prepay(signer, gateway, order).map(drop),
        _ => h5::prepay(signer, gateway, order, &scene).map(drop),
    };
    let kinds = [TradeType::App, TradeType::Jsapi, TradeType::Native, TradeType::H5];
    for trade_type in kinds {
        let number = format!("kind-{trade_type}");
        let mut order = order(&sandbox, &number);
        order.limit_pay = vec![LimitPay::NoCredit, LimitPay::NoBalance];
        place(&trade_type, &order).unwrap();
        let sent: Value = serde_json::from_slice(&sandbox.received().last().unwrap().body).unwrap();
        assert_eq!(sent["limit_pay"], json!(["no_credit", "no_balance"]));
        sandbox.pay_with_coupon(&number, Fen(10)).unwrap();
        let transaction = pay::query(signer, gateway, &order.out_trade_no).unwrap();
        assert_eq!(transaction.trade_type, Some(trade_type));
        let amount = transaction.amount.as_ref().unwrap();
        assert_eq!((amount.total, amount.payer_total), (Some(Fen(100)), Some(Fen(90))));
        assert_eq!(transaction.promotion_detail[0].amount, Some(Fen(10)));
        // The coupon is part of what was paid.
        assert_eq!(transaction.paid(signer.mchid(), &order).unwrap().total(), Fen(100));
    }
}

#[test]
fn closed_order_stays_closed_and_paid_order_stays_paid() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let (open, paid) = (order(&sandbox, "close-*|1"), order(&sandbox, "close-paid"));
    app::prepay(signer, gateway, &open).unwrap();
    app::prepay(signer, gateway, &paid).unwrap();
    for _ in 0..2 {
        pay::close(signer, gateway, &open.out_trade_no).unwrap();
    }
    let received = sandbox.received();
    let path = "/v3/pay/transactions/out-trade-no/close-%2A%7C1/close";
    assert_eq!(received.last().unwrap().path, path);
    let closed = pay::query(signer, gateway, &open.out_trade_no).unwrap();
    assert_eq!(closed.paid(signer.mchid(), &open), Err(NotPaid::State(TradeState::Closed)));

    sandbox.pay("close-paid").unwrap();
    let error = pay::close(signer, gateway, &paid.out_trade_no).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
}

#[test]
fn close_with_forged_or_lost_response_is_unknown() {
    let sandbox = start();
    let order = order(&sandbox, "close-forged");
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    sandbox.tamper_next(|response| response.set_header("Wechatpay-Nonce", "x"));
    let error = pay::close(sandbox.signer(), sandbox.gateway(), &order.out_trade_no).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Untrusted { status: 204, .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn query_has_no_body_and_no_content_type() {
    let sandbox = start();
    let number = OutTradeNo::new("never-placed").unwrap();
    pay::query(sandbox.signer(), sandbox.gateway(), &number).unwrap_err();
    let request = &sandbox.received()[0];
    for name in ["Content-Length", "Content-Type", "Transfer-Encoding"] {
        assert_eq!(request.header(name), None, "{name}");
    }
}

#[test]
fn order_that_was_never_placed_is_not_found() {
    let sandbox = start();
    let number = OutTradeNo::new("never-placed").unwrap();
    let error = pay::query(sandbox.signer(), sandbox.gateway(), &number).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (404, &Code::ORDER_NOT_EXIST));
}

#[test]
fn time_passes_over_an_order_and_it_can_no_longer_be_paid() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "expires-1");
    app::prepay(signer, gateway, &order).unwrap();
    sandbox.let_time_pass(8 * 86_400);
    assert!(sandbox.pay("expires-1").is_err());
    let transaction = pay::query(signer, gateway, &order.out_trade_no).unwrap();
    assert_eq!(transaction.trade_state, TradeState::Closed);
}

#[test]
fn partner_places_queries_and_verifies_sub_merchant_orders() {
    let sandbox = start();
    let gateway = sandbox.gateway();
    let mut sub_merchant = SubMerchant::new(sandbox.sub_mchid()).unwrap();
    sub_merchant.appid = Some(sandbox.sub_appid());
    let partner = Partner::new(sandbox.signer(), sub_merchant);
    let order = order(&sandbox, "partner-1");
    let openid = OpenId::new("oSubUpF8uMuAJO").unwrap();
    let payer = Payer::of_sub_merchant(openid);
    let prepay_id = jsapi::prepay(&partner, gateway, &order, &payer).unwrap();
    let body = last_body(&sandbox);
    assert_eq!(body["payer"], json!({"sub_openid": "oSubUpF8uMuAJO"}));
    assert_eq!(
        (&body["sp_appid"], &body["sp_mchid"], &body["sub_appid"], &body["sub_mchid"]),
        (
            &json!(sandbox.appid().as_str()),
            &json!(sandbox.mchid()),
            &json!(sandbox.sub_appid().as_str()),
            &json!(sandbox.sub_mchid()),
        )
    );
    assert!(body.get("appid").is_none() && body.get("mchid").is_none());

    sandbox.pay("partner-1").unwrap();
    let transaction = pay::query(&partner, gateway, &order.out_trade_no).unwrap();
    transaction.paid(&partner, &order).unwrap();
    assert_eq!(transaction.sub_mchid(), Some(sandbox.sub_mchid()));
    // For a direct merchant or another sub-merchant, the order is not paid.
    assert_eq!(transaction.paid(sandbox.mchid(), &order), Err(NotPaid::Differs("sub_mchid")));
    let other = SubMerchant::new("1900000110").unwrap();
    let other = Partner::new(sandbox.signer(), other);
    assert_eq!(transaction.paid(&other, &order), Err(NotPaid::Differs("sub_mchid")));

    // An app of the sub-merchant's own names the sub-merchant; the partner's app names the partner.
    let own = app::invoke(&partner, &sandbox.sub_appid(), &prepay_id).unwrap();
    assert_eq!(own.partnerid, sandbox.sub_mchid());
    let partners = app::invoke(&partner, &order, &prepay_id).unwrap();
    assert_eq!(partners.partnerid, sandbox.mchid());
}

#[test]
fn sub_openid_needs_a_partner_with_a_sub_appid() {
    let sandbox = start();
    let order = order(&sandbox, "sub-openid-1");
    let payer = Payer::of_sub_merchant(OpenId::new("oSubUpF8uMuAJO").unwrap());
    let without_appid = SubMerchant::new(sandbox.sub_mchid()).unwrap();
    let partner = Partner::new(sandbox.signer(), without_appid);
    let signers: [&dyn Signer; 2] = [sandbox.signer(), &partner];
    for signer in signers {
        let error = jsapi::prepay(signer, sandbox.gateway(), &order, &payer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/payer/sub_openid needs a partner whose sub-merchant names its appid"
        );
    }
    assert_eq!(sandbox.received().len(), 0);
}

/// A response to a query, for example, is signed as well.
#[test]
fn response_with_a_body_is_not_taken_for_a_closed_order() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "close-body");
    app::prepay(signer, gateway, &order).unwrap();
    sandbox.rewrite_next(|response| {
        (response.status, response.body) = (200, br#"{"trade_state":"NOTPAY"}"#.to_vec());
    });
    let error = pay::close(signer, gateway, &order.out_trade_no).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{error}");
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    sandbox.rewrite_next(|response| (response.status, response.body) = (200, Vec::new()));
    pay::close(signer, gateway, &order.out_trade_no).unwrap();
}
