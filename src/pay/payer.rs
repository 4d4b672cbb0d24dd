//! 支付者: the user who pays, in orders and in what WeChat Pay returns.

use serde::{Deserialize, Serialize};

use crate::error::Violations;
use crate::id::OpenId;
use crate::party::{Party, PartyFields};
use crate::received;
use crate::strict_json::Object;

/// 支付者: the user who pays.
///
/// An order names its payer by one of the two openids; queries and notifications may return both.
///
/// ```
/// use wechatpay::{OpenId, pay::Payer};
///
/// let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
/// assert_eq!(payer.sub_openid, None);
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ReceivedPayer")]
#[non_exhaustive]
pub struct Payer {
    /// 用户标识: the user's openid under the order's appid (`openid`, in partner mode `sp_openid`).
    pub openid: Option<OpenId>,
    /// 用户子标识: the user's openid under the sub-merchant's appid, in partner mode only.
    pub sub_openid: Option<OpenId>,
}

impl Payer {
    /// The user with this openid under the order's appid.
    #[must_use]
    pub fn new(openid: OpenId) -> Self {
        Self { openid: Some(openid), sub_openid: None }
    }

    /// For partners: the user with this openid under the sub-merchant's appid (`sub_openid`), which
    /// the [`SubMerchant`](crate::SubMerchant) must name.
    #[must_use]
    pub fn of_sub_merchant(sub_openid: OpenId) -> Self {
        Self { openid: None, sub_openid: Some(sub_openid) }
    }

    /// Reads the `payer` of a single order.
    pub(super) fn read(party: Party<'_>, object: &mut Object<'_>) -> Option<Self> {
        match party.sub_merchant() {
            None => object.required("openid").map(Self::new),
            Some(_) => Self::read_either(object, party.openid_name()),
        }
    }

    /// Reads an openid of this name, or a `sub_openid`.
    pub(crate) fn read_either(object: &mut Object<'_>, name: &str) -> Option<Self> {
        if !object.has("sub_openid") {
            return object.required(name).map(Self::new);
        }
        if object.optional::<OpenId>(name).is_some() {
            object.violation(name, TWO_OPENIDS);
        }
        object.required("sub_openid").map(Self::of_sub_merchant)
    }

    /// A payer has one openid, and a `sub_openid` needs the appid that it is of: without one, `rule` says
    /// who names it.
    pub(crate) fn find_violations(
        &self,
        violations: &mut Violations,
        path: &str,
        has_sub_appid: bool,
        rule: &'static str,
    ) {
        match (&self.openid, &self.sub_openid) {
            (Some(_), Some(_)) => violations.add(format!("{path}/openid"), TWO_OPENIDS),
            (None, None) => violations.add(format!("{path}/openid"), "is missing"),
            (None, Some(_)) if !has_sub_appid => {
                violations.add(format!("{path}/sub_openid"), rule);
            }
            _ => {}
        }
    }

    /// The fields of the payer in a body that calls its openid `name`.
    pub(crate) fn fields<'a>(&'a self, name: &'static str) -> PartyFields<'a> {
        let openids = [(name, &self.openid), ("sub_openid", &self.sub_openid)];
        let openids =
            openids.into_iter().filter_map(|(name, openid)| Some((name, openid.as_ref()?)));
        PartyFields(openids.map(|(name, openid)| (name, openid.as_str())).collect())
    }
}

const TWO_OPENIDS: &str = "must be left out if sub_openid is set: an order has one payer";

/// Partner mode has a name of its own for the openid.
#[derive(Deserialize)]
struct ReceivedPayer {
    #[serde(default, deserialize_with = "received::lenient_text")]
    openid: Option<OpenId>,
    #[serde(default, deserialize_with = "received::lenient_text")]
    sp_openid: Option<OpenId>,
    #[serde(default, deserialize_with = "received::lenient_text")]
    sub_openid: Option<OpenId>,
}

impl From<ReceivedPayer> for Payer {
    fn from(received: ReceivedPayer) -> Self {
        Self { openid: received.openid.or(received.sp_openid), sub_openid: received.sub_openid }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payer_of_an_order_has_one_openid() {
        let openid = || Some(OpenId::new("o1").unwrap());
        let found = |openid, sub_openid, has_sub_appid| {
            let mut violations = Violations::default();
            let payer = Payer { openid, sub_openid };
            payer.find_violations(&mut violations, "/payer", has_sub_appid, "needs an appid");
            violations.into_result().map_or_else(|invalid| invalid.to_string(), |()| String::new())
        };
        assert_eq!(found(openid(), None, false), "");
        assert_eq!(found(None, openid(), true), "");
        assert_eq!(found(None, openid(), false), "/payer/sub_openid needs an appid");
        assert_eq!(found(None, None, true), "/payer/openid is missing");
        assert_eq!(found(openid(), openid(), true), format!("/payer/openid {TWO_OPENIDS}"));
    }
}
