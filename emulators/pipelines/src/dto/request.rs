//! Job requests.

use serde_json::{Value, json};

use super::{agent, timestamp, without_nulls};
use crate::model::request::JobRequest;
use crate::state::State;
use crate::state::matching::Matched;

/// The id of the build service, which owns the plans of pipelines.
const SERVICE_OWNER: &str = "00025394-6065-48ca-87d9-7f5672854ef7";

/// Writes a job request; a waiting one with its matched agents, if the method of the service has them.
pub(crate) fn write(state: &State, request: &JobRequest, has_matches: bool, base: &str) -> Value {
    let Some(run) = state.runs.get(&request.run) else { return Value::Null };
    let project = &run.project;
    let link = |path: String| json!({ "href": format!("{base}/{path}") });
    let matched = (has_matches && request.is_waiting_for_service()).then(|| state.matched(request));
    let agents = match &matched {
        Some(Matched::Agents(ids)) => {
            let known = ids.iter().filter_map(|id| state.agents.get(id));
            Some(known.map(|known| agent::reference(known, base)).collect::<Value>())
        }
        _ => None,
    };
    let reserved = request.reserved_agent.and_then(|id| state.agents.get(&id));
    let (pipeline, name) = &run.pipeline;
    without_nulls(json!({
        "requestId": request.id,
        "queueTime": timestamp(request.queue_time),
        "assignTime": request.assign_time.map(timestamp),
        "receiveTime": request.receive_time.map(timestamp),
        "finishTime": request.finish_time.map(timestamp),
        "lockedUntil": request.locked_until.filter(|_| request.result.is_none()).map(timestamp),
        "result": request.result,
        "serviceOwner": SERVICE_OWNER,
        "hostId": state.instance_id,
        "scopeId": project.id,
        "planType": "Build",
        "planId": run.plan_id,
        "jobId": request.job_id,
        "jobName": request.job_name,
        "demands": request.demands,
        "matchesAllAgentsInPool": matched.as_ref().filter(|it| **it == Matched::All).map(|_| true),
        "matchedAgents": agents,
        "reservedAgent": reserved.map(|known| agent::reference(known, base)),
        "definition": {
            "_links": { "web": link(format!("{}/_build/definition?definitionId={pipeline}", project.id)) },
            "id": pipeline,
            "name": name,
        },
        "owner": {
            "_links": {
                "web": link(format!("{}/_build/results?buildId={}", project.id, run.id)),
                "self": link(format!("{}/_apis/build/Builds/{}", project.id, run.id)),
            },
            "id": run.id,
            "name": run.number,
        },
        "data": { "ParallelismTag": "Private", "IsScheduledKey": "False" },
        "poolId": request.pool,
        "orchestrationId": format!("{}.{}.__default", run.plan_id, request.job_name),
        "priority": 0,
    }))
}

/// Writes why a request waits. The texts are this emulator's.
pub(crate) fn status_message(state: &State, request: &JobRequest) -> String {
    let is_limited = state.running_count() >= state.parallel_jobs;
    let has_match =
        state.agents_of(request.pool).any(|known| request.matches(known.capabilities()));
    match request {
        request if request.result.is_some() || request.receive_time.is_some() => String::new(),
        _ if is_limited => "The job waits for a parallel job.".to_owned(),
        _ if has_match => "All eligible agents are busy, disabled or offline.".to_owned(),
        _ => "No agent of the pool meets the demands.".to_owned(),
    }
}
