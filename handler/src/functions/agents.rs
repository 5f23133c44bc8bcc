//! Serves Azure Pipelines: reads its pools, decides, and executes what is due.
//!
//! The timer does it, and so does each event of a service hook. An event names neither a pool nor a request, so it is only a
//! reason to read the pools now. Events that arrive while the pools are read wait for the end of that run, and the first of
//! them reads for all.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use tracing::{error, info, warn};

use crate::app::{App, PipelinesService};
use crate::error_chain::ErrorChain;
use crate::history::Record;
use crate::ordered::InsertEach;
use crate::pipelines::history::records;
use crate::pipelines::jobs::{PipelinesJob, jobs as jobs_of};
use crate::pipelines::plan::{Action, Plan, PlanRules, Unservable, plan};
use crate::profiles::PipelinesProfile;
use crate::reconcile::snapshot::Stage;

mod execute;
pub(super) mod hooks;
mod observe;

use execute::{Done, Executor};
use observe::{ObservedPool, observe};

/// How far the clocks of two instances of the app may be apart.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(1);
/// How many changes of one pool are made at the same time.
const MAX_CONCURRENT_CHANGES: usize = 8;

/// Serves all pools, and removes claims without a task; returns the records of the jobs whose agents it has removed.
pub(crate) async fn serve(app: &App) -> Vec<Record> {
    let Some(service) = app.pipelines.as_ref() else { return Vec::new() };
    let mut began = service.runs.lock().await;
    *began = Some(app.clock.now());
    let Run { pools, ended, .. } = run(app, service, Trigger::Timer).await;
    drop(began);
    hooks::repair(app, service).await;
    super::wake::for_agents(app, &pools).await;
    ended
}

/// Serves all pools after an event, unless they have been read since.
pub(crate) async fn serve_after_event(app: &App, event: DateTime<Utc>) -> String {
    let Some(service) = app.pipelines.as_ref() else {
        return "setting AzureDevOpsUrl is not set; the event is dropped".to_owned();
    };
    let mut began = service.runs.lock().await;
    if began.is_some_and(|began| began > event + CLOCK_SKEW) {
        return "the agent pools have been read since the event".to_owned();
    }
    *began = Some(app.clock.now());
    let Run { text, pools, .. } = run(app, service, Trigger::Event).await;
    drop(began);
    super::wake::for_agents(app, &pools).await;
    text
}

/// Why the pools are read.
#[derive(Clone, Copy, PartialEq)]
enum Trigger {
    /// The timer, which also removes claims, and the agents whose jobs have ended: only its runs extend the history.
    Timer,
    /// An event.
    Event,
}

/// What a run did.
#[derive(Default)]
struct Run {
    /// A summary.
    text: String,
    /// The Batch pools for which tasks wait.
    pools: BTreeSet<String>,
    /// The records of the jobs whose agents were removed.
    ended: Vec<Record>,
}

/// Serves all pools.
async fn run(app: &App, service: &PipelinesService, trigger: Trigger) -> Run {
    let observed = match observe(app, service, trigger == Trigger::Timer).await {
        Ok(observed) => observed,
        Err(err) => {
            error!("failed to {err:#}; no agent is added or removed");
            let text = "the tasks of agents could not be read".to_owned();
            return Run { text, ..Run::default() };
        }
    };
    let (mut changes, mut run) = (0, Run::default());
    let mut unserved = BTreeSet::new();
    for pool in &observed.pools {
        let mut plan = plan(&pool.snapshot, &rules(app), app.clock.now());
        if trigger == Trigger::Event {
            plan.actions = plan.actions.into_iter().filter_map(Action::after_event).collect();
        }
        let executor = Executor { app, service, observed: &observed, pool };
        let (done, orphans) = execute_all(&executor, &plan).await;
        changes += done;
        run.pools.extend(waiting_for_nodes(pool, &plan));
        run.ended.extend(records(&pool.snapshot, &plan));
        unserved.extend(orphans.into_iter().map(|request| (request, Unservable::NotAssigned)));
        let reported =
            plan.waiting.iter().filter(|one| is_reported(app, pool, one.request, one.why));
        unserved.extend(reported.map(|one| (one.request, one.why)));
    }
    report(service, &unserved);
    changes += execute::delete_claims(service, &observed).await;
    run.text = match changes {
        0 => "agents: nothing to change".to_owned(),
        1 => "agents: 1 change made".to_owned(),
        changes => format!("agents: {changes} changes made"),
    };
    info!("{}", run.text);
    run
}

