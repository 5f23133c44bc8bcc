//! The handler of the tests: this test program, started again by the host.
//!
//! It writes each request to stdout, as a JSON object per line. The request itself determines the response.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::TcpListener;

use emulator_core::clock::Clock;
use emulator_core::service::{Emulator, Request, Response, Service, json_response, serve};

/// The arguments that make this test program run as the handler.
pub(super) const ARGUMENTS: [&str; 3] =
    ["tests::handler::serves_if_started_by_a_host", "--exact", "--nocapture"];
/// The setting that makes the handler exit at its start with a message.
pub(super) const FAIL_AT_START: &str = "FAIL_AT_START";
/// The setting that makes the handler respond 413 after it has read this many bytes of a body.
pub(super) const RESPOND_EARLY: &str = "RESPOND_EARLY";

/// The setting with lines that the handler writes to stderr at its start.
pub(super) const STDERR_LINES: &str = "STDERR_LINES";
/// The setting that makes the handler respond with a chunked body.
pub(super) const RESPOND_CHUNKED: &str = "RESPOND_CHUNKED";

/// The setting that makes the handler never listen.
pub(super) const SILENT: &str = "SILENT";
/// The header with the file that must exist before the handler responds.
pub(super) const UNTIL: &str = "x-test-until";

/// A handler whose response depends on the request.
struct Handler(Clock);

#[derive(Clone, Copy, Debug)]
struct AnyRequest;

impl Emulator for Handler {
    const NAME: &'static str = "handler";
    type Operation = AnyRequest;
    const MAX_BODY_BYTES: usize = 100 << 20;

    fn operation(&self, _: &Request) -> Option<AnyRequest> {
        Some(AnyRequest)
    }

    async fn answer(&self, _: AnyRequest, request: Request) -> Response {
        if request.method() == Method::GET && request.uri().path() == "/" {
            return Response::new(Bytes::new());
        }
        println!("{}", describe(&request));
        match request.uri().path() {
            "/api/Exit" => {
                let code = String::from_utf8_lossy(request.body()).parse().expect("an exit code");
                std::process::exit(code)
            }
            path if path.to_ascii_lowercase().starts_with("/api/") => {
                if let Some(file) = request.headers().get(UNTIL) {
                    until_exists(file.to_str().expect("a text")).await;
                }
                echo(&request)
            }
            _ => execute(&serde_json::from_slice(request.body()).expect("a payload")).await,
        }
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        json_response(status, &json!(message))
    }

    fn clock(&self) -> &Clock {
        &self.0
    }
}

/// Serves requests if the host's variables are set; otherwise, as an ordinary test, it passes.
#[tokio::test]
async fn serves_if_started_by_a_host() {
    let Some(port) = variable("FUNCTIONS_CUSTOMHANDLER_PORT") else { return };
    if let Some(message) = variable(FAIL_AT_START) {
        eprintln!("{message}");
        std::process::exit(3);
    }
    if variable(SILENT).is_some() {
        std::future::pending::<()>().await;
    }
    if let Some(lines) = variable(STDERR_LINES) {
        eprintln!("{lines}");
    }
    println!("{}", json!({ "started": { "home": variable("HOME"), "user": variable("USER") } }));
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.parse().expect("a port"));
    if let Some(bytes) = variable(RESPOND_EARLY) {
        let bytes = bytes.parse().expect("a number");
        let listener = TcpListener::bind(address).await.expect("the port is free");
        const EARLY: &[u8] = b"HTTP/1.1 413 Payload Too Large\r\n\
            Connection: close\r\nContent-Length: 0\r\n\r\n";
        return respond_with(EARLY, listener, bytes).await;
    }
    if variable(RESPOND_CHUNKED).is_some() {
        const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\
            Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        let listener = TcpListener::bind(address).await.expect("the port is free");
        return respond_with(CHUNKED, listener, 0).await;
    }
    let handler = Handler(Clock::starting_at(DateTime::UNIX_EPOCH));
    let _listening =
        serve(Service::new(Arc::new(handler)), address).await.expect("the port is free");
    std::future::pending::<()>().await;
}

/// Responds on each connection after some bytes, and leaves the rest unread until the host disconnects.
async fn respond_with(response: &'static [u8], listener: TcpListener, bytes: usize) {
    while let Ok((mut connection, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut first = vec![0; 16];
            connection.read_exact(&mut first).await?;
            if first.starts_with(b"POST") {
                first.resize(bytes, 0);
                connection.read_exact(&mut first).await?;
            }
            connection.write_all(response).await?;
            while connection.ready(Interest::ERROR).await.is_ok_and(|ready| !ready.is_error()) {}
            Ok::<_, std::io::Error>(())
        });
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the handler's input from the host is its environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn describe(request: &Request) -> Value {
    let headers: Value = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({
        "method": request.method().as_str(),
        "target": request.uri().to_string(),
        "headers": headers,
        "body": STANDARD.encode(request.body()),
    })
}

/// Returns the request's body with the requested status.
fn echo(request: &Request) -> Response {
    let status = request.headers().get("x-test-status").map_or(&b"200"[..], |text| text.as_bytes());
    let mut response = Response::new(request.body().clone());
    *response.status_mut() = StatusCode::from_bytes(status).expect("a status");
    response.headers_mut().insert("x-from-handler", HeaderValue::from_static("unchanged"));
    response
}

/// Waits until a file exists.
async fn until_exists(file: &str) {
    while !Path::new(file).exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn execute(payload: &Value) -> Response {
    let input = payload["Data"].as_object().expect("data").values().next().expect("one input");
    let text: Value = match input {
        Value::String(encoded) => serde_json::from_str(encoded).expect("a string serialized twice"),
        other => other.clone(),
    };
    let completed = json_response(
        StatusCode::OK,
        &json!({
            "Outputs": { "response": { "statusCode": 202, "body": "accepted" } },
            "Logs": ["completed"],
            "ReturnValue": null,
        }),
    );
    if let Some(words) = text.as_str().and_then(|text| text.strip_prefix("until ")) {
        until_exists(words.split(' ').next().unwrap_or_default()).await;
    }
    match (text.as_str(), payload["Metadata"]["DequeueCount"].as_str()) {
        (Some("fail"), _) => json_response(StatusCode::INTERNAL_SERVER_ERROR, &json!({})),
        (Some("respond nothing once"), Some("1")) => Response::new(Bytes::new()),
        (Some("hang once"), Some("1")) => std::future::pending().await,
        _ => completed,
    }
}
