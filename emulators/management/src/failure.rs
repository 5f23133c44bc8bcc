//! Writes refusals in the two shapes of the management API: its own, and that of the service behind it.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use emulator_core::service::{Response, json_response};

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: &'static str,
    pub(super) message: String,
    /// The service behind writes its codes with a capital, and beside no `error`.
    of_app: bool,
}

impl Failure {
    /// Makes a refusal of a status, with the code that the API has for it.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
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
        Self::named(status, code, message)
    }

    pub(super) fn named(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code, message: message.into(), of_app: false }
    }

    /// Makes a refusal of the service behind the API.
    pub(super) fn of_app(status: StatusCode, message: impl Into<String>) -> Self {
        Self { of_app: true, ..Self::new(status, message) }
    }

    pub(super) fn into_response(self) -> Response {
        let Self { status, code, message, of_app } = self;
        let body = if of_app {
            json!({ "Code": code, "Message": message, "Target": null, "Details": [], "Innererror": null })
        } else {
            json!({ "error": { "code": code, "message": message } })
        };
        let mut answer = json_response(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}
