//! SubmitRunnerTask: adds the Batch task of one request, once, and follows job events.
//!
//! The id of the task is derived from the id of the job. A message that arrives twice meets `TaskExists`, which is a
//! success while that task is live. A request that may succeed later is re-enqueued with the delay that the
//! service asks for. Only a request that no retry can fulfil fails, and so becomes a poison message.

use std::time::Duration;

use chrono::TimeDelta;
use http::StatusCode;
use tracing::{Span, error, info, warn};

use super::group::RegistrationError;
use super::{agents, wake};
use crate::app::App;
use crate::batch::BatchError;
use crate::deadline::{Deadline, Elapsed};
use crate::error_chain::ErrorChain;
use crate::github::GithubError;
use crate::http::Response;
use crate::invocation::{self, BadEnvelope};
use crate::message::{MAX_REPLACEMENTS, MAX_WAIT, Malformed, Message, RunnerRequest};
use crate::runner_group::TooWide;
use crate::storage::PausesError;
use crate::task::TaskId;

mod submission;
mod made_tasks;
mod job_events;

use job_events::{replace_reassigned, terminate_unneeded};
use submission::submit;

/// The name of the trigger in function.json.
const BINDING: &str = "request";
/// How long a message is processed. The rest of the invocation is left to put it back on the queue.
const WORK_TIMEOUT: Duration = Duration::from_secs(110);
/// The minimum delay if the service names none. Microsoft's Batch clients wait up to half a minute between attempts.
const RETRY_DELAY: Duration = Duration::from_secs(30);
/// The delay until the runner group of a request is checked again, and the longest one that no service has
/// requested, without its random part.
const GROUP_RETRY_DELAY: Duration = Duration::from_secs(300);
/// How long GitHub may not show the job of a request: it may be new, or the credential may have no access for a while.
const NOT_FOUND_TIMEOUT: TimeDelta = TimeDelta::minutes(15);

/// A message that no retry can process.
#[derive(Debug, thiserror::Error)]
enum Poison {
    #[error(transparent)]
    Envelope(#[from] BadEnvelope),
    #[error(transparent)]
    Message(#[from] Malformed),
    #[error(
        "setting RunnerProfiles has no profile {0:?}: add the profile again, or delete the message"
    )]
    NoProfile(String),
    #[error(
        "job {0} has had {MAX_REPLACEMENTS} runners and is still queued: GitHub gives its runners to other jobs, so give its profile a label that no other job has"
    )]
    TooOften(u64),
}

