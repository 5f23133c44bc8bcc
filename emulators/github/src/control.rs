//! Answers the control port: what the verbs of [`GitHub`] do, as JSON over HTTP.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /jobs` | a [`NewJob`] | 201 `{"job":N}` |
//! | `POST /jobs/N/redelivery`, `/cancellation`, `/approval` | | 202, or 404 |
//! | `POST /jobs/N/rerun` | | 201 `{"job":N}`, or 404 |
//! | `POST /hooks` | `{"url":…,"secret":…,"scope":{"repository":"octo/app"}}` | 201 `{"hook":N}` |
//! | `POST /repositories` | `{"full_name":…,"visibility":…}` | 201 |
//! | `POST /groups` | a [`Group`] without `id` | 201 `{"group":N}` |
//! | `POST /apps` | an [`App`] | 201 |
//! | `POST /assignment` | `{"paused":true}` | 202 |
//! | `POST /hook-ranges` | `{"ranges":["140.82.112.0/20"]}`, for `GET /meta` | 202 |
//! | `POST /rejections` | `{"error":"RunnerVersionTooOld"}`, for the next request for a message | 202 |
//! | `POST /runners/NAME/refresh` | `{"version":[2,400,0]}` | 202, or 404 |
//! | `DELETE /runners/NAME`, `/runners/NAME/session` | | 202, or 404 |
//! | `GET /jobs`, `/runners`, `/deliveries` | | 200, a list |

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use emulator_core::service::{Request, Response, json_response};

use super::GitHub;
use super::app::App;
use super::group::Group;
use super::job::NewJob;
use super::refusals::RunnerError;
use super::repository::Visibility;
use super::scope::Scope;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHook {
    url: String,
    secret: String,
    scope: Scope,
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
struct Rejection {
    error: RunnerError,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    version: [u32; 3],
}

/// What an action comes to: a status and a body, or what is wrong with the request.
type Done = Result<(StatusCode, Value), String>;

impl GitHub {
    pub(super) fn act(&self, request: &Request) -> Response {
        let path = request.uri().path().trim_matches('/').to_owned();
        let segments: Vec<&str> = path.split('/').collect();
        let done = match (request.method().as_str(), &segments[..]) {
            ("POST", ["jobs"]) => self.order_job(request),
            ("POST", ["jobs", job, action]) => self.act_on(number(job), action),
            ("POST", ["hooks"]) => read(request).map(|NewHook { url, secret, scope }| {
                (StatusCode::CREATED, json!({ "hook": self.add_hook(&url, &secret, scope) }))
            }),
            ("POST", ["repositories"]) => {
                read(request).map(|NewRepository { full_name, visibility }| {
                    self.add_repository(&full_name, visibility);
                    (StatusCode::CREATED, json!({}))
                })
            }
            ("POST", ["groups"]) => read(request).map(|group: Group| {
                (StatusCode::CREATED, json!({ "group": self.add_group(group) }))
            }),
            ("POST", ["apps"]) => read(request).map(|app: App| {
                self.add_app(app);
                (StatusCode::CREATED, json!({}))
            }),
            ("POST", ["assignment"]) => read(request).map(|Assignment { paused }| {
                self.pause_assignment(paused);
                (StatusCode::ACCEPTED, json!({}))
            }),
            ("POST", ["hook-ranges"]) => read(request).map(|HookRanges { ranges }| {
                let ranges: Vec<&str> = ranges.iter().map(String::as_str).collect();
                self.publish_hook_ranges(&ranges);
                (StatusCode::ACCEPTED, json!({}))
            }),
            ("POST", ["rejections"]) => read(request).map(|Rejection { error }| {
                self.reject_message(error);
                (StatusCode::ACCEPTED, json!({}))
            }),
            ("POST", ["runners", name, "refresh"]) => read(request)
                .map(|Refresh { version }| acted(self.refresh_runner(name, version), "refresh")),
            ("DELETE", ["runners", name]) => Ok(acted(self.remove_runner(name), "removal")),
            ("DELETE", ["runners", name, "session"]) => {
                Ok(acted(self.end_session(name), "the session"))
            }
            ("GET", ["jobs"]) => Ok((StatusCode::OK, json!(self.jobs()))),
            ("GET", ["runners"]) => Ok((StatusCode::OK, json!(self.runners()))),
            ("GET", ["deliveries"]) => Ok((StatusCode::OK, json!(self.deliveries()))),
            (method, _) => {
                let text = format!("{method} /{path} is not an action of this control port");
                Ok((StatusCode::NOT_FOUND, json!({ "error": text })))
            }
        };
        match done {
            Ok((status, body)) => json_response(status, &body),
            Err(error) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": error })),
        }
    }

    fn order_job(&self, request: &Request) -> Done {
        let order: NewJob = read(request)?;
        if order.repository.split('/').filter(|part| !part.is_empty()).count() != 2 {
            return Err("the repository is not of the form owner/name".to_owned());
        }
        Ok((StatusCode::CREATED, json!({ "job": self.queue_job(order) })))
    }

    fn act_on(&self, job: u64, action: &str) -> Done {
        let done = match action {
            "redelivery" => !self.redeliver(job).is_empty(),
            "cancellation" => self.cancel_job(job),
            "approval" => self.approve(job),
            "rerun" => {
                return Ok(match self.rerun(job) {
                    Some(job) => (StatusCode::CREATED, json!({ "job": job })),
                    None => (StatusCode::NOT_FOUND, json!({ "error": "no such completed job" })),
                });
            }
            _ => return Err(format!("{action} is not an action on a job")),
        };
        Ok(acted(done, action))
    }
}

fn acted(done: bool, action: &str) -> (StatusCode, Value) {
    if done {
        (StatusCode::ACCEPTED, json!({}))
    } else {
        (StatusCode::NOT_FOUND, json!({ "error": format!("nothing to do for {action}") }))
    }
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(request.body()).map_err(|err| err.to_string())
}

fn number(segment: &str) -> u64 {
    segment.parse().unwrap_or_default()
}
