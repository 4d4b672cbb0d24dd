//! 请求分账回退 and 查询分账回退结果.

use serde_json::Value;

use super::return_policy::ReturnPolicy;
use super::return_result::ReturnResult;
use super::share_return::Return;
use super::split::{ShareResult, Split};
use super::state::Sharing;
use crate::caller::Caller;
use crate::refusal::{Location, Refusal};
use crate::schema::{fen_of, text_of};
use crate::unique_ids::UniqueIds;

impl Sharing {
    /// 请求分账回退. Returns the numbers of a return that has just succeeded, so that it is notified.
    pub(super) fn return_share(
        &mut self,
        request: Value,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<(Value, Option<usize>), Refusal> {
        let sub_mchid = request.get("sub_mchid").and_then(Value::as_str);
        let number = text_of(&request, "out_return_no");
        let mut returns = self.returns.iter();
        let known = returns.position(|it| it.is_of(caller.mchid, sub_mchid, number));
        let policy = self.policies.get(text_of(&request, "return_mchid")).copied();
        let policy = policy.unwrap_or_default();
        let index = match known {
            Some(index) => {
                if self.returns.get(index).is_some_and(|it| it.parameters != request) {
                    return Err(Refusal::invalid("回退请求与原请求不一致"));
                }
                index
            }
            None => {
                if policy == ReturnPolicy::NotAgreed {
                    return Err(Refusal::new(403, "NO_AUTH", "接收方未同意分账回退"));
                }
                let new = self.new_return(request, caller, ids)?;
                self.returns.push(new);
                self.returns.len().saturating_sub(1)
            }
        };
        let new = self.returns.get_mut(index).ok_or_else(unknown)?;
        let is_open = new.result == ReturnResult::Processing;
        if is_open && policy == ReturnPolicy::BalanceTooLow {
            return Err(Refusal::new(403, "NOT_ENOUGH", "可用余额不足"));
        }
        let succeeds = is_open && policy == ReturnPolicy::Agreed;
        if succeeds {
            (new.result, new.end_time) = (ReturnResult::Success, Some(caller.now));
        }
        Ok((new.describe(), succeeds.then_some(index)))
    }

    /// 查询分账回退结果.
    pub(super) fn query_return(
        &self,
        number: &str,
        query: &Value,
        caller: &Caller<'_>,
    ) -> Result<Value, Refusal> {
        let sub_mchid = query.get("sub_mchid").and_then(Value::as_str);
        let is_it = |it: &&Return| {
            it.is_of(caller.mchid, sub_mchid, number)
                && it.out_order_no == text_of(query, "out_order_no")
        };
        self.returns.iter().find(is_it).map(Return::describe).ok_or_else(unknown)
    }

    /// Ends the returns that were not finished within five days.
    pub(super) fn expire_returns(&mut self, now: i64) {
        for it in &mut self.returns {
            let is_late = now.saturating_sub(it.create_time) > FIVE_DAYS;
            if is_late && it.result == ReturnResult::Processing {
                it.result = ReturnResult::Failed("TIME_OUT_CLOSED");
                it.end_time = Some(now);
            }
        }
    }

    fn new_return(
        &self,
        request: Value,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<Return, Refusal> {
        let sub_mchid = request.get("sub_mchid").and_then(Value::as_str).map(str::to_owned);
        let split = self.returned_split(&request, caller, sub_mchid.as_deref())?;
        let mchid = text_of(&request, "return_mchid");
        let payer = sub_mchid.as_deref().unwrap_or(caller.mchid);
        let is_it = |share: &&super::split::Share| {
            share.account == mchid
                && share.r#type == "MERCHANT_ID"
                && share.result == ShareResult::Success
                && mchid != payer
        };
        let share = split.shares.iter().find(is_it);
        let share = share.ok_or_else(|| Refusal::invalid("回退方不是该分账单的分账成功的商户"))?;
        if caller.now.saturating_sub(split.create_time) > HALF_A_YEAR {
            return Err(Refusal::invalid("订单已超过分账回退期限"));
        }
        let of_split = || self.returns.iter().filter(|it| it.order_id == split.order_id);
        if of_split().count() >= MOST_RETURNS {
            return Err(Refusal::invalid("分账回退次数超过限制"));
        }
        let of_share = of_split().filter(|it| it.return_mchid() == mchid && it.counts());
        let before = of_share.map(Return::amount).fold(0, u64::saturating_add);
        if before.saturating_add(fen_of(&request, "/amount")) > share.amount {
            return Err(Refusal::invalid("回退金额大于分账金额"));
        }
        Ok(Return {
            mchid: caller.mchid.to_owned(),
            order_id: split.order_id.clone(),
            out_order_no: split.number().to_owned(),
            transaction_id: split.transaction_id().to_owned(),
            payer: payer.to_owned(),
            return_id: format!("31000{}", ids.decimals(23)),
            result: ReturnResult::Processing,
            create_time: caller.now,
            end_time: None,
            sub_mchid,
            parameters: request,
        })
    }

    fn returned_split(
        &self,
        request: &Value,
        caller: &Caller<'_>,
        sub_mchid: Option<&str>,
    ) -> Result<&Split, Refusal> {
        let (id, number) = (request.get("order_id"), request.get("out_order_no"));
        if id.is_some() == number.is_some() {
            let issue = "one of order_id and out_order_no is required, and not both";
            return Err(Refusal::parameter(Location::Body, "/order_id", id, issue));
        }
        let is_it = |split: &&Split| {
            let is_named = match number {
                Some(number) => split.number() == number,
                None => split.order_id == text_of(request, "order_id"),
            };
            is_named && !split.is_unfreeze && split.is_of(caller.mchid, sub_mchid)
        };
        self.splits.iter().find(is_it).ok_or_else(unknown)
    }
}

fn unknown() -> Refusal {
    Refusal::new(404, "RESOURCE_NOT_EXISTS", "记录不存在")
}

const MOST_RETURNS: usize = 50;
const FIVE_DAYS: i64 = 5 * 24 * 60 * 60;
const HALF_A_YEAR: i64 = 180 * 24 * 60 * 60;
