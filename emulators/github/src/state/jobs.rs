//! Leads jobs from the queue to their conclusion.

use chrono::{DateTime, Utc};
use rand::Rng;

use crate::job::{Conclusion, Gate, Job, JobStatus, NewJob, Report, ServingRunner};
use crate::registration::Message;
use crate::run::Run;
use emulator_core::events::EventKind;

use super::{State, next};

impl State {
    /// Queues a job, and tells the hooks.
    pub(crate) fn queue(&mut self, order: NewJob, now: DateTime<Utc>) -> u64 {
        let run = order.run.unwrap_or_else(|| next(&mut self.numbers.run));
        let gated = order.gate != Gate::None;
        let job = Job {
            id: next(&mut self.numbers.job),
            run,
            attempt: self.jobs_of(run).map(|job| job.attempt).max().unwrap_or(1),
            repository: self.add_repository(&order.repository, order.visibility, now),
            labels: order.labels,
            group: order.group,
            gate: order.gate,
            status: if gated { JobStatus::Waiting } else { JobStatus::Queued },
            conclusion: None,
            created_at: now,
            started_at: None,
            completed_at: None,
            runner: None,
            assignments: 0,
            runs_for: order.runs_for,
            script: order.script,
            pre: order.pre,
            always: order.always,
            set_up_fails: order.set_up_fails,
            silent: order.silent,
            steps: Vec::new(),
            annotations: Vec::new(),
            zeroed: false,
            cancelling: false,
        };
        self.enter(job, now)
    }

    /// Runs a completed job again, as a new job of the run's next attempt; `None` where its run has not ended.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#re-run-a-job-from-a-workflow-run> refuses that.
    pub(crate) fn rerun(&mut self, id: u64, now: DateTime<Utc>) -> Option<u64> {
        let done = self.jobs.get(&id)?.clone();
        if self.jobs_of(done.run).any(|job| job.status != JobStatus::Completed) {
            return None;
        }
        let again = Job {
            id: next(&mut self.numbers.job),
            attempt: done.attempt + 1,
            status: if done.gate == Gate::None { JobStatus::Queued } else { JobStatus::Waiting },
            conclusion: None,
            created_at: now,
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
        Some(self.enter(again, now))
    }

    fn enter(&mut self, job: Job, now: DateTime<Utc>) -> u64 {
        let (id, gate) = (job.id, job.gate);
        self.jobs_by_run.entry(job.run).or_default().push(id);
        self.jobs.insert(id, job);
        match gate {
            Gate::None => {
                self.announce(id, "queued", JobStatus::Queued, now);
                self.seek_runner(id, now);
            }
            Gate::WaitingFirst => {
                self.announce(id, "queued", JobStatus::Waiting, now);
                self.announce(id, "waiting", JobStatus::Waiting, now);
            }
            Gate::QueuedThenGated => self.announce(id, "queued", JobStatus::Queued, now),
        }
        id
    }

    /// Opens the gate before a job; tells whether it waited.
    pub(crate) fn approve(&mut self, id: u64, now: DateTime<Utc>) -> bool {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.status == JobStatus::Waiting)
        else {
            return false;
        };
        job.status = JobStatus::Queued;
        self.announce(id, "queued", JobStatus::Queued, now);
        self.seek_runner(id, now);
        true
    }

    /// Cancels a job: at once before it runs, by way of its runner while it runs. Tells whether there
    /// was something to cancel.
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

    /// Starts a job on the runner that accepts it. A repeated acceptance, after a lost answer, starts
    /// nothing new; `None` where the job is not that runner's any more.
    pub(crate) fn accept(&mut self, runner: u64, id: u64, now: DateTime<Utc>) -> Option<Job> {
        if self.offered.get(&id) == Some(&runner) {
            self.offered.remove(&id);
            let serving = self.serving(runner)?;
            let name = serving.name.clone();
            let job = self.jobs.get_mut(&id)?;
            job.status = JobStatus::InProgress;
            job.started_at = Some(now);
            job.runner = Some(serving);
            self.happened.push(EventKind::JobStarted { job: id, runner: name });
            self.announce(id, "in_progress", JobStatus::InProgress, now);
        }
        self.jobs.get(&id).filter(|job| job.is_served_by(runner)).cloned()
    }

    /// Returns whether a job is still a runner's own, accepted or not.
    pub(crate) fn has_job(&self, runner: u64, id: u64) -> bool {
        let offered = self.offered.get(&id) == Some(&runner);
        offered || self.jobs.get(&id).is_some_and(|job| job.is_served_by(runner))
    }

    /// Ends a job as its runner reports it; tells whether the job was that runner's to end.
    pub(crate) fn conclude(
        &mut self,
        runner: u64,
        id: u64,
        report: Report,
        now: DateTime<Utc>,
    ) -> bool {
        let job = self.jobs.get_mut(&id).filter(|job| job.is_served_by(runner));
        let Some(job) = job else { return false };
        (job.steps, job.annotations) = (report.steps, report.annotations);
        self.complete(id, report.conclusion, now);
        self.dismiss(runner, now);
        true
    }

    pub(super) fn complete(&mut self, id: u64, conclusion: Conclusion, now: DateTime<Utc>) {
        let zeroed = self.dice.random();
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let conclusion = if job.cancelling { Conclusion::Cancelled } else { conclusion };
        job.status = JobStatus::Completed;
        job.conclusion = Some(conclusion);
        job.completed_at = Some(now);
        job.zeroed = zeroed;
        self.happened.push(EventKind::JobDone { job: id, conclusion: conclusion.as_str() });
        self.announce(id, "completed", JobStatus::Completed, now);
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

    fn serving(&self, id: u64) -> Option<ServingRunner> {
        let runner = &self.registrations.get(&id)?.runner;
        let group = self.group(&runner.scope, runner.group)?;
        let name = runner.name.clone();
        Some(ServingRunner { id, name, group_id: group.id, group_name: group.name })
    }
}

impl Job {
    fn is_served_by(&self, runner: u64) -> bool {
        self.status == JobStatus::InProgress
            && self.runner.as_ref().is_some_and(|serving| serving.id == runner)
    }
}
