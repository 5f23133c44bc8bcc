//! The changes that a plan consists of.

use super::Removal;
use crate::batch_job::BatchJobId;
use crate::task::TaskId;

/// One change.
#[derive(Clone, Debug)]
pub enum Action {
    /// Registers the placeholder of a profile, in place of the agent with this id if there is one.
    Placeholder(String, Option<u64>),
    /// Adds a task.
    Add {
        /// Its id.
        id: TaskId,
        /// Its profile.
        profile: String,
        /// The run of the request, if an earlier agent for the request ended without a job: it may have been cancelled.
        check: Option<u64>,
    },
    /// Disables an agent, so that it gets no further job.
    Disable(u64, String),
    /// Deletes an agent, and then terminates its task if that is live.
    Remove {
        /// Its id.
        agent: u64,
        /// Its name.
        name: String,
        /// Whether it may get a job until it is deleted, so that it is disabled first.
        enabled: bool,
        /// Its live task.
        task: Option<(BatchJobId, TaskId)>,
        /// Why.
        why: Removal,
    },
    /// Terminates a task that no request needs, or whose agent is lost.
    Terminate(BatchJobId, TaskId, Removal),
    /// Deletes a task that ended long ago.
    Delete(BatchJobId, TaskId),
}

impl Action {
    /// Returns what is done of it after an event: an agent whose job has ended is disabled, and removed by the timer's next run,
    /// which records its job.
    pub fn after_event(self) -> Option<Self> {
        match self {
            Self::Remove { agent, name, enabled, why: Removal::Served, .. } => {
                enabled.then_some(Self::Disable(agent, name))
            }
            action => Some(action),
        }
    }
}
