//! Responses and request bodies of the HTTP functions.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use warp::Filter;
use warp::http::{HeaderMap, Method, StatusCode, header};
use warp::reject::{Reject, Rejection};
use warp::reply::{Reply, Response as WarpResponse};

use crate::secret::Secret;
use crate::status_page::StatusPage;

/// Maximum size of a webhook payload that GitHub sends.
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>
const MAX_PAYLOAD_BYTES: usize = 25 << 20;

/// A response of a function: JSON, the configuration of one runner, or the status page.
pub struct Response {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    retry_after: Option<Duration>,
    allow: Option<Method>,
    headers: Vec<(&'static str, String)>,
}

/// The patterns of the repositories whose jobs a runner may run, with its configuration.
const ALLOWED_REPOSITORIES: &str = "x-mayfly-allowed-repositories";

/// The request's method is not the one that the function accepts, which is this one.
#[derive(Debug)]
pub(crate) struct MethodNotAllowed(pub(crate) Method);

impl Reject for MethodNotAllowed {}

impl Response {
    /// Creates a JSON response.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Creates a JSON response that states an error.
    pub(crate) fn error(status: StatusCode, error: impl ToString) -> Self {
        Self::json(status, &json!({ "error": error.to_string() }))
    }

    /// Creates a 503 response: the same request may succeed later.
    pub(crate) fn later(error: impl ToString, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..Self::error(StatusCode::SERVICE_UNAVAILABLE, error) }
    }

    /// Creates the response that contains a runner's configuration, and nothing else. A header has the patterns of the
    /// repositories whose jobs it may run.
    pub(crate) fn configuration(configuration: &Secret, allowed: &str) -> Self {
        let response = Self::new(StatusCode::OK, "text/plain", configuration.expose().to_owned());
        Self { headers: vec![(ALLOWED_REPOSITORIES, allowed.to_owned())], ..response }
    }

    /// Creates the response with the status page.
    pub(crate) fn status_page() -> Self {
        let page = StatusPage::get();
        let headers = page.headers().map(|(name, value)| (name, value.to_owned()));
        let response = Self::new(StatusCode::OK, "text/html; charset=utf-8", page.document.clone());
        Self { headers: headers.to_vec(), ..response }
    }

    /// Creates the response to the host's readiness probe.
    pub(crate) fn ready() -> Self {
        Self::json(StatusCode::OK, &json!({ "ready": true }))
    }

    /// Creates the response to a request that matches no route.
    pub(crate) fn unrouted(rejection: &Rejection) -> Self {
        let Some(MethodNotAllowed(method)) = rejection.find() else {
            return Self::error(StatusCode::NOT_FOUND, "no function has this path");
        };
        let error = format!("this function accepts only {method}");
        let response = Self::error(StatusCode::METHOD_NOT_ALLOWED, error);
        Self { allow: Some(method.clone()), ..response }
    }

    fn new(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, body, retry_after: None, allow: None, headers: Vec::new() }
    }
}

impl Reply for Response {
    fn into_response(self) -> WarpResponse {
        let mut response = warp::http::Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::CACHE_CONTROL, "no-store");
        if let Some(pause) = self.retry_after {
            response = response.header(header::RETRY_AFTER, pause.as_secs());
        }
        if let Some(method) = self.allow {
            response = response.header(header::ALLOW, method.as_str());
        }
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let response = response.body(Bytes::from(self.body));
        let response = response.expect("every header is a literal, a number or plain patterns");
        response.into_response()
    }
}

/// Returns the last value of a header: Azure's front end appends its own value after the client's.
pub(crate) fn header_str<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()
}

/// A stream of the chunks of a request's body.
pub(crate) type Body = BoxStream<'static, Result<Bytes, warp::Error>>;

/// Extracts the body of a request as a stream.
pub(crate) fn body() -> impl Filter<Extract = (Body,), Error = Rejection> + Copy {
    warp::body::stream().map(|body| TryStreamExt::map_ok(body, bytes_of).boxed())
}

fn bytes_of(mut chunk: impl Buf) -> Bytes {
    chunk.copy_to_bytes(chunk.remaining())
}

/// Why a body could not be read.
pub(crate) enum BodyError {
    /// It is larger than the limit.
    TooLarge,
    /// The connection ended before the body did.
    Broken,
}

/// Reads a body of at most `limit` bytes. A declared length is not required.
pub(crate) async fn read_body(body: &mut Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    while let Some(chunk) = body.try_next().await.map_err(|_| BodyError::Broken)? {
        if read.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.freeze())
}

/// Reads and discards the rest of a body, up to the maximum size of a webhook payload.
///
/// The host fails to forward the body if the response comes before the end of the body. For a body above 2 MB it
/// then replaces the function's response with 500 (seen with the host's source of 2024-10).
pub(crate) async fn discard_rest(body: &mut Body) {
    let mut remaining = MAX_PAYLOAD_BYTES;
    while let Ok(Some(chunk)) = body.try_next().await {
        match remaining.checked_sub(chunk.len()) {
            Some(less) => remaining = less,
            None => return,
        }
    }
}
