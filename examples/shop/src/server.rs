//! The HTTP server: what customers, the staff and WeChat Pay call.
//!
//! ```text
//! POST /orders                     Idempotency-Key: …   {"item": "penguin", "quantity": 1}
//! GET  /orders/{number}
//! POST /orders/{number}/refunds    Idempotency-Key: …   Authorization: Bearer …   {"amount": 100, "refunded": 0}
//! GET  /refunds/{number}           Authorization: Bearer …
//! POST /notify                     WeChat Pay
//! ```

use std::net::TcpListener;
use std::{io, process, thread};

use rusqlite::Connection;
use serde_json::{Value, json};
use wechatpay::notify::Acknowledgement;
use wechatpay::{Fen, OutRefundNo, OutTradeNo, Retry, Time};

use crate::database::Database;
use crate::error::{Error, Result};
use crate::http::{self, Request, Response};
use crate::orders::{Order, State};
use crate::refunds::Refund;
use crate::settings::Settings;
use crate::{FAILED, log, notifications, orders, refunds};

/// Listens on this address.
pub(crate) fn listen(address: &str) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| Error::Other(format!("SHOP_ADDRESS: {error}")))
}

/// Serves requests on several threads, so that a slow call does not keep notifications waiting.
pub(crate) fn serve(listener: TcpListener, settings: &Settings) -> Result<()> {
    let open = |_| Database::open(&settings.database);
    let databases = (0..THREADS).map(open).collect::<Result<Vec<_>>>()?;
    let requests = http::accept(listener, largest_body, give_up);
    thread::scope(|scope| {
        for mut database in databases {
            let requests = &requests;
            scope.spawn(move || {
                while let Some((request, client)) = requests.next() {
                    let response = reply(&mut database, settings, &request);
                    // If the client has disconnected, it will send the request again.
                    drop(client.respond(&response));
                }
            });
        }
    });
    Ok(())
}

/// After an error, such as too many open files, the server accepts no connection any more. The process ends, so that
/// the service manager starts another one.
fn give_up(error: &io::Error) -> ! {
    log::event(&format!("error: {error}"));
    process::exit(FAILED.into())
}

impl Response {
    fn of(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string() }
    }
}

impl From<Acknowledgement> for Response {
    fn from(acknowledgement: Acknowledgement) -> Self {
        Self { status: acknowledgement.status, body: acknowledgement.body }
    }
}

fn reply(database: &mut Database, settings: &Settings, request: &Request) -> Response {
    match route(database, settings, request) {
        Ok(response) => response,
        Err(Error::Refused(status, advice)) => Response::of(status, &json!({ "error": advice })),
        // The reason is for the staff, not for the customer.
        Err(error) => {
            log::event(&format!("{} {}: {error}", request.method, request.path));
            Response::of(500, &json!({ "error": "try again with the same key" }))
        }
    }
}

fn route(database: &mut Database, settings: &Settings, request: &Request) -> Result<Response> {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", [NOTIFY]) => notify(database, settings, request),
        ("POST", ["orders"]) => post_order(database, settings, request),
        ("GET", ["orders", number]) => {
            let order = orders::find(database.rows(), &order_number(number)?)?;
            Ok(Response::of(200, &shown_order(database.rows(), &order.ok_or(NO_ORDER)?)?))
        }
        ("POST", ["orders", number, "refunds"]) => {
            check_staff(request, settings)?;
            post_refund(database, settings, request, &order_number(number)?)
        }
        ("GET", ["refunds", number]) => {
            check_staff(request, settings)?;
            let number = OutRefundNo::new(*number).map_err(|_| NO_REFUND)?;
            let refund = refunds::find(database.rows(), &number)?;
            Ok(Response::of(200, &shown_refund(&refund.ok_or(NO_REFUND)?)))
        }
        _ => Err(Error::Refused(404, "no such page")),
    }
}

fn notify(database: &mut Database, settings: &Settings, request: &Request) -> Result<Response> {
    // The bytes as received: parsed and serialized again, they would not verify.
    let (headers, body, now) = (request.headers(), &request.body, Time::now()?);
    Ok(notifications::receive(database, &settings.merchant, headers, body, now).into())
}

