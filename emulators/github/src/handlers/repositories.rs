//! Repositories.

use serde_json::Value;

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::auth::Caller;
use crate::dto;
use crate::error::{ApiError, SSO};
use crate::model::repository::{Repository, Visibility};
use crate::state::State;

pub(crate) fn get(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    ApiResponse::ok(dto::repository::full(&request.base, request.repository(state)?))
}

/// Lists the repositories of an organization that the caller has access to.
///
/// <https://docs.github.com/en/rest/repos/repos#list-organization-repositories>
pub(crate) fn list_for_org(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let scope = request.scope(state)?;
    let readable = |known: &&Repository| match &request.caller {
        Caller::Installation(token) => token.covers(known),
        _ => true,
    };
    let covered = state.repositories.values();
    let covered = covered.filter(|known| scope.covers(known) && state.is_listed(known));
    list(request, covered.filter(readable).collect(), "created")
}

/// Lists all repositories: the user's token has access to every one, except where single sign-on refuses it.
///
/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#missing-results>
/// <https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user>
pub(crate) fn list_for_user(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let hidden = state.owners_without_sso();
    let shown = state.repositories.values();
    let shown = shown.filter(|known| !hidden.contains(&known.owner_id) && state.is_listed(known));
    let listed = list(request, shown.collect(), "full_name")?;
    if hidden.is_empty() {
        return Ok(listed);
    }
    let ids: Vec<String> = hidden.iter().map(u64::to_string).collect();
    Ok(listed.with_header(SSO, format!("partial-results; organizations={}", ids.join(","))))
}

fn list(request: &ApiRequest<'_>, mut found: Vec<&Repository>, order: &str) -> ApiResult {
    request.query.allow_only(&["type", "sort", "direction", "visibility"])?;
    let wanted = request.query.get("type").or(request.query.get("visibility")).unwrap_or("all");
    let kind = match wanted {
        "all" | "owner" | "sources" => None,
        "public" => Some(Visibility::Public),
        "private" => Some(Visibility::Private),
        "internal" => Some(Visibility::Internal),
        other => return Err(ApiError::not_modelled(&format!("repositories of type {other}"))),
    };
    found.retain(|known| kind.is_none_or(|kind| is_of(known, kind)));
    sort(request, &mut found, order)?;
    let write = |known: &Repository| -> Value { dto::repository::short(&request.base, known) };
    request.array(found, write)
}

/// An internal repository is private as well.
fn is_of(repository: &Repository, kind: Visibility) -> bool {
    let internal = repository.visibility == Visibility::Internal;
    repository.visibility == kind || (internal && kind == Visibility::Private)
}

/// Sorts repositories; nothing is pushed here, so they were last changed when they were created.
fn sort(request: &ApiRequest<'_>, found: &mut [&Repository], order: &str) -> Result<(), ApiError> {
    let order = request.query.get("sort").unwrap_or(order);
    match order {
        "full_name" => found.sort_by_key(|known| known.full_name.to_ascii_lowercase()),
        "created" | "updated" | "pushed" => found.sort_by_key(|known| (known.created_at, known.id)),
        other => return Err(ApiError::not_modelled(&format!("the order {other}"))),
    }
    let default = if order == "full_name" { "asc" } else { "desc" };
    match request.query.get("direction").unwrap_or(default) {
        "asc" => {}
        "desc" => found.reverse(),
        other => return Err(ApiError::not_modelled(&format!("the direction {other}"))),
    }
    Ok(())
}
