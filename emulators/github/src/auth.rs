//! Authentication of API callers: the user's token, an App's JWT, or an installation access token.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use crate::error::ApiError;
use crate::model::app::{App, InstallationToken};
use crate::model::scope::Scope;
use crate::state::State;

mod app_jwt;
pub(crate) mod permission_levels;
pub(crate) mod permissions;

use permissions::Access;

/// The authenticated caller, whose rate limits apply.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Without credentials.
    Anonymous,
    /// The user who owns the token.
    User,
    /// An App itself.
    App(Box<App>),
    /// An App's installation, with its token.
    Installation(Box<InstallationToken>),
}

impl Caller {
    /// Returns the key of the caller's rate limits.
    pub(crate) fn rate_limit_key(&self) -> &str {
        match self {
            Self::Anonymous | Self::User => "",
            Self::App(app) => &app.client_id,
            Self::Installation(token) => &token.limits,
        }
    }
}

/// Authenticates the caller, and checks its access to the operation and the scope.
pub(crate) fn authorize(
    state: &State,
    access: Access,
    scope: Option<&Scope>,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Caller, ApiError> {
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    match given.map(|value| value.split_once(' ').unwrap_or_default()) {
        None if access == Access::Public => Ok(Caller::Anonymous),
        None => Err(ApiError::new(StatusCode::UNAUTHORIZED, "Requires authentication")),
        Some((scheme, token))
            if ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) =>
        {
            let caller = authenticate(state, access, token, now)?;
            check_access(state, &caller, access, scope)?;
            Ok(caller)
        }
        Some(_) => Err(ApiError::bad_credentials()),
    }
}

fn authenticate(
    state: &State,
    access: Access,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Caller, ApiError> {
    if access == Access::AppJwt {
        return authenticate_app(state, token, now);
    }
    if token == state.options.token {
        return Ok(Caller::User);
    }
    let known = state.installation_tokens.get(token).filter(|known| known.expires_at > now);
    let known = known.ok_or_else(ApiError::bad_credentials)?;
    Ok(Caller::Installation(Box::new(known.clone())))
}

/// A JWT may be used until it expires, as octokit does: its JWTs of one second are equal.
/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
fn authenticate_app(state: &State, token: &str, now: DateTime<Utc>) -> Result<Caller, ApiError> {
    let invalid = |text| ApiError::new(StatusCode::UNAUTHORIZED, text);
    let app = app_jwt::verify(token, &state.apps, now).map_err(invalid)?;
    Ok(Caller::App(Box::new(app.clone())))
}

/// An installation has access to its own account only, there only to the repositories that its token is narrowed to,
/// and only with the granted permissions.
fn check_access(
    state: &State,
    caller: &Caller,
    access: Access,
    scope: Option<&Scope>,
) -> Result<(), ApiError> {
    let token = match caller {
        Caller::Installation(token) => token,
        Caller::User if access == Access::Installation => {
            return Err(ApiError::not_accessible("personal access token"));
        }
        _ => return Ok(()),
    };
    let covered = match scope {
        Some(Scope::Repository(name)) => {
            state.repository(name).is_some_and(|repository| token.covers(repository))
        }
        Some(Scope::Organization(name)) => name.eq_ignore_ascii_case(&token.account),
        Some(Scope::Enterprise(_)) => false,
        None => true,
    };
    if state.is_suspended(&token.account) {
        return Err(ApiError::suspended());
    }
    if !covered {
        return Err(ApiError::not_found());
    }
    if access.allows(token) { Ok(()) } else { Err(ApiError::not_accessible("integration")) }
}
