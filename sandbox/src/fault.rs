//! What can go wrong between a merchant and WeChat Pay, by name.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::response::Response;

/// Makes an enum with a list of all its variants and their names.
macro_rules! named {
    ($(#[$doc:meta])+ $name:ident { $($(#[$variant_doc:meta])+ $variant:ident,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])+ $variant,)+
        }

        impl $name {
            /// Every variant, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, such as `Silence`.
            ///
            /// ```
            /// use wechatpay_sandbox::Fault;
            ///
            /// assert_eq!(Fault::Silence.as_str(), "Silence");
            /// ```
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }
        }
    };
}

named! {
    /// Something that goes wrong with a call: see [`Sandbox::fault_next`](super::Sandbox::fault_next)
    /// and [`Sandbox::fault_when`](super::Sandbox::fault_when).
    ///
    /// The variants are in six groups. *On the wire*: the connection breaks, or carries something that
    /// is no HTTP response. *In the handshake*: the TLS server is not the expected one. *Unverifiable*:
    /// the signature of the response is missing or wrong. *Signed, but malformed*: the signature is
    /// right, the content is not. *Proxies*: a proxy or load balancer responds instead of WeChat Pay.
    /// *Errors*: the documented ones.
    ///
    /// A fault on the wire or in a response meets a call that is carried out, unless its rule says
    /// otherwise: the response is lost, not the request. Faults of proxies and errors take the place of
    /// the call. Errors have the spelling that their interface documents: those of combined orders are
    /// NOAUTH, RULELIMIT, ORDERNOTEXIST and SYSTEMERROR, and MCH_NOT_EXISTS is 404 for refunds.
    ///
    /// A fault in the handshake meets a connection before any request: of its rule only `times` and
    /// `skip` count, and nothing is received. Idle connections are closed for it, so that the next call
    /// needs a new one.
    Fault {
        // On the wire.

        /// The connection is reset, as the system does for a server that closes it with the request
        /// unread. The call is never carried out.
        ClosedBeforeReading,
        /// The connection is closed without a TLS close_notify, as if in the middle of the request. The
        /// call is never carried out.
        ClosedAfterHalfTheRequest,
        /// The connection is reset (RST) after the request.
        ResetAfterTheRequest,
        /// The connection is closed with a TLS close_notify after the request, without a response.
        ClosedWithoutResponse,
        /// Nothing is sent until the client gives up.
        Silence,
        /// The headers are sent, and then nothing.
        SilenceAfterHeaders,
        /// The response ends in its status line.
        HalfStatusLine,
        /// The response ends in its headers.
        HalfHeaders,
        /// The body is shorter than its Content-Length.
        ShortBody,
        /// The body ends in a chunk.
        ShortChunk,
        /// The last chunk (of length 0) is missing, though the body is complete.
        MissingLastChunk,
        /// A body without a length ends early, with a TLS close_notify: only the signature reveals it.
        ShortBodyWithoutLength,
        /// A body without a length ends early, by a reset.
        ResetInBodyWithoutLength,
        /// Headers are sent without end, a byte at a time.
        DrippingHeaders,
        /// The body is sent a byte at a time.
        DrippingBody,
        /// The response is not HTTP.
        Garbage,
        /// 101 Switching Protocols.
        SwitchingProtocols,
        /// A TLS alert instead of a response.
        TlsAlert,
        /// 228 headers; ureq accepts 128.
        TooManyHeaders,
        /// A header of 1 MiB.
        HugeHeader,
        /// A body of 99 MB, which is sent.
        HugeBody,
        /// Chunks without end.
        EndlessChunks,
        /// The size of a chunk has digits without end.
        EndlessChunkSize,
        /// Trailers without end.
        EndlessTrailers,
        /// 100 Continue without end.
        EndlessContinue,
        /// A chunk whose size is no number.
        BadChunkSize,
        /// Two Content-Length that contradict each other.
        TwoContentLengths,
        /// 100 Continue before the response, which is unchanged.
        ContinueFirst,
        /// The response is unchanged, and the connection is closed right after it, unannounced: the next
        /// call finds a closed connection.
        ClosedAfterTheResponse,

        // In the handshake.

        /// The TLS certificate is of an unknown authority.
        UnknownAuthority,
        /// The TLS certificate is that of another host.
        OtherHost,
        /// The TLS certificate has expired.
        ExpiredCertificate,
        /// The port does not use TLS: it responds in plain text.
        PlainText,

        // Unverifiable.

        /// `Wechatpay-Timestamp` is missing.
        MissingTimestamp,
        /// `Wechatpay-Nonce` is missing.
        MissingNonce,
        /// `Wechatpay-Signature` is missing.
        MissingSignature,
        /// `Wechatpay-Serial` is missing.
        MissingSerial,
        /// `Wechatpay-Timestamp` occurs twice.
        RepeatedTimestamp,
        /// `Wechatpay-Nonce` occurs twice.
        RepeatedNonce,
        /// `Wechatpay-Signature` occurs twice.
        RepeatedSignature,
        /// `Wechatpay-Serial` occurs twice.
        RepeatedSerial,
        /// `Wechatpay-Timestamp` is not UTF-8.
        NotUtf8Timestamp,
        /// `Wechatpay-Nonce` is not UTF-8.
        NotUtf8Nonce,
        /// `Wechatpay-Signature` is not UTF-8.
        NotUtf8Signature,
        /// `Wechatpay-Serial` is not UTF-8.
        NotUtf8Serial,
        /// A correct signature, made ten minutes ago.
        Stale,
        /// A correct signature, made ten minutes in the future.
        Future,
        /// The serial number is unknown.
        UnknownSerial,
        /// The serial number is right, but the signature is by another key.
        OtherKey,
        /// A bit of the body is flipped.
        TamperedBody,
        /// The body is removed.
        EmptiedBody,
        /// The nonce is changed.
        TamperedNonce,
        /// The signature is correct for another response.
        SignatureOfAnotherResponse,
        /// A proxy compressed the body.
        Compressed,
        /// Signed with the merchant's own key.
        SignedByMerchant,
        /// 签名探测流量: the deliberately wrong signature of WeChat Pay, `WECHATPAY/SIGNTEST/…`.
        ProbeSignature,

        // Signed, but malformed.

        /// The body is `[]`.
        EmptyArray,
        /// The body is `null`.
        Null,
        /// The body is empty.
        EmptyBody,
        /// The body is `{}`.
        EmptyObject,
        /// The first field is missing.
        MissingField,
        /// The first field is `null`.
        NullField,
        /// The first field has another type.
        WrongType,
        /// The JSON ends early.
        TruncatedJson,
        /// The body is gzip instead of JSON.
        SignedCompressed,
        /// A field that is new: no fault, the call is a success.
        UnknownField,
        /// `status`, `trade_state` and `trade_type`, where the response has them, have a value
        /// that is new: no fault, the call is a success.
        UnknownWord,

        // Proxies.

        /// 200 with an HTML page that asks to log in.
        CaptivePortal,
        /// 302 to another address.
        Redirect302,
        /// 307 to another address.
        Redirect307,
        /// 308 to another address.
        Redirect308,
        /// 403 with a page of HTML.
        ForbiddenPage,
        /// 404 without a body.
        NotFoundEmpty,
        /// 413 with 1 MB of HTML.
        TooLargePage,
        /// 429 with a line of text.
        TooManyRequestsPage,
        /// 502 with a page of HTML.
        BadGatewayPage,
        /// 503 with a page of HTML.
        UnavailablePage,
        /// 504 with a page of HTML.
        GatewayTimeoutPage,

        // Errors.

        /// 202: accepted, and not processed.
        Accepted,
        /// 400 PARAM_ERROR.
        ParamError,
        /// 400 INVALID_REQUEST.
        InvalidRequest,
        /// 400 APPID_MCHID_NOT_MATCH.
        AppidMchidNotMatch,
        /// 400 MCH_NOT_EXISTS.
        MchNotExists,
        /// 400 ORDER_CLOSED.
        OrderClosed,
        /// 401 SIGN_ERROR, which is not signed.
        SignError,
        /// 403 NO_AUTH.
        NoAuth,
        /// 403 RULE_LIMIT.
        RuleLimit,
        /// 403 TRADE_ERROR.
        TradeError,
        /// 403 ACCOUNT_ERROR.
        AccountError,
        /// 403 NOT_ENOUGH.
        NotEnough,
        /// 403 USER_ACCOUNT_ABNORMAL.
        UserAccountAbnormal,
        /// 403 OUT_TRADE_NO_USED.
        OutTradeNoUsed,
        /// 404 ORDER_NOT_EXIST.
        OrderNotExist,
        /// 404 RESOURCE_NOT_EXISTS.
        ResourceNotExists,
        /// 429 FREQUENCY_LIMITED.
        FrequencyLimited,
        /// 429 RATELIMIT_EXCEEDED.
        RatelimitExceeded,
        /// 500 SYSTEM_ERROR.
        SystemError,
        /// 500 BANK_ERROR.
        BankError,
        /// 500 OPENID_MISMATCH.
        OpenidMismatch,
        /// 500 INVALID_TRANSACTIONID.
        InvalidTransactionid,
        /// 503 SERVICE_UNAVAILABLE.
        ServiceUnavailable,
    }
}

