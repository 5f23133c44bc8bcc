//! The samples that formulas see: taken every 30 seconds, and visible a little later.

use std::collections::VecDeque;

use autoscale_formula::{Metric, Samples, Target};
use chrono::{DateTime, TimeDelta, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::timings::Range;
use crate::trace::{HOUR, SECOND};

/// The interval between two samples.
pub(crate) const SAMPLE_INTERVAL: i64 = 30 * SECOND;
/// How long samples are kept, as in the emulator.
const HISTORY: i64 = 24 * HOUR;

/// A sample: the metrics of a pool at one time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sample {
    /// When it was taken.
    pub(crate) taken: i64,
    /// Waiting tasks.
    pub(crate) active: usize,
    /// Running tasks.
    pub(crate) running: usize,
    /// Nodes.
    pub(crate) nodes: usize,
}

impl Sample {
    /// Returns `$PendingTasks`.
    pub(crate) fn pending(&self) -> usize {
        self.active + self.running
    }
}

/// The samples of a pool.
#[derive(Debug)]
pub(super) struct SampleHistory {
    lag: Range,
    rng: StdRng,
    /// Samples that formulas see, the oldest first.
    visible: VecDeque<Sample>,
    /// Samples that formulas cannot see yet, with the time from which they do.
    unpublished: VecDeque<(i64, Sample)>,
    /// When the last sample is visible: samples become visible in the order in which they were taken.
    last_visible: i64,
}

impl SampleHistory {
    pub(super) fn new(now: i64, lag: Range, seed: u64) -> Self {
        let (visible, unpublished) = (VecDeque::new(), VecDeque::new());
        let rng = StdRng::seed_from_u64(!seed);
        Self { lag, rng, visible, unpublished, last_visible: now }
    }

    /// Records a sample, and drops old ones once an hour.
    pub(super) fn record(&mut self, sample: Sample) {
        let now = sample.taken;
        let lag = self.lag.sample(&mut self.rng).min(self.lag.sample(&mut self.rng));
        // A millisecond more: an evaluation at the end of a lag still finds the older sample.
        let delay = (lag - SAMPLE_INTERVAL + 1).max(0);
        self.last_visible = (now + delay).max(self.last_visible);
        self.unpublished.push_back((self.last_visible, sample));
        self.publish(now);
        if now % HOUR == 0 {
            let old = self.visible.partition_point(|sample| sample.taken < now - HISTORY);
            self.visible.drain(..old);
        }
    }

    /// Returns what a formula sees, the oldest first.
    pub(super) fn seen(&mut self, now: i64) -> &VecDeque<Sample> {
        self.publish(now);
        &self.visible
    }

    fn publish(&mut self, now: i64) {
        while let Some((_, sample)) = self.unpublished.pop_front_if(|(visible, _)| *visible <= now)
        {
            self.visible.push_back(sample);
        }
    }
}

/// The state of a pool at an evaluation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Milliseconds since a Monday, 0:00 UTC.
    pub(crate) now: i64,
    /// Task slots of a node.
    pub(crate) slots: u32,
    /// Present number of nodes.
    pub(crate) nodes: usize,
    /// Present target number of nodes.
    pub(crate) target: i32,
    /// Visible samples, the oldest first.
    pub(crate) samples: &'a VecDeque<Sample>,
}

impl View<'_> {
    /// Converts the view for the language of formulas; `start` is that Monday.
    pub(crate) fn to_samples(self, start: DateTime<Utc>) -> Samples {
        let mut samples = Samples::new();
        for sample in self.samples {
            let at = start + TimeDelta::milliseconds(sample.taken);
            for (metric, value) in [
                (Metric::ActiveTasks, sample.active),
                (Metric::RunningTasks, sample.running),
                (Metric::PendingTasks, sample.pending()),
                (Metric::CurrentDedicatedNodes, sample.nodes),
            ] {
                samples.push(metric, at, value as f64);
            }
        }
        samples.set_present(Metric::TaskSlotsPerNode, f64::from(self.slots));
        samples.set_present(Metric::CurrentDedicatedNodes, self.nodes as f64);
        samples.set_present(Metric::CurrentLowPriorityNodes, 0.0);
        samples.set_target(Target::DedicatedNodes, self.target);
        samples
    }
}
