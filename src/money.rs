//! Money: whole fen, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in fen (分), the hundredth part of a yuan. WeChat Pay counts in nothing else.
///
/// ```
/// use wechatpay::Fen;
/// assert_eq!(Fen(1050).to_string(), "10.50");
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Fen(pub u64);

impl Fen {
    /// The largest amount an order can name: document 003 types amounts as signed 64-bit integers.
    pub const MAX: Self = Self(9_223_372_036_854_775_807);

    /// The sum, or `None` if it exceeds [`Fen::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| *sum <= Self::MAX)
    }
}

/// Prints yuan with two decimals, exactly.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_printed_exactly() {
        let printed = [0, 1, 10, 100, 101, u64::MAX].map(|fen| Fen(fen).to_string());
        assert_eq!(printed, ["0.00", "0.01", "0.10", "1.00", "1.01", "184467440737095516.15"]);
    }

    #[test]
    fn json_holds_whole_fen_and_nothing_else() {
        assert_eq!(serde_json::to_string(&Fen(100)).unwrap(), "100");
        assert_eq!(serde_json::from_str::<Fen>("100").unwrap(), Fen(100));
        for wrong in ["1e2", "100.0", "-1", "\"100\"", "18446744073709551616", "null", "[1]"] {
            assert!(serde_json::from_str::<Fen>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sum_never_wraps() {
        assert_eq!(Fen(1).checked_add(Fen(2)), Some(Fen(3)));
        assert_eq!(Fen::MAX.checked_add(Fen(1)), None);
        assert_eq!(Fen(u64::MAX).checked_add(Fen(1)), None);
    }
}
