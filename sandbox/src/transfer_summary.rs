//! Summaries of transfers, for lists.

use serde::Serialize;
use wechatpay::Fen;

use super::calendar::Beijing;
use super::schema::text_of;
use super::transfer::Transfer;

/// A transfer in its present state: see [`Sandbox::transfers`](super::Sandbox::transfers).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TransferSummary {
    /// 商户单号: merchant transfer number.
    pub out_bill_no: String,
    /// 微信转账单号: WeChat Pay's transfer number.
    pub transfer_bill_no: String,
    /// 收款用户OpenID: the user who receives the money.
    pub openid: String,
    /// 转账金额: amount.
    pub transfer_amount: Fen,
    /// 单据状态: state, as a query returns it, such as `WAIT_USER_CONFIRM`.
    pub state: String,
    /// 失败原因: reason of a failure; empty if there is none.
    pub fail_reason: String,
    /// 收款用户姓名: the user's name, decrypted; empty if the transfer has none.
    pub user_name: String,
    /// Opens the page on which the user confirms: [`Sandbox::confirmation_url`](super::Sandbox::confirmation_url).
    pub package_info: String,
    /// When it was created, by the clock of [`Sandbox::let_time_pass`](super::Sandbox::let_time_pass),
    /// in Beijing time: `2026-01-31 18:00:00`.
    pub created: String,
}

impl TransferSummary {
    pub(super) fn of(transfer: &Transfer) -> Self {
        let given = |name| text_of(&transfer.parameters, name).to_owned();
        Self {
            out_bill_no: transfer.number().to_owned(),
            transfer_bill_no: transfer.transfer_bill_no.clone(),
            openid: given("openid"),
            transfer_amount: Fen(transfer.amount()),
            state: transfer.state.as_str().to_owned(),
            fail_reason: transfer.fail_reason.clone().unwrap_or_default(),
            user_name: given("user_name"),
            package_info: transfer.package_info.clone(),
            created: Beijing::at(transfer.create_time).plain(),
        }
    }
}
