//! The errors of the endpoint.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::json;

use emulator_core::service::{Response, json_response};

/// An error response.
#[derive(Debug)]
pub(crate) struct IdentityError {
    status: StatusCode,
    message: Cow<'static, str>,
}

impl IdentityError {
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn into_response(self) -> Response {
        let Self { status, message } = self;
        json_response(status, &json!({ "statusCode": status.as_u16(), "message": message }))
    }
}
