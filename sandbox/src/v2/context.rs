//! What APIv2 shares with the rest of the sandbox.

use super::super::balance::Balance;
use super::super::merchants::Merchants;
use super::super::notifications::Notifications;
use super::super::placed_orders::PlacedOrders;
use super::super::sharing::state::Sharing;
use super::super::unique_ids::UniqueIds;
use super::refusal::Refusal;

/// What APIv2 shares with the rest of the sandbox, for one call.
pub(crate) struct Context<'a> {
    pub(crate) merchants: &'a Merchants,
    pub(crate) ids: &'a mut UniqueIds,
    pub(crate) base_url: &'a str,
    pub(crate) placed_orders: &'a mut PlacedOrders,
    pub(crate) balance: &'a mut Balance,
    pub(crate) sharing: &'a Sharing,
    pub(crate) notifications: &'a mut Notifications,
    /// Business time in Unix seconds.
    pub(crate) now: i64,
    /// How the request is signed.
    pub(crate) sign_type: String,
}

impl Context<'_> {
    /// Whether there is such a merchant, and whether the appid is bound to it.
    pub(super) fn check_appid(&self, merchant: &str, appid: &str) -> Result<(), Refusal> {
        let known = |appid: &str| {
            self.merchants.values().any(|merchant| merchant.appids.iter().any(|own| own == appid))
        };
        match self.merchants.get(merchant) {
            None => Err(Refusal::new("MCHID_NOT_EXIST", "MCHID不存在")),
            Some(_) if !known(appid) => Err(Refusal::new("APPID_NOT_EXIST", "APPID不存在")),
            Some(merchant) if merchant.appids.iter().any(|own| own == appid) => Ok(()),
            Some(_) => Err(Refusal::new("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")),
        }
    }
}
