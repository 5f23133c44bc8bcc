//! Webhooks, and the events they receive.

use chrono::{DateTime, Utc};

use super::deliveries::Event;
use super::{State, next};
use crate::dto;
use crate::model::hook::{Hook, Owner};
use crate::model::job::JobStatus;
use crate::model::repository::Repository;
use crate::model::scope::Scope;

impl State {
    /// Adds a webhook, and sends it a `ping`.
    pub(crate) fn add_hook(
        &mut self,
        (url, secret): (String, String),
        owner: Owner,
        now: DateTime<Utc>,
    ) -> u64 {
        let id = next(&mut self.ids.hook);
        let owner = match owner {
            Owner::Scope(scope) => Owner::Scope(self.find_scope(&scope).unwrap_or(scope)),
            Owner::App(app) => Owner::App(app),
        };
        let hook = Hook { id, url, secret, owner, created_at: now };
        self.hooks.insert(id, hook.clone());
        let base = self.options.payload_base();
        let payload = dto::webhook::ping(&base, &hook, self.first_covered(&hook));
        let (action, job, repository_id, installation) = (None, None, None, None);
        let event = Event { name: "ping", action, job, repository_id, installation };
        let guid = self.guid();
        self.create_delivery(event, guid, &hook, payload.to_string().into(), now);
        id
    }

    /// Sends a `workflow_job` event to every webhook that covers the job; `shown` is the status in the payload.
    pub(super) fn send_job_event(
        &mut self,
        id: u64,
        action: &'static str,
        shown: JobStatus,
        now: DateTime<Utc>,
    ) {
        let guid = self.guid();
        let Some(job) = self.jobs.get(&id).filter(|job| !job.silent) else { return };
        let Some(repository) = self.repository(&job.repository) else { return };
        let covering = self.hooks.values().filter(|hook| self.covers(hook, repository));
        let hooks: Vec<(Hook, Option<u64>)> =
            covering.map(|hook| (hook.clone(), self.installation_of(hook, repository))).collect();
        let base = self.options.payload_base();
        let enterprise = self.options.enterprise.as_deref();
        let payload = dto::webhook::workflow_job(&base, action, shown, job, repository, enterprise);
        let repository_id = Some(repository.id);
        let (name, action) = ("workflow_job", Some(action));
        let event = Event { name, action, job: Some(id), repository_id, installation: None };
        for (hook, installation) in hooks {
            let payload = dto::webhook::with_installation(&payload, installation);
            let event = Event { installation, ..event };
            self.create_delivery(event, guid.clone(), &hook, payload.to_string().into(), now);
        }
    }

    /// Returns the target id that delivery headers carry.
    pub(super) fn target_id(&self, hook: &Hook) -> u64 {
        match (&hook.owner, self.first_covered(hook)) {
            (Owner::Scope(Scope::Repository(_)), Some(repository)) => repository.id,
            (Owner::Scope(Scope::Organization(_)), Some(repository)) => repository.owner_id,
            (Owner::App(app), _) => *app,
            _ => 1,
        }
    }

    fn first_covered(&self, hook: &Hook) -> Option<&Repository> {
        self.repositories.values().find(|repository| self.covers(hook, repository))
    }

    fn covers(&self, hook: &Hook, repository: &Repository) -> bool {
        match &hook.owner {
            Owner::Scope(scope) => scope.covers(repository),
            Owner::App(_) => self.installation_of(hook, repository).is_some(),
        }
    }

    fn installation_of(&self, hook: &Hook, repository: &Repository) -> Option<u64> {
        let Owner::App(app) = hook.owner else { return None };
        let known = self.installation_on(app, repository.owner())?;
        known.suspended_at.is_none().then_some(known.id)
    }
}
