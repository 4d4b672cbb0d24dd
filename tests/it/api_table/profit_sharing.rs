//! Profit sharing in the table of every API.

use wechatpay::profit_sharing::{self, SharingBill};
use wechatpay::{Code, Error, Signer, bill};
use wechatpay_sandbox::Sandbox;

use super::{Row, nothing};
use crate::profit_sharing::{
    RECEIVER, a_return, deleted_receiver, new_receiver, paid_for_sharing, return_no, split_no,
    split_of, transaction_id, unfreeze_of,
};
use crate::support::noon;

pub(super) const SPLIT_ENCODED: &str = "split%2A1%7C%40";
pub(super) const RETURN_ENCODED: &str = "return%2A1%40";

fn received(sandbox: &Sandbox, signer: &dyn Signer) {
    paid_for_sharing(sandbox, signer);
    let receiver = new_receiver(sandbox);
    profit_sharing::add_receiver(signer, sandbox.gateway(), &receiver).unwrap();
}

fn split(sandbox: &Sandbox, signer: &dyn Signer) {
    received(sandbox, signer);
    call_split(sandbox, signer).unwrap();
    sandbox.let_time_pass(60);
}

fn returned(sandbox: &Sandbox, signer: &dyn Signer) {
    split(sandbox, signer);
    call_return(sandbox, signer).unwrap();
}

fn split_two_days_ago(sandbox: &Sandbox, signer: &dyn Signer) {
    super::KNOWN_DAY.set(Some(bill::Date::of(noon(sandbox))));
    split(sandbox, signer);
    sandbox.let_time_pass(2 * 86_400);
}

fn call_add(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    profit_sharing::add_receiver(signer, sandbox.gateway(), &new_receiver(sandbox)).map(drop)
}

fn call_delete(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    profit_sharing::delete_receiver(signer, sandbox.gateway(), &deleted_receiver(sandbox))
}

fn call_split(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let split = split_of(sandbox, &transaction_id(sandbox), &[(RECEIVER, 20)]);
    profit_sharing::split(signer, sandbox.gateway(), &split).map(drop)
}

fn call_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let id = transaction_id(sandbox);
    profit_sharing::query_split(signer, sandbox.gateway(), &split_no(), &id).map(drop)
}

fn call_unfreeze(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let unfreeze = unfreeze_of(&transaction_id(sandbox));
    profit_sharing::unfreeze(signer, sandbox.gateway(), &unfreeze).map(drop)
}

fn call_left(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let id = transaction_id(sandbox);
    profit_sharing::amount_left(signer, sandbox.gateway(), &id).map(drop)
}

fn call_return(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    profit_sharing::return_share(signer, sandbox.gateway(), &a_return(5)).map(drop)
}

fn call_return_query(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    profit_sharing::query_return(signer, sandbox.gateway(), &return_no(), &split_no()).map(drop)
}

fn call_bill(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    let bill = SharingBill::new(super::the_day());
    profit_sharing::bill(signer, sandbox.gateway(), &bill).map(drop)
}

fn call_ratio(sandbox: &Sandbox, signer: &dyn Signer) -> Result<(), Error> {
    profit_sharing::max_ratio(signer, sandbox.gateway()).map(drop)
}

pub(super) const DIRECT: [Row; 9] = [
    Row {
        api: "添加分账接收方",
        method: "POST",
        path: "/v3/profitsharing/receivers/add",
        document: "m/4012528995",
        before: nothing,
        call: call_add,
        error: (403, Code::NO_AUTH),
    },
    Row {
        api: "删除分账接收方",
        method: "POST",
        path: "/v3/profitsharing/receivers/delete",
        document: "m/4012529590",
        before: nothing,
        call: call_delete,
        error: (429, Code::FREQUENCY_LIMITED),
    },
    Row {
        api: "请求分账",
        method: "POST",
        path: "/v3/profitsharing/orders",
        document: "m/4012525287",
        before: received,
        call: call_split,
        error: (403, Code::RULE_LIMIT),
    },
    Row {
        api: "查询分账结果",
        method: "GET",
        path: "/v3/profitsharing/orders/split%2A1%7C%40?transaction_id={transaction_id}",
        document: "m/4012526279",
        before: split,
        call: call_query,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
    Row {
        api: "解冻剩余资金",
        method: "POST",
        path: "/v3/profitsharing/orders/unfreeze",
        document: "m/4012526374",
        before: split,
        call: call_unfreeze,
        error: (403, Code::NOT_ENOUGH),
    },
    Row {
        api: "查询剩余待分金额",
        method: "GET",
        path: "/v3/profitsharing/transactions/{transaction_id}/amounts",
        document: "m/4012457939",
        before: paid_for_sharing,
        call: call_left,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
    Row {
        api: "请求分账回退",
        method: "POST",
        path: "/v3/profitsharing/return-orders",
        document: "m/4012525210",
        before: split,
        call: call_return,
        error: (403, Code::NO_AUTH),
    },
    Row {
        api: "查询分账回退结果",
        method: "GET",
        path: "/v3/profitsharing/return-orders/return%2A1%40?out_order_no=split%2A1%7C%40",
        document: "m/4012526279",
        before: returned,
        call: call_return_query,
        error: (404, Code::RESOURCE_NOT_EXISTS),
    },
    Row {
        api: "申请分账账单",
        method: "GET",
        path: "/v3/profitsharing/bills?bill_date={bill_date}",
        document: "m/4012529628",
        before: split_two_days_ago,
        call: call_bill,
        error: (400, Code::NO_STATEMENT_EXIST),
    },
];

pub(super) fn partner() -> [Row; 6] {
    [
        Row { document: "p/4012466850", ..row(0) },
        Row { document: "p/4012690683", ..row(2) },
        Row {
            path: "/v3/profitsharing/orders/split%2A1%7C%40\
               ?sub_mchid=1900000109&transaction_id={transaction_id}",
            document: "p/4012466854",
            ..row(3)
        },
        Row { document: "p/4012466860", ..row(4) },
        Row {
            path: "/v3/profitsharing/return-orders/return%2A1%40\
               ?sub_mchid=1900000109&out_order_no=split%2A1%7C%40",
            document: "p/4012690944",
            ..row(7)
        },
        Row {
            api: "查询最大分账比例",
            method: "GET",
            path: "/v3/profitsharing/merchant-configs/1900000109",
            document: "p/4012466864",
            before: nothing,
            call: call_ratio,
            error: (403, Code::NO_AUTH),
        },
    ]
}

/// A row that partners share with direct merchants.
fn row(index: usize) -> Row {
    DIRECT.into_iter().nth(index).unwrap()
}
