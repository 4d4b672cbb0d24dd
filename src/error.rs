//! What went wrong, what may have happened at WeChat Pay, and what to do next.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::ErrorKind;

use crate::sign_diagnosis::SignDiagnosis;

/// Everything that can end a call.
///
/// One type for the whole crate, so that every call answers the same two questions:
/// [`outcome`](Self::outcome), what may have happened at WeChat Pay, and
/// [`retry`](Self::retry), what to do next. There is no `is_failed`: an order or a refund whose
/// outcome is unknown has not failed.
///
/// ```
/// use wechatpay::{Error, Retry, pay::app};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # sandbox.refuse_next(403, "OUT_TRADE_NO_USED", "商户订单号重复");
/// let error = app::prepay(signer, gateway, &order).unwrap_err();
/// assert_eq!(error.retry(), Retry::QueryFirst);
/// if let Error::Api(answer) = error {
///     println!("{}: {}", answer.code, answer.message);
/// }
/// # else { panic!() }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A value breaks a documented rule. Found before anything was sent.
    Invalid(Invalid),
    /// The signer did not sign. Nothing was sent.
    Sign(SignError),
    /// The request or its answer was lost on the way.
    Transport(TransportError),
    /// WeChat Pay answered, and the answer is not a success.
    Api(Box<ApiError>),
    /// An answer came whose signature cannot be believed.
    Untrusted {
        /// The HTTP status of the answer, which is as little to be believed as the rest of it.
        status: u16,
        /// Why it cannot be believed.
        reason: Untrusted,
        /// The header `Request-ID`, to quote to WeChat Pay's support.
        request_id: Option<String>,
    },
    /// The answer is WeChat Pay's, but it is not what the documents promise.
    Malformed {
        /// The HTTP status of the answer.
        status: u16,
        /// What is wrong with it; never its content.
        what: String,
        /// The header `Request-ID`, to quote to WeChat Pay's support.
        request_id: Option<String>,
    },
    /// A bill could not be written on this machine.
    Output {
        /// What kind of error.
        kind: ErrorKind,
        /// The system's own words.
        what: String,
    },
}

/// What may have happened at WeChat Pay when a call ended in an [`Error`].
///
/// ```
/// use wechatpay::{Outcome, pay::app};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # sandbox.tamper_next(|answer| answer.status = 0);
/// if let Err(error) = app::prepay(signer, gateway, &order) {
///     match error.outcome() {
///         Outcome::NotSent | Outcome::Refused => { /* this call ordered nothing */ }
///         Outcome::Unknown => { /* the order may stand: send the same one again */ }
///     }
/// #     assert_eq!(error.outcome(), Outcome::Unknown);
/// }
/// # else { panic!() }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing reached WeChat Pay.
    NotSent,
    /// WeChat Pay received the request and refused it.
    Refused,
    /// It may or may not have happened. Never treat this as a failure: ask, or repeat the same
    /// request with the same number.
    Unknown,
}

/// What to do after an [`Error`].
///
/// ```
/// use wechatpay::{Retry, pay::app};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # sandbox.refuse_next(429, "FREQUENCY_LIMITED", "频率超限");
/// let error = app::prepay(signer, gateway, &order).unwrap_err();
/// match error.retry() {
///     Retry::Never => println!("mend this: {error}"),
///     Retry::SameRequest => println!("send the same order again in a moment"),
///     Retry::QueryFirst => println!("ask for the order"),
/// }
/// # assert_eq!(error.retry(), Retry::SameRequest);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Repeating changes nothing: correct the request, the settings or the keys first.
    Never,
    /// Repeat the identical request, with the same number and the same values, after a pause.
    SameRequest,
    /// Query by the same number first; what it says decides.
    QueryFirst,
}

impl Error {
    /// What may have happened at WeChat Pay. Any doubt is [`Outcome::Unknown`].
    pub fn outcome(&self) -> Outcome {
        self.verdict().0
    }

    /// What to do next.
    pub fn retry(&self) -> Retry {
        self.verdict().1
    }

    /// Notes that the call asked for a refund.
    pub(crate) fn of_refund(self) -> Self {
        match self {
            Self::Api(error) => Self::Api(Box::new(ApiError { is_refund: true, ..*error })),
            other => other,
        }
    }

