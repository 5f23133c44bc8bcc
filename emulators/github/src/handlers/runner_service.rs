//! The runner service: registration with a token, sessions, messages and jobs.
//!
//! GitHub's protocol is not public. This one makes the same requests in the same order, so that the same failures
//! between a runner and GitHub are possible.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::json;

use emulator_core::service::{Request, Response, json_response};

use crate::error::ApiError;
use crate::github::GitHub;

pub(crate) mod jobs;
pub(crate) mod registration;
pub(crate) mod sessions;

/// Finds the runner of a request by its access token.
pub(super) fn authenticate(github: &GitHub, request: &Request) -> Option<u64> {
    let token = credential(request, "Bearer").unwrap_or_default();
    github.step(|state, _| state.runner_by_access_token(token))
}

/// Responds to a request with an unknown access token.
pub(super) fn unauthorized() -> Response {
    error(StatusCode::UNAUTHORIZED, "the access token is unknown")
}

/// Exchanges a JWT that a runner signed for an access token.
pub(crate) fn exchange_token(github: &GitHub, request: &Request) -> Response {
    let form: BTreeMap<_, _> = url::form_urlencoded::parse(request.body()).collect();
    let jwt = form.get("client_assertion").map(AsRef::as_ref).unwrap_or_default();
    match github.step(|state, _| state.exchange_jwt(jwt)) {
        Some(token) => {
            let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": 3000 });
            json_response(StatusCode::OK, &body)
        }
        None => json_response(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_client" })),
    }
}

fn credential<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    header.strip_prefix(scheme)?.strip_prefix(' ')
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    serde_json::from_slice(request.body())
        .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))
}

fn error(status: StatusCode, message: &str) -> Response {
    json_response(status, &json!({ "message": message }))
}

fn no_content() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
