//! Follows job events: a runner was assigned to another job, or a job ended without a runner.
//!
//! Reconciliation would find the same, minutes later. A job event only reads a few tasks; everything else, and every job
//! event that fails, is left to reconciliation.

use std::time::Duration;

use anyhow::Context;

use crate::app::App;
use crate::assignment::{AssignmentChain, AssignmentGraph, Replacement, decide_replacement};
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::collect::{FactReader, rules};
use crate::functions::replacement::request_replacement;
use crate::message::{Cancelled, Message, Reassigned};
use crate::repository::Repository;
use crate::task::TaskId;

/// How far the request for a job's runner may be behind the event that the job runs.
const REQUEST_DELAY: Duration = Duration::from_secs(15);

/// A task that was made for a job.
struct MadeTask {
    batch_job: BatchJobId,
    id: TaskId,
    state: TaskState,
    repository: Option<Repository>,
}

/// Requests another runner in place of a runner that was assigned to a job without a task.
///
/// If the job has a task, the two runners have exchanged their jobs, and the chain of the job's task continues at the
/// job of the reassigned runner. If it has no task, no chain leads through the job, and the job that the chain of the
/// reassigned runner resolves to has no runner, unless another task was made for it.
pub(super) async fn replace_reassigned(app: &App, event: &Reassigned) -> anyhow::Result<String> {
    let job = event.job;
    let Some(runner) = app.runners.deployment.parse_task(&event.runner) else {
        return Ok(format!("runner {} is not of this deployment", event.runner));
    };
    if has_own_task(app, event).await? {
        return Ok(format!("job {job} runs on runner {runner} and has a task in exchange"));
    }
    if !event.again {
        let again = Reassigned { again: true, ..event.clone() };
        app.queue.put(&Message::Reassigned(again), REQUEST_DELAY).await?;
        return Ok(format!("job {job} runs on runner {runner} and has no task yet"));
    }
    let profiles = &app.webhook.policy.profiles;
    let profile = profiles.iter().find(|profile| profile.name == event.profile);
    let profile = profile.with_context(|| format!("find profile {}", event.profile))?;
    let mut graph = AssignmentGraph::new(rules(app).chains());
    let mut facts = FactReader::new(app);
    loop {
        let chain = AssignmentChain::follow(&graph, &runner, profile);
        match decide_replacement(&graph, &chain) {
            Replacement::Missing(fact) => facts.fetch(&fact, &mut graph).await?,
            Replacement::Request(needed) => {
                let made = made_for(app, needed, |_| true).await?;
                let numbers = made.iter().map(|made| made.id.replacement);
                let last = numbers.fold(chain.last_replacement(), u32::max);
                request_replacement(app, &graph, needed, last).await?;
                return Ok(format!(
                    "job {job} runs on runner {runner}: another runner requested for job {needed}"
                ));
            }
            Replacement::NotNeeded(reason) => {
                return Ok(format!("runner {runner} needs no replacement: {reason}"));
            }
            Replacement::Retry(reason) => {
                anyhow::bail!("follow the chain of runner {runner}: {reason}");
            }
        }
    }
}

/// Terminates the waiting tasks of a job that ended without a runner: the chain of each of them ends there. A task that
/// has started finds out when it claims.
///
/// The event alone proves nothing: who knows the webhook's secret can name any job. So the task must be of the
/// repository of the event, and GitHub is asked whether the job has ended.
pub(super) async fn terminate_unneeded(app: &App, event: &Cancelled) -> anyhow::Result<String> {
    let Cancelled { job, repository, profile } = event;
    let made = made_for(app, *job, |batch_job| batch_job.profile == *profile).await?;
    let waiting = |made: &MadeTask| {
        made.state == TaskState::Active && made.repository.as_ref() == Some(repository)
    };
    let waiting: Vec<MadeTask> = made.into_iter().filter(waiting).collect();
    if waiting.is_empty() {
        return Ok(format!("job {job} ended without a runner; none of its tasks waits"));
    }
    let current = app.github.job(repository, *job).await?;
    if current.status != "completed" || current.has_runner() {
        return Ok(format!("job {job} is {}: its tasks stay", current.status));
    }
    for made in &waiting {
        app.batch.terminate(&made.batch_job, &made.id.to_string()).await?;
    }
    let names: Vec<String> = waiting.iter().map(|made| made.id.to_string()).collect();
    Ok(format!("task {} terminated: job {job} ended without a runner", names.join(", ")))
}

async fn has_own_task(app: &App, event: &Reassigned) -> Result<bool, BatchError> {
    let first = app.runners.deployment.task(event.job, 1).to_string();
    match app.batch.task(&BatchJobId::new(&event.profile, 1), &first).await {
        Err(BatchError::NoTask(_)) => {}
        read => return read.map(|_| true),
    }
    Ok(!made_for(app, event.job, |_| true).await?.is_empty())
}

/// Lists the tasks that were made for a job, in the wanted Batch jobs.
async fn made_for(
    app: &App,
    job: u64,
    wanted: impl Fn(&BatchJobId) -> bool,
) -> Result<Vec<MadeTask>, BatchError> {
    let deployment = &app.runners.deployment;
    let prefix = deployment.task(job, 1).to_string();
    let mut made = Vec::new();
    for (batch_job, _) in app.batch.jobs().await?.into_iter().filter(|(id, _)| wanted(id)) {
        let named = app.batch.tasks_named(&batch_job, &prefix).await?;
        made.extend(named.into_iter().filter_map(|task| {
            // The name `gh-123` begins with `gh-12` as well.
            let id = deployment.parse_task(&task.id).filter(|id| id.job == job)?;
            let repository = task.variable("RUNNER_REPOSITORY");
            let repository = repository.and_then(|name| Repository::try_from(name).ok());
            Some(MadeTask { batch_job: batch_job.clone(), id, state: task.state, repository })
        }));
    }
    Ok(made)
}
