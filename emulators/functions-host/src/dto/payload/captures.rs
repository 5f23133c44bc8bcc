//! Comparison with payloads captured from Microsoft's host: the same JSON, with any order of keys.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::handlers::forward;
use emulator_core::service::Request;

/// A captured request.
struct Capture {
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Capture {
    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/host-envelopes");
        let bytes = std::fs::read(folder.join(format!("{name}.http"))).expect("the capture");
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(&bytes[..end]).expect("a text");
        let (first, headers) = head.split_once("\r\n").expect("headers");
        let headers = headers.split("\r\n").map(|line| line.split_once(": ").expect("a header"));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let headers: Vec<_> = headers.collect();
        let rest = &bytes[end + 4..];
        let is_chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
        let target = first.split(' ').nth(1).expect("a target").to_owned();
        Self { target, headers, body: if is_chunked { decode_chunks(rest) } else { rest.to_vec() } }
    }

    fn payload(name: &str) -> Value {
        serde_json::from_slice(&Self::read(name).body).expect("JSON")
    }

    /// Returns the headers that do not apply to one connection, sorted, as lines.
    fn lines(&self) -> Vec<String> {
        const CONNECTION_HEADERS: [&str; 1] = ["content-length"];
        let end_to_end =
            self.headers.iter().filter(|(name, _)| !CONNECTION_HEADERS.contains(&&**name));
        let mut lines: Vec<_> =
            end_to_end.map(|(name, value)| format!("{name}: {value}")).collect();
        lines.sort();
        lines
    }
}

fn decode_chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&rest[..line]).expect("digits");
        let size = usize::from_str_radix(size, 16).expect("hexadecimal");
        if size == 0 {
            return body;
        }
        body.extend(&rest[line + 2..][..size]);
        rest = &rest[line + 2 + size + 2..];
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn time(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("a time")
}

/// Parses a string that the host has serialized twice.
fn parse_twice(value: &Value) -> String {
    serde_json::from_str(text(value)).expect("a string inside a string")
}

/// Returns the metadata that the real host sent for the invocation.
fn sys_of(payload: &Value, function: &str) -> Sys {
    let sys = &payload["Metadata"]["sys"];
    let (utc_now, rand_guid) = match sys["UtcNow"].as_str() {
        Some(now) => {
            (now.parse().expect("a time"), text(&sys["RandGuid"]).parse().expect("a UUID"))
        }
        // A property of the message has replaced it.
        None => (DateTime::UNIX_EPOCH, Uuid::nil()),
    };
    Sys { method_name: function.to_owned(), utc_now, rand_guid }
}

/// Returns the message that the real host has sent. Values that a property of the message has replaced are
/// arbitrary.
fn message_of(metadata: &Value) -> Message {
    let parse_or_default = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    Message {
        id: parse_twice(&metadata["Id"]),
        pop_receipt: parse_twice(&metadata["PopReceipt"]),
        dequeue_count: text(&metadata["DequeueCount"]).parse().unwrap_or_default(),
        inserted: time(&metadata["InsertionTime"]),
        expires: parse_or_default(&metadata["ExpirationTime"]).unwrap_or_default(),
        next_visible: time(&metadata["NextVisibleTime"]),
        text: "unused".to_owned(),
    }
}

#[test]
fn a_manual_queue_payload_equals_that_of_the_real_host() {
    let real = Capture::payload("queue-admin");
    let text = parse_twice(&real["Data"]["request"]);
    let own = of_manual_message("request", &text, &sys_of(&real, "SubmitRunnerTask"));
    assert_eq!(own, real);
}

#[test]
fn queue_payloads_equal_those_of_the_real_host() {
    for name in [
        "queue-json-message",
        "queue-json-array",
        "queue-number-message",
        "queue-plain-text",
        "queue-odd-property-names",
    ] {
        let real = Capture::payload(name);
        let message = message_of(&real["Metadata"]);
        let text = parse_twice(&real["Data"]["request"]);
        let own = of_message("request", &text, &message, &sys_of(&real, "SubmitRunnerTask"));
        assert_eq!(own, real, "{name}");
    }
}

#[test]
fn timer_payloads_equal_those_of_the_real_host() {
    for (name, firing) in [
        ("timer-first-run", Firing::OnTime),
        ("timer-past-due", Firing::PastDue),
        ("timer-admin", Firing::Manual("")),
    ] {
        let real = Capture::payload(name);
        let status = &real["Data"]["timer"]["ScheduleStatus"];
        let if_set = |value: &Value| Some(time(value)).filter(|_| text(value) != NEVER);
        let status = ScheduleStatus {
            last: if_set(&status["Last"]),
            next: time(&status["Next"]),
            last_updated: if_set(&status["LastUpdated"]),
        };
        let sys = sys_of(&real, "ReconcileRunners");
        assert_eq!(of_timer("timer", firing, Some(status), &sys), real, "{name}");
    }
}

/// `http-not-forwarded` is missing: no function of this repository uses it, and identities are not modelled.
#[test]
fn forwarded_requests_equal_those_of_the_real_host() {
    for (name, sent) in [
        ("http-forwarded", "x=1%202&x=b"),
        ("http-forwarded-headers", "a=b%2Fc&a=2&d=+e%20f&empty="),
    ] {
        let real = Capture::read(name);
        let key = real.target.split(['?', '&']).nth(1).expect("the key");
        let header = |name: &str| {
            let found = real.headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str()).expect("the header")
        };
        let mut original = http::Request::post(format!("/api/ProvideActionsRunner?{key}&{sent}"));
        for (name, value) in &real.headers {
            if name == "user-agent" {
                let own = value.split(" Azure-Functions-Host/").next().expect("a text");
                original = original.header(name, own);
            } else if !name.starts_with("x-azure-functions-") {
                original = original.header(name, value);
            }
        }
        let original: Request = original.body(real.body.clone().into()).expect("a request");
        let invocation = header("x-azure-functions-invocationid").parse().expect("a UUID");
        let own = forward::forwarded_request(&original, 1, invocation).expect("a valid request");
        let headers = own.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), value.to_str().expect("a text").to_owned()));
        let target = own.uri().path_and_query().expect("a target").to_string();
        let own = Capture { target, headers: headers.collect(), body: own.body().to_vec() };
        assert_eq!((&own.target, own.lines(), &own.body), (&real.target, real.lines(), &real.body));
    }
}
