//! Repositories.

use serde_json::Value;

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::dto;
use crate::model::repository::Repository;
use crate::state::State;

pub(crate) fn get(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    ApiResponse::ok(dto::repository::full(&request.base, request.repository(state)?))
}

pub(crate) fn list_for_org(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let scope = request.scope(state)?;
    array(request, state.repositories.values().filter(|known| scope.covers(known)).collect())
}

/// Lists all repositories: the user's token has access to every one.
pub(crate) fn list_for_user(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    array(request, state.repositories.values().collect())
}

fn array(request: &ApiRequest<'_>, repositories: Vec<&Repository>) -> ApiResult {
    request.query.allow_only(&[])?;
    let write = |known: &Repository| -> Value { dto::repository::short(&request.base, known) };
    request.array(repositories, write)
}
