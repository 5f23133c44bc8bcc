//! Successful responses of the API.

use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
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
    header: Option<(HeaderName, String)>,
}

impl ApiResponse {
    fn of(status: StatusCode, body: Option<Value>) -> Self {
        Self { status, body, link: None, header: None }
    }

    /// Adds a header.
    pub(crate) fn with_header(self, name: HeaderName, value: String) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub(crate) fn ok(body: Value) -> ApiResult {
        Ok(Self::of(StatusCode::OK, Some(body)))
    }

    pub(crate) fn created(body: Value) -> ApiResult {
        Ok(Self::of(StatusCode::CREATED, Some(body)))
    }

    pub(crate) fn accepted() -> ApiResult {
        Ok(Self::of(StatusCode::ACCEPTED, Some(json!({}))))
    }

    pub(crate) fn no_content() -> ApiResult {
        Ok(Self::of(StatusCode::NO_CONTENT, None))
    }

    pub(crate) fn linked(body: Value, link: Option<String>) -> ApiResult {
        Ok(Self { link, ..Self::of(StatusCode::OK, Some(body)) })
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
        if let Some((name, value)) = self.header
            && let Ok(value) = value.parse()
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
