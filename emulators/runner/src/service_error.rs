//! Errors of requests to the runner service.

use std::fmt;

use http::StatusCode;
use serde_json::Value;

use emulator_core::service::Response;

/// The error of a request to the runner service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ServiceError {
    /// The registration was removed.
    RunnerNotFound,
    /// The session is over.
    SessionInvalid,
    /// The runner's version is too old.
    VersionTooOld,
    /// GitHub deprovisioned its hosted runner.
    Deprovisioned,
    /// The token service does not know the client.
    InvalidClient,
    /// Another status, without a known reason.
    Status(StatusCode),
    /// No valid response was received.
    NoResponse,
}

impl ServiceError {
    /// Returns whether a retry may succeed.
    pub(crate) fn is_transient(self) -> bool {
        match self {
            Self::NoResponse => true,
            Self::Status(status) => {
                status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }

    pub(crate) fn is(self, status: StatusCode) -> bool {
        self == Self::Status(status)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // In .NET's spelling: `NotFound`.
            Self::Status(status) => {
                let reason = status.canonical_reason().unwrap_or("unknown");
                formatter.write_str(&reason.replace(' ', ""))
            }
            Self::NoResponse => formatter.write_str("Connection refused"),
            other => write!(formatter, "{other:?}"),
        }
    }
}

/// Returns a successful response, or the error in another one.
pub(crate) fn check(response: Response) -> Result<Response, ServiceError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    Err(match body["errorKind"].as_str() {
        Some("RunnerNotFound") => ServiceError::RunnerNotFound,
        Some("RunnerSessionInvalid") => ServiceError::SessionInvalid,
        Some("RunnerVersionTooOld") => ServiceError::VersionTooOld,
        Some("HostedRunnerDeprovisioned") => ServiceError::Deprovisioned,
        _ => ServiceError::Status(response.status()),
    })
}
