//! Timers: changes that happen at a set time, without a request.

use chrono::{DateTime, TimeDelta, Utc};

use super::{RunId, State};
use crate::dto::Timestamp;

/// A timer's change of the state.
///
/// Of timers due at the same time, the variant listed first fires first, so that an evaluation sees
/// the sample of its own time.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Timer {
    /// A scripted run ends.
    ScriptEnd(RunId),
    /// The image of a run is pulled.
    ImagePulled(RunId),
    /// A run exceeds the maximum wall clock time of its task.
    RunTimeLimit(RunId),
    /// A job exceeds its maximum wall clock time.
    JobTimeLimit(String),
    /// The retention time of a run's files expires.
    FileRetention { job: String, task: String, run: RunId },
    /// A requested node is allocated.
    NodeAllocation { pool: String, request: u64 },
    /// A node enters the next state of its boot.
    BootStep { pool: String, node: String },
    /// A node leaves its pool.
    NodeDeparture { pool: String, node: String },
    /// A resize exceeds its timeout.
    ResizeTimeout { pool: String },
    /// The metrics of a pool are sampled.
    Sample { pool: String },
    /// A formula is evaluated.
    Evaluation { pool: String },
}

impl State {
    /// Returns the current time. Unlike [`State::stamp`] it is not unique and never ahead of the
    /// clock, so due times are computed from it.
    pub(super) fn current_timestamp(&self) -> Timestamp {
        Timestamp::of(self.now)
    }

    /// Sets a timer; without a delay it fires immediately.
    pub(super) fn after(&mut self, delay: TimeDelta, timer: Timer) {
        let due = self.current_timestamp().plus(delay);
        if delay <= TimeDelta::zero() {
            self.fire(due, timer);
        } else {
            self.timers.insert((due, timer));
        }
    }

    /// Returns when the next timer is due.
    pub(crate) fn next_timer(&self) -> Option<DateTime<Utc>> {
        self.timers.first().map(|(due, _)| due.to_utc())
    }

    /// Fires every timer that is due, each at its own time, and returns whether there was any.
    pub(crate) fn catch_up(&mut self, now: DateTime<Utc>) -> bool {
        let mut any = false;
        while let Some((due, _)) = self.timers.first()
            && due.to_utc() <= now
            && let Some((due, timer)) = self.timers.pop_first()
        {
            any = true;
            let starts_tasks = !matches!(timer, Timer::Sample { .. });
            self.fire(due, timer);
            if starts_tasks {
                self.schedule(due.to_utc());
            }
        }
        any
    }

    fn fire(&mut self, due: Timestamp, timer: Timer) {
        self.now = due.to_utc();
        match timer {
            Timer::ScriptEnd(run) => self.end_by_script(run, due),
            Timer::ImagePulled(run) => self.launch(run, due),
            Timer::RunTimeLimit(run) => self.time_out_run(run, due),
            Timer::JobTimeLimit(job) => self.time_out_job(&job, due),
            Timer::FileRetention { job, task, run } => self.remove_files(&job, &task, run),
            Timer::NodeAllocation { pool, request } => self.allocate_node(&pool, request, due),
            Timer::BootStep { pool, node } => self.advance_boot(&pool, &node, due),
            Timer::NodeDeparture { pool, node } => self.remove_departed_node(&pool, &node, due),
            Timer::ResizeTimeout { pool } => self.time_out_resize(&pool, due),
            Timer::Sample { pool } => self.take_sample(&pool, due),
            Timer::Evaluation { pool } => self.evaluate_when_due(&pool, due),
        }
    }
}
