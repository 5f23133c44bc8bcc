//! Changes of tasks.

use chrono::{DateTime, Utc};

use super::task::Outcome;
use super::{Effect, Job, JobState, State, Task, TaskState, key};
use crate::dto::{NewTask, TaskConstraints, TaskFailure};
use crate::error::ApiError;
use crate::launch::StopRequest;

impl State {
    /// Fails if a job accepts no tasks.
    pub(crate) fn check_accepts_tasks(&self, job: &str) -> Result<(), ApiError> {
        let job = self.job(job)?;
        job.check_not_ending()?;
        let disabled = matches!(job.phase.state, JobState::Disabling | JobState::Disabled);
        if disabled && self.rules.disabled_jobs_reject_tasks {
            return Err(ApiError::job_disabled());
        }
        Ok(())
    }

    /// Adds a task.
    pub(crate) fn add_task(
        &mut self,
        job: &str,
        spec: NewTask,
        now: DateTime<Utc>,
    ) -> Result<&Task, ApiError> {
        self.check_accepts_tasks(job)?;
        let id = key(&spec.id);
        if self.job(job)?.tasks.contains_key(&id) {
            return Err(ApiError::task_exists());
        }
        check_exit_conditions(self.job(job)?, &spec)?;
        let (at, sequence) = (self.stamp(now), self.next());
        let entry = self.job_mut(job)?;
        entry.insert(id.clone(), Task::new(spec, sequence, at));
        entry.change(&id, |_| {});
        self.update_queue_entry(&key(job));
        self.task(job, &id)
    }

    /// Replaces a task's constraints.
    pub(crate) fn update_task(
        &mut self,
        job: &str,
        id: &str,
        constraints: Option<TaskConstraints>,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        self.check_task(job, id)?;
        let at = self.stamp(now);
        self.job_mut(job)?.change(&key(id), |task| {
            task.constraints = constraints;
            task.modified = at;
        });
        Ok(())
    }

    /// Completes a task as ended by the user, and terminates its run.
    pub(crate) fn terminate_task(
        &mut self,
        job: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        self.check_task(job, id)?;
        let at = self.stamp(now);
        let entry = self.job_mut(job)?;
        entry.change(&key(id), |task| task.complete(Outcome::ended_by_user(), at));
        let run = entry.tasks.get(&key(id)).and_then(|task| task.run);
        if let Some(run) = run {
            self.stop(run, StopRequest::Terminate, at);
        }
        self.update_job_state(&key(job), at);
        Ok(())
    }

    /// Makes a failed task active again.
    pub(crate) fn reactivate_task(
        &mut self,
        job: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let task = self.task(job, id)?;
        self.job(job)?.check_not_ending()?;
        if task.phase.state != TaskState::Completed {
            return Err(ApiError::task_not_completed());
        }
        if !task.failed() {
            return Err(ApiError::task_succeeded());
        }
        let at = self.stamp(now);
        self.job_mut(job)?.change(&key(id), |task| task.reactivate(at));
        self.update_job_state(&key(job), at);
        Ok(())
    }

    /// Removes a task from its job and terminates its run, if any.
    pub(crate) fn delete_task(
        &mut self,
        job: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        self.task(job, id)?;
        let at = self.stamp(now);
        let entry = self.job_mut(job)?;
        entry.check_not_deleting()?;
        let pool = key(entry.pool());
        let Some(task) = entry.remove(&key(id)) else { return Ok(()) };
        match (task.run, task.location) {
            (Some(run), _) => self.stop(run, StopRequest::Terminate, at),
            (None, Some(location)) => {
                self.effects.push(Effect::RemoveDirectory(location.directory()))
            }
            (None, None) => {}
        }
        self.count_deleted_pending_tasks(&pool, u64::from(task.phase.state == TaskState::Active));
        self.update_job_state(&key(job), at);
        Ok(())
    }

    /// Counts deleted active tasks as pending, as the service does.
    pub(super) fn count_deleted_pending_tasks(&mut self, pool: &str, count: u64) {
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.deleted_pending_tasks += count;
        }
    }

    /// Fails if a task or its job can no longer change.
    fn check_task(&self, job: &str, id: &str) -> Result<(), ApiError> {
        let task = self.task(job, id)?;
        self.job(job)?.check_not_deleting()?;
        match task.phase.state {
            TaskState::Completed => Err(ApiError::task_completed()),
            TaskState::Active | TaskState::Running => Ok(()),
        }
    }
}

/// Rejects job actions of a task if its job does not allow them.
fn check_exit_conditions(job: &Job, spec: &NewTask) -> Result<(), ApiError> {
    let acts = spec.exit_conditions.as_ref().is_some_and(|conditions| conditions.has_job_action());
    if acts && job.spec.on_task_failure != Some(TaskFailure::PerformExitOptionsJobAction) {
        let reason = "requires onTaskFailure performexitoptionsjobaction on the job";
        return Err(ApiError::invalid_property("exitConditions", "jobAction", reason));
    }
    Ok(())
}
