//! A pool: its specification, its nodes, and the requested nodes.

mod changes;
mod node_choice;
mod nodes;
mod sizing;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::node::Node;
use super::phase::Phase;
use crate::dto::{IsoDuration, JobOrder, NamedError, NewPool, SchedulingPolicy, Timestamp, cores};
use crate::error::ApiError;
use crate::timings::Timings;

pub(crate) use nodes::Nodes;
pub use sizing::Evaluations;
pub(crate) use sizing::{Allocation, NodeRequest, Scaling, Targets};

/// A pool.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) id: String,
    /// The specification, including later updates.
    pub(crate) spec: NewPool,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    /// When the deletion started.
    pub(crate) deleting: Option<Timestamp>,
    pub(crate) allocation: Phase<Allocation>,
    pub(crate) targets: Targets,
    pub(crate) resize_timeout: IsoDuration,
    pub(crate) resize_errors: Vec<NamedError>,
    /// The formula, if scaling is enabled.
    pub(crate) scaling: Option<Scaling>,
    /// When Enable AutoScale was last called.
    pub(super) scaling_enabled: Option<Timestamp>,
    pub(crate) nodes: Nodes,
    /// The requested nodes, in the order of their requests.
    pub(super) node_requests: BTreeMap<u64, NodeRequest>,
    /// Whether the test API prevents tasks from starting.
    pub(crate) held: bool,
    /// Whether the test API prevents the allocation of nodes.
    pub(super) frozen: bool,
    /// When the current resize times out.
    pub(super) resize_due: Option<Timestamp>,
    /// The errors that the test API injects into the next resizes.
    pub(super) injected_errors: Vec<NamedError>,
    /// The number of deleted active tasks that still count as pending.
    pub(super) deleted_pending_tasks: u64,
    /// The numbers of succeeded and of failed tasks.
    pub(super) finished: (u64, u64),
    pub(super) timings: Timings,
    /// The number of the last added node.
    last_node_number: u32,
    /// The number of the last node request.
    last_node_request: u64,
}

impl Pool {
    /// Creates a pool without nodes.
    pub(super) fn new(spec: NewPool, timings: Timings, at: Timestamp) -> Self {
        Self {
            id: spec.id.clone(),
            resize_timeout: spec.resize_timeout.unwrap_or(IsoDuration::minutes(15)),
            spec,
            created: at,
            modified: at,
            deleting: None,
            allocation: Phase::starting(Allocation::Steady, at),
            targets: Targets::default(),
            resize_errors: Vec::new(),
            scaling: None,
            scaling_enabled: None,
            nodes: Nodes::default(),
            node_requests: BTreeMap::new(),
            held: false,
            frozen: false,
            resize_due: None,
            injected_errors: Vec::new(),
            deleted_pending_tasks: 0,
            finished: (0, 0),
            timings,
            last_node_number: 0,
            last_node_request: 0,
        }
    }

    /// Returns the display name, or else the id.
    pub(crate) fn label(&self) -> &str {
        self.spec.display_name.as_deref().unwrap_or(&self.id)
    }

    /// Returns the number of task slots of each node.
    pub(crate) fn slots(&self) -> u32 {
        self.spec.task_slots_per_node.unwrap_or(1)
    }

    /// Returns the scheduling policy.
    pub(crate) fn policy(&self) -> SchedulingPolicy {
        self.spec.task_scheduling_policy.unwrap_or_default()
    }

    /// Returns the order of jobs with the same priority.
    pub(super) fn job_order(&self) -> JobOrder {
        self.policy().job_default_order.unwrap_or_default()
    }

    /// Returns the number of cores of each node.
    pub(super) fn cores(&self) -> u32 {
        cores(&self.spec.vm_size)
    }

    /// Returns whether its tasks run in containers: either all or none.
    pub(super) fn runs_containers(&self) -> bool {
        let machine = self.spec.virtual_machine_configuration.as_ref();
        machine.is_some_and(|machine| machine.container_configuration.is_some())
    }

    /// Adds a node and returns its id.
    pub(super) fn add_node(&mut self, dedicated: bool, at: Timestamp) -> String {
        self.last_node_number += 1;
        let number = self.last_node_number;
        let (id, label) =
            (format!("tvm-{}-{number}", self.id), format!("{} {number}", self.label()));
        let node = self.new_node(id.clone(), label, dedicated, at);
        self.nodes.push(number, node);
        id
    }

