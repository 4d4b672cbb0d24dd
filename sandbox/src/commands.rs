//! What the methods of [`Sandbox`](super::Sandbox) do, by HTTPS and JSON: for tests in any language.
//!
//! The sandbox takes these commands itself, next to the interfaces of WeChat Pay, unsigned and from
//! this machine only. Each is the method of its name. The program `examples/sandbox.rs` serves a
//! sandbox to other programs.
//!
//! ```text
//! cargo run --example sandbox
//! curl --cacert target/sandbox/ca.pem https://127.0.0.1:8443/sandbox/pay \
//!     -d '{"out_trade_no": "1217752501201407033233368018"}'
//! curl --cacert target/sandbox/ca.pem https://127.0.0.1:8443/sandbox/orders
//! ```
//!
//! | command | body | answer |
//! |---|---|---|
//! | `POST /sandbox/pay` | `out_trade_no`, `coupon` (fen, optional) | |
//! | `POST /sandbox/pay-combined` | `combine_out_trade_no` | |
//! | `POST /sandbox/refuse-payment` | `out_trade_no` | |
//! | `POST /sandbox/refuse-combined-payment` | `combine_out_trade_no` | |
//! | `POST /sandbox/close` | `out_trade_no` | |
//! | `POST /sandbox/close-combined` | `combine_out_trade_no` | |
//! | `POST /sandbox/end-refund` | `out_refund_no`, `status`: `SUCCESS`, `ABNORMAL` or `CLOSED` | |
//! | `POST /sandbox/let-time-pass` | `seconds` | |
//! | `POST /sandbox/shift-clock` | `seconds` | |
//! | `POST /sandbox/shift-answers` | `seconds` | |
//! | `POST /sandbox/set-key-mode` | `mode`: `PUBLIC_KEY`, `CERTIFICATE` or `MIXED` | |
//! | `POST /sandbox/announce-platform-certificate` | | `certificate` in PEM |
//! | `POST /sandbox/rotate-platform-certificate` | | `certificate` in PEM |
//! | `POST /sandbox/retire-platform-certificates` | | |
//! | `POST /sandbox/refuse-next` | `status` (400 to 599), `code`, `message` | |
//! | `POST /sandbox/fault-next` | `fault`: the name of a [`Fault`] | |
//! | `POST /sandbox/fault-when` | `fault`; optional `method`, `path_prefix`, `times`, `skip`, `carried_out` (true or false) | |
//! | `POST /sandbox/clear-faults` | | |
//! | `POST /sandbox/set-balance` | `balance` (fen) | |
//! | `POST /sandbox/limit-rate` | `calls`, `seconds` | |
//! | `POST /sandbox/take-notifications` | | `notifications` |
//! | `POST /sandbox/sign-again` | `id`, `kind` (optional): `GENUINE`, `PROBE` or `FORGED` | `notifications`: this one |
//! | `POST /sandbox/post` | `id`, `kind` (optional): `GENUINE`, `PROBE` or `FORGED` | `deliveries`: this one |
//! | `POST /sandbox/deliver-notifications` | | `deliveries` of both versions |
//! | `POST /sandbox/deliver-due-notifications` | | `deliveries` of both versions |
//! | `GET /sandbox/faults` | | `faults`: every name |
//! | `GET /sandbox/orders` | | `orders` of both versions |
//! | `GET /sandbox/refunds` | | `refunds` of both versions |
//! | `GET /sandbox/notifications` | | `pending` and `sent` notifications of both versions |
//! | `GET /sandbox/received` | | `received` requests, each with its `answer` |
//!
//! With the feature `v2`, for orders of APIv2:
//!
//! | command | body | answer |
//! |---|---|---|
//! | `POST /sandbox/v2/pay` | `out_trade_no`, `coupons` (a list of fen, optional) | |
//! | `POST /sandbox/v2/pay-combined` | `combine_out_trade_no` | |
//! | `POST /sandbox/v2/refuse-payment` | `out_trade_no` | |
//! | `POST /sandbox/v2/refuse-combined-payment` | `combine_out_trade_no` | |
//! | `POST /sandbox/v2/close` | `out_trade_no` | |
//! | `POST /sandbox/v2/close-combined` | `combine_out_trade_no` | |
//! | `POST /sandbox/v2/end-refund` | `out_refund_no`, `status`: `SUCCESS`, `REFUNDCLOSE` or `CHANGE` | |
//! | `POST /sandbox/v2/refuse-next` | `code`, `text` | |
//! | `POST /sandbox/v2/fail-next` | `text` | |
//! | `POST /sandbox/v2/take-notifications` | | `notifications` |
//!
//! `carried_out` says as [`FaultRule`] does whether the calls that the fault meets are carried out. A
//! fault in the handshake meets whoever connects next, a client that sends commands as well, and must
//! have its `times`.
//!
//! A notification says its `id`, and by `number` what it is about, as [`Notification`] does. `sign-again` gives and
//! `post` sends one that is pending, or was sent or taken lately: once more, or as WeChat Pay's probes
//! and forgers do. Neither changes what is pending.
//!
//! The cashier pays in a browser what was not paid by a command: an h5_url leads there, a code_url by
//! `/cashier?code_url=…` and a prepay_id by `/cashier?prepay_id=…`, percent-encoded.
//!
//! A body is one JSON object with these fields and no others; where there are none, it may be
//! absent. An answer is a JSON object, empty where the table has nothing, with status 200.
//! Otherwise it is `{"error": "…"}` in English:
//!
//! | status | when |
//! |---|---|
//! | 400 | the body is not as the table says |
//! | 403 | the command comes from another machine, or from a page of another site |
//! | 404 | there is no such command, order, refund or notification; of APIv2, or the refund has ended |
//! | 405 | GET where it should be POST, or the other way round |
//! | 409 | the order or refund is not in a state for this |
//! | 500 | the system has no random numbers |
//!
//! A delivery says which `attempt` it was and whether the merchant answered so that it `is_accepted`,
//! and if not, in how many seconds the `next_attempt` comes, if one does.
//!
//! An answer that `is_broken` met a fault on the wire, and did not arrive like that. Lists have the
//! newest first; of requests and sent notifications the last thousand. Headers are pairs of
//! name and value, for a name may repeat. A body that is not UTF-8 has the replacement character.

