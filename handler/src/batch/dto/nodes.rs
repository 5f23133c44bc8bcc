//! The JSON of the operations on pools and their nodes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::reconcile::used_nodes::{NodePool, PoolSize};

/// The selected properties of a pool.
pub(in crate::batch) const POOL: &str = "id,allocationState,taskSlotsPerNode,enableAutoScale,autoScaleFormula,autoScaleEvaluationInterval,autoScaleRun,targetDedicatedNodes,targetLowPriorityNodes";
/// The selected properties of a node.
pub(in crate::batch) const NODE: &str = "id,state,schedulingState";

/// <https://learn.microsoft.com/rest/api/batchservice/nodes/disable-node-scheduling>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::batch) struct SchedulingToDisable {
    node_disable_scheduling_option: &'static str,
}

impl SchedulingToDisable {
    /// The running task ends on its own. By default it would be requeued.
    pub(in crate::batch) const AFTER_TASKS: Self =
        Self { node_disable_scheduling_option: "taskcompletion" };
}

/// <https://learn.microsoft.com/rest/api/batchservice/pools/remove-nodes>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::batch) struct NodesToRemove<'a> {
    node_list: &'a [String],
    node_deallocation_option: &'static str,
}

impl<'a> NodesToRemove<'a> {
    pub(in crate::batch) fn new(node_list: &'a [String]) -> Self {
        Self { node_list, node_deallocation_option: "taskcompletion" }
    }
}

/// The body of Enable AutoScale or of Resize.
/// <https://learn.microsoft.com/rest/api/batchservice/pools/enable-pool-auto-scale>
/// <https://learn.microsoft.com/rest/api/batchservice/pools/resize-pool>
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(in crate::batch) enum SizeToSet<'a> {
    Formula { auto_scale_formula: &'a str, auto_scale_evaluation_interval: &'a str },
    Nodes { target_dedicated_nodes: u32, target_low_priority_nodes: u32 },
}

/// A pool, with what decides its size.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::batch) struct Pool {
    allocation_state: String,
    #[serde(default)]
    task_slots_per_node: Option<u32>,
    #[serde(default)]
    enable_auto_scale: bool,
    auto_scale_formula: Option<String>,
    auto_scale_evaluation_interval: Option<String>,
    auto_scale_run: Option<Run>,
    #[serde(default)]
    target_dedicated_nodes: u32,
    #[serde(default)]
    target_low_priority_nodes: u32,
}

#[derive(Deserialize)]
struct Run {
    timestamp: DateTime<Utc>,
    error: Option<serde::de::IgnoredAny>,
}

impl Pool {
    /// Returns the number of task slots of each node; one is Batch's default.
    pub(in crate::batch) fn slots(&self) -> u32 {
        self.task_slots_per_node.unwrap_or(1)
    }

    /// Returns the pool, still without its nodes; `None` if a documented property is missing.
    pub(in crate::batch) fn parse(self) -> Option<NodePool> {
        let evaluated = self.auto_scale_run.filter(|run| run.error.is_none());
        let size = if self.enable_auto_scale {
            PoolSize::Formula {
                formula: self.auto_scale_formula?,
                interval: self.auto_scale_evaluation_interval?,
            }
        } else {
            PoolSize::Fixed {
                dedicated: self.target_dedicated_nodes,
                low_priority: self.target_low_priority_nodes,
            }
        };
        Some(NodePool {
            steady: self.allocation_state == "steady",
            size,
            evaluated: evaluated.map(|run| run.timestamp),
            used: Vec::new(),
            held: None,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::batch) struct Node {
    id: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    scheduling_state: String,
}

impl Node {
    /// Returns the id if no task will run on the node any more, and none runs.
    pub(in crate::batch) fn used(self) -> Option<String> {
        let resting = ["offline", "idle", "unusable", "starttaskfailed", "unknown"];
        let ended = resting.contains(&self.state.as_str());
        (ended && self.scheduling_state == "disabled").then_some(self.id)
    }
}
