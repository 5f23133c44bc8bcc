//! Workflow jobs, from the request to queue one to its conclusion.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::repository::Visibility;

/// A request to queue a job.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The full name of the repository, which is created if missing.
    pub repository: String,
    /// The labels in `runs-on`.
    pub labels: Vec<String>,
    /// The environment's gate.
    #[serde(default)]
    pub gate: Gate,
    /// The duration of its work.
    #[serde(default, rename = "runs_for_ms", with = "millis")]
    pub runs_for: Duration,
    /// The visibility of the repository, if it is created.
    #[serde(default)]
    pub visibility: Visibility,
    /// The runner group in `runs-on`.
    #[serde(default)]
    pub group: Option<String>,
    /// The run it joins, like a job of a matrix; `None` starts a new run.
    #[serde(default)]
    pub run: Option<u64>,
    /// A bash script that the job's only step runs first; then the step takes `runs_for`.
    #[serde(default)]
    pub script: Option<String>,
    /// The `pre:` script of an action of the job. It always runs, before the first step.
    #[serde(default)]
    pub pre: Option<String>,
    /// The scripts of more steps with `if: always()`.
    #[serde(default)]
    pub always: Vec<String>,
    /// Whether "Set up job" fails, before the hook and all steps: an action cannot be downloaded.
    #[serde(default)]
    pub set_up_fails: bool,
    /// Whether no webhook is sent for it: a lost delivery, or an inactive webhook.
    #[serde(default)]
    pub silent: bool,
    /// How long GitHub looks for a self-hosted runner with its labels before one of its own runners accepts it;
    /// `None` if no runner of GitHub has the labels.
    #[serde(default, rename = "hosted_after_ms", with = "millis::optional")]
    pub hosted_after: Option<Duration>,
    /// How long ago it was queued, if GitHub has lost track of it: it stays queued, and no runner is assigned to it.
    #[serde(default, rename = "stuck_for_ms", with = "millis::optional")]
    pub stuck_for: Option<Duration>,
    /// The fields that are null in its webhooks, as JSON pointers such as `/workflow_job/labels`.
    #[serde(default)]
    pub nulls: Vec<String>,
}

impl NewJob {
    /// Makes a request for a job of a private repository, without gate, script or duration.
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
            hosted_after: None,
            stuck_for: None,
            nulls: Vec::new(),
        }
    }
}

/// An environment's gate before a job, and how webhooks report it.
///
/// GitHub was observed to do both: the first payload may show the gate, or not yet.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// No gate.
    #[default]
    None,
    /// Action `queued` with status `waiting`, then action `waiting`; a second `queued` after approval.
    WaitingFirst,
    /// Action and status `queued` although the job waits; a second `queued` after approval.
    QueuedThenGated,
}

/// The status of a job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Waits for the approval of a gate.
    Waiting,
    /// Waits for a runner.
    Queued,
    /// Runs on a runner.
    InProgress,
    /// Has a conclusion.
    Completed,
}

impl JobStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

/// The conclusion of a job or step.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The work succeeded.
    Success,
    /// The work failed, or the runner was lost or stopped.
    Failure,
    /// A user cancelled it, or it was queued for a day.
    Cancelled,
}

impl Conclusion {
    pub(crate) fn as_str(self) -> &'static str {
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
    /// The id.
    pub id: u64,
    /// The id of its run.
    pub run: u64,
    /// The attempt of the run, from 1.
    pub attempt: u32,
    /// The full name of its repository.
    pub repository: String,
    /// The labels in `runs-on`.
    pub labels: Vec<String>,
    /// The runner group in `runs-on`.
    pub group: Option<String>,
    /// The environment's gate.
    pub gate: Gate,
    /// The status.
    pub status: JobStatus,
    /// The conclusion, once completed.
    pub conclusion: Option<Conclusion>,
    /// When it was first queued.
    pub created_at: DateTime<Utc>,
    /// When its gate was opened.
    pub approved_at: Option<DateTime<Utc>>,
    /// When it started on a runner.
    pub started_at: Option<DateTime<Utc>>,
    /// When it completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// The runner that accepted it.
    pub runner: Option<ServingRunner>,
    /// How often it was assigned to a runner; more than once if a runner did not accept it in time.
    pub assignments: u32,
    /// The duration of its work.
    #[serde(rename = "runs_for_ms", with = "millis")]
    pub runs_for: Duration,
    /// The script of its only step.
    pub script: Option<String>,
    /// The `pre:` script of an action.
    pub pre: Option<String>,
    /// The scripts of its steps with `if: always()`.
    pub always: Vec<String>,
    /// Whether "Set up job" fails.
    pub set_up_fails: bool,
    /// Whether no webhook is sent for it.
    pub silent: bool,
    /// How long GitHub looks for a self-hosted runner before one of its own accepts it.
    #[serde(rename = "hosted_after_ms", with = "millis::optional")]
    pub hosted_after: Option<Duration>,
    /// Whether GitHub has lost track of it.
    pub stuck: bool,
    /// The fields that are null in its webhooks, as JSON pointers.
    pub nulls: Vec<String>,
    /// The steps as its Worker reported them; empty if the Worker died.
    pub steps: Vec<Step>,
    /// The errors in its log.
    pub annotations: Vec<String>,
    /// Whether a job without a runner shows 0 and empty strings for it; otherwise null.
    #[serde(skip)]
    pub(crate) zeroed: bool,
    /// Whether it was cancelled while running.
    #[serde(skip)]
    pub(crate) cancelling: bool,
}

impl Job {
    /// Returns whether the job is in progress on a runner.
    pub(crate) fn runs_on(&self, runner: u64) -> bool {
        self.status == JobStatus::InProgress
            && self.runner.as_ref().is_some_and(|serving| serving.id == runner)
    }
}

/// A step of a completed job.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Step {
    /// The name.
    pub name: String,
    /// The conclusion; `None` if skipped.
    pub conclusion: Option<Conclusion>,
}

/// A runner's report at the end of a job.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) conclusion: Conclusion,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    #[serde(default)]
    pub(crate) annotations: Vec<String>,
}

/// The runner that accepted a job.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ServingRunner {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// The id of its group.
    pub group_id: u64,
    /// The name of its group.
    pub group_name: String,
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }

    pub(crate) fn serialize<S: Serializer>(span: &Duration, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) mod optional {
        use std::time::Duration;

        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        pub(crate) fn deserialize<'a, D: Deserializer<'a>>(
            from: D,
        ) -> Result<Option<Duration>, D::Error> {
            Ok(Option::<u64>::deserialize(from)?.map(Duration::from_millis))
        }

        pub(crate) fn serialize<S: Serializer>(
            span: &Option<Duration>,
            into: S,
        ) -> Result<S::Ok, S::Error> {
            let span = span.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
            span.serialize(into)
        }
    }
}
