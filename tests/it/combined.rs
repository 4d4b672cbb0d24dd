//! Combined orders (合单), document 000.

use serde_json::{Value, json};
use wechatpay::combine::{self, Order, SceneInfo, SubOrder, app, h5, jsapi, native};
use wechatpay::notify::{self, Notification};
use wechatpay::pay::Payer;
use wechatpay::pay::h5::{H5Info, H5Type};
use wechatpay::pay::{
    self, NotPaid, SettleInfo, SubsidyDetail, SubsidyInfo, SubsidyPeriodType, SubsidyPlan,
    TradeState,
};
use wechatpay::refund::{self, Refund, Status};
use wechatpay::{
    ApiV3Key, Code, Error, Fen, OpenId, OutRefundNo, OutTradeNo, Outcome, Retry, SubMerchant, Time,
};
use wechatpay_sandbox::{Response, Sandbox};

use crate::support::{api, start};

fn number(text: &str) -> OutTradeNo {
    OutTradeNo::new(text).unwrap()
}

fn openid() -> OpenId {
    OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()
}

/// Two sub-orders, of the merchant who signs and of another one.
pub(crate) fn order(sandbox: &Sandbox, whole: &str) -> Order {
    let part = |mchid, part: &str, fen, attach| {
        let number = number(&format!("{whole}-{part}"));
        SubOrder::new(mchid, number, "腾讯充值中心-QQ会员充值", Fen(fen), attach)
    };
    let sub_orders =
        vec![part(sandbox.mchid(), "1", 10, "深圳分店"), part("1900009191", "2", 20, "广州分店")];
    Order::new(sandbox.appid(), number(whole), sub_orders, sandbox.notify_url())
}

fn place(sandbox: &Sandbox, order: &Order) -> Result<(), Error> {
    app::prepay(sandbox.signer(), sandbox.gateway(), order).map(drop)
}

fn last_body(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&sandbox.received().last().unwrap().body).unwrap()
}

#[test]
fn every_field_of_document_000_is_sent_under_its_name() {
    let sandbox = start();
    let mut order = order(&sandbox, "whole-000");
    let mut scene_info = SceneInfo::new("14.17.22.32".parse().unwrap());
    scene_info.device_id = Some("POS1:1".into());
    order.scene_info = Some(scene_info);
    order.payer = Some(Payer::new(openid()));
    order.time_expire = Some("2000-01-01T00:00:00+08:00".parse().unwrap());
    order.trade_scenario = Some("RECOMMERCE".into());
    order.time_start = Some("1999-12-31T00:00:00+08:00".parse().unwrap());
    let plans = vec![SubsidyPlan::new(12, 100)];
    let detail = SubsidyDetail::new(SubsidyPeriodType::Period, plans);
    order.subsidy_info = Some(SubsidyInfo::new(vec![detail]));
    for sub_order in &mut order.sub_orders {
        sub_order.detail = Some("买单费用".into());
        let mut settle_info = SettleInfo::default();
        settle_info.profit_sharing = Some(false);
        settle_info.subsidy_amount = Some(Fen(5));
        sub_order.settle_info = Some(settle_info);
        sub_order.goods_tag = Some("WXG".into());
    }
    let prepay_id = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    let part = |mchid: &str, number, fen, attach| {
        json!({"mchid": mchid, "attach": attach,
            "amount": {"total_amount": fen, "currency": "CNY"}, "out_trade_no": number,
            "detail": "买单费用", "description": "腾讯充值中心-QQ会员充值",
            "settle_info": {"profit_sharing": false, "subsidy_amount": 5}, "goods_tag": "WXG"})
    };
    assert_eq!(
        last_body(&sandbox),
        json!({
            "time_start": "1999-12-31T00:00:00+08:00",
            "time_expire": "2000-01-01T00:00:00+08:00",
            "subsidy_info": {"subsidy_detail": [{"subsidy_period_type": "PERIOD",
                "subsidy_plan": [{"subsidy_installment_num": 12, "subsidy_percent": 100}]}]},
            "combine_appid": sandbox.appid().as_str(),
            "sub_orders": [part(sandbox.mchid(), "whole-000-1", 10, "深圳分店"),
                part("1900009191", "whole-000-2", 20, "广州分店")],
            "combine_payer_info": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
            "combine_out_trade_no": "whole-000",
            "notify_url": sandbox.notify_url().as_str(),
            "combine_mchid": sandbox.mchid(),
            "scene_info": {"device_id": "POS1:1", "payer_client_ip": "14.17.22.32"},
            "trade_scenario": "RECOMMERCE",
        })
    );

    // Invoked by the same functions as a single order, under the appid and merchant of the whole.
    let parameters = pay::app::invoke(sandbox.signer(), &order, &prepay_id).unwrap();
    assert_eq!(parameters.appid, sandbox.appid().as_str());
    assert_eq!(parameters.partnerid, sandbox.mchid());
    let parameters = pay::jsapi::invoke(sandbox.signer(), &order, &prepay_id).unwrap();
    assert_eq!(parameters.app_id.as_deref(), Some(sandbox.appid().as_str()));
}

