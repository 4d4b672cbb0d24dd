//! The day of a bill.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Invalid};
use crate::time::{LAST_DAY, Time, date_of};

/// 账单日期: the day of a bill, from 00:00:00 to 23:59:59 Beijing time.
///
/// ```
/// use wechatpay::{Time, bill::Date};
///
/// let date: Date = "2018-06-08".parse()?;
/// let late_in_london: Time = "2018-06-07T22:00:00+01:00".parse()?;
/// assert_eq!(Date::of(late_in_london), date);
/// assert_eq!(date.before(), Some("2018-06-07".parse()?));
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    days_since_1970: i64,
}

impl Date {
    /// Returns the day in Beijing at the given time.
    #[must_use]
    pub fn of(time: Time) -> Self {
        Self { days_since_1970: time.beijing_day() }
    }

    /// Yesterday in Beijing: the last day with a bill, which is ready at 10:00 (Beijing time).
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the system clock is before 1970 or after 9999.
    pub fn yesterday() -> Result<Self, Error> {
        let rule = "is at the start of 1970; correct it";
        Self::of(Time::now()?).before().ok_or_else(|| Invalid::new("system clock", rule).into())
    }

    /// The day before, or `None` before 1970-01-01.
    #[must_use]
    pub fn before(self) -> Option<Self> {
        Self::at(self.days_since_1970.checked_sub(1)?)
    }

    /// The day after, or `None` after 9999-12-31.
    #[must_use]
    pub fn after(self) -> Option<Self> {
        Self::at(self.days_since_1970.checked_add(1)?)
    }

    /// The start of the day, 00:00:00 Beijing time; of 1970-01-01, the earliest [`Time`]. The day ends where the day
    /// [`after`](Self::after) it starts.
    ///
    /// ```
    /// use wechatpay::bill::Date;
    ///
    /// let date: Date = "2018-06-08".parse()?;
    /// assert_eq!(date.start().to_string(), "2018-06-08T00:00:00+08:00");
    /// # Ok::<(), wechatpay::Error>(())
    /// ```
    #[must_use]
    pub fn start(self) -> Time {
        Time::of_beijing_day(self.days_since_1970)
    }

    fn at(days_since_1970: i64) -> Option<Self> {
        (0..=LAST_DAY).contains(&days_since_1970).then_some(Self { days_since_1970 })
    }
}

impl FromStr for Date {
    type Err = Error;

    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the text is not a day as in `2018-06-08`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let noon = format!("{text}T12:00:00+08:00").parse();
        noon.ok()
            .filter(|_| text.len() == DATE_LENGTH)
            .map(Self::of)
            .ok_or_else(|| Invalid::new("bill_date", "must be a day as in 2018-06-08").into())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.days_since_1970);
        write!(f, "{year:04}-{month:02}-{day:02}")
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
    fn neighbours_of_a_day_end_with_the_calendar() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (before, after) in [("2024-02-29", "2024-03-01"), ("2025-12-31", "2026-01-01")] {
            assert_eq!(day(before).after(), Some(day(after)));
            assert_eq!(day(after).before(), Some(day(before)));
        }
        assert_eq!(day("1970-01-01").before(), None);
        assert_eq!(day("9999-12-31").after(), None);
        let today = Date::of(Time::now().unwrap());
        assert!(Date::yesterday().unwrap() < today || Date::of(Time::now().unwrap()) != today);
    }

    #[test]
    fn start_is_the_first_moment_of_the_day() {
        for day in ["2018-06-08", "2024-02-29", "1970-01-02", "9999-12-31"] {
            let date: Date = day.parse().unwrap();
            assert_eq!(date.start().to_string(), format!("{day}T00:00:00+08:00"));
            assert_eq!(Date::of(date.start()), date);
            let before = Time::from_unix_seconds(date.start().unix_seconds() - 1).unwrap();
            assert_eq!(Some(Date::of(before)), date.before());
        }
        let first: Date = "1970-01-01".parse().unwrap();
        assert_eq!(first.start(), Time::START);
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
