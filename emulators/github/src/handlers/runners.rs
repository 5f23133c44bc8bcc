//! Runners and runner groups.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::dto;
use crate::dto::configuration;
use crate::error::ApiError;
use crate::model::runner::{NewRunner, Registration, Runner};
use crate::model::runner_keys;
use crate::model::scope::Scope;
use crate::state::State;
use crate::state::registrations::RegistrationError;

/// The longest label that the runner's own configuration accepts; it ignores empty ones. Whether GitHub accepts others
/// is not documented.
/// <https://github.com/actions/runner/blob/main/src/Runner.Listener/Configuration/Validators.cs>
const MAX_LABEL_LENGTH: usize = 256;

pub(crate) fn create_registration_token(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let scope = request.scope(state)?;
    let token = state.issue_registration_token(scope, request.now);
    ApiResponse::created(json!({
        "token": token.text,
        "expires_at": dto::expiry(token.expires_at),
    }))
}

pub(crate) fn create_jit_config(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let scope = request.scope(state)?;
    let (new, work_folder) = parse_jit_request(scope, request.body)?;
    let name = new.name.clone();
    let group = state.group(&new.scope, new.group).map(|group| group.name).unwrap_or_default();
    let id = state.register(new, None, request.now).map_err(|error| match error {
        RegistrationError::NameTaken => {
            let text = format!("Already exists - A runner with the name {name} already exists.");
            ApiError::new(StatusCode::CONFLICT, text)
        }
        RegistrationError::NoSuchGroup => ApiError::not_found(),
    })?;
    let registration = &state.registrations[&id];
    ApiResponse::created(json!({
        "runner": dto::runner::runner(&registration.runner),
        "encoded_jit_config": encoded(registration, &group, &work_folder, &request.base),
    }))
}

/// Encodes the configuration of a runner that has the emulator's key.
pub(crate) fn encoded(
    registration: &Registration,
    group: &str,
    work_folder: &str,
    base: &dto::Base,
) -> String {
    let key = runner_keys::key(registration.runner.id);
    let files = configuration::files(registration, key, group, work_folder, base);
    STANDARD.encode(json!(files).to_string())
}

fn parse_jit_request(scope: Scope, body: &[u8]) -> Result<(NewRunner, String), ApiError> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))?;
    let name = body["name"].as_str().filter(|name| (1..=64).contains(&name.chars().count()));
    let name = name.ok_or_else(|| invalid("name", "a string of 1 to 64 characters"))?;
    let group = body["runner_group_id"].as_u64();
    let group = group.ok_or_else(|| invalid("runner_group_id", "an integer"))?;
    let labels: Option<Vec<String>> = serde_json::from_value(body["labels"].clone()).ok();
    let labels = labels.filter(|labels| (1..=100).contains(&labels.len()));
    let labels = labels.ok_or_else(|| invalid("labels", "an array of 1 to 100 strings"))?;
    if !labels.iter().all(|label| (1..=MAX_LABEL_LENGTH).contains(&label.chars().count())) {
        return Err(invalid("labels", "an array of strings of 1 to 256 characters"));
    }
    let work_folder = body["work_folder"].as_str().unwrap_or("_work").to_owned();
    let name = name.to_owned();
    Ok((NewRunner { name, scope, group, labels, ephemeral: true }, work_folder))
}

fn invalid(field: &str, wanted: &str) -> ApiError {
    ApiError::invalid(format!("Invalid request.\n\n\"{field}\" is not {wanted}."))
}

pub(crate) fn list(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&["name"])?;
    let scope = request.scope(state)?;
    let has_name = |runner: &&Runner| {
        request.query.get("name").is_none_or(|name| runner.name.eq_ignore_ascii_case(name))
    };
    let runners = state.registrations.values().map(|known| &known.runner);
    let own = |runner: &&Runner| !state.inherited_groups.contains(&runner.group);
    let runners = runners.filter(|runner| runner.scope == scope).filter(own).filter(has_name);
    request.list("runners", runners.collect(), dto::runner::runner)
}

pub(crate) fn get(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    ApiResponse::ok(dto::runner::runner(find(state, request)?))
}

pub(crate) fn delete(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let runner = find(state, request)?;
    if runner.busy {
        let text = format!("Bad request - Runner \"{}\" is still running a job", runner.name);
        return Err(ApiError::invalid(text));
    }
    let id = runner.id;
    state.remove(id, request.now);
    ApiResponse::no_content()
}

fn find<'s>(state: &'s State, request: &ApiRequest<'_>) -> Result<&'s Runner, ApiError> {
    let scope = request.scope(state)?;
    let known = state.registrations.get(&request.params.id("runner_id"));
    let own =
        |runner: &&Runner| runner.scope == scope && !state.inherited_groups.contains(&runner.group);
    let runner = known.map(|known| &known.runner).filter(own);
    runner.ok_or_else(ApiError::not_found)
}

pub(crate) fn list_groups(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let groups = state.groups_of(&request.scope(state)?);
    request.list("runner_groups", groups, |group| {
        let inherited = state.inherited_groups.contains(&group.id);
        dto::runner::group(&request.base, &group, inherited, state.group_workflows.get(&group.id))
    })
}

/// Lists the runners of a group, also of one that an organization inherits from the enterprise.
///
/// <https://docs.github.com/en/rest/actions/self-hosted-runner-groups#list-self-hosted-runners-in-a-group-for-an-organization>
pub(crate) fn list_of_group(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let scope = request.scope(state)?;
    let group = state.group(&scope, request.params.id("runner_group_id"));
    let group = group.ok_or_else(ApiError::not_found)?.id;
    let runners = state.registrations.values().map(|known| &known.runner);
    let runners = runners.filter(|runner| runner.scope == scope && runner.group == group);
    request.list("runners", runners.collect(), dto::runner::runner)
}

/// Lists the repositories, or an enterprise's organizations, that are selected for a group. For a group that all
/// may use, GitHub returns an empty list.
pub(crate) fn list_group_access(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let scope = request.scope(state)?;
    let group = state.group(&scope, request.params.id("runner_group_id"));
    let selected = group.ok_or_else(ApiError::not_found)?.repositories.unwrap_or_default();
    let repositories = selected.iter().filter_map(|name| state.repository(name));
    if matches!(scope, Scope::Organization(_)) {
        let write = |repository| dto::repository::short(&request.base, repository);
        return request.list("repositories", repositories.collect(), write);
    }
    let owners: BTreeMap<&str, u64> =
        repositories.map(|repository| (repository.owner(), repository.owner_id)).collect();
    let write = |(login, id)| dto::organization(&request.base, login, id);
    request.list("organizations", owners.into_iter().collect(), write)
}
