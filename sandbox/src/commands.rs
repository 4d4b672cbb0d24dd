//! The methods of [`Sandbox`](super::Sandbox) by HTTPS and JSON, for tests in any language.
//!
//! The sandbox takes these commands itself, beside the interfaces of WeChat Pay, unsigned and from
//! this machine only. Each does what the method of its name does. The program `wechatpay-sandbox`
//! starts a sandbox for other programs:
//!
//! ```text
//! cargo install wechatpay-sandbox && wechatpay-sandbox --folder sandbox
//! curl --cacert sandbox/ca.pem https://127.0.0.1:8443/sandbox/pay \
//!     -d '{"out_trade_no": "1217752501201407033233368018"}'
//! curl --cacert sandbox/ca.pem https://127.0.0.1:8443/sandbox/orders
//! ```
//!
//! | command | fields of the body | response |
//! |---|---|---|
//! | `POST /sandbox/pay` | `out_trade_no`, `coupon` (fen, optional) | |
//! | `POST /sandbox/refuse-payment` | `out_trade_no` | |
//! | `POST /sandbox/close` | `out_trade_no` | |
//! | `POST /sandbox/end-refund` | `out_refund_no`, `status`: `SUCCESS`, `ABNORMAL` or `CLOSED` | |
//! | `POST /sandbox/let-time-pass` | `seconds` | |
//! | `POST /sandbox/shift-clock` | `seconds` | |
//! | `POST /sandbox/shift-responses` | `seconds` | |
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
//! | `POST /sandbox/finish-split` | `out_order_no` of a split or of a request to unfreeze | |
//! | `POST /sandbox/fail-receiver` | `account`; `reason` (optional: without one it is paid again) | |
//! | `POST /sandbox/set-max-ratio` | `max_ratio` (in 1/10,000) | |
//! | `POST /sandbox/set-return-policy` | `mchid`, `policy`: `AGREED`, `NOT_AGREED`, `PROCESSING` or `BALANCE_TOO_LOW` | |
//! | `POST /sandbox/set-share-notify-url` | `notify_url` of receiving merchants | |
//! | `POST /sandbox/script` | `method`, `path`, `status`; optional `body` (JSON), `decrypt` and `encrypt` (lists of JSON pointers) | |
//! | `POST /sandbox/script-file` | `method`, `path`, `content` (Base64): a file, which is not signed | |
//! | `POST /sandbox/clear-scripts` | | |
//! | `POST /sandbox/take-notifications` | | `notifications` |
//! | `POST /sandbox/sign-again` | `id`, `kind` (optional): `GENUINE`, `PROBE` or `FORGED` | `notifications`: this one |
//! | `POST /sandbox/post` | `id`, `kind` (optional): `GENUINE`, `PROBE` or `FORGED` | `deliveries`: this one |
//! | `POST /sandbox/deliver-notifications` | | `deliveries` of both versions |
//! | `POST /sandbox/deliver-due-notifications` | | `deliveries` of both versions |
//! | `POST /sandbox/confirm-transfer` | `out_bill_no` | |
//! | `POST /sandbox/fail-transfer` | `out_bill_no`, `fail_reason` | |
//! | `POST /sandbox/confirm-authorization` | `out_authorization_no` | |
//! | `POST /sandbox/hold-transfers` | `held`: true or false | |
//! | `POST /sandbox/set-operation-balance` | `balance` (fen) | |
//! | `POST /sandbox/set-real-name` | `name` | |
//! | `GET /sandbox/faults` | | `faults`: every name |
//! | `GET /sandbox/orders` | | `orders` of both versions |
//! | `GET /sandbox/refunds` | | `refunds` of both versions |
//! | `GET /sandbox/splits` | | `splits` and `returns` of profit sharing |
//! | `GET /sandbox/transfers` | | `transfers` |
//! | `GET /sandbox/notifications` | | `pending` and `sent` notifications of both versions |
//! | `GET /sandbox/scripted-requests` | | `requests` that scripts responded to: `method`, `path`, `body` as a text |
//! | `GET /sandbox/received` | | `received` requests, each with its response as `answer` |
//!
//! `out_trade_no` is the number of a single order (商户订单号) or of a combined one (合单商户订单号).
//! `pay`, `refuse-payment`, `close` and `end-refund` take the order or refund of APIv3 with the number,
//! else that of APIv2. With the feature `v2`, these commands take that of APIv2:
//!
//! | command | fields of the body | response |
//! |---|---|---|
//! | `POST /sandbox/v2/pay` | `out_trade_no`, `coupons` (a list of fen, optional) | |
//! | `POST /sandbox/v2/refuse-payment` | `out_trade_no` | |
//! | `POST /sandbox/v2/close` | `out_trade_no` | |
//! | `POST /sandbox/v2/end-refund` | `out_refund_no`, `status`: `SUCCESS`, `REFUNDCLOSE` or `CHANGE` | |
//! | `POST /sandbox/v2/show-code` | `pin` (true if the payer must type a PIN, optional) | `auth_code` |
//! | `POST /sandbox/v2/recall-next` | | |
//! | `POST /sandbox/v2/refuse-next` | `code`, `text` | |
//! | `POST /sandbox/v2/fail-next` | `text` | |
//! | `POST /sandbox/v2/take-notifications` | | `notifications` |
//!
//! Earlier names still work: `notices` for `notifications`, `shift-answers`, and `pay-combined`,
//! `refuse-combined-payment` and `close-combined` with `combine_out_trade_no`.
//!
//! `carried_out` chooses, as [`FaultRule`] does, whether the calls that meet the fault are carried out.
//! A fault in the handshake meets the next connection, which may be that of a client that sends
//! commands, so its `times` is required.
//!
//! A notification has its `id`, and the `number` of its order or refund, as in [`Notification`].
//! `sign-again` returns and `post` sends one that is pending, or was sent or taken lately: genuine, as a
//! probe (签名探测流量) of WeChat Pay, or forged. Neither changes what is pending.
//!
//! A transfer that waits for its user can be confirmed in a browser at `/transfer?package=…`, with its
//! package_info percent-encoded.
//!
//! An order that is not paid by a command can be paid in a browser: an h5_url leads to the cashier; for
//! a code_url it is `/cashier?code_url=…`, for a prepay_id `/cashier?prepay_id=…`, percent-encoded.
//!
//! A body is one JSON object with these fields and no others. Where the table has none, it may be
//! absent. A response is a JSON object, empty where the table has nothing, with status 200.
//! An error is `{"error": "…"}` in English:
//!
//! | status | reason |
//! |---|---|
//! | 400 | the body does not have the fields in the table |
//! | 403 | the command comes from another machine or from a page of another site, or its Host is no name of the sandbox |
//! | 413 | the body is over 1 MiB |
//! | 404 | there is no such command, order, refund, transfer or notification |
//! | 405 | GET instead of POST, or POST instead of GET |
//! | 409 | the state of the order, refund or transfer does not allow it |
//! | 500 | the system has no random numbers |
//!
//! A delivery has the number of the `attempt`, whether the merchant's response means that it
//! `is_accepted`, and if not, in how many seconds the `next_attempt` comes, if one does.
//!
//! An order has its prepay_id, code_url or the path of its h5_url as `ticket`. An `answer` that
//! `is_broken` met a fault on the wire, and did not arrive unchanged. Lists have the newest item first;
//! those of requests and sent notifications have the last thousand. Headers are pairs of name and
//! value, because a name can repeat. In a body that is not UTF-8, wrong bytes are replaced by U+FFFD.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::Denial;
use super::balance::Balance;
use super::calendar::unix_now;
use super::command::{
    Command, CommandError, Done, Nothing, OrderNumber, RefundEnd, done, read, with_order,
};
use super::command_json::{delivered, exchange, notification, sent, taken};
use super::controller::Controller;
use super::fault::{Fault, UnknownFault};
use super::fault_rules::FaultRule;
use super::notifications::Notification;
use super::placed_orders::OrderId;
use super::platform::KeyMode;
use super::rate_limit::RateLimit;
use super::received::Received;
use super::refund::RefundStatus;
use super::refusal::Refusal;
use super::response::Response;
use super::scripts::{Script, ScriptedRequest};
use super::state::State;
use super::transfer_commands;
use super::url;
use super::version::Version;

