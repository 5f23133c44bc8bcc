//! ClaimRunner: gives a starting runner its credential, if a job still waits for one like it.
//!
//! Repository and profile come from the task in Batch, never from the caller. A ticket that is bad, or used
//! by another process, causes no call to GitHub.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use super::group::group;
use super::walk::{Ahead, End, Waiting, ahead, walk};
use crate::app::App;
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::claim::NotNeeded;
use crate::github::{Presence, Registered, RunnerToRegister};
use crate::http::{Body, BodyError, Response, read_body};
use crate::json::JsonFault;
use crate::message::Message;
use crate::profiles::Profile;
use crate::repository::Repository;
use crate::secret::Secret;
use crate::storage::Claim;
use crate::task::TaskId;
use crate::ticket::Ticket;

mod unclaimed;

use unclaimed::{Unclaimed, report};

/// A ticket and a nonce are a few hundred bytes.
const BODY_LIMIT: usize = 16 << 10;

#[derive(Deserialize)]
struct ClaimRequest {
    ticket: String,
    nonce: String,
}

/// The runner that claims, as its task in Batch describes it.
struct Claimant {
    id: TaskId,
    /// With the labels that were pinned to it.
    profile: Profile,
    repository: Repository,
    group: String,
}

/// Answers a claim.
pub(crate) async fn handle(app: &App, body: &mut Body) -> Response {
    let body = match read_body(body, BODY_LIMIT).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            let error = format!("the claim is larger than {BODY_LIMIT} bytes");
            return Response::error(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(BodyError::Broken) => {
            return Response::error(StatusCode::BAD_REQUEST, "the claim ended early");
        }
    };
    match open(app, &body) {
        Ok((ticket, nonce)) => {
            let claimed = claim(app, &ticket, &nonce).await;
            report(&ticket.task, claimed)
        }
        Err(unclaimed) => report("-", Err(unclaimed)),
    }
}

fn open(app: &App, body: &[u8]) -> Result<(Ticket, String), Unclaimed> {
    let request: ClaimRequest = serde_json::from_slice(body)
        .map_err(|err| Unclaimed::Malformed(JsonFault::from(err).to_string()))?;
    let nonce = request.nonce;
    let plain = nonce.chars().all(|c| c.is_ascii_alphanumeric());
    if !(16..=128).contains(&nonce.len()) || !plain {
        return Err(Unclaimed::Malformed("nonce takes 16 to 128 letters and digits".to_owned()));
    }
    Ok((Ticket::open(&request.ticket, &app.runners.ticket_key, app.clock.now())?, nonce))
}

async fn claim(app: &App, ticket: &Ticket, nonce: &str) -> Result<Secret, Unclaimed> {
    let claimant = claimant(app, ticket, nonce).await?;
    let Claimant { id, profile, repository, .. } = &claimant;
    let walked = walk(app, id, profile, id.clone(), repository.clone()).await?;
    match walked.end {
        End::Serve(_) => serve(app, &claimant, &walked.path).await,
        End::NotNeeded(gone) => Err(gone.into()),
        End::Replace(waiting) => Err(replace(app, &walked.path, &waiting).await?),
    }
}

/// Mints for a job that takes such a runner, unless another one that has a node already is on the way to it.
async fn serve(app: &App, claimant: &Claimant, path: &[TaskId]) -> Result<Secret, Unclaimed> {
    let alone = path.len() == 1 && claimant.id.replacement == 1;
    match if alone { None } else { ahead(app, path).await? } {
        Some(Ahead::Idles(_)) => Err(Unclaimed::NotNeeded("another runner waits for the job")),
        Some(Ahead::Takes(task)) => {
            Err(Unclaimed::Undetermined(format!("runner {task} may be taking the job")))
        }
        Some(Ahead::Starts(task)) => mint_in_order(app, claimant, (true, task)).await,
        Some(Ahead::Claims(task)) => mint_in_order(app, claimant, (false, task)).await,
        Some(Ahead::Waits(_)) | None => mint(app, claimant).await,
    }
}

