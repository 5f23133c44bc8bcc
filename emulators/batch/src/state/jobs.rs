//! Changes of jobs.

use chrono::{DateTime, Utc};

use super::task::{Outcome, Requeue};
use super::timers::Timer;
use super::{Effect, Job, JobState, State, key};
use crate::dto::{AllTasksComplete, DisableTasks, JobPatch, NewJob, Timestamp};
use crate::error::ApiError;
use crate::launch::StopRequest;

impl State {
    /// Adds a job. Its pool need not exist.
    pub(crate) fn add_job(&mut self, spec: NewJob, now: DateTime<Utc>) -> Result<(), ApiError> {
        let id = key(&spec.id);
        if self.jobs.contains_key(&id) {
            return Err(ApiError::job_exists());
        }
        let over =
            |job: &&Job| !matches!(job.phase.state, JobState::Completed | JobState::Deleting);
        if self.jobs.values().filter(over).count() >= self.rules.quota.active_jobs {
            return Err(ApiError::active_job_quota_reached());
        }
        let at = self.stamp(now);
        self.jobs.insert(id.clone(), Job::new(spec, at));
        self.start_job_timer(&id);
        self.update_job_state(&id, at);
        Ok(())
    }

    /// Applies a patch.
    pub(crate) fn update_job(
        &mut self,
        id: &str,
        patch: JobPatch,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let job = self.job_mut(id)?;
        job.check_not_ending()?;
        check_patch(job, &patch)?;
        let spec = &mut job.spec;
        replace(&mut spec.priority, patch.priority);
        replace(&mut spec.max_parallel_tasks, patch.max_parallel_tasks);
        replace(&mut spec.constraints, patch.constraints);
        replace(&mut spec.on_all_tasks_complete, patch.on_all_tasks_complete);
        replace(&mut spec.metadata, patch.metadata);
        if let Some(pool) = patch.pool_info {
            spec.pool_info = pool;
        }
        job.modified = at;
        self.start_job_timer(&key(id));
        self.update_job_state(&key(id), at);
        Ok(())
    }

    /// Disables a job: no task starts, and running tasks are handled as requested.
    pub(crate) fn disable_job(
        &mut self,
        id: &str,
        tasks: DisableTasks,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let job = self.job_mut(id)?;
        job.check_not_ending()?;
        if job.phase.state == JobState::Disabled {
            return Ok(());
        }
        self.disable(&key(id), tasks, at);
        Ok(())
    }

    pub(super) fn disable(&mut self, id: &str, tasks: DisableTasks, at: Timestamp) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.enter(JobState::Disabling, at);
        for run in job.runs.clone() {
            match tasks {
                DisableTasks::Requeue => {
                    self.requeue_run(run, Requeue::Requested, StopRequest::Terminate, at)
                }
                DisableTasks::Terminate => self.end_run(run, at),
                DisableTasks::Wait => {}
            }
        }
        self.update_job_state(id, at);
    }

    /// Enables a job: its tasks can start again.
    pub(crate) fn enable_job(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let rejects = self.rules.disabling_jobs_reject_enable;
        let job = self.job_mut(id)?;
        job.check_not_ending()?;
        if rejects && job.phase.state == JobState::Disabling {
            return Err(ApiError::wrong_state());
        }
        if job.phase.state != JobState::Active {
            job.enter(JobState::Active, at);
        }
        self.update_job_state(&key(id), at);
        Ok(())
    }

    /// Terminates a job and its running tasks. Its active tasks remain as they are and never run.
    pub(crate) fn terminate_job(
        &mut self,
        id: &str,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let at = self.stamp(now);
        self.job(id)?.check_not_ending()?;
        let reason = reason.unwrap_or_else(|| "UserTerminate".to_owned());
        self.terminate(&key(id), &reason, at);
        Ok(())
    }

    /// Deletes a job with its tasks, after the running ones have stopped.
    pub(crate) fn delete_job(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
        let at = self.stamp(now);
        let job = self.job_mut(id)?;
        job.check_not_deleting()?;
        job.enter(JobState::Deleting, at);
        for run in job.runs.clone() {
            self.end_run(run, at);
        }
        self.update_job_state(&key(id), at);
        Ok(())
    }

    pub(super) fn terminate(&mut self, id: &str, reason: &str, at: Timestamp) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.enter(JobState::Terminating, at);
        job.terminate_reason = Some(reason.to_owned());
        for run in job.runs.clone() {
            self.end_run(run, at);
        }
        self.update_job_state(id, at);
    }

    /// Completes the task of a run as ended by the user, and terminates the run.
    pub(super) fn end_run(&mut self, run: super::RunId, at: Timestamp) {
        let Some((job, task)) = self.task_of(run) else { return };
        if let Some(job) = self.jobs.get_mut(&job) {
            job.change(&task, |task| task.complete(Outcome::ended_by_user(), at));
        }
        self.stop(run, StopRequest::Terminate, at);
    }

    /// Terminates a job that exceeds its maximum wall clock time.
    pub(super) fn time_out_job(&mut self, id: &str, due: Timestamp) {
        let at = self.stamp(due.to_utc());
        if self
            .jobs
            .get(id)
            .is_some_and(|job| job.due == Some(due) && job.check_not_ending().is_ok())
        {
            self.terminate(id, "MaxWallClockTimeExpiry", at);
        }
    }

    /// Advances a job's state: leaves a transitional state, terminates a job whose tasks are
    /// complete, and updates its queue entry.
    pub(super) fn update_job_state(&mut self, id: &str, at: Timestamp) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let idle = job.runs.is_empty();
        match job.phase.state {
            JobState::Disabling if idle => job.enter(JobState::Disabled, at),
            JobState::Terminating if idle => {
                job.enter(JobState::Completed, at);
                job.ended = Some(at);
            }
            JobState::Deleting if idle => return self.drop_job(id),
            JobState::Active if job.is_done() => return self.terminate(id, "AllTasksComplete", at),
            _ => {}
        }
        self.update_queue_entry(id);
    }

    fn drop_job(&mut self, id: &str) {
        self.remove_from_queue(id);
        let Some(job) = self.jobs.remove(id) else { return };
        self.count_deleted_pending_tasks(&key(job.pool()), job.tally.active.tasks);
        let locations = job.tasks.into_values().filter_map(|task| task.location);
        self.effects
            .extend(locations.map(|location| Effect::RemoveDirectory(location.directory())));
    }

    /// Sets the timer of a job's maximum wall clock time.
    fn start_job_timer(&mut self, id: &str) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let due = job.created.after(job.wall_clock());
        let entry = |due| (due, Timer::JobTimeLimit(id.to_owned()));
        if let Some(old) = std::mem::replace(&mut job.due, due) {
            self.timers.remove(&entry(old));
        }
        self.timers.extend(due.map(entry));
    }
}

fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

fn check_patch(job: &Job, patch: &JobPatch) -> Result<(), ApiError> {
    if patch.pool_info.is_some() && job.phase.state != JobState::Disabled {
        return Err(ApiError::wrong_state());
    }
    let ends = job.spec.on_all_tasks_complete == Some(AllTasksComplete::TerminateJob);
    if ends && patch.on_all_tasks_complete == Some(AllTasksComplete::NoAction) {
        let reason = "automatic termination cannot be turned off again";
        return Err(ApiError::invalid_property("onAllTasksComplete", "noaction", reason));
    }
    Ok(())
}
