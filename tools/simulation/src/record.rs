//! The record of a simulation, which the checker reads.
//!
//! Times are milliseconds from the start of the simulation.

use serde::{Deserialize, Serialize};

use super::scenario::Callee;

pub mod pipelines;

use pipelines::PipelinesRecord;

/// The record of a simulation.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// The jobs, ordered by id; a re-run is a job of its own.
    pub jobs: Vec<JobRecord>,
    /// The tasks of all deployments, ordered by the time they were added.
    pub tasks: Vec<TaskRecord>,
    /// On which node each run of a task was, ordered by start.
    #[serde(default)]
    pub placements: Vec<Placement>,
    /// The runners, foreign ones included, ordered by registration.
    pub runners: Vec<RunnerRecord>,
    /// What remained at the end.
    pub left: Leftovers,
    /// The tasks whose replayed ticket got a credential.
    pub ticket_replays: Vec<String>,
    /// The messages that became poison.
    pub poisoned: Vec<Poisoned>,
    /// The deliveries of `queued` that GitHub counts as failed, that no later attempt delivered, and that have redeliveries
    /// left.
    pub undelivered: Vec<String>,
    /// The number of calls by callee and operation.
    pub calls: Vec<Calls>,
    /// What happened in the organization of Azure DevOps.
    #[serde(default)]
    pub pipelines: PipelinesRecord,
    /// The end of the simulation.
    pub ended_at: u64,
    /// Whether it ended because the system was quiescent; otherwise its time was up.
    pub quiescent: bool,
}

/// The record of a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct JobRecord {
    /// Its index in the scenario.
    pub planned: usize,
    /// Its id at GitHub.
    pub id: u64,
    /// The attempt of its run, from 1.
    pub attempt: u32,
    /// The time from which it could run: it was queued, or its gate was opened.
    pub ready_at: Option<u64>,
    /// The start on a runner.
    pub started_at: Option<u64>,
    /// The end.
    pub ended_at: Option<u64>,
    /// The conclusion.
    pub conclusion: Option<Conclusion>,
    /// The runners that accepted it, in order; a runner that was assigned the job without accepting it is not listed.
    pub runners: Vec<String>,
    /// The time of the request to cancel it.
    pub cancelled_at: Option<u64>,
    /// The time at which it was deleted with its run, before it started.
    #[serde(default)]
    pub deleted_at: Option<u64>,
    /// How far its runner got; `None` if the runner did not report it.
    #[serde(default)]
    pub progress: Option<Progress>,
}

/// How far one of our runners got with a job.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// The set-up failed before the job-started hook.
    SetUpFailed,
    /// The job-started hook refused it.
    Refused,
    /// A step began.
    Stepped,
}

/// The conclusion of a job.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The work was done.
    Success,
    /// The runner was lost.
    Failure,
    /// Cancelled by a user, or by GitHub after a day in the queue.
    Cancelled,
}

/// The record of a task.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TaskRecord {
    /// The index of the deployment in the scenario.
    pub deployment: usize,
    /// Its id.
    pub id: String,
    /// The Batch job that holds it.
    pub batch_job: String,
    /// The time at which it was first seen.
    pub added_at: u64,
    /// Its runs; Batch runs it again when its node is lost.
    pub runs: Vec<Run>,
    /// The time of its completion.
    pub ended_at: Option<u64>,
}

/// A run of a task on a node.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    /// The start.
    pub started_at: u64,
    /// The end.
    pub ended_at: Option<u64>,
    /// The entrypoint's exit code; `None` if it was interrupted.
    pub exit_code: Option<i32>,
    /// Whether a claim was in flight when it was interrupted.
    pub was_claiming: bool,
    /// The runner's fault, if it had one.
    #[serde(default)]
    pub fault: Option<Fault>,
}

/// The node of a run of a task.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Placement {
    /// The index of the deployment in the scenario.
    pub deployment: usize,
    /// The pool.
    pub pool: String,
    /// The id of the node.
    pub node: String,
    /// The task.
    pub task: String,
    /// The start of the run.
    pub started_at: u64,
}

/// A fault of a run of a runner.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It opened no session with GitHub, at least for a while.
    NoSession,
    /// Its listener was killed during its job.
    ListenerKilled,
    /// An operator terminated its task.
    Terminated,
    /// Its container stayed after its job.
    Outlived,
    /// The worker of an agent crashed at the end of its job.
    WorkerCrashed,
}

/// The record of a registered runner.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunnerRecord {
    /// Its id at GitHub.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The deployment that registered it; `None` for a foreign runner.
    pub deployment: Option<usize>,
    /// Whether it stays registered after a job.
    #[serde(default)]
    pub persistent: bool,
    /// The repository it is registered in; `None` for the organization.
    pub repository: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// The time of its registration.
    pub registered_at: u64,
    /// The time of its first connection.
    pub online_at: Option<u64>,
    /// The time at which it accepted a job, and the job's id. A foreign runner may accept several: the first one.
    pub job: Option<(u64, u64)>,
    /// The time at which its registration ended.
    pub gone_at: Option<u64>,
    /// The cause of its end.
    pub end: Option<End>,
}

/// The cause of a runner's end.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It ended on its own after its job.
    Served,
    /// The handler deregistered it.
    Deregistered,
    /// GitHub removed it because it was idle or offline for too long.
    Removed,
    /// Its node or its task ended.
    CutOff,
}

/// A message that became poison.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Poisoned {
    /// The index of the deployment in the scenario.
    pub deployment: usize,
    /// The time.
    pub at: u64,
    /// The text.
    pub message: String,
    /// How often the handler answered that it failed. An attempt does not count if the host's response was lost or the
    /// handler was killed.
    pub failed: u32,
}

/// What remained at the end, one line with names each.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Leftovers {
    /// Tasks that have not ended.
    pub tasks: Vec<String>,
    /// Ended tasks that should have been deleted.
    pub ended_tasks: Vec<String>,
    /// Registered runners that are not foreign.
    pub registrations: Vec<String>,
    /// Registered agents that are no placeholders.
    #[serde(default)]
    pub agents: Vec<String>,
    /// Claim blobs.
    pub claims: Vec<String>,
    /// Messages in the queue.
    pub messages: Vec<String>,
    /// Poison messages.
    pub poison: Vec<String>,
    /// Nodes and pools of profiles with `nodePerJob` that were not replaced or not restored.
    #[serde(default)]
    pub nodes: Vec<String>,
}

/// The number of calls of an operation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Calls {
    /// The service or function.
    pub callee: Callee,
    /// The operation.
    pub operation: String,
    /// The number of calls.
    pub calls: u64,
    /// Calls with an injected failure, or an injected loss of the request or response.
    pub faulty: u64,
    /// Calls with an injected delay.
    pub slow: u64,
}
