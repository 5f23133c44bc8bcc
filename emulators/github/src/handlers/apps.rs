//! Installations of GitHub Apps, and their access tokens.

use http::StatusCode;
use serde_json::{Value, json};

use super::request::ApiRequest;
use super::response::{ApiResponse, ApiResult};
use crate::auth::Caller;
use crate::dto;
use crate::error::ApiError;
use crate::model::app::{App, Installation};
use crate::model::scope::Scope;
use crate::state::State;

/// Finds the installation on the account of a repository or an organization.
pub(crate) fn get_installation(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let account = match request.scope(state)? {
        Scope::Repository(name) => name.split('/').next().unwrap_or_default().to_owned(),
        Scope::Organization(name) => name,
        Scope::Enterprise(_) => return Err(ApiError::not_found()),
    };
    let found = state.installation_on(app(request)?.id, &account);
    ApiResponse::ok(installation(state, request, found.ok_or_else(ApiError::not_found)?))
}

pub(crate) fn list_installations(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let app = app(request)?;
    let own = state.installations.values().filter(|known| known.app.id == app.id);
    request.array(own.collect(), |known| installation(state, request, known))
}

pub(crate) fn list_repositories(state: &State, request: &ApiRequest<'_>) -> ApiResult {
    let Caller::Installation(account) = &request.caller else {
        let text = "You must authenticate with an installation access token in order to list repositories for an installation.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, text));
    };
    let of_account = state.repositories.values().filter(|known| known.owner() == account);
    let write = |repository| dto::repository::short(&request.base, repository);
    request.list("repositories", of_account.collect(), write)
}

pub(crate) fn create_access_token(state: &mut State, request: &ApiRequest<'_>) -> ApiResult {
    let installation = request.params.id("installation_id");
    let issued = state.issue_installation_token(app(request)?, installation, request.now);
    let (text, token) = issued.ok_or_else(ApiError::not_found)?;
    ApiResponse::created(json!({
        "token": text,
        "expires_at": dto::timestamp(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "all",
    }))
}

fn installation(state: &State, request: &ApiRequest<'_>, installation: &Installation) -> Value {
    let mut repositories = state.repositories.values();
    let owned = repositories.find(|known| known.owner() == installation.account);
    dto::app::installation(&request.base, owned, installation)
}

fn app<'a>(request: &'a ApiRequest<'_>) -> Result<&'a App, ApiError> {
    match &request.caller {
        Caller::App(app) => Ok(app),
        _ => Err(ApiError::not_found()),
    }
}