    fn verdict(&self) -> (Outcome, Retry) {
        match self {
            Self::Invalid(_) | Self::Sign(_) => (Outcome::NotSent, Retry::Never),
            Self::Transport(error) if error.may_have_left() => {
                (Outcome::Unknown, Retry::SameRequest)
            }
            Self::Transport(_) => (Outcome::NotSent, Retry::SameRequest),
            // Fetching a bill changes nothing, so it may be repeated; but it was sent.
            Self::Output { .. } => (Outcome::Unknown, Retry::SameRequest),
            Self::Api(error) => error.verdict(),
            Self::Untrusted { .. } | Self::Malformed { .. } => {
                (Outcome::Unknown, Retry::QueryFirst)
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Sign(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Api(error) => error.fmt(f),
            Self::Untrusted { status, reason, request_id } => {
                write!(f, "the answer (HTTP {status}) cannot be believed: {reason}")?;
                write_request_id(f, request_id.as_deref())
            }
            Self::Malformed { status, what, request_id } => {
                write!(
                    f,
                    "the answer (HTTP {status}) is not what WeChat Pay documents, so query before \
                     anything else: {what}"
                )?;
                write_request_id(f, request_id.as_deref())
            }
            Self::Output { kind: ErrorKind::StorageFull, what } => {
                write!(f, "the bill cannot be written: {what}; make room for it and fetch it again")
            }
            Self::Output { what, .. } => write!(
                f,
                "the bill cannot be written: {what}; choose a place that can be written, and fetch \
                 it again"
            ),
        }
    }
}

/// Has no source: `Display` prints the inner error whole.
impl std::error::Error for Error {}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

/// One or more values that break a documented rule; every violation that was found, in order.
///
/// ```
/// use wechatpay::{Error, Fen};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # let mut order = order;
/// order.description.clear();
/// order.total = Fen(0);
/// if let Err(Error::Invalid(invalid)) = order.validate() {
///     let paths: Vec<_> = invalid.violations().iter().map(|violation| &violation.path).collect();
///     assert_eq!(paths, ["/description", "/amount/total"]);
/// }
/// # else { panic!() }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    violations: Vec<Violation>,
}

/// One value and the rule it breaks. The value itself is never repeated.
///
/// ```
/// use wechatpay::{Error, OutTradeNo};
///
/// let Err(Error::Invalid(invalid)) = OutTradeNo::new("short") else { panic!() };
/// let violation = &invalid.violations()[0];
/// assert_eq!(violation.path, "out_trade_no");
/// assert_eq!(violation.rule, "must be 6 to 32 letters, digits, _, -, | or *");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where it is: a JSON pointer within a request (`/amount/total`), or the name of the value.
    pub path: String,
    /// The rule.
    pub rule: Cow<'static, str>,
}

impl Invalid {
    pub(crate) fn new(path: impl Into<String>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { violations: vec![Violation { path: path.into(), rule: rule.into() }] }
    }

    /// The rule of the first violation, of a value that is known by another path.
    pub(crate) fn into_rule(self) -> Cow<'static, str> {
        self.violations
            .into_iter()
            .next()
            .map_or(Cow::Borrowed("cannot be read"), |violation| violation.rule)
    }

    /// Every violation, in the order of the fields. There is at least one.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Violation { path, rule }) in self.violations.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{path} {rule}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Gathers violations while an order is checked.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    pub(crate) fn add(&mut self, path: impl Into<String>, rule: impl Into<Cow<'static, str>>) {
        self.0.push(Violation { path: path.into(), rule: rule.into() });
    }

    /// [`add`](Self::add), where nothing could be read.
    pub(crate) fn note<T>(
        &mut self,
        path: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
    ) -> Option<T> {
        self.add(path, rule);
        None
    }

    pub(crate) fn into_result(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid { violations: self.0 }) }
    }
}

/// Why a signer did not sign.
///
/// ```
/// use wechatpay::SignError;
///
/// let error = SignError::new("the HSM is not there");
/// assert!(error.to_string().ends_with("the HSM is not there"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignError {
    what: String,
}

impl SignError {
    /// For the authors of a [`Signer`](crate::Signer): `what` is shown to the caller, so it must
    /// hold no secret.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was not signed, so nothing was sent: {}", self.what)
    }
}

impl std::error::Error for SignError {}

/// Why a request or its answer was lost, and whether a byte of the request may have left.
///
/// ```
/// use wechatpay::{Error, Outcome, TransportError};
///
/// let refused = TransportError::not_sent("the connection was refused");
/// assert_eq!(Error::from(refused).outcome(), Outcome::NotSent);
/// let lost = TransportError::unknown("the answer did not come in time");
/// assert_eq!(Error::from(lost).outcome(), Outcome::Unknown);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    may_have_left: bool,
    what: String,
}

impl TransportError {
    /// Nothing was sent, and that is certain: the connection was refused, its time ran out before
    /// it stood, the address is wrong.
    pub fn not_sent(what: impl Into<String>) -> Self {
        Self { may_have_left: false, what: what.into() }
    }

    /// Something may have been sent. Any doubt belongs here.
    pub fn unknown(what: impl Into<String>) -> Self {
        Self { may_have_left: true, what: what.into() }
    }

    /// Whether a byte of the request may have left this machine.
    #[must_use]
    pub fn may_have_left(&self) -> bool {
        self.may_have_left
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = if self.may_have_left {
            "the request may have been processed all the same, so query or send the same again"
        } else {
            "nothing was sent, so the same may be sent again"
        };
        write!(f, "{}; {fate}", self.what)
    }
}

