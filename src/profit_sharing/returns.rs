//! 请求分账回退: takes back what a merchant received by a split.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Invalid, Violations};
use crate::id::{self, OutOrderNo, OutReturnNo, SplitId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::party::{Party, PartyFields};
use crate::received;
use crate::signer::Signer;
use crate::strict_json::{self, Object};
use crate::time::Time;
use crate::validate;

/// 请求分账回退: a return of what a merchant received by a split.
///
/// Keep it: if the outcome of requesting it is unknown, or it is processing, request the same return again. A new
/// return number may take the money twice.
///
/// ```
/// use wechatpay::profit_sharing::Return;
/// use wechatpay::{Error, Fen, OutOrderNo, OutReturnNo};
///
/// fn example(split: OutOrderNo) -> Result<Return, Error> {
///     let number = OutReturnNo::new("return-1")?; // Stored before the call.
///     Return::new(number, split, "1900000109", Fen(10), "用户退款")
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Return {
    /// 商户回退单号: the merchant's own number of the return.
    pub out_return_no: OutReturnNo,
    /// 分账单: the split, by one of its numbers.
    pub split: ReturnedSplit,
    return_mchid: String,
    /// 回退金额: the amount in fen, at least 1. All returns of a share together must not exceed it.
    pub amount: Fen,
    /// 回退描述: description, 1 to 80 characters.
    pub description: String,
}

/// 分账单: the split that a return is of, by one of its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnedSplit {
    /// 商户分账单号: the merchant's own number of the split.
    OutOrderNo(OutOrderNo),
    /// 微信分账单号: WeChat Pay's number of the split.
    OrderId(SplitId),
}

impl From<OutOrderNo> for ReturnedSplit {
    fn from(number: OutOrderNo) -> Self {
        Self::OutOrderNo(number)
    }
}

impl From<SplitId> for ReturnedSplit {
    fn from(number: SplitId) -> Self {
        Self::OrderId(number)
    }
}

impl ReturnedSplit {
    fn read(object: &mut Object<'_>) -> Option<Self> {
        if !object.has("order_id") {
            return object.required("out_order_no").map(Self::OutOrderNo);
        }
        if object.optional::<OutOrderNo>("out_order_no").is_some() {
            let rule = "must be left out if order_id is set: one is enough";
            object.violation("out_order_no", rule);
        }
        object.required("order_id").map(Self::OrderId)
    }
}

impl Return {
    /// A return of this amount from this merchant to the one whose money was split.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` if the merchant number is not 1 to 32 letters and digits.
    pub fn new(
        out_return_no: OutReturnNo,
        split: impl Into<ReturnedSplit>,
        return_mchid: impl Into<String>,
        amount: Fen,
        description: impl Into<String>,
    ) -> Result<Self, Error> {
        let return_mchid = return_mchid.into();
        id::check_mchid(&return_mchid).map_err(|rule| Invalid::new("return_mchid", rule))?;
        let (split, description) = (split.into(), description.into());
        Ok(Self { out_return_no, split, return_mchid, amount, description })
    }

    /// 回退商户号: the merchant that received the share and gives it back.
    #[must_use]
    pub fn return_mchid(&self) -> &str {
        &self.return_mchid
    }

