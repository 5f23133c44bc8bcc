//! Adds the task of a request to the Batch job of its profile, or to a successor of that Batch job.

use tracing::warn;

use super::made_tasks::{MadeTask, lives_in_another, made_for};
use super::{Poison, SubmitError, Submitted};
use crate::app::App;
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::cache::Additions;
use crate::functions::group::group;
use crate::message::{MAX_REPLACEMENTS, RunnerRequest};
use crate::profiles::Profile;
use crate::settings::Registration;
use crate::task::{Credential, RunnerTask, TaskId};
use crate::ticket::Ticket;

/// The number of Batch jobs of a profile. If all of them are closed, something closes each of them as it is created.
const MAX_GENERATIONS: u32 = 64;

/// The task that has the id of a task that cannot be added.
enum ExistingTask {
    /// It waits or runs.
    Live,
    /// It has ended, or will never start.
    Ended,
    /// There is none.
    Absent,
}

/// Adds the task of a job, or the next replacement if the job is queued again after its task has ended.
pub(super) async fn submit(app: &App, request: &RunnerRequest) -> Result<Submitted, SubmitError> {
    let policy = &app.webhook.policy;
    // The setting may have changed since the request, and others than the handler may write to the queue.
    if !policy.allowed.allow(&request.repository) {
        return Ok(Submitted::NotAllowed);
    }
    let profile = policy.profiles.iter().find(|profile| profile.name == request.profile);
    let profile = profile.ok_or_else(|| Poison::NoProfile(request.profile.clone()))?;
    let mut batch_job = app.batch_jobs.newest(request);
    let mut replacement = request.replacement;
    loop {
        let id = app.runners.deployment.task(request.job, replacement);
        let closed = match add(app, request, profile, &batch_job, id.clone()).await {
            Err(SubmitError::Batch(BatchError::TaskExists(_))) => false,
            Err(SubmitError::Batch(BatchError::JobClosed { code, .. }))
                if batch_job.generation < MAX_GENERATIONS =>
            {
                wait_if_paused(app, &batch_job, code == "JobDisabled").await?;
                warn!(%batch_job, code, "Batch job {batch_job} accepts no tasks ({code}); its successor is used");
                true
            }
            added => return added.map(|()| Submitted::Added(id)),
        };
        match existing_task(app, &batch_job, &id, closed).await? {
            ExistingTask::Live => return Ok(Submitted::Covered(id)),
            ExistingTask::Ended => {
                if replacement == request.replacement {
                    // A late duplicate of a message must not start a second runner for a served job.
                    let job = app.github.job(&request.repository, request.job).await?;
                    if job.status != "queued" {
                        return Ok(Submitted::NotQueued(job.status));
                    }
                    // Its runners may have been given hundreds of other jobs.
                    let made = made_for(app, request.job, |_| true).await?;
                    if lives_in_another(&batch_job, &id, &made) {
                        return Ok(Submitted::Covered(id));
                    }
                    replacement = next_to_try(&made, replacement);
                } else {
                    replacement += 1;
                }
            }
            ExistingTask::Absent => {}
        }
        if closed {
            batch_job = batch_job.successor();
            app.batch_jobs.note(&batch_job);
        }
        if replacement > MAX_REPLACEMENTS {
            return Err(Poison::TooOften(request.job).into());
        }
    }
}

/// Returns the replacement number to try after a task that has ended: that of a later task that has not ended, or the
/// one after the last.
fn next_to_try(made: &[MadeTask], ended: u32) -> u32 {
    let later = made.iter().filter(|made| made.id.replacement > ended);
    let live = later.clone().find(|made| made.state != TaskState::Completed);
    let last = later.map(|made| made.id.replacement).max().unwrap_or(ended);
    live.map_or(last + 1, |live| live.id.replacement)
}

/// Reads the task that has this id already. A waiting task of a closed Batch job never starts.
async fn existing_task(
    app: &App,
    batch_job: &BatchJobId,
    id: &TaskId,
    closed: bool,
) -> Result<ExistingTask, BatchError> {
    let state = match app.batch.task(batch_job, &id.to_string()).await {
        Err(BatchError::NoTask(_)) => return Ok(ExistingTask::Absent),
        read => read?.state,
    };
    Ok(match state {
        TaskState::Completed => ExistingTask::Ended,
        TaskState::Active if closed => ExistingTask::Ended,
        _ => ExistingTask::Live,
    })
}

/// Adds a task, and its Batch job if it does not exist.
async fn add(
    app: &App,
    request: &RunnerRequest,
    profile: &Profile,
    batch_job: &BatchJobId,
    id: TaskId,
) -> Result<(), SubmitError> {
    let credential = credential(app, request, profile, batch_job, &id).await?;
    let url = app.scope.runner_url(&app.web, &request.repository);
    let runner_environment = &app.runners.runner_environment;
    let pinned = profile.pinned_to(&request.pinned);
    let task = RunnerTask::describe(id, request, &pinned, runner_environment, &url, &credential);
    let additions = app.batch_jobs.additions(batch_job);
    // This waits while another invocation adds the Batch job.
    let before = *additions.lock().await;
    match app.batch.add_task(batch_job, &task).await {
        Err(BatchError::NoJob(_)) => {
            add_batch_job(app, profile, batch_job, (&additions, before)).await?;
            Ok(app.batch.add_task(batch_job, &task).await?)
        }
        added => Ok(added?),
    }
}

/// Adds a missing Batch job, unless another invocation has added it after the given number of additions: a burst finds
/// the first Batch job of a profile missing a hundred times at once.
async fn add_batch_job(
    app: &App,
    profile: &Profile,
    batch_job: &BatchJobId,
    (additions, before): (&Additions, u64),
) -> Result<(), SubmitError> {
    let mut number = additions.lock().await;
    if *number == before {
        wait_if_paused(app, batch_job, false).await?;
        app.batch.add_job(batch_job, &profile.pool).await?;
        *number += 1;
    }
    Ok(())
}

/// Fails if the profile is paused, or this Batch job is still disabled after a pause: no other Batch job takes its place.
async fn wait_if_paused(
    app: &App,
    batch_job: &BatchJobId,
    disabled: bool,
) -> Result<(), SubmitError> {
    let pauses = app.pauses.read().await?.pauses;
    let Some(pause) = pauses.get(&batch_job.profile) else { return Ok(()) };
    if pause.resumed.is_some() && !(disabled && pauses.hold(batch_job)) {
        return Ok(());
    }
    let (profile, pause) = (batch_job.profile.clone(), pause.description());
    Err(SubmitError::Paused { profile, pause })
}

async fn credential(
    app: &App,
    request: &RunnerRequest,
    profile: &Profile,
    batch_job: &BatchJobId,
    id: &TaskId,
) -> Result<Credential, SubmitError> {
    let Registration::Jit { claim_url } = &app.runners.registration else {
        let name = profile.group.as_ref().unwrap_or(&app.runners.runner_environment.group);
        group(app, &request.repository, name).await?;
        let token = app.github.registration_token(&request.repository).await?;
        app.refused_claims.succeed(&request.repository, app.clock.now()).await;
        return Ok(Credential::Token { token: token.token, expires_at: token.expires_at });
    };
    let ticket = Ticket {
        task: id.to_string(),
        profile: request.profile.clone(),
        generation: batch_job.generation,
        expires: app.clock.now() + app.runners.runner_environment.max_lifetime(),
    };
    let ticket = ticket.seal(&app.runners.ticket_key);
    Ok(Credential::Claim { url: claim_url.to_string(), ticket })
}
