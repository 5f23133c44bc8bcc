//! A GitHub on loopback, and a caller of its API.

use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use emulator_core::clock::Clock;
use emulator_core::events::{Event, EventContext, EventKind};
use emulator_core::service::{self, Listening, Service};
use emulator_core::transport::{self, Transport};
use github_emulator::{GitHub, Options, Visibility};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::broadcast;

/// The personal access token that the emulated GitHub accepts.
pub(super) const TOKEN: &str = "ghp_secret";

/// An emulated GitHub on the network.
pub(super) struct World {
    pub(super) github: Arc<GitHub>,
    pub(super) service: Arc<Service<GitHub>>,
    pub(super) listening: Listening,
    pub(super) clock: Clock,
    events: broadcast::Receiver<Event>,
    transport: Transport,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with(Options::new(TOKEN, 1)).await
    }

    pub(super) async fn with(options: Options) -> Self {
        let origin: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let context = EventContext::new(Clock::starting_at(origin));
        let (clock, events) = (context.clock.clone(), context.subscribe());
        let github = GitHub::new(options, context);
        let service = Service::new(Arc::clone(&github));
        let loopback = (Ipv4Addr::LOCALHOST, 0).into();
        let listening = service::serve(Arc::clone(&service), loopback).await.unwrap();
        Self { github, service, listening, clock, events, transport: transport::http() }
    }

    /// Calls the API with valid credentials.
    pub(super) async fn api(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> http::Response<Value> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.listening.url))
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .header(header::USER_AGENT, "mayfly")
            .body(Bytes::from(body.to_string()));
        let response = (self.transport)(request.unwrap()).await.unwrap();
        response.map(|body| serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Registers a runner of `octo/app` and returns its id and its JIT configuration.
    pub(super) async fn register(&self, name: &str, labels: &[&str]) -> (u64, String) {
        self.github.add_repository("octo/app", Visibility::Private);
        let body = json!({ "name": name, "runner_group_id": 1, "labels": labels });
        let path = "/repos/octo/app/actions/runners/generate-jitconfig";
        let response = self.api(Method::POST, path, body).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{:?}", response.body());
        let response = response.into_body();
        let config = response["encoded_jit_config"].as_str().unwrap().to_owned();
        (response["runner"]["id"].as_u64().unwrap(), config)
    }

    /// Waits for an event, and returns all events until then.
    pub(super) async fn wait_for(
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
