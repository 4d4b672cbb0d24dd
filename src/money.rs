//! [`Fen`]: money in whole fen, never a float.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Invalid};

/// An amount in fen (分), one hundredth of a yuan. All amounts of WeChat Pay's interfaces are in fen.
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
    /// The largest amount of an order: document 003 types amounts as signed 64-bit integers.
    pub const MAX: Self = Self(9_223_372_036_854_775_807);

    /// Parses yuan as bills print them: digits with at most two decimals; further decimals must be
    /// zeros.
    ///
    /// ```
    /// use wechatpay::Fen;
    /// assert_eq!(Fen::from_yuan("10.5")?, Fen(1050));
    /// # Ok::<(), wechatpay::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the text is not such an amount, or exceeds [`Fen::MAX`].
    pub fn from_yuan(yuan: &str) -> Result<Self, Error> {
        decimal(yuan, 2).map(Self).filter(|fen| *fen <= Self::MAX).ok_or_else(|| {
            Invalid::new("yuan", "must be yuan in digits, of whole fen: 10.50").into()
        })
    }

    /// The sum, or `None` if it exceeds [`Fen::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| *sum <= Self::MAX)
    }

    /// The difference, or `None` if it is negative.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// Reads yuan, as [`from_yuan`](Fen::from_yuan) does: it is what `Display` prints, not a number of fen.
///
/// ```
/// use wechatpay::Fen;
/// assert_eq!("10.50".parse(), Ok(Fen(1050)));
/// ```
impl FromStr for Fen {
    type Err = Error;

    /// # Errors
    /// As [`from_yuan`](Self::from_yuan).
    fn from_str(yuan: &str) -> Result<Self, Error> {
        Self::from_yuan(yuan)
    }
}

/// Sums up amounts, into `None` if the sum exceeds [`Fen::MAX`].
///
/// ```
/// use wechatpay::Fen;
/// let total: Option<Fen> = [Fen(60), Fen(40)].into_iter().sum();
/// assert_eq!(total, Some(Fen(100)));
/// ```
impl Sum<Fen> for Option<Fen> {
    fn sum<I: Iterator<Item = Fen>>(mut amounts: I) -> Self {
        amounts.try_fold(Fen(0), Fen::checked_add)
    }
}

/// Prints yuan with two decimals, exactly.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Parses a decimal number as an integer with that many decimals: `1.5` with two decimals is 150.
pub(crate) fn decimal(text: &str, decimals: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || fraction.is_empty() {
        return None;
    }
    let (kept, dropped) = fraction.split_at_checked(decimals.min(fraction.len()))?;
    if dropped.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let zeros = std::iter::repeat_n(b'0', decimals.saturating_sub(kept.len()));
    whole.bytes().chain(kept.bytes()).chain(zeros).try_fold(0_u64, |number, digit| {
        let digit = char::from(digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_read_exactly_or_not_at_all() {
        for (yuan, fen) in [
            ("0", 0),
            ("1", 100),
            ("1.2", 120),
            ("1.23", 123),
            ("45.0", 4500),
            ("0.01000", 1),
            ("007.00", 700),
            ("92233720368547758.07", Fen::MAX.0),
        ] {
            assert_eq!(Fen::from_yuan(yuan).unwrap(), Fen(fen), "{yuan}");
        }
        for wrong in [
            "",
            ".",
            ".5",
            "5.",
            "1.234",
            "0.00060",
            "-1",
            "+1",
            "1,000.00",
            "1e2",
            "1.2.3",
            " 1",
            "1 ",
            "1\n",
            "`1.00",
            "１",
            "1．00",
            "1.0０",
            "0.60%",
            "0x10",
            "NaN",
            "92233720368547758.08",
            "184467440737095516.16",
            "99999999999999999999",
        ] {
            assert!(Fen::from_yuan(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn printed_amount_is_read_again() {
        for fen in [0, 1, 99, 100, 101, 123_456, Fen::MAX.0] {
            assert_eq!(Fen(fen).to_string().parse(), Ok(Fen(fen)));
        }
    }

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
    fn sum_never_wraps() {
        assert_eq!(Fen(1).checked_add(Fen(2)), Some(Fen(3)));
        assert_eq!(Fen::MAX.checked_add(Fen(1)), None);
        assert_eq!(Fen(u64::MAX).checked_add(Fen(1)), None);
        assert_eq!([Fen(1), Fen(2)].into_iter().sum::<Option<Fen>>(), Some(Fen(3)));
        assert_eq!([].into_iter().sum::<Option<Fen>>(), Some(Fen(0)));
        assert_eq!([Fen::MAX, Fen(1)].into_iter().sum::<Option<Fen>>(), None);
        assert_eq!(Fen(3).checked_sub(Fen(2)), Some(Fen(1)));
        assert_eq!(Fen(2).checked_sub(Fen(3)), None);
    }
}