use std::io;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::Answer;
use super::calendar::Beijing;
use super::console::{self, Console};
use super::fault::{Fault, UnknownFault};
use super::fault_rules::FaultRule;
use super::journal::{Exchange, Sent};
use super::json::put;
use super::notifications::{Delivery, Notification, Version};
use super::order_error::OrderError;
use super::platform::KeyMode;
use super::rate_limit::RateLimit;
use super::received::Received;
use super::refunds::{NoSuchRefund, RefundStatus};
use super::refusal::Refusal;
use super::{MCHID, unix_now, url};

/// Answers a command.
pub(super) fn answer(console: &Console, request: &Received, peer: IpAddr) -> Answer {
    let done = check_sender(request, peer)
        .and_then(|()| named(request))
        .and_then(|command| command(console, &request.body));
    let (status, told) = match done {
        Ok(told) => (200, told),
        Err(Trouble { status, error }) => (status, json!({ "error": error })),
    };
    let mut answer = Answer::json(status, &told);
    answer.add_header("Content-Type", "application/json; charset=utf-8");
    answer.add_header("Cache-Control", "no-store");
    answer
}

/// What is done with the body of a command.
pub(super) type Command = fn(&Console, &[u8]) -> Done;

pub(super) type Done = Result<Value, Trouble>;

/// Why a command is not obeyed.
pub(super) struct Trouble {
    status: u16,
    error: String,
}

impl Trouble {
    pub(super) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }
}

impl From<NoSuchRefund> for Trouble {
    fn from(error: NoSuchRefund) -> Self {
        Self::new(if error.is_known() { 409 } else { 404 }, error.to_string())
    }
}

/// The body of a command, which has exactly these fields.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    let body = if body.is_empty() { b"{}" } else { body };
    // Or else serde takes a list for the fields in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Trouble::new(400, "the body must be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| Trouble::new(400, error.to_string()))
}

/// There is nothing to tell.
pub(super) fn done(result: Result<(), impl Into<Trouble>>) -> Done {
    result.map(|()| json!({})).map_err(Into::into)
}

/// As [`done`], for what was done to an order.
pub(super) fn order_done(console: &Console, number: &str, result: Result<(), OrderError>) -> Done {
    let Err(error) = result else { return Ok(json!({})) };
    if error != OrderError::NotPlaced {
        return Err(Trouble::new(409, format!("{number}: {error}")));
    }
    // Of another kind, perhaps.
    let orders = console.world().order_summaries(unix_now());
    let kinds = orders.iter().filter(|order| order.out_trade_no == number).map(|order| {
        let kind = if order.is_combined { "a combined" } else { "a single" };
        format!("; it is {kind} order of APIv{}, which has a command of its own", order.version)
    });
    Err(Trouble::new(404, format!("{number}: {error}{}", kinds.collect::<String>())))
}

