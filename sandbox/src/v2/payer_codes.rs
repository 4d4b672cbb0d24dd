//! 付款码: the codes that payers show at the till.

use std::collections::BTreeMap;

use super::super::unique_ids::UniqueIds;
use super::refusal::Refusal;

/// Every code that was shown.
#[derive(Default)]
pub(crate) struct PayerCodes(BTreeMap<String, PayerCode>);

struct PayerCode {
    needs_pin: bool,
    shown: i64,
    is_used: bool,
}

impl PayerCodes {
    /// A payer shows a code.
    pub(crate) fn show(&mut self, needs_pin: bool, now: i64, ids: &mut UniqueIds) -> String {
        let code = format!("13{}", ids.decimals(16));
        self.0.insert(code.clone(), PayerCode { needs_pin, shown: now, is_used: false });
        code
    }

    /// Uses a code up. Returns whether its payer must type a PIN.
    pub(super) fn take(&mut self, code: &str, now: i64) -> Result<bool, Refusal> {
        let refused = |code, text| Err(Refusal::new(code, text));
        match self.0.get_mut(code) {
            None => refused("AUTH_CODE_INVALID", "请扫描微信支付被扫条码/二维码"),
            Some(code) if code.is_used => {
                refused("AUTH_CODE_ERROR", "每个二维码仅限使用一次，请刷新再试")
            }
            Some(code) if now.saturating_sub(code.shown) > LIFE => {
                refused("AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试")
            }
            Some(code) => {
                code.is_used = true;
                Ok(code.needs_pin)
            }
        }
    }

    /// The codes that can be used now, and whether their payers must type a PIN.
    pub(crate) fn usable(&self, now: i64) -> impl Iterator<Item = (&str, bool)> {
        let is_usable =
            move |code: &PayerCode| !code.is_used && now.saturating_sub(code.shown) <= LIFE;
        let usable = self.0.iter().filter(move |(_, code)| is_usable(code));
        usable.map(|(text, code)| (text.as_str(), code.needs_pin))
    }
}

/// WeChat shows a new code every minute.
const LIFE: i64 = 60;
