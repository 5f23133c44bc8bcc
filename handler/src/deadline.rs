//! Bounds an invocation: one deadline, which every request that the invocation sends keeps to.
//!
//! The Functions host kills a handler of which one invocation exceeds `functionTimeout`, and with it every other
//! invocation; two in the same moment end the host itself (seen with the host's source of 2024-10). So each
//! invocation ends by itself, long before that, whatever hangs.
//!
//! The deadline belongs to the task that runs the invocation. Rejected: an argument of every call. The Azure
//! clients hand no value of their caller's to the transport.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// How much longer than its requests the work as a whole may take. A request that is cut off is an error with a
/// cause, and so has the time to be handled and logged; what waits for anything else is cut off without one.
const GRACE: Duration = Duration::from_millis(500);

tokio::task_local! {
    static CURRENT: Deadline;
}

/// The time by which the requests of some work have ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Deadline(Instant);

/// Work was cut off at its deadline.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the time for this was over: what it depends on is slow, or does not answer")]
pub struct Elapsed;

impl Deadline {
    /// Returns the deadline this long from now, or that of the current work where it is earlier.
    pub fn after(time: Duration) -> Self {
        let own = Self(Instant::now() + time);
        Self::current().map_or(own, |outer| own.min(outer))
    }

    /// Returns the deadline of the current work, if it has one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// Returns whether the current work may still send a request that takes this long.
    pub fn leaves(time: Duration) -> bool {
        Self::current().is_none_or(|deadline| deadline.remaining() > time)
    }

    /// Returns the time that is left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Does work whose requests end by this deadline.
    ///
    /// # Errors
    /// The work did not end: it is cut off where it stands.
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
    async fn no_part_has_more_time_than_the_whole() {
        let left = Deadline::after(seconds(10)).bound(async {
            let long = Deadline::after(seconds(60)).remaining();
            let short = Deadline::after(seconds(3)).bound(async { Deadline::leaves(seconds(3)) });
            (long, short.await, Deadline::leaves(seconds(3)))
        });
        assert_eq!(left.await, Ok((seconds(10), Ok(false), true)));
        assert!(Deadline::leaves(seconds(3600)), "what is no invocation has no deadline");
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_hangs_is_cut_off_soon_after_its_deadline() {
        let began = Instant::now();
        let hung = Deadline::after(seconds(10)).bound(std::future::pending::<()>()).await;
        assert_eq!((hung, began.elapsed()), (Err(Elapsed), seconds(10) + GRACE));
    }
}
