//! The facts about jobs that one decision is based on.

use std::collections::BTreeMap;

use super::{Job, JobState, LiveTask, QueuedJob, Readiness};
use crate::repository::Repository;
use crate::task::{DeploymentName, TaskId};

/// A fact that a decision lacks. The caller fetches it, adds it to the graph, and decides again.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The state of the job that this task was made for.
    Job(TaskId),
    /// The live tasks.
    LiveTasks,
}

/// What one claim, job event or reconciliation knows about jobs: the state of each, and with it the runner that the
/// job was assigned to.
///
/// A graph lives as long as the operation that fills it, so that a queued job in it was queued a moment ago. Facts
/// that never change are kept between operations by the [`AssignmentCache`](super::AssignmentCache).
#[derive(Clone, Debug)]
pub struct AssignmentGraph {
    deployment: DeploymentName,
    jobs: BTreeMap<u64, JobState>,
    live_tasks: Option<Vec<LiveTask>>,
}

impl AssignmentGraph {
    /// Creates a graph without facts, for the runners of one deployment.
    pub fn new(deployment: DeploymentName) -> Self {
        Self { deployment, jobs: BTreeMap::new(), live_tasks: None }
    }

    /// Adds the state of a job, or replaces the state that was known.
    pub fn learn(&mut self, id: u64, repository: &Repository, job: &Job) {
        self.jobs.insert(id, JobState::of(job, repository, &self.deployment));
    }

    /// Adds the live tasks. A task whose runner is known to have, or have had, a job cannot serve another one, unless it
    /// waits for a node again.
    pub fn learn_live_tasks(&mut self, tasks: impl IntoIterator<Item = LiveTask>) {
        let assigned = |task: &LiveTask| {
            let mut states = self.jobs.values();
            states.any(|state| matches!(state, JobState::Assigned(runner) if *runner == task.id))
        };
        let known = |task: LiveTask| match task.readiness {
            Readiness::Claiming if assigned(&task) => {
                LiveTask { readiness: Readiness::Unavailable, ..task }
            }
            _ => task,
        };
        self.live_tasks = Some(tasks.into_iter().map(known).collect());
    }

    /// Returns the live tasks; `None` if they are not known.
    pub fn live_tasks(&self) -> Option<&[LiveTask]> {
        self.live_tasks.as_deref()
    }

    /// Returns the state of a job; `None` if nothing is known of it.
    pub fn state(&self, id: u64) -> Option<&JobState> {
        self.jobs.get(&id)
    }

    /// Returns a job that is known to be queued.
    pub fn queued(&self, id: u64) -> Option<&QueuedJob> {
        match self.state(id)? {
            JobState::Queued(job) => Some(job),
            _ => None,
        }
    }
}
