//! The emulator's behaviour, over real TLS. A module per theme.
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

mod browser_client;
mod cashier;
mod commands;
mod faults;
mod keys;
mod notifications;
mod orders;
mod transfers;

#[path = "../../../tests/shared/leaks.rs"]
mod leaks;
#[path = "../../../tests/shared/notification_server.rs"]
mod notification_server;
#[path = "../../../tests/shared/support.rs"]
#[allow(dead_code, reason = "three packages share it, and each uses a part")]
mod support;

/// For `leaks`, in each of the packages that share it.
fn api_keys(sandbox: &wechatpay_sandbox::Sandbox) -> Vec<String> {
    [sandbox.api_v3_key(), sandbox.v2().api_key()].map(str::to_owned).into()
}