    /// Replaces a preempted node by a new machine with its id, and without its history. Returns
    /// whether there was one.
    pub(super) fn replace_node(&mut self, id: &str, at: Timestamp) -> bool {
        let Some(old) = self.nodes.get(id).filter(|node| node.is_preempted()) else {
            return false;
        };
        let new = self.new_node(old.id.clone(), old.label.clone(), old.dedicated, at);
        self.nodes.change(id, |node| *node = new).is_some()
    }

    fn new_node(&self, id: String, label: String, dedicated: bool, at: Timestamp) -> Node {
        let mut node = Node::new(id, label, dedicated, at);
        let machine = self.spec.virtual_machine_configuration.as_ref();
        node.images.extend(machine.into_iter().flat_map(|machine| machine.images().to_vec()));
        node
    }

    /// Adds a node request and returns its number.
    pub(super) fn add_node_request(&mut self, request: NodeRequest) -> u64 {
        self.last_node_request += 1;
        self.node_requests.insert(self.last_node_request, request);
        self.last_node_request
    }

    /// Counts the listed nodes of a kind, including those being removed.
    pub(crate) fn current(&self, dedicated: bool) -> usize {
        self.nodes.total(dedicated)
    }

    /// Counts the nodes of a kind that are not being removed, and those that are requested.
    pub(super) fn committed(&self, dedicated: bool) -> usize {
        let coming =
            |request: &&NodeRequest| request.dedicated == dedicated && request.replaces.is_none();
        self.nodes.staying(dedicated) + self.node_requests.values().filter(coming).count()
    }

    /// Returns whether a resize has requested a node of a kind that is not yet allocated.
    pub(super) fn has_open_request(&self, dedicated: bool) -> bool {
        self.node_requests
            .values()
            .any(|request| request.dedicated == dedicated && request.replaces.is_none())
    }

    /// Returns whether the resize is complete: no open request, and no node being removed.
    pub(super) fn has_no_pending_change(&self) -> bool {
        [true, false].iter().all(|kind| self.nodes.total(*kind) == self.nodes.staying(*kind))
            && self.node_requests.values().all(|request| request.replaces.is_some())
    }

    /// Returns whether a node changes its state without further requests.
    pub(super) fn is_transitioning(&self) -> bool {
        !self.node_requests.is_empty() || self.nodes.are_transitioning()
    }

    /// Enters an allocation state.
    pub(super) fn set_allocation_state(&mut self, state: Allocation, at: Timestamp) {
        if self.allocation.state != state {
            self.allocation.enter(state, at);
        }
    }

    /// Fails if the pool is being deleted.
    pub(super) fn check_not_deleting(&self) -> Result<(), ApiError> {
        if self.deleting.is_some() { Err(ApiError::pool_being_deleted()) } else { Ok(()) }
    }

    /// Fails if the pool is being resized or deleted.
    pub(super) fn check_steady(&self) -> Result<(), ApiError> {
        self.check_not_deleting()?;
        match self.allocation.state {
            Allocation::Steady => Ok(()),
            Allocation::Resizing | Allocation::Stopping => Err(ApiError::pool_being_resized()),
        }
    }

    /// Fails if nodes cannot be removed by their ids.
    pub(super) fn check_removal(&self) -> Result<(), ApiError> {
        self.check_steady()?;
        if self.scaling.is_some() { Err(ApiError::removal_with_scaling()) } else { Ok(()) }
    }

    /// Finds a node.
    pub(crate) fn node(&self, id: &str) -> Result<&Node, ApiError> {
        self.nodes.get(id).ok_or_else(ApiError::node_not_found)
    }

    /// Returns when the retention time of all files on a node has expired.
    pub(super) fn retention(&self, node: &str) -> Option<Timestamp> {
        self.node(node).ok().and_then(|node| node.files_kept_until)
    }

    /// Returns the resize timeout; a resize by a formula has none.
    pub(super) fn resize_time_limit(&self) -> Option<TimeDelta> {
        self.scaling.is_none().then(|| self.resize_timeout.to_time_delta()).flatten()
    }
}
