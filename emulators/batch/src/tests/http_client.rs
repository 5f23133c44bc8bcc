//! An independent client: it signs requests and speaks HTTP without the emulator's code.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) const ACCOUNT: &str = "mayfly";
pub(super) const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A response.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Returns the status, code and details of an error.
    #[track_caller]
    pub(super) fn error(&self) -> String {
        let body = self.json();
        let values = body["values"].as_array().cloned().unwrap_or_default();
        let values = values.iter().map(|value| {
            format!(" {}={}", value["key"].as_str().unwrap(), value["value"].as_str().unwrap())
        });
        format!("{} {}{}", self.status, body["code"].as_str().unwrap(), values.collect::<String>())
    }
}

/// Sends a signed request. `target` is a path with its query; `headers` are sent and signed as
/// given.
pub(super) async fn send(
    to: &str,
    date: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut headers: Vec<_> = headers.to_vec();
    headers.push(("ocp-date", date));
    let length = body.len().to_string();
    if method != "GET" && method != "HEAD" {
        headers.push(("content-length", &length));
    }
    if !body.is_empty() {
        headers.push(("content-type", "application/json; odata=minimalmetadata"));
    }
    let signature = sign(method, target, &headers);
    let authorization = format!("SharedKey {ACCOUNT}:{signature}");
    headers.push(("authorization", &authorization));
    raw(to, method, target, &headers, body).await
}

fn sign(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let value = |name: &str| {
        let found = headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value).unwrap_or_default()
    };
    let mut text = format!(
        "{method}\n\n\n{}\n\n{}\n{}\n{}\n{}\n{}\n{}\n\n",
        value("content-length"),
        value("content-type"),
        value("date"),
        value("if-modified-since"),
        value("if-match"),
        value("if-none-match"),
        value("if-unmodified-since"),
    );
    let mut own: Vec<_> = headers.iter().filter(|(name, _)| name.starts_with("ocp-")).collect();
    own.sort();
    text.extend(own.iter().map(|(name, value)| format!("{name}:{value}\n")));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    text.push_str(&format!("/{ACCOUNT}{path}"));
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (decode(name), decode(value))).collect();
    pairs.sort();
    text.extend(pairs.iter().map(|(name, value)| format!("\n{name}:{value}")));
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Sends a request as given.
pub(super) async fn raw(
    to: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let address: SocketAddr = to.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}
