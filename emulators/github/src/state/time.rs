//! The passing of time: unaccepted jobs are queued again, silent runners go offline, idle runners are removed.

use chrono::{DateTime, Utc};

use crate::model::job::{Conclusion, JobStatus};

use super::State;
use super::timers::{
    JOB_LOCK_TTL, POLL_GRACE, QUEUE_TIMEOUT, SESSION_TIMEOUT, Timer, max_offline, time_delta,
};

impl State {
    /// Returns when the next timer is due.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// Fires all timers that are due.
    pub(crate) fn pass_time(&mut self, now: DateTime<Utc>) {
        while let Some(&(at, timer)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            self.fire(timer, at, now);
        }
    }

    fn fire(&mut self, timer: Timer, at: DateTime<Utc>, now: DateTime<Utc>) {
        match timer {
            Timer::Acceptance { job, runner } if self.offered.get(&job) == Some(&runner) => {
                self.requeue(job, at);
            }
            Timer::Queue { job } if self.is_queued(job) => {
                self.withdraw(job, at);
                self.complete(job, Conclusion::Cancelled, at);
            }
            Timer::Session { runner } => self.check_session(runner, at, now),
            Timer::Idle { runner } if self.is_idle_too_long(runner, at) => self.remove(runner, at),
            Timer::JobLock { runner, job } if self.has_lost_runner(runner, job) => {
                self.complete(job, Conclusion::Failure, at);
                self.finish_job(runner, at);
            }
            Timer::Offline { runner } if self.is_offline_too_long(runner, at) => {
                self.remove(runner, at);
            }
            Timer::Hosted { job } => self.start_on_hosted_runner(job, at),
            Timer::HostedEnd { job } => self.end_on_hosted_runner(job, at),
            _ => {}
        }
    }

    pub(super) fn start_acceptance_timer(&mut self, job: u64, runner: u64, now: DateTime<Utc>) {
        let timeout = time_delta(self.options.requeue);
        self.timers.insert((now + timeout, Timer::Acceptance { job, runner }));
    }

    pub(super) fn start_queue_timer(&mut self, job: u64, now: DateTime<Utc>) {
        self.timers.insert((now + QUEUE_TIMEOUT, Timer::Queue { job }));
    }

    pub(super) fn start_hosted_timer(&mut self, job: u64, now: DateTime<Utc>) {
        if let Some(after) = self.jobs.get(&job).and_then(|job| job.hosted_after) {
            self.timers.insert((now + time_delta(after), Timer::Hosted { job }));
        }
    }

    pub(super) fn start_hosted_end_timer(&mut self, job: u64, at: DateTime<Utc>) {
        self.timers.insert((at, Timer::HostedEnd { job }));
    }

    pub(super) fn start_session_timer(&mut self, runner: u64, now: DateTime<Utc>) {
        self.timers.insert((now + SESSION_TIMEOUT, Timer::Session { runner }));
    }

    pub(super) fn start_idle_timer(&mut self, runner: u64, now: DateTime<Utc>) {
        if let Some(timeout) = self.options.idle_removal {
            self.timers.insert((now + time_delta(timeout), Timer::Idle { runner }));
        }
    }

    pub(super) fn start_offline_timers(&mut self, runner: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.get(&runner) else { return };
        if let Some(job) = known.job.filter(|job| !self.offered.contains_key(job)) {
            self.timers.insert((now + JOB_LOCK_TTL, Timer::JobLock { runner, job }));
        }
        let removed_at = now + max_offline(known.runner.ephemeral);
        self.timers.insert((removed_at, Timer::Offline { runner }));
    }

    fn check_session(&mut self, runner: u64, at: DateTime<Utc>, now: DateTime<Utc>) {
        let Some(session) =
            self.registrations.get(&runner).and_then(|known| known.session.as_ref())
        else {
            return;
        };
        let expires_at = session.last_poll + SESSION_TIMEOUT;
        let polled_just_now = session.last_poll_instant.elapsed() < POLL_GRACE;
        if session.polls > 0 {
            self.start_session_timer(runner, now);
        } else if expires_at > at {
            self.timers.insert((expires_at, Timer::Session { runner }));
        } else if polled_just_now {
            self.timers.insert((now + time_delta(POLL_GRACE), Timer::Session { runner }));
        } else {
            self.end_session(runner, at);
        }
    }

    fn is_idle_too_long(&self, runner: u64, at: DateTime<Utc>) -> bool {
        let known = self.registrations.get(&runner).filter(|known| known.runner.ephemeral);
        let since = known.and_then(|known| known.idle_since);
        let timeout = self.options.idle_removal.map(time_delta);
        since.zip(timeout).is_some_and(|(since, timeout)| since + timeout <= at)
    }

    fn has_lost_runner(&self, runner: u64, job: u64) -> bool {
        let known = self.registrations.get(&runner);
        known.is_some_and(|known| known.session.is_none() && known.job == Some(job))
    }

    fn is_offline_too_long(&self, runner: u64, at: DateTime<Utc>) -> bool {
        let Some(known) = self.registrations.get(&runner) else { return false };
        known.offline_since.is_some_and(|since| since + max_offline(known.runner.ephemeral) <= at)
    }

    fn is_queued(&self, job: u64) -> bool {
        self.jobs.get(&job).is_some_and(|job| job.status == JobStatus::Queued)
    }
}
