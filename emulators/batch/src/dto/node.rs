//! Responses about pools and nodes.

use serde::Serialize;
use serde_json::Value;

use super::job::Metadata;
use super::pool::{
    CommunicationMode, ImageReference, Machine, NewPool, ResourceTags, SchedulingPolicy,
};
use super::start_task::{StartTask, StartTaskView};
use super::task::Detail;
use super::{IsoDuration, Timestamp};

/// The response of Get Pool.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PoolView<'a> {
    pub(crate) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<&'a str>,
    pub(crate) url: String,
    pub(crate) e_tag: String,
    pub(crate) last_modified: Timestamp,
    pub(crate) creation_time: Timestamp,
    pub(crate) state: &'static str,
    pub(crate) state_transition_time: Timestamp,
    pub(crate) allocation_state: &'static str,
    pub(crate) allocation_state_transition_time: Timestamp,
    pub(crate) vm_size: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) virtual_machine_configuration: Option<&'a Machine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resize_timeout: Option<IsoDuration>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) resize_errors: &'a [NamedError],
    pub(crate) current_dedicated_nodes: usize,
    pub(crate) current_low_priority_nodes: usize,
    pub(crate) target_dedicated_nodes: i32,
    pub(crate) target_low_priority_nodes: i32,
    pub(crate) enable_auto_scale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auto_scale_formula: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auto_scale_evaluation_interval: Option<IsoDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auto_scale_run: Option<&'a AutoScaleRun>,
    pub(crate) enable_inter_node_communication: bool,
    #[serde(flatten)]
    pub(crate) requested: RequestedProperties<'a>,
    pub(crate) task_slots_per_node: u32,
    pub(crate) task_scheduling_policy: SchedulingPolicy,
}

/// The properties of a pool that are returned as requested.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestedProperties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    network_configuration: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_task: Option<&'a StartTask>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_accounts: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a [Metadata]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_tags: Option<&'a ResourceTags>,
    target_node_communication_mode: CommunicationMode,
    current_node_communication_mode: CommunicationMode,
}

impl<'a> RequestedProperties<'a> {
    /// Returns the properties as requested.
    pub(crate) fn of(spec: &'a NewPool) -> Self {
        let mode = spec.target_node_communication_mode.unwrap_or_default();
        Self {
            network_configuration: spec.network_configuration.as_ref().map(to_json),
            start_task: spec.start_task.as_ref(),
            user_accounts: spec.user_accounts.as_ref().map(to_json),
            metadata: spec.metadata.as_deref(),
            resource_tags: spec.resource_tags.as_ref(),
            target_node_communication_mode: mode,
            current_node_communication_mode: mode.current(),
        }
    }
}

fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("values read from JSON can be written as JSON")
}

impl PoolView<'_> {
    /// The properties allowed in `$select`.
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
        "resourceTags",
        "targetNodeCommunicationMode",
        "currentNodeCommunicationMode",
        "certificateReferences",
        "cloudServiceConfiguration",
        "applicationLicenses",
    ];
}

/// The result of a formula's evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct AutoScaleRun {
    pub(crate) timestamp: Timestamp,
    pub(crate) results: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<NamedError>,
}

/// An error of a background operation. Unlike in errors of requests, its values have a `name`
/// instead of a `key`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct NamedError {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<Detail>,
}

/// The response of Get Node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeView<'a> {
    pub(crate) id: &'a str,
    pub(crate) url: String,
    pub(crate) state: &'static str,
    pub(crate) scheduling_state: &'static str,
    pub(crate) state_transition_time: Timestamp,
    pub(crate) last_boot_time: Timestamp,
    pub(crate) allocation_time: Timestamp,
    pub(crate) ip_address: &'static str,
    pub(crate) ipv6_address: &'static str,
    pub(crate) affinity_id: String,
    pub(crate) vm_size: &'a str,
    pub(crate) total_tasks_run: u64,
    pub(crate) running_tasks_count: usize,
    pub(crate) running_task_slots_count: u32,
    pub(crate) total_tasks_succeeded: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_task: Option<&'a StartTask>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_task_info: Option<StartTaskView<'a>>,
    pub(crate) is_dedicated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node_agent_info: Option<NodeAgentInfo>,
    pub(crate) virtual_machine_info: MachineInfo<'a>,
}

impl NodeView<'_> {
    /// The properties allowed in `$select`.
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
        "certificateReferences",
    ];
}

/// The version of the agent on a node.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeAgentInfo {
    pub(crate) version: &'static str,
    pub(crate) last_update_time: Timestamp,
}

/// The image of a node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MachineInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image_reference: Option<&'a ImageReference>,
}
