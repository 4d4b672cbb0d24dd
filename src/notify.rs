//! Notifications (回调通知, callbacks or webhooks) that WeChat Pay posts to the `notify_url`.
//!
//! Anyone on the internet can post to that URL, so [`open`] accepts nothing that is not signed. In
//! this order: take the body **as received**, [`open`] it, store the event (once per [`Event::id`]),
//! respond with [`Acknowledgement::accepted`] within five seconds, then process it.
//!
//! A notification can arrive more than once, in any order, or not at all, so query the order as
//! well. A transaction from a notification and one from a query prove a payment in the same way:
//! [`Transaction::paid`](crate::pay::Transaction::paid).
//!
//! ```
//! use wechatpay::notify::{self, Acknowledgement, Notification};
//! use wechatpay::{ApiV3Key, PlatformKeys, Time};
//!
//! fn post(
//!     keys: &PlatformKeys,
//!     api_v3_key: &ApiV3Key,
//!     headers: &[(String, Vec<u8>)],
//!     body: &[u8],
//! ) -> Result<Acknowledgement, wechatpay::Error> {
//!     let headers = headers.iter().map(|(name, value)| (name, value));
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
//! ```

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::api_v3_key::{ApiV3Key, Sealed};
use crate::error::Untrusted;
use crate::one_line::OneLine;
use crate::open_set::open_set;
use crate::platform_keys::PlatformKeys;
use crate::received::Received;
use crate::time::Time;
use crate::{combine, pay, profit_sharing, received, refund, transfer};

/// 回调通知: verifies, decrypts and parses a notification.
///
/// WeChat Pay posts one for a [payment](https://pay.weixin.qq.com/doc/v3/merchant/4012791861), for
/// a [refund](https://pay.weixin.qq.com/doc/v3/merchant/4012791865), and for a
/// [share](https://pay.weixin.qq.com/doc/v3/merchant/4015505684) that the merchant receives. `headers` are those of the
/// request, with names in any case: `&http::HeaderMap` (axum, hyper), `&HashMap<String, String>`, a `Vec` or an
/// array of pairs, as they are; for others, map each header to its name and value. `body` must be the
/// body **as received**: after a framework has
/// parsed and serialized it again, signature verification fails. `now` is [`Time::now`].
///
/// ```
/// use wechatpay::{ApiV3Key, PlatformKeys, Time, notify};
///
/// fn example(
///     keys: &PlatformKeys,
///     api_v3_key: &ApiV3Key,
///     headers: Vec<(String, Vec<u8>)>,
///     body: &[u8],
/// ) -> Result<(), Box<dyn std::error::Error>> {
///     let event = notify::open(keys, api_v3_key, headers, body, Time::now()?)?;
///     println!("{} of {}: {}", event.id, event.create_time, event.summary);
///     Ok(())
/// }
/// ```
///
/// # Errors
/// [`Refusal`] contains the reason; respond with [`Acknowledgement::refused`]. WeChat Pay then sends
/// the notification again, up to 15 times within a day. A probe (签名探测流量) is refused like any
/// other wrong signature.
#[doc(alias = "回调通知")]
#[doc(alias = "支付成功回调通知")]
#[doc(alias = "退款结果回调通知")]
#[doc(alias = "分账动账通知")]
#[doc(alias = "callback")]
#[doc(alias = "webhook")]
pub fn open<N: AsRef<str>, V: AsRef<[u8]>>(
    keys: &PlatformKeys,
    api_v3_key: &ApiV3Key,
    headers: impl IntoIterator<Item = (N, V)>,
    body: &[u8],
    now: Time,
) -> Result<Event, Refusal> {
    if body.len() > NOTIFICATION_LIMIT {
        return Err(Refusal::TooLarge);
    }
    keys.verify(headers, body, now).map_err(Refusal::Untrusted)?;
    let envelope: Envelope<'_> = received::json(body).map_err(Refusal::Malformed)?;
    let resource = api_v3_key.open(&envelope.resource).ok_or(Refusal::Undecryptable)?;
    let json = String::from_utf8(resource)
        .map_err(|_| Refusal::Malformed("the resource is not UTF-8".to_owned()))?;
    let (event_type, summary) = (envelope.event_type, envelope.summary.unwrap_or_default());
    let original_type = &envelope.resource.original_type;
    Ok(Event {
        id: envelope.id,
        create_time: envelope.create_time,
        notification: Notification::read(original_type, (&event_type, &summary), &json)?,
        summary,
        event_type,
        json,
    })
}

