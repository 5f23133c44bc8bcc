//! The samples that formulas see: taken every 30 seconds, and visible a little later.

use std::collections::VecDeque;

use autoscale_formula::{Metric, Samples, Target};
use chrono::TimeDelta;
use rand::rngs::StdRng;

use super::pool::Pool;
use super::{JobState, State};
use crate::dto::Timestamp;
use crate::rules::Rules;
use crate::timings::DurationRange;

const SAMPLE_INTERVAL: TimeDelta = TimeDelta::seconds(30);

/// The metrics of a pool at one time.
pub(super) type SampleValues = [(Metric, f64); 11];

/// The samples of a pool.
#[derive(Debug)]
pub(super) struct SampleHistory {
    samples: Samples,
    /// Samples that formulas cannot see yet, the oldest first.
    unpublished: VecDeque<UnpublishedSample>,
    /// When the last sample is visible. Samples become visible in the order in which they were taken.
    last_visible: Timestamp,
    next: Timestamp,
}

/// A sample that formulas see from a time.
#[derive(Debug)]
struct UnpublishedSample {
    taken: Timestamp,
    visible: Timestamp,
    values: SampleValues,
}

impl SampleHistory {
    /// Creates an empty history and returns the time of the first sample.
    pub(super) fn starting_at(at: Timestamp) -> (Self, Timestamp) {
        let next = at.plus(SAMPLE_INTERVAL);
        let (samples, unpublished) = (Samples::new(), VecDeque::new());
        (Self { samples, unpublished, last_visible: at, next }, next)
    }

    /// Returns the current metrics of a pool.
    pub(super) fn values(pool: &Pool, active: u64, running: u64) -> SampleValues {
        let ready = pool.nodes.iter().filter(|node| node.is_ready()).count() as f64;
        let preempted = pool.nodes.iter().filter(|node| node.is_preempted()).count() as f64;
        [
            (Metric::ActiveTasks, active as f64),
            (Metric::RunningTasks, running as f64),
            (Metric::PendingTasks, (active + running) as f64),
            (Metric::SucceededTasks, pool.finished.0 as f64),
            (Metric::FailedTasks, pool.finished.1 as f64),
            (Metric::TaskSlotsPerNode, f64::from(pool.slots())),
            (Metric::CurrentDedicatedNodes, pool.current(true) as f64),
            (Metric::CurrentLowPriorityNodes, pool.current(false) as f64),
            (Metric::PreemptedNodeCount, preempted),
            (Metric::UsableNodeCount, ready),
            (Metric::SampleNodeCount, ready),
        ]
    }

    /// Returns whether the next sample is due at this time.
    pub(super) fn is_next(&self, due: Timestamp) -> bool {
        self.next == due
    }

    /// Records a sample, drops old ones, and returns the time of the next one.
    pub(super) fn record(
        &mut self,
        due: Timestamp,
        values: &SampleValues,
        rules: &Rules,
        rng: &mut StdRng,
    ) -> Timestamp {
        let visible = due.plus(publication_delay(rules.sample_lag, rng)).max(self.last_visible);
        self.last_visible = visible;
        self.unpublished.push_back(UnpublishedSample { taken: due, visible, values: *values });
        self.publish(due);
        // Only once an hour: it moves all the samples that are kept.
        if due.to_utc().timestamp() / 30 % 120 == 0 {
            self.samples.forget_before(due.to_utc() - rules.sample_history);
        }
        self.next = due.plus(SAMPLE_INTERVAL);
        self.next
    }

    fn publish(&mut self, now: Timestamp) {
        while let Some(sample) = self.unpublished.pop_front_if(|sample| sample.visible <= now) {
            for (metric, value) in sample.values {
                self.samples.push(metric, sample.taken.to_utc(), value);
            }
        }
    }

    /// Returns the samples of a pool that a formula sees at a time.
    pub(super) fn samples_for(&mut self, pool: &Pool, seed: u64, at: Timestamp) -> &Samples {
        self.publish(at);
        self.samples = std::mem::take(&mut self.samples).with_seed(seed);
        self.samples.set_present(Metric::TaskSlotsPerNode, f64::from(pool.slots()));
        for (metric, dedicated) in
            [(Metric::CurrentDedicatedNodes, true), (Metric::CurrentLowPriorityNodes, false)]
        {
            self.samples.set_present(metric, pool.current(dedicated) as f64);
        }
        self.samples.set_target(Target::DedicatedNodes, pool.targets.dedicated);
        self.samples.set_target(Target::LowPriorityNodes, pool.targets.low_priority);
        &self.samples
    }
}

/// Returns the time after which a sample is visible.
///
/// The lag is the age that the newest visible sample reaches before the next one is visible. Short
/// lags are more probable: it is the shorter of two draws.
fn publication_delay(lag: DurationRange, rng: &mut StdRng) -> TimeDelta {
    let lag = lag.sample(rng).min(lag.sample(rng));
    // A millisecond more: an evaluation at the end of a lag still finds the older sample.
    (lag - SAMPLE_INTERVAL + TimeDelta::milliseconds(1)).max(TimeDelta::zero())
}

impl State {
    /// Counts the active tasks of a pool and the running ones.
    ///
    /// A deleted active task is counted until a node requests work.
    pub(super) fn active_and_running(&self, pool: &str) -> (u64, u64) {
        let deleted_pending_tasks =
            self.pools.get(pool).map_or(0, |pool| pool.deleted_pending_tasks);
        let on_pool = self.jobs.values().filter(|job| job.pool().eq_ignore_ascii_case(pool));
        on_pool.fold((deleted_pending_tasks, 0), |(active, running), job| {
            let waits =
                if job.phase.state == JobState::Active { job.tally.active.tasks } else { 0 };
            (active + waits, running + job.tally.running.tasks)
        })
    }
}
