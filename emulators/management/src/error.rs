//! Errors in the two formats of the management API: its own, and that of App Service behind it.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use emulator_core::service::{Response, json_response};

/// An error response.
#[derive(Clone, Debug)]
pub(crate) struct ManagementError {
    status: StatusCode,
    code: &'static str,
    pub(crate) message: String,
    /// Whether App Service responds: its members are capitalized and not inside `error`.
    of_app: bool,
}

impl ManagementError {
    /// Creates an error with the code that the API has for the status.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let code = match status.as_u16() {
            400 => "BadRequest",
            401 => "AuthenticationFailed",
            403 => "AuthorizationFailed",
            404 => "ResourceNotFound",
            409 => "Conflict",
            429 => "TooManyRequests",
            501 => "NotImplemented",
            503 => "ServiceUnavailable",
            _ => "InternalServerError",
        };
        Self::with_code(status, code, message)
    }

    /// Creates an error with a code.
    pub(crate) fn with_code(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code, message: message.into(), of_app: false }
    }

    /// Creates an error of App Service behind the API.
    pub(crate) fn of_app(status: StatusCode, message: impl Into<String>) -> Self {
        Self { of_app: true, ..Self::new(status, message) }
    }

    pub(crate) fn into_response(self) -> Response {
        let Self { status, code, message, of_app } = self;
        let body = if of_app {
            json!({ "Code": code, "Message": message, "Target": null, "Details": [], "Innererror": null })
        } else {
            json!({ "error": { "code": code, "message": message } })
        };
        let mut response = json_response(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
