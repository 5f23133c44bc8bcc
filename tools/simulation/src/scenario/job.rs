//! Describes a planned job: when it is queued, what it asks for, and how its deliveries fare.

use serde::{Deserialize, Serialize};

/// A job that is going to be queued.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedJob {
    /// When it is queued, or begins to wait at its gate.
    pub at: u64,
    /// The deployment that has to serve it, by its place in the scenario; none: nobody may.
    pub deployment: Option<usize>,
    /// The full name of its repository.
    pub repository: String,
    /// What `runs-on` names.
    pub labels: Vec<String>,
    /// How many seconds its work takes.
    pub runs_for: u64,
    /// The number of its run: jobs with the same number are one run's, as those of a matrix are.
    pub run: u64,
    /// The environment's gate before it.
    #[serde(default)]
    pub gate: Option<Gate>,
    /// Whether it fails before the job-started hook: an action cannot be downloaded, the disk is full.
    #[serde(default)]
    pub setup_fails: bool,
    /// How it is cancelled, if it is.
    #[serde(default)]
    pub cancellation: Option<Cancellation>,
    /// How many seconds after its end it is run again, once.
    #[serde(default)]
    pub rerun_after: Option<u64>,
    /// How the first delivery of `queued` fares.
    #[serde(default)]
    pub queued: DeliveryOutcome,
    /// How each later delivery of it fares, a second `queued` among them.
    #[serde(default)]
    pub later: DeliveryOutcome,
}

/// An environment's gate.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Whether the first payload says `queued` although the job waits at the gate.
    pub ahead: bool,
    /// How many seconds after its queueing it is approved.
    pub approved_after: u64,
}

/// The moment at which a job is cancelled: so many seconds after it has reached a stage.
///
/// A job that never reaches the stage is not cancelled.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// What has to be so first.
    pub stage: Stage,
    /// How many seconds later.
    pub after: u64,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is in GitHub; its delivery is under way.
    Queued,
    /// Its own task is in Batch.
    Submitted,
    /// The runner that its own task has claimed is registered.
    Claimed,
    /// It runs.
    Started,
}

/// How a delivery fares.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum DeliveryOutcome {
    /// It arrives at once.
    #[default]
    Usual,
    /// It arrives, and so many seconds later once more.
    Twice {
        /// How many seconds lie between the two.
        after: u64,
    },
    /// It is on its way for so many seconds, in which later ones may overtake it; GitHub counts it as delivered.
    Late {
        /// How many seconds.
        by: u64,
    },
    /// It never arrives, and GitHub knows.
    Refused,
    /// It never arrives, and GitHub counts it as delivered.
    Lost,
    /// It arrives, but GitHub hears no answer and counts it as failed.
    Unanswered,
}
