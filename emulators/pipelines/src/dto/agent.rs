//! Agents.

use serde_json::{Value, json};

use super::{request, timestamp, without_nulls};
use crate::model::agent::Registration;
use crate::state::State;

/// The parts of an agent that a client asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Include {
    pub(crate) capabilities: bool,
    pub(crate) assigned: bool,
    pub(crate) last_completed: bool,
}

/// Returns the address of the token endpoint. Its form in a real organization is not known; clients must take it as
/// answered.
pub(crate) fn authorization_url(base: &str, instance: &str) -> String {
    format!("{base}/_apis/oauth2/token/{instance}")
}

/// Writes an agent as requests refer to it.
pub(crate) fn reference(known: &Registration, base: &str) -> Value {
    let agent = &known.agent;
    let (pool, id) = (agent.pool, agent.id);
    without_nulls(json!({
        "_links": {
            "self": { "href": format!("{base}/_apis/distributedtask/pools/{pool}/agents/{id}") },
            "web": { "href": format!("{base}/_settings/agentpools?view=jobs&poolId={pool}&agentId={id}") },
        },
        "id": id,
        "name": agent.name,
        "version": text(&agent.version),
        "osDescription": text(&agent.os_description),
        "enabled": agent.enabled,
        "status": if agent.online { "online" } else { "offline" },
        "provisioningState": text(&known.provisioning_state),
        "accessPoint": "CodexAccessMapping",
    }))
}

/// Writes an agent, with the parts that a client asks for.
pub(crate) fn full(state: &State, known: &Registration, include: Include, base: &str) -> Value {
    let agent = &known.agent;
    let mut body = reference(known, base);
    body["maxParallelism"] = known.max_parallelism.into();
    body["createdOn"] = timestamp(agent.created_on).into();
    body["statusChangedOn"] = timestamp(agent.status_changed_on).into();
    body["authorization"] = authorization(state, known, base);
    if include.capabilities {
        body["systemCapabilities"] = json!(agent.system_capabilities);
        body["userCapabilities"] = json!(agent.user_capabilities);
    }
    let requested = |id: Option<u64>| id.and_then(|id| state.requests.get(&id));
    if let Some(request) = requested(agent.assigned).filter(|_| include.assigned) {
        body["assignedRequest"] = request::write(state, request, false, base);
    }
    if let Some(request) = requested(agent.last_completed).filter(|_| include.last_completed) {
        body["lastCompletedRequest"] = request::write(state, request, false, base);
    }
    body
}

/// Writes the answer to a registration: the agent with the address of its service.
pub(crate) fn registered(state: &State, id: u64, base: &str) -> Value {
    let Some(known) = state.agents.get(&id) else { return Value::Null };
    let mut body = full(state, known, Include { capabilities: true, ..Include::default() }, base);
    let url = json!({ "$type": "System.String", "$value": format!("{base}/") });
    body["properties"] = json!({ "ServerUrl": url });
    body
}

fn authorization(state: &State, known: &Registration, base: &str) -> Value {
    let key = known.public_key.as_ref();
    without_nulls(json!({
        "clientId": known.client_id,
        "authorizationUrl": authorization_url(base, &state.instance_id),
        "publicKey": key.map(|(modulus, exponent)| json!({ "exponent": exponent, "modulus": modulus })),
    }))
}

/// Returns null for an empty text.
fn text(value: &str) -> Value {
    if value.is_empty() { Value::Null } else { value.into() }
}
