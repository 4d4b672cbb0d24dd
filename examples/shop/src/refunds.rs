//! 退款: refunds, from the click of the staff to the money.
//!
//! ```text
//! pending ──▶ accepted ──▶ succeeded
//!                  ├─────▶ closed
//!                  └─────▶ abnormal ──▶ succeeded
//! ```
//!
//! * `pending`: stored, with its number. WeChat Pay may have it or not.
//! * `accepted`: WeChat Pay has it, and the money is on its way.
//! * `succeeded`: the customer has the money.
//! * `abnormal`: the customer's account cannot receive it. The staff acts on the merchant platform.
//! * `closed`: no money moved, and none will.
//!
//! One number refunds once, however often it is sent. So a refund that is not known to be accepted is sent again
//! with **the same number and the same bytes**, whatever the outcome was. No code of the shop takes a new number for it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use wechatpay::refund::{self, Status};
use wechatpay::{Fen, OutRefundNo, OutTradeNo, Signer, Time};

use crate::database::{self, Database};
use crate::error::{Error, Result};
use crate::log;
use crate::merchant::Merchant;
use crate::orders::{self, State};

/// A row of the table.
pub(crate) struct Refund {
    pub(crate) number: OutRefundNo,
    order_number: OutTradeNo,
    amount: Fen,
    pub(crate) state: String,
    request: Vec<u8>,
    pub(crate) last_error: Option<String>,
}

impl Refund {
    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            number: OutRefundNo::new(row.get::<_, String>("number")?)?,
            order_number: OutTradeNo::new(row.get::<_, String>("order_number")?)?,
            amount: Fen(row.get("amount")?),
            state: row.get("state")?,
            request: row.get("request")?,
            last_error: row.get("last_error")?,
        })
    }
}

/// The refund that a click makes. The same click, by its key, makes one refund, however often it arrives. `seen` is the
/// refunded amount that the page showed: a page that was loaded before another refund makes none, whatever its key.
pub(crate) fn create(
    database: &mut Database,
    merchant: &Merchant,
    (key, order_number, amount): (&str, &OutTradeNo, Fen),
    seen: Option<Fen>,
) -> Result<Refund> {
    database.transaction(|rows| {
        if let Some(refund) = find_by(rows, "SELECT * FROM refunds WHERE key = ?", key)? {
            let is_same = refund.order_number == *order_number && refund.amount == amount;
            return if is_same { Ok(refund) } else { Err(Error::Refused(409, "use a new key")) };
        }
        let order =
            orders::find(rows, order_number)?.ok_or(Error::Refused(404, "no such order"))?;
        if order.state != State::Paid {
            return Err(Error::Refused(409, "the order is not paid"));
        }
        // The sum includes refunds whose outcome is unknown.
        let refunded = refunded(rows, order_number)?;
        if seen != Some(refunded) {
            return Err(Error::Refused(409, "look at the order again: another amount is refunded"));
        }
        let Fen(left) = order.total.checked_sub(refunded).unwrap_or_default();
        if !(1..=left).contains(&amount.0) {
            return Err(Error::Refused(409, "amount must be 1 to what is left of the order"));
        }
        // The request is made once. It is stored before it is sent, and sent again from here.
        let number = OutRefundNo::new(database::new_number(rows)?)?;
        let mut request =
            refund::Refund::new(number.clone(), order_number.clone(), amount, order.total);
        request.notify_url = Some(merchant.notify_url.clone());
        rows.execute(
            "INSERT INTO refunds (number, key, order_number, amount, state, request)
             VALUES (?, ?, ?, ?, 'pending', ?)",
            params![
                number.as_str(),
                key,
                order_number.as_str(),
                amount.0,
                request.to_json(&merchant.signer)?,
            ],
        )?;
        find(rows, &number)?.ok_or_else(|| "the new refund is not there".into())
    })
}

