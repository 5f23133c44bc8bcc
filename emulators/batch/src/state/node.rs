//! A node: from its allocation to its departure.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::RunId;
use super::phase::Phase;
use super::task::Outcome;
use crate::dto::{Deallocation, Timestamp};

/// What a node can be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NodeState {
    /// The machine is being made.
    Creating,
    /// It boots.
    Starting,
    /// It runs its start task, and takes no task before that has succeeded.
    WaitingForStartTask,
    /// Its start task has failed: it takes no task.
    StartTaskFailed,
    /// It takes tasks; it is idle or running.
    Ready,
    /// Azure has taken the machine away; another will take its location.
    Preempted,
    /// It is on its way out.
    LeavingPool,
}

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) label: String,
    pub(crate) dedicated: bool,
    pub(crate) allocated: Timestamp,
    pub(crate) booted: Option<Timestamp>,
    pub(crate) phase: Phase<NodeState>,
    /// When it became idle or running.
    pub(crate) since: Timestamp,
    pub(crate) used_slots: u32,
    pub(crate) runs: BTreeSet<RunId>,
    pub(crate) tasks_run: u64,
    pub(crate) tasks_succeeded: u64,
    pub(crate) start_task: Option<StartTaskRun>,
    /// The images that it has, in the letters of their references.
    pub(super) images: BTreeSet<String>,
    /// Until when files of its tasks are to be kept.
    pub(super) files_kept_until: Option<Timestamp>,
    /// What becomes of its tasks, once it has to go.
    pub(super) leaving: Option<Deallocation>,
    /// Whether it has nothing more to do before it goes.
    pub(super) departure_started: bool,
    /// When it takes its next step towards its first task.
    pub(super) next_step: Option<Timestamp>,
    /// How long it boots, once its machine is made.
    pub(super) remaining_boot_time: TimeDelta,
}

/// How a node's start task goes.
#[derive(Clone, Debug)]
pub(crate) struct StartTaskRun {
    /// The run whose end was not told yet.
    pub(super) run: Option<RunId>,
    pub(crate) start: Timestamp,
    pub(crate) end: Option<Timestamp>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) retries: u32,
    pub(crate) last_retry: Option<Timestamp>,
}

impl Node {
    /// Creates a node whose machine is being made.
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
            images: BTreeSet::new(),
            files_kept_until: None,
            leaving: None,
            departure_started: false,
            next_step: None,
            remaining_boot_time: TimeDelta::zero(),
        }
    }

    /// Returns the node's state on the wire.
    pub(crate) fn state(&self) -> &'static str {
        match self.phase.state {
            NodeState::Creating => "creating",
            NodeState::Starting => "starting",
            NodeState::WaitingForStartTask => "waitingforstarttask",
            NodeState::StartTaskFailed => "starttaskfailed",
            NodeState::Ready if self.runs.is_empty() => "idle",
            NodeState::Ready => "running",
            NodeState::Preempted => "preempted",
            NodeState::LeavingPool => "leavingpool",
        }
    }

    /// Returns whether it takes tasks.
    pub(super) fn is_ready(&self) -> bool {
        self.phase.state == NodeState::Ready
    }

    /// Returns whether Azure has taken it away.
    pub(super) fn is_preempted(&self) -> bool {
        self.phase.state == NodeState::Preempted
    }

    /// Returns whether it is_staying in the pool.
    pub(super) fn is_staying(&self) -> bool {
        self.leaving.is_none()
    }

    /// Enters a state.
    pub(super) fn enter(&mut self, state: NodeState, at: Timestamp) {
        self.phase.enter(state, at);
        self.since = at;
    }

    /// Takes a run on.
    pub(super) fn add_run(&mut self, run: RunId, slots: u32, at: Timestamp) {
        if self.runs.is_empty() {
            self.since = at;
        }
        self.runs.insert(run);
        self.used_slots += slots;
        self.tasks_run += 1;
    }

    /// Lets a run go.
    pub(super) fn remove_run(&mut self, run: RunId, slots: u32, at: Timestamp) {
        if self.runs.remove(&run) {
            self.used_slots -= slots;
            if self.runs.is_empty() && self.is_ready() {
                self.since = at;
            }
        }
    }
}
