//! Behaviour, against the sandbox, over real TLS. A module per theme.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod app_order;
mod bill;
mod cashier;
mod certificates;
mod combined;
mod commands;
mod examples;
mod failover;
mod faults;
mod forgery;
mod fuzz;
mod keys;
mod life;
mod merchant;
mod messages;
mod money;
mod notice_server;
mod notices;
mod orders;
mod program;
mod properties;
mod readme;
mod refunds;
mod sandbox_faults;
mod sandbox_keys;
mod sandbox_notices;
mod sandbox_orders;
mod secrets;
mod sign_error;
mod strict;
mod supply;
mod support;
mod surface;
mod threads;
mod tls;
mod transport;
mod v2;
mod vectors;
mod visitor;
mod wire;