/// Why a task was not added.
#[derive(Debug, thiserror::Error)]
enum SubmitError {
    #[error(transparent)]
    Poison(#[from] Poison),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Github(#[from] GithubError),
    #[error(transparent)]
    TooWide(#[from] TooWide),
    #[error(transparent)]
    Pauses(#[from] PausesError),
    #[error("profile {profile} is paused {pause}; Batch accepts the task when it is resumed")]
    Paused { profile: String, pause: String },
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
}

impl From<RegistrationError> for SubmitError {
    fn from(err: RegistrationError) -> Self {
        match err {
            RegistrationError::TooWide(too_wide) => Self::TooWide(too_wide),
            RegistrationError::Github(err) => Self::Github(err),
        }
    }
}

/// The result of a request.
enum Submitted {
    Added(TaskId),
    Covered(TaskId),
    NotQueued(String),
    NotAllowed,
}

impl Submitted {
    fn text(&self) -> String {
        match self {
            Self::Added(task) => format!("task {task} added"),
            Self::Covered(task) => format!("task {task} already exists and is live"),
            Self::NotQueued(status) => format!("the job is {status} and needs no runner"),
            Self::NotAllowed => {
                "setting AllowedRepositories does not allow the repository of the job".to_owned()
            }
        }
    }
}

/// Responds to an invocation of the queue trigger.
pub(crate) async fn handle(app: &App, envelope: &[u8]) -> Response {
    let message = read(envelope);
    if let Ok(message) = &message {
        Span::current().record("job.id", message.job());
    }
    match message {
        Ok(Message::Request(request)) => submit_or_postpone(app, &request).await,
        Ok(Message::Reassigned(event)) => followed(in_time(replace_reassigned(app, &event)).await),
        Ok(Message::Cancelled(event)) => followed(in_time(terminate_unneeded(app, &event)).await),
        Ok(Message::Pipelines(event)) => {
            let served = in_time(async {
                Ok::<_, Elapsed>(agents::serve_after_event(app, event.received_at).await)
            });
            followed(served.await.map_err(anyhow::Error::from))
        }
        Err(poison) => poisoned(&poison),
    }
}

fn read(envelope: &[u8]) -> Result<Message, Poison> {
    let message = invocation::queue_message(envelope, BINDING)?;
    Ok(Message::decode(&message)?)
}

async fn submit_or_postpone(app: &App, request: &RunnerRequest) -> Response {
    Span::current().record("repo", request.repository.to_string());
    match in_time(submit(app, request)).await {
        Ok(submitted) => {
            let text = submitted.text();
            info!("{text}");
            if matches!(submitted, Submitted::Added(_)) {
                wake::after_submission(app, &request.profile).await;
            }
            Response::json(StatusCode::OK, &invocation::response(&text))
        }
        Err(SubmitError::Poison(poison)) => poisoned(&poison),
        Err(err) => postpone(app, request, &err).await,
    }
}

/// Processes a message as long as there is time to put it back.
async fn in_time<T, E: From<Elapsed>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    Deadline::after(WORK_TIMEOUT).bound(work).await?
}

/// A job event that failed is not retried: reconciliation finds the same within minutes.
fn followed(result: anyhow::Result<String>) -> Response {
    let text =
        result.unwrap_or_else(|err| format!("job event left to reconciliation: failed to {err:#}"));
    info!("{text}");
    Response::json(StatusCode::OK, &invocation::response(&text))
}

fn poisoned(poison: &Poison) -> Response {
    error!("failed to process a message, which becomes poison: {}", ErrorChain(poison));
    Response::error(StatusCode::UNPROCESSABLE_ENTITY, poison)
}

/// Puts the message back on the queue. If that fails too, the response is a failure, so that the host keeps it.
async fn postpone(app: &App, request: &RunnerRequest, reason: &SubmitError) -> Response {
    let age = app.clock.now() - request.requested_at;
    if age >= MAX_WAIT {
        return dropped(request, reason);
    }
    if let SubmitError::Github(err) = reason
        && let Some(refusal) = err.refusal()
    {
        app.refused_claims.refuse(refusal, app.clock.now()).await;
    }
    if age >= NOT_FOUND_TIMEOUT
        && matches!(reason, SubmitError::Github(GithubError::NotFound { .. }))
    {
        return not_found(request);
    }
    let (job, delay) = (request.job, delay(reason, age, app.random.fraction()));
    log_postponed(request, reason, delay);
    match app.queue.put(&Message::Request(request.clone()), delay).await {
        Ok(()) => Response::json(StatusCode::OK, &invocation::response("postponed")),
        Err(err) => {
            error!("failed to postpone the request for job {job}: {}", ErrorChain(&err));
            Response::later(err, None)
        }
    }
}

fn log_postponed(request: &RunnerRequest, reason: &SubmitError, delay: Duration) {
    let (job, repo) = (request.job, &request.repository);
    let text = format!(
        "request for job {job} of {repo} postponed for {} s: {}",
        delay.as_secs(),
        ErrorChain(reason)
    );
    match reason {
        SubmitError::TooWide(_) => error!(alarm = "group", "{text}"),
        SubmitError::Paused { .. } => info!("{text}"),
        _ => warn!("{text}"),
    }
}

/// Drops a message: GitHub cancels a job that has been queued for so long, and reconciliation lists it if it does not.
///
/// A message keeps the time of the first request while it is postponed. Rejected: the time at which the job was
/// created. The job may have waited behind a gate since then.
fn dropped(request: &RunnerRequest, reason: &SubmitError) -> Response {
    let (job, repo, hours) = (request.job, &request.repository, MAX_WAIT.num_hours());
    if matches!(reason, SubmitError::Paused { .. }) {
        warn!("request for job {job} of {repo} dropped after {hours} h: {reason}");
        return Response::json(StatusCode::OK, &invocation::response("dropped"));
    }
    let reason = ErrorChain(reason);
    error!(alarm = "waiting", "request for job {job} of {repo} dropped after {hours} h: {reason}");
    Response::json(StatusCode::OK, &invocation::response("dropped"))
}

/// Drops the message of a job that GitHub has deleted, or does not show to the credential. Reconciliation requests a
/// runner if it finds the job queued.
fn not_found(request: &RunnerRequest) -> Response {
    let (job, repo) = (request.job, &request.repository);
    let minutes = NOT_FOUND_TIMEOUT.num_minutes();
    warn!(
        "request for job {job} of {repo} dropped: GitHub has shown no such job for {minutes} min"
    );
    Response::json(StatusCode::OK, &invocation::response("not found"))
}

/// Returns the delay that a service requests, otherwise one that grows with the age of the message: a message whose
/// response was lost is processed twice, so a short delay would multiply the messages of a failure that lasts for hours.
///
/// The latter is longer by up to half, in proportion to `fraction`, from 0 to 1: the messages of a burst that failed
/// together do not return together.
fn delay(reason: &SubmitError, age: TimeDelta, fraction: f64) -> Duration {
    let growing = (age / 4).to_std().unwrap_or_default().clamp(RETRY_DELAY, GROUP_RETRY_DELAY);
    let own = |delay: Duration| {
        // The queue counts seconds.
        Duration::from_secs(delay.mul_f64(1.0 + fraction.clamp(0.0, 1.0) / 2.0).as_secs())
    };
    match reason {
        SubmitError::Batch(BatchError::Unavailable { retry_after, .. }) => {
            retry_after.unwrap_or_else(|| own(growing))
        }
        SubmitError::Github(err) => err.retry_after().unwrap_or_else(|| own(growing)),
        SubmitError::TooWide(_) => own(GROUP_RETRY_DELAY),
        SubmitError::Batch(_)
        | SubmitError::Poison(_)
        | SubmitError::Pauses(_)
        | SubmitError::Paused { .. }
        | SubmitError::Elapsed(_) => own(growing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_with_the_age_of_the_message() {
        let throttled = |retry_after| {
            let fault = "503".to_owned();
            SubmitError::Batch(BatchError::Unavailable {
                call: "adding a task",
                retry_after,
                fault,
            })
        };
        let seconds = |age: i64, fraction: f64| {
            delay(&throttled(None), TimeDelta::minutes(age), fraction).as_secs()
        };
        let ages = [-1, 0, 1, 4, 20, 600];
        assert_eq!(ages.map(|age| seconds(age, 0.0)), [30, 30, 30, 60, 300, 300]);
        assert_eq!(ages.map(|age| seconds(age, 0.999)), [44, 44, 44, 89, 449, 449]);
        assert_eq!([0.0, 0.25, 0.5, 0.75].map(|fraction| seconds(0, fraction)), [30, 33, 37, 41]);
        let asked = Some(Duration::from_secs(7));
        assert_eq!(delay(&throttled(asked), TimeDelta::hours(9), 0.999), Duration::from_secs(7));
    }
}
