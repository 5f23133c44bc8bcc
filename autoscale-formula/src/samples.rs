//! The input of an evaluation: samples of the service's variables, and the pool's targets.

#[cfg(feature = "serde")]
mod json;

use chrono::{DateTime, TimeDelta, Utc};

use crate::time::{Interval, Timestamp};
use crate::variable::{Metric, Target};

/// The samples and targets of a pool when its formula is evaluated.
///
/// A variable has a history of samples, a present value, both or neither. Its methods (`GetSample`
/// …) read the history. Where a number is required, its value is the present value, or else the
/// newest sample. A present value without a history is a history of one sample, taken now.
///
/// ```
/// use autoscale_formula::{Metric, Samples, Target, parse};
///
/// let now = "2026-11-21T10:05:00Z".parse().unwrap();
/// let mut samples = Samples::new();
/// samples.push(Metric::PendingTasks, "2026-11-21T10:04:30Z".parse().unwrap(), 5.0);
/// samples.set_present(Metric::TaskSlotsPerNode, 2.0);
/// samples.set_target(Target::DedicatedNodes, 3);
///
/// let formula = "$TargetDedicatedNodes = max($PendingTasks.GetSample(1)) / $TaskSlotsPerNode";
/// let outcome = parse(formula).unwrap().evaluate(&samples, now);
/// assert_eq!(outcome.target_dedicated_nodes, 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    histories: [History; Metric::ALL.len()],
    targets: [i32; 2],
    period: Interval,
    seed: u64,
}

/// The samples of one variable, oldest first, and its present value.
#[derive(Clone, Debug, Default, PartialEq)]
struct History {
    times: Vec<Timestamp>,
    values: Vec<f64>,
    present: Option<f64>,
}

/// The part of a variable's history that a formula can see.
#[derive(Clone, Copy)]
pub(crate) struct VisibleSamples<'a> {
    pub(crate) times: &'a [Timestamp],
    pub(crate) values: &'a [f64],
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            histories: std::array::from_fn(|_| History::default()),
            targets: [0; 2],
            period: Interval::seconds(30),
            seed: 0,
        }
    }
}

impl Samples {
    /// Creates the input for a pool without nodes and samples, sampled every 30 seconds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the sampling period, from which percentages of samples are computed.
    pub fn with_period(mut self, period: TimeDelta) -> Self {
        self.period = Interval::from(period);
        self
    }

    /// Sets the seed of `rand()`. The same seed gives the same numbers.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds a sample of a variable, in any order.
    pub fn push(&mut self, metric: Metric, time: DateTime<Utc>, value: f64) {
        let history = &mut self.histories[metric as usize];
        let time = Timestamp::from(time);
        let at = match history.times.last() {
            Some(newest) if *newest > time => history.times.partition_point(|taken| *taken <= time),
            _ => history.times.len(),
        };
        history.times.insert(at, time);
        history.values.insert(at, value);
    }

    /// Drops the samples that were taken before `time`.
    pub fn forget_before(&mut self, time: DateTime<Utc>) {
        let time = Timestamp::from(time);
        for history in &mut self.histories {
            let count = history.times.partition_point(|taken| *taken < time);
            history.times.drain(..count);
            history.values.drain(..count);
        }
    }

    /// Sets the present value of a variable.
    pub fn set_present(&mut self, metric: Metric, value: f64) {
        self.histories[metric as usize].present = Some(value);
    }

    /// Sets the pool's target, which a formula may read, and keeps unless it assigns another.
    pub fn set_target(&mut self, target: Target, nodes: i32) {
        self.targets[target as usize] = nodes;
    }

    pub(crate) fn target(&self, target: Target) -> i32 {
        self.targets[target as usize]
    }

    pub(crate) fn period(&self) -> Interval {
        self.period
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the value of a variable where a number is required.
    pub(crate) fn present(&self, metric: Metric, now: &Timestamp) -> Option<f64> {
        let history = &self.histories[metric as usize];
        history.present.or_else(|| history.visible(now).values.last().copied())
    }

    /// Returns the samples of a variable that were taken by `now`.
    pub(crate) fn visible<'a>(&'a self, metric: Metric, now: &'a Timestamp) -> VisibleSamples<'a> {
        self.histories[metric as usize].visible(now)
    }
}

impl History {
    fn visible<'a>(&'a self, now: &'a Timestamp) -> VisibleSamples<'a> {
        if self.times.is_empty() && self.present.is_some() {
            return VisibleSamples {
                times: std::slice::from_ref(now),
                values: self.present.as_slice(),
            };
        }
        let count = self.times.partition_point(|taken| taken <= now);
        VisibleSamples { times: &self.times[..count], values: &self.values[..count] }
    }
}

impl<'a> VisibleSamples<'a> {
    /// Returns the newest samples, at most `count`.
    pub(crate) fn newest(self, count: usize) -> &'a [f64] {
        &self.values[self.values.len().saturating_sub(count)..]
    }

    /// Returns the samples that were taken after `start` and not after `end`.
    pub(crate) fn between(self, start: Timestamp, end: Timestamp) -> &'a [f64] {
        let first = self.times.partition_point(|taken| *taken <= start);
        let last = self.times.partition_point(|taken| *taken <= end);
        self.values.get(first..last).unwrap_or_default()
    }
}
