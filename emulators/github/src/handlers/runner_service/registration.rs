//! Registration of runners with a registration token.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use emulator_core::service::{Request, Response, json_response};

use super::{credential, parse};
use crate::dto::{Base, configuration};
use crate::error::ApiError;
use crate::github::GitHub;
use crate::model::group::Group;
use crate::model::runner::{NewRunner, Registration};
use crate::model::runner_keys::PublicKey;
use crate::model::scope::Scope;
use crate::options::VersionCheck;
use crate::state::State;
use crate::state::registrations::RegistrationError;

#[derive(Deserialize)]
struct RegistrationRequest {
    url: String,
    name: String,
    version: String,
    labels: Vec<String>,
    group: Option<String>,
    ephemeral: bool,
    replace: bool,
    public_key: String,
}

/// Registers a runner. Like GitHub, it answers 404 for a token that is unknown, expired or for another scope.
pub(crate) fn register(github: &GitHub, request: &Request) -> Response {
    try_register(github, request).unwrap_or_else(ApiError::into_response)
}

fn try_register(github: &GitHub, request: &Request) -> Result<Response, ApiError> {
    let body: RegistrationRequest = parse(request)?;
    if github.options.rejects_version(VersionCheck::Registration, &body.version) {
        return Err(ApiError::new(StatusCode::NOT_FOUND, version_too_old(github)));
    }
    let url = url::Url::parse(&body.url).map_err(|_| ApiError::not_found())?;
    let key = PublicKey::from_xml(&body.public_key);
    let key = key.ok_or_else(|| ApiError::invalid("the public key is missing"))?;
    let token = credential(request, "RemoteAuth").unwrap_or_default();
    let base = github.options.response_base(request);
    github.step(|state, now| {
        let named = Scope::from_web_path(url.path()).and_then(|scope| state.find_scope(&scope));
        let scope = state.token_scope(token, now).filter(|scope| named.as_ref() == Some(scope));
        let scope = scope.ok_or_else(ApiError::not_found)?;
        let group = group_named(state, &scope, body.group.as_deref())?;
        let replaced = state.runner_named(&scope, &body.name).filter(|_| body.replace);
        if let Some(id) = replaced.filter(|runner| !runner.busy).map(|runner| runner.id) {
            state.remove(id, now);
        }
        let new = NewRunner {
            name: body.name,
            scope,
            group: group.id,
            labels: body.labels,
            ephemeral: body.ephemeral,
        };
        let id = state.register(new, Some(key), now).map_err(registration_error)?;
        let response = registered(&state.registrations[&id], &group, &base);
        Ok(json_response(StatusCode::OK, &response))
    })
}

fn version_too_old(github: &GitHub) -> String {
    let minimum = github.options.minimum_version.as_deref().unwrap_or_default();
    format!(
        "Your runner version is out of date and can no longer register with GitHub. \
         The minimum runner version is now {minimum}."
    )
}

fn group_named(state: &State, scope: &Scope, name: Option<&str>) -> Result<Group, ApiError> {
    let wanted = name.unwrap_or("Default");
    let mut groups = state.groups_of(scope).into_iter();
    groups.find(|group| group.name.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let text = format!("Could not find any self-hosted runner group named \"{wanted}\".");
        ApiError::invalid(text)
    })
}

/// Writes all that a runner needs to write its configuration.
fn registered(registration: &Registration, group: &Group, base: &Base) -> Value {
    json!({
        "id": registration.runner.id,
        "name": registration.runner.name,
        "pool_id": group.id,
        "pool_name": group.name,
        "authorization": {
            "authorization_url": configuration::authorization_url(base),
            "server_url": configuration::server_url(base),
            "client_id": registration.client_id,
        },
    })
}

fn registration_error(error: RegistrationError) -> ApiError {
    match error {
        RegistrationError::NameTaken => {
            ApiError::new(StatusCode::CONFLICT, "A runner exists with the same name.")
        }
        RegistrationError::NoSuchGroup => ApiError::not_found(),
    }
}
