//! Successful responses of the API.

use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};

use emulator_core::service::{Response, json_response};

use crate::error::ApiError;

/// The result of an API handler.
pub(crate) type ApiResult = Result<ApiResponse, ApiError>;

/// A successful response.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    status: StatusCode,
    body: Option<Value>,
    link: Option<String>,
}

impl ApiResponse {
    pub(crate) fn ok(body: Value) -> ApiResult {
        Ok(Self { status: StatusCode::OK, body: Some(body), link: None })
    }

    pub(crate) fn created(body: Value) -> ApiResult {
        Ok(Self { status: StatusCode::CREATED, body: Some(body), link: None })
    }

    pub(crate) fn accepted() -> ApiResult {
        Ok(Self { status: StatusCode::ACCEPTED, body: Some(json!({})), link: None })
    }

    pub(crate) fn no_content() -> ApiResult {
        Ok(Self { status: StatusCode::NO_CONTENT, body: None, link: None })
    }

    pub(crate) fn linked(body: Value, link: Option<String>) -> ApiResult {
        Ok(Self { status: StatusCode::OK, body: Some(body), link })
    }

    pub(crate) fn body_mut(&mut self) -> Option<&mut Value> {
        self.body.as_mut()
    }

    /// Adds a field to an object.
    pub(crate) fn with(mut self, field: &str, value: &str) -> Self {
        if let Some(Value::Object(object)) = &mut self.body {
            object.insert(field.to_owned(), json!(value));
        }
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => json_response(self.status, &body),
            None => Response::new(Bytes::new()),
        };
        *response.status_mut() = self.status;
        if let Some(link) = self.link.and_then(|link| link.parse().ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}