/// What a fault does to a response.
pub(super) enum Effect {
    /// How the response is sent.
    OnTheWire,
    /// Before it is signed.
    Rewrite(fn(&mut Response)),
    /// When it is signed, by so many seconds.
    Skew(i64),
    /// By whom it is signed.
    Resign(WrongSignature),
    /// After it was signed.
    Tamper(fn(&mut Response)),
    /// The signed error instead of it.
    Refuse(Refusal),
    /// How the connection begins.
    Greet(Greeting),
}

/// How a connection begins that a client must reject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Greeting {
    UnknownAuthority,
    OtherHost,
    ExpiredCertificate,
    PlainText,
}

/// The signature instead of the right one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WrongSignature {
    ByMerchant,
    ByStranger,
    /// By the platform, but over another response.
    OfAnotherResponse,
}

impl Fault {
    pub(super) fn effect(self) -> Effect {
        use Effect::{Resign, Rewrite, Skew, Tamper};
        match self {
            Self::ClosedBeforeReading
            | Self::ResetAfterTheRequest
            | Self::ClosedAfterHalfTheRequest
            | Self::ClosedWithoutResponse
            | Self::Silence
            | Self::SilenceAfterHeaders
            | Self::HalfStatusLine
            | Self::HalfHeaders
            | Self::ShortBody
            | Self::ShortChunk
            | Self::MissingLastChunk
            | Self::ShortBodyWithoutLength
            | Self::ResetInBodyWithoutLength
            | Self::DrippingHeaders
            | Self::DrippingBody
            | Self::Garbage
            | Self::SwitchingProtocols
            | Self::TlsAlert
            | Self::TooManyHeaders
            | Self::HugeHeader
            | Self::HugeBody
            | Self::EndlessChunks
            | Self::EndlessChunkSize
            | Self::EndlessTrailers
            | Self::EndlessContinue
            | Self::BadChunkSize
            | Self::TwoContentLengths
            | Self::ContinueFirst
            | Self::ClosedAfterTheResponse => Effect::OnTheWire,

            Self::UnknownAuthority => Effect::Greet(Greeting::UnknownAuthority),
            Self::OtherHost => Effect::Greet(Greeting::OtherHost),
            Self::ExpiredCertificate => Effect::Greet(Greeting::ExpiredCertificate),
            Self::PlainText => Effect::Greet(Greeting::PlainText),

            Self::MissingTimestamp => Tamper(|response| response.remove_header(TIMESTAMP)),
            Self::MissingNonce => Tamper(|response| response.remove_header(NONCE)),
            Self::MissingSignature => Tamper(|response| response.remove_header(SIGNATURE)),
            Self::MissingSerial => Tamper(|response| response.remove_header(SERIAL)),
            Self::RepeatedTimestamp => Tamper(|response| repeat(response, TIMESTAMP)),
            Self::RepeatedNonce => Tamper(|response| repeat(response, NONCE)),
            Self::RepeatedSignature => Tamper(|response| repeat(response, SIGNATURE)),
            Self::RepeatedSerial => Tamper(|response| repeat(response, SERIAL)),
            Self::NotUtf8Timestamp => Tamper(|response| spoil(response, TIMESTAMP)),
            Self::NotUtf8Nonce => Tamper(|response| spoil(response, NONCE)),
            Self::NotUtf8Signature => Tamper(|response| spoil(response, SIGNATURE)),
            Self::NotUtf8Serial => Tamper(|response| spoil(response, SERIAL)),
            Self::Stale => Skew(-TEN_MINUTES),
            Self::Future => Skew(TEN_MINUTES),
            Self::UnknownSerial => Tamper(|response| response.set_header(SERIAL, NOBODY)),
            Self::OtherKey => Resign(WrongSignature::ByStranger),
            Self::TamperedBody => Tamper(flip),
            Self::EmptiedBody => Tamper(|response| response.body.clear()),
            Self::TamperedNonce => Tamper(|response| response.set_header(NONCE, "0")),
            Self::SignatureOfAnotherResponse => Resign(WrongSignature::OfAnotherResponse),
            Self::Compressed => Tamper(compress),
            Self::SignedByMerchant => Resign(WrongSignature::ByMerchant),
            Self::ProbeSignature => Tamper(|response| {
                let signature = response.header(SIGNATURE).map(probe_of).unwrap_or_default();
                response.set_header(SIGNATURE, signature);
            }),

            Self::EmptyArray => Rewrite(|response| response.body = b"[]".to_vec()),
            Self::Null => Rewrite(|response| response.body = b"null".to_vec()),
            Self::EmptyBody => Rewrite(|response| response.body.clear()),
            Self::EmptyObject => Rewrite(|response| response.body = b"{}".to_vec()),
            Self::MissingField => Rewrite(|response| change_first(response, None)),
            Self::NullField => Rewrite(|response| change_first(response, Some(Value::Null))),
            Self::WrongType => {
                Rewrite(|response| change_first(response, Some(json!({ "x": [1] }))))
            }
            Self::TruncatedJson => {
                Rewrite(|response| response.body.truncate(response.body.len().saturating_sub(1)))
            }
            Self::SignedCompressed => Rewrite(compress),
            Self::UnknownField => Rewrite(|response| {
                change(response, |members| {
                    members.insert("unknown_field".to_owned(), json!([{ "x": null }]));
                });
            }),
            Self::UnknownWord => Rewrite(|response| change(response, forget_words)),

            Self::CaptivePortal => Tamper(|response| *response = page(200, "<form action=/login>")),
            Self::Redirect302 => Tamper(|response| *response = redirect(302)),
            Self::Redirect307 => Tamper(|response| *response = redirect(307)),
            Self::Redirect308 => Tamper(|response| *response = redirect(308)),
            Self::ForbiddenPage => Tamper(|response| *response = page(403, "forbidden")),
            Self::NotFoundEmpty => Tamper(|response| *response = Response::empty(404)),
            Self::TooLargePage => Tamper(|response| *response = page(413, &"<".repeat(MEGABYTE))),
            Self::TooManyRequestsPage => Tamper(|response| *response = page(429, "slow down")),
            Self::BadGatewayPage => Tamper(|response| *response = page(502, "bad gateway")),
            Self::UnavailablePage => Tamper(|response| *response = page(503, "try again")),
            Self::GatewayTimeoutPage => Tamper(|response| *response = page(504, "timeout")),

            Self::Accepted => Effect::Refuse(Refusal::bare(202)),
            Self::ParamError => refuse(400, "PARAM_ERROR", "参数错误"),
            Self::InvalidRequest => refuse(400, "INVALID_REQUEST", "无效请求"),
            Self::AppidMchidNotMatch => refuse(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配"),
            Self::MchNotExists => refuse(400, "MCH_NOT_EXISTS", "商户号不存在"),
            Self::OrderClosed => refuse(400, "ORDER_CLOSED", "订单已关闭"),
            Self::SignError => refuse(401, "SIGN_ERROR", "签名错误"),
            Self::NoAuth => refuse(403, "NO_AUTH", "商户无权限"),
            Self::RuleLimit => refuse(403, "RULE_LIMIT", "业务规则限制"),
            Self::TradeError => refuse(403, "TRADE_ERROR", "交易错误"),
            Self::AccountError => refuse(403, "ACCOUNT_ERROR", "账号异常"),
            Self::NotEnough => refuse(403, "NOT_ENOUGH", "余额不足"),
            Self::UserAccountAbnormal => refuse(403, "USER_ACCOUNT_ABNORMAL", "用户账户异常"),
            Self::OutTradeNoUsed => refuse(403, "OUT_TRADE_NO_USED", "商户订单号重复"),
            Self::OrderNotExist => refuse(404, "ORDER_NOT_EXIST", "订单不存在"),
            Self::ResourceNotExists => refuse(404, "RESOURCE_NOT_EXISTS", "资源不存在"),
            Self::FrequencyLimited => refuse(429, "FREQUENCY_LIMITED", "频率超限"),
            Self::RatelimitExceeded => refuse(429, "RATELIMIT_EXCEEDED", "频率超限"),
            Self::SystemError => refuse(500, "SYSTEM_ERROR", "系统错误"),
            Self::BankError => refuse(500, "BANK_ERROR", "银行系统异常"),
            Self::OpenidMismatch => refuse(500, "OPENID_MISMATCH", "openid和appid不匹配"),
            Self::InvalidTransactionid => refuse(500, "INVALID_TRANSACTIONID", "订单号非法"),
            Self::ServiceUnavailable => refuse(503, "SERVICE_UNAVAILABLE", "服务不可用"),
        }
    }

    /// Whether the call it meets is carried out, where its rule does not say.
    pub(super) fn spares_the_call(self) -> bool {
        match self.effect() {
            Effect::Refuse(_) => false,
            Effect::Tamper(_) => !self.is_of_a_proxy(),
            _ => !self.is_before_the_call(),
        }
    }

    /// How a connection begins with it, if it is in the handshake.
    pub(super) fn greeting(self) -> Option<Greeting> {
        match self.effect() {
            Effect::Greet(greeting) => Some(greeting),
            _ => None,
        }
    }

    /// Whether the request cannot have arrived completely.
    pub(super) fn is_before_the_call(self) -> bool {
        matches!(self, Self::ClosedBeforeReading | Self::ClosedAfterHalfTheRequest)
    }

    fn is_of_a_proxy(self) -> bool {
        matches!(
            self,
            Self::CaptivePortal
                | Self::Redirect302
                | Self::Redirect307
                | Self::Redirect308
                | Self::ForbiddenPage
                | Self::NotFoundEmpty
                | Self::TooLargePage
                | Self::TooManyRequestsPage
                | Self::BadGatewayPage
                | Self::UnavailablePage
                | Self::GatewayTimeoutPage
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Parses a name of [`Fault::as_str`].
impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        Self::ALL.iter().find(|fault| fault.as_str() == name).copied().ok_or(UnknownFault)
    }
}

/// No [`Fault`] has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFault;

impl fmt::Display for UnknownFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no fault of the sandbox has this name; use one of Fault::ALL")
    }
}

