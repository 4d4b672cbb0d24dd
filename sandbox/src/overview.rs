//! The page of everything that happened in the sandbox, the newest first.

use wechatpay::Fen;

use super::calendar::Beijing;
use super::commands;
use super::controller::Controller;
use super::html::Html;
use super::journal::{Exchange, Sent};
use super::merchants::MCHID;
use super::notifications::Notification;
use super::order_html;
use super::received::Received;
use super::response::Response;
use super::sharing::summary::{ReturnSummary, SplitSummary};
use super::state::State;
use super::summary::{OrderSummary, RefundSummary};
use super::transfer_page::{confirmation_path, state_in_words};
use super::transfer_summary::TransferSummary;
use super::url;

/// Responds to the browser of a developer.
pub(super) fn respond(state: &mut State, request: &Received, now: i64) -> Response {
    if request.method != "GET" {
        return Response::empty(405);
    }
    let (orders, refunds) = (state.order_summaries(now), state.refund_summaries());
    let (splits, returns) = (state.split_summaries(now), state.return_summaries(now));
    let splits_html =
        list(splits.iter().map(|it| split(it, state.frozen(&it.transaction_id, now))));
    let transfers = state.transfer_summaries(now);
    let pending = state.pending_notifications(now);
    let time = Beijing::at(state.clock.business(now)).plain();
    let journal = &state.journal;
    let (sent, exchanges) = (journal.deliveries(), journal.exchanges());
    let waiting = pending.iter().rev().map(waiting);
    let notifications = waiting.chain(sent.iter().rev().map(notification));
    let counted = |count: usize| Html::text(&count.to_string());
    let places = [
        ("mchid", Html::text(MCHID)),
        ("now", Html::text(&time)),
        ("orders_count", counted(orders.len())),
        ("orders", list(orders.iter().map(order))),
        ("refunds_count", counted(refunds.len())),
        ("refunds", list(refunds.iter().map(refund))),
        ("splits_count", counted(splits.len())),
        ("splits", splits_html),
        ("returns_count", counted(returns.len())),
        ("returns", list(returns.iter().map(returned))),
        ("transfers_count", counted(transfers.len())),
        ("transfers", list(transfers.iter().map(transfer))),
        ("notifications_count", counted(pending.len().saturating_add(sent.len()))),
        ("notifications", list(notifications)),
        ("requests_count", counted(exchanges.len())),
        ("requests", list(exchanges.iter().rev().map(exchange))),
        ("commands", Html::all(commands::names().iter().map(|name| command(name)))),
    ];
    Html::fill(include_str!("pages/overview.html"), &places).into_response(200)
}

/// Sends a notification again, which a button of the page asks for.
pub(super) fn resend(controller: &Controller, request: &Received, now: i64) -> Response {
    let body = String::from_utf8_lossy(&request.body);
    let id = url::parameters(&body).flatten().find(|(name, _)| name == "resend");
    let id = id.map(|(_, id)| id).unwrap_or_default();
    let Some(notification) = controller.state().notification(&id, now) else {
        return Response::empty(400);
    };
    // Without the lock, because the merchant may call the sandbox before it responds.
    controller.post(&notification);
    let mut response = Response::empty(303);
    response.add_header("Location", "/#notifications");
    response.add_header("Cache-Control", "no-store");
    response
}

fn command(name: &str) -> Html {
    Html::fill(include_str!("pages/command.html"), &[("name", Html::text(name))])
}

fn resend_button(notification: &Notification) -> Html {
    Html::fill(include_str!("pages/resend.html"), &[("id", Html::text(&notification.id))])
}

/// How the pages look.
pub(super) fn style() -> Response {
    Response::file("text/css; charset=utf-8", include_bytes!("pages/style.css"))
}

fn list(entries: impl Iterator<Item = Html>) -> Html {
    let mut entries = entries.peekable();
    if entries.peek().is_none() {
        return note("还没有 None yet");
    }
    let shown = Html::all(entries.by_ref().take(SHOWN));
    match entries.count() {
        0 => shown,
        more => Html::all([
            shown,
            note(&format!("还有 {more} 条，见 /sandbox/… {more} more: by commands")),
        ]),
    }
}

