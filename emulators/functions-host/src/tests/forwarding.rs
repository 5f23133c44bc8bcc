//! Tests of what the host changes on the way to the handler and back, with requests as bytes on a socket.
//!
//! The cases were put to the real host 4.1037 too.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::handler::RESPOND_CHUNKED;
use super::world::{App, World};

/// The head of a response, and its body.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Sends a request head with a body, and reads the response.
async fn send(world: &World, line: &str, headers: &[&str], body: &str) -> Answer {
    let address = world.listening.url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).await.expect("the host listens");
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!("{line} HTTP/1.1\r\nHost: mayfly.test\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes()).await.expect("the host reads");
    let mut read = Vec::new();
    loop {
        let head_end = read.windows(4).position(|four: &[u8]| four == b"\r\n\r\n");
        if let Some(answer) = head_end.and_then(|end| parse(&read, end, line)) {
            return answer;
        }
        let received = stream.read_buf(&mut read).await.expect("the host writes");
        assert_ne!(received, 0, "{line}: the connection closed early");
    }
}

/// Parses a response, or returns `None` if its body is incomplete.
fn parse(read: &[u8], head_end: usize, line: &str) -> Option<Answer> {
    let head = String::from_utf8_lossy(&read[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let length = if line.starts_with("HEAD") { 0 } else { length };
    let body = read.get(head_end + 4..head_end + 4 + length)?;
    Some(Answer { status, headers, body: String::from_utf8_lossy(body).into_owned() })
}

async fn world() -> World {
    App::with_http("Hook", "anonymous").start().await
}

fn header<'a>(received: &'a Value, name: &str) -> Option<&'a str> {
    received["headers"][name].as_str()
}

#[tokio::test]
async fn headers_reach_the_handler_as_by_the_real_host() {
    let mut world = world().await;
    let cases: [(&[&str], &str, Option<&str>); 16] = [
        (&["Content-Encoding: gzip"], "content-encoding", None),
        (&["Content-MD5: AAAA"], "content-md5", None),
        (&["Content-Language: en"], "content-language", None),
        (&["Content-Disposition: inline"], "content-disposition", None),
        (&["Content-Location: /x"], "content-location", None),
        (&["Content-Range: bytes 0-1/2"], "content-range", None),
        (&["Expires: 0"], "expires", None),
        (&["Last-Modified: 0"], "last-modified", None),
        (&["Allow: GET"], "allow", None),
        (&["Content-Security-Policy: x"], "content-security-policy", Some("x")),
        (&["TE: trailers"], "te", Some("trailers")),
        (&["Connection: keep-alive"], "connection", Some("keep-alive")),
        (&["Keep-Alive: timeout=5"], "keep-alive", Some("timeout=5")),
        (
            &["X-Forwarded-For: 1.2.3.4:5", "X-Forwarded-For: 6.7.8.9"],
            "x-forwarded-for",
            Some("1.2.3.4:5, 6.7.8.9"),
        ),
        (&["Cookie: a=b", "Cookie: c=d"], "cookie", Some("a=b; c=d")),
        (
            &["Content-Type: application/json; charset=utf-8"],
            "content-type",
            Some("application/json; charset=utf-8"),
        ),
    ];
    for (sent, name, expected) in cases {
        let headers = [sent, &["Content-Length: 2"]].concat();
        assert_eq!(send(&world, "POST /api/Hook", &headers, "{}").await.status, 200, "{sent:?}");
        assert_eq!(header(&world.received().await, name), expected, "{sent:?}");
    }
}

#[tokio::test]
async fn a_request_without_front_end_has_no_address_of_its_peer() {
    let mut world = world().await;
    send(&world, "POST /api/Hook", &["Content-Length: 2"], "{}").await;
    let received = world.received().await;
    for name in ["x-forwarded-for", "client-ip", "x-client-ip", "disguised-host"] {
        assert_eq!(header(&received, name), None, "{name}");
    }
}

#[tokio::test]
async fn content_types_are_parsed_by_the_host() {
    let mut world = world().await;
    let cases = [
        ("Content-Type: json", "{}", 500, None),
        ("Content-Type: text/", "{}", 500, None),
        ("Content-Type: a/b/c", "{}", 500, None),
        ("Content-Type:", "{}", 200, None),
        ("X-None: 1", "{}", 200, None),
        ("Content-Type: text/plain", "{}", 200, Some("text/plain")),
        // Without a body there is no content to have a type.
        ("Content-Type: json", "", 200, None),
        ("Content-Type: text/plain", "", 200, None),
    ];
    for (sent, body, status, expected) in cases {
        let length = format!("Content-Length: {}", body.len());
        let answer = send(&world, "POST /api/Hook", &[sent, &length], body).await;
        assert_eq!(answer.status, status, "{sent} {body}");
        if status == 200 {
            assert_eq!(header(&world.received().await, "content-type"), expected, "{sent} {body}");
        } else {
            assert_eq!(answer.body, "", "{sent}");
        }
    }
}

#[tokio::test]
async fn paths_and_queries_reach_the_handler_as_by_the_real_host() {
    let mut world = world().await;
    let cases = [
        ("/api/Hook?a=b%2Fc&a=2", Some("/api/Hook?a=b%2Fc,2")),
        ("/api/Hook?d=+e%20f&empty=", Some("/api/Hook?d=%20e%20f&empty=")),
        ("/api/%48ook", Some("/api/Hook")),
        ("/%61pi/Hook", Some("/api/Hook")),
        ("/API/hOOK", Some("/API/hOOK")),
        ("/api/hook/", Some("/api/hook/")),
        ("/api/./Hook", Some("/api/Hook")),
        ("//api/Hook", None),
        ("/api//Hook", None),
        ("/api/Hook//", None),
        ("/api%2FHook", None),
        ("/api/Hook/more", None),
    ];
    for (sent, expected) in cases {
        let answer = send(&world, &format!("POST {sent}"), &["Content-Length: 2"], "{}").await;
        match expected {
            Some(target) => {
                assert_eq!(answer.status, 200, "{sent}");
                assert_eq!(world.received().await["target"], target, "{sent}");
            }
            None => assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{sent}"),
        }
    }
}

#[tokio::test]
async fn the_host_itself_answers_404_to_other_methods() {
    let world = world().await;
    for method in ["HEAD", "GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = send(&world, &format!("{method} /api/Hook"), &[], "").await;
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{method}");
        assert_eq!(answer.headers["server"], "Kestrel", "{method}");
    }
}

#[tokio::test]
async fn a_chunked_request_fails_in_the_host() {
    let world = world().await;
    let chunked = ["Transfer-Encoding: chunked"];
    let answer = send(&world, "POST /api/Hook", &chunked, "2\r\n{}\r\n0\r\n\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
}

#[tokio::test]
async fn answers_have_the_headers_of_the_hosts_server() {
    let world = App::with_http("Hook", "anonymous").setting(RESPOND_CHUNKED, "yes").start().await;
    let answer = send(&world, "POST /api/Hook", &["Content-Length: 2"], "{}").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert_eq!(answer.headers["content-length"], "2");
    assert_eq!(answer.headers.get("transfer-encoding"), None);
    assert_eq!(answer.headers["server"], "Kestrel");
    assert!(answer.headers.contains_key("date"), "{:?}", answer.headers);
}