#[test]
fn limit_pay_of_a_combined_order_is_sent() {
    let sandbox = start();
    let mut order = order(&sandbox, "whole-limit");
    order.limit_pay = vec![pay::LimitPay::NoDebit];
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    assert_eq!(last_body(&sandbox)["limit_pay"], json!(["no_debit"]));
}

#[test]
fn jsapi_native_and_h5_return_their_own_results() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let payer = Payer::new(openid());
    jsapi::prepay(signer, gateway, &order(&sandbox, "whole-jsapi"), &payer).unwrap();
    assert_eq!(last_body(&sandbox)["combine_payer_info"], json!({"openid": openid().as_str()}));

    let code_url = native::prepay(signer, gateway, &order(&sandbox, "whole-native")).unwrap();
    assert!(code_url.as_str().starts_with("weixin://"), "{code_url}");

    let address = "2001:db8::7".parse().unwrap();
    let scene = h5::Scene::new(address, "POS1:1", H5Info::new(H5Type::Android));
    h5::prepay(signer, gateway, &order(&sandbox, "whole-h5"), &scene).unwrap();
    assert_eq!(
        last_body(&sandbox)["scene_info"],
        json!({"payer_client_ip": "2001:db8::7", "device_id": "POS1:1",
            "h5_info": {"type": "Android"}})
    );
}

#[test]
fn order_that_breaks_a_rule_is_never_sent() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut broken = order(&sandbox, "broken-1");
    broken.sub_orders[1].out_trade_no = broken.combine_out_trade_no.clone();
    broken.sub_orders[0].attach = String::new();
    let error = place(&sandbox, &broken).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/sub_orders/0/attach must be 1 to 128 characters; /sub_orders/1/out_trade_no must differ \
         from every other order number of the combined order"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);

    let mut with_payer = order(&sandbox, "broken-2");
    with_payer.payer = Some(Payer::of_sub_merchant(openid()));
    let error = native::prepay(signer, gateway, &with_payer).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/combine_payer_info must be left out here: App orders have it, and JSAPI takes it as an \
         argument; \
         /combine_payer_info/sub_openid needs a partner's sub-order that names its sub_appid"
    );
    assert_eq!(sandbox.received().len(), 0);
}

