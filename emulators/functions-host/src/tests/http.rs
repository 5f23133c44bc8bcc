//! Tests of the HTTP trigger.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::handler::RESPOND_EARLY;
use super::world::App;
use crate::http_client::Length;
use emulator_core::faults::Effect;

/// Bytes that are not UTF-8.
const RAW: [u8; 6] = [0x7b, 0xff, 0x00, 0xc3, 0x28, 0x7d];

fn body_of(received: &Value) -> Vec<u8> {
    STANDARD.decode(received["body"].as_str().expect("a body")).expect("base64")
}

#[tokio::test]
async fn a_forwarded_call_is_identical_byte_for_byte() {
    let mut world = App::with_http("Hook", "anonymous").start().await;
    let request = world
        .post("/api/hook?a=b")
        .header("x-hub-signature-256", "sha256=5d41")
        .header("x-test-status", "422");
    let response = world.send(request, &RAW).await;
    let received = world.received().await;
    assert_eq!(body_of(&received), RAW);
    assert_eq!(received["headers"]["x-hub-signature-256"], "sha256=5d41");
    assert_eq!(
        (&received["method"], &received["target"]),
        (&json!("POST"), &json!("/api/hook?a=b"))
    );
    assert_eq!((response.status().as_u16(), &response.body()[..]), (422, &RAW[..]));
    assert_eq!(response.headers()["x-from-handler"], "unchanged");
    assert_eq!(world.invoked("Hook").await, 422);
}

#[tokio::test]
async fn only_the_proxy_accepts_a_body_of_unknown_length() {
    for (switch, expected) in
        [("enableForwardingHttpRequest", 500), ("enableProxyingHttpRequest", 200)]
    {
        let app = App::with_http("Hook", "anonymous").custom_handler(switch, json!(true));
        let world = app.start().await;
        let response = world.send_with(Length::Chunked, world.post("/api/Hook"), &RAW).await;
        assert_eq!(response.status(), expected, "{switch}");
        if expected == 200 {
            assert_eq!(&response.body()[..], RAW);
        }
    }
}

#[tokio::test]
async fn a_call_needs_the_key_of_its_level() {
    let world = App::with_http("Hook", "function").start().await;
    let mut statuses = Vec::new();
    for target in ["/api/Hook", "/api/Hook?code=no", "/api/Hook?code=function-key"] {
        statuses.push(world.send(world.post(target), b"{}").await.status().as_u16());
    }
    let header = world.post("/api/Hook").header("x-functions-key", "function-key");
    statuses.push(world.send(header, b"{}").await.status().as_u16());
    assert_eq!(statuses, [401, 401, 200, 200]);
}

#[tokio::test]
async fn unrouted_requests_get_404_and_unmodelled_ones_501() {
    let world = App::with_http("Hook", "anonymous").start().await;
    let get = http::Request::get(format!("{}/api/Hook", world.listening.url));
    let mut statuses = vec![world.send(get, b"").await.status().as_u16()];
    for target in ["/api/Hook/more", "/Hook", "/api", "/admin/host/keys", "/runtime/webhooks/x"] {
        statuses.push(world.send(world.post(target), b"").await.status().as_u16());
    }
    assert_eq!(statuses, [404, 404, 404, 404, 501, 501]);
}

#[tokio::test]
async fn the_front_end_adds_the_address_of_its_peer() {
    let mut world = App::with_http("Hook", "anonymous").front_end().start().await;
    let spoofed = || world.post("/api/Hook").header("x-forwarded-for", "192.30.252.1");
    world.send(spoofed(), b"{}").await;
    let own = world.received().await["headers"]["x-forwarded-for"].clone();
    let own = own.as_str().expect("a header");
    assert!(own.starts_with("192.30.252.1, 127.0.0.1:"), "{own}");

    let client_address = json!({ "address": "140.82.115.7" });
    assert_eq!(world.control("/client-address", client_address).await.status(), StatusCode::OK);
    let request = world.post("/api/Hook").header("x-forwarded-for", "192.30.252.1");
    world.send(request, b"{}").await;
    let headers = world.received().await["headers"].clone();
    let forwarded_for = headers["x-forwarded-for"].as_str().expect("a header");
    assert!(forwarded_for.starts_with("192.30.252.1, 140.82.115.7:"), "{forwarded_for}");
    assert_eq!(headers["x-client-ip"], "140.82.115.7");
}

#[tokio::test]
async fn a_function_without_forwarding_responds_with_its_outputs() {
    let app = App::with_http("Hook", "anonymous")
        .custom_handler("enableForwardingHttpRequest", json!(false));
    let mut world = app.start().await;
    let response = world.send(world.post("/api/Hook"), b"{\"n\":1}").await;
    assert_eq!((response.status().as_u16(), &response.body()[..]), (202, &b"accepted"[..]));
    let received = world.received().await;
    assert_eq!(received["target"], "/Hook");
    assert_eq!(received["headers"]["transfer-encoding"], "chunked");
    let payload: Value = serde_json::from_slice(&body_of(&received)).expect("a payload");
    assert_eq!(payload["Data"]["request"]["Body"], "{\"n\":1}");
    let line = world.line(|line| line.text == "completed").await;
    assert_eq!(line.group, "http");
}

#[tokio::test]
async fn a_fault_is_injected_by_function_name() {
    let world = App::with_http("Hook", "anonymous").start().await;
    world.service.faults.inject("Hook", 1, Effect::Fail { status: 503, retry_after: Some(7) });
    let response = world.send(world.post("/api/Hook"), b"{}").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"7".parse().expect("a value"))
    );
    assert_eq!(world.send(world.post("/api/Hook"), b"{}").await.status(), StatusCode::OK);
    assert_eq!(world.service.faults.calls_of("Hook"), 2);
}

/// The real host continues to write, and fails, whether the handler has read nothing or a part.
#[tokio::test]
async fn a_response_before_the_end_of_a_large_body_becomes_500() {
    for read in ["0", "1000000"] {
        let world = App::with_http("Hook", "anonymous").setting(RESPOND_EARLY, read).start().await;
        let cases =
            [(1 << 20, 413), (1_300_000, 413), (5 << 20, 500), (24 << 20, 500), (60 << 20, 500)];
        for (length, expected) in cases {
            let body = vec![b'x'; length];
            let status = world.send(world.post("/api/Hook"), &body).await.status();
            assert_eq!(status, expected, "{length} bytes, of which the handler reads {read}");
        }
    }
}

#[tokio::test]
async fn a_body_above_100_mb_becomes_500() {
    let world = App::with_http("Hook", "function").start().await;
    let body = vec![b'x'; (100 << 20) + 1];
    for (target, expected) in
        [("/api/Hook?code=function-key", 500), ("/api/Hook", 401), ("/api/None", 404)]
    {
        let response = world.send(world.post(target), &body).await;
        assert_eq!((response.status().as_u16(), response.body().len()), (expected, 0), "{target}");
    }
}
