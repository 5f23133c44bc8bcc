//! Parsing and formatting of times and durations.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Interval, TICKS_PER_SECOND, Timestamp};

/// Parses the W3C's profile of ISO 8601 (<https://www.w3.org/TR/NOTE-datetime>): a year, a month or
/// a day, or a day with hours and minutes, optional seconds, and a zone.
pub(super) fn w3c(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let (date, has_day) = day(date)?;
    let Some(time) = time else {
        return Some(date.and_time(NaiveTime::MIN).and_utc().into());
    };
    let (time, offset) = zone(time)?;
    let time = date.and_time(clock(time)?).and_utc();
    has_day.then(|| Timestamp::from(time - offset))
}

/// Parses `Thu, 13 Oct 2016 19:18:47 GMT`.
pub(super) fn rfc1123(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc2822(text).ok()?;
    Some(time.with_timezone(&Utc).into())
}

/// Parses `2016`, `2016-10` or `2016-10-13`, and returns whether it has a day.
fn day(text: &str) -> Option<(NaiveDate, bool)> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map(|month| digits(month, 2));
    let day = parts.next().map(|day| digits(day, 2));
    let has_day = day.is_some();
    let rest_is_empty = parts.next().is_none();
    let date = NaiveDate::from_ymd_opt(
        year.cast_signed(),
        month.unwrap_or(Some(1))?,
        day.unwrap_or(Some(1))?,
    )?;
    (year > 0 && rest_is_empty).then_some((date, has_day))
}

/// Splits off `Z`, `+hh:mm` or `-hh:mm`.
fn zone(text: &str) -> Option<(&str, TimeDelta)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, TimeDelta::zero()));
    }
    let at = text.find(['+', '-'])?;
    let (time, zone) = text.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let offset = TimeDelta::minutes(i64::from(hours * 60 + minutes));
    let offset = if zone.starts_with('-') { -offset } else { offset };
    (hours < 24 && minutes < 60).then_some((time, offset))
}

/// Parses `19:18`, `19:18:47` or `19:18:47.8051234`.
fn clock(text: &str) -> Option<NaiveTime> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = match rest.split_once(':') {
        Some((minute, second)) => (minute, second),
        None => (rest, "00"),
    };
    let (second, nanosecond) = match second.split_once('.') {
        Some((second, fraction)) => (second, nanoseconds(fraction)?),
        None => (second, 0),
    };
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)
}

/// Parses a fraction of a second: up to seven digits, the precision of a tick.
fn nanoseconds(fraction: &str) -> Option<u32> {
    let count = fraction.len();
    let value = (1..=7).contains(&count).then(|| digits(fraction, count))??;
    Some(value * 10_u32.pow(9 - count as u32))
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

/// Formats a time as in Batch's results: in UTC, with milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", DateTime::from(*self).format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

/// Formats a duration as in the REST API: `PT5M`, `P1DT12H`, `PT0.5S`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.0.unsigned_abs();
        let second = TICKS_PER_SECOND.unsigned_abs();
        let (seconds, fraction) = (ticks / second, ticks % second);
        let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
        let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
        f.write_str(if self.0 < 0 { "-P" } else { "P" })?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if days == 0 || hours + minutes + seconds + fraction > 0 {
            f.write_str("T")?;
        }
        if hours > 0 {
            write!(f, "{hours}H")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}M")?;
        }
        if fraction > 0 {
            let fraction = format!("{fraction:07}");
            write!(f, "{seconds}.{}S", fraction.trim_end_matches('0'))
        } else if seconds > 0 || ticks == 0 {
            write!(f, "{seconds}S")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_documented_notations_are_read() {
        let cases = [
            ("2016", "2016-01-01T00:00:00.000Z"),
            ("2016-10", "2016-10-01T00:00:00.000Z"),
            ("2016-10-13", "2016-10-13T00:00:00.000Z"),
            ("2016-10-13T19:18Z", "2016-10-13T19:18:00.000Z"),
            ("2016-10-13T19:18:47Z", "2016-10-13T19:18:47.000Z"),
            ("2016-10-13T19:18:47.805Z", "2016-10-13T19:18:47.805Z"),
            ("2016-10-13T19:18:47.8051234Z", "2016-10-13T19:18:47.805Z"),
            ("2016-10-13T19:18:47-01:30", "2016-10-13T20:48:47.000Z"),
            ("Thu, 13 Oct 2016 19:18:47 GMT", "2016-10-13T19:18:47.000Z"),
            ("Mon, 06 Oct 2014 10:20:00 GMT", "2014-10-06T10:20:00.000Z"),
        ];
        for (text, expect) in cases {
            let read = Timestamp::parse(text).map(|time| time.to_string());
            assert_eq!(read.as_deref(), Some(expect), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        let cases = [
            "",
            "T",
            "0000",
            "16-10-13",
            "2016-13-01",
            "2016-10-13-01",
            "2016-10T19:18Z",
            "2016-10-13T19:18:47",
            "2016-10-13 19:18:47Z",
            "2016-10-13T24:00Z",
            "2016-10-13T19:18:47.Z",
            "2016-10-13T19:18:47.123456789Z",
            "2016-10-13T19:18+99:00",
            "2016-10-13T19:18+€0:00",
            "Wed, 13 Oct 2016 19:18:47 GMT",
            "yesterday",
        ];
        for text in cases {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn intervals_are_written_as_iso_8601_durations() {
        let cases = [
            (0, "PT0S"),
            (1, "PT0.0000001S"),
            (5 * 60 * TICKS_PER_SECOND, "PT5M"),
            (86_400 * TICKS_PER_SECOND, "P1D"),
            (90_061 * TICKS_PER_SECOND, "P1DT1H1M1S"),
            (-15 * TICKS_PER_SECOND / 10, "-PT1.5S"),
        ];
        for (ticks, expect) in cases {
            assert_eq!(Interval(ticks).to_string(), expect);
        }
    }
}
