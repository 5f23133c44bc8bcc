//! Asks GitHub, within the time and the calls that a look may take.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tracing::warn;

use crate::app::App;
use crate::deadline::Deadline;
use crate::error_chain::ErrorChain;
use crate::github::{Github, GithubError};
use crate::reconcile::Rules;

/// How many requests are under way at once; GitHub bears 100 of all of a token's programs.
pub(super) const AT_ONCE: usize = 8;

/// How far a look goes, and on whose behalf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How long it goes on.
    pub(crate) longest: Duration,
    /// How many requests it sends to GitHub. What has not changed costs nothing of the hour's.
    pub(crate) most_calls: u32,
}

/// What looks around.
pub(super) struct Look<'a> {
    pub(super) app: &'a App,
    pub(super) rules: &'a Rules,
    pub(super) github: Github,
    until: Deadline,
    calls_left: AtomicU32,
    missed: AtomicBool,
}

/// Why something was not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unseen {
    /// GitHub does not show it.
    Refused,
    /// There was no time, or no call left, or no answer: the next look may see it.
    NotReached,
}

impl<'a> Look<'a> {
    pub(super) fn new(app: &'a App, rules: &'a Rules, bounds: Bounds) -> Self {
        Self {
            app,
            rules,
            github: app.github.low_priority(),
            until: Deadline::after(bounds.longest),
            calls_left: AtomicU32::new(bounds.most_calls),
            missed: AtomicBool::new(false),
        }
    }

    /// Sends a request, where it may still send one.
    pub(super) async fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, Unseen> {
        let answer = self.try_to_ask(request).await;
        if matches!(answer, Err(Unseen::NotReached)) {
            self.missed.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Tells whether anything was not reached since it was last asked.
    pub(super) fn has_missed(&self) -> bool {
        self.missed.swap(false, Ordering::Relaxed)
    }

    async fn try_to_ask<T>(
        &self,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, Unseen> {
        if self.until.remaining().is_zero() || !self.take() {
            return Err(Unseen::NotReached);
        }
        let err = match self.until.bound(request).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(err)) => err,
            Err(elapsed) => {
                warn!("continues without an answer: {elapsed}");
                return Err(Unseen::NotReached);
            }
        };
        match &err {
            GithubError::Limited { .. } => {
                // Whatever else would be asked waits for the same limit.
                if self.calls_left.swap(0, Ordering::Relaxed) > 0 {
                    warn!("looks no further: {err}");
                }
                Err(Unseen::NotReached)
            }
            GithubError::Unavailable { .. } => {
                warn!("goes on without: {}", ErrorChain(&err));
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
