//! Helpers that the tests of the three packages share.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use wechatpay::pay::Order;
use wechatpay::{ApiError, Error, Time};
use wechatpay_sandbox::Sandbox;

pub(crate) fn start() -> Sandbox {
    crate::leaks::listen();
    Sandbox::start().unwrap()
}

pub(crate) fn order(sandbox: &Sandbox, out_trade_no: &str) -> Order {
    sandbox.order(out_trade_no).unwrap()
}

/// Lets the time pass until the next noon in Beijing, so that no day of bills ends in the middle of
/// a test, and returns that noon.
pub(crate) fn noon(sandbox: &Sandbox) -> Time {
    let now = Time::now().unwrap().unix_seconds();
    let until_noon = 86_400 - (now + 20 * 3600).rem_euclid(86_400);
    sandbox.let_time_pass(until_noon.unsigned_abs());
    Time::from_unix_seconds(now + until_noon).unwrap()
}

#[track_caller]
pub(crate) fn api(error: &Error) -> &ApiError {
    error.api().unwrap_or_else(|| panic!("not a response: {error}"))
}

/// Makes a call that must end. One that never ends would hang the complete suite, so it ends the
/// process instead.
#[allow(clippy::print_stderr, reason = "the process ends before a test could report it")]
pub(crate) fn within<T>(limit: Duration, call: impl FnOnce() -> T) -> T {
    let (ended, end) = mpsc::channel::<()>();
    thread::spawn(move || {
        if end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            eprintln!("a call has not ended within {limit:?}");
            std::process::exit(101);
        }
    });
    let result = call();
    drop(ended);
    result
}
