//! What may be done to an emulated GitHub, and seen of it, from Rust.

use std::pin::pin;

use chrono::{DateTime, Utc};

use super::GitHub;
use super::app::App;
use super::group::Group;
use super::hook::{Delivery, Owner};
use super::job::{Job, JobStatus, NewJob};
use super::rate::Resource;
use super::refusals::RunnerError;
use super::registration::{Message, Runner};
use super::repository::Visibility;
use super::scope::Scope;
use super::state::State;

impl GitHub {
    /// Adds a repository, where there is none of that name.
    ///
    /// What belongs to no known repository, or to no known organization, is not found.
    pub fn add_repository(&self, full_name: &str, visibility: Visibility) {
        self.step(|state, now| state.add_repository(full_name, visibility, now));
    }

    /// Adds a runner group, and gives its number; the one in `group` is not used.
    pub fn add_group(&self, group: Group) -> u64 {
        self.step(|state, _| state.add_group(group))
    }

    /// Registers a GitHub App, and installs it on its accounts.
    pub fn add_app(&self, app: App) {
        self.step(|state, now| state.add_app(app, now));
    }

    /// Takes all Apps away from an account.
    pub fn remove_installation(&self, account: &str) {
        self.step(|state, _| state.remove_installation(account));
    }

    /// Makes the tokens of an account's installations invalid before their time.
    pub fn revoke_tokens(&self, account: &str) {
        self.step(|state, _| state.revoke_tokens(account));
    }

    /// Changes a runner group that was added.
    pub fn change_group(&self, id: u64, change: impl FnOnce(&mut Group)) {
        self.step(|state, _| state.groups.iter_mut().find(|group| group.id == id).map(change));
    }

    /// Adds a hook for `workflow_job` events, greets it with a `ping`, and gives its number.
    pub fn add_hook(&self, url: &str, secret: &str, scope: Scope) -> u64 {
        let target = (url.to_owned(), secret.to_owned());
        self.step(|state, now| state.add_hook(target, Owner::Scope(scope), now))
    }

    /// Gives an App its hook for `workflow_job` events, greets it with a `ping`, and gives its number.
    pub fn add_app_hook(&self, app: u64, url: &str, secret: &str) -> u64 {
        let target = (url.to_owned(), secret.to_owned());
        self.step(|state, now| state.add_hook(target, Owner::App(app), now))
    }

    /// Takes every hook away.
    pub fn remove_hooks(&self) {
        self.step(|state, _| state.hooks.clear());
    }

    /// Changes the secret of every hook; what is signed already stays so.
    pub fn change_hook_secrets(&self, secret: &str) {
        self.step(|state, _| {
            state.hooks.values_mut().for_each(|hook| secret.clone_into(&mut hook.secret));
        });
    }

    /// Queues a job, and gives its number; the hooks are told in the background, in order.
    pub fn queue_job(&self, order: NewJob) -> u64 {
        self.step(|state, now| state.queue(order, now))
    }

    /// Opens the gate before a job; tells whether it waited there.
    pub fn approve(&self, job: u64) -> bool {
        self.step(|state, now| state.approve(job, now))
    }

    /// Cancels a job; tells whether there was one to cancel.
    ///
    /// A running job ends when its runner has heard of it.
    pub fn cancel_job(&self, job: u64) -> bool {
        self.step(|state, now| state.cancel(job, now))
    }

    /// Runs a completed job again, and gives the new job's number; none where its run has not ended.
    pub fn rerun(&self, job: u64) -> Option<u64> {
        self.step(|state, now| state.rerun(job, now))
    }

    /// Makes the latest `queued` delivery of a job again, with its GUID, and gives the new deliveries.
    pub fn redeliver(&self, job: u64) -> Vec<u64> {
        self.step(|state, now| state.redeliver_job(job, now))
    }

    /// Changes where `GET /meta` says that hooks come from.
    pub fn publish_hook_ranges(&self, ranges: &[&str]) {
        let ranges = ranges.iter().map(|&range| range.to_owned()).collect();
        self.step(|state, _| state.hook_ranges = ranges);
    }

    /// Releases a version of the runner, later than those before it.
    pub fn release_runner(&self, version: &str, at: DateTime<Utc>) {
        self.step(|state, _| state.releases.push((version.to_owned(), at)));
    }

    /// Holds all jobs back from runners, or ceases to.
    pub fn pause_assignment(&self, paused: bool) {
        self.step(|state, now| state.set_assigning(!paused, now));
    }

    /// Rejects the next request of any runner for a message; several rejections queue up.
    pub fn reject_message(&self, error: RunnerError) {
        self.step(|state, _| state.rejections.push_back(error));
    }

    /// Ends the session of a runner, which stays registered; returns whether there is such a runner.
    pub fn end_session(&self, runner: &str) -> bool {
        self.with_runner(runner, |state, id, now| state.end_session(id, now))
    }

    /// Ends the registration of a runner, as an operator does; returns whether there was such a runner.
    pub fn remove_runner(&self, runner: &str) -> bool {
        self.with_runner(runner, |state, id, now| state.remove(id, now))
    }

    /// Orders a runner to update itself to a version; returns whether there is such a runner.
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

    /// Lists the deliveries, oldest first; those under way have no outcome yet.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.step(|state, _| state.deliveries.values().cloned().collect())
    }

    /// Tells whether deliveries are under way.
    pub fn is_telling(&self) -> bool {
        self.state().is_telling()
    }

    /// Counts the requests of this hour that cost the person with the token something, but for registrations.
    pub fn spent(&self) -> u32 {
        self.step(|state, now| state.limits_of("").window(Resource::Core, now).used)
    }

    /// Waits until something that was asked for is so.
    pub async fn until<T>(&self, is_so: impl Fn(&Self) -> Option<T>) -> T {
        loop {
            let mut happened = pin!(self.happened.notified());
            happened.as_mut().enable();
            if let Some(found) = is_so(self) {
                return found;
            }
            happened.await;
        }
    }

    /// Waits until a job is completed.
    ///
    /// # Panics
    /// There is no such job.
    pub async fn settled(&self, job: u64) -> Job {
        self.until(|github| {
            let job = github.job(job).expect("a number that queueing gave");
            (job.status == JobStatus::Completed).then_some(job)
        })
        .await
    }
}
