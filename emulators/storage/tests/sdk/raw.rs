//! Requests written byte for byte to a socket, and the responses as they arrive: status line, headers, raw body.

use std::fmt::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::account::TestAccount;

/// A response as it was sent.
#[derive(Debug)]
pub(crate) struct RawResponse {
    /// The status line without the protocol: `404 The specified blob does not exist.`.
    pub(crate) status: String,
    headers: Vec<(String, String)>,
    /// The body with its chunk sizes, if it is chunked.
    pub(crate) body: Vec<u8>,
}

/// A request; its address has a SAS unless the query contains `Signature=none`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RawRequest<'a> {
    pub(crate) method: &'a str,
    /// The path after the account, and the query.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
}

impl RawResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the status and the published code: `404 BlobNotFound`.
    pub(crate) fn code(&self) -> String {
        let status = self.status.split(' ').next().unwrap_or_default();
        format!("{status} {}", self.header("x-ms-error-code").unwrap_or("-"))
    }

    /// Returns the body as text, without its chunk sizes.
    pub(crate) fn text(&self) -> String {
        let body = String::from_utf8(self.body.clone()).expect("UTF-8");
        if self.header("transfer-encoding") != Some("chunked") {
            return body;
        }
        let (mut text, mut rest) = (String::new(), body.as_str());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).expect("a chunk size");
            text += &after[..size];
            rest = after[size..].trim_start_matches("\r\n");
        }
        text
    }

    /// Returns an element of the body, if there is one.
    pub(crate) fn element(&self, name: &str) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    }
}

impl TestAccount {
    /// Sends a request with the account's SAS to the queue service.
    pub(crate) async fn queue_call(&self, request: RawRequest<'_>) -> RawResponse {
        self.raw_call(&self.queue_port.url, request).await
    }

    /// Sends a request with the account's SAS to the blob service.
    pub(crate) async fn blob_call(&self, request: RawRequest<'_>) -> RawResponse {
        self.raw_call(&self.blob_port.url, request).await
    }

    async fn raw_call(&self, url: &str, request: RawRequest<'_>) -> RawResponse {
        let separator = if request.target.contains('?') { '&' } else { '?' };
        let target = format!("/mayfly{}{separator}{}", request.target, self.sas());
        let mut text = format!("{} {target} HTTP/1.1\r\nconnection: close\r\n", request.method);
        let given = |name: &str| request.headers.iter().any(|(key, _)| *key == name);
        if !given("host") {
            text += "host: 127.0.0.1\r\n";
        }
        if !given("content-length") && !given("transfer-encoding") && request.method != "GET" {
            let _ = write!(text, "content-length: {}\r\n", request.body.len());
        }
        for (name, value) in request.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        send(url, format!("{text}\r\n{}", request.body).as_bytes()).await
    }
}

/// Sends bytes, and reads the response until the connection closes.
pub(crate) async fn send(url: &str, bytes: &[u8]) -> RawResponse {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the port is open");
    stream.write_all(bytes).await.expect("the request is sent");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.expect("the connection is closed");
    let end = received.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(received[..end].to_vec()).expect("a head is ASCII");
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default().trim_start_matches("HTTP/1.1 ").to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        (name.to_ascii_lowercase(), value.to_owned())
    };
    let headers = lines.map(header).collect();
    RawResponse { status, headers, body: received[end + 4..].to_vec() }
}
