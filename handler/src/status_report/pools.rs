//! Tells how the pools stand.

use std::collections::BTreeSet;

use super::PoolStatus;
use crate::reconcile::Rules;
use crate::reconcile::snapshot::{LedgerTask, Snapshot, Stage};

/// Lists the pools that profiles name. One that Batch does not show has no nodes, if the others are shown.
pub(super) fn of_profiles(seen: &Snapshot, rules: &Rules) -> Vec<PoolStatus> {
    let profiles = &rules.policy.profiles;
    let names: BTreeSet<&String> = profiles.iter().map(|profile| &profile.pool).collect();
    let pool_of = |task: &LedgerTask| {
        profiles.iter().find(|profile| profile.name == task.profile).map(|profile| &profile.pool)
    };
    let told = names.into_iter().map(|name| {
        let tasks = || seen.tasks.iter().filter(|task| pool_of(task) == Some(name));
        let known = seen.pools.get(name);
        let missing = known.is_none() && !seen.pools.is_empty();
        let trouble = known.and_then(|pool| pool.error());
        PoolStatus {
            pool: name.clone(),
            nodes: known.map(|pool| pool.nodes),
            target: known.map(|pool| pool.target),
            waiting: tasks().filter(|task| task.stage == Stage::Waiting).count(),
            started: tasks().filter(|task| matches!(task.stage, Stage::Started { .. })).count(),
            trouble: trouble.or(missing.then_some("there is no such pool")).map(str::to_owned),
        }
    });
    told.collect()
}
