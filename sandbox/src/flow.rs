//! A movement of money on an account, as the fund-flow bill lists it.

use super::calendar::Beijing;
use super::money::yuan;

/// A movement of money.
#[derive(Clone, Copy)]
pub(super) struct Flow<'a> {
    pub(super) time: i64,
    /// 微信支付业务单号.
    pub(super) business: &'a str,
    /// 业务凭证号: the merchant's own number.
    pub(super) voucher: &'a str,
    /// 业务名称.
    pub(super) name: &'static str,
    /// 业务类型.
    pub(super) kind: &'static str,
    pub(super) income: bool,
    /// In fen.
    pub(super) amount: u64,
    pub(super) applicant: &'static str,
    pub(super) remark: &'a str,
}

impl Flow<'_> {
    /// The balance after the movement.
    pub(super) fn applied_to(&self, balance: u64) -> u64 {
        if self.income {
            balance.saturating_add(self.amount)
        } else {
            balance.saturating_sub(self.amount)
        }
    }

    /// The number of a flow is that of its business and its place among all flows.
    pub(super) fn row(&self, balance: u64, index: usize) -> Vec<String> {
        vec![
            Beijing::at(self.time).plain(),
            self.business.to_owned(),
            format!("{}{index:04}", self.business),
            self.name.to_owned(),
            self.kind.to_owned(),
            if self.income { "收入" } else { "支出" }.to_owned(),
            yuan(self.amount),
            yuan(balance),
            self.applicant.to_owned(),
            escaped(self.remark),
            escaped(self.voucher),
        ]
    }
}

fn escaped(text: &str) -> String {
    text.replace('\u{1}', " ").replace('\r', "\\r").replace('\n', "\\n")
}
