//! The errors of calls to GitHub, by what callers do about them.

use std::time::Duration;

use http::StatusCode;

use super::refusal::{Refusal, RefusalCause};
use crate::repository::Repository;

/// Why a call to GitHub failed.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// A rate limit is exhausted; no request may be sent before `retry_after` has passed.
    #[error("{call} failed: GitHub's rate limit is exhausted for another {} s", retry_after.as_secs())]
    Limited {
        /// The operation.
        call: &'static str,
        /// The delay that GitHub demands.
        retry_after: Duration,
    },
    /// The object does not exist, or the token has no access to it.
    #[error("{call} failed with 404: check that the token has access")]
    NotFound {
        /// The operation.
        call: &'static str,
        /// The repository that the request was about.
        repository: Option<Repository>,
    },
    /// A runner of this name is already registered.
    #[error("{call} failed: a runner of this name is already registered")]
    Conflict {
        /// The operation.
        call: &'static str,
    },
    /// The request is not possible in the present state: a busy runner cannot be removed.
    #[error("{call} failed with 422: it is not possible in the present state")]
    Unprocessable {
        /// The operation.
        call: &'static str,
    },
    /// The credential was refused: an operator must change the deployment, or the account at GitHub.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// GitHub redirects the request to a place that is not below the URL of its API, or too often.
    #[error("{call} failed: the redirect to {to} is not followed: check setting GithubApiUrl")]
    Redirected {
        /// The operation.
        call: &'static str,
        /// The target, without its query.
        to: String,
    },
    /// The request was rejected for another reason.
    #[error("{call} failed with {status}")]
    Rejected {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: StatusCode,
    },
    /// GitHub is unavailable; the same call may succeed later.
    #[error("{call} failed: GitHub is unavailable ({fault})")]
    Unavailable {
        /// The operation.
        call: &'static str,
        /// The status, or the error of the connection.
        fault: String,
    },
}

impl GithubError {
    /// Returns the refusal of the credential, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Adds the account to a refusal that names none.
    pub(super) fn about(mut self, account: &str) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.account.get_or_insert_with(|| account.to_owned());
        }
        self
    }

    /// Turns a 404 for a repository into a refusal, for a request that fails so only if the credential has no access to it.
    pub(crate) fn hidden(self) -> Self {
        match &self {
            Self::NotFound { repository: Some(_), .. } => self.hidden_from(None),
            _ => self,
        }
    }

    /// Turns a 404 into a refusal, for a request about something that the settings name. `account` is its owner, unless the
    /// request is about a repository.
    pub(crate) fn hidden_from(self, account: Option<&str>) -> Self {
        let Self::NotFound { call, repository } = self else { return self };
        let owner = repository.as_ref().map(Repository::owner).or(account).map(str::to_owned);
        let (status, cause) = (StatusCode::NOT_FOUND, RefusalCause::Hidden);
        Self::Refused(Box::new(Refusal { call, status, account: owner, repository, cause }))
    }

    /// Returns the delay that GitHub demands, if any.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}
