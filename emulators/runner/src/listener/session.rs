//! The listener's session.

use std::time::Duration;

use http::StatusCode;

use super::Listener;
use crate::perf_counters;
use crate::return_code::ReturnCode;
use crate::runner_service::RunnerService;
use crate::service_error::ServiceError;

/// The delay between two attempts to open a session.
const SESSION_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The number of session conflicts until the listener gives up: for three and a half minutes.
const MAX_SESSION_CONFLICTS: u32 = 8;

/// The environment variable by which an entrypoint requests return code 7 for a rejected version.
const RETURN_DEPRECATED: &str = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE";

pub(super) const DELETED: &str =
    "The runner registration has been deleted from the server, please re-configure.";

/// An open session.
pub(super) struct Session {
    pub(super) id: String,
    /// The number of the last message that the runner received.
    pub(super) after: u64,
}

impl Listener {
    /// Opens a session, retrying until it succeeds or the failure is final.
    pub(super) async fn open_session(
        &self,
        service: &RunnerService,
    ) -> Result<Session, ReturnCode> {
        let mut conflicts = 0;
        loop {
            match service.open_session().await {
                Ok(id) => {
                    perf_counters::write(&self.env, "Runner", "SessionCreated");
                    return Ok(Session { id, after: 0 });
                }
                Err(ServiceError::InvalidClient | ServiceError::RunnerNotFound) => {
                    return Err(self.fail(&format!("Failed to create a session. {DELETED}")));
                }
                Err(ServiceError::VersionTooOld) => return Err(self.reject_version(service)),
                Err(error)
                    if error.is(StatusCode::UNAUTHORIZED) || error.is(StatusCode::FORBIDDEN) =>
                {
                    return Err(self.fail(&format!("Failed to create session. Error: {error}")));
                }
                Err(error) if error.is(StatusCode::CONFLICT) => {
                    self.print("A session for this runner already exists.");
                    conflicts += 1;
                    if conflicts == MAX_SESSION_CONFLICTS {
                        self.print(
                            "Stop retry on SessionConflictException after retried for 240 seconds.",
                        );
                        return Err(ReturnCode::SessionConflict);
                    }
                }
                Err(error) => {
                    let text =
                        format!("Runner connect error: {error}. Retrying until reconnected.");
                    self.print_with_time(&text);
                }
            }
            tokio::time::sleep(SESSION_RETRY_DELAY).await;
        }
    }

    /// Ends the runner because the service rejects its version.
    pub(super) fn reject_version(&self, service: &RunnerService) -> ReturnCode {
        let version = service.version();
        self.print(&format!(
            "An error occurred: Runner version v{version} is deprecated and cannot receive messages."
        ));
        let requested = self.env.get(RETURN_DEPRECATED).map(|value| value.to_ascii_lowercase());
        if matches!(requested.as_deref(), Some("1" | "true")) {
            ReturnCode::RunnerVersionDeprecated
        } else {
            ReturnCode::TerminatedError
        }
    }
}
