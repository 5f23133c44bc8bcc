//! Workflow jobs and runs.

use serde_json::{Value, json};

use super::{Base, octocat, repository, timestamp};
use crate::model::job::{Conclusion, Job, JobStatus};
use crate::model::repository::Repository;
use crate::model::run::Run;

/// Name, id and path of the only workflow.
const WORKFLOW: (&str, u64, &str) = ("CI", 161_335, ".github/workflows/ci.yml");

/// The branch of every run.
pub(crate) const BRANCH: &str = "main";
/// The event of every run.
pub(crate) const EVENT: &str = "push";

/// Writes a job; `shown` is its status in the object.
pub(crate) fn job(base: &Base, job: &Job, shown: JobStatus) -> Value {
    let url = format!("{}/repos/{}", base.api, job.repository);
    let page = format!("{}/{}/actions/runs/{}", base.web, job.repository, job.run);
    let mut object = json!({
        "id": job.id,
        "run_id": job.run,
        "workflow_name": WORKFLOW.0,
        "head_branch": BRANCH,
        "run_url": format!("{url}/actions/runs/{}", job.run),
        "run_attempt": job.attempt,
        "node_id": format!("CR_{}", job.id),
        "head_sha": sha(job.run),
        "url": format!("{url}/actions/jobs/{}", job.id),
        "html_url": format!("{page}/job/{}", job.id),
        "status": shown.as_str(),
        "conclusion": job.conclusion.map(Conclusion::as_str),
        "created_at": timestamp(job.created_at),
        "started_at": timestamp(job.started_at.unwrap_or(job.created_at)),
        "completed_at": job.completed_at.map(timestamp),
        "name": "build",
        "steps": steps(job),
        "check_run_url": format!("{url}/check-runs/{}", job.id),
        "labels": job.labels,
    });
    for (name, value) in ["runner_id", "runner_name", "runner_group_id", "runner_group_name"]
        .into_iter()
        .zip(runner_fields(job))
    {
        object[name] = value;
    }
    object
}

/// A job that ended without a runner was observed with null, with 0 and with empty strings
/// (<https://github.com/actions/runner/issues/4684>).
fn runner_fields(job: &Job) -> [Value; 4] {
    match &job.runner {
        Some(runner) => {
            [json!(runner.id), json!(runner.name), json!(runner.group_id), json!(runner.group_name)]
        }
        None if job.zeroed => [json!(0), json!(""), json!(0), json!("")],
        None => [Value::Null, Value::Null, Value::Null, Value::Null],
    }
}

fn steps(job: &Job) -> Value {
    let Some(started) = job.started_at else { return json!([]) };
    let status = if job.completed_at.is_some() { "completed" } else { "in_progress" };
    json!([{
        "name": "Run the work",
        "status": status,
        "conclusion": job.conclusion.map(Conclusion::as_str),
        "number": 1,
        "started_at": timestamp(started),
        "completed_at": job.completed_at.map(timestamp),
    }])
}

/// Writes a run.
pub(crate) fn run(base: &Base, repo: &Repository, run: &Run<'_>) -> Value {
    let (first, attempt) = (run.first, run.attempt);
    let (status, conclusion) = run.status();
    let changed_at = |job: &&Job| {
        let latest = job.completed_at.or(job.started_at).or(job.approved_at);
        latest.unwrap_or(job.created_at)
    };
    let started = run.latest.iter().map(|job| job.created_at).min().unwrap_or(first.created_at);
    let updated = run.latest.iter().map(changed_at).max().unwrap_or(first.created_at);
    let api = format!("{}/repos/{}", base.api, repo.full_name);
    let url = format!("{api}/actions/runs/{}", first.run);
    json!({
        "id": first.run,
        "name": WORKFLOW.0,
        "node_id": format!("WFR_{}", first.run),
        "check_suite_id": first.run,
        "check_suite_node_id": format!("CS_{}", first.run),
        "head_branch": BRANCH,
        "head_sha": sha(first.run),
        "path": WORKFLOW.2,
        "run_number": first.run % 1_000_000,
        "run_attempt": attempt,
        "referenced_workflows": [],
        "event": EVENT,
        "display_title": "Change the code",
        "status": status,
        "conclusion": conclusion.map(Conclusion::as_str),
        "workflow_id": WORKFLOW.1,
        "url": url,
        "html_url": format!("{}/{}/actions/runs/{}", base.web, repo.full_name, first.run),
        "pull_requests": [],
        "created_at": timestamp(first.created_at),
        "updated_at": timestamp(updated),
        "run_started_at": timestamp(started),
        "actor": octocat(base),
        "triggering_actor": octocat(base),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{api}/check-suites/{}", first.run),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": (attempt > 1).then(|| format!("{url}/attempts/{}", attempt - 1)),
        "workflow_url": format!("{api}/actions/workflows/{}", WORKFLOW.1),
        "head_commit": commit(first),
        "repository": repository::short(base, repo),
        "head_repository": repository::short(base, repo),
    })
}

fn commit(job: &Job) -> Value {
    let author = json!({ "name": "The Octocat", "email": "octocat@github.com" });
    json!({
        "id": sha(job.run),
        "tree_id": sha(job.run + 1),
        "message": "Change the code",
        "timestamp": timestamp(job.created_at),
        "author": author,
        "committer": author,
    })
}

/// Returns the workflow of a job, as the restriction of a runner group names it.
pub(crate) fn workflow_of(job: &Job) -> String {
    format!("{}/{}@refs/heads/{BRANCH}", job.repository, WORKFLOW.2)
}

/// Returns the commit of a run.
pub(crate) fn sha(run: u64) -> String {
    format!("{run:040x}")
}
