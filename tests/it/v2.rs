//! APIv2: 统一下单, 合单下单, queries, refunds, notifications, and what is believed of their answers.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use wechatpay::pay::{NotPaid, TradeState, TradeType};
use wechatpay::refund::Channel;
use wechatpay::v2::combine::{self, SubOrder};
use wechatpay::v2::notify::{self, Notification};
use wechatpay::v2::pay::{self, Detail, GoodsDetail, Order, StoreInfo};
use wechatpay::v2::refund::{self, Refund, RefundQuery, Status};
use wechatpay::v2::{
    self, App, Gateway, H5, H5Info, HmacSha256Key, Jsapi, Native, SignType, Signer,
};
use wechatpay::{
    AppId, ClientCertificate, Code, Error, Fen, HttpOptions, OpenId, OutRefundNo, OutTradeNo,
    Outcome, Request, Response, Retry, Time, Transport, TransportError, Untrusted, UreqTransport,
};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, start};

fn number(text: &str) -> OutTradeNo {
    OutTradeNo::new(text).unwrap()
}

fn order(sandbox: &Sandbox, text: &str) -> Order {
    let address = "203.0.113.7".parse().unwrap();
    let notify_url = sandbox.notify_url();
    Order::new(sandbox.appid(), number(text), "JSAPI支付测试", Fen(100), address, notify_url)
}

fn payer() -> Jsapi {
    Jsapi::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap())
}

fn wap() -> H5 {
    H5::new(H5Info::Wap { wap_url: "https://pay.qq.com".into(), wap_name: "腾讯充值".into() })
}

/// A combined order of the merchant's and its neighbour's.
fn combined(sandbox: &Sandbox, text: &str) -> combine::Order {
    let part = |mch_id, suffix, fen| {
        let number = number(&format!("{text}-{suffix}"));
        SubOrder::new(sandbox.appid(), mch_id, number, "子订单", Fen(fen), "深圳分店")
    };
    combine::Order::new(
        sandbox.appid(),
        number(text),
        vec![part(sandbox.mchid(), "a", 1234), part("1900009191", "b", 10)],
        "203.0.113.7".parse().unwrap(),
        sandbox.notify_url(),
    )
}

fn last_body(sandbox: &Sandbox) -> String {
    String::from_utf8(sandbox.received().last().unwrap().body.clone()).unwrap()
}

/// The error of an order whose answer this changes.
fn placed_with(sandbox: &Sandbox, text: &str) -> Error {
    let v2 = sandbox.v2();
    pay::prepay(v2.signer(), v2.gateway(), &order(sandbox, text), &App).unwrap_err()
}

#[test]
fn each_kind_of_order_goes_from_the_order_to_the_proof_that_it_is_paid() {
    let sandbox = start();
    let (v2, gateway) = (sandbox.v2(), sandbox.v2().gateway());
    let signers: [(&str, &dyn Signer); 2] = [("hmac", v2.signer()), ("md5", v2.md5_signer())];
    for (name, signer) in signers {
        let order_of = |kind: &str| order(&sandbox, &format!("{name}-{kind}"));
        let orders = ["app", "jsapi", "native", "h5"].map(order_of);
        let [app, jsapi, native, h5] = &orders;
        let prepay_id = pay::prepay(signer, gateway, app, &App).unwrap();
        assert!(prepay_id.as_str().starts_with("wx"));
        pay::prepay(signer, gateway, jsapi, &payer()).unwrap();
        let code_url =
            pay::prepay(signer, gateway, native, &Native::new("12235413214070")).unwrap();
        assert!(code_url.as_str().starts_with("weixin://wxpay/"));
        let url = pay::prepay(signer, gateway, h5, &wap()).unwrap();
        let returning = url.with_redirect("https://shop.example/paid");
        assert!(returning.ends_with("&redirect_url=https%3A%2F%2Fshop.example%2Fpaid"));

        let kinds = [TradeType::App, TradeType::Jsapi, TradeType::Native, TradeType::H5];
        for (order, kind) in orders.iter().zip(kinds) {
            let query = || pay::query(signer, gateway, &order.appid, &order.out_trade_no).unwrap();
            let unpaid = query();
            assert_eq!(unpaid.trade_state, TradeState::NotPay);
            assert!(unpaid.paid(signer.mchid(), order).is_err());
            v2.pay(order.out_trade_no.as_str(), &[Fen(4), Fen(6)]).unwrap();
            let transaction = query();
            let paid = transaction.paid(signer.mchid(), order).unwrap();
            assert_eq!(paid.total(), Fen(100));
            assert_eq!(transaction.trade_type, Some(kind));
            assert_eq!(
                (transaction.cash_fee, transaction.coupon_fee),
                (Some(Fen(90)), Some(Fen(10)))
            );
            assert_eq!(transaction.coupons[1].fee, Some(Fen(6)));
            let id = paid.transaction_id();
            let by_id = pay::query_by_id(signer, gateway, &order.appid, id).unwrap();
            assert_eq!(by_id, transaction);
        }
    }
}

#[test]
fn every_field_arrives_as_it_was_signed() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let mut order = order(&sandbox, "full_-|*1");
    order.body = "<b>&amp;\"'测试]]>&key=x".into();
    let mut goods = GoodsDetail::new("iphone6s_16G", 1, Fen(528_800));
    goods.goods_name = Some("iPhone6s \"16G\" ]]>\u{2028}".into());
    let mut detail = Detail::default();
    detail.goods_detail = vec![goods];
    order.detail = Some(detail);
    order.attach = Some("支付 测试".into());
    order.device_info = Some("WEB".into());
    order.fee_type = Some("CNY".into());
    let now = Time::now().unwrap().unix_seconds();
    order.time_start = Some(Time::from_unix_seconds(now).unwrap());
    order.time_expire = Some(Time::from_unix_seconds(now + 3600).unwrap());
    order.goods_tag = Some("WXG".into());
    order.limit_pay = Some(pay::LimitPay::NoCredit);
    order.receipt = true;
    order.profit_sharing = Some(false);
    let mut store = StoreInfo::new("SZTX001");
    store.address = Some("科技园中一路腾讯大厦".into());
    order.store_info = Some(store);
    pay::prepay(v2.signer(), v2.gateway(), &order, &payer()).unwrap();
    v2.pay("full_-|*1", &[]).unwrap();
    let found = pay::query(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no).unwrap();
    assert_eq!(found.attach.as_deref(), Some("支付 测试"));
    assert_eq!(found.device_info.as_deref(), Some("WEB"));
    found.paid(sandbox.mchid(), &order).unwrap();
}

