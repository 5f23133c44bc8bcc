//! GitHub's own metadata, rate limits, and the releases of the runner.

use serde_json::json;

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::dto;
use crate::state::State;

pub(crate) fn meta(state: &State, _: &ApiRequest<'_>) -> ApiResult {
    ApiResponse::ok(json!({
        "verifiable_password_authentication": false,
        "hooks": state.hook_ranges,
        "web": ["127.0.0.1/32"],
        "api": ["127.0.0.1/32"],
        "git": ["127.0.0.1/32"],
        "actions": ["127.0.0.1/32"],
    }))
}

pub(crate) fn rate_limit(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let limits = state.limits_of(request.caller.rate_limit_key());
    ApiResponse::ok(limits.overview(request.now))
}

/// Lists the releases of the runner, latest first.
pub(crate) fn releases(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let releases = state.releases.iter().rev().zip(1..).collect();
    let base = &request.base;
    request.array(releases, |((version, at), id)| dto::release(base, version, *at, id))
}
