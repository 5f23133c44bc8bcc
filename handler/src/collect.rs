//! Collects the facts for decisions: from storage, GitHub and Batch. It changes nothing.
//!
//! The order matters. Runners are listed before claims, so that a runner of this deployment has its claim among them, and
//! both before tasks, so that a claim or runner without a task had none. The tasks are read completely or the run ends: a
//! task that was overlooked would be replaced. From GitHub a run reads as much as its [`RequestBudget`] allows; nothing is
//! decided on facts that it did not read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tracing::warn;

use crate::app::App;
use crate::claim_failures::ClaimFailures;
use crate::error_chain::ErrorChain;
use crate::history::EndedTask;
use crate::reconcile::snapshot::{
    Ending, LedgerTask, Level, ListedJob, NodePool, PoisonMessage, PoolState, Runners, Stage,
    StoredClaim,
};
use crate::reconcile::state::Cursor;
use crate::reconcile::{ReconcileState, Rules, Snapshot, certainly_deleted};
use crate::refused_claims::RefusedClaims;
use crate::repository::Repository;
use crate::settings::Registration;
use crate::storage::{ListedClaim, StateError};
use crate::task::TaskId;

mod collector;
mod refusals;
mod facts;
mod ledger;
mod tasks;
mod runners;
mod others;
mod repositories;
mod jobs;
mod unfinished_runs;
mod missing;
mod renamed;
mod groups;
mod deliveries;
mod node_pools;

pub(crate) use collector::{Partial, RequestBudget};
pub(crate) use facts::{FactError, FactReader};

use collector::Collector;
use deliveries::Deliveries;
use ledger::Ledger;
pub(crate) use ledger::{LedgerError, generations, stage};
pub(crate) use tasks::of as tasks_of;

/// A snapshot, and the facts that the next run and the status report need.
pub(crate) struct Collected {
    pub(crate) snapshot: Snapshot,
    /// The repositories of the tasks.
    pub(crate) repositories: BTreeSet<Repository>,
    /// Where the collection stopped.
    pub(crate) cursor: Cursor,
    /// The parts that could not be read, or not completely.
    pub(crate) unread: Vec<&'static str>,
    /// The tasks that have ended.
    pub(crate) ended: Vec<EndedTask>,
    /// For each task, the repository and the workflow run of the job that it was made for.
    pub(crate) runs: BTreeMap<TaskId, (Repository, u64)>,
}

/// Collects a snapshot of everything.
///
/// # Errors
/// When the tasks could not be read completely.
pub(crate) async fn collect(
    app: &App,
    previous: &ReconcileState,
    rules: &Rules,
    budget: RequestBudget,
) -> Result<Collected, LedgerError> {
    let collector = Collector::new(app, rules, budget);
    let mut parts = Parts::default();
    let mut runners =
        parts.partial("runners", runners::read(&collector, &previous.repositories).await);
    let claims = parts.readable("claims", app.claims.list().await);
    let releases = runners::releases(&collector, &runners).await;
    let releases = parts.partial("releases", releases);
    let ledger = ledger::read(app, rules).await?;
    let jobs = jobs::read(&collector, &ledger, &previous.cursor, &runners);
    let (jobs, (azure, unread)) = tokio::join!(jobs, AzureFacts::read(app, &ledger));
    let jobs = parts.partial("jobs", jobs);
    let barred = parts.partial("groups", groups::read(&collector, &jobs).await);
    let renamed = renamed::find(&collector).await;
    let renamed = parts.partial("repositories", renamed);
    let unlisted = ledger::unlisted(app, &ledger, &jobs.jobs).await;
    others::read(&collector, &jobs.jobs, &barred.jobs, &mut runners).await;
    others::recall(&previous.others, &mut runners, app.clock.now());
    let mut repositories = repositories_to_list(&ledger, &runners, previous, rules);
    repositories.extend(present_names(&ledger, &jobs.jobs));
    let deliveries = deliveries::read(&collector, &repositories, previous).await;
    let deliveries = parts.partial("deliveries", deliveries);
    parts.unread.extend(unread.unread);
    let snapshot = Snapshot {
        claim_failures: azure.claim_failures,
        runners,
        releases,
        deliveries: deliveries.attempts,
        all_deliveries: deliveries.all,
        hooks: deliveries.hooks,
        poison: azure.poison,
        claims: claims.map(|all| all.into_iter().map(stored_claim).collect()),
        pools: azure.pools,
        node_pools: azure.node_pools,
        unlisted,
        tasks: ledger.tasks,
        generations: ledger.generations,
        batch_jobs: ledger.batch_jobs,
        pauses: ledger.pauses,
        removed_pauses: ledger.removed_pauses,
        jobs: jobs.jobs,
        runs: jobs.runs,
        barred: barred.jobs,
        restricted: barred.restricted,
        missing_runs: jobs.missing_runs,
        refused: collector.refused(),
        missing_accounts: jobs.missing_accounts,
        deleted: certainly_deleted(&jobs.absent, previous, app.clock.now()),
        absent_jobs: jobs.absent,
        public: jobs.public,
        refused_claims: azure.refused_claims,
        renamed,
    };
    let (cursor, unread, (ended, runs)) = (jobs.cursor, parts.unread, (ledger.ended, ledger.runs));
    Ok(Collected { snapshot, repositories, cursor, unread, ended, runs })
}

