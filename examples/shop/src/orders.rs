//! 订单: orders, from the click to the payment.
//!
//! ```text
//! pending ──▶ placed ──▶ paid
//!    │ └───────────────▶ paid     (the response to placing it was lost)
//!    └───────┴─────────▶ closed   (expired, and closed at WeChat Pay)
//! ```
//!
//! * `pending`: stored. WeChat Pay may have it or not.
//! * `placed`: WeChat Pay has it, and the customer can pay with the `code_url`.
//! * `paid`: WeChat Pay proved the payment. This is final, and it happens once.
//! * `closed`: it cannot be paid any more. If WeChat Pay proves a payment all the same, that counts.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, params};
use wechatpay::pay::{self, Expected, NotPaid, Paid, TradeState, Transaction, native};
use wechatpay::{AppId, Code, Fen, OutTradeNo, Time};

use crate::catalogue;
use crate::database::{self, Database};
use crate::error::{Error, Result};
use crate::log;
use crate::merchant::Merchant;

/// A row of the table.
pub(crate) struct Order {
    pub(crate) number: OutTradeNo,
    item: String,
    quantity: u64,
    appid: AppId,
    pub(crate) total: Fen,
    pub(crate) state: State,
    request: Vec<u8>,
    pub(crate) code_url: Option<String>,
    expires_at: i64,
}

/// The state of an order, as in the diagram above.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Placed,
    Paid,
    Closed,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Placed => "placed",
            Self::Paid => "paid",
            Self::Closed => "closed",
        }
    }

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Pending, Self::Placed, Self::Paid, Self::Closed];
        let found = all.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("an order has the unknown state {text}").into())
    }
}

impl Order {
    /// What a payment must agree with, from our own record.
    fn expected(&self) -> Expected<'_> {
        Expected::new(&self.appid, &self.number, self.total)
    }

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            number: OutTradeNo::new(row.get::<_, String>("number")?)?,
            item: row.get("item")?,
            quantity: row.get("quantity")?,
            appid: AppId::new(row.get::<_, String>("appid")?)?,
            total: Fen(row.get("total")?),
            state: State::from_str(&row.get::<_, String>("state")?)?,
            request: row.get("request")?,
            code_url: row.get("code_url")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

/// The order that a click makes. The same click, by its key, makes one order, however often it arrives.
pub(crate) fn create(
    database: &mut Database,
    merchant: &Merchant,
    (key, item, quantity): (&str, &str, u64),
) -> Result<Order> {
    let goods = catalogue::find(item).ok_or(Error::Refused(404, "no such item"))?;
    let total = goods.total(quantity).ok_or(Error::Refused(400, "quantity must be 1 to 99"))?;
    let expires_at = Time::now()?.unix_seconds().saturating_add(LIFETIME);
    database.transaction(|rows| {
        if let Some(order) = find_by_key(rows, key)? {
            let is_same = order.item == item && order.quantity == quantity;
            return if is_same { Ok(order) } else { Err(Error::Refused(409, "use a new key")) };
        }
        // The request is made once. It is stored before it is sent, and sent again from here.
        let number = OutTradeNo::new(database::new_number(rows)?)?;
        let (appid, notify_url) = (merchant.appid.clone(), merchant.notify_url.clone());
        let mut request =
            pay::Order::new(appid, number.clone(), goods.description, total, notify_url);
        request.time_expire = Some(Time::from_unix_seconds(expires_at)?);
        rows.execute(
            "INSERT INTO orders (number, key, item, quantity, appid, total, state, request, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
            params![
                number.as_str(),
                key,
                item,
                quantity,
                merchant.appid.as_str(),
                total.0,
                request.to_json(&merchant.signer)?,
                expires_at,
            ],
        )?;
        find(rows, &number)?.ok_or_else(|| "the new order is not there".into())
    })
}

/// Native下单: places a pending order. If the outcome is unknown, it stays pending, and the same request is sent again:
/// by the next click with the same key, or by the worker.
///
/// Each time WeChat Pay returns a new `code_url`, and only the newest can be paid. So two clicks at the same time place it
/// once, and the worker waits until a click has ended.
pub(crate) fn place(database: &mut Database, merchant: &Merchant, order: &Order) -> Result<()> {
    // Another click is placing it: it is pending until that has ended.
    let Some(_turn) = Turn::take(&order.number) else { return Ok(()) };
    let request = pay::Order::from_json(&merchant.signer, &order.request)?;
    let code_url = native::prepay(&merchant.signer, &merchant.gateway, &request)?;
    database.transaction(|rows| {
        // A payment may have been recorded in the meantime.
        rows.execute(
            "UPDATE orders SET state = 'placed', code_url = ? WHERE number = ? AND state IN ('pending', 'placed')",
            [code_url.as_str(), order.number.as_str()],
        )?;
        Ok(())
    })
}

/// The right to place an order, which one thread of the process has at a time.
struct Turn(OutTradeNo);

