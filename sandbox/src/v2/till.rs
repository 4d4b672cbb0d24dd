//! An order that is paid at the till, and its state.

/// What only an order at the till has.
pub(super) struct Till {
    /// The last moment of the PIN in Unix seconds, if the payer must type one.
    pub(super) pin_until: Option<i64>,
    /// The payer refused.
    pub(super) is_refused: bool,
    pub(super) is_reversed: bool,
}

impl Till {
    /// The state of an order that is not paid, and its description.
    pub(super) fn state(&self, now: i64) -> (&'static str, &'static str) {
        let in_time = self.pin_until.is_some_and(|end| now <= end);
        match (self.is_reversed, in_time && !self.is_refused) {
            (true, _) => ("REVOKED", "订单已撤销"),
            (false, true) => ("USERPAYING", "用户支付中，需要输入密码"),
            (false, false) => ("PAYERROR", "支付失败，请撤销订单后重新收款"),
        }
    }
}
