//! Describes scheduled_faults: what hits the storm at a moment, beside the faults of single calls.

use serde::{Deserialize, Serialize};

use crate::faults::Callee;

/// Something that goes wrong at a moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ScheduledFault {
    /// When.
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What goes wrong. A deployment is named by its place in the scenario, a pool by its id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[expect(missing_docs, reason = "the fields are described above, or by their variant")]
pub enum FaultKind {
    /// The process of a function group is killed, and what it does with it; another one starts.
    Kill { deployment: usize, group: Group },
    /// A node that runs something, if there is one, is lost with all that runs on it.
    LoseNode { deployment: usize, pool: String, preempted: bool },
    /// A pool is at its maximum, taken by others: nothing starts for so many seconds.
    PoolFull { deployment: usize, pool: String, seconds: u64 },
    /// No node can be had for a pool for so many seconds.
    NoNodes { deployment: usize, pool: String, seconds: u64 },
    /// The next resize of a pool ends without a node.
    ResizeFails { deployment: usize, pool: String, error: Error },
    /// The formula of a pool fails for so many seconds; a pool without one is spared.
    ScalingFails { deployment: usize, pool: String, seconds: u64 },
    /// A runner that is none of ours registers where a deployment's do, serves so many jobs at most, and goes
    /// after so many seconds.
    ForeignRunner {
        deployment: usize,
        repository: String,
        labels: Vec<String>,
        jobs: u32,
        seconds: u64,
    },
    /// GitHub gives no job to any runner for so many seconds.
    NoAssignment { seconds: u64 },
    /// The handler's clock is this many milliseconds ahead for so many seconds.
    ClockSkew { deployment: usize, milliseconds: i64, seconds: u64 },
    /// GitHub answers most requests by 429 with this `Retry-After`, for so many seconds.
    RateStorm { retry_after: u32, seconds: u64 },
    /// A service answers nothing but 503, or not at all, for so many seconds.
    Outage { callee: Callee, seconds: u64 },
    /// For so many seconds the runner group of a deployment is open to its neighbours for a moment after each
    /// registration, which the claim before has not seen.
    GroupOpened { deployment: usize, seconds: u64 },
    /// A node of a pool has no route to GitHub for so many seconds: runners that start there open no session.
    RouteBroken { deployment: usize, pool: String, seconds: u64 },
    /// Somebody disables the Batch job of a profile; what runs there is put back into the queue.
    JobDisabled { deployment: usize, profile: String },
}

/// A function group: the functions that share a process.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// ProvideActionsRunner and ClaimRunner.
    Http,
    /// SubmitRunnerTask.
    Submit,
    /// ReconcileRunners.
    Reconcile,
}

/// What a resize ends with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    /// The account has no cores left.
    Quota,
    /// There are no machines.
    Allocation,
}

impl FaultKind {
    /// Tells for how many seconds it lasts.
    pub fn lasts(&self) -> u64 {
        match self {
            Self::PoolFull { seconds, .. }
            | Self::NoNodes { seconds, .. }
            | Self::ScalingFails { seconds, .. }
            | Self::ForeignRunner { seconds, .. }
            | Self::NoAssignment { seconds }
            | Self::ClockSkew { seconds, .. }
            | Self::RateStorm { seconds, .. }
            | Self::GroupOpened { seconds, .. }
            | Self::RouteBroken { seconds, .. }
            | Self::Outage { seconds, .. } => *seconds,
            Self::Kill { .. }
            | Self::LoseNode { .. }
            | Self::ResizeFails { .. }
            | Self::JobDisabled { .. } => 0,
        }
    }
}

impl ScheduledFault {
    /// Tells when it is over.
    pub fn ends_at(&self) -> u64 {
        self.at + self.kind.lasts()
    }

    /// Tells whether it lasts at a moment.
    pub fn lasts_at(&self, moment: u64) -> bool {
        (self.at..self.ends_at()).contains(&moment)
    }
}
