//! Finds runners of others whose names have the form of this deployment's names, and raises an alert about each kind.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::Repair;
use super::assessment::Assessment;
use super::ownership::Ownership;
use super::snapshot::{Level, RegisteredRunner};
use super::state::ReconcileState;

/// How long a conflict counts as known after it was last seen: the runners of another deployment come and go.
const MAX_CONFLICT_AGE: TimeDelta = TimeDelta::days(1);
/// How often the time is updated at which a conflict was seen, so that the state does not change with each run.
const SEEN_INTERVAL: TimeDelta = TimeDelta::hours(6);
/// The number of persistent runners that are named one by one.
const MAX_NAMED: usize = 10;

/// Raises an alert about each conflict that is new.
pub(super) fn plan(
    run: &Assessment<'_>,
    previous: &ReconcileState,
    next: &mut ReconcileState,
) -> Vec<Repair> {
    let now = run.now;
    let recent = previous.name_conflicts.iter().filter(|&(_, &at)| now - at < MAX_CONFLICT_AGE);
    next.name_conflicts = recent.map(|(text, &at)| (text.clone(), at)).collect();
    let mut alerts = Vec::new();
    for text in conflicts(run) {
        if let Some(at) = next.name_conflicts.get_mut(&text) {
            *at = if now - *at >= SEEN_INTERVAL { now } else { *at };
        } else {
            next.name_conflicts.insert(text.clone(), now);
            alerts.push(Repair::Alert { name: "deployment", text });
        }
    }
    alerts
}

fn conflicts(run: &Assessment<'_>) -> BTreeSet<String> {
    let named = run.snapshot.runners.named.iter();
    let others: Vec<&RegisteredRunner> =
        named.filter(|runner| run.evidence.owner(runner) == Ownership::Anothers).collect();
    // The claim of a runner with a task may have been repeated since it was listed.
    let unknown = |runner: &&&RegisteredRunner| !run.evidence.knows(&runner.name);
    let ephemeral = others.iter().filter(|runner| runner.ephemeral).filter(unknown);
    let persistent = others.iter().filter(|runner| !runner.ephemeral).take(MAX_NAMED);
    let level = |runner: &RegisteredRunner| Level::of(&run.rules.scope, &runner.repository);
    let name = &run.rules.deployment;
    let of_deployment = |runner: &&RegisteredRunner| {
        format!(
            "{} has ephemeral runners named {name}-… that this deployment did not register: another deployment probably has the same name; give each its own name in setting DeploymentName. Until then they are left alone",
            level(runner)
        )
    };
    let of_person = |runner: &&RegisteredRunner| {
        format!(
            "runner {} of {} is not ephemeral, so this deployment did not register it: rename it, since its name has the form of this deployment's runners",
            runner.name,
            level(runner)
        )
    };
    ephemeral.map(of_deployment).chain(persistent.map(of_person)).collect()
}
