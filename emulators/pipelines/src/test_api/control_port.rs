//! The control port: the test API of [`Pipelines`] as JSON over HTTP.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use emulator_core::service::{Action, Request, Response, json_response};

use crate::model::pool::Pool;
use crate::model::run::{NewJob, Queued};
use crate::model::server_task::FunctionTask;
use crate::model::subscription::{DeliveryFault, SubscriptionStatus};
use crate::options::PersonalToken;
use crate::pipelines::Pipelines;

/// The actions of the control port: each request with its body and its response. What is not here answers 404.
pub(crate) const ACTIONS: &[Action] = &[
    // A `Pool` without `id`: 201 `{"pool":N}`.
    ("POST", "/pools"),
    // `{"name":"shop"}`: 201 `{"project":ID}`.
    ("POST", "/projects"),
    // A `NewJob`: 201 `{"run":N,"request":N}`, or with `"rejected":TEXT` in place of the request.
    ("POST", "/jobs"),
    // 202, or 404.
    ("POST", "/runs/{run}/cancellation"),
    // The same, but the requests of waiting jobs stay without a result.
    ("POST", "/runs/{run}/orphaning"),
    // A `FunctionTask`: 201 `{"task":ID}`.
    ("POST", "/tasks"),
    // A `DeliveryFault` and `times`, `{"kind":"delayed","seconds":60,"times":2}`: 202.
    ("POST", "/delivery-faults"),
    // `{"paused":true}`: 202.
    ("POST", "/assignment"),
    // `{"count":10}`: 202.
    ("POST", "/parallel-jobs"),
    // A `PersonalToken`, in place of one with the same text: 201.
    ("POST", "/tokens"),
    // `{"identity":"pat","units":190}`: 202.
    ("POST", "/usage"),
    // `{"version":"4.275.0"}`: 202, or 404.
    ("POST", "/agents/{name}/update"),
    // 202, or 404.
    ("DELETE", "/agents/{name}"),
    ("DELETE", "/agents/{name}/session"),
    ("DELETE", "/agents/{name}/tokens"),
    // `{"status":"disabledByUser"}`: 202, or 404.
    ("POST", "/subscriptions/{subscription}/status"),
    // 202, or 404.
    ("POST", "/notifications/{notification}/redelivery"),
    // 200, a list.
    ("GET", "/pools"),
    ("GET", "/agents"),
    ("GET", "/requests"),
    ("GET", "/tasks"),
    ("GET", "/subscriptions"),
    ("GET", "/notifications"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProject {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assignment {
    paused: bool,
}

#[derive(Deserialize)]
struct NewDeliveryFault {
    #[serde(flatten)]
    fault: DeliveryFault,
    #[serde(default = "once")]
    times: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParallelJobs {
    count: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUsage {
    identity: String,
    units: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status: Value,
}

/// The result of an action: a status and a body, or the fault of the request.
type ActionResult = Result<(StatusCode, Value), String>;

/// Handles a request to the control port.
pub(crate) fn handle(service: &Pipelines, request: &Request) -> Response {
    let path = request.uri().path().trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let result = match (request.method().as_str(), &segments[..]) {
        ("GET", [list]) => Ok((StatusCode::OK, get_list(service, list))),
        ("POST", [resource]) => post(service, resource, request),
        ("POST", ["runs", run, "cancellation"]) => Ok(acted(service.cancel_run(number(run)))),
        ("POST", ["runs", run, "orphaning"]) => Ok(acted(service.orphan_run(number(run)))),
        ("POST", ["notifications", id, "redelivery"]) => Ok(acted(service.redeliver(number(id)))),
        ("POST", ["agents", name, "update"]) => {
            parse(request).map(|Update { version }| acted(service.update_agent(name, &version)))
        }
        ("POST", ["subscriptions", id, "status"]) => set_status(service, id, request),
        ("DELETE", ["agents", name]) => Ok(acted(service.remove_agent(name))),
        ("DELETE", ["agents", name, "session"]) => Ok(acted(service.end_session(name))),
        ("DELETE", ["agents", name, "tokens"]) => Ok(acted(service.revoke_agent_tokens(name))),
        _ => Ok(acted(false)),
    };
    match result {
        Ok((status, body)) => json_response(status, &body),
        Err(error) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

fn post(service: &Pipelines, resource: &str, request: &Request) -> ActionResult {
    let created = |body: Value| (StatusCode::CREATED, body);
    match resource {
        "pools" => {
            parse(request).map(|pool: Pool| created(json!({ "pool": service.add_pool(pool) })))
        }
        "projects" => parse(request)
            .map(|NewProject { name }| created(json!({ "project": service.add_project(&name) }))),
        "jobs" => queue_job(service, request),
        "tasks" => parse(request)
            .map(|task: FunctionTask| created(json!({ "task": service.call_function(&task) }))),
        "tokens" => parse(request).map(|token: PersonalToken| {
            service.set_token(token);
            created(json!({}))
        }),
        "delivery-faults" => parse(request).map(|NewDeliveryFault { fault, times }| {
            service.inject_delivery_fault(fault, times);
            acted(true)
        }),
        "assignment" => parse(request).map(|Assignment { paused }| {
            service.pause_assignment(paused);
            acted(true)
        }),
        "parallel-jobs" => parse(request).map(|ParallelJobs { count }| {
            service.set_parallel_jobs(count);
            acted(true)
        }),
        "usage" => parse(request).map(|NewUsage { identity, units }| {
            service.add_usage(&identity, units);
            acted(true)
        }),
        _ => Ok(acted(false)),
    }
}

fn queue_job(service: &Pipelines, request: &Request) -> ActionResult {
    let created = |body| Ok((StatusCode::CREATED, body));
    match service.queue_job(parse::<NewJob>(request)?) {
        Queued::Waiting { run, request } => created(json!({ "run": run, "request": request })),
        Queued::Rejected { run, error } => created(json!({ "run": run, "rejected": error })),
        Queued::Invalid(error) => Err(error),
    }
}

fn set_status(service: &Pipelines, id: &str, request: &Request) -> ActionResult {
    let Status { status } = parse(request)?;
    let status = SubscriptionStatus::parse(&status).ok_or("the status is unknown")?;
    Ok(acted(service.set_subscription_status(id, status)))
}

fn get_list(service: &Pipelines, list: &str) -> Value {
    match list {
        "pools" => json!(service.pools()),
        "agents" => json!(service.agents()),
        "requests" => json!(service.requests()),
        "tasks" => json!(service.server_tasks()),
        "subscriptions" => json!(service.subscriptions()),
        _ => json!(service.notifications()),
    }
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(request.body()).map_err(|err| err.to_string())
}

fn once() -> usize {
    1
}

/// Returns an id; 0, the id of nothing, if it is not a number.
fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

fn acted(found: bool) -> (StatusCode, Value) {
    match found {
        true => (StatusCode::ACCEPTED, json!({})),
        false => (StatusCode::NOT_FOUND, json!({ "error": "there is nothing of this name" })),
    }
}
