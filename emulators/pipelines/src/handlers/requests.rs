//! Job requests. The query chooses one of four methods of the service, as in `azure-devops-node-api`.

use chrono::{DateTime, Utc};

use super::call::{self, Call};
use crate::dto;
use crate::error::{ApiError, ApiResult};
use crate::model::request::{JobRequest, TaskResult};
use crate::state::State;

/// The service returns no more, whatever `$top` asks for (<https://github.com/kedacore/keda/issues/6819>).
const MAX_TOP: usize = 200;

pub(super) fn list(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    let known = ["$top", "continuationtoken", "agentids", "agentid", "completedrequestcount"];
    call.allow_only(&[&known[..], &["planid", "jobid"]].concat())?;
    let pool = call.id("pool");
    if !state.pools.contains_key(&pool) {
        return Err(ApiError::no_pool(pool));
    }
    let is_listed = |request: &&JobRequest| request.pool == pool && request.listed_from <= now;
    let of_pool: Vec<&JobRequest> = state.requests.values().rev().filter(is_listed).collect();
    let (found, has_matches) = match call.query("$top") {
        Some(top) => (latest(of_pool, top, call)?, false),
        None => (select(state, of_pool, call), true),
    };
    let write = |request| dto::request::write(state, request, has_matches, &call.base);
    Ok(call::list(found.into_iter().map(write).collect()))
}

/// The latest requests, also finished ones: `matchedAgents` is left out then
/// (<https://github.com/kedacore/keda/issues/4387>).
fn latest<'s>(
    all: Vec<&'s JobRequest>,
    top: &str,
    call: &Call<'_>,
) -> Result<Vec<&'s JobRequest>, ApiError> {
    if call.query("continuationtoken").is_some() {
        return Err(ApiError::not_modelled("the parameter continuationToken"));
    }
    let top: usize = top.parse().map_err(|_| ApiError::invalid("$top is not a number."))?;
    Ok(all.into_iter().take(top.min(MAX_TOP)).collect())
}

fn select<'s>(state: &State, all: Vec<&'s JobRequest>, call: &Call<'_>) -> Vec<&'s JobRequest> {
    let ids = call.query("agentids").or(call.query("agentid"));
    let agents: Option<Vec<u64>> =
        ids.map(|ids| ids.split(',').filter_map(|id| id.parse().ok()).collect());
    let completed = call.query("completedrequestcount").and_then(|count| count.parse().ok());
    let mut remaining: usize = completed.unwrap_or(usize::MAX);
    let matches = |request: &&&JobRequest| {
        let is_of_agent = agents.as_ref().is_none_or(|agents| {
            request.reserved_agent.is_some_and(|agent| agents.contains(&agent))
        });
        is_of_agent && is_of_plan(state, request, call)
    };
    let found = all.iter().filter(matches).filter(|request| {
        if request.result.is_none() {
            return true;
        }
        let is_counted = remaining > 0;
        remaining = remaining.saturating_sub(1);
        is_counted
    });
    found.copied().collect()
}

fn is_of_plan(state: &State, request: &JobRequest, call: &Call<'_>) -> bool {
    let plan = state.runs.get(&request.run).map_or("", |run| &run.plan_id);
    let is = |name: &str, actual: &str| {
        call.query(name).is_none_or(|wanted| wanted.eq_ignore_ascii_case(actual))
    };
    is("planid", plan) && is("jobid", &request.job_id)
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["includestatus"])?;
    let id = call.id("request");
    let request = state.requests.get(&id).filter(|known| known.pool == call.id("pool"));
    let request = request.ok_or_else(|| ApiError::no_request(id))?;
    let mut body = dto::request::write(state, request, true, &call.base);
    if call.flag("includestatus") {
        body["statusMessage"] = dto::request::status_message(state, request).into();
    }
    Ok(call::object(&body))
}

/// Renews the lock of a job, or reports its result if the body has one: of the agent that has the job.
pub(super) fn update(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    call.allow_only(&["updateoptions"])?;
    let (id, agent) = (call.id("request"), call.caller.agent()?);
    let result = &call.body["result"];
    let updated = match result.is_null() {
        true => state.renew(agent, id, now),
        false => {
            let result = TaskResult::parse(result);
            let result = result.ok_or_else(|| ApiError::invalid("The result is unknown."))?;
            state.complete(agent, id, result, false, now)
        }
    };
    updated.map_err(|error| ApiError::of_lock(error, id))?;
    let request = state.requests.get(&id).ok_or_else(|| ApiError::no_request(id))?;
    Ok(call::object(&dto::request::write(state, request, false, &call.base)))
}
