//! Times of formulas: ticks of 100 ns, from year 1 to year 9999.

mod notation;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

const TICKS_PER_SECOND: i64 = 10_000_000;

/// A point in time with a precision of 100 ns.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

/// A duration with a precision of 100 ns. It may be negative.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Interval(i64);

/// A component of a timestamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Member {
    Year,
    Month,
    Day,
    Weekday,
    Hour,
    Minute,
    Second,
}

impl Timestamp {
    /// The start of year 1.
    const FIRST: i64 = -62_135_596_800 * TICKS_PER_SECOND;
    /// The last tick of year 9999.
    const LAST: i64 = 253_402_300_800 * TICKS_PER_SECOND - 1;

    /// Parses a time in a notation that `time("…")` accepts: W3C-DTF or RFC 1123.
    ///
    /// ```
    /// use autoscale_formula::Timestamp;
    ///
    /// let written = Timestamp::parse("Thu, 13 Oct 2016 19:18:47 GMT");
    /// assert_eq!(written, Timestamp::parse("2016-10-13T21:18:47+02:00"));
    /// assert_eq!(Timestamp::parse("13 o'clock"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        notation::w3c(text).or_else(|| notation::rfc1123(text))
    }

    pub(crate) fn plus(self, interval: Interval) -> Option<Self> {
        let ticks = self.0.checked_add(interval.0)?;
        (Self::FIRST..=Self::LAST).contains(&ticks).then_some(Self(ticks))
    }

    pub(crate) fn minus(self, interval: Interval) -> Option<Self> {
        self.plus(interval.negated()?)
    }

    /// Returns the time `interval` before this one, at the earliest the start of year 1.
    pub(crate) fn back(self, interval: Interval) -> Self {
        Self(self.0.saturating_sub(interval.0).clamp(Self::FIRST, Self::LAST))
    }

    pub(crate) fn since(self, earlier: Self) -> Interval {
        Interval(self.0 - earlier.0)
    }

    pub(crate) fn member(self, member: Member) -> u32 {
        let time = DateTime::from(self);
        match member {
            Member::Year => time.year().unsigned_abs(),
            Member::Month => time.month(),
            Member::Day => time.day(),
            Member::Weekday => time.weekday().number_from_monday(),
            Member::Hour => time.hour(),
            Member::Minute => time.minute(),
            Member::Second => time.second(),
        }
    }
}

/// Times before year 1 become its first tick, times after year 9999 its last.
impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        let ticks = time
            .timestamp()
            .saturating_mul(TICKS_PER_SECOND)
            .saturating_add(i64::from(time.timestamp_subsec_nanos() / 100));
        Self(ticks.clamp(Self::FIRST, Self::LAST))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(Timestamp(ticks): Timestamp) -> Self {
        let nanoseconds = ticks.rem_euclid(TICKS_PER_SECOND) as u32 * 100;
        DateTime::from_timestamp(ticks.div_euclid(TICKS_PER_SECOND), nanoseconds)
            .expect("chrono reaches farther than year 1 and year 9999")
    }
}

impl Interval {
    const UNITS: [(&str, i64); 10] = [
        ("TimeInterval_Zero", 0),
        ("TimeInterval_100ns", 1),
        ("TimeInterval_Microsecond", 10),
        ("TimeInterval_Millisecond", 10_000),
        ("TimeInterval_Second", TICKS_PER_SECOND),
        ("TimeInterval_Minute", 60 * TICKS_PER_SECOND),
        ("TimeInterval_Hour", 3_600 * TICKS_PER_SECOND),
        ("TimeInterval_Day", 86_400 * TICKS_PER_SECOND),
        ("TimeInterval_Week", 7 * 86_400 * TICKS_PER_SECOND),
        ("TimeInterval_Year", 365 * 86_400 * TICKS_PER_SECOND),
    ];

    pub(crate) fn unit(name: &str) -> Option<Self> {
        Self::UNITS.iter().find(|(unit, _)| *unit == name).map(|(_, ticks)| Self(*ticks))
    }

    pub(crate) fn seconds(seconds: u32) -> Self {
        Self(i64::from(seconds) * TICKS_PER_SECOND)
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    pub(crate) fn negated(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    pub(crate) fn times(self, factor: f64) -> Option<Self> {
        Self::from_ticks(self.0 as f64 * factor)
    }

    pub(crate) fn divided_by(self, divisor: f64) -> Option<Self> {
        Self::from_ticks(self.0 as f64 / divisor)
    }

    /// Returns how many periods fill this interval.
    pub(crate) fn periods(self, period: Self) -> i64 {
        let (ticks, period) = (self.0.max(0), period.0.max(1));
        ticks / period + i64::from(ticks % period != 0)
    }

    /// Returns the absolute value.
    pub(crate) fn length(self) -> Self {
        Self(self.0.saturating_abs())
    }

    fn from_ticks(ticks: f64) -> Option<Self> {
        (ticks.abs() < i64::MAX as f64).then(|| Self(ticks.round() as i64))
    }
}

/// Parts below 100 ns are dropped; durations beyond 64 bits of ticks are clamped.
impl From<TimeDelta> for Interval {
    fn from(delta: TimeDelta) -> Self {
        let ticks = delta
            .num_seconds()
            .saturating_mul(TICKS_PER_SECOND)
            .saturating_add(i64::from(delta.subsec_nanos() / 100));
        Self(ticks)
    }
}

impl From<Interval> for TimeDelta {
    fn from(Interval(ticks): Interval) -> Self {
        let seconds = TimeDelta::seconds(ticks / TICKS_PER_SECOND);
        seconds + TimeDelta::nanoseconds(ticks % TICKS_PER_SECOND * 100)
    }
}

impl Member {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "year" => Self::Year,
            "month" => Self::Month,
            "day" => Self::Day,
            "weekday" => Self::Weekday,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            _ => return None,
        })
    }
}
