//! Counts the nodes of all pools by state, with one request.
//!
//! <https://learn.microsoft.com/rest/api/batchservice/pools/list-pool-node-counts>

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Batch, BatchError};

/// The number of nodes in each state in which there is any, dedicated and Spot nodes together.
pub type NodeStates = BTreeMap<String, u32>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolCounts {
    pool_id: String,
    #[serde(default)]
    dedicated: NodeStates,
    #[serde(default)]
    low_priority: NodeStates,
}

impl Batch {
    /// Counts the nodes of each pool of the account by state.
    pub async fn node_states(&self) -> Result<BTreeMap<String, NodeStates>, BatchError> {
        let pools: Vec<PoolCounts> = self.list("counting the nodes", "nodecounts", &[]).await?;
        Ok(pools.into_iter().map(|pool| (pool.pool_id.clone(), pool.states())).collect())
    }
}

impl PoolCounts {
    fn states(self) -> NodeStates {
        let mut states = NodeStates::new();
        for (state, nodes) in self.dedicated.into_iter().chain(self.low_priority) {
            *states.entry(state).or_insert(0) += nodes;
        }
        states.retain(|state, nodes| state != "total" && *nodes > 0);
        states
    }
}
