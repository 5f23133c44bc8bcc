//! The result of a simulated pool: nodes over time, and wait times of tasks.

use std::fmt::Write;

use azure_batch_emulator::Evaluations;
use chrono::{DateTime, TimeDelta, Utc};

/// The interval between two samples of a pool.
pub(super) const SAMPLE_INTERVAL: TimeDelta = TimeDelta::minutes(5);

/// A pool over time.
pub(super) struct PoolTimeline {
    pub(super) name: String,
    pub(super) from: DateTime<Utc>,
    /// Samples of the pool, one every five minutes.
    pub(super) samples: Vec<PoolSample>,
    /// The wait time of each task until its start.
    pub(super) waits: Vec<TimeDelta>,
    pub(super) evaluations: Evaluations,
}

/// A sample of a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PoolSample {
    pub(super) nodes: usize,
    /// Nodes that run a task.
    pub(super) working: usize,
    /// Tasks that wait or run.
    pub(super) pending: u64,
}

impl PoolTimeline {
    pub(super) fn new(name: &str, from: DateTime<Utc>) -> Self {
        Self {
            name: name.to_owned(),
            from,
            samples: Vec::new(),
            waits: Vec::new(),
            evaluations: Evaluations::default(),
        }
    }

    /// Returns the time of a sample.
    pub(super) fn time(&self, index: usize) -> DateTime<Utc> {
        self.from + SAMPLE_INTERVAL * i32::try_from(index).unwrap_or(i32::MAX)
    }

    /// Returns a summary in one line.
    pub(super) fn summary(&self) -> String {
        let hours = |count: fn(&PoolSample) -> usize| {
            self.samples.iter().map(count).sum::<usize>() as f64 / 12.0
        };
        let (nodes, working) = (hours(|sample| sample.nodes), hours(|sample| sample.working));
        let max = self.samples.iter().map(|sample| sample.nodes).max().unwrap_or(0);
        let mut waits = self.waits.clone();
        waits.sort();
        let at = |share: usize| {
            waits.get((waits.len() * share / 100).min(waits.len().saturating_sub(1)))
        };
        let minutes = |share| at(share).map_or(0.0, |wait| wait.num_seconds() as f64 / 60.0);
        format!(
            "{}: {nodes:.1} node hours, {working:.1} of them with a task; {max} nodes at most; tasks waited {:.1} min (median), {:.1} (95 %), {:.1} (longest)",
            self.name,
            minutes(50),
            minutes(95),
            minutes(100),
        )
    }

    /// Describes the failed evaluations, if there are any.
    pub(super) fn failures(&self) -> Option<String> {
        let Evaluations { count, failed, last_error } = &self.evaluations;
        let error = last_error.as_ref()?;
        Some(format!("{}: {failed} of {count} evaluations failed; last error: {error}", self.name))
    }
}

/// Returns the number of nodes of each timeline as CSV, one line per change.
pub(super) fn counts(timelines: &[PoolTimeline]) -> String {
    let names: Vec<_> = timelines.iter().map(|timeline| format!(",{}", timeline.name)).collect();
    let mut text = format!("time{}", names.concat());
    let max = timelines.iter().map(|timeline| timeline.samples.len()).max().unwrap_or(0);
    let mut last = String::new();
    for index in 0..max {
        let nodes = timelines
            .iter()
            .map(|timeline| timeline.samples.get(index).map_or(0, |sample| sample.nodes));
        let nodes: String = nodes.map(|nodes| format!(",{nodes}")).collect();
        if nodes != last {
            let time = timelines.first().map_or(DateTime::UNIX_EPOCH, |first| first.time(index));
            // Writing to a String never fails.
            let _ = write!(text, "\n{}{nodes}", time.format("%H:%M"));
            last = nodes;
        }
    }
    text
}
