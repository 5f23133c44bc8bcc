//! Agents.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::call::{self, Call};
use crate::dto;
use crate::dto::agent::Include;
use crate::error::{ApiError, ApiResult};
use crate::model::demand::Demand;
use crate::state::State;
use crate::state::agents::{AgentError, NewAgent};

const INCLUDES: [&str; 3] =
    ["includecapabilities", "includeassignedrequest", "includelastcompletedrequest"];

pub(super) fn list(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&[&INCLUDES[..], &["agentname", "demands"]].concat())?;
    let pool = call.id("pool");
    if !state.pools.contains_key(&pool) {
        return Err(ApiError::no_pool(pool));
    }
    let demands = call.query("demands").unwrap_or_default().split(',').filter(|it| !it.is_empty());
    let demands: Option<Vec<_>> = demands.map(Demand::parse).collect();
    let demands = demands.ok_or_else(|| ApiError::invalid("A demand is malformed."))?;
    let name = call.query("agentname");
    let found = state.agents_of(pool).filter(|known| {
        let is_named = name.is_none_or(|name| known.agent.name.eq_ignore_ascii_case(name));
        is_named && demands.iter().all(|demand| demand.is_met_by(known.capabilities()))
    });
    let include = include(call);
    Ok(call::list(found.map(|known| dto::agent::full(state, known, include, &call.base)).collect()))
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&INCLUDES)?;
    let (pool, id) = (call.id("pool"), call.id("agent"));
    let known = state.agent(pool, id).map_err(|error| failed(state, call, error))?;
    Ok(call::object(&dto::agent::full(state, known, include(call), &call.base)))
}

pub(super) fn add(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    call.caller.may_manage()?;
    let new = new_agent(call)?;
    let added = state.add_agent(call.id("pool"), new, now);
    let id = added.map_err(|error| failed(state, call, error))?;
    Ok(call::object(&dto::agent::registered(state, id, &call.base)))
}

pub(super) fn replace(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    call.caller.may_manage()?;
    let (pool, id) = (call.id("pool"), call.id("agent"));
    let replaced = state.replace_agent(pool, id, new_agent(call)?, now);
    replaced.map_err(|error| failed(state, call, error))?;
    Ok(call::object(&dto::agent::registered(state, id, &call.base)))
}

/// Changes `enabled`, which the maintainers of the agent recommend before an agent is stopped
/// (<https://github.com/microsoft/azure-pipelines-agent/issues/2085>). A running job goes on.
pub(super) fn update(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    call.caller.may_manage()?;
    let (pool, id) = (call.id("pool"), call.id("agent"));
    if call.body["id"].as_u64().is_some_and(|in_body| in_body != id) {
        return Err(ApiError::invalid("The id of the agent in the body is not that of the path."));
    }
    let enabled = call.body["enabled"].as_bool();
    let change = |agent: &mut crate::model::agent::Agent| {
        agent.enabled = enabled.unwrap_or(agent.enabled);
    };
    let updated = state.update_agent(pool, id, change, now);
    updated.map_err(|error| failed(state, call, error))?;
    let known = state.agent(pool, id).map_err(|error| failed(state, call, error))?;
    Ok(call::object(&dto::agent::full(state, known, Include::default(), &call.base)))
}

/// The service refuses to delete an agent that has a job.
pub(super) fn delete(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    call.caller.may_manage()?;
    let deleted = state.delete_agent(call.id("pool"), call.id("agent"), now);
    deleted.map_err(|error| failed(state, call, error))?;
    Ok(call::no_content())
}

pub(super) fn update_user_capabilities(
    state: &mut State,
    call: &Call<'_>,
    now: DateTime<Utc>,
) -> ApiResult {
    call.caller.may_manage()?;
    let (pool, id) = (call.id("pool"), call.id("agent"));
    let capabilities = Call::texts(&call.body);
    let change = |agent: &mut crate::model::agent::Agent| agent.user_capabilities = capabilities;
    let updated = state.update_agent(pool, id, change, now);
    updated.map_err(|error| failed(state, call, error))?;
    let known = state.agent(pool, id).map_err(|error| failed(state, call, error))?;
    let include = Include { capabilities: true, ..Include::default() };
    Ok(call::object(&dto::agent::full(state, known, include, &call.base)))
}

/// Accepts the progress of an update, which an agent reports as a text.
pub(super) fn report_update(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["currentstate"])?;
    let (pool, id) = (call.id("pool"), call.id("agent"));
    if call.caller.agent()? != id {
        return Err(ApiError::access_denied("Listen"));
    }
    let known = state.agent(pool, id).map_err(|error| failed(state, call, error))?;
    Ok(call::object(&dto::agent::full(state, known, Include::default(), &call.base)))
}

fn include(call: &Call<'_>) -> Include {
    Include {
        capabilities: call.flag("includecapabilities"),
        assigned: call.flag("includeassignedrequest"),
        last_completed: call.flag("includelastcompletedrequest"),
    }
}

fn failed(state: &State, call: &Call<'_>, error: AgentError) -> ApiError {
    let refused = state.options.refused_deletion_status;
    ApiError::of_agent(error, (call.id("pool"), call.id("agent")), &call.text("name"), refused)
}

/// Reads a registration. `enabled` is true unless the body says otherwise.
fn new_agent(call: &Call<'_>) -> Result<NewAgent, ApiError> {
    let name = call.text("name");
    if name.is_empty() {
        return Err(ApiError::invalid("The name of the agent is missing."));
    }
    let key = &call.body["authorization"]["publicKey"];
    let number = |value: &Value| value.as_str().map(str::to_owned);
    Ok(NewAgent {
        name,
        version: call.text("version"),
        os_description: call.text("osDescription"),
        enabled: call.body["enabled"].as_bool().unwrap_or(true),
        max_parallelism: call.body["maxParallelism"].as_u64().unwrap_or(1),
        provisioning_state: call.text("provisioningState"),
        public_key: number(&key["modulus"]).zip(number(&key["exponent"])),
        system_capabilities: Call::texts(&call.body["systemCapabilities"]),
    })
}