/// A verified notification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// 通知ID: id of the notification, the same each time it is sent.
    pub id: String,
    /// 通知创建时间: time at which the notification was created.
    pub create_time: Time,
    /// 通知类型: type of the event.
    pub event_type: EventType,
    /// 回调摘要: summary for a human reader.
    pub summary: String,
    /// 通知数据: the transaction, refund or share that the notification is about.
    pub notification: Notification,
    /// The decrypted resource as received, as JSON text: to store it, or to read fields that this
    /// version does not know.
    pub json: String,
}

open_set! {
    /// 通知类型: type of the event that a notification reports.
    notify::EventType {
        /// 支付成功: an order or a combined order was paid, or **a split or a return brought money**. Only
        /// [`Notification`] tells them apart.
        TransactionSuccess = "TRANSACTION.SUCCESS",
        /// 退款成功: the money was returned.
        RefundSuccess = "REFUND.SUCCESS",
        /// 退款异常: the payer's account cannot receive the money.
        RefundAbnormal = "REFUND.ABNORMAL",
        /// 退款关闭: the refund was closed.
        RefundClosed = "REFUND.CLOSED",
        /// 商家转账单据终态: a transfer ended: paid, failed or cancelled.
        TransferFinished = "MCHTRANSFER.BILL.FINISHED",
        /// 用户授权成功: a user agreed to an authorization of transfers.
        AuthorizationConfirmed = "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
        /// 授权关闭: an authorization of transfers was closed.
        AuthorizationClosed = "MCHTRANSFER.AUTHORIZATION.CLOSED",
        /// 验签测试: a test of the verification, requested by the merchant.
        SecurityEcho = "SECURITY_ECHO.SUCCESS",
    }
}

/// The transaction, refund or share that a notification is about.
///
/// ```
/// use wechatpay::notify::Notification;
/// use wechatpay::pay::{NotPaid, Order};
///
/// fn example(notification: Notification, mchid: &str, order: &Order) -> Result<(), NotPaid> {
///     match notification {
///         Notification::Transaction(transaction) => {
///             let paid = transaction.paid(mchid, order)?;
///             println!("{} fen were paid", paid.total().0);
///         }
///         Notification::Refund(state) => println!("{} is {}", state.out_refund_no, state.status),
///         other => println!("not handled: {other:?}"),
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notification {
    /// 支付通知: a single order. Only [`paid`](pay::Transaction::paid) proves a payment.
    Transaction(Box<pay::Transaction>),
    /// 合单支付通知: a combined order.
    Combined(Box<combine::Transaction>),
    /// 退款结果通知: a refund. Its [`status`](refund::State::status) is the result.
    Refund(Box<refund::State>),
    /// 分账动账通知: money that a split brought to this merchant, or a return. **Not a payment**, though its event type is
    /// [`TransactionSuccess`](EventType::TransactionSuccess).
    Share(Box<profit_sharing::ShareNotification>),
    /// 商家转账通知: a transfer that ended. Its [`state`](transfer::Bill::state) is the result.
    Transfer(Box<transfer::Bill>),
    /// 免确认收款授权通知: an authorization of transfers that a user agreed to, or that was closed.
    TransferAuthorization(Box<transfer::authorization::Authorization>),
    /// A notification of another product.
    Other {
        /// 原始回调类型: original type of the resource; empty if the notification does not name it.
        original_type: String,
        /// The decrypted resource, as JSON text.
        json: String,
    },
}

impl Notification {
    fn read(
        original_type: &str,
        (event, summary): (&EventType, &str),
        json: &str,
    ) -> Result<Self, Refusal> {
        use EventType::{
            AuthorizationClosed, AuthorizationConfirmed, RefundAbnormal, RefundClosed,
            RefundSuccess, TransactionSuccess, TransferFinished,
        };
        // Some notifications do not name the type of their resource. Their event suggests one, and the resource decides.
        let suggested = match (original_type, event) {
            ("", TransactionSuccess) => "transaction",
            ("", RefundSuccess | RefundAbnormal | RefundClosed) => "refund",
            ("", TransferFinished | AuthorizationConfirmed | AuthorizationClosed) => "mch_payment",
            _ => return Self::of_type(original_type, (event, summary), json),
        };
        Self::of_type(suggested, (event, summary), json)
            .or_else(|_| Self::of_type("", (event, summary), json))
    }

