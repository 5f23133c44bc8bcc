//! Timer kinds and their durations.

use std::time::Duration;

use chrono::TimeDelta;

/// A session without a request for this long is over; undocumented, chosen here.
pub(super) const SESSION_TIMEOUT: TimeDelta = TimeDelta::seconds(60);
/// How long a live runner may take between two polls, by the machine's clock: if the shared clock is advanced
/// between the polls, the session must not time out.
pub(super) const POLL_GRACE: Duration = Duration::from_secs(2);
/// How long a job stays in progress after its runner's session ended: the lock is renewed every minute and is
/// valid for ten.
pub(super) const JOB_LOCK_TTL: TimeDelta = TimeDelta::minutes(10);
/// A job that no runner accepted within a day is cancelled.
/// <https://docs.github.com/en/actions/reference/limits>
pub(super) const QUEUE_TIMEOUT: TimeDelta = TimeDelta::hours(24);
/// An ephemeral runner that was offline for a day is removed, any other runner after 14 days.
/// <https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/remove-runners>
const MAX_OFFLINE_EPHEMERAL: TimeDelta = TimeDelta::days(1);
const MAX_OFFLINE: TimeDelta = TimeDelta::days(14);

/// A timer. When it fires, its condition is checked again, because it may no longer hold.
///
/// The order of the variants decides the order of timers that are due at the same time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Timer {
    /// The runner did not accept the job in time.
    Acceptance { job: u64, runner: u64 },
    /// The job was queued for too long.
    Queue { job: u64 },
    /// The runner's session had no poll in time.
    Session { runner: u64 },
    /// The runner was idle for too long.
    Idle { runner: u64 },
    /// The lock of an offline runner on its job expired.
    JobLock { runner: u64, job: u64 },
    /// The runner was offline for too long.
    Offline { runner: u64 },
    /// No self-hosted runner was found in time for a job that GitHub's own runners may serve.
    Hosted { job: u64 },
    /// A runner of GitHub has done its job.
    HostedEnd { job: u64 },
}

/// Returns how long a runner may be offline until it is removed.
pub(super) fn max_offline(ephemeral: bool) -> TimeDelta {
    if ephemeral { MAX_OFFLINE_EPHEMERAL } else { MAX_OFFLINE }
}

pub(super) fn time_delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
