//! The caller of an interface, and the merchant for which it calls.

use super::merchants::Merchants;

/// Whether a merchant acts for itself or for another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum MerchantKind {
    /// 普通商户: a direct merchant.
    Direct,
    /// 服务商: a partner, who acts for a sub-merchant.
    Partner,
}

/// The caller, and the time of the call.
pub(super) struct Caller<'a> {
    /// The merchant who signed the request.
    pub(super) mchid: &'a str,
    pub(super) merchants: &'a Merchants,
    /// Business time in Unix seconds.
    pub(super) now: i64,
}

impl MerchantKind {
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
