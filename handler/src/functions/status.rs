//! Status: reports the phase of each job, and the reason why it waits.
//!
//! All data is collected for a request, but at most once in ten seconds, and one collection runs at a time;
//! requests in between get the last report, marked as cached. So the number of requests does not use up GitHub's rate limits, which
//! the runners need.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use futures::FutureExt;
use http::{HeaderMap, StatusCode, header};
use tracing::{error, info, warn};

use super::operators::admit;
use crate::app::App;
use crate::batch::NodeStates;
use crate::collect::{RequestBudget, collect, rules};
use crate::error_chain::ErrorChain;
use crate::github::Purpose;
use crate::http::Response;
use crate::polling::STATUSES;
use crate::reconcile::ReconcileState;
use crate::status_page::prefers_html;
use crate::status_report::{HISTORY, StatusInputs, StatusReport, report};

/// A person waits for the response, and Azure's front end for at most 230 seconds.
const BUDGET: RequestBudget = RequestBudget {
    time: Duration::from_secs(30),
    requests: 300,
    purpose: Purpose::LowPriority,
    statuses: &STATUSES,
};
/// The age from which a report is collected again.
const REPORT_TTL: TimeDelta = TimeDelta::seconds(10);

/// Handles a request. The response is JSON, or the status page if the request prefers HTML: that of a browser in which a person
/// opens the address with the key.
pub(crate) async fn handle(app: &App, headers: &HeaderMap) -> Response {
    if let Err(rejected) = admit(app, headers).await {
        return rejected;
    }
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if prefers_html(accept) {
        return Response::status_page();
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
    /// Collects a report, or returns the last one if it is less than ten seconds old.
    ///
    /// # Errors
    /// When the tasks, or the state of reconciliation, could not be read.
    pub async fn status(&self) -> anyhow::Result<Arc<StatusReport>> {
        let mut last = self.last_status.lock().await;
        let now = self.clock.now();
        let fresh =
            |last: &&Arc<StatusReport>| (TimeDelta::zero()..REPORT_TTL).contains(&(now - last.at));
        if let Some(last) = last.as_ref().filter(fresh) {
            return Ok(Arc::new(StatusReport { cached: true, ..StatusReport::clone(last) }));
        }
        let new = Arc::new(create_report(self).await?);
        *last = Some(Arc::clone(&new));
        Ok(new)
    }
}

async fn create_report(app: &App) -> anyhow::Result<StatusReport> {
    let (previous, rules) = (previous_state(app).await?, rules(app));
    let budget = BUDGET.if_polling(Purpose::Report, &rules);
    let collected = collect(app, &previous, &rules, budget).boxed();
    let (history, node_states) = (super::history::report(app).boxed(), node_states(app).boxed());
    let agents = super::agents::jobs(app).boxed();
    let (collected, history, node_states, pipelines, service_hooks) =
        futures::join!(collected, history, node_states, agents, super::agents::hooks::report(app));
    let collected = collected.context("list the tasks")?;
    let messages = app.queue.count().await;
    let messages =
        messages.inspect_err(|err| warn!("continuing without the messages: {}", ErrorChain(err)));
    let mut unread = collected.unread;
    unread.extend(messages.is_err().then_some("messages"));
    unread.extend(pipelines.is_none().then_some("agent-pools"));
    let pipelines = pipelines.unwrap_or_default();
    let snapshot = &collected.snapshot;
    let mut refused: Vec<String> = snapshot.refused.iter().map(|one| one.text.clone()).collect();
    let of_claims = snapshot.refused_claims.recent(app.clock.now()).map(|one| one.text.clone());
    refused.extend(of_claims.filter(|text| !refused.contains(text)).collect::<Vec<_>>());
    let limits = app.github.limits();
    unread.extend(history.is_none().then_some(HISTORY));
    let github = Some(app.web.to_string());
    let messages = messages.ok();
    let inputs = StatusInputs {
        unread,
        refused,
        messages,
        node_states,
        limits,
        history,
        github,
        pipelines,
        service_hooks,
    };
    let report = report(&collected.snapshot, &previous, inputs, &rules, app.clock.now());
    info!(complete = report.complete, "reported {} jobs", report.jobs.len());
    Ok(report)
}

/// Counts the nodes by state. A report without them is complete, since a smaller role suffices for all other parts.
async fn node_states(app: &App) -> BTreeMap<String, NodeStates> {
    let states = app.batch.node_states().await;
    let states = states
        .inspect_err(|err| warn!("continuing without the states of nodes: {}", ErrorChain(err)));
    states.unwrap_or_default()
}

/// Reads the state of the last reconciliation. A state that another version wrote counts as empty.
pub(super) async fn previous_state(app: &App) -> anyhow::Result<ReconcileState> {
    let stored = app.reconcile_state.read().await.context("read the state of reconciliation")?;
    let state = stored.bytes.as_deref().map(serde_json::from_slice);
    Ok(state.and_then(Result::ok).unwrap_or_default())
}
