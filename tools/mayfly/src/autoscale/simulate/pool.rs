//! The simulation of one pool with the tasks of a trace, in an emulated Batch account without a network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use azure_batch_emulator::launch::{Scripted, ScriptedOutcome};
use azure_batch_emulator::{Batch, Evaluations, Options};
use chrono::{DateTime, TimeDelta, Utc};
use emulator_core::clock::{Clock, Pace};
use emulator_core::events::EventContext;
use emulator_core::service::{Request, Service};
use serde_json::{Value, json};

use super::timeline::{PoolSample, PoolTimeline, SAMPLE_INTERVAL};
use super::trace::Trace;
use crate::cli::Simulate;
use local_deployment::{BATCH_ACCOUNT, BATCH_KEY};

/// The bearer token of the account.
const TOKEN: &str = "simulation";

/// A Batch account with one pool and one job.
struct Account {
    service: Arc<Service<Batch>>,
    clock: Clock,
}

/// Simulates a pool for the given hours.
pub(super) async fn simulate(
    name: &str,
    formula: &str,
    trace: &Trace,
    options: &Simulate,
) -> anyhow::Result<PoolTimeline> {
    let account = Account::new(trace, options)?;
    account.add_pool(formula, options).await?;
    let end = options.from + TimeDelta::hours(options.hours.into());
    let mut timeline = PoolTimeline::new(name, options.from);
    let mut tasks = trace.tasks.iter().enumerate().peekable();
    let mut next_sample = options.from;
    while next_sample <= end {
        while let Some((number, task)) =
            tasks.next_if(|(_, task)| options.from + task.after <= next_sample)
        {
            account.advance_to(options.from + task.after);
            let body = json!({ "id": format!("t{number}"), "commandLine": "x" });
            account.post("/jobs/tasks/tasks", &body).await?;
            // A free slot takes it immediately, not only at the next event.
            account.service.emulator.settle();
        }
        account.advance_to(next_sample);
        timeline.samples.push(account.sample());
        next_sample += SAMPLE_INTERVAL;
    }
    timeline.waits = account.waits(trace, options.from).await?;
    timeline.evaluations = account.evaluations();
    Ok(timeline)
}

impl Account {
    fn new(trace: &Trace, options: &Simulate) -> anyhow::Result<Self> {
        let clock = Clock::with_pace(options.from, Pace::Manual);
        let durations: BTreeMap<String, Duration> = trace
            .tasks
            .iter()
            .enumerate()
            .map(|(number, task)| (format!("t{number}"), task.duration))
            .collect();
        let script = Scripted::new(move |run| ScriptedOutcome {
            duration: durations.get(run.task).copied().unwrap_or_default(),
            exit_code: 0,
        });
        let mut account = Options::new(BATCH_ACCOUNT, BATCH_KEY, Arc::new(script), "unused".into());
        account.bearer = Some(TOKEN.to_owned());
        account.seed = options.seed;
        account.rules.sample_lag = options.sample_lag;
        account.rules.quota.dedicated_cores = u32::MAX;
        account.rules.quota.low_priority_cores = u32::MAX;
        let service = Service::new(Batch::new(account, EventContext::new(clock.clone()))?);
        Ok(Self { service, clock })
    }

    async fn add_pool(&self, formula: &str, options: &Simulate) -> anyhow::Result<()> {
        let image = json!({ "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" });
        let pool = json!({
            "id": "pool",
            "vmSize": "Standard_D16s_v5",
            "virtualMachineConfiguration": { "imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04" },
            "taskSlotsPerNode": options.slots,
            "enableAutoScale": true,
            "autoScaleFormula": formula,
            "autoScaleEvaluationInterval": "PT5M",
        });
        self.post("/pools", &pool).await?;
        self.post("/jobs", &json!({ "id": "tasks", "poolInfo": { "poolId": "pool" } })).await?;
        Ok(())
    }

    /// Advances the clock and processes everything that is due.
    fn advance_to(&self, at: DateTime<Utc>) {
        self.clock.advance_to(at);
        self.service.emulator.settle();
    }

    fn sample(&self) -> PoolSample {
        let nodes = self.service.emulator.nodes("pool");
        let jobs = self.service.emulator.jobs();
        let working = nodes.iter().filter(|node| node.running > 0).count();
        let pending = jobs.iter().map(|job| job.active + job.running).sum();
        PoolSample { nodes: nodes.len(), working, pending }
    }

    /// Returns the evaluations of the pool's formula so far.
    fn evaluations(&self) -> Evaluations {
        self.service.emulator.pools().remove(0).evaluations
    }

    /// Returns how long each task waited for its start; a task that has not started has waited until now.
    async fn waits(&self, trace: &Trace, from: DateTime<Utc>) -> anyhow::Result<Vec<TimeDelta>> {
        let mut waits = Vec::new();
        for (number, task) in trace.tasks.iter().enumerate() {
            let path = format!("/jobs/tasks/tasks/t{number}?$select=executionInfo&");
            let shown = self.call("GET", &path, String::new()).await?;
            let start =
                shown["executionInfo"]["startTime"].as_str().and_then(|text| text.parse().ok());
            let start: DateTime<Utc> = start.unwrap_or_else(|| self.clock.now());
            waits.push((start - (from + task.after)).max(TimeDelta::zero()));
        }
        Ok(waits)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call("POST", &format!("{path}?"), body.to_string()).await
    }

    async fn call(&self, method: &str, path: &str, body: String) -> anyhow::Result<Value> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{path}api-version=2025-06-01"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json; odata=minimalmetadata");
        let request: Request = request.body(body.into())?;
        let response = self.service.call(request).await?;
        let shown: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if response.status().is_client_error() {
            bail!("{}: {}", shown["code"], shown["values"]);
        }
        Ok(shown)
    }
}
