//! 回调通知: what the platform reports to the merchant by itself.

use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};

use wechatpay::{Method, Request, Transport};

use super::calendar::Beijing;
use super::cipher::Cipher;
use super::fault::{SIGNATURE, probe_of};
use super::json::put;
use super::platform::Platform;
use super::unique_ids::UniqueIds;
use super::version::Version;

/// A signed notification (callback, webhook), as it is sent to the merchant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Notification {
    /// 通知ID: notification ID, the same in each delivery. Notifications of APIv2 have none; here it is
    /// an ID of the sandbox.
    pub id: String,
    /// 商户订单号: merchant order number (of a combined order 合单商户订单号), or 商户退款单号: merchant refund
    /// number. The merchant finds it in the encrypted part.
    pub number: String,
    /// How often it was sent before.
    pub attempts: usize,
    /// 通知地址: the URL to which it is sent.
    pub notify_url: String,
    /// The headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The result of sending a notification.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// 通知ID: [`Notification::id`].
    pub id: String,
    /// The number of the attempt, from 1.
    pub attempt: usize,
    /// How long after this attempt the next one follows, if there is one.
    pub next_attempt: Option<Duration>,
    /// 通知地址: the URL to which it was sent.
    pub notify_url: String,
    /// The HTTP status of the merchant's response, or why there is none.
    pub result: Result<u16, String>,
    /// The body of the merchant's response, at most its first 64 KiB.
    pub body: Vec<u8>,
    is_v2: bool,
}

/// The notifications that no merchant has accepted yet, the oldest first.
#[derive(Default)]
pub(super) struct Notifications {
    pending: Vec<Pending>,
}

/// What a notification reports.
pub(super) struct Event<'a> {
    pub(super) notify_url: &'a str,
    /// Of the order or the refund.
    pub(super) number: &'a str,
    pub(super) event_type: &'a str,
    pub(super) summary: &'a str,
    /// 原始回调类型: `transaction`, `refund` or `mch_payment`.
    pub(super) original_type: &'a str,
    pub(super) resource: &'a Value,
}

struct Pending {
    id: String,
    number: String,
    version: Version,
    notify_url: String,
    body: Vec<u8>,
    /// How often it was posted.
    attempts: usize,
    /// When it is posted next, in business time.
    due: i64,
    /// The pauses between the attempts, in seconds.
    schedule: &'static [i64],
}

impl<'a> Event<'a> {
    /// 支付成功.
    pub(super) fn of_payment(notify_url: &'a str, number: &'a str, resource: &'a Value) -> Self {
        let (event_type, summary) = ("TRANSACTION.SUCCESS", "支付成功");
        Self { notify_url, number, event_type, summary, original_type: "transaction", resource }
    }
}

impl Notifications {
    /// `now` is business time.
    pub(super) fn add(
        &mut self,
        event: &Event<'_>,
        now: i64,
        cipher: &Cipher,
        ids: &mut UniqueIds,
    ) {
        let moment = Beijing::at(now);
        let id = format!("EV-{}{}", moment.digits(), ids.decimals(12));
        let plaintext = event.resource.to_string();
        let mut resource = cipher.encrypted(event.original_type, plaintext.as_bytes(), ids);
        put(&mut resource, "original_type", event.original_type);
        let body = json!({
            "id": id,
            "create_time": moment.rfc3339(),
            "event_type": event.event_type,
            "resource_type": "encrypt-resource",
            "summary": event.summary,
            "resource": resource,
        });
        self.pending.push(Pending {
            id,
            number: event.number.to_owned(),
            version: Version::V3,
            notify_url: event.notify_url.to_owned(),
            body: body.to_string().into_bytes(),
            attempts: 0,
            due: now,
            schedule: if event.original_type == MCH_PAYMENT {
                &TRANSFER_SCHEDULE
            } else {
                &SCHEDULE
            },
        });
    }

    /// A notification of APIv2, which is signed once and for all, in its body.
    #[cfg(feature = "v2")]
    pub(super) fn add_v2(
        &mut self,
        notify_url: &str,
        number: &str,
        body: Vec<u8>,
        now: i64,
        ids: &mut UniqueIds,
    ) {
        self.pending.push(Pending {
            id: format!("V2-{}", ids.decimals(12)),
            number: number.to_owned(),
            version: Version::V2,
            notify_url: notify_url.to_owned(),
            body,
            attempts: 0,
            due: now,
            schedule: &SCHEDULE,
        });
    }

