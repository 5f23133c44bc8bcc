//! Limits the duration of an invocation: one deadline, by which all requests of the invocation must have ended.
//!
//! If an invocation exceeds `functionTimeout`, the Functions host kills the handler, and with it all other invocations;
//! two such invocations at the same time end the host itself (seen with the host's source of 2024-10). So each
//! invocation ends on its own long before that, even if a service hangs.
//!
//! The deadline belongs to the task that runs the invocation. Rejected: an argument of every call. The Azure clients
//! do not pass a value from their caller to the transport.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// How much longer than its requests the whole work may take. A request that is cut off fails with a cause, so there
/// must be time to handle and log it. Any other wait is cut off without a cause.
const GRACE: Duration = Duration::from_millis(500);

tokio::task_local! {
    static CURRENT: Deadline;
}

/// The time by which the requests of an invocation, or of a part of it, must have ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Deadline(Instant);

/// The work was cut off at its deadline.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the time limit was reached: a service is slow, or does not respond")]
pub struct Elapsed;

impl Deadline {
    /// Returns the deadline this long from now, or the deadline of the current work if that is earlier.
    pub fn after(time: Duration) -> Self {
        let own = Self(Instant::now() + time);
        Self::current().map_or(own, |outer| own.min(outer))
    }

    /// Returns the deadline of the current work, if it has one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// Returns whether enough time remains for a request that takes this long.
    pub fn leaves(time: Duration) -> bool {
        Self::current().is_none_or(|deadline| deadline.remaining() > time)
    }

    /// Returns the remaining time.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Runs work whose requests must end by this deadline.
    ///
    /// # Errors
    /// When the work did not end in time; then it was cut off.
    pub async fn bound<F: Future>(self, work: F) -> Result<F::Output, Elapsed> {
        timeout_at(self.0 + GRACE, CURRENT.scope(self, work)).await.map_err(|_| Elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_has_no_more_time_than_the_whole() {
        let remaining = Deadline::after(seconds(10)).bound(async {
            let long = Deadline::after(seconds(60)).remaining();
            let short = Deadline::after(seconds(3)).bound(async { Deadline::leaves(seconds(3)) });
            (long, short.await, Deadline::leaves(seconds(3)))
        });
        assert_eq!(remaining.await, Ok((seconds(10), Ok(false), true)));
        assert!(Deadline::leaves(seconds(3600)), "there is no deadline outside of an invocation");
    }

    #[tokio::test(start_paused = true)]
    async fn hanging_work_is_cut_off_soon_after_its_deadline() {
        let began = Instant::now();
        let hung = Deadline::after(seconds(10)).bound(std::future::pending::<()>()).await;
        assert_eq!((hung, began.elapsed()), (Err(Elapsed), seconds(10) + GRACE));
    }
}
