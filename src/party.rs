//! 商户身份: a direct merchant (直连商户), or a partner (服务商) with a sub-merchant (子商户), and how paths, bodies
//! and queries name them.

use serde::{Serialize, Serializer};

use crate::error::{Error, Invalid};
use crate::id::{self, AppId};
use crate::strict_json::Object;

/// 子商户: a merchant that a partner (服务商) acts for.
///
/// ```
/// use wechatpay::{AppId, SubMerchant};
///
/// let mut sub_merchant = SubMerchant::new("1900000109")?;
/// sub_merchant.appid = Some(AppId::new("wxdace645e0bc2c424")?);
/// assert_eq!(sub_merchant.mchid(), "1900000109");
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubMerchant {
    mchid: String,
    /// 子商户应用ID: the sub-merchant's own appid, if the payment is made in it. Default: none.
    pub appid: Option<AppId>,
}

impl SubMerchant {
    /// Checks a sub-merchant's number (子商户号).
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if it is not 1 to 32 letters and digits.
    #[doc(alias = "子商户")]
    pub fn new(mchid: impl Into<String>) -> Result<Self, Error> {
        let mchid = mchid.into();
        id::check_mchid(&mchid).map_err(|rule| Invalid::new("sub_mchid", rule))?;
        Ok(Self { mchid, appid: None })
    }

    /// 子商户号: the sub-merchant's number.
    #[must_use]
    pub fn mchid(&self) -> &str {
        &self.mchid
    }
}

/// The merchant that an order belongs to: a direct merchant (直连商户), or a partner (服务商) together with its
/// sub-merchant (子商户).
///
/// Made from a [`Signer`](crate::Signer), such as a [`Partner`](crate::Partner). Where there is no signer, as in the handler
/// of a notification, a direct merchant can be given by its number.
///
/// ```
/// use wechatpay::pay::{NotPaid, Order, Paid, Transaction};
/// use wechatpay::{Partner, Signer};
///
/// fn example(
///     signer: &dyn Signer,
///     partner: &Partner<'_>,
///     transaction: &Transaction,
///     order: &Order,
/// ) -> Result<Paid, NotPaid> {
///     transaction.paid(signer, order)?;
///     transaction.paid("1900000109", order)?;
///     transaction.paid(partner, order)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party<'a> {
    mchid: &'a str,
    sub_merchant: Option<&'a SubMerchant>,
}

impl<'a> From<&'a str> for Party<'a> {
    /// A direct merchant by its number (商户号).
    fn from(mchid: &'a str) -> Self {
        Self { mchid, sub_merchant: None }
    }
}

impl<'a> Party<'a> {
    pub(crate) fn new(mchid: &'a str, sub_merchant: Option<&'a SubMerchant>) -> Self {
        Self { mchid, sub_merchant }
    }

