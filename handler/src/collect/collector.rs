//! Sends requests to GitHub within the time and the number of requests that a collection may take.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::Semaphore;
use tracing::warn;

use super::refusals::Refusals;
use crate::app::App;
use crate::deadline::Deadline;
use crate::error_chain::ErrorChain;
use crate::github::{Github, GithubError, Purpose};
use crate::polling::DemandSource;
use crate::reconcile::Rules;
use crate::reconcile::snapshot::Refused;

/// How many requests are under way at the same time. GitHub allows 100, for all programs that use a token. Of the 40 of a
/// process, eight remain for claims, of which GitHub allows three a second.
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits>
pub(super) const MAX_CONCURRENT_REQUESTS: usize = 32;

/// The limits of a collection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestBudget {
    /// How long it sends requests.
    pub(crate) time: Duration,
    /// How many requests it sends to GitHub. A response that says that nothing has changed does not count against
    /// GitHub's hourly limit.
    pub(crate) requests: u32,
    /// The purpose of its requests.
    pub(crate) purpose: Purpose,
    /// The statuses whose workflow runs are listed.
    pub(crate) statuses: &'static [&'static str],
}

impl RequestBudget {
    /// Returns a budget with another purpose for deployments whose jobs become known by polling.
    pub(crate) fn if_polling(self, purpose: Purpose, rules: &Rules) -> Self {
        match rules.demand {
            DemandSource::Webhook => self,
            DemandSource::Polling => Self { purpose, ..self },
        }
    }
}

/// A value that may lack parts.
#[derive(Clone, Debug)]
pub(crate) struct Partial<T> {
    /// The part that was read.
    pub(crate) value: T,
    /// Whether everything was read that GitHub shows.
    pub(crate) complete: bool,
}

impl<T> Partial<T> {
    /// Creates a complete value.
    pub(super) fn complete(value: T) -> Self {
        Self { value, complete: true }
    }

    /// Returns the answer of a request, if there is one, and records whether it is missing.
    pub(super) fn note<A>(&mut self, answer: Result<A, Unread>) -> Option<A> {
        self.complete &= !matches!(answer, Err(Unread::Refused | Unread::NotReached));
        answer.ok()
    }
}

/// Why something was not read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unread {
    /// GitHub does not show it to this credential, and the settings do not name it.
    Denied,
    /// GitHub refused the credential, or rejected or redirected the request: what it would show is unknown.
    Refused,
    /// There was no time, no request or no response left. The next collection may read it.
    NotReached,
}

/// Sends the requests of one collection.
pub(super) struct Collector<'a> {
    pub(super) app: &'a App,
    pub(super) rules: &'a Rules,
    pub(super) github: Github,
    pub(super) statuses: &'static [&'static str],
    deadline: Deadline,
    requests_left: AtomicU32,
    /// The requests that may be under way in addition: those of several lists that are read at once share them.
    under_way: Semaphore,
    refusals: Refusals,
}

impl<'a> Collector<'a> {
    pub(super) fn new(app: &'a App, rules: &'a Rules, budget: RequestBudget) -> Self {
        Self {
            app,
            rules,
            github: app.github.with_purpose(budget.purpose),
            statuses: budget.statuses,
            deadline: Deadline::after(budget.time),
            requests_left: AtomicU32::new(budget.requests),
            under_way: Semaphore::new(MAX_CONCURRENT_REQUESTS),
            refusals: Refusals::default(),
        }
    }

    /// Sends a request, if the budget allows one more.
    pub(super) async fn send<T>(
        &self,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, Unread> {
        let err = match self.attempt(request).await? {
            Ok(answer) => return Ok(answer),
            Err(err) => err,
        };
        Err(self.refuse(&err))
    }

    /// Sends a request for something that the settings name, of a repository or else of this account: if GitHub does not
    /// show it, that is a refusal, and proves no absence.
    pub(super) async fn send_named<T>(
        &self,
        account: Option<&str>,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, Unread> {
        self.send(request.map(|read| read.map_err(|err| err.hidden_from(account)))).await
    }

    /// Records that GitHub does not show what a setting names.
    pub(super) fn report_setting(&self, account: Option<&str>, operation: &str, text: String) {
        self.refusals.add_setting(account, operation, text);
    }

    /// Sends a request for something that may not exist; returns `None` if GitHub answers 404, which does not prove that
    /// it does not exist.
    pub(super) async fn send_existing<T>(
        &self,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<Option<T>, Unread> {
        let request = request.map(|read| match read {
            Err(GithubError::NotFound { .. }) => Ok(None),
            read => read.map(Some),
        });
        self.send(request).await
    }

    /// Sends a request for something that the credential need not have a permission for.
    pub(super) async fn send_optional<T>(
        &self,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, Unread> {
        let unpermitted =
            |err: &GithubError| err.refusal().is_some_and(|one| one.cause.is_of_operation());
        let request = request.map(|read| match read {
            Err(err) if unpermitted(&err) => Ok(None),
            read => read.map(Some),
        });
        self.send(request).await?.ok_or(Unread::Denied)
    }

    /// Records a refusal that another request has met.
    pub(super) fn refuse(&self, err: &GithubError) -> Unread {
        match err {
            GithubError::NotFound { .. } => return Unread::Denied,
            err if self.refusals.add(err, &self.rules.policy.allowed) => {}
            err => warn!("continuing without a response of GitHub: {}", ErrorChain(err)),
        }
        Unread::Refused
    }

    /// Lists what GitHub refused about the accounts that are served.
    pub(super) fn refused(&self) -> Vec<Refused> {
        self.refusals.of_served(&self.rules.policy.allowed)
    }

    /// Sends a request; returns the errors that concern the request itself.
    async fn attempt<T>(
        &self,
        request: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<Result<T, GithubError>, Unread> {
        let _under_way = self.under_way.acquire().await.map_err(|_| Unread::NotReached)?;
        if self.deadline.remaining().is_zero() || !self.take_request() {
            return Err(Unread::NotReached);
        }
        let err = match self.deadline.bound(request).await {
            Ok(Ok(answer)) => return Ok(Ok(answer)),
            Ok(Err(err)) => err,
            Err(elapsed) => {
                warn!("continuing without a response of GitHub: {elapsed}");
                return Err(Unread::NotReached);
            }
        };
        match &err {
            GithubError::Limited { .. } => {
                // Every other request would wait for the same limit.
                if self.requests_left.swap(0, Ordering::Relaxed) > 0 {
                    warn!("sending no more requests to GitHub: {err}");
                }
                Err(Unread::NotReached)
            }
            GithubError::Unavailable { .. } => {
                warn!("continuing without a response of GitHub: {}", ErrorChain(&err));
                Err(Unread::NotReached)
            }
            _ => Ok(Err(err)),
        }
    }

    /// Charges the requests for the second and all further pages of a list.
    pub(super) fn charge_pages(&self, items: usize) {
        let pages = u32::try_from(items / 100).unwrap_or(u32::MAX);
        let less = |left: u32| Some(left.saturating_sub(pages));
        let _ = self.requests_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn take_request(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.requests_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}