/// 申请退款: sends a pending refund. Whatever the outcome is, the number stays, and the worker sends the same refund
/// again until WeChat Pay has it.
///
/// Also after `Refused`, because an earlier call with this number may have been processed, and because the cause can
/// be removed: the balance was too low, or a permission is missing.
pub(crate) fn apply(database: &mut Database, merchant: &Merchant, refund: &Refund) -> Result<()> {
    let request = refund::Refund::from_json(&merchant.signer, &refund.request)?;
    match refund::apply(&merchant.signer, &merchant.gateway, &request) {
        Ok(state) => {
            log::event(&format!("refund {}: {} at WeChat Pay", refund.number, state.status));
            database.transaction(|rows| record(rows, merchant, &state))
        }
        Err(error) => {
            database.transaction(|rows| {
                rows.execute(
                    "UPDATE refunds SET last_error = ? WHERE number = ? AND state = 'pending'",
                    [&error.to_string(), refund.number.as_str()],
                )?;
                Ok(())
            })?;
            Err(error.into())
        }
    }
}

/// Records what WeChat Pay reports of a refund, in the transaction of the caller. An older report changes nothing.
///
/// # Errors
/// Why it is no refund of ours, for people.
pub(crate) fn record(rows: &Connection, merchant: &Merchant, state: &refund::State) -> Result<()> {
    let ours = find(rows, &state.out_refund_no)?.ok_or("no such refund")?;
    let is_ours = state.mchid().is_none_or(|mchid| mchid == merchant.signer.mchid())
        && state.out_trade_no == ours.order_number
        && state.amount.refund == ours.amount;
    if !is_ours {
        return Err("merchant, order or amount differs".into());
    }
    let (next, from) = match &state.status {
        Status::Processing => ("accepted", "('pending')"),
        Status::Abnormal => ("abnormal", "('pending', 'accepted')"),
        Status::Success => ("succeeded", "('pending', 'accepted', 'abnormal')"),
        Status::Closed => ("closed", "('pending', 'accepted', 'abnormal')"),
        other => return Err(format!("the unknown status {other}").into()),
    };
    // A notification has no create_time. The bill has the refund on that day.
    let accepted_at = state.create_time.map(Time::unix_seconds);
    rows.execute(
        &format!(
            "UPDATE refunds SET state = ?, last_error = NULL WHERE number = ? AND state IN {from}"
        ),
        [next, ours.number.as_str()],
    )?;
    rows.execute(
        "UPDATE refunds SET accepted_at = coalesce(accepted_at, ?) WHERE number = ?",
        params![accepted_at, ours.number.as_str()],
    )?;
    Ok(())
}

/// Makes the next step of a refund that has not ended.
pub(crate) fn follow_up(
    database: &mut Database,
    merchant: &Merchant,
    refund: &Refund,
) -> Result<()> {
    if refund.state == "pending" {
        return apply(database, merchant, refund);
    }
    let state = refund::query(&merchant.signer, &merchant.gateway, &refund.number)?;
    database.transaction(|rows| record(rows, merchant, &state))
}

/// The refunds that have not ended, and those of which only a notification arrived.
pub(crate) fn open(rows: &Connection) -> Result<Vec<Refund>> {
    let mut query = rows.prepare(
        "SELECT * FROM refunds WHERE state IN ('pending', 'accepted', 'abnormal') OR accepted_at IS NULL",
    )?;
    query.query_and_then([], Refund::read)?.collect()
}

/// The refund with this number.
pub(crate) fn find(rows: &Connection, number: &OutRefundNo) -> Result<Option<Refund>> {
    find_by(rows, "SELECT * FROM refunds WHERE number = ?", number.as_str())
}

fn find_by(rows: &Connection, sql: &str, value: &str) -> Result<Option<Refund>> {
    rows.query_row(sql, [value], |row| Ok(Refund::read(row))).optional()?.transpose()
}

/// What may have been refunded of an order: everything but refunds that WeChat Pay closed.
pub(crate) fn refunded(rows: &Connection, order_number: &OutTradeNo) -> Result<Fen> {
    let sql =
        "SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_number = ? AND state <> 'closed'";
    Ok(Fen(rows.query_row(sql, [order_number.as_str()], |row| row.get(0))?))
}
