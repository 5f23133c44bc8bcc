//! Durations of emulated steps: allocation, boot and removal of machines.

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
