//! Authentication of callers: a personal access token, a token of Microsoft Entra ID, or one that the service issued.

use chrono::{DateTime, Utc};
use http::{Method, StatusCode, header};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator_core::service::{Request, Response};

use crate::error::ApiError;
use crate::options::AccessLevel;
use crate::state::{Holder, State};

pub(crate) mod assertion;
mod entra;
mod sign_in;

/// The authenticated caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    /// A user or a service principal, with the name under which its consumption is counted.
    Identity(String, AccessLevel),
    /// A registered agent.
    Agent(u64),
    /// A job, by the id of its request.
    Job(u64),
    /// The plan of a run, by the id of the run.
    Plan(u64),
}

/// A rejection of a caller.
pub(crate) enum Rejection {
    /// The service shows its sign-in page, or a redirect to it.
    SignIn,
    /// The service reports an error.
    Error(ApiError),
}

impl Caller {
    /// Returns the name under which the consumption is counted.
    pub(crate) fn usage_key(&self) -> String {
        match self {
            Self::Identity(name, _) => name.clone(),
            Self::Agent(id) => format!("agent {id}"),
            Self::Job(id) => format!("job {id}"),
            Self::Plan(id) => format!("plan {id}"),
        }
    }

    /// Checks that the caller may manage pools and service hooks.
    pub(crate) fn may_manage(&self) -> Result<(), ApiError> {
        match self {
            Self::Identity(_, AccessLevel::Manage) => Ok(()),
            _ => Err(ApiError::access_denied("Manage")),
        }
    }

    /// Checks that the caller is an agent, and returns its id.
    pub(crate) fn agent(&self) -> Result<u64, ApiError> {
        match self {
            Self::Agent(id) => Ok(*id),
            _ => Err(ApiError::access_denied("Listen")),
        }
    }
}

/// Authenticates the caller of a request.
pub(crate) fn authenticate(
    state: &State,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Caller, Rejection> {
    let header = request.headers().get(header::AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            of_bearer(state, token.trim(), now).ok_or(Rejection::SignIn)
        }
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => of_basic(state, pair, now),
        _ => Err(Rejection::SignIn),
    }
}

fn of_bearer(state: &State, token: &str, now: DateTime<Utc>) -> Option<Caller> {
    let issued = state.issued.get(token).filter(|(_, expires_at)| *expires_at > now);
    match issued {
        Some((Holder::Agent(id), _)) => Some(Caller::Agent(*id)),
        Some((Holder::Job(id), _)) => Some(Caller::Job(*id)),
        Some((Holder::Plan(id), _)) => Some(Caller::Plan(*id)),
        None => entra::verify(state, token, now),
    }
}

/// The user of a basic credential is ignored. Its password may also be a token of Microsoft Entra ID, as Microsoft's own
/// agent images send it.
fn of_basic(state: &State, pair: &str, now: DateTime<Utc>) -> Result<Caller, Rejection> {
    let decoded = STANDARD.decode(pair).ok().and_then(|text| String::from_utf8(text).ok());
    let password = decoded.as_deref().and_then(|pair| Some(pair.split_once(':')?.1));
    let Some(password) = password else { return Err(Rejection::SignIn) };
    let known = state.tokens.iter().find(|token| token.text == password);
    match known {
        Some(token) if token.expires_at.is_none_or(|expires_at| expires_at > now) => {
            Ok(Caller::Identity("pat".to_owned(), token.access))
        }
        Some(_) => Err(Rejection::Error(expired())),
        None => of_bearer(state, password, now).ok_or_else(|| Rejection::Error(unauthorized())),
    }
}

/// <https://github.com/microsoft/azure-pipelines-agent/issues/1559>,
/// <https://github.com/microsoft/azure-pipelines-tasks/issues/18732>
fn expired() -> ApiError {
    let text = "Access Denied: The Personal Access Token used has expired.";
    ApiError::new(StatusCode::UNAUTHORIZED, "AccessCheckException", text)
}

fn unauthorized() -> ApiError {
    let text = "TF400813: The user '' is not authorized to access this resource.";
    ApiError::new(StatusCode::UNAUTHORIZED, "UnauthorizedRequestException", text)
}

/// Responds to a caller that was not authenticated.
///
/// Reported: GET and POST with an expired bearer token get the sign-in page with status 203, PATCH gets 401
/// (<https://github.com/microsoft/azure-devops-auth-samples/issues/52>). Inferred: other methods are as PATCH, a client
/// that sends `X-TFS-FedAuthRedirect: Suppress` gets 401, and a browser is redirected.
pub(crate) fn reject(rejection: Rejection, request: &Request) -> Response {
    let suppressed = request.headers().get("x-tfs-fedauthredirect");
    let is_suppressed = suppressed.is_some_and(|value| value.as_bytes() == b"Suppress");
    match rejection {
        Rejection::Error(error) => error.into_response(),
        Rejection::SignIn if is_suppressed => unauthorized().into_response(),
        Rejection::SignIn => match *request.method() {
            Method::GET | Method::POST => sign_in::respond(request),
            _ => unauthorized().into_response(),
        },
    }
}