impl std::error::Error for TransportError {}

/// An answer of WeChat Pay's that is not a success.
///
/// ```
/// use wechatpay::{Code, Error, pay::app};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # sandbox.refuse_next(400, "PARAM_ERROR", "参数错误");
/// if let Err(Error::Api(error)) = app::prepay(signer, gateway, &order) {
///     assert_eq!((error.status, &error.code), (400, &Code::PARAM_ERROR));
///     println!("{} (Request-ID {:?})", error.message, error.request_id);
/// }
/// # else { panic!() }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The error code; empty when the answer held none, as when it comes from a machine between.
    pub code: Code,
    /// WeChat Pay's own words, for people. One code has many messages.
    pub message: String,
    /// Which field, and what is wrong with it.
    pub detail: Option<ErrorDetail>,
    /// The header `Request-ID`, to quote to WeChat Pay's support.
    pub request_id: Option<String>,
    /// Whether the answer carried a signature. If so, it was checked.
    pub signed: bool,
    /// On `SIGN_ERROR`: the message WeChat Pay built beside the one that was signed.
    pub sign_diagnosis: Option<SignDiagnosis>,
    /// Whether the call asked for a refund: then 429 does not mean that nothing happened.
    pub(crate) is_refund: bool,
    /// Whether the call was one of APIv2, which answers with status 200 whatever it says.
    pub(crate) is_v2: bool,
}

impl ApiError {
    fn verdict(&self) -> (Outcome, Retry) {
        if self.is_v2 { self.verdict_of_v2() } else { self.verdict_of_v3() }
    }

    /// The one table of what an error answer means. The order of the arms matters.
    fn verdict_of_v3(&self) -> (Outcome, Retry) {
        let code = &self.code;
        // Whatever the status of a refusal: a code may come with another than its own.
        let is_too_often = self.status == 429 || *code == Code::FREQUENCY_LIMITED;
        let is_violation = [Code::SYSTEM_ERROR, Code::BANK_ERROR].contains(code);
        match self.status {
            // Documented with status 500, and final all the same.
            500 if *code == Code::OPENID_MISMATCH || *code == Code::INVALID_TRANSACTIONID => {
                (Outcome::Refused, Retry::Never)
            }
            // The number stands for an order already, perhaps a paid one.
            400..=499 if *code == Code::OUT_TRADE_NO_USED => (Outcome::Refused, Retry::QueryFirst),
            // Not one of WeChat Pay's: a machine between gave up waiting.
            408 => (Outcome::Unknown, Retry::SameRequest),
            // The refund may be in progress (m/4012791862).
            400..=499 if is_too_often && self.is_refund => (Outcome::Unknown, Retry::QueryFirst),
            // WeChat Pay's own violation is no refusal.
            400..=499 if is_violation => (Outcome::Unknown, Retry::SameRequest),
            400..=499 if is_too_often => (Outcome::Refused, Retry::SameRequest),
            // The balance is too low: top up, then the same number again.
            403 if *code == Code::NOT_ENOUGH => (Outcome::Refused, Retry::SameRequest),
            // The bill is not ready: ask again after 10 o'clock.
            400 if *code == Code::STATEMENT_CREATING => (Outcome::Refused, Retry::SameRequest),
            400..=499 => (Outcome::Refused, Retry::Never),
            // A redirect is never followed; whoever sent it is not WeChat Pay.
            300..=399 => (Outcome::Unknown, Retry::QueryFirst),
            // 202: accepted, not processed yet. 5xx: repeat with the same values.
            _ => (Outcome::Unknown, Retry::SameRequest),
        }
    }

