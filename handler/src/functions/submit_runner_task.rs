//! SubmitRunnerTask: adds the Batch task of one message, once.
//!
//! The task's id comes from the job's, so a message that arrives twice meets `TaskExists`, which is
//! success while that task lives. What may succeed later goes back to the queue with the delay that was asked
//! for; only what no later try can mend fails, and so becomes a poison message.

use std::time::Duration;

use chrono::TimeDelta;
use tracing::{error, info, warn};
use warp::http::StatusCode;

use super::group::{Ungrouped, group};
use super::{Answer, App};
use crate::batch::{BatchError, TaskState};
use crate::causes::Chain;
use crate::github::GithubError;
use crate::invocation::{self, BadEnvelope};
use crate::message::{Malformed, RunnerRequest};
use crate::profiles::Profile;
use crate::runner_group::TooWide;
use crate::settings::Registration;
use crate::task::{Credential, RunnerTask, TaskId};
use crate::ticket::Ticket;

/// The name of the trigger in function.json.
const BINDING: &str = "request";
/// Where nobody names a delay. Batch's own clients wait up to half a minute between tries.
const DELAY: Duration = Duration::from_secs(30);
/// A runner group is looked at again this often.
const UNTIL_MENDED: Duration = Duration::from_secs(300);
/// A job that has come back this often is left to a person.
const MOST_REPLACEMENTS: u32 = 64;
/// GitHub cancels a job that has waited this long; a ticket must outlive the wait and the job.
const LONGEST_WAIT_HOURS: i64 = 24;

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
}

