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

mod api_table;
mod app_order;
mod bill;
mod call;
mod certificates;
mod combined;
mod dependency_budget;
mod doc_examples;
mod downloads;
mod failover;
mod faults;
mod forgery;
mod from_json;
mod fuzz;
mod guides;
mod keys;
mod language;
mod lifecycle;
mod messages;
mod module_cycles;
mod money;
mod notifications;
mod orders;
mod profit_sharing;
mod properties;
mod proxies;
mod readme;
mod refunds;
mod sample_shop;
mod scripted_server;
mod secrets;
mod sign_diagnosis;
mod stored_requests;
mod threads;
mod tls;
mod transfers;
mod transport;
mod uploads;
#[cfg(feature = "v2")]
mod v2;
mod vectors;

#[path = "../shared/leaks.rs"]
mod leaks;
#[path = "../shared/notification_server.rs"]
mod notification_server;
#[path = "../shared/sample_bodies.rs"]
mod sample_bodies;
#[path = "../shared/support.rs"]
mod support;
#[cfg(feature = "v2")]
#[path = "../shared/v2_sample_bodies.rs"]
mod v2_sample_bodies;

/// For `leaks`, in each of the packages that share it.
fn api_keys(sandbox: &wechatpay_sandbox::Sandbox) -> Vec<String> {
    vec![
        sandbox.api_v3_key().to_owned(),
        #[cfg(feature = "v2")]
        sandbox.v2().api_key().to_owned(),
    ]
}
