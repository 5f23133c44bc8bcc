//! What a Batch account holds, and every rule of how it changes: jobs, tasks, nodes, the queue.
//!
//! ```text
//! add ─▶ active ─schedule─▶ running ─ended─▶ completed
//!          ▲                   │ a failure with retries left, a lost node, a disabled job
//!          └───────────────────┘
//! ```
//!
//! Pure: time is an argument, and what the world must do (start a task, stop one, forget its files) is
//! handed out as [`Order`]s. A run keeps its slots until its end was told with [`State::ended`], even
//! where its task was completed, requeued or deleted long before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::failure::Failure;
use super::launch::Ask;
use super::wire::{NewTask, Stamp};

mod phase;
mod task;
mod job;
mod pool;
mod jobs;
mod tasks;
mod queue;
mod runs;

pub(crate) use job::{Job, JobState};
pub use pool::Loss;
pub(crate) use pool::{Node, Pool};
pub(crate) use task::{Task, TaskState};

/// An account.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) pools: BTreeMap<String, Pool>,
    pub(crate) jobs: BTreeMap<String, Job>,
    /// The jobs with tasks to start, in the order of their turn, by pool; a pool need not exist.
    queues: BTreeMap<String, BTreeSet<queue::Turn>>,
    runs: BTreeMap<RunId, runs::Run>,
    deadlines: BTreeSet<(Stamp, runs::Deadline)>,
    orders: Vec<Order>,
    latest: Stamp,
    sequence: u64,
    /// Whether Add Task is refused while the job is disabled.
    pub(crate) disabled_jobs_refuse_tasks: bool,
}

/// One run of a task; a task that is retried or requeued has several.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct RunId(pub(crate) u64);

/// What the world must do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Start a task.
    Start(Box<Start>),
    /// Stop a run; its end is still to be told.
    Stop(RunId, Ask),
    /// Forget the files of a run.
    Forget(Place),
}

/// A task to start.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) place: Place,
    /// The node's name for people.
    pub(crate) label: String,
    /// Whether the node's pool runs containers.
    pub(crate) containers: bool,
    pub(crate) task: Arc<NewTask>,
    /// The settings of the job, overridden by those of the task.
    pub(crate) settings: Settings,
}

/// The variables of a task; `Debug` shows their names alone.
#[derive(Clone, Default)]
pub(crate) struct Settings(pub(crate) BTreeMap<String, String>);

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where and as what a task runs.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) pool: String,
    pub(crate) node: String,
    pub(crate) job: String,
    pub(crate) task: String,
    pub(crate) run: RunId,
}

impl Place {
    /// Where the node keeps everything, below the emulator's directory.
    pub(crate) fn node_root(&self) -> PathBuf {
        [&self.pool, &self.node].iter().collect()
    }

    /// Where the run keeps its files, below the emulator's directory.
    ///
    /// Each run has its own: one that is still being stopped does not meet its successor's files.
    pub(crate) fn directory(&self) -> PathBuf {
        let task = format!("{}-{}", self.task, self.run.0);
        self.node_root().join("workitems").join(&self.job).join("job-1").join(task)
    }
}

/// The form of an id that finds it: ids differ in more than case.
pub(crate) fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

impl State {
    /// Tells a moment that was never told before.
    ///
    /// Start times and ETags tell runs and versions apart, so two changes in one instant of a virtual
    /// clock must not share one.
    fn stamp(&mut self, now: DateTime<Utc>) -> Stamp {
        self.latest = Stamp::of(now).max(self.latest.next());
        self.latest
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Takes what the world must do.
    pub(crate) fn orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// Finds a job.
    pub(crate) fn job(&self, id: &str) -> Result<&Job, Failure> {
        self.jobs.get(&key(id)).ok_or_else(Failure::job_not_found)
    }

    fn job_mut(&mut self, id: &str) -> Result<&mut Job, Failure> {
        self.jobs.get_mut(&key(id)).ok_or_else(Failure::job_not_found)
    }

    /// Finds a task.
    pub(crate) fn task(&self, job: &str, id: &str) -> Result<&Task, Failure> {
        self.job(job)?.tasks.get(&key(id)).ok_or_else(Failure::task_not_found)
    }

    /// Finds a pool.
    pub(crate) fn pool(&self, id: &str) -> Result<&Pool, Failure> {
        self.pools.get(&key(id)).ok_or_else(Failure::pool_not_found)
    }

    fn pool_mut(&mut self, id: &str) -> Result<&mut Pool, Failure> {
        self.pools.get_mut(&key(id)).ok_or_else(Failure::pool_not_found)
    }
}
