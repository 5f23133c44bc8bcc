//! Carries out one repair at a time. That it is done already is success.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;

use super::told;
use crate::app::App;
use crate::batch::{BatchError, TaskState};
use crate::batch_job::BatchJobId;
use crate::github::{Deregistration, Github, Presence};
use crate::message::{Message, RunnerRequest};
use crate::reconcile::{Removal, Repair};
use crate::repository::Repository;
use crate::task::TaskId;

/// What carries out the repairs of a run.
pub(super) struct Hands<'a> {
    app: &'a App,
    github: Github,
    /// The claims: the name of each one's task, and of its blob.
    claims: &'a [(String, String)],
    /// The poison messages that can be deleted, once they are needed.
    held: Option<BTreeMap<String, String>>,
}

impl<'a> Hands<'a> {
    pub(super) fn new(app: &'a App, claims: &'a [(String, String)]) -> Self {
        Self { app, github: app.github.low_priority(), claims, held: None }
    }

    /// Carries out a repair, and says what was done; nothing where it was but to be told.
    pub(super) async fn carry_out(&mut self, repair: &Repair) -> anyhow::Result<Option<String>> {
        let done = match repair {
            Repair::Report { job, repository, why } => {
                told::waiting(*job, repository, why);
                return Ok(None);
            }
            Repair::Alarm { name, text } => {
                told::alarm(name, text);
                return Ok(None);
            }
            Repair::Request(request) => self.request(request).await?,
            Repair::Terminate { batch_job, task, why } => {
                self.terminate_waiting(batch_job, task, why).await?
            }
            Repair::EndWithoutRunner { batch_job, task, repository } => {
                self.end_without_runner(batch_job, task, repository).await?
            }
            Repair::Deregister { repository, runner, name, batch_job, why } => {
                let batch_job = batch_job.as_deref();
                self.deregister(repository, (*runner, name), batch_job, *why).await?
            }
            Repair::Redeliver { hook, delivery, guid } => {
                let asked = self.github.redeliver(hook, *delivery).await;
                asked.with_context(|| format!("have {hook} deliver {guid} again"))?;
                format!("GitHub delivers {guid} of {hook} again")
            }
            Repair::Replay { handle, request } => {
                let receipt = self.hold(handle).await?;
                let done = self.request(request).await?;
                self.app.poison.delete(handle, &receipt).await?;
                format!("{done}, out of the poison")
            }
            Repair::Drop { handle } => {
                let receipt = self.hold(handle).await?;
                self.app.poison.delete(handle, &receipt).await?;
                format!(
                    "message {handle} is deleted from the poison, where it is of no use any more"
                )
            }
            Repair::DeleteTask { batch_job, task } => {
                self.app.batch.delete_task(&batch_job_id(batch_job)?, &task.to_string()).await?;
                format!("task {task} is deleted, which ended long ago")
            }
            Repair::DeleteClaims { task } => self.delete_claims(task).await?,
            Repair::Cancel { job, run, repository, why } => {
                let cancelled = self.github.cancel_run(repository, *run).await;
                cancelled.with_context(|| format!("cancel run {run} of {repository}"))?;
                format!(
                    "run {run} of {repository} is cancelled, because job {job} cannot be served: {why}"
                )
            }
        };
        Ok(Some(done))
    }

    async fn request(&self, request: &RunnerRequest) -> anyhow::Result<String> {
        self.app.queue.put(&Message::Request(request.clone()), Duration::ZERO).await?;
        let task = self.app.runners.deployment.task(request.job, request.replacement);
        Ok(format!("runner {task} of {} is asked for, for {}", request.profile, request.repository))
    }

    /// A runner that is being removed may get a job until it is; then it stays, and so does its task.
    async fn deregister(
        &self,
        repository: &Repository,
        (runner, name): (u64, &TaskId),
        batch_job: Option<&str>,
        why: Removal,
    ) -> anyhow::Result<String> {
        let removed = self.github.remove_runner(repository, runner).await;
        if removed.with_context(|| format!("remove runner {name}"))? == Deregistration::Busy {
            return Ok(format!("runner {name} has got a job, and stays"));
        }
        if let Some(batch_job) = batch_job {
            self.app.batch.terminate(&batch_job_id(batch_job)?, &name.to_string()).await?;
        }
        Ok(format!("runner {name} is removed: {why}"))
    }

    /// Ends a task that waits for a node, and only that: since it was listed it may have started, and its claim
    /// may have found a job.
    async fn terminate_waiting(
        &self,
        batch_job: &str,
        task: &TaskId,
        why: &str,
    ) -> anyhow::Result<String> {
        let batch_job = batch_job_id(batch_job)?;
        match self.app.batch.task(&batch_job, &task.to_string()).await {
            Ok(seen) if seen.state != TaskState::Active => {
                return Ok(format!("task {task} has started since, and stays"));
            }
            Ok(_) | Err(BatchError::NoTask(_)) => {}
            Err(err) => return Err(err.into()),
        }
        self.app.batch.terminate(&batch_job, &task.to_string()).await?;
        Ok(format!("task {task} ends, which nobody needs: {why}"))
    }

    /// Ends a started task if GitHub has no runner of its name. It is asked once more, since a list that GitHub did
    /// not show would look like one without runners, and one that is there now was registered a moment ago.
    async fn end_without_runner(
        &self,
        batch_job: &str,
        task: &TaskId,
        repository: &Repository,
    ) -> anyhow::Result<String> {
        let presence = self.github.presence(repository, &task.to_string()).await;
        match presence.with_context(|| format!("look for runner {task}"))? {
            Presence::Absent => {}
            Presence::Offline | Presence::Idle | Presence::Busy => {
                return Ok(format!("runner {task} is registered, and its task stays"));
            }
        }
        self.app.batch.terminate(&batch_job_id(batch_job)?, &task.to_string()).await?;
        Ok(format!(
            "task {task} is terminated: its runner is gone and it has had no job for a while"
        ))
    }

    async fn hold(&mut self, message: &str) -> anyhow::Result<String> {
        if self.held.is_none() {
            self.held = Some(self.app.poison.receive().await?);
        }
        let receipt = self.held.as_ref().and_then(|held| held.get(message)).cloned();
        receipt.with_context(|| {
            format!("take message {message} out of the poison: it is held elsewhere")
        })
    }

    async fn delete_claims(&self, task: &str) -> anyhow::Result<String> {
        for (_, blob) in self.claims.iter().filter(|(of, _)| of == task) {
            self.app.claims.delete(blob).await?;
        }
        Ok(format!("the claims of task {task} are deleted, which is gone"))
    }
}

fn batch_job_id(batch_job: &str) -> anyhow::Result<BatchJobId> {
    BatchJobId::read(batch_job).with_context(|| format!("read {batch_job} as a Batch job of ours"))
}