static PLACING: Mutex<BTreeSet<OutTradeNo>> = Mutex::new(BTreeSet::new());

impl Turn {
    fn take(number: &OutTradeNo) -> Option<Self> {
        let mut placing = PLACING.lock().unwrap_or_else(PoisonError::into_inner);
        placing.insert(number.clone()).then(|| Self(number.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        PLACING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Records a payment, and what is to be done for it, in the transaction of the caller. If it is recorded already,
/// nothing changes. Only WeChat Pay's proof can be passed.
pub(crate) fn record_payment(rows: &Connection, paid: &Paid) -> Result<()> {
    let changed = rows.execute(
        "UPDATE orders SET state = 'paid', transaction_id = ?, paid_at = ? WHERE number = ? AND state <> 'paid'",
        params![
            paid.transaction_id().as_str(),
            paid.success_time().unix_seconds(),
            paid.out_trade_no().as_str(),
        ],
    )?;
    if changed == 1 {
        rows.execute(
            "INSERT INTO shipments (order_number) VALUES (?)",
            [paid.out_trade_no().as_str()],
        )?;
    }
    Ok(())
}

/// Compares a verified transaction with the stored order.
///
/// # Errors
/// Why it is no payment of ours, for people.
pub(crate) fn proof(
    rows: &Connection,
    merchant: &Merchant,
    transaction: &Transaction,
) -> Result<Paid> {
    let order = find(rows, &transaction.out_trade_no)?.ok_or("no such order")?;
    let paid = transaction.paid(&merchant.signer, order.expected());
    paid.map_err(|reason| reason.to_string().into())
}

/// Queries an order that is neither paid nor closed, and makes its next step. The worker does this, because a
/// notification may never arrive.
pub(crate) fn follow_up(
    database: &mut Database,
    merchant: &Merchant,
    order: &Order,
    now: Time,
) -> Result<()> {
    let (signer, gateway) = (&merchant.signer, &merchant.gateway);
    let is_expired = now.unix_seconds() > order.expires_at;
    match pay::query(signer, gateway, &order.number) {
        Ok(transaction) => match transaction.paid(signer, order.expected()) {
            Ok(paid) => return database.transaction(|rows| record_payment(rows, &paid)),
            Err(NotPaid::State(TradeState::Closed)) => return record_closed(database, order),
            Err(NotPaid::State(TradeState::NotPay)) if is_expired => {
                pay::close(signer, gateway, &order.number)?;
                return record_closed(database, order);
            }
            Err(NotPaid::State(TradeState::NotPay)) => {}
            // Such as another amount, or a refund that the shop did not make.
            Err(reason) => return Err(reason.to_string().into()),
        },
        // The request may still be on its way, so this is not conclusive before the order has expired. After that, no
        // one can pay it: a pending order was shown to no customer.
        Err(error) if is_not_found(&error) && order.state == State::Pending => {
            if is_expired {
                return record_closed(database, order);
            }
        }
        Err(error) => return Err(error.into()),
    }
    let age = now.unix_seconds().saturating_sub(order.expires_at.saturating_sub(LIFETIME));
    let is_left = order.state == State::Pending && age > A_CLICK;
    if is_left { place(database, merchant, order) } else { Ok(()) }
}

/// The orders that are neither paid nor closed.
pub(crate) fn open(rows: &Connection) -> Result<Vec<Order>> {
    let mut query = rows.prepare("SELECT * FROM orders WHERE state IN ('pending', 'placed')")?;
    query.query_and_then([], Order::read)?.collect()
}

/// The order with this number.
pub(crate) fn find(rows: &Connection, number: &OutTradeNo) -> Result<Option<Order>> {
    find_by(rows, "SELECT * FROM orders WHERE number = ?", number.as_str())
}

fn find_by_key(rows: &Connection, key: &str) -> Result<Option<Order>> {
    find_by(rows, "SELECT * FROM orders WHERE key = ?", key)
}

fn find_by(rows: &Connection, sql: &str, value: &str) -> Result<Option<Order>> {
    rows.query_row(sql, [value], |row| Ok(Order::read(row))).optional()?.transpose()
}

fn record_closed(database: &mut Database, order: &Order) -> Result<()> {
    log::event(&format!("order {}: closed", order.number));
    database.transaction(|rows| {
        rows.execute(
            "UPDATE orders SET state = 'closed' WHERE number = ? AND state IN ('pending', 'placed')",
            [order.number.as_str()],
        )?;
        Ok(())
    })
}

fn is_not_found(error: &wechatpay::Error) -> bool {
    error.api().is_some_and(|api| api.code == Code::ORDER_NOT_EXIST)
}

/// How long a customer can pay, in seconds.
const LIFETIME: i64 = 15 * 60;
/// Longer than a click that places an order, in seconds: a call takes ten at most.
const A_CLICK: i64 = 30;
