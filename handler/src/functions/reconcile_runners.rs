//! ReconcileRunners: sees what is there, has it decided what is wrong, and repairs that.
//!
//! A run that is killed has done each thing or not; the next one, two minutes later, begins anew.

use std::time::Duration;

use anyhow::Context;
use tracing::{error, info};
use warp::http::StatusCode;

use super::observe::{Bounds, observe, rules};
use super::{Answer, App};
use crate::invocation;
use crate::reconcile::{Memory, plan};
use crate::storage::Written;

pub(super) mod act;

use act::act;

const FUNCTION: &str = "ReconcileRunners";
/// Half of the time of a run, so that the other half is left to read the ledger and to repair.
const BOUNDS: Bounds =
    Bounds { function: FUNCTION, longest: Duration::from_secs(100), most_calls: 800 };

/// Answers an invocation.
pub(super) async fn answer(app: &App) -> Answer {
    match reconcile(app).await {
        Ok(done) => {
            info!(function = FUNCTION, "{done}");
            Answer::json(StatusCode::OK, &invocation::answer(&done))
        }
        Err(err) => {
            error!(function = FUNCTION, "failed to {err:#}");
            Answer::error(StatusCode::INTERNAL_SERVER_ERROR, format!("{err:#}"))
        }
    }
}

async fn reconcile(app: &App) -> anyhow::Result<String> {
    let kept = app.memory.read().await.context("recall the last run")?;
    let before = kept.bytes.as_deref().map(serde_json::from_slice::<Memory>);
    // What another version wrote is forgotten: what must last for a while is waited for once more.
    let before = before.and_then(Result::ok).unwrap_or_default();
    let rules = rules(app);
    let observed = observe(app, &before, &rules, BOUNDS).await.context("see what runs")?;
    let (repairs, next) = plan(&observed.seen, &before, &rules, app.clock.now());
    let next = Memory { repositories: observed.repositories, cursor: observed.cursor, ..next };
    if next != before {
        let bytes = serde_json::to_vec(&next).expect("plain fields always serialize");
        let written = app.memory.write(bytes, &kept).await.context("remember this run")?;
        if written == Written::Overtaken {
            return Ok("another run was quicker".to_owned());
        }
    }
    Ok(act(app, repairs, &observed.claims).await)
}
