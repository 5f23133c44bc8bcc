//! Tests of the host's own pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::storage::Storage;
use super::world::{App, World};
use emulator_core::service::Response;

async fn world() -> World {
    let queue = json!([{ "type": "queueTrigger", "direction": "in", "name": "request",
                         "queueName": "requests", "connection": "AzureWebJobsStorage" }]);
    let timer = json!([{ "type": "timerTrigger", "name": "timer", "schedule": "0 0 0 1 1 *" }]);
    let app = App::with_http("Hook", "function").function("Submit", queue).function("Tidy", timer);
    let storage = Storage::start(&app.events.clock, "requests").await;
    let app = app.setting("AzureWebJobsStorage", &storage.connection());
    app.setting("WEBSITE_HOSTNAME", "Mayfly.azurewebsites.net").start().await
}

async fn call(world: &World, method: Method, path: &str, body: &str) -> Response {
    let request = http::Request::builder().method(method);
    let request = request.uri(format!("{}{path}", world.listening.url));
    let request = request.header("x-functions-key", "master-key");
    let request = request.header("content-type", "application/json");
    world.send(request, body.as_bytes()).await
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(response.body()).expect("JSON")
}

#[tokio::test]
async fn the_list_of_functions_has_urls_in_lower_case() {
    let world = world().await;
    let list = json_of(&call(&world, Method::GET, "/admin/functions", "").await);
    let shown: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| json!([entry["name"], entry["invoke_url_template"], entry["href"]]))
        .collect();
    let base = "https://Mayfly.azurewebsites.net/admin/functions";
    assert_eq!(
        shown,
        [
            json!(["Hook", "https://mayfly.azurewebsites.net/api/hook", format!("{base}/Hook")]),
            json!(["Submit", null, format!("{base}/Submit")]),
            json!(["Tidy", null, format!("{base}/Tidy")]),
        ]
    );
    let one = json_of(&call(&world, Method::GET, "/ADMIN/functions/hook/", "").await);
    assert_eq!(one["invoke_url_template"], format!("{}/api/hook", world.listening.url));
    assert_eq!(one["config"]["bindings"][0]["type"], "httpTrigger");
    assert_eq!(one["isDisabled"], false);
}

#[tokio::test]
async fn pages_of_the_host_answer_as_by_the_real_host() {
    let world = world().await;
    let cases = [
        (Method::GET, "/", "", 200),
        (Method::POST, "/", "", 200),
        (Method::GET, "/admin/host/status", "", 200),
        (Method::GET, "/admin/host/ping", "", 200),
        (Method::POST, "/admin/host/ping", "", 200),
        (Method::GET, "/admin/functions/Submit/status", "", 200),
        (Method::GET, "/admin/functions/Nothing/status", "", 404),
        (Method::GET, "/admin/functions/Nothing", "", 404),
        (Method::POST, "/admin/functions/Nothing", "{}", 404),
        (Method::POST, "/admin/functions/tidy", "{\"input\":\"\"}", 202),
        (Method::POST, "/admin/functions/Tidy", "{}", 202),
        (Method::POST, "/admin/functions/Tidy", "", 400),
        (Method::POST, "/admin/functions/Tidy", "[", 400),
        (Method::POST, "/admin/functions/Tidy", "{\"input\":{}}", 400),
        (Method::POST, "/admin/functions/Hook", "{}", 501),
        (Method::DELETE, "/admin/functions/Tidy", "", 501),
        (Method::GET, "/admin/functions/download", "", 501),
        (Method::GET, "/admin/host/keys", "", 501),
        (Method::GET, "/admin", "", 501),
        (Method::GET, "/runtime/webhooks/x", "", 501),
    ];
    for (method, path, body, expected) in cases {
        let status = call(&world, method.clone(), path, body).await.status();
        assert_eq!(status, expected, "{method} {path} {body}");
    }
    let page = call(&world, Method::GET, "/", "").await;
    assert_eq!(page.headers()["content-type"], "text/html");
    let status = json_of(&call(&world, Method::GET, "/admin/host/status", "").await);
    assert_eq!((&status["state"], &status["version"]), (&json!("Running"), &json!("4.1037.0.0")));
    let form = world.post("/admin/functions/Tidy").header("x-functions-key", "master-key");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.send(form, b"{}").await.status(), 415);
}

#[tokio::test]
async fn all_but_the_ping_needs_the_master_key() {
    let world = world().await;
    let cases = [
        ("GET", "/admin/functions", 401),
        ("GET", "/admin/functions/Hook", 401),
        ("POST", "/admin/functions/Tidy", 401),
        ("GET", "/admin/functions/Tidy/status", 401),
        ("GET", "/admin/host/status", 401),
        ("GET", "/admin/host/ping", 200),
        ("GET", "/", 200),
    ];
    for (method, path, expected) in cases {
        for key in ["", "function-key"] {
            let request = http::Request::builder().method(method);
            let request = request.uri(format!("{}{path}", world.listening.url));
            let status = world.send(request.header("x-functions-key", key), b"{}").await.status();
            assert_eq!(status, expected, "{method} {path} {key:?}");
        }
    }
    let by_query =
        http::Request::get(format!("{}/admin/functions?code=master-key", world.listening.url));
    assert_eq!(world.send(by_query, b"").await.status(), 200);
}

#[tokio::test]
async fn a_queue_function_runs_without_a_message() {
    let mut world = world().await;
    let body = json!({ "input": "{\"v\":1}" }).to_string();
    let response = call(&world, Method::POST, "/admin/functions/submit", &body).await;
    assert_eq!((response.status().as_u16(), response.body().len()), (202, 0));
    assert_eq!(world.invoked("Submit").await, 200);
    let received = world.received().await;
    let payload = STANDARD.decode(received["body"].as_str().expect("a body")).expect("base64");
    let payload: Value = serde_json::from_slice(&payload).expect("a payload");
    assert_eq!(payload["Data"]["request"], "\"{\\\"v\\\":1}\"");
    assert_eq!(payload["Metadata"]["DequeueCount"], "0");
    assert_eq!(payload["Metadata"]["Id"], Value::Null);
    assert_eq!(payload["Metadata"]["v"], "\"1\"");
}

#[tokio::test]
async fn the_start_page_can_be_disabled() {
    let app = App::with_http("Hook", "anonymous").setting("AzureWebJobsDisableHomepage", "True");
    let world = app.start().await;
    assert_eq!(call(&world, Method::GET, "/", "").await.status(), 204);
}