#[test]
fn a_call_is_one_post_and_the_same_order_the_same_bytes() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let order = order(&sandbox, "same-bytes-1");
    let mut bodies = HashSet::new();
    for _ in 0..3 {
        pay::prepay(v2.signer(), v2.gateway(), &order, &payer()).unwrap();
        let body = last_body(&sandbox);
        let without = |body: &str, name: &str| {
            let (before, rest) = body.split_once(&format!("<{name}>")).unwrap();
            let (_, after) = rest.split_once(&format!("</{name}>")).unwrap();
            format!("{before}{after}")
        };
        bodies.insert(without(&without(&body, "nonce_str"), "sign"));
    }
    assert_eq!(bodies.len(), 1);
    let received = sandbox.received();
    assert_eq!(received.len(), 3);
    assert_eq!(
        (received[0].method.as_str(), received[0].path.as_str()),
        ("POST", "/pay/unifiedorder")
    );
    assert_eq!(received[0].header("Content-Type"), Some(&b"text/xml; charset=utf-8"[..]));
    assert!(received[0].header("User-Agent").is_some());
    assert_ne!(received[0].body, received[1].body);
}

#[test]
fn the_clients_parameters_are_signed_with_the_key_of_the_order() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let order = order(&sandbox, "invoked-1");
    let prepay_id = pay::prepay(v2.signer(), v2.gateway(), &order, &payer()).unwrap();
    let signers: [&dyn Signer; 2] = [v2.signer(), v2.md5_signer()];
    for signer in signers {
        let page = pay::invoke_jsapi(signer, &order, &prepay_id).unwrap();
        let package = format!("prepay_id={prepay_id}");
        let message = v2::signing::message([
            ("appId", sandbox.appid().as_str()),
            ("timeStamp", &page.time_stamp),
            ("nonceStr", &page.nonce_str),
            ("package", &package),
            ("signType", signer.sign_type().as_str()),
        ]);
        assert_eq!(page.pay_sign, signer.sign(&message).unwrap());
        assert_eq!((&page.package, page.sign_type), (&package, signer.sign_type().as_str()));
        let program = pay::invoke_mini_program(signer, &order, &prepay_id).unwrap();
        assert_eq!(program.app_id, None);

        let app = pay::invoke_app(signer, &order, &prepay_id).unwrap();
        let message = v2::signing::message([
            ("appid", app.appid.as_str()),
            ("partnerid", sandbox.mchid()),
            ("prepayid", prepay_id.as_str()),
            ("package", "Sign=WXPay"),
            ("noncestr", &app.noncestr),
            ("timestamp", &app.timestamp),
        ]);
        assert_eq!(app.sign, signer.sign(&message).unwrap());
    }
}

#[test]
fn every_error_of_documents_001_and_002_arrives_with_its_outcome_and_advice() {
    use Outcome::{Refused, Unknown};
    use Retry::{Never, QueryFirst, SameRequest};
    let sandbox = start();
    let v2 = sandbox.v2();
    let both = [
        (Code::NO_AUTH, "NOAUTH", Refused, Never),
        (Code::NOT_ENOUGH, "NOTENOUGH", Refused, SameRequest),
        (Code::ORDERPAID, "ORDERPAID", Refused, QueryFirst),
        (Code::ORDER_CLOSED, "ORDERCLOSED", Refused, Never),
        (Code::SYSTEM_ERROR, "SYSTEMERROR", Unknown, SameRequest),
        (Code::APPID_NOT_EXIST, "APPID_NOT_EXIST", Refused, Never),
        (Code::MCHID_NOT_EXIST, "MCHID_NOT_EXIST", Refused, Never),
        (Code::APPID_MCHID_NOT_MATCH, "APPID_MCHID_NOT_MATCH", Refused, Never),
        (Code::LACK_PARAMS, "LACK_PARAMS", Refused, Never),
        (Code::OUT_TRADE_NO_USED, "OUT_TRADE_NO_USED", Refused, QueryFirst),
        (Code::SIGN_ERROR, "SIGNERROR", Refused, Never),
        (Code::XML_FORMAT_ERROR, "XML_FORMAT_ERROR", Refused, Never),
        (Code::REQUIRE_POST_METHOD, "REQUIRE_POST_METHOD", Refused, Never),
        (Code::POST_DATA_EMPTY, "POST_DATA_EMPTY", Refused, Never),
        (Code::NOT_UTF8, "NOT_UTF8", Refused, Never),
    ];
    let only_001 = [(Code::INVALID_REQUEST, "INVALID_REQUEST", Refused, Never)];
    let only_002 = [
        (Code::SUBORDER_LIMIT_EXCEEDED, "SUBORDER_LIMIT_EXCEEDED", Refused, Never),
        (Code::USER_OPENID_NOT_MATCH, "USER_OPENID_NOT_MATCH", Refused, Never),
        (Code::POST_DATA_INVALID, "POST_DATA_INVALID", Refused, Never),
        (Code::COMBINE_PAY_NOAUTH, "COMBINE_PAY_NOAUTH", Refused, Never),
        (Code::INVALID_PARAMS, "INVALID_PARAMS", Refused, Never),
    ];
    let unlisted = [(Code::new("BRAND_NEW"), "BRAND_NEW", Unknown, QueryFirst)];
    assert_eq!((both.len() + only_001.len(), both.len() + only_002.len()), (16, 20));
    let check = |error: &Error, (code, _, outcome, retry): &(Code, &str, Outcome, Retry)| {
        let found = api(error);
        assert_eq!((found.status, &found.code, found.signed), (200, code, true));
        assert_eq!((error.outcome(), error.retry()), (*outcome, *retry), "{code}");
        assert!(error.to_string().contains("说明"), "{error}");
    };
    for row in both.iter().chain(&only_001).chain(&unlisted) {
        v2.refuse_next(row.1, "说明");
        check(&placed_with(&sandbox, "errors-001"), row);
    }
    let order = combined(&sandbox, "errors-002");
    for row in both.iter().chain(&only_002).chain(&unlisted) {
        v2.refuse_next(row.1, "说明");
        let error = combine::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap_err();
        check(&error, row);
    }
}

