//! What went wrong, what may have happened at WeChat Pay, and what to do next.

mod advice;
mod api;
mod call;
mod code;
mod invalid;
mod outcome;
mod sign;
mod transport;
mod untrusted;

use std::{fmt, io};

use crate::one_line::OneLine;

#[cfg(feature = "v2")]
pub(crate) use self::advice::CERTIFICATE_TEXTS;
pub use self::api::{ApiError, ErrorDetail};
pub(crate) use self::call::CallContext;
pub use self::code::Code;
pub use self::invalid::{Invalid, Violation};
pub(crate) use self::invalid::{Member, Violations};
use self::outcome::Meaning;
pub use self::outcome::{Outcome, Retry};
pub use self::sign::SignError;
pub use self::transport::{TransportError, TransportErrorKind};
pub use self::untrusted::Untrusted;

/// The error of every call of this crate.
///
/// It answers two questions: [`outcome`](Self::outcome), what may have happened at WeChat Pay, and
/// [`retry`](Self::retry), what to do next. It knows the call that it ended, so the answers and
/// the text fit an order, a refund or a query. There is no `is_failed`: an order or a refund whose
/// outcome is unknown has not failed.
///
/// ```
/// use wechatpay::{ErrorKind, Retry, pay::app};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// let order =
///     wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, sandbox.notify_url());
/// sandbox.refuse_next(403, "OUT_TRADE_NO_USED", "商户订单号重复");
///
/// let error = app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
/// assert_eq!(error.retry(), Retry::QueryFirst);
/// match error.kind() {
///     ErrorKind::Api(api) => println!("{}: {}", api.code, api.message),
///     _ => println!("{error}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Box<ErrorKind>,
    /// The call that it ended; none if it comes before any call.
    call: Option<CallContext>,
}

/// What went wrong.
///
/// ```
/// use wechatpay::{Error, ErrorKind, Untrusted};
///
/// fn is_clock_wrong(error: &Error) -> bool {
///     matches!(error.kind(), ErrorKind::Untrusted { reason: Untrusted::Stale { .. }, .. })
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value breaks a documented rule. Nothing was sent.
    Invalid(Invalid),
    /// The signer did not sign. Nothing was sent.
    Sign(SignError),
    /// The request or its response was lost on the way.
    Transport(TransportError),
    /// A response that is not a success.
    Api(ApiError),
    /// A response whose signature could not be verified.
    Untrusted {
        /// The HTTP status, which is as unverified as the rest of the response.
        status: u16,
        /// Why the signature could not be verified.
        reason: Untrusted,
        /// The header `Request-ID`, to quote to WeChat Pay's support.
        request_id: Option<String>,
        /// What the response contains if it is not a success, for people only: it is **unverified**, and decides
        /// nothing.
        unverified: Option<Box<ApiError>>,
    },
    /// A verified response that is not what WeChat Pay documents.
    Malformed {
        /// The HTTP status.
        status: u16,
        /// What is wrong with the response; never its content.
        what: String,
        /// The header `Request-ID`, to quote to WeChat Pay's support.
        request_id: Option<String>,
    },
    /// A bill could not be written on this machine.
    Output {
        /// The kind of I/O error.
        kind: io::ErrorKind,
        /// The system's message.
        what: String,
    },
}

impl Error {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What went wrong, by value.
    #[must_use]
    pub fn into_kind(self) -> ErrorKind {
        *self.kind
    }

