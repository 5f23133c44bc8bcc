//! Decides which lost deliveries GitHub is asked for again; by itself it repeats none.
//!
//! <https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Repair;
use super::snapshot::{SeenDelivery, Snapshot};
use super::state::ReconcileState;
use crate::message::MAX_WAIT;

/// How often one event is asked for.
const MOST_ATTEMPTS: u32 = 5;
/// The pause after the first attempt, a little less than the two minutes between runs; each further one is twice as
/// long.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(110);

/// Decides about every failed `queued` event that no later attempt has brought.
///
/// Attempts are counted from GitHub's list: one that GitHub did not take on, at its limit for instance, is none.
pub(super) fn plan(
    seen: &Snapshot,
    previous: &ReconcileState,
    next: &mut ReconcileState,
    now: DateTime<Utc>,
) -> Vec<Repair> {
    let lost = lost(seen, previous, now);
    let brought = failed(seen, previous, now).filter(|event| event.brought);
    let given_up = lost.iter().filter(|event| event.given_up);
    next.brought = brought.map(|event| event.last.guid.clone()).collect();
    next.given_up = given_up.map(|event| event.last.guid.clone()).collect();
    if !seen.all_deliveries {
        next.brought.extend(previous.brought.iter().cloned());
        next.given_up.extend(previous.given_up.iter().cloned());
    }
    lost.iter().filter_map(|event| repair(event, previous, now)).collect()
}

fn repair(event: &Lost<'_>, previous: &ReconcileState, now: DateTime<Utc>) -> Option<Repair> {
    let SeenDelivery { hook, guid, id, at, .. } = event.last;
    if event.given_up {
        let text = format!(
            "delivery {guid} of {hook} was lost {MOST_ATTEMPTS} times more: its page on GitHub shows what the function answers"
        );
        let new = !previous.given_up.contains(guid);
        return new.then_some(Repair::Alarm { name: "delivery", text });
    }
    let again = || Repair::Redeliver { hook: hook.clone(), delivery: *id, guid: guid.clone() };
    let pause = event.attempts.checked_sub(1).map(|further| FIRST_PAUSE * (1 << further));
    pause.is_none_or(|pause| now - *at >= pause).then(again)
}

/// An event that was lost so far.
#[derive(Clone, Copy, Debug)]
pub struct Lost<'a> {
    /// The last attempt at it.
    pub last: &'a SeenDelivery,
    /// How often it was delivered again.
    pub attempts: u32,
    /// Whether it is asked for no more.
    pub given_up: bool,
}

/// Lists the `queued` events that no attempt has brought.
pub fn lost<'a>(
    seen: &'a Snapshot,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> Vec<Lost<'a>> {
    let lost = failed(seen, previous, now).filter(|event| !event.brought).map(|event| Lost {
        last: event.last,
        attempts: event.attempts.min(MOST_ATTEMPTS),
        given_up: event.attempts >= MOST_ATTEMPTS,
    });
    lost.collect()
}

/// An event of which a delivery has failed.
struct Failed<'a> {
    last: &'a SeenDelivery,
    /// How many attempts there were after the first.
    attempts: u32,
    /// Whether one of them has brought it.
    brought: bool,
}

/// Lists the events of which a delivery has failed. Every attempt at an event has its guid; one may be listed
/// twice.
fn failed<'a>(
    seen: &'a Snapshot,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Failed<'a>> {
    let mut events: BTreeMap<(&str, &str), BTreeMap<u64, &SeenDelivery>> = BTreeMap::new();
    let wanted = |delivery: &&SeenDelivery| {
        let (event, action) = &delivery.event;
        event == "workflow_job"
            && action.as_deref() == Some("queued")
            && now - delivery.at < MAX_WAIT
    };
    for delivery in seen.deliveries.iter().filter(wanted) {
        let event = (delivery.hook.as_str(), delivery.guid.as_str());
        events.entry(event).or_default().insert(delivery.id, delivery);
    }
    events.into_iter().filter_map(|((_, guid), attempts)| {
        let failed = attempts.values().any(|attempt| !attempt.succeeded);
        let brought = attempts.values().any(|attempt| attempt.succeeded);
        Some(Failed {
            attempts: u32::try_from(attempts.len() - 1).unwrap_or(u32::MAX),
            brought: brought || previous.brought.contains(guid),
            last: attempts.into_values().max_by_key(|attempt| attempt.at).filter(|_| failed)?,
        })
    })
}