#[test]
fn return_code_fail_is_not_signed_and_so_says_nothing_certain() {
    let sandbox = start();
    sandbox.v2().fail_next("参数格式校验错误");
    let error = placed_with(&sandbox, "failed-1");
    let found = api(&error);
    assert_eq!((found.code.as_str(), found.message.as_str()), ("", "参数格式校验错误"));
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    assert!(error.to_string().ends_with("(the answer carries no signature)"), "{error}");

    // Also with a code in it that nobody signed.
    sandbox.tamper_next(|answer| {
        answer.body =
            b"<xml><return_code>FAIL</return_code><err_code>ORDERCLOSED</err_code></xml>".to_vec();
    });
    let error = placed_with(&sandbox, "failed-2");
    assert_eq!((api(&error).code.as_str(), error.outcome()), ("", Outcome::Unknown));

    let wrong = HmacSha256Key::new(sandbox.mchid(), "W".repeat(32)).unwrap();
    let order = order(&sandbox, "failed-3");
    let error = pay::prepay(&wrong, sandbox.v2().gateway(), &order, &App).unwrap_err();
    assert_eq!((api(&error).message.as_str(), api(&error).signed), ("签名错误", false));
}

#[test]
fn an_answer_that_is_not_signed_as_it_should_be_is_unknown() {
    let sandbox = start();
    let tampered = |change: fn(String) -> String| {
        sandbox.tamper_next(move |answer| {
            let text = String::from_utf8(std::mem::take(&mut answer.body)).unwrap();
            answer.body = change(text).into_bytes();
        });
        let error = placed_with(&sandbox, "tampered-1");
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
        error
    };
    let reason = |error: Error| match error {
        Error::Untrusted { status: 200, reason, .. } => reason,
        other => panic!("{other}"),
    };
    let wrong = |change| assert_eq!(reason(tampered(change)), Untrusted::WrongSign);
    wrong(|xml| xml.replace("wx2", "wx3"));
    wrong(|xml| xml.replace("<return_msg>", "<future>1</future><return_msg>"));
    wrong(|xml| xml.replace("SUCCESS]]></result_code>", "FAIL]]></result_code>"));
    wrong(|xml| {
        let (before, sign) = xml.split_once("<sign><![CDATA[").unwrap();
        let first = if sign.starts_with('0') { "1" } else { "0" };
        format!("{before}<sign><![CDATA[{first}{}", sign.split_at(1).1)
    });
    let without_sign = |xml: String| {
        let (before, rest) = xml.split_once("<sign>").unwrap();
        format!("{before}{}", rest.split_once("</sign>").unwrap().1)
    };
    assert_eq!(reason(tampered(without_sign)), Untrusted::MissingSign);
    let short = |xml: String| xml.replace("<sign><![CDATA[", "<sign><![CDATA[0");
    assert_eq!(reason(tampered(short)), Untrusted::OtherSignType);

    for change in [
        (|_| String::new()) as fn(String) -> String,
        |_| "<html><body>502</body></html>".to_owned(),
        |_| "{\"code\":\"SUCCESS\"}".to_owned(),
        |xml| xml.replace("<return_code><![CDATA[SUCCESS]]></return_code>", ""),
        |xml| xml.replace("SUCCESS]]></return_code>", "OK]]></return_code>"),
        |xml| format!("<!DOCTYPE xml [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{xml}"),
        |xml| xml.replace("</xml>", &format!("<a>{}</a></xml>", "x".repeat(70_000))),
        |xml| xml.replace("</xml>", "<sign>0</sign></xml>"),
        |xml| xml.split_at(xml.len() / 2).0.to_owned(),
    ] {
        assert!(matches!(tampered(change), Error::Malformed { .. }));
    }
}

#[test]
fn an_odd_answer_that_is_signed_is_told_by_what_is_odd() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let odd = |name: &'static str, value: Option<&'static str>| {
        v2.rewrite_next(move |fields| {
            match value {
                Some(value) => fields.insert(name.to_owned(), value.to_owned()),
                None => fields.remove(name),
            };
        });
        placed_with(&sandbox, "odd-11").to_string()
    };
    for (name, value, what) in [
        ("prepay_id", None, "prepay_id is missing"),
        ("prepay_id", Some("wx 1"), "prepay_id is malformed"),
        ("result_code", None, "result_code is missing or unknown"),
        ("result_code", Some("MAYBE"), "result_code is missing or unknown"),
        ("mch_id", Some("1900000109"), "mch_id is not that of the request"),
        ("appid", Some("wx1"), "appid is not that of the request"),
        ("out_trade_no", Some("another"), "out_trade_no is not that of the request"),
    ] {
        assert!(odd(name, value).ends_with(what), "{what}");
    }
    v2.rewrite_next(|fields| {
        fields.insert("future_field".to_owned(), "<x>&amp;]]>".to_owned());
    });
    pay::prepay(v2.signer(), v2.gateway(), &order(&sandbox, "odd-22"), &App).unwrap();
    // A Native order whose answer holds no code.
    v2.rewrite_next(|fields| drop(fields.remove("code_url")));
    let order = order(&sandbox, "odd-33");
    let error = pay::prepay(v2.signer(), v2.gateway(), &order, &Native::new("1")).unwrap_err();
    assert!(error.to_string().ends_with("code_url is missing"), "{error}");
}

/// Years ago APIv2 took numbers of two characters.
#[test]
fn an_order_with_an_old_number_can_still_be_asked_for() {
    let sandbox = start();
    let (v2, order) = (sandbox.v2(), order(&sandbox, "old-number-1"));
    pay::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap();
    v2.pay("old-number-1", &[]).unwrap();
    let paid = pay::query(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no).unwrap();
    v2.rewrite_next(|fields| drop(fields.insert("out_trade_no".to_owned(), "a3".to_owned())));
    let id = paid.transaction_id.unwrap();
    let paid = pay::query_by_id(v2.signer(), v2.gateway(), &order.appid, &id).unwrap();
    assert_eq!(paid.out_trade_no.as_str(), "a3");
}

