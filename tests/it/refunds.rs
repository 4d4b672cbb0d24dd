//! 申请退款, 查询单笔退款, 发起异常退款.

use serde_json::{Value, json};
use wechatpay::notify::{self, EventType, Notification};
use wechatpay::pay::{self, app};
use wechatpay::refund::{self, FundsAccount, GoodsDetail, Refund, RefundFrom, Status};
use wechatpay::{
    ApiV3Key, Code, Error, ErrorKind, Fen, OutRefundNo, OutTradeNo, Outcome, Retry, Time,
};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, order, start};

const NUMBER: &str = "refunded-order";

/// A sandbox with one paid order of 100 fen.
fn paid() -> Sandbox {
    let sandbox = start();
    app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, NUMBER)).unwrap();
    sandbox.pay(NUMBER).unwrap();
    sandbox.take_notifications();
    sandbox
}

fn of(number: &str, fen: u64) -> Refund {
    let order = OutTradeNo::new(NUMBER).unwrap();
    Refund::new(OutRefundNo::new(number).unwrap(), order, Fen(fen), Fen(100))
}

fn apply(sandbox: &Sandbox, refund: &Refund) -> Result<refund::State, Error> {
    refund::apply(sandbox.signer(), sandbox.gateway(), refund)
}

#[test]
fn every_field_of_a_refund_is_sent_under_its_name() {
    let sandbox = start();
    let mut order = order(&sandbox, NUMBER);
    let ordered = pay::GoodsDetail::new("1217752501201407033233368018", 1, Fen(100));
    order.detail.get_or_insert_default().goods_detail = vec![ordered];
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    sandbox.pay(NUMBER).unwrap();
    let mut refund = of("whole-1", 100);
    refund.reason = Some("商品已售完".into());
    refund.notify_url = Some(sandbox.notify_url());
    refund.funds_account = Some(FundsAccount::Available);
    refund.from = vec![RefundFrom::new(FundsAccount::Available, Fen(100))];
    let mut goods = GoodsDetail::new("1217752501201407033233368018", Fen(100), Fen(100), 1);
    goods.wechatpay_goods_id = Some("1001".into());
    goods.goods_name = Some("iPhone6s 16G".into());
    refund.goods_detail = vec![goods];
    apply(&sandbox, &refund).unwrap();
    let body: Value = serde_json::from_slice(&sandbox.received().last().unwrap().body).unwrap();
    assert_eq!(
        body,
        json!({
            "out_trade_no": NUMBER, "out_refund_no": "whole-1", "reason": "商品已售完",
            "notify_url": sandbox.notify_url().as_str(), "funds_account": "AVAILABLE",
            "amount": {"refund": 100, "total": 100, "currency": "CNY",
                "from": [{"account": "AVAILABLE", "amount": 100}]},
            "goods_detail": [{"merchant_goods_id": "1217752501201407033233368018",
                "wechatpay_goods_id": "1001", "goods_name": "iPhone6s 16G", "unit_price": 100,
                "refund_amount": 100, "refund_quantity": 1}],
        })
    );
}

#[test]
fn same_refund_retried_refunds_once_new_number_refunds_again() {
    let sandbox = paid();
    let refund = of("once-1", 60);
    let first = apply(&sandbox, &refund).unwrap();
    let again = apply(&sandbox, &refund).unwrap();
    assert_eq!(first.refund_id, again.refund_id);
    let received = sandbox.received();
    let [.., one, two] = received.as_slice() else { panic!() };
    assert_eq!(one.body, two.body);

    // 60 of 100 fen are refunded, so 60 under a new number is too much: it would be a second
    // refund.
    let error = apply(&sandbox, &of("once-2", 60)).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (400, &Code::INVALID_REQUEST));
    apply(&sandbox, &of("once-3", 40)).unwrap();
}

/// The number is that of a refund, so a new number for the corrected amount would refund once more.
#[test]
fn used_refund_number_with_another_amount_is_queried() {
    let sandbox = paid();
    apply(&sandbox, &of("changed-1", 60)).unwrap();
    let error = apply(&sandbox, &of("changed-1", 50)).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (400, &Code::INVALID_REQUEST));
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::QueryFirst));
}

/// The signature proves whose response it is, and not which request it belongs to.
#[test]
fn refund_of_another_order_or_amount_is_unknown() {
    let sandbox = paid();
    let refund = of("other-1", 60);
    for (pointer, wrong) in [
        ("/out_refund_no", json!("other-2")),
        ("/out_trade_no", json!("another-order")),
        ("/amount/refund", json!(61)),
        ("/amount/total", json!(101)),
    ] {
        sandbox.rewrite_next(move |response| {
            let mut body: Value = serde_json::from_slice(&response.body).unwrap();
            *body.pointer_mut(pointer).unwrap() = wrong;
            response.body = body.to_string().into_bytes();
        });
        let error = apply(&sandbox, &refund).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{pointer}: {error}");
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    }
    apply(&sandbox, &refund).unwrap();
    let state = refund::query(sandbox.signer(), sandbox.gateway(), &refund.out_refund_no).unwrap();
    let by_id = Refund::new(
        refund.out_refund_no,
        refund::Payment::TransactionId("42".parse().unwrap()),
        Fen(60),
        Fen(100),
    );
    sandbox.rewrite_next(move |response| {
        response.status = 200;
        let id = state.transaction_id.as_str();
        response.body = json!({"refund_id": "50", "out_refund_no": "other-1", "transaction_id": id,
            "out_trade_no": "x", "status": "PROCESSING",
            "amount": {"total": 100, "refund": 60, "payer_total": 100, "payer_refund": 60}})
        .to_string()
        .into_bytes();
    });
    let error = apply(&sandbox, &by_id).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{error}");
}

