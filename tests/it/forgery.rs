//! Responses that WeChat Pay did not sign are refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wechatpay::pay::{self, app};
use wechatpay::refund::{self, Refund};
use wechatpay::{
    Error, ErrorKind, Fen, Outcome, PlatformKeys, Retry, Signer, Time, Untrusted, combine, signing,
};
use wechatpay_sandbox::{Response, Sandbox};

use crate::support::{api, order, start};

const HEADERS: [&str; 4] =
    ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"];

/// Places an order whose answer is damaged after it was signed.
#[track_caller]
fn distrust(sandbox: &Sandbox, change: impl FnOnce(&mut Response) + Send + 'static) -> Untrusted {
    sandbox.tamper_next(change);
    let order = order(sandbox, "forged-1");
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    match error.kind() {
        ErrorKind::Untrusted { reason, request_id, .. } => {
            assert!(request_id.is_some());
            reason.clone()
        }
        other => panic!("verified: {other:?}"),
    }
}

#[test]
fn header_missing_repeated_empty_or_unreadable_is_refused() {
    let sandbox = start();
    for name in HEADERS {
        let reason = distrust(&sandbox, move |response| response.remove_header(name));
        assert_eq!(reason, Untrusted::Missing(name));
        let reason = distrust(&sandbox, move |response| {
            let value = response.header(name).unwrap().to_vec();
            response.add_header(name, value);
        });
        assert_eq!(reason, Untrusted::Repeated(name));
        for wrong in [&b""[..], b"\xff\xfe", b"a b"] {
            let reason = distrust(&sandbox, move |response| response.set_header(name, wrong));
            assert_eq!(reason, Untrusted::Unreadable(name));
        }
    }
}

#[test]
fn stale_or_future_response_is_rejected() {
    let sandbox = start();
    for (shift, behind) in [(-400, true), (400, false)] {
        sandbox.shift_responses(shift);
        let Untrusted::Stale { skew_seconds } = distrust(&sandbox, |_| ()) else { panic!() };
        sandbox.shift_responses(-shift);
        assert_eq!(skew_seconds > 0, behind);
        assert!((399..=402).contains(&skew_seconds.abs()), "{skew_seconds}");
    }
}

#[test]
fn unknown_serial_is_refused_even_with_the_right_key() {
    let sandbox = start();
    for claimed in ["PUB_KEY_ID_0000000000000024101100397200000006", "4DF076AC5A7D968D"] {
        let reason =
            distrust(&sandbox, move |response| response.set_header("Wechatpay-Serial", claimed));
        assert_eq!(reason, Untrusted::UnknownSerial(claimed.to_owned()));
    }
    assert_eq!(sandbox.received().len(), 2, "nothing is fetched for an unknown number");
}

#[test]
fn response_signed_by_the_merchants_own_key_is_refused() {
    let sandbox = start();
    let own = wechatpay::RsaSigner::from_pem(
        sandbox.mchid(),
        sandbox.serial_no(),
        sandbox.merchant_key_pem(),
    )
    .unwrap();
    let reason = distrust(&sandbox, move |response| {
        let text = |name| std::str::from_utf8(response.header(name).unwrap()).unwrap();
        let message =
            signing::response(text("Wechatpay-Timestamp"), text("Wechatpay-Nonce"), &response.body);
        let signature = STANDARD.encode(own.sign(&message).unwrap().bytes);
        response.set_header("Wechatpay-Signature", signature);
    });
    assert_eq!(reason, Untrusted::Signature { probe: false });
}

#[test]
fn signature_of_another_response_is_refused() {
    let sandbox = start();
    let reason = distrust(&sandbox, |response| {
        response.body = br#"{"prepay_id":"wx201410272009395522657a690389285100"}"#.to_vec();
    });
    assert_eq!(reason, Untrusted::Signature { probe: false });
}

