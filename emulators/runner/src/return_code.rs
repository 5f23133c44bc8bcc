//! The listener's return codes (`Constants.Runner.ReturnCode`).

/// A return code of the listener; `run-helper.sh` maps it to 0, 2 or 7.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReturnCode {
    /// The runner served its job, was stopped, or was removed while it listened.
    Success,
    /// The runner could not be configured, or its credentials were rejected.
    TerminatedError,
    /// An unknown error; `run.sh` starts the listener again after 5 s.
    RetryableError,
    /// The runner updates itself; `run.sh` starts the listener again.
    RunnerUpdating,
    /// The same for an ephemeral runner.
    RunOnceRunnerUpdating,
    /// Another listener held the runner's session for four minutes.
    SessionConflict,
    /// The service rejects the runner's version, and an environment variable requests this code.
    RunnerVersionDeprecated,
    /// The process aborted.
    Crashed,
}

impl ReturnCode {
    /// Returns the exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::TerminatedError => 1,
            Self::RetryableError => 2,
            Self::RunnerUpdating => 3,
            Self::RunOnceRunnerUpdating => 4,
            Self::SessionConflict => 5,
            Self::RunnerVersionDeprecated => 7,
            Self::Crashed => 134,
        }
    }
}