#[test]
fn refund_with_lost_response_is_unknown_until_retried() {
    let sandbox = paid();
    let refund = of("lost-1", 100);
    sandbox.tamper_next(|response| response.status = 0);
    let error = apply(&sandbox, &refund).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    let state = apply(&sandbox, &refund).unwrap();
    assert_eq!((state.status, state.amount.refund), (Status::Processing, Fen(100)));
}

#[test]
fn every_documented_error_arrives_with_its_outcome_and_advice() {
    use Outcome::{Refused, Unknown};
    use Retry::{Never, QueryFirst, SameRequest};
    let sandbox = paid();
    let table = [
        (400, Code::PARAM_ERROR, Refused, Never),
        (400, Code::INVALID_REQUEST, Refused, QueryFirst),
        (401, Code::SIGN_ERROR, Refused, Never),
        (403, Code::NOT_ENOUGH, Refused, SameRequest),
        (403, Code::USER_ACCOUNT_ABNORMAL, Refused, Never),
        (404, Code::MCH_NOT_EXISTS, Refused, Never),
        (404, Code::RESOURCE_NOT_EXISTS, Refused, Never),
        // The refund may be in progress: use no new number.
        (429, Code::FREQUENCY_LIMITED, Unknown, QueryFirst),
        (500, Code::SYSTEM_ERROR, Unknown, SameRequest),
    ];
    for (status, code, outcome, retry) in table {
        sandbox.refuse_next(status, code.as_str(), "");
        let error = apply(&sandbox, &of("errors-1", 1)).unwrap_err();
        assert_eq!((api(&error).status, &api(&error).code), (status, &code));
        assert_eq!((error.outcome(), error.retry()), (outcome, retry), "{code}");
    }
    // A query changes nothing, so it can be sent again.
    sandbox.refuse_next(429, "FREQUENCY_LIMITED", "");
    let number = OutRefundNo::new("errors-1").unwrap();
    let error = refund::query(sandbox.signer(), sandbox.gateway(), &number).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Refused, SameRequest));
}

#[test]
fn accepted_refund_ends_as_success_closed_or_abnormal() {
    for (number, end, status, event_type) in [
        (
            "ends-1",
            Sandbox::succeed_refund as fn(&Sandbox, &str) -> _,
            Status::Success,
            EventType::RefundSuccess,
        ),
        ("ends-2", Sandbox::close_refund, Status::Closed, EventType::RefundClosed),
        ("ends-3", Sandbox::fail_refund, Status::Abnormal, EventType::RefundAbnormal),
    ] {
        let sandbox = paid();
        let refund = of(number, 100);
        assert_eq!(apply(&sandbox, &refund).unwrap().status, Status::Processing);
        end(&sandbox, number).unwrap();
        let state =
            refund::query(sandbox.signer(), sandbox.gateway(), &refund.out_refund_no).unwrap();
        assert_eq!(state.status, status);
        assert_eq!(state.success_time.is_some(), status == Status::Success);

        let notification = &sandbox.take_notifications()[0];
        let headers = notification.headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
        let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
        let now = Time::now().unwrap();
        let event =
            notify::open(sandbox.platform_keys(), &key, headers, &notification.body, now).unwrap();
        assert_eq!(event.event_type, event_type);
        let Notification::Refund(notified) = event.notification else { panic!() };
        assert_eq!((&notified.status, &notified.refund_id), (&status, &state.refund_id));
        assert_eq!(notified.amount.refund, Fen(100));
    }
}

#[test]
fn abnormal_refund_goes_to_the_merchants_own_card() {
    let sandbox = paid();
    let refund = of("abnormal-1", 100);
    let state = apply(&sandbox, &refund).unwrap();
    sandbox.fail_refund("abnormal-1").unwrap();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let number = &refund.out_refund_no;
    let moved = refund::apply_abnormal(signer, gateway, &state.refund_id, number).unwrap();
    assert_eq!(moved.status, Status::Processing);
    let body: Value = serde_json::from_slice(&sandbox.received().last().unwrap().body).unwrap();
    assert_eq!(body, json!({"out_refund_no": "abnormal-1", "type": "MERCHANT_BANK_CARD"}));
}

