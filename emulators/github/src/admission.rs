//! Admits callers: by the personal access token, by an App's JWT, or by a token of its installation.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use super::answer::Refusal;
use super::app::{App, writer};
use super::operation::Operation;
use super::route::Route;
use super::scope::Scope;
use super::state::State;

/// Who calls, and so whose limits count.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// Nobody, who may ask for little.
    Nobody,
    /// The person whose token it is.
    Person,
    /// An App itself.
    App(Box<App>),
    /// An App's installation on this account.
    Installation(String),
}

impl Caller {
    /// Names whose limits count.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Nobody | Self::Person => "",
            Self::App(app) => &app.client_id,
            Self::Installation(account) => account,
        }
    }
}

/// Finds out who calls, and refuses who may not.
///
/// The two operations that need no credentials still refuse wrong ones.
pub(super) fn admit(
    state: &mut State,
    route: &Route<'_>,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Caller, Refusal> {
    if !headers.contains_key(header::USER_AGENT) {
        // https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
        let text = "Request forbidden by administrative rules. Please make sure your request has a \
                    User-Agent header.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let open = matches!(route.operation, Operation::MetaGet | Operation::RateLimitGet);
    match given.map(|value| value.split_once(' ').unwrap_or_default()) {
        None if open => Ok(Caller::Nobody),
        None => Err(Refusal::new(StatusCode::UNAUTHORIZED, "Requires authentication")),
        Some((scheme, token))
            if ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) =>
        {
            let caller = caller(state, route.operation, token, now)?;
            may(state, &caller, route, token)?;
            Ok(caller)
        }
        Some(_) => Err(bad_credentials()),
    }
}

fn caller(
    state: &mut State,
    operation: Operation,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Caller, Refusal> {
    if operation.is_the_apps_own() {
        return apps_own(state, token, now);
    }
    if token == state.options.token {
        return Ok(Caller::Person);
    }
    let known = state.installation_tokens.get(token).filter(|known| known.expires_at > now);
    let known = known.ok_or_else(bad_credentials)?;
    Ok(Caller::Installation(known.account.clone()))
}

/// GitHub takes a JWT once. It treats the second as if it had come without, and shows nothing.
/// <https://github.com/github-aws-runners/terraform-aws-github-runner/issues/5025>
fn apps_own(state: &mut State, token: &str, now: DateTime<Utc>) -> Result<Caller, Refusal> {
    let unsound = |text| Refusal::new(StatusCode::UNAUTHORIZED, text);
    let app = writer(token, &state.apps, now).map_err(unsound)?.clone();
    if !state.seen_jwts.insert(token.to_owned()) {
        return Err(Refusal::not_found());
    }
    Ok(Caller::App(Box::new(app)))
}

/// An installation sees its own account alone, and there only what it was given leave for.
fn may(state: &State, caller: &Caller, route: &Route<'_>, token: &str) -> Result<(), Refusal> {
    let Caller::Installation(account) = caller else { return Ok(()) };
    let owner = match &route.scope {
        Some(Scope::Repository(name)) => name.split('/').next(),
        Some(Scope::Organization(name)) => Some(name.as_str()),
        Some(Scope::Enterprise(_)) => None,
        None => Some(account.as_str()),
    };
    if !owner.is_some_and(|owner| owner.eq_ignore_ascii_case(account)) {
        return Err(Refusal::not_found());
    }
    if !state.installation_tokens.get(token).is_some_and(|token| token.may(route.operation)) {
        let text = "Resource not accessible by integration";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    Ok(())
}

fn bad_credentials() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "Bad credentials")
}
