//! 申请交易账单, 申请资金账单, 下载账单: bills.

use crate::authority::HOSTS;
use crate::bills::{Bill, Books};
use crate::fields;
use crate::fund_flow_bill::FUND_FLOW_BILL;
use crate::interface::{Call, Interface, get};
use crate::received::Received;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::State;
use crate::trade_bill::TRADE_BILL;

pub(crate) const INTERFACES: &[Interface] = &[
    get("/v3/bill/tradebill", |call, state| apply(call, state, &TRADE_BILL)),
    get("/v3/bill/fundflowbill", |call, state| apply(call, state, &FUND_FLOW_BILL)),
    // Files are not signed: their hash was in a response that is.
    Interface { is_file: true, ..get("/v3/billdownload/file", download) },
];

/// 申请交易账单, 申请资金账单.
fn apply(call: &Call<'_>, state: &mut State, bill: &Bill) -> Result<Response, Refusal> {
    let query = call.query(bill.parameters)?;
    let base_url = base_url_of_host(call.request).unwrap_or_else(|| state.base_url.clone());
    let State { bills, orders, sharing, transfers, merchants, ids, .. } = state;
    let books = Books { orders, sharing, transfers: transfers.all() };
    let offer = bills.apply(bill, &query, books, &call.caller(merchants), &base_url, ids)?;
    Ok(Response::json(200, &offer))
}

/// 下载账单.
fn download(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let query = call.query(fields::BILL_FILE)?;
    let file = state.bills.file(&query, &call.caller(&state.merchants))?;
    Ok(Response::file("application/octet-stream", file))
}

/// The base URL of a client that addresses the sandbox by a host name of WeChat Pay. It reaches the
/// sandbox by no other name, and some clients remove that name from the links that they get.
pub(crate) fn base_url_of_host(request: &Received) -> Option<String> {
    let host = request.only_header("host")?;
    HOSTS.contains(&host).then(|| format!("https://{host}"))
}
