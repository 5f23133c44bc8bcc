//! How the runner service rejects a runner.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use emulator_core::service::{Response, json_response};

/// Where a version of the runner that is too old is rejected; GitHub was seen to do each.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionCheck {
    /// At the first request for a message.
    #[default]
    Message,
    /// When the session is opened, as 403 without a reason.
    Session,
    /// At registration with a token, as 404 with a text.
    Registration,
}

/// Why a request for a message is rejected: what the broker calls `errorKind`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RunnerError {
    /// The registration was removed.
    RunnerNotFound,
    /// The version of the runner is too old.
    RunnerVersionTooOld,
    /// The session is over; the runner may open another one.
    RunnerSessionInvalid,
    /// The runner is one of GitHub's, and was taken back.
    HostedRunnerDeprovisioned,
    /// The job was withdrawn before the runner acknowledged it.
    AcknowledgeJobNotFound,
}

impl RunnerError {
    pub(super) fn into_response(self, text: &str) -> Response {
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
            "errorMessage": text,
        });
        json_response(status, &body)
    }
}