    /// The response of WeChat Pay, if it is one that is not a success.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match &*self.kind {
            ErrorKind::Api(error) => Some(error),
            _ => None,
        }
    }

    /// What may have happened at WeChat Pay. Any doubt is [`Outcome::Unknown`].
    pub fn outcome(&self) -> Outcome {
        self.meaning().0
    }

    /// What to do next.
    pub fn retry(&self) -> Retry {
        self.meaning().1
    }

    /// Whether the call only reads (a query, a download), so that it changed nothing at WeChat Pay,
    /// whatever its outcome.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.call.is_some_and(CallContext::is_read)
    }

    /// An error of this call.
    pub(crate) fn new(call: CallContext, kind: ErrorKind) -> Self {
        Self { kind: Box::new(kind), call: Some(call) }
    }

    /// The same error, as one of this call.
    pub(crate) fn in_call(self, call: CallContext) -> Self {
        Self { call: Some(call), ..self }
    }

    pub(crate) fn api_mut(&mut self) -> Option<&mut ApiError> {
        match &mut *self.kind {
            ErrorKind::Api(error) => Some(error),
            _ => None,
        }
    }

    fn meaning(&self) -> Meaning {
        let Some(call) = self.call else { return (Outcome::NotSent, Retry::Never) };
        let (outcome, retry) = match &*self.kind {
            ErrorKind::Invalid(_) | ErrorKind::Sign(_) => (Outcome::NotSent, Retry::Never),
            ErrorKind::Transport(error) if error.may_have_left() => {
                (Outcome::Unknown, Retry::SameRequest)
            }
            ErrorKind::Transport(_) => (Outcome::NotSent, Retry::SameRequest),
            ErrorKind::Api(error) => outcome::of_response(call, error),
            ErrorKind::Untrusted { .. } | ErrorKind::Malformed { .. } => {
                outcome::of_unreadable_success(call)
            }
            ErrorKind::Output { .. } => (Outcome::Unknown, Retry::SameRequest),
        };
        match retry {
            Retry::SameRequest if call.is_single_attempt() && outcome == Outcome::Unknown => {
                (outcome, Retry::QueryFirst)
            }
            // A read is itself the query that is due, so it is sent again.
            Retry::QueryFirst if call.is_read() => (outcome, Retry::SameRequest),
            _ => (outcome, retry),
        }
    }

    /// What follows from an unknown outcome. The other outcomes are clear from what went wrong.
    fn consequence(&self) -> String {
        let Some(call) = self.call else { return String::new() };
        let subject = call.subject();
        #[cfg(feature = "v2")]
        if self.api().is_some_and(|error| advice::is_unsigned_sign_error(call, error)) {
            // A query would be refused for the same reason.
            return match call.is_read() {
                true => "; then retry".to_owned(),
                false => format!("; then query the {subject}"),
            };
        }
        match self.meaning() {
            (Outcome::NotSent, Retry::SameRequest) => "; nothing was sent; retry".to_owned(),
            (Outcome::Refused, _) if self.api().is_some_and(|api| advice::forbids_refund(call, api)) => {
                "; unfreeze the rest of the order first, then retry with the same refund".to_owned()
            }
            (Outcome::NotSent | Outcome::Refused, _) | (_, Retry::Never) => String::new(),
            (Outcome::Unknown, _) if call.is_single_attempt() => {
                "; the payer may have been charged; query the order, and reverse it if it stays unclear"
                    .to_owned()
            }
            (Outcome::Unknown, _) if call.is_read() => "; nothing was changed; retry".to_owned(),
            (Outcome::Unknown, Retry::SameRequest) => format!(
                "; the request may have been processed; query the {subject}, or retry with the \
                 same {subject}"
            ),
            (Outcome::Unknown, _) => format!(
                "; the request may have been processed; query the {subject} before you retry"
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            ErrorKind::Invalid(invalid) => invalid.fmt(f),
            ErrorKind::Sign(error) => error.fmt(f),
            ErrorKind::Transport(error) => write!(f, "{error}{}", self.consequence()),
            ErrorKind::Api(error) => {
                error.write(f, advice::of_response(self.call, error), &self.consequence())
            }
            ErrorKind::Untrusted { status, reason, request_id, unverified } => {
                write!(f, "the response (HTTP {status}) could not be verified: {reason}")?;
                if let Some(response) = unverified {
                    let message = OneLine(&response.message);
                    write!(f, "; unverified, it reports {}: {message}", response.code)?;
                }
                write!(f, "{}", self.consequence())?;
                api::write_request_id(f, request_id.as_deref())
            }
            ErrorKind::Malformed { status, what, request_id } => {
                write!(
                    f,
                    "the response (HTTP {status}) is not what WeChat Pay documents: {}",
                    OneLine(what)
                )?;
                write!(f, "{}", self.consequence())?;
                api::write_request_id(f, request_id.as_deref())
            }
            ErrorKind::Output { kind: io::ErrorKind::StorageFull, what } => {
                write!(
                    f,
                    "the file cannot be written: {}; free some space and retry",
                    OneLine(what)
                )
            }
            ErrorKind::Output { what, .. } => {
                write!(
                    f,
                    "the file cannot be written: {}; use a writable path and retry",
                    OneLine(what)
                )
            }
        }
    }
}