#[test]
fn another_status_than_200_is_not_wechat_pays() {
    let sandbox = start();
    for status in [302, 404, 500, 502, 503] {
        sandbox.tamper_next(move |answer| {
            answer.status = status;
            answer.set_header("Location", "https://127.0.0.1:1/");
        });
        let error = placed_with(&sandbox, "status-1");
        let found = api(&error);
        assert_eq!((found.status, found.code.as_str(), found.signed), (status, "", false));
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    }
    assert_eq!(sandbox.received().len(), 5);
}

#[test]
fn an_order_that_is_invalid_or_not_signed_is_never_sent() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let mut bad = order(&sandbox, "invalid-1");
    bad.attach = Some("🧸".into());
    let error = pay::prepay(v2.signer(), v2.gateway(), &bad, &App).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    let combined = combined(&sandbox, "invalid-2");
    let error = combine::prepay(v2.md5_signer(), v2.gateway(), &combined, &App).unwrap_err();
    assert_eq!(error.to_string(), "sign_type must be HMAC-SHA256 for combined orders");
    assert_eq!(sandbox.received().len(), 0);
}

#[test]
fn a_number_taken_again_must_say_the_same() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    let mut order = order(&sandbox, "again-1");
    let one = pay::prepay(signer, gateway, &order, &App).unwrap();
    let two = pay::prepay(signer, gateway, &order, &App).unwrap();
    assert_ne!(one, two);
    order.total_fee = Fen(101);
    let error = pay::prepay(signer, gateway, &order, &App).unwrap_err();
    assert_eq!(api(&error).code, Code::INVALID_REQUEST);
    order.total_fee = Fen(100);
    v2.pay("again-1", &[]).unwrap();
    let error = pay::prepay(signer, gateway, &order, &App).unwrap_err();
    assert_eq!((&api(&error).code, error.retry()), (&Code::ORDERPAID, Retry::QueryFirst));
}

#[test]
fn an_appid_or_an_openid_of_somebody_else_is_refused() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let place = |appid: &str| {
        let mut order = order(&sandbox, "parties-1");
        order.appid = AppId::new(appid).unwrap();
        pay::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap_err()
    };
    assert_eq!(api(&place("wx-nobody")).code, Code::APPID_NOT_EXIST);
    assert_eq!(api(&place("wxdace645e0bc2c424")).code, Code::APPID_MCHID_NOT_MATCH);
    let foreign = Jsapi::new(OpenId::new("other-openid").unwrap());
    let order = combined(&sandbox, "parties-2");
    let error = combine::prepay(v2.signer(), v2.gateway(), &order, &foreign).unwrap_err();
    assert_eq!(api(&error).code, Code::USER_OPENID_NOT_MATCH);
    let mut order = combined(&sandbox, "parties-3");
    order.sub_orders[1].mch_id = "1900000000".into();
    let error = combine::prepay(v2.signer(), v2.gateway(), &order, &payer()).unwrap_err();
    assert_eq!(api(&error).code, Code::MCHID_NOT_EXIST);
}

#[test]
fn an_order_closed_too_early_stays_open_and_one_closed_twice_is_closed() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    let order = order(&sandbox, "close-1");
    let state =
        || pay::query(signer, gateway, &order.appid, &order.out_trade_no).unwrap().trade_state;
    let close = || pay::close(signer, gateway, &order.appid, &order.out_trade_no);
    assert_eq!(api(&close().unwrap_err()).code, Code::ORDER_NOT_EXIST);
    pay::prepay(signer, gateway, &order, &App).unwrap();
    close().unwrap();
    assert_eq!(state(), TradeState::NotPay, "merchants report that it answers so");
    sandbox.let_time_pass(301);
    for _ in 0..2 {
        close().unwrap();
        assert_eq!(state(), TradeState::Closed);
    }
    let error = pay::prepay(signer, gateway, &order, &App).unwrap_err();
    assert_eq!(api(&error).code, Code::ORDER_CLOSED);
}

#[test]
fn a_paid_order_is_not_closed() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let order = order(&sandbox, "close-paid");
    pay::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap();
    v2.pay("close-paid", &[]).unwrap();
    let error =
        pay::close(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no).unwrap_err();
    assert_eq!((&api(&error).code, error.outcome()), (&Code::ORDERPAID, Outcome::Refused));
}

#[test]
fn a_combined_order_goes_from_the_order_to_the_proof_of_each_part() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    let mut order = combined(&sandbox, "combined-1");
    order.device_info = Some("TEST01".into());
    order.sub_orders[0].detail = Some("商品详细描述".into());
    let prepay_id = combine::prepay(signer, gateway, &order, &payer()).unwrap();
    let app = pay::invoke_app(signer, &order, &prepay_id).unwrap();
    assert_eq!(
        (app.appid.as_str(), app.partnerid.as_str()),
        (sandbox.appid().as_str(), sandbox.mchid())
    );
    let query = || {
        let number = &order.combine_out_trade_no;
        combine::query(signer, gateway, &order.combine_appid, number).unwrap()
    };
    assert_eq!(query().paid(sandbox.mchid(), &order), Err(NotPaid::State(TradeState::NotPay)));
    v2.pay_combined("combined-1").unwrap();
    let found = query();
    assert_eq!(found.device_info.as_deref(), Some("TEST01"));
    let paid = found.paid(sandbox.mchid(), &order).unwrap();
    let totals: Vec<Fen> = paid.iter().map(|paid| paid.total()).collect();
    assert_eq!(totals, [Fen(1234), Fen(10)]);
    // A part is also found by its own number.
    let part = &order.sub_orders[0];
    let single = pay::query(signer, gateway, &part.appid, &part.out_trade_no).unwrap();
    assert_eq!(single.trade_state, TradeState::Success);
    let mut other = order.clone();
    other.sub_orders[1].total_fee = Fen(11);
    assert!(found.paid(sandbox.mchid(), &other).unwrap_err().to_string().contains("total_fee"));

    let error = combine::close(signer, gateway, &order).unwrap_err();
    assert_eq!(api(&error).code, Code::ORDERPAID);
    let notifications = v2.take_notifications();
    let Notification::Combined(told) = notify::open(signer, &notifications[0].body).unwrap() else {
        panic!("not a combined order");
    };
    assert_eq!(told.paid(sandbox.mchid(), &order).unwrap(), paid);
    assert!(notify::open(v2.md5_signer(), &notifications[0].body).is_err());
}

