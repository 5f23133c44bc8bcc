//! Reports the size and the tasks of the pools.

use std::collections::{BTreeMap, BTreeSet};

use super::{PausedProfile, PoolStatus};
use crate::batch::NodeStates;
use crate::ordered::InsertEach;
use crate::reconcile::Rules;
use crate::reconcile::snapshot::{LedgerTask, Snapshot, Stage};

/// Lists the paused profiles.
pub(super) fn paused(snapshot: &Snapshot) -> Vec<PausedProfile> {
    let paused = snapshot.pauses.iter().filter(|(_, pause)| pause.resumed.is_none());
    let paused = paused.map(|(profile, pause)| PausedProfile {
        profile: profile.clone(),
        at: pause.at,
        who: pause.who.clone(),
        why: pause.why.clone(),
    });
    paused.collect()
}

/// Lists the pools of the profiles. A pool that Batch does not list does not exist, if Batch lists any other.
pub(super) fn of_profiles(
    snapshot: &Snapshot,
    node_states: &BTreeMap<String, NodeStates>,
    rules: &Rules,
) -> Vec<PoolStatus> {
    let profiles = &rules.policy.profiles;
    let names: BTreeSet<&String> = profiles.iter().map(|profile| &profile.pool).insert_each();
    let pool_of = |task: &LedgerTask| {
        profiles.iter().find(|profile| profile.name == task.profile).map(|profile| &profile.pool)
    };
    let pools = names.into_iter().map(|name| {
        let tasks = || snapshot.tasks.iter().filter(|task| pool_of(task) == Some(name));
        let served = profiles.iter().filter(|profile| profile.pool == *name);
        let known = snapshot.pools.get(name);
        let missing = known.is_none() && !snapshot.pools.is_empty();
        let error = known.and_then(|pool| pool.error());
        PoolStatus {
            pool: name.clone(),
            profiles: served.map(|profile| profile.name.clone()).collect(),
            nodes: known.map(|pool| pool.nodes),
            node_states: node_states.get(name).cloned(),
            target: known.map(|pool| pool.target),
            maximum: known.and_then(|pool| pool.maximum),
            evaluated_at: known.and_then(|pool| pool.evaluated_at),
            pending_tasks: tasks().filter(|task| task.stage == Stage::Waiting).count(),
            running_tasks: tasks()
                .filter(|task| matches!(task.stage, Stage::Started { .. }))
                .count(),
            error: error.or(missing.then_some("there is no such pool")).map(str::to_owned),
        }
    });
    pools.collect()
}
