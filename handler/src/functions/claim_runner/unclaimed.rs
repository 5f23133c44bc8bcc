//! How a claim ends without a credential, and what is answered then.

use http::StatusCode;
use serde_json::json;
use tracing::{error, info, warn};

use crate::batch::BatchError;
use crate::claim::NotNeeded;
use crate::error_chain::ErrorChain;
use crate::functions::group::RegistrationError;
use crate::functions::walk::Interrupted;
use crate::github::GithubError;
use crate::http::Response;
use crate::runner_group::TooWide;
use crate::secret::Secret;
use crate::storage::{ClaimError, QueueError};
use crate::ticket::BadTicket;

/// How a claim ends without a credential.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unclaimed {
    #[error("the body is not a claim: {0}")]
    Malformed(String),
    #[error(transparent)]
    Ticket(#[from] BadTicket),
    #[error("another process has claimed for this run of the task")]
    Taken,
    /// Nobody needs the runner.
    #[error("{0}")]
    NotNeeded(&'static str),
    /// A fact is missing, so nothing is decided.
    #[error("{0}; ask again")]
    Undetermined(String),
    #[error(transparent)]
    TooWide(#[from] TooWide),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Github(#[from] GithubError),
    #[error(transparent)]
    Claims(#[from] ClaimError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<RegistrationError> for Unclaimed {
    fn from(err: RegistrationError) -> Self {
        match err {
            RegistrationError::TooWide(too_wide) => Self::TooWide(too_wide),
            RegistrationError::Github(err) => Self::Github(err),
        }
    }
}

impl From<Interrupted> for Unclaimed {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Undetermined(what) => Self::Undetermined(what),
            Interrupted::Batch(err) => Self::Batch(err),
            Interrupted::Github(err) => Self::Github(err),
        }
    }
}

impl From<NotNeeded> for Unclaimed {
    fn from(gone: NotNeeded) -> Self {
        Self::NotNeeded(gone.reason())
    }
}

/// Answers, and logs the outcome once.
pub(super) fn report(task: &str, claimed: Result<Secret, Unclaimed>) -> Response {
    let unclaimed = match claimed {
        Ok(configuration) => {
            info!(task.id = task, "claimed");
            return Response::configuration(&configuration);
        }
        Err(unclaimed) => unclaimed,
    };
    match &unclaimed {
        Unclaimed::NotNeeded(reason) => {
            info!(task.id = task, reason, "gone");
            Response::json(StatusCode::GONE, &json!({ "decision": "gone", "reason": reason }))
        }
        Unclaimed::Malformed(_) => refuse(task, StatusCode::BAD_REQUEST, &unclaimed),
        Unclaimed::Ticket(_) => refuse(task, StatusCode::UNAUTHORIZED, &unclaimed),
        Unclaimed::Taken => refuse(task, StatusCode::FORBIDDEN, &unclaimed),
        _ => ask_again(task, &unclaimed),
    }
}

/// Tells the runner to ask again: what is missing may come, and what is wrong be mended.
fn ask_again(task: &str, unclaimed: &Unclaimed) -> Response {
    match unclaimed {
        Unclaimed::TooWide(_) => {
            error!(alarm = "group", task.id = task, "failed to claim: {unclaimed}");
        }
        // Most often two runners that claim for one job, or a task that Batch does not show as running yet.
        Unclaimed::Undetermined(_) => warn!(task.id = task, "{unclaimed}"),
        _ => error!(task.id = task, "failed to claim: {}", ErrorChain(unclaimed)),
    }
    let retry_after = match unclaimed {
        Unclaimed::Github(err) => err.retry_after(),
        Unclaimed::Batch(BatchError::Unavailable { retry_after, .. }) => *retry_after,
        _ => None,
    };
    Response::later(unclaimed, retry_after)
}

fn refuse(task: &str, status: StatusCode, unclaimed: &Unclaimed) -> Response {
    warn!(task.id = task, "refused: {unclaimed}");
    Response::error(status, unclaimed)
}