#[test]
fn unpaid_order_or_unknown_refund_is_not_found() {
    let sandbox = start();
    app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, NUMBER)).unwrap();
    let error = apply(&sandbox, &of("unpaid-1", 1)).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (404, &Code::RESOURCE_NOT_EXISTS));
    let number = OutRefundNo::new("unpaid-1").unwrap();
    let error = refund::query(sandbox.signer(), sandbox.gateway(), &number).unwrap_err();
    assert_eq!((api(&error).status, &api(&error).code), (404, &Code::RESOURCE_NOT_EXISTS));
}

/// A merchant who came from APIv2 refunds orders whose numbers are none for a new order. The refund
/// must not end as a response that cannot be read.
#[test]
fn refund_of_an_order_with_an_old_number_is_read() {
    let sandbox = paid();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = OutTradeNo::new(NUMBER).unwrap();
    let transaction_id = pay::query(signer, gateway, &order).unwrap().transaction_id.unwrap();
    let number = OutRefundNo::new("old-1").unwrap();
    let refund = Refund::new(number, transaction_id.clone(), Fen(60), Fen(100));
    assert!(OutTradeNo::new("a@3").is_err());
    let of_old = || {
        sandbox.rewrite_next(|response| {
            let body = String::from_utf8(std::mem::take(&mut response.body)).unwrap();
            response.body = body.replace(NUMBER, "a@3").into_bytes();
        });
    };
    of_old();
    assert_eq!(apply(&sandbox, &refund).unwrap().out_trade_no.as_str(), "a@3");
    of_old();
    let state = refund::query(signer, gateway, &refund.out_refund_no).unwrap();
    assert_eq!(state.out_trade_no.as_str(), "a@3");
    of_old();
    let transaction = pay::query_by_id(signer, gateway, &transaction_id).unwrap();
    assert_eq!(transaction.out_trade_no.as_str(), "a@3");
}

#[test]
fn refund_that_breaks_a_rule_is_never_sent() {
    let sandbox = paid();
    let before = sandbox.received().len();
    let error = apply(&sandbox, &of("broken-1", 101)).unwrap_err();
    assert_eq!(error.to_string(), "/amount/refund must not exceed /amount/total");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(sandbox.received().len(), before);
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn abnormal_refund_goes_to_a_card_of_the_payer() {
    use wechatpay::refund::{CardRefund, Channel};

    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "order-card");
    app::prepay(signer, gateway, &order).unwrap();
    sandbox.pay("order-card").unwrap();
    let number = OutRefundNo::new("refund-card").unwrap();
    let refund = Refund::new(number, order.out_trade_no, Fen(100), Fen(100));
    let state = refund::apply(signer, gateway, &refund).unwrap();
    sandbox.fail_refund("refund-card").unwrap();

    let encryptor = sandbox.platform_keys().encryptor().unwrap();
    let encrypted = |text: &str| encryptor.encrypt(text).unwrap();
    let (account, name) = (encrypted("6222020000000000000"), encrypted("张三"));
    let (id, number) = (state.refund_id, state.out_refund_no);
    let card = CardRefund::new(id.clone(), number, "ICBC_DEBIT", account, name);
    // The response is lost; after a restart the same bytes are sent again.
    sandbox.tamper_next(|response| response.status = 0);
    let error = refund::apply_abnormal_to_card(signer, gateway, &card).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let sent = sandbox.received().pop().unwrap();
    assert_eq!(sent.header("Wechatpay-Serial").unwrap(), encryptor.serial().as_bytes());
    let (json, serial) = (card.to_json(signer).unwrap(), card.encryption_serial());
    assert_eq!(json, sent.body);
    let restored = CardRefund::from_json(signer, &json, id, serial).unwrap();
    assert_eq!(restored, card);
    sandbox.fail_refund("refund-card").unwrap();
    let state = refund::apply_abnormal_to_card(signer, gateway, &restored).unwrap();
    assert_eq!((state.status, state.channel), (Status::Processing, Some(Channel::OtherBankCard)));
    assert_eq!(sandbox.received().pop().unwrap().body, json);
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn card_refund_under_two_keys_or_a_lost_key_is_not_sent() {
    use wechatpay::refund::CardRefund;
    use wechatpay::{PlatformKeys, RefundId};

    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let certificate = PlatformKeys::from_certificate(sandbox.platform_certificate_pem()).unwrap();
    let [by_key, by_certificate] = [sandbox.platform_keys(), &certificate]
        .map(|keys| keys.encryptor().unwrap().encrypt("张三").unwrap());
    let card = |account, name| {
        let (id, number) = ("50000000382019052709732678859", "refund-1");
        let (id, number) = (RefundId::new(id).unwrap(), OutRefundNo::new(number).unwrap());
        CardRefund::new(id, number, "ICBC_DEBIT", account, name)
    };
    let before = sandbox.received().len();
    let mixed = card(by_key.clone(), by_certificate);
    let error = refund::apply_abnormal_to_card(signer, gateway, &mixed).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().starts_with("encryption_serial must be one"), "{error}");
    let others = gateway.with_keys(certificate);
    let lost = card(by_key.clone(), by_key);
    let error = refund::apply_abnormal_to_card(signer, &others, &lost).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.to_string().contains("encrypt the same values again"), "{error}");
    assert_eq!(sandbox.received().len(), before);
}
