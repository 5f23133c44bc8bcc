//! The status page: who gets it, and what its headers allow.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use reqwest::header::ACCEPT;
use reqwest::{Method, Response};
use scenarios::TestEnvironment;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{PROGRAM, UBUNTU};

/// What Chromium sends if a person opens an address.
const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

async fn get(env: &TestEnvironment, path: &str, accept: Option<&str>) -> Response {
    let request = env.function_request(Method::GET, path);
    let request = match accept {
        Some(accept) => request.header(ACCEPT, accept),
        None => request,
    };
    request.send().await.expect("a response")
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    value.unwrap_or_else(|| "–".to_owned())
}

/// Returns the text between the tags of the only element of this name.
fn content<'a>(document: &'a str, tag: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("<{tag}")).expect("a start");
    let (_, rest) = rest.split_once('>').expect("an end of the start");
    rest.split_once(&format!("</{tag}>")).expect("an end").0
}

#[tokio::test]
async fn the_page_is_served_without_a_key_and_without_data() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    let response = get(&env, "StatusPage", Some(BROWSER)).await;
    assert_eq!(response.status().as_u16(), 200);
    let names = [
        "content-type",
        "cache-control",
        "referrer-policy",
        "x-content-type-options",
        "x-frame-options",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "set-cookie",
        "content-security-policy",
    ];
    let headers = names.map(|name| format!("{name}: {}", header(&response, name))).join("\n");
    let document = response.text().await.expect("a document");
    let hash = |tag: &str| {
        format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(content(&document, tag))))
    };
    // A browser rejects what differs from its hash by a byte.
    let headers = headers.replace(&hash("style"), "STYLE").replace(&hash("script"), "SCRIPT");
    assert_snapshot!(headers, @r"
    content-type: text/html; charset=utf-8
    cache-control: no-store
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY
    cross-origin-opener-policy: same-origin
    cross-origin-resource-policy: same-origin
    set-cookie: –
    content-security-policy: default-src 'none'; script-src 'SCRIPT'; style-src 'STYLE'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
    ");
    assert!(!document.contains("octo") && !document.contains(&env.deployment.function_key));
    assert!(
        document.contains("<noscript>") && document.contains("mayfly status"),
        "without script"
    );
    assert_eq!(env.deployment.batch.faults.calls_of("ListPools"), 0, "the page reads nothing");
    env.end().await;
}

