//! Sees what there is: what storage keeps, the runners, the ledger, and the jobs. It changes nothing.
//!
//! The order matters. Claims and runners are listed before tasks, so that one without a task has had none. The
//! ledger is read whole or the run ends: a task that was overlooked would be replaced. Of GitHub is read what
//! time and calls allow, and what was not reached is nobody's fault: nothing is decided on it.

use std::collections::BTreeSet;

use tracing::warn;

use super::FUNCTION;
use crate::batch::BatchError;
use crate::causes::Chain;
use crate::functions::App;
use crate::reconcile::memory::Cursor;
use crate::reconcile::{Memory, Rules, Seen};
use crate::repository::Repository;

mod look;
mod ledger;
mod runners;
mod repositories;
mod jobs;
mod deliveries;

use look::Look;

/// All that a run has seen, and what it needs to act and to go on.
pub(super) struct Observed {
    pub(super) seen: Seen,
    /// The repositories of the tasks.
    pub(super) repositories: BTreeSet<Repository>,
    /// Where the run stopped.
    pub(super) cursor: Cursor,
    /// The claims: the name of each one's task, and of its blob.
    pub(super) claims: Vec<(String, String)>,
}

/// Looks at everything, once.
///
/// # Errors
/// The ledger could not be read whole.
pub(super) async fn observe(
    app: &App,
    before: &Memory,
    rules: &Rules,
) -> Result<Observed, BatchError> {
    let look = Look::new(app, rules);
    let claims = readable(app.claims.list().await);
    let runners = runners::read(&look, &before.repositories).await;
    let releases = runners::releases(&look, runners.as_ref()).await;
    let ledger = ledger::read(app, rules).await?;
    let jobs = jobs::read(&look, &ledger, &before.cursor).await;
    let repositories = ledger.repositories();
    let seen = Seen {
        runners,
        releases,
        deliveries: deliveries::read(&look, &repositories, before).await,
        poison: readable(app.poison.peek().await).unwrap_or_default(),
        claims: claims.as_ref().map(|all| all.iter().map(|(task, _)| task.clone()).collect()),
        pools: readable(app.batch.pools().await).unwrap_or_default().into_iter().collect(),
        tasks: ledger.tasks,
        generations: ledger.generations,
        jobs: jobs.jobs,
        partial: jobs.partial,
    };
    let claims = claims.unwrap_or_default();
    Ok(Observed { seen, repositories, cursor: jobs.cursor, claims })
}

/// Goes on without what cannot be read, and says so.
fn readable<T>(read: Result<T, impl std::error::Error + 'static>) -> Option<T> {
    read.inspect_err(|err| warn!(function = FUNCTION, "goes on without: {}", Chain(err))).ok()
}
