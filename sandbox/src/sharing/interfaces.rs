//! The interfaces of profit sharing, and what time and the platform do to splits.

use serde_json::{Value, json};

use super::fields;
use super::names;
use super::paid_order::PaidOrder;
use super::return_result::ReturnResult;
use super::split::{ShareResult, Split};
use super::splits;
use super::summary::{ReturnSummary, SplitSummary};
use crate::bills::{Bills, Day};
use crate::interface::{Call, Interface, get, post};
use crate::interfaces::bill::base_url_of_host;
use crate::json::put;
use crate::merchants::MCHID;
use crate::notifications::Event;
use crate::order_book::Wanted;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::schema::{self, text_of};
use crate::state::State;

pub(crate) const INTERFACES: &[Interface] = &[
    post("/v3/profitsharing/receivers/add", add_receiver),
    post("/v3/profitsharing/receivers/delete", delete_receiver),
    post("/v3/profitsharing/orders", split),
    get("/v3/profitsharing/orders/{out_order_no}", query),
    post("/v3/profitsharing/orders/unfreeze", unfreeze),
    get("/v3/profitsharing/transactions/{transaction_id}/amounts", amount_left),
    post("/v3/profitsharing/return-orders", return_share),
    get("/v3/profitsharing/return-orders/{out_return_no}", query_return),
    get("/v3/profitsharing/merchant-configs/{sub_mchid}", max_ratio),
    get("/v3/profitsharing/bills", bill),
];

/// 添加分账接收方.
fn add_receiver(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let request = read(call, state, &[fields::NEW_RECEIVER])?;
    let caller = call.caller(&state.merchants);
    let account = (text_of(&request, "type"), text_of(&request, "account"));
    splits::check_appid(account, &request, &caller)?;
    let mut response = state.sharing.receivers.add(payer(call, &request), &request)?;
    put_sub_mchid(&mut response, &request);
    names::response(call, state, response)
}

/// 删除分账接收方.
fn delete_receiver(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let request = read(call, state, &[fields::DELETED_RECEIVER])?;
    let mut response = state.sharing.receivers.delete(payer(call, &request), &request);
    put_sub_mchid(&mut response, &request);
    Ok(Response::json(200, &response))
}

/// 请求分账.
fn split(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let request = read(call, state, &[fields::SPLIT])?;
    let order = order_of(call, state, &request);
    let State { sharing, merchants, ids, .. } = state;
    let caller = call.caller(merchants);
    Ok(Response::json(200, &sharing.split(request, order.as_ref(), &caller, ids)?))
}

/// 解冻剩余资金.
fn unfreeze(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let request = read(call, state, &[fields::UNFREEZE])?;
    let order = order_of(call, state, &request);
    let State { sharing, merchants, ids, .. } = state;
    let caller = call.caller(merchants);
    Ok(Response::json(200, &sharing.unfreeze(request, order.as_ref(), &caller, ids)?))
}

/// 查询分账结果.
fn query(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_order_no", &fields::OUT_ORDER_NO)?;
    let query = call.query(fields::SPLIT_QUERY)?;
    check_sub_merchant(call, state, &query)?;
    state.settle_shares(call.now);
    let caller = call.caller(&state.merchants);
    Ok(Response::json(200, &state.sharing.query(&number, &query, &caller)?))
}

/// 查询剩余待分金额, which names no sub-merchant.
fn amount_left(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let id = call.path_parameter("transaction_id", &crate::fields::PLATFORM_NUMBER)?;
    call.no_query()?;
    state.settle_shares(call.now);
    let order = state.paid_order(call.mchid, &id);
    Ok(Response::json(200, &state.sharing.amount_left(order.as_ref(), call.now)?))
}

/// 请求分账回退.
fn return_share(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let request = read(call, state, &[fields::RETURN])?;
    let State { sharing, merchants, ids, .. } = state;
    let caller = call.caller(merchants);
    let (response, succeeded) = sharing.return_share(request, &caller, ids)?;
    if let Some(index) = succeeded {
        state.notify_return(index, call.now);
    }
    Ok(Response::json(200, &response))
}

/// 查询分账回退结果.
fn query_return(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let number = call.path_parameter("out_return_no", &fields::OUT_RETURN_NO)?;
    let query = call.query(fields::RETURN_QUERY)?;
    check_sub_merchant(call, state, &query)?;
    state.settle_shares(call.now);
    let caller = call.caller(&state.merchants);
    Ok(Response::json(200, &state.sharing.query_return(&number, &query, &caller)?))
}