/// What Azure has beside the tasks; what could not be read is empty.
struct AzureFacts {
    refused_claims: RefusedClaims,
    poison: Vec<PoisonMessage>,
    pools: BTreeMap<String, PoolState>,
    node_pools: BTreeMap<String, NodePool>,
    claim_failures: ClaimFailures,
}

impl AzureFacts {
    /// Reads all of it at once, while GitHub responds, and the names of the parts that could not be read.
    async fn read(app: &App, ledger: &Ledger) -> (Self, Parts) {
        let mut parts = Parts::default();
        let (refused_claims, poison, pools, node_pools, claim_failures) = tokio::join!(
            app.refused_claims.read(),
            app.poison.peek(),
            app.batch.pools(),
            node_pools::read(app),
            claim_failures(app, ledger),
        );
        let refused_claims = parts.readable("refused-claims", refused_claims);
        let poison = parts.readable("poison", poison);
        let pools = parts.readable("pools", pools).unwrap_or_default();
        let node_pools = parts.partial("nodes", node_pools);
        let claim_failures = parts.readable("claim-failures", claim_failures);
        let facts = Self {
            refused_claims: refused_claims.unwrap_or_default(),
            poison: poison.unwrap_or_default(),
            pools: pool_states(pools, &node_pools, app.clock.now()),
            node_pools,
            claim_failures: claim_failures.unwrap_or_default(),
        };
        (facts, parts)
    }
}

/// Returns the states of the pools. A formula that was just enabled again may lack samples, which is no error of it.
fn pool_states(
    pools: Vec<(String, PoolState)>,
    node_pools: &BTreeMap<String, NodePool>,
    now: DateTime<Utc>,
) -> BTreeMap<String, PoolState> {
    let awaits = |name: &str| node_pools.get(name).is_some_and(|one| one.awaits_evaluation(now));
    let states = pools.into_iter().map(|(name, state)| {
        let autoscale_error = state.autoscale_error.filter(|_| !awaits(&name));
        (name, PoolState { autoscale_error, ..state })
    });
    states.collect()
}

/// Reads the causes of failed claims, if the claims of a task have failed.
async fn claim_failures(app: &App, ledger: &Ledger) -> Result<ClaimFailures, StateError> {
    let unclaimed = |task: &LedgerTask| match &task.stage {
        Stage::Ended { how: Ending::Failed(failure), .. } => failure.is_unclaimed(),
        _ => false,
    };
    if !ledger.tasks.iter().any(unclaimed) {
        return Ok(ClaimFailures::default());
    }
    let stored = app.claim_failures.read().await?;
    let failures = stored.bytes.as_deref().map(serde_json::from_slice);
    Ok(failures.and_then(Result::ok).unwrap_or_default())
}

