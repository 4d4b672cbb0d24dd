//! Which merchants, appids and payers a request may name.

use serde_json::{Map, Value};

use super::caller::{Caller, MerchantKind};
use super::merchants::Merchant;
use super::refusal::{Location, Refusal};
use super::schema::{items_of, text_of};
use super::trade_type::TradeType;

/// The merchants and appids that an order names, which every response about it repeats.
pub(super) fn parties(order: &Value) -> Map<String, Value> {
    let names = ["appid", "mchid", "sp_appid", "sp_mchid", "sub_appid", "sub_mchid"];
    let merchant_checks = names.into_iter().filter_map(|name| Some((name, order.get(name)?)));
    merchant_checks.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// Checks that the merchants exist, that the first one signed the request, that the sub-merchant is
/// bound to it, and that each appid is bound to its merchant.
pub(super) fn check(
    request: &Value,
    mode: MerchantKind,
    caller: &Caller<'_>,
) -> Result<(), Refusal> {
    let merchant = signing_merchant(request, mode.mchid(), caller)?;
    check_appid(request, mode.appid(), merchant)?;
    check_sub_merchant(request, merchant, caller)
}

/// As [`check`], for a combined order.
pub(super) fn check_combined(
    order: &Value,
    mode: MerchantKind,
    caller: &Caller<'_>,
) -> Result<(), Refusal> {
    signing_merchant(order, "combine_mchid", caller)?;
    check_participants(order, mode, caller)
}

/// The appid of a combined order must be bound to the merchant who signs and to that of each
/// sub-order: for a partner both are the same.
pub(super) fn check_participants(
    order: &Value,
    mode: MerchantKind,
    caller: &Caller<'_>,
) -> Result<(), Refusal> {
    check_appid(order, "combine_appid", merchant(caller.mchid, caller)?)?;
    for sub_order in items_of(order, "sub_orders") {
        let merchant = match mode {
            MerchantKind::Direct => merchant(text_of(sub_order, "mchid"), caller)?,
            MerchantKind::Partner => signing_merchant(sub_order, "mchid", caller)?,
        };
        check_appid(order, "combine_appid", merchant)?;
        check_sub_merchant(sub_order, merchant, caller)?;
    }
    Ok(())
}

/// The payer of a JSAPI order must be a user of the appid; the others have none yet.
pub(super) fn check_payer(order: &Value, mode: MerchantKind) -> Result<(), Refusal> {
    let Some(payer) = order.get("payer") else { return Ok(()) };
    let (own, sub) = (payer.get(mode.openid()), payer.get("sub_openid"));
    if own.is_none() && sub.is_none() {
        return Err(no_openid("/payer/sp_openid"));
    }
    check_openids(own, sub, order.get("sub_appid").is_some())
}

/// As [`check_payer`], for a combined order: only App lets the payer be unknown. JSAPI takes one
/// sub_appid at most, as there is but one sub_openid.
pub(super) fn check_combined_payer(order: &Value, trade_type: TradeType) -> Result<(), Refusal> {
    let sub_orders = items_of(order, "sub_orders");
    let sub_appids = sub_orders.iter().filter(|item| item.get("sub_appid").is_some()).count();
    if trade_type == TradeType::Jsapi && sub_appids > 1 {
        return Err(Refusal::invalid("JSAPI合单下单，最多一个子单可传sub_appid"));
    }
    let Some(payer) = order.get("combine_payer_info") else { return Ok(()) };
    let (own, sub) = (payer.get("openid"), payer.get("sub_openid"));
    if trade_type == TradeType::Jsapi && own.is_none() && sub.is_none() {
        return Err(no_openid("/combine_payer_info/openid"));
    }
    check_openids(own, sub, sub_appids > 0)
}

fn check_openids(
    own: Option<&Value>,
    sub: Option<&Value>,
    has_sub_appid: bool,
) -> Result<(), Refusal> {
    if own.is_some() && sub.is_some() {
        return Err(Refusal::invalid("支付者的两个openid只能传其中之一"));
    }
    if sub.is_some() && !has_sub_appid {
        return Err(Refusal::invalid("传入sub_openid时，sub_appid必填"));
    }
    let foreign = |openid: &Value| openid.as_str().is_some_and(|text| text.starts_with(FOREIGN));
    if own.into_iter().chain(sub).any(foreign) {
        return Err(Refusal::new(500, "OPENID_MISMATCH", "openid和appid不匹配"));
    }
    Ok(())
}

fn no_openid(place: &str) -> Refusal {
    Refusal::parameter(Location::Body, place, None, "is required").numbered(NO_OPENID)
}

/// The merchant whom this field names, if it is the one who signed.
fn signing_merchant<'a>(
    request: &Value,
    field: &str,
    caller: &Caller<'a>,
) -> Result<&'a Merchant, Refusal> {
    let merchant = merchant(text_of(request, field), caller)?;
    if text_of(request, field) == caller.mchid {
        return Ok(merchant);
    }
    Err(Refusal::invalid(&format!("商户号{field}与Http头Authorization中的mchid不一致")))
}

fn merchant<'a>(mchid: &str, caller: &Caller<'a>) -> Result<&'a Merchant, Refusal> {
    let merchant = caller.merchants.get(mchid);
    merchant.ok_or_else(|| Refusal::new(400, "MCH_NOT_EXISTS", "商户号不存在"))
}

/// The sub-merchant, if one is named, must be one of the merchant's, and own its appid.
fn check_sub_merchant(
    request: &Value,
    merchant: &Merchant,
    caller: &Caller<'_>,
) -> Result<(), Refusal> {
    let Some(sub_mchid) = request.get("sub_mchid").and_then(Value::as_str) else { return Ok(()) };
    let sub_merchant = self::merchant(sub_mchid, caller)?;
    if !merchant.sub_mchids.iter().any(|bound| bound == sub_mchid) {
        return Err(Refusal::invalid("子商户号sub_mchid与服务商商户号sp_mchid无绑定关系"));
    }
    check_appid(request, "sub_appid", sub_merchant)
}

fn check_appid(request: &Value, field: &str, merchant: &Merchant) -> Result<(), Refusal> {
    match request.get(field).and_then(Value::as_str) {
        Some(appid) if !merchant.appids.iter().any(|bound| bound == appid) => {
            Err(Refusal::new(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试"))
        }
        _ => Ok(()),
    }
}

/// Users of another merchant's appid, in this sandbox.
const FOREIGN: &str = "other-";
/// The service's number for a missing openid (排障手册).
const NO_OPENID: u32 = 268_501_013;
