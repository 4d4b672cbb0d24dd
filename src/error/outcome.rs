//! What an error means: the table of statuses and codes, and the two answers it gives.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

#[cfg(feature = "v2")]
use super::advice;
use super::api::ApiError;
use super::call::{CallContext, Effect, Protocol, Subject};
use super::code::Code;

use self::Outcome::{Refused, Unknown};
use self::Retry::{Never, QueryFirst, SameRequest};

/// What may have happened at WeChat Pay when a call ended in an [`Error`](crate::Error).
///
/// It says what became of this *request*, not of its order or refund number: after `Unknown`, `NotSent` and
/// `Refused` of a later request with the same number leave open what the first one did. Don't take a new
/// number before a query has shown that nothing exists under the old one. A read (a query, a download) changes nothing, whatever
/// became of it: after `Unknown` it can simply be repeated.
///
/// ```
/// use wechatpay::{Error, Gateway, Outcome, Signer, pay::{self, app}};
///
/// fn example(signer: &dyn Signer, gateway: &Gateway, order: &pay::Order) -> Result<(), Error> {
///     match app::prepay(signer, gateway, order) {
///         Ok(prepay_id) => println!("{}", prepay_id.as_str()),
///         // The order may exist: retry with the same order.
///         Err(error) if error.outcome() == Outcome::Unknown => println!("{error}"),
///         // This call created no order.
///         Err(error) => return Err(error),
///     }
///     Ok(())
/// }
/// ```
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing of this request reached WeChat Pay.
    NotSent,
    /// WeChat Pay received this request and refused it.
    Refused,
    /// The request may have been processed: no verified response says whether it was. Never treat
    /// this as a failure of a payment or a refund: query it, or retry with the same values.
    ///
    /// A read that ends like this has changed nothing and has learned nothing.
    Unknown,
}

/// What to do after an [`Error`](crate::Error).
///
/// ```
/// use wechatpay::{Error, Retry};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.retry() {
///         Retry::Never => "correct the request, the settings or the keys",
///         Retry::SameRequest => "retry with the same order after a pause",
///         Retry::QueryFirst => "query the order",
///     }
/// }
/// ```
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// A retry gives the same result: correct the request, the settings or the keys first.
    Never,
    /// Retry with the identical request, with the same number and the same values, after a pause.
    ///
    /// For a read: repeat it, its result may be another one then.
    SameRequest,
    /// Query by the same number first; the result decides. A read never ends like this, because
    /// it is the query.
    QueryFirst,
}

/// What an error means.
pub(super) type Meaning = (Outcome, Retry);

/// What a response means that is not a success. The first row that fits decides.
pub(super) fn of_response(call: CallContext, error: &ApiError) -> Meaning {
    match call.protocol {
        // On a code that no document lists, a merchant that moves money must not take a new number before a query
        // (https://pay.weixin.qq.com/doc/v3/merchant/4012716434).
        Protocol::V3 if moves_money(call) && is_undocumented(error) => (Unknown, QueryFirst),
        Protocol::V3 => first(V3, call, error),
        #[cfg(feature = "v2")]
        Protocol::V2 => of_v2_response(call, error),
    }
}

/// What a success means that cannot be verified or parsed. A transfer that is sent again is one
/// transfer, and only its response has what the client needs.
pub(super) fn of_unreadable_success(call: CallContext) -> Meaning {
    if new_transfer(call) { (Unknown, SameRequest) } else { (Unknown, QueryFirst) }
}

#[cfg(feature = "v2")]
fn of_v2_response(call: CallContext, error: &ApiError) -> Meaning {
    match (error.status, error.signed) {
        (200, true) => first(V2, call, error),
        // The server refuses a connection without a client certificate, and would refuse it again.
        (400, _) if advice::lacks_certificate(error) => (Unknown, Never),
        // `return_code` is FAIL, which carries no signature.
        (200, false) => (Unknown, QueryFirst),
        // WeChat Pay does not send this status.
        _ => (Unknown, SameRequest),
    }
}

