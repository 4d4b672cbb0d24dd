//! Refunds and their client certificate.

use std::sync::{Arc, Mutex};

use wechatpay::pay::{NotPaid, TradeState};
use wechatpay::refund::Channel;
use wechatpay::v2::notify::{self, Notification};
use wechatpay::v2::pay;
use wechatpay::v2::refund::{self, Refund, RefundQuery, Status};
use wechatpay::v2::{App, Gateway};
use wechatpay::{
    ClientCertificate, Code, Fen, OutRefundNo, OutTradeNo, Outcome, Retry, UreqTransport,
    profit_sharing,
};
use wechatpay_sandbox::Sandbox;

use crate::profit_sharing::{RECEIVER, new_receiver, split_of};
use crate::support::{api, start};
use crate::v2::{number, options, order};

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
fn repeated_refund_refunds_once_with_client_certificate() {
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
    let Notification::Refund(notified) = notify::open(signer, &notifications[1].body).unwrap()
    else {
        panic!("not a refund");
    };
    assert_eq!(notified.refund.refund_id, one.refund_id);
    assert_eq!(notified.refund.refund_status, Status::Success);
    assert_eq!(notified.out_trade_no, order.out_trade_no);
}

#[test]
fn refund_of_an_order_with_coupons_goes_back_to_each_coupon() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    pay::prepay(signer, gateway, &order(&sandbox, "coupon-1"), &App).unwrap();
    v2.pay("coupon-1", &[Fen(10), Fen(5)]).unwrap();
    // 10 and 5 of 100: 3 and 1 of the first 33, and the rest later.
    for (number, fee, cash, coupons) in
        [("r-1", Fen(33), Fen(29), [Fen(3), Fen(1)]), ("r-2", Fen(67), Fen(56), [Fen(7), Fen(4)])]
    {
        let refund = refund_of(&sandbox, "coupon-1", number, fee);
        let accepted = refund::apply(signer, gateway, &refund).unwrap();
        assert_eq!(accepted.cash_fee, Some(Fen(85)));
        assert_eq!(accepted.cash_refund_fee, Some(cash));
        assert_eq!(accepted.coupon_refund_fee, coupons[0].checked_add(coupons[1]));
        let query = RefundQuery::new(sandbox.appid(), accepted.refund_id.clone());
        let found = refund::query(signer, gateway, &query).unwrap();
        assert_eq!(found.cash_fee, Some(Fen(85)));
        assert_eq!(found.refunds[0].coupon_refund_fee, accepted.coupon_refund_fee);
        for refunded in [&accepted.coupons, &found.refunds[0].coupons] {
            let ids: Vec<_> = refunded.iter().map(|coupon| coupon.id.clone()).collect();
            assert_eq!(ids, [Some("10000".to_owned()), Some("10001".to_owned())]);
            let fees: Vec<_> = refunded.iter().map(|coupon| coupon.fee).collect();
            assert_eq!(fees, coupons.map(Some));
        }
    }
}

/// A merchant decides by this response whether to use a new refund number, and no signed field binds it
/// to its request.
#[test]
fn refund_query_ignores_other_refunds_in_the_response() {
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
        // The signed response about the other refund.
        let other = RefundQuery::new(sandbox.appid(), all.refunds[1].refund_id.clone());
        let answered = Arc::new(Mutex::new(Vec::new()));
        let kept = answered.clone();
        sandbox.tamper_next(move |response| kept.lock().unwrap().clone_from(&response.body));
        ask(&other).unwrap();
        sandbox.tamper_next(move |response| response.body.clone_from(&answered.lock().unwrap()));
        let error = ask(&query).unwrap_err();
        assert!(error.to_string().contains(": the queried refund is missing;"));
        // Together with the other refund it is found.
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
fn refund_query_returns_ten_refunds_at_once() {
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

#[test]
fn refund_without_client_certificate_is_not_made() {
    let sandbox = start();
    let v2 = sandbox.v2();
    placed_and_paid(&sandbox, "refunded-3");
    let refund = refund_of(&sandbox, "refunded-3", "r-3", Fen(1));
    let plain = UreqTransport::new(&options(&sandbox)).unwrap();
    let gateway = Gateway::at(sandbox.base_url(), plain.clone()).unwrap();
    let error = refund::apply(v2.signer(), &gateway.with_certified(plain), &refund).unwrap_err();
    let (status, message) = (api(&error).status, api(&error).message.as_str());
    assert_eq!((status, message), (400, "No required SSL certificate was sent"));
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::Never));
    let text = error.to_string();
    assert!(text.contains("client certificate") && text.contains("retrying will not"), "{text}");
    assert!(!text.contains("query"), "{text}");
    let query = RefundQuery::new(sandbox.appid(), OutRefundNo::new("r-3").unwrap());
    let error = refund::query(v2.signer(), v2.gateway(), &query).unwrap_err();
    assert_eq!(api(&error).code, Code::REFUNDNOTEXIST);
}

