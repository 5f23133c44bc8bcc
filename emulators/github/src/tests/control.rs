//! Drives GitHub by its control port.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Receiver, World};

async fn control(world: &World, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", world.listening.control))
        .body(Bytes::from(body.to_string()));
    let answer = world.send(request.unwrap()).await;
    (answer.status().as_u16(), answer.into_body())
}

#[tokio::test]
async fn a_gated_job_is_ordered_approved_told_again_cancelled_and_run_again() {
    let world = World::start().await;
    let (receiver, listening) = Receiver::start(&world, &[]).await;
    let hook = json!({ "url": listening.url, "secret": "s", "scope": { "organization": "octo" } });
    assert_eq!(control(&world, Method::POST, "/hooks", hook).await.0, 201);
    let order = json!({
        "repository": "octo/app",
        "labels": ["self-hosted", "linux"],
        "gate": "waiting_first",
        "runs_for_ms": 1500,
        "visibility": "public",
    });
    let (status, answer) = control(&world, Method::POST, "/jobs", order).await;
    assert_eq!(status, 201);
    let job = answer["job"].as_u64().unwrap();
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
    let told =
        |it: &Value| format!("{} {}", it["action"].as_str().unwrap_or("ping"), it["redelivery"]);
    let told: Vec<String> = deliveries.as_array().unwrap().iter().map(told).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    ping false
    queued false
    waiting false
    queued false
    queued true
    completed false
    queued false
    waiting false
    ");
    assert_eq!(receiver.got("workflow_job").len(), 7);
    let (_, jobs) = control(&world, Method::GET, "/jobs", Value::Null).await;
    let stands = jobs.as_array().unwrap().iter().map(|job| format!("{}", job["status"]));
    assert_eq!(stands.collect::<Vec<_>>(), [r#""completed""#, r#""waiting""#]);
}

#[tokio::test]
async fn a_misspelt_order_is_refused_and_named() {
    let world = World::start().await;
    let order = json!({ "repository": "octo/app", "labels": [], "run_for_ms": 1 });
    let (status, answer) = control(&world, Method::POST, "/jobs", order).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("run_for_ms"));
    let nameless = json!({ "repository": "app", "labels": [] });
    assert_eq!(control(&world, Method::POST, "/jobs", nameless).await.0, 400);
    assert_eq!(control(&world, Method::POST, "/job", Value::Null).await.0, 404);
}

#[tokio::test]
async fn github_publishes_other_hook_ranges_under_another_tag() {
    let world = World::start().await;
    let ask = async |tag: &str| {
        let request = http::Request::get(format!("{}/meta", world.listening.url));
        let request = request.header("user-agent", "story").header("if-none-match", tag);
        let answer = world.send(request.body(Bytes::new()).unwrap()).await;
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), tag, answer.into_body())
    };
    let (_, tag, _) = ask("").await;
    assert_eq!(ask(&tag).await, (304, tag.clone(), Value::Null));
    let ranges = json!({ "ranges": ["140.82.112.0/20"] });
    assert_eq!(control(&world, Method::POST, "/hook-ranges", ranges).await.0, 202);
    let (status, other, meta) = ask(&tag).await;
    assert_eq!((status, &meta["hooks"]), (200, &json!(["140.82.112.0/20"])));
    assert_ne!(other, tag);
}