#[test]
fn a_combined_order_is_of_four_kinds_and_closes_as_a_whole() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    let native = combined(&sandbox, "combined-2");
    let code_url = combine::prepay(signer, gateway, &native, &Native::new("1234567890"));
    assert!(code_url.unwrap().as_str().starts_with("weixin://"));
    let h5 = combined(&sandbox, "combined-3");
    combine::prepay(signer, gateway, &h5, &wap()).unwrap();
    sandbox.let_time_pass(61);
    combine::close(signer, gateway, &h5).unwrap();
    combine::close(signer, gateway, &h5).unwrap();
    let number = &h5.combine_out_trade_no;
    let found = combine::query(signer, gateway, &h5.combine_appid, number).unwrap();
    assert_eq!(found.trade_state, Some(TradeState::Closed));
    assert_eq!(found.sub_orders().unwrap().len(), 2);
    let mut forgotten = native;
    forgotten.sub_orders.pop();
    let error = combine::close(signer, gateway, &forgotten).unwrap_err();
    assert_eq!(api(&error).code, Code::INVALID_PARAMS);
}

fn refund_of(sandbox: &Sandbox, order: &str, number: &str, fee: Fen) -> Refund {
    let number = OutRefundNo::new(number).unwrap();
    Refund::new(sandbox.appid(), number, OutTradeNo::new(order).unwrap(), fee, Fen(100))
}

fn placed_and_paid(sandbox: &Sandbox, text: &str) {
    let v2 = sandbox.v2();
    pay::prepay(v2.signer(), v2.gateway(), &order(sandbox, text), &App).unwrap();
    v2.pay(text, &[]).unwrap();
}

#[test]
fn a_refund_goes_once_under_its_number_and_with_the_client_certificate() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    placed_and_paid(&sandbox, "refunded-1");
    let mut refund = refund_of(&sandbox, "refunded-1", "r@1|*", Fen(60));
    refund.refund_desc = Some("商品已售完".into());
    let one = refund::apply(signer, gateway, &refund).unwrap();
    let again = refund::apply(signer, gateway, &refund).unwrap();
    assert_eq!((&one, one.refund_fee), (&again, Fen(60)));
    for request in sandbox.received() {
        let is_refund = request.path == "/secapi/pay/refund";
        assert_eq!(request.client_certificate.is_some(), is_refund, "{}", request.path);
    }
    refund.refund_fee = Fen(61);
    let error = refund::apply(signer, gateway, &refund).unwrap_err();
    assert_eq!((&api(&error).code, error.retry()), (&Code::REFUND_FEE_MISMATCH, Retry::QueryFirst));

    let query = RefundQuery::new(sandbox.appid(), OutRefundNo::new("r@1|*").unwrap());
    let found = refund::query(signer, gateway, &query).unwrap();
    assert_eq!(found.refunds.len(), 1);
    assert_eq!(found.refunds[0].refund_status, Status::Processing);
    assert_eq!(found.refunds[0].refund_channel, Some(Channel::Original));
    v2.succeed_refund("r@1|*").unwrap();
    let query = RefundQuery::new(sandbox.appid(), one.refund_id.clone());
    let found = refund::query(signer, gateway, &query).unwrap();
    assert_eq!(found.refunds[0].refund_status, Status::Success);
    assert!(found.refunds[0].success_time.is_some());
    let order = order(&sandbox, "refunded-1");
    let transaction = pay::query(signer, gateway, &order.appid, &order.out_trade_no).unwrap();
    let not_paid = transaction.paid(sandbox.mchid(), &order).unwrap_err();
    assert_eq!(not_paid, NotPaid::State(TradeState::Refund));

    let notifications = v2.take_notifications();
    let Notification::Refund(told) = notify::open(signer, &notifications[1].body).unwrap() else {
        panic!("not a refund");
    };
    assert_eq!(told.refund.refund_id, one.refund_id);
    assert_eq!(told.refund.refund_status, Status::Success);
    assert_eq!(told.out_trade_no, order.out_trade_no);
}

/// Whether a new number may be taken hangs on this answer, and nothing signed binds it to its
/// request.
#[test]
fn the_state_of_another_refund_is_not_taken_for_that_of_the_one_asked_for() {
    let sandbox = start();
    let v2 = sandbox.v2();
    placed_and_paid(&sandbox, "refunded-5");
    for name in ["r-5", "r-6"] {
        let refund = refund_of(&sandbox, "refunded-5", name, Fen(10));
        refund::apply(v2.signer(), v2.gateway(), &refund).unwrap();
    }
    v2.close_refund("r-6").unwrap();
    let ask = |query: &RefundQuery| refund::query(v2.signer(), v2.gateway(), query);
    let all = ask(&RefundQuery::new(sandbox.appid(), number("refunded-5"))).unwrap();
    assert_eq!(all.refunds.len(), 2);
    let asked = OutRefundNo::new("r-5").unwrap();
    let by_id = RefundQuery::new(sandbox.appid(), all.refunds[0].refund_id.clone());
    for query in [RefundQuery::new(sandbox.appid(), asked.clone()), by_id] {
        // The answer about the other one, as it was signed.
        let other = RefundQuery::new(sandbox.appid(), all.refunds[1].refund_id.clone());
        let answered = Arc::new(Mutex::new(Vec::new()));
        let kept = answered.clone();
        sandbox.tamper_next(move |answer| kept.lock().unwrap().clone_from(&answer.body));
        ask(&other).unwrap();
        sandbox.tamper_next(move |answer| answer.body.clone_from(&answered.lock().unwrap()));
        let error = ask(&query).unwrap_err();
        assert!(error.to_string().ends_with("the queried refund is missing"));
        // Beside another one it is found.
        let second = all.refunds[1].clone();
        v2.rewrite_next(move |fields| {
            fields.insert("refund_count".to_owned(), "2".to_owned());
            let own: Vec<_> = fields.iter().filter(|(name, _)| name.ends_with("_0")).collect();
            let moved: Vec<_> =
                own.iter().map(|(n, v)| (n.replace("_0", "_1"), (*v).clone())).collect();
            fields.extend(moved);
            fields.insert("refund_id_0".to_owned(), second.refund_id.to_string());
            fields.insert("out_refund_no_0".to_owned(), second.out_refund_no.to_string());
        });
        let found = ask(&query).unwrap();
        assert_eq!((found.refunds.len(), &found.refunds[0].out_refund_no), (1, &asked));
    }
}

