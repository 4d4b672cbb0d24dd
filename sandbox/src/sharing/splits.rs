//! 请求分账, 解冻剩余资金 and 查询分账结果.

use serde_json::{Value, json};

use super::paid_order::PaidOrder;
use super::split::{Share, ShareResult, Split};
use super::state::Sharing;
use crate::caller::Caller;
use crate::merchants::Merchants;
use crate::money::share;
use crate::refusal::Refusal;
use crate::schema::{fen_of, items_of, text_of};
use crate::unique_ids::UniqueIds;

impl Sharing {
    /// 请求分账.
    ///
    /// One rule of the documents is not kept, so that tests need not wait: two splits of one order may be less than a
    /// second apart.
    pub(super) fn split(
        &mut self,
        request: Value,
        order: Option<&PaidOrder>,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<Value, Refusal> {
        let sub_mchid = request.get("sub_mchid").and_then(Value::as_str).map(str::to_owned);
        if let Some(split) = self.find(caller.mchid, sub_mchid.as_deref(), &request) {
            return repeated(split, &request);
        }
        let order = splittable(order)?;
        if caller.now.saturating_sub(order.paid_at) < A_MINUTE {
            return Err(Refusal::invalid("订单处理中，请稍后重试"));
        }
        if self.is_finished(order, caller.now) {
            return Err(Refusal::invalid("订单已完结分账，不支持分账"));
        }
        self.check_receivers(&request, order, caller)?;
        if self.of(&order.transaction_id).count() >= MOST_SPLITS {
            return Err(Refusal::invalid("分账次数超过限制"));
        }
        let shares = items_of(&request, "receivers");
        let sum = shares.iter().map(|it| fen_of(it, "/amount")).fold(0, u64::saturating_add);
        let most = share(order.total, self.max_ratio.into(), 10_000);
        if self.split_of(order).saturating_add(sum) > most {
            return Err(Refusal::new(403, "RULE_LIMIT", "分账金额超过最大分账比例"));
        }
        if sum > self.left(order, caller.now) {
            return Err(Refusal::new(403, "NOT_ENOUGH", "分账金额超过订单剩余可分金额"));
        }
        let shares = shares.iter().map(|receiver| Share {
            r#type: text_of(receiver, "type").to_owned(),
            account: text_of(receiver, "account").to_owned(),
            amount: fen_of(receiver, "/amount"),
            description: text_of(receiver, "description").to_owned(),
            detail_id: format!("36011{}", ids.decimals(23)),
            result: ShareResult::Pending,
            end_time: None,
        });
        let shares = shares.collect();
        Ok(self.accept(request, sub_mchid, false, shares, caller, ids))
    }

    /// 解冻剩余资金.
    ///
    /// With a number that a split has used, the response is that split, and nothing is unfrozen, as in the service.
    pub(super) fn unfreeze(
        &mut self,
        request: Value,
        order: Option<&PaidOrder>,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<Value, Refusal> {
        let sub_mchid = request.get("sub_mchid").and_then(Value::as_str).map(str::to_owned);
        if let Some(split) = self.find(caller.mchid, sub_mchid.as_deref(), &request) {
            return if split.is_unfreeze {
                repeated(split, &request)
            } else {
                Ok(split.describe())
            };
        }
        let order = splittable(order)?;
        if self.of(&order.transaction_id).any(Split::is_pending) {
            return Err(Refusal::invalid("订单处理中，请稍后重试"));
        }
        let left = self.left(order, caller.now);
        if left == 0 {
            return Err(Refusal::new(403, "NOT_ENOUGH", "订单没有可解冻的金额"));
        }
        let share = Share {
            r#type: "MERCHANT_ID".to_owned(),
            account: order.payer.clone(),
            amount: left,
            description: text_of(&request, "description").to_owned(),
            detail_id: format!("36011{}", ids.decimals(23)),
            result: ShareResult::Pending,
            end_time: None,
        };
        Ok(self.accept(request, sub_mchid, true, vec![share], caller, ids))
    }

    /// 查询分账结果.
    pub(super) fn query(
        &self,
        number: &str,
        query: &Value,
        caller: &Caller<'_>,
    ) -> Result<Value, Refusal> {
        let sub_mchid = query.get("sub_mchid").and_then(Value::as_str);
        let is_it = |split: &&Split| {
            split.is_of(caller.mchid, sub_mchid)
                && split.number() == number
                && split.transaction_id() == text_of(query, "transaction_id")
        };
        self.splits.iter().find(is_it).map(Split::describe).ok_or_else(unknown)
    }

    /// 查询剩余待分金额.
    pub(super) fn amount_left(
        &self,
        order: Option<&PaidOrder>,
        now: i64,
    ) -> Result<Value, Refusal> {
        let order = order.filter(|order| order.is_sharing).ok_or_else(unknown)?;
        let left = self.left(order, now);
        Ok(json!({ "transaction_id": order.transaction_id, "unsplit_amount": left }))
    }

    fn find(&self, mchid: &str, sub_mchid: Option<&str>, request: &Value) -> Option<&Split> {
        let number = text_of(request, "out_order_no");
        let mut splits = self.splits.iter();
        splits.find(|split| split.is_of(mchid, sub_mchid) && split.number() == number)
    }

    fn accept(
        &mut self,
        parameters: Value,
        sub_mchid: Option<String>,
        is_unfreeze: bool,
        shares: Vec<Share>,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Value {
        let split = Split {
            mchid: caller.mchid.to_owned(),
            sub_mchid,
            parameters,
            order_id: format!("30000{}", ids.decimals(23)),
            is_unfreeze,
            create_time: caller.now,
            shares,
        };
        let output = split.describe();
        self.splits.push(split);
        output
    }

    fn check_receivers(
        &self,
        request: &Value,
        order: &PaidOrder,
        caller: &Caller<'_>,
    ) -> Result<(), Refusal> {
        let receivers = items_of(request, "receivers");
        let unfreezes = request.get("unfreeze_unsplit") == Some(&Value::Bool(true));
        let mut accounts: Vec<(&str, &str)> = Vec::new();
        for receiver in receivers {
            let account = (text_of(receiver, "type"), text_of(receiver, "account"));
            if accounts.contains(&account) {
                return Err(Refusal::invalid("分账接收方不能重复"));
            }
            accounts.push(account);
            if unfreezes && account == ("MERCHANT_ID", order.payer.as_str()) {
                return Err(Refusal::invalid("解冻剩余资金时，分账接收方不能为分账方"));
            }
            check_appid(account, request, caller)?;
            self.receivers.check(&order.payer, receiver)?;
        }
        Ok(())
    }
}

/// An openid is of an appid, which is bound to the caller or to its sub-merchant.
pub(super) fn check_appid(
    (r#type, account): (&str, &str),
    request: &Value,
    caller: &Caller<'_>,
) -> Result<(), Refusal> {
    let sub_mchid = text_of(request, "sub_mchid");
    let (appid, owner) = match r#type {
        "PERSONAL_OPENID" => (text_of(request, "appid"), caller.mchid),
        "PERSONAL_SUB_OPENID" => (text_of(request, "sub_appid"), sub_mchid),
        _ => return Ok(()),
    };
    if !is_bound(caller.merchants, owner, appid) {
        return Err(Refusal::invalid("appid与商户号不匹配"));
    }
    if account.starts_with("other-") {
        return Err(Refusal::invalid("appid与openid不匹配"));
    }
    Ok(())
}

fn is_bound(merchants: &Merchants, mchid: &str, appid: &str) -> bool {
    merchants.get(mchid).is_some_and(|merchant| merchant.appids.iter().any(|own| own == appid))
}

/// An order that is paid, and was placed with the flag.
fn splittable(order: Option<&PaidOrder>) -> Result<&PaidOrder, Refusal> {
    let order = order.ok_or_else(|| Refusal::invalid("商户号和订单信息不匹配"))?;
    if order.is_sharing {
        Ok(order)
    } else {
        Err(Refusal::invalid("非分账订单不支持分账"))
    }
}

fn repeated(split: &Split, request: &Value) -> Result<Value, Refusal> {
    if split.parameters == *request {
        return Ok(split.describe());
    }
    let accounts = |request: &Value| -> Vec<(String, String)> {
        let receivers = items_of(request, "receivers").iter();
        let text = |it: &Value, name| text_of(it, name).to_owned();
        receivers.map(|it| (text(it, "type"), text(it, "account"))).collect()
    };
    if accounts(&split.parameters) == accounts(request) {
        return Err(Refusal::invalid("分账金额与原请求不一致"));
    }
    Err(Refusal::invalid("分账接收方与原请求不一致"))
}

fn unknown() -> Refusal {
    Refusal::new(404, "RESOURCE_NOT_EXISTS", "记录不存在")
}

/// [m/4014547102](https://pay.weixin.qq.com/doc/v3/merchant/4014547102).
const MOST_SPLITS: usize = 50;
/// The earliest split after the payment.
const A_MINUTE: i64 = 60;
