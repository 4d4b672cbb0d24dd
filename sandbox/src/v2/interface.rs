//! An interface of APIv2: its path, its fields, and the function that handles a call.

use super::super::schema::Table;
use super::context::Context;
use super::fields::Fields;
use super::order_book::OrderBook;
use super::refusal::{FieldErrors, Refusal};

/// An interface of APIv2. A new one is an entry in `interfaces.rs`.
pub(super) struct Interface {
    pub(super) path: &'static str,
    /// The fields beside those that every interface has.
    pub(super) fields: Table,
    /// Whether the merchant is named by `combine_appid` and `combine_mch_id`.
    pub(super) is_combined: bool,
    pub(super) field_errors: FieldErrors,
    pub(super) handle: Handler,
}

/// What an interface does with a call whose signature and fields were checked.
pub(super) type Handler = fn(&mut OrderBook, &Fields, &mut Context<'_>) -> Result<Fields, Refusal>;