    /// Parses a body as the documents print it. A field that is unknown, repeated or of the wrong type is an error.
    /// `sub_mchid` may be left out; otherwise it must be that of the signer's sub-merchant.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| {
            Party::from(signer).read_sub_mchid(object);
            let split = ReturnedSplit::read(object);
            let out_return_no = object.required("out_return_no");
            let return_mchid = object.required::<String>("return_mchid");
            let checked = return_mchid.as_deref().map_or(Ok(()), id::check_mchid);
            if let Err(rule) = checked {
                object.violation("return_mchid", rule);
            }
            let amount = object.required("amount");
            let description = object.required("description");
            Some(Self {
                out_return_no: out_return_no?,
                split: split?,
                return_mchid: return_mchid?,
                amount: amount?,
                description: description?,
            })
        };
        strict_json::read(json, members, |returned: &Self, violations| {
            returned.find_violations(violations, signer);
        })
    }

    /// Validates the return against the documented rules. [`return_share`](crate::profit_sharing::return_share) does
    /// this before sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self, signer: &dyn Signer) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations, signer))?)
    }

    fn find_violations(&self, violations: &mut Violations, signer: &dyn Signer) {
        if self.return_mchid == super::payer(Party::from(signer)) {
            let rule = "must not be the merchant whose money was split";
            violations.add("/return_mchid", rule);
        }
        validate::total(violations, "/amount", self.amount);
        validate::text(violations, "/description", &self.description, 80);
    }

    /// The body that is sent. The same return becomes the same bytes.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate(signer)?;
        Ok(validate::to_json(&Body {
            party: Party::from(signer).sub_mchid_field(),
            split: &self.split,
            out_return_no: &self.out_return_no,
            return_mchid: &self.return_mchid,
            amount: self.amount,
            description: &self.description,
        })?)
    }

    /// Whether a response is about this return.
    pub(super) fn is_answered_by(&self, state: &ReturnState) -> bool {
        let is_of_split = match &self.split {
            ReturnedSplit::OutOrderNo(number) => state.out_order_no == *number,
            ReturnedSplit::OrderId(number) => state.order_id == *number,
        };
        is_of_split
            && state.out_return_no == self.out_return_no
            && state.return_mchid == self.return_mchid
            && state.amount == self.amount
    }
}

/// 分账回退结果: the state of a return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnState {
    /// 微信分账单号: WeChat Pay's number of the split.
    #[serde(deserialize_with = "received::text")]
    pub order_id: SplitId,
    /// 商户分账单号: the merchant's own number of the split.
    #[serde(deserialize_with = "received::text")]
    pub out_order_no: OutOrderNo,
    /// 商户回退单号: the merchant's own number of the return.
    #[serde(deserialize_with = "received::text")]
    pub out_return_no: OutReturnNo,
    /// 微信回退单号: WeChat Pay's number of the return.
    pub return_id: String,
    /// 回退商户号: the merchant that gives the money back.
    pub return_mchid: String,
    /// 回退金额: the amount, in fen.
    pub amount: Fen,
    /// 回退描述: description.
    #[serde(default, deserialize_with = "received::option")]
    pub description: Option<String>,
    /// 回退结果: the result.
    pub result: ReturnResult,
    /// 失败原因: why it failed, if it did.
    #[serde(default, deserialize_with = "received::option")]
    pub fail_reason: Option<ReturnFailure>,
    /// 创建时间: time of the request.
    #[serde(default, deserialize_with = "received::option")]
    pub create_time: Option<Time>,
    /// 完成时间: time at which the result became final.
    #[serde(default, deserialize_with = "received::option")]
    pub finish_time: Option<Time>,
}

open_set! {
    /// 回退结果: result of a return.
    profit_sharing::ReturnResult {
        /// 处理中: not final. Request the same return again after a minute.
        Processing = "PROCESSING",
        /// 已成功: the merchant whose money was split has it back. Final.
        Success = "SUCCESS",
        /// 已失败: nothing was returned. Final; another return needs a new return number.
        Failed = "FAILED",
    }
}

open_set! {
    /// 失败原因: why a return failed.
    profit_sharing::ReturnFailure {
        /// 原分账接收方账户异常: the receiver's account is abnormal.
        AccountAbnormal = "ACCOUNT_ABNORMAL",
        /// 余额不足: the receiver's balance is too low.
        BalanceNotEnough = "BALANCE_NOT_ENOUGH",
        /// 超时关单: it was not finished within five days.
        TimeOutClosed = "TIME_OUT_CLOSED",
        /// 原分账分出方账户异常: the account of the merchant whose money was split is abnormal.
        PayerAccountAbnormal = "PAYER_ACCOUNT_ABNORMAL",
        /// 描述参数设置失败: the description was refused.
        InvalidRequest = "INVALID_REQUEST",
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    #[serde(flatten)]
    split: &'a ReturnedSplit,
    out_return_no: &'a OutReturnNo,
    return_mchid: &'a str,
    amount: Fen,
    description: &'a str,
}