impl From<Ungrouped> for Unsubmitted {
    fn from(ungrouped: Ungrouped) -> Self {
        match ungrouped {
            Ungrouped::TooWide(too_wide) => Self::TooWide(too_wide),
            Ungrouped::Github(err) => Self::Github(err),
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
pub(super) async fn answer(app: &App, envelope: &[u8]) -> Answer {
    match read(envelope) {
        Ok(request) => submit_or_postpone(app, &request).await,
        Err(poison) => poisoned(&poison),
    }
}

fn read(envelope: &[u8]) -> Result<RunnerRequest, Poison> {
    let message = invocation::queue_message(envelope, BINDING)?;
    Ok(RunnerRequest::decode(&message)?)
}

async fn submit_or_postpone(app: &App, request: &RunnerRequest) -> Answer {
    let (job, repo) = (request.job, &request.repository);
    match submit(app, request).await {
        Ok(submitted) => {
            let text = submitted.text();
            info!(function = "SubmitRunnerTask", job.id = job, %repo, "{text}");
            Answer::json(StatusCode::OK, &invocation::answer(&text))
        }
        Err(Unsubmitted::Poison(poison)) => poisoned(&poison),
        Err(unsubmitted) => postpone(app, request, &unsubmitted).await,
    }
}

fn poisoned(poison: &Poison) -> Answer {
    error!(function = "SubmitRunnerTask", "failed to read a runner request: {}", Chain(poison));
    Answer::error(StatusCode::UNPROCESSABLE_ENTITY, poison)
}

/// Puts the message back. Where that fails too, the host keeps it: the answer is a failure.
async fn postpone(app: &App, request: &RunnerRequest, why: &Unsubmitted) -> Answer {
    let age = app.clock.now() - request.requested_at;
    if age >= TimeDelta::hours(LONGEST_WAIT_HOURS) {
        return dropped(request, why);
    }
    let (job, delay) = (request.job, delay(why));
    tell_postponed(request, why, delay);
    match app.queue.put(request, delay).await {
        Ok(()) => Answer::json(StatusCode::OK, &invocation::answer("postponed")),
        Err(err) => {
            error!(
                function = "SubmitRunnerTask",
                job.id = job,
                "failed to postpone: {}",
                Chain(&err)
            );
            Answer::later(err, None)
        }
    }
}

fn tell_postponed(request: &RunnerRequest, why: &Unsubmitted, delay: Duration) {
    let (function, job, repo) = ("SubmitRunnerTask", request.job, &request.repository);
    let text = format!("postponed for {} s: {}", delay.as_secs(), Chain(why));
    match why {
        Unsubmitted::TooWide(_) => error!(function, alarm = "group", job.id = job, %repo, "{text}"),
        _ => warn!(function, job.id = job, %repo, "{text}"),
    }
}

/// Gives a message up for good: GitHub has cancelled its job by now.
///
/// The message keeps the time of the first request for as long as it is postponed, and that is never before
/// the job was queued. The time at which the job was made would not do: it may have waited behind a gate.
fn dropped(request: &RunnerRequest, why: &Unsubmitted) -> Answer {
    let (job, repo) = (request.job, &request.repository);
    error!(function = "SubmitRunnerTask", alarm = "waiting", job.id = job, %repo, "dropped {LONGEST_WAIT_HOURS} h after it was asked for: {}", Chain(why));
    Answer::json(StatusCode::OK, &invocation::answer("dropped"))
}

fn delay(why: &Unsubmitted) -> Duration {
    match why {
        Unsubmitted::Batch(BatchError::Unavailable { retry_after, .. }) => {
            retry_after.unwrap_or(DELAY)
        }
        Unsubmitted::Github(err) => err.retry_after().unwrap_or(DELAY),
        Unsubmitted::TooWide(_) => UNTIL_MENDED,
        Unsubmitted::Batch(_) | Unsubmitted::Poison(_) => DELAY,
    }
}

/// Adds the job's task, or the next replacement where it came back after its task had ended.
async fn submit(app: &App, request: &RunnerRequest) -> Result<Submitted, Unsubmitted> {
    let profiles = &app.webhook.policy.profiles;
    let profile = profiles.iter().find(|profile| profile.name == request.profile);
    let profile = profile.ok_or_else(|| Poison::NoProfile(request.profile.clone()))?;
    let mut replacement = request.replacement;
    loop {
        let id = app.runners.deployment.task(request.job, replacement);
        match add(app, request, profile, id.clone()).await {
            Err(Unsubmitted::Batch(BatchError::TaskExists(_))) => {}
            added => return added.map(|()| Submitted::Added(id)),
        }
        if app.batch.task(&profile.name, &id.to_string()).await?.state != TaskState::Completed {
            return Ok(Submitted::Covered(id));
        }
        if replacement == request.replacement {
            // A late duplicate of a served job's message must not start a second runner.
            let job = app.github.job(&request.repository, request.job).await?;
            if job.status != "queued" {
                return Ok(Submitted::NotQueued(job.status));
            }
        }
        replacement += 1;
        if replacement > MOST_REPLACEMENTS {
            return Err(Poison::TooOften(request.job).into());
        }
    }
}

/// Adds a task, and the Batch job of its profile where there is none.
async fn add(
    app: &App,
    request: &RunnerRequest,
    profile: &Profile,
    id: TaskId,
) -> Result<(), Unsubmitted> {
    let credential = credential(app, request, profile, &id).await?;
    let url = app.scope.runner_url(&app.web, &request.repository);
    let surroundings = &app.runners.surroundings;
    let carrying = profile.pinned_to(&request.pinned);
    let task = RunnerTask::describe(id, request, &carrying, surroundings, &url, &credential);
    match app.batch.add_task(&profile.name, &task).await {
        Err(BatchError::NoJob(_)) => {
            app.batch.add_job(&profile.name, &profile.pool).await?;
            Ok(app.batch.add_task(&profile.name, &task).await?)
        }
        added => Ok(added?),
    }
}

async fn credential(
    app: &App,
    request: &RunnerRequest,
    profile: &Profile,
    id: &TaskId,
) -> Result<Credential, Unsubmitted> {
    let Registration::Jit { claim_url } = &app.runners.registration else {
        let name = profile.group.as_ref().unwrap_or(&app.runners.surroundings.group);
        group(app, &request.repository, name).await?;
        let token = app.github.registration_token(&request.repository).await?;
        return Ok(Credential::Token { token: token.token, expires_at: token.expires_at });
    };
    let hours = LONGEST_WAIT_HOURS + i64::from(app.runners.surroundings.max_job_hours);
    let ticket = Ticket {
        task: id.to_string(),
        profile: request.profile.clone(),
        expires: app.clock.now() + TimeDelta::hours(hours),
    };
    let ticket = ticket.seal(&app.runners.ticket_key);
    Ok(Credential::Claim { url: claim_url.to_string(), ticket })
}
