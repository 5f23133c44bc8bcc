//! The idle time that an auto-advancing clock skips.
//!
//! Time that work needs is skipped: allocation, boot, pulls, scripted tasks, evaluations while tasks
//! wait. Time in which only a client could do something passes as it does in Azure.

use chrono::{DateTime, TimeDelta, Utc};

use super::timers::Timer;
use super::{Job, JobState, Pool, State};
use crate::dto::Timestamp;

/// The time of a job without a node that is not skipped.
const MIN_TIME_OF_WAITING_JOBS: TimeDelta = TimeDelta::minutes(10);
/// The time of jobs and files that is not skipped while nothing waits.
const MIN_TIME_OF_CLIENTS: TimeDelta = TimeDelta::hours(1);

/// What an auto-advancing clock may do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum IdleTime {
    /// Skip to the next due time.
    Skip(DateTime<Utc>),
    /// Decide again after this time, by the clock without advances.
    Hold(TimeDelta),
    /// Nothing is due for which the clock is advanced.
    Keep,
}

/// The last activity of clients and programs, by the clock without advances.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Activity {
    /// The last change by a client.
    changed: Option<DateTime<Utc>>,
    /// The last end of a program, or access to a file.
    files_used: Option<DateTime<Utc>>,
}

impl State {
    /// Records a change by a client, and returns the earlier activity.
    pub(crate) fn record_change(&mut self, now: DateTime<Utc>) -> Activity {
        let earlier = self.activity;
        self.activity.changed = Some(now);
        earlier
    }

    /// Records the end of a program or an access to a file.
    pub(crate) fn record_file_use(&mut self, now: DateTime<Utc>) {
        self.activity.files_used = Some(now);
    }

    /// Restores the activity from before a change that was rejected.
    pub(crate) fn restore_activity(&mut self, earlier: Activity) {
        self.activity = earlier;
    }

    /// Decides whether an auto-advancing clock skips to the next due time. `now` is the time of the
    /// clock without advances.
    pub(crate) fn idle_time(&self, now: DateTime<Utc>) -> IdleTime {
        let Some(next) = self.next_timer() else { return IdleTime::Keep };
        let rules = &self.rules;
        let hold = |since: Option<DateTime<Utc>>, length: TimeDelta| {
            since.map_or(TimeDelta::zero(), |since| since + length - now)
        };
        let mut held = hold(self.activity.changed, rules.hold_after_change);
        // A task in a pool whose formula never requests a node would advance the clock by years.
        if next - self.last_change > rules.max_auto_advance
            || self.waiting_job_is_near_its_end(next)
        {
            return IdleTime::Keep;
        }
        if !self.has_work() && (!self.has_idle_nodes() || self.limit_is_near(next)) {
            return IdleTime::Keep;
        }
        // Nodes that still boot do not matter: the next evaluation may remove them with the idle ones.
        if !self.has_waiting_tasks() {
            held = held.max(hold(self.activity.files_used, rules.hold_for_files));
        }
        if held > TimeDelta::zero() { IdleTime::Hold(held) } else { IdleTime::Skip(next) }
    }

    /// Returns whether anything advances without a client: a node, a scripted task, or a formula
    /// with waiting tasks.
    fn has_work(&self) -> bool {
        self.pools.values().any(Pool::is_transitioning) || self.has_waiting_tasks()
    }

    /// Returns whether a task waits for a node that may come, waits for its image, or follows a
    /// script.
    fn has_waiting_tasks(&self) -> bool {
        let waits = |(id, pool): (&String, &Pool)| {
            let queued = self.queues.get(id).is_some_and(|queue| !queue.is_empty());
            queued && (pool.scaling.is_some() || pool.is_transitioning())
        };
        self.pools.iter().any(waits) || self.runs.values().any(|run| !run.has_process())
    }

    /// Returns whether a formula may remove nodes.
    fn has_idle_nodes(&self) -> bool {
        self.pools.values().any(|pool| pool.scaling.is_some() && !pool.nodes.is_empty())
    }

    /// Returns whether a job that runs nothing is near its maximum wall clock time.
    fn waiting_job_is_near_its_end(&self, next: DateTime<Utc>) -> bool {
        let near = |due| due <= next + MIN_TIME_OF_WAITING_JOBS;
        self.jobs.values().any(|job| job.runs.is_empty() && time_limit(job).is_some_and(near))
    }

    /// Returns whether a job is near its maximum wall clock time, or files near the end of their
    /// retention.
    fn limit_is_near(&self, next: DateTime<Utc>) -> bool {
        let near = |due| due <= next + MIN_TIME_OF_CLIENTS;
        let files = |(_, timer): &(Timestamp, Timer)| matches!(timer, Timer::FileRetention { .. });
        self.timers.iter().take_while(|(due, _)| near(due.to_utc())).any(files)
            || self.jobs.values().any(|job| time_limit(job).is_some_and(near))
    }
}

/// Returns when a job that has not ended exceeds its maximum wall clock time.
fn time_limit(job: &Job) -> Option<DateTime<Utc>> {
    let ends =
        matches!(job.phase.state, JobState::Terminating | JobState::Completed | JobState::Deleting);
    job.due.filter(|_| !ends).map(|due| due.to_utc())
}
