//! Adds the task of a request to the Batch job of its profile, or to the one that has taken over.

use tracing::warn;

use super::{MOST_REPLACEMENTS, Poison, Submitted, Unsubmitted};
use crate::app::App;
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::functions::group::group;
use crate::message::RunnerRequest;
use crate::profiles::Profile;
use crate::settings::Registration;
use crate::task::{Credential, RunnerTask, TaskId};
use crate::ticket::Ticket;

/// Where so many Batch jobs of a profile take no tasks, something closes them as they are made.
const MOST_GENERATIONS: u32 = 64;

/// How a task of the asked name stands, where it cannot be added.
enum Namesake {
    /// It waits or runs.
    Lives,
    /// It has ended, or will never start.
    Spent,
    /// There is none.
    Absent,
}

/// Adds the job's task, or the next replacement where it came back after its task had ended.
pub(super) async fn submit(app: &App, request: &RunnerRequest) -> Result<Submitted, Unsubmitted> {
    let profiles = &app.webhook.policy.profiles;
    let profile = profiles.iter().find(|profile| profile.name == request.profile);
    let profile = profile.ok_or_else(|| Poison::NoProfile(request.profile.clone()))?;
    let mut batch_job = app.batch_jobs.newest(request);
    let mut replacement = request.replacement;
    loop {
        let id = app.runners.deployment.task(request.job, replacement);
        let closed = match add(app, request, profile, &batch_job, id.clone()).await {
            Err(Unsubmitted::Batch(BatchError::TaskExists(_))) => false,
            Err(Unsubmitted::Batch(BatchError::JobClosed { code, .. }))
                if batch_job.generation < MOST_GENERATIONS =>
            {
                warn!(%batch_job, code, "succeeded by another");
                true
            }
            added => return added.map(|()| Submitted::Added(id)),
        };
        match namesake(app, &batch_job, &id, closed).await? {
            Namesake::Lives => return Ok(Submitted::Covered(id)),
            Namesake::Spent => {
                if replacement == request.replacement {
                    // A late duplicate of a served job's message must not start a second runner.
                    let job = app.github.job(&request.repository, request.job).await?;
                    if job.status != "queued" {
                        return Ok(Submitted::NotQueued(job.status));
                    }
                }
                replacement += 1;
            }
            Namesake::Absent => {}
        }
        if closed {
            batch_job = batch_job.successor();
            app.batch_jobs.note(&batch_job);
        }
        if replacement > MOST_REPLACEMENTS {
            return Err(Poison::TooOften(request.job).into());
        }
    }
}

/// Looks at the task that has the name already. In a closed Batch job, one that waits never starts.
async fn namesake(
    app: &App,
    batch_job: &BatchJobId,
    id: &TaskId,
    closed: bool,
) -> Result<Namesake, BatchError> {
    let state = match app.batch.task(batch_job, &id.to_string()).await {
        Err(BatchError::NoTask(_)) => return Ok(Namesake::Absent),
        seen => seen?.state,
    };
    Ok(match state {
        TaskState::Completed => Namesake::Spent,
        TaskState::Active if closed => Namesake::Spent,
        _ => Namesake::Lives,
    })
}

/// Adds a task, and its Batch job where there is none.
async fn add(
    app: &App,
    request: &RunnerRequest,
    profile: &Profile,
    batch_job: &BatchJobId,
    id: TaskId,
) -> Result<(), Unsubmitted> {
    let credential = credential(app, request, profile, batch_job, &id).await?;
    let url = app.scope.runner_url(&app.web, &request.repository);
    let runner_environment = &app.runners.runner_environment;
    let carrying = profile.pinned_to(&request.pinned);
    let task = RunnerTask::describe(id, request, &carrying, runner_environment, &url, &credential);
    match app.batch.add_task(batch_job, &task).await {
        Err(BatchError::NoJob(_)) => {
            app.batch.add_job(batch_job, &profile.pool).await?;
            Ok(app.batch.add_task(batch_job, &task).await?)
        }
        added => Ok(added?),
    }
}

async fn credential(
    app: &App,
    request: &RunnerRequest,
    profile: &Profile,
    batch_job: &BatchJobId,
    id: &TaskId,
) -> Result<Credential, Unsubmitted> {
    let Registration::Jit { claim_url } = &app.runners.registration else {
        let name = profile.group.as_ref().unwrap_or(&app.runners.runner_environment.group);
        group(app, &request.repository, name).await?;
        let token = app.github.registration_token(&request.repository).await?;
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