    /// The codes of documents 001 and 002. A code that no document lists says nothing certain.
    fn verdict_of_v2(&self) -> (Outcome, Retry) {
        // Not one of WeChat Pay's.
        if self.status != 200 {
            return (Outcome::Unknown, Retry::SameRequest);
        }
        // `return_code` is FAIL: nobody signed that.
        if !self.signed {
            return (Outcome::Unknown, Retry::QueryFirst);
        }
        let is_any = |codes: &[Code]| codes.contains(&self.code);
        if is_any(&[Code::SYSTEM_ERROR, Code::BIZERR_NEED_RETRY]) {
            (Outcome::Unknown, Retry::SameRequest)
        } else if is_any(&V2_ASK) {
            (Outcome::Refused, Retry::QueryFirst)
        } else if is_any(&V2_AGAIN) {
            (Outcome::Refused, Retry::SameRequest)
        } else if is_any(&V2_FINAL) {
            (Outcome::Refused, Retry::Never)
        } else {
            (Outcome::Unknown, Retry::QueryFirst)
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeChat Pay answered HTTP {}", self.status)?;
        if !self.code.as_str().is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(detail) = &self.detail {
            write!(f, "{detail}")?;
        }
        if let Some(advice) = self.code.advice().filter(|_| self.sign_diagnosis.is_none()) {
            write!(f, "; {advice}")?;
        }
        if let Some(diagnosis) = &self.sign_diagnosis {
            write!(f, "; {diagnosis}")?;
        }
        if self.is_v2 && self.status == 200 && !self.signed {
            write!(f, "; query before anything else")?;
        } else if self.code.as_str().is_empty() && self.message.is_empty() {
            write!(f, "; it bears no error code, so look for a proxy between")?;
        }
        if !self.signed {
            write!(f, " (the answer carries no signature)")?;
        }
        write_request_id(f, self.request_id.as_deref())
    }
}

impl std::error::Error for ApiError {}

/// The member `detail` of an error answer. Its shape varies; what can be read of it is here.
///
/// ```
/// use wechatpay::{Error, pay::app};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # sandbox.rewrite_next(|answer| {
/// #     answer.status = 400;
/// #     answer.body = br#"{"code":"PARAM_ERROR","detail":{"field":"/amount/total"}}"#.to_vec();
/// # });
/// let Err(Error::Api(error)) = app::prepay(signer, gateway, &order) else { panic!() };
/// let field = error.detail.and_then(|detail| detail.field);
/// assert_eq!(field.as_deref(), Some("/amount/total"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// The field that is wrong: a JSON pointer for the body, a name for path and query.
    pub field: Option<String>,
    /// What is wrong with it.
    pub issue: Option<String>,
    /// Where the field is: `body`, `url`, `query`, `authorization`.
    pub location: Option<String>,
    /// The member as received, as JSON text. It may repeat what was sent, so it is for the
    /// merchant's eyes: neither `Debug` nor `Display` prints it.
    pub json: String,
}

impl fmt::Debug for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorDetail")
            .field("field", &self.field)
            .field("issue", &self.issue)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "; field {field}")?;
        }
        if let Some(issue) = &self.issue {
            write!(f, "; {issue}")?;
        }
        Ok(())
    }
}

/// Why an answer or a notification cannot be believed.
///
/// ```
/// use wechatpay::{Error, Outcome, Untrusted, pay::app};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # sandbox.shift_responses(-3600);
/// let error = app::prepay(signer, gateway, &order).unwrap_err();
/// assert_eq!(error.outcome(), Outcome::Unknown);
/// if let Error::Untrusted { reason: Untrusted::Stale { skew_seconds }, .. } = error {
///     println!("this machine's clock is {skew_seconds} seconds ahead of WeChat Pay's");
/// #     assert!(skew_seconds >= 3600);
/// }
/// # else { panic!() }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// One of the four `Wechatpay-*` headers is not there. Proxies drop them now and then.
    Missing(&'static str),
    /// A header came more than once.
    Repeated(&'static str),
    /// A header is empty, is not plain ASCII, or is not of its form.
    Unreadable(&'static str),
    /// The signature is older or newer than five minutes by this machine's clock.
    Stale {
        /// How far the signature lies behind (positive) or ahead (negative), in seconds.
        skew_seconds: i64,
    },
    /// The signature names a key that was not given. Its number as claimed, cut to 64 characters.
    UnknownSerial(String),
    /// An answer or a notification of APIv2 carries no `sign`.
    MissingSign,
    /// The `sign` of an answer or a notification of APIv2 is of another algorithm than the signer's.
    OtherSignType,
    /// The `sign` of an answer or a notification of APIv2 does not verify.
    WrongSign,
    /// The signature does not verify.
    Signature {
        /// It is one of the deliberately wrong ones (签名探测流量) by which WeChat Pay finds out
        /// whether merchants verify. It is refused like any other.
        probe: bool,
    },
    /// A file does not have the SHA-1 that was signed.
    Hash,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => {
                write!(f, "the header {name} is missing; look for a proxy that drops it")
            }
            Self::Repeated(name) => {
                write!(f, "the header {name} came more than once; look for a proxy that adds it")
            }
            Self::Unreadable(name) => write!(
                f,
                "the header {name} is empty or not of its form; look for a proxy that changes it"
            ),
            Self::Stale { skew_seconds } => write!(
                f,
                "its signature is {} seconds {} this machine's clock, and five minutes are \
                 allowed; check this machine's clock",
                skew_seconds.unsigned_abs(),
                if *skew_seconds < 0 { "ahead of" } else { "behind" },
            ),
            Self::UnknownSerial(serial) => write!(
                f,
                "it is signed with the key {serial:?}, which PlatformKeys does not hold; if the \
                 merchant platform shows that key, add it"
            ),
            Self::MissingSign => {
                write!(f, "it carries no sign, so anybody may have made it; ask by a query")
            }
            Self::OtherSignType => write!(
                f,
                "its sign is not of the signer's algorithm (HMAC-SHA256 has 64 digits, MD5 has \
                 32); take the signer that the order was placed with"
            ),
            Self::WrongSign => write!(
                f,
                "its sign does not verify; look whether the APIv2 key is that of the merchant \
                 platform, and whether the XML was changed on the way"
            ),
            Self::Signature { probe: false } => write!(
                f,
                "its signature does not verify; look whether the key is that of its number, and \
                 for a proxy that changes bodies"
            ),
            Self::Signature { probe: true } => write!(
                f,
                "its signature does not verify; it is one of WeChat Pay's probes, which are wrong \
                 on purpose and are to be refused"
            ),
            Self::Hash => write!(
                f,
                "the file does not have the SHA-1 that was signed; fetch it again by a fresh link"
            ),
        }
    }
}