    /// The pending notifications whose due time fulfils a condition, signed now: every delivery has a
    /// fresh signature.
    pub(super) fn signed(
        &self,
        is_wanted: impl Fn(i64) -> bool,
        platform: &mut Platform,
        now: i64,
        ids: &mut UniqueIds,
    ) -> Vec<Notification> {
        let signed = |pending: &Pending| Notification {
            id: pending.id.clone(),
            number: pending.number.clone(),
            attempts: pending.attempts,
            notify_url: pending.notify_url.clone(),
            headers: headers(pending.version, &pending.body, platform, now, ids),
            body: pending.body.clone(),
        };
        self.pending.iter().filter(|pending| is_wanted(pending.due)).map(signed).collect()
    }

    /// The notification, signed now.
    pub(super) fn sign_again(
        &self,
        notification: &Notification,
        platform: &mut Platform,
        now: i64,
        ids: &mut UniqueIds,
    ) -> Notification {
        let headers = headers(notification.version(), &notification.body, platform, now, ids);
        Notification { headers, ..notification.clone() }
    }

    /// Counts an attempt that failed. Returns the seconds until the next one, or `None` after the last.
    pub(super) fn postpone(&mut self, id: &str, now: i64) -> Option<i64> {
        let pending = self.pending.iter_mut().find(|pending| pending.id == id)?;
        let pause = pending.schedule.get(pending.attempts).copied();
        pending.attempts = pending.attempts.saturating_add(1);
        match pause {
            Some(pause) => pending.due = now.saturating_add(pause),
            None => self.settle(id),
        }
        pause
    }

    /// The merchant has accepted this one.
    pub(super) fn settle(&mut self, id: &str) {
        self.pending.retain(|pending| pending.id != id);
    }
}

impl Notification {
    /// 签名探测流量: the same notification with the wrong signature that WeChat Pay sends now and then, to
    /// check that merchants verify signatures. APIv2 has no probes: there it is unchanged.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// let notification = sandbox.take_notifications().remove(0);
    /// assert_ne!(notification.probe().headers, notification.headers);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn probe(&self) -> Self {
        let mut probe = self.clone();
        for (_, value) in probe.headers.iter_mut().filter(|(name, _)| name == SIGNATURE) {
            *value = probe_of(value);
        }
        probe
    }

    /// The same notification from an attacker without a key of WeChat Pay's: the signature is of the right
    /// form, and nothing else. Of a notification of APIv2 about a refund, which has no signature, it is the
    /// ciphertext.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// let notification = sandbox.take_notifications().remove(0);
    /// assert_ne!(notification.forged().headers, notification.headers);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn forged(&self) -> Self {
        let mut forged = self.clone();
        for (_, value) in forged.headers.iter_mut().filter(|(name, _)| name == SIGNATURE) {
            // Base64 ends in padding.
            let length = value.len().saturating_sub(4);
            value.get_mut(..length).unwrap_or_default().reverse();
        }
        for tag in [b"<sign><![CDATA[".as_slice(), b"<req_info><![CDATA["] {
            let start = forged.body.windows(tag.len()).position(|window| window == tag);
            let start = start.map_or(usize::MAX, |start| start.saturating_add(tag.len()));
            let value = forged.body.get_mut(start..start.saturating_add(32));
            value.unwrap_or_default().reverse();
        }
        forged
    }

    /// Posts it unchanged, and waits for the response.
    pub(super) fn post(&self, transport: &dyn Transport) -> Delivery {
        // The client cannot send headers that a test added, or that are not text.
        let sent = |(name, value): &'_ (String, Vec<u8>)| {
            let name = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
            Some((*name, String::from_utf8(value.clone()).ok()?))
        };
        let headers: Vec<(&'static str, String)> = self.headers.iter().filter_map(sent).collect();
        let headers: Vec<(&'static str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut delivery = post(transport, &self.notify_url, &headers, &self.body);
        (delivery.id, delivery.attempt) = (self.id.clone(), self.attempts.saturating_add(1));
        delivery
    }

    /// 通知类型 (event_type), which notifications of APIv2 do not have.
    pub(super) fn event(&self) -> String {
        let output: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let event = output.get("event_type").and_then(Value::as_str);
        event.unwrap_or("APIv2").to_owned()
    }

    pub(super) fn version(&self) -> Version {
        #[cfg(feature = "v2")]
        if self.body.starts_with(b"<xml>") {
            return Version::V2;
        }
        Version::V3
    }
}

