//! What clients do with tasks.

use chrono::{DateTime, Utc};

use super::task::Outcome;
use super::{Job, JobState, Order, State, Task, TaskState, key};
use crate::failure::Failure;
use crate::launch::Ask;
use crate::wire::{NewTask, TaskConstraints, TaskFailure};

impl State {
    /// Fails where a job takes no tasks.
    pub(crate) fn check_takes_tasks(&self, job: &str) -> Result<(), Failure> {
        let job = self.job(job)?;
        job.check_alive()?;
        let disabled = matches!(job.phase.state, JobState::Disabling | JobState::Disabled);
        if disabled && self.rules.disabled_jobs_refuse_tasks {
            return Err(Failure::job_disabled());
        }
        Ok(())
    }

    /// Adds a task.
    pub(crate) fn add_task(
        &mut self,
        job: &str,
        spec: NewTask,
        now: DateTime<Utc>,
    ) -> Result<&Task, Failure> {
        self.check_takes_tasks(job)?;
        let id = key(&spec.id);
        if self.job(job)?.tasks.contains_key(&id) {
            return Err(Failure::task_exists());
        }
        check_exit_conditions(self.job(job)?, &spec)?;
        let (at, sequence) = (self.stamp(now), self.next());
        let entry = self.job_mut(job)?;
        entry.insert(id.clone(), Task::new(spec, sequence, at));
        entry.change(&id, |_| {});
        self.take_turn(&key(job));
        self.task(job, &id)
    }

    /// Replaces a task's constraints.
    pub(crate) fn update_task(
        &mut self,
        job: &str,
        id: &str,
        constraints: Option<TaskConstraints>,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        self.check_task(job, id)?;
        let at = self.stamp(now);
        self.job_mut(job)?.change(&key(id), |task| {
            task.constraints = constraints;
            task.modified = at;
        });
        Ok(())
    }

    /// Completes a task that has not ended by itself, and asks its run to end.
    pub(crate) fn terminate_task(
        &mut self,
        job: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        self.check_task(job, id)?;
        let at = self.stamp(now);
        let entry = self.job_mut(job)?;
        entry.change(&key(id), |task| task.complete(Outcome::ended_by_user(), at));
        let run = entry.tasks.get(&key(id)).and_then(|task| task.run);
        if let Some(run) = run {
            self.stop(run, Ask::End, at);
        }
        self.settle(&key(job), at);
        Ok(())
    }

    /// Lets a task that failed for good run again.
    pub(crate) fn reactivate_task(
        &mut self,
        job: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let task = self.task(job, id)?;
        self.job(job)?.check_alive()?;
        if task.phase.state != TaskState::Completed {
            return Err(Failure::task_not_completed());
        }
        if !task.failed() {
            return Err(Failure::task_succeeded());
        }
        let at = self.stamp(now);
        self.job_mut(job)?.change(&key(id), |task| task.reactivate(at));
        self.settle(&key(job), at);
        Ok(())
    }

    /// Takes a task out of its job; its run, if any, is asked to end.
    pub(crate) fn delete_task(
        &mut self,
        job: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        self.task(job, id)?;
        let at = self.stamp(now);
        let entry = self.job_mut(job)?;
        entry.check_kept()?;
        let pool = key(entry.pool());
        let Some(task) = entry.remove(&key(id)) else { return Ok(()) };
        match (task.run, task.place) {
            (Some(run), _) => self.stop(run, Ask::End, at),
            (None, Some(place)) => self.orders.push(Order::Forget(place.directory())),
            (None, None) => {}
        }
        self.leave_ghosts(&pool, u64::from(task.phase.state == TaskState::Active));
        self.settle(&key(job), at);
        Ok(())
    }

    /// Lets waiting tasks that were deleted count as pending, as the service does.
    pub(super) fn leave_ghosts(&mut self, pool: &str, count: u64) {
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.ghosts += count;
        }
    }

    /// Fails where a task, or its job, can no longer change.
    fn check_task(&self, job: &str, id: &str) -> Result<(), Failure> {
        let task = self.task(job, id)?;
        self.job(job)?.check_kept()?;
        match task.phase.state {
            TaskState::Completed => Err(Failure::task_completed()),
            TaskState::Active | TaskState::Running => Ok(()),
        }
    }
}

/// Refuses what a task asks to be done to its job where the job lets no task do anything to it.
fn check_exit_conditions(job: &Job, spec: &NewTask) -> Result<(), Failure> {
    let acts = spec.exit_conditions.as_ref().is_some_and(|conditions| conditions.act_on_the_job());
    if acts && job.spec.on_task_failure != Some(TaskFailure::PerformExitOptionsJobAction) {
        let reason = "a job action needs a job whose onTaskFailure is performexitoptionsjobaction";
        return Err(Failure::invalid_property("exitConditions", "jobAction", reason));
    }
    Ok(())
}
