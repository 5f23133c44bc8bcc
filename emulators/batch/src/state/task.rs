//! A task: what was asked for, and how it went so far.

use std::sync::Arc;

use super::phase::Phase;
use super::{RunId, RunLocation};
use crate::dto::{FailureInfo, IsoDuration, NewTask, TaskConstraints, Timestamp};
use crate::launch::RunOutcome;

/// What a task can be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TaskState {
    Active,
    Running,
    Completed,
}

impl TaskState {
    /// The state's name on the wire.
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
    /// Its location in the order of adding.
    pub(crate) sequence: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) phase: Phase<TaskState>,
    pub(crate) execution: Execution,
    /// Where it runs, or ran last.
    pub(crate) location: Option<RunLocation>,
    /// Whether the files of its last run were kept as long as it wanted, and deleted.
    pub(crate) cleaned_up: bool,
    /// The run whose end was not told yet; the task may be completed or active again.
    pub(crate) run: Option<RunId>,
}

/// How a task went so far.
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

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) exit_code: Option<i32>,
    pub(crate) failure: Option<FailureInfo>,
}

/// Why a running task goes back to the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Requeue {
    /// The user asked for it: a smaller pool, a disabled job.
    Requested,
    /// Its node was lost, which is counted nowhere.
    NodeLost,
}

impl Task {
    /// Creates a task that waits.
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

    /// Returns how many slots it takes.
    pub(crate) fn slots(&self) -> u32 {
        self.spec.required_slots.unwrap_or(1)
    }

    /// Returns how long a run may take.
    pub(crate) fn wall_clock(&self) -> IsoDuration {
        self.constraints
            .and_then(|limits| limits.max_wall_clock_time)
            .unwrap_or(IsoDuration::UNLIMITED)
    }

    /// Returns how long its files are kept at least.
    pub(crate) fn retention(&self) -> IsoDuration {
        self.constraints.and_then(|limits| limits.retention_time).unwrap_or(IsoDuration::days(7))
    }

    /// Returns whether it failed.
    pub(crate) fn failed(&self) -> bool {
        self.execution.outcome.as_ref().is_some_and(|outcome| outcome.failure.is_some())
    }

    /// Returns the result's name on the wire.
    pub(crate) fn result(&self) -> Option<&'static str> {
        self.execution.outcome.as_ref()?;
        Some(if self.failed() { "failure" } else { "success" })
    }

    /// Starts on a node.
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

    /// Ends for good.
    pub(super) fn complete(&mut self, outcome: Outcome, at: Timestamp) {
        self.enter(TaskState::Completed, at);
        self.execution.end = Some(at);
        self.execution.outcome = Some(outcome);
    }

    /// Goes back to the queue, because its run does not count.
    pub(super) fn requeue(&mut self, why: Requeue, at: Timestamp) {
        self.reset_to_active(at);
        if why == Requeue::Requested {
            self.execution.requeues += 1;
            self.execution.last_requeue = Some(at);
        }
    }

    /// Goes back to the queue after a failure.
    pub(super) fn retry(&mut self, at: Timestamp) {
        self.reset_to_active(at);
        self.execution.retries += 1;
        self.execution.retrying = true;
    }

    /// Goes back to the queue after it had failed for good.
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
    /// Judges how a program ended.
    pub(super) fn of(ending: &RunOutcome) -> Self {
        match ending {
            RunOutcome::Exited(code) => Self::of_exit(*code),
            RunOutcome::NotStarted { code, reason } => Self::not_started(code, reason),
        }
    }

    /// Judges an exit code: 0 is success.
    fn of_exit(code: i32) -> Self {
        let failure = (code != 0).then(|| {
            let text = "The task exited with an exit code representing a failure";
            failure_info("FailureExitCode", text, None)
        });
        Self { exit_code: Some(code), failure }
    }

    /// Returns that somebody ended the task.
    pub(super) fn ended_by_user() -> Self {
        let failure = failure_info("TaskEnded", "Task Was Ended by User Request", None);
        Self { exit_code: None, failure: Some(failure) }
    }

    /// Returns that the task took too long.
    pub(super) fn timed_out(exit_code: Option<i32>) -> Self {
        let detail = "The maximum execution time configured on the task was exceeded";
        let failure = failure_info("TaskEnded", "Task Was Ended by User Request", Some(detail));
        Self { exit_code, failure: Some(failure) }
    }

    /// Returns that the task could not be started.
    fn not_started(code: &str, reason: &str) -> Self {
        Self { exit_code: None, failure: Some(failure_info(code, reason, None)) }
    }
}

fn failure_info(code: &str, message: &str, detail: Option<&str>) -> FailureInfo {
    let message = message.to_owned();
    let details = detail.into_iter().map(FailureInfo::detail).collect();
    FailureInfo { category: "usererror", code: code.to_owned(), message, details }
}
