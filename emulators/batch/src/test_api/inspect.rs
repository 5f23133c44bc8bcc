//! What a test sees of the account, without a request.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};

use crate::Batch;
use crate::state::{JobState, Task, TaskState};

/// A job, as seen.
#[derive(Clone, Debug, PartialEq)]
pub struct JobSummary {
    /// Its id.
    pub id: String,
    /// Its state's name on the wire.
    pub state: &'static str,
    /// The pool that its tasks run on.
    pub pool: String,
    /// How many tasks wait.
    pub active: u64,
    /// How many run.
    pub running: u64,
    /// How many succeeded.
    pub succeeded: u64,
    /// How many failed.
    pub failed: u64,
}

/// A task, as seen. `Debug` leaves the values of its environment out.
#[derive(Clone, PartialEq)]
pub struct TaskSummary {
    /// Its id.
    pub id: String,
    /// Its state's name on the wire.
    pub state: &'static str,
    /// The exit code of its last run, once it is completed.
    pub exit_code: Option<i32>,
    /// `success` or `failure`, once it is completed.
    pub result: Option<&'static str>,
    /// The code of its failure.
    pub failure: Option<String>,
    /// The node that it runs or last ran on.
    pub node: Option<String>,
    /// The environment that its submitter set.
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

/// A node, as seen.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSummary {
    /// Its id.
    pub id: String,
    /// Its name for people, as timelines have it.
    pub label: String,
    /// Its state's name on the wire.
    pub state: &'static str,
    /// How many tasks run on it.
    pub running: usize,
}

/// A pool, as seen.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolSummary {
    /// Its id.
    pub id: String,
    /// Its allocation state's name on the wire.
    pub allocation: &'static str,
    /// How many dedicated and how many spot nodes it is to have.
    pub targets: (i32, i32),
    /// How many dedicated and how many spot nodes it shows.
    pub nodes: (usize, usize),
    /// What the last evaluation of its formula came to.
    pub results: Option<String>,
    /// The codes of what went wrong: in the last evaluation, and in the last resize.
    pub errors: Vec<&'static str>,
}

impl Batch {
    /// Lists the pools, by id.
    pub fn pools(&self) -> Vec<PoolSummary> {
        let state = self.state();
        let pools = state.pools.values().map(|pool| {
            let run = pool.scaling.as_ref().and_then(|scaling| scaling.run.as_ref());
            let error = run.and_then(|run| run.error.as_ref());
            PoolSummary {
                id: pool.id.clone(),
                allocation: pool.allocation.state.name(),
                targets: (pool.targets.dedicated, pool.targets.low_priority),
                nodes: (pool.current(true), pool.current(false)),
                results: run.map(|run| run.results.clone()),
                errors: error.into_iter().chain(&pool.resize_errors).map(|err| err.code).collect(),
            }
        });
        pools.collect()
    }

    /// Lists the jobs, by id.
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

    /// Lists the tasks of a job in the order of adding; none where there is no such job.
    pub fn tasks(&self, job: &str) -> Vec<TaskSummary> {
        let state = self.state();
        let Ok(job) = state.job(job) else { return Vec::new() };
        let mut tasks: Vec<_> = job.tasks.values().collect();
        tasks.sort_by_key(|task| task.sequence);
        tasks.into_iter().map(see).collect()
    }

    /// Lists the nodes of a pool; none where there is no such pool.
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
