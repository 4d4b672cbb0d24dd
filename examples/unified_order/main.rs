//! Places one APIv2 order (统一下单) in the sandbox, pays it, and shows each step.
//!
//! ```text
//! cargo run --example unified_order
//! ```
//!
//! The order goes to a sandbox that this program starts. The code is in `order.rs`; it needs the
//! feature `v2`, which that command enables.

use std::process::ExitCode;

#[cfg(feature = "v2")]
mod order;

#[cfg(feature = "v2")]
fn main() -> ExitCode {
    order::main()
}

#[cfg(not(feature = "v2"))]
#[allow(clippy::print_stderr, reason = "this program has a human reader")]
fn main() -> ExitCode {
    eprintln!("error: APIv2 needs a feature; run: cargo run --example unified_order --features v2");
    ExitCode::FAILURE
}
