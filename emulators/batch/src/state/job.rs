//! A job: its constraints, its tasks and their counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::phase::Phase;
use super::{RunId, Task, TaskState};
use crate::dto::{AllTasksComplete, IsoDuration, JobConstraints, NewJob, Timestamp};
use crate::error::ApiError;

/// The state of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum JobState {
    Active,
    Disabling,
    Disabled,
    Terminating,
    Completed,
    Deleting,
}

impl JobState {
    /// Returns the state's name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabling => "disabling",
            Self::Disabled => "disabled",
            Self::Terminating => "terminating",
            Self::Completed => "completed",
            Self::Deleting => "deleting",
        }
    }
}

/// A job.
#[derive(Debug)]
pub(crate) struct Job {
    /// The specification, including later updates.
    pub(crate) spec: NewJob,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) phase: Phase<JobState>,
    pub(crate) ended: Option<Timestamp>,
    /// When the job exceeds its maximum wall clock time.
    pub(super) due: Option<Timestamp>,
    pub(crate) terminate_reason: Option<String>,
    pub(crate) tasks: BTreeMap<String, Task>,
    pub(crate) tally: Tally,
    /// The tasks that can start, in the order in which they were added.
    pub(super) ready: BTreeMap<u64, String>,
    /// The runs that have not ended.
    pub(super) runs: BTreeSet<RunId>,
    /// The job's entry in its pool's queue.
    pub(super) queue_entry: Option<QueueEntry>,
}

impl Job {
    /// Creates an active job.
    pub(super) fn new(spec: NewJob, at: Timestamp) -> Self {
        Self {
            spec,
            created: at,
            modified: at,
            phase: Phase::starting(JobState::Active, at),
            ended: None,
            due: None,
            terminate_reason: None,
            tasks: BTreeMap::new(),
            tally: Tally::default(),
            ready: BTreeMap::new(),
            runs: BTreeSet::new(),
            queue_entry: None,
        }
    }

    /// Returns the id of the job's pool.
    pub(crate) fn pool(&self) -> &str {
        self.spec.pool_info.pool_id.as_deref().unwrap_or_default()
    }

    /// Returns the priority.
    pub(crate) fn priority(&self) -> i32 {
        self.spec.priority.unwrap_or(0)
    }

    /// Returns how many of its tasks may run concurrently; -1 means no limit.
    pub(crate) fn max_parallel(&self) -> i32 {
        self.spec.max_parallel_tasks.unwrap_or(-1)
    }

    /// Returns the maximum wall clock time.
    pub(crate) fn wall_clock(&self) -> IsoDuration {
        self.limits()
            .and_then(|limits| limits.max_wall_clock_time)
            .unwrap_or(IsoDuration::UNLIMITED)
    }

    /// Returns how often its tasks are retried by default.
    pub(crate) fn max_retries(&self) -> i32 {
        self.limits().and_then(|limits| limits.max_task_retry_count).unwrap_or(0)
    }

    fn limits(&self) -> Option<JobConstraints> {
        self.spec.constraints
    }

    /// Returns how often a task of the job is retried.
    pub(crate) fn max_retries_of(&self, task: &Task) -> i32 {
        let own = task.constraints.and_then(|limits| limits.max_task_retry_count);
        own.unwrap_or_else(|| self.max_retries())
    }

    /// Returns whether the job is to be terminated because all its tasks are complete.
    pub(super) fn is_done(&self) -> bool {
        let ends = self.spec.on_all_tasks_complete == Some(AllTasksComplete::TerminateJob);
        ends && self.tally.active.tasks + self.tally.running.tasks == 0
    }

    /// Fails if the job is terminating, completed or being deleted.
    pub(super) fn check_not_ending(&self) -> Result<(), ApiError> {
        match self.phase.state {
            JobState::Active | JobState::Disabling | JobState::Disabled => Ok(()),
            JobState::Terminating => Err(ApiError::job_being_terminated()),
            JobState::Completed => Err(ApiError::job_completed()),
            JobState::Deleting => Err(ApiError::job_being_deleted()),
        }
    }

    /// Fails if the job is being deleted.
    pub(super) fn check_not_deleting(&self) -> Result<(), ApiError> {
        if self.phase.state == JobState::Deleting {
            return Err(ApiError::job_being_deleted());
        }
        Ok(())
    }

    /// Enters a state.
    pub(super) fn enter(&mut self, state: JobState, at: Timestamp) {
        self.phase.enter(state, at);
        self.modified = at;
    }

    /// Adds a task.
    pub(super) fn insert(&mut self, key: String, task: Task) {
        self.tally.of(&task).add(task.slots());
        self.tasks.insert(key, task);
    }

    /// Removes a task.
    pub(super) fn remove(&mut self, key: &str) -> Option<Task> {
        let task = self.tasks.remove(key)?;
        self.tally.of(&task).take(task.slots());
        self.ready.remove(&task.sequence);
        Some(task)
    }

    /// Changes a task and updates the counts.
    pub(super) fn change(&mut self, key: &str, change: impl FnOnce(&mut Task)) {
        let Some(task) = self.tasks.get_mut(key) else { return };
        self.tally.of(task).take(task.slots());
        change(task);
        self.tally.of(task).add(task.slots());
        // A task whose last run has not ended waits for its end: two runs must not overlap.
        if task.phase.state == TaskState::Active && task.run.is_none() {
            self.ready.insert(task.sequence, key.to_owned());
        } else {
            self.ready.remove(&task.sequence);
        }
    }
}

/// A job's entry in a queue: higher priorities first, then by the pool's policy, then the job whose
/// next task was added first.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct QueueEntry {
    pub(super) priority: Reverse<i32>,
    pub(super) created: Option<Timestamp>,
    pub(super) next_task: u64,
    pub(super) job: String,
}

/// The numbers of tasks and slots by state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) active: Count,
    pub(crate) running: Count,
    pub(crate) succeeded: Count,
    pub(crate) failed: Count,
}

impl Tally {
    fn of(&mut self, task: &Task) -> &mut Count {
        match task.phase.state {
            TaskState::Active => &mut self.active,
            TaskState::Running => &mut self.running,
            TaskState::Completed if task.failed() => &mut self.failed,
            TaskState::Completed => &mut self.succeeded,
        }
    }
}

/// A number of tasks and the number of their slots.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Count {
    pub(crate) tasks: u64,
    pub(crate) slots: u64,
}

impl Count {
    fn add(&mut self, slots: u32) {
        self.tasks += 1;
        self.slots += u64::from(slots);
    }

    fn take(&mut self, slots: u32) {
        self.tasks -= 1;
        self.slots -= u64::from(slots);
    }
}
