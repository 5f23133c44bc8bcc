//! Sees what there is: what storage keeps, the runners, the ledger, and the jobs. It changes nothing.
//!
//! The order matters. Claims and runners are listed before tasks, so that one without a task has had none. The
//! ledger is read whole or nothing is known: a task that was overlooked would be replaced. Of GitHub is read what
//! time and calls allow, and what was not reached is nobody's fault: nothing is decided on it.

use std::collections::BTreeSet;

use tracing::warn;

use crate::app::App;
use crate::batch::BatchError;
use crate::error_chain::ErrorChain;
use crate::reconcile::state::Cursor;
use crate::reconcile::{ReconcileState, Rules, Snapshot};
use crate::repository::Repository;

mod look;
mod ledger;
mod runners;
mod repositories;
mod jobs;
mod groups;
mod deliveries;

use deliveries::Deliveries;
pub(super) use look::Bounds;
use look::Look;

/// All that was seen, and what it takes to act and to go on.
pub(super) struct Observed {
    pub(super) seen: Snapshot,
    /// The repositories of the tasks.
    pub(super) repositories: BTreeSet<Repository>,
    /// Where the look stopped.
    pub(super) cursor: Cursor,
    /// The claims: the name of each one's task, and of its blob.
    pub(super) claims: Vec<(String, String)>,
    /// What could not be read, or was not reached.
    pub(super) unread: Vec<&'static str>,
}

/// Looks at everything, once.
///
/// # Errors
/// The ledger could not be read whole.
pub(super) async fn observe(
    app: &App,
    previous: &ReconcileState,
    rules: &Rules,
    bounds: Bounds,
) -> Result<Observed, BatchError> {
    let look = Look::new(app, rules, bounds);
    let mut unread = Unread { look: &look, parts: Vec::new() };
    let claims = unread.unless_readable("claims", app.claims.list().await);
    let runners =
        unread.unless_reached("runners", runners::read(&look, &previous.repositories).await);
    let releases = runners::releases(&look, runners.as_ref()).await;
    let releases = unread.unless_reached("releases", releases);
    let ledger = ledger::read(app, rules).await?;
    let jobs = jobs::read(&look, &ledger, &previous.cursor).await;
    let jobs = unread.unless_reached("jobs", jobs);
    let barred = unread.unless_reached("groups", groups::read(&look, &jobs.jobs).await);
    let repositories = ledger.repositories();
    let deliveries = deliveries::read(&look, &repositories, previous).await;
    let deliveries = unread.unless_reached("deliveries", deliveries);
    let poison = unread.unless_readable("poison", app.poison.peek().await);
    let pools = unread.unless_readable("pools", app.batch.pools().await);
    let seen = Snapshot {
        runners,
        releases,
        deliveries: deliveries.list,
        all_deliveries: deliveries.complete,
        hooks: deliveries.hooks,
        poison: poison.unwrap_or_default(),
        claims: claims.as_ref().map(|all| all.iter().map(|(task, _)| task.clone()).collect()),
        pools: pools.unwrap_or_default().into_iter().collect(),
        tasks: ledger.tasks,
        generations: ledger.generations,
        jobs: jobs.jobs,
        barred,
        partial: jobs.partial,
    };
    let (claims, unread) = (claims.unwrap_or_default(), unread.parts);
    Ok(Observed { seen, repositories, cursor: jobs.cursor, claims, unread })
}

/// Looks at our webhooks alone; `None` where a list was not reached to its end.
pub(super) async fn deliveries(
    app: &App,
    previous: &ReconcileState,
    rules: &Rules,
    bounds: Bounds,
) -> Option<Snapshot> {
    let look = Look::new(app, rules, bounds);
    let Deliveries { hooks, list, complete } =
        deliveries::read(&look, &previous.repositories, previous).await;
    complete.then(|| Snapshot {
        hooks,
        deliveries: list,
        all_deliveries: complete,
        ..Snapshot::default()
    })
}

/// Notes which parts could not be read, or were not reached.
struct Unread<'a> {
    look: &'a Look<'a>,
    parts: Vec<&'static str>,
}

impl Unread<'_> {
    fn unless_reached<T>(&mut self, part: &'static str, read: T) -> T {
        self.parts.extend(self.look.has_missed().then_some(part));
        read
    }

    /// Goes on without what cannot be read, and says so.
    fn unless_readable<T>(
        &mut self,
        part: &'static str,
        read: Result<T, impl std::error::Error + 'static>,
    ) -> Option<T> {
        let failed = |err: &_| {
            warn!("goes on without: {}", ErrorChain(err));
            self.parts.push(part);
        };
        read.inspect_err(failed).ok()
    }
}

/// What a look at this deployment keeps to.
pub(super) fn rules(app: &App) -> Rules {
    Rules {
        deployment: app.runners.deployment.clone(),
        policy: app.webhook.policy.clone(),
        idle: app.reconciliation.idle,
        no_capacity: app.reconciliation.no_capacity,
        keep_ended: app.runners.runner_environment.max_lifetime(),
        cancel_unservable: app.reconciliation.cancel_unservable,
    }
}
