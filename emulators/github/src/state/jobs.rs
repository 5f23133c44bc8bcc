//! The life of a job, from the queue to its conclusion.

use chrono::{DateTime, Utc};
use rand::Rng;

use emulator_core::events::EventKind;

use super::timers::time_delta;
use super::{State, next};
use crate::model::job::{Conclusion, Gate, Job, JobStatus, NewJob, Report, ServingRunner};
use crate::model::run::Run;
use crate::model::runner::Message;

impl State {
    /// Queues a job, and sends its webhooks.
    pub(crate) fn queue_job(&mut self, new: NewJob, now: DateTime<Utc>) -> u64 {
        let run = new.run.unwrap_or_else(|| next(&mut self.ids.run));
        let gated = new.gate != Gate::None;
        let job = Job {
            id: next(&mut self.ids.job),
            run,
            attempt: self.jobs_of(run).map(|job| job.attempt).max().unwrap_or(1),
            repository: self.add_repository(&new.repository, new.visibility, now),
            labels: new.labels,
            group: new.group,
            gate: new.gate,
            status: if gated { JobStatus::Waiting } else { JobStatus::Queued },
            conclusion: None,
            created_at: new.stuck_for.map_or(now, |age| now - time_delta(age)),
            approved_at: None,
            started_at: None,
            completed_at: None,
            runner: None,
            assignments: 0,
            runs_for: new.runs_for,
            script: new.script,
            pre: new.pre,
            always: new.always,
            set_up_fails: new.set_up_fails,
            silent: new.silent,
            hosted_after: new.hosted_after,
            stuck: new.stuck_for.is_some(),
            nulls: new.nulls,
            steps: Vec::new(),
            annotations: Vec::new(),
            zeroed: false,
            cancelling: false,
        };
        self.add_job(job, now)
    }

    /// Runs a completed job again, as a new job of the run's next attempt; `None` if the run is not completed.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#re-run-a-job-from-a-workflow-run> rejects that.
    pub(crate) fn rerun(&mut self, id: u64, now: DateTime<Utc>) -> Option<u64> {
        let done = self.jobs.get(&id)?.clone();
        if self.jobs_of(done.run).any(|job| job.status != JobStatus::Completed) {
            return None;
        }
        let again = Job {
            id: next(&mut self.ids.job),
            attempt: done.attempt + 1,
            status: if done.gate == Gate::None { JobStatus::Queued } else { JobStatus::Waiting },
            conclusion: None,
            created_at: now,
            approved_at: None,
            started_at: None,
            completed_at: None,
            runner: None,
            assignments: 0,
            steps: Vec::new(),
            annotations: Vec::new(),
            zeroed: false,
            cancelling: false,
            ..done
        };
        Some(self.add_job(again, now))
    }

    fn add_job(&mut self, job: Job, now: DateTime<Utc>) -> u64 {
        let (id, gate) = (job.id, job.gate);
        self.jobs_by_run.entry(job.run).or_default().push(id);
        self.jobs.insert(id, job);
        match gate {
            Gate::None => {
                self.send_job_event(id, "queued", JobStatus::Queued, now);
                self.enqueue_job(id, now);
            }
            Gate::WaitingFirst => {
                self.send_job_event(id, "queued", JobStatus::Waiting, now);
                self.send_job_event(id, "waiting", JobStatus::Waiting, now);
            }
            Gate::QueuedThenGated => self.send_job_event(id, "queued", JobStatus::Queued, now),
        }
        id
    }

