//! The parts of a pool that concern its size: allocation state, targets, requests and formula.

use autoscale_formula::{Formula, Outcome};

use crate::dto::{AutoScaleRun, IsoDuration, Timestamp};

/// The allocation state of a pool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Allocation {
    Steady,
    Resizing,
    Stopping,
}

impl Allocation {
    /// Returns the state's name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Resizing => "resizing",
            Self::Stopping => "stopping",
        }
    }
}

/// The target numbers of nodes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Targets {
    pub(crate) dedicated: i32,
    pub(crate) low_priority: i32,
}

impl Targets {
    pub(in crate::state) fn of(self, dedicated: bool) -> usize {
        let nodes = if dedicated { self.dedicated } else { self.low_priority };
        usize::try_from(nodes).unwrap_or(0)
    }
}

/// A formula and the result of its last evaluation.
#[derive(Debug)]
pub(crate) struct Scaling {
    pub(crate) source: String,
    pub(crate) interval: IsoDuration,
    pub(crate) run: Option<AutoScaleRun>,
    pub(crate) evaluations: Evaluations,
    pub(in crate::state) formula: Formula,
    pub(in crate::state) next: Option<Timestamp>,
}

/// The evaluations of a pool's formula since scaling was enabled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluations {
    /// The number of evaluations.
    pub count: u64,
    /// The number of failed evaluations.
    pub failed: u64,
    /// The code and text of the last failure.
    pub last_error: Option<String>,
}

impl Evaluations {
    /// Adds an evaluation.
    pub(in crate::state) fn count(&mut self, outcome: &Outcome) {
        self.count += 1;
        if let Some(error) = &outcome.error {
            self.failed += 1;
            self.last_error = Some(format!("{}: {error}", error.code().as_str()));
        }
    }

    /// Returns whether the formula was evaluated, and failed each time.
    pub fn none_succeeded(&self) -> bool {
        self.count > 0 && self.failed == self.count
    }
}

/// A request for a node that is not yet allocated.
#[derive(Clone, Debug)]
pub(crate) struct NodeRequest {
    pub(in crate::state) dedicated: bool,
    /// The preempted node that gets a new machine.
    pub(in crate::state) replaces: Option<String>,
}
