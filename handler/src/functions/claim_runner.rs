//! ClaimRunner: gives a starting runner its credential, if a job still waits for a runner like it.
//!
//! Repository and profile come from the task in Batch, never from the caller. A ticket that is invalid, or is used by
//! another process, causes no request to GitHub.

use http::StatusCode;
use serde::Deserialize;
use tracing::Span;

use super::replacement::request_replacement;
use crate::app::App;
use crate::assignment::{AssignmentChain, AssignmentGraph, Claim, Conflict, decide};
use crate::batch::{BatchError, NodeId, TaskState};
use crate::batch_job::BatchJobId;
use crate::collect::{FactReader, rules};
use crate::http::{Body, BodyError, Response, read_body};
use crate::json::JsonFault;
use crate::profiles::Profile;
use crate::repository::Repository;
use crate::secret::Secret;
use crate::task::TaskId;
use crate::ticket::Ticket;

mod agent;
mod claim_error;
mod failures;
mod node;
mod registration;

use claim_error::{ClaimError, respond};
use registration::{HeldClaimOfRun, Registered, ensure_open, register};

/// A ticket and a nonce take a few hundred bytes.
const MAX_BODY_BYTES: usize = 16 << 10;

#[derive(Deserialize)]
struct ClaimRequest {
    ticket: String,
    nonce: String,
}

/// The runner that claims, as its task in Batch describes it.
struct Claimant {
    id: TaskId,
    claim: HeldClaimOfRun,
    /// The profile with the labels that are pinned to the runner.
    profile: Profile,
    /// The repository of its job, by the name that its task states.
    repository: Repository,
    /// The same repository, by its present name once that is known.
    present: Repository,
    group: String,
    /// The node of this run of the task.
    node: Option<NodeId>,
}

/// Responds to a claim.
pub(crate) async fn handle(app: &App, body: &mut Body) -> Response {
    let body = match read_body(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            let error = format!("the claim is larger than {MAX_BODY_BYTES} bytes");
            return Response::error(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(BodyError::Broken) => {
            return Response::error(StatusCode::BAD_REQUEST, "the claim ended early");
        }
    };
    match open(app, &body) {
        Ok((ticket, nonce)) => {
            Span::current().record("task.id", &ticket.task);
            let allowed = &app.runners.runner_environment.allowed_repositories;
            let claimed = claim(app, &ticket, nonce).await;
            if let Err(err) = &claimed {
                failures::record(app, &ticket.task, err).await;
            }
            if let Err(ClaimError::Node(err)) = &claimed {
                node::report(app, err);
            }
            if let Err(ClaimError::Github(err)) = &claimed
                && let Some(refusal) = err.refusal()
            {
                app.refused_claims.refuse(refusal, app.clock.now()).await;
            }
            respond(&ticket.task, allowed, claimed)
        }
        Err(err) => respond("-", "", Err(err)),
    }
}

fn open(app: &App, body: &[u8]) -> Result<(Ticket, String), ClaimError> {
    let request: ClaimRequest = serde_json::from_slice(body)
        .map_err(|err| ClaimError::Malformed(JsonFault::from(err).to_string()))?;
    let nonce = request.nonce;
    let plain = nonce.chars().all(|c| c.is_ascii_alphanumeric());
    if !(16..=128).contains(&nonce.len()) || !plain {
        return Err(ClaimError::Malformed("nonce takes 16 to 128 letters and digits".to_owned()));
    }
    Ok((Ticket::open(&request.ticket, &app.runners.ticket_key, app.clock.now())?, nonce))
}

/// Returns the configuration of the runner, after fetching the facts that the decision lacks.
async fn claim(app: &App, ticket: &Ticket, nonce: String) -> Result<Secret, ClaimError> {
    if let Some(service) = &app.pipelines
        && let Some(id) = app.runners.deployment.of_agents().parse_task(&ticket.task)
    {
        return agent::claim(app, service, (ticket, &id), &nonce).await;
    }
    let mut claimant = claimant(app, ticket, nonce).await?;
    Span::current().record("job.id", claimant.id.job);
    Span::current().record("repo", claimant.repository.to_string());
    ensure_open(app, &claimant).await?;
    app.assignments.keep_repository(claimant.id.job, &claimant.repository);
    let mut graph = AssignmentGraph::new(rules(app).chains());
    let mut facts = FactReader::new(app);
    let mut conflict = None;
    loop {
        let chain = AssignmentChain::follow(&graph, &claimant.id, &claimant.profile);
        match decide(&graph, &chain, conflict) {
            Claim::Missing(fact) => facts.fetch(&fact, &mut graph).await?,
            Claim::Mint if facts.learn_visibility(&chain, &mut graph).await? => {}
            Claim::Mint => {
                if let Some(present) = graph.repository(claimant.id.job) {
                    claimant.present = present.clone();
                }
                match register(app, &mut claimant).await? {
                    Registered::Jit(configuration) => {
                        app.refused_claims.succeed(&claimant.present, app.clock.now()).await;
                        return Ok(configuration);
                    }
                    Registered::Conflict(found) => conflict = Some(found),
                }
            }
            Claim::RequestReplacement(job) => {
                let last = chain.last_replacement();
                request_replacement(app, &graph, job, last).await?;
                return Err(match conflict {
                    Some(Conflict::Foreign) => ClaimError::NameTaken(job),
                    _ => ClaimError::LabelMismatch(job),
                });
            }
            Claim::NotNeeded(reason) => return Err(ClaimError::NotNeeded(reason)),
            Claim::Retry(reason) => return Err(ClaimError::Retry(reason.to_string())),
        }
    }
}

/// Reads the task that the ticket names, and takes the claim for its present run.
async fn claimant(app: &App, ticket: &Ticket, nonce: String) -> Result<Claimant, ClaimError> {
    let batch_job = BatchJobId::new(&ticket.profile, ticket.generation);
    let task = match app.batch.task(&batch_job, &ticket.task).await {
        Err(BatchError::NoTask(_)) => return Err(ClaimError::NoTask),
        read => read?,
    };
    let run = match (task.state, task.started_at) {
        (TaskState::Completed, _) => return Err(ClaimError::TaskEnded),
        (TaskState::Running, Some(run)) => run,
        _ => return Err(ClaimError::Retry("the task is not running yet".to_owned())),
    };
    let id = app.runners.deployment.parse_task(&ticket.task);
    let profiles = &app.webhook.policy.profiles;
    let profile = task.variable("RUNNER_PROFILE");
    let profile = profiles.iter().find(|own| Some(own.name.as_str()) == profile);
    let repository = task.variable("RUNNER_REPOSITORY");
    let repository = repository.and_then(|name| Repository::try_from(name).ok());
    let (Some(id), Some(profile), Some(repository)) = (id, profile, repository) else {
        let reason = "the environment of the task names no known profile or no repository";
        return Err(ClaimError::Retry(reason.to_owned()));
    };
    let claim = HeldClaimOfRun::take(app, &ticket.task, run, nonce).await?;
    let group =
        task.variable("RUNNER_GROUP").unwrap_or(&app.runners.runner_environment.group).to_owned();
    let pinned = task.variable("RUNNER_PINNED_LABELS").unwrap_or_default();
    let profile = profile.pinned_to(&pinned.split(',').collect::<Vec<_>>());
    let node = task.node.clone();
    Ok(Claimant { id, claim, profile, present: repository.clone(), repository, group, node })
}
