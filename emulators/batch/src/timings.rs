//! How long things take that nobody does on this machine: machines that are found, booted, given back.

use std::time::Duration;

use chrono::TimeDelta;
use rand::Rng;
use rand::rngs::StdRng;

/// How long each step in the life of a node takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timings {
    /// From the request for a node to its allocation.
    pub allocation: DurationRange,
    /// From its allocation to the first thing that it runs.
    pub boot: DurationRange,
    /// To pull an image that the node does not have.
    pub pull: DurationRange,
    /// From the end of a node's work to its being gone.
    pub departure: DurationRange,
}

impl Timings {
    /// Everything is there at once.
    pub const NONE: Self = Self {
        allocation: DurationRange::ZERO,
        boot: DurationRange::ZERO,
        pull: DurationRange::ZERO,
        departure: DurationRange::ZERO,
    };

    /// What users have reported of the service, without what is rare.
    ///
    /// Three to eight minutes until a node can run something (Azure/Batch#145), of which the published
    /// example of List Nodes has 4:45 to 5:25 from allocation to boot. Nobody has published how long a
    /// pull or a departure takes.
    pub const REPORTED: Self = Self {
        allocation: DurationRange::seconds(10, 150),
        boot: DurationRange::seconds(285, 325),
        pull: DurationRange::seconds(45, 120),
        departure: DurationRange::seconds(20, 60),
    };
}

/// A length of time that lies anywhere between two others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DurationRange {
    /// The shortest.
    pub from: Duration,
    /// The longest.
    pub to: Duration,
}

impl DurationRange {
    /// No time at all.
    pub const ZERO: Self = Self::seconds(0, 0);

    /// Creates a spread of seconds.
    pub const fn seconds(from: u64, to: u64) -> Self {
        Self { from: Duration::from_secs(from), to: Duration::from_secs(to) }
    }

    /// Draws a length of time.
    pub(crate) fn sample(self, rng: &mut StdRng) -> TimeDelta {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (from, to) = (milliseconds(self.from), milliseconds(self.to));
        let drawn = if from < to { rng.random_range(from..=to) } else { from };
        TimeDelta::milliseconds(i64::try_from(drawn).unwrap_or(i64::MAX))
    }
}
