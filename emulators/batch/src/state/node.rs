//! A node, from its allocation to its removal.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::RunId;
use super::phase::Phase;
use super::task::Outcome;
use crate::dto::{Deallocation, Timestamp};
use crate::error::ApiError;

/// The state of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NodeState {
    /// The machine is being created.
    Creating,
    /// The machine boots.
    Starting,
    /// The machine boots again at a client's request.
    Rebooting,
    /// The start task runs; tasks wait until it has succeeded.
    WaitingForStartTask,
    /// The start task has failed; no task runs on the node.
    StartTaskFailed,
    /// The node is idle or runs tasks, or is offline: a client has disabled the scheduling of tasks on it, and none runs.
    Ready,
    /// Azure has preempted the machine; another one may replace it.
    ///
    /// The node keeps its id and loses its history: <https://github.com/Azure/Batch/issues/52>.
    Preempted,
    /// The node is being removed.
    LeavingPool,
}

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    /// The display name.
    pub(crate) label: String,
    pub(crate) dedicated: bool,
    pub(crate) allocated: Timestamp,
    pub(crate) booted: Option<Timestamp>,
    pub(crate) phase: Phase<NodeState>,
    /// When the node entered its state, including idle and running.
    pub(crate) since: Timestamp,
    pub(crate) used_slots: u32,
    pub(crate) runs: BTreeSet<RunId>,
    pub(crate) tasks_run: u64,
    pub(crate) tasks_succeeded: u64,
    pub(crate) start_task: Option<StartTaskRun>,
    /// Whether a client has disabled the scheduling of tasks on it.
    pub(crate) unscheduled: bool,
    /// The references of the images that the node has pulled.
    pub(super) images: BTreeSet<String>,
    /// The latest end of the retention times of its tasks' files.
    pub(super) files_kept_until: Option<Timestamp>,
    /// The handling of its tasks, if the node is being removed.
    pub(super) leaving: Option<Deallocation>,
    /// Whether the departure timer is set: no task delays the removal any more.
    pub(super) departure_started: bool,
    /// When the next step of its boot is due.
    pub(super) next_step: Option<Timestamp>,
    /// The boot time that remains after the machine is created.
    pub(super) remaining_boot_time: TimeDelta,
}

/// The progress of a node's start task.
#[derive(Clone, Debug)]
pub(crate) struct StartTaskRun {
    /// The current run, if it has not ended.
    pub(super) run: Option<RunId>,
    pub(crate) start: Timestamp,
    pub(crate) end: Option<Timestamp>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) retries: u32,
    pub(crate) last_retry: Option<Timestamp>,
}

impl Node {
    /// Creates a node whose machine is being created.
    pub(super) fn new(id: String, label: String, dedicated: bool, at: Timestamp) -> Self {
        Self {
            id,
            label,
            dedicated,
            allocated: at,
            booted: None,
            phase: Phase::starting(NodeState::Creating, at),
            since: at,
            used_slots: 0,
            runs: BTreeSet::new(),
            tasks_run: 0,
            tasks_succeeded: 0,
            start_task: None,
            unscheduled: false,
            images: BTreeSet::new(),
            files_kept_until: None,
            leaving: None,
            departure_started: false,
            next_step: None,
            remaining_boot_time: TimeDelta::zero(),
        }
    }

    /// Returns the state's name in the API.
    pub(crate) fn state(&self) -> &'static str {
        match self.phase.state {
            NodeState::Creating => "creating",
            NodeState::Starting => "starting",
            NodeState::Rebooting => "rebooting",
            NodeState::WaitingForStartTask => "waitingforstarttask",
            NodeState::StartTaskFailed => "starttaskfailed",
            NodeState::Ready if self.runs.is_empty() && self.unscheduled => "offline",
            NodeState::Ready if self.runs.is_empty() => "idle",
            NodeState::Ready => "running",
            NodeState::Preempted => "preempted",
            NodeState::LeavingPool => "leavingpool",
        }
    }

    /// Fails unless the node has booted, so that clients can reach it.
    pub(crate) fn check_has_files(&self) -> Result<(), ApiError> {
        match self.phase.state {
            NodeState::Creating => Err(ApiError::node_being_created()),
            NodeState::Starting => Err(ApiError::node_being_started()),
            NodeState::Rebooting => Err(ApiError::node_being_rebooted()),
            NodeState::Preempted => Err(ApiError::node_unusable()),
            NodeState::LeavingPool if self.booted.is_none() => Err(ApiError::node_unusable()),
            _ => Ok(()),
        }
    }

    /// Returns whether tasks can run on the node.
    pub(super) fn is_ready(&self) -> bool {
        self.phase.state == NodeState::Ready
    }

    /// Returns whether the scheduler may use the node.
    pub(super) fn takes_tasks(&self) -> bool {
        self.is_ready() && self.is_staying() && !self.unscheduled
    }

    /// Returns whether Azure has preempted the node.
    pub(super) fn is_preempted(&self) -> bool {
        self.phase.state == NodeState::Preempted
    }

    /// Returns whether the node is not being removed.
    pub(super) fn is_staying(&self) -> bool {
        self.leaving.is_none()
    }

    /// Enters a state.
    pub(super) fn enter(&mut self, state: NodeState, at: Timestamp) {
        self.phase.enter(state, at);
        self.since = at;
    }

    /// Adds a run.
    pub(super) fn add_run(&mut self, run: RunId, slots: u32, at: Timestamp) {
        if self.runs.is_empty() {
            self.since = at;
        }
        self.runs.insert(run);
        self.used_slots += slots;
        self.tasks_run += 1;
    }

    /// Removes a run.
    pub(super) fn remove_run(&mut self, run: RunId, slots: u32, at: Timestamp) {
        if self.runs.remove(&run) {
            self.used_slots -= slots;
            if self.runs.is_empty() && self.is_ready() {
                self.since = at;
            }
        }
    }
}
