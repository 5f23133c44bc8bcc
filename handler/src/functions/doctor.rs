//! Operate `doctor`: reads the facts about a deployment, within a budget of time and requests, and changes nothing.
//!
//! What cannot be read in the time is unknown. At most five repositories and five owners are read: a wrong permission of
//! one is usually that of all.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use tracing::info;

use crate::app::App;
use crate::deadline::{Deadline, Elapsed};
use crate::doctor::facts::{Facts, Read};
use crate::doctor::{DoctorReport, examine};
use crate::error_chain::ErrorChain;
use crate::history::Marks;
use crate::polling::DemandSource;
use crate::settings::Registration;
use crate::transport::request_to;

mod azure_facts;
mod github_facts;
mod pipelines_facts;

/// How long facts are read of GitHub, then of Azure, and then of Azure DevOps.
const TIME: Duration = Duration::from_secs(60);

impl App {
    /// Reads the facts, and judges them.
    pub async fn doctor(&self) -> DoctorReport {
        let github = Deadline::after(TIME).bound(github_facts::read(self)).await;
        let (github, github_time) =
            github.unwrap_or_else(|late: Elapsed| github_facts::unread(&late));
        let azure = Deadline::after(TIME).bound(azure_facts::read(self)).await;
        let azure = azure.unwrap_or_else(|late: Elapsed| azure_facts::unread(&late));
        let pipelines = match &self.pipelines {
            Some(service) => {
                let read = pipelines_facts::read(self, service);
                let read = Deadline::after(TIME).bound(read).await;
                Some(read.unwrap_or_else(|late: Elapsed| pipelines_facts::unread(service, &late)))
            }
            None => None,
        };
        let batch_time = dated(self.batch.time().await.map_err(|err| text(&err)));
        let storage_time = dated(self.queue.time().await.map_err(|err| text(&err)));
        let ahead = |time: Read<DateTime<Utc>>| time.map(|at| whole_seconds(at - self.clock.now()));
        let clocks = [("storage", storage_time), ("GitHub", github_time), ("Batch", batch_time)];
        let clocks = clocks.map(|(name, time)| (name, ahead(time)));
        let report = examine(&Facts {
            at: self.clock.now(),
            warnings: self
                .warnings
                .iter()
                .map(|one| (one.setting.to_owned(), one.problem.clone()))
                .collect(),
            operators: self.firewall_settings.first.operators.clone(),
            scope: self.scope.clone(),
            policy: self.webhook.policy.clone(),
            polls: self.reconciliation.demand == DemandSource::Polling,
            cancels: self.reconciliation.cancel_unservable,
            period: self.reconciliation.period,
            own_host: self.reconciliation.own_host.clone(),
            github,
            azure,
            pipelines,
            clocks: clocks.into(),
            claim_address: claim_address(self).await,
            last_run: last_run(self).await,
        });
        info!("doctor: {} findings", report.findings.len());
        report
    }
}

fn dated(time: Read<Option<DateTime<Utc>>>) -> Read<DateTime<Utc>> {
    time.and_then(|at| at.ok_or_else(|| "the response has no date".to_owned()))
}

/// The dates of HTTP headers are whole seconds, and a response takes a moment: a second is no difference.
fn whole_seconds(ahead: TimeDelta) -> TimeDelta {
    match ahead.num_seconds() {
        -2..=1 => TimeDelta::zero(),
        seconds => TimeDelta::seconds(seconds),
    }
}

/// Sends the address of ClaimRunner a claim without a ticket, which is rejected before anything is read. The Functions host
/// answers any other method with 404.
async fn claim_address(app: &App) -> Option<(String, Read<u16>)> {
    let Registration::Jit { claim_url } = &app.runners.registration else { return None };
    let host = claim_url.host_str().unwrap_or_default().to_owned();
    let request = request_to(&Method::POST, claim_url).header("content-type", "application/json");
    let Ok(request) = request.body(bytes::Bytes::from_static(b"{}")) else {
        return Some((host, Err("it is no URL".to_owned())));
    };
    let answer = app.azure.send(request).await;
    Some((host, answer.map(|answer| answer.status().as_u16()).map_err(|err| text(&err))))
}

fn text(err: &(dyn std::error::Error + 'static)) -> String {
    ErrorChain(err).to_string()
}

/// Returns when a run of reconciliation last took a sample of the load, which it does every two minutes. Without a history,
/// what remains of an earlier one says nothing about the runs since.
async fn last_run(app: &App) -> Read<Option<DateTime<Utc>>> {
    if app.reconciliation.history_days == 0 {
        return Err("HistoryDays is 0, so no run is recorded".to_owned());
    }
    let stored = app.history_marks.read().await.map_err(|err| text(&err))?;
    let marks = stored.bytes.as_deref().map(serde_json::from_slice::<Marks>);
    match marks {
        None => Ok(None),
        Some(Ok(marks)) => Ok(marks.sampled_at),
        Some(Err(_)) => Err("its record is of another version".to_owned()),
    }
}
