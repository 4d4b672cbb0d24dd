//! 最大分账比例: how much of an order a partner may split.

use serde::Deserialize;

use crate::money::Fen;

/// 最大分账比例: the largest part of an order that may be split, in units of 1/10,000.
///
/// ```
/// use wechatpay::{Fen, profit_sharing::Ratio};
///
/// let ratio = Ratio::of_ten_thousand(2000); // 20 %.
/// assert_eq!(ratio.of(Fen(999)), Fen(199));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Ratio(u32);

impl Ratio {
    /// A ratio in ten-thousandths: 2000 is 20 %.
    #[must_use]
    pub const fn of_ten_thousand(parts: u32) -> Self {
        Self(parts)
    }

    /// How many ten-thousandths.
    #[must_use]
    pub const fn ten_thousandths(self) -> u32 {
        self.0
    }

    /// The most that may be split of an order of this total, by all its splits together, rounded down.
    #[must_use]
    pub fn of(self, total: Fen) -> Fen {
        let most = u128::from(total.0).saturating_mul(u128::from(self.0)) / 10_000;
        Fen(u64::try_from(most).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_is_rounded_down_and_never_overflows() {
        assert_eq!(Ratio::of_ten_thousand(3000).of(Fen(1)), Fen(0));
        assert_eq!(Ratio::of_ten_thousand(3000).of(Fen(10)), Fen(3));
        assert_eq!(Ratio::of_ten_thousand(10_000).of(Fen::MAX), Fen::MAX);
        assert_eq!(Ratio::of_ten_thousand(u32::MAX).of(Fen(u64::MAX)), Fen(u64::MAX));
    }
}
