//! [`Time`]: points in time, as WeChat Pay writes them.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Invalid};
use crate::received::{self, Received};

/// A point in time between the years 1970 and 9999, to the millisecond.
///
/// It is parsed from RFC 3339 (`2018-06-08T10:34:56+08:00`, with or without milliseconds, with any
/// offset or `Z`), and printed in Beijing time, as in WeChat Pay's documents.
///
/// ```
/// use wechatpay::Time;
/// let time: Time = "2018-06-08T02:34:56Z".parse()?;
/// assert_eq!(time.to_string(), "2018-06-08T10:34:56+08:00");
/// assert_eq!(time.unix_seconds(), 1_528_425_296);
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    unix_milliseconds: i64,
}

impl Time {
    /// The start of 1970 (UTC), the earliest time.
    pub(crate) const START: Self = Self { unix_milliseconds: 0 };

    /// The time of the system clock.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the system clock is before 1970 or after 9999.
    pub fn now() -> Result<Self, Error> {
        Self::try_from(SystemTime::now()).map_err(|_| {
            Invalid::new("system clock", "is before 1970 or after 9999; correct it").into()
        })
    }

    /// The point in time that is `seconds` after the start of 1970 (UTC).
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) outside the years 1970 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, Error> {
        seconds
            .checked_mul(1000)
            .and_then(Self::from_unix_milliseconds)
            .ok_or_else(|| Invalid::new("time", RANGE).into())
    }

    /// Seconds since the start of 1970 (UTC), rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.unix_milliseconds.div_euclid(1000)
    }

    /// `20091225091010`: Beijing time to the second, as APIv2 writes it.
    ///
    /// ```
    /// let time: wechatpay::Time = "2009-12-25T09:10:10+08:00".parse()?;
    /// assert_eq!(time.compact(), "20091225091010");
    /// # Ok::<(), wechatpay::Error>(())
    /// ```
    #[must_use]
    pub fn compact(self) -> String {
        self.to_string().chars().filter(char::is_ascii_digit).take(14).collect()
    }

    /// Parses the form that [`compact`](Self::compact) returns.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) unless it is fourteen digits of a time that exists.
    pub fn from_compact(text: &str) -> Result<Self, Error> {
        let part = |range| text.get(range).unwrap_or_default();
        let (date, time) = ([0..4, 4..6, 6..8].map(part), [8..10, 10..12, 12..14].map(part));
        Self::parse(&format!("{}T{}+08:00", date.join("-"), time.join(":")))
            .filter(|_| text.len() == 14)
            .ok_or_else(|| Invalid::new("time", "must be yyyyMMddHHmmss in Beijing time").into())
    }

    /// The same time without its milliseconds, as orders need it.
    #[must_use]
    pub fn to_second(self) -> Self {
        let milliseconds = self.unix_milliseconds.rem_euclid(1000);
        Self { unix_milliseconds: self.unix_milliseconds.saturating_sub(milliseconds) }
    }

    /// The days from 1970-01-01 to this day in Beijing.
    pub(crate) fn beijing_day(self) -> i64 {
        self.unix_milliseconds.saturating_add(BEIJING_MILLISECONDS).div_euclid(DAY_MILLISECONDS)
    }

    /// The start of a day in Beijing, counted from 1970-01-01; of that day, the earliest time.
    pub(crate) fn of_beijing_day(days_since_1970: i64) -> Self {
        let start = days_since_1970.saturating_mul(DAY_MILLISECONDS);
        let unix_milliseconds = start.saturating_sub(BEIJING_MILLISECONDS);
        Self { unix_milliseconds: unix_milliseconds.clamp(0, LAST_MILLISECOND) }
    }

    /// Parses `2018-06-08 10:34:56`, Beijing time, as bills print it.
    pub(crate) fn from_beijing(text: &str) -> Option<Self> {
        let (date_and_time, rest) = text.as_bytes().split_at_checked(DATE_AND_TIME)?;
        let (milliseconds, zone) = split_fraction(rest)?;
        let offset_minutes = BEIJING_MILLISECONDS.checked_div(60_000)?;
        let time = Self::from_parts(date_and_time, b" ", milliseconds, offset_minutes);
        time.filter(|_| zone.is_empty())
    }

    pub(crate) fn is_whole_second(self) -> bool {
        self.unix_milliseconds.rem_euclid(1000) == 0
    }

    fn from_unix_milliseconds(unix_milliseconds: i64) -> Option<Self> {
        (0..=LAST_MILLISECOND).contains(&unix_milliseconds).then_some(Self { unix_milliseconds })
    }

    fn parse(text: &str) -> Option<Self> {
        let (date_and_time, rest) = text.as_bytes().split_at_checked(DATE_AND_TIME)?;
        let (milliseconds, zone) = split_fraction(rest)?;
        let offset_minutes = match zone {
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let hours = number(&[*h1, *h2], 0, 23)?;
                let minutes = hours.checked_mul(60)?.checked_add(number(&[*m1, *m2], 0, 59)?)?;
                if *sign == b'-' { minutes.checked_neg()? } else { minutes }
            }
            _ => return None,
        };
        Self::from_parts(date_and_time, b"Tt", milliseconds, offset_minutes)
    }

    /// `2018-06-08 10:34:56` with one of the separators between date and time.
    fn from_parts(
        date_and_time: &[u8],
        separators: &[u8],
        milliseconds: i64,
        offset_minutes: i64,
    ) -> Option<Self> {
        let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, t, h1, h2, b':', mi1, mi2, b':', s1, s2] =
            date_and_time
        else {
            return None;
        };
        if !separators.contains(t) {
            return None;
        }
        let year = number(&[*y1, *y2, *y3, *y4], 1, 9999)?;
        let month = number(&[*mo1, *mo2], 1, 12)?;
        let day = number(&[*d1, *d2], 1, days_in_month(year, month))?;
        let minutes = days_since_1970(year, month, day)
            .checked_mul(24)?
            .checked_add(number(&[*h1, *h2], 0, 23)?)?
            .checked_mul(60)?
            .checked_add(number(&[*mi1, *mi2], 0, 59)?)?
            .checked_sub(offset_minutes)?;
        let seconds = minutes.checked_mul(60)?.checked_add(number(&[*s1, *s2], 0, 59)?)?;
        Self::from_unix_milliseconds(seconds.checked_mul(1000)?.checked_add(milliseconds)?)
    }
}

