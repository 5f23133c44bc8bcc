//! The history as Status reports it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::repository::Repository;

/// The history of a deployment.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct HistoryReport {
    /// The days for which the history is kept; 0 if none is recorded.
    pub days: u32,
    /// The currency of all costs.
    pub currency: String,
    /// The source of the costs.
    pub prices: PricesOf,
    /// The jobs that ended last, the newest first.
    pub ended: Vec<EndedJob>,
    /// How long the jobs of each profile waited.
    pub waits: Vec<Waits>,
    /// The costs of the current month.
    pub costs: Vec<Cost>,
    /// The load over time: of the last 24 hours fine, of seven days coarse.
    pub samples: Vec<LoadSample>,
}

/// The validity of a price table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PricesOf {
    /// The region, such as `eastus`.
    pub region: String,
    /// The day on which the prices were read, such as `2026-11-30`.
    pub date: String,
}

/// A job that has ended on a runner, or a runner that has ended without a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EndedJob {
    /// The task of its runner.
    pub task: String,
    /// The workflow job's id. If the runner served no known job: that of the job it was made for.
    pub job: u64,
    /// The id of its workflow run; 0 if it is not known.
    pub run: u64,
    /// The repository of its workflow.
    pub repository: Repository,
    /// The name of its workflow, if it is known.
    pub workflow: Option<String>,
    /// The profile of its runner.
    pub profile: String,
    /// When GitHub created it, if it is known.
    pub queued: Option<DateTime<Utc>>,
    /// When it started; if that is not known, when its task started.
    pub started: Option<DateTime<Utc>>,
    /// When it ended; if that is not known, when its task ended.
    pub ended: DateTime<Utc>,
    /// How long it waited.
    pub wait_seconds: Option<u64>,
    /// How long it ran.
    pub run_seconds: Option<u64>,
    /// The node of its task.
    pub node: Option<String>,
    /// The number of task slots that it occupied.
    pub slots: u32,
    /// The exit code of its task.
    pub exit: Option<i32>,
    /// `success`, `failure`, `cancelled` … if GitHub has stated it.
    pub conclusion: Option<String>,
    /// The cost of its slots while its task ran, without idle time of the node; `None` if the price is not known.
    pub cost: Option<f64>,
}

/// A window of time for which waits are reported.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum WaitWindow {
    /// The last 24 hours.
    #[serde(rename = "24h")]
    Day,
    /// The last seven days.
    #[serde(rename = "7d")]
    Week,
}

/// How long the jobs of a profile waited that ended within a window.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Waits {
    /// The profile.
    pub profile: String,
    /// The window.
    pub window: WaitWindow,
    /// The number of jobs whose wait is known.
    pub jobs: u64,
    /// The median.
    pub p50_seconds: u64,
    /// The 95th percentile.
    pub p95_seconds: u64,
    /// The longest wait.
    pub worst_seconds: u64,
}

/// What the jobs of a repository cost in a month, on the nodes of one profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Cost {
    /// The repository; `None` for nodes that ran no job.
    pub repository: Option<Repository>,
    /// The profile.
    pub profile: String,
    /// The month, such as `2026-11`.
    pub month: String,
    /// The number of jobs.
    pub jobs: u64,
    /// The minutes that the jobs ran.
    pub minutes: f64,
    /// The minutes of nodes: those that the tasks used, and a share of the idle ones of their pool by that use.
    pub node_minutes: f64,
    /// The share of these minutes in which the nodes were idle, from 0 to 1; `None` if the number of nodes is not known.
    pub idle_share: Option<f64>,
    /// The cost of the node minutes; `None` if the pool or the price of its VM size is not known.
    pub cost: Option<f64>,
    /// The cost of the same jobs on runners of GitHub with the same operating system and number of cores; `None` if there
    /// are none.
    pub hosted_cost: Option<f64>,
}

/// The load at one time.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct LoadSample {
    /// The time.
    pub at: DateTime<Utc>,
    /// The number of jobs that waited.
    pub waiting: u32,
    /// The number of tasks that ran.
    pub running: u32,
    /// The number of nodes of all pools.
    pub nodes: u32,
}
