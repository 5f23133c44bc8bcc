//! ReconcileRunners: sees what is there, has it decided what is wrong, and repairs that.
//!
//! A run that is killed has done each thing or not; the next one, two minutes later, begins anew.

use std::time::Duration;

use anyhow::Context;
use http::StatusCode;
use tracing::{error, info};

use super::observe::{Bounds, observe, rules};
use crate::app::App;
use crate::http::Response;
use crate::invocation;
use crate::reconcile::{ReconcileState, plan};
use crate::storage::Written;

pub(super) mod act;

use act::act;

/// Half of the time of a run, so that the other half is left to read the ledger and to repair.
const BOUNDS: Bounds = Bounds { longest: Duration::from_secs(100), most_calls: 800 };

/// Answers an invocation.
pub(crate) async fn handle(app: &App) -> Response {
    match reconcile(app).await {
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
    let kept = app.reconcile_state.read().await.context("recall the last run")?;
    let previous = kept.bytes.as_deref().map(serde_json::from_slice::<ReconcileState>);
    // What another version wrote is forgotten: what must last for a while is waited for once more.
    let previous = previous.and_then(Result::ok).unwrap_or_default();
    let rules = rules(app);
    let observed = observe(app, &previous, &rules, BOUNDS).await.context("see what runs")?;
    let (repairs, next) = plan(&observed.seen, &previous, &rules, app.clock.now());
    let next =
        ReconcileState { repositories: observed.repositories, cursor: observed.cursor, ..next };
    if next != previous {
        let bytes = serde_json::to_vec(&next).expect("plain fields always serialize");
        let written = app.reconcile_state.write(bytes, &kept).await.context("remember this run")?;
        if written == Written::Conflict {
            return Ok("another run was quicker".to_owned());
        }
    }
    Ok(act(app, repairs, &observed.claims).await)
}
