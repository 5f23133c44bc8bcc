//! Status: tells those who run the deployment where each job stands, and what it waits for.
//!
//! It looks at everything anew, but at most once in a while, and one look at a time: whoever asks meanwhile is
//! given what the last look found. So however often it is asked, GitHub's limits are left to the runners.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use http::{HeaderMap, StatusCode};
use tracing::{error, info, warn};

use super::operators::admit;
use crate::app::App;
use crate::collect::{RequestBudget, collect, rules};
use crate::error_chain::ErrorChain;
use crate::http::Response;
use crate::reconcile::ReconcileState;
use crate::status_report::{Beside, StatusReport, report};

/// Somebody waits for the answer, and the front end of the platform for no more than 230 seconds.
const BUDGET: RequestBudget = RequestBudget { time: Duration::from_secs(30), requests: 300 };
/// How old an answer gets before everything is looked at again.
const HOLDS: TimeDelta = TimeDelta::seconds(10);

/// Answers a request, in JSON whatever it accepts.
pub(crate) async fn handle(app: &App, headers: &HeaderMap) -> Response {
    if let Err(refused) = admit(app, headers).await {
        return refused;
    }
    match app.status().await {
        Ok(report) => {
            let json = serde_json::to_value(&*report).expect("plain fields always serialize");
            Response::json(StatusCode::OK, &json)
        }
        Err(err) => {
            error!("failed to {err:#}");
            Response::later(format!("{err:#}"), None)
        }
    }
}

impl App {
    /// Looks at everything; gives what the last look found, where that is no older than ten seconds.
    ///
    /// # Errors
    /// What reconciliation remembers, or the ledger, could not be read.
    pub async fn status(&self) -> anyhow::Result<Arc<StatusReport>> {
        let mut last = self.last_status.lock().await;
        let now = self.clock.now();
        let fresh =
            |last: &&Arc<StatusReport>| (TimeDelta::zero()..HOLDS).contains(&(now - last.at));
        if let Some(last) = last.as_ref().filter(fresh) {
            return Ok(Arc::clone(last));
        }
        let new = Arc::new(look(self).await?);
        *last = Some(Arc::clone(&new));
        Ok(new)
    }
}

async fn look(app: &App) -> anyhow::Result<StatusReport> {
    let (previous, rules) = (remembered(app).await?, rules(app));
    let collected = collect(app, &previous, &rules, BUDGET).await.context("list the tasks")?;
    let messages = app.queue.count().await;
    let messages = messages.inspect_err(|err| warn!("goes on without: {}", ErrorChain(err)));
    let mut unread = collected.unread;
    unread.extend(messages.is_err().then_some("messages"));
    let beside = Beside { unread, messages: messages.ok(), limits: app.github.limits() };
    let report = report(&collected.snapshot, &previous, beside, &rules, app.clock.now());
    info!(complete = report.complete, "looked at {} jobs", report.jobs.len());
    Ok(report)
}

/// Recalls what reconciliation remembers; what another version wrote is nothing.
pub(super) async fn remembered(app: &App) -> anyhow::Result<ReconcileState> {
    let kept = app.reconcile_state.read().await.context("recall the last run of reconciliation")?;
    let memory = kept.bytes.as_deref().map(serde_json::from_slice);
    Ok(memory.and_then(Result::ok).unwrap_or_default())
}
