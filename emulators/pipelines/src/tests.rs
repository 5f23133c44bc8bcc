//! Tests of the organization over HTTP on loopback, and in virtual time.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{NewJob, Options, Pipelines, Pool};
use emulator_core::clock::Clock;
use emulator_core::events::{Event, EventContext, EventKind};
use emulator_core::service::{Request, Response, Service};
use emulator_core::transport::Transport;

mod agents;
mod assignment;
mod auth;
mod control;
mod functions;
mod hooks;
mod requests;
mod sessions;
mod versions;

pub(crate) const TOKEN: &str = "pat-of-tests";
const KEY_MODULUS: &str = "n4xG9u0=";

/// An emulated organization without sockets.
pub(crate) struct World {
    pub(crate) pipelines: Arc<Pipelines>,
    pub(crate) service: Arc<Service<Pipelines>>,
    pub(crate) clock: Clock,
    pub(crate) events: broadcast::Receiver<Event>,
    /// What hooks and tasks sent.
    pub(crate) received: Arc<Mutex<Vec<Request>>>,
    /// The statuses of the next responses, then 200.
    pub(crate) statuses: Arc<Mutex<Vec<u16>>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let origin: DateTime<Utc> = "2026-11-29T11:20:20Z".parse().unwrap();
        let context = EventContext::new(Clock::starting_at(origin));
        let (clock, events) = (context.clock.clone(), context.subscribe());
        let (received, statuses) = (Arc::default(), Arc::default());
        let mut options = Options::new("contoso", TOKEN, 1);
        options.transport = receiver(&received, &statuses);
        change(&mut options);
        let pipelines = Pipelines::new(options, context);
        pipelines.add_pool(Pool::named("linux"));
        let service = Service::new(Arc::clone(&pipelines));
        Self { pipelines, service, clock, events, received, statuses }
    }

    pub(crate) async fn call(&self, request: Request) -> (u16, Value) {
        let response = self.service.call(request).await.unwrap();
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        (response.status().as_u16(), body)
    }

    /// Calls the API with valid credentials.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.call(api_request(method, path, &body, &basic(TOKEN))).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.api(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Registers an agent; returns its id.
    pub(crate) async fn register(&self, name: &str, capabilities: Value) -> u64 {
        let body = new_agent(name, capabilities);
        let (status, body) = self.api(Method::POST, "distributedtask/pools/1/agents", body).await;
        assert_eq!(status, 200, "{body}");
        body["id"].as_u64().unwrap()
    }

    /// Registers an agent and opens its session.
    pub(crate) async fn online(&self, name: &str, capabilities: Value) -> TestAgent {
        let id = self.register(name, capabilities.clone()).await;
        self.open_session(id, name, capabilities).await
    }

    pub(crate) async fn open_session(&self, id: u64, name: &str, capabilities: Value) -> TestAgent {
        let holder = crate::state::Holder::Agent(id);
        let token =
            self.pipelines.step(|state, now| state.issue(holder, now + TimeDelta::hours(1)));
        let mut agent = TestAgent { id, token, session: String::new() };
        let body = json!({
            "sessionId": "00000000-0000-0000-0000-000000000000",
            "ownerName": "HOST",
            "agent": { "id": id, "name": name, "version": "4.274.1", "osDescription": "Linux" },
            "systemCapabilities": capabilities,
        });
        let (status, body) = self.call_as(&agent, Method::POST, "sessions", body).await;
        assert_eq!(status, 200, "{body}");
        agent.session = body["sessionId"].as_str().unwrap().to_owned();
        agent
    }

    /// Calls the API of a pool as an agent.
    pub(crate) async fn call_as(
        &self,
        agent: &TestAgent,
        method: Method,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let path = format!("distributedtask/pools/1/{path}");
        let credential = format!("Bearer {}", agent.token);
        self.call(api_request(method, &path, &body, &credential)).await
    }

    /// Polls for the next message after the last one.
    pub(crate) async fn message(&self, agent: &TestAgent, last: u64) -> Value {
        let path = format!("messages?sessionId={}&lastMessageId={last}", agent.session);
        self.call_as(agent, Method::GET, &path, Value::Null).await.1
    }

    pub(crate) async fn renew(&self, agent: &TestAgent, request: u64) -> (u16, Value) {
        let body = json!({ "requestId": request });
        let path = format!("jobrequests/{request}?lockToken=00000000-0000-0000-0000-000000000000");
        self.call_as(agent, Method::PATCH, &path, body).await
    }

    pub(crate) async fn finish(&self, agent: &TestAgent, request: u64) -> (u16, Value) {
        let body = json!({ "requestId": request, "result": "succeeded", "finishTime": "2026-11-29T11:30:00Z" });
        self.call_as(agent, Method::PATCH, &format!("jobrequests/{request}"), body).await
    }

    /// Queues a job without demands; returns its request.
    pub(crate) fn queue(&self) -> u64 {
        self.pipelines.queue_job(NewJob::new("shop", "linux")).request()
    }

    /// Takes the events so far.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let EventKind::Pipelines(event) = event.kind {
                lines.push(format!("{event:?}"));
            }
        }
        lines
    }
}

/// A registered agent whose requests a test makes itself.
pub(crate) struct TestAgent {
    pub(crate) id: u64,
    pub(crate) token: String,
    pub(crate) session: String,
}

pub(crate) fn new_agent(name: &str, capabilities: Value) -> Value {
    json!({
        "name": name,
        "version": "4.274.1",
        "osDescription": "Linux 6.8.0",
        "maxParallelism": 1,
        "provisioningState": "Provisioned",
        "authorization": { "publicKey": { "exponent": "AQAB", "modulus": KEY_MODULUS } },
        "systemCapabilities": capabilities,
    })
}

pub(crate) fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!(":{token}")))
}

pub(crate) fn api_request(method: Method, path: &str, body: &Value, credential: &str) -> Request {
    http::Request::builder()
        .method(method)
        .uri(format!("http://devops.test/contoso/_apis/{path}"))
        .header(header::AUTHORIZATION, credential)
        .header(header::ACCEPT, "application/json;api-version=7.1-preview.1")
        .body(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) })
        .unwrap()
}

/// Returns a receiver of everything that the service sends.
fn receiver(received: &Arc<Mutex<Vec<Request>>>, statuses: &Arc<Mutex<Vec<u16>>>) -> Transport {
    let (received, statuses) = (Arc::clone(received), Arc::clone(statuses));
    Arc::new(move |request| {
        received.lock().unwrap().push(request);
        let mut statuses = statuses.lock().unwrap();
        let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
        let mut response = Response::default();
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        async move { Ok(response) }.boxed()
    })
}

/// Lets tasks that were spawned run until none can go on.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_organization_answers_over_a_socket() {
    let world = World::new();
    let listening = emulator_core::service::serve(world.service, (Ipv4Addr::LOCALHOST, 0).into());
    let listening = listening.await.unwrap();
    let request =
        http::Request::get(format!("{}/contoso/_apis/distributedtask/pools", listening.url))
            .header(header::AUTHORIZATION, basic(TOKEN))
            .body(Bytes::new());
    let response = emulator_core::transport::http()(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().contains_key("activityid"));
}
