//! Decides which lost deliveries GitHub is requested to redeliver. GitHub redelivers none automatically.
//!
//! <https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Repair;
use super::snapshot::{DeliveryAttempt, Snapshot};
use super::state::ReconcileState;
use crate::message::MAX_WAIT;

/// How often one event is redelivered.
const MAX_REDELIVERIES: u32 = 5;
/// The delay after the first redelivery, a little less than the two minutes between runs of the default schedule. Each
/// further delay is twice as long.
const FIRST_DELAY: TimeDelta = TimeDelta::seconds(110);

/// Decides about every failed `queued` event that no later attempt has delivered.
///
/// Attempts are counted in GitHub's list: a request that GitHub did not accept, for example at a rate limit, adds none.
pub(super) fn plan(
    snapshot: &Snapshot,
    previous: &ReconcileState,
    next: &mut ReconcileState,
    now: DateTime<Utc>,
) -> Vec<Repair> {
    let lost = lost_events(snapshot, previous, now);
    let delivered = failed_events(snapshot, previous, now).filter(|event| event.delivered);
    let abandoned = lost.iter().filter(|event| event.abandoned);
    next.delivered = delivered.map(|event| event.last.guid.clone()).collect();
    next.abandoned = abandoned.map(|event| event.last.guid.clone()).collect();
    if !snapshot.all_deliveries {
        next.delivered.extend(previous.delivered.iter().cloned());
        next.abandoned.extend(previous.abandoned.iter().cloned());
    }
    lost.iter().filter_map(|event| repair(event, previous, now)).collect()
}

fn repair(event: &LostEvent<'_>, previous: &ReconcileState, now: DateTime<Utc>) -> Option<Repair> {
    let DeliveryAttempt { hook, guid, id, at, .. } = event.last;
    if event.abandoned {
        let text = format!(
            "delivery {guid} of {hook} failed again after {MAX_REDELIVERIES} redeliveries: its page on GitHub shows the response of the function"
        );
        let new = !previous.abandoned.contains(guid);
        return new.then_some(Repair::Alert { name: "delivery", text });
    }
    let redeliver = || Repair::Redeliver { hook: hook.clone(), delivery: *id, guid: guid.clone() };
    let delay = event.redeliveries.checked_sub(1).map(|further| FIRST_DELAY * (1 << further));
    delay.is_none_or(|delay| now - *at >= delay).then(redeliver)
}

/// A `queued` event that no attempt has delivered.
#[derive(Clone, Copy, Debug)]
pub struct LostEvent<'a> {
    /// The last attempt to deliver it.
    pub last: &'a DeliveryAttempt,
    /// The number of its redeliveries.
    pub redeliveries: u32,
    /// Whether it is not redelivered any more.
    pub abandoned: bool,
}

/// Lists the `queued` events that no attempt has delivered.
pub fn lost_events<'a>(
    snapshot: &'a Snapshot,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> Vec<LostEvent<'a>> {
    let lost = failed_events(snapshot, previous, now).filter(|event| !event.delivered);
    let lost = lost.map(|event| LostEvent {
        last: event.last,
        redeliveries: event.redeliveries.min(MAX_REDELIVERIES),
        abandoned: event.redeliveries >= MAX_REDELIVERIES,
    });
    lost.collect()
}

/// An event with a failed delivery.
struct FailedEvent<'a> {
    last: &'a DeliveryAttempt,
    /// The number of attempts after the first.
    redeliveries: u32,
    /// Whether one of the attempts has delivered it.
    delivered: bool,
}

/// Lists the events with a failed delivery. All attempts to deliver an event have its GUID; one attempt may be listed
/// twice.
fn failed_events<'a>(
    snapshot: &'a Snapshot,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> impl Iterator<Item = FailedEvent<'a>> {
    let mut events: BTreeMap<(&str, &str), BTreeMap<u64, &DeliveryAttempt>> = BTreeMap::new();
    let recent =
        |attempt: &&DeliveryAttempt| attempt.is_queued_job() && now - attempt.at < MAX_WAIT;
    for attempt in snapshot.deliveries.iter().filter(recent) {
        let event = (attempt.hook.as_str(), attempt.guid.as_str());
        events.entry(event).or_default().insert(attempt.id, attempt);
    }
    events.into_iter().filter_map(|((_, guid), attempts)| {
        let failed = attempts.values().any(|attempt| !attempt.succeeded);
        let delivered = attempts.values().any(|attempt| attempt.succeeded);
        Some(FailedEvent {
            redeliveries: u32::try_from(attempts.len() - 1).unwrap_or(u32::MAX),
            delivered: delivered || previous.delivered.contains(guid),
            last: attempts.into_values().max_by_key(|attempt| attempt.at).filter(|_| failed)?,
        })
    })
}
