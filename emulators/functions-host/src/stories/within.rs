//! Stories of a host whose handler is a function of this process, and whose instances are lost.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{StatusCode, header};
use serde_json::json;
use tokio::sync::mpsc;

use super::storage::Storage;
use super::world::{App, World};
use crate::Within;
use emulator_core::service::Response;
use emulator_core::transport::{self, Transport};

const QUEUE: &str = "runner-requests";

/// A handler that answers nothing, and tells which paths it was asked for.
fn silent() -> (Transport, mpsc::UnboundedReceiver<String>) {
    let (asked, paths) = mpsc::unbounded_channel();
    let transport: Transport = Arc::new(move |request| {
        // The story may have ended.
        let _ = asked.send(request.uri().path().to_owned());
        std::future::pending().boxed()
    });
    (transport, paths)
}

async fn world(app: App, handler: Transport) -> (World, Storage) {
    let queue = json!([{ "type": "queueTrigger", "direction": "in", "name": "request",
                         "queueName": QUEUE, "connection": "AzureWebJobsStorage" }]);
    let storage = Storage::start(&app.site.clock, QUEUE).await;
    let mut app =
        app.function("Submit", queue).setting("AzureWebJobsStorage", &storage.connection());
    app.options.within =
        Some(Within { handler, storage: transport::to(Arc::clone(&storage.service)) });
    (app.start().await, storage)
}

#[tokio::test]
async fn a_handler_of_this_process_answers_like_any_other() {
    let handler: Transport = Arc::new(|request| {
        let mut answer = Response::new(Bytes::from_static(b"{}"));
        let kind = header::HeaderValue::from_static("application/json");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        assert_eq!(request.uri().path(), "/Submit");
        async { Ok(answer) }.boxed()
    });
    let (mut world, storage) = world(App::new(), handler).await;
    storage.put(QUEUE, "first");
    assert_eq!(world.invoked("Submit").await, 200);
    assert!(world.host.worker_pids().is_empty());
}

#[tokio::test]
async fn what_a_lost_instance_had_in_hand_is_seen_again_after_ten_minutes() {
    let (handler, mut paths) = silent();
    let (mut world, storage) = world(App::new(), handler).await;
    storage.put(QUEUE, "first");
    assert_eq!(paths.recv().await.as_deref(), Some("/Submit"));
    world.host.lose_instance("function:Submit").expect("a group");
    assert_eq!(world.invoked("Submit").await, 502);
    assert_eq!(storage.shown(QUEUE), "Zmlyc3Q= tried 1, hidden 600");
    world.site.clock.advance(Duration::from_secs(600));
    assert_eq!(paths.recv().await.as_deref(), Some("/Submit"));
    assert!(world.host.lose_instance("function:None").is_err());
}

#[tokio::test]
async fn a_timer_of_a_lost_instance_is_overdue_for_the_next() {
    let timer = json!([{ "type": "timerTrigger", "direction": "in", "name": "timer",
                         "schedule": "0 */2 * * * *" }]);
    let (handler, mut paths) = silent();
    let (mut world, _storage) = world(App::new().function("Reconcile", timer), handler).await;
    world.site.clock.advance(Duration::from_secs(120));
    assert_eq!(paths.recv().await.as_deref(), Some("/Reconcile"));
    world.host.lose_instance("function:Reconcile").expect("a group");
    assert_eq!(world.invoked("Reconcile").await, 502);
    world.site.clock.advance(Duration::from_secs(3));
    assert_eq!(paths.recv().await.as_deref(), Some("/Reconcile"));
}

#[tokio::test]
async fn callers_of_a_lost_instance_are_answered_by_the_front_end() {
    let (handler, mut paths) = silent();
    let (world, _storage) = world(App::with_http("Hook", "anonymous"), handler).await;
    let asked = world.post("/api/Hook");
    let answer = world.send(asked, b"{}");
    let lost = async {
        assert_eq!(paths.recv().await.as_deref(), Some("/api/Hook"));
        world.host.lose_instance("http").expect("a group");
    };
    let (answer, ()) = tokio::join!(answer, lost);
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
}
