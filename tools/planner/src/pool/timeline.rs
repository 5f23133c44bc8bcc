//! The result of a simulated pool: node time, and waits of jobs.

use std::collections::BTreeMap;

use crate::trace::{HOUR, SECOND};

/// Waits of jobs in whole seconds, with the number of jobs of each.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Waits {
    counts: Vec<(u32, u32)>,
    jobs: u64,
}

impl Waits {
    /// Adds up waits in milliseconds.
    pub fn of(waits: impl IntoIterator<Item = i64>) -> Self {
        let mut counts = BTreeMap::new();
        for wait in waits {
            *counts.entry(u32::try_from(wait / SECOND).unwrap_or(0)).or_insert(0) += 1;
        }
        Self::from_counts(counts)
    }

    /// Adds up the waits of several weeks.
    pub fn sum<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut counts = BTreeMap::new();
        for (wait, jobs) in all.into_iter().flat_map(|waits| &waits.counts) {
            *counts.entry(*wait).or_insert(0) += jobs;
        }
        Self::from_counts(counts)
    }

    fn from_counts(counts: BTreeMap<u32, u32>) -> Self {
        let jobs = counts.values().map(|jobs| u64::from(*jobs)).sum();
        Self { counts: counts.into_iter().collect(), jobs }
    }

    /// Returns the number of jobs.
    pub fn jobs(&self) -> u64 {
        self.jobs
    }

    /// Returns the seconds that this percentage of the jobs waited at most (nearest rank); 0 without jobs.
    pub fn percentile(&self, percent: f64) -> u32 {
        let rank = (self.jobs as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        let reaches = |(_, jobs): &&(u32, u32)| {
            seen += u64::from(*jobs);
            seen >= rank
        };
        self.counts.iter().find(reaches).map_or(0, |(wait, _)| *wait)
    }

    /// Returns the mean in seconds; 0 without jobs.
    pub fn mean(&self) -> f64 {
        let sum: f64 =
            self.counts.iter().map(|(wait, jobs)| f64::from(*wait) * f64::from(*jobs)).sum();
        if self.jobs == 0 { 0.0 } else { sum / self.jobs as f64 }
    }
}

/// A sample of a pool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PoolSample {
    /// Nodes, including those that boot or are being removed.
    pub nodes: usize,
    /// Nodes that run a task.
    pub working: usize,
    /// Tasks that wait or run.
    pub pending: usize,
}

/// A pool over a span of time.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Milliseconds in which nodes existed, from their allocation to their removal.
    pub node_time: i64,
    /// The wait of each job of the span in milliseconds, in the order of arrival; `None` if it was cancelled. A job that
    /// has not started at the end of the simulation has waited until then.
    pub waits: Vec<Option<i64>>,
    /// Samples of the span, one every five minutes.
    pub samples: Vec<PoolSample>,
    /// Evaluations of the formula, and failed ones.
    pub evaluations: (u32, u32),
}

impl Timeline {
    /// Returns the hours in which nodes existed.
    pub fn node_hours(&self) -> f64 {
        self.node_time as f64 / HOUR as f64
    }

    /// Adds up the waits.
    pub fn waits(&self) -> Waits {
        Waits::of(self.waits.iter().flatten().copied())
    }
}
