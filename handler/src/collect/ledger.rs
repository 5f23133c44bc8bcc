//! Reads every task of every profile from the Batch jobs that hold them: the ledger of this deployment.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use tracing::warn;

use super::facts::FactReader;
use super::tasks;
use crate::app::App;
use crate::batch::{BatchError, JobState, ListedTask, TaskState};
use crate::batch_job::BatchJobId;
use crate::error_chain::ErrorChain;
use crate::history::EndedTask;
use crate::pauses::Pauses;
use crate::reconcile::Rules;
use crate::reconcile::snapshot::{Ending, LedgerTask, ListedJob, Stage};
use crate::repository::Repository;
use crate::storage::PausesError;
use crate::task::{DeploymentName, TaskId};

/// Why the tasks could not be read completely.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Whether a disabled Batch job has lost its tasks, or is to be enabled again, is not known then.
    #[error(transparent)]
    Pauses(#[from] PausesError),
}

/// The tasks of this deployment.
pub(super) struct Ledger {
    pub(super) tasks: Vec<LedgerTask>,
    /// For each task, the repository and the workflow run of the job that it was made for.
    pub(super) runs: BTreeMap<TaskId, (Repository, u64)>,
    /// The tasks that have ended, with what is recorded about them.
    pub(super) ended: Vec<EndedTask>,
    /// The generation of the first Batch job of each profile that accepts tasks.
    pub(super) generations: BTreeMap<String, u32>,
    /// The Batch jobs. A disabled one is held by a record of a paused profile.
    pub(super) batch_jobs: BTreeMap<BatchJobId, JobState>,
    /// The records of the profiles.
    pub(super) pauses: Pauses,
    /// The records of profiles that the settings do not have.
    pub(super) removed_pauses: Pauses,
}

impl Ledger {
    /// Returns the repositories of the tasks.
    pub(super) fn repositories(&self) -> BTreeSet<Repository> {
        self.tasks.iter().map(|task| task.repository.clone()).collect()
    }
}

/// Reads all tasks.
///
/// # Errors
/// When a part could not be read: a task that is missing would be replaced.
pub(super) async fn read(app: &App, rules: &Rules) -> Result<Ledger, LedgerError> {
    let batch_jobs = app.batch.jobs().await?;
    // A record is written before its Batch jobs are disabled: one that is listed as disabled has its record by now.
    let pauses = app.pauses.read().await?.pauses;
    let (pauses, removed_pauses) = pauses.split_by(app.profiles());
    let batch_jobs = pauses.apply(batch_jobs);
    let (mut tasks, mut runs, mut ended) = (Vec::new(), BTreeMap::new(), Vec::new());
    app.ended_tasks.retain(batch_jobs.iter().map(|(batch_job, _)| batch_job));
    // Those of agents are read by the run that serves them, at the same time.
    let service = app.pipelines.as_ref();
    let of_agents =
        |job: &BatchJobId| service.is_some_and(|service| service.profile(&job.profile).is_some());
    let of_runners = batch_jobs.iter().filter(|(job, _)| !of_agents(job)).cloned();
    let mut lists = stream::iter(of_runners.collect::<Vec<_>>())
        .map(|(batch_job, state)| async move {
            let all = tasks::of(app, &batch_job).await;
            (batch_job, state, all)
        })
        .buffered(MAX_CONCURRENT_LISTS);
    while let Some((batch_job, state, all)) = lists.next().await {
        for listed in all? {
            let Some(task) = task(&listed, &batch_job, state, &rules.deployment) else { continue };
            let run = listed.variable("RUNNER_RUN_ID").and_then(|run| run.parse().ok());
            runs.extend(run.map(|run| (task.id.clone(), (task.repository.clone(), run))));
            ended.extend(ended_task(&task, &listed));
            tasks.push(task);
        }
    }
    drop(lists);
    let generations = generations(&batch_jobs);
    let batch_jobs = batch_jobs.into_iter().collect();
    Ok(Ledger { tasks, runs, ended, generations, batch_jobs, pauses, removed_pauses })
}

/// How many Batch jobs are listed at the same time. A profile has one, and a successor for each that was closed.
const MAX_CONCURRENT_LISTS: usize = 4;

/// The number of runners with a job whose tasks are looked up once more. Another deployment of the same name can have any
/// number of them.
const MAX_LOOKUPS: usize = 32;

/// Returns the names of runners with a job that may have a task, although the list of tasks lacks it. Jobs are read
/// after the tasks, and a task can be added, start, and get a job in between.
pub(super) async fn unlisted(
    app: &App,
    ledger: &Ledger,
    jobs: &BTreeMap<u64, ListedJob>,
) -> BTreeSet<TaskId> {
    let tasks: BTreeSet<&TaskId> = ledger.tasks.iter().map(|task| &task.id).collect();
    let names = jobs.values().filter_map(|listed| listed.job.runner.as_deref());
    let named = names.filter_map(|name| app.runners.deployment.parse_task(name));
    let mut unlisted: BTreeSet<TaskId> = named.filter(|task| !tasks.contains(task)).collect();
    let facts = FactReader::new(app);
    for task in unlisted.clone().into_iter().take(MAX_LOOKUPS) {
        match facts.is_in_batch(&task).await {
            Ok(true) => {}
            Ok(false) => {
                unlisted.remove(&task);
            }
            Err(err) => warn!("continuing without task {task}: {}", ErrorChain(&err)),
        }
    }
    unlisted
}