impl FromStr for Time {
    type Err = Error;

    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if the text is not RFC 3339 with an offset.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).ok_or_else(|| {
            Invalid::new("time", "must be RFC 3339 with an offset: 2018-06-08T10:34:56+08:00")
                .into()
        })
    }
}

/// Up to the end of 9999, the last time there is.
///
/// ```
/// use std::time::Duration;
/// use wechatpay::{Error, Time, pay::Order};
///
/// fn example(order: &mut Order) -> Result<(), Error> {
///     order.time_expire = Some(Time::now()?.to_second() + Duration::from_secs(30 * 60));
///     Ok(())
/// }
/// ```
impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let unix_milliseconds = self.unix_milliseconds.saturating_add(milliseconds);
        Self { unix_milliseconds: unix_milliseconds.min(LAST_MILLISECOND) }
    }
}

impl TryFrom<SystemTime> for Time {
    type Error = Error;

    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) outside the years 1970 to 9999.
    fn try_from(time: SystemTime) -> Result<Self, Error> {
        let since_1970 = time.duration_since(UNIX_EPOCH).ok();
        since_1970
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .and_then(Self::from_unix_milliseconds)
            .ok_or_else(|| Invalid::new("time", RANGE).into())
    }
}

impl TryFrom<&str> for Time {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<String> for Time {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.unix_milliseconds.saturating_add(BEIJING_MILLISECONDS);
        let (days, rest) =
            (milliseconds.div_euclid(DAY_MILLISECONDS), milliseconds.rem_euclid(DAY_MILLISECONDS));
        let (year, month, day) = date_of(days);
        let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if !self.is_whole_second() {
            write!(f, ".{:03}", rest % 1000)?;
        }
        f.write_str("+08:00")
    }
}

impl Received for Time {
    fn received(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn is_absent(text: &str) -> bool {
        text.is_empty() || text == NO_TIME
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        received::text(deserializer)
    }
}

/// Splits `.120+08:00` into 120 and `+08:00`. Digits past the millisecond are dropped.
fn split_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = text else { return Some((0, text)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, zone) = digits.split_at_checked(length)?;
    if digits.is_empty() {
        return None;
    }
    let mut padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
    let three = [padded.next()?, padded.next()?, padded.next()?];
    Some((number(&three, 0, 999)?, zone))
}

fn number(digits: &[u8], least: i64, most: i64) -> Option<i64> {
    let value = digits.iter().try_fold(0_i64, |value, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        value.checked_mul(10)?.checked_add(i64::from(digit))
    })?;
    (least..=most).contains(&value).then_some(value)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here, so that
/// the leap day is the last of its year.
#[allow(
    clippy::arithmetic_side_effects,
    reason = "the year is at most 9999, so nothing comes near the ends of i64"
)]
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970
}

/// The inverse of [`days_since_1970`].
#[allow(
    clippy::arithmetic_side_effects,
    reason = "the days lie between the years 1970 and 10000, so nothing comes near the ends of i64"
)]
pub(crate) fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

const RANGE: &str = "must be in the years 1970 to 9999";

/// The text that programs in Go write for an absent time. A refund that was in progress is on
/// record with it.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// The length of `2018-06-08T10:34:56`.
const DATE_AND_TIME: usize = 19;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
const DAY_MILLISECONDS: i64 = 86_400_000;
/// Beijing keeps UTC+8 all year.
const BEIJING_MILLISECONDS: i64 = 28_800_000;
/// 9999-12-31, counted from 1970-01-01.
pub(crate) const LAST_DAY: i64 = 2_932_896;
/// 9999-12-31T23:59:59.999 in Beijing: the last point that prints with four digits for the year.
const LAST_MILLISECOND: i64 = 253_402_271_999_999;

