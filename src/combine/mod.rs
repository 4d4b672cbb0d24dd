//! Combined orders (合单): one payment for several sub-orders.

mod transaction;

pub use self::transaction::{Amount, SubTransaction, Transaction};
