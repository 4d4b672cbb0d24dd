//! 子商户: whom a partner acts for.

use crate::error::{Error, Invalid};
use crate::id::{self, AppId};

/// 子商户: a merchant for whom a partner acts.
///
/// ```
/// use wechatpay::{AppId, SubMerchant};
///
/// let mut sub_merchant = SubMerchant::new("1900000109")?;
/// sub_merchant.appid = Some(AppId::new("wxdace645e0bc2c424")?);
/// assert_eq!(sub_merchant.mchid(), "1900000109");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubMerchant {
    mchid: String,
    /// 子商户应用ID: the sub-merchant's own appid, where the payment is made in it. Default: none.
    pub appid: Option<AppId>,
}

impl SubMerchant {
    /// 子商户号.
    ///
    /// # Errors
    /// [`Error::Invalid`] if that is no merchant number.
    pub fn new(mchid: impl Into<String>) -> Result<Self, Error> {
        let mchid = mchid.into();
        id::check_mchid(&mchid).map_err(|rule| Invalid::new("sub_mchid", rule))?;
        Ok(Self { mchid, appid: None })
    }

    /// 子商户号.
    #[must_use]
    pub fn mchid(&self) -> &str {
        &self.mchid
    }
}
