//! The errors of a start, of an invocation and of the control port.

use emulator_core::tls::TlsError;

use crate::definitions::InvalidDefinition;
use crate::handlers::forward::NotForwarded;
use crate::http_client::NoResponse;
use crate::queue::connection::InvalidConnection;
use crate::timer::ncrontab::InvalidSchedule;
use crate::worker::{HandlerStartError, Unavailable};

/// The reason that a host failed to start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file of the application is invalid.
    #[error(transparent)]
    Definition(#[from] InvalidDefinition),
    /// A function's queue connection is invalid.
    #[error("function {function} has an invalid queue connection")]
    Connection {
        /// The function.
        function: String,
        /// The reason.
        source: InvalidConnection,
    },
    /// A function's schedule is invalid.
    #[error("function {function} has an invalid schedule")]
    Schedule {
        /// The function.
        function: String,
        /// The reason.
        source: InvalidSchedule,
    },
    /// There is no client for HTTPS to storage.
    #[error("the connection to storage has no certificate authorities")]
    Tls(#[from] TlsError),
    /// A process failed to start.
    #[error("the handler of group {group} failed to start")]
    Handler {
        /// The group.
        group: String,
        /// The reason.
        source: HandlerStartError,
    },
}

/// The reason that a control operation failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// There is no such group, or it has no running process.
    #[error("group {0} has no running process")]
    NoProcess(String),
    /// There is no such function, or it has no timer.
    #[error("there is no function {0} with a timer")]
    NoTimer(String),
    /// The function was invoked, and failed.
    #[error("{function} failed: {reason}")]
    Failed {
        /// The function.
        function: String,
        /// The reason.
        reason: String,
    },
}

/// The reason that an invocation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvocationError {
    /// There is no process that could execute it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The host cannot forward the request.
    #[error(transparent)]
    NotForwarded(#[from] NotForwarded),
    /// The connection to the handler broke.
    #[error("the handler sent no response")]
    NoResponse(#[from] NoResponse),
    /// The host's own machine was lost, so the host does not react either.
    #[error("the instance was lost")]
    InstanceLost,
    /// The invocation exceeded `functionTimeout`.
    #[error("the invocation timed out")]
    TimedOut,
    /// The handler's response is a failure.
    #[error("{reason}")]
    Failed {
        /// The handler's status.
        status: u16,
        /// Why the response is a failure.
        reason: String,
    },
}

impl InvocationError {
    /// Returns whether the host itself was lost, so that it does nothing more about the invocation.
    pub(crate) fn is_loss(&self) -> bool {
        matches!(self, Self::InstanceLost | Self::Unavailable(Unavailable::Stopped))
    }

    /// Returns the status of the invocation's event: the handler's, if it responded.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Unavailable(_) => 503,
            Self::NotForwarded(_) => 500,
            Self::NoResponse(_) | Self::InstanceLost => 502,
            Self::TimedOut => 504,
            Self::Failed { status, .. } => *status,
        }
    }
}
