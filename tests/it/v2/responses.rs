//! Responses: their signature, their errors and their shapes.

use wechatpay::pay::{NotPaid, TradeState};
use wechatpay::v2::combine;
use wechatpay::v2::pay::{self, Order};
use wechatpay::v2::refund::{self, Refund, RefundQuery};
use wechatpay::v2::{App, Gateway, HmacSha256Key, Native};
use wechatpay::{
    AppId, Code, Error, ErrorKind, Fen, OutRefundNo, Outcome, Request, Response, Retry, Transport,
    TransportError, Untrusted,
};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, start};
use crate::v2::{SHAPES, combined, message_of, number, order, wap};

/// Places an order whose response the sandbox changes, and returns the error.
fn placed_with(sandbox: &Sandbox, text: &str) -> Error {
    let v2 = sandbox.v2();
    pay::prepay(v2.signer(), v2.gateway(), &order(sandbox, text), &App).unwrap_err()
}

#[test]
fn documented_error_code_has_its_outcome_and_retry() {
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
    let only_001 = [(Code::INVALID_REQUEST, "INVALID_REQUEST", Refused, QueryFirst)];
    let only_002 = [
        (Code::SUBORDER_LIMIT_EXCEEDED, "SUBORDER_LIMIT_EXCEEDED", Refused, Never),
        (Code::USER_OPENID_NOT_MATCH, "USER_OPENID_NOT_MATCH", Refused, Never),
        (Code::POST_DATA_INVALID, "POST_DATA_INVALID", Refused, Never),
        (Code::COMBINE_PAY_NOAUTH, "COMBINE_PAY_NOAUTH", Refused, Never),
        (Code::INVALID_PARAMS, "INVALID_PARAMS", Refused, QueryFirst),
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
fn return_code_fail_is_an_unknown_outcome() {
    let sandbox = start();
    sandbox.v2().fail_next("参数格式校验错误");
    let error = placed_with(&sandbox, "failed-1");
    let found = api(&error);
    assert_eq!((found.code.as_str(), found.message.as_str()), ("", "参数格式校验错误"));
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    assert!(error.to_string().ends_with("(the response is not signed)"), "{error}");

    // The same with an unsigned code.
    sandbox.tamper_next(|response| {
        response.body =
            b"<xml><return_code>FAIL</return_code><err_code>ORDERCLOSED</err_code></xml>".to_vec();
    });
    let error = placed_with(&sandbox, "failed-2");
    assert_eq!((api(&error).code.as_str(), error.outcome()), ("", Outcome::Unknown));

    let wrong = HmacSha256Key::new(sandbox.mchid(), "W".repeat(32)).unwrap();
    let order = order(&sandbox, "failed-3");
    let error = pay::prepay(&wrong, sandbox.v2().gateway(), &order, &App).unwrap_err();
    assert_eq!((api(&error).message.as_str(), api(&error).signed), ("签名错误", false));
    // Neither error advises the other call first: both would be refused.
    let queried =
        pay::query(&wrong, sandbox.v2().gateway(), &order.appid, &order.out_trade_no).unwrap_err();
    for error in [&error, &queried] {
        let text = error.to_string();
        assert!(text.contains("check the APIv2 key (API密钥) of the merchant platform"), "{text}");
        assert!(!text.contains("before you retry") && !text.contains("clock"), "{text}");
    }
    sandbox.v2().refuse_next("SIGNERROR", "签名错误");
    let text = placed_with(&sandbox, "failed-4").to_string();
    assert!(text.contains("and the sign type") && !text.contains("serial number"), "{text}");
}

#[test]
fn response_with_wrong_sign_is_an_unknown_outcome() {
    let sandbox = start();
    let tampered = |change: fn(String) -> String| {
        sandbox.tamper_next(move |response| {
            let text = String::from_utf8(std::mem::take(&mut response.body)).unwrap();
            response.body = change(text).into_bytes();
        });
        let error = placed_with(&sandbox, "tampered-1");
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
        error
    };
    let reason = |error: Error| match error.into_kind() {
        ErrorKind::Untrusted { status: 200, reason, .. } => reason,
        other => panic!("{other:?}"),
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
        assert!(matches!(tampered(change).kind(), ErrorKind::Malformed { .. }));
    }
}

#[test]
fn malformed_signed_response_is_reported_by_field() {
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
        assert!(odd(name, value).contains(&format!(": {what};")), "{what}");
    }
    v2.rewrite_next(|fields| {
        fields.insert("future_field".to_owned(), "<x>&amp;]]>".to_owned());
    });
    pay::prepay(v2.signer(), v2.gateway(), &order(&sandbox, "odd-22"), &App).unwrap();
    // The response to a Native order without its code_url.
    v2.rewrite_next(|fields| drop(fields.remove("code_url")));
    let order = order(&sandbox, "odd-33");
    let error = pay::prepay(v2.signer(), v2.gateway(), &order, &Native::new("1")).unwrap_err();
    assert!(error.to_string().contains(": code_url is missing;"), "{error}");
}

#[test]
fn status_other_than_200_is_an_unsigned_error() {
    let sandbox = start();
    for status in [302, 404, 500, 502, 503] {
        sandbox.tamper_next(move |response| {
            response.status = status;
            response.set_header("Location", "https://127.0.0.1:1/");
        });
        let error = placed_with(&sandbox, "status-1");
        let found = api(&error);
        assert_eq!((found.status, found.code.as_str(), found.signed), (status, "", false));
        assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    }
    assert_eq!(sandbox.received().len(), 5);
}

/// Returns this body for every request.
struct Canned(String);

impl Transport for Canned {
    fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
        let body = Box::new(std::io::Cursor::new(self.0.clone()));
        Ok(Response { status: 200, headers: Vec::new(), body })
    }
}

