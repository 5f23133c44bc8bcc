//! Answers the REST API: admits the caller, does the operation in one step, adds GitHub's headers.

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use emulator_core::service::{Request, Response};

use super::GitHub;
use super::admission::{Caller, admit};
use super::answer::{Outcome, Query, Refusal, Reply};
use super::hook::hex;
use super::operation::Operation;
use super::rate::{Limits, Resource, Window};
use super::route::Route;
use super::scope::Scope;
use super::shapes::{self, Base};
use super::state::State;

mod jobs;
mod runners;
mod hooks;
mod apps;

/// A request to the API, as its operations see it.
pub(super) struct Ask<'a> {
    pub(super) route: &'a Route<'a>,
    pub(super) query: Query,
    pub(super) body: &'a [u8],
    pub(super) base: Base,
    /// The path within the API, without the first slash.
    pub(super) path: String,
    pub(super) caller: Caller,
    pub(super) now: DateTime<Utc>,
}

impl GitHub {
    /// Answers a request to the API.
    pub(super) fn rest(&self, route: &Route<'_>, request: &Request) -> Response {
        let resource = Resource::of(route.operation);
        let (mut response, window, id) = self.step(|state, now| {
            let admitted = admit(state, route, request.headers(), now);
            let caller = admitted.as_ref().map_or("", Caller::name).to_owned();
            let outcome = admitted.and_then(|who| {
                spend(state.limits_of(&caller), resource, route.operation, now)?;
                dispatch(state, &self.ask(route, request, who, now))
            });
            let mut response = match outcome {
                Ok(reply) => reply.into_response(),
                Err(refusal) => refusal.into_response(),
            };
            if request.method() == Method::GET && response.status() == StatusCode::OK {
                tag(request.headers(), &mut response);
            }
            if response.status() == StatusCode::NOT_MODIFIED {
                state.limits_of(&caller).give_back(resource, now);
            }
            (response, *state.limits_of(&caller).window(resource, now), state.request_id())
        });
        decorate(response.headers_mut(), resource, &window, &id);
        response
    }

    fn ask<'a>(
        &'a self,
        route: &'a Route<'a>,
        request: &'a Request,
        caller: Caller,
        now: DateTime<Utc>,
    ) -> Ask<'a> {
        let path = request.uri().path();
        let path = path.strip_prefix("/api/v3").unwrap_or(path).trim_start_matches('/').to_owned();
        Ask {
            route,
            query: Query::of(request.uri().query().unwrap_or_default()),
            body: request.body(),
            base: self.options.base_of(request),
            path,
            caller,
            now,
        }
    }
}

fn dispatch(state: &mut State, ask: &Ask<'_>) -> Outcome {
    match ask.route.operation {
        Operation::MetaGet => meta(state),
        Operation::RateLimitGet => Reply::ok(state.limits_of(ask.caller.name()).overview(ask.now)),
        Operation::ReposListReleases => releases(state, ask),
        Operation::ReposGet => jobs::repository(state, ask),
        Operation::ReposListForOrg => jobs::repositories_of_org(state, ask),
        Operation::ReposListForAuthenticatedUser => jobs::repositories(state, ask),
        Operation::GetJobForWorkflowRun => jobs::job(state, ask),
        Operation::ListJobsForWorkflowRun => jobs::jobs(state, ask),
        Operation::ListWorkflowRunsForRepo => jobs::runs(state, ask),
        Operation::GetWorkflowRun => jobs::run(state, ask),
        Operation::CancelWorkflowRun => jobs::cancel_run(state, ask),
        Operation::CreateRegistrationToken(_) => runners::token(state, ask),
        Operation::GenerateRunnerJitconfig(_) => runners::jit_config(state, ask),
        Operation::ListSelfHostedRunners(_) => runners::runners(state, ask),
        Operation::GetSelfHostedRunner(_) => runners::runner(state, ask),
        Operation::DeleteSelfHostedRunner(_) => runners::delete(state, ask),
        Operation::ListSelfHostedRunnerGroups(_) => runners::groups(state, ask),
        Operation::ListGroupAccess(_) => runners::group_access(state, ask),
        Operation::GetInstallation(_) => apps::installation(state, ask),
        Operation::ListInstallations => apps::installations(state, ask),
        Operation::ListReposAccessibleToInstallation => apps::repositories(state, ask),
        Operation::CreateInstallationAccessToken => apps::access_token(state, ask),
        Operation::ListWebhooks(_) => hooks::hooks(state, ask),
        Operation::GetWebhookConfigForApp => hooks::config(state, ask),
        Operation::ListWebhookDeliveries(_) | Operation::ListAppsDeliveries => {
            hooks::deliveries(state, ask)
        }
        Operation::GetWebhookDelivery(_) | Operation::GetAppsDelivery => {
            hooks::delivery(state, ask)
        }
        Operation::RedeliverWebhookDelivery(_) | Operation::RedeliverAppsDelivery => {
            hooks::redeliver(state, ask)
        }
        Operation::ExchangeToken
        | Operation::AcknowledgeJob
        | Operation::RenewJob
        | Operation::RegisterRunner
        | Operation::OpenSession
        | Operation::NextMessage
        | Operation::AcceptJob
        | Operation::CompleteJob
        | Operation::CloseSession => Err(Refusal::not_found()),
    }
}

