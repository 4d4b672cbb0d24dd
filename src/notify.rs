//! Notifications (回调通知): what WeChat Pay posts to the `notify_url`.
//!
//! Anyone on the internet may post there, so [`open`] believes nothing that is not signed. Do it in
//! this order: take the body **as received**, [`open`] it, store the event (once for each
//! [`Event::id`]), answer [`Acknowledgement::accepted`] within five seconds, then do the work.
//!
//! Notifications come more than once, in any order, and sometimes not at all: query the order as well. A
//! notification is a hint, the query is the truth, and both prove a payment by the same
//! [`Transaction::paid`](crate::pay::Transaction::paid).
//!
//! ```
//! use wechatpay::notify::{self, Notification, Acknowledgement};
//! use wechatpay::{ApiV3Key, PlatformKeys, Time};
//!
//! fn post(
//!     keys: &PlatformKeys,
//!     api_v3_key: &ApiV3Key,
//!     headers: &[(String, Vec<u8>)],
//!     body: &[u8],
//! ) -> Result<Acknowledgement, wechatpay::Error> {
//!     let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
//!     let event = match notify::open(keys, api_v3_key, headers, body, Time::now()?) {
//!         Ok(event) => event,
//!         Err(refusal) => return Ok(Acknowledgement::refused(&refusal)),
//!     };
//!     match event.notification {
//!         Notification::Transaction(transaction) => { /* store it */ }
//!         Notification::Refund(refund) => { /* store it */ }
//!         other => { /* store it */ }
//!     }
//!     Ok(Acknowledgement::accepted())
//! }
//! # let keys = PlatformKeys::none();
//! # let api_v3_key = ApiV3Key::new("0123456789ABCDEFGHIJKLMNOPQRSTUV")?;
//! # assert_eq!(post(&keys, &api_v3_key, &[], b"{}")?.status, 401);
//! # Ok::<(), wechatpay::Error>(())
//! ```

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::api_v3_key::{ApiV3Key, Sealed};
use crate::error::Untrusted;
use crate::open_set::open_set;
use crate::platform_keys::PlatformKeys;
use crate::time::Time;
use crate::{combine, pay, received, refund};

/// Believes a notification, decrypts it and reads it (m/4012791861, m/4012791865).
///
/// `headers` are those of the request, names in any case; `body` is the body **as received**: once
/// a framework has parsed it and written it again, the signature no longer holds. `now` is
/// [`Time::now`].
///
/// ```
/// use wechatpay::{Time, notify};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let keys = sandbox.platform_keys();
/// # let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
/// # let posted = sandbox.take_notifications().remove(0);
/// # let headers = || posted.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
/// # let (headers, body) = (headers(), &posted.body);
/// let event = notify::open(keys, &api_v3_key, headers, body, Time::now()?)?;
/// assert_eq!(event.event_type, notify::EventType::TransactionSuccess);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Refusal`] says why not; answer [`Acknowledgement::refused`]. WeChat Pay then sends it again, up to 15
/// times in a day. A probe (签名探测流量) is refused like any other wrong signature.
pub fn open<'h>(
    keys: &PlatformKeys,
    api_v3_key: &ApiV3Key,
    headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    body: &[u8],
    now: Time,
) -> Result<Event, Refusal> {
    if body.len() > NOTIFICATION_LIMIT {
        return Err(Refusal::TooLarge);
    }
    keys.verify(headers, body, now).map_err(Refusal::Untrusted)?;
    let envelope: Envelope<'_> = read(body)?;
    let resource = api_v3_key.open(&envelope.resource).ok_or(Refusal::Undecryptable)?;
    let json = String::from_utf8(resource)
        .map_err(|_| Refusal::Malformed("the resource is not UTF-8".to_owned()))?;
    Ok(Event {
        id: envelope.id,
        create_time: envelope.create_time,
        event_type: envelope.event_type,
        summary: envelope.summary.unwrap_or_default(),
        notification: Notification::read(&envelope.resource.original_type, &json)?,
        json,
    })
}

