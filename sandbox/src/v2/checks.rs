//! What placing a single order and placing a combined one check alike.

use super::fields::{Fields, text, unix_time};
use super::refusal::Refusal;

/// What each kind of order needs, and whose users pay it.
pub(super) fn check_trade_type(
    request: &Fields,
    openid: &str,
    foreign: &str,
) -> Result<(), Refusal> {
    let needed = match text(request, "trade_type") {
        "JSAPI" => openid,
        "NATIVE" => "product_id",
        "MWEB" => "scene_info",
        _ => "trade_type",
    };
    if !request.contains_key(needed) {
        return Err(Refusal::new("LACK_PARAMS", &format!("缺少参数{needed}")));
    }
    if text(request, openid).starts_with("other-") {
        return Err(Refusal::new(foreign, "openid与appid不匹配"));
    }
    let (start, end) =
        (unix_time(text(request, "time_start")), unix_time(text(request, "time_expire")));
    if start.zip(end).is_some_and(|(start, end)| end.saturating_sub(start) <= A_MINUTE) {
        let code = if openid == "openid" { "INVALID_REQUEST" } else { "INVALID_PARAMS" };
        return Err(Refusal::new(code, "失效时间间隔必须大于1分钟"));
    }
    Ok(())
}

pub(super) fn missing() -> Refusal {
    Refusal::new("ORDERNOTEXIST", "订单不存在")
}

pub(super) fn used() -> Refusal {
    Refusal::new("OUT_TRADE_NO_USED", "商户订单号重复")
}

pub(super) const A_MINUTE: i64 = 60;
