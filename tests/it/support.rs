//! What the themes share.

use wechatpay::pay::Order;
use wechatpay::sandbox::Sandbox;
use wechatpay::{ApiError, Error, Fen, OutTradeNo};

pub(crate) fn start() -> Sandbox {
    Sandbox::start().unwrap()
}

/// The least order.
pub(crate) fn order(sandbox: &Sandbox, out_trade_no: &str) -> Order {
    Order::new(
        sandbox.appid(),
        OutTradeNo::new(out_trade_no).unwrap(),
        "Image形象店-深圳腾大-QQ公仔",
        Fen(100),
        sandbox.notify_url(),
    )
}

#[track_caller]
pub(crate) fn api(error: &Error) -> &ApiError {
    match error {
        Error::Api(error) => error,
        other => panic!("not an error answer: {other}"),
    }
}