#[test]
fn combined_order_is_paid_notified_and_refunded_in_part() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "whole-life");
    place(&sandbox, &order).unwrap();
    let unpaid = combine::query(signer, gateway, &order.combine_out_trade_no).unwrap();
    let NotPaid::SubOrder { out_trade_no, reason } =
        unpaid.paid(sandbox.mchid(), &order).unwrap_err()
    else {
        panic!()
    };
    assert_eq!(
        (out_trade_no.as_str(), *reason),
        ("whole-life-1", NotPaid::State(TradeState::NotPay))
    );

    sandbox.pay("whole-life").unwrap();
    let notifications = sandbox.take_notifications();
    assert_eq!(notifications.len(), 1, "one notification for the whole");
    let headers = notifications[0].headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let now = Time::now().unwrap();
    let event =
        notify::open(sandbox.platform_keys(), &key, headers, &notifications[0].body, now).unwrap();
    let Notification::Combined(notified) = event.notification else { panic!("{event:?}") };
    let paid = notified.paid(sandbox.mchid(), &order).unwrap();
    let queried = combine::query(signer, gateway, &order.combine_out_trade_no).unwrap();
    assert_eq!(queried.paid(sandbox.mchid(), &order).unwrap(), paid);
    let totals: Vec<_> = paid.iter().map(|paid| paid.total()).collect();
    assert_eq!(totals, [Fen(10), Fen(20)]);

    // The queries of single orders do not find it.
    for number in ["whole-life", "whole-life-1"] {
        let error = pay::query(signer, gateway, &self::number(number)).unwrap_err();
        assert_eq!(api(&error).code, Code::ORDER_NOT_EXIST);
    }

    // A refund goes by the merchant of the sub-order, under the number of the sub-order.
    let refund_no = OutRefundNo::new("whole-life-refund").unwrap();
    let refund = Refund::new(refund_no, paid[0].out_trade_no().clone(), Fen(4), Fen(10));
    let taken = refund::apply(signer, gateway, &refund).unwrap();
    assert_eq!(&taken.transaction_id, paid[0].transaction_id());
    sandbox.succeed_refund("whole-life-refund").unwrap();
    let done = refund::query(signer, gateway, &refund.out_refund_no).unwrap();
    assert_eq!((done.status, done.amount.refund), (Status::Success, Fen(4)));
}

#[test]
fn combined_order_closes_completely_and_closing_is_idempotent() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut order = order(&sandbox, "whole-close");
    place(&sandbox, &order).unwrap();
    for _ in 0..2 {
        combine::close(signer, gateway, &order).unwrap();
    }
    assert_eq!(
        last_body(&sandbox),
        json!({
            "combine_appid": sandbox.appid().as_str(),
            "sub_orders": [{"mchid": sandbox.mchid(), "out_trade_no": "whole-close-1"},
                {"mchid": "1900009191", "out_trade_no": "whole-close-2"}],
        })
    );
    let closed = combine::query(signer, gateway, &order.combine_out_trade_no).unwrap();
    assert!(closed.sub_orders.iter().all(|sub| sub.trade_state == TradeState::Closed));

    order.combine_out_trade_no = number("whole-open");
    order.sub_orders[0].out_trade_no = number("whole-open-1");
    order.sub_orders[1].out_trade_no = number("whole-open-2");
    place(&sandbox, &order).unwrap();
    order.sub_orders.pop();
    let error = combine::close(signer, gateway, &order).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (400, &Code::INVALID_REQUEST));
}

#[test]
fn combined_already_closed_is_accepted_only_if_signed() {
    let sandbox = start();
    let order = order(&sandbox, "not-closed-1");
    place(&sandbox, &order).unwrap();
    sandbox.tamper_next(|response| {
        let body = br#"{"code":"ORDER_CLOSED","message":"closed"}"#;
        *response = Response { status: 400, headers: Vec::new(), body: body.to_vec() };
    });
    let error = combine::close(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert_eq!((&api(&error).code, api(&error).signed), (&Code::ORDER_CLOSED, false));
}

#[test]
fn repeated_number_is_the_same_order_or_refused() {
    let sandbox = start();
    let mut order = order(&sandbox, "whole-again");
    for _ in 0..2 {
        place(&sandbox, &order).unwrap();
    }
    let received = sandbox.received();
    assert_eq!(received[0].body, received[1].body);
    order.sub_orders[0].total_amount = Fen(11);
    let error = place(&sandbox, &order).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (400, &Code::INVALID_REQUEST));
}