fn note(text: &str) -> Html {
    Html::fill(include_str!("pages/nothing.html"), &[("text", Html::text(text))])
}

fn order(order: &OrderSummary) -> Html {
    let (state, tone) = order_html::trade_state(&order.trade_state);
    let address = [("address", Html::text(&order_html::cashier_path(&order.payment_token)))];
    let is_open = order_html::is_payable(&order.trade_state);
    let pay = if is_open {
        Html::fill(include_str!("pages/pay.html"), &address)
    } else {
        Html::default()
    };
    let combined = if order.is_combined { " 合单" } else { "" };
    let kind = format!("APIv{}{combined} {}", order.version, order.trade_type);
    Html::fill(
        include_str!("pages/order.html"),
        &[
            ("out_trade_no", Html::text(&order.out_trade_no)),
            ("tone", Html::text(tone)),
            ("state", Html::text(state)),
            ("items", order_html::items(&order.items)),
            ("kind", Html::text(&kind)),
            ("placed", Html::text(&order.placed)),
            ("pay", pay),
            ("total", Html::text(&order.total.to_string())),
            ("payment_token", Html::text(&order.payment_token)),
        ],
    )
}

fn refund(refund: &RefundSummary) -> Html {
    let tone = match refund.status.as_str() {
        "SUCCESS" => "good",
        "ABNORMAL" | "CHANGE" => "bad",
        _ => "",
    };
    Html::fill(
        include_str!("pages/refund.html"),
        &[
            ("out_refund_no", Html::text(&refund.out_refund_no)),
            ("tone", Html::text(tone)),
            ("status", Html::text(&refund_status(&refund.status))),
            ("version", Html::text(&refund.version.to_string())),
            ("out_trade_no", Html::text(&refund.out_trade_no)),
            ("refund", Html::text(&refund.refund.to_string())),
        ],
    )
}

/// A split or a request to unfreeze, its receivers, and what is still frozen of the order.
fn split(split: &SplitSummary, frozen: Option<u64>) -> Html {
    let kind = if split.is_unfreeze { "解冻 Unfreeze" } else { "分账 Split" };
    let receivers = split.receivers.iter().map(|share| {
        let reason = share.fail_reason.as_deref().unwrap_or_default();
        format!("{} ¥{} {} {reason}", share.account, share.amount, share.result)
    });
    let receivers: Vec<String> = receivers.collect();
    let frozen = format!("冻结 Frozen ¥{}", Fen(frozen.unwrap_or_default()));
    Html::fill(
        include_str!("pages/split.html"),
        &[
            ("number", Html::text(&split.out_order_no)),
            ("tone", Html::text(if split.state == "FINISHED" { "good" } else { "" })),
            ("state", Html::text(&split.state)),
            ("about", Html::text(&format!("{kind} · {} · {frozen}", split.transaction_id))),
            ("details", Html::text(&receivers.join("\n"))),
        ],
    )
}

/// A return.
fn returned(it: &ReturnSummary) -> Html {
    Html::fill(
        include_str!("pages/split.html"),
        &[
            ("number", Html::text(&it.out_return_no)),
            ("tone", Html::text(if it.result == "SUCCESS" { "good" } else { "" })),
            ("state", Html::text(&it.result)),
            ("about", Html::text(&format!("分账回退 Return · {}", it.out_order_no))),
            ("details", Html::text(&format!("{} ¥{}", it.return_mchid, it.amount))),
        ],
    )
}

fn transfer(transfer: &TransferSummary) -> Html {
    let (state, tone) = state_in_words(&transfer.state);
    let address = [("address", Html::text(&confirmation_path(&transfer.package_info)))];
    let confirm = if ["WAIT_USER_CONFIRM", "CANCELING"].contains(&transfer.state.as_str()) {
        Html::fill(include_str!("pages/confirm.html"), &address)
    } else {
        Html::default()
    };
    Html::fill(
        include_str!("pages/transfer.html"),
        &[
            ("out_bill_no", Html::text(&transfer.out_bill_no)),
            ("tone", Html::text(tone)),
            ("state", Html::text(&state)),
            ("openid", Html::text(&transfer.openid)),
            ("created", Html::text(&transfer.created)),
            ("confirm", confirm),
            ("amount", Html::text(&transfer.transfer_amount.to_string())),
            ("fail_reason", Html::text(&transfer.fail_reason)),
        ],
    )
}

