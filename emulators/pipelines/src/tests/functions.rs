//! Tasks that call a function, and the events that complete them.

use http::Method;
use serde_json::{Value, json};

use super::{World, api_request, settle};
use crate::{Completion, FunctionTask};

fn task() -> FunctionTask {
    let body = r#"{"AgentOSType":"ubuntu-latest","AgentBuildType":""}"#;
    FunctionTask::new("shop", "https://mayfly.test/api/ProvideAzDOAgent", "k", body)
}

/// Calls the function, and returns the id of the task with the headers that it received.
async fn call(world: &World, task: &FunctionTask) -> (String, Value) {
    let id = world.pipelines.call_function(task);
    settle().await;
    let received = world.received.lock().unwrap();
    let request = received.last().unwrap();
    assert_eq!(request.uri().query(), Some("code=k&"));
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map_or(Value::Null, |value| value.to_str().unwrap().into())
    };
    let names =
        ["PlanUrl", "ProjectId", "HubName", "PlanId", "JobId", "TaskInstanceId", "AuthToken"];
    (id, names.into_iter().map(|name| (name.to_owned(), header(name))).collect())
}

/// Posts an event as the function does.
async fn post(world: &World, headers: &Value, body: Value) -> (u16, Value) {
    let text = |name: &str| headers[name].as_str().unwrap();
    let path = format!(
        "{}/_apis/distributedtask/hubs/{}/plans/{}/events?api-version=2.0-preview.1",
        text("ProjectId"),
        text("HubName"),
        text("PlanId"),
    );
    let credential = format!("Bearer {}", text("AuthToken"));
    let mut request = api_request(Method::POST, "", &body, &credential);
    *request.uri_mut() = format!("http://devops.test/contoso/{path}").parse().unwrap();
    world.call(request).await
}

fn event(headers: &Value, result: &str) -> Value {
    json!({
        "name": "TaskCompleted",
        "taskId": headers["TaskInstanceId"],
        "jobId": headers["JobId"],
        "result": result,
    })
}

#[tokio::test]
async fn a_task_waits_for_the_event_that_completes_it() {
    let world = World::new();
    let (id, headers) = call(&world, &task()).await;
    assert_eq!(headers["PlanUrl"], "https://dev.azure.com/contoso/");
    let known = world.pipelines.server_task(&id).unwrap();
    assert_eq!((known.status, known.result), (Some(200), None));
    let unknown =
        json!({ "name": "TaskCompleted", "taskId": "x", "jobId": "y", "result": "failed" });
    assert_eq!(post(&world, &headers, unknown).await.0, 400);
    assert_eq!(post(&world, &headers, event(&headers, "succeeded")).await.0, 204);
    assert_eq!(world.pipelines.server_task(&id).unwrap().result, Some("succeeded"));
    assert_eq!(post(&world, &headers, event(&headers, "failed")).await.0, 204);
    assert_eq!(world.pipelines.server_task(&id).unwrap().result, Some("succeeded"));
}

#[tokio::test]
async fn a_task_is_completed_with_its_own_token_only() {
    let world = World::new();
    let (_, first) = call(&world, &task()).await;
    let (_, mut second) = call(&world, &task()).await;
    second["AuthToken"] = first["AuthToken"].clone();
    assert_eq!(post(&world, &second, event(&second, "succeeded")).await.0, 403);
    second["PlanId"] = json!("00000000-0000-0000-0000-000000000000");
    let (status, body) = post(&world, &second, event(&second, "succeeded")).await;
    assert_eq!((status, &body["typeKey"]), (404, &json!("TaskOrchestrationPlanNotFoundException")));
}

#[tokio::test]
async fn the_response_completes_a_task_without_callback_and_a_failure_every_task() {
    let world = World::new();
    let immediate = FunctionTask { completion: Completion::ApiResponse, ..task() };
    let (id, _) = call(&world, &immediate).await;
    assert_eq!(world.pipelines.server_task(&id).unwrap().result, Some("succeeded"));
    world.statuses.lock().unwrap().push(409);
    let (id, _) = call(&world, &task()).await;
    assert_eq!(world.pipelines.server_task(&id).unwrap().result, Some("failed"));
}

#[tokio::test]
async fn a_task_names_the_public_address_for_its_callback() {
    let world = World::with(|options| options.public_url = Some("http://devops.test".to_owned()));
    let (_, headers) = call(&world, &task()).await;
    assert_eq!(headers["PlanUrl"], "http://devops.test/contoso/");
}

#[tokio::test]
async fn a_user_may_drop_and_rename_headers() {
    let world = World::new();
    let mut task = task();
    task.headers.insert("AuthToken".to_owned(), String::new());
    task.headers.insert("X-Own".to_owned(), "1".to_owned());
    let (_, headers) = call(&world, &task).await;
    assert_eq!(headers["AuthToken"], Value::Null);
    assert_eq!(world.received.lock().unwrap()[0].headers()["x-own"], "1");
}
