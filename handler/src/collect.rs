//! Collects the facts for decisions: from storage, GitHub and Batch. It changes nothing.
//!
//! The order matters. Claims and runners are listed before tasks, so that a claim or runner without a task had none. The
//! tasks are read completely or the run ends: a task that was overlooked would be replaced. From GitHub a run reads as
//! much as its [`RequestBudget`] allows; nothing is decided on facts that it did not read.

use std::collections::BTreeSet;

use tracing::warn;

use crate::app::App;
use crate::batch::BatchError;
use crate::error_chain::ErrorChain;
use crate::reconcile::snapshot::StoredClaim;
use crate::reconcile::state::Cursor;
use crate::reconcile::{ReconcileState, Rules, Snapshot};
use crate::repository::Repository;
use crate::storage::ListedClaim;

mod collector;
mod facts;
mod ledger;
mod runners;
mod repositories;
mod jobs;
mod groups;
mod deliveries;

pub(crate) use collector::{Partial, RequestBudget};
pub(crate) use facts::{FactError, FactReader};

use collector::Collector;

/// A snapshot, and the facts that the next run and the status report need.
pub(crate) struct Collected {
    pub(crate) snapshot: Snapshot,
    /// The repositories of the tasks.
    pub(crate) repositories: BTreeSet<Repository>,
    /// Where the collection stopped.
    pub(crate) cursor: Cursor,
    /// The parts that could not be read, or not completely.
    pub(crate) unread: Vec<&'static str>,
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
) -> Result<Collected, BatchError> {
    let collector = Collector::new(app, rules, budget);
    let mut parts = Parts::default();
    let claims = parts.readable("claims", app.claims.list().await);
    let runners = parts.partial("runners", runners::read(&collector, &previous.repositories).await);
    let releases = runners::releases(&collector, &runners).await;
    let releases = parts.partial("releases", releases);
    let ledger = ledger::read(app, rules).await?;
    let jobs = jobs::read(&collector, &ledger, &previous.cursor).await;
    let jobs = parts.partial("jobs", jobs);
    let barred = parts.partial("groups", groups::read(&collector, &jobs.jobs).await);
    let repositories = ledger.repositories();
    let deliveries = deliveries::read(&collector, &repositories, previous).await;
    let all_deliveries = deliveries.complete;
    let deliveries = parts.partial("deliveries", deliveries);
    let poison = parts.readable("poison", app.poison.peek().await);
    let pools = parts.readable("pools", app.batch.pools().await);
    let snapshot = Snapshot {
        runners,
        releases,
        deliveries: deliveries.attempts,
        all_deliveries,
        hooks: deliveries.hooks,
        poison: poison.unwrap_or_default(),
        claims: claims.map(|all| all.into_iter().map(stored_claim).collect()),
        pools: pools.unwrap_or_default().into_iter().collect(),
        tasks: ledger.tasks,
        generations: ledger.generations,
        jobs: jobs.jobs,
        runs: jobs.runs,
        barred,
        missing_runs: jobs.missing_runs,
        refused: collector.refusal(),
    };
    let (cursor, unread) = (jobs.cursor, parts.unread);
    Ok(Collected { snapshot, repositories, cursor, unread })
}

fn stored_claim(claim: ListedClaim) -> StoredClaim {
    StoredClaim {
        task: claim.task,
        blob: claim.blob,
        runner: claim.minted.map(|minted| minted.runner),
        minted: claim.minted.map(|minted| minted.at),
    }
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
    let Partial { value, complete } = deliveries;
    let snapshot = Snapshot {
        hooks: value.hooks,
        deliveries: value.attempts,
        all_deliveries: complete,
        ..Snapshot::default()
    };
    Partial { value: snapshot, complete }
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
        idle: app.reconciliation.idle,
        no_capacity: app.reconciliation.no_capacity,
        keep_ended: app.runners.runner_environment.max_lifetime(),
        cancel_unservable: app.reconciliation.cancel_unservable,
    }
}