#[cfg(test)]
mod tests {
    use ::time::format_description::well_known::Rfc3339;
    use ::time::{OffsetDateTime, UtcOffset};

    use super::*;

    #[test]
    fn agrees_with_a_calendar_crate_until_the_year_9999() {
        let beijing = UtcOffset::from_hms(8, 0, 0).unwrap();
        let (every_day_until_2079, then_every_eleventh) = (0..40_000, 40_000..2_932_896);
        for day in every_day_until_2079.chain(then_every_eleventh.step_by(11)) {
            let seconds = day * 86_400 + day % 57_600;
            let ours = Time::from_unix_seconds(seconds).unwrap();
            let theirs = OffsetDateTime::from_unix_timestamp(seconds).unwrap().to_offset(beijing);
            let text = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+08:00",
                theirs.year(),
                u8::from(theirs.month()),
                theirs.day(),
                theirs.hour(),
                theirs.minute(),
                theirs.second(),
            );
            assert_eq!(ours.to_string(), text);
            assert_eq!(text.parse::<Time>().unwrap(), ours);
        }
    }

    #[test]
    fn four_documented_forms_are_read() {
        for text in [
            "2018-06-08T10:34:56+08:00",
            "2018-06-08T10:34:56.000+08:00",
            "2018-06-08T02:34:56Z",
            "2018-06-08T02:34:56.000Z",
            "2018-06-07T23:04:56-03:30",
        ] {
            let time: Time = text.parse().unwrap();
            assert_eq!(time.to_string(), "2018-06-08T10:34:56+08:00", "{text}");
            let theirs = OffsetDateTime::parse(text, &Rfc3339).unwrap();
            assert_eq!(time.unix_seconds(), theirs.unix_timestamp(), "{text}");
        }
        let time: Time = "2018-06-08T10:34:56.12+08:00".parse().unwrap();
        assert_eq!(time.to_string(), "2018-06-08T10:34:56.120+08:00");
        assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
    }

    #[test]
    fn time_outside_rfc_3339_is_refused() {
        for text in [
            "",
            "2018-06-08",
            "2018-06-08T10:34:56",
            "2018-06-08 10:34:56+08:00",
            "2018-06-08T10:34:56+0800",
            "2018-06-08T10:34:56+08",
            "2018-06-08T10:34:56.+08:00",
            "2018-06-08T10:34:60+08:00",
            "2018-06-08T24:00:00+08:00",
            "2018-13-08T10:34:56+08:00",
            "2018-02-29T10:34:56+08:00",
            "1900-02-29T10:34:56+08:00",
            "10000-01-01T00:00:00+08:00",
            "1969-12-31T23:59:59Z",
            "+018-06-08T10:34:56+08:00",
            "２018-06-08T10:34:56+08:00",
            "2018-06-08T10:34:56+08:00 ",
            "2018-06-08T10:34:56+24:00",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn compact_form_is_beijing_time_to_the_second() {
        let time = Time::from_compact("20250101090807").unwrap();
        assert_eq!((time.unix_seconds(), time.compact()), (1_735_693_687, "20250101090807".into()));
        let time: Time = "2024-12-31T23:59:59.999Z".parse().unwrap();
        assert_eq!(time.compact(), "20250101075959");
        for text in [
            "",
            "2025010109080",
            "202501010908070",
            "20250101090860",
            "20250229090807",
            "20250101 90807",
            "+0250101090807",
            "２025010109080",
            "2025010109080年",
        ] {
            assert!(Time::from_compact(text).is_err(), "{text}");
        }
    }

    #[test]
    fn duration_is_added_up_to_the_last_time() {
        let time: Time = "2018-06-08T10:34:56.120+08:00".parse().unwrap();
        let later = time.to_second() + Duration::from_secs(1800);
        assert_eq!(later.to_string(), "2018-06-08T11:04:56+08:00");
        let last: Time = "9999-12-31T23:59:59.999+08:00".parse().unwrap();
        assert_eq!(time + Duration::MAX, last);
        assert_eq!(last.beijing_day(), LAST_DAY);
    }

    #[test]
    fn system_time_is_a_time_from_1970_on() {
        let at = |seconds| Time::try_from(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(1_528_425_296).unwrap().to_string(), "2018-06-08T10:34:56+08:00");
        assert!(at(253_402_272_000).is_err());
        assert!(Time::try_from(UNIX_EPOCH - Duration::from_secs(1)).is_err());
    }

    #[test]
    fn first_and_last_time_of_the_range_are_read() {
        let last: Time = "9999-12-31T23:59:59.999+08:00".parse().unwrap();
        assert_eq!(last.to_string().parse::<Time>().unwrap(), last);
        assert!("9999-12-31T23:59:59Z".parse::<Time>().is_err());
        assert!(Time::from_unix_seconds(-1).is_err());
        assert!(Time::from_unix_seconds(i64::MAX).is_err());
        assert_eq!(Time::from_unix_seconds(0).unwrap().to_string(), "1970-01-01T08:00:00+08:00");
    }
}
