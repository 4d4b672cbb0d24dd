//! APIv2 in the sandbox: the same merchant, with orders of its own.
//!
//! The sandbox checks a request as strictly as in APIv3: the signature over the fields received,
//! every field and the JSON in it, and for refunds the client certificate. It responds with the
//! documented error codes. A request that is refused before its merchant is known, for example
//! because of a wrong signature, gets `return_code=FAIL` with a text and without a signature, as from
//! WeChat Pay.

mod checks;
pub(super) mod code_page;
mod combined_order;
mod combined_orders;
pub(super) mod commands;
pub(super) mod context;
mod fields;
mod handle;
mod interface;
mod notifications;
mod order;
mod order_book;
mod payer_codes;
mod payment_token;
mod refund;
mod refunds;
mod refusal;
pub(super) mod responder;
mod router;
mod sign;
mod single_orders;
pub(super) mod state;
mod summary;
mod tables;
mod till;
mod till_orders;
mod xml;

pub use self::handle::V2;