#[test]
fn mismatched_client_certificate_is_reported() {
    let sandbox = start();
    let (certificate, key) = (sandbox.merchant_certificate_pem(), sandbox.merchant_key_pem());
    let other_key = include_str!("../../data/keys/rsa2048.pem");
    for (certificate, key, rule) in [
        (
            certificate,
            other_key,
            "private_key is not the key of the certificate; use a key and a certificate of one certificate request",
        ),
        (certificate, certificate, "private_key must contain a private key"),
        (key, key, "certificate must contain a certificate"),
        ("", "", "certificate must contain a certificate"),
        (certificate, "", "private_key must contain a private key"),
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

/// The flag and the money of an APIv2 order are those that APIv3 splits.
#[test]
fn v2_order_with_the_flag_is_split_and_refunded() {
    let sandbox = start();
    let (v2, gateway) = (sandbox.v2(), sandbox.gateway());
    let mut order = order(&sandbox, "v2-split-1");
    (order.total_fee, order.profit_sharing) = (Fen(1000), Some(true));
    pay::prepay(v2.signer(), v2.gateway(), &order, &App).unwrap();
    v2.pay("v2-split-1", &[]).unwrap();
    sandbox.let_time_pass(60);
    let found = pay::query(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no).unwrap();
    let id = found.paid(sandbox.mchid(), &order).unwrap().transaction_id().clone();
    assert_eq!(sandbox.frozen(id.as_str()), Some(Fen(994)));

    let receiver = new_receiver(&sandbox);
    profit_sharing::add_receiver(sandbox.signer(), gateway, &receiver).unwrap();
    let split = split_of(&sandbox, &id, &[(RECEIVER, 200)]);
    profit_sharing::split(sandbox.signer(), gateway, &split).unwrap();
    assert_eq!(sandbox.frozen(id.as_str()), Some(Fen(794)));

    let refund = |number: &str, fee| {
        let number = OutRefundNo::new(number).unwrap();
        let refund =
            Refund::new(sandbox.appid(), number, order.out_trade_no.clone(), Fen(fee), Fen(1000));
        refund::apply(v2.signer(), v2.gateway(), &refund)
    };
    let error = refund("v2-split-refund-1", 1000).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused, "{error}");
    refund("v2-split-refund-2", 700).unwrap();
}

/// As in APIv3: the response is about this number, but not about this refund.
#[test]
fn accepted_refund_of_another_amount_is_unknown() {
    let sandbox = start();
    let v2 = sandbox.v2();
    placed_and_paid(&sandbox, "refunded-6");
    let refund = refund_of(&sandbox, "refunded-6", "r-7", Fen(60));
    for (name, value) in [("refund_fee", "61"), ("total_fee", "101")] {
        v2.rewrite_next(move |fields| drop(fields.insert(name.to_owned(), value.to_owned())));
        let error = refund::apply(v2.signer(), v2.gateway(), &refund).unwrap_err();
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
        let what = format!(": {name} is not that of the request;");
        assert!(error.to_string().contains(&what), "{error}");
    }
    refund::apply(v2.signer(), v2.gateway(), &refund).unwrap();
}
