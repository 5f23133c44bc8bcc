//! Timers: locks of jobs, sessions without polls, retries of service hooks.

use chrono::{DateTime, Utc};

use super::State;

/// A timer. When it fires, its condition is checked again, because it may no longer hold.
///
/// The order of the variants decides the order of timers that are due at the same time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Timer {
    /// The agent did not renew the lock of its job.
    Lock { request: u64 },
    /// The agent's session had no poll in time.
    Session { agent: u64 },
    /// A notification of a service hook is sent again.
    Notification { id: u64 },
}

impl State {
    /// Returns when the next timer is due.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.timers.first().map(|&(at, _)| at)
    }

    pub(crate) fn add_timer(&mut self, at: DateTime<Utc>, timer: Timer) {
        self.timers.insert((at, timer));
    }

    /// Fires all timers that are due.
    pub(crate) fn pass_time(&mut self, now: DateTime<Utc>) {
        while let Some(&(at, timer)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            match timer {
                Timer::Lock { request } => self.check_lock(request, at, now),
                Timer::Session { agent } => self.check_session(agent, at, now),
                Timer::Notification { id } => self.resend(id),
            }
        }
    }
}
