//! Tests of a host whose handler is a function of this process, and of lost instances.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{StatusCode, header};
use serde_json::json;
use tokio::sync::mpsc;

use super::storage::Storage;
use super::world::{App, World};
use crate::{InProcess, KillWorker};
use emulator_core::service::Response;
use emulator_core::transport::{self, Transport};

const QUEUE: &str = "runner-requests";

/// Returns a handler that never responds, and the paths of its requests.
fn silent() -> (Transport, mpsc::UnboundedReceiver<String>) {
    let (requested, paths) = mpsc::unbounded_channel();
    let transport: Transport = Arc::new(move |request| {
        // The test can have ended.
        let _ = requested.send(request.uri().path().to_owned());
        std::future::pending().boxed()
    });
    (transport, paths)
}

async fn world(app: App, handler: Transport) -> (World, Storage) {
    let queue = json!([{ "type": "queueTrigger", "direction": "in", "name": "request",
                         "queueName": QUEUE, "connection": "AzureWebJobsStorage" }]);
    let storage = Storage::start(&app.events.clock, QUEUE).await;
    let mut app =
        app.function("Submit", queue).setting("AzureWebJobsStorage", &storage.connection());
    let kill: KillWorker = Arc::new(|_| {});
    let transport = transport::to(Arc::clone(&storage.service));
    app.options.in_process = Some(InProcess { handler, storage: transport, kill });
    (app.start().await, storage)
}

#[tokio::test]
async fn an_in_process_handler_serves_invocations() {
    let handler: Transport = Arc::new(|request| {
        let mut response = Response::new(Bytes::from_static(b"{}"));
        let content_type = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        assert_eq!(request.uri().path(), "/Submit");
        async { Ok(response) }.boxed()
    });
    let (mut world, storage) = world(App::new(), handler).await;
    storage.put(QUEUE, "first");
    assert_eq!(world.invoked("Submit").await, 200);
    assert!(world.host.worker_pids().is_empty());
}

#[tokio::test]
async fn a_message_of_a_lost_instance_reappears_after_ten_minutes() {
    let (handler, mut paths) = silent();
    let (mut world, storage) = world(App::new(), handler).await;
    storage.put(QUEUE, "first");
    assert_eq!(paths.recv().await.as_deref(), Some("/Submit"));
    world.host.lose_instance("function:Submit").expect("a group");
    assert_eq!(world.invoked("Submit").await, 502);
    assert_eq!(storage.describe(QUEUE), "Zmlyc3Q= attempts 1, hidden 600");
    world.events.clock.advance(Duration::from_secs(600));
    assert_eq!(paths.recv().await.as_deref(), Some("/Submit"));
    assert!(world.host.lose_instance("function:None").is_err());
}

#[tokio::test]
async fn a_timer_of_a_lost_instance_is_overdue_for_the_next() {
    let timer = json!([{ "type": "timerTrigger", "direction": "in", "name": "timer",
                         "schedule": "0 */2 * * * *" }]);
    let (handler, mut paths) = silent();
    let (mut world, _storage) = world(App::new().function("Reconcile", timer), handler).await;
    world.events.clock.advance(Duration::from_secs(120));
    assert_eq!(paths.recv().await.as_deref(), Some("/Reconcile"));
    world.host.lose_instance("function:Reconcile").expect("a group");
    assert_eq!(world.invoked("Reconcile").await, 502);
    world.events.clock.advance(Duration::from_secs(71));
    assert_eq!(paths.recv().await.as_deref(), Some("/Reconcile"));
}

#[tokio::test]
async fn the_front_end_responds_for_a_lost_instance() {
    let (handler, mut paths) = silent();
    let (world, _storage) = world(App::with_http("Hook", "anonymous"), handler).await;
    let response = world.send(world.post("/api/Hook"), b"{}");
    let loss = async {
        assert_eq!(paths.recv().await.as_deref(), Some("/api/Hook"));
        world.host.lose_instance("http").expect("a group");
    };
    let (response, ()) = tokio::join!(response, loss);
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
}
