//! Tests of GitHub over HTTP on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{GitHub, Options, Visibility};
use emulator_core::clock::Clock;
use emulator_core::events::{Event, EventContext, EventKind};
use emulator_core::service::{self, Emulator, Listening, Request, Response, Service};
use emulator_core::transport::{self, Transport};

mod api;
mod apps;
mod assignment;
mod conditions;
mod control;
mod headers;
mod limits;
mod narrowed_tokens;
mod others;
mod webhooks;

pub(crate) const TOKEN: &str = "ghp_secret";

/// An emulated GitHub on loopback, and a client.
pub(crate) struct World {
    pub(crate) github: Arc<GitHub>,
    pub(crate) listening: Listening,
    pub(crate) clock: Clock,
    pub(crate) events: broadcast::Receiver<Event>,
    pub(crate) transport: Transport,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Options::new(TOKEN, 1)).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let origin: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let context = EventContext::new(Clock::starting_at(origin));
        let (clock, events) = (context.clock.clone(), context.subscribe());
        let github = GitHub::new(options, context);
        let service = Service::new(Arc::clone(&github));
        let listening = service::serve(service, loopback()).await.unwrap();
        Self { github, listening, clock, events, transport: transport::http() }
    }

    /// Calls the API with valid credentials.
    pub(crate) async fn api(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> http::Response<Value> {
        let request = self.request(method, path).body(Bytes::from(body.to_string())).unwrap();
        self.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> http::Response<Value> {
        self.api(Method::GET, path, Value::Null).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.listening.url))
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .header(header::USER_AGENT, "mayfly")
    }

    /// Sends a command to the control port.
    pub(crate) async fn command(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.listening.control))
            .header(header::AUTHORIZATION, self.listening.token.authorization())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()));
        let response = self.send(request.unwrap()).await;
        (response.status().as_u16(), response.into_body())
    }

    pub(crate) async fn send(&self, request: Request) -> http::Response<Value> {
        let response = (self.transport)(request).await.unwrap();
        response.map(|body| serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Registers a runner of `octo/app`; returns its id and its configuration.
    pub(crate) async fn register(&self, name: &str, labels: &[&str]) -> (u64, String) {
        self.github.add_repository("octo/app", Visibility::Private);
        let body = json!({ "name": name, "runner_group_id": 1, "labels": labels });
        let path = "/repos/octo/app/actions/runners/generate-jitconfig";
        let response = self.api(Method::POST, path, body).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{:?}", response.body());
        let response = response.into_body();
        let config = response["encoded_jit_config"].as_str().unwrap().to_owned();
        (response["runner"]["id"].as_u64().unwrap(), config)
    }

    /// Registers a runner, and opens its session.
    pub(crate) async fn runner(&self, name: &str, labels: &[&str]) -> TestRunner {
        let (id, _) = self.register(name, labels).await;
        self.open_session(id).await
    }

    /// Opens a session of a registered runner.
    pub(crate) async fn open_session(&self, id: u64) -> TestRunner {
        let mut runner = TestRunner { id, token: self.access_token(id), session: String::new() };
        let body = json!({ "version": "2.336.0", "os": "Linux" });
        let response = self.call_as(&runner, Method::POST, "sessions", body).await;
        runner.session = response.body()["session"].as_str().unwrap().to_owned();
        runner
    }

    /// Issues an access token to a runner without its key.
    pub(crate) fn access_token(&self, id: u64) -> String {
        self.github.step(|state, _| state.issue_access_token(id))
    }

    /// Calls the runner service as a runner.
    pub(crate) async fn call_as(
        &self,
        runner: &TestRunner,
        method: Method,
        path: &str,
        body: Value,
    ) -> http::Response<Value> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/_services/{path}", self.listening.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", runner.token))
            .body(Bytes::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    /// Waits for a job as a runner, and accepts it.
    pub(crate) async fn accept_job(&self, runner: &TestRunner) -> u64 {
        let path = format!("sessions/{}/message?after=0", runner.session);
        let message = self.call_as(runner, Method::GET, &path, Value::Null).await.into_body();
        let job = message["message"]["job"].as_u64().unwrap();
        let response =
            self.call_as(runner, Method::POST, &format!("jobs/{job}/acceptance"), json!({})).await;
        assert_eq!(response.status(), StatusCode::OK);
        job
    }

    /// Waits for an event, and returns all events until then.
    pub(crate) async fn wait_for(
        &mut self,
        matches: impl Fn(&EventKind) -> bool,
    ) -> Vec<EventKind> {
        let mut events = Vec::new();
        loop {
            let event = self.events.recv().await.unwrap().kind;
            events.push(event.clone());
            if matches(&event) {
                return events;
            }
        }
    }
}

/// A registered runner whose requests a test makes itself.
pub(crate) struct TestRunner {
    pub(crate) id: u64,
    pub(crate) token: String,
    pub(crate) session: String,
}

pub(crate) fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// A receiver of webhooks. It responds with the given statuses, then with 200.
pub(crate) struct Receiver {
    clock: Clock,
    received: std::sync::Mutex<Vec<Request>>,
    statuses: std::sync::Mutex<Vec<u16>>,
}

impl Receiver {
    pub(crate) async fn start(world: &World, statuses: &[u16]) -> (Arc<Self>, Listening) {
        let receiver = Arc::new(Self {
            clock: world.clock.clone(),
            received: std::sync::Mutex::default(),
            statuses: std::sync::Mutex::new(statuses.iter().rev().copied().collect()),
        });
        let service = Service::new(Arc::clone(&receiver));
        (receiver, service::serve(service, loopback()).await.unwrap())
    }

    pub(crate) fn received(&self, event: &str) -> Vec<Request> {
        let is_event = |request: &&Request| request.headers()["x-github-event"] == event;
        self.received.lock().unwrap().iter().filter(is_event).cloned().collect()
    }
}

impl Emulator for Receiver {
    const NAME: &'static str = "receiver";
    type Operation = ();

    fn operation(&self, _: &Request) -> Option<()> {
        Some(())
    }

    async fn answer(&self, (): (), request: Request) -> Response {
        self.received.lock().unwrap().push(request);
        let status = self.statuses.lock().unwrap().pop().unwrap_or(200);
        self.failure(StatusCode::from_u16(status).unwrap(), "received")
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        service::json_response(status, &json!(message))
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}
