//! Every fault of the sandbox by its name: the error of the caller, and what has happened.

use std::net::Ipv4Addr;
use std::time::Duration;

use wechatpay::combine;
use wechatpay::pay::{self, Order, app};
use wechatpay::refund::{self, Refund};
use wechatpay::v2;
use wechatpay::{
    Error, Fen, Gateway, HttpOptions, OutRefundNo, OutTradeNo, Outcome, Proxy, UreqTransport,
};
use wechatpay_sandbox::{Fault, FaultRule, OrderError, Sandbox};

use crate::support::{api, order, start};

/// The verdict that is right.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Good,
    Refused,
    /// But for refunds, which may be in progress.
    RefusedUnlessRefund,
    NotSent,
    Unknown,
}

fn verdict(fault: Fault) -> Verdict {
    match fault {
        Fault::ContinueFirst
        | Fault::ClosedAfterTheResponse
        | Fault::UnknownField
        | Fault::UnknownWord => Verdict::Good,
        Fault::ForbiddenPage
        | Fault::NotFoundEmpty
        | Fault::TooLargePage
        | Fault::ParamError
        | Fault::InvalidRequest
        | Fault::AppidMchidNotMatch
        | Fault::MchNotExists
        | Fault::OrderClosed
        | Fault::SignError
        | Fault::NoAuth
        | Fault::RuleLimit
        | Fault::TradeError
        | Fault::AccountError
        | Fault::NotEnough
        | Fault::UserAccountAbnormal
        | Fault::OutTradeNoUsed
        | Fault::OrderNotExist
        | Fault::ResourceNotExists
        | Fault::OpenidMismatch
        | Fault::InvalidTransactionid => Verdict::Refused,
        Fault::TooManyRequestsPage | Fault::FrequencyLimited | Fault::RatelimitExceeded => {
            Verdict::RefusedUnlessRefund
        }
        fault if is_in_the_handshake(fault) => Verdict::NotSent,
        _ => Verdict::Unknown,
    }
}

/// Part of what the error says: that it failed for this reason and no other.
fn why(fault: Fault) -> &'static str {
    let name = fault.as_str();
    if name.starts_with("Missing") && name != "MissingLastChunk" && name != "MissingField" {
        return "is missing";
    } else if name.starts_with("Repeated") {
        return "more than once";
    } else if name.starts_with("NotUtf8") {
        return "empty or malformed";
    }
    match fault {
        Fault::ClosedBeforeReading | Fault::ResetAfterTheRequest => "reset",
        Fault::ClosedAfterHalfTheRequest
        | Fault::ClosedWithoutResponse
        | Fault::HalfStatusLine
        | Fault::HalfHeaders => "the connection was closed",
        Fault::Silence | Fault::SilenceAfterHeaders => "timed out",
        Fault::DrippingHeaders | Fault::DrippingBody | Fault::EndlessContinue => "timed out",
        Fault::ShortBody | Fault::ShortChunk | Fault::MissingLastChunk => "broke off",
        Fault::Garbage => "invalid HTTP version",
        Fault::SwitchingProtocols => "HTTP 101",
        Fault::TlsAlert => "no response",
        Fault::TooManyHeaders => "too many headers",
        Fault::HugeHeader => "header is too big",
        Fault::HugeBody | Fault::EndlessChunks => "larger than 1 MiB",
        Fault::BadChunkSize => "chunk length",
        Fault::TwoContentLengths => "conflicting content-length",
        Fault::Stale => "behind the system clock",
        Fault::Future => "ahead of the system clock",
        Fault::UnknownSerial => "does not contain",
        Fault::ProbeSignature => "probes",
        Fault::ShortBodyWithoutLength
        | Fault::OtherKey
        | Fault::TamperedBody
        | Fault::EmptiedBody
        | Fault::TamperedNonce
        | Fault::SignatureOfAnotherResponse
        | Fault::Compressed
        | Fault::SignedByMerchant => "signature verification failed",
        Fault::EmptyArray
        | Fault::Null
        | Fault::EmptyBody
        | Fault::EmptyObject
        | Fault::MissingField
        | Fault::NullField
        | Fault::WrongType
        | Fault::TruncatedJson
        | Fault::SignedCompressed => "is not what WeChat Pay documents",
        Fault::CaptivePortal => "is missing",
        Fault::UnknownAuthority => "UnknownIssuer",
        Fault::OtherHost => "not valid for name",
        Fault::ExpiredCertificate => "expired",
        Fault::PlainText => "InvalidContentType",
        _ => "",
    }
}

