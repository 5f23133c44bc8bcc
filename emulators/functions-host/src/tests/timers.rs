//! Tests of the timer trigger.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::{App, World};

async fn world(run_on_startup: bool) -> World {
    let timer = json!([{ "type": "timerTrigger", "direction": "in", "name": "timer",
                         "schedule": "%EVERY%", "runOnStartup": run_on_startup }]);
    App::new().function("Reconcile", timer).setting("EVERY", "0 */2 * * * *").start().await
}

async fn received_timer(world: &mut World) -> Value {
    let received = world.received().await;
    let body = STANDARD.decode(received["body"].as_str().expect("a body")).expect("base64");
    let payload: Value = serde_json::from_slice(&body).expect("a payload");
    payload["Data"]["timer"].clone()
}

#[tokio::test]
async fn a_timer_fires_on_time_and_once_for_all_missed_times() {
    let mut world = world(false).await;
    world.events.clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(world.invoked("Reconcile").await, 200);
    let first = received_timer(&mut world).await;
    assert_eq!(first["ScheduleStatus"]["Last"], "0001-01-01T00:00:00+00:00");
    assert_eq!(first["ScheduleStatus"]["Next"], "2026-11-21T12:02:00+00:00");

    world.events.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.invoked("Reconcile").await, 200);
    let second = received_timer(&mut world).await;
    let last = second["ScheduleStatus"]["Last"].as_str().expect("it fired before");
    assert!(last.starts_with("2026-11-21T12:02:0"), "{last}");
    assert_eq!(second["ScheduleStatus"]["Next"], "2026-11-21T12:04:00+00:00");

    world.events.clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(world.invoked("Reconcile").await, 200);
    let third = received_timer(&mut world).await;
    assert_eq!(third["ScheduleStatus"]["Next"], "2026-11-21T13:04:00+00:00");
}

#[tokio::test]
async fn a_timer_can_fire_at_startup() {
    let mut world = world(true).await;
    assert_eq!(world.invoked("Reconcile").await, 200);
}

#[tokio::test]
async fn a_timer_can_be_fired_manually() {
    let mut world = world(false).await;
    world.host.trigger("Reconcile").await.expect("it has a timer");
    assert_eq!(world.invoked("Reconcile").await, 200);
    let response = world.control("/trigger", json!({ "function": "reconcile" })).await;
    assert_eq!(response.status(), 200);
    assert_eq!(world.invoked("Reconcile").await, 200);

    let admin = "/admin/functions/Reconcile";
    assert_eq!(world.send(world.post(admin), b"{}").await.status(), 401);
    let with_key = world.post(admin).header("x-functions-key", "master-key");
    assert_eq!(world.send(with_key, b"{\"input\":\"\"}").await.status(), 202);
    assert_eq!(world.invoked("Reconcile").await, 200);
    assert!(world.host.trigger("Nothing").await.is_err());
}
