//! Answers for runners: tokens, configurations, lists, removal.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Outcome, Refusal, Reply};
use crate::registration::{NewRunner, Runner};
use crate::scope::{Level, Scope};
use crate::shapes;
use crate::state::{NotRegistered, State};
use crate::{credentials, keys};

use super::{Ask, listed, scope};

pub(super) fn token(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let scope = scope(state, ask)?;
    let token = state.issue_token(scope, ask.now);
    Reply::created(json!({
        "token": token.text,
        "expires_at": shapes::expiry(token.expires_at),
    }))
}

pub(super) fn jit_config(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let scope = scope(state, ask)?;
    let (order, work_folder) = order(scope, ask.body)?;
    let name = order.name.clone();
    let group = state.group(&order.scope, order.group).map(|group| group.name).unwrap_or_default();
    let id = state.register(order, None, ask.now).map_err(|reason| match reason {
        NotRegistered::NameTaken => {
            let text = format!("Already exists - A runner with the name {name} already exists.");
            Refusal::new(StatusCode::CONFLICT, text)
        }
        NotRegistered::NoSuchGroup => Refusal::not_found(),
    })?;
    let registration = &state.registrations[&id];
    let key = keys::key(id);
    let files = credentials::files(registration, key, &group, &work_folder, &ask.base);
    Reply::created(json!({
        "runner": shapes::runner::runner(&registration.runner),
        "encoded_jit_config": STANDARD.encode(json!(files).to_string()),
    }))
}

/// Reads the body of a request for a configuration.
fn order(scope: Scope, body: &[u8]) -> Result<(NewRunner, String), Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))?;
    let name = body["name"].as_str().filter(|name| !name.is_empty() && name.len() <= 64);
    let name = name.ok_or_else(|| invalid("name", "a string of 1 to 64 characters"))?;
    let group = body["runner_group_id"].as_u64();
    let group = group.ok_or_else(|| invalid("runner_group_id", "an integer"))?;
    let labels: Option<Vec<String>> = serde_json::from_value(body["labels"].clone()).ok();
    let labels = labels.filter(|labels| (1..=100).contains(&labels.len()));
    let labels = labels.ok_or_else(|| invalid("labels", "an array of 1 to 100 strings"))?;
    let work_folder = body["work_folder"].as_str().unwrap_or("_work").to_owned();
    let name = name.to_owned();
    Ok((NewRunner { name, scope, group, labels, ephemeral: true }, work_folder))
}

fn invalid(field: &str, wanted: &str) -> Refusal {
    Refusal::invalid(format!("Invalid request.\n\n\"{field}\" is not {wanted}."))
}

pub(super) fn runners(state: &State, ask: &Ask<'_>) -> Outcome {
    ask.query.only(&["name"])?;
    let scope = scope(state, ask)?;
    let named = |runner: &&Runner| {
        ask.query.get("name").is_none_or(|name| runner.name.eq_ignore_ascii_case(name))
    };
    let runners = state.registrations.values().map(|known| &known.runner);
    let of_scope = runners.filter(|runner| runner.scope == scope).filter(named);
    listed(ask, "runners", of_scope.collect(), shapes::runner::runner)
}

pub(super) fn runner(state: &State, ask: &Ask<'_>) -> Outcome {
    Reply::ok(shapes::runner::runner(find(state, ask)?))
}

pub(super) fn delete(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let runner = find(state, ask)?;
    if runner.busy {
        let text = format!("Bad request - Runner \"{}\" is still running a job", runner.name);
        return Err(Refusal::invalid(text));
    }
    let id = runner.id;
    state.remove(id, ask.now);
    Reply::no_content()
}

fn find<'s>(state: &'s State, ask: &Ask<'_>) -> Result<&'s Runner, Refusal> {
    let scope = scope(state, ask)?;
    let known = state.registrations.get(&ask.route.number(0));
    let runner = known.map(|known| &known.runner).filter(|runner| runner.scope == scope);
    runner.ok_or_else(Refusal::not_found)
}

pub(super) fn groups(state: &State, ask: &Ask<'_>) -> Outcome {
    ask.query.only(&[])?;
    let groups = state.groups_of(&scope(state, ask)?);
    listed(ask, "runner_groups", groups, |group| shapes::runner::group(&ask.base, &group))
}

/// Lists what a group is open to, where that was selected; GitHub has no such list of a group that is open
/// to all.
pub(super) fn group_access(state: &State, ask: &Ask<'_>) -> Outcome {
    ask.query.only(&[])?;
    let scope = scope(state, ask)?;
    let group = state.group(&scope, ask.route.number(0)).ok_or_else(Refusal::not_found)?;
    let selected = group.repositories.unwrap_or_default();
    let repositories = selected.iter().filter_map(|name| state.repository(name));
    if scope.level() == Level::Org {
        let write = |of| shapes::repository::short(&ask.base, of);
        return listed(ask, "repositories", repositories.collect(), write);
    }
    let owners: BTreeMap<&str, u64> =
        repositories.map(|repository| (repository.owner(), repository.owner_id)).collect();
    let write = |(login, id)| shapes::organization(&ask.base, login, id);
    listed(ask, "organizations", owners.into_iter().collect(), write)
}
