//! Workflow runs and jobs.

use http::StatusCode;

use super::filters::RunFilter;
use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::dto;
use crate::error::ApiError;
use crate::model::job::Job;
use crate::model::run::Run;
use crate::state::State;

pub(crate) fn get(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let repository = request.repository(state)?;
    let job = state.jobs.get(&request.params.id("job_id"));
    let job = job.filter(|job| job.repository == repository.full_name);
    let job = job.ok_or_else(ApiError::not_found)?;
    ApiResponse::ok(dto::job::job(&request.base, job, job.status))
}

pub(crate) fn list_for_run(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&["filter"])?;
    let jobs = jobs_of_run(state, request)?;
    let latest = jobs.iter().map(|job| job.attempt).max();
    let all = request.query.get("filter") == Some("all");
    let shown = jobs.into_iter().filter(|job| all || Some(job.attempt) == latest).collect();
    request.list("jobs", shown, |job| dto::job::job(&request.base, job, job.status))
}

/// Lists the jobs of one attempt of a run.
pub(crate) fn list_for_attempt(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let jobs = jobs_of_attempt(state, request)?;
    let attempt = u64::from(jobs.iter().map(|job| job.attempt).max().unwrap_or_default());
    let of_attempt = |job: &&Job| u64::from(job.attempt) == attempt;
    let shown = jobs.into_iter().filter(of_attempt).collect();
    request.list("jobs", shown, |job| dto::job::job(&request.base, job, job.status))
}

pub(crate) fn list_runs(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let known = ["status", "exclude_pull_requests", "event", "branch", "created", "head_sha"];
    request.query.allow_only(&known)?;
    let repository = request.repository(state)?;
    let filter = RunFilter::of(&request.query)?;
    let in_repository = |run: &Run<'_>| run.first.repository == repository.full_name;
    // The latest run comes first.
    let runs = state.runs().rev().filter(in_repository).filter(|run| filter.matches(run)).collect();
    let write = |run| dto::job::run(&request.base, repository, &run);
    request.list_up_to(filter.shown(), "workflow_runs", runs, write)
}

pub(crate) fn get_run(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&["exclude_pull_requests"])?;
    let repository = request.repository(state)?;
    let run = Run::of(&jobs_of_run(state, request)?).ok_or_else(ApiError::not_found)?;
    ApiResponse::ok(dto::job::run(&request.base, repository, &run))
}

/// Returns a run as it was at one of its attempts.
pub(crate) fn get_attempt(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&["exclude_pull_requests"])?;
    let repository = request.repository(state)?;
    let run = Run::of(&jobs_of_attempt(state, request)?).ok_or_else(ApiError::not_found)?;
    ApiResponse::ok(dto::job::run(&request.base, repository, &run))
}

/// Finds the jobs of a run up to the attempt in the path, which has jobs of its own.
fn jobs_of_attempt<'s>(
    state: &'s State,
    request: &ApiRequest<'_>,
) -> Result<Vec<&'s Job>, ApiError> {
    let attempt = request.params.id("attempt_number");
    let mut jobs = jobs_of_run(state, request)?;
    if !jobs.iter().any(|job| u64::from(job.attempt) == attempt) {
        return Err(ApiError::not_found());
    }
    jobs.retain(|job| u64::from(job.attempt) <= attempt);
    Ok(jobs)
}

pub(crate) fn cancel_run(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let jobs: Vec<u64> = jobs_of_run(state, request)?.iter().map(|job| job.id).collect();
    let cancelled = jobs.into_iter().filter(|&job| state.cancel(job, request.now)).count();
    if cancelled == 0 {
        let text = "Cannot cancel a workflow run that is completed.";
        return Err(ApiError::new(StatusCode::CONFLICT, text));
    }
    ApiResponse::accepted()
}

/// Finds the jobs of the run in the path.
fn jobs_of_run<'s>(state: &'s State, request: &ApiRequest<'_>) -> Result<Vec<&'s Job>, ApiError> {
    let repository = request.repository(state)?;
    let jobs: Vec<&Job> = state.jobs_of(request.params.id("run_id")).collect();
    let found = jobs.first().is_some_and(|job| job.repository == repository.full_name);
    if found { Ok(jobs) } else { Err(ApiError::not_found()) }
}
