//! Error responses of the API and of the runner service.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use emulator_core::service::{Response, json_response};

/// An error response of the API.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(crate) fn into_response(self) -> Response {
        let body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.as_u16().to_string(),
        });
        json_response(self.status, &body)
    }
}

/// A rejection of a request for a message: the broker's `errorKind`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RunnerError {
    /// The registration was removed.
    RunnerNotFound,
    /// The version of the runner is too old.
    RunnerVersionTooOld,
    /// The session is over; the runner may open another one.
    RunnerSessionInvalid,
    /// The runner is hosted by GitHub, and was deprovisioned.
    HostedRunnerDeprovisioned,
    /// The job was withdrawn before the runner acknowledged it.
    AcknowledgeJobNotFound,
}

impl RunnerError {
    pub(crate) fn into_response(self, message: &str) -> Response {
        let status = match self {
            Self::RunnerVersionTooOld => StatusCode::FORBIDDEN,
            Self::HostedRunnerDeprovisioned => StatusCode::GONE,
            Self::RunnerSessionInvalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RunnerNotFound | Self::AcknowledgeJobNotFound => StatusCode::NOT_FOUND,
        };
        let body = json!({
            "source": "actions-broker-listener",
            "errorKind": self,
            "statusCode": status.as_u16(),
            "errorMessage": message,
        });
        json_response(status, &body)
    }
}
