//! `mayfly queue-job`: one more signed delivery to a running road.

use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::cli::QueueJob;
use crate::print;

/// Queues a job at the GitHub of `mayfly up`.
pub(crate) async fn run(options: QueueJob) -> anyhow::Result<ExitCode> {
    let job = json!({
        "repository": options.repository,
        "labels": options.labels,
        "runs_for_ms": options.job_milliseconds,
    });
    let client = handler::transport::http_client(None).context("make an HTTP client")?;
    let answer = client.post(format!("http://{}/jobs", options.at)).json(&job).send().await;
    let answer =
        answer.with_context(|| format!("reach mayfly up at {}: is it running?", options.at))?;
    let status = answer.status();
    let body: Value = answer.json().await.context("read the answer of mayfly up")?;
    if !status.is_success() {
        bail!("queue the job: {status} {body}");
    }
    print(body);
    Ok(ExitCode::SUCCESS)
}
