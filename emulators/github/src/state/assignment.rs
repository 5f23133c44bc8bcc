//! Brings queued jobs and idle runners together, as GitHub does: by labels and group, and by nothing else.
//!
//! Nothing binds a runner to the job that it was made for. Which of several jobs a runner gets, and
//! which of several runners a job gets, is drawn by lot; so runners are stolen here as they are there.

use chrono::{DateTime, Utc};

use crate::job::Job;
use crate::registration::{Message, Registration};

use super::State;

impl State {
    /// Puts a job into the queue, and gives it to an idle runner if there is one for it.
    pub(super) fn seek_runner(&mut self, job: u64, now: DateTime<Utc>) {
        self.unassigned.insert(job);
        self.expect_service(job, now);
        self.offer(job, now);
    }

    /// Marks a runner as idle, and gives it a queued job if there is one for it.
    pub(super) fn seek_job(&mut self, runner: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.get_mut(&runner) else { return };
        known.idle_since = Some(now);
        self.idle.insert(runner);
        self.limit_idling(runner, now);
        let known = &self.registrations[&runner];
        let fitting = |job: &&u64| self.fits(&self.jobs[*job], known);
        let jobs: Vec<u64> = self.unassigned.iter().filter(fitting).copied().collect();
        if let Some(job) = self.choose(&jobs).filter(|_| self.assigning) {
            self.assign(job, runner, now);
        }
    }

    /// Holds back assignment, or takes it up again.
    pub(crate) fn set_assigning(&mut self, assigning: bool, now: DateTime<Utc>) {
        self.assigning = assigning;
        for job in self.unassigned.clone() {
            self.offer(job, now);
        }
    }

    /// Takes a job back from a runner that did not accept it in time, and queues it again.
    pub(super) fn requeue(&mut self, job: u64, now: DateTime<Utc>) {
        self.withdraw(job, now);
        self.unassigned.insert(job);
        self.offer(job, now);
    }

    /// Takes a job out of the queue, and from the runner that has not accepted it.
    pub(super) fn withdraw(&mut self, job: u64, now: DateTime<Utc>) {
        self.unassigned.remove(&job);
        if let Some(runner) = self.offered.remove(&job) {
            if let Some(session) =
                self.registrations.get_mut(&runner).and_then(|known| known.session.as_mut())
            {
                session.inbox.retain(|(_, message)| *message != Message::Job { job });
            }
            self.release(runner, now);
        }
    }

    /// Lets a runner go after its job: for good if it is ephemeral.
    pub(super) fn dismiss(&mut self, runner: u64, now: DateTime<Utc>) {
        let ephemeral = self.registrations.get(&runner).is_some_and(|known| known.runner.ephemeral);
        if ephemeral { self.remove(runner, now) } else { self.release(runner, now) }
    }

    /// Frees a runner of its job.
    pub(super) fn release(&mut self, runner: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.get_mut(&runner) else { return };
        known.job = None;
        known.runner.busy = false;
        if known.session.is_some() {
            self.seek_job(runner, now);
        }
    }

    /// Sends a message to a runner, if it has a session.
    pub(crate) fn send(&mut self, runner: Option<u64>, message: Message) {
        let known = runner.and_then(|runner| self.registrations.get_mut(&runner));
        if let Some(session) = known.and_then(|known| known.session.as_mut()) {
            session.send(message);
        }
    }

    fn offer(&mut self, job: u64, now: DateTime<Utc>) {
        let wanted = &self.jobs[&job];
        let fitting = |runner: &&u64| self.fits(wanted, &self.registrations[*runner]);
        let runners: Vec<u64> = self.idle.iter().filter(fitting).copied().collect();
        if let Some(runner) = self.choose(&runners).filter(|_| self.assigning) {
            self.assign(job, runner, now);
        }
    }

    fn assign(&mut self, job: u64, runner: u64, now: DateTime<Utc>) {
        self.unassigned.remove(&job);
        self.idle.remove(&runner);
        self.offered.insert(job, runner);
        self.expect_acceptance(job, runner, now);
        if let Some(job) = self.jobs.get_mut(&job) {
            job.assignments += 1;
        }
        if let Some(known) = self.registrations.get_mut(&runner) {
            known.idle_since = None;
            known.job = Some(job);
            known.runner.busy = true;
        }
        self.send(Some(runner), Message::Job { job });
    }

    fn fits(&self, job: &Job, registration: &Registration) -> bool {
        let runner = &registration.runner;
        let has = |label: &String| runner.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        if !job.labels.iter().all(has) {
            return false;
        }
        let Some(repository) = self.repository(&job.repository) else { return false };
        let Some(group) = self.group(&runner.scope, runner.group) else { return false };
        runner.scope.covers(repository)
            && group.admits(repository)
            && job.group.as_ref().is_none_or(|name| group.name.eq_ignore_ascii_case(name))
    }
}
