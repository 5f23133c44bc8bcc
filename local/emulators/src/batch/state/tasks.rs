//! What clients do with tasks.

use chrono::{DateTime, Utc};

use super::task::Outcome;
use super::{JobState, Order, State, Task, TaskState, key};
use crate::batch::failure::Failure;
use crate::batch::launch::Ask;
use crate::batch::wire::{NewTask, TaskConstraints};

impl State {
    /// Fails where a job takes no tasks.
    pub(crate) fn check_takes_tasks(&self, job: &str) -> Result<(), Failure> {
        let job = self.job(job)?;
        job.check_alive()?;
        let disabled = matches!(job.phase.state, JobState::Disabling | JobState::Disabled);
        if disabled && self.disabled_jobs_refuse_tasks {
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
        self.orders.extend(run.map(|run| Order::Stop(run, Ask::End)));
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
        let entry = self.job_mut(job)?;
        entry.check_kept()?;
        if let Some(task) = entry.remove(&key(id)) {
            let order = match (task.run, task.place) {
                (Some(run), _) => Some(Order::Stop(run, Ask::End)),
                (None, place) => place.map(Order::Forget),
            };
            self.orders.extend(order);
        }
        let at = self.stamp(now);
        self.settle(&key(job), at);
        Ok(())
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
