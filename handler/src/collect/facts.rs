//! Fetches the facts that a claim or a job event lacks.

use std::collections::BTreeSet;

use tracing::info;

use super::ledger;
use crate::app::App;
use crate::assignment::{
    AssignmentChain, AssignmentGraph, Fact, Job, JobState, LiveTask, Readiness, Resolution, resolve,
};
use crate::batch::BatchError;
use crate::batch_job::BatchJobId;
use crate::github::GithubError;
use crate::reconcile::snapshot::{LedgerTask, Stage};
use crate::repository::Repository;
use crate::task::TaskId;

/// The number of jobs that are read from GitHub for one decision. A chain that is longer is continued by the next
/// claim, since the cache keeps its first part.
const MAX_JOB_READS: usize = 32;

/// Why a fact could not be fetched. Nothing is decided without it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactError {
    #[error("the assignment chain has more than {MAX_JOB_READS} jobs that are not known yet")]
    ChainTooLong,
    #[error("the task of runner {0} cannot be read")]
    NoTask(TaskId),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Github(#[from] GithubError),
}

/// Fetches missing facts: from the cache, GitHub and Batch.
pub(crate) struct FactReader<'a> {
    app: &'a App,
    reads_left: usize,
}

impl<'a> FactReader<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app, reads_left: MAX_JOB_READS }
    }

    /// Fetches a fact, and adds it to the graph.
    pub(crate) async fn fetch(
        &mut self,
        fact: &Fact,
        graph: &mut AssignmentGraph,
    ) -> Result<(), FactError> {
        match fact {
            Fact::Job(task) => self.fetch_job(task, graph).await,
            Fact::LiveTasks => Ok(self.fetch_live_tasks(graph).await?),
        }
    }

    /// Reads whether the repository of the job that a chain resolves to is public, unless the settings allow public
    /// repositories. Returns whether the graph has learned that it is, so that its jobs are not served.
    pub(crate) async fn learn_visibility(
        &self,
        chain: &AssignmentChain,
        graph: &mut AssignmentGraph,
    ) -> Result<bool, FactError> {
        let Resolution::Needed(job) = chain.resolution() else { return Ok(false) };
        let Some(repository) = graph.queued(*job).map(|queued| queued.repository.clone()) else {
            return Ok(false);
        };
        let allowed = self.app.webhook.policy.public_repositories;
        if allowed || !self.app.github.is_public(&repository).await? {
            return Ok(false);
        }
        graph.learn_public(&repository);
        Ok(true)
    }

    async fn fetch_job(
        &mut self,
        task: &TaskId,
        graph: &mut AssignmentGraph,
    ) -> Result<(), FactError> {
        let id = task.job;
        let (repository, job) = match self.app.assignments.assigned(id) {
            Some(known) => known,
            None => self.read_job(task).await?,
        };
        graph.learn(id, &repository, &job);
        if let Some(JobState::Assigned(runner)) = graph.state(id)
            && runner.job != id
        {
            info!(job.id = id, %runner, "job {id} was assigned to runner {runner}");
        }
        Ok(())
    }

    /// Lists the live tasks, all of them: they fit on a page or two. Their chains are followed in the cache only.
    async fn fetch_live_tasks(&self, graph: &mut AssignmentGraph) -> Result<(), BatchError> {
        let App { batch, runners, assignments, .. } = self.app;
        let mut tasks = Vec::new();
        for (batch_job, state) in batch.jobs().await? {
            let listed = batch.live_tasks(&batch_job).await?;
            let own = |listed| ledger::task(listed, &batch_job, state, &runners.deployment);
            tasks.extend(listed.iter().filter_map(own));
        }
        let names: BTreeSet<String> = tasks.iter().map(|task| task.id.to_string()).collect();
        for (id, repository, job) in assignments.assigned_to(&names) {
            graph.learn(id, &repository, &job);
        }
        let live: Vec<LiveTask> = tasks.iter().map(|task| self.live_task(task)).collect();
        for task in &live {
            let Some(runner) = &task.runner else { continue };
            while let Resolution::Missing(Fact::Job(missing)) = resolve(graph, &task.id, runner)
                && let Some((repository, job)) = assignments.assigned(missing.job)
            {
                graph.learn(missing.job, &repository, &job);
            }
        }
        graph.learn_live_tasks(live);
        Ok(())
    }

    fn live_task(&self, task: &LedgerTask) -> LiveTask {
        let readiness = match task.stage {
            Stage::Waiting => Readiness::Free,
            Stage::Started { .. } => Readiness::Claiming,
            Stage::Unschedulable | Stage::Ended { .. } => Readiness::Unavailable,
        };
        let runner = task.runner(&self.app.webhook.policy.profiles);
        LiveTask { id: task.id.clone(), runner, readiness }
    }

    async fn read_job(&mut self, task: &TaskId) -> Result<(Repository, Job), FactError> {
        self.reads_left = self.reads_left.checked_sub(1).ok_or(FactError::ChainTooLong)?;
        let repository = self.repository(task).await?;
        let (repository, job) = self.app.github.located_job(&repository, task.job).await?;
        self.app.assignments.keep_read(task.job, &repository, &job);
        Ok((repository, job))
    }

    /// Returns the repository of the job that a task was made for.
    async fn repository(&self, task: &TaskId) -> Result<Repository, FactError> {
        if let Some(known) = self.app.assignments.repository(task.job) {
            return Ok(known);
        }
        let repository = self.repository_in_batch(task).await?;
        self.app.assignments.keep_repository(task.job, &repository);
        Ok(repository)
    }

    /// Finds a task in any Batch job: most likely in the first Batch job of a profile, otherwise in one of its
    /// successors.
    async fn repository_in_batch(&self, task: &TaskId) -> Result<Repository, FactError> {
        let profiles = self.app.webhook.policy.profiles.iter();
        for batch_job in profiles.map(|profile| BatchJobId::new(&profile.name, 1)) {
            if let Some(repository) = self.repository_in(&batch_job, task).await? {
                return Ok(repository);
            }
        }
        for (batch_job, _) in self.app.batch.jobs().await? {
            if batch_job.generation > 1
                && let Some(repository) = self.repository_in(&batch_job, task).await?
            {
                return Ok(repository);
            }
        }
        Err(FactError::NoTask(task.clone()))
    }

    /// Reads the repository from the environment of a task, if this Batch job holds the task.
    async fn repository_in(
        &self,
        batch_job: &BatchJobId,
        task: &TaskId,
    ) -> Result<Option<Repository>, BatchError> {
        let task = match self.app.batch.task(batch_job, &task.to_string()).await {
            Err(BatchError::NoTask(_)) => return Ok(None),
            read => read?,
        };
        Ok(task.variable("RUNNER_REPOSITORY").and_then(|name| Repository::try_from(name).ok()))
    }
}
