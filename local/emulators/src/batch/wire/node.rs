//! Pools and nodes on the wire, as far as a fixed pool has something to show.

use serde::Serialize;
use serde_json::Value;

use super::{Span, Stamp};

/// A pool as Get Pool shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PoolView<'a> {
    pub(crate) id: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) url: String,
    pub(crate) e_tag: String,
    pub(crate) last_modified: Stamp,
    pub(crate) creation_time: Stamp,
    pub(crate) state: &'static str,
    pub(crate) state_transition_time: Stamp,
    pub(crate) allocation_state: &'static str,
    pub(crate) allocation_state_transition_time: Stamp,
    pub(crate) vm_size: &'static str,
    pub(crate) virtual_machine_configuration: Value,
    pub(crate) resize_timeout: Span,
    pub(crate) current_dedicated_nodes: usize,
    pub(crate) current_low_priority_nodes: usize,
    pub(crate) target_dedicated_nodes: usize,
    pub(crate) target_low_priority_nodes: usize,
    pub(crate) enable_auto_scale: bool,
    pub(crate) enable_inter_node_communication: bool,
    pub(crate) task_slots_per_node: u32,
    pub(crate) task_scheduling_policy: SchedulingPolicy,
}

impl PoolView<'_> {
    /// The properties that `$select` may name.
    pub(crate) const PROPERTIES: &'static [&'static str] = &[
        "id",
        "displayName",
        "url",
        "eTag",
        "lastModified",
        "creationTime",
        "state",
        "stateTransitionTime",
        "allocationState",
        "allocationStateTransitionTime",
        "vmSize",
        "virtualMachineConfiguration",
        "resizeTimeout",
        "resizeErrors",
        "currentDedicatedNodes",
        "currentLowPriorityNodes",
        "targetDedicatedNodes",
        "targetLowPriorityNodes",
        "enableAutoScale",
        "autoScaleFormula",
        "autoScaleEvaluationInterval",
        "autoScaleRun",
        "enableInterNodeCommunication",
        "networkConfiguration",
        "startTask",
        "applicationPackageReferences",
        "taskSlotsPerNode",
        "taskSchedulingPolicy",
        "userAccounts",
        "metadata",
        "stats",
        "mountConfiguration",
        "identity",
        "upgradePolicy",
    ];
}

/// How a pool spreads its tasks.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SchedulingPolicy {
    pub(crate) node_fill_type: &'static str,
}

/// A node as Get Node shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeView<'a> {
    pub(crate) id: &'a str,
    pub(crate) url: String,
    pub(crate) state: &'static str,
    pub(crate) scheduling_state: &'static str,
    pub(crate) state_transition_time: Stamp,
    pub(crate) last_boot_time: Stamp,
    pub(crate) allocation_time: Stamp,
    pub(crate) ip_address: &'static str,
    pub(crate) ipv6_address: &'static str,
    pub(crate) affinity_id: String,
    pub(crate) vm_size: &'static str,
    pub(crate) total_tasks_run: u64,
    pub(crate) running_tasks_count: usize,
    pub(crate) running_task_slots_count: u32,
    pub(crate) total_tasks_succeeded: u64,
    pub(crate) is_dedicated: bool,
    pub(crate) node_agent_info: NodeAgentInfo,
    pub(crate) virtual_machine_info: Value,
}

impl NodeView<'_> {
    /// The properties that `$select` may name.
    pub(crate) const PROPERTIES: &'static [&'static str] = &[
        "id",
        "url",
        "state",
        "schedulingState",
        "stateTransitionTime",
        "lastBootTime",
        "allocationTime",
        "ipAddress",
        "ipv6Address",
        "affinityId",
        "vmSize",
        "totalTasksRun",
        "runningTasksCount",
        "runningTaskSlotsCount",
        "totalTasksSucceeded",
        "recentTasks",
        "startTask",
        "startTaskInfo",
        "errors",
        "isDedicated",
        "endpointConfiguration",
        "nodeAgentInfo",
        "virtualMachineInfo",
    ];
}

/// The version of the agent on a node.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeAgentInfo {
    pub(crate) version: &'static str,
    pub(crate) last_update_time: Stamp,
}