/// 查询最大分账比例: of a partner.
fn max_ratio(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let sub_mchid = call.path_parameter("sub_mchid", &schema::text(32))?;
    call.no_query()?;
    let own = state.merchants.get(call.mchid);
    if !own.is_some_and(|own| own.sub_mchids.contains(&sub_mchid)) {
        return Err(Refusal::new(403, "NO_AUTH", "商户无权限"));
    }
    let max_ratio = state.sharing.max_ratio;
    Ok(Response::json(200, &json!({ "sub_mchid": sub_mchid, "max_ratio": max_ratio })))
}

/// 申请分账账单: its link lives for 30 seconds.
fn bill(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let query = call.query(fields::BILL)?;
    check_sub_merchant(call, state, &query)?;
    state.settle_shares(call.now);
    let none = || Refusal::new(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在");
    let day = Day::of(&query, call.now).map_err(|refusal| match refusal.code.as_str() {
        "STATEMENT_CREATING" => none(),
        _ => refusal,
    })?;
    let csv = state.sharing.bill(call.mchid, &query, day).ok_or_else(none)?;
    let base_url = base_url_of_host(call.request).unwrap_or_else(|| state.base_url.clone());
    let State { bills, merchants, ids, .. } = state;
    let caller = call.caller(merchants);
    let offer = Bills::offer(bills, csv, &query, &caller, (&base_url, THIRTY_SECONDS), ids)?;
    Ok(Response::json(200, &offer))
}

/// The body with its names in plain text, of a merchant for its own sub-merchant.
fn read(call: &Call<'_>, state: &mut State, tables: &[schema::Table]) -> Result<Value, Refusal> {
    call.no_query()?;
    let request = schema::read(call.body(), tables)?;
    let request = names::plain(call, state, request)?;
    check_sub_merchant(call, state, &request)?;
    state.settle_shares(call.now);
    Ok(request)
}

fn check_sub_merchant(call: &Call<'_>, state: &State, request: &Value) -> Result<(), Refusal> {
    let Some(sub_mchid) = request.get("sub_mchid").and_then(Value::as_str) else { return Ok(()) };
    let own = state.merchants.get(call.mchid);
    if own.is_some_and(|own| own.sub_mchids.iter().any(|known| known == sub_mchid)) {
        return Ok(());
    }
    Err(Refusal::new(403, "NO_AUTH", "商户无权限"))
}

/// The merchant whose money is split.
fn payer<'a>(call: &Call<'a>, request: &'a Value) -> &'a str {
    request.get("sub_mchid").and_then(Value::as_str).unwrap_or(call.mchid)
}

/// The order that a request names. A partner names the sub-merchant, a direct merchant none.
fn order_of(call: &Call<'_>, state: &State, request: &Value) -> Option<PaidOrder> {
    let order = state.paid_order(call.mchid, text_of(request, "transaction_id"))?;
    let sub_mchid = request.get("sub_mchid").and_then(Value::as_str);
    (order.sub_mchid.as_deref() == sub_mchid).then_some(order)
}

fn put_sub_mchid(response: &mut Value, request: &Value) {
    if let Some(sub_mchid) = request.get("sub_mchid") {
        put(response, "sub_mchid", sub_mchid.clone());
    }
}

impl State {
    /// The paid order with this transaction ID, of APIv3, else of APIv2.
    pub(crate) fn paid_order(&self, mchid: &str, transaction_id: &str) -> Option<PaidOrder> {
        let wanted = Wanted::TransactionId(transaction_id.to_owned());
        let of_v3 = self.orders.locate(mchid, &wanted);
        if let Some((_, order)) = of_v3 {
            return PaidOrder::of(order);
        }
        #[cfg(feature = "v2")]
        return self.v2.orders.paid_order(mchid, transaction_id);
        #[cfg(not(feature = "v2"))]
        None
    }

    /// Ends the splits that are a minute old.
    pub(crate) fn settle_shares(&mut self, now: i64) {
        let is_due = |split: &Split| now.saturating_sub(split.create_time) >= A_MINUTE;
        self.settle(now, is_due);
        self.sharing.expire_returns(now);
    }

    /// Ends the split with this number now. Whether there is one that was not ended.
    pub(crate) fn finish_split(&mut self, out_order_no: &str, now: i64) -> bool {
        let is_open = |split: &Split| split.number() == out_order_no && split.is_pending();
        let is_any = self.sharing.splits.iter().any(is_open);
        self.settle(now, is_open);
        is_any
    }

    /// Every split and every request to unfreeze, the newest first.
    pub(crate) fn split_summaries(&mut self, now: i64) -> Vec<SplitSummary> {
        self.settle_shares(self.clock.business(now));
        self.sharing.splits.iter().rev().map(SplitSummary::from).collect()
    }

    /// Every return, the newest first.
    pub(crate) fn return_summaries(&mut self, now: i64) -> Vec<ReturnSummary> {
        self.settle_shares(self.clock.business(now));
        self.sharing.returns.iter().rev().map(ReturnSummary::from).collect()
    }

    /// The frozen amount of an order of the sandbox's merchant, if it is paid and was placed with the flag.
    pub(crate) fn frozen(&self, transaction_id: &str, now: i64) -> Option<u64> {
        let order = self.paid_order(MCHID, transaction_id).filter(|order| order.is_sharing)?;
        Some(self.sharing.left(&order, self.clock.business(now)))
    }

    fn settle(&mut self, now: i64, is_due: impl Fn(&Split) -> bool) {
        let due: Vec<usize> = (0_usize..)
            .zip(&self.sharing.splits)
            .filter(|(_, split)| split.is_pending() && is_due(split))
            .map(|(index, _)| index)
            .collect();
        for index in due {
            self.settle_split(index, now);
        }
    }

    fn settle_split(&mut self, index: usize, now: i64) {
        let Self { sharing, balance, notifications, cipher, ids, .. } = self;
        let Some(split) = sharing.splits.get_mut(index) else { return };
        for share in &mut split.shares {
            share.end_time = Some(now);
            share.result = match sharing.failing.get(&share.account) {
                Some(reason) => ShareResult::Closed(reason.clone()),
                None => ShareResult::Success,
            };
        }
        if split.is_unfreeze {
            balance.put_back(split.taken());
            return;
        }
        let paid = split.shares.iter().filter(|share| share.result == ShareResult::Success);
        for share in paid.filter(|share| share.r#type == "MERCHANT_ID") {
            let receiver = json!({
                "type": share.r#type,
                "account": share.account,
                "amount": share.amount,
                "description": share.description,
            });
            let numbers = (split.transaction_id(), split.order_id.as_str(), split.number());
            let owner = (split.mchid.as_str(), split.sub_mchid.as_deref());
            let resource = resource(owner, numbers, receiver, now);
            let event = event(&sharing.notify_url, split.number(), "分账", &resource);
            notifications.add(&event, now, cipher, ids);
        }
        let (finishes, id) = (split.finishes(), split.transaction_id().to_owned());
        if finishes {
            let owner = split.mchid.clone();
            let rest = self.paid_order(&owner, &id).map_or(0, |order| self.sharing.rest(&order));
            self.balance.put_back(rest);
        }
    }

    /// A return has succeeded: the merchant whose money was split has it back.
    fn notify_return(&mut self, index: usize, now: i64) {
        let Self { sharing, balance, notifications, cipher, ids, .. } = self;
        let Some(it) = sharing.returns.get(index) else { return };
        debug_assert!(it.result == ReturnResult::Success, "only a success is notified");
        balance.put_back(it.amount());
        let receiver = json!({
            "type": "MERCHANT_ID",
            "account": it.payer,
            "amount": it.amount(),
            "description": text_of(&it.parameters, "description"),
        });
        let numbers = (it.transaction_id.as_str(), it.return_id.as_str(), it.number());
        let owner = (it.mchid.as_str(), it.sub_mchid.as_deref());
        let resource = resource(owner, numbers, receiver, now);
        let event = event(&sharing.notify_url, it.number(), "分账回退", &resource);
        notifications.add(&event, now, cipher, ids);
    }
}

fn resource(
    (mchid, sub_mchid): (&str, Option<&str>),
    (transaction_id, order_id, number): (&str, &str, &str),
    receiver: Value,
    now: i64,
) -> Value {
    let mut resource = json!({
        "transaction_id": transaction_id,
        "order_id": order_id,
        "out_order_no": number,
        "receiver": receiver,
        "success_time": crate::calendar::Beijing::at(now).rfc3339(),
    });
    match sub_mchid {
        Some(sub_mchid) => {
            put(&mut resource, "sp_mchid", mchid);
            put(&mut resource, "sub_mchid", sub_mchid);
        }
        None => put(&mut resource, "mchid", mchid),
    }
    resource
}

/// The event type is that of a payment.
fn event<'a>(
    notify_url: &'a str,
    number: &'a str,
    summary: &'a str,
    resource: &'a Value,
) -> Event<'a> {
    let event_type = "TRANSACTION.SUCCESS";
    Event { notify_url, number, event_type, summary, original_type: "profitsharing", resource }
}

/// How long a split stays PROCESSING.
const A_MINUTE: i64 = 60;
/// [m/4012529628](https://pay.weixin.qq.com/doc/v3/merchant/4012529628).
const THIRTY_SECONDS: i64 = 30;
