//! Messages to agents. Their bodies are JSON in a text; they are not encrypted, which an agent accepts.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::timestamp;
use crate::model::agent::Message;
use crate::state::{Holder, State};

/// The time that a cancelled job has to end.
const CANCEL_TIMEOUT: &str = "00:05:00";
/// The time that an agent has to update itself.
const UPDATE_TIMEOUT: &str = "01:00:00";
/// The lifetime of a job's token, which ends earlier with its job.
const JOB_TOKEN_TTL: TimeDelta = TimeDelta::hours(48);

/// Writes a message to an agent.
pub(crate) fn write(
    state: &mut State,
    (agent, id): (u64, u64),
    message: &Message,
    base: &str,
    now: DateTime<Utc>,
) -> Value {
    let (kind, body) = match message {
        Message::Job { request } => ("PipelineAgentJobRequest", job(state, *request, base, now)),
        Message::Cancel { job_id } => {
            ("JobCancellation", json!({ "jobId": job_id, "timeout": CANCEL_TIMEOUT }))
        }
        Message::Refresh { version } => (
            "AgentRefresh",
            json!({ "agentId": agent, "timeout": UPDATE_TIMEOUT, "targetVersion": version }),
        ),
    };
    json!({ "messageId": id, "messageType": kind, "body": body.to_string() })
}

/// Writes the job message, as far as a stand-in agent needs it. The variables `emulator.*` say what that agent does; they
/// are not Azure's.
fn job(state: &mut State, id: u64, base: &str, now: DateTime<Utc>) -> Value {
    let token = state.issue(Holder::Job(id), now + JOB_TOKEN_TTL);
    let Some(request) = state.requests.get(&id) else { return Value::Null };
    let Some(run) = state.runs.get(&request.run) else { return Value::Null };
    let variable = |value: String| json!({ "value": value });
    json!({
        "messageType": "PipelineAgentJobRequest",
        "plan": {
            "scopeIdentifier": run.project.id,
            "planType": "Build",
            "version": run.plan_version,
            "planId": run.plan_id,
            "owner": { "id": run.id, "name": run.number },
            "definition": { "id": run.pipeline.0, "name": run.pipeline.1 },
        },
        "timeline": { "id": run.timeline_id },
        "jobId": request.job_id,
        "jobDisplayName": request.job_name,
        "jobName": request.job_name,
        "requestId": request.id,
        "lockedUntil": request.locked_until.map(timestamp),
        "resources": { "endpoints": [{
            "name": "SystemVssConnection",
            "url": format!("{base}/"),
            "authorization": { "scheme": "OAuth", "parameters": { "AccessToken": token } },
        }] },
        "variables": {
            "system.teamProjectId": variable(run.project.id.clone()),
            "build.buildId": variable(run.id.to_string()),
            "emulator.runsForMs": variable(request.work.runs_for_ms.to_string()),
            "emulator.result": variable(request.work.result.name().to_owned()),
        },
        "steps": [],
    })
}
