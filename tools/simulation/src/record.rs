//! Records what happened in a storm, for the findings.
//!
//! Times are milliseconds from the beginning of the storm.

use serde::{Deserialize, Serialize};

use super::faults::Callee;

/// What happened in a storm.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// The jobs, in the order of their numbers; one that was run again is there twice.
    pub jobs: Vec<JobRecord>,
    /// The tasks of all deployments, in the order of their additions.
    pub tasks: Vec<TaskRecord>,
    /// The runners, foreign ones too, in the order of their registrations.
    pub runners: Vec<RunnerRecord>,
    /// What was still there at the end.
    pub left: Leftovers,
    /// The tasks whose ticket got a credential for somebody who had stolen it.
    pub ticket_replays: Vec<String>,
    /// The messages that became poison.
    pub poisoned: Vec<Poisoned>,
    /// The deliveries of `queued` that GitHub counts as failed, that no later attempt has brought, and that were not
    /// asked for as often as they may be.
    pub undelivered: Vec<String>,
    /// The calls, by callee and operation.
    pub calls: Vec<Calls>,
    /// When the storm was over.
    pub ended_at: u64,
    /// Whether it was over because nothing was left to happen; otherwise its time was up.
    pub quiescent: bool,
}

/// What became of a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct JobRecord {
    /// Its place in the scenario.
    pub planned: usize,
    /// Its number at GitHub.
    pub id: u64,
    /// The attempt of its run, from 1.
    pub attempt: u32,
    /// When it could run: when it was queued, or its gate was opened.
    pub ready_at: Option<u64>,
    /// When it started on a runner.
    pub started_at: Option<u64>,
    /// When it ended.
    pub ended_at: Option<u64>,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// The runners that took it, in their order; one that was given it and did not take it is none.
    pub runners: Vec<String>,
    /// When it was asked to be cancelled.
    pub cancelled_at: Option<u64>,
    /// How far its runner came with it; none where the runner did not say.
    #[serde(default)]
    pub progress: Option<Progress>,
}

/// How far a runner of ours came with a job.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Its set-up failed, before the job-started hook.
    SetUpFailed,
    /// The job-started hook refused it.
    Refused,
    /// A step of it began.
    Stepped,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Its work was done.
    Success,
    /// Its runner was lost.
    Failure,
    /// By somebody, or by the limit of a day in the queue.
    Cancelled,
}

/// What became of a task.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TaskRecord {
    /// The deployment's place in the scenario.
    pub deployment: usize,
    /// Its id.
    pub id: String,
    /// The Batch job that it is in.
    pub batch_job: String,
    /// When it was first seen.
    pub added_at: u64,
    /// Its runs; Batch runs it again when its node is lost.
    pub runs: Vec<Run>,
    /// When it was completed.
    pub ended_at: Option<u64>,
}

/// A run of a task on a node.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    /// When it started.
    pub started_at: u64,
    /// When it ended.
    pub ended_at: Option<u64>,
    /// The entrypoint's exit code; none where it was cut off.
    pub exit_code: Option<i32>,
    /// Whether its claim was under way when it was cut off.
    pub was_claiming: bool,
    /// Which fault of a runner it had.
    #[serde(default)]
    pub fault: Option<Fault>,
}

/// A fault that a run of a runner had.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It opened no session with GitHub, at least for a while.
    NoSession,
    /// Its listener was killed in its job.
    ListenerKilled,
    /// An operator terminated its task.
    Terminated,
}

/// What became of a registered runner.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunnerRecord {
    /// Its number at GitHub.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The deployment that registered it; none: it is foreign.
    pub deployment: Option<usize>,
    /// The repository that it is registered with; none: with the organization.
    pub repository: Option<String>,
    /// What it was registered with.
    pub labels: Vec<String>,
    /// When it was registered.
    pub registered_at: u64,
    /// When it first connected.
    pub online_at: Option<u64>,
    /// When it took a job, and the job's number. A foreign one may take several: its first.
    pub job: Option<(u64, u64)>,
    /// When it was gone.
    pub gone_at: Option<u64>,
    /// Who ended it.
    pub end: Option<End>,
}

/// Who ended a runner.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It did itself, after its job.
    Served,
    /// The handler removed it.
    Deregistered,
    /// GitHub removed it: it was idle, or offline, for too long.
    Removed,
    /// Its node or its task was ended.
    CutOff,
}

/// A message that became poison.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Poisoned {
    /// The deployment's place in the scenario.
    pub deployment: usize,
    /// When.
    pub at: u64,
    /// Its text.
    pub message: String,
    /// How often the handler answered that it failed. It was not asked where the host's answer was lost, or did
    /// not answer where it was killed.
    pub failed: u32,
}

/// What was still there at the end, each as a line with names.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Leftovers {
    /// Tasks that have not ended.
    pub tasks: Vec<String>,
    /// Tasks that ended so long ago that they should have been deleted.
    pub ended_tasks: Vec<String>,
    /// Runners that are registered, but foreign ones.
    pub registrations: Vec<String>,
    /// Blobs of claims.
    pub claims: Vec<String>,
    /// Messages in the queue.
    pub messages: Vec<String>,
    /// Poison messages.
    pub poison: Vec<String>,
}

/// How often an operation was called.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Calls {
    /// Who was called.
    pub callee: Callee,
    /// The operation.
    pub operation: String,
    /// How often.
    pub calls: u64,
    /// How many of these failed, or lost their request or answer, by outcome.
    pub faulty: u64,
    /// How many of these were slow by outcome.
    pub slow: u64,
}
