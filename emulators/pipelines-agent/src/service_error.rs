//! Failures of calls. The agent branches by `typeKey`, not by the status.

use http::StatusCode;
use serde_json::Value;

use emulator_core::service::Response;

/// A failed call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ServiceError {
    /// The service reported an exception.
    Exception { key: String, status: StatusCode, message: String },
    /// The token endpoint gave a negative answer, with this description.
    NoToken(String),
    /// Another answer, such as a sign-in page.
    Unexpected(StatusCode),
    /// No response.
    Transport,
}

impl ServiceError {
    /// Returns whether the service reported this exception.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Exception { key, .. } if key == wanted)
    }

    /// Returns whether the agent does not exist, or its pool.
    pub(crate) fn is_gone(&self) -> bool {
        self.is("TaskAgentNotFoundException") || self.is("TaskAgentPoolNotFoundException")
    }

    /// Returns whether the caller has no access.
    pub(crate) fn is_denied(&self) -> bool {
        let is_denied = |status: &StatusCode| {
            [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(status)
        };
        match self {
            Self::Exception { status, .. } => is_denied(status),
            // The sign-in page has status 203.
            Self::Unexpected(status) => {
                is_denied(status) || *status == StatusCode::NON_AUTHORITATIVE_INFORMATION
            }
            Self::NoToken(_) => true,
            Self::Transport => false,
        }
    }

    /// Returns whether the clock of the agent is wrong, as far as the token endpoint says.
    pub(crate) fn is_clock_skew(&self) -> bool {
        matches!(self, Self::NoToken(text) if text.contains("Current server time is"))
    }

    /// Returns the text to print.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Exception { message, .. } => message.clone(),
            Self::NoToken(description) => description.clone(),
            Self::Unexpected(status) => format!("The service answered with status {status}."),
            Self::Transport => "The service did not answer.".to_owned(),
        }
    }
}

/// Returns the body of a successful response; null if it has none.
pub(crate) fn check(response: &Response) -> Result<Value, ServiceError> {
    let status = response.status();
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    if status.is_success() && status != StatusCode::NON_AUTHORITATIVE_INFORMATION {
        return Ok(body);
    }
    match body["typeKey"].as_str() {
        Some(key) => Err(ServiceError::Exception {
            key: key.to_owned(),
            status,
            message: body["message"].as_str().unwrap_or_default().to_owned(),
        }),
        None => Err(ServiceError::Unexpected(status)),
    }
}
