//! The main host, and the standby when it cannot be reached: one order never becomes two.

use std::net::{Ipv4Addr, TcpListener};

use wechatpay::pay::{self, app};
use wechatpay::refund::{self, Refund};
use wechatpay::{
    Code, ErrorKind, Failover, Fen, Gateway, Host, HttpOptions, OutRefundNo, Outcome, Proxy, Retry,
    UreqTransport, call,
};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, order, start};

/// A gateway whose host accepts no connection.
fn dead(sandbox: &Sandbox) -> Gateway {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    let transport = UreqTransport::new(&options).unwrap();
    let keys = sandbox.platform_keys().clone();
    Gateway::at(&format!("https://{free}"), keys, transport).unwrap()
}

fn both(sandbox: &Sandbox) -> Failover {
    Failover::new(sandbox.gateway().clone(), sandbox.gateway().clone())
}

#[test]
fn standby_is_unused_while_main_host_responds() {
    let sandbox = start();
    let hosts = Failover::new(sandbox.gateway().clone(), dead(&sandbox));
    let order = order(&sandbox, "failover-1");
    let answered = hosts.call(sandbox.signer(), &order, app::prepay);
    assert_eq!(answered.host, Host::Main);
    answered.result.unwrap();

    // An error response of any kind is final.
    for (status, code) in [(400, Code::PARAM_ERROR), (500, Code::SYSTEM_ERROR)] {
        sandbox.refuse_next(status, code.as_str(), "");
        let answered = hosts.call(sandbox.signer(), &order, app::prepay);
        assert_eq!(answered.host, Host::Main);
        assert_eq!(api(&answered.result.unwrap_err()).code, code);
    }
    // So is a response that cannot be verified: the order may exist.
    sandbox.tamper_next(|response| response.body.push(b' '));
    let answered = both(&sandbox).call(sandbox.signer(), &order, app::prepay);
    assert!(matches!(answered.result.unwrap_err().kind(), ErrorKind::Untrusted { .. }));
    assert_eq!(sandbox.received().len(), 4);
}

#[test]
fn unreachable_main_host_is_replaced_by_the_standby() {
    let sandbox = start();
    let hosts = Failover::new(dead(&sandbox), sandbox.gateway().clone());
    let order = order(&sandbox, "failover-2");
    let answered = hosts.call(sandbox.signer(), &order, app::prepay);
    assert_eq!(answered.host, Host::Standby);
    answered.result.unwrap();
}

#[test]
fn response_lost_on_main_host_is_retried_with_equal_bytes() {
    let sandbox = start();
    let order = order(&sandbox, "failover-3");
    sandbox.tamper_next(|response| response.status = 0);
    let answered = both(&sandbox).call(sandbox.signer(), &order, app::prepay);
    assert_eq!(answered.host, Host::Standby);
    answered.result.unwrap();
    let received = sandbox.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
}

#[test]
fn refund_lost_on_the_main_host_is_refunded_once() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "failover-4");
    app::prepay(signer, gateway, &order).unwrap();
    sandbox.pay("failover-4").unwrap();
    let number = OutRefundNo::new("failover-refund").unwrap();
    let refund = Refund::new(number, order.out_trade_no, Fen(100), Fen(100));
    sandbox.tamper_next(|response| response.status = 0);
    let taken = both(&sandbox).call(signer, &refund, refund::apply).result.unwrap();
    let known = refund::query(signer, gateway, &refund.out_refund_no).unwrap();
    assert_eq!(taken.refund_id, known.refund_id);
}

#[test]
fn possibly_received_request_stays_unknown_after_failover() {
    let sandbox = start();
    let order = order(&sandbox, "failover-5");
    // The response is lost after the order was placed, and the standby is down: NotSent would be
    // false.
    sandbox.tamper_next(|response| response.status = 0);
    let hosts = Failover::new(sandbox.gateway().clone(), dead(&sandbox));
    let answered = hosts.call(sandbox.signer(), &order, app::prepay);
    let error = answered.result.unwrap_err();
    assert_eq!((answered.host, error.outcome()), (Host::Main, Outcome::Unknown));
    pay::query(sandbox.signer(), sandbox.gateway(), &order.out_trade_no).unwrap();

    // The first response is lost, and the standby refuses: the outcome at the main host is unknown.
    sandbox.tamper_next(|response| response.status = 0);
    // The first of the two responses is left as it is.
    sandbox.rewrite_next(|_| ());
    sandbox.rewrite_next(|response| {
        response.status = 403;
        response.body = br#"{"code":"NO_AUTH","message":""}"#.to_vec();
    });
    let answered = both(&sandbox).call(sandbox.signer(), &order, app::prepay);
    let error = answered.result.unwrap_err();
    assert_eq!((answered.host, error.outcome()), (Host::Main, Outcome::Unknown));

    // Both hosts are down, so nothing was sent.
    let nobody = Failover::new(dead(&sandbox), dead(&sandbox));
    let error = nobody.call(sandbox.signer(), &order, app::prepay).result.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
}

/// A read that was lost learned nothing, so the response of the standby is the result.
#[test]
fn lost_query_ends_with_the_response_of_the_standby() {
    let sandbox = start();
    let order = order(&sandbox, "failover-6");
    sandbox.tamper_next(|response| response.status = 0);
    let answered = both(&sandbox).call(sandbox.signer(), &order.out_trade_no, pay::query);
    let error = answered.result.unwrap_err();
    assert_eq!((answered.host, &api(&error).code), (Host::Standby, &Code::ORDER_NOT_EXIST));

    // Both responses are lost, so the outcome is unknown.
    let hosts = Failover::new(sandbox.gateway().clone(), dead(&sandbox));
    sandbox.tamper_next(|response| response.status = 0);
    let answered = hosts.call(sandbox.signer(), &order.out_trade_no, pay::query);
    assert_eq!(answered.result.unwrap_err().retry(), Retry::SameRequest);
}

/// The payer's code is good for one attempt, so only a query may follow.
#[test]
fn code_payment_that_may_have_left_is_not_sent_to_the_standby() {
    let sandbox = start();
    let path = "/v3/pay/transactions/codepay";
    sandbox.tamper_next(|response| response.status = 0);
    let answered = both(&sandbox).call(sandbox.signer(), path, |signer, gateway, path| {
        call::post(signer, gateway, path, &serde_json::json!({"out_trade_no": "failover-7"}))
    });
    let error = answered.result.unwrap_err();
    assert_eq!((answered.host, error.outcome()), (Host::Main, Outcome::Unknown));
    assert_eq!(error.retry(), Retry::QueryFirst);
    assert!(error.to_string().contains("reverse it if it stays unclear"), "{error}");
    assert_eq!(sandbox.received().len(), 1);

    let answered = Failover::new(dead(&sandbox), sandbox.gateway().clone()).call(
        sandbox.signer(),
        path,
        |signer, gateway, path| call::post(signer, gateway, path, &serde_json::json!({})),
    );
    assert_eq!(answered.host, Host::Standby, "nothing was sent to the main host");
}
