//! The test API: changes an emulated organization and inspects it, from Rust.

use chrono::{DateTime, Utc};
use emulator_core::timers;

pub(crate) mod control_port;

use crate::model::agent::Agent;
use crate::model::pool::Pool;
use crate::model::request::{JobRequest, JobRequestView};
use crate::model::run::{NewJob, Queued};
use crate::model::subscription::{
    DeliveryFault, Notification, NotificationView, Subscription, SubscriptionStatus,
    SubscriptionView,
};
use crate::options::PersonalToken;
use crate::pipelines::Pipelines;
use crate::state::{Holder, State};

impl Pipelines {
    /// Adds a pool, unless one of its name exists; returns its id.
    pub fn add_pool(&self, pool: Pool) -> u64 {
        self.step(|state, _| state.add_pool(pool))
    }

    /// Adds a project, unless one of its name exists; returns its id.
    pub fn add_project(&self, name: &str) -> String {
        self.step(|state, _| state.add_project(name).id)
    }

    /// Queues a job. A job that no registered agent could serve is rejected at once.
    pub fn queue_job(&self, new: NewJob) -> Queued {
        self.step(|state, now| state.queue_job(new, now))
    }

    /// Cancels a run with all of its jobs; returns false for one that is unknown or has ended.
    ///
    /// A running job ends when its agent has received the cancellation.
    pub fn cancel_run(&self, run: u64) -> bool {
        self.step(|state, now| state.cancel_run(run, now))
    }

    /// Cancels a run whose waiting requests stay without a result for ever.
    pub fn orphan_run(&self, run: u64) -> bool {
        self.step(|state, now| state.orphan_run(run, now))
    }

    /// Pauses or resumes the assignment of jobs to agents.
    pub fn pause_assignment(&self, paused: bool) {
        self.step(|state, now| {
            state.assigning = !paused;
            state.assign(now);
        });
    }

    /// Removes an agent, as an operator does in the page, also if it has a job; returns whether it existed.
    pub fn remove_agent(&self, agent: &str) -> bool {
        self.with_agent(agent, |state, id, now| state.remove_agent(id, now))
    }

    /// Ends the session of an agent, which stays registered; returns whether the agent exists.
    pub fn end_session(&self, agent: &str) -> bool {
        self.with_agent(agent, |state, id, now| state.close_session(id, now))
    }

    /// Asks an agent to update itself to a version; returns whether the agent exists.
    pub fn update_agent(&self, agent: &str, version: &str) -> bool {
        self.with_agent(agent, |state, id, _| state.request_update(id, version.to_owned()))
    }

    /// Revokes the tokens that were issued to an agent; returns whether the agent exists.
    pub fn revoke_agent_tokens(&self, agent: &str) -> bool {
        self.with_agent(agent, |state, id, _| {
            state.issued.retain(|_, (holder, _)| *holder != Holder::Agent(id));
        })
    }

    /// Adds a personal access token, in place of one with the same text.
    pub fn set_token(&self, token: PersonalToken) {
        self.step(|state, _| {
            state.tokens.retain(|known| known.text != token.text);
            state.tokens.push(token);
        });
    }

    /// Changes the number of self-hosted parallel jobs.
    pub fn set_parallel_jobs(&self, count: u64) {
        self.step(|state, now| {
            state.parallel_jobs = count;
            state.assign(now);
        });
    }

    /// Adds consumption (TSTU) of an identity: `pat`, or `entra` and an object id.
    pub fn add_usage(&self, identity: &str, units: f64) {
        self.step(|state, now| {
            state.usage.entry(identity.to_owned()).or_default().spend(units, now)
        });
    }

    fn with_agent(&self, name: &str, act: impl FnOnce(&mut State, u64, DateTime<Utc>)) -> bool {
        self.step(|state, now| {
            let found = state.agents.values().find(|known| known.agent.name == name);
            let id = found.map(|known| known.agent.id);
            id.map(|id| act(state, id, now)).is_some()
        })
    }

    /// Lists the pools.
    pub fn pools(&self) -> Vec<Pool> {
        self.step(|state, _| state.pools.values().cloned().collect())
    }

    /// Lists the registered agents, oldest first.
    pub fn agents(&self) -> Vec<Agent> {
        self.step(|state, _| state.agents.values().map(|known| known.agent.clone()).collect())
    }

    /// Finds a registered agent by its name.
    pub fn agent(&self, name: &str) -> Option<Agent> {
        self.agents().into_iter().find(|agent| agent.name == name)
    }

    /// Lists the job requests, oldest first.
    pub fn requests(&self) -> Vec<JobRequestView> {
        self.step(|state, _| state.requests.values().map(|known| view(state, known)).collect())
    }

    /// Finds a job request.
    pub fn request(&self, id: u64) -> Option<JobRequestView> {
        self.step(|state, _| state.requests.get(&id).map(|known| view(state, known)))
    }

    /// Lists the subscriptions of service hooks.
    pub fn subscriptions(&self) -> Vec<SubscriptionView> {
        self.step(|state, _| {
            let view = |known: &Subscription| SubscriptionView {
                id: known.id.clone(),
                project: known.project.clone(),
                url: known.consumer_inputs.get("url").cloned().unwrap_or_default(),
                status: known.status,
                probation_retries: known.probation_retries,
            };
            state.subscriptions.values().map(view).collect()
        })
    }

    /// Changes the status of a subscription, as the service or a user does; returns whether it exists.
    pub fn set_subscription_status(&self, id: &str, status: SubscriptionStatus) -> bool {
        self.step(|state, now| {
            state.set_status(id, status, now);
            state.subscriptions.contains_key(id)
        })
    }

    /// Lists the deliveries of service hooks, oldest first.
    pub fn notifications(&self) -> Vec<NotificationView> {
        self.step(|state, _| {
            let view = |known: &Notification| NotificationView {
                id: known.id,
                subscription: known.subscription.clone(),
                run: known.run,
                job: known.job.clone(),
                state: known.state,
                statuses: known.statuses.clone(),
            };
            state.notifications.values().map(view).collect()
        })
    }

    /// Injects a fault into the next notifications, one each.
    pub fn inject_delivery_fault(&self, fault: DeliveryFault, times: usize) {
        self.step(|state, _| state.delivery_faults.extend(std::iter::repeat_n(fault, times)));
    }

    /// Sends a notification again, although it was delivered; returns whether it exists.
    pub fn redeliver(&self, notification: u64) -> bool {
        self.step(|state, _| {
            let exists = state.notifications.contains_key(&notification);
            state.outbox.extend(exists.then_some(notification));
            exists
        })
    }

    /// Waits until `check` returns a value.
    pub async fn until<T>(&self, check: impl Fn(&Self) -> Option<T>) -> T {
        timers::until(&self.changed, || check(self)).await
    }

    /// Waits until a job request has a result.
    ///
    /// # Panics
    /// There is no such request.
    pub async fn until_done(&self, request: u64) -> JobRequestView {
        self.until(|pipelines| {
            let known = pipelines.request(request).expect("an id that queue_job returned");
            known.result.is_some().then_some(known)
        })
        .await
    }
}

fn view(state: &State, known: &JobRequest) -> JobRequestView {
    JobRequestView {
        id: known.id,
        pool: known.pool,
        run: known.run,
        job_id: known.job_id.clone(),
        state: known.state(),
        result: known.result,
        agent: known.reserved_agent.map(|agent| state.agent_name(agent)),
        queue_time: known.queue_time,
        receive_time: known.receive_time,
        finish_time: known.finish_time,
    }
}
