//! Events of a plan: `TaskCompleted` of a task that waits for a callback, and `JobCompleted` of an agent's worker.
//!
//! <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/events/post-event>

use chrono::{DateTime, Utc};
use http::StatusCode;

use super::call::{self, Call};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::model::request::TaskResult;
use crate::model::run::Run;
use crate::state::State;

pub(super) fn post_event(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    let run = find_plan(state, call)?.id;
    let result = TaskResult::parse(&call.body["result"]);
    match call.body["name"].as_str() {
        Some("TaskCompleted") => complete_task(state, call, run, result, now),
        Some("JobCompleted") => complete_job(state, call, run, result, now),
        Some(other) => Err(ApiError::not_modelled(&format!("the event {other}"))),
        None => Err(ApiError::invalid("The name of the event is missing.")),
    }?;
    Ok(call::no_content())
}

/// Finds the plan of the path in its project and hub.
fn find_plan<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Run, ApiError> {
    let not_found = |key, text: String| ApiError::new(StatusCode::NOT_FOUND, key, text);
    let hub = call.param("hub");
    if !hub.eq_ignore_ascii_case("build") {
        let text = format!("The task hub {hub} was not found.");
        return Err(not_found("TaskHubNotFoundException", text));
    }
    let plan = call.param("plan");
    let run = state.runs.values().find(|run| run.plan_id == plan);
    let project = state.project(call.param("project")).map(|project| &project.id);
    let run = run.filter(|run| project == Some(&run.project.id));
    run.ok_or_else(|| {
        let text = format!("No plan found for identifier {plan}.");
        not_found("TaskOrchestrationPlanNotFoundException", text)
    })
}

/// Completes a task that called a function. The result is `succeeded` or `failed`.
fn complete_task(
    state: &mut State,
    call: &Call<'_>,
    run: u64,
    result: Option<TaskResult>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    if call.caller != Caller::Plan(run) {
        return Err(ApiError::access_denied("Edit"));
    }
    let result = match result {
        Some(TaskResult::Succeeded) => "succeeded",
        Some(TaskResult::Failed) => "failed",
        _ => return Err(ApiError::invalid("The result is neither succeeded nor failed.")),
    };
    let (task, job) = (call.text("taskId"), call.text("jobId"));
    let known = state.server_tasks.get(&task).filter(|known| known.run == run && known.job == job);
    if known.is_none() {
        return Err(ApiError::invalid(format!("The task {task} is not of this plan.")));
    }
    state.complete_task(&task, result, now);
    Ok(())
}

fn complete_job(
    state: &mut State,
    call: &Call<'_>,
    run: u64,
    result: Option<TaskResult>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let Caller::Job(id) = call.caller else { return Err(ApiError::access_denied("Edit")) };
    let request = state.requests.get(&id).filter(|request| {
        let is_named = call.body["requestId"].as_u64() == Some(id);
        request.run == run && is_named && request.job_id == call.text("jobId")
    });
    let agent = request.and_then(|request| request.reserved_agent);
    let agent = agent.ok_or_else(|| ApiError::no_request(id))?;
    let result = result.ok_or_else(|| ApiError::invalid("The result is unknown."))?;
    let is_ending = call.body["agentShuttingDown"] == true;
    let completed = state.complete(agent, id, result, is_ending, now);
    completed.map_err(|error| ApiError::of_lock(error, id))
}
