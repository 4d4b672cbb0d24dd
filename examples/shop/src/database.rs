//! The database: what must survive the process, and the power supply.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::error::Result;

/// A connection to the database. Each thread has its own.
pub(crate) struct Database {
    connection: Connection,
}

impl Database {
    /// Opens the database, and creates it at the first time.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        switch_to_wal(&connection)?;
        // A commit is on the disk when it returns. The default for WAL, NORMAL, may lose the last commits in a power
        // failure, and with them a notification that was acknowledged or a refund that was sent.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Reads, without a transaction.
    pub(crate) fn rows(&self) -> &Connection {
        &self.connection
    }

    /// Does some work in a transaction: all of it is on the disk afterwards, or nothing.
    ///
    /// The transaction takes the write lock first, so what it reads is still true when it writes. It must be short:
    /// never call WeChat Pay in it.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

/// A new number for an order or a refund. It is random and not counted, so that it never repeats, not even after the
/// database was restored from a backup: WeChat Pay still knows the numbers that came after the backup.
pub(crate) fn new_number(rows: &Connection) -> Result<String> {
    Ok(rows.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?)
}

/// In WAL mode, readers don't wait for writers. If two connections switch a new database at once, SQLite refuses one of
/// them without waiting, so that one tries again here.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < BUSY_TIMEOUT =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

/// WeChat Pay waits five seconds for the response to a notification.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Amounts are integers, in fen. Times are seconds since 1970.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS orders (
    number          TEXT PRIMARY KEY,
    -- The idempotency key: a repeated click has the same one.
    key             TEXT NOT NULL UNIQUE,
    item            TEXT NOT NULL,
    quantity        INTEGER NOT NULL CHECK (quantity > 0),
    appid           TEXT NOT NULL,
    total           INTEGER NOT NULL CHECK (total > 0),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'placed', 'paid', 'closed')),
    -- The bytes of the request. The same ones are sent again.
    request         BLOB NOT NULL,
    code_url        TEXT,
    expires_at      INTEGER NOT NULL,
    transaction_id  TEXT,
    paid_at         INTEGER,
    CHECK ((state = 'paid') = (paid_at IS NOT NULL AND transaction_id IS NOT NULL))
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_state ON orders (state);
CREATE INDEX IF NOT EXISTS orders_by_payment ON orders (paid_at);

-- What is to be done once for a paid order. It is written in the transaction that records the payment.
CREATE TABLE IF NOT EXISTS shipments (
    order_number    TEXT PRIMARY KEY REFERENCES orders (number)
) STRICT;

CREATE TABLE IF NOT EXISTS refunds (
    number          TEXT PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    order_number    TEXT NOT NULL REFERENCES orders (number),
    amount          INTEGER NOT NULL CHECK (amount > 0),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'abnormal', 'succeeded', 'closed')),
    request         BLOB NOT NULL,
    accepted_at     INTEGER,
    -- Why the last attempt did not succeed, for the staff.
    last_error      TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_by_order ON refunds (order_number);
CREATE INDEX IF NOT EXISTS refunds_by_state ON refunds (state);
CREATE INDEX IF NOT EXISTS refunds_by_acceptance ON refunds (accepted_at);

CREATE TABLE IF NOT EXISTS notifications (
    id              TEXT PRIMARY KEY,
    event_type      TEXT NOT NULL,
    result          TEXT NOT NULL
) STRICT;
";

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn every_commit_is_on_the_disk() {
        let database = Database::open(Path::new(":memory:")).unwrap();
        let synchronous: i64 =
            database.rows().query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 2, "FULL");
    }

    #[test]
    fn new_database_is_opened_by_many_threads_at_once() {
        let folder = std::env::temp_dir().join(format!("shop-database-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for round in 0..20 {
            let path = folder.join(format!("{round}.db"));
            let start = Barrier::new(8);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        start.wait();
                        let opened = Database::open(&path).map(drop);
                        assert_eq!(opened.map_err(|error| error.to_string()), Ok(()));
                    });
                }
            });
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
