//! How a receiver responds to requests to return money.

/// How a receiver responds to requests to return money: see
/// [`Sandbox::set_return_policy`](crate::Sandbox::set_return_policy).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReturnPolicy {
    /// 同意分账回退: it agreed, and its balance suffices. This is the default.
    #[default]
    Agreed,
    /// 未同意分账回退: it has not agreed. A return is refused with `NO_AUTH`.
    NotAgreed,
    /// 处理中: a return stays `PROCESSING` until the policy changes and it is requested again, or until
    /// five days are over.
    Processing,
    /// 可用余额不足: its balance is too low. A return gets `NOT_ENOUGH`, and stays `PROCESSING`.
    BalanceTooLow,
}

impl ReturnPolicy {
    /// The policy with this name: `AGREED`, `NOT_AGREED`, `PROCESSING` or `BALANCE_TOO_LOW`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "AGREED" => Some(Self::Agreed),
            "NOT_AGREED" => Some(Self::NotAgreed),
            "PROCESSING" => Some(Self::Processing),
            "BALANCE_TOO_LOW" => Some(Self::BalanceTooLow),
            _ => None,
        }
    }
}
