//! Inspection of the account without Batch requests.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};

use crate::Batch;
pub use crate::state::Evaluations;
use crate::state::{JobState, Task, TaskState};

/// A summary of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobSummary {
    /// The id.
    pub id: String,
    /// The state's name in the API.
    pub state: &'static str,
    /// The id of its pool.
    pub pool: String,
    /// The number of active tasks.
    pub active: u64,
    /// The number of running tasks.
    pub running: u64,
    /// The number of succeeded tasks.
    pub succeeded: u64,
    /// The number of failed tasks.
    pub failed: u64,
}

/// A summary of a task. `Debug` omits its environment.
#[derive(Clone, PartialEq)]
pub struct TaskSummary {
    /// The id.
    pub id: String,
    /// The state's name in the API.
    pub state: &'static str,
    /// The exit code of the last run, if the task is completed.
    pub exit_code: Option<i32>,
    /// `success` or `failure`, if the task is completed.
    pub result: Option<&'static str>,
    /// The failure code.
    pub failure: Option<String>,
    /// The node of the last run.
    pub node: Option<String>,
    /// The environment settings of the task.
    pub environment: BTreeMap<String, String>,
}

impl Debug for TaskSummary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.state)?;
        if let Some(code) = self.exit_code {
            write!(f, ", exit code {code}")?;
        }
        if let Some(failure) = &self.failure {
            write!(f, ", {failure}")?;
        }
        Ok(())
    }
}

/// A summary of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSummary {
    /// The id.
    pub id: String,
    /// The display name, as used in timelines.
    pub label: String,
    /// The state's name in the API.
    pub state: &'static str,
    /// The number of running tasks.
    pub running: usize,
}

/// A summary of a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolSummary {
    /// The id.
    pub id: String,
    /// The allocation state's name in the API.
    pub allocation: &'static str,
    /// The target numbers of dedicated and of spot nodes.
    pub targets: (i32, i32),
    /// The current numbers of dedicated and of spot nodes.
    pub nodes: (usize, usize),
    /// Whether it has a formula.
    pub scaled: bool,
    /// The results of the last evaluation of its formula.
    pub results: Option<String>,
    /// The evaluations of its formula.
    pub evaluations: Evaluations,
    /// The error codes of the last evaluation and of the last resize.
    pub errors: Vec<&'static str>,
}

impl Batch {
    /// Lists the pools, ordered by id.
    pub fn pools(&self) -> Vec<PoolSummary> {
        let state = self.state();
        let pools = state.pools.values().map(|pool| {
            let scaling = pool.scaling.as_ref();
            let run = scaling.and_then(|scaling| scaling.run.as_ref());
            let error = run.and_then(|run| run.error.as_ref());
            PoolSummary {
                id: pool.id.clone(),
                allocation: pool.allocation.state.name(),
                targets: (pool.targets.dedicated, pool.targets.low_priority),
                nodes: (pool.current(true), pool.current(false)),
                scaled: scaling.is_some(),
                results: run.map(|run| run.results.clone()),
                evaluations: scaling.map(|scaling| scaling.evaluations.clone()).unwrap_or_default(),
                errors: error.into_iter().chain(&pool.resize_errors).map(|err| err.code).collect(),
            }
        });
        pools.collect()
    }

    /// Lists the jobs, ordered by id.
    pub fn jobs(&self) -> Vec<JobSummary> {
        let state = self.state();
        let jobs = state.jobs.values().map(|job| JobSummary {
            id: job.spec.id.clone(),
            state: JobState::name(job.phase.state),
            pool: job.pool().to_owned(),
            active: job.tally.active.tasks,
            running: job.tally.running.tasks,
            succeeded: job.tally.succeeded.tasks,
            failed: job.tally.failed.tasks,
        });
        jobs.collect()
    }

    /// Lists the tasks of a job in the order in which they were added; empty for an unknown job.
    pub fn tasks(&self, job: &str) -> Vec<TaskSummary> {
        let state = self.state();
        let Ok(job) = state.job(job) else { return Vec::new() };
        let mut tasks: Vec<_> = job.tasks.values().collect();
        tasks.sort_by_key(|task| task.sequence);
        tasks.into_iter().map(see).collect()
    }

    /// Lists the nodes of a pool; empty for an unknown pool.
    pub fn nodes(&self, pool: &str) -> Vec<NodeSummary> {
        let state = self.state();
        let Ok(pool) = state.pool(pool) else { return Vec::new() };
        let nodes = pool.nodes.iter().map(|node| NodeSummary {
            id: node.id.clone(),
            label: node.label.clone(),
            state: node.state(),
            running: node.runs.len(),
        });
        nodes.collect()
    }
}

fn see(task: &Task) -> TaskSummary {
    let settings = task.spec.environment_settings.iter().flatten();
    let environment = settings
        .map(|setting| (setting.name.clone(), setting.value.clone().unwrap_or_default()))
        .collect();
    let outcome = task.execution.outcome.as_ref();
    let failure = outcome.and_then(|outcome| outcome.failure.as_ref());
    let location = task.location.as_ref().filter(|_| task.phase.state != TaskState::Active);
    TaskSummary {
        id: task.spec.id.clone(),
        state: task.phase.state.name(),
        exit_code: outcome.and_then(|outcome| outcome.exit_code),
        result: task.result(),
        failure: failure.map(|failure| failure.code.clone()),
        node: location.map(|location| location.node.clone()),
        environment,
    }
}
