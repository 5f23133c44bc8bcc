//! Tests of time-outs, restarts and the end of the host, with the times that the real host 4.1037 took.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::handler::{SILENT, UNTIL};
use super::storage::Operation::{DeleteMessage, UpdateMessage};
use super::storage::Storage;
use super::world::{App, TEST_TIMEOUT, World};
use crate::http_client::{HttpClient, Length};
use emulator_core::clock::{Clock, Pace};
use emulator_core::events::EventContext;

const QUEUE: &str = "requests";
const SUBMIT: &str = "function:Submit";

/// Returns an application whose clock only a test advances.
fn app() -> App {
    let noon = "2026-11-21T12:00:00Z".parse().expect("a time");
    let mut app = App::with_http("Hook", "anonymous");
    app.events = EventContext::new(Clock::with_pace(noon, Pace::Manual));
    app
}

async fn with_queue() -> (World, Storage) {
    let queue = json!([{ "type": "queueTrigger", "direction": "in", "name": "request",
                         "queueName": QUEUE, "connection": "AzureWebJobsStorage" }]);
    let app = app().function("Submit", queue);
    let storage = Storage::start(&app.events.clock, QUEUE).await;
    (app.setting("AzureWebJobsStorage", &storage.connection()).start().await, storage)
}

/// Calls the function, which ends when a file exists; returns when the handler has received the call.
async fn begin(world: &mut World, until: &Path) -> JoinHandle<u16> {
    let request = world.post("/api/Hook").header(UNTIL, until.to_str().expect("a text"));
    let request = request.body(Bytes::from_static(b"{}")).expect("a request");
    let call = tokio::spawn(async move {
        let response = HttpClient::over_sockets().send(request, Length::Known).await;
        response.expect("a response").status().as_u16()
    });
    while world.received().await["headers"][UNTIL].is_null() {}
    call
}

async fn call(world: &World) -> u16 {
    world.send(world.post("/api/Hook"), b"{}").await.status().as_u16()
}

fn advance(world: &World, seconds: u64) {
    world.events.clock.advance(Duration::from_secs(seconds));
}

async fn ended(call: JoinHandle<u16>) -> u16 {
    timeout(TEST_TIMEOUT, call).await.expect("a response in time").expect("it does not panic")
}

#[tokio::test]
async fn a_timeout_kills_the_process_and_the_next_calls_wait() {
    let (mut world, never) = (app().start().await, Path::new("/nonexistent"));
    let late = begin(&mut world, never).await;
    advance(&world, 10);
    let innocent = begin(&mut world, never).await;
    let process = world.pid("http");
    advance(&world, 50);
    // The caller is answered 2 s after the limit; until then the process works.
    assert_eq!(call(&world).await, 200);
    assert!(!late.is_finished());
    advance(&world, 2);
    assert_eq!(ended(late).await, 500);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(call(&world).await);
    }
    assert_eq!((statuses, ended(innocent).await), (vec![200; 4], 500));
    assert_ne!(world.pid("http"), process);
}

#[tokio::test]
async fn two_timeouts_at_once_end_the_host() {
    let (mut world, never) = (app().start().await, Path::new("/nonexistent"));
    let late = [begin(&mut world, never).await, begin(&mut world, never).await];
    advance(&world, 10);
    let innocent = begin(&mut world, never).await;
    advance(&world, 52);
    let [one, other] = late;
    assert_eq!((ended(one).await, ended(other).await, ended(innocent).await), (500, 502, 502));
    assert_eq!((call(&world).await, call(&world).await), (503, 503));
    // The platform starts it again.
    advance(&world, 10);
    world.started("http").await;
    assert_eq!(call(&world).await, 200);
}

#[tokio::test]
async fn timeouts_at_different_times_do_not_end_the_host() {
    let (mut world, never) = (app().start().await, Path::new("/nonexistent"));
    let first = begin(&mut world, never).await;
    advance(&world, 62);
    assert_eq!((ended(first).await, call(&world).await), (500, 200));
    let second = begin(&mut world, never).await;
    advance(&world, 62);
    assert_eq!((ended(second).await, call(&world).await), (500, 200));
}

#[tokio::test]
async fn messages_of_a_host_that_two_timeouts_ended_stay_hidden() {
    let (mut world, storage) = with_queue().await;
    world.started(SUBMIT).await;
    for number in 0..3 {
        storage.put(QUEUE, &format!("until /nonexistent {number}"));
    }
    for _ in 0..3 {
        world.received().await;
    }
    advance(&world, 62);
    let mut statuses = [world.invoked("Submit").await, world.invoked("Submit").await, 0];
    statuses[2] = world.invoked("Submit").await;
    // The first is released; the others end with the host, and may be reported before.
    statuses.sort_unstable();
    assert_eq!(statuses, [502, 502, 504]);
    // Functions of other groups have another host.
    assert_eq!(call(&world).await, 200);
    let hidden = storage.describe(QUEUE).matches("hidden 538").count();
    assert_eq!(hidden, 2, "{}", storage.describe(QUEUE));
}

