//! Acknowledgement, acceptance, renewal and completion of jobs.

use http::StatusCode;
use serde_json::{Value, json};

use emulator_core::service::{Response, json_response};

use super::{error, no_content, parse};
use crate::error::RunnerError;
use crate::handlers::endpoint::RunnerCall;
use crate::model::job::{Job, Report};

const NOT_ASSIGNED: &str = "the job is not assigned to this runner any more";

pub(crate) async fn acknowledge(call: RunnerCall<'_>) -> Response {
    if has_job(call) {
        no_content()
    } else {
        RunnerError::AcknowledgeJobNotFound.into_response("the job was withdrawn")
    }
}

pub(crate) async fn renew(call: RunnerCall<'_>) -> Response {
    if has_job(call) { no_content() } else { error(StatusCode::NOT_FOUND, NOT_ASSIGNED) }
}

pub(crate) async fn accept(call: RunnerCall<'_>) -> Response {
    match call.github.step(|state, now| state.accept(call.runner, job_id(call), now)) {
        Some(job) => json_response(StatusCode::OK, &job_message(&job)),
        None => error(StatusCode::CONFLICT, NOT_ASSIGNED),
    }
}

pub(crate) async fn complete(call: RunnerCall<'_>) -> Response {
    let Ok(report) = parse::<Report>(call.request) else {
        return error(StatusCode::BAD_REQUEST, "the conclusion is missing");
    };
    if call.github.step(|state, now| state.report(call.runner, job_id(call), report, now)) {
        no_content()
    } else {
        error(StatusCode::CONFLICT, NOT_ASSIGNED)
    }
}

fn job_id(call: RunnerCall<'_>) -> u64 {
    call.params.id("job_id")
}

fn has_job(call: RunnerCall<'_>) -> bool {
    call.github.step(|state, _| state.has_job(call.runner, job_id(call)))
}

/// Writes the job message: all that a runner needs to run the job.
fn job_message(job: &Job) -> Value {
    let (owner, name) = job.repository.split_once('/').unwrap_or_default();
    let environment = json!({
        "GITHUB_JOB": "build",
        "GITHUB_REPOSITORY": job.repository,
        "GITHUB_REPOSITORY_OWNER": owner,
        "GITHUB_RUN_ID": job.run.to_string(),
        "GITHUB_RUN_NUMBER": (job.run % 1_000_000).to_string(),
        "GITHUB_RUN_ATTEMPT": job.attempt.to_string(),
        "GITHUB_WORKFLOW": "CI",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_TRIGGERING_ACTOR": "octocat",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_NAME": "main",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_SHA": format!("{:040x}", job.run),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
    });
    json!({
        "job": job.id,
        "name": "build",
        "directory": name,
        "runs_for_ms": u64::try_from(job.runs_for.as_millis()).unwrap_or(u64::MAX),
        "set_up_fails": job.set_up_fails,
        "pre": job.pre,
        "script": job.script,
        "always": job.always,
        "environment": environment,
    })
}
