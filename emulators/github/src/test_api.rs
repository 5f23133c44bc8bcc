//! The test API: changes an emulated GitHub and inspects it, from Rust.
//!
//! `control_port` offers the same as JSON over HTTP.

use chrono::{DateTime, Utc};
use emulator_core::timers;

use crate::error::RunnerError;
use crate::github::GitHub;
use crate::model::app::App;
use crate::model::group::Group;
use crate::model::hook::{Delivery, Owner};
use crate::model::job::{Job, JobStatus, NewJob};
use crate::model::repository::Visibility;
use crate::model::runner::{Message, Runner};
use crate::model::scope::Scope;
use crate::state::State;
use crate::state::rate_limits::Resource;

mod conditions;
pub(crate) mod control_port;
mod others;

impl GitHub {
    /// Adds a repository, unless it exists.
    ///
    /// Requests for unknown repositories, and for organizations without repositories, get 404.
    pub fn add_repository(&self, full_name: &str, visibility: Visibility) {
        self.step(|state, now| state.add_repository(full_name, visibility, now));
    }

    /// Adds a runner group and returns its id; the one in `group` is ignored.
    pub fn add_group(&self, group: Group) -> u64 {
        self.step(|state, _| state.add_group(group))
    }

    /// Registers a GitHub App, and installs it on its accounts.
    pub fn add_app(&self, app: App) {
        self.step(|state, now| state.add_app(app, now));
    }

    /// Removes all App installations from an account.
    pub fn remove_installation(&self, account: &str) {
        self.step(|state, _| state.remove_installation(account));
    }

    /// Revokes the tokens of an account's installations.
    pub fn revoke_tokens(&self, account: &str) {
        self.step(|state, _| state.revoke_tokens(account));
    }

    /// Changes a runner group that was added.
    pub fn change_group(&self, id: u64, change: impl FnOnce(&mut Group)) {
        self.step(|state, _| state.groups.iter_mut().find(|group| group.id == id).map(change));
    }

    /// Adds a webhook for `workflow_job` events, sends it a `ping`, and returns its id.
    pub fn add_hook(&self, url: &str, secret: &str, scope: Scope) -> u64 {
        let target = (url.to_owned(), secret.to_owned());
        self.step(|state, now| state.add_hook(target, Owner::Scope(scope), now))
    }

    /// Adds an App's webhook for `workflow_job` events, sends it a `ping`, and returns its id.
    pub fn add_app_hook(&self, app: u64, url: &str, secret: &str) -> u64 {
        let target = (url.to_owned(), secret.to_owned());
        self.step(|state, now| state.add_hook(target, Owner::App(app), now))
    }

    /// Sets the only webhook of an App, as [`Self::add_app_hook`] does; `None` if there is no such App.
    pub(crate) fn set_app_hook(&self, app: u64, url: &str, secret: &str) -> Option<u64> {
        self.step(|state, _| {
            state.apps.iter().find(|known| known.id == app)?;
            state.hooks.retain(|_, hook| hook.owner != Owner::App(app));
            Some(())
        })?;
        Some(self.add_app_hook(app, url, secret))
    }

    /// Removes all webhooks.
    pub fn remove_hooks(&self) {
        self.step(|state, _| state.hooks.clear());
    }

    /// Changes the secret of every webhook; deliveries that exist keep their signatures.
    pub fn change_hook_secrets(&self, secret: &str) {
        self.step(|state, _| {
            state.hooks.values_mut().for_each(|hook| secret.clone_into(&mut hook.secret));
        });
    }

    /// Queues a job and returns its id; webhooks are sent in the background, in order.
    pub fn queue_job(&self, new: NewJob) -> u64 {
        self.step(|state, now| state.queue_job(new, now))
    }

    /// Approves a gated job; returns whether it was waiting.
    pub fn approve(&self, job: u64) -> bool {
        self.step(|state, now| state.approve(job, now))
    }

    /// Cancels a job; returns false for a completed or unknown job.
    ///
    /// A running job ends when its runner has received the cancellation.
    pub fn cancel_job(&self, job: u64) -> bool {
        self.step(|state, now| state.cancel(job, now))
    }

