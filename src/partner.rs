//! 服务商模式: a partner acts for its sub-merchants.

use std::fmt;

use crate::error::SignError;
use crate::signer::{Signature, Signer};
use crate::sub_merchant::SubMerchant;

/// A partner (服务商) who acts for one sub-merchant (子商户).
///
/// It is a signer: hand it to the same functions that a direct merchant calls with its own. They
/// take the paths and fields of partner mode then: the order's appid becomes `sp_appid`, the
/// signer's number `sp_mchid`, and the sub-merchant is named beside them. Order numbers are unique
/// under the `sp_mchid`.
///
/// ```
/// # use wechatpay::{Error, Signer};
/// use wechatpay::{Partner, SubMerchant};
///
/// # fn example(signer: &dyn Signer) -> Result<(), Error> {
/// let partner = Partner::new(signer, SubMerchant::new("1900000109")?);
/// // app::prepay(&partner, &gateway, &order), pay::query(&partner, &gateway, &out_trade_no) …
/// # assert_eq!(partner.sub_merchant().unwrap().mchid(), "1900000109");
/// # Ok(())
/// # }
/// ```
pub struct Partner<'a> {
    signer: &'a dyn Signer,
    sub_merchant: SubMerchant,
}

impl<'a> Partner<'a> {
    /// The partner who signs, for this sub-merchant.
    pub fn new(signer: &'a dyn Signer, sub_merchant: SubMerchant) -> Self {
        Self { signer, sub_merchant }
    }
}

impl Signer for Partner<'_> {
    fn mchid(&self) -> &str {
        self.signer.mchid()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.signer.sign(message)
    }

    fn sub_merchant(&self) -> Option<&SubMerchant> {
        Some(&self.sub_merchant)
    }
}

impl fmt::Debug for Partner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partner")
            .field("mchid", &self.signer.mchid())
            .field("sub_merchant", &self.sub_merchant)
            .finish()
    }
}