impl Delivery {
    /// Whether the platform regards the notification as delivered: status 200 or 204, in APIv2 status 200
    /// and SUCCESS in the body.
    ///
    /// ```
    /// use wechatpay::pay::app;
    /// use wechatpay_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::start()?;
    /// app::prepay(sandbox.signer(), sandbox.gateway(), &sandbox.order("order-1")?)?;
    /// sandbox.pay("order-1")?;
    /// let notification = sandbox.take_notifications().remove(0);
    /// assert!(!sandbox.post(&notification).is_accepted()); // No server listens there.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        match self.result {
            Ok(200) if self.is_v2 => self.body.windows(7).any(|window| window == b"SUCCESS"),
            Ok(204) => !self.is_v2,
            Ok(status) => status == 200,
            Err(_) => false,
        }
    }
}

fn post(
    transport: &dyn Transport,
    notify_url: &str,
    headers: &[(&'static str, &str)],
    body: &[u8],
) -> Delivery {
    let mut delivery = Delivery {
        id: String::new(),
        attempt: 1,
        next_attempt: None,
        notify_url: notify_url.to_owned(),
        result: Err("the sandbox posts to loopback addresses only".to_owned()),
        body: Vec::new(),
        is_v2: body.starts_with(b"<xml>"),
    };
    if !is_loopback(notify_url) {
        return delivery;
    }
    let request = Request::new(Method::Post, notify_url, headers, body);
    delivery.result =
        transport.send(&request).map_err(|error| error.to_string()).and_then(|reply| {
            let read = reply.body.take(LONGEST_RESPONSE).read_to_end(&mut delivery.body);
            read.map(|_| reply.status).map_err(|error| format!("no response: {error}"))
        });
    delivery
}

fn headers(
    version: Version,
    body: &[u8],
    platform: &mut Platform,
    now: i64,
    ids: &mut UniqueIds,
) -> Vec<(String, Vec<u8>)> {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let (signature, media_type) = match version {
        Version::V3 => {
            (platform.notifying().sign(body, now, &ids.digits(32)).to_vec(), "application/json")
        }
        #[cfg(feature = "v2")]
        Version::V2 => (Vec::new(), "text/xml"),
    };
    let others = [("Content-Type", media_type), ("Accept", "*/*"), ("User-Agent", "Mozilla/4.0")];
    let signature = signature.iter().map(|(name, value)| header(name, value));
    signature.chain(others.map(|(name, value)| header(name, value))).collect()
}

/// Whether the address belongs to this machine: a sandbox must not call others.
fn is_loopback(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// 重发: the pauses between the attempts, in seconds, 24 hours and 4 minutes in all
/// (merchant/4012791861; APIv2 has the same). After the last of them comes one more attempt.
const SCHEDULE: [i64; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];
/// The same of transfers (merchant/4012712115), which the documents give as 15 s, 300 s and 1800 s.
const TRANSFER_SCHEDULE: [i64; 64] = [
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300,
    1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800,
    1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800,
    1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800, 1_800,
    1_800, 1_800, 1_800, 1_800, 1_800,
];
/// 原始回调类型 of transfers and their authorizations.
pub(super) const MCH_PAYMENT: &str = "mch_payment";
/// The headers of a notification.
const NAMES: [&str; 8] = [
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Signature",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
    "Content-Type",
    "Accept",
    "User-Agent",
];
/// Our own bound: a merchant reports an error at most.
const LONGEST_RESPONSE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_is_that_of_the_documents() {
        assert_eq!(SCHEDULE.iter().sum::<i64>(), (24 * 60 + 4) * 60);
        assert_eq!(TRANSFER_SCHEDULE.iter().sum::<i64>(), 10 * 15 + 10 * 300 + 44 * 1_800);
    }

    #[test]
    fn only_loopback_urls_are_notified() {
        for url in [
            "https://127.0.0.1/n",
            "http://127.0.0.1:80/n",
            "http://[::1]:80/n",
            "http://localhost/",
            "https://127.8.9.1:1/n",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://www.weixin.qq.com/n",
            "https://127.0.0.1.evil.example/n",
            "https://localhost.evil.example/n",
            "https://[2001:db8::1]/n",
            "https://10.0.0.1/n",
            "ftp://127.0.0.1/n",
            "https:///n",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
