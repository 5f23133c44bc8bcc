//! SubmitRunnerTask: adds the Batch task of one message, once; and follows the hints that other messages give.
//!
//! The task's id comes from the job's, so a message that arrives twice meets `TaskExists`, which is
//! success while that task lives. What may succeed later goes back to the queue with the delay that was asked
//! for; only what no later try can mend fails, and so becomes a poison message.

use std::time::Duration;

use http::StatusCode;
use tracing::{error, info, warn};

use super::group::RegistrationError;
use crate::app::App;
use crate::batch::BatchError;
use crate::deadline::{Deadline, Elapsed};
use crate::error_chain::ErrorChain;
use crate::github::GithubError;
use crate::http::Response;
use crate::invocation::{self, BadEnvelope};
use crate::message::{MAX_WAIT, Malformed, Message, RunnerRequest};
use crate::runner_group::TooWide;
use crate::task::TaskId;

mod submission;
mod hints;

use hints::{end_superfluous, replace_stolen};
use submission::submit;

/// The name of the trigger in function.json.
const BINDING: &str = "request";
/// How long a message is worked on. The rest of the invocation is for putting it back on the queue.
const WORK_TIMEOUT: Duration = Duration::from_secs(110);
/// Where nobody names a delay. Batch's own clients wait up to half a minute between tries.
const DELAY: Duration = Duration::from_secs(30);
/// A runner group is looked at again this often.
const UNTIL_MENDED: Duration = Duration::from_secs(300);
/// A job that has come back this often is left to a person.
const MOST_REPLACEMENTS: u32 = 64;

/// A message that no later try can mend.
#[derive(Debug, thiserror::Error)]
enum Poison {
    #[error(transparent)]
    Envelope(#[from] BadEnvelope),
    #[error(transparent)]
    Message(#[from] Malformed),
    #[error("setting RunnerProfiles holds no profile {0:?}: add it again, or delete the message")]
    NoProfile(String),
    #[error("job {0} has come back {MOST_REPLACEMENTS} times")]
    TooOften(u64),
}

/// Why a submission did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Unsubmitted {
    #[error(transparent)]
    Poison(#[from] Poison),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Github(#[from] GithubError),
    #[error(transparent)]
    TooWide(#[from] TooWide),
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
}

impl From<RegistrationError> for Unsubmitted {
    fn from(err: RegistrationError) -> Self {
        match err {
            RegistrationError::TooWide(too_wide) => Self::TooWide(too_wide),
            RegistrationError::Github(err) => Self::Github(err),
        }
    }
}

/// How a submission ended.
enum Submitted {
    Added(TaskId),
    Covered(TaskId),
    NotQueued(String),
}

impl Submitted {
    fn text(&self) -> String {
        match self {
            Self::Added(task) => format!("task {task} added"),
            Self::Covered(task) => format!("task {task} already lives"),
            Self::NotQueued(status) => format!("the job is {status}, no runner is needed"),
        }
    }
}

/// Answers an invocation.
pub(crate) async fn handle(app: &App, envelope: &[u8]) -> Response {
    match read(envelope) {
        Ok(Message::Request(request)) => submit_or_postpone(app, &request).await,
        Ok(Message::Reassigned(taken)) => told(in_time(replace_stolen(app, &taken)).await),
        Ok(Message::Cancelled(cancelled)) => told(in_time(end_superfluous(app, &cancelled)).await),
        Err(poison) => poisoned(&poison),
    }
}

fn read(envelope: &[u8]) -> Result<Message, Poison> {
    let message = invocation::queue_message(envelope, BINDING)?;
    Ok(Message::decode(&message)?)
}

async fn submit_or_postpone(app: &App, request: &RunnerRequest) -> Response {
    let (job, repo) = (request.job, &request.repository);
    match in_time(submit(app, request)).await {
        Ok(submitted) => {
            let text = submitted.text();
            info!(job.id = job, %repo, "{text}");
            Response::json(StatusCode::OK, &invocation::response(&text))
        }
        Err(Unsubmitted::Poison(poison)) => poisoned(&poison),
        Err(unsubmitted) => postpone(app, request, &unsubmitted).await,
    }
}

/// Works on a message as long as there is time to put it back.
async fn in_time<T, E: From<Elapsed>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    Deadline::after(WORK_TIMEOUT).bound(work).await?
}

/// A hint that came to nothing is not tried again: reconciliation looks at the same within minutes.
fn told(followed: anyhow::Result<String>) -> Response {
    let text = followed.unwrap_or_else(|err| format!("left to reconciliation: {err:#}"));
    info!("{text}");
    Response::json(StatusCode::OK, &invocation::response(&text))
}

fn poisoned(poison: &Poison) -> Response {
    error!("failed to read a runner request: {}", ErrorChain(poison));
    Response::error(StatusCode::UNPROCESSABLE_ENTITY, poison)
}

/// Puts the message back. Where that fails too, the host keeps it: the answer is a failure.
async fn postpone(app: &App, request: &RunnerRequest, why: &Unsubmitted) -> Response {
    let age = app.clock.now() - request.requested_at;
    if age >= MAX_WAIT {
        return dropped(request, why);
    }
    let (job, delay) = (request.job, delay(why));
    tell_postponed(request, why, delay);
    match app.queue.put(&Message::Request(request.clone()), delay).await {
        Ok(()) => Response::json(StatusCode::OK, &invocation::response("postponed")),
        Err(err) => {
            error!(job.id = job, "failed to postpone: {}", ErrorChain(&err));
            Response::later(err, None)
        }
    }
}

fn tell_postponed(request: &RunnerRequest, why: &Unsubmitted, delay: Duration) {
    let (job, repo) = (request.job, &request.repository);
    let text = format!("postponed for {} s: {}", delay.as_secs(), ErrorChain(why));
    match why {
        Unsubmitted::TooWide(_) => error!(alarm = "group", job.id = job, %repo, "{text}"),
        _ => warn!(job.id = job, %repo, "{text}"),
    }
}

/// Gives a message up for good: GitHub has cancelled its job by now.
///
/// The message keeps the time of the first request for as long as it is postponed, and that is never before
/// the job was queued. The time at which the job was made would not do: it may have waited behind a gate.
fn dropped(request: &RunnerRequest, why: &Unsubmitted) -> Response {
    let (job, repo) = (request.job, &request.repository);
    error!(alarm = "waiting", job.id = job, %repo, "dropped {} h after it was asked for: {}", MAX_WAIT.num_hours(), ErrorChain(why));
    Response::json(StatusCode::OK, &invocation::response("dropped"))
}

fn delay(why: &Unsubmitted) -> Duration {
    match why {
        Unsubmitted::Batch(BatchError::Unavailable { retry_after, .. }) => {
            retry_after.unwrap_or(DELAY)
        }
        Unsubmitted::Github(err) => err.retry_after().unwrap_or(DELAY),
        Unsubmitted::TooWide(_) => UNTIL_MENDED,
        Unsubmitted::Batch(_) | Unsubmitted::Poison(_) | Unsubmitted::Elapsed(_) => DELAY,
    }
}
