//! Reads what the doctor checks of the pools: sizes, formulas, errors, nodes that take no task, and Batch's clock.

use std::collections::BTreeMap;

use azure_core::http::Method;
use azure_core::http::headers::HeaderName;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::dto::listed::{AutoScaleRun, PoolError};
use super::{Batch, BatchError, status};
use crate::doctor::facts::PoolFact;
use crate::github::http_date;

const POOL: &str = "id,allocationState,vmSize,taskSlotsPerNode,enableAutoScale,autoScaleRun,resizeErrors,targetDedicatedNodes,targetLowPriorityNodes";
/// The states of nodes that take no task, and do not leave them by themselves.
const BROKEN: &str = "state eq 'starttaskfailed' or state eq 'unusable' or state eq 'unknown'";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolBody {
    id: String,
    #[serde(default)]
    allocation_state: String,
    #[serde(default)]
    vm_size: String,
    task_slots_per_node: Option<u32>,
    #[serde(default)]
    enable_auto_scale: bool,
    auto_scale_run: Option<AutoScaleRun>,
    #[serde(default)]
    resize_errors: Vec<PoolError>,
    #[serde(default)]
    target_dedicated_nodes: u32,
    #[serde(default)]
    target_low_priority_nodes: u32,
}

#[derive(Deserialize)]
struct NodeBody {
    state: String,
}

impl Batch {
    /// Lists the pools of the account.
    pub async fn pool_facts(&self) -> Result<BTreeMap<String, PoolFact>, BatchError> {
        let query = [("$select", POOL), ("maxresults", "1000")];
        let pools: Vec<PoolBody> = self.list("listing the pools", "pools", &query).await?;
        Ok(pools.into_iter().map(|pool| (pool.id.clone(), pool.fact())).collect())
    }

    /// Counts the nodes of a pool that take no task, by state.
    pub async fn broken_nodes(&self, pool: &str) -> Result<BTreeMap<String, u32>, BatchError> {
        let path = format!("pools/{pool}/nodes");
        let query = [("$filter", BROKEN), ("$select", "id,state"), ("maxresults", "1000")];
        let nodes: Vec<NodeBody> = self.list("listing the nodes of a pool", &path, &query).await?;
        let mut states = BTreeMap::new();
        for node in nodes {
            *states.entry(node.state).or_insert(0) += 1;
        }
        Ok(states)
    }

    /// Reads the time of Batch's clock.
    pub async fn time(&self) -> Result<Option<DateTime<Utc>>, BatchError> {
        let call = "reading Batch's time";
        let query = [("$select", "id"), ("maxresults", "1")];
        let response = self.send(call, Method::Get, "jobs", &query, None).await?;
        if status(&response) != 200 {
            return Err(super::error(call, &response));
        }
        let date = response.headers().get_optional_str(&HeaderName::from_static("date"));
        Ok(date.and_then(http_date))
    }
}

impl PoolBody {
    fn fact(self) -> PoolFact {
        let run = self.auto_scale_run;
        PoolFact {
            allocation_state: self.allocation_state,
            scaled: self.enable_auto_scale,
            max_nodes: run.as_ref().and_then(AutoScaleRun::maximum),
            autoscale_error: run.and_then(AutoScaleRun::error),
            resize_errors: self.resize_errors.into_iter().map(|error| error.code).collect(),
            targets: (self.target_dedicated_nodes, self.target_low_priority_nodes),
            vm_size: self.vm_size,
            slots: self.task_slots_per_node.unwrap_or(1),
        }
    }
}
