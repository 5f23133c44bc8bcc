//! Decides which lost deliveries GitHub is asked for again; by itself it repeats none.
//!
//! <https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Repair;
use super::memory::Memory;
use super::seen::{Seen, SeenDelivery};
use crate::message::LONGEST_WAIT;

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
        next.brought = before.brought.clone();
        return Vec::new();
    };
    let mut repairs = Vec::new();
    let known = |guid: &str| before.brought.contains(guid);
    let (brought, lost): (Vec<_>, Vec<_>) =
        failed(deliveries, now).partition(|(last, brought)| *brought || known(&last.guid));
    next.brought = brought.into_iter().map(|(last, _)| last.guid.clone()).collect();
    for (delivery, _) in lost {
        let (attempts, last) = before.redelivered.get(&delivery.guid).copied().unwrap_or_default();
        let due = attempts == 0 || now - last >= FIRST_PAUSE * (1 << (attempts - 1).min(8));
        let again = attempts < MOST_ATTEMPTS && due;
        let given_up = attempts == MOST_ATTEMPTS && due;
        let asked = if again || given_up { (attempts + 1, now) } else { (attempts, last) };
        next.redelivered.insert(delivery.guid.clone(), asked);
        if again {
            repairs.push(Repair::Redeliver {
                hook: delivery.hook.clone(),
                delivery: delivery.id,
                guid: delivery.guid.clone(),
            });
        }
        if given_up {
            let SeenDelivery { hook, guid, .. } = delivery;
            let text = format!(
                "delivery {guid} of {hook} was lost {MOST_ATTEMPTS} times more: its page on GitHub shows what the function answers"
            );
            repairs.push(Repair::Alarm { name: "delivery", text });
        }
    }
    repairs
}

/// An event that was lost so far.
#[derive(Clone, Copy, Debug)]
pub struct Lost<'a> {
    /// The last attempt at it.
    pub last: &'a SeenDelivery,
    /// How often it was asked for again.
    pub attempts: u32,
    /// Whether it is asked for no more.
    pub given_up: bool,
}

/// Lists the `queued` events that no attempt has brought.
pub fn lost<'a>(seen: &'a Seen, before: &Memory, now: DateTime<Utc>) -> Vec<Lost<'a>> {
    let failed = failed(seen.deliveries.as_deref().unwrap_or_default(), now);
    let lost = failed.filter(|(last, brought)| !brought && !before.brought.contains(&last.guid));
    let told = lost.map(|(last, _)| {
        let attempts = before.redelivered.get(&last.guid).map_or(0, |(attempts, _)| *attempts);
        Lost { last, attempts: attempts.min(MOST_ATTEMPTS), given_up: attempts > MOST_ATTEMPTS }
    });
    told.collect()
}

/// The last attempt at each event of which one has failed, and whether another has brought it. Every attempt
/// at an event has its guid.
fn failed(
    deliveries: &[SeenDelivery],
    now: DateTime<Utc>,
) -> impl Iterator<Item = (&SeenDelivery, bool)> {
    let mut events: BTreeMap<(&str, &str), Vec<&SeenDelivery>> = BTreeMap::new();
    let wanted = |delivery: &&SeenDelivery| {
        let (event, action) = &delivery.event;
        event == "workflow_job"
            && action.as_deref() == Some("queued")
            && now - delivery.at < LONGEST_WAIT
    };
    for delivery in deliveries.iter().filter(wanted) {
        let event = (delivery.hook.as_str(), delivery.guid.as_str());
        events.entry(event).or_default().push(delivery);
    }
    events.into_values().filter_map(|attempts| {
        let brought = attempts.iter().any(|attempt| attempt.succeeded);
        let failed = attempts.iter().any(|attempt| !attempt.succeeded);
        let last = attempts.into_iter().max_by_key(|attempt| attempt.at)?;
        failed.then_some((last, brought))
    })
}
