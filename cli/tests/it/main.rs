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

mod arguments;
mod bills;
mod calls;
mod doctor;
mod exit_status;
mod notifications;
mod orders;
mod problems;
mod program;
mod qr_codes;
mod sandbox;
mod settings;
mod sharing;
mod signatures;
mod transfers;
mod v2;

#[path = "../../../tests/shared/leaks.rs"]
mod leaks;
#[path = "../../../tests/shared/sample_bodies.rs"]
mod sample_bodies;
#[path = "../../../tests/shared/support.rs"]
#[allow(dead_code, reason = "three packages share it, and each uses a part")]
mod support;
#[path = "../../../tests/shared/v2_sample_bodies.rs"]
mod v2_sample_bodies;

/// For `leaks`, in each of the packages that share it.
fn api_keys(sandbox: &wechatpay_sandbox::Sandbox) -> Vec<String> {
    [sandbox.api_v3_key(), sandbox.v2().api_key()].map(str::to_owned).into()
}
