//! 指定支付方式: means of payment that an order excludes.

use crate::error::Violations;
use crate::open_set::open_set;
use crate::strict_json::{Json, Read};
use crate::validate;

open_set! {
    /// 指定支付方式: a means of payment that the payer must not use, or must use alone.
    ///
    /// No current page documents `limit_pay`; the official SDKs have it in single orders. Ask WeChat Pay
    /// before you rely on it, because it may refuse or ignore the field.
    pay::LimitPay {
        /// 不使用余额: no balance (零钱).
        NoBalance = "no_balance",
        /// 不使用信用卡: no credit card. Not known for combined orders.
        NoCredit = "no_credit",
        /// 不使用借记卡: no debit card.
        NoDebit = "no_debit",
        /// 仅使用余额: balance (零钱) alone.
        BalanceOnly = "balance_only",
    }
}

impl Read for LimitPay {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        String::read(json, path, violations).map(Self::from)
    }
}

/// Validates the `limit_pay` of an order.
pub(crate) fn find_violations(violations: &mut Violations, limit_pay: &[LimitPay]) {
    for (index, word) in limit_pay.iter().enumerate() {
        validate::text(violations, format!("/limit_pay/{index}"), word.as_str(), 32);
    }
}
