//! The handler of the stories: this very test program, started again by the host.
//!
//! What it was given it writes to stdout, one JSON object a line; what it answers, the request itself says.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

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
    ["functions::stories::handler::serves_when_a_host_started_it", "--exact", "--nocapture"];
/// The setting with which the handler refuses to start.
pub(super) const REFUSE: &str = "REFUSE";

/// The setting with which the handler answers 413 before it reads a body.
pub(super) const EARLY: &str = "EARLY";

/// Answers as the request asks.
struct Handler(Clock);

#[derive(Clone, Copy, Debug)]
struct AnyRequest;

impl Emulator for Handler {
    const NAME: &'static str = "handler";
    type Operation = AnyRequest;

    fn operation(&self, _: &Request) -> Option<AnyRequest> {
        Some(AnyRequest)
    }

    async fn answer(&self, _: AnyRequest, request: Request) -> Response {
        if request.method() == Method::GET && request.uri().path() == "/" {
            return Response::new(Bytes::new());
        }
        println!("{}", described(&request));
        match request.uri().path() {
            "/api/Exit" => {
                let code = String::from_utf8_lossy(request.body()).parse().expect("an exit code");
                std::process::exit(code)
            }
            path if path.starts_with("/api/") => echo(&request),
            _ => obey(&serde_json::from_slice(request.body()).expect("a payload")).await,
        }
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        json_response(status, &json!(message))
    }

    fn clock(&self) -> &Clock {
        &self.0
    }
}

/// Serves if the host's variables are set; as an ordinary test it has nothing to show.
#[tokio::test]
async fn serves_when_a_host_started_it() {
    let Some(port) = variable("FUNCTIONS_CUSTOMHANDLER_PORT") else { return };
    if let Some(words) = variable(REFUSE) {
        eprintln!("{words}");
        std::process::exit(3);
    }
    println!("{}", json!({ "started": { "home": variable("HOME"), "user": variable("USER") } }));
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.parse().expect("a port"));
    if variable(EARLY).is_some() {
        return answer_early(TcpListener::bind(address).await.expect("the port is free")).await;
    }
    let handler = Handler(Clock::starting_at(DateTime::UNIX_EPOCH));
    let _listening =
        serve(Service::new(Arc::new(handler)), address).await.expect("the port is free");
    std::future::pending::<()>().await;
}

/// Answers each connection once, when its first bytes have come; the rest it leaves unread until the host goes.
async fn answer_early(listener: TcpListener) {
    while let Ok((mut connection, _)) = listener.accept().await {
        tokio::spawn(async move {
            let answer =
                b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            let mut first = [0; 16];
            connection.read_exact(&mut first).await?;
            connection.write_all(answer).await?;
            while connection.ready(Interest::ERROR).await.is_ok_and(|ready| !ready.is_error()) {}
            Ok::<_, std::io::Error>(())
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "the environment is what a host gives its handler")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn described(request: &Request) -> Value {
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

/// Gives a request's body back, under the status that it wants.
fn echo(request: &Request) -> Response {
    let wanted =
        request.headers().get("x-wanted-status").map_or(&b"200"[..], |text| text.as_bytes());
    let mut answer = Response::new(request.body().clone());
    *answer.status_mut() = StatusCode::from_bytes(wanted).expect("a status");
    answer.headers_mut().insert("x-from-handler", HeaderValue::from_static("as it is"));
    answer
}

async fn obey(payload: &Value) -> Response {
    let input = payload["Data"].as_object().expect("data").values().next().expect("one input");
    let text: Value = match input {
        Value::String(encoded) => serde_json::from_str(encoded).expect("a string encoded twice"),
        other => other.clone(),
    };
    let done = json_response(
        StatusCode::OK,
        &json!({
            "Outputs": { "response": { "statusCode": 202, "body": "taken" } },
            "Logs": ["it is done"],
            "ReturnValue": null,
        }),
    );
    match (text.as_str(), payload["Metadata"]["DequeueCount"].as_str()) {
        (Some("fail"), _) => json_response(StatusCode::INTERNAL_SERVER_ERROR, &json!({})),
        (Some("answer nothing once"), Some("1")) => Response::new(Bytes::new()),
        (Some("hang once"), Some("1")) => std::future::pending().await,
        _ => done,
    }
}
