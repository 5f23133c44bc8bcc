//! Runs an autoscaled pool for an hour of virtual time: `cargo run -p azure-batch-emulator --example autoscaling`.
//!
//! Ten tasks of ten minutes wait for a pool whose formula requests at most four nodes. No task is
//! launched: a script states that each takes ten minutes and succeeds.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use azure_batch_emulator::launch::{Scripted, ScriptedOutcome};
use azure_batch_emulator::{Batch, Options};
use emulator_core::clock::{Clock, Pace};
use emulator_core::events::EventContext;
use emulator_core::service::Service;
use serde_json::{Value, json};

const FORMULA: &str = "
    tasks = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5) < 70
        ? 0 : max($PendingTasks.GetSample(TimeInterval_Minute * 5));
    $TargetDedicatedNodes = min(4, tasks);
    $NodeDeallocationOption = taskcompletion;";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ten_minutes = ScriptedOutcome { duration: Duration::from_secs(600), exit_code: 0 };
    let launcher = Arc::new(Scripted::new(move |_| ten_minutes));
    let mut options = Options::new("me", "", launcher, "unused".into());
    options.bearer = Some("token".to_owned());
    let clock = Clock::with_pace("2026-11-21T12:00:00Z".parse()?, Pace::Manual);
    let service = Service::new(Batch::new(options, EventContext::new(clock.clone()))?);

    let pool = json!({
        "id": "pool",
        "vmSize": "Standard_D2s_v5",
        "virtualMachineConfiguration": {
            "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
            "nodeAgentSKUId": "batch.node.ubuntu 24.04",
        },
        "enableAutoScale": true,
        "autoScaleFormula": FORMULA,
        "autoScaleEvaluationInterval": "PT5M",
    });
    post(&service, "/pools", pool).await?;
    post(&service, "/jobs", json!({ "id": "job", "poolInfo": { "poolId": "pool" } })).await?;
    for number in 0..10 {
        let task = json!({ "id": format!("task-{number}"), "commandLine": "build" });
        post(&service, "/jobs/job/tasks", task).await?;
    }

    let batch = &service.emulator;
    for minute in (0..=60).step_by(5) {
        batch.settle();
        let (job, nodes) = (&batch.jobs()[0], batch.nodes("pool").len());
        let (active, running, done) = (job.active, job.running, job.succeeded);
        writeln!(
            std::io::stdout(),
            "{minute:>3} min: {nodes} nodes, {active} active, {running} running, {done} done"
        )?;
        clock.advance(Duration::from_secs(300));
    }
    Ok(())
}

/// Posts a body in the process, as a client would over HTTP.
async fn post(
    service: &Service<Batch>,
    path: &str,
    body: Value,
) -> Result<(), Box<dyn std::error::Error>> {
    let request = http::Request::post(format!("{path}?api-version=2025-06-01"))
        .header("authorization", "Bearer token")
        .header("content-type", "application/json; odata=minimalmetadata")
        .body(body.to_string().into())?;
    let response = service.call(request).await?;
    if response.status().is_success() {
        return Ok(());
    }
    Err(format!("{path}: {} {:?}", response.status(), response.body()).into())
}
