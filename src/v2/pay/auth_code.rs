//! 付款码: the code that a payer shows at the till.

use std::fmt;

use crate::error::{Error, Invalid};

/// 付款码 (`auth_code`): the code that the till scans from the payer's phone. 18 digits, beginning with 10
/// to 15.
///
/// It is good for one attempt, so [`micropay`](crate::v2::pay::micropay) takes it by value, and it
/// cannot be cloned. Another attempt needs another code and another order number. `Debug` does not print
/// it.
///
/// ```
/// use wechatpay::v2::pay::AuthCode;
///
/// assert!(AuthCode::new("134567890123456789").is_ok());
/// assert!(AuthCode::new("284567890123456789").is_err()); // 不是微信支付的付款码
/// ```
#[derive(PartialEq, Eq)]
pub struct AuthCode(String);

impl AuthCode {
    /// Checks a code as the scanner returns it.
    ///
    /// # Errors
    /// [`Error`] of invalid input if it is not 18 digits that begin with 10 to 15: it may be the code of
    /// another wallet.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        let is_code = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code && PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            return Ok(Self(text));
        }
        let rule = "must be 18 digits that begin with 10 to 15; scan the code of a WeChat wallet";
        Err(Invalid::new("auth_code", rule).into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AuthCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthCode").finish_non_exhaustive()
    }
}

/// [Rules of the code](https://pay.weixin.qq.com/doc/v2/merchant/4011937125).
const DIGITS: usize = 18;
const PREFIXES: [&str; 6] = ["10", "11", "12", "13", "14", "15"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_code_of_another_form_is_refused() {
        for good in ["100000000000000000", "159999999999999999"] {
            assert!(AuthCode::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "090000000000000000",
            "160000000000000000",
            "13456789012345678",
            "1345678901234567890",
            "13456789012345678a",
            "134567890123456789\n",
            "１３4567890123456789",
        ] {
            assert!(AuthCode::new(bad).is_err(), "{bad}");
        }
        let shown = format!("{:?}", AuthCode::new("134567890123456789").unwrap());
        assert!(!shown.contains("1345"), "{shown}");
    }
}