/// The signature covers a response and not the request, so an attacker on the connection may hand
/// out, within five minutes, the response to another request: "CLOSED" of another refund would lead
/// to a new number, and to a second refund.
#[test]
fn genuine_response_about_another_order_is_refused() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "asked-for-1");
    app::prepay(signer, gateway, &order).unwrap();
    sandbox.pay("asked-for-1").unwrap();
    let paid = pay::query(signer, gateway, &order.out_trade_no).unwrap();
    let transaction_id = paid.transaction_id.unwrap();
    let whole = crate::combined::order(&sandbox, "asked-for-3");
    combine::app::prepay(signer, gateway, &whole).unwrap();
    let number = "asked-for-2".parse().unwrap();
    let refund = Refund::new(number, order.out_trade_no.clone(), Fen(60), Fen(100));
    let state = refund::apply(signer, gateway, &refund).unwrap();

    let is_told = |result: Result<(), Error>, call: &str| {
        let error = result.expect_err(call);
        let retry = if error.is_read() { Retry::SameRequest } else { Retry::QueryFirst };
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, retry), "{call}");
        assert!(
            matches!(error.kind(), ErrorKind::Malformed { status: 200, .. }),
            "{call}: {error}"
        );
        let text = "its number or amount is not the one requested";
        assert!(error.to_string().contains(text), "{call}: {error}");
    };
    let instead = |number: &str| {
        let number = number.to_owned();
        sandbox.rewrite_next(move |response| {
            let body = String::from_utf8(std::mem::take(&mut response.body)).unwrap();
            assert!(body.contains(&number), "{body}");
            response.body = body.replace(&number, "1217752501").into_bytes();
        });
    };
    instead("asked-for-1");
    is_told(pay::query(signer, gateway, &order.out_trade_no).map(drop), "query");
    instead(transaction_id.as_str());
    is_told(pay::query_by_id(signer, gateway, &transaction_id).map(drop), "query by id");
    instead("asked-for-3");
    let query = combine::query(signer, gateway, &whole.combine_out_trade_no);
    is_told(query.map(drop), "combined query");
    instead("asked-for-2");
    is_told(refund::query(signer, gateway, &refund.out_refund_no).map(drop), "refund query");
    instead("asked-for-2");
    is_told(refund::apply(signer, gateway, &refund).map(drop), "refund");
    for number in ["asked-for-2", state.refund_id.as_str()] {
        sandbox.fail_refund("asked-for-2").unwrap();
        instead(number);
        let (id, number) = (&state.refund_id, &refund.out_refund_no);
        is_told(refund::apply_abnormal(signer, gateway, id, number).map(drop), "abnormal refund");
    }
}

#[test]
fn probe_response_is_refused_and_named() {
    let sandbox = start();
    let reason = distrust(&sandbox, |response| {
        let real = String::from_utf8(response.header("Wechatpay-Signature").unwrap().to_vec());
        let probe = format!("WECHATPAY/SIGNTEST/{}", &real.unwrap()[19..]);
        response.set_header("Wechatpay-Signature", probe);
    });
    assert_eq!(reason, Untrusted::Signature { probe: true });
}

#[test]
fn response_with_any_flipped_body_bit_is_refused() {
    let sandbox = start();
    let order = order(&sandbox, "flipped-1");
    let body_length = r#"{"prepay_id":""}"#.len() + 36;
    for bit in 0..body_length * 8 {
        sandbox.tamper_next(move |response| {
            assert_eq!(response.body.len(), body_length);
            response.body[bit / 8] ^= 1 << (bit % 8);
        });
        let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Untrusted { reason: Untrusted::Signature { probe: false }, .. }
            ),
            "bit {bit}: {error}"
        );
    }
}

#[test]
fn response_with_any_flipped_header_bit_is_refused() {
    let sandbox = start();
    let (send, receive) = std::sync::mpsc::channel();
    sandbox.tamper_next(move |response| send.send(response.clone()).unwrap());
    app::prepay(sandbox.signer(), sandbox.gateway(), &order(&sandbox, "flipped-2")).unwrap();
    let good = receive.recv().unwrap();
    let now = Time::now().unwrap();
    let by_ring: &PlatformKeys = sandbox.platform_keys();
    #[cfg(not(feature = "aws-lc-rs"))]
    let all = [by_ring.clone()];
    #[cfg(feature = "aws-lc-rs")]
    let all = [by_ring.clone(), by_ring.clone().verified_by_aws_lc()];
    for keys in all {
        let check = |response: &Response| {
            let headers = response.headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
            keys.verify(headers, &response.body, now)
        };
        assert_eq!(check(&good), Ok(()));
        for name in HEADERS {
            let value = good.header(name).unwrap().to_vec();
            for bit in 0..value.len() * 8 {
                let mut flipped = value.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let mut response = good.clone();
                response.set_header(name, &flipped);
                assert!(check(&response).is_err(), "{name} bit {bit}");
            }
        }
    }
}