/// Returns the Batch pools of the profiles for which this run has added tasks, or for which tasks wait.
fn waiting_for_nodes(pool: &ObservedPool<'_>, plan: &Plan) -> BTreeSet<String> {
    let snapshot = &pool.snapshot;
    let waits = |profile: &&&PipelinesProfile| {
        let added = plan.actions.iter().any(|action| match action {
            Action::Add { profile: of_task, .. } => *of_task == profile.name,
            _ => false,
        });
        let mut tasks = snapshot.tasks.iter().filter(|task| task.profile == profile.name);
        let waiting = tasks.any(|task| task.stage == Stage::Waiting);
        (added || waiting) && !snapshot.paused.contains(&profile.name)
    };
    let profiles = snapshot.profiles.iter().filter(waits);
    profiles.map(|profile| profile.container.pool.clone()).insert_each()
}

fn rules(app: &App) -> PlanRules {
    PlanRules {
        deployment: app.runners.deployment.clone(),
        idle: app.reconciliation.idle,
        retention: app.runners.runner_environment.max_lifetime(),
    }
}

/// Executes a plan; returns the number of changes, and the requests whose runs have ended.
async fn execute_all(executor: &Executor<'_>, plan: &Plan) -> (usize, Vec<u64>) {
    let mut results = stream::iter(plan.actions.clone())
        .map(|action| async move {
            let result = executor.execute(&action).await;
            (action, result)
        })
        .buffered(MAX_CONCURRENT_CHANGES);
    let (mut changes, mut orphans) = (0, Vec::new());
    while let Some((action, result)) = results.next().await {
        match result {
            Ok(Done::Changed(text)) => {
                changes += 1;
                info!("{text}");
            }
            Ok(Done::Orphaned(request)) => orphans.push(request),
            Ok(Done::Nothing) => {}
            Err(err) => warn!("failed to {}: {}", execute::describe(&action), ErrorChain(&err)),
        }
    }
    (changes, orphans)
}

/// Returns whether an alert states that a request gets no agent. Agents of others may serve one that no profile matches.
fn is_reported(app: &App, pool: &ObservedPool<'_>, request: u64, why: Unservable) -> bool {
    let queued = pool.snapshot.requests.iter().find(|one| one.request_id == request);
    let age = queued.and_then(|one| one.queue_time).map(|queued| app.clock.now() - queued);
    match why {
        Unservable::NotAssigned => true,
        Unservable::NoProfile => age.is_some_and(|age| age >= app.reconciliation.no_capacity),
        Unservable::OfOthers | Unservable::Later | Unservable::Paused => false,
    }
}

/// Lists the jobs of the agent pools; `None` if not all of them could be read. Without Azure Pipelines there are none.
pub(super) async fn jobs(app: &App) -> Option<Vec<PipelinesJob>> {
    let Some(service) = app.pipelines.as_ref() else { return Some(Vec::new()) };
    let observed = observe(app, service, false).await;
    let observed =
        observed.inspect_err(|err| warn!("continuing without the jobs of agents: {err:#}"));
    let observed = observed.ok().filter(|observed| observed.complete)?;
    let of_pool = |pool: &ObservedPool<'_>| {
        let plan = plan(&pool.snapshot, &rules(app), app.clock.now());
        jobs_of(&pool.pool.name, &pool.snapshot, &plan)
    };
    Some(observed.pools.iter().flat_map(of_pool).collect())
}

/// Raises an alert for each request that was not reported before.
fn report(service: &PipelinesService, unserved: &BTreeSet<(u64, Unservable)>) {
    let new = service.runs.report(unserved.iter().map(|(request, _)| *request).insert_each());
    for (request, why) in unserved.iter().filter(|(request, _)| new.contains(request)) {
        let reason = why.text();
        error!(
            alarm = "waiting",
            "job request {request} of Azure Pipelines gets no agent: {reason}"
        );
    }
}
