//! Invokes a function: hands it a payload or a request, and waits for the answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Mutex;

use bytes::Bytes;
use http::{HeaderValue, header};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::answer::{self, Reading, Results};
use super::definitions::{App, Function, HttpMode};
use super::envelope::Sys;
use super::forward::{self, NotForwarded};
use super::http_client::{HttpClient, Length, NoAnswer};
use super::worker::{Gone, Worker};
use super::{HOST_VERSION, Line, Log, Options, Stream};
use emulator_core::events::{EventContext, EventKind};
use emulator_core::service::{Request, Response};

/// What the parts of a running host share.
pub(super) struct Core {
    /// The application.
    pub(super) app: App,
    /// The surroundings.
    pub(super) site: EventContext,
    /// The processes, by group.
    pub(super) workers: BTreeMap<String, Worker>,
    /// The way to storage.
    pub(super) to_storage: HttpClient,
    log: Log,
    to_workers: HttpClient,
    /// Wakes what is lost in the order in which it began, so that a simulation repeats itself.
    losses: BTreeMap<String, Notify>,
    ids: Mutex<StdRng>,
}

/// An invocation failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no process to take it.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// The request cannot be handed on.
    #[error(transparent)]
    NotForwarded(#[from] NotForwarded),
    /// The connection to the handler broke.
    #[error("the handler gave no answer")]
    NoAnswer(#[from] NoAnswer),
    /// The host's own machine was lost, and with it whatever the host would have done next.
    #[error("the instance was lost")]
    InstanceLost,
    /// `functionTimeout` went by.
    #[error("the invocation timed out")]
    TimedOut,
    /// The answer counts as a failure.
    #[error("{reason}")]
    Refused {
        /// The handler's status.
        status: u16,
        /// Why the answer does not count.
        reason: String,
    },
}

impl Core {
    pub(super) fn new(
        app: App,
        site: EventContext,
        workers: BTreeMap<String, Worker>,
        options: &Options,
    ) -> Self {
        let ids = Mutex::new(StdRng::seed_from_u64(options.seed));
        let losses = workers.keys().map(|group| (group.clone(), Notify::new())).collect();
        let within = options.within.as_ref();
        Self {
            app,
            site,
            workers,
            to_storage: HttpClient::or_of_sockets(within.map(|within| &within.storage)),
            log: options.log.clone(),
            to_workers: HttpClient::or_of_sockets(within.map(|within| &within.handler)),
            losses,
            ids,
        }
    }

    /// Finds a function, whose name has no case.
    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.app.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    /// Finds the worker of a function's group.
    pub(super) fn worker(&self, function: &Function) -> &Worker {
        self.workers.get(&function.group()).expect("every group got its worker at the start")
    }

    /// Says what every payload says about its invocation.
    pub(super) fn sys(&self, function: &Function) -> Sys {
        let (method_name, rand_guid) = (function.name.clone(), self.draw());
        Sys { method_name, utc_now: self.site.clock.now(), rand_guid }
    }

    /// Invokes a function with a payload.
    pub(super) async fn invoke(
        &self,
        function: &Function,
        payload: &Value,
    ) -> Result<Results, Failure> {
        let body = Bytes::from(payload.to_string());
        let ran = self.within_timeout(function, async {
            let port = self.worker(function).port().await?;
            let request = payload_request(port, &function.name, self.draw(), body);
            // The host's JSON formatter writes into the connection and does not know the length before.
            let answer = self.to_workers.send(request, Length::Chunked).await?;
            let status = answer.status().as_u16();
            match answer::read(&answer) {
                Reading::Ran(results) => Ok((status, results)),
                Reading::Failed(reason) => Err(Failure::Refused { status, reason }),
                Reading::Nothing => std::future::pending().await,
            }
        });
        let ran = ran.await;
        self.emit(function, &ran.as_ref().map(|(status, _)| *status));
        let (_, results) = ran?;
        for text in results.logs.clone() {
            (self.log)(&Line { group: function.group(), stream: Stream::Invocation, text });
        }
        Ok(results)
    }

    /// Invokes a function by handing a request on, and gives the handler's answer back as it is.
    pub(super) async fn hand_on(
        &self,
        function: &Function,
        request: &Request,
        peer: SocketAddr,
    ) -> Result<Response, Failure> {
        let answered = self.within_timeout(function, async {
            let port = self.worker(function).port().await?;
            let request = match self.app.host.http_mode {
                HttpMode::Proxy => forward::proxied(request, port, self.draw(), peer)?,
                HttpMode::Forward | HttpMode::Payload => {
                    forward::rebuilt(request, port, self.draw())?
                }
            };
            Ok(self.to_workers.send(request, Length::Known).await?)
        });
        let answered = answered.await;
        self.emit(function, &answered.as_ref().map(|answer| answer.status().as_u16()));
        answered.map(forward::returned)
    }

    async fn within_timeout<T>(
        &self,
        function: &Function,
        invocation: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let clock = &self.site.clock;
        let mut lost = pin!(self.losses[&function.group()].notified());
        lost.as_mut().enable();
        let timeout = async {
            match self.app.host.function_timeout {
                Some(timeout) => clock.sleep_until(clock.now() + timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = lost => Err(Failure::InstanceLost),
            outcome = invocation => outcome,
            () = timeout => {
                // The host cannot call an invocation back, so it takes the process away from under it.
                self.worker(function).restart();
                Err(Failure::TimedOut)
            }
        }
    }

    /// Ends all invocations of a group as if there had never been a host that waits for them.
    pub(super) fn lose_instance(&self, group: &str) -> bool {
        let loss = self.losses.get(group);
        loss.map(Notify::notify_waiters).is_some()
    }

    fn emit(&self, function: &Function, outcome: &Result<u16, &Failure>) {
        let status = match outcome {
            Ok(status) => *status,
            Err(failure) => {
                let err = *failure as &dyn std::error::Error;
                tracing::warn!(function = function.name, err, "invocation failed");
                failure.status()
            }
        };
        self.site.emit(EventKind::Invoked { function: function.name.clone(), status });
    }

    fn draw(&self) -> Uuid {
        let mut ids = self.ids.lock().expect("no holder of this lock can panic");
        uuid::Builder::from_random_bytes(ids.random()).into_uuid()
    }
}

impl Failure {
    /// Gives the status that stands for a failure: the handler's, where it answered at all.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Gone(_) => 503,
            Self::NotForwarded(_) => 500,
            Self::NoAnswer(_) | Self::InstanceLost => 502,
            Self::TimedOut => 504,
            Self::Refused { status, .. } => *status,
        }
    }
}

fn payload_request(port: u16, function: &str, invocation: Uuid, body: Bytes) -> Request {
    let mut request = http::Request::post(format!("http://127.0.0.1:{port}/{function}"))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body)
        .expect("a function's name is one segment of a path");
    let agent = format!("Azure-Functions-Host/{HOST_VERSION}");
    let agent = HeaderValue::from_str(&agent).expect("a version is ASCII");
    request.headers_mut().insert(header::USER_AGENT, agent);
    forward::identify(request.headers_mut(), invocation);
    request
}

/// Replaces each `%NAME%` by the setting of that name; one that is not set becomes nothing.
pub(super) fn expand(text: &str, settings: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut parts = text.split('%');
    expanded.push_str(parts.next().unwrap_or_default());
    while let Some(name) = parts.next() {
        match parts.next() {
            Some(rest) => {
                expanded.push_str(settings.get(name).map_or("", String::as_str));
                expanded.push_str(rest);
            }
            None => expanded.extend(["%", name]),
        }
    }
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_put_in_between_percent_signs() {
        let settings = BTreeMap::from([("QUEUE".to_owned(), "runner-requests".to_owned())]);
        let texts = ["%QUEUE%", "a-%QUEUE%-%NONE%b", "100%"];
        let expanded = texts.map(|text| expand(text, &settings));
        assert_eq!(expanded, ["runner-requests", "a-runner-requests-b", "100%"]);
    }
}
