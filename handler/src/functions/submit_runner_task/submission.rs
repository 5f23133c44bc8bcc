//! Adds the task of a request to the Batch job of its profile, or to the one that has taken over.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tracing::warn;

use super::{MOST_REPLACEMENTS, Poison, Submitted, Unsubmitted};
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::functions::App;
use crate::functions::group::group;
use crate::message::RunnerRequest;
use crate::profiles::Profile;
use crate::settings::Registration;
use crate::task::{Credential, RunnerTask, TaskId};
use crate::ticket::Ticket;

/// Where so many Batch jobs of a profile take no tasks, something closes them as they are made.
const MOST_GENERATIONS: u32 = 64;

/// Remembers which Batch job of each profile took tasks last, so that not each task meets the closed ones.
#[derive(Debug, Default)]
pub(in crate::functions) struct Generations(Mutex<BTreeMap<String, u32>>);

impl Generations {
    fn newest(&self, request: &RunnerRequest) -> BatchJobId {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        let newest = known.entry(request.profile.clone()).or_insert(request.generation);
        *newest = (*newest).max(request.generation);
        BatchJobId::new(&request.profile, *newest)
    }

    fn note(&self, taken_over: &BatchJobId) {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        known.insert(taken_over.profile.clone(), taken_over.generation);
    }
}

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
    let mut place = app.generations.newest(request);
    let mut replacement = request.replacement;
    loop {
        let id = app.runners.deployment.task(request.job, replacement);
        let closed = match add(app, request, profile, &place, id.clone()).await {
            Err(Unsubmitted::Batch(BatchError::TaskExists(_))) => false,
            Err(Unsubmitted::Batch(BatchError::JobClosed { code, .. }))
                if place.generation < MOST_GENERATIONS =>
            {
                warn!(function = "SubmitRunnerTask", %place, code, "succeeded by another");
                true
            }
            added => return added.map(|()| Submitted::Added(id)),
        };
        match namesake(app, &place, &id, closed).await? {
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
            place = place.successor();
            app.generations.note(&place);
        }
        if replacement > MOST_REPLACEMENTS {
            return Err(Poison::TooOften(request.job).into());
        }
    }
}

/// Looks at the task that has the name already. In a closed Batch job, one that waits never starts.
async fn namesake(
    app: &App,
    place: &BatchJobId,
    id: &TaskId,
    closed: bool,
) -> Result<Namesake, BatchError> {
    let state = match app.batch.task(place, &id.to_string()).await {
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
    place: &BatchJobId,
    id: TaskId,
) -> Result<(), Unsubmitted> {
    let credential = credential(app, request, profile, place, &id).await?;
    let url = app.scope.runner_url(&app.web, &request.repository);
    let surroundings = &app.runners.surroundings;
    let carrying = profile.pinned_to(&request.pinned);
    let task = RunnerTask::describe(id, request, &carrying, surroundings, &url, &credential);
    match app.batch.add_task(place, &task).await {
        Err(BatchError::NoJob(_)) => {
            app.batch.add_job(place, &profile.pool).await?;
            Ok(app.batch.add_task(place, &task).await?)
        }
        added => Ok(added?),
    }
}

async fn credential(
    app: &App,
    request: &RunnerRequest,
    profile: &Profile,
    place: &BatchJobId,
    id: &TaskId,
) -> Result<Credential, Unsubmitted> {
    let Registration::Jit { claim_url } = &app.runners.registration else {
        let name = profile.group.as_ref().unwrap_or(&app.runners.surroundings.group);
        group(app, &request.repository, name).await?;
        let token = app.github.registration_token(&request.repository).await?;
        return Ok(Credential::Token { token: token.token, expires_at: token.expires_at });
    };
    let ticket = Ticket {
        task: id.to_string(),
        profile: request.profile.clone(),
        generation: place.generation,
        expires: app.clock.now() + app.runners.surroundings.longest_life(),
    };
    let ticket = ticket.seal(&app.runners.ticket_key);
    Ok(Credential::Claim { url: claim_url.to_string(), ticket })
}