impl std::error::Error for UnknownFault {}

/// A signature as probes have it: of the same length, and Base64 to the eye.
pub(super) fn probe_of(signature: &[u8]) -> Vec<u8> {
    let rest = signature.get(PROBE.len()..).unwrap_or_default();
    [PROBE.as_bytes(), rest].concat()
}

fn refuse(status: u16, code: &str, message: &str) -> Effect {
    Effect::Refuse(Refusal::new(status, code, message))
}

fn page(status: u16, text: &str) -> Response {
    let page = format!("<!DOCTYPE html><html><body>{text}</body></html>");
    Response { status, ..Response::file("text/html", page.as_bytes()) }
}

/// To the sandbox itself, which sees a client that follows it.
fn redirect(status: u16) -> Response {
    let mut response = Response::empty(status);
    response.add_header("Location", "/v3/certificates");
    response
}

fn repeat(response: &mut Response, name: &str) {
    if let Some(value) = response.header(name).map(<[u8]>::to_vec) {
        response.add_header(name, value);
    }
}

fn spoil(response: &mut Response, name: &str) {
    if let Some(mut value) = response.header(name).map(<[u8]>::to_vec) {
        value.push(0xFF);
        response.set_header(name, value);
    }
}

/// In the nonce of APIv2, for some parsers forgive a wrong tag; else in the middle.
fn flip(response: &mut Response) {
    let nonce = response.body.windows(V2_NONCE.len()).position(|bytes| bytes == V2_NONCE);
    let place = match nonce {
        Some(tag) => tag.saturating_add(V2_NONCE.len()),
        None => response.body.len() / 2,
    };
    match response.body.iter_mut().skip(place).find(|byte| byte.is_ascii_alphanumeric()) {
        Some(byte) => *byte ^= 1,
        None => response.body.push(b' '),
    }
}

