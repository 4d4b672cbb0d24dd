//! Notifications and requests in the JSON of commands.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::journal::{Exchange, Sent};
use super::json::put;
use super::notifications::{Delivery, Notification};

pub(super) fn taken(notifications: &[Notification]) -> Value {
    let described: Vec<_> = notifications.iter().map(notification).collect();
    json!({ "notifications": described })
}

pub(super) fn delivered(deliveries: &[Delivery]) -> Value {
    let described = deliveries.iter().map(|delivery| {
        let mut output = json!({ "id": delivery.id, "notify_url": delivery.notify_url });
        put_result(&mut output, delivery);
        output
    });
    json!({ "deliveries": described.collect::<Vec<_>>() })
}

pub(super) fn notification(notification: &Notification) -> Value {
    json!({
        "id": notification.id,
        "number": notification.number,
        "notify_url": notification.notify_url,
        "headers": pairs(&notification.headers),
        "body": lossy(&notification.body),
    })
}

pub(super) fn sent(sent: &Sent) -> Value {
    let mut output = notification(&sent.notification);
    put(&mut output, "at", Beijing::at(sent.at).rfc3339());
    match &sent.delivery {
        Some(delivery) => put_result(&mut output, delivery),
        None => put(&mut output, "taken", true),
    }
    output
}

pub(super) fn exchange(exchange: &Exchange) -> Value {
    let Exchange { at, request, response, is_broken } = exchange;
    json!({
        "at": Beijing::at(*at).rfc3339(),
        "method": request.method,
        "path": request.path,
        "headers": pairs(&request.headers),
        "body": lossy(&request.body),
        "answer": {
            "status": response.status,
            "headers": pairs(&response.headers),
            "body": lossy(&response.body),
            "is_broken": is_broken,
        },
    })
}

/// `status` and `answer`, or the `error` that there is instead; which `attempt` it was, whether it
/// `is_accepted`, and if not in how many seconds the `next_attempt` comes.
fn put_result(output: &mut Value, delivery: &Delivery) {
    put(output, "attempt", delivery.attempt);
    put(output, "is_accepted", delivery.is_accepted());
    if let Some(pause) = delivery.next_attempt {
        put(output, "next_attempt", pause.as_secs());
    }
    match &delivery.result {
        Ok(status) => {
            put(output, "status", *status);
            put(output, "answer", lossy(&delivery.body));
        }
        Err(reason) => put(output, "error", reason.as_str()),
    }
}

fn pairs(headers: &[(String, Vec<u8>)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.clone(), lossy(value))).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
