//! One gateway, many threads: each gets its own responses.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Barrier;
use std::thread;

use wechatpay::certificates::PlatformCertificate;
use wechatpay::pay::{self, Order, TradeState, app, h5, jsapi};
use wechatpay::transfer::authorization;
use wechatpay::{
    Answered, ApiError, ApiV3Key, AppId, AuthorizationId, ClientCertificate, Code, CodeUrl, Error,
    ErrorDetail, ErrorKind, Failover, Fen, Gateway, H5Url, Host, HttpOptions, Invalid, MessageLine,
    MinimumFileRate, NotifyUrl, OpenId, OutAuthorizationNo, OutBillNo, OutOrderNo, OutRefundNo,
    OutReturnNo, OutTradeNo, OutUnfreezeNo, Outcome, PackageInfo, Partner, PlatformKeys, PrepayId,
    Proxy, RefundId, Request, Retry, RsaSigner, SignDiagnosis, SignError, Signature, Signer,
    SplitId, SubMerchant, Time, TransactionId, TransferBillNo, Transport, TransportError,
    TransportErrorKind, Untrusted, UreqTransport, Violation, bill, call, combine, encryption,
    notify, profit_sharing, refund, signing, transfer,
};
use wechatpay_sandbox::Sandbox;

use crate::doc_examples::public_types;
use crate::support::{api, order, start};

