//! Control by tests: methods, and the same over the control port.
//!
//! | request | body | effect |
//! |---|---|---|
//! | `GET /workers` | | returns `{"pids":{"http":4711,…}}` |
//! | `POST /workers/kill` | `{"group":"function:Submit"}` | kills a group's process, which the host starts again |
//! | `POST /workers/restart-host` | `{"group":"http"}` | ends a group's host within 30 s, and starts it again |
//! | `POST /workers/lose` | `{"group":"http"}` | loses the instance of a group with everything in work |
//! | `POST /trigger` | `{"function":"Reconcile"}` | fires a timer, and responds when the function has ended |
//! | `POST /client-address` | `{"address":"192.30.252.1"}` | sets the client address of all calls, until `DELETE` |

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use http::{Method, StatusCode};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::json;

use emulator_core::service::{Action, Request, Response, json_response};

use crate::error::ControlError;
use crate::host::FunctionsHost;
use crate::worker::Worker;

/// The actions of the control port.
pub(crate) const ACTIONS: &[Action] = &[
    ("GET", "/workers"),
    ("POST", "/workers/kill"),
    ("POST", "/workers/restart-host"),
    ("POST", "/workers/lose"),
    ("POST", "/trigger"),
    ("POST", "/client-address"),
    ("DELETE", "/client-address"),
];

impl FunctionsHost {
    /// Kills the process of a group, as if its instance failed; the host detects it and starts another.
    ///
    /// # Errors
    /// If the group has no running process.
    pub fn kill_worker(&self, group: &str) -> Result<(), ControlError> {
        let missing = || ControlError::NoProcess(group.to_owned());
        let pid =
            self.invoker.workers.get(group).and_then(|worker| worker.pid()).ok_or_else(missing)?;
        let pid = i32::try_from(pid).expect("a process id fits");
        kill(Pid::from_raw(pid), Signal::SIGKILL).map_err(|_| missing())
    }

    /// Loses the instance of a group with its host: callers get no response, messages stay hidden until their
    /// locks expire, and timers are overdue. Another instance replaces it immediately.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn lose_instance(&self, group: &str) -> Result<(), ControlError> {
        let lost = self.invoker.lose_instance(group);
        if lost { Ok(()) } else { Err(ControlError::NoProcess(group.to_owned())) }
    }

    /// Reports that the process of a group, which is a function of this process, has crashed. The host starts it
    /// again; after three crashes within half an hour it ends, and the platform starts the host.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn crash_worker(&self, group: &str) -> Result<(), ControlError> {
        self.with_worker(group, Worker::crash)
    }

    /// Ends the host of a group as the platform does, and starts it again: it accepts nothing more, and cuts what is
    /// still in work after 30 s.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn restart_host(&self, group: &str) -> Result<(), ControlError> {
        self.with_worker(group, Worker::restart_host)
    }

    fn with_worker(&self, group: &str, act: impl FnOnce(&Worker)) -> Result<(), ControlError> {
        let worker = self.invoker.workers.get(group);
        worker.map(act).ok_or_else(|| ControlError::NoProcess(group.to_owned()))
    }

    /// Changes application settings, and replaces every process. Triggers keep the settings of the start.
    pub fn change_settings(&self, settings: &BTreeMap<String, String>) {
        self.invoker.workers.values().for_each(|worker| worker.change_settings(settings));
    }

    /// Returns the ids of the running processes by group.
    pub fn worker_pids(&self) -> BTreeMap<String, u32> {
        let workers = self.invoker.workers.iter();
        workers.filter_map(|(group, worker)| Some((group.clone(), worker.pid()?))).collect()
    }

    /// Fires a function's timer manually, and waits until the function has ended. The schedule is unaffected.
    ///
    /// # Errors
    /// If the function has no timer, or failed.
    pub async fn trigger(&self, function: &str) -> Result<(), ControlError> {
        let Some(timer) = self.timer(function) else {
            return Err(ControlError::NoTimer(function.to_owned()));
        };
        let failed =
            |reason: String| ControlError::Failed { function: function.to_owned(), reason };
        timer.fire_manually("").await.map_err(|error| failed(error.to_string()))
    }

    /// Sets the client address of all following calls; by default it is the address of their socket.
    pub fn set_client_address(&self, address: Option<IpAddr>) {
        *self.client_address() = address;
    }

    /// Answers a control port request.
    pub(crate) async fn handle_control(&self, request: Request) -> Response {
        let body = request.body();
        match (request.method().clone(), request.uri().path()) {
            (Method::GET, "/workers") => {
                json_response(StatusCode::OK, &json!({ "pids": self.worker_pids() }))
            }
            (Method::POST, "/workers/kill") => match serde_json::from_slice(body) {
                Ok(KillWorker { group }) => respond(self.kill_worker(&group)),
                Err(error) => error_response(StatusCode::BAD_REQUEST, &error),
            },
            (Method::POST, "/workers/restart-host") => match serde_json::from_slice(body) {
                Ok(KillWorker { group }) => respond(self.restart_host(&group)),
                Err(error) => error_response(StatusCode::BAD_REQUEST, &error),
            },
            (Method::POST, "/workers/lose") => match serde_json::from_slice(body) {
                Ok(KillWorker { group }) => respond(self.lose_instance(&group)),
                Err(error) => error_response(StatusCode::BAD_REQUEST, &error),
            },
            (Method::POST, "/trigger") => match serde_json::from_slice(body) {
                Ok(TriggerTimer { function }) => respond(self.trigger(&function).await),
                Err(error) => error_response(StatusCode::BAD_REQUEST, &error),
            },
            (Method::POST, "/client-address") => match serde_json::from_slice(body) {
                Ok(ClientAddress { address }) => {
                    self.set_client_address(Some(address));
                    respond(Ok::<_, ControlError>(()))
                }
                Err(error) => error_response(StatusCode::BAD_REQUEST, &error),
            },
            (Method::DELETE, "/client-address") => {
                self.set_client_address(None);
                respond(Ok::<_, ControlError>(()))
            }
            (method, path) => {
                let text = format!("{method} {path} is not an action of this control port");
                json_response(StatusCode::NOT_FOUND, &json!({ "error": text }))
            }
        }
    }
}

#[derive(Deserialize)]
struct KillWorker {
    group: String,
}

#[derive(Deserialize)]
struct TriggerTimer {
    function: String,
}

#[derive(Deserialize)]
struct ClientAddress {
    address: IpAddr,
}

fn respond<E: fmt::Display>(result: Result<(), E>) -> Response {
    match result {
        Ok(()) => json_response(StatusCode::OK, &json!({})),
        Err(error) => error_response(StatusCode::CONFLICT, &error),
    }
}

fn error_response(status: StatusCode, error: &impl fmt::Display) -> Response {
    json_response(status, &json!({ "error": error.to_string() }))
}
