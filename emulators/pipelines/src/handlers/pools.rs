//! Pools.

use super::call::{self, Call};
use crate::dto;
use crate::error::{ApiError, ApiResult};
use crate::model::pool::Pool;
use crate::state::State;

pub(super) fn list(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["poolname", "pooltype", "actionfilter"])?;
    let is_deployment = call
        .query("pooltype")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("deployment") || kind == "2");
    let name = call.query("poolname");
    let matches = |pool: &&Pool| {
        !is_deployment && name.is_none_or(|name| pool.name.eq_ignore_ascii_case(name))
    };
    // Pools that the caller may not manage are left out.
    let manages = call.query("actionfilter").is_some_and(|it| it.eq_ignore_ascii_case("manage"));
    let is_seen = !manages || call.caller.may_manage().is_ok();
    let pools = state.pools.values().filter(|_| is_seen).filter(matches);
    Ok(call::list(pools.map(|pool| dto::pool::full(state, pool)).collect()))
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["actionfilter"])?;
    let id = call.id("pool");
    let pool = state.pools.get(&id).ok_or_else(|| ApiError::no_pool(id))?;
    Ok(call::object(&dto::pool::full(state, pool)))
}

/// Changes the name of a pool, and whether its agents are updated.
pub(super) fn update(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.caller.may_manage()?;
    let id = call.id("pool");
    let pool = state.pools.get_mut(&id).ok_or_else(|| ApiError::no_pool(id))?;
    if let Some(auto_update) = call.body["autoUpdate"].as_bool() {
        pool.auto_update = auto_update;
    }
    if let Some(name) = call.body["name"].as_str().filter(|name| !name.is_empty()) {
        name.clone_into(&mut pool.name);
    }
    get(state, call)
}