/// Fails to compile, if at all. What is `Send` only is read once, by one thread.
#[test]
fn public_types_are_send_and_sync() {
    fn shared<T: Send + Sync + ?Sized>() {}
    fn sent<T: Send>() {}
    sent::<(wechatpay::Response, bill::TradeBill<File>, bill::FundFlowBill<File>)>();
    shared::<(Gateway, RsaSigner, Partner<'_>, PlatformKeys, ApiV3Key)>();
    shared::<(UreqTransport, ClientCertificate, Failover, Host, Answered<()>, Sandbox)>();
    shared::<(MinimumFileRate, TransportErrorKind)>();
    shared::<(&dyn Signer, &dyn Transport, Request<'_>, HttpOptions, Proxy, Signature)>();
    shared::<(Error, ErrorKind, ApiError, Code, ErrorDetail, Violation, Invalid, Outcome)>();
    shared::<(Retry, SignError, refund::CardRefund)>();
    shared::<(wechatpay::Method, call::Call, call::Path, call::Verified)>();
    shared::<(SignDiagnosis, MessageLine, TransportError, TransportErrorKind, Untrusted)>();
    shared::<(AppId, CodeUrl, H5Url, NotifyUrl, OpenId, OutRefundNo, OutTradeNo, PrepayId)>();
    shared::<(call::Upload, call::Path, call::Download, call::FileHash)>();
    shared::<(RefundId, TransactionId, Fen, SubMerchant, Time, PlatformCertificate)>();
    shared::<(Order, pay::Detail, pay::GoodsDetail, pay::SettleInfo, pay::SceneInfo)>();
    shared::<(pay::SubsidyInfo, pay::SubsidyDetail, pay::SubsidyPlan, pay::SubsidyPeriodType)>();
    shared::<(pay::StoreInfo, pay::LimitPay, pay::Payer, h5::Scene, h5::H5Info, h5::H5Type)>();
    shared::<(app::InvokeParameters, jsapi::InvokeParameters, wechatpay::Party<'_>)>();
    shared::<(pay::Transaction, TradeState, pay::TradeType, pay::Amount)>();
    shared::<(pay::Promotion, pay::DiscountedGoods, pay::Paid, pay::NotPaid)>();
    shared::<pay::Expected<'_>>();
    shared::<(combine::Order, combine::SubOrder, combine::SceneInfo, combine::h5::Scene)>();
    shared::<(combine::Transaction, combine::SubTransaction, combine::Amount)>();
    shared::<(refund::Refund, refund::RefundFrom, refund::GoodsDetail, refund::Payment)>();
    shared::<(refund::State, refund::Status, refund::Amount, refund::Promotion)>();
    shared::<(notify::Event, notify::EventType, notify::Notification, notify::Refusal)>();
    shared::<(notify::Acknowledgement, bill::Link, bill::Date, bill::Yuan)>();
    shared::<(bill::Trade, bill::FundFlow)>();
    shared::<(bill::TradeRow, bill::TradeSummary, bill::RefundRow, bill::ReadError)>();
    shared::<(bill::FundFlowRow, bill::FundFlowSummary)>();
    shared::<(transfer::Transfer, transfer::AuthorizationInfo, transfer::Scene)>();
    shared::<(transfer::ReportInfo, transfer::Created, transfer::Cancellation, transfer::Bill)>();
    shared::<(transfer::Ended, transfer::NotEnded, transfer::InvokeParameters)>();
    shared::<(transfer::receipt::Receipt, transfer::receipt::ReceiptLink)>();
    shared::<(authorization::AuthorizationRequest, authorization::AuthorizedTransfer)>();
    shared::<(authorization::Authorization, authorization::AuthorizationNumber)>();
    shared::<(authorization::Requested, authorization::DeviceInfo, authorization::CloseInfo)>();
    shared::<(OutBillNo, TransferBillNo, PackageInfo, OutAuthorizationNo, AuthorizationId)>();
    shared::<(&dyn encryption::Decryptor, encryption::Encrypted, encryption::DecryptError)>();
}

#[test]
fn types_of_profit_sharing_are_send_and_sync() {
    use profit_sharing::*;
    fn shared<T: Send + Sync>() {}
    shared::<(OutOrderNo, OutReturnNo, OutUnfreezeNo, SplitId, Ratio, SharingBill)>();
    shared::<(NewReceiver, DeletedReceiver, Receiver, ReceiverAccount, ReceiverState)>();
    shared::<(Split, Share, Remainder, SplitState, ShareState, ShareResult)>();
    shared::<(Unfreeze, UnfreezeState, Return, ReturnedSplit, ReturnState)>();
    shared::<(ShareNotification, NotifiedReceiver)>();
}

#[test]
#[cfg(feature = "aws-lc-rs")]
fn types_of_aws_lc_are_send_and_sync() {
    fn shared<T: Send + Sync>() {}
    shared::<(wechatpay::AwsLcSigner, encryption::Encryptor, encryption::RsaDecryptor)>();
}

#[test]
#[cfg(feature = "v2")]
fn types_of_v2_are_send_and_sync() {
    use wechatpay::v2;
    fn shared<T: Send + Sync>() {}
    shared::<(&dyn v2::Signer, v2::SignType, v2::HmacSha256Key, v2::Md5Key, v2::Gateway)>();
    shared::<(v2::CertifiedGateway, v2::pay::OrderDetail, v2::pay::MicropayOrder)>();
    shared::<(v2::pay::AuthCode, v2::pay::Attempt, v2::pay::Reversal, v2::pay::Step)>();
    shared::<(v2::pay::TillPayment, v2::pay::NotCharged)>();
    shared::<(v2::pay::Order, v2::pay::Detail, v2::pay::GoodsDetail)>();
    shared::<(v2::pay::StoreInfo, v2::pay::LimitPay, v2::pay::Transaction, v2::pay::Coupon)>();
    shared::<(v2::App, v2::Jsapi, v2::Native, v2::H5, v2::H5Info, v2::AnyTrade)>();
    shared::<(v2::combine::Order, v2::combine::SubOrder)>();
    shared::<(v2::combine::Transaction, v2::combine::SubTransaction)>();
    shared::<(v2::refund::Refund, v2::refund::AcceptedRefund, v2::refund::Refunds)>();
    shared::<(v2::refund::RefundNumber, v2::refund::RefundQuery, v2::refund::State)>();
    shared::<(v2::notify::Notification, v2::refund::NotifiedRefund)>();
}

/// The list above is complete: it has each name as often as there are public types of that name.
#[test]
fn every_public_type_has_a_send_or_sync_assertion() {
    let asserted = include_str!("threads.rs")
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("shared::<") || line.starts_with("sent::<"))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
    let mut counts = BTreeMap::<_, i32>::new();
    for name in asserted {
        *counts.entry(name).or_default() += 1;
    }
    let types = public_types();
    assert!(types.len() > 100, "only {} types were found", types.len());
    for name in &types {
        *counts.entry(name).or_default() -= 1;
    }
    let missing: Vec<_> = counts.iter().filter(|(_, count)| **count < 0).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

const THREADS: usize = 64;
const CALLS: usize = 100;

/// The merchant or partner for which a thread signs.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Merchant,
    /// A partner that acts for a sub-merchant.
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

fn nonce(request: &wechatpay_sandbox::Received) -> String {
    let header = String::from_utf8(request.header("Authorization").unwrap().to_vec()).unwrap();
    let (_, rest) = header.split_once("nonce_str=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn one_signer_signs_for_many_threads() {
    let sandbox = start();
    let signer = sandbox.signer();
    let message = |thread: usize, index: usize| {
        signing::request(
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
