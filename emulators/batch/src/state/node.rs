//! A node: from its allocation to its departure.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::RunId;
use super::phase::Phase;
use super::task::Outcome;
use crate::wire::{Deallocation, Stamp};

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
    /// Azure has taken the machine away; another will take its place.
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
    pub(crate) allocated: Stamp,
    pub(crate) booted: Option<Stamp>,
    pub(crate) phase: Phase<NodeState>,
    /// When it became idle or running.
    pub(crate) since: Stamp,
    pub(crate) used: u32,
    pub(crate) runs: BTreeSet<RunId>,
    pub(crate) tasks_run: u64,
    pub(crate) tasks_succeeded: u64,
    pub(crate) start_task: Option<StartTaskRun>,
    /// The images that it has, in the letters of their references.
    pub(super) images: BTreeSet<String>,
    /// Until when files of its tasks are to be kept.
    pub(super) kept_until: Option<Stamp>,
    /// What becomes of its tasks, once it has to go.
    pub(super) leaving: Option<Deallocation>,
    /// Whether it has nothing more to do before it goes.
    pub(super) departs: bool,
    /// When it takes its next step towards its first task.
    pub(super) next_step: Option<Stamp>,
    /// How long it boots, once its machine is made.
    pub(super) boots_in: TimeDelta,
}

/// How a node's start task goes.
#[derive(Clone, Debug)]
pub(crate) struct StartTaskRun {
    /// The run whose end was not told yet.
    pub(super) run: Option<RunId>,
    pub(crate) start: Stamp,
    pub(crate) end: Option<Stamp>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) retries: u32,
    pub(crate) last_retry: Option<Stamp>,
}

impl Node {
    /// Makes a node whose machine is being made.
    pub(super) fn new(id: String, label: String, dedicated: bool, at: Stamp) -> Self {
        Self {
            id,
            label,
            dedicated,
            allocated: at,
            booted: None,
            phase: Phase::starting(NodeState::Creating, at),
            since: at,
            used: 0,
            runs: BTreeSet::new(),
            tasks_run: 0,
            tasks_succeeded: 0,
            start_task: None,
            images: BTreeSet::new(),
            kept_until: None,
            leaving: None,
            departs: false,
            next_step: None,
            boots_in: TimeDelta::zero(),
        }
    }

    /// Tells the node's state on the wire.
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

    /// Tells whether it takes tasks.
    pub(super) fn is_ready(&self) -> bool {
        self.phase.state == NodeState::Ready
    }

    /// Tells whether Azure has taken it away.
    pub(super) fn is_preempted(&self) -> bool {
        self.phase.state == NodeState::Preempted
    }

    /// Tells whether it stays in the pool.
    pub(super) fn stays(&self) -> bool {
        self.leaving.is_none()
    }

    /// Enters a state.
    pub(super) fn enter(&mut self, state: NodeState, at: Stamp) {
        self.phase.enter(state, at);
        self.since = at;
    }

    /// Takes a run on.
    pub(super) fn take_on(&mut self, run: RunId, slots: u32, at: Stamp) {
        if self.runs.is_empty() {
            self.since = at;
        }
        self.runs.insert(run);
        self.used += slots;
        self.tasks_run += 1;
    }

    /// Lets a run go.
    pub(super) fn let_go(&mut self, run: RunId, slots: u32, at: Stamp) {
        if self.runs.remove(&run) {
            self.used -= slots;
            if self.runs.is_empty() && self.is_ready() {
                self.since = at;
            }
        }
    }
}
