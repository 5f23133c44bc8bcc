//! The queue of webhook deliveries. Deliveries of one job are sent in order.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use emulator_core::events::EventKind;

use super::{State, next};
use crate::model::hook::{Delivery, Hook, Outcome};
use crate::webhooks::QueuedDelivery;
use crate::webhooks::signature::{signature_1, signature_256};

/// The event that a delivery carries.
#[derive(Clone, Copy)]
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) action: Option<&'static str>,
    pub(super) job: Option<u64>,
    pub(super) repository_id: Option<u64>,
    pub(super) installation: Option<u64>,
}

impl State {
    pub(super) fn create_delivery(
        &mut self,
        event: Event,
        guid: String,
        hook: &Hook,
        payload: Bytes,
        now: DateTime<Utc>,
    ) {
        let delivery = Delivery {
            id: next(&mut self.ids.delivery),
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
        self.enqueue_delivery(delivery);
    }

    /// Queues a new attempt of a delivery, with the same GUID; returns its id, or `None` if there is no such
    /// delivery.
    pub(crate) fn redeliver(&mut self, id: u64, now: DateTime<Utc>) -> Option<u64> {
        let first = self.deliveries.get(&id)?.clone();
        let again = Delivery {
            id: next(&mut self.ids.delivery),
            redelivery: true,
            delivered_at: now,
            outcome: None,
            ..first
        };
        let id = again.id;
        self.enqueue_delivery(again);
        Some(id)
    }

    /// Redelivers the latest `queued` event of a job, on each webhook that received it.
    pub(crate) fn redeliver_job(&mut self, job: u64, now: DateTime<Utc>) -> Vec<u64> {
        let mut latest = BTreeMap::new();
        for delivery in self.deliveries.values() {
            if delivery.job == Some(job) && delivery.action == Some("queued") {
                latest.insert(delivery.hook, delivery.id);
            }
        }
        latest.into_values().filter_map(|id| self.redeliver(id, now)).collect()
    }

    /// Records the outcome of a delivery.
    pub(crate) fn record_outcome(&mut self, id: u64, outcome: Outcome, now: DateTime<Utc>) {
        let Some(delivery) = self.deliveries.get_mut(&id) else { return };
        let (status, body) = (outcome.status_code, outcome.body.to_vec());
        delivery.delivered_at = now;
        delivery.outcome = Some(outcome);
        if let Some((job, action)) = delivery.job.zip(delivery.action) {
            self.events.push(EventKind::Delivered { job, action, status, body });
        }
    }

    fn enqueue_delivery(&mut self, delivery: Delivery) {
        let queue = delivery.job.unwrap_or(delivery.hook);
        if !self.delivery_queues.contains_key(&queue) {
            self.started_queues.push(queue);
        }
        self.delivery_queues.entry(queue).or_default().push_back(delivery.id);
        self.deliveries.insert(delivery.id, delivery);
    }

    /// Returns whether any delivery is pending.
    pub(crate) fn has_pending_deliveries(&self) -> bool {
        !self.delivery_queues.is_empty()
    }

    /// Takes the next delivery of a queue, and removes the queue after the last one. Deliveries of removed
    /// webhooks are dropped.
    pub(crate) fn next_delivery(&mut self, queue: u64) -> Option<QueuedDelivery> {
        while let Some(next) = self.delivery_queues.get_mut(&queue).and_then(VecDeque::pop_front) {
            let Some(delivery) = self.deliveries.get(&next) else { continue };
            let Some(hook) = self.hooks.get(&delivery.hook) else { continue };
            return Some(QueuedDelivery {
                id: delivery.id,
                url: hook.url.clone(),
                headers: delivery.headers.clone(),
                payload: delivery.payload.clone(),
            });
        }
        self.delivery_queues.remove(&queue);
        None
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
