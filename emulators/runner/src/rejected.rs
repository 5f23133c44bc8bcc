//! Why the service did not do what it was asked for.

use std::fmt;

use http::StatusCode;
use serde_json::Value;

use emulator_core::service::Response;

/// Why the service did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rejected {
    /// The registration was removed.
    RunnerNotFound,
    /// The session is over.
    SessionInvalid,
    /// The runner's version is too old.
    VersionTooOld,
    /// The runner was taken back by its owner.
    Deprovisioned,
    /// The token service knows no such client.
    InvalidClient,
    /// Another status, without a known reason.
    Status(StatusCode),
    /// There was no answer.
    NoAnswer,
}

impl Rejected {
    /// Returns whether it is a condition that passes.
    pub(super) fn may_pass(self) -> bool {
        match self {
            Self::NoAnswer => true,
            Self::Status(status) => {
                status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }

    pub(super) fn is(self, status: StatusCode) -> bool {
        self == Self::Status(status)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // As .NET spells it: `NotFound`.
            Self::Status(status) => {
                let reason = status.canonical_reason().unwrap_or("unknown");
                formatter.write_str(&reason.replace(' ', ""))
            }
            Self::NoAnswer => formatter.write_str("Connection refused"),
            other => write!(formatter, "{other:?}"),
        }
    }
}

/// Reads an answer, and where it is a rejection, its reason.
pub(super) fn judged(answer: Response) -> Result<Response, Rejected> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    Err(match body["errorKind"].as_str() {
        Some("RunnerNotFound") => Rejected::RunnerNotFound,
        Some("RunnerSessionInvalid") => Rejected::SessionInvalid,
        Some("RunnerVersionTooOld") => Rejected::VersionTooOld,
        Some("HostedRunnerDeprovisioned") => Rejected::Deprovisioned,
        _ => Rejected::Status(answer.status()),
    })
}
