//! Asks GitHub, within the time and the calls that a run may take.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::causes::Chain;
use crate::functions::App;
use crate::functions::reconcile_runners::FUNCTION;
use crate::github::{Github, GithubError};
use crate::reconcile::Rules;

/// How long a run looks around. The host takes a function's process away after five minutes.
const LONGEST: Duration = Duration::from_secs(100);
/// How many requests a run sends to look around. What has not changed costs nothing of the hour's.
const MOST_CALLS: u32 = 800;
/// How many requests are under way at once; GitHub bears 100 of all of a token's programs.
pub(super) const AT_ONCE: usize = 8;

/// What looks around in a run.
pub(super) struct Look<'a> {
    pub(super) app: &'a App,
    pub(super) rules: &'a Rules,
    pub(super) github: Github,
    until: Instant,
    calls_left: AtomicU32,
}

/// Why something was not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unseen {
    /// GitHub does not show it.
    Refused,
    /// There was no time, or no call left, or no answer: the next run may see it.
    NotReached,
}

impl<'a> Look<'a> {
    pub(super) fn new(app: &'a App, rules: &'a Rules) -> Self {
        let github = app.github.for_housekeeping();
        let (until, calls_left) = (Instant::now() + LONGEST, AtomicU32::new(MOST_CALLS));
        Self { app, rules, github, until, calls_left }
    }

    /// Sends a request, where the run may still send one.
    pub(super) async fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, Unseen> {
        if Instant::now() >= self.until || !self.take() {
            return Err(Unseen::NotReached);
        }
        let err = match request.await {
            Ok(answer) => return Ok(answer),
            Err(err) => err,
        };
        match &err {
            GithubError::Limited { .. } => {
                // Whatever else would be asked waits for the same limit.
                if self.calls_left.swap(0, Ordering::Relaxed) > 0 {
                    warn!(function = FUNCTION, "looks no further: {err}");
                }
                Err(Unseen::NotReached)
            }
            GithubError::Unavailable { .. } => {
                warn!(function = FUNCTION, "goes on without: {}", Chain(&err));
                Err(Unseen::NotReached)
            }
            _ => Err(Unseen::Refused),
        }
    }

    /// Books the further pages of a list.
    pub(super) fn booked(&self, items: usize) {
        let pages = u32::try_from(items / 100).unwrap_or(u32::MAX);
        let less = |left: u32| Some(left.saturating_sub(pages));
        let _ = self.calls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn take(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.calls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}
