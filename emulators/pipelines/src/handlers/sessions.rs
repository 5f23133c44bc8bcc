//! Sessions of agents.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::json;

use super::call::{self, Call};
use crate::error::{ApiError, ApiResult};
use crate::state::State;
use crate::state::sessions::NewSession;

/// Opens a session. The answer has no encryption key, so messages are sent as they are.
pub(super) fn create(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    let (pool, id) = (call.id("pool"), call.caller.agent()?);
    if !state.pools.contains_key(&pool) {
        return Err(ApiError::no_pool(pool));
    }
    let agent = &call.body["agent"];
    if state.agent(pool, id).is_err() || agent["id"].as_u64() != Some(id) {
        return Err(ApiError::no_agent(agent["id"].as_u64().unwrap_or(id)));
    }
    let text = |field: &str| agent[field].as_str().unwrap_or_default().to_owned();
    let new = NewSession {
        owner: call.text("ownerName"),
        version: text("version"),
        os_description: text("osDescription"),
        system_capabilities: Call::texts(&call.body["systemCapabilities"]),
    };
    let owner = new.owner.clone();
    let opened = state.open_session(id, new, now);
    let session =
        opened.map_err(|owner| ApiError::session_conflict(&state.agent_name(id), &owner))?;
    Ok(call::object(&json!({ "sessionId": session, "ownerName": owner, "agent": agent })))
}

pub(super) fn delete(state: &mut State, call: &Call<'_>, now: DateTime<Utc>) -> ApiResult {
    let (agent, session) = (call.caller.agent()?, call.param("session"));
    if state.session(agent, session).is_none() {
        return Err(ApiError::session_expired(session));
    }
    state.close_session(agent, now);
    Ok(call::empty(StatusCode::OK))
}
