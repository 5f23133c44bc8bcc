//! Assignment of queued jobs to idle runners by labels and group only, as on GitHub.
//!
//! No runner is bound to the job it was created for. If several jobs match a runner, or several runners match
//! a job, one is chosen at random; so the emulator gives runners to other jobs, as GitHub does.

use chrono::{DateTime, Utc};

use super::State;
use crate::dto;
use crate::model::job::Job;
use crate::model::runner::{Message, Registration};

impl State {
    /// Queues a job for assignment, and assigns it if an idle runner matches.
    pub(super) fn enqueue_job(&mut self, job: u64, now: DateTime<Utc>) {
        if self.jobs.get(&job).is_some_and(|job| job.stuck) {
            return;
        }
        self.unassigned.insert(job);
        self.start_queue_timer(job, now);
        self.start_hosted_timer(job, now);
        self.try_assign(job, now);
    }

    /// Marks a runner as idle, and assigns it a queued job if one matches.
    pub(super) fn set_idle(&mut self, runner: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.get_mut(&runner) else { return };
        known.idle_since = Some(now);
        self.idle.insert(runner);
        self.start_idle_timer(runner, now);
        let known = &self.registrations[&runner];
        let matching = |job: &&u64| self.matches(&self.jobs[*job], known);
        let jobs: Vec<u64> = self.unassigned.iter().filter(matching).copied().collect();
        if let Some(job) = self.choose(&jobs).filter(|_| self.assigning) {
            self.assign(job, runner, now);
        }
    }

    /// Pauses or resumes assignment.
    pub(crate) fn set_assigning(&mut self, assigning: bool, now: DateTime<Utc>) {
        self.assigning = assigning;
        for job in self.unassigned.clone() {
            self.try_assign(job, now);
        }
    }

    /// Withdraws a job from a runner that did not accept it in time, and queues it again.
    pub(super) fn requeue(&mut self, job: u64, now: DateTime<Utc>) {
        self.withdraw(job, now);
        self.unassigned.insert(job);
        self.try_assign(job, now);
    }

    /// Removes a job from the queue, and from the runner that has not accepted it yet.
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

    /// Releases a runner after its job; an ephemeral runner is removed.
    pub(super) fn finish_job(&mut self, runner: u64, now: DateTime<Utc>) {
        let ephemeral = self.registrations.get(&runner).is_some_and(|known| known.runner.ephemeral);
        if ephemeral { self.remove(runner, now) } else { self.release(runner, now) }
    }

    /// Releases a runner from its job.
    fn release(&mut self, runner: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.get_mut(&runner) else { return };
        known.job = None;
        known.runner.busy = false;
        if known.session.is_some() {
            self.set_idle(runner, now);
        }
    }

    /// Returns whether jobs are assigned to runners.
    pub(super) fn is_assigning(&self) -> bool {
        self.assigning
    }

    fn try_assign(&mut self, job: u64, now: DateTime<Utc>) {
        let wanted = &self.jobs[&job];
        let matching = |runner: &&u64| self.matches(wanted, &self.registrations[*runner]);
        let runners: Vec<u64> = self.idle.iter().filter(matching).copied().collect();
        if let Some(runner) = self.choose(&runners).filter(|_| self.assigning) {
            self.assign(job, runner, now);
        }
    }

    fn assign(&mut self, job: u64, runner: u64, now: DateTime<Utc>) {
        self.unassigned.remove(&job);
        self.idle.remove(&runner);
        self.offered.insert(job, runner);
        self.start_acceptance_timer(job, runner, now);
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

    fn matches(&self, job: &Job, registration: &Registration) -> bool {
        let runner = &registration.runner;
        let has = |label: &String| runner.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        if !job.labels.iter().all(has) {
            return false;
        }
        let Some(repository) = self.repository(&job.repository) else { return false };
        let Some(group) = self.group(&runner.scope, runner.group) else { return false };
        let workflow = || dto::job::workflow_of(job);
        let restriction = self.group_workflows.get(&group.id);
        runner.scope.covers(repository)
            && group.allows(repository)
            && restriction.is_none_or(|workflows| workflows.contains(&workflow()))
            && job.group.as_ref().is_none_or(|name| group.name.eq_ignore_ascii_case(name))
    }
}
