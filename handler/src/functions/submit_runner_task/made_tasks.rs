//! Finds the tasks that were made for a job, by their names.

use crate::app::App;
use crate::assignment::{LiveTask, Readiness};
use crate::batch::{BatchError, ListedTask, TaskState};
use crate::batch_job::BatchJobId;
use crate::profiles::Profile;
use crate::repository::Repository;
use crate::task::TaskId;

/// A task that was made for a job.
#[derive(Clone)]
pub(super) struct MadeTask {
    pub(super) batch_job: BatchJobId,
    pub(super) id: TaskId,
    pub(super) state: TaskState,
    pub(super) has_left_queue: bool,
    pub(super) repository: Option<Repository>,
    profile: String,
    pinned: String,
}

impl MadeTask {
    /// Returns the task in a list of a Batch job, if it was made for the job.
    fn of(app: &App, job: u64, batch_job: &BatchJobId, task: &ListedTask) -> Option<Self> {
        // The name `gh-123` begins with `gh-12` as well.
        let id = app.runners.deployment.parse_task(&task.id).filter(|id| id.job == job)?;
        let repository = task.variable("RUNNER_REPOSITORY");
        Some(Self {
            batch_job: batch_job.clone(),
            id,
            state: task.state,
            has_left_queue: task.has_left_queue(),
            repository: repository.and_then(|name| Repository::try_from(name).ok()),
            profile: task.variable("RUNNER_PROFILE").unwrap_or(&batch_job.profile).to_owned(),
            pinned: task.variable("RUNNER_PINNED_LABELS").unwrap_or_default().to_owned(),
        })
    }

    /// Returns the profile of its runner with the pinned labels; `None` if there is no such profile any more.
    pub(super) fn runner(&self, app: &App) -> Option<Profile> {
        let profiles = &app.webhook.policy.profiles;
        let profile = profiles.iter().find(|profile| profile.name == self.profile)?;
        let pinned = self.pinned.split(',').filter(|label| !label.is_empty());
        Some(profile.pinned_to(&pinned.collect::<Vec<_>>()))
    }

    /// Returns the task as one that may cover a job; `None` if it has ended.
    pub(super) fn live_task(&self, app: &App) -> Option<LiveTask> {
        let readiness = match self.state {
            TaskState::Completed => return None,
            TaskState::Active => Readiness::Free,
            _ => Readiness::Claiming,
        };
        Some(LiveTask { id: self.id.clone(), runner: self.runner(app), readiness })
    }

    /// Returns whether its runner may be registered: the task has started and not ended.
    pub(super) fn has_started(&self) -> bool {
        !matches!(self.state, TaskState::Active | TaskState::Completed)
    }
}

/// Lists the tasks that were made for a job, in the wanted Batch jobs.
pub(super) async fn made_for(
    app: &App,
    job: u64,
    wanted: impl Fn(&BatchJobId) -> bool,
) -> Result<Vec<MadeTask>, BatchError> {
    let prefix = app.runners.deployment.task(job, 1).to_string();
    let mut made = Vec::new();
    for (batch_job, _) in app.batch.jobs().await?.into_iter().filter(|(id, _)| wanted(id)) {
        let named = app.batch.tasks_named(&batch_job, &prefix).await?;
        made.extend(named.iter().filter_map(|task| MadeTask::of(app, job, &batch_job, task)));
    }
    Ok(made)
}

/// Returns whether a Batch job other than this one has a task of the id that has not ended: a successor has, if this one
/// was closed and an operator has enabled it again.
pub(super) fn lives_in_another(batch_job: &BatchJobId, id: &TaskId, made: &[MadeTask]) -> bool {
    let mut others = made.iter().filter(|made| made.batch_job != *batch_job && made.id == *id);
    others.any(|made| made.state != TaskState::Completed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::DeploymentName;

    #[test]
    fn a_task_of_the_id_may_live_in_a_successor() {
        let deployment: DeploymentName = "gh".parse().expect("a name");
        let made = |generation, replacement, state| MadeTask {
            batch_job: BatchJobId::new("ubuntu", generation),
            id: deployment.task(1, replacement),
            state,
            has_left_queue: true,
            repository: None,
            profile: "ubuntu".to_owned(),
            pinned: String::new(),
        };
        let (first, id) = (BatchJobId::new("ubuntu", 1), deployment.task(1, 1));
        let ended = made(1, 1, TaskState::Completed);
        let lives = |other: MadeTask| lives_in_another(&first, &id, &[ended.clone(), other]);
        assert!(lives(made(2, 1, TaskState::Active)));
        assert!(!lives(made(2, 1, TaskState::Completed)));
        assert!(!lives(made(2, 2, TaskState::Active)), "another task");
        assert!(!lives(made(1, 1, TaskState::Active)), "the same Batch job");
    }
}