fn post_order(database: &mut Database, settings: &Settings, request: &Request) -> Result<Response> {
    let key = idempotency_key(request)?;
    let wanted = json_body(request)?;
    let item = wanted.get("item").and_then(Value::as_str).unwrap_or_default();
    let quantity = wanted.get("quantity").and_then(Value::as_u64).unwrap_or_default();
    let order = orders::create(database, &settings.merchant, (&key, item, quantity))?;
    if order.state == State::Pending {
        match orders::place(database, &settings.merchant, &order) {
            Ok(()) => {}
            // It is pending: the customer's page, or the worker, tries again with the same request.
            Err(Error::WeChatPay(error)) if error.retry() != Retry::Never => {
                log::event(&format!("order {}: {error}", order.number));
            }
            // The settings, or a permission of the merchant. The order ends as closed.
            Err(error) => return Err(error),
        }
    }
    let order = orders::find(database.rows(), &order.number)?.ok_or(NO_ORDER)?;
    let status = if order.state == State::Pending { 202 } else { 201 };
    Ok(Response::of(status, &shown_order(database.rows(), &order)?))
}

fn post_refund(
    database: &mut Database,
    settings: &Settings,
    request: &Request,
    order_number: &OutTradeNo,
) -> Result<Response> {
    let key = idempotency_key(request)?;
    let wanted = json_body(request)?;
    let fen = |name: &str| wanted.get(name).and_then(Value::as_u64).map(Fen);
    let click = (key.as_str(), order_number, fen("amount").unwrap_or_default());
    let refund = refunds::create(database, &settings.merchant, click, fen("refunded"))?;
    if refund.state == "pending" {
        if let Err(error) = refunds::apply(database, &settings.merchant, &refund) {
            log::event(&format!("refund {}: {error}", refund.number));
        }
    }
    let refund = refunds::find(database.rows(), &refund.number)?.ok_or(NO_REFUND)?;
    let status = if refund.state == "pending" { 202 } else { 201 };
    Ok(Response::of(status, &shown_refund(&refund)))
}

fn shown_order(rows: &Connection, order: &Order) -> Result<Value> {
    Ok(json!({
        "number": order.number.as_str(),
        "total": order.total.0,
        "state": order.state.as_str(),
        // With refunds whose outcome is unknown.
        "refunded": refunds::refunded(rows, &order.number)?.0,
        // The page draws it as a QR code.
        "code_url": order.code_url,
    }))
}

fn shown_refund(refund: &Refund) -> Value {
    json!({
        "number": refund.number.as_str(),
        "state": refund.state,
        "last_error": refund.last_error,
    })
}

/// The key that the page made when it was shown, such as a UUID. All clicks on one button have the same.
fn idempotency_key(request: &Request) -> Result<String> {
    let key = request.header("Idempotency-Key").filter(|key| (16..=64).contains(&key.len()));
    key.map(str::to_owned).ok_or(Error::Refused(400, "set Idempotency-Key to 16 to 64 characters"))
}

fn check_staff(request: &Request, settings: &Settings) -> Result<()> {
    let token = request.header("Authorization").and_then(|value| value.strip_prefix("Bearer "));
    let is_staff = token.is_some_and(|token| is_equal(token, &settings.staff_token));
    if is_staff { Ok(()) } else { Err(Error::Refused(401, "for the staff only")) }
}

/// Takes as long for any two texts of this length, so that no one finds the token character by character.
fn is_equal(left: &str, right: &str) -> bool {
    let pairs = left.bytes().zip(right.bytes());
    left.len() == right.len() && pairs.fold(0, |differences, (l, r)| differences | (l ^ r)) == 0
}

fn json_body(request: &Request) -> Result<Value> {
    serde_json::from_slice(&request.body).map_err(|_| Error::Refused(400, "the body must be JSON"))
}

/// The largest body of a request with this path, in bytes.
fn largest_body(path: &str) -> usize {
    if path.trim_start_matches('/') == NOTIFY { LARGEST_NOTIFICATION } else { LARGEST_REQUEST }
}

fn order_number(text: &str) -> Result<OutTradeNo> {
    OutTradeNo::new(text).map_err(|_| NO_ORDER)
}

const NOTIFY: &str = "notify";
const NO_ORDER: Error = Error::Refused(404, "no such order");
const NO_REFUND: Error = Error::Refused(404, "no such refund");
/// A call of WeChat Pay occupies one of them, for ten seconds at most.
const THREADS: usize = 16;
/// In bytes. No notification is larger.
const LARGEST_NOTIFICATION: usize = 2 * 1024 * 1024;
/// In bytes.
const LARGEST_REQUEST: usize = 4 * 1024;
