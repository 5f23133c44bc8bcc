//! Durations of emulated steps: allocation, boot and removal of machines.

use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use rand::Rng;
use rand::rngs::StdRng;

/// The durations of the steps in a node's lifecycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timings {
    /// From the request of a node to its allocation.
    pub allocation: DurationRange,
    /// From the allocation to the node's first start task or task.
    pub boot: DurationRange,
    /// The pull of an image that the node does not have.
    pub pull: DurationRange,
    /// From the end of a node's last task to its removal.
    pub departure: DurationRange,
}

impl Timings {
    /// No step takes time.
    pub const NONE: Self = Self {
        allocation: DurationRange::ZERO,
        boot: DurationRange::ZERO,
        pull: DurationRange::ZERO,
        departure: DurationRange::ZERO,
    };

    /// Typical durations that users have reported of the service.
    ///
    /// Three to eight minutes until a node can run something (Azure/Batch#145), of which the
    /// published example of List Nodes has 4:45 to 5:25 from allocation to boot. Durations of pulls
    /// and removals are not published.
    pub const REPORTED: Self = Self {
        allocation: DurationRange::seconds(10, 150),
        boot: DurationRange::seconds(285, 325),
        pull: DurationRange::seconds(45, 120),
        departure: DurationRange::seconds(20, 60),
    };
}

/// A range of durations, from which one is chosen at random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DurationRange {
    /// The minimum.
    pub from: Duration,
    /// The maximum.
    pub to: Duration,
}

/// The maximum duration that a user can set: a week.
const MAX_SECONDS: u64 = 604_800;

/// The text is not a range of seconds.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "write whole seconds as FROM-TO, such as 10-150, or as one number; at most 604800 (a week)"
)]
pub struct InvalidRange;

/// Parses seconds as `from-to`, or as one number.
impl FromStr for DurationRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.parse().map_err(|_| InvalidRange);
        let (from, to): (u64, u64) = (number(from)?, number(to)?);
        if from > to || to > MAX_SECONDS { Err(InvalidRange) } else { Ok(Self::seconds(from, to)) }
    }
}

impl DurationRange {
    /// Zero.
    pub const ZERO: Self = Self::seconds(0, 0);

    /// Creates a range from seconds.
    pub const fn seconds(from: u64, to: u64) -> Self {
        Self { from: Duration::from_secs(from), to: Duration::from_secs(to) }
    }

    /// Returns a random duration of the range.
    pub(crate) fn sample(self, rng: &mut StdRng) -> TimeDelta {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (from, to) = (milliseconds(self.from), milliseconds(self.to));
        let drawn = if from < to { rng.random_range(from..=to) } else { from };
        TimeDelta::milliseconds(i64::try_from(drawn).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_duration_or_two() {
        assert_eq!("10-150".parse(), Ok(DurationRange::seconds(10, 150)));
        assert_eq!("0".parse(), Ok(DurationRange::ZERO));
        for wrong in ["", "5-4", "1s", "-1", "1-", "1-2-3", "0-604801", "0.5"] {
            assert_eq!(wrong.parse::<DurationRange>(), Err(InvalidRange), "{wrong}");
        }
    }
}
