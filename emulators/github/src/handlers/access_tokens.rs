//! Installation access tokens, which may be narrowed to permissions and repositories.
//!
//! <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::apps::app;
use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::auth::Caller;
use crate::auth::permission_levels::{includes, levels};
use crate::dto;
use crate::error::ApiError;
use crate::model::app::Installation;
use crate::model::repository::Repository;
use crate::state::State;

/// Maximum number of repositories that a token may be narrowed to.
const MAX_REPOSITORIES: usize = 500;

pub(crate) fn create(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let id = request.params.id("installation_id");
    let known = state.installations.get(&id);
    let known = known.filter(|known| app(request).is_ok_and(|app| app.id == known.app.id));
    let known = known.ok_or_else(ApiError::not_found)?;
    if known.suspended_at.is_some() {
        return Err(ApiError::suspended());
    }
    let body = parse(request.body)?;
    let repositories = repositories(state, known, &body)?;
    let permissions = permissions(known, &body)?;
    let token = state.issue_installation_token(id, permissions, repositories, request.now);
    let token = token.ok_or_else(ApiError::not_found)?;
    let mut response = json!({
        "token": token.text,
        "expires_at": dto::timestamp(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": token.selection(),
    });
    if token.repositories.is_some() {
        let readable = state.repositories.values().filter(|known| token.covers(known));
        let write = |repository| dto::repository::short(&request.base, repository);
        response["repositories"] = readable.map(write).collect();
    }
    ApiResponse::created(response)
}

/// Revokes the token with which the request was authenticated.
///
/// <https://docs.github.com/en/rest/apps/installations#revoke-an-installation-access-token>
pub(crate) fn revoke(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let Caller::Installation(token) = &request.caller else { return Err(ApiError::not_found()) };
    state.installation_tokens.remove(&token.text);
    ApiResponse::no_content()
}

fn parse(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))?;
    match body {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Map::new()),
        _ => Err(ApiError::new(StatusCode::BAD_REQUEST, "Body should be a JSON object")),
    }
}

/// Returns the permissions that a token will have: the requested ones, or all that are granted.
fn permissions(
    known: &Installation,
    body: &Map<String, Value>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let granted = &known.app.permissions;
    let mut permissions = match body.get("permissions") {
        None | Some(Value::Null) => granted.clone(),
        Some(Value::Object(wanted)) => wanted.iter().map(permission).collect::<Result<_, _>>()?,
        Some(_) => return Err(invalid("\"permissions\" is not an object.")),
    };
    if permissions.is_empty() {
        permissions.clone_from(granted);
    }
    if !permissions.iter().all(|(name, level)| includes(granted, name, level)) {
        let text = "The permissions requested are not granted to this installation.";
        return Err(ApiError::invalid(text));
    }
    permissions.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
    Ok(permissions)
}

fn permission((name, level): (&String, &Value)) -> Result<(String, String), ApiError> {
    let known = levels(name);
    let known = known.ok_or_else(|| invalid(&format!("\"{name}\" is not a permitted key.")))?;
    match level.as_str().filter(|level| known.contains(level)) {
        Some(level) => Ok((name.clone(), level.to_owned())),
        None => Err(invalid(&format!("{level} is not a member of {}.", json!(known)))),
    }
}

/// Returns the ids of the repositories to which a token is narrowed, by name or by id; `None` for all.
fn repositories(
    state: &State,
    known: &Installation,
    body: &Map<String, Value>,
) -> Result<Option<BTreeSet<u64>>, ApiError> {
    let names = list(body, "repositories", |name| name.as_str().map(str::to_owned))?;
    let ids = list(body, "repository_ids", Value::as_u64)?;
    if names.is_none() && ids.is_none() {
        return Ok(None);
    }
    let own = |repository: &&Repository| repository.owner().eq_ignore_ascii_case(&known.account);
    let find = |matches: &dyn Fn(&Repository) -> bool| {
        let found = state.repositories.values().filter(own).find(|one| matches(one));
        found.map(|repository| repository.id)
    };
    let by_name = names.into_iter().flatten();
    let by_name = by_name.map(|name| find(&|one| one.name().eq_ignore_ascii_case(&name)));
    let by_id = ids.into_iter().flatten().map(|id| find(&|one| one.id == id));
    let found: Option<BTreeSet<u64>> = by_name.chain(by_id).collect();
    let found = found.filter(|found| !found.is_empty());
    found.map(Some).ok_or_else(|| {
        ApiError::invalid(
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    })
}

fn list<T>(
    body: &Map<String, Value>,
    field: &str,
    item: impl Fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, ApiError> {
    let items = match body.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) if items.len() > MAX_REPOSITORIES => {
            return Err(invalid(&format!("\"{field}\" has more than {MAX_REPOSITORIES} items.")));
        }
        Some(Value::Array(items)) => items.iter().map(item).collect::<Option<Vec<T>>>(),
        Some(_) => None,
    };
    items.map(Some).ok_or_else(|| invalid(&format!("\"{field}\" is not a list of its type.")))
}

fn invalid(fault: &str) -> ApiError {
    ApiError::invalid(format!("Invalid request.\n\n{fault}"))
}
