//! One gateway, many threads: each gets its own answers.

use std::sync::{Arc, Barrier};
use std::thread;

use wechatpay::certificates::PlatformCertificate;
use wechatpay::message;
use wechatpay::notify::{self, Event, EventType, Notice, Refusal};
use wechatpay::pay::{self, NotPaid, Order, Paid, TradeState, Transaction, app, h5, jsapi};
use wechatpay::refund::{self, Refund, State};
use wechatpay::sandbox::{self, Sandbox};
use wechatpay::{
    ApiError, ApiV3Key, AppId, Code, CodeUrl, Error, ErrorDetail, Fault, Fen, Gateway, H5Url,
    HttpOptions, Invalid, MessageLine, NotifyUrl, OpenId, OutRefundNo, OutTradeNo, Outcome,
    Partner, PlatformKeys, PrepayId, Proxy, RefundId, Request, Retry, RsaSigner, SignDiagnosis,
    SignError, Signature, Signer, SubMerchant, Time, TransactionId, Transport, TransportError,
    Untrusted, UreqTransport,
};

use crate::support::{api, order, start};

/// Fails to compile, if at all. A `Reply` alone is `Send` only: nobody reads one body twice.
#[test]
fn what_threads_may_share_they_can_share() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    sent::<wechatpay::Reply>();
    shared::<wechatpay::AwsLcSigner>();
    shared::<(Gateway, RsaSigner, Partner<'_>, PlatformKeys, ApiV3Key, UreqTransport, Sandbox)>();
    shared::<(Arc<dyn Signer>, Arc<dyn Transport>, Request<'_>, HttpOptions, Proxy, Signature)>();
    shared::<(Error, ApiError, Code, ErrorDetail, Fault, Invalid, Outcome, Retry, SignError)>();
    shared::<(SignDiagnosis, MessageLine, TransportError, Untrusted)>();
    shared::<(AppId, CodeUrl, H5Url, NotifyUrl, OpenId, OutRefundNo, OutTradeNo, PrepayId)>();
    shared::<(RefundId, TransactionId, Fen, SubMerchant, Time, PlatformCertificate)>();
    shared::<(Order, pay::Detail, pay::SceneInfo, pay::SettleInfo, h5::Scene, jsapi::Payer)>();
    shared::<(Transaction, TradeState, Paid, NotPaid, app::InvokeParameters)>();
    shared::<(Refund, State, refund::Status, refund::Payment)>();
    shared::<(Event, EventType, Notice, Refusal, notify::Reply)>();
    shared::<(sandbox::Answer, sandbox::Notice, sandbox::Received, sandbox::Delivery)>();
}

const THREADS: usize = 64;
const CALLS: usize = 100;

/// Who a thread signs as.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Merchant,
    /// Who acts for a sub-merchant.
    Partner,
    /// Whom WeChat Pay does not know.
    Stranger,
}

const ROLES: [Role; 4] = [Role::Merchant, Role::Partner, Role::Merchant, Role::Stranger];

#[test]
fn sixty_four_threads_of_three_signers_share_one_gateway() {
    let sandbox = start();
    let partner = Partner::new(sandbox.signer(), SubMerchant::new(sandbox.sub_mchid()).unwrap());
    let stranger =
        RsaSigner::from_pem("1900009191", "AB", include_str!("../data/keys/rsa2048.pem")).unwrap();
    let together = Barrier::new(THREADS);
    thread::scope(|scope| {
        for (number, role) in (0..THREADS).zip(ROLES.into_iter().cycle()) {
            let signer: &dyn Signer = match role {
                Role::Merchant => sandbox.signer(),
                Role::Partner => &partner,
                Role::Stranger => &stranger,
            };
            let (sandbox, together) = (&sandbox, &together);
            scope.spawn(move || {
                together.wait();
                let orders = (0..CALLS / 4).map(|index| order_of(sandbox, number, index));
                orders.for_each(|order| four_calls(sandbox, signer, role, &order));
            });
        }
    });
    let received = sandbox.received();
    assert_eq!(received.len(), THREADS * CALLS);
    // The pool holds as many connections as there are threads, and each is used again.
    assert!(sandbox.connections() <= 2 * THREADS, "{} connections", sandbox.connections());
    // No two requests were signed with the same nonce.
    let mut nonces: Vec<_> = received.iter().map(nonce).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), THREADS * CALLS);
}

/// An order that no other thread has, in number, amount or words.
fn order_of(sandbox: &Sandbox, thread: usize, index: usize) -> Order {
    let mut order = order(sandbox, &format!("thread-{thread}-{index}"));
    order.total = Fen(u64::try_from(thread * CALLS + index).unwrap() + 1);
    order.attach = Some(format!("线程{thread}的第{index}单"));
    order
}

fn four_calls(sandbox: &Sandbox, signer: &dyn Signer, role: Role, order: &Order) {
    let gateway = sandbox.gateway();
    let number = &order.out_trade_no;
    if role == Role::Stranger {
        for _ in 0..4 {
            let error = app::prepay(signer, gateway, order).unwrap_err();
            assert_eq!((api(&error).status, &api(&error).code), (401, &Code::SIGN_ERROR));
            assert_eq!(error.outcome(), Outcome::Refused);
        }
        return;
    }
    app::prepay(signer, gateway, order).unwrap();
    let unpaid = pay::query(signer, gateway, number).unwrap();
    assert_eq!((&unpaid.out_trade_no, &unpaid.trade_state), (number, &TradeState::NotPay));
    sandbox.pay(number.as_str()).unwrap();
    let transaction = pay::query(signer, gateway, number).unwrap();
    assert_eq!((&transaction.out_trade_no, &transaction.attach), (number, &order.attach));
    let paid = match signer.sub_merchant() {
        None => transaction.paid(signer.mchid(), order).unwrap(),
        Some(sub) => {
            let sub_merchant = SubMerchant::new(sub.mchid()).unwrap();
            transaction.paid(&Partner::new(sandbox.signer(), sub_merchant), order).unwrap()
        }
    };
    assert_eq!(paid.total(), order.total);
    let by_id = pay::query_by_id(signer, gateway, paid.transaction_id()).unwrap();
    assert_eq!(by_id, transaction);
}

fn nonce(request: &sandbox::Received) -> String {
    let header = String::from_utf8(request.header("Authorization").unwrap().to_vec()).unwrap();
    let (_, rest) = header.split_once("nonce_str=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn one_signer_signs_for_many_threads() {
    let sandbox = start();
    let signer = sandbox.signer();
    let message = |thread: usize, index: usize| {
        message::request(
            "GET",
            "/v3/certificates",
            1_554_208_460,
            &format!("{thread}N{index}"),
            b"",
        )
    };
    let expected: Vec<_> = (0..8).map(|thread| signer.sign(&message(thread, 7)).unwrap()).collect();
    thread::scope(|scope| {
        for (thread, expected) in expected.iter().enumerate() {
            scope.spawn(move || {
                for _ in 0..10 {
                    assert_eq!(&signer.sign(&message(thread, 7)).unwrap(), expected);
                }
            });
        }
    });
}
