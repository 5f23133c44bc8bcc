//! Reads the facts about Azure.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::text;
use crate::app::App;
use crate::doctor::facts::{AzureFacts, Denied, PoolFact, Quota, Read};
use crate::firewall::plan::{Desired, Plan, plan};
use crate::firewall::{HookRanges, HookSource};
use crate::github::Purpose;
use crate::ordered::InsertEach;

/// Reads the facts.
pub(super) async fn read(app: &App) -> AzureFacts {
    let pools = app.batch.pool_facts().await.map_err(|err| text(&err));
    let ranges = ranges(app).await;
    let state = app.reconcile_state.read().await;
    AzureFacts {
        broken_nodes: broken_nodes(app, &pools).await,
        pools,
        quota: quota(app).await,
        messages: app.queue.count().await.map_err(|err| denied(err.is_refused(), &err)),
        poison: app.poison.peek().await.map(|all| all.len()).map_err(|err| text(&err)),
        state: state.map(drop).map_err(|err| denied(err.is_refused(), &err)),
        pauses: app.pauses.read().await.map(|read| read.pauses).map_err(|err| text(&err)),
        restricted: restricted(app, ranges.as_ref()).await,
        ranges: ranges.map(|read| read.map(|(in_force, plan)| (in_force, plan.ranges().to_vec()))),
    }
}

/// Returns the facts if there was no time to read them.
pub(super) fn unread(late: &impl std::fmt::Display) -> AzureFacts {
    fn none<T>(late: &impl std::fmt::Display) -> Read<T> {
        Err(late.to_string())
    }
    AzureFacts {
        pools: none(late),
        broken_nodes: BTreeMap::new(),
        quota: none(late),
        messages: Err(Denied { refused: false, text: late.to_string() }),
        poison: none(late),
        state: Err(Denied { refused: false, text: late.to_string() }),
        pauses: none(late),
        ranges: Some(none(late)),
        restricted: Some(none(late)),
    }
}

fn denied(refused: bool, err: &(dyn std::error::Error + 'static)) -> Denied {
    Denied { refused, text: text(err) }
}

async fn broken_nodes(
    app: &App,
    pools: &Read<BTreeMap<String, PoolFact>>,
) -> BTreeMap<String, Read<BTreeMap<String, u32>>> {
    let Ok(pools) = pools else { return BTreeMap::new() };
    let names: BTreeSet<&String> = app.profiles().map(|profile| &profile.pool).insert_each();
    let exists = |name: &&String| pools.keys().any(|id| id.eq_ignore_ascii_case(name));
    let mut nodes = BTreeMap::new();
    for name in names.into_iter().filter(exists) {
        let read = app.batch.broken_nodes(name).await.map_err(|err| text(&err));
        nodes.insert(name.clone(), read);
    }
    nodes
}

async fn quota(app: &App) -> Read<Quota> {
    let Some(management) = &app.management else {
        return Err(
            "setting FunctionAppResourceId is not set, so the Batch account's quota is not read"
                .to_owned(),
        );
    };
    management.batch_quota(&app.batch_account).await.map_err(|err| text(&err))
}

/// Reads the ranges in force, and plans those that GitHub publishes; `None` if the settings list them.
async fn ranges(app: &App) -> Option<Read<(Vec<IpNet>, Plan)>> {
    let HookSource::Published { built_in } = &app.firewall_settings.source else { return None };
    let read = async {
        let stored = app.hook_ranges.read().await.map_err(|err| text(&err))?.stored;
        let github = app.github.with_purpose(Purpose::Report);
        let response = github.hook_ranges(None).await.map_err(|err| text(&err))?;
        let in_force = stored.as_ref().map_or(built_in, |stored| &stored.ranges).clone();
        let desired = Desired::Published { built_in, stored: stored.as_ref(), response };
        Ok((in_force, plan(desired).map_err(|err| text(&err))?))
    };
    Some(read.await)
}

/// Returns whether the app's access restrictions need no change; `None` if no setting names the app.
async fn restricted(app: &App, ranges: Option<&Read<(Vec<IpNet>, Plan)>>) -> Option<Read<bool>> {
    let management = app.management.as_ref()?;
    let plan = match (ranges, &app.firewall_settings.source) {
        (Some(Ok((_, plan))), _) => plan.clone(),
        (Some(Err(reason)), _) => return Some(Err(reason.clone())),
        (None, HookSource::Listed(HookRanges::Networks(listed))) => {
            plan(Desired::Listed(listed)).ok()?
        }
        (None, _) => return None,
    };
    let read = async {
        let present = management.restrictions().await.map_err(|err| text(&err))?;
        Ok(plan.rules(&present).map_err(|err| text(&err))?.is_none())
    };
    Some(read.await)
}
