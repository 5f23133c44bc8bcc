//! Tells hooks what happens to jobs.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::app::Installation;
use crate::hook::{Delivery, Hook, Outcome, Owner, signature_1, signature_256};
use crate::job::JobStatus;
use crate::repository::Repository;
use crate::scope::Scope;
use crate::shapes;
use emulator_core::events::EventKind;

use super::{State, next};

/// A delivery on its way.
pub(crate) struct Parcel {
    pub(crate) delivery: u64,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Bytes,
}

/// What distinguishes one event of another.
#[derive(Clone, Copy)]
struct Event {
    name: &'static str,
    action: Option<&'static str>,
    job: Option<u64>,
    repository_id: Option<u64>,
    installation: Option<u64>,
}

impl State {
    /// Adds a hook, and greets it with a `ping`.
    pub(crate) fn add_hook(
        &mut self,
        (url, secret): (String, String),
        owner: Owner,
        now: DateTime<Utc>,
    ) -> u64 {
        let id = next(&mut self.numbers.hook);
        let owner = match owner {
            Owner::Scope(scope) => Owner::Scope(self.known(&scope).unwrap_or(scope)),
            Owner::App(app) => Owner::App(app),
        };
        let hook = Hook { id, url, secret, owner, created_at: now };
        self.hooks.insert(id, hook.clone());
        let payload = shapes::webhook::ping(&self.options.payload_base(), &hook, self);
        let (action, job, repository_id, installation) = (None, None, None, None);
        let event = Event { name: "ping", action, job, repository_id, installation };
        let guid = self.guid();
        self.post(event, guid, &hook, payload.to_string().into(), now);
        id
    }

    /// Tells every hook that covers a job of an action on it; `shown` is the status in the payload.
    pub(super) fn announce(
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
        let payload =
            shapes::webhook::workflow_job(&base, action, shown, job, repository, enterprise);
        let repository_id = Some(repository.id);
        let (name, action) = ("workflow_job", Some(action));
        let of_job = Event { name, action, job: Some(id), repository_id, installation: None };
        for (hook, installation) in hooks {
            let payload = shapes::webhook::by_installation(&payload, installation);
            let event = Event { installation, ..of_job };
            self.post(event, guid.clone(), &hook, payload.to_string().into(), now);
        }
    }

    fn post(
        &mut self,
        event: Event,
        guid: String,
        hook: &Hook,
        payload: Bytes,
        now: DateTime<Utc>,
    ) {
        let delivery = Delivery {
            id: next(&mut self.numbers.delivery),
            headers: headers(hook, event.name, &guid, &payload, self.target_id(hook)),
            guid,
            hook: hook.id,
            event: event.name,
            action: event.action,
            job: event.job,
            repository_id: event.repository_id,
            installation: event.installation,
            redelivery: false,
            delivered_at: now,
            outcome: None,
            payload,
        };
        self.enqueue(delivery);
    }

    /// Makes a delivery again, with the same GUID; `None` where there was none of that number.
    pub(crate) fn redeliver(&mut self, id: u64, now: DateTime<Utc>) -> Option<u64> {
        let first = self.deliveries.get(&id)?.clone();
        let again = Delivery {
            id: next(&mut self.numbers.delivery),
            redelivery: true,
            delivered_at: now,
            outcome: None,
            ..first
        };
        let id = again.id;
        self.enqueue(again);
        Some(id)
    }

    /// Makes the latest `queued` delivery of a job again, on each hook that it went to.
    pub(crate) fn redeliver_job(&mut self, job: u64, now: DateTime<Utc>) -> Vec<u64> {
        let mut latest = BTreeMap::new();
        for delivery in self.deliveries.values() {
            if delivery.job == Some(job) && delivery.action == Some("queued") {
                latest.insert(delivery.hook, delivery.id);
            }
        }
        latest.into_values().filter_map(|id| self.redeliver(id, now)).collect()
    }

    /// Notes what came of a delivery.
    pub(crate) fn delivered(&mut self, id: u64, outcome: Outcome, now: DateTime<Utc>) {
        let Some(delivery) = self.deliveries.get_mut(&id) else { return };
        let status = outcome.status_code;
        delivery.delivered_at = now;
        delivery.outcome = Some(outcome);
        if let Some((job, action)) = delivery.job.zip(delivery.action) {
            self.happened.push(EventKind::Delivered { job, action, status });
        }
    }

    fn enqueue(&mut self, delivery: Delivery) {
        let chain = delivery.job.unwrap_or(delivery.hook);
        if !self.chains.contains_key(&chain) {
            self.started_chains.push(chain);
        }
        self.chains.entry(chain).or_default().push_back(delivery.id);
        self.deliveries.insert(delivery.id, delivery);
    }

    /// Tells whether a chain of deliveries is under way.
    pub(crate) fn is_telling(&self) -> bool {
        !self.chains.is_empty()
    }

    /// Takes the next delivery of a chain; after the last the chain is over. What a hook was to be told that is
    /// gone meanwhile, nobody is told.
    pub(crate) fn next_parcel(&mut self, chain: u64) -> Option<Parcel> {
        while let Some(next) = self.chains.get_mut(&chain).and_then(VecDeque::pop_front) {
            let Some(delivery) = self.deliveries.get(&next) else { continue };
            let Some(hook) = self.hooks.get(&delivery.hook) else { continue };
            return Some(Parcel {
                delivery: delivery.id,
                url: hook.url.clone(),
                headers: delivery.headers.clone(),
                payload: delivery.payload.clone(),
            });
        }
        self.chains.remove(&chain);
        None
    }

    /// Tells whether a hook is told of what happens in a repository.
    pub(crate) fn covers(&self, hook: &Hook, repository: &Repository) -> bool {
        match &hook.owner {
            Owner::Scope(scope) => scope.covers(repository),
            Owner::App(_) => self.installation_of(hook, repository).is_some(),
        }
    }

    fn installation_of(&self, hook: &Hook, repository: &Repository) -> Option<u64> {
        let Owner::App(app) = hook.owner else { return None };
        let mut known = self.installations.values();
        let is_it = |known: &&Installation| {
            known.app.id == app && known.account.eq_ignore_ascii_case(repository.owner())
        };
        known.find(is_it).map(|known| known.id)
    }

    fn target_id(&self, hook: &Hook) -> u64 {
        let covered = self.repositories.values().find(|known| self.covers(hook, known));
        match (&hook.owner, covered) {
            (Owner::Scope(Scope::Repository(_)), Some(repository)) => repository.id,
            (Owner::Scope(Scope::Organization(_)), Some(repository)) => repository.owner_id,
            (Owner::App(app), _) => *app,
            _ => 1,
        }
    }
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers>
fn headers(
    hook: &Hook,
    event: &'static str,
    guid: &str,
    payload: &[u8],
    target_id: u64,
) -> Vec<(&'static str, String)> {
    vec![
        ("accept", "*/*".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("user-agent", "GitHub-Hookshot/044aadd".to_owned()),
        ("x-github-delivery", guid.to_owned()),
        ("x-github-event", event.to_owned()),
        ("x-github-hook-id", hook.id.to_string()),
        ("x-github-hook-installation-target-id", target_id.to_string()),
        ("x-github-hook-installation-target-type", hook.target().1.to_owned()),
        ("x-hub-signature", signature_1(&hook.secret, payload)),
        ("x-hub-signature-256", signature_256(&hook.secret, payload)),
    ]
}