/// A notification that was believed.
///
/// ```
/// use wechatpay::{Time, notify};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let keys = sandbox.platform_keys();
/// # let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
/// # let posted = sandbox.take_notifications().remove(0);
/// # let headers = || posted.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
/// # let (headers, body) = (headers(), &posted.body);
/// let event = notify::open(keys, &api_v3_key, headers, body, Time::now()?)?;
/// println!("{} of {}: {}", event.id, event.create_time, event.summary);
/// assert!(event.json.contains(r#""trade_state":"SUCCESS""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// 通知ID: the same for every time that it is sent.
    pub id: String,
    /// 通知创建时间.
    pub create_time: Time,
    /// 通知类型.
    pub event_type: EventType,
    /// 回调摘要, for people.
    pub summary: String,
    /// What it is about.
    pub notification: Notification,
    /// The decrypted resource as it came, as JSON text: to be stored, and for fields that this
    /// version does not know.
    pub json: String,
}

open_set! {
    /// 通知类型.
    notify::EventType {
        /// 支付成功: an order or a combined order was paid.
        TransactionSuccess = "TRANSACTION.SUCCESS",
        /// 退款成功: the money went back.
        RefundSuccess = "REFUND.SUCCESS",
        /// 退款异常: the payer's account cannot take it.
        RefundAbnormal = "REFUND.ABNORMAL",
        /// 退款关闭.
        RefundClosed = "REFUND.CLOSED",
        /// 验签测试: asked for by the merchant itself.
        SecurityEcho = "SECURITY_ECHO.SUCCESS",
    }
}

/// What a notification is about.
///
/// ```
/// use wechatpay::{Signer, notify::Notification};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let keys = sandbox.platform_keys();
/// # let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
/// # let posted = sandbox.take_notifications().remove(0);
/// # let headers = || posted.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
/// # let (headers, body) = (headers(), &posted.body);
/// # let now = wechatpay::Time::now()?;
/// # let event = wechatpay::notify::open(keys, &api_v3_key, headers, body, now)?;
/// match event.notification {
///     Notification::Transaction(transaction) => {
///         let paid = transaction.paid(signer.mchid(), &order)?;
/// #         assert_eq!(paid.total(), total);
///     }
///     Notification::Refund(state) => println!("{} is {}", state.out_refund_no, state.status),
///     other => { /* of another product */ }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notification {
    /// A single order. Only [`paid`](pay::Transaction::paid) proves a payment.
    Transaction(Box<pay::Transaction>),
    /// A combined order.
    Combined(Box<combine::Transaction>),
    /// A refund. Its [`status`](refund::State::status) says how it ended.
    Refund(Box<refund::State>),
    /// Something of another product.
    Other {
        /// 原始回调类型.
        original_type: String,
        /// The decrypted resource, as JSON text.
        json: String,
    },
}

impl Notification {
    fn read(original_type: &str, json: &str) -> Result<Self, Refusal> {
        let resource = json.as_bytes();
        match original_type {
            "transaction" => match read(resource) {
                Ok(transaction) => Ok(Self::Transaction(transaction)),
                // Combined orders come under the same name; they alone have this number.
                Err(refusal) => match read(resource) {
                    Ok(Kind { combine_out_trade_no: Some(_) }) => {
                        read(resource).map(Self::Combined)
                    }
                    _ => Err(refusal),
                },
            },
            "refund" => read(resource).map(Self::Refund),
            _ => {
                let original_type = original_type.to_owned();
                Ok(Self::Other { original_type, json: json.to_owned() })
            }
        }
    }
}