#[test]
fn refunds_are_paged_by_ten() {
    let sandbox = start();
    let v2 = sandbox.v2();
    placed_and_paid(&sandbox, "refunded-2");
    for index in 0..12 {
        let refund = refund_of(&sandbox, "refunded-2", &format!("page-{index}"), Fen(1));
        refund::apply(v2.signer(), v2.gateway(), &refund).unwrap();
    }
    let mut query = RefundQuery::new(sandbox.appid(), number("refunded-2"));
    let first = refund::query(v2.signer(), v2.gateway(), &query).unwrap();
    assert_eq!((first.refunds.len(), first.total_refund_count), (10, Some(12)));
    query.offset = Some(10);
    let rest = refund::query(v2.signer(), v2.gateway(), &query).unwrap();
    assert_eq!(rest.refunds.len(), 2);
    query.offset = Some(12);
    let error = refund::query(v2.signer(), v2.gateway(), &query).unwrap_err();
    assert_eq!(api(&error).code, Code::PARAM_ERROR);
    let unknown = RefundQuery::new(sandbox.appid(), OutRefundNo::new("never").unwrap());
    let error = refund::query(v2.signer(), v2.gateway(), &unknown).unwrap_err();
    assert_eq!(api(&error).code, Code::REFUNDNOTEXIST);
}

fn options(sandbox: &Sandbox) -> HttpOptions {
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    options
}

#[test]
fn a_refund_without_the_merchants_certificate_is_not_made() {
    let sandbox = start();
    let v2 = sandbox.v2();
    placed_and_paid(&sandbox, "refunded-3");
    let refund = refund_of(&sandbox, "refunded-3", "r-3", Fen(1));
    let before = sandbox.received().len();
    let plain = UreqTransport::new(&options(&sandbox)).unwrap();
    let gateway = Gateway::at(sandbox.base_url(), plain.clone()).unwrap();
    let error = refund::apply(v2.signer(), &gateway, &refund).unwrap_err();
    assert!(error.to_string().starts_with("client_certificate is required"), "{error}");
    assert_eq!((error.outcome(), sandbox.received().len()), (Outcome::NotSent, before));

    let error = refund::apply(v2.signer(), &gateway.with_certified(plain), &refund).unwrap_err();
    assert_eq!((api(&error).message.as_str(), error.outcome()), ("证书校验错误", Outcome::Unknown));
    let query = RefundQuery::new(sandbox.appid(), OutRefundNo::new("r-3").unwrap());
    let error = refund::query(v2.signer(), v2.gateway(), &query).unwrap_err();
    assert_eq!(api(&error).code, Code::REFUNDNOTEXIST);
}

#[test]
fn a_client_certificate_that_does_not_fit_is_told_and_never_panics() {
    let sandbox = start();
    let (certificate, key) = (sandbox.merchant_certificate_pem(), sandbox.merchant_key_pem());
    let other_key = include_str!("../data/keys/rsa2048.pem");
    for (certificate, key, rule) in [
        (
            certificate,
            other_key,
            "private_key is not the key of the certificate; take both from one certificate request",
        ),
        (certificate, certificate, "private_key must hold a private key"),
        (key, key, "certificate must hold a certificate"),
        ("", "", "certificate must hold a certificate"),
        (certificate, "", "private_key must hold a private key"),
    ] {
        let error = ClientCertificate::from_pem(certificate, key).unwrap_err().to_string();
        assert!(error.starts_with(rule), "{error}");
    }
    let marked = format!("\u{feff}{key}");
    let mut options = options(&sandbox);
    options.client_certificate = Some(ClientCertificate::from_pem(certificate, marked).unwrap());
    let transport = UreqTransport::new(&options).unwrap();
    let gateway = Gateway::at(sandbox.base_url(), transport.clone()).unwrap();
    placed_and_paid(&sandbox, "refunded-4");
    let refund = refund_of(&sandbox, "refunded-4", "r-4", Fen(1));
    refund::apply(sandbox.v2().signer(), &gateway.with_certified(transport), &refund).unwrap();
}

#[test]
fn a_payment_notification_is_of_the_algorithm_of_its_order() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let signers: [(&dyn Signer, &str); 2] =
        [(v2.signer(), "noticed-hmac"), (v2.md5_signer(), "noticed-md5")];
    for (signer, text) in signers {
        let order = order(&sandbox, text);
        pay::prepay(signer, v2.gateway(), &order, &payer()).unwrap();
        v2.pay(text, &[Fen(30)]).unwrap();
        let notification = v2.take_notifications().pop().unwrap();
        assert_eq!(notification.notify_url, sandbox.notify_url().as_str());
        let Notification::Transaction(told) = notify::open(signer, &notification.body).unwrap()
        else {
            panic!("not a transaction");
        };
        let paid = told.paid(signer.mchid(), &order).unwrap();
        let found = pay::query(signer, v2.gateway(), &order.appid, &order.out_trade_no).unwrap();
        assert_eq!(found.paid(signer.mchid(), &order).unwrap(), paid);
        let either = notify::open_by_length(v2.signer(), v2.md5_signer(), &notification.body);
        assert_eq!(either.unwrap(), Notification::Transaction(told));
        let is_hmac = signer.sign_type() == SignType::HmacSha256;
        let other: &dyn Signer = if is_hmac { v2.md5_signer() } else { v2.signer() };
        assert!(notify::open(other, &notification.body).is_err());
    }
}

/// Answers whatever it is asked.
struct Canned(String);

impl Transport for Canned {
    fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
        let body = Box::new(std::io::Cursor::new(self.0.clone()));
        Ok(Response { status: 200, headers: Vec::new(), body })
    }
}

/// A message as WeChat Pay writes it, signed: `=` marks a value without CDATA. Each begins and ends
/// with these.
fn message_of(signer: &dyn Signer, [begin, between, end]: [&str; 3], fields: &str) -> String {
    let pairs = fields.lines().map(|line| line.trim().split_once(' ').unwrap_or((line.trim(), "")));
    let mut pairs: Vec<(&str, &str)> = pairs.collect();
    let plain = |value: &str| value.trim_start_matches('=').to_owned();
    let values: Vec<String> = pairs.iter().map(|(_, value)| plain(value)).collect();
    let signed = pairs.iter().zip(&values).map(|((name, _), value)| (*name, value.as_str()));
    let sign = signer.sign(&v2::signing::message(signed)).unwrap();
    pairs.insert(pairs.len() / 2, ("sign", &sign));
    let field = |(name, value): &(&str, &str)| match value.strip_prefix('=') {
        Some(number) => format!("<{name}>{number}</{name}>"),
        None => format!("<{name}><![CDATA[{value}]]></{name}>"),
    };
    let fields: Vec<_> = pairs.iter().map(field).collect();
    format!("{begin}<xml>{}</xml>{end}", fields.join(between))
}

