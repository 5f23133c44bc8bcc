//! Response bodies and filter properties of pools and nodes.

use crate::dto::{
    MachineInfo, NodeAgentInfo, NodeView, PoolView, RequestedProperties, StartTaskView, Timestamp,
};
use crate::query::{Field, Operand};
use crate::state::{Node, Pool, StartTaskRun};

/// Returns the response body of a pool.
pub(in crate::handlers) fn pool<'a>(base: &str, pool: &'a Pool) -> PoolView<'a> {
    let (spec, scaling) = (&pool.spec, pool.scaling.as_ref());
    PoolView {
        id: &pool.id,
        display_name: spec.display_name.as_deref(),
        url: format!("{base}/pools/{}", pool.id),
        e_tag: pool.modified.etag(),
        last_modified: pool.modified,
        creation_time: pool.created,
        state: pool_state(pool),
        state_transition_time: pool.deleting.unwrap_or(pool.created),
        allocation_state: pool.allocation.state.name(),
        allocation_state_transition_time: pool.allocation.since,
        vm_size: &spec.vm_size,
        virtual_machine_configuration: spec.virtual_machine_configuration.as_ref(),
        resize_timeout: scaling.is_none().then_some(pool.resize_timeout),
        resize_errors: &pool.resize_errors,
        current_dedicated_nodes: pool.current(true),
        current_low_priority_nodes: pool.current(false),
        target_dedicated_nodes: pool.targets.dedicated,
        target_low_priority_nodes: pool.targets.low_priority,
        enable_auto_scale: scaling.is_some(),
        auto_scale_formula: scaling.map(|scaling| scaling.source.as_str()),
        auto_scale_evaluation_interval: scaling.map(|scaling| scaling.interval),
        auto_scale_run: scaling.and_then(|scaling| scaling.run.as_ref()),
        enable_inter_node_communication: spec.enable_inter_node_communication.unwrap_or(false),
        requested: RequestedProperties::of(spec),
        task_slots_per_node: pool.slots(),
        task_scheduling_policy: pool.policy(),
    }
}

fn pool_state(pool: &Pool) -> &'static str {
    if pool.deleting.is_some() { "deleting" } else { "active" }
}

/// The properties of pools allowed in `$filter`.
pub(in crate::handlers) const POOL_FIELDS: &[(&str, Field)] = &[
    ("id", Field::Text),
    ("state", Field::Word(&["active", "deleting"])),
    ("stateTransitionTime", Field::Time),
    ("creationTime", Field::Time),
    ("lastModified", Field::Time),
    ("allocationState", Field::OneOf(&["steady", "resizing", "stopping"])),
    ("allocationStateTransitionTime", Field::Time),
    ("enableAutoScale", Field::Flag),
    ("enableInterNodeCommunication", Field::Flag),
    ("vmSize", Field::Name),
];

/// Returns the value of a pool's filter property.
pub(in crate::handlers) fn pool_field<'a>(pool: &'a Pool, name: &str) -> Operand<'a> {
    match name {
        "id" => pool.id.as_str().into(),
        "state" => pool_state(pool).into(),
        "stateTransitionTime" => pool.deleting.unwrap_or(pool.created).into(),
        "creationTime" => pool.created.into(),
        "lastModified" => pool.modified.into(),
        "allocationState" => pool.allocation.state.name().into(),
        "allocationStateTransitionTime" => pool.allocation.since.into(),
        "enableAutoScale" => pool.scaling.is_some().into(),
        "enableInterNodeCommunication" => {
            pool.spec.enable_inter_node_communication.unwrap_or(false).into()
        }
        "vmSize" => pool.spec.vm_size.as_str().into(),
        _ => Operand::Absent,
    }
}

/// Returns the response body of a node.
pub(in crate::handlers) fn node<'a>(base: &str, pool: &'a Pool, node: &'a Node) -> NodeView<'a> {
    let machine = pool.spec.virtual_machine_configuration.as_ref();
    let agent = |booted| NodeAgentInfo { version: "1.2.0.0", last_update_time: booted };
    NodeView {
        id: &node.id,
        url: format!("{base}/pools/{}/nodes/{}", pool.id, node.id),
        state: node.state(),
        scheduling_state: if node.unscheduled { "disabled" } else { "enabled" },
        state_transition_time: node.since,
        // Only unusable nodes may omit it, so a node that has not booted needs a value too.
        last_boot_time: node.booted.unwrap_or(node.allocated),
        allocation_time: node.allocated,
        ip_address: "127.0.0.1",
        ipv6_address: "::1",
        affinity_id: format!("TVM:{}", node.id),
        vm_size: &pool.spec.vm_size,
        total_tasks_run: node.tasks_run,
        running_tasks_count: node.runs.len(),
        running_task_slots_count: node.used_slots,
        total_tasks_succeeded: node.tasks_succeeded,
        start_task: pool.spec.start_task.as_ref(),
        start_task_info: node.start_task.as_ref().map(start_task),
        is_dedicated: node.dedicated,
        node_agent_info: node.booted.map(agent),
        virtual_machine_info: MachineInfo {
            image_reference: machine.map(|machine| &machine.image_reference),
        },
    }
}

fn start_task(run: &StartTaskRun) -> StartTaskView<'_> {
    let outcome = run.outcome.as_ref();
    StartTaskView {
        state: if outcome.is_some() { "completed" } else { "running" },
        start_time: run.start,
        end_time: run.end,
        exit_code: outcome.and_then(|outcome| outcome.exit_code),
        failure_info: outcome.and_then(|outcome| outcome.failure.as_ref()),
        retry_count: run.retries,
        last_retry_time: run.last_retry,
        result: outcome
            .map(|outcome| if outcome.failure.is_some() { "failure" } else { "success" }),
    }
}

const NODE_STATES: &[&str] = &[
    "idle",
    "rebooting",
    "reimaging",
    "running",
    "unusable",
    "creating",
    "starting",
    "waitingforstarttask",
    "starttaskfailed",
    "unknown",
    "leavingpool",
    "offline",
    "preempted",
    "upgradingos",
    "deallocated",
    "deallocating",
];

/// The properties of nodes allowed in `$filter`.
pub(in crate::handlers) const NODE_FIELDS: &[(&str, Field)] = &[
    ("state", Field::Word(NODE_STATES)),
    ("stateTransitionTime", Field::Time),
    ("lastBootTime", Field::Time),
    ("allocationTime", Field::Time),
    ("startTaskInfo/state", Field::OneOf(&["running", "completed"])),
    ("startTaskInfo/result", Field::Word(&["success", "failure"])),
    ("startTaskInfo/exitCode", Field::Number),
    ("startTaskInfo/startTime", Field::Time),
    ("startTaskInfo/endTime", Field::Time),
];

/// Returns the value of a node's filter property.
pub(in crate::handlers) fn node_field<'a>(node: &Node, name: &str) -> Operand<'a> {
    let time = |stamp: Timestamp| stamp.into();
    let start = node.start_task.as_ref().map(start_task);
    match name {
        "startTaskInfo/state" => start.map(|start| start.state).into(),
        "startTaskInfo/result" => start.and_then(|start| start.result).into(),
        "startTaskInfo/exitCode" => start.and_then(|start| start.exit_code).into(),
        "startTaskInfo/startTime" => start.map(|start| start.start_time).into(),
        "startTaskInfo/endTime" => start.and_then(|start| start.end_time).into(),
        "state" => node.state().into(),
        "stateTransitionTime" => time(node.since),
        "lastBootTime" => time(node.booted.unwrap_or(node.allocated)),
        "allocationTime" => time(node.allocated),
        _ => Operand::Absent,
    }
}