/// Finds the scope that a request names; what GitHub does not know is not found.
fn scope(state: &State, ask: &Ask<'_>) -> Result<Scope, Refusal> {
    ask.route.scope.as_ref().and_then(|scope| state.known(scope)).ok_or_else(Refusal::not_found)
}

fn spend(
    limits: &mut Limits,
    resource: Resource,
    operation: Operation,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    // To ask for the limits costs nothing of them.
    if operation == Operation::RateLimitGet || limits.spend(resource, now) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "API rate limit exceeded for user ID 583231."))
}

/// Shows the releases of the runner, the latest first.
fn releases(state: &State, ask: &Ask<'_>) -> Outcome {
    let shown = state.releases.iter().rev().zip(1..);
    let shown = shown.map(|((version, at), id)| shapes::release(&ask.base, version, *at, id));
    let (shown, link) = ask.query.page(shown.collect(), &ask.base, &ask.path);
    Reply::linked(Value::Array(shown), link)
}

fn meta(state: &State) -> Outcome {
    Reply::ok(json!({
        "verifiable_password_authentication": false,
        "hooks": state.hook_ranges,
        "web": ["127.0.0.1/32"],
        "api": ["127.0.0.1/32"],
        "git": ["127.0.0.1/32"],
        "actions": ["127.0.0.1/32"],
    }))
}

/// Answers 304 where the caller has the answer already.
fn tag(request: &HeaderMap, response: &mut Response) {
    let etag = format!("W/\"{}\"", hex(&Sha256::digest(response.body())));
    if request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = bytes::Bytes::new();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response.headers_mut().insert(header::ETAG, etag.parse().expect("hexadecimal digits"));
}

fn decorate(headers: &mut HeaderMap, resource: Resource, window: &Window, id: &str) {
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

/// Finds the repository that a request names.
fn repository<'s>(
    state: &'s State,
    ask: &Ask<'_>,
) -> Result<&'s super::repository::Repository, Refusal> {
    let name = match &ask.route.scope {
        Some(Scope::Repository(name)) => name,
        _ => return Err(Refusal::not_found()),
    };
    state.repository(name).ok_or_else(Refusal::not_found)
}

/// Writes a page of a list under its name, with the number of all.
fn listed<T>(ask: &Ask<'_>, name: &str, items: Vec<T>, write: impl Fn(T) -> Value) -> Outcome {
    let total = items.len();
    let (items, link) = ask.query.page(items, &ask.base, &ask.path);
    let items: Value = items.into_iter().map(write).collect();
    Reply::linked(json!({ "total_count": total, name: items }), link)
}

/// Makes an error answer as the API's, for faults and for what is not modelled.
pub(super) fn failure(status: StatusCode, message: &str) -> Response {
    Refusal::new(status, message).into_response()
}
