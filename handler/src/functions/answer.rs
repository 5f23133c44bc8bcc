//! What a function answers.

use std::time::Duration;

use serde_json::{Value, json};
use warp::http::{Method, Response, StatusCode, header};
use warp::hyper::body::Bytes;
use warp::reject::{Reject, Rejection};
use warp::reply::{Reply, Response as WarpResponse};

use crate::secret::Secret;

/// An answer: JSON, or the one configuration that a runner gets.
pub struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    retry_after: Option<Duration>,
    allow: Option<Method>,
}

/// A request has another method than its function takes, which is this one.
#[derive(Debug)]
pub(super) struct Takes(pub(super) Method);

impl Reject for Takes {}

impl Answer {
    /// Answers with JSON.
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Answers that the request cannot be served, and why.
    pub(super) fn error(status: StatusCode, error: impl ToString) -> Self {
        Self::json(status, &json!({ "error": error.to_string() }))
    }

    /// Answers that the same request may succeed later.
    pub(super) fn later(error: impl ToString, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..Self::error(StatusCode::SERVICE_UNAVAILABLE, error) }
    }

    /// Answers with a runner's configuration, and nothing else.
    pub(super) fn configuration(configuration: &Secret) -> Self {
        let body = configuration.expose().to_owned();
        Self::new(StatusCode::OK, "text/plain", body)
    }

    /// Answers the host's question whether the handler listens.
    pub(super) fn ready() -> Self {
        Self::json(StatusCode::OK, &json!({ "ready": true }))
    }

    /// Answers a request that no function takes.
    pub(super) fn unrouted(rejection: &Rejection) -> Self {
        let Some(Takes(method)) = rejection.find() else {
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

impl Reply for Answer {
    fn into_response(self) -> WarpResponse {
        let mut response = Response::builder()
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
