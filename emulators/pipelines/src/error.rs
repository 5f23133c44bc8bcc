//! Error responses of the service.
//!
//! Clients branch by `typeKey`, the name of an exception's class, not by the status. Statuses are those that reports show;
//! the others are inferred, and marked so.

use http::{HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use emulator_core::service::{Response, json_response};

use crate::state::agents::AgentError;
use crate::state::assignment::LockError;

/// The text of an error, encoded for a URL.
const SERVICE_ERROR: HeaderName = HeaderName::from_static("x-tfs-serviceerror");

/// An error response.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    type_key: &'static str,
    message: String,
}

/// The result of a handler.
pub(crate) type ApiResult = Result<Response, ApiError>;

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        type_key: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, type_key, message: message.into() }
    }

    /// Rejects a request that the service would answer.
    pub(crate) fn not_modelled(what: &str) -> Self {
        let text = format!("{what} is not modelled");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotModelledException", text)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "VssPropertyValidationException", message)
    }

    pub(crate) fn no_pool(pool: u64) -> Self {
        let text = format!("No agent pool found with identifier {pool}.");
        Self::new(StatusCode::NOT_FOUND, "TaskAgentPoolNotFoundException", text)
    }

    pub(crate) fn no_agent(agent: u64) -> Self {
        let text = format!("The agent {agent} does not exist or was deleted.");
        Self::new(StatusCode::NOT_FOUND, "TaskAgentNotFoundException", text)
    }

    /// The status 404 is inferred.
    pub(crate) fn no_request(request: u64) -> Self {
        let text = format!("The job request {request} was not found.");
        Self::new(StatusCode::NOT_FOUND, "TaskAgentJobNotFoundException", text)
    }

    /// The text was reported in <https://github.com/microsoft/azure-pipelines-agent/issues/1709>.
    pub(crate) fn session_conflict(agent: &str, owner: &str) -> Self {
        let text =
            format!("The task agent {agent} already has an active session for owner {owner}.");
        Self::new(StatusCode::CONFLICT, "TaskAgentSessionConflictException", text)
    }

    /// The status 404 is inferred.
    pub(crate) fn session_expired(session: &str) -> Self {
        let text = format!("The session {session} has expired.");
        Self::new(StatusCode::NOT_FOUND, "TaskAgentSessionExpiredException", text)
    }

    /// Rejects an identity without a permission.
    pub(crate) fn access_denied(permission: &str) -> Self {
        let text = format!(
            "Access denied. The identity needs {permission} permissions to perform the action. For more information, contact the Azure DevOps Server administrator."
        );
        Self::new(StatusCode::FORBIDDEN, "AccessDeniedException", text)
    }

    /// Rejects a request above the limit of consumption.
    pub(crate) fn too_many() -> Self {
        let text = "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'Concurrency' in namespace 'User'.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RequestBlockedException", text)
    }

    /// Reports a rejected change of an agent.
    pub(crate) fn of_agent(
        error: AgentError,
        (pool, agent): (u64, u64),
        name: &str,
        refused: u16,
    ) -> Self {
        match error {
            AgentError::NoPool => Self::no_pool(pool),
            AgentError::NotFound => Self::no_agent(agent),
            // The status 409 is inferred.
            AgentError::Exists => Self::new(
                StatusCode::CONFLICT,
                "TaskAgentExistsException",
                format!("Pool {pool} already contains an agent with name {name}."),
            ),
            AgentError::StillRunning(name) => Self::new(
                StatusCode::from_u16(refused).unwrap_or(StatusCode::BAD_REQUEST),
                "TaskAgentJobStillRunningException",
                format!("Agent \"{name}\" is running a job for pool \"{pool}\""),
            ),
        }
    }

    /// Reports a rejected renewal or completion. That a request with a result rejects the token of its job is
    /// inferred.
    pub(crate) fn of_lock(error: LockError, request: u64) -> Self {
        match error {
            LockError::NotFound => Self::no_request(request),
            LockError::Finished => Self::new(
                StatusCode::UNAUTHORIZED,
                "TaskAgentJobTokenExpiredException",
                format!("The token of the job request {request} has expired."),
            ),
        }
    }

    fn type_name(&self) -> String {
        let namespace = match self.type_key {
            key if key.starts_with("TaskAgent") => {
                "Microsoft.TeamFoundation.DistributedTask.WebApi"
            }
            "AccessCheckException" => "Microsoft.VisualStudio.Services.Security",
            "UnauthorizedRequestException" => "Microsoft.TeamFoundation.Framework.Server",
            _ => "Microsoft.VisualStudio.Services.WebApi",
        };
        let assembly = match namespace {
            "Microsoft.VisualStudio.Services.Security" => "Microsoft.VisualStudio.Services.WebApi",
            other => other,
        };
        format!("{namespace}.{}, {assembly}", self.type_key)
    }

    pub(crate) fn into_response(self) -> Response {
        let body = json!({
            "$id": "1",
            "innerException": null,
            "message": self.message,
            "typeName": self.type_name(),
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": 3000,
        });
        let mut response = json_response(self.status, &body);
        let text = utf8_percent_encode(&self.message, NON_ALPHANUMERIC).to_string();
        if let Ok(text) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(SERVICE_ERROR, text);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let schemes = HeaderValue::from_static("Bearer, Basic realm=\"emulated Azure DevOps\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, schemes);
        }
        response
    }
}
