//! Everything that the sandbox remembers of profit sharing.

use std::collections::BTreeMap;

use super::paid_order::PaidOrder;
use super::receivers::Receivers;
use super::return_policy::ReturnPolicy;
use super::share_return::Return;
use super::split::Split;
use crate::refusal::Refusal;

/// Everything that the sandbox remembers of profit sharing.
pub(crate) struct Sharing {
    pub(super) receivers: Receivers,
    /// In the order of their requests.
    pub(super) splits: Vec<Split>,
    pub(super) returns: Vec<Return>,
    /// The accounts whose shares are closed, and why.
    pub(super) failing: BTreeMap<String, String>,
    /// By the merchant number of the receiver.
    pub(super) policies: BTreeMap<String, ReturnPolicy>,
    /// 最大分账比例, in units of 1/10,000.
    pub(super) max_ratio: u32,
    /// Where the notifications of receivers go.
    pub(super) notify_url: String,
}

/// The source of the money of a refund.
pub(crate) enum RefundSource {
    /// The order's frozen money.
    Frozen,
    /// The merchant's available balance.
    Available,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            receivers: Receivers::default(),
            splits: Vec::new(),
            returns: Vec::new(),
            failing: BTreeMap::new(),
            policies: BTreeMap::new(),
            max_ratio: THIRTY_PERCENT,
            notify_url: "https://127.0.0.1/notify".to_owned(),
        }
    }
}

impl Sharing {
    /// The splits of an order, and the requests to unfreeze it.
    pub(super) fn of<'a>(&'a self, transaction_id: &'a str) -> impl Iterator<Item = &'a Split> {
        self.splits.iter().filter(move |split| split.transaction_id() == transaction_id)
    }

    /// Whether the order's money is not frozen any more.
    pub(super) fn is_finished(&self, order: &PaidOrder, now: i64) -> bool {
        let is_expired = now.saturating_sub(order.paid_at) > THIRTY_DAYS;
        is_expired || self.of(&order.transaction_id).any(Split::finishes)
    }

    /// The amount that was split of an order, in fen.
    pub(super) fn split_of(&self, order: &PaidOrder) -> u64 {
        let splits = self.of(&order.transaction_id).filter(|split| !split.is_unfreeze);
        splits.map(Split::taken).fold(0, u64::saturating_add)
    }

    /// The amount of an order's frozen money that can still be split, in fen. The share of a receiver who was not paid
    /// stays frozen.
    pub(crate) fn left(&self, order: &PaidOrder, now: i64) -> u64 {
        if self.is_finished(order, now) {
            return 0;
        }
        self.rest(order)
    }

    /// The amount that splits and refunds leave of an order, frozen or not, in fen.
    pub(super) fn rest(&self, order: &PaidOrder) -> u64 {
        let gone = self.split_of(order).saturating_add(order.refunded);
        order.net().saturating_sub(gone)
    }

    /// The source of the money of a refund of this amount.
    pub(crate) fn refund_source(
        &self,
        order: &PaidOrder,
        amount: u64,
        now: i64,
    ) -> Result<RefundSource, Refusal> {
        if !order.is_sharing || self.is_finished(order, now) {
            return Ok(RefundSource::Available);
        }
        if self.split_of(order) == 0 || amount <= self.left(order, now) {
            return Ok(RefundSource::Frozen);
        }
        Err(Refusal::invalid("申请退款金额大于剩余未分账金额，请等待分账完成后再试"))
    }
}

/// 30 %, the default and the highest.
const THIRTY_PERCENT: u32 = 3000;
const THIRTY_DAYS: i64 = 30 * 24 * 60 * 60;