#[tokio::test]
async fn the_page_is_refused_to_other_addresses() {
    let env = TestEnvironment::start(PROGRAM).await;
    let functions = &env.deployment.functions.emulator;
    functions.set_client_address(Some("203.0.113.9".parse().expect("an address")));
    let key = &env.deployment.function_key;
    let mut outcomes = Vec::new();
    for path in ["StatusPage".to_owned(), format!("Status?code={key}")] {
        let response = get(&env, &path, Some(BROWSER)).await;
        let (status, kind) = (response.status().as_u16(), header(&response, "content-type"));
        outcomes.push(format!("{status} {kind} {}", response.text().await.expect("a body")));
    }
    functions.set_client_address(None);
    let posted = env.function_request(Method::POST, "StatusPage").send().await.expect("a response");
    outcomes.push(format!("POST: {}", posted.status().as_u16()));
    outcomes.push(format!(
        "Status without a key: {}",
        get(&env, "Status", Some(BROWSER)).await.status().as_u16()
    ));
    assert_snapshot!(outcomes.join("\n"), @r#"
    403 application/json {"error":"203.0.113.9 is not in the ranges of setting OperatorRanges"}
    403 application/json {"error":"203.0.113.9 is not in the ranges of setting OperatorRanges"}
    POST: 404
    Status without a key: 401
    "#);
    env.end().await;
}

#[tokio::test]
async fn no_address_gets_the_page_without_operator_ranges() {
    let env = crate::start(&[("OperatorRanges", "")]).await;
    let page = get(&env, "StatusPage", None).await;
    let (status, _) = env.call_function(Method::GET, "Status", None).await;
    assert_eq!((page.status().as_u16(), status), (403, 403));
    env.end().await;
}

#[tokio::test]
async fn only_a_browser_gets_the_page_from_status() {
    let env = TestEnvironment::start(PROGRAM).await;
    let path = format!("Status?code={}", env.deployment.function_key);
    let mut kinds = Vec::new();
    for accept in [
        Some(BROWSER),
        Some("text/html"),
        None,
        Some("*/*"),
        Some("application/json"),
        Some("application/json, text/html"),
    ] {
        let response = get(&env, &path, accept).await;
        let kind = header(&response, "content-type");
        let body = response.text().await.expect("a body");
        let is_report = serde_json::from_str::<serde_json::Value>(&body)
            .is_ok_and(|json| json["jobs"] == json!([]));
        kinds.push(format!("{}: {kind}, a report: {is_report}", accept.unwrap_or("no header")));
    }
    assert_snapshot!(kinds.join("\n"), @r"
    text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8: text/html; charset=utf-8, a report: false
    text/html: text/html; charset=utf-8, a report: false
    no header: application/json, a report: true
    */*: application/json, a report: true
    application/json: application/json, a report: true
    application/json, text/html: application/json, a report: true
    ");
    assert!(env.command(PROGRAM, &["status", "--json"]).await.contains(r#""complete":true"#));
    env.end().await;
}

#[tokio::test]
async fn operate_logs_who_requested_what() {
    let env = TestEnvironment::start(PROGRAM).await;
    env.operate(json!({ "operation": "replay", "poison": "all" })).await;
    env.until_logged("requested by 127.0.0.1: replay of poison messages (all)").await;
    env.until_logged("replay of poison messages (all): 0 done, 0 skipped").await;
    env.end().await;
}

#[tokio::test]
async fn the_command_serves_the_page_with_a_key_of_its_own() {
    let env = TestEnvironment::start(PROGRAM).await;
    let key = env.deployment.function_key.clone();
    let (_process, address) = env.serve_page(PROGRAM, &key).await;
    let token = address.fragment().and_then(|rest| rest.strip_prefix("code=")).expect("a token");
    assert_ne!(token, key);
    let client = reqwest::Client::new();
    let page = client.get(address.clone()).send().await.expect("a response");
    let policy = header(&page, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(page.text().await.expect("a page").starts_with("<!DOCTYPE html>"));
    let call = |function: &str| client.get(address.join(function).expect("a URL"));
    let operate = || client.post(address.join("Operate").expect("a URL"));
    let replay = json!({ "operation": "replay", "poison": "all" });
    let requests = [
        ("Status", call("Status").header("x-functions-key", token)),
        ("no token", call("Status")),
        ("the deployment's key", call("Status").header("x-functions-key", &key)),
        (
            "another site",
            call("Status")
                .header("x-functions-key", token)
                .header("origin", "https://evil.example"),
        ),
        (
            "another host",
            call("Status").header("x-functions-key", token).header("host", "evil.example"),
        ),
        ("Operate", operate().header("x-functions-key", token).json(&replay)),
        ("Operate, bad", operate().header("x-functions-key", token).json(&json!({}))),
        ("Operate, no JSON", operate().header("x-functions-key", token).body(replay.to_string())),
        ("ClaimRunner", call("ClaimRunner").header("x-functions-key", token)),
    ];
    let mut outcomes = Vec::new();
    for (name, request) in requests {
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        let body: Value = response.json().await.expect("JSON");
        let shown = if body["jobs"].is_array() { json!("a report") } else { body };
        outcomes.push(format!("{name}: {status} {shown}"));
    }
    assert_snapshot!(outcomes.join("\n"), @r#"
    Status: 200 "a report"
    no token: 401 {"error":"the key is not that of this run: use the address that `mayfly status --web` printed last"}
    the deployment's key: 401 {"error":"the key is not that of this run: use the address that `mayfly status --web` printed last"}
    another site: 403 {"error":"this port accepts no request of another site's page"}
    another host: 421 {"error":"this port is reached as localhost, 127.0.0.1 or [::1]"}
    Operate: 200 {"done":[],"operation":"replay","skipped":[]}
    Operate, bad: 400 {"error":"the body is not a valid request: missing field `operation` at line 1 column 2"}
    Operate, no JSON: 415 {"error":"send `Content-Type: application/json`"}
    ClaimRunner: 404 {"error":"this port has /api/StatusPage, /api/Status and /api/Operate"}
    "#);
    env.end().await;
}

#[tokio::test]
async fn the_page_of_the_command_says_that_its_key_is_wrong() {
    let env = TestEnvironment::start(PROGRAM).await;
    let (_process, address) = env.serve_page(PROGRAM, "wrong").await;
    let token = address.fragment().and_then(|rest| rest.strip_prefix("code=")).expect("a token");
    let call = reqwest::Client::new().get(address.join("Status").expect("a URL"));
    let response = call.header("x-functions-key", token).send().await.expect("a response");
    // 401 would make the page ask for a key.
    assert_eq!(response.status().as_u16(), 502);
    let text = response.text().await.expect("a body");
    assert!(text.contains("rejects the key of `mayfly status --web`"), "{text}");
    env.end().await;
}