    /// Approves a gated job; returns whether it was waiting.
    pub(crate) fn approve(&mut self, id: u64, now: DateTime<Utc>) -> bool {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.status == JobStatus::Waiting)
        else {
            return false;
        };
        job.status = JobStatus::Queued;
        job.approved_at = Some(now);
        self.send_job_event(id, "queued", JobStatus::Queued, now);
        self.enqueue_job(id, now);
        true
    }

    /// Cancels a job: immediately before it runs, through its runner while it runs. Returns false for a
    /// completed or unknown job.
    pub(crate) fn cancel(&mut self, id: u64, now: DateTime<Utc>) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        match job.status {
            JobStatus::Completed => return false,
            JobStatus::InProgress => {
                job.cancelling = true;
                let runner = job.runner.as_ref().map(|runner| runner.id);
                self.send(runner, Message::Cancel { job: id });
            }
            JobStatus::Waiting | JobStatus::Queued => {
                self.withdraw(id, now);
                self.complete(id, Conclusion::Cancelled, now);
            }
        }
        true
    }

    /// Starts a job on the runner that accepts it. A repeated acceptance, after a lost response, changes
    /// nothing. Returns `None` if the job is no longer assigned to the runner.
    pub(crate) fn accept(&mut self, runner: u64, id: u64, now: DateTime<Utc>) -> Option<Job> {
        if self.offered.get(&id) == Some(&runner) {
            self.offered.remove(&id);
            let serving = self.serving_runner(runner)?;
            let name = serving.name.clone();
            let job = self.jobs.get_mut(&id)?;
            job.status = JobStatus::InProgress;
            job.started_at = Some(now);
            job.runner = Some(serving);
            self.events.push(EventKind::JobStarted { job: id, runner: name });
            self.send_job_event(id, "in_progress", JobStatus::InProgress, now);
        }
        self.jobs.get(&id).filter(|job| job.runs_on(runner)).cloned()
    }

    /// Returns whether a job is still assigned to a runner, accepted or not.
    pub(crate) fn has_job(&self, runner: u64, id: u64) -> bool {
        let offered = self.offered.get(&id) == Some(&runner);
        offered || self.jobs.get(&id).is_some_and(|job| job.runs_on(runner))
    }

    /// Completes a job with its runner's report; returns false if the job does not run on that runner.
    pub(crate) fn report(
        &mut self,
        runner: u64,
        id: u64,
        report: Report,
        now: DateTime<Utc>,
    ) -> bool {
        let job = self.jobs.get_mut(&id).filter(|job| job.runs_on(runner));
        let Some(job) = job else { return false };
        (job.steps, job.annotations) = (report.steps, report.annotations);
        self.complete(id, report.conclusion, now);
        self.finish_job(runner, now);
        true
    }

    pub(super) fn complete(&mut self, id: u64, conclusion: Conclusion, now: DateTime<Utc>) {
        let zeroed = self.rng.random();
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let conclusion = if job.cancelling { Conclusion::Cancelled } else { conclusion };
        job.status = JobStatus::Completed;
        job.conclusion = Some(conclusion);
        job.completed_at = Some(now);
        job.zeroed = zeroed;
        self.events.push(EventKind::JobDone { job: id, conclusion: conclusion.as_str() });
        self.send_job_event(id, "completed", JobStatus::Completed, now);
    }

    /// Lists the jobs of a run, of all its attempts.
    pub(crate) fn jobs_of(&self, run: u64) -> impl Iterator<Item = &Job> {
        self.jobs_by_run.get(&run).into_iter().flatten().map(|job| &self.jobs[job])
    }

    /// Lists the runs, oldest first.
    pub(crate) fn runs(&self) -> impl DoubleEndedIterator<Item = Run<'_>> {
        let jobs = |ids: &Vec<u64>| ids.iter().map(|id| &self.jobs[id]).collect::<Vec<&Job>>();
        self.jobs_by_run.values().filter_map(move |ids| Run::of(&jobs(ids)))
    }

    fn serving_runner(&self, id: u64) -> Option<ServingRunner> {
        let runner = &self.registrations.get(&id)?.runner;
        let group = self.group(&runner.scope, runner.group)?;
        let name = runner.name.clone();
        Some(ServingRunner { id, name, group_id: group.id, group_name: group.name })
    }
}
