//! Tasks that have not ended, as far as the assignment of runners depends on them.

use crate::profiles::Profile;
use crate::task::TaskId;

/// A task that has not ended.
#[derive(Clone, Debug)]
pub struct LiveTask {
    /// Its id.
    pub id: TaskId,
    /// The profile of its runner, with the labels that are pinned to it; `None` if there is no such profile any more.
    pub runner: Option<Profile>,
    /// Whether its runner can serve a job, if none is known to be assigned to it.
    pub readiness: Readiness,
}

/// Whether the runner of a task can serve the job that the task's chain resolves to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Readiness {
    /// It cannot: it has a job, its task has ended, or its task will never start.
    Unavailable,
    /// It can, if the labels fit: its task waits for a node, or its runner is registered.
    Free,
    /// Its task has started and its runner is not registered yet. If the labels do not fit, its claim requests a
    /// runner whose labels do. A task that still waits will do so as well, but not before its own pool has room.
    Claiming,
}
