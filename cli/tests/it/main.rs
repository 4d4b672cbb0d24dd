//! The program `wechatpay`, as its users run it.
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

mod program;

#[path = "../../../tests/shared/leaks.rs"]
mod leaks;
#[path = "../../../tests/shared/sample_bodies.rs"]
mod sample_bodies;
#[path = "../../../tests/shared/support.rs"]
#[allow(dead_code, reason = "three packages share it, and each uses a part")]
mod support;