fn first(table: &[Row], call: CallContext, error: &ApiError) -> Meaning {
    table
        .iter()
        .find(|(status, codes, is_about, ..)| {
            status.contains(&error.status)
                && (codes.is_empty() || codes.contains(&error.code))
                && is_about(call)
        })
        .map_or((Unknown, QueryFirst), |(.., outcome, retry)| (*outcome, *retry))
}

/// Statuses, codes (none: any code), the calls that the row is about, outcome and retry.
type Row = (RangeInclusive<u16>, &'static [Code], fn(CallContext) -> bool, Outcome, Retry);

/// The statuses are those of the documents only where a row needs it: a code may come with
/// another status than its own.
const V3: &[Row] = &[
    // A code payment (付款码支付). No source has its error codes, so only what no payment can have is a refusal.
    (
        400..=499,
        &[
            Code::APPID_MCHID_NOT_MATCH,
            Code::MCH_NOT_EXISTS,
            Code::NO_AUTH,
            Code::PARAM_ERROR,
            Code::SIGN_ERROR,
        ],
        micropay,
        Refused,
        Never,
    ),
    (
        400..=499,
        &[Code::INVALID_REQUEST, Code::ORDERPAID, Code::OUT_TRADE_NO_USED],
        micropay,
        Refused,
        QueryFirst,
    ),
    (0..=u16::MAX, &[], micropay, Unknown, QueryFirst),
    // A transfer cannot be called back, so a refusal must be documented. The bill has ended, or has other values, or is
    // older than three days (https://pay.weixin.qq.com/doc/v3/merchant/4012716434): only a query shows what became of it.
    (
        400..=499,
        &[Code::ALREADY_EXISTS, Code::INVALID_REQUEST, Code::ORDER_CLOSED],
        new_transfer,
        Refused,
        QueryFirst,
    ),
    (
        400..=499,
        &[Code::PARAM_ERROR, Code::NO_AUTH, Code::SIGN_ERROR, Code::APPID_MCHID_NOT_MATCH],
        new_transfer,
        Refused,
        Never,
    ),
    (403..=403, &[Code::NOT_ENOUGH], new_transfer, Refused, SameRequest),
    (408..=408, &[], new_transfer, Unknown, SameRequest),
    (429..=429, &[], new_transfer, Unknown, SameRequest),
    (
        400..=499,
        &[Code::FREQUENCY_LIMITED, Code::SYSTEM_ERROR, Code::BANK_ERROR],
        new_transfer,
        Unknown,
        SameRequest,
    ),
    (400..=499, &[], new_transfer, Unknown, QueryFirst),
    (300..=399, &[], new_transfer, Unknown, SameRequest),
    (500..=599, &[], new_transfer, Unknown, SameRequest),
    // Documented with status 500, and final all the same.
    (500..=500, &[Code::OPENID_MISMATCH, Code::INVALID_TRANSACTIONID], any, Refused, Never),
    // An order with this number exists, perhaps a paid one.
    (400..=499, &[Code::OUT_TRADE_NO_USED, Code::ORDERPAID], any, Refused, QueryFirst),
    // WeChat Pay does not send this status: a proxy gave up waiting.
    (408..=408, &[], any, Unknown, SameRequest),
    // The refund may be in progress (https://pay.weixin.qq.com/doc/v3/merchant/4012791862), and so may a split and a
    // return. For an interface without rules here, the outcome is unknown.
    (429..=429, &[], write_that_may_go_on, Unknown, QueryFirst),
    (400..=499, &[Code::FREQUENCY_LIMITED], write_that_may_go_on, Unknown, QueryFirst),
    // The receiver's balance is too low: the return exists, and is processing.
    (400..=499, &[Code::NOT_ENOUGH], new_return, Unknown, SameRequest),
    (400..=499, &[Code::INVALID_REQUEST], new_return, Unknown, QueryFirst),
    // The amount exceeds what is left of the order. A split with this number may exist, with other
    // receivers.
    (400..=499, &[Code::NOT_ENOUGH, Code::INVALID_REQUEST], new_split, Refused, QueryFirst),
    // An order or a refund with this number may exist, with other values (请求重入时参数不一致,
    // 订单金额或退款金额与之前请求不一致). An order that is to be closed may be paid.
    (400..=499, &[Code::INVALID_REQUEST], new_order_or_refund, Refused, QueryFirst),
    // The request that places the order to be closed may still be in progress.
    (400..=499, &[Code::ORDER_NOT_EXIST], new_order, Refused, QueryFirst),
    // A failure inside WeChat Pay is not a refusal.
    (400..=499, &[Code::SYSTEM_ERROR, Code::BANK_ERROR], any, Unknown, SameRequest),
    (429..=429, &[], any, Refused, SameRequest),
    (400..=499, &[Code::FREQUENCY_LIMITED], any, Refused, SameRequest),
    // The balance is too low: top up, then retry with the same number.
    (403..=403, &[Code::NOT_ENOUGH], any, Refused, SameRequest),
    // The bill is not ready: query it again after 10 o'clock.
    (400..=400, &[Code::STATEMENT_CREATING], any, Refused, SameRequest),
    // Right after an unknown outcome, the order, the refund or the transfer may still appear.
    (
        400..=499,
        &[Code::NOT_FOUND, Code::ORDER_NOT_EXIST, Code::RESOURCE_NOT_EXISTS],
        query,
        Refused,
        SameRequest,
    ),
    // For orders a limit on the frequency of calls (documents 000 and 004: 因业务规则限制请求频率). For profit sharing it
    // means that the ratio is exceeded, and time does not change that.
    (403..=403, &[Code::RULE_LIMIT], about_an_order, Refused, SameRequest),
    (400..=499, &[], any, Refused, Never),
    // A redirect is never followed; it does not come from WeChat Pay.
    (300..=399, &[], any, Unknown, QueryFirst),
    // 202: accepted, not processed yet. 5xx: retry with the same values.
    (0..=u16::MAX, &[], any, Unknown, SameRequest),
];

/// The codes of documents 001 and 002. A code that no document lists means nothing certain.
#[cfg(feature = "v2")]
const V2: &[Row] = &[
    // The payer may have been charged, or may still be.
    (
        200..=200,
        &[Code::USERPAYING, Code::SYSTEM_ERROR, Code::BANK_ERROR, Code::FREQUENCY_LIMITED],
        micropay,
        Unknown,
        QueryFirst,
    ),
    // Another attempt needs another code and another order.
    (
        200..=200,
        &[
            Code::AUTHCODEEXPIRE,
            Code::AUTH_CODE_ERROR,
            Code::AUTH_CODE_INVALID,
            Code::BUYER_MISMATCH,
            Code::NOT_ENOUGH,
            Code::NOTSUPORTCARD,
            Code::ORDERREVERSED,
            Code::TRADE_ERROR,
        ],
        micropay,
        Refused,
        Never,
    ),
    (200..=200, &[Code::SYSTEM_ERROR, Code::BIZERR_NEED_RETRY], any, Unknown, SameRequest),
    // The number is in use; a query shows by which order or refund.
    (
        200..=200,
        &[
            Code::ORDERPAID,
            Code::OUT_TRADE_NO_USED,
            Code::REFUND_FEE_MISMATCH,
            Code::TRADE_STATE_ERROR,
        ],
        any,
        Refused,
        QueryFirst,
    ),
    // An order with this number and other values may exist (documents 001 and 002).
    (200..=200, &[Code::INVALID_REQUEST, Code::INVALID_PARAMS], new_order, Refused, QueryFirst),
    // Temporary: retry once the balance suffices, or after a pause.
    (
        200..=200,
        &[
            Code::NOT_ENOUGH,
            Code::FREQUENCY_LIMITED,
            Code::INVALID_REQ_TOO_MUCH,
            Code::ORDER_NOT_READY,
        ],
        any,
        Refused,
        SameRequest,
    ),
    // Right after an unknown outcome, the order or the refund may still appear.
    (200..=200, &[Code::ORDER_NOT_EXIST, Code::REFUNDNOTEXIST], query, Refused, SameRequest),
    (
        200..=200,
        &[
            Code::APPID_MCHID_NOT_MATCH,
            Code::APPID_NOT_EXIST,
            Code::CERT_ERROR,
            Code::COMBINE_PAY_NOAUTH,
            Code::INVALID_PARAMS,
            Code::INVALID_REQUEST,
            Code::INVALID_TRANSACTIONID,
            Code::LACK_PARAMS,
            Code::MCHID_NOT_EXIST,
            Code::NOT_UTF8,
            Code::NO_AUTH,
            Code::ORDER_CLOSED,
            Code::ORDER_NOT_EXIST,
            Code::PARAM_ERROR,
            Code::POST_DATA_EMPTY,
            Code::POST_DATA_INVALID,
            Code::REFUNDNOTEXIST,
            Code::REVERSE_EXPIRE,
            Code::REQUIRE_POST_METHOD,
            Code::SIGN_ERROR,
            Code::SUBORDER_LIMIT_EXCEEDED,
            Code::TRADE_OVERDUE,
            Code::USER_ACCOUNT_ABNORMAL,
            Code::USER_OPENID_NOT_MATCH,
            Code::XML_FORMAT_ERROR,
        ],
        any,
        Refused,
        Never,
    ),
    (200..=200, &[], any, Unknown, QueryFirst),
];

fn any(_: CallContext) -> bool {
    true
}

fn about_an_order(call: CallContext) -> bool {
    call.subject == Subject::Order
}

fn new_transfer(call: CallContext) -> bool {
    call.subject == Subject::Transfer && call.effect == Effect::Write
}

fn write_that_may_go_on(call: CallContext) -> bool {
    call.subject != Subject::Order && call.effect == Effect::Write
}

/// An order that is placed, closed or reversed.
fn new_order(call: CallContext) -> bool {
    matches!(call.subject, Subject::Order | Subject::Micropay) && call.effect == Effect::Write
}

fn new_order_or_refund(call: CallContext) -> bool {
    new_order(call) || call.subject == Subject::Refund && call.effect == Effect::Write
}

/// A refund, a split, an unfreezing or a return. A transfer has rows of its own.
fn moves_money(call: CallContext) -> bool {
    let subjects = [Subject::Refund, Subject::Split, Subject::Unfreeze, Subject::Return];
    subjects.contains(&call.subject) && call.effect == Effect::Write
}

/// Whether WeChat Pay refused by a code that no document lists.
fn is_undocumented(error: &ApiError) -> bool {
    let has_code = !error.code.as_str().is_empty();
    (400..=499).contains(&error.status) && has_code && !error.code.is_known()
}

fn micropay(call: CallContext) -> bool {
    call.subject == Subject::Micropay
}

fn new_split(call: CallContext) -> bool {
    matches!(call.subject, Subject::Split | Subject::Unfreeze) && call.effect == Effect::Write
}

fn new_return(call: CallContext) -> bool {
    call.subject == Subject::Return && call.effect == Effect::Write
}

fn query(call: CallContext) -> bool {
    call.subject != Subject::Other && call.is_read()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: CallContext =
        CallContext { protocol: Protocol::V3, subject: Subject::Order, effect: Effect::Write };

    fn error(status: u16, code: &str) -> ApiError {
        ApiError {
            status,
            code: Code::new(code),
            message: String::new(),
            detail: None,
            request_id: None,
            signed: true,
            sign_diagnosis: None,
        }
    }

    #[test]
    fn every_documented_code_of_v3_has_its_meaning() {
        let table = [
            (400, "APPID_MCHID_NOT_MATCH", Refused, Never),
            (400, "INVALID_REQUEST", Refused, QueryFirst),
            (400, "MCH_NOT_EXISTS", Refused, Never),
            (400, "ORDER_CLOSED", Refused, Never),
            (400, "ORDERPAID", Refused, QueryFirst),
            (400, "NO_STATEMENT_EXIST", Refused, Never),
            (400, "PARAM_ERROR", Refused, Never),
            (400, "STATEMENT_CREATING", Refused, SameRequest),
            (401, "SIGN_ERROR", Refused, Never),
            (403, "ACCOUNT_ERROR", Refused, Never),
            (403, "NOT_ENOUGH", Refused, SameRequest),
            (403, "NO_AUTH", Refused, Never),
            (403, "NOAUTH", Refused, Never),
            (403, "OUT_TRADE_NO_USED", Refused, QueryFirst),
            (403, "RULE_LIMIT", Refused, SameRequest),
            (403, "TRADE_ERROR", Refused, Never),
            (403, "USER_ACCOUNT_ABNORMAL", Refused, Never),
            (404, "ORDER_NOT_EXIST", Refused, QueryFirst),
            (404, "RESOURCE_NOT_EXISTS", Refused, Never),
            (429, "FREQUENCY_LIMITED", Refused, SameRequest),
            (429, "RATELIMIT_EXCEEDED", Refused, SameRequest),
            (500, "BANK_ERROR", Unknown, SameRequest),
            (500, "INVALID_TRANSACTIONID", Refused, Never),
            (500, "OPENID_MISMATCH", Refused, Never),
            (500, "SYSTEM_ERROR", Unknown, SameRequest),
            (500, "SYSTEMERROR", Unknown, SameRequest),
            (503, "SERVICE_UNAVAILABLE", Unknown, SameRequest),
            // Statuses that WeChat Pay does not send, and errors without a code.
            (202, "", Unknown, SameRequest),
            (302, "", Unknown, QueryFirst),
            (404, "", Refused, Never),
            (408, "", Unknown, SameRequest),
            (500, "", Unknown, SameRequest),
            (502, "", Unknown, SameRequest),
            (599, "OPENID_MISMATCH", Unknown, SameRequest),
            // A code that came with a status other than the documented one.
            (400, "SYSTEMERROR", Unknown, SameRequest),
            (403, "BANK_ERROR", Unknown, SameRequest),
            (403, "FREQUENCY_LIMITED", Refused, SameRequest),
            (408, "FREQUENCY_LIMITED", Unknown, SameRequest),
            (429, "SYSTEM_ERROR", Unknown, SameRequest),
        ];
        for (status, code, outcome, retry) in table {
            let meaning = of_response(ORDER, &error(status, code));
            assert_eq!(meaning, (outcome, retry), "{status} {code}");
        }
    }

    #[cfg(feature = "v2")]
    #[test]
    fn every_documented_code_of_v2_has_its_meaning() {
        let table = [
            ("APPID_MCHID_NOT_MATCH", Refused, Never),
            ("APPID_NOT_EXIST", Refused, Never),
            ("BIZERR_NEED_RETRY", Unknown, SameRequest),
            ("CERT_ERROR", Refused, Never),
            ("COMBINE_PAY_NOAUTH", Refused, Never),
            ("FREQUENCY_LIMITED", Refused, SameRequest),
            ("INVALID_PARAMS", Refused, QueryFirst),
            ("INVALID_REQUEST", Refused, QueryFirst),
            ("INVALID_REQ_TOO_MUCH", Refused, SameRequest),
            ("INVALID_TRANSACTIONID", Refused, Never),
            ("LACK_PARAMS", Refused, Never),
            ("MCHID_NOT_EXIST", Refused, Never),
            ("NOAUTH", Refused, Never),
            ("NOTENOUGH", Refused, SameRequest),
            ("NOT_UTF8", Refused, Never),
            ("ORDERCLOSED", Refused, Never),
            ("ORDERNOTEXIST", Refused, Never),
            ("ORDERPAID", Refused, QueryFirst),
            ("ORDER_NOT_READY", Refused, SameRequest),
            ("OUT_TRADE_NO_USED", Refused, QueryFirst),
            ("PARAM_ERROR", Refused, Never),
            ("POST_DATA_EMPTY", Refused, Never),
            ("POST_DATA_INVALID", Refused, Never),
            ("REFUNDNOTEXIST", Refused, Never),
            ("REFUND_FEE_MISMATCH", Refused, QueryFirst),
            ("REQUIRE_POST_METHOD", Refused, Never),
            ("SIGNERROR", Refused, Never),
            ("SUBORDER_LIMIT_EXCEEDED", Refused, Never),
            ("SYSTEMERROR", Unknown, SameRequest),
            ("TRADE_OVERDUE", Refused, Never),
            ("TRADE_STATE_ERROR", Refused, QueryFirst),
            ("USER_ACCOUNT_ABNORMAL", Refused, Never),
            ("USER_OPENID_NOT_MATCH", Refused, Never),
            ("XML_FORMAT_ERROR", Refused, Never),
            // Only the message explains it.
            ("ERROR", Unknown, QueryFirst),
            ("NEW_CODE", Unknown, QueryFirst),
            ("", Unknown, QueryFirst),
        ];
        for (code, outcome, retry) in table {
            let meaning = of_response(CallContext::v2("/pay/unifiedorder"), &error(200, code));
            assert_eq!(meaning, (outcome, retry), "{code}");
        }
    }

    #[cfg(feature = "v2")]
    #[test]
    fn payment_at_the_till_is_never_sent_again() {
        let table = [
            ("USERPAYING", Unknown, QueryFirst),
            ("SYSTEMERROR", Unknown, QueryFirst),
            ("BANKERROR", Unknown, QueryFirst),
            ("FREQUENCY_LIMITED", Unknown, QueryFirst),
            ("NEW_CODE", Unknown, QueryFirst),
            ("NOTENOUGH", Refused, Never),
            ("NOTSUPORTCARD", Refused, Never),
            ("AUTHCODEEXPIRE", Refused, Never),
            ("AUTH_CODE_ERROR", Refused, Never),
            ("AUTH_CODE_INVALID", Refused, Never),
            ("BUYER_MISMATCH", Refused, Never),
            ("TRADE_ERROR", Refused, Never),
            ("ORDERCLOSED", Refused, Never),
            ("ORDERREVERSED", Refused, Never),
            ("ORDERPAID", Refused, QueryFirst),
            ("OUT_TRADE_NO_USED", Refused, QueryFirst),
            ("INVALID_REQUEST", Refused, QueryFirst),
            ("PARAM_ERROR", Refused, Never),
            ("NOAUTH", Refused, Never),
            ("SIGNERROR", Refused, Never),
        ];
        for (code, outcome, retry) in table {
            let verdict = of_response(CallContext::v2("/pay/micropay"), &error(200, code));
            assert_eq!(verdict, (outcome, retry), "{code}");
        }
        let reverse = CallContext::v2("/secapi/pay/reverse");
        assert_eq!(of_response(reverse, &error(200, "SYSTEMERROR")), (Unknown, SameRequest));
        assert_eq!(of_response(reverse, &error(200, "REVERSE_EXPIRE")), (Refused, Never));
    }

    #[cfg(feature = "v2")]
    #[test]
    fn response_of_v2_without_signature_means_nothing_certain() {
        for (status, retry) in [(200, QueryFirst), (404, SameRequest), (500, SameRequest)] {
            let error = ApiError { signed: false, ..error(status, "ORDERCLOSED") };
            let meaning = of_response(CallContext::v2("/pay/unifiedorder"), &error);
            assert_eq!(meaning, (Unknown, retry), "{status}");
        }
    }

    #[test]
    fn refund_that_is_called_too_often_may_be_in_progress() {
        let refund = CallContext::v3("POST", "/v3/refund/domestic/refunds");
        for status in [429, 403] {
            let error = error(status, "FREQUENCY_LIMITED");
            assert_eq!(of_response(refund, &error), (Unknown, QueryFirst));
            let query = CallContext { effect: Effect::Read, ..refund };
            assert_eq!(of_response(query, &error), (Refused, SameRequest));
        }
    }

    #[test]
    fn number_that_may_exist_with_other_values_is_queried() {
        let (order, close) =
            ("/v3/pay/transactions/app", "/v3/pay/transactions/out-trade-no/1/close");
        let combined = "/v3/combine-transactions/jsapi";
        for path in [order, close, combined, "/v3/refund/domestic/refunds"] {
            let write = CallContext::v3("POST", path);
            let error = error(400, "INVALID_REQUEST");
            assert_eq!(of_response(write, &error), (Refused, QueryFirst), "{path}");
            let query = CallContext { effect: Effect::Read, ..write };
            assert_eq!(of_response(query, &error), (Refused, Never), "{path}");
        }
        // The request that places the order to be closed may still be in progress.
        let error = error(404, "ORDER_NOT_EXIST");
        assert_eq!(of_response(CallContext::v3("POST", close), &error), (Refused, QueryFirst));
    }

    #[test]
    fn undocumented_code_of_a_call_that_moves_money_refuses_nothing() {
        for path in [
            "/v3/refund/domestic/refunds",
            "/v3/refund/domestic/refunds/50/apply-abnormal-refund",
            "/v3/profitsharing/orders",
            "/v3/profitsharing/orders/unfreeze",
            "/v3/profitsharing/return-orders",
            "/v3/fund-app/mch-transfer/transfer-bills",
        ] {
            let call = CallContext::v3("POST", path);
            for status in [400, 403, 404] {
                let error = error(status, "USER_ERROR");
                assert_eq!(of_response(call, &error), (Unknown, QueryFirst), "{status} {path}");
            }
            let query = CallContext { effect: Effect::Read, ..call };
            assert_eq!(of_response(query, &error(400, "USER_ERROR")), (Refused, Never), "{path}");
        }
        for path in ["/v3/pay/transactions/app", "/v3/marketing/busifavor/stocks"] {
            let call = CallContext::v3("POST", path);
            assert_eq!(of_response(call, &error(400, "USER_ERROR")), (Refused, Never), "{path}");
        }
    }

    /// No source has its error codes.
    #[test]
    fn code_payment_of_v3_is_refused_by_common_codes_only() {
        for path in ["/v3/pay/transactions/codepay", "/v3/pay/partner/transactions/codepay"] {
            let call = CallContext::v3("POST", path);
            for (status, code, outcome, retry) in [
                (400, "PARAM_ERROR", Refused, Never),
                (401, "SIGN_ERROR", Refused, Never),
                (403, "NO_AUTH", Refused, Never),
                (400, "INVALID_REQUEST", Refused, QueryFirst),
                (403, "OUT_TRADE_NO_USED", Refused, QueryFirst),
                (400, "USERPAYING", Unknown, QueryFirst),
                (403, "NOT_ENOUGH", Unknown, QueryFirst),
                (404, "", Unknown, QueryFirst),
                (429, "FREQUENCY_LIMITED", Unknown, QueryFirst),
                (202, "USERPAYING", Unknown, QueryFirst),
                (500, "SYSTEM_ERROR", Unknown, QueryFirst),
            ] {
                let verdict = of_response(call, &error(status, code));
                assert_eq!(verdict, (outcome, retry), "{path} {status} {code}");
            }
        }
    }

    #[test]
    fn write_of_an_unknown_interface_may_be_in_progress_after_429() {
        for (method, verdict) in [
            ("POST", (Unknown, QueryFirst)),
            ("PUT", (Unknown, QueryFirst)),
            ("PATCH", (Unknown, QueryFirst)),
            ("DELETE", (Unknown, QueryFirst)),
            ("GET", (Refused, SameRequest)),
        ] {
            let call = CallContext::v3(method, "/v3/marketing/busifavor/stocks");
            for error in [error(429, "FREQUENCY_LIMIT"), error(403, "FREQUENCY_LIMITED")] {
                assert_eq!(of_response(call, &error), verdict, "{method}");
            }
        }
    }

    #[test]
    fn codes_of_profit_sharing_have_their_verdicts() {
        let split = CallContext::v3("POST", "/v3/profitsharing/orders");
        let unfreeze = CallContext::v3("POST", "/v3/profitsharing/orders/unfreeze");
        let returned = CallContext::v3("POST", "/v3/profitsharing/return-orders");
        let query = CallContext::v3("GET", "/v3/profitsharing/orders/P1?transaction_id=4");
        for (call, status, code, outcome, retry) in [
            (split, 403, "RULE_LIMIT", Refused, Never),
            (split, 403, "NO_AUTH", Refused, Never),
            (split, 403, "NOT_ENOUGH", Refused, QueryFirst),
            (split, 400, "INVALID_REQUEST", Refused, QueryFirst),
            (split, 400, "PARAM_ERROR", Refused, Never),
            (split, 429, "FREQUENCY_LIMITED", Unknown, QueryFirst),
            (split, 429, "RATELIMIT_EXCEEDED", Unknown, QueryFirst),
            (split, 500, "SYSTEM_ERROR", Unknown, SameRequest),
            (unfreeze, 403, "NOT_ENOUGH", Refused, QueryFirst),
            (unfreeze, 429, "FREQUENCY_LIMITED", Unknown, QueryFirst),
            (returned, 403, "NO_AUTH", Refused, Never),
            (returned, 403, "NOT_ENOUGH", Unknown, SameRequest),
            (returned, 400, "INVALID_REQUEST", Unknown, QueryFirst),
            (returned, 429, "FREQUENCY_LIMITED", Unknown, QueryFirst),
            (query, 404, "RESOURCE_NOT_EXISTS", Refused, SameRequest),
            (query, 429, "FREQUENCY_LIMITED", Refused, SameRequest),
        ] {
            let verdict = of_response(call, &error(status, code));
            assert_eq!(verdict, (outcome, retry), "{call:?} {status} {code}");
        }
    }

    #[test]
    fn transfer_is_refused_by_documented_codes_only() {
        let transfer = CallContext::v3("POST", "/v3/fund-app/mch-transfer/transfer-bills");
        for (status, code, outcome, retry) in [
            (400, "ALREADY_EXISTS", Refused, QueryFirst),
            (400, "INVALID_REQUEST", Refused, QueryFirst),
            (400, "ORDER_CLOSED", Refused, QueryFirst),
            (400, "PARAM_ERROR", Refused, Never),
            (401, "SIGN_ERROR", Refused, Never),
            (403, "NO_AUTH", Refused, Never),
            (403, "NOT_ENOUGH", Refused, SameRequest),
            (429, "FREQUENCY_LIMIT_EXCEED", Unknown, SameRequest),
            (429, "RATELIMIT_EXCEEDED", Unknown, SameRequest),
            (429, "FREQUENCY_LIMIT", Unknown, SameRequest),
            (429, "", Unknown, SameRequest),
            (400, "FREQUENCY_LIMITED", Unknown, SameRequest),
            (500, "SYSTEM_ERROR", Unknown, SameRequest),
            (400, "SYSTEM_ERROR", Unknown, SameRequest),
            (202, "", Unknown, SameRequest),
            (302, "", Unknown, SameRequest),
            (408, "", Unknown, SameRequest),
            (502, "", Unknown, SameRequest),
            (500, "OPENID_MISMATCH", Unknown, SameRequest),
            // A code that no document lists, or none: never a new number before a query.
            (403, "USER_ERROR", Unknown, QueryFirst),
            (404, "", Unknown, QueryFirst),
        ] {
            let verdict = of_response(transfer, &error(status, code));
            assert_eq!(verdict, (outcome, retry), "{status} {code}");
        }
        assert_eq!(of_unreadable_success(transfer), (Unknown, SameRequest));
        assert_eq!(of_unreadable_success(ORDER), (Unknown, QueryFirst));
        let query = CallContext { effect: Effect::Read, ..transfer };
        assert_eq!(of_response(query, &error(404, "NOT_FOUND")), (Refused, SameRequest));
        assert_eq!(of_response(query, &error(400, "INVALID_REQUEST")), (Refused, Never));
    }

    #[test]
    fn query_that_finds_nothing_may_find_it_later() {
        for (subject, effect, expected) in [
            (Subject::Order, Effect::Read, SameRequest),
            (Subject::Refund, Effect::Read, SameRequest),
            (Subject::Other, Effect::Read, Never),
            (Subject::Refund, Effect::Write, Never),
        ] {
            for code in ["ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"] {
                let call = CallContext { subject, effect, ..ORDER };
                assert_eq!(of_response(call, &error(404, code)), (Refused, expected), "{call:?}");
            }
        }
    }

    #[cfg(feature = "v2")]
    #[test]
    fn query_of_v2_that_finds_nothing_may_find_it_later() {
        for (path, code) in
            [("/pay/orderquery", "ORDERNOTEXIST"), ("/pay/refundquery", "REFUNDNOTEXIST")]
        {
            assert_eq!(
                of_response(CallContext::v2(path), &error(200, code)),
                (Refused, SameRequest)
            );
        }
    }
}
