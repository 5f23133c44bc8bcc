//! The control port.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Receiver, World};

async fn control(world: &World, method: Method, path: &str, body: Value) -> (u16, Value) {
    world.command(method, path, body).await
}

#[tokio::test]
async fn a_gated_job_goes_through_all_actions_on_a_job() {
    let world = World::start().await;
    let (receiver, listening) = Receiver::start(&world, &[]).await;
    let hook = json!({ "url": listening.url, "secret": "s", "scope": { "organization": "octo" } });
    assert_eq!(control(&world, Method::POST, "/hooks", hook).await.0, 201);
    let new = json!({
        "repository": "octo/app",
        "labels": ["self-hosted", "linux"],
        "gate": "waiting_first",
        "runs_for_ms": 1500,
        "visibility": "public",
    });
    let (status, response) = control(&world, Method::POST, "/jobs", new).await;
    assert_eq!(status, 201);
    let job = response["job"].as_u64().unwrap();
    let mut statuses = Vec::new();
    for action in ["approval", "approval", "redelivery", "cancellation", "rerun"] {
        let path = format!("/jobs/{job}/{action}");
        statuses.push(control(&world, Method::POST, &path, Value::Null).await.0);
    }
    assert_eq!(statuses, [202, 404, 202, 202, 201]);
    world
        .github
        .until(|github| github.deliveries().iter().all(|it| it.outcome.is_some()).then_some(()))
        .await;
    let (_, deliveries) = control(&world, Method::GET, "/deliveries", Value::Null).await;
    let line =
        |it: &Value| format!("{} {}", it["action"].as_str().unwrap_or("ping"), it["redelivery"]);
    let lines: Vec<String> = deliveries.as_array().unwrap().iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    ping false
    queued false
    waiting false
    queued false
    queued true
    completed false
    queued false
    waiting false
    ");
    assert_eq!(receiver.received("workflow_job").len(), 7);
    let (_, jobs) = control(&world, Method::GET, "/jobs", Value::Null).await;
    let statuses = jobs.as_array().unwrap().iter().map(|job| format!("{}", job["status"]));
    assert_eq!(statuses.collect::<Vec<_>>(), [r#""completed""#, r#""waiting""#]);
}

#[tokio::test]
async fn a_misspelt_field_of_a_new_job_is_named() {
    let world = World::start().await;
    let new = json!({ "repository": "octo/app", "labels": [], "run_for_ms": 1 });
    let (status, response) = control(&world, Method::POST, "/jobs", new).await;
    assert_eq!(status, 400);
    assert!(response["error"].as_str().unwrap().contains("run_for_ms"));
    let nameless = json!({ "repository": "app", "labels": [] });
    assert_eq!(control(&world, Method::POST, "/jobs", nameless).await.0, 400);
    assert_eq!(control(&world, Method::POST, "/job", Value::Null).await.0, 404);
}

#[tokio::test]
async fn changed_hook_ranges_have_another_etag() {
    let world = World::start().await;
    let get = async |tag: &str| {
        let request = http::Request::get(format!("{}/meta", world.listening.url));
        let request = request.header("user-agent", "test").header("if-none-match", tag);
        let response = world.send(request.body(Bytes::new()).unwrap()).await;
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        (response.status().as_u16(), tag, response.into_body())
    };
    let (_, tag, _) = get("").await;
    assert_eq!(get(&tag).await, (304, tag.clone(), Value::Null));
    let ranges = json!({ "ranges": ["140.82.112.0/20"] });
    assert_eq!(control(&world, Method::POST, "/hook-ranges", ranges).await.0, 202);
    let (status, other, meta) = get(&tag).await;
    assert_eq!((status, &meta["hooks"]), (200, &json!(["140.82.112.0/20"])));
    assert_ne!(other, tag);
}
