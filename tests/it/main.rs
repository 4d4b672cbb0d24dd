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
mod certificates;
mod combined;
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
mod notices;
mod orders;
mod properties;
mod readme;
mod refunds;
mod secrets;
mod sign_error;
mod strict;
mod supply;
mod surface;
mod threads;
mod tls;
mod transport;
mod v2;
mod vectors;
mod wire;

#[path = "../shared/leaks.rs"]
mod leaks;
#[path = "../shared/notice_server.rs"]
mod notice_server;
#[path = "../shared/sample_bodies.rs"]
mod sample_bodies;
#[path = "../shared/support.rs"]
mod support;
