//! GitHub Apps and their installations.

use http::StatusCode;
use serde_json::Value;

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::auth::Caller;
use crate::dto;
use crate::error::ApiError;
use crate::model::app::{App, Installation};
use crate::model::scope::Scope;
use crate::state::State;

/// Returns the App itself.
pub(crate) fn get(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let app = app(request)?;
    let installations = state.installations.values().filter(|known| known.app.id == app.id).count();
    ApiResponse::ok(dto::app::app(&request.base, app, installations))
}

/// Finds the installation on the account of a repository, an organization or a user.
pub(crate) fn get_installation_on(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let account = match request.scope {
        Some(_) => match request.scope(state)? {
            Scope::Repository(name) => name.split('/').next().unwrap_or_default().to_owned(),
            Scope::Organization(name) => name,
            Scope::Enterprise(_) => return Err(ApiError::not_found()),
        },
        None => request.params.text("username").to_owned(),
    };
    let found = state.installation_on(app(request)?.id, &account);
    ApiResponse::ok(installation(state, request, found.ok_or_else(ApiError::not_found)?))
}

pub(crate) fn get_installation(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let found = state.installations.get(&request.params.id("installation_id"));
    let app = app(request)?.id;
    let found = found.filter(|known| known.app.id == app).ok_or_else(ApiError::not_found)?;
    ApiResponse::ok(installation(state, request, found))
}

pub(crate) fn list_installations(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let app = app(request)?;
    let own = state.installations.values().filter(|known| known.app.id == app.id);
    request.array(own.collect(), |known| installation(state, request, known))
}

pub(crate) fn list_repositories(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    request.query.allow_only(&[])?;
    let Caller::Installation(token) = &request.caller else {
        let text = "You must authenticate with an installation access token in order to list repositories for an installation.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, text));
    };
    let covered = state.repositories.values();
    let covered = covered.filter(|known| token.covers(known) && state.is_listed(known));
    let write = |repository| dto::repository::short(&request.base, repository);
    let list = request.list("repositories", covered.collect(), write)?;
    Ok(list.with("repository_selection", token.selection()))
}

fn installation(state: &State, request: &ApiRequest<'_>, installation: &Installation) -> Value {
    let mut repositories = state.repositories.values();
    let owned = repositories.find(|known| known.owner() == installation.account);
    dto::app::installation(&request.base, owned, installation)
}

/// Returns the App that sent the request.
pub(super) fn app<'a>(request: &'a ApiRequest<'_>) -> Result<&'a App, ApiError> {
    match &request.caller {
        Caller::App(app) => Ok(app),
        _ => Err(ApiError::not_found()),
    }
}
