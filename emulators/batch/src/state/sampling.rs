//! The numbers of a pool as its formula sees them: noted every 30 seconds, seen a minute later.

use std::collections::VecDeque;

use autoscale_formula::{Metric, Samples, Target};
use chrono::TimeDelta;

use super::pool::Pool;
use super::{JobState, State};
use crate::rules::Rules;
use crate::wire::Stamp;

const PERIOD: TimeDelta = TimeDelta::seconds(30);

/// The numbers of one moment.
pub(super) type Numbers = [(Metric, f64); 11];

/// The numbers of a pool so far.
#[derive(Debug)]
pub(super) struct Sampling {
    samples: Samples,
    /// What no formula may see yet, the oldest first.
    unseen: VecDeque<(Stamp, Numbers)>,
    next: Stamp,
}

impl Sampling {
    /// Knows nothing; tells when the first numbers are to be noted.
    pub(super) fn beginning(at: Stamp) -> (Self, Stamp) {
        let next = at.plus(PERIOD);
        (Self { samples: Samples::new(), unseen: VecDeque::new(), next }, next)
    }

    /// Takes the numbers of a pool.
    pub(super) fn numbers(pool: &Pool, active: u64, running: u64) -> Numbers {
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

    /// Tells whether the numbers of a moment are to be noted.
    pub(super) fn is_next(&self, due: Stamp) -> bool {
        self.next == due
    }

    /// Notes numbers, drops those of long ago, and tells when the next ones are to be noted.
    pub(super) fn note(&mut self, due: Stamp, numbers: &Numbers, rules: &Rules) -> Stamp {
        self.unseen.push_back((due, *numbers));
        self.reveal(due, rules);
        // Now and then: it moves all that is kept.
        if due.moment().timestamp() / 30 % 120 == 0 {
            self.samples.forget_before(due.moment() - rules.sample_history);
        }
        self.next = due.plus(PERIOD);
        self.next
    }

    fn reveal(&mut self, now: Stamp, rules: &Rules) {
        let seen = now.moment() - rules.sample_lag;
        while let Some((taken, numbers)) = self.unseen.front().filter(|(at, _)| at.moment() <= seen)
        {
            for (metric, value) in numbers {
                self.samples.push(*metric, taken.moment(), *value);
            }
            self.unseen.pop_front();
        }
    }

    /// Gives what a formula sees of a pool at a moment.
    pub(super) fn seen(&mut self, pool: &Pool, seed: u64, at: Stamp, rules: &Rules) -> &Samples {
        self.reveal(at, rules);
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
    /// Counts the tasks that wait for a pool and those that run on it.
    ///
    /// A waiting task that was deleted is still counted, until a node asks for work.
    pub(super) fn waiting_and_running(&self, pool: &str) -> (u64, u64) {
        let ghosts = self.pools.get(pool).map_or(0, |pool| pool.ghosts);
        let on_pool = self.jobs.values().filter(|job| job.pool().eq_ignore_ascii_case(pool));
        on_pool.fold((ghosts, 0), |(active, running), job| {
            let waits =
                if job.phase.state == JobState::Active { job.tally.active.tasks } else { 0 };
            (active + waits, running + job.tally.running.tasks)
        })
    }
}
