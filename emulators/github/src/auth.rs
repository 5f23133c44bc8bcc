//! Authentication of API callers: the user's token, an App's JWT, or an installation access token.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use crate::error::ApiError;
use crate::model::app::App;
use crate::model::scope::Scope;
use crate::state::State;

mod app_jwt;
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
    /// An App's installation on this account.
    Installation(String),
}

impl Caller {
    /// Returns the key of the caller's rate limits.
    pub(crate) fn rate_limit_key(&self) -> &str {
        match self {
            Self::Anonymous | Self::User => "",
            Self::App(app) => &app.client_id,
            Self::Installation(account) => account,
        }
    }
}

/// Authenticates the caller, and checks its access to the operation and the scope.
pub(crate) fn authorize(
    state: &mut State,
    access: Access,
    scope: Option<&Scope>,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Caller, ApiError> {
    if !headers.contains_key(header::USER_AGENT) {
        // https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
        let text = "Request forbidden by administrative rules. Please make sure your request has a \
                    User-Agent header.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, text));
    }
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    match given.map(|value| value.split_once(' ').unwrap_or_default()) {
        None if access == Access::Public => Ok(Caller::Anonymous),
        None => Err(ApiError::new(StatusCode::UNAUTHORIZED, "Requires authentication")),
        Some((scheme, token))
            if ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) =>
        {
            let caller = authenticate(state, access, token, now)?;
            check_access(state, &caller, access, scope, token)?;
            Ok(caller)
        }
        Some(_) => Err(bad_credentials()),
    }
}

fn authenticate(
    state: &mut State,
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
    let known = known.ok_or_else(bad_credentials)?;
    Ok(Caller::Installation(known.account.clone()))
}

/// GitHub accepts a JWT once. It answers a second request with 404, as if it had no credentials.
/// <https://github.com/github-aws-runners/terraform-aws-github-runner/issues/5025>
fn authenticate_app(
    state: &mut State,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Caller, ApiError> {
    let invalid = |text| ApiError::new(StatusCode::UNAUTHORIZED, text);
    let app = app_jwt::verify(token, &state.apps, now).map_err(invalid)?.clone();
    if !state.used_jwts.insert(token.to_owned()) {
        return Err(ApiError::not_found());
    }
    Ok(Caller::App(Box::new(app)))
}

/// An installation has access to its own account only, and there only with the granted permissions.
fn check_access(
    state: &State,
    caller: &Caller,
    access: Access,
    scope: Option<&Scope>,
    token: &str,
) -> Result<(), ApiError> {
    let Caller::Installation(account) = caller else { return Ok(()) };
    let owner = match scope {
        Some(Scope::Repository(name)) => name.split('/').next(),
        Some(Scope::Organization(name)) => Some(name.as_str()),
        Some(Scope::Enterprise(_)) => None,
        None => Some(account.as_str()),
    };
    if !owner.is_some_and(|owner| owner.eq_ignore_ascii_case(account)) {
        return Err(ApiError::not_found());
    }
    if !state.installation_tokens.get(token).is_some_and(|token| access.allows(token)) {
        let text = "Resource not accessible by integration";
        return Err(ApiError::new(StatusCode::FORBIDDEN, text));
    }
    Ok(())
}

fn bad_credentials() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "Bad credentials")
}
