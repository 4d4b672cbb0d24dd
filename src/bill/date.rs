//! The day of a bill.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Invalid};
use crate::time::Time;

/// 账单日期: the day of a bill, from 00:00:00 to 23:59:59 Beijing time.
///
/// ```
/// use wechatpay::{Time, bill::Date};
///
/// let date: Date = "2018-06-08".parse()?;
/// let late_in_london: Time = "2018-06-07T22:00:00+01:00".parse()?;
/// assert_eq!(Date::of(late_in_london), date);
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(String);

impl Date {
    /// Returns the day in Beijing at the given time.
    #[must_use]
    pub fn of(time: Time) -> Self {
        // A time is printed in Beijing time, with its date first.
        Self(time.to_string().chars().take(DATE_LENGTH).collect())
    }
}

impl FromStr for Date {
    type Err = Error;

    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the text is not a day as in `2018-06-08`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let is_date =
            text.len() == DATE_LENGTH && format!("{text}T12:00:00+08:00").parse::<Time>().is_ok();
        if is_date {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("bill_date", "must be a day as in 2018-06-08").into())
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `2018-06-08`.
const DATE_LENGTH: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_calendar_day_is_a_date() {
        for day in ["2018-06-08", "2024-02-29", "1970-01-01", "9999-12-31"] {
            assert_eq!(day.parse::<Date>().unwrap().to_string(), day);
        }
        for wrong in [
            "",
            "20180608",
            "2018-6-8",
            "2018-06-08 ",
            "2018-06-31",
            "2023-02-29",
            "2018-00-01",
            "2018/06/08",
            "1969-12-31",
            "2018-06-08T",
            "２018-06-0",
            "2018-06-08&tar_type=GZIP",
        ] {
            let error = wrong.parse::<Date>().unwrap_err();
            assert_eq!(error.to_string(), "bill_date must be a day as in 2018-06-08", "{wrong}");
        }
    }

    #[test]
    fn date_is_the_day_in_beijing() {
        for (time, day) in [
            ("2018-06-08T15:59:59.999Z", "2018-06-08"),
            ("2018-06-08T16:00:00Z", "2018-06-09"),
            ("1970-01-01T00:00:00Z", "1970-01-01"),
        ] {
            assert_eq!(Date::of(time.parse().unwrap()), day.parse().unwrap());
        }
    }
}
