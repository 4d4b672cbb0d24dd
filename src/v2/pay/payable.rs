//! What a transaction is compared with.

use crate::id::{AppId, OutTradeNo};
use crate::money::Fen;
use crate::v2::pay::micropay_order::MicropayOrder;
use crate::v2::pay::order::Order;

/// The order that a transaction is compared with: an [`Order`] or a [`MicropayOrder`].
///
/// ```
/// use wechatpay::pay::{NotPaid, Paid};
/// use wechatpay::v2::Signer;
/// use wechatpay::v2::pay::{Payable, Transaction};
///
/// fn paid(
///     signer: &dyn Signer,
///     transaction: &Transaction,
///     order: &impl Payable,
/// ) -> Result<Paid, NotPaid> {
///     transaction.paid(signer, order)
/// }
/// ```
pub trait Payable: sealed::Sealed {}

impl Payable for Order {}

impl Payable for MicropayOrder {}

pub(super) mod sealed {
    pub trait Sealed {
        fn terms(&self) -> super::Terms<'_>;
    }
}

/// What must be the same in the transaction.
#[derive(Debug)]
pub struct Terms<'a> {
    pub(super) appid: &'a AppId,
    pub(super) out_trade_no: &'a OutTradeNo,
    pub(super) total_fee: Fen,
    pub(super) currency: &'a str,
}

impl sealed::Sealed for Order {
    fn terms(&self) -> Terms<'_> {
        Terms {
            appid: &self.appid,
            out_trade_no: &self.out_trade_no,
            total_fee: self.total_fee,
            currency: self.fee_type.as_deref().unwrap_or("CNY"),
        }
    }
}

impl sealed::Sealed for MicropayOrder {
    fn terms(&self) -> Terms<'_> {
        Terms {
            appid: &self.appid,
            out_trade_no: &self.out_trade_no,
            total_fee: self.total_fee,
            currency: self.fee_type.as_deref().unwrap_or("CNY"),
        }
    }
}
