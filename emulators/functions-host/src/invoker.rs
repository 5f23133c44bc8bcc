//! Invocation of functions: sends a payload or a request to the handler, and waits for its response.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, header};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use uuid::Uuid;

use emulator_core::clock::Clock;
use emulator_core::events::{EventContext, EventKind};
use emulator_core::service::{Request, Response};

use crate::definitions::{App, Function, HttpMode, Trigger};
use crate::dto::payload::{self, Sys};
use crate::dto::results::{InvocationResult, Results, parse_response};
use crate::error::InvocationError;
use crate::handlers::forward::{self, HOST_VERSION};
use crate::http_client::{HttpClient, Length};
use crate::log::{Line, Log, Stream};
use crate::options::Options;
use crate::worker::Worker;

/// The time between `functionTimeout` and the restart of the process, in which the invocation can end.
///
/// Seen with the real host 4.1037: the caller is answered, and the process is killed, 2 s after the limit.
const TIMEOUT_GRACE_PERIOD: TimeDelta = TimeDelta::seconds(2);

/// The application with its processes: the part of a host that all triggers share.
pub(super) struct Invoker {
    /// The application.
    pub(super) app: App,
    /// The clock and the event subscribers.
    pub(super) events: EventContext,
    /// The processes, by group.
    pub(super) workers: BTreeMap<String, Worker>,
    /// The client for storage.
    pub(super) storage_client: HttpClient,
    /// The time that the host itself spends on each message of a queue.
    pub(super) message_cost: Duration,
    log: Log,
    worker_client: HttpClient,
    ids: Mutex<StdRng>,
}

impl Invoker {
    /// Creates an invoker for an application and its workers, one for each group.
    pub(super) fn new(
        app: App,
        events: EventContext,
        workers: BTreeMap<String, Worker>,
        options: &Options,
    ) -> Self {
        let ids = Mutex::new(StdRng::seed_from_u64(options.seed));
        let in_process = options.in_process.as_ref();
        let storage = in_process.map(|transports| &transports.storage);
        Self {
            app,
            events,
            workers,
            storage_client: HttpClient::new(storage.or(options.storage.as_ref())),
            message_cost: options.message_cost,
            log: options.log.clone(),
            worker_client: HttpClient::new(in_process.map(|transports| &transports.handler)),
            ids,
        }
    }

    /// Returns a function; names are compared without regard to case.
    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.app.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    /// Returns the worker of a function's group.
    pub(super) fn worker(&self, function: &Function) -> &Worker {
        self.workers.get(&function.group()).expect("every group has a worker from the start")
    }

    /// Returns the metadata of a new invocation.
    pub(super) fn sys(&self, function: &Function) -> Sys {
        let (method_name, rand_guid) = (function.name.clone(), self.next_id());
        Sys { method_name, utc_now: self.events.clock.now(), rand_guid }
    }

    /// Invokes a function with a payload, and reports it.
    pub(super) async fn invoke(
        &self,
        function: &Function,
        payload: &Value,
    ) -> Result<Results, InvocationError> {
        let outcome = self.attempt(function, payload).await;
        self.report(function, &outcome);
        outcome.map(|(_, results)| results)
    }

    /// Reports the outcome of an attempt.
    pub(super) fn report(
        &self,
        function: &Function,
        outcome: &Result<(u16, Results), InvocationError>,
    ) {
        self.emit(function, &outcome.as_ref().map(|(status, _)| *status));
    }

    /// Invokes a function with a payload. Returns the status and the results.
    ///
    /// The caller reports the outcome when everything that follows from it is done: who sees the event may advance the clock.
    pub(super) async fn attempt(
        &self,
        function: &Function,
        payload: &Value,
    ) -> Result<(u16, Results), InvocationError> {
        let body = Bytes::from(payload.to_string());
        let outcome = self.with_timeout(function, async {
            let port = self.worker(function).port().await?;
            let request = payload_request(port, &function.name, self.next_id(), body);
            // The host's JSON formatter writes to the connection and does not know the length in advance.
            let response = self.worker_client.send(request, Length::Chunked).await?;
            let status = response.status().as_u16();
            match parse_response(&response) {
                InvocationResult::Succeeded(results) => Ok((status, results)),
                InvocationResult::Failed(reason) => Err(InvocationError::Failed { status, reason }),
                InvocationResult::Pending => std::future::pending().await,
            }
        });
        let (status, results) = outcome.await?;
        for text in results.logs.clone() {
            (self.log)(&Line::new(&function.group(), Stream::Invocation, text));
        }
        Ok((status, results))
    }

