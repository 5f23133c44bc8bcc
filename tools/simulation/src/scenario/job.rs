//! A planned job: when it is queued, which runner it needs, and how its deliveries arrive.

use serde::{Deserialize, Serialize};

/// A job that is going to be queued.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedJob {
    /// The time at which it is queued, or begins to wait at its gate.
    pub at: u64,
    /// The index of the deployment that has to serve it; `None` if no deployment may.
    pub deployment: Option<usize>,
    /// The full name of its repository.
    pub repository: String,
    /// The labels of `runs-on`.
    pub labels: Vec<String>,
    /// The duration of its work in seconds.
    pub runs_for: u64,
    /// The number of its run. Jobs with the same number belong to one run, as those of a matrix do.
    pub run: u64,
    /// The environment's gate in front of it.
    #[serde(default)]
    pub gate: Option<Gate>,
    /// Whether it fails before the job-started hook: an action cannot be downloaded, the disk is full.
    #[serde(default)]
    pub setup_fails: bool,
    /// Seconds after which a runner of GitHub accepts it, if no self-hosted runner did: its labels are GitHub's, and no
    /// deployment starts a runner for it.
    #[serde(default)]
    pub hosted_after: Option<u64>,
    /// Seconds for which GitHub has left it in the queue already, without a webhook: no runner is ever assigned to it.
    #[serde(default)]
    pub stuck_for: Option<u64>,
    /// The cancellation, if there is one.
    #[serde(default)]
    pub cancellation: Option<Cancellation>,
    /// Seconds after which its run is deleted, if it has not started. The run has no other job.
    #[serde(default)]
    pub deleted_after: Option<u64>,
    /// Seconds between its end and a re-run; it is re-run at most once.
    #[serde(default)]
    pub rerun_after: Option<u64>,
    /// The outcome of the first delivery of `queued`.
    #[serde(default)]
    pub queued: DeliveryOutcome,
    /// The outcome of each later delivery, a second `queued` among them.
    #[serde(default)]
    pub later: DeliveryOutcome,
}

impl PlannedJob {
    /// Returns whether a runner is started for it.
    pub fn needs_runner(&self) -> bool {
        self.hosted_after.is_none() && self.stuck_for.is_none()
    }
}

/// An environment's gate.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Whether the first payload says `queued` although the job waits at the gate.
    pub ahead: bool,
    /// Seconds between queueing and approval.
    pub approved_after: u64,
}

/// A cancellation, some seconds after the job has reached a stage.
///
/// A job that never reaches the stage is not cancelled.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// The stage that comes first.
    pub stage: Stage,
    /// Seconds between the stage and the cancellation.
    pub after: u64,
}

/// The progress of a job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The job is in GitHub and its delivery is in flight.
    Queued,
    /// The job's own task is in Batch.
    Submitted,
    /// The runner that the job's own task claimed is registered.
    Claimed,
    /// The job runs.
    Started,
}

/// The outcome of a delivery.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum DeliveryOutcome {
    /// It arrives immediately.
    #[default]
    Usual,
    /// It arrives, and arrives again later.
    Twice {
        /// Seconds between the two.
        after: u64,
    },
    /// It arrives late, so that later ones may overtake it; GitHub counts it as delivered.
    Late {
        /// The delay in seconds.
        by: u64,
    },
    /// It never arrives, and GitHub counts it as failed.
    Failed,
    /// It never arrives, and GitHub counts it as delivered.
    Lost,
    /// It arrives, but GitHub receives no response and counts it as failed.
    ResponseLost,
    /// It arrives with `"workflow_job": null`, and so does each redelivery.
    WithoutJob,
}
