//! GitHub's own metadata, rate limits, the user, and the releases and downloads of the runner.

use serde_json::{Value, json};

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use super::versions;
use crate::dto;
use crate::error::ApiError;
use crate::state::State;

/// The platforms of the runner: operating system, architecture, and the end of the file's name.
const PLATFORMS: [(&str, &str, &str); 6] = [
    ("osx", "x64", "tar.gz"),
    ("linux", "x64", "tar.gz"),
    ("linux", "arm", "tar.gz"),
    ("win", "x64", "zip"),
    ("linux", "arm64", "tar.gz"),
    ("osx", "arm64", "tar.gz"),
];

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

/// Lists the versions of the API, the latest first.
///
/// <https://docs.github.com/en/rest/meta/meta#get-all-api-versions>
pub(crate) fn versions(_: &State, _: &ApiRequest<'_>) -> ApiResult {
    ApiResponse::ok(json!(versions::SUPPORTED))
}

pub(crate) fn user(_: &State, request: &ApiRequest<'_>) -> ApiResult {
    ApiResponse::ok(dto::user(&request.base))
}

pub(crate) fn rate_limit(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let limits = state.limits_of(request.caller.rate_limit_key());
    ApiResponse::ok(limits.overview(request.now))
}

/// Lists the releases of the runner, latest first.
pub(crate) fn releases(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let releases = state.releases.iter().zip(1..).collect::<Vec<_>>().into_iter().rev().collect();
    let base = &request.base;
    request.array(releases, |((version, at), id)| dto::release(base, version, *at, id))
}

pub(crate) fn latest_release(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let latest = state.releases.iter().zip(1..).last();
    let ((version, at), id) = latest.ok_or_else(ApiError::not_found)?;
    ApiResponse::ok(dto::release(&request.base, version, *at, id))
}

/// Lists the downloads of the latest runner; none before the first release. The files do not exist.
///
/// <https://docs.github.com/en/rest/actions/self-hosted-runners#list-runner-applications-for-a-repository>
pub(crate) fn downloads(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    request.scope(state)?;
    let latest = state.releases.last().map(|(version, _)| version);
    let write = |version: &String| {
        PLATFORMS.map(|(os, architecture, end)| {
            let filename = format!("actions-runner-{os}-{architecture}-{version}.{end}");
            let web = &request.base.web;
            let url = format!("{web}/actions/runner/releases/download/v{version}/{filename}");
            json!({ "os": os, "architecture": architecture, "download_url": url, "filename": filename })
        })
    };
    ApiResponse::ok(latest.map_or(json!([]), |version| Value::from(write(version).to_vec())))
}
