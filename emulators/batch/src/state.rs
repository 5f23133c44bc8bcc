//! The state of a Batch account and every rule of its changes: jobs, tasks, nodes, queues.
//!
//! ```text
//! add ─▶ active ─schedule─▶ running ─run_ended─▶ completed
//!          ▲                   │ a failure with retries left, a lost node, a disabled job
//!          └───────────────────┘
//! ```
//!
//! The state is pure: time is an argument, and side effects (start a task, stop a run, remove its
//! files) are returned as [`Effect`]s. A run keeps its slots until [`State::run_ended`] is called,
//! even if its task was completed, requeued or deleted before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::dto::{ContainerSettings, Timestamp};
use super::error::ApiError;
use super::launch::{RunOutcome, Script, StopRequest};
use super::rules::Rules;
use emulator_core::events::EventKind;

mod phase;
mod timers;
mod task;
mod job;
mod node;
mod pool;
mod jobs;
mod tasks;
mod pools;
mod queue;
mod runs;
mod retention;
mod sizing;
mod nodes;
mod node_requests;
mod start_tasks;
mod sampling;
mod scaling;
mod idle_time;

pub(crate) use idle_time::IdleTime;
pub(crate) use job::{Job, JobState};
pub(crate) use node::{Node, StartTaskRun};
pub use nodes::Loss;
pub use pool::Evaluations;
pub(crate) use pool::Pool;
pub(crate) use task::{Task, TaskState};

/// An account.
pub(crate) struct State {
    pub(crate) pools: BTreeMap<String, Pool>,
    pub(crate) jobs: BTreeMap<String, Job>,
    /// The jobs with tasks to start, in order, by pool. A pool need not exist.
    queues: BTreeMap<String, BTreeSet<job::QueueEntry>>,
    runs: BTreeMap<RunId, runs::Run>,
    timers: BTreeSet<(Timestamp, timers::Timer)>,
    /// The metrics that formulas see, by pool.
    samples: BTreeMap<String, sampling::SampleHistory>,
    effects: Vec<Effect>,
    last_timestamp: Timestamp,
    /// The time of the current change.
    now: DateTime<Utc>,
    /// The time of the last change.
    last_change: DateTime<Utc>,
    activity: idle_time::Activity,
    sequence: u64,
    pub(crate) rules: Rules,
    /// The script that tasks follow, if they are not launched.
    script: Option<Script>,
    rng: StdRng,
    /// The source of sample lags: their number does not change the other random durations.
    sample_rng: StdRng,
}

/// The number of a run of a task. A task that is retried or requeued has several runs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct RunId(pub(crate) u64);

/// A side effect that the state requests and the executor performs.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Start a task.
    Start(Box<LaunchRequest>),
    /// Stop a run; [`State::run_ended`] still has to be called with its outcome.
    StopRun(RunId, StopRequest),
    /// Remove a directory below the emulator's directory.
    RemoveDirectory(PathBuf),
    /// Emit an event with the time at which it happened.
    Emit(DateTime<Utc>, EventKind),
}

/// A task to start.
#[derive(Debug)]
pub(crate) struct LaunchRequest {
    pub(crate) location: RunLocation,
    /// The node's display name.
    pub(crate) label: String,
    /// Whether the node is dedicated.
    pub(crate) dedicated: bool,
    /// The outcome if the node cannot start the task.
    pub(crate) mismatch: Option<RunOutcome>,
    pub(crate) command_line: String,
    pub(crate) container: Option<ContainerSettings>,
    /// Whether the task runs as an administrator of the node.
    pub(crate) elevated: bool,
    /// The environment settings of the job, overridden by those of the task.
    pub(crate) settings: Settings,
}

/// The environment settings of a task. `Debug` shows only their names.
#[derive(Clone, Default)]
pub(crate) struct Settings(pub(crate) BTreeMap<String, String>);

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The location of a run: pool and node, job and task.
#[derive(Clone, Debug)]
pub(crate) struct RunLocation {
    pub(crate) pool: String,
    pub(crate) node: String,
    pub(crate) job: String,
    pub(crate) task: String,
    pub(crate) run: RunId,
}

impl RunLocation {
    /// Creates the location of a node's start task.
    fn of_start_task(pool: &Pool, node: &Node, run: RunId) -> Self {
        let (pool, node) = (pool.id.clone(), node.id.clone());
        Self { pool, node, job: String::new(), task: "startup".to_owned(), run }
    }

    /// Returns whether the run is a start task, which is in no job.
    pub(crate) fn is_start_task(&self) -> bool {
        self.job.is_empty()
    }

    /// Returns the node's directory, relative to the emulator's.
    pub(crate) fn node_root(&self) -> PathBuf {
        [&self.pool, &self.node].iter().collect()
    }

    /// Returns the run's directory, relative to the emulator's.
    ///
    /// Each run has its own directory, so that a run that is still being stopped does not share
    /// files with its successor.
    pub(crate) fn directory(&self) -> PathBuf {
        if self.is_start_task() {
            return self.node_root().join("startup");
        }
        let task = format!("{}-{}", self.task, self.run.0);
        self.node_root().join("workitems").join(&self.job).join("job-1").join(task)
    }
}

/// Returns the lookup key of an id: ids are case-insensitive.
pub(crate) fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

impl State {
    /// Creates an empty account. The same seed gives the same random durations.
    pub(crate) fn new(rules: Rules, script: Option<Script>, seed: u64) -> Self {
        Self {
            pools: BTreeMap::new(),
            jobs: BTreeMap::new(),
            queues: BTreeMap::new(),
            runs: BTreeMap::new(),
            timers: BTreeSet::new(),
            samples: BTreeMap::new(),
            effects: Vec::new(),
            last_timestamp: Timestamp::default(),
            now: DateTime::UNIX_EPOCH,
            last_change: DateTime::UNIX_EPOCH,
            activity: idle_time::Activity::default(),
            sequence: 0,
            rules,
            script,
            rng: StdRng::seed_from_u64(seed),
            sample_rng: StdRng::seed_from_u64(!seed),
        }
    }

    /// Returns a unique timestamp.
    ///
    /// Start times and ETags identify runs and versions, so two changes at one instant of a virtual
    /// clock must not share a timestamp.
    fn stamp(&mut self, now: DateTime<Utc>) -> Timestamp {
        self.now = now;
        self.last_change = self.last_change.max(now);
        self.last_timestamp = Timestamp::of(now).max(self.last_timestamp.next());
        self.last_timestamp
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Takes the side effects that were requested since the last call.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Finds a job.
    pub(crate) fn job(&self, id: &str) -> Result<&Job, ApiError> {
        self.jobs.get(&key(id)).ok_or_else(ApiError::job_not_found)
    }

    fn job_mut(&mut self, id: &str) -> Result<&mut Job, ApiError> {
        self.jobs.get_mut(&key(id)).ok_or_else(ApiError::job_not_found)
    }

    /// Finds a task.
    pub(crate) fn task(&self, job: &str, id: &str) -> Result<&Task, ApiError> {
        self.job(job)?.tasks.get(&key(id)).ok_or_else(ApiError::task_not_found)
    }

    /// Finds a pool.
    pub(crate) fn pool(&self, id: &str) -> Result<&Pool, ApiError> {
        self.pools.get(&key(id)).ok_or_else(ApiError::pool_not_found)
    }

    fn pool_mut(&mut self, id: &str) -> Result<&mut Pool, ApiError> {
        self.pools.get_mut(&key(id)).ok_or_else(ApiError::pool_not_found)
    }
}