    /// One original type has several events, and one event type several products, so both count.
    fn of_type(
        original_type: &str,
        (event, summary): (&EventType, &str),
        json: &str,
    ) -> Result<Self, Refusal> {
        match original_type {
            "transaction" => match read(json) {
                Ok(transaction) => Ok(Self::Transaction(transaction)),
                // Combined orders have the same type; only they have this number.
                Err(refusal) => match read(json) {
                    Ok(Kind { combine_out_trade_no: Some(_) }) => read(json).map(Self::Combined),
                    _ => Err(refusal),
                },
            },
            "refund" => read(json).map(Self::Refund),
            "profitsharing" => read(json).map(|share: profit_sharing::ShareNotification| {
                Self::Share(Box::new(share.with_summary(summary)))
            }),
            "mch_payment" if *event == EventType::TransferFinished => {
                read(json).map(Self::Transfer)
            }
            "mch_payment"
                if [EventType::AuthorizationConfirmed, EventType::AuthorizationClosed]
                    .contains(event) =>
            {
                read(json).map(Self::TransferAuthorization)
            }
            _ => {
                let original_type = original_type.to_owned();
                Ok(Self::Other { original_type, json: json.to_owned() })
            }
        }
    }
}

/// The reason for refusing a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The signature is missing, wrong, expired, of an unknown key, or a probe.
    Untrusted(Untrusted),
    /// Decryption with the APIv3 key failed; in APIv2, with the APIv2 key.
    Undecryptable,
    /// The content is not as documented.
    Malformed(String),
    /// The body is larger than any notification; it was not parsed.
    TooLarge,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted(Untrusted::Signature { probe: false }) => f.write_str(
                "the notification is not verified: signature verification failed; use the bytes of \
                 the body as received, not parsed and serialized again",
            ),
            Self::Untrusted(reason) => write!(f, "the notification is not verified: {reason}"),
            Self::Undecryptable => f.write_str(
                "decryption of the notification with the APIv3 key failed (in APIv2, with the APIv2 \
                 key); check whether the key was changed on the merchant platform",
            ),
            Self::Malformed(what) => write!(
                f,
                "the notification is not as WeChat Pay documents it: {}; query the order or refund",
                OneLine(what)
            ),
            Self::TooLarge => f.write_str(
                "the notification exceeds the size limit; limit the body size in the HTTP server",
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// The response to a notification.
///
/// ```
/// use wechatpay::notify::{Acknowledgement, Refusal};
///
/// assert_eq!(Acknowledgement::accepted().status, 204);
/// assert_eq!(Acknowledgement::refused(&Refusal::Undecryptable).status, 400);
/// assert_eq!(Acknowledgement::again().status, 500); // Storing it failed.
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// HTTP status.
    pub status: u16,
    /// Body: JSON, or empty.
    pub body: String,
}

impl Acknowledgement {
    /// 204: the notification was stored and need not be sent again.
    #[must_use]
    pub fn accepted() -> Self {
        Self { status: 204, body: String::new() }
    }

    /// 4xx with `FAIL`: the notification is refused and will be sent again. The body contains no detail
    /// that would help an attacker.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        let (status, message) = match refusal {
            Refusal::Untrusted(_) => (401, "signature"),
            Refusal::TooLarge => (413, "too large"),
            Refusal::Undecryptable | Refusal::Malformed(_) => (400, "resource"),
        };
        Self { status, body: format!(r#"{{"code":"FAIL","message":"{message}"}}"#) }
    }

    /// 500 with `FAIL`: the notification could not be stored; WeChat Pay should send it again.
    #[must_use]
    pub fn again() -> Self {
        Self { status: 500, body: r#"{"code":"FAIL","message":"again"}"#.to_owned() }
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Refusal> {
    received::json_text(json).map_err(Refusal::Malformed)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    #[serde(deserialize_with = "create_time")]
    create_time: Time,
    event_type: EventType,
    #[serde(default, deserialize_with = "received::lenient_text")]
    summary: Option<String>,
    #[serde(borrow)]
    resource: Sealed<'a>,
}

/// Some products print this time as `20180225112233`, in Beijing time.
fn create_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    struct EitherForm(Time);
    impl Received for EitherForm {
        fn received(text: &str) -> Option<Self> {
            text.parse().or_else(|_| Time::from_compact(text)).ok().map(Self)
        }
    }
    received::text(deserializer).map(|EitherForm(time): EitherForm| time)
}

#[derive(Deserialize)]
struct Kind {
    combine_out_trade_no: Option<IgnoredAny>,
}

/// A ciphertext has at most 1,048,576 characters, and the envelope is small
/// (<https://pay.weixin.qq.com/doc/v3/merchant/4012791861>).
const NOTIFICATION_LIMIT: usize = 1_114_112;
