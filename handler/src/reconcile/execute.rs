//! Executes repairs, each of them once, and continues with the next repair if one fails.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use tracing::{error, info, warn};

use super::{Absence, PauseChange, Removal, Repair, WaitReason};
use crate::app::App;
use crate::assignment::NotNeeded;
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::deadline::Deadline;
use crate::github::{Deregistration, Github, GithubError};
use crate::message::{Message, RunnerRequest};
use crate::repository::Repository;
use crate::scope::Level;
use crate::task::TaskId;

pub(crate) mod paused_jobs;
mod replace_nodes;

/// The time that a repair takes if no service hangs. No repair starts with less; the transport cancels a request that
/// takes longer.
const MIN_TIME: Duration = Duration::from_secs(5);

/// Executes the repairs of a run, and returns a summary.
///
/// Repairs are ordered so that the run may be killed at any point: first requests for runners, then idle runners, and
/// leftovers last.
pub(crate) async fn execute(app: &App, mut repairs: Vec<Repair>) -> String {
    repairs.sort_by_key(priority);
    let mut executor = Executor::new(app);
    let (mut done, mut failed, mut postponed) = (0, 0, 0);
    for repair in &repairs {
        if sends_requests(repair) && !Deadline::leaves(MIN_TIME) {
            postponed += 1;
            continue;
        }
        match executor.execute(repair).await {
            Ok(Some(text)) => {
                info!("{text}");
                done += 1;
            }
            Ok(None) => {}
            Err(err) => {
                warn!("failed to {err:#}; the next run tries again");
                failed += 1;
            }
        }
    }
    match (done, failed, postponed) {
        (0, 0, 0) => "nothing to repair".to_owned(),
        (done, 0, 0) => format!("{done} repairs done"),
        (done, failed, postponed) => {
            format!("{done} repairs done, {failed} failed, {postponed} postponed")
        }
    }
}

/// Executes the repairs that an operator requested, and returns the result of each of them.
pub(crate) async fn execute_each(app: &App, repairs: &[Repair]) -> Vec<anyhow::Result<String>> {
    let mut executor = Executor::new(app);
    let mut results = Vec::new();
    for repair in repairs {
        let done = if Deadline::leaves(MIN_TIME) {
            executor.execute(repair).await
        } else {
            Err(anyhow::anyhow!("start this in the time that was left: repeat the operation"))
        };
        results.push(done.map(|text| text.unwrap_or_else(|| "alert raised".to_owned())));
    }
    results
}

/// Returns whether a repair sends requests. The others take no time.
fn sends_requests(repair: &Repair) -> bool {
    !matches!(repair, Repair::ReportWaiting { .. } | Repair::Alert { .. })
}

fn priority(repair: &Repair) -> u8 {
    match repair {
        Repair::ReportWaiting { .. } | Repair::Alert { .. } => 0,
        Repair::Request(_) | Repair::Replay { .. } => 1,
        Repair::Deregister { .. } => 2,
        Repair::RemoveNodes { .. } | Repair::RestoreSize { .. } => 2,
        Repair::Terminate { .. } | Repair::EndWithoutRunner { .. } => 3,
        // A task must not start on a paused profile, and the tasks of a resumed one have waited long enough.
        Repair::Pause(PauseChange::Disable(_) | PauseChange::Enable(_)) => 0,
        Repair::Redeliver { .. } | Repair::Cancel { .. } => 4,
        Repair::Pause(PauseChange::Forget { .. }) => 5,
        Repair::DeletePoison { .. } | Repair::DeleteTask { .. } | Repair::DeleteClaims { .. } => 5,
    }
}

/// Executes one repair at a time. A repair that has been done already succeeds.
struct Executor<'a> {
    app: &'a App,
    github: Github,
    /// The receipts by which poison messages can be deleted; received when the first is needed.
    receipts: Option<BTreeMap<String, String>>,
}

impl<'a> Executor<'a> {
    fn new(app: &'a App) -> Self {
        Self { app, github: app.github.low_priority(), receipts: None }
    }

    /// Executes a repair, and returns a description of its effect; `None` if the repair is only an alert.
    async fn execute(&mut self, repair: &Repair) -> anyhow::Result<Option<String>> {
        let done = match repair {
            Repair::ReportWaiting { job, repository, reason } => {
                report_waiting(*job, repository, reason);
                return Ok(None);
            }
            Repair::Alert { name, text } => {
                raise_alarm(name, text);
                return Ok(None);
            }
            Repair::Request(request) => self.request(request).await?,
            Repair::Terminate { batch_job, task, reason } => {
                self.terminate_waiting(batch_job, task, *reason).await?
            }
            Repair::EndWithoutRunner { batch_job, task, levels, others, absence } => {
                let registered = self.is_registered(task, levels, others).await;
                let registered = registered.with_context(|| format!("look up runner {task}"))?;
                self.end_without_runner(batch_job, task, registered, *absence).await?
            }
            Repair::Deregister { repository, runner, name, batch_job, reason } => {
                let removed = self.github.remove_runner(repository, *runner).await;
                let removed = removed.with_context(|| format!("remove runner {name}"))?;
                self.after_removal(removed, name, batch_job.as_deref(), *reason).await?
            }
            Repair::Redeliver { hook, delivery, guid } => {
                let requested = self.github.redeliver(hook, *delivery).await;
                requested.with_context(|| format!("redeliver {guid} of {hook}"))?;
                format!("GitHub redelivers {guid} of {hook}")
            }
            Repair::Replay { handle, request } => {
                let receipt = self.receipt(handle).await?;
                let done = self.request(request).await?;
                self.app.poison.delete(handle, &receipt).await?;
                format!("{done}, from poison message {handle}")
            }
            Repair::DeletePoison { handle } => {
                let receipt = self.receipt(handle).await?;
                self.app.poison.delete(handle, &receipt).await?;
                format!("poison message {handle} deleted: it has no use any more")
            }
            Repair::DeleteTask { batch_job, task } => {
                self.delete_task(&batch_job_id(batch_job)?, &task.to_string()).await?;
                format!("task {task} deleted: it ended long ago")
            }
            Repair::DeleteClaims { task, blobs } => self.delete_claims(task, blobs).await?,
            Repair::RemoveNodes { pool, nodes, hold } => {
                replace_nodes::remove(self.app, pool, nodes, *hold).await?
            }
            Repair::RestoreSize { pool, size } => {
                replace_nodes::restore(self.app, pool, size).await?
            }
            Repair::Pause(change) => paused_jobs::execute(self.app, change).await?,
            Repair::Cancel { job, run, repository, reason } => {
                let cancelled = self.github.cancel_run(repository, *run).await;
                cancelled.with_context(|| format!("cancel run {run} of {repository}"))?;
                format!("run {run} of {repository} cancelled: job {job} cannot be served: {reason}")
            }
        };
        Ok(Some(done))
    }

