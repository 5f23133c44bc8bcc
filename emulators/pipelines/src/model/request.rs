//! Job requests.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::demand::Demand;

/// The result of a job request.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TaskResult {
    /// All steps succeeded.
    #[default]
    Succeeded,
    /// A step failed that may fail.
    SucceededWithIssues,
    /// A step failed.
    Failed,
    /// The run was cancelled.
    Canceled,
    /// The job's condition was false.
    Skipped,
    /// The agent did not renew its lock in time.
    Abandoned,
}

impl TaskResult {
    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::SucceededWithIssues => "succeededWithIssues",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads a result as clients send it: a name, without regard to case, or its number.
    pub(crate) fn parse(value: &serde_json::Value) -> Option<Self> {
        const ALL: [TaskResult; 6] = [
            TaskResult::Succeeded,
            TaskResult::SucceededWithIssues,
            TaskResult::Failed,
            TaskResult::Canceled,
            TaskResult::Skipped,
            TaskResult::Abandoned,
        ];
        match value.as_u64() {
            Some(number) => ALL.get(usize::try_from(number).ok()?).copied(),
            None => {
                let text = value.as_str()?;
                ALL.into_iter().find(|result| result.name().eq_ignore_ascii_case(text))
            }
        }
    }
}

/// A request for an agent: one attempt of one job.
#[derive(Clone, Debug)]
pub(crate) struct JobRequest {
    pub(crate) id: u64,
    pub(crate) pool: u64,
    /// The id of the run, which is the build's.
    pub(crate) run: u64,
    /// The id of the job in the timeline of its run.
    pub(crate) job_id: String,
    pub(crate) job_name: String,
    pub(crate) demands: Vec<String>,
    pub(crate) parsed: Vec<Demand>,
    pub(crate) queue_time: DateTime<Utc>,
    /// From when on lists have it.
    pub(crate) listed_from: DateTime<Utc>,
    pub(crate) assign_time: Option<DateTime<Utc>>,
    pub(crate) receive_time: Option<DateTime<Utc>>,
    pub(crate) finish_time: Option<DateTime<Utc>>,
    pub(crate) locked_until: Option<DateTime<Utc>>,
    /// When the lock was renewed, by a clock that no test advances.
    pub(crate) renewed: Option<tokio::time::Instant>,
    pub(crate) reserved_agent: Option<u64>,
    pub(crate) result: Option<TaskResult>,
    /// Whether the run was cancelled without a result of this request.
    pub(crate) orphaned: bool,
    /// For a stand-in agent: how long the job runs, and its result.
    pub(crate) work: Work,
}

/// What a stand-in agent does for a job.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// The duration of the job, in milliseconds.
    pub runs_for_ms: u64,
    /// The result that the agent reports.
    pub result: TaskResult,
}

impl Default for Work {
    fn default() -> Self {
        Self { runs_for_ms: 1000, result: TaskResult::Succeeded }
    }
}

/// The state of a job, as service hooks name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// It waits for an agent.
    Waiting,
    /// It runs on an agent.
    InProgress,
    /// It has a result.
    Completed,
}

impl JobState {
    /// Returns the name in a payload.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::InProgress => "inProgress",
            Self::Completed => "completed",
        }
    }
}

impl JobRequest {
    /// Returns whether an agent with these capabilities may get the job.
    pub(crate) fn matches(&self, capabilities: super::demand::Capabilities<'_>) -> bool {
        self.parsed.iter().all(|demand| demand.is_met_by(capabilities))
    }

    /// Returns whether the service shows which agents match: no agent is reserved, and there is no result.
    pub(crate) fn is_waiting_for_service(&self) -> bool {
        self.result.is_none() && self.reserved_agent.is_none()
    }

    /// Returns whether the service may give the job to an agent.
    pub(crate) fn is_waiting(&self) -> bool {
        self.result.is_none() && self.reserved_agent.is_none() && !self.orphaned
    }

    /// Returns the state of the job.
    pub(crate) fn state(&self) -> JobState {
        match (self.result, self.receive_time) {
            (Some(_), _) => JobState::Completed,
            (None, Some(_)) => JobState::InProgress,
            (None, None) => JobState::Waiting,
        }
    }
}

/// A job request as tests see it.
#[derive(Clone, Debug, Serialize)]
pub struct JobRequestView {
    /// The id of the request.
    pub id: u64,
    /// The id of the pool.
    pub pool: u64,
    /// The id of the run.
    pub run: u64,
    /// The id of the job in its run.
    pub job_id: String,
    /// The state of the job.
    pub state: JobState,
    /// The result, if it has one.
    pub result: Option<TaskResult>,
    /// The name of the agent that is, or was, reserved for it.
    pub agent: Option<String>,
    /// When the job was queued.
    pub queue_time: DateTime<Utc>,
    /// When the agent acknowledged it.
    pub receive_time: Option<DateTime<Utc>>,
    /// When it got its result.
    pub finish_time: Option<DateTime<Utc>>,
}
