//! The movements of money by profit sharing: what a merchant paid to receivers, got as one, and what returns moved.

use super::return_result::ReturnResult;
use super::share_return::Return;
use super::split::{Share, ShareResult, Split};
use super::state::Sharing;
use crate::flow::Flow;

impl Sharing {
    /// The movements on the account of a merchant. Those of a partner's sub-merchant are on the sub-merchant's.
    pub(crate) fn flows(&self, mchid: &str) -> Vec<Flow<'_>> {
        let shares =
            self.splits.iter().flat_map(|split| split.shares.iter().map(move |it| (split, it)));
        // Money that the merchant unfreezes for itself is no movement: it was booked when the order was
        // paid.
        let shares = shares.filter(|(split, share)| share.account != split.owner());
        let paid = shares.clone().filter(|(split, _)| split.owner() == mchid);
        let paid = paid.filter_map(|(split, share)| flow_of_share(split, share));
        let got =
            shares.filter(|(_, share)| share.r#type == "MERCHANT_ID" && share.account == mchid);
        let got = got.filter_map(|(split, share)| flow_of_share(split, share)).map(received);
        let returned = self.returns.iter().filter(|it| it.return_mchid() == mchid);
        let returned = returned.filter_map(flow_of_return);
        let taken_back = self.returns.iter().filter(|it| it.payer == mchid);
        let taken_back = taken_back.filter_map(flow_of_return).map(received);
        paid.chain(got).chain(returned).chain(taken_back).collect()
    }
}

impl Split {
    /// The merchant whose order is split.
    fn owner(&self) -> &str {
        self.sub_mchid.as_deref().unwrap_or(&self.mchid)
    }
}

/// A share that was paid. Its number in the fund-flow bill is the detail_id.
fn flow_of_share<'a>(split: &'a Split, share: &'a Share) -> Option<Flow<'a>> {
    let time = share.end_time.filter(|_| share.result == ShareResult::Success)?;
    Some(Flow {
        time,
        business: &split.order_id,
        voucher: &share.detail_id,
        name: "分账",
        kind: "分账",
        income: false,
        amount: share.amount,
        applicant: "商户号API",
        remark: &share.description,
    })
}

/// A return that succeeded.
fn flow_of_return(it: &Return) -> Option<Flow<'_>> {
    let time = it.end_time.filter(|_| it.result == ReturnResult::Success)?;
    Some(Flow {
        time,
        business: &it.return_id,
        voucher: it.number(),
        name: "分账",
        kind: "分账回退",
        income: false,
        amount: it.amount(),
        applicant: "商户号API",
        remark: "",
    })
}

/// The same movement on the other account.
fn received(flow: Flow<'_>) -> Flow<'_> {
    Flow { income: true, ..flow }
}
