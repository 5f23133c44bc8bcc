//! Workflow runs and jobs.

use http::StatusCode;

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

pub(crate) fn list_runs(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&["status", "exclude_pull_requests"])?;
    let repository = request.repository(state)?;
    let wanted = request.query.get("status");
    let in_repository = |run: &Run<'_>| run.first.repository == repository.full_name;
    let has_status = |run: &Run<'_>| wanted.is_none_or(|wanted| run.matches_status(wanted));
    // The latest run comes first.
    let runs = state.runs().rev().filter(in_repository).filter(has_status).collect();
    request.list("workflow_runs", runs, |run| dto::job::run(&request.base, repository, &run))
}

pub(crate) fn get_run(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let repository = request.repository(state)?;
    let run = Run::of(&jobs_of_run(state, request)?).ok_or_else(ApiError::not_found)?;
    ApiResponse::ok(dto::job::run(&request.base, repository, &run))
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
