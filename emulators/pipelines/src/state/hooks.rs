//! The sending of service hooks, and what follows a failure.
//!
//! - 2xx ends a notification. A subscription on probation is enabled again.
//! - 410 disables the subscription.
//! - 408, 502, 503 and 504 are transient: the notification is sent again after 1, 2, 4, 8, 16, 32, 60 and 60 seconds. If
//!   all of these fail, the failure is an enduring one.
//! - Any other status is enduring: the subscription is put on probation. Only this notification is repeated, and all
//!   events meanwhile are lost. After seven repetitions without success, the subscription is disabled.
//!
//! <https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot>
//!
//! Inferred: a request without a response is transient, and the seventh interval of a probation is 15 hours, so that all
//! intervals are the documented 36 hours.

use chrono::{DateTime, TimeDelta, Utc};

use emulator_core::events::{EventKind, PipelinesEvent};

use super::State;
use super::timers::Timer;
use crate::hooks::QueuedDelivery;
use crate::model::subscription::SubscriptionStatus;

const TRANSIENT_DELAYS: [i64; 8] = [1, 2, 4, 8, 16, 32, 60, 60];
const PROBATION_DELAYS: [TimeDelta; 7] = [
    TimeDelta::minutes(20),
    TimeDelta::minutes(40),
    TimeDelta::minutes(80),
    TimeDelta::minutes(160),
    TimeDelta::minutes(320),
    TimeDelta::minutes(640),
    TimeDelta::minutes(900),
];

impl State {
    /// Sends a notification again, unless its subscription was deleted or disabled.
    pub(super) fn resend(&mut self, id: u64) {
        let subscription = self.notifications.get(&id).map(|known| known.subscription.clone());
        let known = subscription.and_then(|id| self.subscriptions.get(&id));
        let may_send = known.is_some_and(|known| {
            matches!(known.status, SubscriptionStatus::Enabled | SubscriptionStatus::OnProbation)
        });
        if may_send {
            self.outbox.push(id);
        } else if let Some(notification) = self.notifications.get_mut(&id) {
            notification.is_done = true;
        }
    }

    /// Returns what the sender needs for an attempt; `None` if the subscription was deleted.
    pub(crate) fn delivery(&mut self, id: u64) -> Option<QueuedDelivery> {
        let notification = self.notifications.get(&id)?;
        let subscription = self.subscriptions.get(&notification.subscription)?;
        Some(QueuedDelivery::new(&subscription.consumer_inputs, notification))
    }

    /// Records the status of an attempt, and plans what follows.
    pub(crate) fn record_attempt(&mut self, id: u64, status: u16, now: DateTime<Utc>) {
        let Some(notification) = self.notifications.get_mut(&id) else { return };
        notification.statuses.push(status);
        notification.modified = now;
        let (run, job, state) =
            (notification.run, notification.job.clone(), notification.state.name());
        let subscription = notification.subscription.clone();
        let delivered = PipelinesEvent::Delivered { run, job, state, status };
        self.events.push(EventKind::Pipelines(delivered));
        match status {
            200..300 => self.succeed(id, &subscription, now),
            410 => self.disable(id, &subscription, now),
            0 | 408 | 502 | 503 | 504 => self.retry_transient(id, &subscription, now),
            _ => self.retry_enduring(id, &subscription, now),
        }
    }

    fn succeed(&mut self, id: u64, subscription: &str, now: DateTime<Utc>) {
        if let Some(notification) = self.notifications.get_mut(&id) {
            notification.is_done = true;
        }
        let Some(known) = self.subscriptions.get_mut(subscription) else { return };
        known.last_success = Some(now);
        if known.status == SubscriptionStatus::OnProbation {
            known.probation_retries = 0;
            self.set_status(subscription, SubscriptionStatus::Enabled, now);
        }
    }

    fn disable(&mut self, id: u64, subscription: &str, now: DateTime<Utc>) {
        if let Some(notification) = self.notifications.get_mut(&id) {
            notification.is_done = true;
        }
        self.set_status(subscription, SubscriptionStatus::DisabledBySystem, now);
    }

    fn retry_transient(&mut self, id: u64, subscription: &str, now: DateTime<Utc>) {
        let is_probation = self.is_on_probation(subscription);
        let Some(notification) = self.notifications.get_mut(&id) else { return };
        let delay = TRANSIENT_DELAYS.get(notification.transient_failures);
        notification.transient_failures += 1;
        match delay.filter(|_| !is_probation) {
            Some(seconds) => {
                self.add_timer(now + TimeDelta::seconds(*seconds), Timer::Notification { id });
            }
            None => self.retry_enduring(id, subscription, now),
        }
    }

    /// Begins a probation with this notification, or continues it. A notification that was under way when the probation
    /// of another one began is not repeated.
    fn retry_enduring(&mut self, id: u64, subscription: &str, now: DateTime<Utc>) {
        let Some(known) = self.subscriptions.get_mut(subscription) else { return };
        let is_first = known.status == SubscriptionStatus::Enabled;
        if is_first {
            (known.probation_retries, known.probation_of) = (0, Some(id));
        } else if known.probation_of == Some(id) {
            known.probation_retries += 1;
            known.last_probation_retry = Some(now);
        } else {
            return;
        }
        match PROBATION_DELAYS.get(known.probation_retries as usize) {
            Some(delay) => self.add_timer(now + *delay, Timer::Notification { id }),
            None => return self.disable(id, subscription, now),
        }
        if is_first {
            self.set_status(subscription, SubscriptionStatus::OnProbation, now);
        }
    }

    fn is_on_probation(&self, subscription: &str) -> bool {
        let known = self.subscriptions.get(subscription);
        known.is_some_and(|known| known.status == SubscriptionStatus::OnProbation)
    }

    /// Changes the status of a subscription.
    pub(crate) fn set_status(
        &mut self,
        subscription: &str,
        status: SubscriptionStatus,
        now: DateTime<Utc>,
    ) {
        let Some(known) = self.subscriptions.get_mut(subscription) else { return };
        let is_change = known.status != status;
        (known.status, known.modified) = (status, now);
        if status == SubscriptionStatus::Enabled {
            (known.probation_retries, known.probation_of) = (0, None);
        }
        if is_change {
            let subscription = subscription.to_owned();
            self.emit(PipelinesEvent::SubscriptionChanged { subscription, status: status.name() });
        }
    }
}
