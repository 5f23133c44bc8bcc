//! The claim of an agent of Azure Pipelines: registers it, if a job of its pool still waits for it.

use chrono::TimeDelta;
use tracing::Span;

use super::ClaimError;
use crate::app::{App, PipelinesService};
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::pipelines::dto::{Agent, Listed};
use crate::pipelines::need::is_needed;
use crate::pipelines::{PipelinesError, PoolId, registration};
use crate::secret::Secret;
use crate::storage::{Claim, HeldClaim, Minted};
use crate::task::TaskId;
use crate::ticket::Ticket;

/// How long a claim can be repeated after its agent was registered.
const REPEAT_TIMEOUT: TimeDelta = TimeDelta::minutes(10);
/// How much later than its registration the status of an agent may be dated that has never connected.
const REGISTRATION_SKEW: TimeDelta = TimeDelta::seconds(5);

/// Returns the configuration of an agent. The agent is recorded with the claim before it is sent.
pub(super) async fn claim(
    app: &App,
    service: &PipelinesService,
    (ticket, id): (&Ticket, &TaskId),
    nonce: &str,
) -> Result<Secret, ClaimError> {
    Span::current().record("job.id", id.job);
    let profile = service.profile(&ticket.profile).ok_or_else(|| {
        ClaimError::Retry(format!("setting RunnerProfiles has no profile {:?}", ticket.profile))
    })?;
    let run = run_of(app, ticket).await?;
    let mut held = match service.claims.take(&ticket.task, run, nonce).await? {
        Claim::Held(held) => held,
        Claim::HeldByAnother => return Err(ClaimError::HeldByAnother),
    };
    let pool = service.client.pool(&profile.pipelines_pool).await?;
    let Listed { items: mut agents, complete: all_agents } = service.client.agents(&pool).await?;
    let existing = agents.iter().position(|agent| agent.name == ticket.task);
    let existing = existing.map(|at| agents.remove(at));
    free_name(app, service, &pool, &held, existing).await?;
    let requests = service.client.requests(&pool).await?;
    let complete = all_agents && requests.complete;
    let profiles = service.profiles_of(&profile.pipelines_pool);
    let (deployment, now) = (&app.runners.deployment, app.clock.now());
    let lists = (&requests.items[..], &agents[..]);
    if !is_needed(lists, &profiles, deployment, (id, &profile.name), now) {
        return Err(match complete {
            true => ClaimError::NoRequest,
            false => ClaimError::Retry("agents or job requests could not be read".to_owned()),
        });
    }
    let key = service.keys.next().await?;
    let body = registration::body(profile, &ticket.task, &key);
    let registered = match service.client.register(&pool, None, &body).await {
        Err(PipelinesError::NameTaken) => {
            return Err(ClaimError::Retry("another agent has the name of this one".to_owned()));
        }
        registered => registered?,
    };
    let at = held.minted.as_ref().map_or(now, |minted| minted.at);
    let minted = Minted { runner: registered.id, at, level: None };
    service.claims.record(&ticket.task, run, &mut held, Some(minted)).await?;
    let organization = service.client.organization();
    let names = (profile, ticket.task.as_str());
    Ok(registration::configuration(&registered, names, (pool.id, organization), &key))
}

/// Reads when the present run of the task began.
async fn run_of(app: &App, ticket: &Ticket) -> Result<chrono::DateTime<chrono::Utc>, ClaimError> {
    let batch_job = BatchJobId::new(&ticket.profile, ticket.generation);
    let task = match app.batch.task(&batch_job, &ticket.task).await {
        Err(BatchError::NoTask(_)) => return Err(ClaimError::NoTask),
        read => read?,
    };
    match (task.state, task.started_at) {
        (TaskState::Completed, _) => Err(ClaimError::TaskEnded),
        (TaskState::Running, Some(run)) => Ok(run),
        _ => Err(ClaimError::Retry("the task is not running yet".to_owned())),
    }
}

/// Deletes the agent that has the name, if its configuration was lost, or it is that of an earlier run of the task.
async fn free_name(
    app: &App,
    service: &PipelinesService,
    pool: &PoolId,
    held: &HeldClaim,
    existing: Option<Agent>,
) -> Result<(), ClaimError> {
    let agent = match (&held.minted, existing) {
        (None, None) => return Ok(()),
        (Some(minted), Some(agent))
            if agent.id == minted.runner
                && is_unused(&agent)
                && app.clock.now() - minted.at < REPEAT_TIMEOUT =>
        {
            agent
        }
        (Some(_), _) => return Err(ClaimError::Closed),
        (None, Some(agent)) => agent,
    };
    if agent.is_online() || agent.assigned_request.is_some() {
        return Err(ClaimError::Retry(
            "the agent of an earlier run of the task is still connected".to_owned(),
        ));
    }
    match service.client.delete(pool, agent.id).await {
        Err(PipelinesError::StillRunning) => Err(ClaimError::Retry(
            "the agent of an earlier run of the task still has a job".to_owned(),
        )),
        deleted => Ok(deleted?),
    }
}

/// Returns whether an agent has never connected. A job that has read the ticket and the nonce gets no second configuration.
fn is_unused(agent: &Agent) -> bool {
    let has_had_job = agent.assigned_request.is_some() || agent.last_completed_request.is_some();
    let changed = agent.status_changed_on.zip(agent.created_on);
    let has_connected = changed.is_some_and(|(changed, made)| changed > made + REGISTRATION_SKEW);
    !agent.is_online() && !has_had_job && !has_connected
}
