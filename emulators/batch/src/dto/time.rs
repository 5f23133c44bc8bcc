//! Timestamps and durations as Batch writes them: at most seven fractional digits, ISO 8601
//! durations.
//!
//! Rejected: the `iso8601-duration` crate. It counts in `f32`, so .NET's longest `TimeSpan`,
//! `P10675199DT2H48M5.4775807S`, would be rounded.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const TICKS_A_SECOND: i64 = 10_000_000;
/// The ticks from year 1, where .NET counts from, to 1970.
const TICKS_BEFORE_1970: i64 = 621_355_968_000_000_000;

/// A point in time with Batch's precision of 100 nanoseconds.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Truncates a time to whole ticks.
    pub(crate) fn of(time: DateTime<Utc>) -> Self {
        Self(time.duration_trunc(tick()).unwrap_or(time))
    }

    /// Returns the timestamp one tick later.
    pub(crate) fn next(self) -> Self {
        Self(self.0 + tick())
    }

    /// Returns the timestamp after a duration; `None` if the duration is unlimited.
    pub(crate) fn after(self, span: IsoDuration) -> Option<Self> {
        let nanoseconds = span.0.checked_mul(100)?;
        self.0.checked_add_signed(TimeDelta::nanoseconds(nanoseconds)).map(Self)
    }

    /// Returns the timestamp after a delay.
    pub(crate) fn plus(self, delay: TimeDelta) -> Self {
        Self::of(self.0.checked_add_signed(delay).unwrap_or(self.0))
    }

    /// Returns the time.
    pub(crate) fn to_utc(self) -> DateTime<Utc> {
        self.0
    }

    /// Formats the timestamp as an HTTP date.
    pub(crate) fn http_date(self) -> String {
        self.0.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Returns the ETag of the timestamp as Batch writes it: .NET ticks in hexadecimal.
    pub(crate) fn etag(self) -> String {
        let ticks =
            self.0.timestamp() * TICKS_A_SECOND + i64::from(self.0.timestamp_subsec_nanos() / 100);
        format!("0x{:X}", ticks + TICKS_BEFORE_1970)
    }
}

fn tick() -> TimeDelta {
    TimeDelta::nanoseconds(100)
}

impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ticks = i64::from(self.0.timestamp_subsec_nanos() / 100);
        write!(f, "{}{}Z", self.0.format("%Y-%m-%dT%H:%M:%S"), Fraction(ticks))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A fraction of a second in ticks: `.567189`, or empty for a whole second.
struct Fraction(i64);

impl Display for Fraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return Ok(());
        }
        let digits = format!("{:07}", self.0);
        write!(f, ".{}", digits.trim_end_matches('0'))
    }
}

/// A duration in ticks; the maximum means no limit.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct IsoDuration(i64);

impl IsoDuration {
    /// No limit: `P10675199DT2H48M5.4775807S` in JSON.
    pub(crate) const UNLIMITED: Self = Self(i64::MAX);

    /// Zero.
    pub(crate) const ZERO: Self = Self(0);

    /// Creates a duration of whole days.
    pub(crate) const fn days(days: i64) -> Self {
        Self(days * 86_400 * TICKS_A_SECOND)
    }

    /// Creates a duration of whole minutes.
    pub(crate) const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60 * TICKS_A_SECOND)
    }

    /// Returns the duration between two timestamps, truncated to whole ticks.
    pub(crate) fn between(from: Timestamp, to: Timestamp) -> Self {
        let length = to.0 - from.0;
        Self(length.num_nanoseconds().map_or(i64::MAX, |nanoseconds| nanoseconds / 100))
    }

    /// Returns the duration; `None` if it is unlimited.
    pub(crate) fn to_time_delta(self) -> Option<TimeDelta> {
        self.0.checked_mul(100).map(TimeDelta::nanoseconds)
    }

    /// Parses an ISO 8601 duration of days, hours, minutes and seconds.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (days, clock) = match text.strip_prefix('P')?.split_once('T') {
            Some((_, "")) => return None,
            Some((days, clock)) => (days, clock),
            None => (text.strip_prefix('P')?, ""),
        };
        if days.is_empty() && clock.is_empty() {
            return None;
        }
        let ticks = total(days, &[('D', 86_400)])?
            .checked_add(total(clock, &[('H', 3_600), ('M', 60), ('S', 1)])?)?;
        Some(Self(ticks))
    }
}

/// Adds up numbers with units in the given order.
fn total(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut ticks = 0_i64;
    for (unit, seconds) in units {
        if let Some((number, rest)) = text.split_once(*unit) {
            ticks = ticks.checked_add(in_ticks(number, *unit == 'S')?.checked_mul(*seconds)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(ticks)
}

fn in_ticks(number: &str, fractional: bool) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 7 {
        return None;
    }
    if !fraction.is_empty() && !fractional {
        return None;
    }
    let ticks = whole.parse::<i64>().ok()?.checked_mul(TICKS_A_SECOND)?;
    ticks.checked_add(format!("{fraction:0<7}").parse().ok()?)
}

impl Display for IsoDuration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (seconds, fraction) = (self.0 / TICKS_A_SECOND, Fraction(self.0 % TICKS_A_SECOND));
        let parts = [(seconds / 3_600 % 24, 'H'), (seconds / 60 % 60, 'M')];
        f.write_str("P")?;
        if seconds >= 86_400 {
            write!(f, "{}D", seconds / 86_400)?;
        }
        if self.0 % (86_400 * TICKS_A_SECOND) == 0 && self.0 != 0 {
            return Ok(());
        }
        f.write_str("T")?;
        for (count, unit) in parts.iter().filter(|(count, _)| *count > 0) {
            write!(f, "{count}{unit}")?;
        }
        if self.0 % (60 * TICKS_A_SECOND) != 0 || self.0 == 0 {
            write!(f, "{}{fraction}S", seconds % 60)?;
        }
        Ok(())
    }
}

impl Serialize for IsoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IsoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(IsoDurationVisitor)
    }
}

struct IsoDurationVisitor;

impl de::Visitor<'_> for IsoDurationVisitor {
    type Value = IsoDuration;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("an ISO 8601 duration")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<IsoDuration, E> {
        IsoDuration::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write_as_batch_writes_them() {
        for text in ["PT0S", "PT15M", "P7D", "PT1H30M", "P1DT2H3M4.5S", "PT0.0000001S"] {
            assert_eq!(IsoDuration::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(IsoDuration::UNLIMITED.to_string(), "P10675199DT2H48M5.4775807S");
        assert_eq!(IsoDuration::parse("P10675199DT2H48M5.4775807S"), Some(IsoDuration::UNLIMITED));
        assert_eq!(IsoDuration::parse("PT90S").unwrap().to_string(), "PT1M30S");
        for wrong in ["", "P", "PT", "5M", "PT5", "PTM", "PT1M1H", "P1.5D", "PT-5M", "-PT5M"] {
            assert_eq!(IsoDuration::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn timestamps_and_etags_match_the_published_example() {
        // The pair is from the published example of Get Task.
        let moment = "2016-09-06T06:59:15.1161429Z".parse().unwrap();
        assert_eq!(Timestamp::of(moment).etag(), "0x8D3D62350711C55");
        let times = ["2026-11-21T10:00:00.567189Z", "2026-11-21T10:00:00Z"];
        for text in times {
            assert_eq!(Timestamp::of(text.parse().unwrap()).to_string(), text);
        }
    }
}