/// Whether the call is carried out where no rule says otherwise.
fn is_carried_out(fault: Fault) -> bool {
    let lost = [Fault::ClosedBeforeReading, Fault::ClosedAfterHalfTheRequest];
    let position = |fault| Fault::ALL.iter().position(|other| *other == fault).unwrap();
    let has_response = position(fault) < position(Fault::CaptivePortal);
    has_response && !lost.contains(&fault) && !is_in_the_handshake(fault)
}

/// Whether the client gets no further than the handshake.
fn is_in_the_handshake(fault: Fault) -> bool {
    use Fault::{ExpiredCertificate, OtherHost, PlainText, UnknownAuthority};
    matches!(fault, UnknownAuthority | OtherHost | ExpiredCertificate | PlainText)
}

/// Whether only the timeout ends the call.
fn is_endless(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Silence
            | Fault::SilenceAfterHeaders
            | Fault::DrippingHeaders
            | Fault::DrippingBody
            | Fault::EndlessChunkSize
            | Fault::EndlessTrailers
            | Fault::EndlessContinue
    )
}

/// What came of a call, and how often the sandbox was asked.
fn met(
    sandbox: &Sandbox,
    fault: Fault,
    rule: &FaultRule,
    call: &dyn Fn(&Gateway) -> Result<(), Error>,
) -> Result<(), Error> {
    // A machine that is busy may not even connect in a short time.
    let timeouts = if is_endless(fault) { [400, 4_000, 20_000] } else { [20_000; 3] };
    for total_timeout in timeouts.map(Duration::from_millis) {
        let gateway = gateway(sandbox, total_timeout);
        sandbox.clear_faults();
        // Over an open connection, the response does not come.
        let stranger = OutTradeNo::new("nobody-1").unwrap();
        let reached = pay::query(sandbox.signer(), &gateway, &stranger).unwrap_err();
        if reached.outcome() != Outcome::Refused {
            continue;
        }
        let before = sandbox.received().len();
        sandbox.fault_when(rule.clone(), fault);
        let result = call(&gateway);
        match sandbox.received().len() - before {
            0 if is_in_the_handshake(fault) => return result,
            0 => {}
            1 => return result,
            more => panic!("{fault}: {more} requests"),
        }
    }
    panic!("{fault}: the request never arrived");
}

fn gateway(sandbox: &Sandbox, total_timeout: Duration) -> Gateway {
    let transport = transport(sandbox, total_timeout);
    Gateway::at(sandbox.base_url(), sandbox.platform_keys().clone(), transport).unwrap()
}

fn transport(sandbox: &Sandbox, total_timeout: Duration) -> UreqTransport {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    options.total_timeout = total_timeout;
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    UreqTransport::new(&options).unwrap()
}

#[track_caller]
fn check(fault: Fault, result: &Result<(), Error>, is_refund: bool) {
    let expected = match verdict(fault) {
        Verdict::Good => None,
        Verdict::RefusedUnlessRefund if is_refund => Some(Outcome::Unknown),
        Verdict::Refused | Verdict::RefusedUnlessRefund => Some(Outcome::Refused),
        Verdict::NotSent => Some(Outcome::NotSent),
        Verdict::Unknown => Some(Outcome::Unknown),
    };
    assert_eq!(result.as_ref().err().map(Error::outcome), expected, "{fault}: {result:?}");
    if let Err(error) = result {
        assert!(error.to_string().contains(why(fault)), "{fault} for another reason: {error}");
    }
}

fn refund_of(order: &Order) -> Refund {
    let number = OutRefundNo::new(format!("{}-r", order.out_trade_no)).unwrap();
    Refund::new(number, order.out_trade_no.clone(), Fen(60), Fen(100))
}

/// Whether a refund of this order was taken: no second one would fit beside it.
fn is_refunded(sandbox: &Sandbox, order: &Order) -> bool {
    let number = format!("{}-r", order.out_trade_no);
    sandbox.succeed_refund(&number).is_ok()
}

/// By a few threads, each with a sandbox of its own, because most of the time is spent waiting.
fn walk(check: fn(&Sandbox, Fault)) {
    std::thread::scope(|scope| {
        for first in 0..4 {
            scope.spawn(move || {
                let sandbox = start();
                Fault::ALL.iter().skip(first).step_by(4).for_each(|fault| check(&sandbox, *fault));
            });
        }
    });
}

