//! Stories of messages.

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
    let storage = Storage::start(&app.site.clock, QUEUE).await;
    let app = app.setting("AzureWebJobsStorage", &storage.connection());
    (app.start().await, storage)
}

#[tokio::test]
async fn a_message_reaches_the_handler_encoded_twice_and_is_deleted() {
    let (mut world, mut storage) = world().await;
    storage.put(QUEUE, r#"{"v":1,"job":7}"#);
    assert_eq!(world.invoked("Submit").await, 200);
    let given = world.given().await;
    assert_eq!((&given["method"], &given["target"]), (&json!("POST"), &json!("/Submit")));
    assert_eq!(given["headers"]["content-type"], "application/json; charset=utf-8");
    let body = STANDARD.decode(given["body"].as_str().expect("a body")).expect("base64");
    let payload: Value = serde_json::from_slice(&body).expect("a payload");
    assert_eq!(payload["Data"]["request"], r#""{\"v\":1,\"job\":7}""#);
    assert_eq!(payload["Metadata"]["Id"], r#""message-1""#);
    assert_eq!(payload["Metadata"]["DequeueCount"], "1");
    assert_eq!(payload["Metadata"]["sys"]["MethodName"], "Submit");
    assert_eq!(storage.next().await, DeleteMessage);
    assert_eq!(storage.shown(QUEUE), "");
}

#[tokio::test]
async fn a_failed_message_comes_back_and_is_given_up_after_five_tries() {
    let (mut world, mut storage) = world().await;
    storage.put(QUEUE, "fail");
    for attempt in 1..5 {
        assert_eq!(world.invoked("Submit").await, 500);
        assert_eq!(storage.next().await, UpdateMessage);
        assert_eq!(storage.shown(QUEUE), format!("ZmFpbA== tried {attempt}, hidden 30"));
        world.site.clock.advance(Duration::from_secs(30));
    }
    assert_eq!(world.invoked("Submit").await, 500);
    let mut done = Vec::new();
    for _ in 0..4 {
        done.push(storage.next().await);
    }
    assert_eq!(done, [PutMessage, CreateQueue, PutMessage, DeleteMessage]);
    assert_eq!(storage.shown(QUEUE), "");
    assert_eq!(storage.shown("runner-requests-poison"), "ZmFpbA== tried 0, hidden 0");
}

#[tokio::test]
async fn a_message_that_is_not_base64_is_given_up_at_once() {
    let (_world, mut storage) = world().await;
    storage.put_raw(QUEUE, "{plain}");
    while storage.next().await != DeleteMessage {}
    assert_eq!(storage.shown("runner-requests-poison"), "{plain} tried 0, hidden 0");
}

#[tokio::test]
async fn an_empty_answer_is_a_failure_once_the_function_times_out() {
    let (mut world, mut storage) = world().await;
    world.started(GROUP).await;
    storage.put(QUEUE, "answer nothing once");
    world.given().await;
    world.site.clock.advance(Duration::from_secs(60));
    assert_eq!(world.invoked("Submit").await, 504);
    assert_eq!(storage.next().await, UpdateMessage);
    world.started(GROUP).await;
    world.site.clock.advance(Duration::from_secs(30));
    assert_eq!(world.invoked("Submit").await, 200);
    assert_eq!(storage.next().await, DeleteMessage);
}

#[tokio::test]
async fn a_handler_killed_at_work_is_restarted_and_gets_its_message_again() {
    let (mut world, mut storage) = world().await;
    world.started(GROUP).await;
    storage.put(QUEUE, "hang once");
    world.given().await;
    world.host.kill_worker(GROUP).expect("it runs");
    assert_eq!(world.invoked("Submit").await, 502);
    assert_eq!(storage.next().await, UpdateMessage);
    world.started(GROUP).await;
    world.site.clock.advance(Duration::from_secs(30));
    assert_eq!(world.invoked("Submit").await, 200);
    assert_eq!(storage.next().await, DeleteMessage);
}

#[tokio::test]
async fn a_message_in_work_keeps_its_lock_until_the_answer() {
    let (mut world, mut storage) = world_with(App::new().function_timeout("-1")).await;
    let text = STANDARD.encode("hang once");
    storage.put(QUEUE, "hang once");
    world.given().await;
    assert_eq!(storage.shown(QUEUE), format!("{text} tried 1, hidden 600"));
    world.site.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(storage.next().await, UpdateMessage);
    assert_eq!(storage.shown(QUEUE), format!("{text} tried 1, hidden 600"));
    world.host.kill_worker(GROUP).expect("it runs");
    assert_eq!(storage.next().await, UpdateMessage);
    assert_eq!(storage.shown(QUEUE), format!("{text} tried 1, hidden 30"));
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_not_tried_for_ever() {
    let (mut world, mut storage) = world().await;
    storage.service.faults.inject("DeleteMessage", 1, Effect::DropResponse);
    storage.put(QUEUE, "fine");
    assert_eq!(world.invoked("Submit").await, 200);
    assert_eq!(storage.next().await, DeleteMessage);
    world.site.clock.advance(Duration::from_secs(1));
    assert_eq!(storage.next().await, DeleteMessage);
    assert_eq!(storage.shown(QUEUE), "");
}
