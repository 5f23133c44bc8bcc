//! The outcomes of a claim other than a credential, and the response to each.

use http::StatusCode;
use serde_json::json;
use tracing::{error, info, warn};

use super::node::NodeError;
use crate::assignment::NotNeeded;
use crate::batch::BatchError;
use crate::collect::FactError;
use crate::error_chain::ErrorChain;
use crate::functions::group::RegistrationError;
use crate::functions::replacement::ReplacementError;
use crate::github::GithubError;
use crate::http::Response;
use crate::pipelines::PipelinesError;
use crate::pipelines::key::KeyError;
use crate::runner_group::TooWide;
use crate::secret::Secret;
use crate::storage::{self, QueueError};
use crate::ticket::BadTicket;

/// Why a claim ends without a credential.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClaimError {
    #[error("the body is not a claim: {0}")]
    Malformed(String),
    #[error(transparent)]
    Ticket(#[from] BadTicket),
    #[error("another process has claimed for this run of the task")]
    HeldByAnother,
    #[error("the task no longer exists")]
    NoTask,
    #[error("the task has ended")]
    TaskEnded,
    #[error("Batch runs the task again on another node")]
    RunAgain,
    #[error("{0}")]
    NotNeeded(NotNeeded),
    #[error("job {0} needs a runner with other labels, which is requested")]
    LabelMismatch(u64),
    #[error("job {0} needs a runner with another name, which is requested")]
    NameTaken(u64),
    #[error("no job of the agent pool waits for this agent")]
    NoRequest,
    #[error("the configuration of this runner was used or has expired")]
    Closed,
    /// A fact is missing, so that nothing is decided.
    #[error("{0}; claim again")]
    Retry(String),
    #[error(transparent)]
    TooWide(#[from] TooWide),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Github(#[from] GithubError),
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Claims(#[from] storage::ClaimError),
    #[error(transparent)]
    Record(#[from] storage::RecordError),
    #[error(transparent)]
    ListedClaims(#[from] storage::ClaimsError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<RegistrationError> for ClaimError {
    fn from(err: RegistrationError) -> Self {
        match err {
            RegistrationError::TooWide(too_wide) => Self::TooWide(too_wide),
            RegistrationError::Github(err) => Self::Github(err),
        }
    }
}

impl From<FactError> for ClaimError {
    fn from(err: FactError) -> Self {
        match err {
            FactError::ChainTooLong | FactError::NoTask(_) => Self::Retry(err.to_string()),
            FactError::Batch(err) => Self::Batch(err),
            FactError::Github(err) => Self::Github(err),
        }
    }
}

impl From<ReplacementError> for ClaimError {
    fn from(err: ReplacementError) -> Self {
        match err {
            ReplacementError::NoProfile(_) => Self::Retry(err.to_string()),
            ReplacementError::Queue(err) => Self::Queue(err),
        }
    }
}

impl ClaimError {
    /// Returns whether a service or a setting failed, so that the runner claims again and may never get a credential.
    pub(super) fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::Malformed(_)
                | Self::Ticket(_)
                | Self::HeldByAnother
                | Self::NoTask
                | Self::TaskEnded
                | Self::RunAgain
                | Self::NotNeeded(_)
                | Self::LabelMismatch(_)
                | Self::NameTaken(_)
                | Self::NoRequest
                | Self::Closed
                | Self::Retry(_)
        )
    }
}

/// Returns the response to a claim, and logs the outcome once. `allowed` has the patterns of the repositories whose jobs
/// the runner may run.
pub(super) fn respond(task: &str, allowed: &str, claimed: Result<Secret, ClaimError>) -> Response {
    let err = match claimed {
        Ok(configuration) => {
            info!("task {task} got the configuration of its runner");
            return Response::configuration(&configuration, allowed);
        }
        Err(err) => err,
    };
    match &err {
        ClaimError::NoTask
        | ClaimError::TaskEnded
        | ClaimError::RunAgain
        | ClaimError::NotNeeded(_)
        | ClaimError::LabelMismatch(_)
        | ClaimError::NameTaken(_)
        | ClaimError::NoRequest
        | ClaimError::Closed => {
            let reason = err.to_string();
            info!("the runner of task {task} is not needed: {reason}");
            let body = json!({ "decision": "not-needed", "reason": reason });
            Response::json(StatusCode::GONE, &body)
        }
        ClaimError::Malformed(_) => reject(task, StatusCode::BAD_REQUEST, &err),
        ClaimError::Ticket(_) => reject(task, StatusCode::UNAUTHORIZED, &err),
        ClaimError::HeldByAnother => reject(task, StatusCode::FORBIDDEN, &err),
        _ => retry(task, &err),
    }
}

/// Has the runner claim again: a missing fact may arrive, and an operator may fix what is wrong.
fn retry(task: &str, err: &ClaimError) -> Response {
    log_undecided(task, err);
    let retry_after = match err {
        ClaimError::Github(err) => err.retry_after(),
        ClaimError::Pipelines(err) => err.retry_after(),
        ClaimError::Batch(BatchError::Unavailable { retry_after, .. })
        | ClaimError::Node(NodeError::Batch(BatchError::Unavailable { retry_after, .. })) => {
            *retry_after
        }
        _ => None,
    };
    Response::later(err, retry_after)
}

fn log_undecided(task: &str, err: &ClaimError) {
    match err {
        ClaimError::TooWide(_) => {
            error!(alarm = "group", "failed to register the runner of task {task}: {err}");
        }
        // The cause was logged once, when the refused claim was recorded.
        ClaimError::Github(GithubError::Refused(_)) => {}
        // The cause was logged once, with its alert.
        ClaimError::Node(err) if err.needs_operator() => {}
        // Most often a task that Batch does not show as running yet.
        ClaimError::Retry(_) => warn!("the claim of task {task} is not decided: {err}"),
        _ => error!("failed to decide the claim of task {task}: {}", ErrorChain(err)),
    }
}

fn reject(task: &str, status: StatusCode, err: &ClaimError) -> Response {
    warn!("the claim of task {task} is rejected: {err}");
    Response::error(status, err)
}