/// Returns a task of this deployment; `None` if its name or its environment was not written by this deployment.
pub(super) fn task(
    listed: &ListedTask,
    batch_job: &BatchJobId,
    state: JobState,
    deployment: &DeploymentName,
) -> Option<LedgerTask> {
    Some(LedgerTask {
        id: deployment.parse_task(&listed.id)?,
        batch_job: batch_job.to_string(),
        profile: listed.variable("RUNNER_PROFILE").unwrap_or(&batch_job.profile).to_owned(),
        pinned: pinned(listed),
        repository: Repository::try_from(listed.variable("RUNNER_REPOSITORY")?).ok()?,
        stage: stage(listed, state),
    })
}

/// Returns what is recorded about a task that has ended.
fn ended_task(task: &LedgerTask, listed: &ListedTask) -> Option<EndedTask> {
    let Stage::Ended { at, .. } = task.stage else { return None };
    Some(EndedTask {
        id: task.id.clone(),
        repository: task.repository.clone(),
        profile: task.profile.clone(),
        began: listed.execution_info.start_time,
        ended: at,
        node: listed.node_info.as_ref().and_then(|node| node.node.clone()),
        slots: listed.required_slots.unwrap_or(1).max(1),
        exit: listed.execution_info.exit_code,
    })
}

fn pinned(listed: &ListedTask) -> Vec<String> {
    let labels = listed.variable("RUNNER_PINNED_LABELS").unwrap_or_default();
    labels.split(',').filter(|label| !label.is_empty()).map(str::to_owned).collect()
}

pub(crate) fn stage(listed: &ListedTask, state: JobState) -> Stage {
    let execution = &listed.execution_info;
    match listed.state {
        TaskState::Active if state == JobState::Closed => Stage::Unschedulable,
        TaskState::Active => Stage::Waiting,
        TaskState::Completed => {
            let at = execution.end_time.unwrap_or(listed.state_transition_time);
            Stage::Ended { at, how: ending(listed) }
        }
        TaskState::Preparing | TaskState::Running | TaskState::Unknown => {
            Stage::Started { at: execution.start_time }
        }
    }
}

fn ending(listed: &ListedTask) -> Ending {
    let execution = &listed.execution_info;
    let failure = execution.failure_info.as_ref();
    let failure = failure.map(|failure| (failure.category.as_str(), failure.code.as_str()));
    Ending::of(execution.exit_code, failure)
}

/// Returns for each profile the first Batch job that accepts tasks; if all are closed, the one to be created next.
pub(crate) fn generations(batch_jobs: &[(BatchJobId, JobState)]) -> BTreeMap<String, u32> {
    let mut generations: BTreeMap<String, u32> = BTreeMap::new();
    let mut newest: BTreeMap<&str, u32> = BTreeMap::new();
    for (batch_job, state) in batch_jobs {
        let newest = newest.entry(&batch_job.profile).or_default();
        *newest = batch_job.generation.max(*newest);
        if *state != JobState::Closed {
            let first = generations.entry(batch_job.profile.clone()).or_insert(u32::MAX);
            *first = batch_job.generation.min(*first);
        }
    }
    for (profile, newest) in newest {
        generations.entry(profile.to_owned()).or_insert(newest + 1);
    }
    generations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_open_batch_job_or_its_successor_accepts_tasks() {
        let batch_job = |profile, generation, state| (BatchJobId::new(profile, generation), state);
        let (open, closed, held) = (JobState::Open, JobState::Closed, JobState::Disabled);
        let all = generations(&[
            batch_job("a", 1, open),
            batch_job("b", 1, closed),
            batch_job("b", 2, open),
            batch_job("b", 3, open),
            batch_job("c", 1, closed),
            batch_job("c", 2, closed),
            batch_job("d", 1, closed),
            batch_job("d", 2, held),
        ]);
        let all: Vec<_> = all.iter().map(|(profile, n)| (profile.as_str(), *n)).collect();
        assert_eq!(all, [("a", 1), ("b", 2), ("c", 3), ("d", 2)]);
    }

    #[test]
    fn an_ending_is_read_from_the_exit_code_and_the_failure() {
        let ended = |execution: &str| {
            let json = format!(
                r#"{{"id":"gh-1","state":"completed","stateTransitionTime":"2026-11-21T10:00:00Z","executionInfo":{execution}}}"#
            );
            ending(&serde_json::from_str(&json).expect("a task"))
        };
        let rejected = ended(
            r#"{"exitCode":77,"failureInfo":{"category":"usererror","code":"FailureExitCode"}}"#,
        );
        assert_eq!(rejected, Ending::Rejected);
        let terminated = ended(r#"{"failureInfo":{"category":"usererror","code":"TaskEnded"}}"#);
        assert_eq!(terminated, Ending::Terminated);
    }
}