    /// `mchid`, or `sp_mchid` of a partner.
    pub(crate) fn mchid(self) -> &'a str {
        self.mchid
    }

    pub(crate) fn sub_merchant(self) -> Option<&'a SubMerchant> {
        self.sub_merchant
    }

    pub(crate) fn sub_mchid(self) -> Option<&'a str> {
        self.sub_merchant.map(SubMerchant::mchid)
    }

    /// The path of an interface for single orders, which alone have paths of their own for partners.
    pub(crate) fn transactions_path(self, rest: &str) -> String {
        let partner = if self.sub_merchant.is_some() { "partner/" } else { "" };
        format!("/v3/pay/{partner}transactions/{rest}")
    }

    /// The fields that name the parties and appids of a single order.
    pub(crate) fn order_fields(self, appid: &'a AppId) -> PartyFields<'a> {
        let mut fields = vec![(self.name("appid", "sp_appid"), appid.as_str())];
        fields.push((self.name("mchid", "sp_mchid"), self.mchid));
        if let Some(sub) = self.sub_merchant {
            fields.extend(sub.appid.as_ref().map(|appid| ("sub_appid", appid.as_str())));
            fields.push(("sub_mchid", sub.mchid()));
        }
        PartyFields(fields)
    }

    /// The fields that name the parties of a query or a close of a single order.
    pub(crate) fn numbers(self) -> PartyFields<'a> {
        let own = (self.name("mchid", "sp_mchid"), self.mchid);
        let sub = self.sub_mchid().map(|sub_mchid| ("sub_mchid", sub_mchid));
        PartyFields([own].into_iter().chain(sub).collect())
    }

    /// `sub_mchid` or nothing: the field of refunds and of other products whose paths are the same in
    /// both modes. It belongs in the body of a POST and in the query of a GET.
    pub(crate) fn sub_mchid_field(self) -> PartyFields<'a> {
        PartyFields(
            self.sub_mchid().map(|sub_mchid| ("sub_mchid", sub_mchid)).into_iter().collect(),
        )
    }

    /// The name of the user's openid under the order's appid in a single order.
    pub(crate) fn openid_name(self) -> &'static str {
        self.name("openid", "sp_openid")
    }

    /// Reads the [`order_fields`](Self::order_fields) of the caller's JSON. Only the appid is needed; the others may
    /// be left out, and otherwise must be the signer's.
    pub(crate) fn read_order_fields(self, object: &mut Object<'_>) -> Option<AppId> {
        let appid = object.required(self.name("appid", "sp_appid"));
        object.agrees(self.name("mchid", "sp_mchid"), Some(self.mchid), ", that of the signer");
        if let Some(sub) = self.sub_merchant {
            self.read_sub_mchid(object);
            object.agrees("sub_appid", sub.appid.as_ref().map(AppId::as_str), OF_SUB_MERCHANT);
        }
        appid
    }

    /// Reads the [`sub_mchid_field`](Self::sub_mchid_field) of the caller's JSON, which may be left out.
    pub(crate) fn read_sub_mchid(self, object: &mut Object<'_>) {
        if let Some(sub_mchid) = self.sub_mchid() {
            object.agrees("sub_mchid", Some(sub_mchid), OF_SUB_MERCHANT);
        }
    }

    fn name(self, direct: &'static str, partner: &'static str) -> &'static str {
        if self.sub_merchant.is_some() { partner } else { direct }
    }
}

/// Fields that name merchants, appids or a payer, with the names of the mode: for a body or a query.
pub(crate) struct PartyFields<'a>(pub(crate) Vec<(&'static str, &'a str)>);

impl PartyFields<'_> {
    /// `?` and the query string, or nothing. Merchant numbers need no encoding.
    pub(crate) fn to_query(&self) -> String {
        let fields = self.0.iter().enumerate();
        fields
            .map(|(i, (name, value))| format!("{}{name}={value}", if i == 0 { '?' } else { '&' }))
            .collect()
    }
}

impl Serialize for PartyFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

const OF_SUB_MERCHANT: &str = ", that of the signer's sub-merchant";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_has_names_of_its_own() {
        let appid = AppId::new("wx1").unwrap();
        let mut sub_merchant = SubMerchant::new("20").unwrap();
        let shown = |party: Party<'_>| {
            let fields = serde_json::to_string(&party.order_fields(&appid)).unwrap();
            (
                party.transactions_path("app"),
                fields,
                party.numbers().to_query(),
                party.openid_name(),
            )
        };
        let direct = Party::from("19");
        let expected = r#"{"appid":"wx1","mchid":"19"}"#.to_owned();
        let path = "/v3/pay/transactions/app".to_owned();
        assert_eq!(shown(direct), (path, expected, "?mchid=19".to_owned(), "openid"));
        assert_eq!(direct.sub_mchid_field().to_query(), "");

        let path = "/v3/pay/partner/transactions/app".to_owned();
        let query = "?sp_mchid=19&sub_mchid=20".to_owned();
        let expected = r#"{"sp_appid":"wx1","sp_mchid":"19","sub_mchid":"20"}"#.to_owned();
        let partner = Party::new("19", Some(&sub_merchant));
        assert_eq!(shown(partner), (path.clone(), expected, query.clone(), "sp_openid"));
        assert_eq!(partner.sub_mchid_field().to_query(), "?sub_mchid=20");

        sub_merchant.appid = Some(AppId::new("wx2").unwrap());
        let expected = r#"{"sp_appid":"wx1","sp_mchid":"19","sub_appid":"wx2","sub_mchid":"20"}"#;
        let partner = Party::new("19", Some(&sub_merchant));
        assert_eq!(shown(partner), (path, expected.to_owned(), query, "sp_openid"));
    }
}
