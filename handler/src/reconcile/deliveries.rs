//! Decides which lost deliveries GitHub is asked for again; by itself it repeats none.
//!
//! <https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Repair;
use super::memory::Memory;
use super::seen::{Seen, SeenDelivery};

/// An event older than this is of no use: GitHub has cancelled its job.
const OLDEST: TimeDelta = TimeDelta::hours(24);
/// How often one event is asked for.
const MOST_ATTEMPTS: u32 = 5;
/// The pause after the first attempt; each further one is twice as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(2);

/// Decides about every failed `queued` event that no later attempt has brought.
pub(super) fn plan(
    seen: &Seen,
    before: &Memory,
    next: &mut Memory,
    now: DateTime<Utc>,
) -> Vec<Repair> {
    let Some(deliveries) = &seen.deliveries else {
        next.redelivered = before.redelivered.clone();
        return Vec::new();
    };
    let mut repairs = Vec::new();
    for delivery in lost(deliveries, now) {
        let (attempts, last) = before.redelivered.get(&delivery.guid).copied().unwrap_or_default();
        let due = attempts == 0 || now - last >= FIRST_PAUSE * (1 << (attempts - 1).min(8));
        let again = attempts < MOST_ATTEMPTS && due;
        let asked = if again { (attempts + 1, now) } else { (attempts, last) };
        next.redelivered.insert(delivery.guid.clone(), asked);
        if again {
            repairs.push(Repair::Redeliver {
                hook: delivery.hook.clone(),
                delivery: delivery.id,
                guid: delivery.guid.clone(),
            });
        }
    }
    repairs
}

/// The last attempt at each event that none has brought. Every attempt at an event has its guid.
fn lost(deliveries: &[SeenDelivery], now: DateTime<Utc>) -> impl Iterator<Item = &SeenDelivery> {
    let mut events: BTreeMap<(&str, &str), (&SeenDelivery, bool)> = BTreeMap::new();
    let wanted = |delivery: &&SeenDelivery| {
        let (event, action) = &delivery.event;
        event == "workflow_job" && action.as_deref() == Some("queued") && now - delivery.at < OLDEST
    };
    for delivery in deliveries.iter().filter(wanted) {
        let event = (delivery.hook.as_str(), delivery.guid.as_str());
        let (last, brought) = events.entry(event).or_insert((delivery, false));
        *brought |= delivery.succeeded;
        if delivery.at > last.at {
            *last = delivery;
        }
    }
    events.into_values().filter(|(_, brought)| !brought).map(|(last, _)| last)
}