/// Why a notification is refused.
///
/// ```
/// use wechatpay::notify::{self, Refusal};
/// use wechatpay::{Time, Untrusted};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// # let (number, total) = ("order-1".parse()?, wechatpay::Fen(100));
/// # let notify_url = sandbox.notify_url();
/// # let order = wechatpay::pay::Order::new(sandbox.appid(), number, "公仔", total, notify_url);
/// # wechatpay::pay::app::prepay(signer, gateway, &order)?;
/// # sandbox.pay("order-1")?;
/// # let keys = sandbox.platform_keys();
/// # let api_v3_key = wechatpay::ApiV3Key::new(sandbox.api_v3_key())?;
/// # let posted = sandbox.take_notifications().remove(0);
/// # let headers = || posted.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
/// # let body = b"{}";
/// # let headers = headers();
/// let refusal = notify::open(keys, &api_v3_key, headers, body, Time::now()?).unwrap_err();
/// assert_eq!(refusal, Refusal::Untrusted(Untrusted::Signature { probe: false }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Its signature cannot be believed: stale, forged, a probe, of an unknown key.
    Untrusted(Untrusted),
    /// The APIv3 key does not open it; in APIv2, the APIv2 key.
    Undecryptable,
    /// It is not what the documents promise.
    Malformed(String),
    /// The body is larger than any notification; nothing of it was read.
    TooLarge,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted(Untrusted::Signature { probe: false }) => write!(
                f,
                "the notification cannot be believed: its signature does not verify; give the bytes of \
                 the body as received, not parsed and written again"
            ),
            Self::Untrusted(reason) => write!(f, "the notification cannot be believed: {reason}"),
            Self::Undecryptable => write!(
                f,
                "the notification is encrypted, and the APIv3 key does not open it (in APIv2, the APIv2 \
                 key); look whether the key was changed on the merchant platform"
            ),
            Self::Malformed(what) => {
                write!(
                    f,
                    "the notification is not what WeChat Pay documents: {what}; it will come again, and \
                     the order can be queried"
                )
            }
            Self::TooLarge => {
                write!(
                    f,
                    "the notification is larger than any of WeChat Pay's; limit what the server takes"
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// What to answer to a notification.
///
/// ```
/// use wechatpay::notify::{Refusal, Acknowledgement};
///
/// assert_eq!(Acknowledgement::accepted().status, 204);
/// assert_eq!(Acknowledgement::refused(&Refusal::Undecryptable).status, 400);
/// assert_eq!(Acknowledgement::again().status, 500); // It could not be stored.
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// The HTTP status.
    pub status: u16,
    /// The body; JSON, or empty.
    pub body: String,
}

impl Acknowledgement {
    /// 204: the notification is stored, and need not be sent again.
    #[must_use]
    pub fn accepted() -> Self {
        Self { status: 204, body: String::new() }
    }

    /// 4xx, with `FAIL`: the notification is refused, and will be sent again. It tells a stranger nothing
    /// but that.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        let (status, message) = match refusal {
            Refusal::Untrusted(_) => (401, "signature"),
            Refusal::TooLarge => (413, "too large"),
            Refusal::Undecryptable | Refusal::Malformed(_) => (400, "resource"),
        };
        Self { status, body: format!(r#"{{"code":"FAIL","message":"{message}"}}"#) }
    }

    /// 500, with `FAIL`: the notification could not be stored now, and is wanted again.
    #[must_use]
    pub fn again() -> Self {
        Self { status: 500, body: r#"{"code":"FAIL","message":"again"}"#.to_owned() }
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Refusal> {
    received::json(json).map_err(Refusal::Malformed)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    create_time: Time,
    event_type: EventType,
    #[serde(default)]
    summary: Option<String>,
    #[serde(borrow)]
    resource: Sealed<'a>,
}

#[derive(Deserialize)]
struct Kind {
    combine_out_trade_no: Option<IgnoredAny>,
}

/// A ciphertext has at most 1,048,576 characters (m/4012791861); the rest is the envelope's.
const NOTIFICATION_LIMIT: usize = 1_114_112;
