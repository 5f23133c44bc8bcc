//! Describes a workflow job, from the order to queue it to its conclusion.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::repository::Visibility;

/// The order to queue a job.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The full name of its repository, which is made where there is none.
    pub repository: String,
    /// What `runs-on` names.
    pub labels: Vec<String>,
    /// The environment gate before it.
    #[serde(default)]
    pub gate: Gate,
    /// How long its work takes.
    #[serde(default, rename = "runs_for_ms", with = "millis")]
    pub runs_for: Duration,
    /// Who may see the repository, where it is made.
    #[serde(default)]
    pub visibility: Visibility,
    /// The runner group that `runs-on` names beside the labels.
    #[serde(default)]
    pub group: Option<String>,
    /// The run that it joins, as the jobs of a matrix do; none starts one.
    #[serde(default)]
    pub run: Option<u64>,
    /// A bash script that the job's one step runs before its work takes its time.
    #[serde(default)]
    pub script: Option<String>,
    /// The `pre:` script of an action of the job: it runs before the first step, always.
    #[serde(default)]
    pub pre: Option<String>,
    /// The scripts of further steps with `if: always()`.
    #[serde(default)]
    pub always: Vec<String>,
    /// "Set up job" fails, before the hook and every step: an action that cannot be downloaded.
    #[serde(default)]
    pub set_up_fails: bool,
    /// No webhook tells of it: a lost delivery, or a hook that is off.
    #[serde(default)]
    pub silent: bool,
}

impl NewJob {
    /// Orders a job of a private repository without gate, script or duration.
    pub fn new(repository: &str, labels: &[&str]) -> Self {
        Self {
            repository: repository.to_owned(),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            gate: Gate::None,
            runs_for: Duration::ZERO,
            visibility: Visibility::Private,
            group: None,
            run: None,
            script: None,
            pre: None,
            always: Vec::new(),
            set_up_fails: false,
            silent: false,
        }
    }
}

/// An environment's gate before a job, and what the webhooks tell of it.
///
/// GitHub was seen to do both: the first payload may tell of the gate, or be ahead of it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// There is none.
    #[default]
    None,
    /// Action `queued` with status `waiting`, then `waiting`; after the approval a second `queued`.
    WaitingFirst,
    /// Action and status `queued` though the job waits; after the approval a second `queued`.
    QueuedThenGated,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Before a gate.
    Waiting,
    /// Before a runner.
    Queued,
    /// On a runner.
    InProgress,
    /// Over.
    Completed,
}

impl JobStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Its work is done.
    Success,
    /// Its work failed, or its runner was lost or stopped.
    Failure,
    /// Somebody, or the limit of a day in the queue, cancelled it.
    Cancelled,
}

impl Conclusion {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A workflow job.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// The number of its run.
    pub run: u64,
    /// The attempt of the run, from 1.
    pub attempt: u32,
    /// The full name of its repository.
    pub repository: String,
    /// What `runs-on` names.
    pub labels: Vec<String>,
    /// The runner group that `runs-on` names beside the labels.
    pub group: Option<String>,
    /// The gate before it.
    pub gate: Gate,
    /// Where it stands.
    pub status: JobStatus,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// When it was queued first.
    pub created_at: DateTime<Utc>,
    /// When it started on a runner.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// The runner that works, or worked, on it.
    pub runner: Option<ServingRunner>,
    /// How many runners were given it; more than one where one did not take it in time.
    pub assignments: u32,
    /// How long its work takes.
    #[serde(rename = "runs_for_ms", with = "millis")]
    pub runs_for: Duration,
    /// The script of its one step.
    pub script: Option<String>,
    /// The `pre:` script of an action.
    pub pre: Option<String>,
    /// The scripts of its steps with `if: always()`.
    pub always: Vec<String>,
    /// "Set up job" fails.
    pub set_up_fails: bool,
    /// No webhook tells of it.
    pub silent: bool,
    /// What its Worker reported of its steps; empty where the Worker died.
    pub steps: Vec<Step>,
    /// The errors that its log shows.
    pub annotations: Vec<String>,
    /// GitHub writes the runner of a job that had none as null, or as 0 and empty strings.
    #[serde(skip)]
    pub(super) zeroed: bool,
    /// Somebody asked to cancel it while its runner works.
    #[serde(skip)]
    pub(super) cancelling: bool,
}

/// A step of a job that has ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// How it ended; none where it was skipped.
    pub conclusion: Option<Conclusion>,
}

/// What a runner reports at the end of a job.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Report {
    pub(super) conclusion: Conclusion,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    #[serde(default)]
    pub(super) annotations: Vec<String>,
}

/// The runner that works, or worked, on a job.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ServingRunner {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its group's number.
    pub group_id: u64,
    /// Its group's name.
    pub group_name: String,
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }

    pub(super) fn serialize<S: Serializer>(span: &Duration, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }
}
