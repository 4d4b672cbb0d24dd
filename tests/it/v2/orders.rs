//! Orders of 统一下单: placed, invoked, queried and closed.

use std::collections::HashSet;

use wechatpay::pay::{TradeState, TradeType};
use wechatpay::v2::combine;
use wechatpay::v2::pay::{self, Detail, GoodsDetail, LimitPay, StoreInfo};
use wechatpay::v2::signing::message;
use wechatpay::v2::{App, Jsapi, Native, Signer};
use wechatpay::{AppId, Code, Fen, OpenId, Outcome, Retry, Time};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, start};
use crate::v2::{combined, order, payer, wap};

fn last_body(sandbox: &Sandbox) -> String {
    String::from_utf8(sandbox.received().last().unwrap().body.clone()).unwrap()
}

#[test]
fn order_of_each_kind_is_placed_paid_and_proved() {
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
fn full_order_reaches_wechat_pay_as_signed() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let mut order = order(&sandbox, "full_-|*1");
    order.body = "<b>&amp;\"'测试]]>&key=x".into();
    let mut goods = GoodsDetail::new("iphone6s_16G", 1, Fen(528_800));
    goods.goods_name = Some("iPhone6s \"16G\" ]]>\u{2028}".into());
    let mut detail = Detail::default();
    detail.goods_detail = vec![goods];
    order.detail = Some(detail.into());
    order.attach = Some("支付 测试".into());
    order.device_info = Some("WEB".into());
    order.fee_type = Some("CNY".into());
    let now = Time::now().unwrap().unix_seconds();
    order.time_start = Some(Time::from_unix_seconds(now).unwrap());
    order.time_expire = Some(Time::from_unix_seconds(now + 3600).unwrap());
    order.goods_tag = Some("WXG".into());
    order.limit_pay = Some(LimitPay::NoCredit);
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
fn repeated_order_is_one_post_each_with_the_same_fields() {
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
fn invoke_parameters_are_signed_with_the_order_key() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let order = order(&sandbox, "invoked-1");
    let prepay_id = pay::prepay(v2.signer(), v2.gateway(), &order, &payer()).unwrap();
    let signers: [&dyn Signer; 2] = [v2.signer(), v2.md5_signer()];
    for signer in signers {
        let page = pay::invoke_jsapi(signer, &order, &prepay_id).unwrap();
        let package = format!("prepay_id={prepay_id}");
        let signed = message([
            ("appId", sandbox.appid().as_str()),
            ("timeStamp", &page.time_stamp),
            ("nonceStr", &page.nonce_str),
            ("package", &package),
            ("signType", signer.sign_type().as_str()),
        ]);
        assert_eq!(page.pay_sign, signer.sign(&signed).unwrap());
        assert_eq!((&page.package, page.sign_type), (&package, signer.sign_type().as_str()));
        let program = pay::invoke_mini_program(signer, &order, &prepay_id).unwrap();
        assert_eq!(program.app_id, None);

        let app = pay::invoke_app(signer, &order, &prepay_id).unwrap();
        let signed = message([
            ("appid", app.appid.as_str()),
            ("partnerid", sandbox.mchid()),
            ("prepayid", prepay_id.as_str()),
            ("package", "Sign=WXPay"),
            ("noncestr", &app.noncestr),
            ("timestamp", &app.timestamp),
        ]);
        assert_eq!(app.sign, signer.sign(&signed).unwrap());
    }
}

/// Years ago APIv2 accepted order numbers of two characters.
#[test]
fn order_with_short_old_number_can_be_queried() {
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
fn invalid_order_is_not_sent() {
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
fn used_order_number_with_other_values_is_refused() {
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
fn foreign_appid_openid_or_merchant_is_refused() {
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
fn close_is_ignored_too_early_and_succeeds_twice() {
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
    assert_eq!(state(), TradeState::NotPay, "merchants report this");
    sandbox.let_time_pass(301);
    for _ in 0..2 {
        close().unwrap();
        assert_eq!(state(), TradeState::Closed);
    }
    let error = pay::prepay(signer, gateway, &order, &App).unwrap_err();
    assert_eq!(api(&error).code, Code::ORDER_CLOSED);
}

#[test]
fn paid_order_is_not_closed() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let order = order(&sandbox, "close-paid");
    pay::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap();
    v2.pay("close-paid", &[]).unwrap();
    let error =
        pay::close(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no).unwrap_err();
    assert_eq!((&api(&error).code, error.outcome()), (&Code::ORDERPAID, Outcome::Refused));
}
