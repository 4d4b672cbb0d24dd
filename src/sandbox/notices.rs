//! 回调通知: what the platform tells the merchant of its own accord.

use std::io::Read;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::{Request, Transport};

use super::calendar::Beijing;
use super::cipher::Cipher;
use super::fresh::Fresh;
use super::json::put;
use super::platform::Platform;

/// A notice, signed, as it goes to the merchant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Notice {
    /// Where it goes.
    pub notify_url: String,
    /// The headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What became of a notice that was sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Where it went.
    pub notify_url: String,
    /// The HTTP status of the merchant's answer, or why there is none.
    pub result: Result<u16, String>,
    /// The body of the merchant's answer: at most the first 64 KiB.
    pub body: Vec<u8>,
}

/// The notices that no merchant has accepted yet, the oldest first.
#[derive(Default)]
pub(super) struct Notices {
    pending: Vec<Pending>,
}

/// What there is to tell.
pub(super) struct News<'a> {
    pub(super) notify_url: &'a str,
    pub(super) event_type: &'a str,
    pub(super) summary: &'a str,
    /// 原始回调类型: `transaction` or `refund`.
    pub(super) about: &'a str,
    pub(super) resource: &'a Value,
}

struct Pending {
    id: String,
    notify_url: String,
    body: Vec<u8>,
}

/// A notice on its way.
pub(super) struct Letter {
    pub(super) id: String,
    notify_url: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl<'a> News<'a> {
    /// 支付成功.
    pub(super) fn of_payment(notify_url: &'a str, resource: &'a Value) -> Self {
        let (event_type, summary) = ("TRANSACTION.SUCCESS", "支付成功");
        Self { notify_url, event_type, summary, about: "transaction", resource }
    }
}

impl Notices {
    /// `now` is business time.
    pub(super) fn add(&mut self, news: &News<'_>, now: i64, cipher: &Cipher, fresh: &mut Fresh) {
        let moment = Beijing::at(now);
        let id = format!("EV-{}{}", moment.digits(), fresh.decimals(12));
        let plaintext = news.resource.to_string();
        let mut resource = cipher.encrypted(news.about, plaintext.as_bytes(), fresh);
        put(&mut resource, "original_type", news.about);
        let body = json!({
            "id": id,
            "create_time": moment.rfc3339(),
            "event_type": news.event_type,
            "resource_type": "encrypt-resource",
            "summary": news.summary,
            "resource": resource,
        });
        let (notify_url, body) = (news.notify_url.to_owned(), body.to_string().into_bytes());
        self.pending.push(Pending { id, notify_url, body });
    }

    /// Every pending notice, signed now: one that is sent again has a fresh signature.
    pub(super) fn letters(
        &self,
        platform: &mut Platform,
        now: i64,
        fresh: &mut Fresh,
    ) -> Vec<Letter> {
        let letter = |pending: &Pending| {
            let mut headers = platform.notifying().headers(&pending.body, now, &fresh.digits(32));
            headers.push(("Content-Type", "application/json".to_owned()));
            headers.push(("Accept", "*/*".to_owned()));
            headers.push(("User-Agent", "Mozilla/4.0".to_owned()));
            let Pending { id, notify_url, body } = pending;
            let (id, notify_url, body) = (id.clone(), notify_url.clone(), body.clone());
            Letter { id, notify_url, headers, body }
        };
        self.pending.iter().map(letter).collect()
    }

    /// The merchant has this one.
    pub(super) fn settle(&mut self, id: &str) {
        self.pending.retain(|pending| pending.id != id);
    }
}

impl Letter {
    /// Posts it, and waits for the answer.
    pub(super) fn post(&self, transport: &dyn Transport) -> Delivery {
        let mut delivery = Delivery {
            notify_url: self.notify_url.clone(),
            result: Err("the sandbox posts to loopback addresses only".to_owned()),
            body: Vec::new(),
        };
        if !is_loopback(&self.notify_url) {
            return delivery;
        }
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = Request {
            method: "POST",
            url: &self.notify_url,
            headers: &headers,
            body: &self.body,
            is_file: false,
        };
        delivery.result =
            transport.send(&request).map_err(|error| error.to_string()).and_then(|reply| {
                let read = reply.body.take(LONGEST_ANSWER).read_to_end(&mut delivery.body);
                read.map(|_| reply.status).map_err(|error| format!("no answer: {error}"))
            });
        delivery
    }
}

impl From<Letter> for Notice {
    fn from(letter: Letter) -> Self {
        let headers = letter.headers.into_iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        Self { notify_url: letter.notify_url, headers, body: letter.body }
    }
}

impl Delivery {
    /// Whether the platform takes the notice for delivered.
    pub(super) fn is_accepted(&self) -> bool {
        matches!(self.result, Ok(200 | 204))
    }
}

/// Whether the address is of this machine: a sandbox must not call anybody else.
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

/// Ours: a merchant has nothing to say but that something failed.
const LONGEST_ANSWER: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
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
