//! Amounts of a bill that may be negative or a fraction of a fen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Invalid};
use crate::money::{self, Fen};
use crate::received::{self, Received};

/// An exact amount in yuan with up to six decimals and a sign. Bills print fees with five decimals,
/// and the fees of refunds are negative.
///
/// ```
/// use wechatpay::{Fen, bill::Yuan};
///
/// let fee: Yuan = "0.01000".parse()?;
/// assert_eq!((fee.to_string().as_str(), fee.to_fen()), ("0.01", Some(Fen(1))));
/// let returned: Yuan = "-0.00600".parse()?;
/// assert_eq!((returned.to_string().as_str(), returned.to_fen()), ("-0.006", None));
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Yuan {
    millionths: i64,
}

impl Yuan {
    /// The amount in millionths of a yuan.
    #[must_use]
    pub fn millionths(self) -> i64 {
        self.millionths
    }

    /// The amount in fen, if it is whole and not negative.
    #[must_use]
    pub fn to_fen(self) -> Option<Fen> {
        let millionths = u64::try_from(self.millionths).ok()?;
        (millionths % FEN_MILLIONTHS == 0).then_some(Fen(millionths / FEN_MILLIONTHS))
    }

    /// The sum, or `None` if it is too large.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let millionths = self.millionths.checked_add(other.millionths)?;
        Some(Self { millionths })
    }

    /// Whether two amounts differ by less than a fen, as they may if one of them was truncated or
    /// rounded to two decimals.
    pub(super) fn is_within_a_fen_of(self, other: Self) -> bool {
        self.millionths.abs_diff(other.millionths) < FEN_MILLIONTHS
    }
}

impl FromStr for Yuan {
    type Err = Error;

    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the text is not digits with up to six decimals, or too large.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (is_negative, digits) =
            text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        money::decimal(digits, DECIMALS)
            .and_then(|millionths| i64::try_from(millionths).ok())
            .and_then(
                |millionths| if is_negative { millionths.checked_neg() } else { Some(millionths) },
            )
            .map(|millionths| Self { millionths })
            .ok_or_else(|| Invalid::new("yuan", YUAN_RULE).into())
    }
}

/// As the text that is printed.
impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Yuan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        received::text(deserializer)
    }
}

impl Received for Yuan {
    fn received(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Prints at least two decimals, and as many more as it takes.
impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.millionths < 0 { "-" } else { "" };
        let amount = self.millionths.unsigned_abs();
        let fen = Fen(amount / FEN_MILLIONTHS);
        let rest = format!("{:04}", amount % FEN_MILLIONTHS);
        write!(f, "{sign}{fen}{}", rest.trim_end_matches('0'))
    }
}

/// One more than the five that bills print.
const DECIMALS: usize = 6;
const FEN_MILLIONTHS: u64 = 10_000;
const YUAN_RULE: &str = "must be an amount in yuan with up to six decimals";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_parsed_and_printed_exactly() {
        for (text, millionths, printed) in [
            ("0", 0, "0.00"),
            ("-0.00", 0, "0.00"),
            ("45.0", 45_000_000, "45.00"),
            ("0.01000", 10_000, "0.01"),
            ("0.00060", 600, "0.0006"),
            ("-0.00600", -6_000, "-0.006"),
            ("-1234567.123456", -1_234_567_123_456, "-1234567.123456"),
            ("0.0000010", 1, "0.000001"),
            ("9223372036854.775807", i64::MAX, "9223372036854.775807"),
        ] {
            let yuan: Yuan = text.parse().unwrap();
            assert_eq!((yuan.millionths(), yuan.to_string().as_str()), (millionths, printed));
            assert_eq!(printed.parse::<Yuan>().unwrap(), yuan);
        }
    }

    #[test]
    fn malformed_amount_is_refused() {
        for wrong in [
            "",
            "-",
            ".5",
            "5.",
            "-.5",
            "--1",
            "+1",
            "1,000.00",
            "1e2",
            " 1",
            "1 ",
            "１",
            "0.60%",
            "`1.00",
            "0.0000001",
            "9223372036854.775808",
            "99999999999999999999",
        ] {
            assert!(wrong.parse::<Yuan>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_whole_positive_fen_become_fen() {
        let fen = |text: &str| text.parse::<Yuan>().unwrap().to_fen();
        assert_eq!(
            (fen("0.0100"), fen("12.34"), fen("0")),
            (Some(Fen(1)), Some(Fen(1234)), Some(Fen(0)))
        );
        assert_eq!((fen("0.001"), fen("-0.01")), (None, None));
    }
}
