//! What happens without a request, at the moment when it is due.

use chrono::{DateTime, TimeDelta, Utc};

use super::{RunId, State};
use crate::wire::Stamp;

/// What a moment that comes brings.
///
/// Of those that are due at one moment the first comes first, so that an evaluation knows the sample of
/// its own moment.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Deadline {
    /// A scripted run ends.
    End(RunId),
    /// The image of a run has been pulled.
    Pulled(RunId),
    /// A run has taken too long.
    Run(RunId),
    /// A job has taken too long.
    Job(String),
    /// The files of a run need not be kept any longer.
    Retention { job: String, task: String, run: RunId },
    /// A node that was asked for is allocated.
    Arrival { pool: String, wish: u64 },
    /// A node takes its next step towards its first task.
    Step { pool: String, node: String },
    /// A node is gone.
    Departure { pool: String, node: String },
    /// A resize has taken too long.
    Resize { pool: String },
    /// The numbers of a pool are noted.
    Sample { pool: String },
    /// A formula is evaluated.
    Evaluation { pool: String },
}

impl State {
    /// Tells the moment that it is. Other than what [`State::stamp`] tells, it is not unique, and never
    /// ahead of the clock: what is due is reckoned from it.
    pub(super) fn moment(&self) -> Stamp {
        Stamp::of(self.now)
    }

    /// Notes what is to happen after a while; what needs no time happens at once.
    pub(super) fn after(&mut self, delay: TimeDelta, deadline: Deadline) {
        let due = self.moment().plus(delay);
        if delay <= TimeDelta::zero() {
            self.meet(due, deadline);
        } else {
            self.deadlines.insert((due, deadline));
        }
    }

    /// Tells when something is due next.
    pub(crate) fn next_deadline(&self) -> Option<DateTime<Utc>> {
        self.deadlines.first().map(|(due, _)| due.moment())
    }

    /// Lets everything happen that was due by now, each at its own moment; tells whether anything was.
    pub(crate) fn catch_up(&mut self, now: DateTime<Utc>) -> bool {
        let mut any = false;
        while let Some((due, _)) = self.deadlines.first()
            && due.moment() <= now
            && let Some((due, deadline)) = self.deadlines.pop_first()
        {
            any = true;
            let starts_tasks = !matches!(deadline, Deadline::Sample { .. });
            self.meet(due, deadline);
            if starts_tasks {
                self.schedule(due.moment());
            }
        }
        any
    }

    /// Tells when something is due that a clock which skips idle time may go on to.
    ///
    /// Only where something waits for it, and not for ever: a task that no formula ever gives a node to
    /// would keep the clock running for years.
    pub(crate) fn next_wanted(&self) -> Option<DateTime<Utc>> {
        let next = self.next_deadline()?;
        let waits = |(id, pool): (&String, &super::Pool)| {
            let queued = self.queues.get(id).is_some_and(|queue| !queue.is_empty());
            queued || pool.is_moving() || (pool.scaling.is_some() && !pool.nodes.is_empty())
        };
        let wanted = self.pools.iter().any(waits) || self.runs.values().any(|run| !run.is_real());
        (wanted && next - self.stirred <= self.rules.longest_skip).then_some(next)
    }

    fn meet(&mut self, due: Stamp, deadline: Deadline) {
        self.now = due.moment();
        match deadline {
            Deadline::End(run) => self.end_of_script(run, due),
            Deadline::Pulled(run) => self.launch(run, due),
            Deadline::Run(run) => self.time_out(run, due),
            Deadline::Job(job) => self.expire_job(&job, due),
            Deadline::Retention { job, task, run } => self.clean_up(&job, &task, run),
            Deadline::Arrival { pool, wish } => self.arrive(&pool, wish, due),
            Deadline::Step { pool, node } => self.step(&pool, &node, due),
            Deadline::Departure { pool, node } => self.depart(&pool, &node, due),
            Deadline::Resize { pool } => self.give_up_resize(&pool, due),
            Deadline::Sample { pool } => self.take_sample(&pool, due),
            Deadline::Evaluation { pool } => self.evaluate_when_due(&pool, due),
        }
    }
}
