//! The worker: finds what no notification reported, and continues what was interrupted.

use std::fmt::Display;

use wechatpay::Time;

use crate::database::Database;
use crate::error::Result;
use crate::merchant::Merchant;
use crate::{log, orders, refunds};

/// One round over everything that has not ended. Returns the number of failures, which the next round tries again.
///
/// Two rounds at the same time do no harm: both send the same requests.
pub(crate) fn round(database: &mut Database, merchant: &Merchant) -> Result<usize> {
    let now = Time::now()?;
    let mut failures = Failures(0);
    for order in orders::open(database.rows())? {
        let result = orders::follow_up(database, merchant, &order, now);
        failures.note(&format_args!("order {}", order.number), result);
    }
    for refund in refunds::open(database.rows())? {
        let result = refunds::follow_up(database, merchant, &refund);
        failures.note(&format_args!("refund {}", refund.number), result);
    }
    Ok(failures.0)
}

/// The failures so far. One does not keep the others from being tried.
struct Failures(usize);

impl Failures {
    fn note(&mut self, what: &dyn Display, result: Result<()>) {
        if let Err(error) = result {
            log::event(&format!("{what}: {error}"));
            self.0 = self.0.saturating_add(1);
        }
    }
}
