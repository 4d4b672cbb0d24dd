//! The shop as its users start it, against the sandbox over TLS. The sandbox, not the shop, counts the money.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "demo")]
mod demo;
mod orders;
mod reconciliation;
mod refunds;
mod server;
mod shop;