/// Has no source: `Display` prints the inner error completely.
impl std::error::Error for Error {}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self { kind: Box::new(ErrorKind::Invalid(invalid)), call: None }
    }
}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self { kind: Box::new(ErrorKind::Sign(error)), call: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: CallContext = CallContext::DOWNLOAD;

    fn order() -> CallContext {
        CallContext::v3("POST", "/v3/pay/transactions/app")
    }

    fn all() -> [ErrorKind; 6] {
        let (request_id, what) = (None, String::from("x"));
        [
            ErrorKind::Sign(SignError::new("no key")),
            ErrorKind::Transport(TransportError::unknown("no response: connection reset")),
            ErrorKind::Transport(TransportError::not_sent("no connection: refused")),
            ErrorKind::Untrusted {
                status: 200,
                reason: Untrusted::WrongSign,
                request_id,
                unverified: None,
            },
            ErrorKind::Malformed { status: 200, what: what.clone(), request_id: None },
            ErrorKind::Output { kind: io::ErrorKind::StorageFull, what },
        ]
    }

    #[test]
    fn doubt_about_a_write_is_unknown() {
        use Outcome::{NotSent, Unknown};
        use Retry::{Never, QueryFirst, SameRequest};
        let meanings = all().map(|kind| Error::new(order(), kind).meaning());
        assert_eq!(
            meanings,
            [
                (NotSent, Never),
                (Unknown, SameRequest),
                (NotSent, SameRequest),
                (Unknown, QueryFirst),
                (Unknown, QueryFirst),
                (Unknown, SameRequest),
            ]
        );
    }

    #[test]
    fn read_never_has_to_be_queried_first() {
        for kind in all() {
            let (write, read) = (Error::new(order(), kind.clone()), Error::new(READ, kind));
            assert_eq!(read.outcome(), write.outcome());
            assert_ne!(read.retry(), Retry::QueryFirst);
            assert_eq!((write.is_read(), read.is_read()), (false, true));
            assert!(!read.to_string().contains("may have been processed"), "{read}");
        }
    }

    #[test]
    fn error_outside_of_a_call_is_not_sent() {
        let invalid = Error::from(Invalid::new("/attach", "is too long"));
        assert_eq!(invalid.meaning(), (Outcome::NotSent, Retry::Never));
        assert!(!invalid.is_read());
        let unsigned = Error::from(SignError::new("no key"));
        assert_eq!(unsigned.meaning(), (Outcome::NotSent, Retry::Never));
        assert_eq!(unsigned.in_call(order()).meaning(), (Outcome::NotSent, Retry::Never));
    }

    #[test]
    fn text_of_a_write_names_its_subject_and_what_to_do() {
        let refund = CallContext::v3("POST", "/v3/refund/domestic/refunds");
        let kind = || ErrorKind::Transport(TransportError::unknown("no response: timed out"));
        assert_eq!(
            Error::new(refund, kind()).to_string(),
            "no response: timed out; the request may have been processed; query the refund, or \
             retry with the same refund"
        );
        assert_eq!(
            Error::new(READ, kind()).to_string(),
            "no response: timed out; nothing was changed; retry"
        );
    }

    #[test]
    fn refund_of_a_split_order_names_the_way_out() {
        let kind = |message: &str| {
            ErrorKind::Api(ApiError {
                status: 400,
                code: Code::INVALID_REQUEST,
                message: message.to_owned(),
                detail: None,
                request_id: None,
                signed: true,
                sign_diagnosis: None,
            })
        };
        let way_out = "; unfreeze the rest of the order first, then retry with the same refund";
        let message = "申请退款金额大于剩余未分账金额，请等待分账完成后再试";
        let refund = CallContext::v3("POST", "/v3/refund/domestic/refunds");
        for (call, message, expected) in
            [(refund, message, true), (refund, "订单已全额退款", false), (order(), message, false)]
        {
            let error = Error::new(call, kind(message)).to_string();
            assert_eq!(error.ends_with(way_out), expected, "{error}");
        }
    }

    #[test]
    fn error_is_small_and_can_be_sent_between_threads() {
        fn check<T: Clone + Eq + Send + Sync + 'static>() {}
        check::<Error>();
        assert!(size_of::<Error>() <= 16, "{}", size_of::<Error>());
        assert!(size_of::<Result<u64, Error>>() <= 16);
    }
}