impl std::error::Error for Untrusted {}

/// An error code of WeChat Pay's, an open set.
///
/// Two spellings of one code are equal: the documents print `NO_AUTH` on one page and `NOAUTH` on
/// another. [`as_str`](Self::as_str) keeps the one received.
///
/// ```
/// use wechatpay::Code;
/// assert_eq!(Code::new("NOAUTH"), Code::NO_AUTH);
/// assert_eq!(Code::new("NOAUTH").as_str(), "NOAUTH");
/// ```
#[derive(Debug, Clone)]
pub struct Code(Cow<'static, str>);

/// Makes a constant of each code. What its documentation says after the Chinese words and a colon
/// is what an error says as well.
macro_rules! codes {
    ($(#[doc = $doc:literal] $name:ident),+ $(,)?) => {
        impl Code {
            $(#[doc = $doc] pub const $name: Self = Self(Cow::Borrowed(stringify!($name)));)+

            /// What it means and what to do, where that is not clear from WeChat Pay's own words.
            fn advice(&self) -> Option<&'static str> {
                $(if *self == Self::$name {
                    return $doc.split_once(": ").map(|(_, advice)| advice.trim_end_matches('.'));
                })+
                None
            }
        }
    };
}

codes! {
    /// 账号异常: the user's account cannot be used; there is nothing to do.
    ACCOUNT_ERROR,
    /// AppID和mch_id不匹配: bind the appid to the mchid on the merchant platform.
    APPID_MCHID_NOT_MATCH,
    /// APPID不存在, of APIv2: the appid is missing or wrong.
    APPID_NOT_EXIST,
    /// 银行系统异常: the bank failed; repeat with the same values.
    BANK_ERROR,
    /// 退款业务流程错误, of APIv2: it is not done yet; send the same refund again.
    BIZERR_NEED_RETRY,
    /// 证书校验错误, of APIv2: the client certificate is not the merchant's.
    CERT_ERROR,
    /// 合单支付权限非法, of APIv2: apply for combined payment for the sub-order's merchant.
    COMBINE_PAY_NOAUTH,
    /// 频率超限: too many calls; slow down, then send the same again.
    FREQUENCY_LIMITED,
    /// 入参错误, of APIv2: a field breaks a rule, or is not what was sent the first time.
    INVALID_PARAMS,
    /// 无效请求: it breaks a rule of the interface, or the state of the order forbids it.
    INVALID_REQUEST,
    /// 无效请求过多, of APIv2: wait a minute, then send the same again.
    INVALID_REQ_TOO_MUCH,
    /// 订单号非法: the number is wrong; it comes with status 500 and must not be repeated.
    INVALID_TRANSACTIONID,
    /// 缺少参数, of APIv2: a field is missing.
    LACK_PARAMS,
    /// MCHID不存在, of APIv2: the merchant number is missing or wrong.
    MCHID_NOT_EXIST,
    /// 商户号不存在: there is no such merchant number.
    MCH_NOT_EXISTS,
    /// 余额不足: the balance is too low; for a refund, top up the merchant's and send the same again.
    NOT_ENOUGH,
    /// 商户无权限: apply for the product on the merchant platform.
    NO_AUTH,
    /// 编码格式错误, of APIv2: the request is not UTF-8.
    NOT_UTF8,
    /// 账单文件不存在: nothing happened on that day.
    NO_STATEMENT_EXIST,
    /// openid和appid不匹配: it comes with status 500 and must not be repeated; take the appid's openid.
    OPENID_MISMATCH,
    /// 订单已关闭: the order is closed; place it again under a new number.
    ORDER_CLOSED,
    /// 订单不存在: no such order; right after an unknown outcome this is not a verdict.
    ORDER_NOT_EXIST,
    /// 商户订单已支付, of APIv2: the order is paid already; query it.
    ORDERPAID,
    /// 订单处理中，暂时无法退款, of APIv2: the order is in work; send the same refund again later.
    ORDER_NOT_READY,
    /// 商户订单号重复: the number was used already; query it.
    OUT_TRADE_NO_USED,
    /// 参数错误: correct the field that is named.
    PARAM_ERROR,
    /// post数据为空, of APIv2: the body was lost on the way.
    POST_DATA_EMPTY,
    /// post数据非法, of APIv2: it holds forbidden words, a script, or a field that is unknown.
    POST_DATA_INVALID,
    /// 退款查询失败, of APIv2: no such refund; right after an unknown outcome this is not a verdict.
    REFUNDNOTEXIST,
    /// 订单金额或退款金额与之前请求不一致, of APIv2: the number stands for another refund.
    REFUND_FEE_MISMATCH,
    /// 请使用post方法, of APIv2: another method arrived; look for a proxy.
    REQUIRE_POST_METHOD,
    /// 请求的资源不存在: no such order, refund or certificate; right after an unknown outcome this is not a verdict.
    RESOURCE_NOT_EXISTS,
    /// 业务规则限制: a rule of the business forbids it; WeChat Pay's own words say which.
    RULE_LIMIT,
    /// 签名错误: check the clock, and that key, serial number and merchant number belong together.
    SIGN_ERROR,
    /// 账单生成中: the bill is not ready; ask again after 10 o'clock in the morning, Beijing time.
    STATEMENT_CREATING,
    /// 子单数量超过限制, of APIv2: too many sub-orders; order fewer at once.
    SUBORDER_LIMIT_EXCEEDED,
    /// 系统错误: WeChat Pay failed; repeat with the same values.
    SYSTEM_ERROR,
    /// 交易错误: WeChat Pay's own words say why.
    TRADE_ERROR,
    /// 订单已经超过退款期限, of APIv2: a year has passed, so it cannot be refunded any more.
    TRADE_OVERDUE,
    /// 订单状态错误, of APIv2: the state of the order forbids it; query it.
    TRADE_STATE_ERROR,
    /// 用户账号异常: the user's account takes nothing; refund by other means.
    USER_ACCOUNT_ABNORMAL,
    /// openid非法, of APIv2: the openid is not one of the combine_appid.
    USER_OPENID_NOT_MATCH,
    /// XML格式错误, of APIv2: the XML was changed on the way.
    XML_FORMAT_ERROR,
}

impl Code {
    /// A code as received.
    pub fn new(code: impl Into<String>) -> Self {
        Self(Cow::Owned(code.into()))
    }

    /// The code in the spelling received; empty when the answer held none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn letters(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().filter(|byte| *byte != b'_')
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.letters().eq(other.letters())
    }
}

impl Eq for Code {}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.letters().for_each(|letter| letter.hash(state));
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something stands under the number already; a query says what.
const V2_ASK: [Code; 4] =
    [Code::ORDERPAID, Code::OUT_TRADE_NO_USED, Code::REFUND_FEE_MISMATCH, Code::TRADE_STATE_ERROR];

/// Not now: the same again once there is money, or after a pause.
const V2_AGAIN: [Code; 4] =
    [Code::NOT_ENOUGH, Code::FREQUENCY_LIMITED, Code::INVALID_REQ_TOO_MUCH, Code::ORDER_NOT_READY];

const V2_FINAL: [Code; 24] = [
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
    Code::REQUIRE_POST_METHOD,
    Code::SIGN_ERROR,
    Code::SUBORDER_LIMIT_EXCEEDED,
    Code::TRADE_OVERDUE,
    Code::USER_ACCOUNT_ABNORMAL,
    Code::USER_OPENID_NOT_MATCH,
    Code::XML_FORMAT_ERROR,
];

fn write_request_id(f: &mut fmt::Formatter<'_>, request_id: Option<&str>) -> fmt::Result {
    match request_id {
        Some(id) => write!(f, " [Request-ID {id}]"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use super::*;

    fn api(status: u16, code: &str) -> Error {
        Error::Api(Box::new(ApiError {
            status,
            code: Code::new(code),
            message: String::new(),
            detail: None,
            request_id: None,
            signed: true,
            sign_diagnosis: None,
            is_refund: false,
            is_v2: false,
        }))
    }

    fn v2(code: &str) -> Error {
        let Error::Api(error) = api(200, code) else { panic!("not an error answer") };
        Error::Api(Box::new(ApiError { is_v2: true, ..*error }))
    }

    #[test]
    fn every_documented_code_has_its_verdict() {
        use Outcome::{Refused, Unknown};
        use Retry::{Never, QueryFirst, SameRequest};
        let table = [
            (400, "APPID_MCHID_NOT_MATCH", Refused, Never),
            (400, "INVALID_REQUEST", Refused, Never),
            (400, "MCH_NOT_EXISTS", Refused, Never),
            (400, "ORDER_CLOSED", Refused, Never),
            (400, "NO_STATEMENT_EXIST", Refused, Never),
            (400, "PARAM_ERROR", Refused, Never),
            (400, "STATEMENT_CREATING", Refused, SameRequest),
            (401, "SIGN_ERROR", Refused, Never),
            (403, "ACCOUNT_ERROR", Refused, Never),
            (403, "NOT_ENOUGH", Refused, SameRequest),
            (403, "NO_AUTH", Refused, Never),
            (403, "NOAUTH", Refused, Never),
            (403, "OUT_TRADE_NO_USED", Refused, QueryFirst),
            (403, "RULE_LIMIT", Refused, Never),
            (403, "TRADE_ERROR", Refused, Never),
            (403, "USER_ACCOUNT_ABNORMAL", Refused, Never),
            (404, "ORDER_NOT_EXIST", Refused, Never),
            (404, "RESOURCE_NOT_EXISTS", Refused, Never),
            (429, "FREQUENCY_LIMITED", Refused, SameRequest),
            (429, "RATELIMIT_EXCEEDED", Refused, SameRequest),
            (500, "BANK_ERROR", Unknown, SameRequest),
            (500, "INVALID_TRANSACTIONID", Refused, Never),
            (500, "OPENID_MISMATCH", Refused, Never),
            (500, "SYSTEM_ERROR", Unknown, SameRequest),
            (500, "SYSTEMERROR", Unknown, SameRequest),
            (503, "SERVICE_UNAVAILABLE", Unknown, SameRequest),
            // Not WeChat Pay's own, and what else a code cannot say.
            (202, "", Unknown, SameRequest),
            (302, "", Unknown, QueryFirst),
            (404, "", Refused, Never),
            (408, "", Unknown, SameRequest),
            (500, "", Unknown, SameRequest),
            (502, "", Unknown, SameRequest),
            (599, "OPENID_MISMATCH", Unknown, SameRequest),
            // A code with another status than its own.
            (400, "SYSTEMERROR", Unknown, SameRequest),
            (403, "BANK_ERROR", Unknown, SameRequest),
            (403, "FREQUENCY_LIMITED", Refused, SameRequest),
            (408, "FREQUENCY_LIMITED", Unknown, SameRequest),
            (429, "SYSTEM_ERROR", Unknown, SameRequest),
        ];
        for (status, code, outcome, retry) in table {
            let error = api(status, code);
            assert_eq!((error.outcome(), error.retry()), (outcome, retry), "{status} {code}");
        }
    }

    #[test]
    fn every_documented_code_of_v2_has_its_verdict() {
        use Outcome::{Refused, Unknown};
        use Retry::{Never, QueryFirst, SameRequest};
        let table = [
            ("APPID_MCHID_NOT_MATCH", Refused, Never),
            ("APPID_NOT_EXIST", Refused, Never),
            ("BIZERR_NEED_RETRY", Unknown, SameRequest),
            ("CERT_ERROR", Refused, Never),
            ("COMBINE_PAY_NOAUTH", Refused, Never),
            ("FREQUENCY_LIMITED", Refused, SameRequest),
            ("INVALID_PARAMS", Refused, Never),
            ("INVALID_REQUEST", Refused, Never),
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
            // Its text says what happened, and only that.
            ("ERROR", Unknown, QueryFirst),
            ("NEW_CODE", Unknown, QueryFirst),
            ("", Unknown, QueryFirst),
        ];
        for (code, outcome, retry) in table {
            let error = v2(code);
            assert_eq!((error.outcome(), error.retry()), (outcome, retry), "{code}");
        }
    }

    #[test]
    fn what_v2_did_not_sign_or_did_not_send_says_nothing() {
        for (status, retry) in
            [(200, Retry::QueryFirst), (404, Retry::SameRequest), (500, Retry::SameRequest)]
        {
            let Error::Api(error) = v2("ORDERCLOSED") else { panic!("not an error answer") };
            let error = Error::Api(Box::new(ApiError { status, signed: false, ..*error }));
            assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, retry), "{status}");
        }
    }

    #[test]
    fn a_refund_that_is_asked_for_too_often_may_be_in_progress() {
        for status in [429, 403] {
            let error = api(status, "FREQUENCY_LIMITED").of_refund();
            assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
        }
        let error = api(400, "INVALID_REQUEST").of_refund();
        assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::Never));
    }

    #[test]
    fn any_doubt_on_the_way_is_unknown() {
        let lost = Error::from(TransportError::unknown("connection reset"));
        let refused = Error::from(TransportError::not_sent("connection refused"));
        let untrusted = Error::Untrusted {
            status: 200,
            reason: Untrusted::Signature { probe: false },
            request_id: None,
        };
        assert_eq!((lost.outcome(), lost.retry()), (Outcome::Unknown, Retry::SameRequest));
        assert_eq!((refused.outcome(), refused.retry()), (Outcome::NotSent, Retry::SameRequest));
        assert_eq!(untrusted.outcome(), Outcome::Unknown);
        assert_eq!(Error::from(Invalid::new("/attach", "is too long")).outcome(), Outcome::NotSent);
        assert_eq!(Error::from(SignError::new("no key")).outcome(), Outcome::NotSent);
        let full = Error::Output { kind: ErrorKind::StorageFull, what: "full".into() };
        assert_eq!((full.outcome(), full.retry()), (Outcome::Unknown, Retry::SameRequest));
    }

    #[test]
    fn codes_in_both_spellings_are_one_code() {
        let set: HashSet<Code> = ["NO_AUTH", "NOAUTH", "ORDER_NOT_EXIST", "ORDERNOTEXIST"]
            .into_iter()
            .map(Code::new)
            .collect();
        assert_eq!(set.len(), 2);
        assert_ne!(Code::NO_AUTH, Code::ORDER_CLOSED);
        assert_ne!(Code::new("no_auth"), Code::NO_AUTH);
        let hash = |code: Code| BuildHasherDefault::<DefaultHasher>::new().hash_one(code);
        assert_eq!(hash(Code::new("NOAUTH")), hash(Code::NO_AUTH));
        assert_ne!(hash(Code::ORDER_CLOSED), hash(Code::NO_AUTH));
    }

    #[test]
    fn a_code_keeps_the_spelling_received() {
        assert_eq!(Code::new("NOAUTH").as_str(), "NOAUTH");
        assert_eq!(Code::new("NOAUTH").to_string(), "NOAUTH");
    }

    #[test]
    fn every_violation_of_an_order_is_told_in_order() {
        let mut violations = Violations::default();
        violations.add("/attach", "is too long");
        assert_eq!(violations.note::<u64>("/amount/total", "is 0"), None);
        let invalid = violations.into_result().unwrap_err();
        let paths: Vec<_> =
            invalid.violations().iter().map(|violation| violation.path.as_str()).collect();
        assert_eq!(paths, ["/attach", "/amount/total"]);
        assert_eq!(invalid.to_string(), "/attach is too long; /amount/total is 0");
        assert_eq!(invalid.into_rule(), "is too long");
    }

    #[test]
    fn a_signer_says_why_it_did_not_sign() {
        assert_eq!(
            SignError::new("the HSM is not there").to_string(),
            "the request was not signed, so nothing was sent: the HSM is not there"
        );
    }

    #[test]
    fn an_error_stays_small_enough_to_return_by_value() {
        assert!(size_of::<Error>() <= 80, "{}", size_of::<Error>());
    }

    #[test]
    fn an_error_answer_tells_all_that_is_known_of_it() {
        type Change = fn(&mut ApiError);
        let told = |change: Change| {
            let Error::Api(mut error) = api(400, "PARAM_ERROR") else { panic!() };
            (error.signed, error.message) = (true, "参数错误".to_owned());
            change(&mut error);
            error.to_string()
        };
        let whole = told(|error| {
            error.request_id = Some("08F7".to_owned());
            error.signed = false;
        });
        assert!(whole.starts_with("WeChat Pay answered HTTP 400 PARAM_ERROR: 参数错误"), "{whole}");
        assert!(whole.ends_with(" (the answer carries no signature) [Request-ID 08F7]"), "{whole}");
        let signed = told(|_| ());
        assert!(!signed.contains("no signature") && !signed.contains("Request-ID"), "{signed}");

        let (bare, query) = ("; it bears no error code", "; query before anything else");
        let cases: [(Change, [bool; 2]); 8] = [
            (|_| (), [false, false]),
            (|error| error.code = Code::new(""), [false, false]),
            (|error| error.message.clear(), [false, false]),
            (
                |error| {
                    error.code = Code::new("");
                    error.message.clear();
                },
                [true, false],
            ),
            (|error| (error.is_v2, error.status, error.signed) = (true, 200, false), [false, true]),
            (|error| (error.is_v2, error.status) = (true, 200), [false, false]),
            (|error| (error.is_v2, error.signed) = (true, false), [false, false]),
            (|error| (error.status, error.signed) = (200, false), [false, false]),
        ];
        for (change, expected) in cases {
            let text = told(change);
            assert_eq!([bare, query].map(|words| text.contains(words)), expected, "{text}");
        }
        assert_eq!(
            told(|error| {
                error.code = Code::new("");
                error.message.clear();
            }),
            "WeChat Pay answered HTTP 400; it bears no error code, so look for a proxy between"
        );
    }

    #[test]
    fn neither_debug_nor_display_repeats_the_detail_received() {
        let detail = ErrorDetail {
            field: Some("/payer/openid".into()),
            issue: Some("too long".into()),
            location: Some("body".into()),
            json: r#"{"value":"oSECRET"}"#.into(),
        };
        assert_eq!(detail.to_string(), "; field /payer/openid; too long");
        let debug = format!("{detail:?}");
        assert!(debug.contains("too long") && !debug.contains("oSECRET"), "{debug}");
    }
}
