//! Tells what a call to GitHub can end with, as far as callers act differently.

use std::time::Duration;

use http::StatusCode;

/// What a call to GitHub can end with, as far as callers act differently.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// A limit is reached: nothing may be asked before `retry_after` has passed.
    #[error("{call} met one of GitHub's limits, for another {} s", retry_after.as_secs())]
    Limited {
        /// The operation.
        call: &'static str,
        /// How long GitHub asks to wait.
        retry_after: Duration,
    },
    /// It is not there, or the token may not see it.
    #[error("{call} found nothing: check that the token may read it")]
    NotFound {
        /// The operation.
        call: &'static str,
    },
    /// A runner of this name is registered already.
    #[error("{call} met a runner of the same name")]
    Conflict {
        /// The operation.
        call: &'static str,
    },
    /// GitHub understood, but cannot do it: a busy runner cannot be deleted.
    #[error("{call} cannot be done as GitHub stands")]
    Unprocessable {
        /// The operation.
        call: &'static str,
    },
    /// The token is refused: somebody must change the deployment.
    #[error(
        "{call} was refused with {status}: check the token of setting GithubToken, or the GitHub App, and its permissions"
    )]
    Refused {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: StatusCode,
    },
    /// GitHub cannot be reached, or fails: the same call may succeed later.
    #[error("{call} met a GitHub that cannot answer now ({fault})")]
    Unavailable {
        /// The operation.
        call: &'static str,
        /// The status, or what happened to the connection.
        fault: String,
    },
}

impl GithubError {
    /// Tells how long GitHub asked to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}