const SUCCESS: &str = "return_code SUCCESS
    return_msg OK
    result_code SUCCESS
    appid wx2421b1c4370ec43b
    mch_id 10000100
    nonce_str 0.649960724868794\n";

/// Shapes from merchants' logs and from tests of other libraries, with our own values: fields that are
/// empty, absent or unknown, numbers with and without CDATA, all kinds of blanks.
#[test]
fn responses_of_all_observed_shapes_are_parsed() {
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
        let responding = |fields: &str| {
            let body = message_of(&signer, shape, &format!("{SUCCESS}{fields}"));
            let gateway = Gateway::at("https://127.0.0.1:1", Canned(body.clone())).unwrap();
            gateway.with_certified(Canned(body))
        };
        let state = |fields: &str| {
            let gateway = responding(&format!("out_trade_no 20250101-7\n{fields}"));
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

        let gateway = responding("sub_mch_id");
        pay::close(&signer, &gateway, &appid, &order.out_trade_no).unwrap();
        let gateway = responding(
            "prepay_id wx300938224735257a61dd6c1f12d4c10000
            trade_type NATIVE
            device_info
            code_url weixin://wxpay/bizpayurl?pr=GnZnlWr",
        );
        pay::prepay(&signer, &gateway, &order, &Native::new("1")).unwrap();
        pay::prepay(&signer, &gateway, &order, &App).unwrap();
        let gateway = responding("mweb_url https://wx.tenpay.com/x?prepay_id=wx1&package=2");
        pay::prepay(&signer, &gateway, &order, &wap()).unwrap();
        let gateway = responding("err_code\nerr_code_des\nprepay_id wx1");
        pay::prepay(&signer, &gateway, &order, &App).unwrap();

        let numbers = "transaction_id 4200000000202501010000000001\nout_trade_no 20250101-7\n";
        let gateway = responding(&format!(
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
        let gateway = responding(&format!(
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
fn lost_response_is_unknown_and_unsent_request_is_not() {
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
    sandbox.tamper_next(|response| response.set_header("Content-Length", "100000"));
    assert_eq!(placed_with(&sandbox, "lost-2").outcome(), Outcome::Unknown);
}