fn compress(response: &mut Response) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail; if it did, the body would be no gzip and no JSON either.
    let _ = encoder.write_all(&response.body);
    response.body = encoder.finish().unwrap_or_default();
    response.set_header("Content-Encoding", "gzip");
}

/// Gives the first member another value, or takes it out.
fn change_first(response: &mut Response, value: Option<Value>) {
    change(response, |members| {
        let first = members.keys().next().cloned();
        match (first, value) {
            (Some(first), Some(value)) => drop(members.insert(first, value)),
            (Some(first), None) => drop(members.remove(&first)),
            (None, _) => {}
        }
    });
}

fn forget_words(members: &mut Map<String, Value>) {
    for name in ["status", "trade_state", "trade_type"] {
        if let Some(word) = members.get_mut(name) {
            *word = json!("NEW_WORD");
        }
    }
}

fn change(response: &mut Response, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Ok(mut members) = serde_json::from_slice(&response.body) {
        change(&mut members);
        response.body = Value::Object(members).to_string().into_bytes();
    }
}

const TIMESTAMP: &str = "Wechatpay-Timestamp";
const NONCE: &str = "Wechatpay-Nonce";
pub(super) const SIGNATURE: &str = "Wechatpay-Signature";
const SERIAL: &str = "Wechatpay-Serial";
const V2_NONCE: &[u8] = b"<nonce_str><![CDATA[";
/// merchant/4013053249.
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// In the form of the documents, but of no key.
const NOBODY: &str = "PUB_KEY_ID_0119000072912025010100000000009999";
/// Twice the difference that merchants may accept.
const TEN_MINUTES: i64 = 600;
const MEGABYTE: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_name() {
        for fault in Fault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(*fault));
        }
        assert_eq!("silence".parse::<Fault>(), Err(UnknownFault));
        assert!(UnknownFault.to_string().contains("name"));
    }

    /// It was in the name of a closing tag once, where a lenient parser saw nothing wrong.
    #[test]
    fn flipped_bit_of_an_xml_response_is_in_a_value() {
        let body =
            "<xml>\n<nonce_str><![CDATA[5a]]></nonce_str>\n<result_code>OK</result_code>\n</xml>";
        let mut response = Response::empty(200);
        response.body = body.into();
        flip(&mut response);
        assert_eq!(String::from_utf8(response.body), Ok(body.replace("[5a]", "[4a]")));
    }

    #[test]
    fn fault_knows_whether_the_call_is_carried_out() {
        for (fault, spares) in [
            (Fault::ClosedBeforeReading, false),
            (Fault::ResetAfterTheRequest, true),
            (Fault::TamperedBody, true),
            (Fault::EmptyArray, true),
            (Fault::Stale, true),
            (Fault::BadGatewayPage, false),
            (Fault::SystemError, false),
        ] {
            assert_eq!(fault.spares_the_call(), spares, "{fault}");
        }
    }
}
