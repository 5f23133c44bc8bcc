//! A task: its specification and its execution so far.

use std::sync::Arc;

use super::phase::Phase;
use super::{RunId, RunLocation};
use crate::dto::{Detail, FailureInfo, IsoDuration, NewTask, TaskConstraints, Timestamp};
use crate::launch::RunOutcome;

/// The state of a task.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TaskState {
    Active,
    Running,
    Completed,
}

impl TaskState {
    /// Returns the state's name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Running => "running",
            Self::Completed => "completed",
        }
    }
}

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) spec: Arc<NewTask>,
    pub(crate) constraints: Option<TaskConstraints>,
    /// Its number in the order in which tasks were added.
    pub(crate) sequence: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) phase: Phase<TaskState>,
    pub(crate) execution: Execution,
    /// The location of its last run.
    pub(crate) location: Option<RunLocation>,
    /// Whether the files of its last run were removed after the retention time.
    pub(crate) cleaned_up: bool,
    /// The run that has not ended; the task may already be completed or active again.
    pub(crate) run: Option<RunId>,
}

/// The execution of a task so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Execution {
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) retries: u32,
    pub(crate) last_retry: Option<Timestamp>,
    pub(crate) requeues: u32,
    pub(crate) last_requeue: Option<Timestamp>,
    /// Whether the next start is a retry.
    retrying: bool,
}

/// The outcome of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) exit_code: Option<i32>,
    pub(crate) failure: Option<FailureInfo>,
}

/// The reason for requeuing a running task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Requeue {
    /// A request of the user: a smaller pool, a disabled job.
    Requested,
    /// A lost node, which no counter of the task includes.
    NodeLost,
}

impl Task {
    /// Creates an active task.
    pub(super) fn new(spec: NewTask, sequence: u64, at: Timestamp) -> Self {
        Self {
            constraints: spec.constraints,
            spec: Arc::new(spec),
            sequence,
            created: at,
            modified: at,
            phase: Phase::starting(TaskState::Active, at),
            execution: Execution::default(),
            location: None,
            cleaned_up: false,
            run: None,
        }
    }

    /// Returns the number of required slots.
    pub(crate) fn slots(&self) -> u32 {
        self.spec.required_slots.unwrap_or(1)
    }

    /// Returns the maximum wall clock time of a run.
    pub(crate) fn wall_clock(&self) -> IsoDuration {
        self.constraints
            .and_then(|limits| limits.max_wall_clock_time)
            .unwrap_or(IsoDuration::UNLIMITED)
    }

    /// Returns the retention time of its files.
    pub(crate) fn retention(&self) -> IsoDuration {
        self.constraints.and_then(|limits| limits.retention_time).unwrap_or(IsoDuration::days(7))
    }

    /// Returns whether the task failed.
    pub(crate) fn failed(&self) -> bool {
        self.execution.outcome.as_ref().is_some_and(|outcome| outcome.failure.is_some())
    }

    /// Returns the result's name in the API.
    pub(crate) fn result(&self) -> Option<&'static str> {
        self.execution.outcome.as_ref()?;
        Some(if self.failed() { "failure" } else { "success" })
    }

    /// Starts the task on a node.
    pub(super) fn begin(&mut self, location: RunLocation, at: Timestamp) {
        self.enter(TaskState::Running, at);
        self.run = Some(location.run);
        self.location = Some(location);
        let execution = &mut self.execution;
        execution.start = Some(at);
        if std::mem::take(&mut execution.retrying) {
            execution.last_retry = Some(at);
        }
    }

    /// Completes the task.
    pub(super) fn complete(&mut self, outcome: Outcome, at: Timestamp) {
        self.enter(TaskState::Completed, at);
        self.execution.end = Some(at);
        self.execution.outcome = Some(outcome);
    }

    /// Requeues the task without counting its run.
    pub(super) fn requeue(&mut self, reason: Requeue, at: Timestamp) {
        self.reset_to_active(at);
        if reason == Requeue::Requested {
            self.execution.requeues += 1;
            self.execution.last_requeue = Some(at);
        }
    }

    /// Requeues the task after a failure.
    pub(super) fn retry(&mut self, at: Timestamp) {
        self.reset_to_active(at);
        self.execution.retries += 1;
        self.execution.retrying = true;
    }

    /// Requeues the task after it was completed as failed.
    pub(super) fn reactivate(&mut self, at: Timestamp) {
        self.reset_to_active(at);
        self.execution.end = None;
        self.execution.outcome = None;
        self.execution.retries = 0;
    }

    fn reset_to_active(&mut self, at: Timestamp) {
        self.enter(TaskState::Active, at);
        self.execution.start = None;
    }

    fn enter(&mut self, state: TaskState, at: Timestamp) {
        self.phase.enter(state, at);
        self.modified = at;
    }
}

impl Outcome {
    /// Returns the outcome of a run.
    pub(super) fn of(ending: &RunOutcome) -> Self {
        match ending {
            RunOutcome::Exited(code) => Self::of_exit(*code),
            RunOutcome::NotStarted { code, reason } => Self::not_started(code, reason),
        }
    }

    /// Returns the outcome of an exit code: 0 is success.
    ///
    /// The words and details are those that the service sends, as logged by Cromwell on Azure on 10
    /// June 2022. Snakemake's executor reads the details without asking whether there are any.
    fn of_exit(code: i32) -> Self {
        let failure = (code != 0).then(|| {
            let text = "The task exited with an exit code representing a failure";
            let detail = "The task process exited with an unexpected exit code";
            let mut failure = failure_info("FailureExitCode", text, Some(detail));
            failure.details.push(Detail {
                name: "AdditionalErrorCode".to_owned(),
                value: "FailureExitCode".to_owned(),
            });
            failure
        });
        Self { exit_code: Some(code), failure }
    }

    /// Returns the outcome of a task that the user ended.
    pub(super) fn ended_by_user() -> Self {
        let failure = failure_info("TaskEnded", "Task Was Ended by User Request", None);
        Self { exit_code: None, failure: Some(failure) }
    }

    /// Returns the outcome of a task that exceeded its maximum wall clock time.
    pub(super) fn timed_out(exit_code: Option<i32>) -> Self {
        let detail = "The maximum execution time configured on the task was exceeded";
        let failure = failure_info("TaskEnded", "Task Was Ended by User Request", Some(detail));
        Self { exit_code, failure: Some(failure) }
    }

    /// Returns the outcome of a task that could not be started.
    fn not_started(code: &str, reason: &str) -> Self {
        Self { exit_code: None, failure: Some(failure_info(code, reason, None)) }
    }
}

fn failure_info(code: &str, message: &str, detail: Option<&str>) -> FailureInfo {
    let message = message.to_owned();
    let details = detail.into_iter().map(FailureInfo::detail).collect();
    FailureInfo { category: "usererror", code: code.to_owned(), message, details }
}
