//! Handlers of the operations, and the steps that all API operations share: authorization, rate limits, ETags and
//! GitHub's headers.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use http::{Method, StatusCode};

use emulator_core::faults::SecondaryLimit;
use emulator_core::service::{Request, Response};

use crate::auth::{Caller, authorize};
use crate::error::ApiError;
use crate::github::GitHub;
use crate::state::State;
use crate::state::secondary_limits;
use crate::under_way::UnderWay;

pub(crate) mod access_tokens;
pub(crate) mod apps;
pub(crate) mod endpoint;
mod filters;
mod headers;
pub(crate) mod hooks;
pub(crate) mod jobs;
pub(crate) mod meta;
mod preconditions;
pub(crate) mod repositories;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod runner_service;
pub(crate) mod runners;
mod versions;

use endpoint::{Endpoint, Handler, Match, RunnerCall};
use headers::Quota;
use request::{ApiRequest, Query};
use response::ApiResult;

/// The prefix of the API's paths on GitHub Enterprise Server.
pub(crate) const SERVER_PREFIX: &str = "/api/v3";

/// Handles a request that matched a route.
pub(crate) async fn handle(github: &GitHub, matched: &Match, request: &Request) -> Response {
    match matched.endpoint.handler {
        Handler::Api(handler) => {
            let under_way = enter(github, matched, request);
            if let Some(under_way) = &under_way
                && !under_way.is_allowed().await
            {
                let limit = ApiError::secondary_limit(SecondaryLimit::Current, None);
                return secondary_limit(github, matched, request, limit);
            }
            handle_api(github, matched, request, handler)
        }
        Handler::RunnerSetup(handler) => handler(github, request),
        Handler::Runner(handler) => match runner_service::authenticate(github, request) {
            Some(runner) => {
                handler(RunnerCall { github, runner, params: &matched.params, request }).await
            }
            None => runner_service::unauthorized(),
        },
    }
}

/// Counts a request that is under way. Within the process, a request has its response at once.
fn enter<'a>(github: &'a GitHub, matched: &Match, request: &Request) -> Option<UnderWay<'a>> {
    request.extensions().get::<SocketAddr>().filter(|_| github.options.secondary_limits)?;
    let (access, scope) = (matched.endpoint.access, matched.scope.as_ref());
    let now = github.context.clock.now();
    let caller = authorize(&github.state(), access, scope, request.headers(), now).ok()?;
    Some(github.under_way.enter(caller.rate_limit_key()))
}

/// The caller of a request, and the response as far as it is the same for every caller.
struct Answer {
    response: Response,
    caller: Option<Caller>,
    version: &'static str,
}

fn handle_api(
    github: &GitHub,
    matched: &Match,
    request: &Request,
    handler: fn(&mut State, &ApiRequest<'_>) -> ApiResult,
) -> Response {
    let endpoint = matched.endpoint;
    let resource = endpoint.resource();
    let (mut answer, quota) = github.step(|state, now| {
        let mut answer = answer(state, github, matched, request, handler, now);
        let response = &mut answer.response;
        if is_read(request.method()) && response.status() == StatusCode::OK {
            headers::add_etag(request.headers(), response);
        }
        let key = answer.caller.as_ref().map_or("", Caller::rate_limit_key);
        if answer.response.status() == StatusCode::NOT_MODIFIED {
            state.limits_of(key).refund(resource, now);
        }
        let window = *state.limits_of(key).window(resource, now);
        let quota = Quota { resource, window, request_id: state.request_id() };
        (answer, quota)
    });
    headers::add(answer.response.headers_mut(), &quota, answer.version);
    headers::add_of_caller(&mut answer.response, answer.caller.as_ref(), endpoint, github);
    if request.method() == Method::HEAD {
        headers::drop_body(&mut answer.response);
    }
    answer.response
}

/// Executes an operation after the checks of headers, credentials and limits, in that order.
fn answer(
    state: &mut State,
    github: &GitHub,
    matched: &Match,
    request: &Request,
    handler: fn(&mut State, &ApiRequest<'_>) -> ApiResult,
    now: DateTime<Utc>,
) -> Answer {
    let failed = |error: ApiError, caller| {
        let response = error.into_response();
        Answer { response, caller, version: versions::DEFAULT }
    };
    let version = match preconditions::check(request.headers()) {
        Ok(version) => version,
        Err(error) => return failed(error, None),
    };
    let (endpoint, scope) = (matched.endpoint, matched.scope.as_ref());
    let caller = match authorize(state, endpoint.access, scope, request.headers(), now) {
        Ok(caller) => caller,
        Err(error) => return failed(error, None),
    };
    let result = count_request(state, endpoint, caller.rate_limit_key(), request, now);
    let call = api_request(github, matched, request, caller.clone(), now);
    let result = result.and_then(|()| {
        let refused = state.refusal(matched, &caller);
        refused.or_else(|| redirect(state, &call, request.method())).map_or(Ok(()), Err)
    });
    let result = result.and_then(|()| handler(state, &call)).map(|mut response| {
        state.add_odd_items(endpoint.name, response.body_mut());
        versions::adapt(version, endpoint, &mut response);
        response.into_response()
    });
    let response = result.unwrap_or_else(ApiError::into_response);
    Answer { response, caller: Some(caller), version }
}

/// Returns the redirect of a request for a repository that was renamed or transferred: to its id, with the rest of the
/// path and the query.
fn redirect(state: &State, request: &ApiRequest<'_>, method: &Method) -> Option<ApiError> {
    let id = state.moved_to(request.scope)?;
    let status = if is_read(method) {
        StatusCode::MOVED_PERMANENTLY
    } else {
        StatusCode::TEMPORARY_REDIRECT
    };
    let rest: String =
        request.path.split('/').skip(3).map(|segment| format!("/{segment}")).collect();
    let query = request.query.text();
    Some(ApiError::moved(status, format!("{}/repositories/{id}{rest}{query}", request.base.api)))
}

/// Responds to a request with a secondary rate limit, which leaves requests of the hour.
pub(crate) fn secondary_limit(
    github: &GitHub,
    matched: &Match,
    request: &Request,
    error: ApiError,
) -> Response {
    let (endpoint, resource) = (matched.endpoint, matched.endpoint.resource());
    let quota = github.step(|state, now| {
        let scope = matched.scope.as_ref();
        let caller = authorize(state, endpoint.access, scope, request.headers(), now);
        let key = caller.as_ref().map_or("", Caller::rate_limit_key);
        let window = *state.limits_of(key).window(resource, now);
        Quota { resource, window, request_id: state.request_id() }
    });
    let mut response = error.into_response();
    headers::add(response.headers_mut(), &quota, versions::DEFAULT);
    response
}

fn is_read(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
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

/// Counts a request against the limits of its caller. A request that a secondary limit rejects costs nothing of the
/// hour.
fn count_request(
    state: &mut State,
    endpoint: &Endpoint,
    caller: &str,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    if let Some(limits) = state.secondary_limits_of(caller) {
        let points = secondary_limits::points(request.method());
        let exceeded = |wait| ApiError::secondary_limit(SecondaryLimit::Current, Some(wait));
        limits.spend(endpoint.name, points, now).map_err(exceeded)?;
    }
    if endpoint.is_free() || state.limits_of(caller).spend(endpoint.resource(), now) {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::FORBIDDEN, "API rate limit exceeded for user ID 583231."))
}