const SHAPES: [[&str; 3]; 5] = [
    ["", "", ""],
    ["", "\n", "\n"],
    ["\n\t", "\r\n    ", " "],
    ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "\n", ""],
    ["<?xml version = '1.0' encoding = 'utf-8'?>", " ", "\n"],
];

const SUCCESS: &str = "return_code SUCCESS
    return_msg OK
    result_code SUCCESS
    appid wx2421b1c4370ec43b
    mch_id 10000100
    nonce_str 0.649960724868794\n";

/// The shapes that merchants' logs and the tests of other libraries show, with values of our own:
/// fields that are empty, absent or unknown, numbers with and without CDATA, blanks of any kind.
#[test]
fn answers_of_every_shape_that_was_seen_are_read() {
    let signer = HmacSha256Key::new("10000100", "0123456789ABCDEFGHIJKLMNOPQRSTUV").unwrap();
    let appid = AppId::new("wx2421b1c4370ec43b").unwrap();
    let order = Order::new(
        appid.clone(),
        number("20250101-7"),
        "b",
        Fen(900),
        "14.23.150.211".parse().unwrap(),
        "https://shop.example/n".parse().unwrap(),
    );
    for shape in SHAPES {
        let answering = |fields: &str| {
            let body = message_of(&signer, shape, &format!("{SUCCESS}{fields}"));
            let gateway = Gateway::at("https://127.0.0.1:1", Canned(body.clone())).unwrap();
            gateway.with_certified(Canned(body))
        };
        let state = |fields: &str| {
            let gateway = answering(&format!("out_trade_no 20250101-7\n{fields}"));
            pay::query(&signer, &gateway, &appid, &order.out_trade_no).unwrap()
        };
        let open = state("trade_state NOTPAY\ntrade_state_desc 订单未支付");
        assert_eq!((open.trade_state, open.total_fee), (TradeState::NotPay, None));
        let open = state("device_info\ntrade_state NOTPAY\ntotal_fee =900");
        assert_eq!((open.device_info, open.total_fee), (None, Some(Fen(900))));
        let closed = state("attach\ntrade_state CLOSED\ntrade_state_desc 订单已关闭");
        assert_eq!((closed.trade_state, closed.attach), (TradeState::Closed, None));
        let paid = "openid oUpF8uMuAJO_M2pxb1Q9zNjWeS6o
            is_subscribe N
            trade_type MICROPAY
            bank_type OTHERS
            total_fee =900
            fee_type CNY
            transaction_id 4200000000202501010000000001
            attach a=1&b=2&out_trade_no=x
            time_end 20250101090807
            cash_fee =900
            cash_fee_type CNY
            rate 87520000
            version 1.0
            promotion_detail {}\n";
        let found = state(&format!("{paid}trade_state SUCCESS"));
        assert_eq!(found.paid("10000100", &order).unwrap().total(), Fen(900));
        let found = state(&format!("{paid}trade_state REFUND\ntrade_state_desc 订单发生过退款"));
        let not_paid = found.paid("10000100", &order).unwrap_err();
        assert_eq!(not_paid, NotPaid::State(TradeState::Refund));

        let gateway = answering("sub_mch_id");
        pay::close(&signer, &gateway, &appid, &order.out_trade_no).unwrap();
        let gateway = answering(
            "prepay_id wx300938224735257a61dd6c1f12d4c10000
            trade_type NATIVE
            device_info
            code_url weixin://wxpay/bizpayurl?pr=GnZnlWr",
        );
        pay::prepay(&signer, &gateway, &order, &Native::new("1")).unwrap();
        pay::prepay(&signer, &gateway, &order, &App).unwrap();
        let gateway = answering("mweb_url https://wx.tenpay.com/x?prepay_id=wx1&package=2");
        pay::prepay(&signer, &gateway, &order, &wap()).unwrap();
        let gateway = answering("err_code\nerr_code_des\nprepay_id wx1");
        pay::prepay(&signer, &gateway, &order, &App).unwrap();

        let numbers = "transaction_id 4200000000202501010000000001\nout_trade_no 20250101-7\n";
        let gateway = answering(&format!(
            "{numbers}out_refund_no 1
            refund_id 50300102802025010100000000001
            refund_channel
            refund_fee =1
            coupon_refund_fee =0
            total_fee =900
            coupon_refund_count =0
            cash_refund_fee =1"
        ));
        let refund_no = OutRefundNo::new("1").unwrap();
        let refund =
            Refund::new(appid.clone(), refund_no.clone(), number("20250101-7"), Fen(1), Fen(900));
        assert_eq!(refund::apply(&signer, &gateway, &refund).unwrap().cash_fee, None);
        let gateway = answering(&format!(
            "{numbers}cash_fee 900
            total_fee 900
            refund_fee =1
            refund_count =1
            out_refund_no_0 1
            refund_id_0 50300102802025010100000000001
            refund_channel_0 ORIGINAL
            refund_fee_0 =1
            refund_status_0 PROCESSING
            refund_recv_accout_0 支付用户的零钱
            refund_success_time_0"
        ));
        let query = RefundQuery::new(appid.clone(), refund_no);
        let found = refund::query(&signer, &gateway, &query).unwrap();
        assert_eq!(found.refunds[0].success_time, None);
    }
}

