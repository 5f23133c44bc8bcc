//! The control port: the test API of [`GitHub`] as JSON over HTTP.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use emulator_core::service::{Action, Request, Response, json_response};

use super::conditions;
use crate::error::RunnerError;
use crate::github::GitHub;
use crate::model::app::App;
use crate::model::group::Group;
use crate::model::job::NewJob;
use crate::model::repository::Visibility;
use crate::model::runner::NewRunner;
use crate::model::scope::Scope;

/// The actions of the control port: each request with its body and its response. What is not here answers 404.
pub(crate) const ACTIONS: &[Action] = &[
    // A `NewJob`: 201 `{"job":N,"deliveries":1}`, with the number of webhooks that receive the event.
    ("POST", "/jobs"),
    // 202, or 404.
    ("POST", "/jobs/{job}/redelivery"),
    ("POST", "/jobs/{job}/cancellation"),
    ("POST", "/jobs/{job}/approval"),
    // 201 `{"job":N}`, or 404.
    ("POST", "/jobs/{job}/rerun"),
    // `{"url":…,"secret":…,"scope":{"repository":"octo/app"}}`, or `"app":7` in place of the scope: 201 `{"hook":N}`.
    ("POST", "/hooks"),
    // `{"full_name":…,"visibility":…}`: 201.
    ("POST", "/repositories"),
    // A `Group` without `id`: 201 `{"group":N}`.
    ("POST", "/groups"),
    // An `App`: 201.
    ("POST", "/apps"),
    // `{"version":"2.336.0"}`, of the runner: 201.
    ("POST", "/releases"),
    // `{"paused":true}`: 202.
    ("POST", "/assignment"),
    // `{"ranges":["140.82.112.0/20"]}`, for `GET /meta`: 202.
    ("POST", "/hook-ranges"),
    // `{"error":"RunnerVersionTooOld"}`, for the next poll for a message: 202.
    ("POST", "/rejections"),
    // A `NewRunner`, registered by another party: 201 `{"runner":N,"encoded_jit_config":…}`, or 409.
    ("POST", "/runners"),
    // `{"version":[2,400,0]}`: 202, or 404.
    ("POST", "/runners/{name}/refresh"),
    // 202, or 404.
    ("DELETE", "/runners/{name}"),
    ("DELETE", "/runners/{name}/session"),
    // A `Refusal`, `{"account":"octo","operation":…,"reason":"single-sign-on"}`: 201.
    ("POST", "/refusals"),
    // 202.
    ("DELETE", "/refusals"),
    // `{"operation":…,"reason":"not-found"}`: 201.
    ("POST", "/repositories/{owner}/{name}/refusals"),
    // 202, or 404.
    ("DELETE", "/repositories/{owner}/{name}"),
    // `{"operation":"ListSelfHostedRunnersForRepo","item":{…}}`, in addition to the items of the list: 201.
    ("POST", "/odd-items"),
    // 202.
    ("DELETE", "/odd-items"),
    // 202, or 404.
    ("POST", "/installations/{account}/suspension"),
    ("DELETE", "/installations/{account}/suspension"),
    ("DELETE", "/installations/{account}"),
    // `{"full_name":"octo/shop"}`, also of another owner: 202, or 404.
    ("POST", "/repositories/{owner}/{name}/rename"),
    // `{"visibility":"public"}`: 202, or 404.
    ("POST", "/repositories/{owner}/{name}/visibility"),
    // 202, or 404.
    ("DELETE", "/runs/{run}"),
    ("DELETE", "/jobs/{job}"),
    // A `Group` without `id`: 201 `{"group":N}`.
    ("POST", "/inherited-groups"),
    // `{"workflows":["octo/app/.github/workflows/ci.yml@refs/heads/main"]}`: 202.
    ("POST", "/groups/{group}/workflows"),
    // 200, a list.
    ("GET", "/jobs"),
    ("GET", "/runners"),
    ("GET", "/deliveries"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHook {
    url: String,
    secret: String,
    scope: Option<Scope>,
    app: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRelease {
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRepository {
    full_name: String,
    #[serde(default)]
    visibility: Visibility,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assignment {
    paused: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookRanges {
    ranges: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRejection {
    error: RunnerError,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    version: [u32; 3],
}

/// The result of an action: a status and a body, or the fault of the request.
pub(super) type ActionResult = Result<(StatusCode, Value), String>;

/// Handles a request to the control port.
pub(crate) fn handle(github: &GitHub, request: &Request) -> Response {
    let path = request.uri().path().trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let condition = conditions::act(github, request.method().as_str(), &segments, request);
    let result = condition.unwrap_or_else(|| match (request.method().as_str(), &segments[..]) {
        ("GET", [list]) => get_list(github, list, request),
        ("POST", ["jobs", job, action]) => act_on_job(github, parse_id(job), action),
        ("POST", ["runners", name, "refresh"]) => parse(request)
            .map(|Refresh { version }| acted(github.refresh_runner(name, version), "refresh")),
        ("POST", [resource]) => post(github, resource, request),
        ("DELETE", ["runners", name]) => Ok(acted(github.remove_runner(name), "removal")),
        ("DELETE", ["runners", name, "session"]) => {
            Ok(acted(github.end_session(name), "the session"))
        }
        _ => Ok(unknown(request)),
    });
    match result {
        Ok((status, body)) => json_response(status, &body),
        Err(error) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

fn post(github: &GitHub, resource: &str, request: &Request) -> ActionResult {
    let accepted = (StatusCode::ACCEPTED, json!({}));
    let created = |body: Value| (StatusCode::CREATED, body);
    match resource {
        "jobs" => queue_job(github, request),
        "hooks" => Ok(created(json!({ "hook": add_hook(github, parse(request)?)? }))),
        "releases" => parse(request).map(|NewRelease { version }| {
            github.add_runner_release(&version, github.context.clock.now());
            created(json!({}))
        }),
        "repositories" => parse(request).map(|NewRepository { full_name, visibility }| {
            github.add_repository(&full_name, visibility);
            created(json!({}))
        }),
        "groups" => {
            parse(request).map(|group: Group| created(json!({ "group": github.add_group(group) })))
        }
        "apps" => parse(request).map(|app: App| {
            github.add_app(app);
            created(json!({}))
        }),
        "assignment" => parse(request).map(|Assignment { paused }| {
            github.pause_assignment(paused);
            accepted
        }),
        "hook-ranges" => parse(request).map(|HookRanges { ranges }| {
            let ranges: Vec<&str> = ranges.iter().map(String::as_str).collect();
            github.publish_hook_ranges(&ranges);
            accepted
        }),
        "runners" => parse(request).map(|new| register_runner(github, new)),
        "rejections" => parse(request).map(|NewRejection { error }| {
            github.reject_message(error);
            accepted
        }),
        _ => Ok(unknown(request)),
    }
}

fn register_runner(github: &GitHub, new: NewRunner) -> (StatusCode, Value) {
    match github.register_runner(new) {
        Some((id, configuration)) => {
            (StatusCode::CREATED, json!({ "runner": id, "encoded_jit_config": configuration }))
        }
        None => {
            let text = "the name is taken, or there is no such scope or group";
            (StatusCode::CONFLICT, json!({ "error": text }))
        }
    }
}

/// Adds the webhook of a scope, or the only one of an App.
fn add_hook(github: &GitHub, new: NewHook) -> Result<u64, String> {
    let NewHook { url, secret, scope, app } = new;
    match (scope, app) {
        (Some(scope), None) => Ok(github.add_hook(&url, &secret, scope)),
        (None, Some(app)) => {
            github.set_app_hook(app, &url, &secret).ok_or_else(|| format!("there is no App {app}"))
        }
        _ => Err("a webhook has either a scope or an app".to_owned()),
    }
}

fn get_list(github: &GitHub, list: &str, request: &Request) -> ActionResult {
    let items = match list {
        "jobs" => json!(github.jobs()),
        "runners" => json!(github.runners()),
        "deliveries" => json!(github.deliveries()),
        _ => return Ok(unknown(request)),
    };
    Ok((StatusCode::OK, items))
}

fn queue_job(github: &GitHub, request: &Request) -> ActionResult {
    let new: NewJob = parse(request)?;
    if new.repository.split('/').filter(|part| !part.is_empty()).count() != 2 {
        return Err("the repository is not of the form owner/name".to_owned());
    }
    let job = github.queue_job(new);
    let deliveries = github.deliveries().iter().filter(|it| it.job == Some(job)).count();
    Ok((StatusCode::CREATED, json!({ "job": job, "deliveries": deliveries })))
}

fn act_on_job(github: &GitHub, job: u64, action: &str) -> ActionResult {
    let done = match action {
        "redelivery" => !github.redeliver(job).is_empty(),
        "cancellation" => github.cancel_job(job),
        "approval" => github.approve(job),
        "rerun" => {
            return Ok(match github.rerun(job) {
                Some(job) => (StatusCode::CREATED, json!({ "job": job })),
                None => (StatusCode::NOT_FOUND, json!({ "error": "no such completed job" })),
            });
        }
        _ => return Err(format!("{action} is not an action on a job")),
    };
    Ok(acted(done, action))
}

pub(super) fn acted(done: bool, action: &str) -> (StatusCode, Value) {
    if done {
        (StatusCode::ACCEPTED, json!({}))
    } else {
        (StatusCode::NOT_FOUND, json!({ "error": format!("nothing to do for {action}") }))
    }
}

fn unknown(request: &Request) -> (StatusCode, Value) {
    let (method, path) = (request.method(), request.uri().path());
    let text = format!("{method} {path} is not an action of this control port");
    (StatusCode::NOT_FOUND, json!({ "error": text }))
}

pub(super) fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(request.body()).map_err(|err| err.to_string())
}

pub(super) fn parse_id(segment: &str) -> u64 {
    segment.parse().unwrap_or_default()
}
