//! The commands of APIv2.

use serde::Deserialize;
use serde_json::json;

use super::super::commands::{
    CombinedNumber, Command, Done, Nothing, OrderNumber, RefundEnd, Trouble, done, order_done,
    read, taken,
};
use super::super::console::Console;
use super::super::notifications::Version;
use super::super::unix_now;

/// By its name behind `/sandbox/v2/`.
pub(crate) fn command(name: &str) -> Option<Command> {
    Some(match name {
        "pay" => |console, body| {
            let Payment { out_trade_no: number, coupons } = read(body)?;
            let paid = {
                let mut world = console.world();
                let (room, place) = world.v2(unix_now());
                room.pay(&number, &coupons, place)
            };
            order_done(console, &number, paid)
        },
        "pay-combined" => |console, body| {
            let CombinedNumber { combine_out_trade_no: number } = read(body)?;
            let paid = {
                let mut world = console.world();
                let (room, place) = world.v2(unix_now());
                room.pay_combined(&number, place)
            };
            order_done(console, &number, paid)
        },
        "refuse-payment" => |console, body| {
            let OrderNumber { out_trade_no: number } = read(body)?;
            let refused = {
                let mut world = console.world();
                let (room, place) = world.v2(unix_now());
                room.refuse_payment(&number, place.now)
            };
            order_done(console, &number, refused)
        },
        "refuse-combined-payment" => |console, body| {
            let CombinedNumber { combine_out_trade_no: number } = read(body)?;
            let refused = {
                let mut world = console.world();
                let (room, place) = world.v2(unix_now());
                room.refuse_combined_payment(&number, place.now)
            };
            order_done(console, &number, refused)
        },
        "close" => |console, body| {
            let OrderNumber { out_trade_no: number } = read(body)?;
            let closed = console.world().v2(unix_now()).0.close(&number);
            order_done(console, &number, closed)
        },
        "close-combined" => |console, body| {
            let CombinedNumber { combine_out_trade_no: number } = read(body)?;
            let closed = console.world().v2(unix_now()).0.close_combined(&number);
            order_done(console, &number, closed)
        },
        "end-refund" => end_refund,
        "refuse-next" => |console, body| {
            let RefusedCall { code, text } = read(body)?;
            console.world().v2(unix_now()).0.refuse_next(&code, &text);
            Ok(json!({}))
        },
        "fail-next" => |console, body| {
            let FailedCall { text } = read(body)?;
            console.world().v2(unix_now()).0.fail_next(&text);
            Ok(json!({}))
        },
        "take-notifications" => |console, body| {
            let Nothing {} = read(body)?;
            Ok(taken(&console.world().take_notifications(Version::V2, unix_now())))
        },
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    out_trade_no: String,
    #[serde(default)]
    coupons: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedCall {
    code: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailedCall {
    text: String,
}

fn end_refund(console: &Console, body: &[u8]) -> Done {
    let RefundEnd { out_refund_no, status } = read(body)?;
    let status = match status.as_str() {
        "SUCCESS" => "SUCCESS",
        "REFUNDCLOSE" => "REFUNDCLOSE",
        "CHANGE" => "CHANGE",
        _ => return Err(Trouble::new(400, "status must be SUCCESS, REFUNDCLOSE or CHANGE")),
    };
    let mut world = console.world();
    let (room, place) = world.v2(unix_now());
    let ended = room.end_refund(&out_refund_no, status, place);
    let missing = "there is no refund of this number that is being processed";
    done(ended.then_some(()).ok_or_else(|| Trouble::new(404, missing)))
}
