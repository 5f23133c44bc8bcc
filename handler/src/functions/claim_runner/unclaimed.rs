//! How a claim ends without a credential, and what is answered then.

use serde_json::json;
use tracing::{error, info, warn};
use warp::http::StatusCode;

use crate::batch::BatchError;
use crate::causes::Chain;
use crate::claim::Gone;
use crate::functions::Answer;
use crate::functions::group::Ungrouped;
use crate::functions::walk::Interrupted;
use crate::github::GithubError;
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
    Gone(&'static str),
    /// A fact is missing, so nothing is decided.
    #[error("{0}; ask again")]
    Unclear(String),
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

impl From<Ungrouped> for Unclaimed {
    fn from(ungrouped: Ungrouped) -> Self {
        match ungrouped {
            Ungrouped::TooWide(too_wide) => Self::TooWide(too_wide),
            Ungrouped::Github(err) => Self::Github(err),
        }
    }
}

impl From<Interrupted> for Unclaimed {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Unclear(what) => Self::Unclear(what),
            Interrupted::Batch(err) => Self::Batch(err),
            Interrupted::Github(err) => Self::Github(err),
        }
    }
}

impl From<Gone> for Unclaimed {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone.reason())
    }
}

/// Answers, and logs the outcome once.
pub(super) fn report(task: &str, claimed: Result<Secret, Unclaimed>) -> Answer {
    let function = "ClaimRunner";
    let unclaimed = match claimed {
        Ok(configuration) => {
            info!(function, task.id = task, "claimed");
            return Answer::configuration(&configuration);
        }
        Err(unclaimed) => unclaimed,
    };
    match &unclaimed {
        Unclaimed::Gone(reason) => {
            info!(function, task.id = task, reason, "gone");
            Answer::json(StatusCode::GONE, &json!({ "decision": "gone", "reason": reason }))
        }
        Unclaimed::Malformed(_) => refuse(task, StatusCode::BAD_REQUEST, &unclaimed),
        Unclaimed::Ticket(_) => refuse(task, StatusCode::UNAUTHORIZED, &unclaimed),
        Unclaimed::Taken => refuse(task, StatusCode::FORBIDDEN, &unclaimed),
        _ => ask_again(task, &unclaimed),
    }
}

/// Tells the runner to ask again: what is missing may come, and what is wrong be mended.
fn ask_again(task: &str, unclaimed: &Unclaimed) -> Answer {
    let function = "ClaimRunner";
    match unclaimed {
        Unclaimed::TooWide(_) => {
            error!(function, alarm = "group", task.id = task, "failed to claim: {unclaimed}");
        }
        // Most often two runners that claim for one job, or a task that Batch does not show as running yet.
        Unclaimed::Unclear(_) => warn!(function, task.id = task, "{unclaimed}"),
        _ => error!(function, task.id = task, "failed to claim: {}", Chain(unclaimed)),
    }
    let retry_after = match unclaimed {
        Unclaimed::Github(err) => err.retry_after(),
        Unclaimed::Batch(BatchError::Unavailable { retry_after, .. }) => *retry_after,
        _ => None,
    };
    Answer::later(unclaimed, retry_after)
}

fn refuse(task: &str, status: StatusCode, unclaimed: &Unclaimed) -> Answer {
    warn!(function = "ClaimRunner", task.id = task, "refused: {unclaimed}");
    Answer::error(status, unclaimed)
}
