//! A till that charges payers' codes (付款码支付) in the sandbox: a payer who types a PIN, one who
//! refuses, one who walks away, and a response that is lost.
//!
//! ```text
//! cargo run --example till
//! ```
//!
//! The payments go to a sandbox that this program starts. The code is in `checkout.rs`; it needs the
//! feature `v2`, which that command enables.

use std::process::ExitCode;

#[cfg(feature = "v2")]
mod checkout;

#[cfg(feature = "v2")]
fn main() -> ExitCode {
    checkout::main()
}

#[cfg(not(feature = "v2"))]
#[allow(clippy::print_stderr, reason = "this program has a human reader")]
fn main() -> ExitCode {
    eprintln!("error: APIv2 needs a feature; run: cargo run --example till --features v2");
    ExitCode::FAILURE
}
