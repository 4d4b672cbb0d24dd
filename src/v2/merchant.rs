//! The merchant that an order belongs to.

use crate::v2::signer::Signer;

/// A merchant: its [`Signer`], or its number (商户号) where there is no signer.
///
/// ```
/// use wechatpay::pay::{NotPaid, Paid};
/// use wechatpay::v2::{Signer, pay};
///
/// fn paid(
///     signer: &dyn Signer,
///     transaction: &pay::Transaction,
///     order: &pay::Order,
/// ) -> Result<Paid, NotPaid> {
///     transaction.paid("1900000109", order)?;
///     transaction.paid(signer, order)
/// }
/// ```
pub trait Merchant: sealed::Sealed {
    /// 商户号: the merchant's number.
    #[doc(hidden)]
    fn number(&self) -> &str;
}

impl Merchant for str {
    fn number(&self) -> &str {
        self
    }
}

impl<S: Signer + ?Sized> Merchant for S {
    fn number(&self) -> &str {
        self.mchid()
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for str {}

    impl<S: super::Signer + ?Sized> Sealed for S {}
}