#[test]
fn order_faults_are_classified_and_a_retry_succeeds() {
    walk(|sandbox, fault| {
        let order = order(sandbox, &format!("o-{fault}").to_lowercase());
        let once = FaultRule::calls("POST", "/v3/pay/transactions/app").times(1);
        let result = met(sandbox, fault, &once, &|gateway| {
            app::prepay(sandbox.signer(), gateway, &order).map(drop)
        });
        check(fault, &result, false);
        let placed = sandbox.refuse_payment(order.out_trade_no.as_str());
        let expected = if is_carried_out(fault) { Ok(()) } else { Err(OrderError::NotPlaced) };
        assert_eq!(placed, expected, "{fault}");
        app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    });
}

#[test]
fn refund_faults_are_classified_and_a_retry_succeeds() {
    walk(|sandbox, fault| {
        let order = order(sandbox, &format!("r-{fault}").to_lowercase());
        let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
        sandbox.clear_faults();
        app::prepay(signer, gateway, &order).unwrap();
        sandbox.pay(order.out_trade_no.as_str()).unwrap();
        let refund = refund_of(&order);
        let once = FaultRule::every_call().times(1);
        let result = met(sandbox, fault, &once, &|gateway| {
            refund::apply(signer, gateway, &refund).map(drop)
        });
        check(fault, &result, true);
        let again = refund::apply(signer, gateway, &refund);
        assert!(again.is_ok(), "{fault}: {again:?}");
        assert!(is_refunded(sandbox, &order), "{fault}");
    });
}

/// The connection of the call before would have been used again, and nothing been seen of it.
#[test]
fn handshake_fault_meets_the_next_call_despite_the_pool() {
    let sandbox = start();
    let place = |text: &str| {
        app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, text)).map(drop)
    };
    for round in 0..20 {
        let number = format!("handshake-{round}");
        place(&number).unwrap();
        sandbox.fault_next(Fault::ExpiredCertificate);
        let error = place(&number).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.to_string().contains("expired"), "{error}");
    }
    sandbox.fault_when(FaultRule::every_call().skip(1).times(1), Fault::PlainText);
    place("handshake-skip").unwrap();
    sandbox.fault_when(FaultRule::every_call().times(2), Fault::OtherHost);
    // Of two rules, the older one is applied first.
    let errors = [(); 3].map(|()| place("handshake-skip").unwrap_err().to_string());
    assert!(errors[0].contains("InvalidContentType"), "{errors:?}");
    assert!(errors[1..].iter().all(|error| error.contains("not valid for name")), "{errors:?}");
    place("handshake-skip").unwrap();
    sandbox.fault_when(FaultRule::every_call(), Fault::UnknownAuthority);
    place("handshake-cleared").unwrap_err();
    sandbox.clear_faults();
    place("handshake-cleared").unwrap();
}

#[test]
fn call_that_waits_is_not_ended_by_a_fault_in_the_handshake() {
    let sandbox = start();
    let slow = order(&sandbox, "handshake-slow");
    let rule = FaultRule::calls("GET", "/v3/pay/").times(1);
    sandbox.fault_when(rule, Fault::Silence);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let gateway = gateway(&sandbox, Duration::from_secs(2));
            pay::query(sandbox.signer(), &gateway, &slow.out_trade_no).unwrap_err()
        });
        while sandbox.received().is_empty() {
            std::thread::yield_now();
        }
        sandbox.fault_next(Fault::PlainText);
        let error = app::prepay(sandbox.signer(), sandbox.gateway(), &slow).unwrap_err();
        assert!(error.to_string().contains("InvalidContentType"), "{error}");
        let error = asking.join().unwrap();
        assert!(error.to_string().contains("timed out"), "{error}");
    });
}

#[test]
fn errors_are_spelled_as_their_interface_documents_them() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let number = OutTradeNo::new("spelled-1").unwrap();
    for (fault, expected) in [
        (Fault::NoAuth, (403, "NOAUTH")),
        (Fault::RuleLimit, (403, "RULELIMIT")),
        (Fault::OrderNotExist, (404, "ORDERNOTEXIST")),
        (Fault::SystemError, (500, "SYSTEMERROR")),
        (Fault::MchNotExists, (400, "MCH_NOT_EXISTS")),
    ] {
        sandbox.fault_next(fault);
        let error = combine::query(signer, gateway, &number).unwrap_err();
        let api = api(&error);
        assert_eq!((api.status, api.code.as_str()), expected, "{fault}");
    }
    sandbox.fault_next(Fault::MchNotExists);
    let error = refund::apply(signer, gateway, &refund_of(&order(&sandbox, "spelled-1")));
    assert_eq!(api(&error.unwrap_err()).status, 404);
    sandbox.refuse_next(403, "NO_AUTH", "as it was said");
    let error = combine::query(signer, gateway, &number).unwrap_err();
    assert_eq!(api(&error).code.as_str(), "NO_AUTH");
}

