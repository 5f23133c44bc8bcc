//! The facts about jobs that one decision is based on.

use std::collections::BTreeMap;

use super::{Job, JobState, QueuedJob};
use crate::repository::Repository;
use crate::task::{DeploymentName, TaskId};

/// A fact that a decision lacks. The caller fetches it, adds it to the graph, and decides again.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The state of the job that this task was made for.
    Job(TaskId),
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
}

impl AssignmentGraph {
    /// Creates a graph without facts, for the runners of one deployment.
    pub fn new(deployment: DeploymentName) -> Self {
        Self { deployment, jobs: BTreeMap::new() }
    }

    /// Adds what GitHub shows of a job, or replaces what was known of it.
    pub fn learn(&mut self, id: u64, repository: &Repository, job: &Job) {
        self.jobs.insert(id, JobState::of(job, repository, &self.deployment));
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
