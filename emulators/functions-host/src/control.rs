//! The host's own actions of the control port.
//!
//! | request | body | does |
//! |---|---|---|
//! | `GET /workers` | | tells `{"pids":{"http":4711,…}}` |
//! | `POST /workers/kill` | `{"group":"function:Submit"}` | kills a group's process, which the host starts again |
//! | `POST /trigger` | `{"function":"Reconcile"}` | fires a timer, and answers when the function has run |
//! | `POST /client-address` | `{"address":"192.30.252.1"}` | makes calls come from there, until `DELETE` |

use std::fmt;
use std::net::IpAddr;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::FunctionsHost;
use emulator_core::service::{Request, Response, json_response};

impl FunctionsHost {
    /// Answers a request to the control port.
    pub(super) async fn controlled(&self, request: Request) -> Response {
        let body = request.body();
        match (request.method().clone(), request.uri().path()) {
            (Method::GET, "/workers") => {
                json_response(StatusCode::OK, &json!({ "pids": self.worker_pids() }))
            }
            (Method::POST, "/workers/kill") => match serde_json::from_slice(body) {
                Ok(Kill { group }) => done(self.kill_worker(&group)),
                Err(err) => refused(StatusCode::BAD_REQUEST, &err),
            },
            (Method::POST, "/trigger") => match serde_json::from_slice(body) {
                Ok(Fire { function }) => done(self.trigger(&function).await),
                Err(err) => refused(StatusCode::BAD_REQUEST, &err),
            },
            (Method::POST, "/client-address") => match serde_json::from_slice(body) {
                Ok(Claim { address }) => {
                    self.calls_come_from(Some(address));
                    json_response(StatusCode::OK, &json!({}))
                }
                Err(err) => refused(StatusCode::BAD_REQUEST, &err),
            },
            (Method::DELETE, "/client-address") => {
                self.calls_come_from(None);
                json_response(StatusCode::OK, &json!({}))
            }
            (method, path) => {
                let text = format!("{method} {path} is not an action of this control port");
                json_response(StatusCode::NOT_FOUND, &json!({ "error": text }))
            }
        }
    }
}

#[derive(Deserialize)]
struct Kill {
    group: String,
}

#[derive(Deserialize)]
struct Fire {
    function: String,
}

#[derive(Deserialize)]
struct Claim {
    address: IpAddr,
}

fn done<E: fmt::Display>(outcome: Result<(), E>) -> Response {
    match outcome {
        Ok(()) => json_response(StatusCode::OK, &json!({})),
        Err(err) => refused(StatusCode::CONFLICT, &err),
    }
}

fn refused(status: StatusCode, err: &impl fmt::Display) -> Response {
    json_response(status, &json!({ "error": err.to_string() }))
}
