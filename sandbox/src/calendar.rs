//! Moments, as clocks in Beijing show them.

use std::time::{SystemTime, UNIX_EPOCH};

use time::{Date, OffsetDateTime};

/// A moment in Beijing, which has the offset +08:00 all year.
#[derive(Clone, Copy)]
pub(super) struct Beijing(OffsetDateTime);

impl Beijing {
    /// A moment in Unix seconds; one that no calendar has is taken for the beginning of 1970.
    pub(super) fn at(unix: i64) -> Self {
        let shifted = OffsetDateTime::from_unix_timestamp(unix.saturating_add(AHEAD));
        Self(shifted.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    pub(super) fn date(self) -> Date {
        self.0.date()
    }

    /// As in JSON: `2018-06-08T10:34:56+08:00`.
    pub(super) fn rfc3339(self) -> String {
        format!("{}T{}+08:00", self.0.date(), self.clock(":"))
    }

    /// As in combined orders: `2018-06-08T10:34:56.120+08:00`. The clock of the sandbox has no
    /// milliseconds: these are of the documents' sample.
    pub(super) fn rfc3339_with_millis(self) -> String {
        format!("{}T{}.120+08:00", self.0.date(), self.clock(":"))
    }

    /// As in bills: `2018-06-08 10:34:56`.
    pub(super) fn plain(self) -> String {
        format!("{} {}", self.0.date(), self.clock(":"))
    }

    /// As in numbers: `20180608103456`.
    pub(super) fn digits(self) -> String {
        format!("{}{}", self.day_digits(), self.clock(""))
    }

    /// As in numbers: `20180608`.
    pub(super) fn day_digits(self) -> String {
        let Self(moment) = self;
        format!("{:04}{:02}{:02}", moment.year(), u8::from(moment.month()), moment.day())
    }

    fn clock(self, separator: &str) -> String {
        let (hour, minute, second) = self.0.to_hms();
        format!("{hour:02}{separator}{minute:02}{separator}{second:02}")
    }
}

/// As in HTTP's header `Date`: `Tue, 02 Apr 2019 12:34:20 GMT`.
pub(super) fn http_date(unix: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (weekday, month) = (moment.weekday().to_string(), moment.month().to_string());
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let (weekday, month) = (short(&weekday), short(&month));
    let (day, year, (hour, minute, second)) = (moment.day(), moment.year(), moment.to_hms());
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The true time in Unix seconds.
pub(super) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Seconds that Beijing is ahead of UTC.
const AHEAD: i64 = 8 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_in_gmt() {
        assert_eq!(http_date(1_554_208_460), "Tue, 02 Apr 2019 12:34:20 GMT");
        assert_eq!(http_date(i64::MAX), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn beijing_is_eight_hours_ahead() {
        let moment = Beijing::at(1_554_208_460);
        assert_eq!(moment.rfc3339(), "2019-04-02T20:34:20+08:00");
        assert_eq!(moment.rfc3339_with_millis(), "2019-04-02T20:34:20.120+08:00");
        assert_eq!(moment.plain(), "2019-04-02 20:34:20");
        assert_eq!(moment.digits(), "20190402203420");
        assert_eq!(Beijing::at(1_554_220_800).rfc3339(), "2019-04-03T00:00:00+08:00");
        for unix in [i64::MIN, i64::MAX] {
            assert_eq!(Beijing::at(unix).digits(), "19700101000000");
        }
    }
}