/// The method and the name of every command, such as `POST pay` for `POST /sandbox/pay`.
///
/// ```
/// use wechatpay_sandbox::commands;
///
/// assert!(commands::names().contains(&"POST pay".to_owned()));
/// ```
#[must_use]
pub fn names() -> Vec<String> {
    let named = |method: &'static str, lists: &'static [&'static [(&str, Command)]]| {
        lists.iter().flat_map(|list| list.iter()).map(move |(name, _)| format!("{method} {name}"))
    };
    named("POST", POSTED).chain(named("GET", LISTS)).collect()
}

/// Carries out a command.
pub(super) fn respond(controller: &Controller, request: &Received) -> Response {
    response(find(request).and_then(|command| command(controller, &request.body)))
}

/// The response to a command that is refused.
pub(super) fn deny(denial: Denial) -> Response {
    response(Err(CommandError::new(403, denial.text().1)))
}

fn response(result: Done) -> Response {
    let (status, body) = match result {
        Ok(body) => (200, body),
        Err(CommandError { status, error }) => (status, json!({ "error": error })),
    };
    let mut response = Response::json(status, &body);
    response.add_header("Content-Type", "application/json; charset=utf-8");
    response.add_header("Cache-Control", "no-store");
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    #[serde(alias = "combine_out_trade_no")]
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
struct KeyModeName {
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
struct ScriptedResponse {
    method: String,
    path: String,
    status: u16,
    body: Option<Value>,
    #[serde(default)]
    decrypt: Vec<String>,
    #[serde(default)]
    encrypt: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedFile {
    method: String,
    path: String,
    content: String,
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

fn find(request: &Received) -> Result<Command, CommandError> {
    if request.is_too_long() {
        return Err(CommandError::new(413, "the body must not exceed 1 MiB"));
    }
    let (path, _) = url::split(&request.path);
    let asked = path.strip_prefix("/sandbox/").unwrap_or_default();
    let (version, name) = match asked.strip_prefix("v2/") {
        Some(name) => ("v2/", name),
        None => ("", asked),
    };
    let renamed = EARLIER_NAMES.iter().find(|(earlier, _)| *earlier == name);
    let name = renamed.map_or(name, |(_, name)| *name);
    let name = format!("{version}{name}");
    match (request.method.as_str(), found_in(POSTED, &name), found_in(LISTS, &name)) {
        ("POST", Some(found), _) | ("GET", _, Some(found)) => Ok(found),
        (_, Some(_), _) => {
            Err(CommandError::new(405, format!("the command {asked} must be sent by POST")))
        }
        (_, _, Some(_)) => {
            Err(CommandError::new(405, format!("the command {asked} must be sent by GET")))
        }
        _ => Err(CommandError::new(404, format!("the sandbox has no command {asked:?}"))),
    }
}

fn found_in(lists: &[&[(&str, Command)]], name: &str) -> Option<Command> {
    let mut commands = lists.iter().flat_map(|list| list.iter());
    commands.find(|(known, _)| *known == name).map(|(_, command)| *command)
}

/// The commands that are sent by POST.
const POSTED: &[&[(&str, Command)]] = &[
    COMMANDS,
    super::sharing::commands::COMMANDS,
    transfer_commands::COMMANDS,
    #[cfg(feature = "v2")]
    super::v2::commands::COMMANDS,
];

/// The commands that are sent by GET.
const LISTS: &[&[(&str, Command)]] =
    &[LISTED, super::sharing::commands::LISTED, transfer_commands::LISTED];

/// Earlier names of commands, which still work.
const EARLIER_NAMES: &[(&str, &str)] = &[
    ("pay-combined", "pay"),
    ("refuse-combined-payment", "refuse-payment"),
    ("close-combined", "close"),
    ("shift-answers", "shift-responses"),
    ("take-notices", "take-notifications"),
    ("deliver-notices", "deliver-notifications"),
    ("deliver-due-notices", "deliver-due-notifications"),
    ("notices", "notifications"),
];

const COMMANDS: &[(&str, Command)] = &[
    ("pay", |controller, body| {
        let Payment { out_trade_no: number, coupon } = read(body)?;
        let pay = |state: &mut State, order: &OrderId| state.pay(order, &[coupon], unix_now());
        with_order(controller, None, &number, pay)
    }),
    ("refuse-payment", |controller, body| {
        let OrderNumber { out_trade_no: number } = read(body)?;
        let refuse = |state: &mut State, order: &OrderId| state.refuse_payment(order, unix_now());
        with_order(controller, None, &number, refuse)
    }),
    ("close", |controller, body| {
        let OrderNumber { out_trade_no: number } = read(body)?;
        with_order(controller, None, &number, |state, order| state.close(order))
    }),
    ("end-refund", end_refund),
    ("let-time-pass", |controller, body| {
        let Time { seconds } = read(body)?;
        controller.state().let_time_pass(seconds, unix_now());
        Ok(json!({}))
    }),
    ("shift-clock", |controller, body| {
        let Shift { seconds } = read(body)?;
        controller.state().clock.shift(seconds);
        Ok(json!({}))
    }),
    ("shift-responses", |controller, body| {
        let Shift { seconds } = read(body)?;
        controller.state().clock.shift_responses(seconds);
        Ok(json!({}))
    }),
    ("set-key-mode", set_key_mode),
    ("announce-platform-certificate", |controller, body| {
        let Nothing {} = read(body)?;
        certified(controller.announce())
    }),
    ("rotate-platform-certificate", |controller, body| {
        let Nothing {} = read(body)?;
        certified(controller.rotate())
    }),
    ("retire-platform-certificates", |controller, body| {
        let Nothing {} = read(body)?;
        controller.state().platform.retire();
        Ok(json!({}))
    }),
    ("refuse-next", refuse_next),
    ("fault-next", |controller, body| {
        let NextFault { fault } = read(body)?;
        controller.fault_when(FaultRule::every_call().times(1), known(&fault)?);
        Ok(json!({}))
    }),
    ("fault-when", fault_when),
    ("clear-faults", |controller, body| {
        let Nothing {} = read(body)?;
        controller.state().faults.clear();
        Ok(json!({}))
    }),
    ("set-balance", |controller, body| {
        let Funds { balance } = read(body)?;
        controller.state().balance = Balance::of(balance);
        Ok(json!({}))
    }),
    ("limit-rate", |controller, body| {
        let Rate { calls, seconds } = read(body)?;
        controller.state().rate_limit = Some(RateLimit::new(calls, seconds.into()));
        Ok(json!({}))
    }),
    ("script", script),
    ("script-file", script_file),
    ("clear-scripts", |controller, body| {
        let Nothing {} = read(body)?;
        controller.state().scripts.clear();
        Ok(json!({}))
    }),
    ("take-notifications", |controller, body| {
        let Nothing {} = read(body)?;
        Ok(taken(&controller.state().take_notifications(Version::V3, unix_now())))
    }),
    ("sign-again", |controller, body| Ok(taken(&[signed_again(controller, body)?]))),
    ("post", |controller, body| {
        let notification = signed_again(controller, body)?;
        Ok(delivered(&[controller.post(&notification)]))
    }),
    ("deliver-notifications", |controller, body| {
        let Nothing {} = read(body)?;
        Ok(delivered(&controller.deliver_notifications()))
    }),
    ("deliver-due-notifications", |controller, body| {
        let Nothing {} = read(body)?;
        Ok(delivered(&controller.deliver_due_notifications()))
    }),
];

const LISTED: &[(&str, Command)] = &[
    ("faults", |_, _| {
        let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
        Ok(json!({ "faults": names }))
    }),
    ("orders", |controller, _| {
        Ok(json!({ "orders": controller.state().order_summaries(unix_now()) }))
    }),
    ("refunds", |controller, _| Ok(json!({ "refunds": controller.state().refund_summaries() }))),
    ("notifications", |controller, _| {
        let mut state = controller.state();
        let pending = state.pending_notifications(unix_now());
        let pending: Vec<_> = pending.iter().rev().map(notification).collect();
        let sent: Vec<_> = state.journal.deliveries().iter().rev().map(sent).collect();
        Ok(json!({ "pending": pending, "sent": sent }))
    }),
    ("scripted-requests", |controller, _| {
        let state = controller.state();
        let requests = state.scripts.requests().iter().rev().map(|ScriptedRequest { method, path, body }| {
            json!({ "method": method, "path": path, "body": body })
        });
        Ok(json!({ "requests": requests.collect::<Vec<_>>() }))
    }),
    ("received", |controller, _| {
        let state = controller.state();
        let received: Vec<_> = state.journal.exchanges().iter().rev().map(exchange).collect();
        Ok(json!({ "received": received }))
    }),
];

fn script(controller: &Controller, body: &[u8]) -> Done {
    let ScriptedResponse { method, path, status, body, decrypt, encrypt } = read(body)?;
    let method = method.parse().map_err(|error| CommandError::new(400, format!("{error}")))?;
    if !(200..=599).contains(&status) {
        return Err(CommandError::new(400, "status must be 200 to 599"));
    }
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let script = Script::new(status, body);
    #[cfg(feature = "aws-lc-rs")]
    let script = decrypt.iter().fold(script, |script, pointer| script.decrypt(pointer));
    #[cfg(feature = "aws-lc-rs")]
    let script = encrypt.iter().fold(script, |script, pointer| script.encrypt(pointer));
    #[cfg(not(feature = "aws-lc-rs"))]
    if !decrypt.is_empty() || !encrypt.is_empty() {
        let error = "decrypt and encrypt need the feature aws-lc-rs of the sandbox";
        return Err(CommandError::new(400, error));
    }
    controller.state().scripts.add(method, &path, script);
    Ok(json!({}))
}

fn script_file(controller: &Controller, body: &[u8]) -> Done {
    let ScriptedFile { method, path, content } = read(body)?;
    let method = method.parse().map_err(|error| CommandError::new(400, format!("{error}")))?;
    let content =
        STANDARD.decode(content).map_err(|_| CommandError::new(400, "content must be Base64"))?;
    controller.state().scripts.add(method, &path, Script::file(content));
    Ok(json!({}))
}

fn end_refund(controller: &Controller, body: &[u8]) -> Done {
    let RefundEnd { out_refund_no, status } = read(body)?;
    let status = match status.as_str() {
        "SUCCESS" => RefundStatus::Success,
        "ABNORMAL" => RefundStatus::Abnormal,
        "CLOSED" => RefundStatus::Closed,
        _ => return Err(CommandError::new(400, "status must be SUCCESS, ABNORMAL or CLOSED")),
    };
    let mut state = controller.state();
    let version = state.refund_version(&out_refund_no);
    done(state.end_refund(version, &out_refund_no, status, unix_now()))
}

/// The notification that a command names, of the kind that it asks for.
fn signed_again(controller: &Controller, body: &[u8]) -> Result<Notification, CommandError> {
    let NamedNotification { id, kind } = read(body)?;
    let notification = controller.state().notification(&id, unix_now());
    let notification = notification
        .ok_or_else(|| CommandError::new(404, format!("there is no notification {id:?}")))?;
    match kind.as_deref() {
        None | Some("GENUINE") => Ok(notification),
        Some("PROBE") => Ok(notification.probe()),
        Some("FORGED") => Ok(notification.forged()),
        _ => Err(CommandError::new(400, "kind must be GENUINE, PROBE or FORGED")),
    }
}

fn set_key_mode(controller: &Controller, body: &[u8]) -> Done {
    let KeyModeName { mode } = read(body)?;
    let mode = match mode.as_str() {
        "PUBLIC_KEY" => KeyMode::PublicKey,
        "CERTIFICATE" => KeyMode::Certificate,
        "MIXED" => KeyMode::Mixed,
        _ => return Err(CommandError::new(400, "mode must be PUBLIC_KEY, CERTIFICATE or MIXED")),
    };
    controller.state().platform.set_mode(mode);
    Ok(json!({}))
}

fn refuse_next(controller: &Controller, body: &[u8]) -> Done {
    let RefusedCall { status, code, message } = read(body)?;
    if !(400..600).contains(&status) {
        return Err(CommandError::new(400, "status must be between 400 and 599"));
    }
    controller.state().faults.refuse_next(Refusal::new(status, &code, &message));
    Ok(json!({}))
}

fn certified(pem: io::Result<String>) -> Done {
    match pem {
        Ok(pem) => Ok(json!({ "certificate": pem })),
        Err(error) => Err(CommandError::new(500, error.to_string())),
    }
}

fn fault_when(controller: &Controller, body: &[u8]) -> Done {
    let RuledFault { fault, method, path_prefix, times, skip, carried_out } = read(body)?;
    let fault = known(&fault)?;
    if !(path_prefix.is_empty() || path_prefix.starts_with('/')) {
        return Err(CommandError::new(400, "path_prefix must begin with /"));
    }
    if times == Some(0) {
        return Err(CommandError::new(400, "times must be at least 1"));
    }
    // Otherwise no client could connect any more to clear it.
    if fault.greeting().is_some() && times.is_none() {
        return Err(CommandError::new(
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
    controller.fault_when(rule, fault);
    Ok(json!({}))
}

fn known(name: &str) -> Result<Fault, CommandError> {
    let unknown = |error: UnknownFault| {
        CommandError::new(400, format!("{error}: {name:?}; GET /sandbox/faults lists them"))
    };
    name.parse().map_err(unknown)
}