    /// Runs a completed job again and returns the new job's id; `None` if its run is not completed.
    pub fn rerun(&self, job: u64) -> Option<u64> {
        self.step(|state, now| state.rerun(job, now))
    }

    /// Redelivers the latest `queued` event of a job, with the same GUID, and returns the new deliveries.
    pub fn redeliver(&self, job: u64) -> Vec<u64> {
        self.step(|state, now| state.redeliver_job(job, now))
    }

    /// Changes the source ranges of webhooks in `GET /meta`.
    pub fn publish_hook_ranges(&self, ranges: &[&str]) {
        let ranges = ranges.iter().map(|&range| range.to_owned()).collect();
        self.step(|state, _| state.hook_ranges = ranges);
    }

    /// Adds a release of the runner, which becomes the latest.
    pub fn add_runner_release(&self, version: &str, at: DateTime<Utc>) {
        self.step(|state, _| state.releases.push((version.to_owned(), at)));
    }

    /// Pauses or resumes the assignment of jobs to runners.
    pub fn pause_assignment(&self, paused: bool) {
        self.step(|state, now| state.set_assigning(!paused, now));
    }

    /// Rejects the next poll of any runner for a message; several rejections queue up.
    pub fn reject_message(&self, error: RunnerError) {
        self.step(|state, _| state.rejections.push_back(error));
    }

    /// Ends the session of a runner, which stays registered; returns whether the runner exists.
    pub fn end_session(&self, runner: &str) -> bool {
        self.with_runner(runner, |state, id, now| state.end_session(id, now))
    }

    /// Removes a registration, as an operator does; returns whether the runner existed.
    pub fn remove_runner(&self, runner: &str) -> bool {
        self.with_runner(runner, |state, id, now| state.remove(id, now))
    }

    /// Requests a runner to update itself to a version; returns whether the runner exists.
    pub fn refresh_runner(&self, runner: &str, version: [u32; 3]) -> bool {
        self.with_runner(runner, |state, id, _| state.send(Some(id), Message::Refresh { version }))
    }

    fn with_runner(&self, name: &str, act: impl FnOnce(&mut State, u64, DateTime<Utc>)) -> bool {
        self.step(|state, now| {
            let found = state.registrations.iter().find(|(_, known)| known.runner.name == name);
            let id = found.map(|(id, _)| *id);
            id.map(|id| act(state, id, now)).is_some()
        })
    }

    /// Lists the jobs, oldest first.
    pub fn jobs(&self) -> Vec<Job> {
        self.step(|state, _| state.jobs.values().cloned().collect())
    }

    /// Finds a job.
    pub fn job(&self, id: u64) -> Option<Job> {
        self.step(|state, _| state.jobs.get(&id).cloned())
    }

    /// Lists the registered runners, oldest first.
    pub fn runners(&self) -> Vec<Runner> {
        self.step(|state, _| {
            state.registrations.values().map(|known| known.runner.clone()).collect()
        })
    }

    /// Lists the deliveries, oldest first; pending ones have no outcome yet.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.step(|state, _| state.deliveries.values().cloned().collect())
    }

    /// Returns whether deliveries are pending.
    pub fn has_pending_deliveries(&self) -> bool {
        self.state().has_pending_deliveries()
    }

    /// Counts the user's requests in this hour, without free ones and those to register runners.
    pub fn requests_used(&self) -> u32 {
        self.step(|state, now| state.limits_of("").window(Resource::Core, now).used)
    }

    /// Waits until `check` returns a value.
    pub async fn until<T>(&self, check: impl Fn(&Self) -> Option<T>) -> T {
        timers::until(&self.changed, || check(self)).await
    }

    /// Waits until a job is completed.
    ///
    /// # Panics
    /// There is no such job.
    pub async fn until_completed(&self, job: u64) -> Job {
        self.until(|github| {
            let job = github.job(job).expect("an id that queue_job returned");
            (job.status == JobStatus::Completed).then_some(job)
        })
        .await
    }
}
