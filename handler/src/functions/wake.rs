//! Wakes pools: requests nodes for waiting tasks without waiting for the next evaluation of the pool's formula.
//!
//! It speeds a job up and is needed for none: whatever fails is logged, and the formula counts the tasks at its next
//! evaluation.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{info, warn};

use crate::app::App;
use crate::deadline::Deadline;
use crate::ordered::InsertEach;
use crate::profiles::Profile;
use crate::reconcile::Snapshot;
use crate::reconcile::snapshot::Stage;
use crate::wake::Wake;

/// How long a pool is woken. The host kills a process whose invocation exceeds its time.
const WAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the first invocation of a burst waits until the tasks of the others exist. A burst of 200 takes half a second.
const BURST: Duration = Duration::from_secs(2);

/// Wakes the pool of a profile to which a task was added. Of a burst, one invocation in a minute does it.
pub(super) async fn after_submission(app: &App, profile: &str) {
    let profiles = &app.webhook.policy.profiles;
    let Some(profile) = profiles.iter().find(|known| known.name == profile) else { return };
    if !begins(app, &profile.pool) {
        return;
    }
    tokio::time::sleep(BURST).await;
    note(&profile.pool, wake(app, &profile.pool).await);
}

/// Wakes the pools for which tasks of agents wait. Of the runs in a minute, one does it; a run adds the tasks of a burst
/// together.
pub(super) async fn for_agents(app: &App, pools: &BTreeSet<String>) {
    for pool in pools.iter().filter(|pool| begins(app, pool)) {
        note(pool, wake(app, pool).await);
    }
}

/// Returns whether a pool may be woken now, and records it.
fn begins(app: &App, pool: &str) -> bool {
    let wakes = app.reconciliation.wake_pools && keeps_formula(app, pool);
    wakes && app.wakes.begin(pool, app.clock.now())
}

/// Wakes the pools for which tasks wait: those of a burst after its first seconds, and those whose invocation was killed.
pub(super) async fn for_waiting_tasks(app: &App, snapshot: &Snapshot) {
    if !app.reconciliation.wake_pools {
        return;
    }
    for pool in pools_to_wake(app, snapshot) {
        note(pool, wake(app, pool).await);
    }
}

async fn wake(app: &App, pool: &str) -> anyhow::Result<String> {
    Deadline::after(WAKE_TIMEOUT).bound(replace_formula(app, pool)).await?
}

async fn replace_formula(app: &App, pool: &str) -> anyhow::Result<String> {
    let Some(read) = app.batch.wakeable_pool(pool).await? else {
        return Ok("it has no automatic scaling".to_owned());
    };
    Ok(match read.wake(wanted_slots(app, pool).await?, app.clock.now()) {
        Wake::Replace { formula, nodes } => {
            app.batch.replace_formula(pool, &formula).await?;
            format!("its formula requests more nodes now: {nodes}")
        }
        Wake::Enough => "it is to have enough nodes".to_owned(),
        Wake::Recent => "it was woken less than a minute ago".to_owned(),
        Wake::Unsupported => {
            "its formula has no wakeNodes and wakeUntil: use a formula of arm/autoscale, or turn WakePools off"
                .to_owned()
        }
    })
}

fn note(pool: &str, result: anyhow::Result<String>) {
    match result {
        Ok(text) => info!("pool {pool}: {text}"),
        Err(err) => warn!("failed to wake pool {pool}, which grows later: {err:#}"),
    }
}

/// Counts the task slots that the tasks of a pool occupy or wait for, without those of paused profiles.
async fn wanted_slots(app: &App, pool: &str) -> anyhow::Result<u32> {
    let pauses = app.pauses.read().await?.pauses;
    let profiles = app.profiles();
    let profiles = profiles.filter(|one| one.pool == pool && pauses.paused(&one.name).is_none());
    let mut wanted = 0;
    for profile in profiles {
        wanted += app.batch.wanted_slots(&app.batch_jobs.newest_of(&profile.name)).await?;
    }
    Ok(wanted)
}

/// Returns whether a pool has its formula at all times: that of a profile with `nodePerJob` loses it while nodes are removed.
fn keeps_formula(app: &App, pool: &str) -> bool {
    app.profiles().all(|profile| profile.pool != pool || !profile.node_per_job)
}

/// Lists the pools for which tasks wait, and which may have more nodes.
fn pools_to_wake<'a>(app: &'a App, snapshot: &Snapshot) -> BTreeSet<&'a str> {
    let waits = |profile: &Profile| {
        let mut tasks = snapshot.tasks.iter().filter(|task| task.profile == profile.name);
        let is_paused = snapshot.pauses.paused(&profile.name).is_some();
        !is_paused && tasks.any(|task| task.stage == Stage::Waiting)
    };
    let may_grow = |profile: &Profile| {
        let known = snapshot.pools.get(&profile.pool);
        known.is_none_or(|pool| pool.maximum.is_none_or(|maximum| pool.target < maximum))
    };
    let pools =
        app.webhook.policy.profiles.iter().filter(|profile| {
            keeps_formula(app, &profile.pool) && waits(profile) && may_grow(profile)
        });
    pools.map(|profile| profile.pool.as_str()).insert_each()
}
