//! Lets time pass: what was not accepted is queued again, who is silent goes offline, who idles goes.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::job::{Conclusion, JobStatus};

use super::State;

/// A session without a request for so long is over; undocumented, chosen here.
const SILENCE: TimeDelta = TimeDelta::seconds(60);
/// What a live runner may need to ask again, by the machine's time: where the clock was set forward, a
/// runner that is about to ask must not count as silent.
const GRACE: Duration = Duration::from_secs(2);
/// How long a job outlives its silent runner: its lock is renewed each minute and holds for ten.
const LOCK: TimeDelta = TimeDelta::minutes(10);
/// A job that no runner took in a day is cancelled.
/// <https://docs.github.com/en/actions/reference/limits>
const QUEUE_LIMIT: TimeDelta = TimeDelta::hours(24);
/// An ephemeral runner that is not connected for a day is removed, another one after 14 days.
/// <https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/remove-runners>
const FORGOTTEN: (TimeDelta, TimeDelta) = (TimeDelta::days(1), TimeDelta::days(14));

/// What is looked at when its time comes; it may have become void by then.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Timer {
    /// A job must have been accepted.
    Accept { job: u64, runner: u64 },
    /// A job has waited in the queue for its longest.
    Expire { job: u64 },
    /// A runner must have been heard of.
    Hush { runner: u64 },
    /// A runner has idled for its longest.
    Idle { runner: u64 },
    /// A silent runner's job is given up.
    Lost { runner: u64, job: u64 },
    /// A runner has been offline for its longest.
    Forget { runner: u64 },
}

impl State {
    /// Tells when time will next do something.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// Does all that time did until now.
    pub(crate) fn pass_time(&mut self, now: DateTime<Utc>) {
        while let Some(&(at, timer)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            self.ring(timer, at, now);
        }
    }

    fn ring(&mut self, timer: Timer, at: DateTime<Utc>, now: DateTime<Utc>) {
        match timer {
            Timer::Accept { job, runner } if self.offered.get(&job) == Some(&runner) => {
                self.requeue(job, at);
            }
            Timer::Expire { job } if self.is_queued(job) => {
                self.withdraw(job, at);
                self.complete(job, Conclusion::Cancelled, at);
            }
            Timer::Hush { runner } => self.hush(runner, at, now),
            Timer::Idle { runner } if self.idled_out(runner, at) => self.remove(runner, at),
            Timer::Lost { runner, job } if self.lost(runner, job) => {
                self.complete(job, Conclusion::Failure, at);
                self.dismiss(runner, at);
            }
            Timer::Forget { runner } if self.forgotten(runner, at) => self.remove(runner, at),
            _ => {}
        }
    }

    pub(super) fn expect_acceptance(&mut self, job: u64, runner: u64, now: DateTime<Utc>) {
        let limit = span(self.options.requeue);
        self.timers.insert((now + limit, Timer::Accept { job, runner }));
    }

    pub(super) fn expect_service(&mut self, job: u64, now: DateTime<Utc>) {
        self.timers.insert((now + QUEUE_LIMIT, Timer::Expire { job }));
    }

    pub(super) fn expect_sign_of_life(&mut self, runner: u64, now: DateTime<Utc>) {
        self.timers.insert((now + SILENCE, Timer::Hush { runner }));
    }

    pub(super) fn limit_idling(&mut self, runner: u64, now: DateTime<Utc>) {
        if let Some(limit) = self.options.idle_removal {
            self.timers.insert((now + span(limit), Timer::Idle { runner }));
        }
    }

    pub(super) fn limit_absence(&mut self, runner: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.get(&runner) else { return };
        if let Some(job) = known.job.filter(|job| !self.offered.contains_key(job)) {
            self.timers.insert((now + LOCK, Timer::Lost { runner, job }));
        }
        self.timers.insert((now + absence(known.runner.ephemeral), Timer::Forget { runner }));
    }

    fn hush(&mut self, runner: u64, at: DateTime<Utc>, now: DateTime<Utc>) {
        let Some(session) =
            self.registrations.get(&runner).and_then(|known| known.session.as_ref())
        else {
            return;
        };
        let (until, graced) = (session.heard_at + SILENCE, session.heard.elapsed() < GRACE);
        if session.polls > 0 {
            self.expect_sign_of_life(runner, now);
        } else if until > at {
            self.timers.insert((until, Timer::Hush { runner }));
        } else if graced {
            self.timers.insert((now + span(GRACE), Timer::Hush { runner }));
        } else {
            self.end_session(runner, at);
        }
    }

    fn idled_out(&self, runner: u64, at: DateTime<Utc>) -> bool {
        let since = self.registrations.get(&runner).and_then(|known| known.idle_since);
        since.zip(self.options.idle_removal).is_some_and(|(since, limit)| since + span(limit) <= at)
    }

    fn lost(&self, runner: u64, job: u64) -> bool {
        let known = self.registrations.get(&runner);
        known.is_some_and(|known| known.session.is_none() && known.job == Some(job))
    }

    fn forgotten(&self, runner: u64, at: DateTime<Utc>) -> bool {
        let Some(known) = self.registrations.get(&runner) else { return false };
        known.offline_since.is_some_and(|since| since + absence(known.runner.ephemeral) <= at)
    }

    fn is_queued(&self, job: u64) -> bool {
        self.jobs.get(&job).is_some_and(|job| job.status == JobStatus::Queued)
    }
}

fn absence(ephemeral: bool) -> TimeDelta {
    if ephemeral { FORGOTTEN.0 } else { FORGOTTEN.1 }
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