    async fn request(&self, request: &RunnerRequest) -> anyhow::Result<String> {
        self.app.queue.put(&Message::Request(request.clone()), Duration::ZERO).await?;
        let task = self.app.runners.deployment.task(request.job, request.replacement);
        let RunnerRequest { profile, repository, .. } = request;
        Ok(format!("runner {task} of profile {profile} requested for {repository}"))
    }

    /// Terminates the task of a removed runner. A runner may get a job until it is removed; then it stays, and so does
    /// its task.
    async fn after_removal(
        &self,
        result: Deregistration,
        name: &TaskId,
        batch_job: Option<&str>,
        reason: Removal,
    ) -> anyhow::Result<String> {
        if result == Deregistration::Busy {
            return Ok(format!("runner {name} stays: it has got a job"));
        }
        if let Some(batch_job) = batch_job {
            self.app.batch.terminate(&batch_job_id(batch_job)?, &name.to_string()).await?;
        }
        Ok(format!("runner {name} removed: {reason}"))
    }

    /// Terminates a task if it still waits for a node: since it was listed it may have started, and its claim may have
    /// found a job.
    async fn terminate_waiting(
        &self,
        batch_job: &str,
        task: &TaskId,
        reason: NotNeeded,
    ) -> anyhow::Result<String> {
        let batch_job = batch_job_id(batch_job)?;
        match self.app.batch.task(&batch_job, &task.to_string()).await {
            Ok(current) if current.state != TaskState::Active => {
                return Ok(format!("task {task} stays: it has started since it was listed"));
            }
            Ok(_) | Err(BatchError::NoTask(_)) => {}
            Err(err) => return Err(err.into()),
        }
        self.app.batch.terminate(&batch_job, &task.to_string()).await?;
        Ok(format!("task {task} terminated: {reason}"))
    }

    /// Returns whether a runner of a task's name, other than those of others, is registered at one of these levels.
    async fn is_registered(
        &self,
        task: &TaskId,
        levels: &BTreeSet<Level>,
        others: &[u64],
    ) -> Result<bool, GithubError> {
        for level in levels {
            let named = self.github.runner_named(level, &task.to_string()).await?;
            if named.is_some_and(|runner| !others.contains(&runner.id)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Terminates a started task if GitHub has no runner of it. GitHub was queried once more, since the runner may have
    /// been registered a moment ago.
    async fn end_without_runner(
        &self,
        batch_job: &str,
        task: &TaskId,
        registered: bool,
        absence: Absence,
    ) -> anyhow::Result<String> {
        if registered {
            return Ok(format!("task {task} stays: its runner is registered"));
        }
        self.app.batch.terminate(&batch_job_id(batch_job)?, &task.to_string()).await?;
        Ok(format!("task {task} terminated: {absence}"))
    }

    async fn receipt(&mut self, handle: &str) -> anyhow::Result<String> {
        if self.receipts.is_none() {
            self.receipts = Some(self.app.poison.receive().await?);
        }
        let receipt = self.receipts.as_ref().and_then(|receipts| receipts.get(handle)).cloned();
        receipt.with_context(|| {
            format!("receive poison message {handle}: another process has received it")
        })
    }

    async fn delete_task(&self, batch_job: &BatchJobId, task: &str) -> anyhow::Result<()> {
        self.app.batch.delete_task(batch_job, task).await?;
        self.app.ended_tasks.forget(batch_job, task);
        Ok(())
    }

    async fn delete_claims(&self, task: &str, blobs: &[String]) -> anyhow::Result<String> {
        for blob in blobs {
            self.app.claims.delete(blob).await?;
        }
        Ok(format!("claims of task {task} deleted: the task does not exist any more"))
    }
}

fn report_waiting(job: u64, repository: &Repository, reason: &WaitReason) {
    let (job, repo) = (job, repository);
    error!(alarm = "waiting", job.id = job, %repo, "job {job} of {repo} has waited too long: {reason}");
}

fn raise_alarm(name: &str, text: &str) {
    error!(alarm = name, "{text}");
}

fn batch_job_id(batch_job: &str) -> anyhow::Result<BatchJobId> {
    BatchJobId::parse(batch_job)
        .with_context(|| format!("read {batch_job} as a Batch job of this deployment"))
}
