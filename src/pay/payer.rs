//! 支付者: who is to pay.

use serde::Serialize;

use crate::error::{Error, Invalid};
use crate::id::OpenId;
use crate::signer::Signer;
use crate::strict_json::Object;

/// 支付者: who is to pay. One order has one payer.
///
/// ```
/// use wechatpay::{OpenId, pay::jsapi::Payer};
///
/// let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
/// # assert_ne!(payer, Payer::of_sub_merchant(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    openid: OpenId,
    is_of_sub_merchant: bool,
}

impl Payer {
    /// The user by the openid under the order's appid.
    #[must_use]
    pub fn new(openid: OpenId) -> Self {
        Self { openid, is_of_sub_merchant: false }
    }

    /// For partners: the user by the openid under the sub-merchant's appid (`sub_openid`), which
    /// the [`SubMerchant`](crate::SubMerchant) must name.
    #[must_use]
    pub fn of_sub_merchant(openid: OpenId) -> Self {
        Self { openid, is_of_sub_merchant: true }
    }

    /// Reads `payer`, which names users in the mode of the signer.
    pub(super) fn read(signer: &dyn Signer, object: &mut Object<'_>) -> Option<Self> {
        match signer.sub_merchant() {
            None => object.required("openid").map(Self::new),
            Some(_) => Self::read_either(object, "sp_openid"),
        }
    }

    /// A user by this name, or by `sub_openid`.
    pub(crate) fn read_either(object: &mut Object<'_>, name: &str) -> Option<Self> {
        if !object.has("sub_openid") {
            return object.required(name).map(Self::new);
        }
        if object.optional::<OpenId>(name).is_some() {
            object.violation(name, "must not stand beside sub_openid: an order has one payer");
        }
        object.optional("sub_openid").map(Self::of_sub_merchant)
    }

    pub(crate) fn is_of_sub_merchant(&self) -> bool {
        self.is_of_sub_merchant
    }

    /// As `combine_payer_info`, which names users in its own way.
    pub(crate) fn to_combined_body(&self) -> PayerBody<'_> {
        let openid = Some(&self.openid);
        if self.is_of_sub_merchant {
            PayerBody { sub_openid: openid, ..PayerBody::default() }
        } else {
            PayerBody { openid, ..PayerBody::default() }
        }
    }

    pub(super) fn to_body(&self, signer: &dyn Signer) -> Result<PayerBody<'_>, Error> {
        let openid = Some(&self.openid);
        match (signer.sub_merchant(), self.is_of_sub_merchant) {
            (None, false) => Ok(PayerBody { openid, ..PayerBody::default() }),
            (Some(_), false) => Ok(PayerBody { sp_openid: openid, ..PayerBody::default() }),
            (Some(sub), true) if sub.appid.is_some() => {
                Ok(PayerBody { sub_openid: openid, ..PayerBody::default() })
            }
            (_, true) => {
                let rule = "needs a partner whose sub-merchant names its appid";
                Err(Invalid::new("/payer/sub_openid", rule).into())
            }
        }
    }
}

#[derive(Default, Serialize)]
pub(crate) struct PayerBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a OpenId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sp_openid: Option<&'a OpenId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_openid: Option<&'a OpenId>,
}
