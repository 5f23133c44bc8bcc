//! The facts about jobs that one decision is based on.

use std::collections::{BTreeMap, BTreeSet};

use super::{Job, JobState, LiveTask, QueuedJob, Readiness};
use crate::repository::{AllowedRepositories, Repository};
use crate::scope::Scope;
use crate::task::{DeploymentName, TaskId};

/// A fact that a decision lacks. The caller fetches it, adds it to the graph, and decides again.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The state of the job that this task was made for.
    Job(TaskId),
    /// Whether this task, whose name is that of a runner with a job, may have started it.
    Task(TaskId),
    /// The live tasks.
    LiveTasks,
}

/// The settings that determine which jobs the runners of a deployment can serve.
#[derive(Clone, Debug)]
pub struct ChainRules {
    /// The deployment whose runners are followed.
    pub deployment: DeploymentName,
    /// Where runners are registered: GitHub assigns no other jobs to them.
    pub scope: Scope,
    /// The repositories whose jobs are served.
    pub allowed: AllowedRepositories,
}

/// What one claim, job event or reconciliation knows about jobs: the state of each, and with it the runner that the
/// job was assigned to.
///
/// A graph lives as long as the operation that fills it, so that a queued job in it was queued a moment ago. Facts
/// that never change are kept between operations by the [`AssignmentCache`](super::AssignmentCache).
#[derive(Clone, Debug)]
pub struct AssignmentGraph {
    rules: ChainRules,
    jobs: BTreeMap<u64, KnownJob>,
    deleted: BTreeSet<u64>,
    public: BTreeSet<Repository>,
    tasks: BTreeMap<TaskId, bool>,
    live_tasks: Option<Vec<LiveTask>>,
}

#[derive(Clone, Debug)]
struct KnownJob {
    repository: Repository,
    state: JobState,
}

impl AssignmentGraph {
    /// Creates a graph without facts.
    pub fn new(rules: ChainRules) -> Self {
        let (jobs, tasks) = (BTreeMap::new(), BTreeMap::new());
        let (deleted, public) = (BTreeSet::new(), BTreeSet::new());
        Self { rules, jobs, deleted, public, tasks, live_tasks: None }
    }

    /// Adds the state of a job, or replaces the state that was known.
    pub fn learn(&mut self, id: u64, repository: &Repository, job: &Job) {
        let state = JobState::of(job, repository, &self.rules.deployment);
        self.jobs.insert(id, KnownJob { repository: repository.clone(), state });
    }

    /// Gives the jobs of a repository its present name. Runners move with their repository, so a job that was read before
    /// it was renamed and one that was read later are of the same repository.
    pub fn rename(&mut self, former: &Repository, present: &Repository) {
        for known in self.jobs.values_mut().filter(|known| known.repository == *former) {
            known.repository = present.clone();
        }
    }

    /// Adds a job that GitHub has deleted.
    pub fn learn_deleted(&mut self, id: u64) {
        self.deleted.insert(id);
    }

    /// Adds a repository that is public, and whose jobs are therefore not served.
    pub fn learn_public(&mut self, repository: &Repository) {
        self.public.insert(repository.clone());
    }

    /// Adds whether a task may have started a runner: Batch has, or had, it, and it has not waited for its first node all the
    /// time. Otherwise a runner of its name is not of this deployment.
    pub fn learn_task(&mut self, task: &TaskId, may_have_started: bool) {
        self.tasks.insert(task.clone(), may_have_started);
    }

    /// Returns whether a task may have started a runner; `None` if it is not known.
    pub(super) fn may_have_started(&self, task: &TaskId) -> Option<bool> {
        self.tasks.get(task).copied()
    }

    /// Adds the live tasks. A task whose runner is known to have, or have had, a job cannot serve another one, unless it
    /// waits for a node again.
    pub fn learn_live_tasks(&mut self, tasks: impl IntoIterator<Item = LiveTask>) {
        let assigned = |task: &LiveTask| {
            let mut states = self.jobs.keys().filter_map(|&id| self.state(id));
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

    /// Adds a live task that the known list does not contain, because it was added later.
    pub fn learn_live_task(&mut self, task: LiveTask) {
        let tasks = self.live_tasks.get_or_insert_default();
        if !tasks.iter().any(|known| known.id == task.id) {
            tasks.push(task);
        }
    }

    /// Adds the fact that the runner of a live task has a job, whichever it is: it cannot serve another one.
    pub fn learn_busy(&mut self, runner: &TaskId) {
        let mut tasks = self.live_tasks.iter_mut().flatten();
        if let Some(task) = tasks.find(|task| task.id == *runner) {
            task.readiness = Readiness::Unavailable;
        }
    }

    /// Returns the live tasks; `None` if they are not known.
    pub fn live_tasks(&self) -> Option<&[LiveTask]> {
        self.live_tasks.as_deref()
    }

    /// Returns the state of a job; `None` if nothing is known of it.
    ///
    /// A runner of our name is not ours, but of another program or person, if its task cannot have started it, or if it has a
    /// job that our runner cannot get.
    pub fn state(&self, id: u64) -> Option<&JobState> {
        let Some(KnownJob { repository, state }) = self.jobs.get(&id) else {
            return self.deleted.contains(&id).then_some(&JobState::Deleted);
        };
        match state {
            JobState::Assigned(runner)
                if self.may_have_started(runner) == Some(false)
                    || !self.can_serve(runner, repository) =>
            {
                Some(&JobState::AssignedElsewhere)
            }
            state => Some(state),
        }
    }

    /// Returns whether a runner, which is registered where its own job is, can be assigned a job of a repository. An
    /// unknown own job proves nothing.
    fn can_serve(&self, runner: &TaskId, repository: &Repository) -> bool {
        let own = self.jobs.get(&runner.job);
        own.is_none_or(|own| self.rules.scope.covers_both(&own.repository, repository))
    }

    /// Returns whether the jobs of a repository are served.
    pub(super) fn allows(&self, repository: &Repository) -> bool {
        self.rules.allowed.allow(repository)
    }

    /// Returns the repository of a job that is known.
    pub fn repository(&self, id: u64) -> Option<&Repository> {
        self.jobs.get(&id).map(|known| &known.repository)
    }

    /// Returns whether a repository is known to be public, although public repositories are not served.
    pub(super) fn is_public(&self, repository: &Repository) -> bool {
        self.public.contains(repository)
    }

    /// Returns a job that is known to be queued.
    pub fn queued(&self, id: u64) -> Option<&QueuedJob> {
        match self.state(id)? {
            JobState::Queued(job) => Some(job),
            _ => None,
        }
    }
}