#[test]
fn combined_errors_of_document_000_are_classified_like_v3() {
    use Outcome::{Refused, Unknown};
    use Retry::{Never, QueryFirst, SameRequest};
    let sandbox = start();
    let order = order(&sandbox, "whole-errors");
    let table = [
        (400, "APPID_MCHID_NOT_MATCH", Code::APPID_MCHID_NOT_MATCH, Refused, Never),
        (400, "INVALID_REQUEST", Code::INVALID_REQUEST, Refused, QueryFirst),
        (400, "MCH_NOT_EXISTS", Code::MCH_NOT_EXISTS, Refused, Never),
        (400, "ORDER_CLOSED", Code::ORDER_CLOSED, Refused, Never),
        (400, "PARAM_ERROR", Code::PARAM_ERROR, Refused, Never),
        (401, "SIGN_ERROR", Code::SIGN_ERROR, Refused, Never),
        (403, "NOAUTH", Code::NO_AUTH, Refused, Never),
        (403, "OUT_TRADE_NO_USED", Code::OUT_TRADE_NO_USED, Refused, QueryFirst),
        (403, "RULELIMIT", Code::RULE_LIMIT, Refused, SameRequest),
        (404, "ORDERNOTEXIST", Code::ORDER_NOT_EXIST, Refused, QueryFirst),
        (429, "FREQUENCY_LIMITED", Code::FREQUENCY_LIMITED, Refused, SameRequest),
        (500, "OPENID_MISMATCH", Code::OPENID_MISMATCH, Refused, Never),
        (500, "SYSTEMERROR", Code::SYSTEM_ERROR, Unknown, SameRequest),
        (500, "SYSTEM_ERROR", Code::SYSTEM_ERROR, Unknown, SameRequest),
    ];
    for (status, spelling, code, outcome, retry) in table {
        sandbox.refuse_next(status, spelling, "");
        let error = place(&sandbox, &order).unwrap_err();
        assert_eq!((api(&error).status, &api(&error).code), (status, &code));
        assert_eq!(api(&error).code.as_str(), spelling);
        assert_eq!((error.outcome(), error.retry()), (outcome, retry), "{spelling}");
    }
}

#[test]
fn combined_order_that_was_never_placed_is_not_found() {
    let sandbox = start();
    let number = number("never-placed");
    let error = combine::query(sandbox.signer(), sandbox.gateway(), &number).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (404, &Code::ORDER_NOT_EXIST));
    assert_eq!(api(&error).code.as_str(), "ORDERNOTEXIST");
}

#[test]
fn partner_combines_orders_of_its_sub_merchants() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut sub_merchant = SubMerchant::new(sandbox.sub_mchid()).unwrap();
    sub_merchant.appid = Some(sandbox.sub_appid());
    let part = SubOrder::of_sub_merchant(sub_merchant, number("partner-1"), "d", Fen(10), "a");
    let order =
        Order::new(sandbox.appid(), number("partner-whole"), vec![part], sandbox.notify_url());
    let payer = Payer::of_sub_merchant(openid());
    jsapi::prepay(signer, gateway, &order, &payer).unwrap();
    let body = last_body(&sandbox);
    assert_eq!(body["combine_payer_info"], json!({"sub_openid": openid().as_str()}));
    assert_eq!(
        (&body["sub_orders"][0]["mchid"], &body["sub_orders"][0]["sub_mchid"]),
        (&json!(sandbox.mchid()), &json!(sandbox.sub_mchid()))
    );
    let mut two_appids = order.clone();
    two_appids.combine_out_trade_no = number("partner-two");
    let mut other = SubMerchant::new(sandbox.sub_mchid()).unwrap();
    other.appid = Some(sandbox.sub_appid());
    two_appids.sub_orders.push(SubOrder::of_sub_merchant(
        other,
        number("partner-2"),
        "d",
        Fen(10),
        "a",
    ));
    let error = jsapi::prepay(signer, gateway, &two_appids, &payer).unwrap_err();
    assert_eq!(error.to_string(), "/sub_orders must name one sub_appid at most in a JSAPI order");

    sandbox.pay("partner-whole").unwrap();
    let paid = combine::query(signer, gateway, &order.combine_out_trade_no).unwrap();
    paid.paid(sandbox.mchid(), &order).unwrap();
}
