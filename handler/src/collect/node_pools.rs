//! Reads the pools of profiles with `nodePerJob`, with their used nodes.

use std::collections::{BTreeMap, BTreeSet};

use tracing::warn;

use super::collector::Partial;
use crate::app::App;
use crate::error_chain::ErrorChain;
use crate::ordered::InsertEach;
use crate::reconcile::used_nodes::{HeldSizes, NodePool};

/// Reads the pools. Without the records of their sizes none is read: a size that is held would seem to be the pool's own.
pub(super) async fn read(app: &App) -> Partial<BTreeMap<String, NodePool>> {
    let profiles = app.webhook.policy.profiles.iter().filter(|profile| profile.node_per_job);
    let names: BTreeSet<&str> = profiles.map(|profile| profile.pool.as_str()).insert_each();
    let mut pools = Partial::complete(BTreeMap::new());
    if names.is_empty() {
        return pools;
    }
    let Some(mut held) = held_sizes(app).await else {
        pools.complete = false;
        return pools;
    };
    for name in names {
        match app.batch.node_pool(name).await {
            Ok(pool) => {
                let pool = NodePool { held: held.remove(name), ..pool };
                pools.value.insert(name.to_owned(), pool);
            }
            Err(err) => {
                warn!("continuing without the nodes of pool {name}: {}", ErrorChain(&err));
                pools.complete = false;
            }
        }
    }
    pools
}

async fn held_sizes(app: &App) -> Option<HeldSizes> {
    let stored = app.held_sizes.read().await.inspect_err(|err| {
        warn!("continuing without the used nodes: {}", ErrorChain(err));
    });
    match stored.ok()?.bytes {
        None => Some(HeldSizes::new()),
        Some(bytes) => serde_json::from_slice(&bytes)
            .inspect_err(|err| warn!("continuing without the used nodes: {}", ErrorChain(err)))
            .ok(),
    }
}
