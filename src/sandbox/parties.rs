//! Who takes part in an order: a merchant alone, or a partner (服务商) for a sub-merchant.

use serde_json::{Map, Value};

use super::merchants::{Merchant, Merchants};
use super::refusal::{Location, Refusal};
use super::schema::text_of;

/// Whose order it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    /// 普通商户.
    Direct,
    /// 服务商.
    Partner,
}

/// Who calls, and when.
pub(super) struct Caller<'a> {
    /// The merchant who signed.
    pub(super) mchid: &'a str,
    pub(super) merchants: &'a Merchants,
    /// Business time in Unix seconds.
    pub(super) now: i64,
}

impl Mode {
    pub(super) fn appid(self) -> &'static str {
        match self {
            Self::Direct => "appid",
            Self::Partner => "sp_appid",
        }
    }

    pub(super) fn mchid(self) -> &'static str {
        match self {
            Self::Direct => "mchid",
            Self::Partner => "sp_mchid",
        }
    }

    pub(super) fn openid(self) -> &'static str {
        match self {
            Self::Direct => "openid",
            Self::Partner => "sp_openid",
        }
    }
}

/// The parties that an order names, as every answer about it repeats them.
pub(super) fn named(order: &Value) -> Map<String, Value> {
    let names = ["appid", "mchid", "sp_appid", "sp_mchid", "sub_appid", "sub_mchid"];
    let parties = names.into_iter().filter_map(|name| Some((name, order.get(name)?)));
    parties.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// The merchants must exist, the first must be the one who signed, the other one of theirs, and
/// each must own its appid.
pub(super) fn check(request: &Value, mode: Mode, caller: &Caller<'_>) -> Result<(), Refusal> {
    let merchant = merchant(text_of(request, mode.mchid()), caller)?;
    if text_of(request, mode.mchid()) != caller.mchid {
        let named = mode.mchid();
        return Err(Refusal::invalid(&format!(
            "商户号{named}与Http头Authorization中的mchid不一致"
        )));
    }
    check_appid(request, mode.appid(), merchant)?;
    if let Some(sub_mchid) = request.get("sub_mchid").and_then(Value::as_str) {
        let sub_merchant = self::merchant(sub_mchid, caller)?;
        if !merchant.sub_mchids.iter().any(|bound| bound == sub_mchid) {
            return Err(Refusal::invalid("子商户号sub_mchid与服务商商户号sp_mchid无绑定关系"));
        }
        check_appid(request, "sub_appid", sub_merchant)?;
    }
    Ok(())
}

/// The payer of a JSAPI order must be a user of the appid; the others have none yet.
pub(super) fn check_payer(order: &Value, mode: Mode) -> Result<(), Refusal> {
    let Some(payer) = order.get("payer") else { return Ok(()) };
    let (own, sub) = (payer.get(mode.openid()), payer.get("sub_openid"));
    if own.is_none() && sub.is_none() {
        let refusal = Refusal::parameter(Location::Body, "/payer/sp_openid", None, "is required");
        return Err(refusal.numbered(NO_OPENID));
    }
    if sub.is_some() && order.get("sub_appid").is_none() {
        return Err(Refusal::invalid("传入sub_openid时，sub_appid必填"));
    }
    let foreign = |openid: &Value| openid.as_str().is_some_and(|text| text.starts_with(FOREIGN));
    if own.into_iter().chain(sub).any(foreign) {
        return Err(Refusal::new(500, "OPENID_MISMATCH", "openid和appid不匹配"));
    }
    Ok(())
}

fn merchant<'a>(mchid: &str, caller: &Caller<'a>) -> Result<&'a Merchant, Refusal> {
    let merchant = caller.merchants.get(mchid);
    merchant.ok_or_else(|| Refusal::new(400, "MCH_NOT_EXISTS", "商户号不存在"))
}

fn check_appid(request: &Value, field: &str, merchant: &Merchant) -> Result<(), Refusal> {
    match request.get(field).and_then(Value::as_str) {
        Some(appid) if !merchant.appids.iter().any(|bound| bound == appid) => {
            Err(Refusal::new(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试"))
        }
        _ => Ok(()),
    }
}

/// Users of somebody else's appid, in this sandbox.
const FOREIGN: &str = "other-";
/// The service's number for a missing openid (排障手册).
const NO_OPENID: u32 = 268_501_013;