    /// Invokes a function with a queue trigger without a message.
    pub(super) async fn invoke_manually(
        &self,
        function: &Function,
        input: &str,
    ) -> Result<(), InvocationError> {
        let Trigger::Queue(trigger) = &function.trigger else { return Ok(()) };
        let payload = payload::of_manual_message(&trigger.binding, input, &self.sys(function));
        self.invoke(function, &payload).await.map(drop)
    }

    /// Invokes a function by forwarding a request, and returns the handler's response unchanged.
    pub(super) async fn forward(
        &self,
        function: &Function,
        request: &Request,
        peer: SocketAddr,
    ) -> Result<Response, InvocationError> {
        let outcome = self.with_timeout(function, async {
            let port = self.worker(function).port().await?;
            let request = match self.app.host.http_mode {
                HttpMode::Proxy => forward::proxied_request(request, port, self.next_id(), peer)?,
                HttpMode::Forward | HttpMode::Payload => {
                    forward::forwarded_request(request, port, self.next_id())?
                }
            };
            Ok(self.worker_client.send(request, Length::Known).await?)
        });
        let outcome = outcome.await;
        self.emit(function, &outcome.as_ref().map(|response| response.status().as_u16()));
        outcome.map(forward::returned_response)
    }

    async fn with_timeout<T>(
        &self,
        function: &Function,
        invocation: impl Future<Output = Result<T, InvocationError>>,
    ) -> Result<T, InvocationError> {
        let (clock, worker) = (&self.events.clock, self.worker(function));
        let _in_work = worker.instance().begin();
        let mut lost = pin!(worker.instance().lost());
        lost.as_mut().enable();
        let limit = self.app.host.function_timeout.map(|timeout| clock.now() + timeout);
        let mut invocation = pin!(invocation);
        tokio::select! {
            biased;
            () = &mut lost => return Err(InvocationError::InstanceLost),
            outcome = &mut invocation => return outcome,
            () = until(clock, limit) => {}
        }
        // The host cannot cancel an invocation: if it does not end on its own, the host restarts the process.
        let kill = limit.map(|limit| limit + TIMEOUT_GRACE_PERIOD);
        tokio::select! {
            biased;
            () = lost => return Err(InvocationError::InstanceLost),
            _ = invocation => {}
            () = until(clock, kill) => {
                if worker.kill_for_timeout(kill.expect("the future has ended")) {
                    return Err(InvocationError::InstanceLost);
                }
            }
        }
        Err(InvocationError::TimedOut)
    }

    /// Ends all invocations of a group without any further action of the host; returns false for an unknown group.
    pub(super) fn lose_instance(&self, group: &str) -> bool {
        self.workers.get(group).map(|worker| worker.instance().lose()).is_some()
    }

    fn emit(&self, function: &Function, outcome: &Result<u16, &InvocationError>) {
        let status = match outcome {
            Ok(status) => *status,
            Err(error) => {
                let err = *error as &dyn std::error::Error;
                tracing::warn!(
                    function = function.name,
                    err,
                    "invocation of {} failed",
                    function.name
                );
                error.status()
            }
        };
        self.events.emit(EventKind::Invoked { function: function.name.clone(), status });
    }

    fn next_id(&self) -> Uuid {
        let mut ids = self.ids.lock().expect("no holder of this lock can panic");
        uuid::Builder::from_random_bytes(ids.random()).into_uuid()
    }
}

/// Waits until a time, or forever.
async fn until(clock: &Clock, time: Option<DateTime<Utc>>) {
    match time {
        Some(time) => clock.sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn payload_request(port: u16, function: &str, invocation: Uuid, body: Bytes) -> Request {
    let mut request = http::Request::post(format!("http://127.0.0.1:{port}/{function}"))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body)
        .expect("a function's name is a valid path segment");
    let user_agent = format!("Azure-Functions-Host/{HOST_VERSION}");
    let user_agent = HeaderValue::from_str(&user_agent).expect("a version is ASCII");
    request.headers_mut().insert(header::USER_AGENT, user_agent);
    forward::set_invocation_headers(request.headers_mut(), invocation);
    request
}
