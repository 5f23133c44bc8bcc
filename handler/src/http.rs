//! What a function answers.

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

/// The largest payload that GitHub delivers.
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>
const MAX_DELIVERY: usize = 25 << 20;

/// An answer: JSON, or the one configuration that a runner gets.
pub struct Response {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    retry_after: Option<Duration>,
    allow: Option<Method>,
}

/// A request has another method than its function takes, which is this one.
#[derive(Debug)]
pub(crate) struct MethodNotAllowed(pub(crate) Method);

impl Reject for MethodNotAllowed {}

impl Response {
    /// Answers with JSON.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Answers that the request cannot be served, and why.
    pub(crate) fn error(status: StatusCode, error: impl ToString) -> Self {
        Self::json(status, &json!({ "error": error.to_string() }))
    }

    /// Answers that the same request may succeed later.
    pub(crate) fn later(error: impl ToString, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..Self::error(StatusCode::SERVICE_UNAVAILABLE, error) }
    }

    /// Answers with a runner's configuration, and nothing else.
    pub(crate) fn configuration(configuration: &Secret) -> Self {
        let body = configuration.expose().to_owned();
        Self::new(StatusCode::OK, "text/plain", body)
    }

    /// Answers the host's question whether the handler listens.
    pub(crate) fn ready() -> Self {
        Self::json(StatusCode::OK, &json!({ "ready": true }))
    }

    /// Answers a request that no function takes.
    pub(crate) fn unrouted(rejection: &Rejection) -> Self {
        let Some(MethodNotAllowed(method)) = rejection.find() else {
            return Self::error(StatusCode::NOT_FOUND, "no function has this path");
        };
        let error = format!("this function takes {method}");
        let answer = Self::error(StatusCode::METHOD_NOT_ALLOWED, error);
        Self { allow: Some(method.clone()), ..answer }
    }

    fn new(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, body, retry_after: None, allow: None }
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
        let response =
            response.body(Bytes::from(self.body)).expect("every header is a literal or a number");
        response.into_response()
    }
}

/// Reads a header's last value: the front end appends one of its own after the client's.
pub(crate) fn header_str<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()
}

/// A request's body, as it comes.
pub(crate) type Body = BoxStream<'static, Result<Bytes, warp::Error>>;

pub(crate) fn body() -> impl Filter<Extract = (Body,), Error = Rejection> + Copy {
    warp::body::stream().map(|body| TryStreamExt::map_ok(body, bytes_of).boxed())
}

fn bytes_of(mut part: impl Buf) -> Bytes {
    part.copy_to_bytes(part.remaining())
}

/// Why a body was not read.
pub(crate) enum BodyError {
    TooLarge,
    Broken,
}

/// Reads a body of at most `limit` bytes, whether its length was announced or not.
pub(crate) async fn read_body(body: &mut Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    while let Some(part) = body.try_next().await.map_err(|_| BodyError::Broken)? {
        if read.len() + part.len() > limit {
            return Err(BodyError::TooLarge);
        }
        read.extend_from_slice(&part);
    }
    Ok(read.freeze())
}

/// Reads what a function has left of a body, up to the largest that GitHub delivers, and keeps nothing of it.
///
/// An answer before the end of the body breaks the host's writing of it: for a body above 2 MB the host then answers
/// 500 in the place of the function's answer (seen with the host's source of 2024-10).
pub(crate) async fn drop_rest(body: &mut Body) {
    let mut left = MAX_DELIVERY;
    while let Ok(Some(part)) = body.try_next().await {
        match left.checked_sub(part.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}
