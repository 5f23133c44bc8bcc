//! Durations of a pool's steps, chosen at random from ranges as the Batch emulator chooses them.

use rand::Rng;
use rand::rngs::StdRng;

use crate::trace::SECOND;

/// A range of milliseconds, both ends inclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Range {
    /// The minimum.
    pub from: i64,
    /// The maximum.
    pub to: i64,
}

impl Range {
    /// Creates a range from seconds.
    pub const fn seconds(from: i64, to: i64) -> Self {
        Self { from: from * SECOND, to: to * SECOND }
    }

    /// Returns the middle of the range.
    pub const fn mean(self) -> i64 {
        (self.from + self.to) / 2
    }

    pub(crate) fn sample(self, rng: &mut StdRng) -> i64 {
        if self.from >= self.to {
            return self.from;
        }
        // The emulator draws unsigned numbers; so do we, to get the same sequence.
        let drawn = rng.random_range(self.from.unsigned_abs()..=self.to.unsigned_abs());
        i64::try_from(drawn).unwrap_or(self.to)
    }
}

/// The durations of a node's lifecycle, and the age of samples.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timings {
    /// From the request of a node to its allocation, from which it is paid.
    pub allocation: Range,
    /// From the allocation until the node can run a task.
    pub boot: Range,
    /// From the end of a removed node's last task until it is gone, and no longer paid.
    pub departure: Range,
    /// The age of the newest sample that a formula sees; the shorter of two draws.
    pub sample_lag: Range,
}

impl Timings {
    /// The defaults of the Batch emulator, which `docs/emulator.md` sources: 3 to 8 minutes until a node can run something
    /// ([Azure/Batch#145](https://github.com/Azure/Batch/issues/145)), and samples up to a minute old.
    pub const REPORTED: Self = Self {
        allocation: Range::seconds(10, 150),
        boot: Range::seconds(285, 325),
        departure: Range::seconds(20, 60),
        sample_lag: Range::seconds(0, 60),
    };

    /// Returns the mean time from the request of a node until it can run a task.
    pub const fn mean_start(&self) -> i64 {
        self.allocation.mean() + self.boot.mean()
    }
}