/// Mints if the other one that claims goes behind. First go those that are registered, and may have been answered;
/// of two alike, the one with the lower name.
async fn mint_in_order(
    app: &App,
    claimant: &Claimant,
    (registered, other): (bool, TaskId),
) -> Result<Secret, Unclaimed> {
    let own = app.github.presence(&claimant.repository, &claimant.id.to_string()).await?;
    if (own == Presence::Absent, &claimant.id) < (!registered, &other) {
        mint(app, claimant).await
    } else {
        Err(Unclaimed::Undetermined(format!("task {other} claims for the same job")))
    }
}

/// Asks for a runner for the job at the end of the way, which takes none like this one, unless another task is on
/// the way to it.
async fn replace(app: &App, path: &[TaskId], waiting: &Waiting) -> Result<Unclaimed, Unclaimed> {
    if ahead(app, path).await?.is_some() {
        return Ok(Unclaimed::NotNeeded("the job that is left has another task"));
    }
    let request = waiting.request(app, waiting.made_for.replacement)?;
    app.queue.put(&Message::Request(request), Duration::ZERO).await?;
    Ok(Unclaimed::NotNeeded("the job that is left asks for another kind of runner"))
}

/// Reads the task that the ticket names, and takes the claim for its present run.
async fn claimant(app: &App, ticket: &Ticket, nonce: &str) -> Result<Claimant, Unclaimed> {
    let unclear = |what: &str| Unclaimed::Undetermined(format!("task {} {what}", ticket.task));
    let batch_job = BatchJobId::new(&ticket.profile, ticket.generation);
    let task = match app.batch.task(&batch_job, &ticket.task).await {
        Err(BatchError::NoTask(_)) => {
            return Err(Unclaimed::NotNeeded("the task no longer exists"));
        }
        seen => seen?,
    };
    let run = match (task.state, task.started_at) {
        (TaskState::Completed, _) => return Err(Unclaimed::NotNeeded("the task has ended")),
        (TaskState::Running, Some(run)) => run,
        _ => return Err(unclear("is not running yet")),
    };
    let id = app.runners.deployment.parse_task(&ticket.task);
    let profiles = &app.webhook.policy.profiles;
    let profile = task.variable("RUNNER_PROFILE");
    let profile = profiles.iter().find(|own| Some(own.name.as_str()) == profile);
    let repository = task.variable("RUNNER_REPOSITORY");
    let repository = repository.and_then(|name| Repository::try_from(name).ok());
    let (Some(id), Some(profile), Some(repository)) = (id, profile, repository) else {
        return Err(unclear("does not say which profile and repository it is for"));
    };
    match app.claims.take(&ticket.task, run, nonce).await? {
        Claim::Held => {}
        Claim::HeldByAnother => return Err(Unclaimed::Taken),
    }
    let group =
        task.variable("RUNNER_GROUP").unwrap_or(&app.runners.runner_environment.group).to_owned();
    let pinned = task.variable("RUNNER_PINNED_LABELS").unwrap_or_default();
    let profile = profile.pinned_to(&pinned.split(',').collect::<Vec<_>>());
    Ok(Claimant { id, profile, repository, group })
}

async fn mint(app: &App, claimant: &Claimant) -> Result<Secret, Unclaimed> {
    let name = claimant.id.to_string();
    let group = group(app, &claimant.repository, &claimant.group).await?;
    let runner = RunnerToRegister { name: &name, labels: &claimant.profile.labels, group };
    match app.github.register(&claimant.repository, &runner).await? {
        Registered::Jit(configuration) => Ok(configuration),
        Registered::Busy => Err(NotNeeded::Served.into()),
        Registered::Idle => Err(Unclaimed::Undetermined(format!("runner {name} waits for a job"))),
    }
}