fn stored_claim(claim: ListedClaim) -> StoredClaim {
    StoredClaim {
        task: claim.task,
        blob: claim.blob,
        runner: claim.minted.as_ref().map(|minted| minted.runner),
        minted: claim.minted.as_ref().map(|minted| minted.at),
        level: claim.minted.and_then(|minted| minted.level),
    }
}

/// Returns the repositories whose runners the next run lists: those of the tasks, those with registrations, and those whose
/// list was not read, if registrations without a task are known.
fn repositories_to_list(
    ledger: &Ledger,
    runners: &Runners,
    previous: &ReconcileState,
    rules: &Rules,
) -> BTreeSet<Repository> {
    let mut repositories = ledger.repositories();
    repositories.extend(runners.named.iter().map(|runner| runner.repository.clone()));
    let unread = |one: &&Repository| runners.unread.contains(&Level::of(&rules.scope, one));
    if previous.orphans.keys().next().is_some() {
        repositories.extend(previous.repositories.iter().filter(unread).cloned());
    }
    repositories
}

/// Collects a snapshot of the webhooks and their deliveries alone.
pub(crate) async fn collect_deliveries(
    app: &App,
    previous: &ReconcileState,
    rules: &Rules,
    budget: RequestBudget,
) -> Partial<Snapshot> {
    let collector = Collector::new(app, rules, budget);
    let deliveries = deliveries::read(&collector, &previous.repositories, previous).await;
    let Deliveries { hooks, attempts, all } = deliveries.value;
    let snapshot =
        Snapshot { hooks, deliveries: attempts, all_deliveries: all, ..Snapshot::default() };
    // The webhooks of an account that refuses the credential keep no other one from being replayed.
    Partial { value: snapshot, complete: all }
}

/// Returns the present names of the repositories of the tasks' jobs.
fn present_names(
    ledger: &Ledger,
    jobs: &BTreeMap<u64, ListedJob>,
) -> impl Iterator<Item = Repository> {
    let present = |task: &LedgerTask| jobs.get(&task.id.job).map(|job| job.repository.clone());
    ledger.tasks.iter().filter_map(present)
}

/// The names of the parts that could not be read, or not completely.
#[derive(Default)]
struct Parts {
    unread: Vec<&'static str>,
}

impl Parts {
    /// Returns the value of a part, and records whether it is incomplete.
    fn partial<T>(&mut self, part: &'static str, read: Partial<T>) -> T {
        self.unread.extend((!read.complete).then_some(part));
        read.value
    }

    /// Returns a part, or `None` if it could not be read, which is recorded and logged.
    fn readable<T>(
        &mut self,
        part: &'static str,
        read: Result<T, impl std::error::Error + 'static>,
    ) -> Option<T> {
        let failed = |err: &_| {
            warn!("continuing without the {part}: {}", ErrorChain(err));
            self.unread.push(part);
        };
        read.inspect_err(failed).ok()
    }
}

/// Returns the rules of this deployment.
pub(crate) fn rules(app: &App) -> Rules {
    Rules {
        deployment: app.runners.deployment.clone(),
        scope: app.scope.clone(),
        policy: app.webhook.policy.clone(),
        demand: app.reconciliation.demand,
        period: app.reconciliation.period,
        idle: app.reconciliation.idle,
        no_capacity: app.reconciliation.no_capacity,
        keep_ended: app.runners.runner_environment.max_lifetime(),
        cancel_unservable: app.reconciliation.cancel_unservable,
        registers_by_token: matches!(app.runners.registration, Registration::Token),
        registrations: app.github.registrations_per_minute(),
    }
}
