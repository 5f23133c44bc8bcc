//! Packages of the agent, and the parallel jobs of the organization.

use serde_json::{Value, json};

use emulator_core::service::Response;

use super::call::{self, Call};
use crate::dto;
use crate::error::ApiResult;
use crate::model::demand::numbers;
use crate::state::State;

/// Lists the newest package of a platform.
pub(super) fn packages(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["platform", "$top"])?;
    let (kind, version) = (call.param("type"), &state.options.agent_version);
    let in_path = Some(call.param("platform")).filter(|platform| !platform.is_empty());
    let platform = in_path.or(call.query("platform")).unwrap_or("linux-x64");
    let [major, minor, patch] = <[u64; 3]>::try_from(numbers(version)).unwrap_or_default();
    let prefix = if kind == "agent" { "vsts-agent" } else { kind };
    let extension = if platform.starts_with("win") { "zip" } else { "tar.gz" };
    let file = format!("{prefix}-{platform}-{version}.{extension}");
    Ok(call::list(vec![json!({
        "type": kind,
        "platform": platform,
        "version": { "major": major, "minor": minor, "patch": patch },
        "filename": file,
        "downloadUrl": format!("https://download.agent.dev.azure.com/agent/{version}/{file}"),
    })]))
}

/// Reports the self-hosted parallel jobs. A request that a cancelled run left behind uses none.
pub(super) fn usage(state: &mut State, call: &Call<'_>) -> ApiResult {
    call.allow_only(&["parallelismtag", "poolishosted", "includerunningrequests"])?;
    let running = state.requests.values();
    let running =
        running.filter(|request| request.result.is_none() && request.reserved_agent.is_some());
    let write = |request| dto::request::write(state, request, false, &call.base);
    let running: Vec<Value> = running.map(write).collect();
    let mut body = json!({ "usedCount": running.len(), "resourceLimit": limit(state) });
    if call.flag("includerunningrequests") {
        body["runningRequests"] = running.into();
    }
    Ok(call::object(&body))
}

pub(super) fn limits(state: &State) -> Response {
    call::list(vec![limit(state)])
}

fn limit(state: &State) -> Value {
    json!({
        "hostId": state.instance_id,
        "totalCount": state.parallel_jobs,
        "parallelismTag": "Private",
        "isHosted": false,
        "isPremium": false,
        "failedToReachAllProviders": false,
    })
}
