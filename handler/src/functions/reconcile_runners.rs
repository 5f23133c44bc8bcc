//! ReconcileRunners: collects a snapshot, plans repairs, and executes them.
//!
//! A run may be killed between any two repairs. The next run of its schedule starts from a new snapshot.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use http::StatusCode;
use tracing::{error, info};

use crate::app::App;
use crate::collect::{RequestBudget, collect, rules};
use crate::github::Purpose;
use crate::http::Response;
use crate::invocation;
use crate::polling::{DemandSource, STATUSES, statuses};
use crate::reconcile::execute::execute;
use crate::reconcile::{ReconcileState, Rules, plan};
use crate::storage::Written;

/// Half of the time of a run: the other half is left to read the tasks and to execute the repairs.
const BUDGET: RequestBudget = RequestBudget {
    time: Duration::from_secs(100),
    requests: 800,
    purpose: Purpose::LowPriority,
    statuses: &STATUSES,
};

/// Responds to an invocation of the timer.
pub(crate) async fn handle(app: &App) -> Response {
    // A fault of one service does not keep the other from being served.
    let (reconciled, ended) =
        tokio::join!(reconcile(app).boxed(), super::agents::serve(app).boxed());
    super::history::record_agents(app, ended).await;
    match reconciled {
        Ok(done) => {
            info!("{done}");
            Response::json(StatusCode::OK, &invocation::response(&done))
        }
        Err(err) => {
            error!("failed to {err:#}");
            Response::error(StatusCode::INTERNAL_SERVER_ERROR, format!("{err:#}"))
        }
    }
}

async fn reconcile(app: &App) -> anyhow::Result<String> {
    let stored = app.reconcile_state.read().await.context("read the state of the last run")?;
    let previous = stored.bytes.as_deref().map(serde_json::from_slice::<ReconcileState>);
    // The state of another version is dropped: conditions that must hold for a while are observed once more.
    let previous = previous.and_then(Result::ok).unwrap_or_default();
    let rules = rules(app);
    let (budget, all_listed_at) = budget(&rules, &previous, app.clock.now());
    let collected = collect(app, &previous, &rules, budget).await.context("list the tasks")?;
    let (repairs, next) = plan(&collected.snapshot, &previous, &rules, app.clock.now());
    let next = ReconcileState {
        repositories: collected.repositories.clone(),
        cursor: collected.cursor.clone(),
        all_listed_at,
        ..next
    };
    if next != previous {
        let bytes = serde_json::to_vec(&next).expect("plain fields always serialize");
        let written = app.reconcile_state.write(bytes, &stored).await;
        if written.context("write the state of this run")? == Written::Conflict {
            return Ok(
                "another run has written its state first; this run repairs nothing".to_owned()
            );
        }
    }
    let done = execute(app, repairs).await;
    super::wake::for_waiting_tasks(app, &collected.snapshot).await;
    super::history::record(app, &collected, &rules).await;
    Ok(done)
}

/// Returns the budget of a run, and when the runs of all statuses were listed after it, if jobs become known by polling.
fn budget(
    rules: &Rules,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> (RequestBudget, Option<DateTime<Utc>>) {
    if rules.demand == DemandSource::Webhook {
        return (BUDGET, None);
    }
    let statuses = statuses(previous.all_listed_at, now);
    let all = statuses == STATUSES;
    let budget = RequestBudget { purpose: Purpose::FindJobs, statuses, ..BUDGET };
    (budget, if all { Some(now) } else { previous.all_listed_at })
}
