//! The control port.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{TOKEN, World, api_request, basic, settle};

async fn control(world: &World, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = http::Request::builder().method(method).uri(format!("http://control.test{path}"));
    let response =
        world.service.control(request.body(Bytes::from(body.to_string())).unwrap()).await;
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    (response.status().as_u16(), body)
}

async fn list(world: &World, path: &str) -> Value {
    control(world, Method::GET, path, Value::Null).await.1
}

#[tokio::test]
async fn jobs_are_queued_cancelled_and_left_behind() {
    let world = World::new();
    let post = async |path: &str, body: Value| control(&world, Method::POST, path, body).await;
    assert_eq!(post("/pools", json!({ "name": "windows" })).await, (201, json!({ "pool": 2 })));
    let job = json!({ "project": "shop", "pool": "linux" });
    let (status, rejected) = post("/jobs", job.clone()).await;
    assert_eq!(status, 201);
    assert!(rejected["rejected"].as_str().unwrap().starts_with("No agent found in pool linux"));
    world.register("az-1", json!({})).await;
    for action in ["cancellation", "orphaning"] {
        let (_, queued) = post("/jobs", job.clone()).await;
        let path = format!("/runs/{}/{action}", queued["run"]);
        assert_eq!(post(&path, Value::Null).await.0, 202);
        assert_eq!(post(&path, Value::Null).await.0, 404);
    }
    let requests = list(&world, "/requests").await;
    let results: Vec<_> = requests.as_array().unwrap().iter().map(|it| &it["result"]).collect();
    assert_eq!(results, [&json!("canceled"), &Value::Null]);
    let misspelt = json!({ "project": "shop", "pool": "linux", "demand": [] });
    let (status, body) = post("/jobs", misspelt).await;
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().contains("demand"));
    assert_eq!(post("/jobs", json!({ "project": "shop", "pool": "mac" })).await.0, 400);
    assert_eq!(post("/job", Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_token_expires_and_calls_fail_on_request() {
    let world = World::new();
    let post = async |path: &str, body: Value| control(&world, Method::POST, path, body).await.0;
    let pools = async || {
        world
            .call(api_request(Method::GET, "distributedtask/pools", &Value::Null, &basic(TOKEN)))
            .await
    };
    let fault =
        json!({ "operation": "ListPools", "kind": "fail", "status": 503, "retry_after": 7 });
    assert_eq!(post("/faults", fault).await, 202);
    let (status, body) = pools().await;
    assert_eq!((status, &body["typeKey"]), (503, &json!("VssServiceException")));
    assert_eq!(pools().await.0, 200);
    let expired = json!({ "text": TOKEN, "expires_at": "2026-11-29T00:00:00Z" });
    assert_eq!(post("/tokens", expired).await, 201);
    assert_eq!(pools().await.0, 401);
    assert_eq!(post("/tokens", json!({ "text": TOKEN, "access": "read" })).await, 201);
    assert_eq!(pools().await.0, 200);
    assert_eq!(post("/usage", json!({ "identity": "pat", "units": 500 })).await, 202);
    assert_eq!(pools().await.0, 429);
}

#[tokio::test]
async fn agents_are_updated_ended_and_removed() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let act = async |method, path: &str, body: Value| control(&world, method, path, body).await.0;
    let update = json!({ "version": "4.275.0" });
    assert_eq!(act(Method::POST, "/agents/az-1/update", update.clone()).await, 202);
    assert_eq!(world.message(&agent, 0).await["messageType"], "AgentRefresh");
    assert_eq!(act(Method::DELETE, "/agents/az-1/tokens", Value::Null).await, 202);
    let poll = world.call_as(&agent, Method::GET, "messages?sessionId=x", Value::Null).await;
    assert_eq!(poll.0, 203, "a revoked token gets the sign-in page");
    assert_eq!(act(Method::DELETE, "/agents/az-1/session", Value::Null).await, 202);
    assert_eq!(list(&world, "/agents").await[0]["online"], false);
    assert_eq!(act(Method::DELETE, "/agents/az-1", Value::Null).await, 202);
    assert_eq!(act(Method::POST, "/agents/az-1/update", update).await, 404);
    assert_eq!(list(&world, "/agents").await, json!([]));
}

#[tokio::test]
async fn a_function_is_called_and_a_delivery_is_doubled() {
    let world = World::new();
    let post = async |path: &str, body: Value| control(&world, Method::POST, path, body).await;
    let task = json!({ "project": "shop", "function": "https://mayfly.test/api/F", "completion": "api_response" });
    let (status, body) = post("/tasks", task).await;
    assert_eq!(status, 201);
    settle().await;
    let tasks = list(&world, "/tasks").await;
    assert_eq!((&tasks[0]["id"], &tasks[0]["result"]), (&body["task"], &json!("succeeded")));
    assert_eq!(list(&world, "/subscriptions").await, json!([]));
    assert_eq!(post("/notifications/7/redelivery", Value::Null).await.0, 404);
    let late = json!({ "kind": "delayed", "seconds": 60, "times": 2 });
    assert_eq!(post("/delivery-faults", late).await.0, 202);
    let paused = json!({ "paused": true });
    assert_eq!(post("/assignment", paused).await.0, 202);
    world.online("az-1", json!({})).await;
    let request = world.queue();
    assert_eq!(world.pipelines.request(request).unwrap().agent, None);
    assert_eq!(post("/parallel-jobs", json!({ "count": 0 })).await.0, 202);
    assert_eq!(post("/assignment", json!({ "paused": false })).await.0, 202);
    assert_eq!(world.pipelines.request(request).unwrap().agent, None);
    assert_eq!(post("/parallel-jobs", json!({ "count": 1 })).await.0, 202);
    assert_eq!(world.pipelines.request(request).unwrap().agent.as_deref(), Some("az-1"));
}
