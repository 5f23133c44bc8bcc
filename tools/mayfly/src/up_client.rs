//! `mayfly queue-job` and `mayfly cancel-job`: requests to the control port of a running `mayfly up`.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, bail};
use http::StatusCode;
use serde_json::{Value, json};

use crate::cli::{CancelJob, QueueJob, UpAddress};
use crate::client::innermost_cause;
use crate::{print, token_file};

/// Queues a job at the emulated GitHub of `mayfly up`. Fails if no webhook announces it, so that it gets no runner.
pub(crate) async fn queue_job(options: QueueJob) -> anyhow::Result<ExitCode> {
    let QueueJob { repository, labels, job_milliseconds, json, up } = options;
    let job =
        json!({ "repository": repository, "labels": labels, "runs_for_ms": job_milliseconds });
    let (status, body) = post(&up, "/jobs", &job).await?;
    if status != StatusCode::CREATED {
        bail!("queue the job: {status} {body}");
    }
    let id = &body["job"];
    match json {
        true => print(&body),
        false => print(format_args!(
            "job {id} of {repository} is queued; end it: mayfly cancel-job {id}"
        )),
    }
    if !is_served(&repository) {
        tracing::warn!(
            "{repository} is not allowed (AllowedRepositories): job {id} gets no runner; `mayfly up` serves the repositories octo/*"
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns whether `mayfly up` serves the jobs of a repository, as its setting AllowedRepositories says.
fn is_served(repository: &str) -> bool {
    let owner = repository.split_once('/').map(|(owner, _)| owner);
    owner.is_some_and(|owner| owner.eq_ignore_ascii_case("octo"))
}

/// Cancels a job, as a person does at GitHub.
pub(crate) async fn cancel_job(options: CancelJob) -> anyhow::Result<ExitCode> {
    let CancelJob { job, json, up } = options;
    let (status, body) = post(&up, &format!("/jobs/{job}/cancellation"), &json!({})).await?;
    match status {
        StatusCode::ACCEPTED if json => print(json!({ "job": job })),
        StatusCode::ACCEPTED => print(format_args!("job {job} is cancelled")),
        StatusCode::NOT_FOUND => bail!("cancel job {job}: there is no such job, or it has ended"),
        _ => bail!("cancel job {job}: {status} {body}"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn post(up: &UpAddress, path: &str, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
    let at: SocketAddr = up.listen;
    let token = match &up.control_token {
        Some(token) => token.clone(),
        None => token_file::read(at)?,
    };
    let client = handler::transport::http_client(None).context("create an HTTP client")?;
    let response =
        client.post(format!("http://{at}{path}")).bearer_auth(token).json(body).send().await;
    let response = response
        .map_err(|err| innermost_cause(&err))
        .with_context(|| format!("connect to mayfly up at {at}: is it running?"))?;
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        bail!("use the control port at {at}: the token is not that of this `mayfly up`");
    }
    let body = response.bytes().await.map_err(|err| innermost_cause(&err));
    let body = body.context("read the response of mayfly up")?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}
