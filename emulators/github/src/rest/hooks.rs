//! Answers for hooks and their deliveries.

use serde_json::Value;

use crate::admission::Caller;
use crate::answer::{Outcome, Refusal, Reply};
use crate::hook::{Delivery, Hook, Owner};
use crate::shapes::webhook;
use crate::state::State;

use super::{Ask, scope};

pub(super) fn hooks(state: &State, ask: &Ask<'_>) -> Outcome {
    let scope = scope(state, ask)?;
    let hooks = state.hooks.values().filter(|hook| hook.owner == Owner::Scope(scope.clone()));
    let hooks = hooks.map(|hook| webhook::hook(&ask.base, hook)).collect();
    let (hooks, link) = ask.query.page(hooks, &ask.base, &ask.path);
    Reply::linked(Value::Array(hooks), link)
}

/// Deliveries come latest first; the cursor is the number of the first one of a part.
pub(super) fn deliveries(state: &State, ask: &Ask<'_>) -> Outcome {
    ask.query.only(&["cursor", "status"])?;
    let hook = find(state, ask)?;
    let from = ask.query.get("cursor").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let wanted = ask.query.get("status");
    let mut found = state
        .deliveries
        .range(..=from)
        .rev()
        .map(|(_, delivery)| delivery)
        .filter(|delivery| delivery.hook == hook.id && ended_as(delivery, wanted));
    let part: Vec<&Delivery> = found.by_ref().take(ask.query.per_page()).collect();
    let next = found.next().map(|next| ask.query.next_cursor(next.id, &ask.base, &ask.path));
    Reply::linked(part.into_iter().filter_map(webhook::delivery).collect(), next)
}

fn ended_as(delivery: &Delivery, wanted: Option<&str>) -> bool {
    let Some(outcome) = &delivery.outcome else { return false };
    match wanted {
        Some("success") => outcome.is_success(),
        Some("failure") => !outcome.is_success(),
        _ => true,
    }
}

pub(super) fn delivery(state: &State, ask: &Ask<'_>) -> Outcome {
    let hook = find(state, ask)?;
    let delivery = state.deliveries.get(&delivery_id(ask));
    let delivery = delivery.filter(|delivery| delivery.hook == hook.id);
    let shown = delivery.and_then(|delivery| webhook::delivery_in_full(delivery, hook));
    shown.map_or(Err(Refusal::not_found()), Reply::ok)
}

pub(super) fn redeliver(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let (hook, id) = (find(state, ask)?.id, delivery_id(ask));
    if state.deliveries.get(&id).is_none_or(|delivery| delivery.hook != hook) {
        return Err(Refusal::not_found());
    }
    state.redeliver(id, ask.now);
    Reply::accepted()
}

/// Finds the hook that a path names; an App has but one, which its path does not number.
fn find<'s>(state: &'s State, ask: &Ask<'_>) -> Result<&'s Hook, Refusal> {
    let hook = if let Caller::App(app) = &ask.caller {
        state.hooks.values().find(|hook| hook.owner == Owner::App(app.id))
    } else {
        let owner = Owner::Scope(scope(state, ask)?);
        state.hooks.get(&ask.route.number(0)).filter(|hook| hook.owner == owner)
    };
    hook.ok_or_else(Refusal::not_found)
}

/// The number of a delivery is the last of a path.
fn delivery_id(ask: &Ask<'_>) -> u64 {
    ask.route.number(ask.route.names.len().saturating_sub(1))
}

pub(super) fn config(state: &State, ask: &Ask<'_>) -> Outcome {
    Reply::ok(webhook::config(find(state, ask)?))
}