#[test]
fn notifications_of_every_shape_that_was_seen_prove_the_payment() {
    let keys: [&dyn Signer; 2] = [
        &HmacSha256Key::new("10000100", "0123456789ABCDEFGHIJKLMNOPQRSTUV").unwrap(),
        &v2::Md5Key::new("10000100", "0123456789ABCDEFGHIJKLMNOPQRSTUV").unwrap(),
    ];
    let order = Order::new(
        "wx2421b1c4370ec43b".parse().unwrap(),
        number("20250101-7"),
        "b",
        Fen(980),
        "14.23.150.211".parse().unwrap(),
        "https://shop.example/n".parse().unwrap(),
    );
    let least = "appid wx2421b1c4370ec43b
        bank_type CFT
        cash_fee 480
        mch_id 10000100
        nonce_str 6ec5e8d30c00467bbe80680bd1bf5dae
        openid oUpF8uMuAJO_M2pxb1Q9zNjWeS6o
        out_trade_no 20250101-7
        result_code SUCCESS
        return_code SUCCESS
        time_end 20250101090807
        total_fee =980
        trade_type JSAPI
        transaction_id 4200000000202501010000000001";
    for more in [
        "",
        "\nfee_type CNY\nis_subscribe Y\nattach {\"id\":\"7\"}\ndevice_info",
        "\ncoupon_count 1\ncoupon_fee =500\ncoupon_fee_0 500\ncoupon_id_0 2000000044096177209",
        "\ncoupon_count 1\ncoupon_fee_0 10\ncoupon_type CASH\ncoupon_id 10000",
        "\nsub_mch_id\nsub_appid",
        "\nsub_mch_id 10000100\nsub_openid o1\nsub_is_subscribe N\nrate_value 650000000",
        "\nreturn_msg OK\nerr_code SUCCESS\nerr_code_des SUCCESS\nsettlement_total_fee 980",
    ] {
        for (shape, signer) in SHAPES.iter().flat_map(|shape| keys.map(|key| (*shape, key))) {
            let body = message_of(signer, shape, &format!("{least}{more}"));
            let Ok(Notification::Transaction(told)) = notify::open(signer, body.as_bytes()) else {
                panic!("{body}");
            };
            assert_eq!(told.paid("10000100", &order).unwrap().total(), Fen(980), "{body}");
        }
    }
}

#[test]
fn what_is_lost_on_the_way_is_unknown_and_what_never_left_is_not() {
    struct Lost(TransportError);
    impl Transport for Lost {
        fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
            Err(self.0.clone())
        }
    }
    let sandbox = start();
    let order = order(&sandbox, "lost-1");
    for (error, outcome) in [
        (TransportError::unknown("reset"), Outcome::Unknown),
        (TransportError::not_sent("refused"), Outcome::NotSent),
    ] {
        let gateway = Gateway::at("https://shop.example", Lost(error)).unwrap();
        let signer = sandbox.v2().signer();
        let error = pay::prepay(signer, &gateway, &order, &App).unwrap_err();
        assert_eq!((error.outcome(), error.retry()), (outcome, Retry::SameRequest));
    }
    sandbox.tamper_next(|answer| answer.set_header("Content-Length", "100000"));
    assert_eq!(placed_with(&sandbox, "lost-2").outcome(), Outcome::Unknown);
}

#[test]
fn the_api_key_is_nowhere_to_be_seen() {
    /// Remembers what a transport may show of a request.
    struct Seen(UreqTransport, Arc<Mutex<String>>);
    impl Transport for Seen {
        fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
            let body = String::from_utf8_lossy(request.body);
            self.1.lock().unwrap().push_str(&format!("{request:?} {body}"));
            self.0.send(request)
        }
    }
    let sandbox = start();
    let v2 = sandbox.v2();
    let sent = Arc::new(Mutex::new(String::new()));
    let transport = UreqTransport::new(&options(&sandbox)).unwrap();
    let gateway = Gateway::at(sandbox.base_url(), Seen(transport, Arc::clone(&sent))).unwrap();
    let order = order(&sandbox, "secret-v2");
    let prepay_id = pay::prepay(v2.signer(), &gateway, &order, &App).unwrap();
    v2.refuse_next("SIGNERROR", "签名错误");
    let refused = pay::prepay(v2.signer(), &gateway, &order, &App).unwrap_err();
    v2.fail_next("签名错误");
    let failed = pay::prepay(v2.signer(), &gateway, &order, &App).unwrap_err();
    let invalid = HmacSha256Key::new("1", format!("{} ", v2.api_key())).unwrap_err();
    let certificate =
        ClientCertificate::from_pem(sandbox.merchant_certificate_pem(), sandbox.merchant_key_pem())
            .unwrap();
    let mut options = options(&sandbox);
    options.client_certificate = Some(certificate);
    let seen = format!(
        "{:?} {:?} {:?} {gateway:?} {options:?} {v2:?} {:?} {refused} {refused:?} {failed:?} \
         {invalid} {invalid:?} {order:?} {}",
        v2.signer(),
        v2.md5_signer(),
        pay::invoke_app(v2.signer(), &order, &prepay_id).unwrap(),
        pay::invoke_jsapi(v2.md5_signer(), &order, &prepay_id).unwrap(),
        sent.lock().unwrap(),
    )
    .to_lowercase();
    let key = v2.api_key();
    for piece in key.as_bytes().windows(16) {
        let text = String::from_utf8(piece.to_vec()).unwrap().to_lowercase();
        let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!seen.contains(&text) && !seen.contains(&hex), "a piece of the key");
    }
    assert!(seen.contains("secret-v2"));
    let pem: String = sandbox.merchant_key_pem().lines().skip(2).take(1).collect();
    assert!(!seen.contains(&pem.to_lowercase()));
}

#[test]
fn keys_gateways_and_orders_go_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let sandbox = start();
    shared(sandbox.v2().signer());
    shared(sandbox.v2().md5_signer());
    shared(sandbox.v2().gateway());
    shared(&order(&sandbox, "threads-1"));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for index in 0..5 {
                    let order = order(sandbox, &format!("thread-{thread}-{index}"));
                    let v2 = sandbox.v2();
                    pay::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap();
                    let found =
                        pay::query(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no);
                    assert_eq!(found.unwrap().out_trade_no, order.out_trade_no);
                }
            });
        }
    });
    assert_eq!(sandbox.received().len(), 80);
}

#[test]
fn the_readme_names_every_api_of_v2() {
    let readme = include_str!("../../README.md");
    for path in [
        "/pay/unifiedorder",
        "/pay/orderquery",
        "/pay/closeorder",
        "/secapi/pay/refund",
        "/pay/refundquery",
        "/pay/combinedorder",
        "/pay/querycombinedorder",
        "/pay/closecombinedorder",
    ] {
        assert!(readme.contains(&format!("`POST {path}`")), "{path}");
    }
}
