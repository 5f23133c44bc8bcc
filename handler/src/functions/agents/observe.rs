//! Reads the tasks of agents, and then the agents and the job requests of each pool.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use tracing::error;

use crate::app::{App, PipelinesService};
use crate::batch_job::BatchJobId;
use crate::collect::{generations, stage, tasks_of};
use crate::error_chain::ErrorChain;
use crate::ordered::InsertEach;
use crate::pipelines::plan::{AgentTask, PoolSnapshot};
use crate::pipelines::{PipelinesError, PoolId};
use crate::storage::ListedClaim;

/// What a run has read.
pub(super) struct Observed<'a> {
    pub(super) pools: Vec<ObservedPool<'a>>,
    /// Whether all pools could be read, with all of their agents and requests.
    pub(super) complete: bool,
    /// The number of the first Batch job of each profile that accepts tasks.
    pub(super) generations: BTreeMap<String, u32>,
    /// The claims of tasks that do not exist.
    pub(super) old_claims: Vec<ListedClaim>,
}

/// What a run has read about one pool.
pub(super) struct ObservedPool<'a> {
    pub(super) pool: PoolId,
    pub(super) snapshot: PoolSnapshot<'a>,
}

/// Reads everything. A pool that cannot be read is left out, and nothing is done about it.
///
/// # Errors
/// When the tasks could not be read completely.
pub(super) async fn observe<'a>(
    app: &App,
    service: &'a PipelinesService,
    with_claims: bool,
) -> anyhow::Result<Observed<'a>> {
    let claims = match with_claims {
        true => service.claims.list().await.context("list the claims of agents")?,
        false => Vec::new(),
    };
    let (tasks, generations, paused) = tasks(app, service).await?;
    let names: BTreeSet<String> = tasks.iter().map(|task| task.id.to_string()).insert_each();
    let old_claims = claims.into_iter().filter(|claim| !names.contains(&claim.task)).collect();
    let mut pools = Vec::new();
    let names = service.pools();
    for name in &names {
        match pool(service, name, &tasks, &paused).await {
            Ok(pool) => pools.push(pool),
            Err(err) => log(name, &err),
        }
    }
    let complete = pools.len() == names.len() && pools.iter().all(|one| one.snapshot.complete);
    Ok(Observed { pools, complete, generations, old_claims })
}

fn log(name: &str, err: &PipelinesError) {
    let text = ErrorChain(err);
    match err {
        PipelinesError::Unavailable { .. } => {
            tracing::warn!("continuing without agent pool {name:?}: {text}");
        }
        _ => error!(alarm = "credential", "failed to read agent pool {name:?}: {text}"),
    }
}

async fn tasks(
    app: &App,
    service: &PipelinesService,
) -> anyhow::Result<(Vec<AgentTask>, BTreeMap<String, u32>, BTreeSet<String>)> {
    let all = app.batch.jobs().await.context("list the Batch jobs")?;
    // A record is written before its Batch jobs are disabled: one that is listed as disabled has its record by now.
    let pauses = app.pauses.read().await.context("read the paused profiles")?.pauses;
    let all = pauses.apply(all);
    let of_agents = |job: &BatchJobId| service.profile(&job.profile).is_some();
    let all: Vec<_> = all.into_iter().filter(|(job, _)| of_agents(job)).collect();
    let names = app.runners.deployment.of_agents();
    let mut tasks = Vec::new();
    for (batch_job, state) in &all {
        let listed = tasks_of(app, batch_job).await.context("list the tasks of agents")?;
        let of_agents = listed.iter().filter_map(|task| {
            let id = names.parse_task(&task.id)?;
            let (profile, batch_job) = (batch_job.profile.clone(), batch_job.clone());
            Some(AgentTask {
                id,
                profile,
                batch_job,
                stage: stage(task, *state),
                began: task.execution_info.start_time,
                node: task.node_info.as_ref().and_then(|node| node.node.clone()),
                exit: task.execution_info.exit_code,
            })
        });
        tasks.extend(of_agents);
    }
    let paused = service.settings.profiles.iter().map(|profile| profile.name.clone());
    let paused = paused.filter(|name| pauses.paused(name).is_some()).insert_each();
    let generations = generations(&all);
    for (profile, generation) in &generations {
        app.batch_jobs.note(&BatchJobId::new(profile, *generation));
    }
    Ok((tasks, generations, paused))
}

async fn pool<'a>(
    service: &'a PipelinesService,
    name: &str,
    tasks: &[AgentTask],
    paused: &BTreeSet<String>,
) -> Result<ObservedPool<'a>, PipelinesError> {
    let profiles = service.profiles_of(name);
    let is_of_pool = |task: &&AgentTask| profiles.iter().any(|one| one.name == task.profile);
    let tasks = tasks.iter().filter(is_of_pool).cloned().collect();
    let pool = service.client.pool(name).await?;
    let agents = service.client.agents(&pool).await?;
    let requests = service.client.requests(&pool).await?;
    let complete = agents.complete && requests.complete;
    let (agents, requests, paused) = (agents.items, requests.items, paused.clone());
    let snapshot = PoolSnapshot { profiles, agents, requests, tasks, complete, paused };
    Ok(ObservedPool { pool, snapshot })
}
