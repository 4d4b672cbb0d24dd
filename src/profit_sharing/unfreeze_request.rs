//! 解冻剩余资金: frees the money of an order that was not split.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Violations};
use crate::id::{OutUnfreezeNo, SplitId, TransactionId};
use crate::money::Fen;
use crate::party::{Party, PartyFields};
use crate::profit_sharing::receiver::ReceiverType;
use crate::profit_sharing::split_state::{Progress, ShareResult, ShareState};
use crate::received;
use crate::signer::Signer;
use crate::strict_json::{self, Object};
use crate::validate;

/// 解冻剩余资金: a request to free what is left of an order's frozen money. The order can never be split again.
///
/// Its number must be one that no split has used: with a used number WeChat Pay returns the old split, as a success,
/// and unfreezes nothing. So it has a type of its own, [`OutUnfreezeNo`].
///
/// ```
/// use wechatpay::profit_sharing::Unfreeze;
/// use wechatpay::{Error, OutUnfreezeNo, TransactionId};
///
/// fn example(transaction_id: TransactionId) -> Result<Unfreeze, Error> {
///     let number = OutUnfreezeNo::new("unfreeze-1")?; // Stored before the call.
///     Ok(Unfreeze::new(transaction_id, number, "解冻全部剩余资金"))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfreeze {
    /// 微信订单号: WeChat Pay's transaction ID of the order; of a combined order, that of the sub-order.
    pub transaction_id: TransactionId,
    /// 商户分账单号: the merchant's own number of the request, which no split has used.
    pub out_order_no: OutUnfreezeNo,
    /// 分账描述: description, 1 to 80 characters.
    pub description: String,
}

impl Unfreeze {
    /// A request to unfreeze the rest of this order.
    pub fn new(
        transaction_id: TransactionId,
        out_order_no: OutUnfreezeNo,
        description: impl Into<String>,
    ) -> Self {
        Self { transaction_id, out_order_no, description: description.into() }
    }

    /// Parses a body as the documents print it. A field that is unknown, repeated or of the wrong type is an error.
    /// `sub_mchid` may be left out; otherwise it must be that of the signer's sub-merchant.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| {
            Party::from(signer).read_sub_mchid(object);
            let transaction_id = object.required("transaction_id");
            let out_order_no = object.required("out_order_no");
            let description = object.required("description");
            Some(Self {
                transaction_id: transaction_id?,
                out_order_no: out_order_no?,
                description: description?,
            })
        };
        strict_json::read(json, members, Self::find_violations)
    }

    /// Validates the request against the documented rules. [`unfreeze`](crate::profit_sharing::unfreeze) does this
    /// before sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) {
        validate::text(violations, "/description", &self.description, 80);
    }

    /// The body that is sent. The same request becomes the same bytes.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate()?;
        Ok(validate::to_json(&Body {
            party: Party::from(signer).sub_mchid_field(),
            transaction_id: &self.transaction_id,
            out_order_no: &self.out_order_no,
            description: &self.description,
        })?)
    }

    /// Whether a response with the same numbers describes this request, and not a split that used its number.
    ///
    /// Money that is unfrozen goes to the merchant alone, under the request's description or one of WeChat Pay's own,
    /// which begins with 解冻.
    pub(super) fn is_answered_by(&self, state: &UnfreezeState, party: Party<'_>) -> bool {
        state.receivers.iter().all(|share| {
            let is_own = share.account == super::payer(party);
            let description = share.description.as_str();
            let is_described = description == self.description || description.starts_with("解冻");
            share.r#type == ReceiverType::Merchant && is_own && is_described
        })
    }
}

/// 解冻剩余资金: the state of a request to unfreeze the rest of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnfreezeState {
    /// 微信订单号: WeChat Pay's transaction ID of the order.
    #[serde(deserialize_with = "received::text")]
    pub transaction_id: TransactionId,
    /// 商户分账单号: the merchant's own number of the request.
    #[serde(deserialize_with = "received::text")]
    pub out_order_no: OutUnfreezeNo,
    /// 微信分账单号: WeChat Pay's number of the request.
    #[serde(deserialize_with = "received::text")]
    pub order_id: SplitId,
    /// 分账单状态: whether WeChat Pay is done with the request.
    #[serde(rename = "state")]
    pub progress: Progress,
    /// 分账接收方列表: the merchant itself, and what it gets back.
    #[serde(default, deserialize_with = "received::list")]
    pub receivers: Vec<ShareState>,
}

impl UnfreezeState {
    /// The amount that the merchant got back; `None` if the request is not done, or failed. Then query again, or query
    /// the [amount left](crate::profit_sharing::amount_left).
    #[must_use]
    pub fn unfrozen(&self) -> Option<Fen> {
        let is_success = |share: &ShareState| share.result == ShareResult::Success;
        let is_done = self.progress == Progress::Finished
            && !self.receivers.is_empty()
            && self.receivers.iter().all(is_success);
        let sum = || self.receivers.iter().fold(0_u64, |sum, it| sum.saturating_add(it.amount.0));
        is_done.then(|| Fen(sum()))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    transaction_id: &'a TransactionId,
    out_order_no: &'a OutUnfreezeNo,
    description: &'a str,
}
