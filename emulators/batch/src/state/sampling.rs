//! The samples that formulas see: taken every 30 seconds, visible a minute later.

use std::collections::VecDeque;

use autoscale_formula::{Metric, Samples, Target};
use chrono::TimeDelta;

use super::pool::Pool;
use super::{JobState, State};
use crate::dto::Timestamp;
use crate::rules::Rules;

const SAMPLE_INTERVAL: TimeDelta = TimeDelta::seconds(30);

/// The metrics of a pool at one time.
pub(super) type SampleValues = [(Metric, f64); 11];

/// The samples of a pool.
#[derive(Debug)]
pub(super) struct SampleHistory {
    samples: Samples,
    /// Samples that formulas cannot see yet, the oldest first.
    unpublished: VecDeque<(Timestamp, SampleValues)>,
    next: Timestamp,
}

impl SampleHistory {
    /// Creates an empty history and returns the time of the first sample.
    pub(super) fn starting_at(at: Timestamp) -> (Self, Timestamp) {
        let next = at.plus(SAMPLE_INTERVAL);
        (Self { samples: Samples::new(), unpublished: VecDeque::new(), next }, next)
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
    ) -> Timestamp {
        self.unpublished.push_back((due, *values));
        self.publish(due, rules);
        // Only once an hour: it moves all the samples that are kept.
        if due.to_utc().timestamp() / 30 % 120 == 0 {
            self.samples.forget_before(due.to_utc() - rules.sample_history);
        }
        self.next = due.plus(SAMPLE_INTERVAL);
        self.next
    }

    fn publish(&mut self, now: Timestamp, rules: &Rules) {
        let visible = now.to_utc() - rules.sample_lag;
        while let Some((taken, values)) =
            self.unpublished.front().filter(|(at, _)| at.to_utc() <= visible)
        {
            for (metric, value) in values {
                self.samples.push(*metric, taken.to_utc(), *value);
            }
            self.unpublished.pop_front();
        }
    }

    /// Returns the samples of a pool that a formula sees at a time.
    pub(super) fn samples_for(
        &mut self,
        pool: &Pool,
        seed: u64,
        at: Timestamp,
        rules: &Rules,
    ) -> &Samples {
        self.publish(at, rules);
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
