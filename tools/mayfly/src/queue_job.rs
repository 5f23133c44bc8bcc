//! `mayfly queue-job`: a job for a running `mayfly up`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::cli::QueueJob;
use crate::{print, token_file};

/// Queues a job at the emulated GitHub of `mayfly up`.
pub(crate) async fn run(options: QueueJob) -> anyhow::Result<ExitCode> {
    let job = json!({
        "repository": options.repository,
        "labels": options.labels,
        "runs_for_ms": options.job_milliseconds,
    });
    let token = match options.control_token {
        Some(token) => token,
        None => token_file::read(options.at)?,
    };
    let client = handler::transport::http_client(None).context("create an HTTP client")?;
    let request = client.post(format!("http://{}/jobs", options.at)).bearer_auth(token).json(&job);
    let response = request.send().await;
    let response = response
        .with_context(|| format!("connect to mayfly up at {}: is it running?", options.at))?;
    let status = response.status();
    let body: Value = response.json().await.context("read the response of mayfly up")?;
    if !status.is_success() {
        bail!("queue the job: {status} {body}");
    }
    print(body);
    Ok(ExitCode::SUCCESS)
}
