//! Fetches the facts that a claim or a job event lacks.

use std::borrow::Cow;
use std::collections::BTreeSet;

use tracing::{info, warn};

use super::ledger;
use crate::app::App;
use crate::assignment::{
    AssignmentChain, AssignmentGraph, Fact, Job, JobState, LiveTask, Readiness, Resolution, resolve,
};
use crate::batch::{self, BatchError};
use crate::batch_job::BatchJobId;
use crate::error_chain::ErrorChain;
use crate::github::GithubError;
use crate::ordered::InsertEach;
use crate::profiles::Profile;
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

/// A task that Batch has.
struct FoundTask {
    repository: Repository,
    has_left_queue: bool,
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
            Fact::Task(task) => {
                graph.learn_task(task, self.may_have_started(task).await?);
                Ok(())
            }
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
            None => self.read_job(task, graph).await?,
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
        for (batch_job, state) in self.batch_jobs().await? {
            let listed = batch.live_tasks(&batch_job).await?;
            for listed in &listed {
                let own = ledger::task(listed, &batch_job, state, &runners.deployment);
                let Some(task) = own else { continue };
                // One that waits may start now, and its runner get a job that is read later.
                if listed.has_left_queue() {
                    assignments.keep_task(&task.id);
                    graph.learn_task(&task.id, true);
                }
                tasks.push(task);
            }
        }
        let names: BTreeSet<String> = tasks.iter().map(|task| task.id.to_string()).insert_each();
        for (id, repository, job) in assignments.assigned_to(&names) {
            graph.learn(id, &repository, &job);
        }
        let live: Vec<LiveTask> = tasks.iter().map(|task| self.live_task(task)).collect();
        for task in &live {
            if let Some(runner) = &task.runner {
                self.extend_from_cache(&task.id, runner, graph);
            }
        }
        graph.learn_live_tasks(live);
        Ok(())
    }

    /// Lists the Batch jobs. Whether a disabled one is held for a paused profile is looked up only if there is one; if
    /// that fails it counts as held, so that no task is replaced for lack of a record.
    async fn batch_jobs(&self) -> Result<Vec<(BatchJobId, batch::JobState)>, BatchError> {
        let batch_jobs = self.app.batch.jobs().await?;
        if batch_jobs.iter().all(|(_, state)| *state != batch::JobState::Disabled) {
            return Ok(batch_jobs);
        }
        match self.app.pauses.read().await {
            Ok(read) => Ok(read.pauses.apply(batch_jobs)),
            Err(err) => {
                warn!("continuing without the paused profiles: {}", ErrorChain(&err));
                Ok(batch_jobs)
            }
        }
    }

    /// Follows the chain of a live task as far as the cache knows its jobs. Their runners count as runners with tasks:
    /// if one has none, a job seems to be covered, and reconciliation requests its runner minutes later.
    fn extend_from_cache(&self, task: &TaskId, runner: &Profile, graph: &mut AssignmentGraph) {
        loop {
            match resolve(graph, task, runner) {
                Resolution::Missing(Fact::Task(task)) => graph.learn_task(&task, true),
                Resolution::Missing(Fact::Job(missing)) => {
                    let known = self.app.assignments.assigned(missing.job);
                    let Some((repository, job)) = known else { return };
                    graph.learn(missing.job, &repository, &job);
                }
                _ => return,
            }
        }
    }

    fn live_task(&self, task: &LedgerTask) -> LiveTask {
        let readiness = match task.stage {
            Stage::Waiting => Readiness::Free,
            Stage::Started { .. } => Readiness::Claiming,
            Stage::Unschedulable | Stage::Ended { .. } => Readiness::Unavailable,
        };
        let runner = task.runner(&self.app.webhook.policy.profiles).map(Cow::into_owned);
        LiveTask { id: task.id.clone(), runner, readiness }
    }

    async fn read_job(
        &mut self,
        task: &TaskId,
        graph: &mut AssignmentGraph,
    ) -> Result<(Repository, Job), FactError> {
        self.reads_left = self.reads_left.checked_sub(1).ok_or(FactError::ChainTooLong)?;
        let known = self.repository(task).await?;
        let read = self.app.github.located_job(&known, task.job).await;
        let (repository, job) = match read {
            Err(err @ GithubError::NotFound { .. }) => {
                return Err(self.refusal_of(err, &known).await?.into());
            }
            read => read?,
        };
        if repository != known {
            self.app.assignments.rename(&known, &repository);
            graph.rename(&known, &repository);
        }
        self.app.assignments.keep_read(task.job, &repository, &job);
        Ok((repository, job))
    }

    /// Returns the error of a job that GitHub does not show: a refusal if it does not show the repository either, which a
    /// credential without access to it causes.
    async fn refusal_of(
        &self,
        err: GithubError,
        repository: &Repository,
    ) -> Result<GithubError, GithubError> {
        match self.app.github.present_name(repository).await {
            Ok(_) => Ok(err),
            Err(GithubError::NotFound { .. }) => Ok(err.hidden()),
            Err(other) => Err(other),
        }
    }

    /// Returns the repository of the job that a task was made for.
    async fn repository(&self, task: &TaskId) -> Result<Repository, FactError> {
        if let Some(known) = self.app.assignments.repository(task.job) {
            return Ok(known);
        }
        let found = self.find_in_batch(task, |_| true).await?;
        found.map(|found| found.repository).ok_or_else(|| FactError::NoTask(task.clone()))
    }

    /// Returns whether a task may have started its runner, as Batch shows it now or showed it earlier in the life of this
    /// process.
    async fn may_have_started(&self, task: &TaskId) -> Result<bool, BatchError> {
        if self.app.assignments.has_left_queue(task) {
            return Ok(true);
        }
        // The successor of a closed Batch job may have a task of the same id.
        let started = self.find_in_batch(task, |found| found.has_left_queue).await?.is_some();
        if !started {
            info!(%task, "no task {task} has started in Batch: its runner is not of this deployment");
        }
        Ok(started)
    }

    /// Returns whether Batch has a task now.
    pub(super) async fn is_in_batch(&self, task: &TaskId) -> Result<bool, BatchError> {
        Ok(self.find_in_batch(task, |_| true).await?.is_some())
    }

    /// Finds a wanted task of an id in any Batch job, and keeps what is learnt from it: most likely it is in the first Batch
    /// job of a profile, otherwise in one of its successors, or in that of a profile that exists no more.
    async fn find_in_batch(
        &self,
        task: &TaskId,
        wanted: impl Fn(&FoundTask) -> bool,
    ) -> Result<Option<FoundTask>, BatchError> {
        let App { batch, webhook, .. } = self.app;
        let profiles = webhook.policy.profiles.iter();
        let first: Vec<_> = profiles.map(|profile| BatchJobId::new(&profile.name, 1)).collect();
        for batch_job in &first {
            if let Some(found) = self.find_in(batch_job, task).await?.filter(&wanted) {
                return Ok(Some(found));
            }
        }
        for (batch_job, _) in batch.jobs().await?.into_iter().filter(|(id, _)| !first.contains(id))
        {
            if let Some(found) = self.find_in(&batch_job, task).await?.filter(&wanted) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Reads a task, if this Batch job holds it, with the repository in its environment, and keeps both.
    async fn find_in(
        &self,
        batch_job: &BatchJobId,
        task: &TaskId,
    ) -> Result<Option<FoundTask>, BatchError> {
        let App { batch, assignments, .. } = self.app;
        let seen = match batch.task(batch_job, &task.to_string()).await {
            Err(BatchError::NoTask(_)) => return Ok(None),
            read => read?,
        };
        let repository = seen.variable("RUNNER_REPOSITORY");
        let repository = repository.and_then(|name| Repository::try_from(name).ok());
        let has_left_queue = seen.has_left_queue();
        if let Some(repository) = &repository {
            if has_left_queue {
                assignments.keep_task(task);
            }
            assignments.keep_repository(task.job, repository);
        }
        Ok(repository.map(|repository| FoundTask { repository, has_left_queue }))
    }
}
