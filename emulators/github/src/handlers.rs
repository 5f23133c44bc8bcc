//! Handlers of the operations, and the steps that all API operations share: authorization, rate limits, ETags and
//! GitHub's headers.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use emulator_core::service::{Request, Response};

use crate::auth::{Caller, authorize};
use crate::error::ApiError;
use crate::github::GitHub;
use crate::state::State;
use crate::state::rate_limits::{Limits, Resource, Window};

pub(crate) mod apps;
pub(crate) mod endpoint;
pub(crate) mod hooks;
pub(crate) mod jobs;
pub(crate) mod meta;
pub(crate) mod repositories;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod runner_service;
pub(crate) mod runners;

use endpoint::{Endpoint, Handler, Match, RunnerCall};
use request::{ApiRequest, Query};
use response::{ApiResponse, ApiResult};

/// The prefix of the API's paths on GitHub Enterprise Server.
pub(crate) const SERVER_PREFIX: &str = "/api/v3";

/// Handles a request that matched a route.
pub(crate) async fn handle(github: &GitHub, matched: &Match, request: &Request) -> Response {
    match matched.endpoint.handler {
        Handler::Api(handler) => handle_api(github, matched, request, handler),
        Handler::RunnerSetup(handler) => handler(github, request),
        Handler::Runner(handler) => match runner_service::authenticate(github, request) {
            Some(runner) => {
                handler(RunnerCall { github, runner, params: &matched.params, request }).await
            }
            None => runner_service::unauthorized(),
        },
    }
}

fn handle_api(
    github: &GitHub,
    matched: &Match,
    request: &Request,
    handler: fn(&mut State, &ApiRequest<'_>) -> ApiResult,
) -> Response {
    let endpoint = matched.endpoint;
    let resource = endpoint.resource();
    let (mut response, window, id) = github.step(|state, now| {
        let scope = matched.scope.as_ref();
        let authorized = authorize(state, endpoint.access, scope, request.headers(), now);
        let key = authorized.as_ref().map_or("", Caller::rate_limit_key).to_owned();
        let result = authorized.and_then(|caller| {
            count_request(state.limits_of(&key), endpoint, now)?;
            handler(state, &api_request(github, matched, request, caller, now))
        });
        let mut response = result.map_or_else(ApiError::into_response, ApiResponse::into_response);
        if request.method() == Method::GET && response.status() == StatusCode::OK {
            add_etag(request.headers(), &mut response);
        }
        if response.status() == StatusCode::NOT_MODIFIED {
            state.limits_of(&key).refund(resource, now);
        }
        (response, *state.limits_of(&key).window(resource, now), state.request_id())
    });
    add_headers(response.headers_mut(), resource, &window, &id);
    response
}

fn api_request<'a>(
    github: &GitHub,
    matched: &'a Match,
    request: &'a Request,
    caller: Caller,
    now: DateTime<Utc>,
) -> ApiRequest<'a> {
    let path = request.uri().path();
    ApiRequest {
        scope: matched.scope.as_ref(),
        params: &matched.params,
        query: Query::parse(request.uri().query().unwrap_or_default()),
        body: request.body(),
        base: github.options.response_base(request),
        path: path.strip_prefix(SERVER_PREFIX).unwrap_or(path).trim_start_matches('/'),
        caller,
        now,
    }
}

fn count_request(
    limits: &mut Limits,
    endpoint: &Endpoint,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    if endpoint.is_free() || limits.spend(endpoint.resource(), now) {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::FORBIDDEN, "API rate limit exceeded for user ID 583231."))
}

/// Adds an ETag, and turns the response into 304 if the caller already has it.
fn add_etag(request: &HeaderMap, response: &mut Response) {
    let digest = Bytes::copy_from_slice(&Sha256::digest(response.body()));
    let etag = format!("W/\"{digest:x}\"");
    if request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Bytes::new();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response.headers_mut().insert(header::ETAG, etag.parse().expect("hexadecimal digits"));
}

fn add_headers(headers: &mut HeaderMap, resource: Resource, window: &Window, id: &str) {
    let numbers = [
        ("x-ratelimit-limit", i64::from(window.limit)),
        ("x-ratelimit-remaining", i64::from(window.remaining())),
        ("x-ratelimit-used", i64::from(window.used)),
        ("x-ratelimit-reset", window.resets_at.timestamp()),
    ];
    for (name, number) in numbers {
        headers.insert(name, number.into());
    }
    headers.insert("x-ratelimit-resource", header::HeaderValue::from_static(resource.name()));
    headers.insert("x-github-request-id", id.parse().expect("hexadecimal digits and a colon"));
    let fixed = [
        ("x-github-media-type", "github.v3; format=json"),
        ("x-github-api-version-selected", "2022-11-28"),
        ("server", "github.com"),
    ];
    for (name, value) in fixed {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
}