pub(super) fn taken(notifications: &[Notification]) -> Value {
    let described: Vec<_> = notifications.iter().map(notification).collect();
    json!({ "notifications": described })
}

pub(super) fn delivered(deliveries: &[Delivery]) -> Value {
    let described = deliveries.iter().map(|delivery| {
        let mut told = json!({ "id": delivery.id, "notify_url": delivery.notify_url });
        put_result(&mut told, delivery);
        told
    });
    json!({ "deliveries": described.collect::<Vec<_>>() })
}

/// The body of a command that has no fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderNumber {
    pub(super) out_trade_no: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CombinedNumber {
    pub(super) combine_out_trade_no: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundEnd {
    pub(super) out_refund_no: String,
    pub(super) status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    out_trade_no: String,
    #[serde(default)]
    coupon: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shift {
    seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    mode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedCall {
    status: u16,
    code: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Funds {
    balance: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    calls: usize,
    seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedNotification {
    id: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextFault {
    fault: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuledFault {
    fault: String,
    /// Every method if empty.
    #[serde(default)]
    method: String,
    #[serde(default)]
    path_prefix: String,
    times: Option<usize>,
    #[serde(default)]
    skip: usize,
    carried_out: Option<bool>,
}

fn check_sender(request: &Received, peer: IpAddr) -> Result<(), Trouble> {
    if !peer.is_loopback() {
        return Err(Trouble::new(403, "commands are taken from this machine only"));
    }
    if console::is_foreign(request) {
        return Err(Trouble::new(403, "commands are not taken from pages of other sites"));
    }
    Ok(())
}

fn named(request: &Received) -> Result<Command, Trouble> {
    let (path, _) = url::split(&request.path);
    let name = path.strip_prefix("/sandbox/").unwrap_or_default();
    let (command, list) = (command(name), list(name));
    match (request.method.as_str(), command, list) {
        ("POST", Some(found), _) | ("GET", _, Some(found)) => Ok(found),
        (_, Some(_), _) => Err(Trouble::new(405, format!("the command {name} takes POST"))),
        (_, _, Some(_)) => Err(Trouble::new(405, format!("the command {name} takes GET"))),
        _ => Err(Trouble::new(404, format!("the sandbox has no command {name:?}"))),
    }
}

/// What is posted.
fn command(name: &str) -> Option<Command> {
    #[cfg(feature = "v2")]
    if let Some(name) = name.strip_prefix("v2/") {
        return super::v2::command(name);
    }
    Some(match name {
        "pay" => |console, body| {
            let Payment { out_trade_no, coupon } = read(body)?;
            let paid = console.world().pay(MCHID, &out_trade_no, coupon, unix_now());
            order_done(console, &out_trade_no, paid)
        },
        "pay-combined" => |console, body| {
            let CombinedNumber { combine_out_trade_no: number } = read(body)?;
            let paid = console.world().pay_combined(MCHID, &number, unix_now());
            order_done(console, &number, paid)
        },
        "refuse-payment" => |console, body| {
            let OrderNumber { out_trade_no } = read(body)?;
            let refused = console.world().refuse_payment(MCHID, &out_trade_no, unix_now());
            order_done(console, &out_trade_no, refused)
        },
        "refuse-combined-payment" => |console, body| {
            let CombinedNumber { combine_out_trade_no: number } = read(body)?;
            let refused = console.world().refuse_combined_payment(MCHID, &number, unix_now());
            order_done(console, &number, refused)
        },
        "close" => |console, body| {
            let OrderNumber { out_trade_no } = read(body)?;
            let closed = console.world().close(MCHID, &out_trade_no);
            order_done(console, &out_trade_no, closed)
        },
        "close-combined" => |console, body| {
            let CombinedNumber { combine_out_trade_no: number } = read(body)?;
            let closed = console.world().close_combined(MCHID, &number);
            order_done(console, &number, closed)
        },
        "end-refund" => end_refund,
        "let-time-pass" => |console, body| {
            let Time { seconds } = read(body)?;
            console.world().let_time_pass(seconds);
            Ok(json!({}))
        },
        "shift-clock" => |console, body| {
            let Shift { seconds } = read(body)?;
            console.world().shift_clock(seconds);
            Ok(json!({}))
        },
        "shift-answers" => |console, body| {
            let Shift { seconds } = read(body)?;
            console.world().shift_answers(seconds);
            Ok(json!({}))
        },
        "set-key-mode" => set_key_mode,
        "announce-platform-certificate" => |console, body| {
            let Nothing {} = read(body)?;
            certified(console.announce())
        },
        "rotate-platform-certificate" => |console, body| {
            let Nothing {} = read(body)?;
            certified(console.rotate())
        },
        "retire-platform-certificates" => |console, body| {
            let Nothing {} = read(body)?;
            console.world().retire();
            Ok(json!({}))
        },
        "refuse-next" => refuse_next,
        "fault-next" => |console, body| {
            let NextFault { fault } = read(body)?;
            console.fault_when(FaultRule::every_call().times(1), known(&fault)?);
            Ok(json!({}))
        },
        "fault-when" => fault_when,
        "clear-faults" => |console, body| {
            let Nothing {} = read(body)?;
            console.world().clear_faults();
            Ok(json!({}))
        },
        "set-balance" => |console, body| {
            let Funds { balance } = read(body)?;
            console.world().set_balance(balance);
            Ok(json!({}))
        },
        "limit-rate" => |console, body| {
            let Rate { calls, seconds } = read(body)?;
            console.world().limit_rate(RateLimit::new(calls, seconds.into()));
            Ok(json!({}))
        },
        "take-notifications" => |console, body| {
            let Nothing {} = read(body)?;
            Ok(taken(&console.world().take_notifications(Version::V3, unix_now())))
        },
        "sign-again" => |console, body| Ok(taken(&[signed_again(console, body)?])),
        "post" => |console, body| {
            let notification = signed_again(console, body)?;
            Ok(delivered(&[console.post(&notification)]))
        },
        "deliver-notifications" => |console, body| {
            let Nothing {} = read(body)?;
            Ok(delivered(&console.deliver_notifications()))
        },
        "deliver-due-notifications" => |console, body| {
            let Nothing {} = read(body)?;
            Ok(delivered(&console.deliver_due_notifications()))
        },
        _ => return None,
    })
}

/// What is got.
fn list(name: &str) -> Option<Command> {
    Some(match name {
        "faults" => |_, _| {
            let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
            Ok(json!({ "faults": names }))
        },
        "orders" => {
            |console, _| Ok(json!({ "orders": console.world().order_summaries(unix_now()) }))
        }
        "refunds" => |console, _| Ok(json!({ "refunds": console.world().refund_summaries() })),
        "notifications" => |console, _| {
            let mut world = console.world();
            let pending: Vec<_> =
                world.pending_notifications(unix_now()).iter().rev().map(notification).collect();
            let sent: Vec<_> = world.journal().deliveries().iter().rev().map(sent).collect();
            Ok(json!({ "pending": pending, "sent": sent }))
        },
        "received" => |console, _| {
            let mut world = console.world();
            let received: Vec<_> = world.journal().exchanges().iter().rev().map(exchange).collect();
            Ok(json!({ "received": received }))
        },
        _ => return None,
    })
}

fn end_refund(console: &Console, body: &[u8]) -> Done {
    let RefundEnd { out_refund_no, status } = read(body)?;
    let status = match status.as_str() {
        "SUCCESS" => RefundStatus::Success,
        "ABNORMAL" => RefundStatus::Abnormal,
        "CLOSED" => RefundStatus::Closed,
        _ => return Err(Trouble::new(400, "status must be SUCCESS, ABNORMAL or CLOSED")),
    };
    done(console.world().end_refund(MCHID, &out_refund_no, status, unix_now()))
}

/// The notification that a command names, of the kind that it wants.
fn signed_again(console: &Console, body: &[u8]) -> Result<Notification, Trouble> {
    let NamedNotification { id, kind } = read(body)?;
    let notification = console.world().notification(&id, unix_now());
    let notification = notification
        .ok_or_else(|| Trouble::new(404, format!("there is no notification {id:?}")))?;
    match kind.as_deref() {
        None | Some("GENUINE") => Ok(notification),
        Some("PROBE") => Ok(notification.probe()),
        Some("FORGED") => Ok(notification.forged()),
        _ => Err(Trouble::new(400, "kind must be GENUINE, PROBE or FORGED")),
    }
}

fn set_key_mode(console: &Console, body: &[u8]) -> Done {
    let Mode { mode } = read(body)?;
    let mode = match mode.as_str() {
        "PUBLIC_KEY" => KeyMode::PublicKey,
        "CERTIFICATE" => KeyMode::Certificate,
        "MIXED" => KeyMode::Mixed,
        _ => return Err(Trouble::new(400, "mode must be PUBLIC_KEY, CERTIFICATE or MIXED")),
    };
    console.world().set_key_mode(mode);
    Ok(json!({}))
}

fn refuse_next(console: &Console, body: &[u8]) -> Done {
    let RefusedCall { status, code, message } = read(body)?;
    if !(400..600).contains(&status) {
        return Err(Trouble::new(400, "status must be between 400 and 599"));
    }
    console.world().refuse_next(Refusal::new(status, &code, &message));
    Ok(json!({}))
}

fn certified(pem: io::Result<String>) -> Done {
    match pem {
        Ok(pem) => Ok(json!({ "certificate": pem })),
        Err(error) => Err(Trouble::new(500, error.to_string())),
    }
}

fn fault_when(console: &Console, body: &[u8]) -> Done {
    let RuledFault { fault, method, path_prefix, times, skip, carried_out } = read(body)?;
    let fault = known(&fault)?;
    if !(path_prefix.is_empty() || path_prefix.starts_with('/')) {
        return Err(Trouble::new(400, "path_prefix must begin with /"));
    }
    if times == Some(0) {
        return Err(Trouble::new(400, "times must be at least 1"));
    }
    // Or nobody could connect any more to clear it.
    if fault.greeting().is_some() && times.is_none() {
        return Err(Trouble::new(
            400,
            format!("times must say how many connections {fault} meets"),
        ));
    }
    let mut rule = FaultRule::calls(&method, &path_prefix).skip(skip);
    if let Some(times) = times {
        rule = rule.times(times);
    }
    rule = match carried_out {
        Some(true) => rule.after_the_call(),
        Some(false) => rule.before_the_call(),
        None => rule,
    };
    console.fault_when(rule, fault);
    Ok(json!({}))
}

fn known(name: &str) -> Result<Fault, Trouble> {
    let trouble = |error: UnknownFault| {
        Trouble::new(400, format!("{error}: {name:?}; GET /sandbox/faults lists them"))
    };
    name.parse().map_err(trouble)
}

fn notification(notification: &Notification) -> Value {
    json!({
        "id": notification.id,
        "number": notification.number,
        "notify_url": notification.notify_url,
        "headers": pairs(&notification.headers),
        "body": lossy(&notification.body),
    })
}

fn sent(sent: &Sent) -> Value {
    let mut told = notification(&sent.notification);
    put(&mut told, "at", Beijing::at(sent.at).rfc3339());
    match &sent.delivery {
        Some(delivery) => put_result(&mut told, delivery),
        None => put(&mut told, "taken", true),
    }
    told
}

fn exchange(exchange: &Exchange) -> Value {
    let Exchange { at, request, answer, is_broken } = exchange;
    json!({
        "at": Beijing::at(*at).rfc3339(),
        "method": request.method,
        "path": request.path,
        "headers": pairs(&request.headers),
        "body": lossy(&request.body),
        "answer": {
            "status": answer.status,
            "headers": pairs(&answer.headers),
            "body": lossy(&answer.body),
            "is_broken": is_broken,
        },
    })
}

/// `status` and `answer`, or the `error` that there is instead; which `attempt` it was, whether it
/// `is_accepted`, and if not in how many seconds the `next_attempt` comes.
fn put_result(told: &mut Value, delivery: &Delivery) {
    put(told, "attempt", delivery.attempt);
    put(told, "is_accepted", delivery.is_accepted());
    if let Some(pause) = delivery.next_attempt {
        put(told, "next_attempt", pause.as_secs());
    }
    match &delivery.result {
        Ok(status) => {
            put(told, "status", *status);
            put(told, "answer", lossy(&delivery.body));
        }
        Err(reason) => put(told, "error", reason.as_str()),
    }
}

fn pairs(headers: &[(String, Vec<u8>)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.clone(), lossy(value))).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_has_nothing_to_command() {
        let request = Received {
            method: "POST".to_owned(),
            path: "/sandbox/pay".to_owned(),
            headers: vec![("host".to_owned(), b"127.0.0.1:1".to_vec())],
            body: Vec::new(),
            client_certificate: None,
        };
        let status = |peer: &str| {
            check_sender(&request, peer.parse().unwrap()).map_err(|trouble| trouble.status)
        };
        assert_eq!((status("127.0.0.1"), status("::1")), (Ok(()), Ok(())));
        assert_eq!((status("192.0.2.1"), status("2001:db8::1")), (Err(403), Err(403)));
    }
}
