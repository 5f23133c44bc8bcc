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

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::failure::Failure;
use super::launch::{Ask, Ending, Script};
use super::rules::Rules;
use super::wire::{ContainerSettings, Stamp};
use emulator_core::events::EventKind;

mod phase;
mod agenda;
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
mod start_tasks;
mod sampling;
mod scaling;

pub(crate) use job::{Job, JobState};
pub(crate) use node::{Node, StartTaskRun};
pub use nodes::Loss;
pub(crate) use pool::Pool;
pub(crate) use task::{Task, TaskState};

/// An account.
pub(crate) struct State {
    pub(crate) pools: BTreeMap<String, Pool>,
    pub(crate) jobs: BTreeMap<String, Job>,
    /// The jobs with tasks to start, in the order of their turn, by pool; a pool need not exist.
    queues: BTreeMap<String, BTreeSet<queue::Turn>>,
    runs: BTreeMap<RunId, runs::Run>,
    deadlines: BTreeSet<(Stamp, agenda::Deadline)>,
    /// The numbers that formulas see, by pool.
    samples: BTreeMap<String, sampling::Sampling>,
    orders: Vec<Order>,
    latest: Stamp,
    /// The moment that it is in what is going on.
    now: DateTime<Utc>,
    /// When something changed last.
    stirred: DateTime<Utc>,
    sequence: u64,
    pub(crate) rules: Rules,
    /// How tasks go, where no program runs for them.
    script: Option<Script>,
    dice: StdRng,
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
    /// Forget a directory, below the emulator's.
    Forget(PathBuf),
    /// Tell the listeners what happened, and when.
    Tell(DateTime<Utc>, EventKind),
}

/// A task to start.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) place: Place,
    /// The node's name for people.
    pub(crate) label: String,
    /// Whether the node is a dedicated one.
    pub(crate) dedicated: bool,
    /// Why the node cannot start it, if so.
    pub(crate) misfit: Option<Ending>,
    pub(crate) command_line: String,
    pub(crate) container: Option<ContainerSettings>,
    /// Whether it runs as an administrator of the node.
    pub(crate) elevated: bool,
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
    /// Tells where a node's start task runs.
    fn of_start_task(pool: &Pool, node: &Node, run: RunId) -> Self {
        let (pool, node) = (pool.id.clone(), node.id.clone());
        Self { pool, node, job: String::new(), task: "startup".to_owned(), run }
    }

    /// Tells whether it is a node's start task that runs, which is in no job.
    pub(crate) fn is_start_task(&self) -> bool {
        self.job.is_empty()
    }

    /// Where the node keeps everything, below the emulator's directory.
    pub(crate) fn node_root(&self) -> PathBuf {
        [&self.pool, &self.node].iter().collect()
    }

    /// Where the run keeps its files, below the emulator's directory.
    ///
    /// Each run has its own: one that is still being stopped does not meet its successor's files.
    pub(crate) fn directory(&self) -> PathBuf {
        if self.is_start_task() {
            return self.node_root().join("startup");
        }
        let task = format!("{}-{}", self.task, self.run.0);
        self.node_root().join("workitems").join(&self.job).join("job-1").join(task)
    }
}

/// The form of an id that finds it: ids differ in more than case.
pub(crate) fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

impl State {
    /// Makes an empty account; the same seed draws the same lengths of time.
    pub(crate) fn new(rules: Rules, script: Option<Script>, seed: u64) -> Self {
        Self {
            pools: BTreeMap::new(),
            jobs: BTreeMap::new(),
            queues: BTreeMap::new(),
            runs: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            samples: BTreeMap::new(),
            orders: Vec::new(),
            latest: Stamp::default(),
            now: DateTime::UNIX_EPOCH,
            stirred: DateTime::UNIX_EPOCH,
            sequence: 0,
            rules,
            script,
            dice: StdRng::seed_from_u64(seed),
        }
    }

    /// Tells a moment that was never told before.
    ///
    /// Start times and ETags tell runs and versions apart, so two changes in one instant of a virtual
    /// clock must not share one.
    fn stamp(&mut self, now: DateTime<Utc>) -> Stamp {
        self.now = now;
        self.stirred = self.stirred.max(now);
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