/// The status of a refund, in words.
fn refund_status(status: &str) -> String {
    let chinese = match status {
        "PROCESSING" => "退款处理中",
        "SUCCESS" => "退款成功",
        "CLOSED" | "REFUNDCLOSE" => "退款关闭",
        "ABNORMAL" | "CHANGE" => "退款异常",
        _ => return status.to_owned(),
    };
    format!("{chinese} {status}")
}

/// A notification that is not delivered yet.
fn waiting(notification: &Notification) -> Html {
    entry(&Entry {
        outcome: "等待 waiting",
        tone: "",
        title: &about(notification),
        at: "",
        request: ("通知 Notification", &shortened(&notification.body)),
        response: ("应答 Response", "还没有 None yet"),
        action: resend_button(notification),
    })
}

fn notification(sent: &Sent) -> Html {
    let (outcome, tone, response) = match &sent.delivery {
        None => ("取走 taken".to_owned(), "", "由测试取走 Taken by a test".to_owned()),
        Some(delivery) => match &delivery.result {
            Ok(status) => (status.to_string(), tone(*status), shortened(&delivery.body)),
            Err(reason) => ("失败 failed".to_owned(), "bad", reason.clone()),
        },
    };
    entry(&Entry {
        outcome: &outcome,
        tone,
        title: &about(&sent.notification),
        at: &Beijing::at(sent.at).plain(),
        request: (
            "通知 Notification",
            &message("", &sent.notification.headers, &sent.notification.body),
        ),
        response: ("应答 Response", &response),
        action: resend_button(&sent.notification),
    })
}

/// The event of a notification, its order or refund, and its destination.
fn about(notification: &Notification) -> String {
    format!("{} {} → {}", notification.event(), notification.number, notification.notify_url)
}

fn exchange(exchange: &Exchange) -> Html {
    let Exchange { at, request, response, is_broken } = exchange;
    let line = format!("{} {}", request.method, request.path);
    let status = response.status.to_string();
    let (outcome, tone) = if *is_broken {
        (format!("{status} 断线 broken"), "bad")
    } else {
        (status.clone(), tone(response.status))
    };
    entry(&Entry {
        outcome: &outcome,
        tone,
        title: &line,
        at: &Beijing::at(*at).plain(),
        request: ("请求 Request", &message(&line, &request.headers, &request.body)),
        response: ("应答 Response", &message(&status, &response.headers, &response.body)),
        action: Html::default(),
    })
}

/// A message and its response.
struct Entry<'a> {
    outcome: &'a str,
    tone: &'static str,
    title: &'a str,
    at: &'a str,
    request: (&'static str, &'a str),
    response: (&'static str, &'a str),
    /// A button.
    action: Html,
}

fn entry(entry: &Entry<'_>) -> Html {
    Html::fill(
        include_str!("pages/exchange.html"),
        &[
            ("outcome", Html::text(entry.outcome)),
            ("tone", Html::text(entry.tone)),
            ("title", Html::text(entry.title)),
            ("at", Html::text(entry.at)),
            ("request_label", Html::text(entry.request.0)),
            ("request", Html::text(entry.request.1)),
            ("answer_label", Html::text(entry.response.0)),
            ("response", Html::text(entry.response.1)),
            ("action", entry.action.clone()),
        ],
    )
}

fn tone(status: u16) -> &'static str {
    if (200..300).contains(&status) { "good" } else { "bad" }
}

/// A message as it was sent, as text.
fn message(line: &str, headers: &[(String, Vec<u8>)], body: &[u8]) -> String {
    let headers =
        headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)));
    let line = if line.is_empty() { String::new() } else { format!("{line}\n") };
    format!("{line}{}\n{}", headers.collect::<String>(), shortened(body))
}

fn shortened(body: &[u8]) -> String {
    match body.get(..LONGEST) {
        Some(start) => format!("{}…", String::from_utf8_lossy(start)),
        None => String::from_utf8_lossy(body).into_owned(),
    }
}

/// Entries of each list.
const SHOWN: usize = 100;
/// Bytes of a body.
const LONGEST: usize = 16 * 1024;