#[test]
fn lost_request_and_lost_response_look_the_same_to_a_client() {
    let sandbox = start();
    let rule = || FaultRule::calls("POST", "/v3/pay/").times(1);
    for (number, rule, expected) in [
        ("request-1", rule().before_the_call(), Err(OrderError::NotPlaced)),
        ("answer-1", rule().after_the_call(), Ok(())),
    ] {
        for (kind, fault) in [
            ("reset", Fault::ResetAfterTheRequest),
            ("page", Fault::GatewayTimeoutPage),
            ("error", Fault::SystemError),
            ("tampered", Fault::TamperedBody),
            ("stale", Fault::Stale),
            ("odd", Fault::EmptyObject),
        ] {
            let order = order(&sandbox, &format!("{number}-{kind}"));
            let error = met(&sandbox, fault, &rule, &|gateway| {
                app::prepay(sandbox.signer(), gateway, &order).map(drop)
            });
            assert_eq!(error.unwrap_err().outcome(), Outcome::Unknown, "{fault}");
            let placed = sandbox.refuse_payment(order.out_trade_no.as_str());
            assert_eq!(placed, expected, "{number} {fault}");
        }
    }
}

#[test]
fn rule_meets_the_calls_that_it_chooses_until_it_is_cleared() {
    let sandbox = start();
    let place = |number: &str| {
        app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, number)).map(drop)
    };
    let about = |number: &'static str| {
        FaultRule::every_call()
            .when(move |request| String::from_utf8_lossy(&request.body).contains(number))
    };
    sandbox.fault_when(about("number-1"), Fault::NoAuth);
    sandbox.fault_when(FaultRule::calls("GET", "/v3/pay/"), Fault::Silence);
    sandbox.fault_when(about("number-2").skip(1).times(1), Fault::SystemError);
    for _ in 0..3 {
        assert_eq!(api(&place("number-1").unwrap_err()).status, 403);
    }
    let statuses = [(); 3].map(|()| place("number-2").err().map(|error| api(&error).status));
    assert_eq!(statuses, [None, Some(500), None]);
    sandbox.refuse_next(400, "PARAM_ERROR", "");
    sandbox.clear_faults();
    place("number-1").unwrap();
}

#[test]
fn order_of_apiv2_under_faults_has_an_unknown_outcome() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let place = |base: Order| {
        let address = Ipv4Addr::LOCALHOST.into();
        let (number, text, url) = (base.out_trade_no, &base.description, base.notify_url);
        let order = v2::pay::Order::new(base.appid, number, text, base.total, address, url);
        v2::pay::prepay(v2.signer(), v2.gateway(), &order, &v2::App)
    };
    for (fault, is_placed) in [
        (Fault::ClosedBeforeReading, false),
        (Fault::ClosedAfterHalfTheRequest, false),
        (Fault::ResetAfterTheRequest, true),
        (Fault::ClosedWithoutResponse, true),
        (Fault::HalfHeaders, true),
        (Fault::ShortBody, true),
        (Fault::ShortBodyWithoutLength, true),
        (Fault::Garbage, true),
        (Fault::HugeBody, true),
        (Fault::TamperedBody, true),
        (Fault::EmptiedBody, true),
        (Fault::CaptivePortal, false),
        (Fault::BadGatewayPage, false),
        (Fault::SystemError, false),
    ] {
        let number = format!("v2-{fault}").to_lowercase();
        let before = sandbox.received().len();
        sandbox.fault_next(fault);
        let error = place(order(&sandbox, &number)).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{fault}: {error}");
        assert_eq!(sandbox.received().len() - before, 1, "{fault}");
        let expected = if is_placed { Ok(()) } else { Err(OrderError::NotPlaced) };
        assert_eq!(v2.refuse_payment(&number), expected, "{fault}");
        place(order(&sandbox, &number)).unwrap();
    }
    for (fault, code) in [(Fault::NoAuth, "NOAUTH"), (Fault::OrderClosed, "ORDERCLOSED")] {
        sandbox.fault_next(fault);
        let error = place(order(&sandbox, "v2-refused-1")).unwrap_err();
        assert_eq!((api(&error).status, api(&error).code.as_str()), (200, code));
        assert_eq!(error.outcome(), Outcome::Refused);
    }
}
