//! Tests of the queue trigger.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::storage::Operation::{CreateQueue, DeleteMessage, PutMessage, UpdateMessage};
use super::storage::Storage;
use super::world::{App, World};
use emulator_core::faults::Effect;

const QUEUE: &str = "runner-requests";
const GROUP: &str = "function:Submit";

async fn world() -> (World, Storage) {
    world_with(App::new()).await
}

async fn world_with(app: App) -> (World, Storage) {
    let app = app.function(
        "Submit",
        json!([{ "type": "queueTrigger", "direction": "in", "name": "request",
                 "queueName": QUEUE, "connection": "AzureWebJobsStorage" }]),
    );
    let storage = Storage::start(&app.events.clock, QUEUE).await;
    let app = app.setting("AzureWebJobsStorage", &storage.connection());
    (app.start().await, storage)
}

#[tokio::test]
async fn a_processed_message_is_deleted() {
    let (mut world, mut storage) = world().await;
    storage.put(QUEUE, r#"{"v":1,"job":7}"#);
    assert_eq!(world.invoked("Submit").await, 200);
    let received = world.received().await;
    assert_eq!((&received["method"], &received["target"]), (&json!("POST"), &json!("/Submit")));
    assert_eq!(received["headers"]["content-type"], "application/json; charset=utf-8");
    let body = STANDARD.decode(received["body"].as_str().expect("a body")).expect("base64");
    let payload: Value = serde_json::from_slice(&body).expect("a payload");
    assert_eq!(payload["Data"]["request"], r#""{\"v\":1,\"job\":7}""#);
    assert_eq!(payload["Metadata"]["Id"], r#""message-1""#);
    assert_eq!(payload["Metadata"]["DequeueCount"], "1");
    assert_eq!(payload["Metadata"]["sys"]["MethodName"], "Submit");
    assert_eq!(storage.next().await, DeleteMessage);
    assert_eq!(storage.describe(QUEUE), "");
}

#[tokio::test]
async fn a_failing_message_becomes_poison_after_five_attempts() {
    let (mut world, mut storage) = world().await;
    storage.put(QUEUE, "fail");
    for attempt in 1..5 {
        assert_eq!(world.invoked("Submit").await, 500);
        assert_eq!(storage.next().await, UpdateMessage);
        assert_eq!(storage.describe(QUEUE), format!("ZmFpbA== attempts {attempt}, hidden 30"));
        world.events.clock.advance(Duration::from_secs(30));
    }
    assert_eq!(world.invoked("Submit").await, 500);
    let mut operations = Vec::new();
    for _ in 0..4 {
        operations.push(storage.next().await);
    }
    assert_eq!(operations, [PutMessage, CreateQueue, PutMessage, DeleteMessage]);
    assert_eq!(storage.describe(QUEUE), "");
    assert_eq!(storage.describe("runner-requests-poison"), "ZmFpbA== attempts 0, hidden 0");
}

#[tokio::test]
async fn a_message_that_is_not_base64_becomes_poison_immediately() {
    let (_world, mut storage) = world().await;
    storage.put_raw(QUEUE, "{plain}");
    while storage.next().await != DeleteMessage {}
    assert_eq!(storage.describe("runner-requests-poison"), "{plain} attempts 0, hidden 0");
}

#[tokio::test]
async fn an_empty_response_fails_when_the_function_times_out() {
    let (mut world, mut storage) = world().await;
    world.started(GROUP).await;
    storage.put(QUEUE, "respond nothing once");
    world.received().await;
    world.events.clock.advance(Duration::from_secs(60));
    assert_eq!(world.invoked("Submit").await, 504);
    assert_eq!(storage.next().await, UpdateMessage);
    world.started(GROUP).await;
    world.events.clock.advance(Duration::from_secs(30));
    assert_eq!(world.invoked("Submit").await, 200);
    assert_eq!(storage.next().await, DeleteMessage);
}

#[tokio::test]
async fn a_killed_handler_is_restarted_and_gets_the_message_again() {
    let (mut world, mut storage) = world().await;
    world.started(GROUP).await;
    storage.put(QUEUE, "hang once");
    world.received().await;
    world.host.kill_worker(GROUP).expect("the process runs");
    assert_eq!(world.invoked("Submit").await, 502);
    assert_eq!(storage.next().await, UpdateMessage);
    world.started(GROUP).await;
    world.events.clock.advance(Duration::from_secs(30));
    assert_eq!(world.invoked("Submit").await, 200);
    assert_eq!(storage.next().await, DeleteMessage);
}

#[tokio::test]
async fn a_message_keeps_its_lock_until_the_response() {
    let (mut world, mut storage) = world_with(App::new().function_timeout("-1")).await;
    let text = STANDARD.encode("hang once");
    storage.put(QUEUE, "hang once");
    world.received().await;
    assert_eq!(storage.describe(QUEUE), format!("{text} attempts 1, hidden 600"));
    world.events.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(storage.next().await, UpdateMessage);
    assert_eq!(storage.describe(QUEUE), format!("{text} attempts 1, hidden 600"));
    world.host.kill_worker(GROUP).expect("the process runs");
    assert_eq!(storage.next().await, UpdateMessage);
    assert_eq!(storage.describe(QUEUE), format!("{text} attempts 1, hidden 30"));
}

#[tokio::test]
async fn a_deletion_with_a_dropped_response_is_not_repeated_forever() {
    let (mut world, mut storage) = world().await;
    storage.service.faults.inject("DeleteMessage", 1, Effect::DropResponse);
    storage.put(QUEUE, "fine");
    assert_eq!(world.invoked("Submit").await, 200);
    assert_eq!(storage.next().await, DeleteMessage);
    world.events.clock.advance(Duration::from_secs(1));
    assert_eq!(storage.next().await, DeleteMessage);
    assert_eq!(storage.describe(QUEUE), "");
}
