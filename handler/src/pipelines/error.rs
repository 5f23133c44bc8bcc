//! Why a call of Azure DevOps failed, by what callers do about it.

use std::time::Duration;

/// A call of Azure DevOps failed.
#[derive(Debug, thiserror::Error)]
pub enum PipelinesError {
    /// The identity got no token.
    #[error("the app's identity got no token for Azure DevOps: assign it, or set AzureDevOpsToken")]
    NoToken(#[source] azure_core::Error),
    /// The credential is not accepted: the service answered with its sign-in page, or 401.
    #[error("{call} failed: Azure DevOps does not accept the credential ({status}): {advice}")]
    NotSignedIn {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// The setting or role to check.
        advice: &'static str,
    },
    /// The credential lacks a permission.
    #[error(
        "{call} failed: the identity may not do it (403): make it Administrator of the agent pool {pool:?} in the organization's settings"
    )]
    Forbidden {
        /// The operation.
        call: &'static str,
        /// The name of the pool; empty for all pools.
        pool: String,
    },
    /// The credential lacks the permissions of service hooks.
    #[error(
        "{call} failed: the identity may not do it (403): grant it View and Edit Subscriptions in the project, or leave the service hook to its administrator"
    )]
    HooksForbidden {
        /// The operation.
        call: &'static str,
    },
    /// There is no such pool.
    #[error(
        "Azure DevOps shows no agent pool {0:?}: check pipelinesPool in setting RunnerProfiles, and that the identity may read the pool"
    )]
    NoPool(String),
    /// The agent or the request does not exist.
    #[error("{call} failed: it does not exist")]
    NotFound {
        /// The operation.
        call: &'static str,
    },
    /// The agent has a job, so that it is not deleted.
    #[error("the agent has a job")]
    StillRunning,
    /// Another agent has the name.
    #[error("the agent pool has an agent of the name already")]
    NameTaken,
    /// Azure DevOps is overloaded, throttles, or cannot be reached.
    #[error("{call} failed: Azure DevOps is unavailable ({fault})")]
    Unavailable {
        /// The operation.
        call: &'static str,
        /// The status, or the error of the connection.
        fault: String,
        /// The delay that it demands.
        retry_after: Option<Duration>,
    },
    /// The call was rejected: an operator must change the deployment.
    #[error("{call} failed with {status} {key}: check AzureDevOpsUrl")]
    Rejected {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: u16,
        /// The name of the service's exception.
        key: String,
    },
}

impl PipelinesError {
    /// Returns the delay that the service demands.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