#[tokio::test]
async fn a_shutdown_lets_calls_end_and_accepts_no_more() {
    let folder = TempDir::new().expect("a folder");
    let mut world = app().start().await;
    let work = begin(&mut world, &folder.path().join("end")).await;
    let process = world.pid("http");
    let host = Arc::clone(&world.host);
    let shutdown = tokio::spawn(async move { host.shutdown().await });
    while call(&world).await != 503 {}
    assert!(!shutdown.is_finished() && !work.is_finished());
    std::fs::write(folder.path().join("end"), "").expect("a file");
    assert_eq!(ended(work).await, 200);
    timeout(TEST_TIMEOUT, shutdown).await.expect("it ends at once").expect("it does not panic");
    assert!(!Path::new(&format!("/proc/{process}")).exists());
}

#[tokio::test]
async fn a_shutdown_cuts_calls_after_30_seconds() {
    let (mut world, storage) = with_queue().await;
    storage.put(QUEUE, "until /nonexistent");
    world.received().await;
    let work = begin(&mut world, Path::new("/nonexistent")).await;
    let host = Arc::clone(&world.host);
    let shutdown = tokio::spawn(async move { host.shutdown().await });
    while call(&world).await != 503 {}
    advance(&world, 29);
    tokio::task::yield_now().await;
    assert!(!shutdown.is_finished());
    advance(&world, 1);
    assert_eq!(ended(work).await, 502);
    timeout(TEST_TIMEOUT, shutdown).await.expect("it ends at once").expect("it does not panic");
    assert!(
        storage.describe(QUEUE).ends_with("attempts 1, hidden 570"),
        "{}",
        storage.describe(QUEUE)
    );
}

#[tokio::test]
async fn a_shutdown_deletes_the_message_that_it_lets_end() {
    let folder = TempDir::new().expect("a folder");
    let (mut world, mut storage) = with_queue().await;
    storage.put(QUEUE, &format!("until {}", folder.path().join("end").display()));
    world.received().await;
    let host = Arc::clone(&world.host);
    let shutdown = tokio::spawn(async move { host.shutdown().await });
    while call(&world).await != 503 {}
    std::fs::write(folder.path().join("end"), "").expect("a file");
    timeout(TEST_TIMEOUT, shutdown).await.expect("it ends at once").expect("it does not panic");
    assert_eq!(storage.next().await, DeleteMessage);
    assert_eq!(storage.describe(QUEUE), "");
}

#[tokio::test]
async fn a_kill_ends_everything_at_once() {
    let (mut world, storage) = with_queue().await;
    storage.put(QUEUE, "until /nonexistent");
    world.received().await;
    let work = begin(&mut world, Path::new("/nonexistent")).await;
    world.host.kill().await;
    assert_eq!(ended(work).await, 502);
    assert!(storage.describe(QUEUE).ends_with("attempts 1, hidden 600"));
    assert!(world.host.worker_pids().is_empty());
}

#[tokio::test]
async fn the_platform_can_restart_a_host() {
    let (mut world, mut storage) = with_queue().await;
    world.started(SUBMIT).await;
    let group = json!({ "group": SUBMIT });
    assert_eq!(world.control("/workers/restart-host", group.clone()).await.status(), 200);
    storage.put(QUEUE, "fail");
    // The time until the next start begins when the old process has ended.
    let next_start = async {
        while timeout(Duration::from_millis(200), world.started(SUBMIT)).await.is_err() {
            world.events.clock.advance(Duration::from_secs(10));
        }
    };
    timeout(TEST_TIMEOUT, next_start).await.expect("a start in time");
    assert_eq!(world.invoked("Submit").await, 500);
    assert_eq!(storage.next().await, UpdateMessage);
    assert_eq!(world.control("/workers/lose", group).await.status(), 200);
    let unknown = json!({ "group": "function:None" });
    assert_eq!(world.control("/workers/restart-host", unknown).await.status(), 409);
}

/// The process is killed and counts as an error, as after `Initializing HttpWorker timed out`.
#[tokio::test(start_paused = true)]
async fn a_process_must_respond_within_30_seconds() {
    let begin = Instant::now();
    let app = App::with_http("Hook", "anonymous").setting(SILENT, "yes");
    let Err(err) = app.try_start().await else { panic!("the handler does not listen") };
    let cause = std::error::Error::source(&err).expect("a cause").to_string();
    assert!(cause.contains("within 30 seconds"), "{cause}");
    assert!((30..32).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}
