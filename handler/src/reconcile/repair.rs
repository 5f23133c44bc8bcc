//! The changes and alerts that a run can decide on.

use std::collections::BTreeSet;

#[cfg(doc)]
use super::MAX_ENDING;
use super::used_nodes::PoolSize;
use super::{MAX_OFFLINE, WaitReason};
use crate::assignment::NotNeeded;
use crate::batch_job::BatchJobId;
use crate::message::RunnerRequest;
use crate::repository::Repository;
use crate::scope::Level;
use crate::task::TaskId;

/// One change that a run makes, or one alert that it raises.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// Request a runner.
    Request(RunnerRequest),
    /// Terminate a waiting task that no job needs. It is not deleted: a deleted waiting task still counts among the
    /// pending tasks by which the pool grows.
    Terminate {
        /// The Batch job that holds the task.
        batch_job: String,
        /// The task.
        task: TaskId,
        /// Why no job needs it.
        reason: NotNeeded,
    },
    /// Terminate a started task whose runner is not registered any more, if GitHub still has none of its name but those of
    /// others.
    EndWithoutRunner {
        /// The Batch job that holds the task.
        batch_job: String,
        /// The task, which has the name of its runner.
        task: TaskId,
        /// The levels at which its runner may be registered.
        levels: BTreeSet<Level>,
        /// The ids of the runners of others that have the name of the task.
        others: Vec<u64>,
        /// Why it has no runner.
        absence: Absence,
    },
    /// Remove a runner from GitHub, and then terminate its task. A runner that got a job in between stays.
    Deregister {
        /// A repository of the scope in which the runner is registered.
        repository: Repository,
        /// The id that GitHub gave to the runner.
        runner: u64,
        /// The name of the runner.
        name: TaskId,
        /// The Batch job that holds the runner's live task, if there is one.
        batch_job: Option<String>,
        /// Why the runner is removed.
        reason: Removal,
    },
    /// Request that GitHub redeliver an event.
    Redeliver {
        /// The API path of the webhook.
        hook: String,
        /// The attempt that failed.
        delivery: u64,
        /// The GUID of the event.
        guid: String,
    },
    /// Re-enqueue a poison message.
    Replay {
        /// The id of the poison message.
        handle: String,
        /// The request that it contains.
        request: RunnerRequest,
    },
    /// Delete a poison message that has no use any more.
    DeletePoison {
        /// The id of the poison message.
        handle: String,
    },
    /// Delete a task that no assignment chain needs any more.
    DeleteTask {
        /// The Batch job that holds the task.
        batch_job: String,
        /// The task.
        task: TaskId,
    },
    /// Delete the claims of a task that does not exist any more.
    DeleteClaims {
        /// The name of the task.
        task: String,
        /// The names of the blobs that hold the claims.
        blobs: Vec<String>,
    },
    /// Remove nodes that have run their one job.
    RemoveNodes {
        /// The pool.
        pool: String,
        /// The ids of the nodes.
        nodes: Vec<String>,
        /// Whether the size of the pool is recorded first, and its automatic scaling disabled.
        hold: bool,
    },
    /// Restore the size of a pool of which nodes were removed.
    RestoreSize {
        /// The pool.
        pool: String,
        /// Its size before.
        size: PoolSize,
    },
    /// Change a Batch job of a paused or resumed profile, or forget the record.
    Pause(PauseChange),
    /// Cancel the run of a job that cannot be served.
    Cancel {
        /// The job.
        job: u64,
        /// Its run.
        run: u64,
        /// The repository of its workflow.
        repository: Repository,
        /// Why it cannot be served.
        reason: WaitReason,
    },
    /// Raise an alert: a job has waited too long.
    ReportWaiting {
        /// The job.
        job: u64,
        /// The repository of its workflow.
        repository: Repository,
        /// Why it waits.
        reason: WaitReason,
    },
    /// Raise an alert, once, about a problem that no retry solves.
    Alert {
        /// The value of the log field `alarm`, which the alert rules of a deployment select.
        name: &'static str,
        /// The problem, and the action that solves it.
        text: String,
    },
}

/// A change that makes Batch agree with the record of a paused or resumed profile.
#[derive(Clone, Debug, PartialEq)]
pub enum PauseChange {
    /// Disable a Batch job of a paused profile, or create it disabled.
    Disable(BatchJobId),
    /// Enable a Batch job of a resumed profile.
    Enable(BatchJobId),
    /// Forget the record of a resumed profile.
    Forget {
        /// The profile.
        profile: String,
    },
}

/// Why a registered runner is removed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Removal {
    /// No queued job can use it, or it has no task.
    #[error("no job needs it")]
    NotNeeded,
    /// Its job has ended [`MAX_ENDING`] ago, and it serves no other.
    #[error("its job has ended, and its task still runs")]
    JobEnded,
    /// Its task runs, and it has not been connected for [`MAX_OFFLINE`].
    #[error("it has been offline for {} minutes: check the pool's route to GitHub", MAX_OFFLINE.num_minutes())]
    Offline,
}

/// Why a started task has no registered runner.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Absence {
    /// Its runner was deregistered [`MAX_ENDING`] ago, or had a job that ended then.
    #[error("its job has ended or its runner was deregistered, and it still ran")]
    AfterItsJob,
    /// It claimed [`MAX_OFFLINE`] ago, or its runner was offline until it was removed.
    #[error("its runner is not registered any more, and has had no job for a while")]
    NeverConnected,
}
