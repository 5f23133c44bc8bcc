//! The listener's return codes (`Constants.Agent.ReturnCode`).

/// A return code of the listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReturnCode {
    /// A job was served, the agent was stopped, or its token was revoked. It does not mean that a job ran.
    Success,
    /// No session could be created.
    TerminatedError,
    /// A request for a message failed for good, or an unknown error.
    RetryableError,
    /// The agent updates itself.
    AgentUpdating,
    /// The same with `--once`.
    RunOnceAgentUpdating,
}

impl ReturnCode {
    /// Returns the exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::TerminatedError => 1,
            Self::RetryableError => 2,
            Self::AgentUpdating => 3,
            Self::RunOnceAgentUpdating => 4,
        }
    }
}
