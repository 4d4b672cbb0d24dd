//! 回调通知: what WeChat Pay posts when an order is paid or a refund ended.

use wechatpay::Time;
use wechatpay::notify::{self, Acknowledgement, Event, Notification};

use crate::database::Database;
use crate::error::Result;
use crate::merchant::Merchant;
use crate::{log, orders, refunds};

/// Verifies, stores and acknowledges a notification, in this order, and calls no one, so that it ends long before
/// WeChat Pay stops waiting. `body` is the body as received.
pub(crate) fn receive<'a>(
    database: &mut Database,
    merchant: &Merchant,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: &[u8],
    now: Time,
) -> Acknowledgement {
    let event = match notify::open(&merchant.keys, &merchant.api_v3_key, headers, body, now) {
        Ok(event) => event,
        // WeChat Pay's probes end here too: their signature is wrong on purpose.
        Err(refusal) => {
            log::event(&format!("notification refused: {refusal}"));
            return Acknowledgement::refused(&refusal);
        }
    };
    match store(database, merchant, &event) {
        Ok(()) => Acknowledgement::accepted(),
        // The notification is not stored, so it must be sent again.
        Err(error) => {
            log::event(&format!("notification {}: {error}", event.id));
            Acknowledgement::again()
        }
    }
}

/// Stores the notification and what follows from it in one transaction.
fn store(database: &mut Database, merchant: &Merchant, event: &Event) -> Result<()> {
    database.transaction(|rows| {
        let is_known = "SELECT EXISTS (SELECT 1 FROM notifications WHERE id = ?)";
        if rows.query_row(is_known, [&event.id], |row| row.get(0))? {
            return Ok(());
        }
        let recorded = match &event.notification {
            Notification::Transaction(transaction) => orders::proof(rows, merchant, transaction)
                .and_then(|paid| orders::record_payment(rows, &paid)),
            Notification::Refund(state) => refunds::record(rows, merchant, state),
            _ => Err("not a notification that this shop uses".into()),
        };
        let result = match recorded {
            Ok(()) => "recorded".to_owned(),
            Err(error) if error.is_of_database() => return Err(error),
            // The notification is genuine, but of no order of this shop. Sending it again would not
            // help.
            Err(error) => {
                log::event(&format!("notification {}: not used: {error}", event.id));
                format!("not used: {error}")
            }
        };
        rows.execute(
            "INSERT INTO notifications (id, event_type, result) VALUES (?, ?, ?)",
            [&event.id, event.event_type.as_str(), &result],
        )?;
        Ok(())
    })
}
