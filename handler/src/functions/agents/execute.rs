//! Executes the actions of a plan. Each is safe to repeat, and to do twice at the same time.

use tracing::warn;

use super::observe::{Observed, ObservedPool};
use crate::app::{App, PipelinesService};
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::error_chain::ErrorChain;
use crate::pipelines::key::KeyError;
use crate::pipelines::names::placeholder;
use crate::pipelines::plan::{Action, Removal};
use crate::pipelines::{PipelinesError, registration};
use crate::profiles::PipelinesProfile;
use crate::settings::Registration;
use crate::storage::PausesError;
use crate::task::{RunnerTask, TaskId};
use crate::ticket::Ticket;

/// What an action did.
pub(super) enum Done {
    /// It changed something.
    Changed(String),
    /// Nothing was to be changed any more, or not yet.
    Nothing,
    /// The run of the request has ended, although the request has no result.
    Orphaned(u64),
}

/// An action that failed. The next run decides again.
#[derive(Debug, thiserror::Error)]
pub(super) enum ActionError {
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Pauses(#[from] PausesError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Executes the actions of one pool.
pub(super) struct Executor<'a> {
    pub(super) app: &'a App,
    pub(super) service: &'a PipelinesService,
    pub(super) observed: &'a Observed<'a>,
    pub(super) pool: &'a ObservedPool<'a>,
}

/// Returns an action as it reads after "failed to".
pub(super) fn describe(action: &Action) -> String {
    match action {
        Action::Placeholder(profile, _) => format!("register the placeholder of profile {profile}"),
        Action::Add { id, .. } => format!("add task {id}"),
        Action::Disable(_, name) => format!("disable agent {name}"),
        Action::Remove { name, .. } => format!("remove agent {name}"),
        Action::Terminate(_, id, _) => format!("terminate task {id}"),
        Action::Delete(_, id) => format!("delete task {id}"),
    }
}

impl Executor<'_> {
    pub(super) async fn execute(&self, action: &Action) -> Result<Done, ActionError> {
        let (client, pool) = (&self.service.client, &self.pool.pool);
        match action {
            Action::Placeholder(profile, existing) => self.placeholder(profile, *existing).await,
            Action::Add { id, profile, check } => self.add(id, profile, *check).await,
            Action::Disable(agent, name) => {
                client.disable(pool, *agent).await?;
                Ok(Done::Changed(format!("agent {name} disabled: it has its job")))
            }
            Action::Remove { agent, name, enabled, task, why } => {
                if *enabled {
                    client.disable(pool, *agent).await?;
                }
                match client.delete(pool, *agent).await {
                    // It got a job before it was disabled, which it serves.
                    Err(PipelinesError::StillRunning) => return Ok(Done::Nothing),
                    deleted => deleted?,
                }
                if let Some((batch_job, id)) = task {
                    self.app.batch.terminate(batch_job, &id.to_string()).await?;
                }
                Ok(Done::Changed(format!("agent {name} removed: {why}")))
            }
            Action::Terminate(batch_job, id, why) => self.terminate(batch_job, id, *why).await,
            Action::Delete(batch_job, id) => {
                let name = id.to_string();
                self.app.batch.delete_task(batch_job, &name).await?;
                self.app.ended_tasks.forget(batch_job, &name);
                Ok(Done::Changed(format!("task {id} deleted: it ended long ago")))
            }
        }
    }

    /// Terminates a task. One that no request needs stays if it has started since it was listed: its agent may have a job.
    async fn terminate(
        &self,
        batch_job: &BatchJobId,
        id: &TaskId,
        why: Removal,
    ) -> Result<Done, ActionError> {
        let (batch, name) = (&self.app.batch, id.to_string());
        if why == Removal::NotNeeded {
            match batch.task(batch_job, &name).await {
                Ok(current) if current.state != TaskState::Active => return Ok(Done::Nothing),
                Ok(_) => {}
                Err(BatchError::NoTask(_)) => return Ok(Done::Nothing),
                Err(err) => return Err(err.into()),
            }
        }
        batch.terminate(batch_job, &name).await?;
        Ok(Done::Changed(format!("task {id} terminated: {why}")))
    }

    /// Registers a placeholder with a key that is thrown away: nothing can connect as it.
    async fn placeholder(&self, profile: &str, existing: Option<u64>) -> Result<Done, ActionError> {
        let Some(profile) = self.service.profile(profile) else { return Ok(Done::Nothing) };
        let name = placeholder(&self.app.runners.deployment, &profile.name);
        let body = registration::body(profile, &name, &self.service.keys.next().await?);
        match self.service.client.register(&self.pool.pool, existing, &body).await {
            Err(PipelinesError::NameTaken) => return Ok(Done::Nothing),
            registered => registered.map(drop)?,
        }
        Ok(Done::Changed(format!("placeholder {name} registered")))
    }

    async fn add(
        &self,
        id: &TaskId,
        profile: &str,
        check: Option<u64>,
    ) -> Result<Done, ActionError> {
        if let Some(run) = check
            && self.service.client.has_ended(run).await? == Some(true)
        {
            return Ok(Done::Orphaned(id.job));
        }
        let Some(profile) = self.service.profile(profile) else { return Ok(Done::Nothing) };
        let generation = self.observed.generations.get(&profile.name).copied().unwrap_or(1);
        let batch_job = BatchJobId::new(&profile.name, generation);
        let Some(task) = self.task(id, profile, &batch_job) else { return Ok(Done::Nothing) };
        let batch = &self.app.batch;
        let added = match batch.add_task(&batch_job, &task).await {
            Err(BatchError::NoJob(_)) => {
                // A Batch job that is added for a paused profile would start its task.
                if self.app.pauses.read().await?.pauses.paused(&profile.name).is_some() {
                    return Ok(Done::Nothing);
                }
                batch.add_job(&batch_job, &profile.container.pool).await?;
                batch.add_task(&batch_job, &task).await
            }
            added => added,
        };
        match added {
            Ok(()) => Ok(Done::Changed(format!("task {id} added for profile {}", profile.name))),
            // Another run has added it at the same time.
            Err(BatchError::TaskExists(_)) => Ok(Done::Nothing),
            Err(err) => Err(err.into()),
        }
    }

    fn task(
        &self,
        id: &TaskId,
        profile: &PipelinesProfile,
        batch_job: &BatchJobId,
    ) -> Option<RunnerTask> {
        let runners = &self.app.runners;
        let Registration::Jit { claim_url } = &runners.registration else { return None };
        let environment = &runners.runner_environment;
        let ticket = Ticket {
            task: id.to_string(),
            profile: profile.name.clone(),
            generation: batch_job.generation,
            expires: self.app.clock.now() + environment.max_lifetime(),
        };
        let ticket = ticket.seal(&runners.ticket_key);
        let claim = (claim_url.as_str(), &ticket);
        Some(RunnerTask::describe_agent(id.clone(), &profile.container, environment, claim))
    }
}

/// Deletes the claims of tasks that do not exist; returns their number.
pub(super) async fn delete_claims(service: &PipelinesService, observed: &Observed<'_>) -> usize {
    let mut deleted = 0;
    for claim in &observed.old_claims {
        match service.claims.delete(&claim.blob).await {
            Ok(()) => deleted += 1,
            Err(err) => warn!("failed to delete a claim of {}: {}", claim.task, ErrorChain(&err)),
        }
    }
    deleted
}
