//! A paid order as profit sharing sees it, of APIv3 or APIv2, single or a part of a combined one.

use crate::caller::MerchantKind;
use crate::money::fee;
use crate::order::Order;
use crate::refund::Refund;
use crate::schema::text_of;

/// A paid order: whose money is frozen, and how much was refunded.
pub(crate) struct PaidOrder {
    pub(crate) transaction_id: String,
    /// The merchant whose money it is.
    pub(crate) payer: String,
    pub(crate) sub_mchid: Option<String>,
    pub(crate) total: u64,
    /// The amount that was refunded, or is being refunded.
    pub(crate) refunded: u64,
    /// In Unix seconds.
    pub(crate) paid_at: i64,
    pub(crate) is_sharing: bool,
}

impl PaidOrder {
    /// An order of APIv3, if it is paid.
    pub(crate) fn of(order: &Order) -> Option<Self> {
        let payment = order.payment.as_ref()?;
        let own = match order.mode {
            MerchantKind::Direct => "mchid",
            MerchantKind::Partner => "sp_mchid",
        };
        let sub_mchid = order.sub_mchid().map(str::to_owned);
        // A part of a partner's combined order calls the partner mchid.
        let own = text_of(&order.parameters, own);
        let payer = sub_mchid.clone().unwrap_or_else(|| own.to_owned());
        let is_sharing = order.parameters.pointer("/settle_info/profit_sharing");
        let refunds = order.refunds.iter().filter(|refund| refund.counts());
        Some(Self {
            transaction_id: payment.transaction_id.clone(),
            payer,
            sub_mchid,
            total: order.total(),
            refunded: refunds.map(Refund::amount).fold(0, u64::saturating_add),
            paid_at: payment.success_time,
            is_sharing: is_sharing.is_some_and(|flag| *flag == true),
        })
    }

    /// The amount that the merchant gets before refunds, in fen.
    pub(crate) fn net(&self) -> u64 {
        self.total.saturating_sub(fee(self.total))
    }
}