#[test]
fn refusal_that_claims_a_signature_is_verified() {
    let sandbox = start();
    let order = order(&sandbox, "refused-1");
    sandbox.refuse_next(400, "PARAM_ERROR", "参数错误");
    let reason = distrust(&sandbox, |response| response.body.push(b' '));
    assert_eq!(reason, Untrusted::Signature { probe: false });

    sandbox.refuse_next(400, "PARAM_ERROR", "参数错误");
    let reason = distrust(&sandbox, |response| response.remove_header("Wechatpay-Nonce"));
    assert_eq!(reason, Untrusted::Missing("Wechatpay-Nonce"));

    sandbox.refuse_next(400, "PARAM_ERROR", "参数错误");
    sandbox.tamper_next(|response| HEADERS.iter().for_each(|name| response.remove_header(name)));
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert!(!api(&error).signed);
    assert_eq!(error.outcome(), Outcome::Refused);
    assert!(error.to_string().contains("(the response is not signed)"), "{error}");
}

/// An error text ends in terminals and logs, and an unsigned response can come from anyone.
#[test]
fn text_of_an_unsigned_response_cannot_leave_its_line() {
    let sandbox = start();
    let hostile = "x\r\noutcome: forged\u{1b}[2J\u{7f}\u{9b}2J\u{2028}\u{202e}\u{2066}";
    let long = "长".repeat(1_200);
    for text in [hostile, &long] {
        let members = ["code", "message", "field", "issue"];
        for member in members {
            let value = |name: &str| if name == member { text } else { "y" };
            let body = serde_json::json!({
                "code": value("code"),
                "message": value("message"),
                "detail": {"field": value("field"), "issue": value("issue"), "location": "body"},
            })
            .to_string();
            sandbox.tamper_next(move |response| {
                (response.status, response.body) = (400, body.into_bytes());
                HEADERS.iter().for_each(|name| response.remove_header(name));
            });
            let order = order(&sandbox, "forged-line");
            let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
            let received = api(&error);
            let detail = received.detail.as_ref().unwrap();
            let fields = [
                received.code.as_str(),
                &received.message,
                detail.field.as_ref().unwrap(),
                detail.issue.as_ref().unwrap(),
            ];
            let kept = members.into_iter().zip(fields).find(|(name, _)| *name == member).unwrap();
            assert_eq!(kept.1, text, "the field {member} keeps what was received");
            for shown in [error.to_string(), received.to_string(), detail.to_string()] {
                let is_hostile =
                    |it: char| it.is_control() || "\u{2028}\u{202e}\u{2066}".contains(it);
                assert!(!shown.contains(is_hostile), "{member}: {shown:?}");
                assert!(shown.chars().count() < 1000, "{member}: {}", shown.chars().count());
            }
            let debug = format!("{error:?}");
            assert!(
                !debug.contains(['\n', '\u{1b}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{2066}'])
            );
            assert!(!received.code.to_string().contains(char::is_control), "{member}");
        }
    }
}

/// Such as the refusal of an unknown Wechatpay-Serial, which another key signs: it helps, and decides nothing.
#[test]
fn error_under_an_unknown_key_shows_its_code_unverified() {
    let sandbox = start();
    let other = include_str!("../data/keys/rsa2048.pub.pem");
    let keys = PlatformKeys::from_pem("PUB_KEY_ID_01", other).unwrap();
    let gateway = sandbox.gateway().with_keys(keys);
    let order = order(&sandbox, "unknown-key");
    let error = app::prepay(sandbox.signer(), &gateway, &order).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    assert!(error.api().is_none(), "nothing unverified is taken for a response of WeChat Pay");
    let ErrorKind::Untrusted { status: 400, unverified: Some(response), .. } = error.kind() else {
        panic!("{error:?}")
    };
    assert_eq!((response.code.as_str(), response.signed), ("PARAM_ERROR", false));
    let text =
        "; unverified, it reports PARAM_ERROR: 平台证书序列号Wechatpay-Serial错误; the request may";
    assert!(error.to_string().contains(text), "{error}");
    sandbox.refuse_next(403, "NO_AUTH", "商户无权限\n");
    sandbox.tamper_next(|response| response.body.push(b' '));
    let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    let text = "unverified, it reports NO_AUTH: 商户无权限\u{fffd}; the";
    assert!(error.to_string().contains(text), "{error}");
    sandbox.tamper_next(|response| response.body.push(b' '));
    let success = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
    assert!(matches!(success.kind(), ErrorKind::Untrusted { unverified: None, .. }), "{success}");
}
