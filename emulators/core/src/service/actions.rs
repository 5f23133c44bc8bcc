//! The actions of control ports: the table of each, and those that all emulators have.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{Emulator, Request, Response, Service, json_response};
use crate::faults::Fault;

/// The method and the path of an action; a segment in braces is a parameter: `("POST", "/jobs/{job}/approval")`.
pub type Action = (&'static str, &'static str);

/// The actions of every control port.
const COMMON_ACTIONS: [Action; 5] = [
    ("GET", "/"),
    ("GET", "/calls"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("POST", "/clock"),
];

impl<E: Emulator> Service<E> {
    /// Answers a request to the control port that its gate has accepted.
    ///
    /// `GET /` returns the actions of the port, `POST /faults` adds a [`Fault`], `DELETE /faults` removes all faults
    /// and releases held calls, `GET /calls` returns the call counts, `POST /clock` takes `{"advance_seconds":N}`.
    /// Those of [`Emulator::ACTIONS`] go to [`Emulator::control`].
    pub async fn control(&self, request: Request) -> Response {
        match (request.method().clone(), request.uri().path()) {
            (Method::GET, "/") => list_actions(E::ACTIONS),
            (Method::POST, "/faults") => match serde_json::from_slice::<Fault>(request.body()) {
                Ok(fault) => {
                    self.faults.add(fault);
                    json_response(StatusCode::ACCEPTED, &json!({}))
                }
                Err(err) => malformed(&err),
            },
            (Method::DELETE, "/faults") => {
                self.faults.release();
                json_response(StatusCode::OK, &json!({}))
            }
            (Method::GET, "/calls") => json_response(StatusCode::OK, &json!(self.faults.calls())),
            (Method::POST, "/clock") => match serde_json::from_slice::<Advance>(request.body()) {
                Ok(Advance { advance_seconds }) => {
                    self.emulator.clock().advance(Duration::from_secs(advance_seconds));
                    json_response(StatusCode::OK, &json!({ "now": self.emulator.clock().now() }))
                }
                Err(err) => malformed(&err),
            },
            (method, path) if is_any_of(E::ACTIONS, &method, path) => {
                self.emulator.control(request).await
            }
            _ => not_an_action(&request),
        }
    }
}

#[derive(Deserialize)]
struct Advance {
    advance_seconds: u64,
}

/// Answers a request that is none of the actions.
pub(super) fn not_an_action(request: &Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let text = format!("{method} {path} is not an action of this control port");
    json_response(StatusCode::NOT_FOUND, &json!({ "error": text }))
}

fn list_actions(actions: &[Action]) -> Response {
    let all = COMMON_ACTIONS.iter().chain(actions);
    let lines: Vec<_> = all.map(|(method, path)| format!("{method} {path}")).collect();
    json_response(StatusCode::OK, &json!({ "actions": lines }))
}

fn malformed(err: &serde_json::Error) -> Response {
    json_response(StatusCode::BAD_REQUEST, &json!({ "error": err.to_string() }))
}

fn is_any_of(actions: &[Action], method: &Method, path: &str) -> bool {
    actions.iter().any(|(of, template)| of == method && matches(template, path))
}

/// Matches a path with a template, segment by segment; a slash at the end of the path is ignored.
fn matches(template: &str, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let (mut expected, mut actual) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return true,
            (Some(expected), Some(actual)) if expected == actual => {}
            (Some(expected), Some(actual)) if expected.starts_with('{') && !actual.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_the_templates_of_its_segments() {
        for (template, path, expected) in [
            ("/jobs", "/jobs", true),
            ("/jobs", "/jobs/", true),
            ("/jobs", "/jobs/1", false),
            ("/jobs/{job}/approval", "/jobs/7/approval", true),
            ("/jobs/{job}/approval", "/jobs//approval", false),
            ("/jobs/{job}/approval", "/jobs/7/rerun", false),
            ("/jobs/{job}/approval", "/jobs/7", false),
        ] {
            assert_eq!(matches(template, path), expected, "{template} {path}");
        }
    }
}
